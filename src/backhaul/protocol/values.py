"""How a vendor spells times and booleans, both ways."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from backhaul.config.calls import Values

ISO = Values()


def spell(value: Any, values: Values, zone: str = "UTC") -> Any:
    """A value as the vendor wants it in JSON, a form or a query string: times and decimals become text or numbers."""
    if isinstance(value, datetime):
        return spell_timestamp(value, values, zone)
    if isinstance(value, date):
        return _spell_date(value, values)
    if isinstance(value, Decimal):
        return spell_decimal(value)
    if isinstance(value, bool) and values.boolean is not None:
        return values.boolean[int(value)]
    return value


def spell_decimal(value: Decimal) -> int | float | str:
    """A JSON number where that is exact, else the digits as text."""
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else format(value, "f")


def spell_timestamp(value: datetime, values: Values, zone: str = "UTC") -> str | int:
    match values.timestamp:
        case "iso":
            moment = value.astimezone(UTC)
            return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
        case "epoch_s":
            return int(value.timestamp())
        case "epoch_ms":
            return round(value.timestamp() * 1000)
        case "http":
            return format_datetime(value.astimezone(UTC), usegmt=True)
        case pattern:
            return value.astimezone(ZoneInfo(zone)).strftime(pattern)


def _spell_date(value: date, values: Values) -> str | int:
    match values.date:
        case "iso":
            return value.isoformat()
        case "epoch_ms":
            return round(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
        case pattern:
            return value.strftime(pattern)


def read_timestamp(text: str | int | float, values: Values, zone: str = "UTC") -> datetime:
    """One time as the vendor wrote it, in UTC. Raises ValueError where it is none."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return datetime.fromtimestamp(text / 1000 if values.timestamp != "epoch_s" else text, UTC)
    match values.timestamp:
        case "epoch_s":
            return datetime.fromtimestamp(float(text), UTC)
        case "epoch_ms":
            return datetime.fromtimestamp(float(text) / 1000, UTC)
        case "iso" | "http":
            moment = datetime.fromisoformat(str(text))
        case pattern:
            moment = datetime.strptime(str(text), pattern)  # noqa: DTZ007  the zone follows
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC)


def read_date(text: str | int | float, values: Values) -> date:
    """One date as the vendor wrote it. Raises ValueError where it is none."""
    if isinstance(text, int | float):
        return datetime.fromtimestamp(text / 1000, UTC).date()
    match values.date:
        case "iso":
            return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text).date()
        case "epoch_ms":
            return datetime.fromtimestamp(float(text) / 1000, UTC).date()
        case pattern:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007  a date has no zone
