"""Xero's limits of a tenant: requests a minute, a day and at a time; and of the app over all tenants, a minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

MINUTE, DAY = 60.0, 86_400.0
WINDOWS = {"minute": ("limit_minute", MINUTE), "day": ("limit_day", DAY), "appminute": ("limit_app", MINUTE)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN = {"day": "X-DayLimit-Remaining", "minute": "X-MinLimit-Remaining", "appminute": "X-AppMinLimit-Remaining"}


class Limits:
    """Windows are fixed, and begin anew together. A limit of None in the controls does not limit."""

    def __init__(self, controls: Mapping[str, Any]) -> None:
        self._controls = controls
        self._used: dict[str, tuple[int, int]] = {}  # window -> its number, how many requests fell into it
        self.inside = 0

    def admit(self, now: datetime) -> tuple[str, int | None] | None:
        """Count one request; or the limit that refuses it, with the seconds to wait where that is told."""
        at_once = self._controls["limit_at_once"]
        if at_once is not None and self.inside >= int(at_once):
            return "concurrent", None
        for name, (setting, _) in WINDOWS.items():
            limit = self._controls[setting]
            if limit is not None and self._count(name, now) >= int(limit):
                return name, self.wait(name, now)
        for name in WINDOWS:
            self._used[name] = self._number(name, now), self._count(name, now) + 1
        return None

    def headers(self, now: datetime) -> dict[str, str]:
        shown = {}
        for name, (setting, _) in WINDOWS.items():
            limit = self._controls[setting]
            if limit is not None:
                shown[_SHOWN[name]] = str(max(0, int(limit) - self._count(name, now)))
        return shown

    def wait(self, name: str, now: datetime) -> int:
        """Seconds until the window ends."""
        span = self._span(name)
        return max(1, int(span - (now - _EPOCH).total_seconds() % span) + 1)

    def _count(self, name: str, now: datetime) -> int:
        number, used = self._used.get(name, (0, 0))
        return used if number == self._number(name, now) else 0

    def _number(self, name: str, now: datetime) -> int:
        return int((now - _EPOCH).total_seconds() / self._span(name))

    def _span(self, name: str) -> float:
        # only minutes pass faster: a quota is by the day, whatever the pace
        return WINDOWS[name][1] / (1 if name == "day" else float(self._controls["pace"]))
