"""What waits in memory is bounded over all that is read at a time."""

from __future__ import annotations

import gc
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from backhaul.extract.room import Share


@dataclass(eq=False)
class Held:
    bytes: int = 0


def joined(share: Share, *sizes: int) -> list[Held]:
    holders = [Held(size) for size in sizes]
    for each in holders:
        share.join(each)
    return holders


def test_nobody_is_due_while_there_is_room() -> None:
    share = Share(100)
    assert not any(share.is_due(each) for each in joined(share, 60, 30, 10))
    assert not share.crowded


def test_who_holds_no_less_than_the_others_on_average_makes_room() -> None:
    share = Share(100)
    large, small, nothing = joined(share, 90, 20, 0)
    assert share.crowded
    assert [share.is_due(each) for each in (large, small, nothing)] == [True, False, False]


@given(st.lists(st.integers(0, 1_000), min_size=1))
def test_of_a_crowd_somebody_is_always_due(sizes: list[int]) -> None:
    share = Share(100)
    holders = joined(share, *sizes)
    assert any(share.is_due(each) for each in holders) == share.crowded


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 40)), max_size=200))
def test_with_everyone_making_room_when_due_it_never_grows_past_twice_the_bound_and_a_batch_each(
    takes: list[tuple[int, int]],
) -> None:
    share = Share(100)
    holders = joined(share, 0, 0, 0, 0, 0, 0)
    for who, size in takes:
        holders[who].bytes += size
        if share.is_due(holders[who]):
            holders[who].bytes = 0
        assert sum(each.bytes for each in holders) <= 2 * 100 + 6 * 40


def test_what_nobody_holds_any_more_takes_no_room() -> None:
    share = Share(100)
    holders = joined(share, 90, 90)
    assert share.crowded
    del holders
    gc.collect()
    assert not share.crowded
