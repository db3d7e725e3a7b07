"""The write lease of a customer: one holder, named to the others, freed by death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backhaul.errors import Busy
from backhaul.state.leases import LIFE, Leases
from backhaul.state.runs import Runs
from backhaul.state.store import ControlStore

HOLD = """
import sys, time
from pathlib import Path
from backhaul.state.leases import Leases
from backhaul.state.runs import Runs
from backhaul.state.store import ControlStore
place = sys.argv[1]
store = ControlStore(place if "://" in place else Path(place))
run = Runs(store).start("acme", "sync", "r-child")
lease = Leases(store).lease("acme", run=run)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def store(place: Path | str) -> Iterator[ControlStore]:
    with ControlStore(place) as opened:
        yield opened


@pytest.fixture
def holder(store: ControlStore) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds acme's lease."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(store.place)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def test_another_process_is_told_who_holds_it(store: ControlStore, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(Busy) as raised:
        Leases(store).lease("acme")
    assert f"run r-child is writing customer acme: process {holder.pid}" in str(raised.value)
    assert raised.value.exit_code == 75
    with Leases(store).lease("globex"):
        pass


def test_a_killed_holders_lease_is_free_at_once_and_its_run_shows_as_interrupted(
    store: ControlStore, holder: subprocess.Popen[str]
) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with Leases(store).lease("acme") as lease:
        assert not lease.lost
    run = Runs(store).get("r-child")
    assert run is not None
    assert run.status == "interrupted"


def test_it_is_held_until_the_block_ends_whatever_happens(store: ControlStore) -> None:
    leases = Leases(store)

    def work() -> None:
        with leases.lease("acme", run="r1"):
            with pytest.raises(Busy, match="run r1"):
                leases.lease("acme")
            raise KeyError

    with pytest.raises(KeyError):
        work()
    leases.lease("acme").release()


def test_a_waiter_gets_it_when_it_is_free(store: ControlStore) -> None:
    leases = Leases(store)
    lease = leases.lease("acme")
    threading.Timer(0.3, lease.release).start()
    with leases.lease("acme", wait=20):
        assert store.read("select count(*) from lease_waiters")[0][0] <= 1
    assert store.read("select count(*) from lease_waiters")[0][0] == 0


def test_waiters_are_served_in_the_order_they_came(store: ControlStore) -> None:
    leases = Leases(store)
    first = leases.lease("acme")
    served: list[int] = []

    def wait_for_it(number: int) -> None:
        with leases.lease("acme", wait=30):
            served.append(number)

    threads = []
    for number in range(3):
        threads.append(threading.Thread(target=wait_for_it, args=(number,)))
        threads[-1].start()
        while store.read("select count(*) from lease_waiters")[0][0] < number + 1:
            pass
    first.release()
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2]


def test_who_does_not_wait_does_not_overtake_who_does(store: ControlStore) -> None:
    with store.write() as sql:
        sql.execute("insert into lease_waiters (customer, holder, seen_at) values ('acme', 'x', 9e9)")
    with pytest.raises(Busy, match="next"):
        Leases(store).lease("acme")


def test_a_wait_ends_when_the_run_is_stopped(store: ControlStore) -> None:
    stop = threading.Event()
    stop.set()
    leases = Leases(store)
    with leases.lease("acme"), pytest.raises(Busy):
        leases.lease("acme", wait=60, stop=stop)


def test_a_silent_holder_on_another_host_loses_it_only_after_its_time(store: ControlStore) -> None:
    now = 1_000_000.0
    with store.write() as sql:
        sql.execute("insert into leases values ('acme', 'elsewhere/1|77|5|ab', 'r9', ?, ?)", (now - 10, now + LIFE))
    with pytest.raises(Busy, match="process 77 on elsewhere,"):
        Leases(store, lambda: now).lease("acme")
    Leases(store, lambda: now + LIFE + 1).lease("acme")


def test_a_heartbeat_keeps_it_and_finds_out_when_it_is_lost(store: ControlStore) -> None:
    now = [1_000_000.0]
    leases = Leases(store, lambda: now[0])
    lease = leases.lease("acme")
    now[0] += 20
    leases._beat()
    assert store.read("select expires from leases")[0][0] == now[0] + LIFE
    lease.check()
    with store.write() as sql:
        sql.execute("update leases set holder = 'elsewhere/1|77|5|ab'")
    now[0] += 20
    leases._beat()
    with pytest.raises(Busy, match="was lost"):
        lease.check()
    lease.release()
    assert len(store.read("select * from leases")) == 1


def test_closing_the_store_gives_leases_back(place: Path | str) -> None:
    with ControlStore(place) as store:
        Leases(store).lease("acme")
    with ControlStore(place) as other:
        Leases(other).lease("acme")
