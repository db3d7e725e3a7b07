"""Placeholders write requests: `{since}`, `{settings.account:host}`; a closed list, checked when the file is read.

A text is a sequence of literal pieces and placeholders. A placeholder that stands alone keeps its value's type
(a list stays a list, a number a number); among other text it is spelt out, a list joined with commas.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

ROOTS: dict[str, str] = {
    "settings.*": "what the connection was given beside credentials",
    "credentials.*": "the connection's secrets",
    "auth.*": "what the way in keeps of its token answer",
    "account.*": "what the probe keeps of the account",
    "run.id": "this run",
    "object": "the object's name",
    "object.*": "what discovery keeps of the object",
    "with.*": "the object's own constants",
    "fields": "the fields to read; a list, or joined with commas",
    "changed.field": "the object's change field",
    "since": "the window's lower bound, inclusive; unbound in a full read",
    "until": "the window's upper bound, exclusive; unbound in a full read",
    "page": "the page token; unbound on a first page",
    "last.key": "the last key of the page before; unbound on a first page",
    "size": "the page size",
    "query": "the rendered query text",
    "key": "one record's key",
    "key.*": "one part of a composite key",
    "keys": "the keys of a batch",
    "each": "one value of `each`",
    "parent.*": "a field of the parent record; `parent.key` is its key",
    "parents": "the keys of a batch of parents",
    "place": "where a child stands among its parent's, from 1, in `parent.add`",
    "job.*": "what the job keeps of its first answer",
    "entry.name": "what the vendor calls a field that stands apart, in `spread.entry`",
    "entry.value": "its value",
    "items": "a batch, each wrapped as `item` says",
    "item.id": "the row's own id, the same when it is sent again",
    "batch.id": "of all rows of the request: the same when the same rows are sent again",
    "values": "the row's fields",
    "values.*": "one of them",
    "match.field": "the unique field of an upsert",
    "match.value": "its value",
    "match.values": "its values in a batch",
    "operation": "the write's mode",
    "version": "the record's version as it was just read; unbound where the write checks none",
    "field.*": "a field that is to be made",
}
FORMATS: dict[str, str] = {
    "upper": "in capitals",
    "lower": "in small letters",
    "host": "as part of a host name: small letters, hyphens for underscores",
    "unix": "a time as whole seconds since 1970",
    "integer": "as a whole number",
    "year": "of a day that is written as ISO 8601: its year",
    "month": "its month, of two digits",
    "day": "its day of the month, of two digits",
    "url": "escaped for a URL's path, where one stands in a body",
    "guid": "32 hexadecimal digits with hyphens between; of another text, made of it",
    "doubled": "with its single quotes doubled, for a literal that stands between such",
    "quoted": "in double quotes, escaped as JSON; of a list, each",
}

_PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[A-Za-z0-9_]+)?)(?::([a-z_]+))?\}")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`{name}` or `{name:format}`."""

    name: str
    format: str | None = None

    @property
    def root(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders, cut into its pieces."""

    parts: tuple[str | Placeholder, ...]

    @property
    def alone(self) -> Placeholder | None:
        """The placeholder, where the text is nothing else."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Placeholder):
            return self.parts[0]
        return None

    @property
    def names(self) -> tuple[Placeholder, ...]:
        return tuple(part for part in self.parts if isinstance(part, Placeholder))


@lru_cache(maxsize=4096)
def parse(text: str) -> Template:
    """Cut a text into literals and placeholders. Braces that hold no placeholder are literal text."""
    parts: list[str | Placeholder] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        parts.append(Placeholder(match[1], match[2]))
        end = match.end()
    if end < len(text):
        parts.append(text[end:])
    return Template(tuple(parts))


def check(text: str, extra: frozenset[str] = frozenset()) -> None:
    """Raise ValueError for a placeholder that is not on the list, with the nearest that is."""
    for placeholder in parse(text).names:
        name = placeholder.name
        if name not in ROOTS and f"{placeholder.root}.*" not in ROOTS and name not in extra:
            near = difflib.get_close_matches(name, ROOTS, n=1)
            hint = f"; did you mean {{{near[0]}}}?" if near else f"; there are {', '.join(sorted(ROOTS))}"
            raise ValueError(f"unknown placeholder {{{name}}}{hint}")
        if placeholder.format and placeholder.format not in FORMATS:
            raise ValueError(f"unknown format in {{{name}:{placeholder.format}}}; there are {', '.join(FORMATS)}")


def texts(value: Any) -> Iterator[str]:
    """Every text inside a JSON-like value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(key)
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)
