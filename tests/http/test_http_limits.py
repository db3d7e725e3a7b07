"""Limits as the vendor sees them: counted at a real server, asked by real processes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from backhaul.errors import Wait
from backhaul.http.client import Behaviour, Transport, Who
from backhaul.http.limits import Closed, Gate, LimitSpec, Pass
from backhaul.http.patience import Patience
from backhaul.http.request import Request, Use
from backhaul.http.rules import ErrorRule
from backhaul.state.budgets import Buckets
from backhaul.state.store import ControlStore
from backhaul.state.usage import Usage
from backhaul.telemetry.progress import Event, Waiting

Connect = Callable[..., Transport]

WORKER = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from backhaul.http.client import Transport, Who
from backhaul.http.limits import LimitSpec
from backhaul.http.request import Request, Use
from backhaul.state.budgets import Buckets
from backhaul.state.store import ControlStore

path, url, limit, threads, seconds = sys.argv[1], sys.argv[2], eval(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
end = time.time() + seconds
with ControlStore(Path(path)) as store:
    transport = Transport(Who("v", "acme", "crm"), limits=[limit], buckets=Buckets(store))
    transport.identify(account="1")
    def work(_):
        while time.time() < end:
            transport.send(Request("GET", url + "/x"))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
"""


def run_workers(path: Path, url: str, limit: str, *, processes: int, threads: int, seconds: float) -> None:
    arguments = [sys.executable, "-c", WORKER, str(path), url, limit, str(threads), str(seconds)]
    children = [subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) for _ in range(processes)]
    for child in children:
        _, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors


def test_two_processes_never_send_more_than_the_rate_in_any_window(vendor: Any, tmp_path: Path) -> None:
    limit = "LimitSpec('rate', 30, per=2.0)"
    run_workers(tmp_path / "c.sqlite", vendor.url, limit, processes=2, threads=3, seconds=7.0)
    times = sorted(received.at for received in vendor.received)
    for number, first in enumerate(times):
        assert sum(1 for at in times[number:] if at < first + 2.0) <= 30
    assert len(times) >= 60  # three windows and more went by


def test_two_processes_share_the_slots(vendor: Any, tmp_path: Path, answers: Any) -> None:
    lock = threading.Lock()
    running = most = 0

    def handler(received: Any) -> Any:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.03)
        with lock:
            running -= 1
        return answers()

    vendor.handler = handler
    limit = "LimitSpec('concurrency', 3)"
    run_workers(tmp_path / "c.sqlite", vendor.url, limit, processes=2, threads=4, seconds=3.0)
    assert most == 3
    assert len({received.connection for received in vendor.received}) > 1


@pytest.fixture
def buckets(tmp_path: Path, clock: Any) -> Any:
    with ControlStore(tmp_path / "control.sqlite") as store:
        store.keeper.close()  # time is the test's own
        yield Buckets(store, clock.now)


def test_a_limit_of_a_single_parent_is_each_parents_own(buckets: Any) -> None:
    limits = [LimitSpec("rate", 1, per=10.0, scope="parent"), LimitSpec("rate", 3, per=10.0)]
    gate = Gate(limits, buckets, {"connection": "c", "account": "a"})
    assert isinstance(gate.enter(Use("changes", parent="room 1")), Pass)
    refused = gate.enter(Use("changes", parent="room 1"))
    assert isinstance(refused, Closed)
    assert refused.limit == "rate:1/10s"
    assert isinstance(gate.enter(Use("changes", parent="room 2")), Pass)
    assert isinstance(gate.enter(Use("all")), Pass), "what is about no parent is not held by it"
    assert isinstance(gate.enter(Use("all")), Closed), "but all of it by the account's"


def number(name: str) -> Callable[[Any], float | None]:
    return lambda headers: float(headers[name]) if name in headers else None


def test_limits_are_for_their_roles_only(vendor: Any, connect: Connect, buckets: Any, clock: Any) -> None:
    limits = [LimitSpec("rate", 4, per=1.0, only=frozenset({"changes"})), LimitSpec("rate", 1000, per=10.0)]
    transport = connect(limits=limits, buckets=buckets)
    for _ in range(50):
        transport.send(Request("GET", vendor.url + "/x", role="all"))
    assert clock.slept == []
    for _ in range(9):
        transport.send(Request("GET", vendor.url + "/x", role="changes"))
    assert sum(clock.slept) >= 2.0


def test_limits_are_for_their_objects_only(vendor: Any, connect: Connect, buckets: Any, clock: Any) -> None:
    """Of a vendor that counts each method apart: one that is used up holds no other."""
    slow = LimitSpec("rate", 2, per=10.0, objects=frozenset({"users"}), only=frozenset({"all"}))
    quick = LimitSpec("rate", 100, per=10.0, objects=frozenset({"messages"}))
    transport = connect(limits=[slow, quick], buckets=buckets)
    for _ in range(2):
        transport.send(Request("GET", vendor.url + "/x", role="all", object="users"))
    for _ in range(50):
        transport.send(Request("GET", vendor.url + "/x", role="all", object="messages"))
        transport.send(Request("GET", vendor.url + "/x", role="by_key", object="users"))
    assert clock.slept == []
    transport.send(Request("GET", vendor.url + "/x", role="all", object="users"))
    assert sum(clock.slept) >= 9.0


