"""What is due when: intervals keep their beat, clock times are met once, nothing is made up twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhaul.config.schedule import Schedule
from backhaul.fleet.due import due_now, leeway, next_due, serves
from backhaul.fleet.schedules import Planned
from backhaul.state.connections import Connections
from backhaul.state.store import ControlStore

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def connections(tmp_path: Path) -> Iterator[Connections]:
    with ControlStore(tmp_path / "control.sqlite") as store:
        yield Connections(store)


def planned(schedule: str | None, connection: str = "crm") -> Planned:
    return Planned("acme", connection, "somewhere", Schedule.parse(schedule) if schedule else None)


def serve(connections: Connections, each: Planned, now: datetime) -> bool:
    """Serve it if it is due; whether it was."""
    due = due_now([each], connections, now)
    for one in due:
        connections.served(one.customer, one.schedule_key, one.serves)
    return bool(due)


def test_a_connection_that_never_ran_is_due_at_once(connections: Connections) -> None:
    assert serve(connections, planned("every 15m"), NOON)
    assert serve(connections, planned("daily at 03:00", "erp"), NOON)
    assert not serve(connections, planned("every 15m"), NOON + timedelta(minutes=1))


def test_without_a_schedule_nothing_is_ever_due(connections: Connections) -> None:
    assert not serve(connections, planned(None), NOON)


def test_an_interval_keeps_its_beat_however_late_each_run_is(connections: Connections) -> None:
    each = planned("every 15m")
    serve(connections, each, NOON)
    for minutes in (15, 31, 47, 60):
        assert serve(connections, each, NOON + timedelta(minutes=minutes)), minutes
    assert connections.last_due("acme", "crm") == NOON + timedelta(minutes=60)


def test_a_caller_who_comes_a_moment_early_is_served(connections: Connections) -> None:
    each = planned("every 15m")
    serve(connections, each, NOON + timedelta(seconds=1.5))
    assert serve(connections, each, NOON + timedelta(minutes=15, seconds=1))
    assert not serve(connections, each, NOON + timedelta(minutes=15, seconds=2))
    assert serve(connections, each, NOON + timedelta(minutes=30))


def test_missed_times_are_made_up_by_one_run(connections: Connections) -> None:
    each, daily = planned("every 15m"), planned("daily at 03:00", "erp")
    serve(connections, each, NOON)
    serve(connections, daily, NOON)
    later = NOON + timedelta(days=9, minutes=4)
    assert serve(connections, each, later)
    assert not serve(connections, each, later)
    assert serve(connections, daily, later)
    assert not serve(connections, daily, later)


def test_a_time_of_day_is_met_once_a_day(connections: Connections) -> None:
    each = planned("daily at 03:00")
    serve(connections, each, NOON)
    assert not serve(connections, each, NOON + timedelta(hours=14, minutes=59))
    assert serve(connections, each, NOON + timedelta(hours=15))
    assert not serve(connections, each, NOON + timedelta(hours=15, minutes=30))
    assert serve(connections, each, NOON + timedelta(hours=39))


def test_a_new_push_with_a_time_of_day_waits_for_it(connections: Connections) -> None:
    nightly = Planned("acme", "scores", "", Schedule.parse("daily at 03:00"), push=True)
    assert not serve(connections, nightly, NOON)
    assert serve(connections, nightly, NOON + timedelta(hours=15))
    often = Planned("acme", "health", "", Schedule.parse("every 1h"), push=True)
    assert serve(connections, often, NOON)
    assert connections.last_due("acme", "health") is None


@given(
    st.sampled_from(["every 10s", "every 15m", "hourly", "daily at 03:00", "*/7 * * * mon-fri"]),
    st.lists(st.integers(1, 200_000), min_size=1, max_size=20),
)
def test_what_was_served_is_not_due_again_before_its_next_time(text: str, steps: list[int]) -> None:
    schedule = Schedule.parse(text)
    now, last = NOON, None
    for seconds in steps:
        now += timedelta(seconds=seconds)
        if last is None or next_due(schedule, last) - leeway(schedule) <= now:
            served = serves(schedule, last, now)
            assert last is None or served > last
            assert served <= now + leeway(schedule)
            assert next_due(schedule, served) - leeway(schedule) > now
            last = served
