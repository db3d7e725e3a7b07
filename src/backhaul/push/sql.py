"""Values in DuckDB's SQL: brought to a field's type, and spelt so that equal values hash alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from backhaul.protocol.schema import Field, Type
from backhaul.push.target import Column
from backhaul.push.values import MANY

TYPES: Mapping[Type, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(38, 9)",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "time": "TIME",
    "json": "VARCHAR",
}
_EXACT = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_SPACE = "e' \\t\\n\\r'"


def quote(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


def text(value: str, kind: str) -> str:
    """A value of a DuckDB type as the text that a vendor would be given."""
    if kind == "VARCHAR":
        return value
    if kind.endswith("[]"):
        return f"array_to_string({value}, {literal(MANY)})"
    if kind.startswith("DECIMAL") or kind in ("DOUBLE", "FLOAT"):
        digits = f"CAST({value} AS VARCHAR)"
        return f"CASE WHEN contains({digits}, '.') THEN rtrim(rtrim({digits}, '0'), '.') ELSE {digits} END"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({value}, '%Y-%m-%dT%H:%M:%S.%gZ')"
    return f"CAST({value} AS VARCHAR)"


def wanted(way: Column, kind: str, field: Field) -> tuple[str, str | None]:
    """A column of the select as a value of its field's type; and the condition under which it does not fit, if any."""
    value, lost = _wanted(way, kind, field)
    if way.default is None:
        return value, lost
    filled = f"coalesce({value}, CAST({literal(way.default)} AS {TYPES[field.type]}))"
    # what does not fit is told as it is, not covered up
    return f"CASE WHEN NOT coalesce({lost}, false) THEN {filled} END" if lost else filled, lost


def _wanted(way: Column, kind: str, field: Field) -> tuple[str, str | None]:
    value = f"s.{quote(way.column)}"
    if way.values is not None:
        cases = " ".join(f"WHEN {literal(ours)} THEN {literal(theirs)}" for ours, theirs in way.values.items())
        back = f"CASE {text(value, kind)} {cases} END"
        return _cast(back, "VARCHAR", field), _lost(value, _cast(back, "VARCHAR", field))
    if way.prefix is not None:
        start = literal(way.prefix)
        back = f"CASE WHEN starts_with({value}, {start}) THEN nullif(substr({value}, {len(way.prefix) + 1}), '') END"
        return _cast(back, "VARCHAR", field), _lost(value, _cast(back, "VARCHAR", field))
    cast = _cast(value, kind, field)
    return cast, None if _always_fits(kind, TYPES[field.type]) else _lost(value, cast)


def seen(value: str, kind: str, field: Field) -> str:
    """A raw column as a value of its field's type."""
    return _cast(value, kind, field)


def _cast(value: str, kind: str, field: Field) -> str:
    to = TYPES[field.type]
    if kind == to:
        return value
    if to == "VARCHAR":
        return text(value, kind)
    if to == "DATE" and kind.startswith("TIMESTAMP"):
        return f"CAST({value} AS DATE)"
    if kind == "VARCHAR":
        return f"TRY_CAST(nullif(trim({value}, {_SPACE}), '') AS {to})"
    if (_is_number(kind) and _is_number(to)) or (kind == "DATE" and to.startswith("TIMESTAMP")):
        return f"TRY_CAST({value} AS {to})"
    # through text: every type can be written as one, and a cast that DuckDB does not have is no error then
    return f"TRY_CAST(CAST({value} AS VARCHAR) AS {to})"


def _is_number(kind: str) -> bool:
    return kind.startswith("DECIMAL") or kind in _EXACT or kind in ("DOUBLE", "FLOAT")


def _always_fits(kind: str, to: str) -> bool:
    if kind == to or to == "VARCHAR" or (kind == "DATE" and to.startswith("TIMESTAMP")):
        return True
    if kind.startswith("DECIMAL") and to.startswith("DECIMAL"):
        digits, scale = (int(part) for part in kind[8:-1].split(","))
        return digits - scale <= 29
    return kind in _EXACT and to != "BOOLEAN" and _is_number(to)


def _lost(value: str, cast: str) -> str:
    return f"({value} IS NOT NULL AND CAST({value} AS VARCHAR) <> '' AND ({cast}) IS NULL)"


def comparable(value: str, field: Field, step: timedelta) -> str:
    """A typed value so that most equal ones are equal, at little cost: what differs is looked at once more."""
    match field.type:
        case "timestamp":
            unit = "second" if step >= timedelta(seconds=1) else "millisecond"
            return f"date_trunc('{unit}', {value})"
        case "text":
            if not field.options:
                return f"nullif({value}, '')"
            many = f"array_to_string(list_sort(string_split({value}, {literal(MANY)})), {literal(MANY)})"
            return f"CASE WHEN contains({value}, {literal(MANY)}) THEN {many} ELSE nullif({value}, '') END"
        case "json":
            return f"nullif({value}, '')"
        case _:
            return value


def shown(value: str, field: Field) -> str:
    """A typed value as text, for Python to take up."""
    if field.type == "timestamp":
        return f"strftime({value}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    return value if TYPES[field.type] == "VARCHAR" else f"CAST({value} AS VARCHAR)"
