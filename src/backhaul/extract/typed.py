"""Makes typed Arrow columns of what the vendor wrote. A value that does not fit becomes NULL and a reject.

Whole columns are converted at once; only a column that resists is looked at value by value, which gives the same
types and finds the culprits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as time_of_day
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from backhaul.config.calls import Values
from backhaul.protocol.schema import Field, Type
from backhaul.protocol.values import MS_JSON, read_date, read_timestamp

DECIMAL = pa.decimal128(38, 9)
TIMESTAMP = pa.timestamp("us", tz="UTC")
ARROW: dict[Type, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": DECIMAL,
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": TIMESTAMP,
    "time": pa.time64("us"),
    "json": pa.string(),
}
_TRUE, _FALSE = ("true", "t", "1", "yes"), ("false", "f", "0", "no")
_STEP = Decimal(1).scaleb(-9)
_LARGEST = Decimal(10) ** 29
_ROUNDING = Context(prec=60, rounding=ROUND_HALF_EVEN)
_DAY = 86_400_000_000
# A day inside of Python's calendar at each end, so that no zone leads out of it.
_FIRST_DAY, _LAST_DAY = -719_161, 2_932_895
# Arrow knows no summer time after 2037.
_LAST_SUMMER = 24_836
# Past 15 significant digits (and a point and a sign) a float may no longer be what the vendor wrote.
_SAFE_DIGITS = 16


@dataclass(frozen=True, slots=True)
class BadValue:
    """One value that does not fit. `row` is its place in the page."""

    row: int
    field: str
    raw_text: str
    reason: str


class NeedsExact(Exception):
    """The page holds numbers with more digits than a float keeps: decode it once more, exactly."""


def typed(
    column: Any, field: Field, values: Values, zone: str, bad: list[BadValue], *, exact: bool = False
) -> pa.Array:
    """A column as its field's Arrow type; what does not fit is NULL and appended to `bad`.

    column: a list of JSON scalars as decoded, or an Arrow string column (from CSV).
    Raises NeedsExact unless `exact`.
    """
    if isinstance(column, pa.ChunkedArray):
        strings = column.combine_chunks()
        converted = _from_strings(strings, field.type, values, zone)
        return converted if converted is not None else _one_by_one(strings.to_pylist(), field, values, zone, bad)
    match field.type:
        case "text":
            try:
                return pa.array(column, pa.string())
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                return _one_by_one(column, field, values, zone, bad)
        case "json":
            return _one_by_one(column, field, values, zone, bad)
        case "boolean" if all(value is None or value is True or value is False for value in column):
            return pa.array(column, pa.bool_())
        case "integer" | "float" if all(value is None or type(value) is int for value in column):
            try:
                return pa.array(column, ARROW[field.type])
            except (pa.ArrowInvalid, OverflowError):
                return _one_by_one(column, field, values, zone, bad)
        case "decimal":
            numbers = _decimals(column, exact=exact)
            if numbers is not None:
                return numbers
    try:
        strings = pa.array(column, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return _one_by_one(column, field, values, zone, bad)
    converted = _from_strings(strings, field.type, values, zone)
    return converted if converted is not None else _one_by_one(column, field, values, zone, bad)


def _decimals(column: Sequence[Any], *, exact: bool) -> pa.Array | None:
    """JSON numbers as decimals, where they are floats and integers."""
    if isinstance(next((value for value in column if value is not None), None), str):
        return None
    kinds = {type(value) for value in column} - {type(None)}
    if not kinds <= {int, float} or not kinds:
        return None
    try:
        written = pa.array(column, pa.float64() if float in kinds else pa.int64())
    except (pa.ArrowInvalid, OverflowError):
        return None
    if float not in kinds:
        try:
            return pc.cast(written, DECIMAL)
        except pa.ArrowInvalid:
            return None
    strings = pc.cast(written, pa.string())
    if _longest(strings) > _SAFE_DIGITS and not exact:
        raise NeedsExact
    return _from_strings(strings, "decimal", Values(), "UTC")


def _from_strings(strings: pa.Array, kind: Type, values: Values, zone: str) -> pa.Array | None:
    """The whole column at once, or None where a value resists."""
    if kind in ("text", "json"):
        return strings
    filled = pc.if_else(pc.equal(strings, ""), pa.scalar(None, pa.string()), strings)
    try:
        match kind:
            case "decimal" if _holds(filled, "e", "E") or _longest(filled) > 38:
                return None  # of 4.5e31 and of 45 digits Arrow makes another number, without a word
            case "decimal":
                return pc.cast(filled, DECIMAL)
            case "integer" if _holds(filled, "x", "X"):
                return None  # Arrow takes 0x1F for a number
            case "integer" | "float":
                return pc.cast(filled, ARROW[kind])
            case "boolean":
                return _booleans(filled, values)
            case "date" if values.date == "ms_json":
                moments = _ms_json(filled)
                return None if moments is None else pc.cast(pc.floor_temporal(moments, unit="day"), pa.date32())
            case "date":
                return _within(pc.cast(filled, pa.date32())) if values.date in ("iso", "%Y-%m-%d") else None
            case "timestamp" if values.timestamp == "ms_json":
                return _ms_json(filled)
            case "timestamp" if values.timestamp == "iso":
                return _within(pc.cast(filled, TIMESTAMP))
            case "timestamp" if "%" in values.timestamp:
                local = pc.strptime(filled, format=values.timestamp, unit="us")
                if _within(local, _LAST_DAY if zone == "UTC" else _LAST_SUMMER) is None:
                    return None
                return pc.cast(pc.assume_timezone(local, zone, ambiguous="earliest"), TIMESTAMP)
            case "time":
                return pc.cast(pc.replace_substring(filled, "Z", ""), pa.time64("us"))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return None


def _ms_json(strings: pa.Array) -> pa.Array | None:
    """Moments as ASP.NET's JSON writes them; None where one is written otherwise."""
    told = pc.extract_regex(strings, rf"^{MS_JSON.pattern.replace('(-?', '(?P<ms>-?')}$")
    if told.null_count != strings.null_count:
        return None
    ticks = pc.multiply_checked(pc.cast(pc.struct_field(told, "ms"), pa.int64()), 1000)
    return _within(pc.cast(ticks, TIMESTAMP))


