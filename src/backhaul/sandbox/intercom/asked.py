"""What a request asks: its parameters, and its JSON body, checked by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from starlette.requests import Request

from backhaul.sandbox.intercom.answers import invalid, refuse

# Versions of the API that there are; what came with which.
VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", *(f"2.{n}" for n in range(17)), "Preview")
DEFAULT, NEWEST = "2.11", "2.16"
"""The version of a request that names none is set in the app; this app was made long ago."""


def version(request: Request) -> str:
    """The version that the request asks for. Raises Refused for one that there is not."""
    asked = request.headers.get("intercom-version", DEFAULT)
    if asked not in VERSIONS:
        refuse(400, "intercom_version_invalid", f"The requested version {asked} does not exist")
    return asked


def new_only(request: Request) -> None:
    """Of an endpoint that older versions do not have."""
    if request.scope["intercom_version"] not in (NEWEST, "Preview"):
        refuse(400, "intercom_version_invalid", "Requested resource is not available in current API version.")


class Reader:
    """Reads parameters and bodies. strict: one that there is not is refused, not passed over."""

    def __init__(self, controls: Mapping[str, Any], *, strict: bool) -> None:
        self._controls = controls
        self._strict = strict

    def params(self, request: Request, *known: str) -> dict[str, str]:
        found = dict(request.query_params.multi_items())
        self._only(found, known)
        return found

    async def body(self, request: Request, *known: str) -> dict[str, Any]:
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        raw = await request.body()
        if kind != "application/json":
            refuse(415, "media_type_not_supported", "The Content-Type must be application/json")
        try:
            found = msgspec.json.decode(raw) if raw else {}
        except msgspec.DecodeError:
            refuse(400, "bad_request", "The request body is no JSON")
        if not isinstance(found, dict):
            refuse(400, "bad_request", "The request body must be an object")
        self._only(found, known)
        return found

    def _only(self, found: Iterable[str], known: Iterable[str]) -> None:
        for name in found:
            if name not in known and self._strict:
                refuse(400, "bad_request", f"bad '{name}' parameter")

    def per_page(self, found: Mapping[str, Any], usual: int, most: int) -> int:
        given = str(found.get("per_page", usual))
        if not given.isdigit() or int(given) < 1:
            invalid("Per Page is invalid")
        if int(given) > most:
            invalid("Per Page is too big")
        cap = self._controls["page_size_cap"]
        return int(given) if cap is None else min(int(given), int(cap))

    def page(self, found: Mapping[str, Any]) -> int:
        given = str(found.get("page", 1))
        if not given.isdigit() or int(given) < 1:
            invalid("Page is invalid")
        return int(given)
