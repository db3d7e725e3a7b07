"""Freshdesk's limits: credits a minute of the account, and calls a minute of some endpoints."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request

# Setting -> the calls that it counts; those of the first cost credits.
POOLS: Mapping[str, re.Pattern[str]] = {
    "limit_account": re.compile(""),
    "limit_ticket_list": re.compile("GET /api/v2/tickets"),
    "limit_contact_list": re.compile("GET /api/v2/contacts"),
    "limit_ticket_create": re.compile("POST /api/v2/tickets"),
    "limit_ticket_update": re.compile(r"PUT /api/v2/tickets/\d+"),
}


class Limits:
    """Counts requests. A limit of None in the controls does not limit."""

    def __init__(self, controls: Mapping[str, Any], *, own_headers: bool) -> None:
        self._controls = controls
        self._own_headers = own_headers
        self._spent: dict[str, deque[tuple[datetime, int]]] = {name: deque() for name in POOLS}

    def admit(self, request: Request, now: datetime) -> int | None:
        """Count one request; where a limit is reached the seconds to wait."""
        for name in self._pools(request):
            limit = self._controls[name]
            if limit is not None and self._used(name, now) >= int(limit):
                return math.ceil((self._spent[name][0][0] + self._span - now).total_seconds()) or 1
        for name in self._pools(request):
            self._spent[name].append((now, cost(request) if name == "limit_account" else 1))
        return None

    def headers(self, request: Request, now: datetime) -> dict[str, str]:
        """Of the endpoint, where it is limited apart; else of the account."""
        pools = [name for name in self._pools(request) if self._controls[name] is not None]
        if not pools:
            return {}
        name = pools[-1] if self._own_headers else pools[0]
        limit = int(self._controls[name])
        return {
            "X-RateLimit-Total": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - self._used(name, now))),
            "X-RateLimit-Used-CurrentRequest": str(cost(request)),
        }

    @property
    def _span(self) -> timedelta:
        return timedelta(seconds=60 / self._controls["pace"])

    def _used(self, name: str, now: datetime) -> int:
        spent = self._spent[name]
        while spent and spent[0][0] <= now - self._span:
            spent.popleft()
        return sum(credits for _, credits in spent)

    def _pools(self, request: Request) -> list[str]:
        call = f"{request.method} {request.url.path}"
        return [name for name, calls in POOLS.items() if calls.fullmatch(call) or name == "limit_account"]


def cost(request: Request) -> int:
    """Credits: one, and for what a ticket is to include one more each, of a list two."""
    included = [each for each in request.query_params.get("include", "").split(",") if each]
    return 1 + len(included) * (2 if request.url.path.endswith("/tickets") else 1)