def _holds(strings: pa.Array, *letters: str) -> bool:
    return any(pc.any(pc.match_substring(strings, letter)).as_py() for letter in letters)


def _longest(strings: pa.Array) -> int:
    return pc.max(pc.binary_length(strings)).as_py() or 0


def _within(moments: pa.Array, last: int = _LAST_DAY) -> pa.Array | None:
    """The column, or None where it holds a day that Python's calendar does not have, or one after `last`."""
    ends = pc.min_max(pc.cast(moments, pa.timestamp("us")))
    first_at, last_at = ends["min"].value, ends["max"].value
    return moments if first_at is None or (first_at >= _FIRST_DAY * _DAY and last_at <= last * _DAY) else None


def _booleans(strings: pa.Array, values: Values) -> pa.Array | None:
    no, yes = values.boolean or ("false", "true")
    truths = pc.equal(strings, yes)
    known = pc.or_(truths, pc.equal(strings, no))
    return truths if pc.all(known, skip_nulls=True).as_py() is not False else None


def _one_by_one(column: Sequence[Any], field: Field, values: Values, zone: str, bad: list[BadValue]) -> pa.Array:
    convert = _CONVERT[field.type]
    result: list[Any] = []
    for row, value in enumerate(column):
        if value is None or (value == "" and field.type not in ("text", "json")):
            result.append(None)
            continue
        try:
            result.append(convert(value, values, zone))
        except _Rounded as rounded:
            result.append(rounded.value)
            bad.append(BadValue(row, field.name, _raw(value), "rounded to 9 decimal places"))
        except (ValueError, TypeError, OverflowError, InvalidOperation):
            result.append(None)
            bad.append(BadValue(row, field.name, _raw(value), f"is no {field.type}"))
    return pa.array(result, ARROW[field.type])


# a page that is walked has its numbers exact: within JSON they stay numbers
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def _raw(value: Any) -> str:
    text = value if isinstance(value, str) else _ENCODER.encode(value).decode()
    return text[:4000]


class _Rounded(Exception):
    def __init__(self, value: Decimal) -> None:
        self.value = value


def _text(value: Any, values: Values, zone: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    return _json(value, values, zone)


def _json(value: Any, values: Values, zone: str) -> str:
    return _ENCODER.encode(value).decode()


def _number(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError("a truth is no number")
    number = Decimal(repr(value) if isinstance(value, float) else str(value).strip())
    if not number.is_finite() or number.copy_abs() >= _LARGEST:
        raise ValueError("out of range")
    return number


def _decimal(value: Any, values: Values, zone: str) -> Decimal:
    number = _number(value)
    if not number:
        return Decimal(0)  # whatever its exponent
    if number.as_tuple().exponent < -9:  # type: ignore[operator]  # finite: the exponent is a number
        rounded = number.quantize(_STEP, context=_ROUNDING)
        if rounded != number:
            raise _Rounded(rounded)
        return rounded
    return number


def _integer(value: Any, values: Values, zone: str) -> int:
    number = _number(value)
    if number != number.to_integral_value() or not -(2**63) <= number < 2**63:
        raise ValueError("no whole number of 64 bits")
    return int(number)


def _float(value: Any, values: Values, zone: str) -> float:
    if isinstance(value, bool):
        raise TypeError("a truth is no number")
    return float(value)


def _boolean(value: Any, values: Values, zone: str) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if values.boolean is not None and text in (spelt := [each.lower() for each in values.boolean]):
        return bool(spelt.index(text))
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("no truth")


def _date(value: Any, values: Values, zone: str) -> date:
    return read_date(value, values)


def _timestamp(value: Any, values: Values, zone: str) -> datetime:
    moment = read_timestamp(value, values, zone)
    if moment.year < 1:
        raise ValueError("out of range")
    return moment


def _time(value: Any, values: Values, zone: str) -> time_of_day:
    return time_of_day.fromisoformat(str(value)).replace(tzinfo=None)


_CONVERT: dict[Type, Callable[[Any, Values, str], Any]] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "float": _float,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "time": _time,
    "json": _json,
}
