"""Where windows begin and end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhaul.config.objects import ObjectDefinition
from backhaul.config.pipeline import ObjectChoice
from backhaul.extract.bounds import Bounds, bounds_for, floor_to, moment_of, watermark_of
from backhaul.extract.task import Task
from backhaul.protocol.schema import Field, ObjectSchema

NOW = datetime(2026, 6, 1, 12, 0, 0, 500_000, tzinfo=UTC)
BY_FIELD = {"type": "field", "field": "at", "resolution": "1s", "overlap": "5m", "index_lag": "60s"}


def task(
    *, changed: dict[str, Any] | None = None, change_field: str | None = "at", since: Any = None, **more: Any
) -> Task:
    schema = ObjectSchema("deals", ("id",), {"id": Field("id", "text")}, change_field=change_field)
    definition = ObjectDefinition.model_validate({"changed": changed or BY_FIELD})
    return Task(schema, definition, ObjectChoice.model_validate({"since": since}), (), **more)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+00:00")


def test_a_first_read_is_open_at_both_ends() -> None:
    assert bounds_for(task(), NOW) == Bounds(None, None)


def test_a_first_read_of_an_object_with_a_floor_begins_there() -> None:
    assert bounds_for(task(since=date(2024, 1, 1)), NOW) == Bounds(datetime(2024, 1, 1, tzinfo=UTC), None)


def test_the_next_window_begins_an_overlap_early_and_ends_an_index_lag_ago() -> None:
    assert bounds_for(task(watermark=at("06-01T11:00:00.700")), NOW) == Bounds(
        at("06-01T10:55:00"), at("06-01T11:59:00")
    )


def test_the_overlap_does_not_reach_below_the_floor() -> None:
    made = bounds_for(task(watermark=at("06-01T11:00:00"), since=at("06-01T10:58:00")), NOW)
    assert made.lower == at("06-01T10:58:00")


def test_a_window_never_ends_before_it_begins() -> None:
    made = bounds_for(task(watermark=NOW + timedelta(hours=1)), NOW)
    assert made.lower == made.upper


def test_a_full_read_forgets_the_watermark_and_keeps_the_floor() -> None:
    assert bounds_for(task(watermark=at("06-01T11:00:00"), full=True), NOW) == Bounds(None, None)
    floored = task(watermark=at("06-01T11:00:00"), full=True, since=at("05-01T00:00:00"))
    assert bounds_for(floored, NOW) == Bounds(at("05-01T00:00:00"), None)


@pytest.mark.parametrize("more", [{"changed": {"type": "none"}}, {"change_field": None}])
def test_an_object_that_tells_no_change_is_read_whole(more: dict[str, Any]) -> None:
    assert bounds_for(task(watermark=at("06-01T11:00:00"), **more), NOW) == Bounds(None, None)


def test_what_a_finished_window_commits_is_its_upper_bound() -> None:
    definition = task().definition
    assert watermark_of(Bounds(None, at("06-01T11:59:00")), NOW, definition) == at("06-01T11:59:00")


def test_what_an_open_window_commits_is_when_it_began_less_the_lag() -> None:
    assert watermark_of(Bounds(None, None), NOW, task().definition) == at("06-01T11:59:00")
    none = ObjectDefinition.model_validate({"changed": {"type": "none"}})
    assert watermark_of(Bounds(None, None), NOW, none) == NOW


def test_a_day_is_its_first_instant_and_a_time_without_a_zone_is_in_utc() -> None:
    assert moment_of(date(2026, 1, 2)) == datetime(2026, 1, 2, tzinfo=UTC)
    assert moment_of(datetime(2026, 1, 2, 3)) == datetime(2026, 1, 2, 3, tzinfo=UTC)


def test_names_of_windows_tell_them_apart() -> None:
    first, second = at("06-01T10:00:00"), at("06-01T10:00:00.000001")
    names = [Bounds(a, b).name for a in (None, first, second) for b in (None, first, second)]
    assert len(set(names)) == len(names)
    assert Bounds(None, None).name == "all"


MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
STEPS = st.sampled_from([timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1)])


@given(MOMENTS, STEPS)
def test_a_moment_goes_down_to_its_tick_and_stays_there(moment: datetime, step: timedelta) -> None:
    floored = floor_to(moment, step)
    assert timedelta(0) <= moment - floored < step
    assert floor_to(floored, step) == floored


@given(MOMENTS, st.lists(st.timedeltas(timedelta(0), timedelta(days=2)), min_size=1, max_size=6))
def test_windows_of_runs_after_one_another_leave_no_gap(start: datetime, pauses: list[timedelta]) -> None:
    """Whatever changes lies in some window, as long as it can be seen an index lag after it happened."""
    now = start
    first = bounds_for(task(), now)
    reached = watermark_of(first, now, task().definition)
    for pause in pauses:
        now += pause
        window = bounds_for(task(watermark=reached), now)
        assert window.lower is not None
        assert window.upper is not None
        assert reached is not None
        assert window.lower <= reached <= window.upper <= now
        reached = watermark_of(window, now, task().definition)
