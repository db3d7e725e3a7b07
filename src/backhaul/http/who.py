"""Whom requests are for, and what the definition says about the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backhaul.http.rules import ErrorRule, Parse, ReadError, parse_json


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a source's definition says about its answers."""

    rules: Sequence[ErrorRule] = ()
    read_error: ReadError | None = None
    parse: Parse = parse_json


@dataclass(frozen=True, slots=True)
class Who:
    """Whom the requests are for: named in errors, logs, usage and limits."""

    source: str = ""
    customer: str = ""
    connection: str = ""

    @property
    def owners(self) -> dict[str, str]:
        return {"app": self.source, "connection": f"{self.source}/{self.customer}/{self.connection}"}


NOBODY = Who()
BY_HTTP = Behaviour()
