"""Placeholder of the thin version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Priority = Literal["interactive", "webhook", "bulk"]


@dataclass(frozen=True, slots=True)
class BucketSpec:
    name: str
    kind: Literal["rate", "concurrency", "quota"]
    amount: int
    per: float = 1.0
    resets: str | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    remaining: float | None = None
    used: float | None = None
    maximum: float | None = None


class Grant:
    def sent(self) -> None: ...
    def cancel(self) -> None: ...
    def done(self) -> None: ...


class Buckets(Protocol):
    def take(self, spec: BucketSpec, owner: str, priority: Priority) -> Grant | float: ...
    def observe(self, spec: BucketSpec, owner: str, seen: Seen) -> None: ...
    def pause(self, spec: BucketSpec, owner: str, seconds: float) -> float: ...
