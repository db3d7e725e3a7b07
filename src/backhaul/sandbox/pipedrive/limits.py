"""Pipedrive's limits: a burst in two seconds, and a day's budget of tokens, of which each call costs some."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.requests import Request

WINDOW = timedelta(seconds=2)
# Of version 2, by what a call is; version 1 costs twice as much.
LIST, SINGLE, WRITE, DELETE = 10, 1, 5, 3


class Limits:
    """Counts requests. A limit of None in the controls does not limit."""

    def __init__(self, controls: Mapping[str, Any]) -> None:
        self._controls = controls
        self._recent: deque[datetime] = deque()
        self._day: date | None = None
        self._spent = 0

    def admit(self, request: Request, now: datetime) -> bool:
        """Count one request, unless the burst or the day's budget is used up."""
        self._roll(now)
        burst, tokens = self._controls["limit_burst"], self._controls["limit_tokens"]
        if tokens is not None and self._spent >= int(tokens):
            return False
        if burst is not None and len(self._recent) >= int(burst):
            return False
        self._recent.append(now)
        self._spent += _cost(request)
        return True

    def headers(self, now: datetime, *, daily: bool) -> dict[str, str]:
        self._roll(now)
        burst, tokens = self._controls["limit_burst"], self._controls["limit_tokens"]
        shown: dict[str, str] = {}
        if burst is not None:
            shown["x-ratelimit-limit"] = str(burst)
            shown["x-ratelimit-remaining"] = str(max(0, int(burst) - len(self._recent)))
            shown["x-ratelimit-reset"] = "2"
        if tokens is not None and daily:
            shown["x-daily-ratelimit-token-limit"] = str(tokens)
            shown["x-daily-ratelimit-token-remaining"] = str(max(0, int(tokens) - self._spent))
        return shown

    def _roll(self, now: datetime) -> None:
        while self._recent and self._recent[0] <= now - WINDOW / self._controls["pace"]:
            self._recent.popleft()
        day = now.astimezone(UTC).date()
        if day != self._day:
            self._day, self._spent = day, 0


def _cost(request: Request) -> int:
    version = 2 if request.url.path.startswith("/v1") or request.url.path.startswith("/api/v1") else 1
    if request.method == "DELETE":
        return DELETE * version
    if request.method != "GET":
        return WRITE * version
    return (SINGLE if request.path_params.get("id") else LIST) * version