def test_the_headers_of_an_answer_are_believed(
    vendor: Any, connect: Connect, buckets: Any, clock: Any, answers: Any
) -> None:
    limit = LimitSpec("rate", 100, per=10.0, remaining=number("x-left"), maximum=number("x-max"))
    transport = connect(limits=[limit], buckets=buckets)
    vendor.script(answers(headers={"X-Left": "0", "X-Max": "100"}))
    transport.send(Request("GET", vendor.url + "/x"))
    assert clock.slept == []
    transport.send(Request("GET", vendor.url + "/x"))
    assert sum(clock.slept) >= 10.0


def test_a_429_pauses_the_limit_for_every_thread(
    vendor: Any, connect: Connect, buckets: Any, clock: Any, answers: Any
) -> None:
    transport = connect(limits=[LimitSpec("rate", 1000, per=10.0)], buckets=buckets)
    other = connect(limits=[LimitSpec("rate", 1000, per=10.0)], buckets=buckets, clock=clock)
    vendor.script(answers(429, headers={"Retry-After": "5"}), answers())
    told_wait: list[float] = []
    original = clock.sleep

    def sleep(seconds: float, stop: Any = None) -> bool:
        if not told_wait:
            told_wait.append(seconds)
            other.send(Request("GET", vendor.url + "/other"))
        return bool(original(seconds, stop))

    clock.sleep = sleep
    transport.send(Request("GET", vendor.url + "/x"))
    assert told_wait == [5.0]
    assert clock.slept[0] == pytest.approx(5.0, abs=0.5)
    assert [received.target for received in vendor.received] == ["/x", "/other", "/x"]


def test_a_spent_quota_ends_the_run_with_the_time_until_it_starts_anew(
    vendor: Any, connect: Connect, buckets: Any
) -> None:
    limit = LimitSpec("quota", 100, per=86_400.0, resets="UTC", share=0.1, name="daily")
    transport = connect(who=Who("v", "acme", "crm"), limits=[limit], buckets=buckets, priority="interactive")
    for _ in range(10):
        transport.send(Request("GET", vendor.url + "/x"))
    with pytest.raises(Wait, match="the daily budget daily is used up") as raised:
        transport.send(Request("GET", vendor.url + "/x"))
    assert 0 < raised.value.seconds <= 86_400
    assert len(vendor.received) == 10


def test_a_vendor_that_says_the_day_is_over_closes_the_quota(
    vendor: Any, connect: Connect, buckets: Any, answers: Any
) -> None:
    rule = ErrorRule(when=lambda status, headers, body: body.get("policy") == "DAILY", then="wait_for_quota")
    limit = LimitSpec("quota", 1000, per=86_400.0, resets="UTC")
    options = {"limits": [limit], "buckets": buckets, "behaviour": Behaviour(rules=[rule])}
    vendor.script(answers(429, {"policy": "DAILY"}))
    for _ in range(2):
        with pytest.raises(Wait):
            connect(patience=Patience(longest_wait=1.0), **options).send(Request("GET", vendor.url + "/x"))
    assert len(vendor.received) == 1


def test_what_was_leased_is_given_back_when_another_limit_is_closed(
    vendor: Any, connect: Connect, buckets: Any
) -> None:
    limits = [LimitSpec("concurrency", 2), LimitSpec("quota", 5, per=86_400.0)]
    transport = connect(limits=limits, buckets=buckets, priority="interactive")
    for _ in range(5):
        transport.send(Request("GET", vendor.url + "/x"))
    for _ in range(5):
        with pytest.raises(Wait):
            transport.send(Request("GET", vendor.url + "/x"))


def test_many_threads_under_slots_all_get_their_turn(vendor: Any, tmp_path: Path) -> None:
    with ControlStore(tmp_path / "control.sqlite") as store:
        transport = Transport(limits=[LimitSpec("concurrency", 2)], buckets=Buckets(store))
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: transport.send(Request("GET", vendor.url + "/x")), range(80)))
        transport.close()
    assert [answer.status for answer in answers] == [200] * 80


def test_each_request_is_counted_and_logged_without_its_query(
    vendor: Any, connect: Connect, tmp_path: Path, answers: Any
) -> None:
    from backhaul.telemetry import log

    heard: list[Event] = []

    class Listener:
        def on(self, event: Event) -> None:
            heard.append(event)

    vendor.script(answers(429, headers={"Retry-After": "3"}), answers(500), answers(body=b"[1, 2, 3]"))
    log.set_up(log.JsonLines(tmp_path / "logs"))
    try:
        with ControlStore(tmp_path / "control.sqlite") as store:
            usage = Usage(store)
            transport = connect(who=Who("v", "acme", "crm"), meter=usage.meter("acme", "crm"), progress=Listener())
            transport.send(
                Request("GET", vendor.url + "/x", params=(("email", "ada@x.example"),), role="all", object="o")
            )
            usage.flush()
            (day,) = usage.days()
    finally:
        log.set_up()
    assert (day.requests, day.retries, day.throttled) == (3, 1, 1)
    assert day.bytes == len(b"[1, 2, 3]") + 2 * len(b"{}")
    assert day.waited >= 3
    assert Waiting("acme", "crm", "o", "429", 3.0) in heard
    lines = [json.loads(line) for path in (tmp_path / "logs").iterdir() for line in path.read_text().splitlines()]
    assert [line["status"] for line in lines] == [429, 500, 200]
    assert [line["attempt"] for line in lines] == [1, 2, 3]
    assert {
        "event": "request",
        "path": "/x",
        "method": "GET",
        "role": "all",
        "object": "o",
        "customer": "acme",
    }.items() <= (lines[0].items())
    assert "ada" not in json.dumps(lines)
