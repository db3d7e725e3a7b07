"""Intercom's limit: so many calls of an app in a window of ten seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

WINDOW = 10.0
CALLS = 166
"""In a window: of an app that may make 1,000 calls a minute. 10,000 is what newer ones may; the headers say it."""


class Limits:
    """Counts calls. `limit_window` of the controls: how many; None does not limit."""

    def __init__(self, controls: Mapping[str, Any]) -> None:
        self._controls = controls
        self._began: datetime | None = None
        self._calls = 0

    def admit(self, now: datetime) -> bool:
        """Count one call, unless the window is used up."""
        self._roll(now)
        most = self._controls["limit_window"]
        if most is not None and self._calls >= int(most):
            return False
        self._calls += 1
        return True

    def headers(self, now: datetime) -> dict[str, str]:
        self._roll(now)
        most = self._controls["limit_window"]
        if most is None or self._began is None:
            return {}
        ends = self._began + self._span()
        return {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(max(0, int(most) - self._calls)),
            "X-RateLimit-Reset": str(int(ends.timestamp()) + 1),
        }

    def _span(self) -> timedelta:
        return timedelta(seconds=WINDOW / self._controls["pace"])

    def _roll(self, now: datetime) -> None:
        if self._began is None or now >= self._began + self._span():
            self._began, self._calls = now, 0
