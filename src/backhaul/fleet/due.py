"""Which connections are due: their schedule, and the due time that a run last served."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backhaul.config.schedule import Schedule
from backhaul.fleet.schedules import Planned, schedule_key
from backhaul.state.connections import Connections

_LEEWAY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Due:
    """A connection or push whose time has come. `serves`: what to note as served when its run has ended."""

    customer: str
    name: str
    serves: datetime
    push: bool = False

    @property
    def schedule_key(self) -> str:
        return schedule_key(self.name, self.push)


def due_now(planned: Iterable[Planned], connections: Connections, now: datetime) -> list[Due]:
    """Those that are due. A connection that was never served is due at once.

    A push with a time of day is first due when that time comes round: a new one must not write in the middle of it.
    """
    found = []
    for each in planned:
        if each.schedule is None:
            continue
        last = connections.last_due(each.customer, each.schedule_key)
        if last is None and each.push and each.schedule.every is None:
            connections.served(each.customer, each.schedule_key, now)
            continue
        if last is None or next_due(each.schedule, last) - leeway(each.schedule) <= now:
            found.append(Due(each.customer, each.name, serves(each.schedule, last, now), each.push))
    return found


def next_due(schedule: Schedule, last: datetime) -> datetime:
    """When it is due after a due time that was served."""
    return schedule.next_after(last)


def leeway(schedule: Schedule) -> timedelta:
    """How early an interval may be served: whoever calls us every 15 minutes never comes on the very second."""
    return min(schedule.every / 20, _LEEWAY) if schedule.every is not None else timedelta()


def serves(schedule: Schedule, last: datetime | None, now: datetime) -> datetime:
    """The due time that a run of now serves: the last of an interval's beat, so that the beat does not drift."""
    if schedule.every is None or last is None:
        return now
    beats = (now + leeway(schedule) - last) // schedule.every
    return last + max(beats, 1) * schedule.every
