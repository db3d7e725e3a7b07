"""What every configuration model shares: frozen, unknown keys refused, names and durations checked."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

from backhaul.config.names import is_name


class Model(BaseModel):
    """A frozen piece of configuration; an unknown key is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=False)


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


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(spell_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s|m|h|d)$"}),
]


def _check_name(value: str) -> str:
    if not is_name(value):
        raise ValueError("a name is letters and digits, with single underscores between, and starts with a letter")
    return value


Name = Annotated[str, AfterValidator(_check_name)]
"""Of a customer, a connection, a push: two underscores in a row separate names elsewhere, so none may hold them."""
