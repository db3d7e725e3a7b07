"""Zendesk's request limits: of the account, of the exports, of changes to tickets and to one ticket."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request

# Setting -> (the seconds that it counts over, the word in the endpoint's own header).
POOLS = {
    "limit_minute": (60, None),
    "limit_exports": (60, "incremental-exports"),
    "limit_updates": (60, "tickets-update"),
    "limit_one_ticket": (600, "ticket-update-by-id"),
}


class Limits:
    """Counts requests. A limit of None in the controls does not limit."""

    def __init__(self, controls: Mapping[str, Any]) -> None:
        self._controls = controls
        self._times: dict[str, deque[datetime]] = defaultdict(deque)

    def admit(self, request: Request, now: datetime) -> tuple[str, int] | None:
        """Count one request; the pool that refuses it and the seconds to wait, or None."""
        pools = self._pools(request)
        for pool, key in pools:
            limit = self._controls[pool]
            if limit is not None and len(self._within(pool, key, now)) >= int(limit):
                return pool, self._resets(pool, key, now)
        for pool, key in pools:
            self._times[pool + key].append(now)
        return None

    def headers(self, request: Request, now: datetime) -> dict[str, str]:
        shown: dict[str, str] = {}
        for pool, key in self._pools(request):
            limit, word = self._controls[pool], POOLS[pool][1]
            if limit is None:
                continue
            left, resets = max(0, int(limit) - len(self._within(pool, key, now))), self._resets(pool, key, now)
            if word is not None:
                shown[f"Zendesk-RateLimit-{word}"] = f"total={limit}; remaining={left}; resets={resets}"
                continue
            shown |= {"X-Rate-Limit": str(limit), "X-Rate-Limit-Remaining": str(left)}
            shown |= {"ratelimit-limit": str(limit), "ratelimit-remaining": str(left), "ratelimit-reset": str(resets)}
        return shown

    def _pools(self, request: Request) -> list[tuple[str, str]]:
        """The pools that a request counts in, each with what it counts apart."""
        path, found = request.url.path, [("limit_minute", "")]
        if "/incremental/" in path:
            found.append(("limit_exports", ""))
        if request.method == "PUT" and path.startswith("/api/v2/tickets/"):
            found.append(("limit_updates", ""))
            found.append(("limit_one_ticket", path.removesuffix(".json")))
        return found

    def _within(self, pool: str, key: str, now: datetime) -> deque[datetime]:
        times = self._times[pool + key]
        oldest = now - self._span(pool)
        while times and times[0] <= oldest:
            times.popleft()
        return times

    def _resets(self, pool: str, key: str, now: datetime) -> int:
        times = self._within(pool, key, now)
        if not times:
            return POOLS[pool][0]
        return max(1, int((times[0] + self._span(pool) - now).total_seconds()) + 1)

    def _span(self, pool: str) -> timedelta:
        return timedelta(seconds=POOLS[pool][0] / self._controls["pace"])
