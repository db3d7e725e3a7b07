"""What a simulator is: a vendor's state, its routes, and hooks for faults and the control API."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.tables import Table
from backhaul.sandbox.world import World

OPERATIONS = (
    "create",
    "update",
    "delete",
    "restore",
    "merge",
    "purge",
    "add_field",
    "remove_field",
    "retype_field",
    "add_object",
    "associate",
    "dissociate",
)


class Refused(Exception):
    """Raised anywhere in a handler to answer with the vendor's own error."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def served(request: Request, rows: int) -> None:
    """Note in the received log how many records this answer holds."""
    request.scope["rows_served"] = rows


class Vendor(ABC):
    """One simulator. All its state is touched only from the server's event loop."""

    source: ClassVar[str]
    # An unproven fact's name -> the answers it may have; the first is the default.
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})

    def __init__(
        self,
        world: World,
        *,
        clock: Clock | None = None,
        scale: int = 1,
        seed: int = 7,
        variants: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.world = world
        self.clock = clock or Clock()
        self.scale = scale
        self.seed = seed
        self.variants = self._choose(variants)
        self.tables: dict[str, Table] = {}
        # What a client presents, and what a connection needs besides.
        self.credentials: dict[str, Any] = {}
        self.settings: dict[str, Any] = {}
        # What `POST /_control/settings` may change; a simulator adds its own names.
        # `pace`: how many times as fast the spans of its limits pass. `service_ms`: what a call takes once it is let
        # in, which is what counts where calls at a time are limited.
        self.controls: dict[str, Any] = {"index_lag": 0.0, "page_size_cap": None, "pace": 1.0, "service_ms": 0}
        # Where this simulator is served; set by the server, for vendors that answer with their own address.
        self.base_url = ""

    @classmethod
    def _choose(cls, asked: Mapping[str, str]) -> dict[str, str]:
        for name, value in asked.items():
            allowed = cls.VARIANTS.get(name)
            if allowed is None:
                raise ValueError(f"{cls.source} has no variant {name!r}; it has: {', '.join(cls.VARIANTS) or 'none'}")
            if value not in allowed:
                raise ValueError(f"variant {cls.source}.{name} is one of {', '.join(allowed)}, not {value!r}")
        return {name: asked.get(name, allowed[0]) for name, allowed in cls.VARIANTS.items()}

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """The vendor's own paths."""

    @abstractmethod
    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        """Do one of OPERATIONS behind the API's back. KeyError or ValueError says what was wrong.

        `trace: False` in what it tells: nothing in the API but its absence shows that the record is gone.
        """

    @abstractmethod
    def dump(self, object: str) -> list[dict[str, Any]]:
        """The truth: every record that was not purged, with final values, `_deleted` and `_merged_into`.

        `_locked`, where somebody may not change it any more.
        """

    def configure(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Change control settings; ValueError for a name that is none."""
        for name in settings:
            if name not in self.controls:
                raise ValueError(f"{self.source} has no setting {name!r}; it has: {', '.join(self.controls)}")
        self.controls.update(settings)
        return dict(self.controls)

    def span(self, seconds: float) -> timedelta:
        """The span of a limit, at the pace that it passes here."""
        return timedelta(seconds=seconds / self.controls["pace"])

    async def work(self) -> None:
        """Be busy with a call."""
        if self.controls["service_ms"]:
            await asyncio.sleep(self.controls["service_ms"] / 1000)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        """The vendor's 429, headers included; `options` come from the fault. `soon`: one that passes in seconds."""
        return JSONResponse({"error": "too many requests"}, 429, {"Retry-After": "1"})

    def broken(self, status: int) -> Response:
        """The vendor's answer when it fails itself: 500, 503 and the like."""
        return JSONResponse({"error": "internal error"}, status)

    def expired_token(self) -> Response:
        """The vendor's answer to a token past its time. A vendor that mints tokens also forgets those it gave."""
        return JSONResponse({"error": "token expired"}, 401)

    def revoked_token(self) -> Response:
        """The vendor's answer to credentials that were taken back."""
        return JSONResponse({"error": "token revoked"}, 401)

    async def not_found(self, request: Request) -> Response:
        """The vendor's answer for a path that it does not have."""
        return JSONResponse({"error": "not found"}, 404)
