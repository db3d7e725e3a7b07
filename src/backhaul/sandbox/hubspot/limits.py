"""HubSpot's request limits, kept as the vendor keeps them: rolling seconds and a day of the account's time zone."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from backhaul.sandbox.hubspot.answers import error as vendor_error

ZONE = ZoneInfo("US/Eastern")
MESSAGES = {
    "DAILY": "You have reached your daily limit.",
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    "SECONDLY": "You have reached your secondly limit.",
}


def refusal(policy: str) -> Response:
    """The 429 of one policy."""
    return vendor_error(
        429,
        MESSAGES[policy],
        errorType="RATE_LIMIT",
        policyName=policy,
        groupName="publicapi:crm:search" if policy == "SECONDLY" else "publicapi:private-apps-api-calls",
        requestId="0197a1b2-7c1e-7f37-9a60-4a1d6b1f1f10",
    )


class Limits:
    """Counts requests. A limit of None in the controls does not limit."""

    def __init__(self, controls: Mapping[str, Any]) -> None:
        self._controls = controls
        self._recent: deque[datetime] = deque()
        self._searches: deque[datetime] = deque()
        self._day: date | None = None
        self._today = 0

    def admit(self, now: datetime, *, search: bool) -> str | None:
        """Count one request; the policy that refuses it, or None."""
        day = now.astimezone(ZONE).date()
        if day != self._day:
            self._day, self._today = day, 0
        if _full(self._today, self._controls["limit_daily"]):
            return "DAILY"
        self._today += 1
        if _full(self._within(self._recent, now, 10), self._controls["limit_10s"]):
            return "TEN_SECONDLY_ROLLING"
        if search and _full(self._within(self._searches, now, 1), self._controls["limit_search"]):
            return "SECONDLY"
        self._recent.append(now)
        if search:
            self._searches.append(now)
        return None

    def headers(self, now: datetime) -> dict[str, str]:
        shown = {"X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}
        short, daily = self._controls["limit_10s"], self._controls["limit_daily"]
        if short is not None:
            shown["X-HubSpot-RateLimit-Max"] = str(short)
            shown["X-HubSpot-RateLimit-Remaining"] = str(max(0, short - self._within(self._recent, now, 10)))
        if daily is not None:
            shown["X-HubSpot-RateLimit-Daily"] = str(daily)
            shown["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, daily - self._today))
        return shown

    def _within(self, times: deque[datetime], now: datetime, seconds: int) -> int:
        oldest = now - timedelta(seconds=seconds / self._controls["pace"])
        while times and times[0] <= oldest:
            times.popleft()
        return len(times)


def _full(count: int, limit: int | None) -> bool:
    return limit is not None and count >= limit
