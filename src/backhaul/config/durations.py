"""Spans of time as texts: `90s`, `15m`, `1d`. Apart from the models, for those that need none of them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(value: Any) -> timedelta:
    """`90s`, `15m`, `1d` to a timedelta. Raises ValueError with the allowed forms."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        raise ValueError("a duration is a number and ms, s, m, h or d, as in 15m")
    return timedelta(seconds=float(match["number"]) * _SECONDS[match["unit"]])


def spell_duration(value: timedelta) -> str:
    """The shortest spelling that `parse_duration` reads back."""
    milliseconds = round(value.total_seconds() * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"
