"""Query languages: how a literal is escaped and what may stand as an identifier."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

Language = Literal["soql", "suiteql", "odata"]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.$-]*")


def identifier(name: str) -> str:
    """The name, if it is one. Raises ValueError: an identifier is never escaped into being safe."""
    if _IDENTIFIER.fullmatch(name) is None:
        raise ValueError(f"{name!r} cannot stand as a name in a query")
    return name


def literal(value: Any, language: Language, zone: str = "UTC") -> str:
    """A value spelt for the language; a list as comma-separated literals."""
    if isinstance(value, list | tuple):
        return ",".join(literal(each, language, zone) for each in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, datetime):
        if language == "suiteql":
            return f"'{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}'"
        moment = value.astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    if isinstance(value, date):
        return f"'{value.isoformat()}'" if language == "suiteql" else value.isoformat()
    text = str(value)
    if language == "soql":
        escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
        return f"'{escaped}'"
    if language == "suiteql" and text.isdecimal() and text.isascii():
        return text
    return "'" + text.replace("'", "''") + "'"
