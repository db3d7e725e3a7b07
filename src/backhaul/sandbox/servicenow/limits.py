"""An admin's rate rule, counted by the hour, and the node's few semaphores."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from backhaul.sandbox.servicenow.answers import Told, failure

RULE = "4f2cc6d1db2310105b22f0b6f49619c1"


class Limits:
    """A limit of None in the controls does not limit; without a rule no answer tells of one."""

    def __init__(self, controls: Mapping[str, Any], span: Callable[[float], timedelta]) -> None:
        self._controls = controls
        self._span = span
        self._times: deque[datetime] = deque()
        self.inside = 0

    def admit(self, now: datetime) -> Told | None:
        """Count one request; the answer that refuses it, or None."""
        self._roll(now)
        limit = self._controls["limit_hour"]
        if limit is not None and len(self._times) >= int(limit):
            wait = max(1, int((self._times[0] + self._span(3600) - now).total_seconds()) + 1)
            return self.exceeded(wait)
        at_once = self._controls["limit_at_once"]
        if at_once is not None and self.inside >= int(at_once):
            return failure(429, "Too many requests", "No semaphore is free", {"Retry-After": "1"})
        self._times.append(now)
        return None

    def exceeded(self, wait: int) -> Told:
        detail = "The number of requests exceeded the limit of the rule for this hour"
        return failure(429, "Rate limit exceeded", detail, {"Retry-After": str(wait)})

    def headers(self, now: datetime) -> dict[str, str]:
        limit = self._controls["limit_hour"]
        if limit is None:
            return {}
        resets = (self._times[0] if self._times else now) + self._span(3600)
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Reset": str(int(resets.timestamp())),
            "X-RateLimit-Rule": RULE,
        }

    def _roll(self, now: datetime) -> None:
        while self._times and self._times[0] <= now - self._span(3600):
            self._times.popleft()
