from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhaul.config.schedule import Schedule

MONDAY = datetime(2024, 1, 1, 10, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("every 15m", "2024-01-01 10:45:15"),
        ("every 1.5h", "2024-01-01 12:00:15"),
        ("hourly", "2024-01-01 11:00:00"),
        ("daily", "2024-01-02 00:00:00"),
        ("daily at 03:00", "2024-01-02 03:00:00"),
        ("Daily at 10:31", "2024-01-01 10:31:00"),
        ("daily at 10:30", "2024-01-02 10:30:00"),
        ("weekly on monday at 03:00", "2024-01-08 03:00:00"),
        ("weekly on sun", "2024-01-07 00:00:00"),
        ("*/15 * * * *", "2024-01-01 10:45:00"),
        ("5,50 9-17 * * mon-fri", "2024-01-01 10:50:00"),
        ("0 0 * * 7", "2024-01-07 00:00:00"),
        ("0 0 29 2 *", "2024-02-29 00:00:00"),
        ("0 0 31 * *", "2024-01-31 00:00:00"),
        ("0 0 1 march *", "2024-03-01 00:00:00"),
        ("0 0 15 * wed", "2024-01-03 00:00:00"),
        ("10/20 * * * *", "2024-01-01 10:50:00"),
    ],
)
def test_the_next_time_is_later_than_the_moment(text: str, due: str) -> None:
    assert f"{Schedule.parse(text).next_after(MONDAY):%Y-%m-%d %H:%M:%S}" == due


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("evry 15m", "a schedule is `every 15m`"),
        ("every 15", "a duration is a number and"),
        ("every 1s", "at least every 10s"),
        ("daily at 25:00", "the hour '25' is not between 0 and 23"),
        ("daily at 3", "a schedule is"),
        ("weekly on mondey", "did you mean monday?"),
        ("60 * * * *", "the minute '60' is not between 0 and 59"),
        ("* * * *", "a schedule is"),
        ("*/0 * * * *", "step of 0"),
        ("9-5 * * * *", "ends before it starts"),
        ("0 0 0 * *", "the day '0'"),
        ("0 0 30 feb *", "never comes"),
        ("0 0 * * fred", "the weekday 'fred'"),
        ("1--2 * * * *", "is not *, a number"),
        ("", "a schedule is"),
    ],
)
def test_a_wrong_schedule_says_which_part(text: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        Schedule.parse(text)
    assert words in str(caught.value)


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    there = MONDAY.astimezone(timezone(timedelta(hours=-7)))
    assert Schedule.parse("daily at 03:00").next_after(there) == Schedule.parse("daily at 03:00").next_after(MONDAY)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Schedule.parse("hourly").next_after(datetime(2024, 1, 1))


def _field(low: int, high: int) -> st.SearchStrategy[tuple[str, set[int]]]:
    everything = st.just(("*", set(range(low, high + 1))))
    some = st.sets(st.integers(low, high), min_size=1, max_size=3).map(lambda s: (",".join(map(str, s)), s))
    steps = st.integers(1, high).map(lambda n: (f"*/{n}", set(range(low, high + 1, n))))
    return everything | some | steps


@given(
    _field(0, 59),
    _field(0, 23),
    _field(1, 31),
    _field(0, 6),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
)
def test_the_next_time_is_the_first_minute_that_all_fields_allow(
    minute: tuple[str, set[int]],
    hour: tuple[str, set[int]],
    day: tuple[str, set[int]],
    weekday: tuple[str, set[int]],
    moment: datetime,
) -> None:
    text = f"{minute[0]} {hour[0]} {day[0]} * {weekday[0]}"
    due = Schedule.parse(text).next_after(moment)

    def allows(time: datetime) -> bool:
        in_day, in_week = time.day in day[1], time.isoweekday() % 7 in weekday[1]
        either = not day[0].startswith("*") and not weekday[0].startswith("*")
        days = in_day or in_week if either else in_day and in_week
        return days and time.hour in hour[1] and time.minute in minute[1]

    assert due > moment
    assert due.second == due.microsecond == 0
    assert allows(due)
    step = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    end = min(due, step + timedelta(days=1))
    while step < end:
        assert not allows(step)
        step += timedelta(minutes=1)
