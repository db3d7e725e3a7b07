"""When something is due, in UTC: `every 15m`, `hourly`, `daily at 03:00`, `weekly on monday at 03:00`, or cron."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backhaul.config.durations import parse_duration
from backhaul.config.problems import closest

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_FORMS = "`every 15m`, `hourly`, `daily at 03:00`, `weekly on monday at 03:00`, or five cron fields"
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_ENGLISH = re.compile(r"(?:daily|weekly on (?P<day>[a-z]+))(?: at (?P<hour>\d{1,2}):(?P<minute>\d{2}))?")
_PART = re.compile(r"(?:(?P<all>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
# 29 February on a given weekday comes round within 40 years, across the year 2100
_HORIZON = timedelta(days=366 * 41)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Either an interval since the last start, or the minutes that five sets of numbers allow."""

    text: str
    every: timedelta | None = None
    minutes: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    either_day: bool = False
    """Cron's own rule: where both the day and the weekday are restricted, either will do."""

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Raises ValueError that names the part which is wrong."""
        words = " ".join(text.lower().split())
        if words.startswith("every "):
            every = parse_duration(words.removeprefix("every "))
            if every < timedelta(seconds=10):
                raise ValueError("a schedule is at least every 10s")
            return cls(text, every=every)
        if words == "hourly":
            return cls._cron(text, ["0", "*", "*", "*", "*"])
        if match := _ENGLISH.fullmatch(words):
            weekday = "*" if match["day"] is None else str(_number(match["day"], "weekday", 0, 7))
            return cls._cron(text, [match["minute"] or "0", match["hour"] or "0", "*", "*", weekday])
        fields = words.split()
        if len(fields) == 5 and all(re.fullmatch(r"[\w*,/-]+", field) for field in fields):
            return cls._cron(text, fields)
        raise ValueError(f"a schedule is {_FORMS}")

    @classmethod
    def _cron(cls, text: str, fields: list[str]) -> Schedule:
        sets = [_numbers(field, *limits) for field, limits in zip(fields, _FIELDS, strict=True)]
        weekdays = frozenset(day % 7 for day in sets[4])
        either = not fields[2].startswith("*") and not fields[4].startswith("*")
        schedule = cls(text, None, tuple(sorted(sets[0])), tuple(sorted(sets[1])), sets[2], sets[3], weekdays, either)
        if schedule._next_minute(datetime(2000, 1, 1, tzinfo=UTC)) is None:
            raise ValueError("a schedule that never comes: no month has that day")
        return schedule

    def next_after(self, moment: datetime) -> datetime:
        """The first time later than `moment`, which must know its zone; in UTC."""
        if moment.tzinfo is None:
            raise ValueError("next_after needs a moment with a time zone")
        moment = moment.astimezone(UTC)
        if self.every is not None:
            return moment + self.every
        due = self._next_minute(moment)
        if due is None:
            raise ValueError(f"the schedule {self.text} does not come again")
        return due

    def _next_minute(self, moment: datetime) -> datetime | None:
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        end = day + _HORIZON
        while day < end:
            if day.month not in self.months:
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
                continue
            if self._allows(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        due = day.replace(hour=hour, minute=minute)
                        if due > moment:
                            return due
            day += timedelta(days=1)
        return None

    def _allows(self, day: datetime) -> bool:
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_day or by_weekday if self.either_day else by_day and by_weekday


def _numbers(field: str, name: str, low: int, high: int) -> frozenset[int]:
    """`*/15`, `1-5`, `mon,wed` to the numbers they stand for."""
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"the {name} {part!r} is not *, a number, a range a-b, or one of these with /step")
        step = int(match["step"] or 1)
        if step == 0:
            raise ValueError(f"the {name} {part!r} has a step of 0")
        first = low if match["all"] else _number(match["first"], name, low, high)
        if match["last"]:
            last = _number(match["last"], name, low, high)
        else:
            last = high if match["all"] or match["step"] else first
        if last < first:
            raise ValueError(f"the {name} {part!r} ends before it starts")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(text: str, name: str, low: int, high: int) -> int:
    if text.isascii() and text.isdigit() and low <= int(text) <= high:
        return int(text)
    names = {"weekday": _DAYS, "month": _MONTHS}.get(name, ())
    for index, word in enumerate(names):
        if len(text) >= 3 and word.startswith(text):
            return index + low
    near = closest(text, names)
    hint = f"; did you mean {near}?" if near else ""
    raise ValueError(f"the {name} {text!r} is not between {low} and {high}{hint}")
