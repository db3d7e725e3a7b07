"""How a vendor spells times and booleans, both ways."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from backhaul.config.calls import Values

ISO = Values()
MS_JSON = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
"""How ASP.NET's JSON writes a moment; the offset is for show."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
        case "ms_json":
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        case pattern:
            return value.astimezone(ZoneInfo(zone)).strftime(pattern)


def _spell_date(value: date, values: Values) -> str | int:
    match values.date:
        case "iso" | "ms_json":
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
        case "ms_json" if (told := MS_JSON.fullmatch(str(text))) is not None:
            return _EPOCH + timedelta(milliseconds=int(told[1]))
        case "iso" | "http" | "ms_json":
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
        case "ms_json":
            return read_timestamp(text, Values(timestamp="ms_json")).date()
        case pattern:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007  a date has no zone
