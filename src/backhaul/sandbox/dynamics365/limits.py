"""Service protection: requests and execution time of a user in five minutes, and how many at one time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

WINDOW = timedelta(minutes=5)
REQUESTS, TIME, AT_ONCE = "0x80072322", "0x80072321", "0x80072326"
MESSAGES = {
    REQUESTS: "Number of requests exceeded the limit of {limit} over time window of 300 seconds.",
    TIME: "Combined execution time of incoming requests exceeded limit of {limit} milliseconds over time window of"
    " 300 seconds.",
    AT_ONCE: "Number of concurrent requests exceeded the limit of {limit}.",
}  # fmt: skip


class Limits:
    """Counts requests and what they cost. A limit of None in the controls does not limit."""

    def __init__(self, controls: Mapping[str, Any]) -> None:
        self._controls = controls
        self._recent: deque[tuple[datetime, float]] = deque()
        self.inside = 0

    def exceeded(self, now: datetime) -> str | None:
        """The code of the limit that one more request would break."""
        self._roll(now)
        requests, seconds, at_once = (self._controls[f"limit_{each}"] for each in ("requests", "seconds", "at_once"))
        if requests is not None and len(self._recent) >= int(requests):
            return REQUESTS
        if seconds is not None and sum(cost for _, cost in self._recent) >= float(seconds):
            return TIME
        return AT_ONCE if at_once is not None and self.inside >= int(at_once) else None

    def message(self, code: str) -> str:
        held = self._controls[{REQUESTS: "limit_requests", TIME: "limit_seconds", AT_ONCE: "limit_at_once"}[code]]
        return MESSAGES[code].format(limit=(held or 0) * (1000 if code == TIME else 1))

    def count(self, now: datetime, seconds: float) -> None:
        self._recent.append((now, seconds))

    def wait(self, now: datetime) -> int:
        """Seconds until the oldest request leaves the window."""
        return max(1, int((self._recent[0][0] + WINDOW - now).total_seconds()) + 1) if self._recent else 1

    def headers(self, now: datetime) -> dict[str, str]:
        self._roll(now)
        requests, seconds = self._controls["limit_requests"], self._controls["limit_seconds"]
        spent = sum(cost for _, cost in self._recent)
        return {
            "x-ms-ratelimit-burst-remaining-xrm-requests": str(max(0, int(requests or 6000) - len(self._recent))),
            "x-ms-ratelimit-time-remaining-xrm-requests": f"{max(0.0, float(seconds or 1200) - spent):.2f}",
        }

    def _roll(self, now: datetime) -> None:
        while self._recent and self._recent[0][0] <= now - WINDOW:
            self._recent.popleft()
