"""One request to a vendor, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote

import msgspec

Expects = Literal["json", "csv", "xml", "text", "any"]


@dataclass(frozen=True, slots=True)
class Use:
    """What a request is for: which limits it falls under hangs on it."""

    role: str
    object: str | None = None
    parent: str = ""
    """The key of the only parent that is asked about."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. Unsigned: the signer adds to it, anew at each try."""

    method: str
    url: str
    """Absolute; may hold a query already, as page links do."""
    params: tuple[tuple[str, str], ...] = ()
    """Added to the query, in this order, values unescaped."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    role: str = ""
    """What it is for (all, changes, by_key, create, probe, ...): limits and rules may be for some roles only."""
    object: str | None = None
    parent: str = ""
    """The key of the one parent whose children it asks for: some limits are a parent's."""
    write: bool = False
    """Changes something at the vendor: what it refuses is a record's fault, not the definition's."""
    repeatable: bool = True
    """Safe to send again after a lost answer. Reads are; a write says so itself."""
    expects: Expects = "json"
    """What a good answer's body is. HTML instead of it, or half of it, counts as a failure."""
    max_bytes: int = 256 * 1024 * 1024
    timeout: float = 60.0
    """Seconds without a byte before the answer counts as lost. A whole answer may take five times as long."""

    @property
    def use(self) -> Use:
        return Use(self.role, self.object, self.parent)

    def with_header(self, name: str, value: str) -> Request:
        """The same with one header more."""
        return replace(self, headers={**self.headers, name: value})

    @property
    def full_url(self) -> str:
        """The URL as it will be sent (by a signer that adds no parameter)."""
        return join_params(self.url, self.params)


@dataclass(frozen=True, slots=True)
class Response:
    """A good answer, whole and, where the request expects JSON or XML, well formed."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    body: bytes = field(repr=False)
    sent_at: datetime
    """When the request left, by our clock."""
    vendor_time: datetime | None
    """The vendor's clock when it answered, where it tells; whole seconds."""
    elapsed: float
    attempts: int
    url: str
    """The request's, without what the signer added."""

    def json(self) -> Any:
        """The body as plain values. Decoded anew at each call."""
        return msgspec.json.decode(self.body)


def join_params(url: str, params: tuple[tuple[str, str], ...]) -> str:
    """The URL with parameters added. Commas and colons stay as they are: escaping them would triple a list's length."""
    if not params:
        return url
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(_pair(*each) for each in params)}"


# page after page asks for the same fields
@lru_cache(maxsize=256)
def _pair(name: str, value: str) -> str:
    return f"{quote(name, safe='')}={quote(value, safe=',:')}"
