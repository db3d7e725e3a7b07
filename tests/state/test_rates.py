"""The sliding log of a rate limit, many processes simulated in one, with a clock of their own."""

from __future__ import annotations

import heapq
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backhaul.state import rates


class Process:
    """One process's side, as the bucket keeps it; `travel` is what lies between taking a token and sending."""

    def __init__(self, name: str, travel: float) -> None:
        self.name = name
        self.travel = travel
        self.tokens = 0
        self.expires = 0.0
        self.pending = 0
        self.uses: dict[float, int] = {}

    def settle(self, state: rates.Rate, now: float, per: float) -> None:
        rates.settle(state, self.name, list(self.uses.items()), self.pending, now, per)
        self.uses.clear()
        self.tokens = 0


def simulate(
    amount: int, per: float, processes: int, *, seconds: float, seed: int, crash: bool = False, urgent: int = 0
) -> list[tuple[float, int]]:
    """Greedy processes share one state; returns (time, process) of each request sent."""
    chance = random.Random(seed)
    state = rates.Rate()
    sides = [Process(f"p{n}", chance.uniform(0.0, 0.01)) for n in range(processes)]
    events: list[tuple[float, int, str, int]] = [(chance.uniform(0, 0.1), n, "take", n) for n in range(processes)]
    events += [(0.5 + n / 100, 1000 + n, "beat", n) for n in range(processes)]
    heapq.heapify(events)
    sent: list[tuple[float, int]] = []
    serial = 10_000
    dead: set[int] = set()
    while events:
        now, _, kind, number = heapq.heappop(events)
        if now > seconds:
            break
        side = sides[number]
        serial += 1
        if number in dead:
            continue
        if crash and number == 0 and now > seconds / 2:
            dead.add(0)
            continue
        if kind == "sent":
            side.pending -= 1
            end = rates.slot_end(now, per)
            side.uses[end] = side.uses.get(end, 0) + 1
            sent.append((now, number))
        elif kind == "beat":
            kept = side.tokens if now < side.expires else 0
            side.settle(state, now, per)
            if kept or side.pending:
                state.out[side.name] = (kept + side.pending, max(now, side.expires))
            side.tokens = kept
            heapq.heappush(events, (now + 0.5, serial, "beat", number))
        else:
            wait = 0.0
            if side.tokens == 0 or now >= side.expires:
                side.settle(state, now, per)
                tokens, answer = rates.lease(state, side.name, amount, per, now, urgent=number < urgent)
                if tokens:
                    side.tokens, side.expires = tokens, answer
                else:
                    wait = answer
            if not wait:
                side.tokens -= 1
                side.pending += 1
                heapq.heappush(events, (now + side.travel, serial + 1_000_000, "sent", number))
                wait = chance.uniform(0.0005, 0.004)
            heapq.heappush(events, (now + wait, serial, "take", number))
    return sent


def most_in_any_window(times: list[float], per: float) -> int:
    most, start = 0, 0
    for end, at in enumerate(times):
        while times[start] <= at - per:
            start += 1
        most = max(most, end - start + 1)
    return most


@settings(max_examples=40, deadline=None)
@given(
    amount=st.integers(1, 200),
    per=st.sampled_from([1.0, 2.0, 10.0, 60.0]),
    processes=st.integers(1, 5),
    seed=st.integers(0, 2**20),
    crash=st.booleans(),
)
def test_no_window_ever_holds_more_than_the_amount(
    amount: int, per: float, processes: int, seed: int, crash: bool
) -> None:
    sent = simulate(amount, per, processes, seconds=3 * per, seed=seed, crash=crash)
    assert most_in_any_window([at for at, _ in sent], per) <= amount


@pytest.mark.parametrize(("amount", "per", "processes"), [(100, 10.0, 1), (100, 10.0, 3), (5, 1.0, 2), (60, 60.0, 2)])
def test_nearly_all_of_the_rate_is_used_when_there_is_demand(amount: int, per: float, processes: int) -> None:
    windows = 10
    sent = simulate(amount, per, processes, seconds=windows * per, seed=3)
    assert len(sent) >= 0.85 * amount * windows


def test_a_first_burst_may_use_the_whole_window_at_once() -> None:
    sent = simulate(100, 10.0, 1, seconds=2.0, seed=1)
    assert len(sent) >= 90


def test_bulk_leaves_room_for_those_who_cannot_wait() -> None:
    state = rates.Rate()
    while rates.lease(state, "bulk", 100, 10.0, 100.0, urgent=False)[0]:
        pass
    assert rates.lease(state, "person", 100, 10.0, 100.0, urgent=True)[0] > 0


def test_bulk_stands_back_while_somebody_urgent_waits() -> None:
    state = rates.Rate()
    while rates.lease(state, "person", 5, 1.0, 100.0, urgent=True)[0]:
        pass
    rates.settle(state, "person", [(100.01, 5)], 0, 100.0, 1.0)
    assert rates.lease(state, "person", 5, 1.0, 100.5, urgent=True)[0] == 0
    rates.settle(state, "bulk", [], 0, 101.06, 1.0)
    assert rates.lease(state, "bulk", 5, 1.0, 101.06, urgent=False)[0] == 0
    assert rates.lease(state, "person", 5, 1.0, 101.06, urgent=True)[0] > 0


def test_requests_of_other_programs_are_believed_from_the_vendors_figures() -> None:
    state = rates.Rate()
    rates.settle(state, "p", [(100.1, 10)], 0, 100.1, 10.0)
    rates.observe(state, 100, remaining=20, maximum=100, now=100.2, per=10.0)
    assert state.foreign == 70
    granted = 0
    while tokens := rates.lease(state, "p", 100, 10.0, 100.2, urgent=True)[0]:
        granted += tokens
    assert granted == 20


def test_a_larger_allowance_told_by_the_vendor_is_used() -> None:
    state = rates.Rate()
    rates.observe(state, 100, remaining=189, maximum=190, now=100.0, per=10.0)
    granted = 0
    while tokens := rates.lease(state, "p", 100, 10.0, 100.0, urgent=True)[0]:
        granted += tokens
    assert granted == 189


def test_a_pause_holds_for_every_process() -> None:
    state = rates.Rate(paused_until=105.0)
    assert rates.lease(state, "p", 100, 10.0, 100.0, urgent=True) == (0, 5.0)
