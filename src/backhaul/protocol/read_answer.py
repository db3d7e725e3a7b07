"""Reads one value out of an answer: a path, or a path whose text is cut."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from backhaul.config import paths
from backhaul.config.calls import Cut
from backhaul.config.paths import MISSING, Answer
from backhaul.config.reads import ErrorAt


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def read(reader: str | Cut, answer: Answer) -> Any:
    """The value, or None where the path leads nowhere or the pattern does not match."""
    if isinstance(reader, str):
        value = paths.first(reader, answer)
        return None if value is MISSING else value
    value = paths.first(reader.source, answer)
    if value is MISSING or value is None:
        return None
    text = str(value)
    if reader.match is not None:
        found = _pattern(reader.match).search(text)
        if found is None:
            return None
        text = found[1]
    if reader.case is not None:
        text = text.lower() if reader.case == "lower" else text.upper()
    return reader.wrap.replace("{}", text) if reader.wrap is not None else text


def scopes_in(path: str, answer: Answer) -> tuple[str, ...] | None:
    """Scopes, told as a list, or as one text that commas or spaces part; None where they are not told."""
    told = paths.first(path, answer)
    if isinstance(told, str):
        return tuple(told.replace(",", " ").split())
    return tuple(str(each) for each in told) if isinstance(told, list) else None


def read_error(at: ErrorAt, answer: Answer) -> Mapping[str, str]:
    """What an error answer says: code, message, field, request_id, as far as they are there."""
    found: dict[str, str] = {}
    for name in ("code", "message", "field", "request_id"):
        reader = getattr(at, name)
        value = read(reader, answer) if reader is not None else None
        if isinstance(value, list):
            value = "; ".join(str(each) for each in value)
        if value not in (None, ""):
            found[name] = str(value)[:2000]
    return found
