"""Where windows begin and end: rules that decide what "nothing lost" means.

A window is [lower, upper). It begins an overlap before the watermark and ends an index lag before the vendor's now.
What its load may commit as watermark: of an exhausted window its upper bound; of a full read, which has none, the
vendor's clock when it began, less the lag.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from backhaul.config.objects import Changed, ChangedField, ChangedToken, ObjectDefinition
from backhaul.extract.task import Task

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one window; None is open. token: the vendor's own position at which it begins; empty: its feed's beginning."""

    lower: datetime | None
    upper: datetime | None
    token: str | None = None

    @property
    def role(self) -> Literal["all", "changes"]:
        """By which read the window is served."""
        return "all" if self.lower is None and self.token is None else "changes"

    @property
    def name(self) -> str:
        if self.token is not None:
            return f"from-{hashlib.sha256(self.token.encode()).hexdigest()[:16] if self.token else 'the-beginning'}"

        def spell(moment: datetime | None) -> str:
            return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H.%M.%S.%fZ}"

        return "all" if self.lower is None and self.upper is None else f"{spell(self.lower)}--{spell(self.upper)}"


def moment_of(since: date | datetime) -> datetime:
    """A day is its first instant, in UTC."""
    if isinstance(since, datetime):
        return since if since.tzinfo is not None else since.replace(tzinfo=UTC)
    return datetime(since.year, since.month, since.day, tzinfo=UTC)


def bounds_for(task: Task, vendor_now: datetime) -> Bounds:
    """The next window of an object: what changed since its watermark, or everything."""
    changed = task.definition.changed
    if isinstance(changed, ChangedToken):
        return Bounds(None, None, None if task.full or _is_too_old(task, changed, vendor_now) else task.token)
    floor = moment_of(task.choice.since) if task.choice.since is not None else None
    if not isinstance(changed, ChangedField) or task.schema.change_field is None:
        return Bounds(None, None)
    upper = floor_to(vendor_now - changed.index_lag, changed.resolution)
    if task.since is not None:
        return Bounds(floor_to(task.since, changed.resolution), upper)
    if task.full or task.watermark is None:
        return Bounds(floor, None)
    lower = floor_to(task.watermark - changed.overlap, changed.resolution)
    lower = max(lower, floor) if floor is not None else lower
    return Bounds(lower, max(upper, lower))


def _is_too_old(task: Task, changed: ChangedToken, vendor_now: datetime) -> bool:
    return changed.reach is not None and (task.watermark is None or vendor_now - task.watermark > changed.reach)


def is_worth_keeping(changed: Changed, watermark: datetime | None, vendor_now: datetime) -> bool:
    """Whether a position that moved without a row should be kept all the same: before the old one grows too old."""
    if not isinstance(changed, ChangedToken):
        return False
    age = min(timedelta(days=1), (changed.reach or timedelta.max) / 4)
    return watermark is None or vendor_now - watermark > age


def watermark_of(bounds: Bounds, started_at: datetime, definition: ObjectDefinition) -> datetime | None:
    """What a finished window may commit. started_at: the vendor's clock when it began."""
    changed = definition.changed
    if not isinstance(changed, ChangedField):
        return started_at
    return bounds.upper if bounds.upper is not None else floor_to(started_at - changed.index_lag, changed.resolution)


def floor_to(moment: datetime, step: timedelta) -> datetime:
    """Down to the vendor's resolution: a finer bound would fall between its ticks."""
    tick = max(step, timedelta(milliseconds=1))
    return _EPOCH + (moment - _EPOCH) // tick * tick
