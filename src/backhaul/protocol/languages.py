"""Query languages: how a literal is escaped and what may stand as an identifier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

Language = Literal["soql", "suiteql", "odata", "encoded_query"]


@dataclass(frozen=True, slots=True)
class Joints:
    """What stands before the first condition, between two, and before the order."""

    where: str = " where "
    between: str = " and "
    order: str = " "


JOINTS: Mapping[Language, Joints] = {
    "soql": Joints(),
    "suiteql": Joints(where=" WHERE "),
    "odata": Joints(),
    "encoded_query": Joints("^", "^", "^"),
}

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.$-]*")


def identifier(name: str) -> str:
    """The name, if it is one. Raises ValueError: an identifier is never escaped into being safe."""
    if _IDENTIFIER.fullmatch(name) is None:
        raise ValueError(f"{name!r} cannot stand as a name in a query")
    return name


def literal(value: Any, language: Language, zone: str = "UTC") -> str:
    """A value spelt for the language; a list as comma-separated literals.

    Raises ValueError for a text that an encoded query cannot say.
    """
    if isinstance(value, list | tuple):
        if language == "encoded_query" and (unfit := next((each for each in value if "," in str(each)), None)):
            raise ValueError(f"{unfit!r} cannot stand in a list that commas part")
        return ",".join(literal(each, language, zone) for each in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, datetime):
        if language in ("suiteql", "encoded_query"):
            local = f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"
            return local if language == "encoded_query" else f"'{local}'"
        moment = value.astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    if isinstance(value, date):
        return f"'{value.isoformat()}'" if language == "suiteql" else value.isoformat()
    text = str(value)
    if language == "encoded_query":
        if text.startswith("javascript:"):
            raise ValueError(f"{text[:60]!r} cannot stand as a value: the vendor would run it")
        return text.replace("^", "^^")
    if language == "soql":
        escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
        return f"'{escaped}'"
    if language == "suiteql" and text.isdecimal() and text.isascii():
        return text
    return "'" + text.replace("'", "''") + "'"
