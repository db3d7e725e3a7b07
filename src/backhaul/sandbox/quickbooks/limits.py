"""QuickBooks' limits of one company: requests a minute, batches a minute, requests at a time. No "
"header tells of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

MINUTE = timedelta(seconds=60)


class Limits:
    """A limit of None in the controls does not limit."""

    def __init__(self, controls: Mapping[str, Any]) -> None:
        self._controls = controls
        self._recent: deque[datetime] = deque()
        self._batches: deque[datetime] = deque()
        self.inside = 0

    def admit(self, now: datetime, *, batch: bool) -> bool:
        """Count one request; False where there were too many."""
        if _full(self.inside, self._controls["limit_at_once"]):
            return False
        if _full(self._within(self._recent, now), self._controls["limit_minute"]):
            return False
        if batch and _full(self._within(self._batches, now), self._controls["limit_batches"]):
            return False
        self._recent.append(now)
        if batch:
            self._batches.append(now)
        return True

    def _within(self, times: deque[datetime], now: datetime) -> int:
        while times and times[0] <= now - MINUTE / self._controls["pace"]:
            times.popleft()
        return len(times)


def _full(count: int, limit: int | None) -> bool:
    return limit is not None and count >= limit
