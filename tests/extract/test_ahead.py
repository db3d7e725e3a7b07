"""Fetching ahead: order, errors, and how far ahead it may be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Queue

import pytest

from backhaul.extract.ahead import ahead


class Source:
    """Numbers, made one after the other; `made` says how many so far."""

    def __init__(self, count: int, *, error: Exception | None = None) -> None:
        self.made = 0
        self._count = count
        self._error = error
        self.asked = threading.Condition()

    def __iter__(self) -> Iterator[int]:
        for number in range(self._count):
            with self.asked:
                self.made += 1
                self.asked.notify_all()
            yield number
        if self._error is not None:
            raise self._error

    def until(self, made: int) -> None:
        with self.asked:
            assert self.asked.wait_for(lambda: self.made >= made, timeout=10)


@pytest.mark.parametrize("crowded", [False, True])
def test_everything_comes_in_order(crowded: bool) -> None:
    assert list(ahead(iter(Source(200)), crowded=lambda: crowded)) == list(range(200))


def test_an_error_comes_after_what_was_made_before_it() -> None:
    items = ahead(iter(Source(3, error=ValueError("the vendor is gone"))))
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the vendor is gone"):
        next(items)


@pytest.mark.parametrize(("crowded", "most"), [(False, 2), (True, 1)])
def test_it_stays_so_far_ahead_and_no_further(crowded: bool, most: int) -> None:
    source = Source(10)
    items = ahead(iter(source), crowded=lambda: crowded)
    for taken in range(1, 11):
        next(items)
        source.until(min(taken + most, 10))
        assert source.made <= taken + most


def test_who_stops_reading_ends_the_fetching() -> None:
    source = Source(1_000)
    items = ahead(iter(source))
    next(items)
    items.close()  # type: ignore[attr-defined]
    fetching = [each for each in threading.enumerate() if each.name == "ahead"]
    for thread in fetching:
        thread.join(10)
    assert not any(each.is_alive() for each in fetching)
    assert source.made <= 4


def test_it_can_be_ended_while_somebody_is_asked_whether_it_is_crowded() -> None:
    ended = threading.Event()
    in_time: Queue[bool] = Queue()

    def crowded() -> bool:
        in_time.put(ended.wait(5))
        return True

    coming = ahead(iter(range(5)), crowded=crowded)
    assert next(coming) == 0
    coming.close()
    ended.set()
    assert in_time.get(timeout=10)
