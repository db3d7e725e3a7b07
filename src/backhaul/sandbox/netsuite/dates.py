"""Oracle's date formats, as TO_CHAR, TO_DATE and TO_TIMESTAMP take them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

# The longest name first: HH24 is not HH followed by 24.
_TOKEN = re.compile(
    r'"[^"]*"|YYYY|YY|MONTH|MON|MM|DD|DAY|DY|HH24|HH12|HH|MI|SS|FF[1-9]|FF|AM|PM|X|[-/:,.; ]|.', re.IGNORECASE
)
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class BadFormat(ValueError):
    """The format, or a text that should follow it, is not understood."""


def _write_month(t: datetime) -> str:
    return _MONTHS[t.month - 1].upper().ljust(9)


_WRITERS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda t: f"{t.year:04d}",
    "YY": lambda t: f"{t.year % 100:02d}",
    "MONTH": _write_month,
    "MON": lambda t: _MONTHS[t.month - 1][:3].upper(),
    "MM": lambda t: f"{t.month:02d}",
    "DD": lambda t: f"{t.day:02d}",
    "DAY": lambda t: _DAYS[t.weekday()].upper().ljust(9),
    "DY": lambda t: _DAYS[t.weekday()][:3].upper(),
    "HH24": lambda t: f"{t.hour:02d}",
    "HH12": lambda t: f"{t.hour % 12 or 12:02d}",
    "HH": lambda t: f"{t.hour % 12 or 12:02d}",
    "MI": lambda t: f"{t.minute:02d}",
    "SS": lambda t: f"{t.second:02d}",
    "FF": lambda t: f"{t.microsecond * 1000:09d}",
    "AM": lambda t: "AM" if t.hour < 12 else "PM",
    "PM": lambda t: "AM" if t.hour < 12 else "PM",
    "X": lambda t: ".",
}
_READERS = {
    "YYYY": r"(?P<Y>\d{4})",
    "MM": r"(?P<M>\d{1,2})",
    "MON": r"(?P<b>[A-Za-z]{3})",
    "DD": r"(?P<D>\d{1,2})",
    "HH24": r"(?P<h>\d{1,2})",
    "HH12": r"(?P<h>\d{1,2})",
    "HH": r"(?P<h>\d{1,2})",
    "MI": r"(?P<m>\d{1,2})",
    "SS": r"(?P<s>\d{1,2})",
    "FF": r"(?P<f>\d{1,9})",
    "AM": r"(?P<p>[AaPp][Mm])",
    "PM": r"(?P<p>[AaPp][Mm])",
    "X": r"\.",
}


def _tokens(format: str) -> list[str]:
    return [token if token.startswith('"') else token.upper() for token in _TOKEN.findall(format)]


@lru_cache(256)
def writer(format: str) -> Callable[[datetime], str]:
    """A function from a local time to text; BadFormat for a format that Oracle would not take."""
    # The two formats that everyone reads with, at the speed of the standard library.
    if format.upper() == "YYYY-MM-DD":
        return lambda t: t.isoformat()[:10]
    if format.upper() == "YYYY-MM-DD HH24:MI:SS":
        return lambda t: t.replace(tzinfo=None).isoformat(" ", "seconds")
    steps: list[Callable[[datetime], str] | str] = []
    for token in _tokens(format):
        if token in _WRITERS:
            steps.append(_WRITERS[token])
        elif token.startswith("FF"):
            digits = int(token[2:])
            steps.append(lambda t, n=digits: f"{t.microsecond * 1000:09d}"[:n])  # type: ignore[misc]  # n binds early
        elif token.startswith('"') or not token.isalnum():
            steps.append(token.strip('"'))
        else:
            raise BadFormat(f"ORA-01821: date format not recognized: {format}")
    return lambda t: "".join(step if isinstance(step, str) else step(t) for step in steps)


@lru_cache(256)
def _reader(format: str) -> re.Pattern[str]:
    parts: list[str] = []
    for token in _tokens(format):
        name = "FF" if token.startswith("FF") else token
        if name in _READERS:
            parts.append(_READERS[name])
        elif token.startswith('"') or not token.isalnum():
            parts.append(re.escape(token.strip('"')))
        else:
            raise BadFormat(f"ORA-01821: date format not recognized: {format}")
    try:
        return re.compile("".join(parts))
    except re.error as error:
        raise BadFormat(f"ORA-01810: format code appears twice: {format}") from error


def read(text: str, format: str) -> datetime:
    """The local time that a text means; BadFormat when the whole text does not follow the whole format."""
    match = _reader(format).fullmatch(text.strip())
    if match is None:
        raise BadFormat(f"ORA-01861: literal does not match format string: {text!r} is not {format}")
    found = match.groupdict()
    hour = int(found.get("h") or 0)
    if found.get("p"):
        hour = hour % 12 + (12 if found["p"].lower() == "pm" else 0)
    month = found.get("M")
    if found.get("b"):
        names = [name[:3].lower() for name in _MONTHS]
        if found["b"].lower() not in names:
            raise BadFormat(f"ORA-01843: not a valid month: {text!r}")
        month = str(names.index(found["b"].lower()) + 1)
    micro = int((found.get("f") or "0").ljust(9, "0")[:6])
    try:
        year, day = int(found.get("Y") or 1970), int(found.get("D") or 1)
        minute, second = int(found.get("m") or 0), int(found.get("s") or 0)
        return datetime(year, int(month or 1), day, hour, minute, second, micro)  # noqa: DTZ001
    except ValueError as error:
        raise BadFormat(f"ORA-01839: {error}: {text!r}") from error


# What a session shows when nobody formats: the company's date preference, without the time of day.
SESSION_FORMATS: dict[str, tuple[Callable[[datetime], str], str]] = {
    "M/D/YYYY": (lambda t: f"{t.month}/{t.day}/{t.year}", "MM/DD/YYYY"),
    "DD.MM.YYYY": (lambda t: f"{t.day:02d}.{t.month:02d}.{t.year}", "DD.MM.YYYY"),
    "YYYY-MM-DD": (lambda t: t.isoformat()[:10], "YYYY-MM-DD"),
}
