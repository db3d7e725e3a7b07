"""What was asked of the vendors: requests, bytes, retries, waits, by day, customer and connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from backhaul.state.store import ControlStore


class Meter(Protocol):
    """Counts for one connection. Called once or twice a request, from many threads."""

    def count(
        self, *, requests: int = 0, bytes: int = 0, retries: int = 0, throttled: int = 0, waited: float = 0.0
    ) -> None: ...


class _NoMeter:
    def count(
        self, *, requests: int = 0, bytes: int = 0, retries: int = 0, throttled: int = 0, waited: float = 0.0
    ) -> None:
        """Nothing is counted."""


NO_METER: Meter = _NoMeter()


@dataclass(frozen=True, slots=True)
class UsageDay:
    """One connection's day (UTC). `throttled`: answers that asked to wait; `waited`: seconds, of all threads."""

    day: str
    customer: str
    connection: str
    requests: int
    bytes: int
    retries: int
    throttled: int
    waited: float


class _Meter:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = (0, 0, 0, 0, 0.0)

    def count(
        self, *, requests: int = 0, bytes: int = 0, retries: int = 0, throttled: int = 0, waited: float = 0.0
    ) -> None:
        with self._lock:
            a, b, c, d, e = self._counts
            self._counts = (a + requests, b + bytes, c + retries, d + throttled, e + waited)

    def drain(self) -> tuple[int, int, int, int, float]:
        with self._lock:
            counts, self._counts = self._counts, (0, 0, 0, 0, 0.0)
            return counts


class Usage:
    """The counts of a project; those of a running process are at most a second old."""

    def __init__(self, store: ControlStore, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now
        self._lock = threading.Lock()
        self._meters: dict[tuple[str, str], _Meter] = {}
        self._kept = False

    def meter(self, customer: str, connection: str) -> Meter:
        """The one meter of this process for a connection."""
        with self._lock:
            if not self._kept:
                self._store.keeper.keep(self.flush, self.flush)
                self._kept = True
            return self._meters.setdefault((customer, connection), _Meter())

    def flush(self) -> None:
        """Write what was counted since the last time."""
        with self._lock:
            drained = [(key, meter.drain()) for key, meter in self._meters.items()]
            counted = [(key, counts) for key, counts in drained if any(counts)]
            if not counted:
                return
            day = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%d")
            with self._store.write() as sql:
                sql.executemany(_ADD, [(day, *key, *counts) for key, counts in counted])

    def days(self, customer: str | None = None, since: str = "") -> list[UsageDay]:
        """The days from `since` (as 2026-01-31) on, newest first."""
        rows = self._store.read(_DAYS, (since, customer, customer))
        return [UsageDay(*row) for row in rows]


_ADD = """
    insert into usage (day, customer, connection, requests, bytes, retries, throttled, waited)
    values (?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (day, customer, connection) do update set
        requests = usage.requests + excluded.requests,
        bytes = usage.bytes + excluded.bytes,
        retries = usage.retries + excluded.retries,
        throttled = usage.throttled + excluded.throttled,
        waited = usage.waited + excluded.waited
"""
_DAYS = """
    select day, customer, connection, requests, bytes, retries, throttled, waited from usage
    where day >= ? and (? is null or customer = ?)
    order by day desc, customer, connection
"""
