"""Credentials that are sent as they were given: bearer, API key, Basic."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace

from backhaul.auth.specs import ApiKeySpec, BasicSpec, BearerSpec
from backhaul.http.request import Request
from backhaul.telemetry import redact


class Stored:
    """Adds the same header or parameter to each request; there is nothing to refresh."""

    def __init__(self, spec: BearerSpec | ApiKeySpec | BasicSpec) -> None:
        self._param: tuple[str, str] | None = None
        self._more: Mapping[str, str] = {}
        if isinstance(spec, BearerSpec):
            redact.register(spec.token)
            self._header = ("Authorization", f"Bearer {spec.token}")
        elif isinstance(spec, BasicSpec):
            pair = base64.b64encode(f"{spec.user}:{spec.password}".encode()).decode()
            redact.register(spec.password, pair)
            self._header = ("Authorization", f"Basic {pair}")
        else:
            redact.register(spec.value, *spec.more.values())
            self._more = spec.more
            self._header = (spec.name, spec.value)
            if spec.place == "param":
                self._param = self._header

    def sign(self, request: Request) -> Request:
        for name, value in self._more.items():
            request = request.with_header(name, value)
        if self._param is not None:
            return replace(request, params=(*request.params, self._param))
        return request.with_header(*self._header)

    def refresh(self, refused: Request) -> bool:
        return False

    @property
    def facts(self) -> Mapping[str, str]:
        return {}
