"""Keys of records: one text, in which the parts of a composite key are joined by `:` (see docs/decisions/0002)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_ESCAPED = re.compile(r"\\(.)")
_PART = re.compile(r"((?:[^:\\]|\\.)*)(?::|$)", re.DOTALL)


def escape(part: str) -> str:
    """One part of a key, so that parts joined by `:` can be told apart."""
    return part.replace("\\", "\\\\").replace(":", "\\:")


def unescape(part: str) -> str:
    """The part that `escape` was given."""
    return _ESCAPED.sub(r"\1", part)


def join_key(parts: Sequence[Any]) -> str:
    return escape(str(parts[0])) if len(parts) == 1 else ":".join(escape(str(part)) for part in parts)


def split_key(key: str) -> list[str]:
    """The parts that `join_key` was given."""
    parts: list[str] = []
    end = -1
    while end < len(key):
        match = _PART.match(key, end + 1)
        if match is None:
            raise ValueError(f"{key!r} is no key: it ends within an escape")
        parts.append(unescape(match[1]))
        end = match.end(1)
    return parts


def key_bindings(key: str, fields: Sequence[str]) -> dict[str, str]:
    """What `{key}` and `{key.x}` stand for. key: as raw tables hold it; fields: the key fields, in order."""
    parts = split_key(key) if len(fields) > 1 else [unescape(key)]
    whole = parts[0] if len(parts) == 1 else key
    return {"key": whole, **{f"key.{name}": part for name, part in zip(fields, parts, strict=False)}}
