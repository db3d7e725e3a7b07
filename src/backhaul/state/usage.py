"""Placeholder of the thin version."""

from __future__ import annotations

from typing import Protocol


class Meter(Protocol):
    def count(
        self, *, requests: int = 0, bytes: int = 0, retries: int = 0, throttled: int = 0, waited: float = 0.0
    ) -> None: ...


class _NoMeter:
    def count(
        self, *, requests: int = 0, bytes: int = 0, retries: int = 0, throttled: int = 0, waited: float = 0.0
    ) -> None:
        """Nothing is counted."""


NO_METER: Meter = _NoMeter()
