"""What every configuration model shares: frozen, unknown keys refused, names and durations checked."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from backhaul.config.durations import parse_duration, spell_duration
from backhaul.config.names import is_name
from backhaul.config.schedule import Schedule


class Model(BaseModel):
    """A frozen piece of configuration; an unknown key is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=False)


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


def _check_schedule(text: str) -> str:
    Schedule.parse(text)
    return text


ScheduleText = Annotated[
    str, AfterValidator(_check_schedule), Field(examples=["every 15m", "daily at 03:00", "0 */6 * * mon-fri"])
]
