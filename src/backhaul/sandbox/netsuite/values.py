"""Values as the record service and the control API spell them, and as the books hold them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from backhaul.sandbox.netsuite.catalog import Field

# date-time spellings that the record service may use; which one is a variant.
MOMENTS: dict[str, Callable[[datetime], str]] = {
    "Z": lambda t: t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "milliseconds": lambda t: t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{t.microsecond // 1000:03d}Z",
    "offset": lambda t: t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00"),
}


class BadValue(ValueError):
    """A value does not fit its field."""


def parsed(field: Field, value: Any, *, lenient: bool = False) -> Any:
    """A JSON value as the books hold it; BadValue says what was expected. `lenient`: numbers may be quoted."""
    if value is None or value == "":
        return None
    match field.stored:
        case "integer":
            return _integer(field, value, lenient)
        case "decimal":
            return _decimal(value, lenient)
        case "boolean":
            return _boolean(value, lenient)
        case "date":
            return _date(value)
        case "timestamp":
            return _moment(value)
    if field.kind == "enum":
        return _option(field, value)
    if not isinstance(value, str):
        if lenient:
            return str(value)
        raise BadValue("a text")
    return value


def _integer(field: Field, value: Any, lenient: bool) -> int:
    if field.kind == "reference" and isinstance(value, Mapping):
        value = value.get("id")
    quoted = lenient or field.kind in ("reference", "id")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if quoted and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    raise BadValue("a reference with an id" if field.kind == "reference" else "an integer")


def _decimal(value: Any, lenient: bool) -> Decimal:
    allowed = (int, float, str) if lenient else (int, float)
    if isinstance(value, allowed) and not isinstance(value, bool):
        try:
            number = Decimal(str(value))
        except InvalidOperation as error:
            raise BadValue("a number") from error
        if number.is_finite():
            return number
    raise BadValue("a number")


def _boolean(value: Any, lenient: bool) -> bool:
    if isinstance(value, bool):
        return value
    if lenient and value in ("T", "F"):
        return bool(value == "T")
    raise BadValue("true or false")


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadValue("a date, YYYY-MM-DD") from error


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadValue("a date-time, YYYY-MM-DDThh:mm:ssZ") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _option(field: Field, value: Any) -> str:
    id = str(value.get("id")) if isinstance(value, Mapping) else str(value)
    if field.options and id not in dict(field.options):
        raise BadValue(f"one of {', '.join(option for option, _ in field.options)}")
    return id


def plain(value: Any) -> Any:
    """A held value as JSON for the truth that tests compare with: numbers as text, times in ISO, UTC."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, datetime):
        return MOMENTS["milliseconds"](value) if value.microsecond else MOMENTS["Z"](value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)
