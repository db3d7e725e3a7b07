"""Shared limits through the real store: counted when reserved, settled when answered, open to other processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backhaul.state.budgets import Buckets, BucketSpec, Grant, Seen
from backhaul.state.store import ControlStore

DAY = 86_400.0
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


class Time:
    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(place: Path | str) -> Iterator[ControlStore]:
    with ControlStore(place) as opened:
        opened.keeper.close()  # beats are the test's own, in its own time
        yield opened


def spend(buckets: Buckets, spec: BucketSpec, owner: str = "v/1", priority: str = "bulk") -> tuple[int, float]:
    """Take and settle until there is no more; how many, and the wait that was told."""
    count = 0
    while True:
        taken = buckets.take(spec, owner, priority)  # type: ignore[arg-type]  # a plain text for short tests
        if not isinstance(taken, Grant):
            return count, taken
        taken.sent()
        taken.done()
        count += 1


RATE = BucketSpec("rate", "rate", 50, 10.0)
QUOTA = BucketSpec("daily", "quota", 1000, DAY, resets="UTC")


def test_a_rate_is_shared_by_stores_and_comes_back_with_time(store: ControlStore, place: Path | str) -> None:
    time = Time()
    with ControlStore(place) as other:
        mine, theirs = Buckets(store, time), Buckets(other, time)
        spent = 0
        for buckets in (mine, theirs, mine):
            count, wait = spend(buckets, RATE)
            spent += count
            assert 0 < wait <= 10.5
        assert 40 <= spent <= 50
        time.now += 10.5
        assert spend(theirs, RATE)[0] > 20


def test_owners_do_not_share(store: ControlStore) -> None:
    buckets = Buckets(store, Time())
    assert spend(buckets, RATE, "v/1")[0] == spend(buckets, RATE, "v/2")[0] > 0


def test_a_request_that_never_left_does_not_count(store: ControlStore) -> None:
    time = Time()
    buckets = Buckets(store, time)
    for _ in range(500):
        taken = buckets.take(RATE, "v/1")
        assert isinstance(taken, Grant)
        taken.done()


def test_the_store_is_touched_once_for_many_requests(store: ControlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    touched = 0
    write = store.write

    def counted() -> object:
        nonlocal touched
        touched += 1
        return write()

    monkeypatch.setattr(store, "write", counted)
    buckets = Buckets(store, Time())
    fast = BucketSpec("fast", "rate", 10_000, 10.0)
    daily = BucketSpec("daily", "quota", 1_000_000, DAY)
    slots = BucketSpec("slots", "concurrency", 10)
    for _ in range(900):
        grants = [buckets.take(spec, "v/1") for spec in (slots, daily, fast)]
        for grant in grants:
            assert isinstance(grant, Grant)
            grant.sent()
            grant.done()
    assert touched <= 50


def test_the_vendors_figures_close_a_rate_that_others_use(store: ControlStore) -> None:
    time = Time()
    buckets = Buckets(store, time)
    taken = buckets.take(RATE, "v/1")
    assert isinstance(taken, Grant)
    taken.sent()
    taken.done()
    buckets.observe(RATE, "v/1", Seen(remaining=3, maximum=50))
    assert spend(buckets, RATE, priority="interactive")[0] == 3
    time.now += 10.5
    assert spend(buckets, RATE)[0] > 3


def test_a_pause_stops_other_processes_too(store: ControlStore, place: Path | str) -> None:
    time = Time()
    with ControlStore(place) as other:
        assert Buckets(store, time).pause(RATE, "v/1", 7.0) == 7.0
        theirs = Buckets(other, time)
        assert theirs.take(RATE, "v/1") == 7.0
        time.now += 7.1
        assert isinstance(theirs.take(RATE, "v/1"), Grant)


def test_a_quota_ends_and_starts_anew_at_midnight_of_its_zone(store: ControlStore) -> None:
    time = Time()
    buckets = Buckets(store, time)
    spec = BucketSpec("daily", "quota", 100, DAY, resets="America/New_York")
    count, wait = spend(buckets, spec, priority="interactive")
    assert count == 100
    assert wait == 17 * 3600  # noon in UTC is seven in the morning there
    time.now += wait - 1
    assert spend(buckets, spec)[0] == 0
    time.now += 10
    assert spend(buckets, spec)[0] > 90


def test_a_rolling_quota_frees_what_is_a_period_old(store: ControlStore) -> None:
    time = Time()
    buckets = Buckets(store, time)
    spec = BucketSpec("daily", "quota", 100, DAY)
    assert spend(buckets, spec, priority="interactive")[0] == 100
    time.now += DAY / 2
    count, wait = spend(buckets, spec, priority="interactive")
    assert count == 0
    assert DAY / 2 - 1 <= wait <= DAY / 2 + DAY / 24
    time.now += wait + 10
    assert spend(buckets, spec, priority="interactive")[0] == 100


def test_only_our_share_of_a_quota_is_used(store: ControlStore, place: Path | str) -> None:
    time = Time()
    spec = BucketSpec("daily", "quota", 1000, DAY, resets="UTC", share=0.6)
    with ControlStore(place) as other:
        assert spend(Buckets(store, time), spec, priority="interactive")[0] == 600
        assert spend(Buckets(other, time), spec, priority="interactive")[0] == 0


def test_bulk_leaves_a_part_of_a_quota_to_people(store: ControlStore) -> None:
    buckets = Buckets(store, Time())
    assert spend(buckets, QUOTA)[0] == 950
    assert spend(buckets, QUOTA, priority="interactive")[0] == 50


def test_the_vendors_count_of_a_quota_wins(store: ControlStore) -> None:
    time = Time()
    buckets = Buckets(store, time)
    buckets.observe(QUOTA, "v/1", Seen(used=1900, maximum=2000))
    assert spend(buckets, QUOTA, priority="interactive")[0] == 100
    buckets.observe(QUOTA, "v/1", Seen(remaining=0))
    time.now += 6
    assert spend(buckets, QUOTA)[0] == 0


def test_a_quota_the_vendor_says_is_used_up_is_closed_until_it_starts_anew(
    store: ControlStore, place: Path | str
) -> None:
    time = Time()
    assert Buckets(store, time).pause(QUOTA, "v/1", 0.0) == 12 * 3600
    with ControlStore(place) as other:
        assert Buckets(other, time).take(QUOTA, "v/1") == 12 * 3600


def test_calls_count_when_reserved_and_what_stays_open_is_in_doubt(store: ControlStore, place: Path | str) -> None:
    time = Time()
    buckets = Buckets(store, time)
    grants = [buckets.take(QUOTA, "v/1") for _ in range(5)]
    for grant in grants[:3]:
        assert isinstance(grant, Grant)
        grant.sent()
        grant.done()
    buckets._beat()
    with ControlStore(place) as other:
        others = Buckets(other, time)
        (figures,) = others.figures()
        assert (figures.open + figures.used >= 5, figures.in_doubt) == (True, 0)
        time.now += 120
        (figures,) = others.figures()
        assert figures.in_doubt >= 2
        assert figures.open == 0
        others.take(QUOTA, "v/1")
        (figures,) = others.figures()
        assert figures.in_doubt >= 2
        for grant in grants[3:]:
            assert isinstance(grant, Grant)
            grant.done()
        buckets._close()
        assert [each.in_doubt for each in others.figures()] == [0]


def test_slots_are_shared_and_never_more_than_allowed(store: ControlStore, place: Path | str) -> None:
    time = Time()
    spec = BucketSpec("slots", "concurrency", 3)
    with ControlStore(place) as other:
        mine, theirs = Buckets(store, time), Buckets(other, time)
        held = [mine.take(spec, "v/1"), mine.take(spec, "v/1"), theirs.take(spec, "v/1")]
        assert all(isinstance(grant, Grant) for grant in held)
        assert isinstance(theirs.take(spec, "v/1"), float)
        assert isinstance(mine.take(spec, "v/1"), float)
        for grant in held:
            assert isinstance(grant, Grant)
            grant.done()


def test_a_busy_process_gives_up_slots_when_another_waits(store: ControlStore, place: Path | str) -> None:
    time = Time()
    spec = BucketSpec("slots", "concurrency", 4)
    with ControlStore(place) as other:
        mine, theirs = Buckets(store, time), Buckets(other, time)
        held = [mine.take(spec, "v/1") for _ in range(4)]
        assert isinstance(theirs.take(spec, "v/1"), float)
        mine._beat()
        for grant in held:
            assert isinstance(grant, Grant)
            grant.done()
            again = mine.take(spec, "v/1")
            if isinstance(again, Grant):
                again.done()
        time.now += 0.2
        assert isinstance(theirs.take(spec, "v/1"), Grant)
        time.now += 0.2
        assert isinstance(theirs.take(spec, "v/1"), Grant)


def test_slots_of_a_silent_holder_elsewhere_expire(store: ControlStore, place: Path | str) -> None:
    time = Time()
    spec = BucketSpec("slots", "concurrency", 1)
    with store.write() as sql:
        state = '{"held":{"elsewhere/1|7|5|ab":[1,%s]}}' % (time.now + 10)
        sql.execute("insert into buckets values ('v/1|slots', 'concurrency', ?, 0)", (state,))
    buckets = Buckets(store, time)
    assert isinstance(buckets.take(spec, "v/1"), float)
    time.now += 11
    assert isinstance(buckets.take(spec, "v/1"), Grant)


TAKE = """
import sys, time
from pathlib import Path
from backhaul.state.budgets import Buckets, BucketSpec
from backhaul.state.store import ControlStore
place = sys.argv[1]
buckets = Buckets(ControlStore(place if "://" in place else Path(place)))
buckets.take(BucketSpec("slots", "concurrency", 1), "v/1")
print("held", flush=True)
time.sleep(60)
"""


def test_slots_of_a_killed_process_are_free_at_once(place: Path | str) -> None:
    spec = BucketSpec("slots", "concurrency", 1)
    child = subprocess.Popen([sys.executable, "-c", TAKE, str(place)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with ControlStore(place) as store, child.stdout:
        assert child.stdout.readline() == "held\n"
        buckets = Buckets(store)
        assert isinstance(buckets.take(spec, "v/1"), float)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        threading.Event().wait(0.11)  # it asks the store again a tenth of a second later
        assert isinstance(buckets.take(spec, "v/1"), Grant)


def test_closing_gives_back_what_was_not_used(place: Path | str) -> None:
    time = Time()
    slots = BucketSpec("slots", "concurrency", 1)
    for _ in range(5):
        with ControlStore(place) as store:
            buckets = Buckets(store, time)
            for spec in (slots, RATE, QUOTA):
                grant = buckets.take(spec, "v/1")
                assert isinstance(grant, Grant)
                grant.sent()
                grant.done()
    with ControlStore(place) as store:
        figures = {each.name: each for each in Buckets(store, time).figures()}
    assert (figures["rate"].used, figures["rate"].open) == (5, 0)
    assert (figures["daily"].used, figures["daily"].open, figures["daily"].in_doubt) == (5, 0, 0)
    assert figures["slots"].open == 0


def test_two_sets_of_buckets_in_one_process_do_not_forget_each_others_calls(store: ControlStore) -> None:
    time = Time()
    first, second = Buckets(store, time), Buckets(store, time)
    spent = sum(spend(buckets, QUOTA, priority="interactive")[0] for buckets in (first, second, first))
    assert spent == 1000


def test_what_is_on_its_way_is_not_in_what_an_answer_says_is_left(store: ControlStore) -> None:
    buckets = Buckets(store, Time())
    grants = [buckets.take(RATE, "v/1") for _ in range(10)]
    for each in grants:
        assert isinstance(each, Grant)
        each.sent()
    # the answer to the first, made before the vendor saw the others
    buckets.observe(RATE, "v/1", Seen(remaining=49, maximum=50))
    for each in grants:
        assert isinstance(each, Grant)
        each.done()
    assert spend(buckets, RATE, priority="interactive")[0] <= 40
