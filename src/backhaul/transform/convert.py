"""A raw value to a column's type: what fits is kept exactly, what does not becomes NULL and can be counted."""

from __future__ import annotations

from sqlglot import exp

from backhaul.transform.contracts import SQL_TYPES, ColumnType
from backhaul.transform.sql import call, cast, try_cast

TEXT, INTEGER, FLOAT, BOOLEAN, DATE = "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "DATE"
TIMESTAMP = "TIMESTAMP WITH TIME ZONE"
WIDE_DECIMAL = "DECIMAL(38, 9)"

_ALWAYS_FITS: frozenset[tuple[str, ColumnType]] = frozenset(
    {
        (INTEGER, "integer"),
        (BOOLEAN, "boolean"),
        (BOOLEAN, "integer"),
        (DATE, "date"),
        (DATE, "timestamp"),
        (TIMESTAMP, "timestamp"),
        (TIMESTAMP, "date"),
    }
)


_MOMENTS = ("DATE", "TIME", TIMESTAMP)


def never_fits(raw_type: str | None, to: ColumnType) -> bool:
    """Whether no value of the raw type has a meaning as the column's: a day is no number, a flag no day."""
    if raw_type in _MOMENTS:
        return to in ("integer", "number", "money", "boolean") or (raw_type == "TIME" and to in ("date", "timestamp"))
    return raw_type == BOOLEAN and to in ("date", "timestamp", "money")


def is_decimal(raw_type: str | None) -> bool:
    return raw_type is not None and raw_type.startswith("DECIMAL")


def as_text(value: exp.Expr, raw_type: str | None) -> exp.Expr:
    """The shortest exact text; an empty text is no value. Decimals lose the zeros that their scale adds."""
    if is_decimal(raw_type):
        digits = cast(value.copy(), TEXT)
        return call("rtrim", call("rtrim", digits, exp.Literal.string("0")), exp.Literal.string("."))
    if raw_type == TIMESTAMP:
        return call("strftime", value.copy(), exp.Literal.string("%Y-%m-%dT%H:%M:%S.%fZ"))
    text = value.copy() if raw_type == TEXT else cast(value.copy(), TEXT)
    return call("nullif", text, exp.Literal.string(""))


def convert(value: exp.Expr, raw_type: str | None, to: ColumnType) -> tuple[exp.Expr, bool]:
    """The expression of the wanted type, and whether a value may fail to fit it. raw_type None: not known."""
    if to in ("text", "json"):
        return as_text(value, raw_type), False
    target = SQL_TYPES[to]
    if raw_type is not None and (raw_type, to) in _ALWAYS_FITS:
        return (value.copy() if raw_type == target else cast(value.copy(), target)), False
    if to == "timestamp":
        return _timestamp(value, raw_type), True
    if to == "date":
        return _date(value, raw_type), True
    return try_cast(value.copy(), target), True


def wide_decimal(value: exp.Expr) -> exp.Expr:
    """What `to_decimal` gives inside a larger expression."""
    return try_cast(value.copy(), WIDE_DECIMAL)


def _timestamp(value: exp.Expr, raw_type: str | None) -> exp.Expr:
    iso = try_cast(value.copy(), "TIMESTAMPTZ")
    if raw_type in (INTEGER, FLOAT) or is_decimal(raw_type):
        return call("make_timestamptz", call("multiply", try_cast(value.copy(), INTEGER), exp.Literal.number(1000)))
    return exp.Coalesce(this=iso, expressions=[_epoch_milliseconds(value, raw_type)])


def _date(value: exp.Expr, raw_type: str | None) -> exp.Expr:
    if raw_type in (INTEGER, FLOAT) or is_decimal(raw_type):
        return try_cast(_timestamp(value, raw_type), DATE)
    # DuckDB takes the day that a moment's text starts with, which is not its day in UTC
    text = value.copy() if raw_type == TEXT else cast(value.copy(), TEXT)
    short = exp.LTE(this=call("length", call("trim", text)), expression=exp.Literal.number(10))
    moment = try_cast(_timestamp(value, raw_type), DATE)
    return exp.Case(ifs=[exp.If(this=short, true=try_cast(value.copy(), DATE))], default=moment)


def _epoch_milliseconds(value: exp.Expr, raw_type: str | None) -> exp.Expr:
    """Some systems write moments as milliseconds since 1970, in text: 12 to 14 digits cover 1973 to 5138."""
    text = value.copy() if raw_type == TEXT else cast(value.copy(), TEXT)
    digits = call("regexp_full_match", text, exp.Literal.string("[0-9]{12,14}"))
    moment = call("make_timestamptz", call("multiply", try_cast(value.copy(), INTEGER), exp.Literal.number(1000)))
    return exp.Case(ifs=[exp.If(this=digits, true=moment)])
