"""What a request asks for: parameters and JSON bodies, refused in Zendesk's words when they are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request

from backhaul.sandbox.vendor import Refused
from backhaul.sandbox.zendesk.answers import error, refuse

MOST = 100
"""Records of a `*_many` request, and of a page of a list."""


def parameters(variants: Mapping[str, str], request: Request, *known: str) -> dict[str, str]:
    """The query's parameters. Zendesk ignores those it does not know; refusing them finds our slips."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known and variants["unknown_parameters"] == "refused":
            refuse(400, "InvalidParameter", f"Unknown parameter: {name}")
        found[name] = value
    return found


def whole(found: Mapping[str, str], name: str, default: int, highest: int) -> int:
    """A number from 1 to `highest`."""
    text = found.get(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= highest:
        refuse(400, "InvalidValue", f"{name} must be a number between 1 and {highest}, not {text}")
    return int(text)


def ids(found: Mapping[str, str], name: str = "ids") -> list[str]:
    """The ids of a parameter that lists them."""
    listed = [part.strip() for part in found.get(name, "").split(",") if part.strip()]
    if not listed:
        refuse(400, "ParameterMissing", f"Parameter {name} is required")
    if len(listed) > MOST:
        refuse(400, "TooManyValues", f"You supplied {len(listed)} values for {name}; at most {MOST} are accepted")
    return listed


async def body(request: Request) -> dict[str, Any]:
    """The JSON object of a request."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(error(415, "UnsupportedMediaType", "Content-Type must be application/json"))
    try:
        found = msgspec.json.decode(await request.body())
    except msgspec.DecodeError:
        refuse(400, "InvalidJSON", "Invalid JSON")
    if not isinstance(found, dict):
        refuse(400, "InvalidJSON", "The body must be an object")
    return found


async def wrapped(request: Request, name: str) -> dict[str, Any]:
    """The record that stands in the body under its singular name."""
    found = (await body(request)).get(name)
    if not isinstance(found, dict):
        refuse(400, "ParameterMissing", f"Parameter {name} is required")
    return dict(found)


async def listed(request: Request, name: str) -> list[dict[str, Any]]:
    """The records that stand in the body under their plural name."""
    return records((await body(request)).get(name), name)


def records(found: object, name: str) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        refuse(400, "ParameterMissing", f"Parameter {name} must be a list of objects")
    if len(found) > MOST:
        refuse(400, "TooManyValues", f"You supplied {len(found)} {name}; at most {MOST} are accepted")
    return [dict(one) for one in found]
