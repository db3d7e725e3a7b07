"""Values as text: what the ledger keeps, plans show and comparisons look at. None is no value, and so is ''.

Two texts of a field are the same value where its type says so: 1.50 and 1.5, one instant in two zones, the chosen
options in another order, white space around a text that the vendor trims.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal, InvalidOperation
from typing import Any

from backhaul.config.calls import Values
from backhaul.protocol.schema import Field
from backhaul.protocol.values import read_date, read_timestamp

_NUMBERS = ("integer", "decimal", "float")
_TRUE, _FALSE = ("true", "t", "1", "yes"), ("false", "f", "0", "no")
_STEP = Decimal(1).scaleb(-9)
MANY = ";"
"""What parts the chosen options of one field."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one connection's vendor spells values it sends, and how fine its clock is."""

    values: Values
    zone: str
    step: timedelta


def text_of(value: Any) -> str | None:
    """A typed value as exact text."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain(value)
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo is not None else value.replace(tzinfo=UTC)
            return moment.isoformat().replace("+00:00", "Z")
        case date() | time_of_day():
            return value.isoformat()
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, sort_keys=True)
        case _:
            return str(value)


def plain(number: Decimal) -> str:
    """All digits, no exponent, no zeros at the end."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def typed(text: str | None, field: Field) -> Any:
    """The typed value of a text, for a request. Raises ValueError where it does not fit."""
    if text is None or (text == "" and field.type != "text"):
        return None
    match field.type:
        case "integer":
            return int(Decimal(text))
        case "decimal":
            return Decimal(text)
        case "float":
            return float(text)
        case "boolean":
            return _boolean(text)
        case "date":
            return date.fromisoformat(text[:10])
        case "timestamp":
            return _moment(text)
        case "time":
            return time_of_day.fromisoformat(text)
        case "json":
            return _structure(text)
        case _:
            return text


def _structure(text: str) -> Any:
    """Lists and maps as such, as the lines of a document are; any other text is the vendor's to read."""
    if text.lstrip()[:1] in ("[", "{"):
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return text


def canonical(text: str | None, field: Field, step: timedelta) -> str | None:
    """The text that all spellings of one value share. What does not fit the type stands for itself."""
    if text is None or not text.strip():
        return None
    try:
        match field.type:
            case "integer" | "decimal":
                return plain(Decimal(text.strip()).quantize(_STEP)) if field.type == "decimal" else plain(Decimal(text))
            case "float":
                return repr(float(text))
            case "boolean":
                return text_of(_boolean(text))
            case "date":
                return date.fromisoformat(text.strip()[:10]).isoformat()
            case "timestamp":
                return _floor(_moment(text), step).isoformat()
            case "time":
                return time_of_day.fromisoformat(text).isoformat()
            case "json":
                return json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True)
    except (ValueError, InvalidOperation):
        return text.strip()
    text = text.strip()
    if field.options and MANY in text and text not in field.options:
        return MANY.join(sorted(part.strip() for part in text.split(MANY) if part.strip()))
    return text


def same(one: str | None, other: str | None, field: Field, step: timedelta) -> bool:
    return one == other or canonical(one, field, step) == canonical(other, field, step)


def read_back(value: Any, field: Field, spelling: Spelling) -> str | None:
    """What the vendor sent for a field, as text."""
    if value is None or value == "":
        return None
    values, zone = spelling.values, spelling.zone
    try:
        match field.type:
            case "timestamp":
                return text_of(read_timestamp(value, values, zone))
            case "date":
                return text_of(read_date(value, values))
            case "boolean" if values.boolean is not None and value in values.boolean:
                return text_of(value == values.boolean[1])
            case "integer" | "decimal" | "float" if not isinstance(value, bool):
                return plain(Decimal(str(value)))
    except (ValueError, TypeError, OverflowError, InvalidOperation):
        return str(value)
    return text_of(value)


def texts(values: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: text_of(value) for name, value in values.items()}


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _floor(moment: datetime, step: timedelta) -> datetime:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return moment - since % step if step else moment
