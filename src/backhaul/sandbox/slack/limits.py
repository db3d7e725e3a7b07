"""Slack's limits: each method of a workspace has its own, by its tier; posting has one for each channel."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from backhaul.sandbox.slack.methods import Method

MINUTE = 60.0
BURST = 10
"""A tier lets a tenth more through: its number is the least that it allows."""
COMMERCIAL = 1
"""Calls a minute of the methods that read messages, for apps that are sold outside the Marketplace."""
READING_MESSAGES = ("conversations.history", "conversations.replies")


class Limits:
    """Counts calls, unless the control `limits` is off."""

    def __init__(self, controls: Mapping[str, Any], *, commercial: bool) -> None:
        self._controls = controls
        self._commercial = commercial
        self._calls: dict[str, deque[datetime]] = defaultdict(deque)

    def admit(self, method: Method, channel: str, now: datetime) -> float | None:
        """None: it may pass, and counts. Else the seconds until it may."""
        if not self._controls["limits"]:
            return None
        slow = self._commercial and method.name in READING_MESSAGES
        a_minute = COMMERCIAL if slow else method.a_minute + method.a_minute // BURST
        places = [(method.name, a_minute, MINUTE)]
        if method.name == "chat.postMessage":
            places.append((f"{method.name} {channel}", 5, 5.0))  # one a second; short bursts pass
        for place, calls, seconds in places:
            wait = self._wait(place, calls, timedelta(seconds=seconds / self._controls["pace"]), now)
            if wait is not None:
                return wait
        for place, *_ in places:
            self._calls[place].append(now)
        return None

    def _wait(self, place: str, calls: int, span: timedelta, now: datetime) -> float | None:
        recent = self._calls[place]
        while recent and recent[0] <= now - span:
            recent.popleft()
        if len(recent) < calls:
            return None
        left = (recent[0] + span - now).total_seconds()
        # whole seconds, but where minutes pass faster than they do
        return max(1, math.ceil(left)) if self._controls["pace"] == 1 else left
