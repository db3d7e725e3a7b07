"""Windows side by side: a long read is cut by change time into windows of about equal size, read at the same time.

Only reads that take both bounds can be cut, and only where it pays: each cut costs a call that counts. What may be
committed of several windows is the end of the unbroken run of finished ones, from the oldest on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from backhaul.config.placeholders import parse, texts
from backhaul.config.reads import Read
from backhaul.extract.bounds import Bounds, floor_to

SIDE_BY_SIDE = 4
"""Windows of one object that are read at a time."""
WORTH_PAGES = 20
"""Pages from which a read is worth cutting."""
_SMALLEST = timedelta(seconds=1)
_MOST_CUTS = 16
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_STEPS_BACK = tuple(timedelta(days=days) for days in (1, 7, 30, 90, 365, 3 * 365, 10 * 365, 30 * 365))

Count = Callable[[Bounds], int | None]
"""How many rows a window has; None: the vendor does not tell."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A window that was read to its end, and what its load alone could commit."""

    bounds: Bounds
    watermark: datetime | None
    token: str | None = None
    """The position that the window told for the next, of a vendor that keeps it."""


def can_be_cut(read: Read) -> bool:
    """Whether the request takes a window's both ends, and is no job: a job is one piece of work at the vendor's."""
    query = [read.query.text, *read.query.where] if read.query is not None else []
    written = [*texts(read.params), *texts(read.json_body), *texts(read.form), *query, read.url]
    names = {placeholder.name for text in written for placeholder in parse(text).names}
    return read.job is None and {"since", "until"} <= names


def cut(bounds: Bounds, read: Read, count: Count, now: datetime, resolution: timedelta) -> list[Bounds]:
    """The window in pieces that follow each other without a gap, oldest first; itself where cutting does not pay."""
    page = read.size or 1
    total = count(bounds)
    if total is None or total < WORTH_PAGES * page:
        return [bounds]
    goal = max(total // SIDE_BY_SIDE, page)
    upper = bounds.upper or now
    lower = bounds.lower or _oldest(bounds, upper, total, count)
    if lower is None:
        return [bounds]
    places: list[datetime] = []

    def halve(start: datetime, end: datetime, rows: int) -> None:
        middle = floor_to(start + (end - start) / 2, resolution)
        if rows <= goal or end - start <= _SMALLEST or not start < middle < end or len(places) >= _MOST_CUTS:
            return
        older = count(Bounds(start, middle)) or 0
        places.append(middle)
        halve(start, middle, older)
        halve(middle, end, rows - older)

    halve(floor_to(lower, resolution), upper, total)
    edges = [bounds.lower, *sorted(places), bounds.upper]
    return [Bounds(start, end) for start, end in pairwise(edges)]


def _oldest(bounds: Bounds, upper: datetime, total: int, count: Count) -> datetime | None:
    """A time before which there is nothing, found by steps back that grow.

    None: some records are in no window however long, for want of a change time. Pieces of a read would lose them.
    """
    for step in _STEPS_BACK:
        if (count(Bounds(upper - step, bounds.upper)) or 0) >= total:
            return upper - step
    return None


def reached(finished: Sequence[Finished], watermark: datetime | None) -> datetime | None:
    """What several finished windows may commit together: the end of the unbroken run that begins where we stand.

    watermark: where the object stands; None: nothing has landed yet, so the run begins with an open lower bound.
    """
    end = watermark
    for each in sorted(finished, key=lambda one: one.bounds.lower or _BEGINNING):
        lower = each.bounds.lower
        if lower is not None and (end is None or lower > end):
            break
        if each.watermark is not None and (end is None or each.watermark > end):
            end = each.watermark
    return end
