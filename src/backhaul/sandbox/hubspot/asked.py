"""What a request asks for: query parameters and JSON bodies, refused in HubSpot's words when they are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request

from backhaul.sandbox.hubspot.answers import error, refuse
from backhaul.sandbox.hubspot.portal import Portal
from backhaul.sandbox.vendor import Refused

BATCH = 100


def parameters(portal: Portal, request: Request, *known: str) -> dict[str, str]:
    """The query's parameters; a repeated one is joined with commas."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known and portal.variants["unknown_parameters"] == "refused":
            refuse(f"Unknown query parameter: {name}", context={"parameter": [name]})
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def flag(found: Mapping[str, str], name: str) -> bool:
    value = found.get(name, "false").lower()
    if value not in ("true", "false"):
        refuse(f"Invalid boolean value '{value}' for parameter '{name}'")
    return value == "true"


def size(portal: Portal, given: object, default: int, highest: int) -> int:
    """A page's size within the vendor's bounds, and within what the control API allows."""
    try:
        wanted = default if given is None else int(str(given))
    except ValueError:
        refuse(f'Invalid input: limit "{given}" is not a number')
    if not 1 <= wanted <= highest:
        refuse(f"limit must be between 1 and {highest}, but was {wanted}", context={"limit": [str(wanted)]})
    cap = portal.controls["page_size_cap"]
    return wanted if cap is None else min(wanted, int(cap))


async def body(portal: Portal, request: Request, *known: str) -> dict[str, Any]:
    """The JSON object of a request."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(error(415, "HTTP 415 Unsupported Media Type"))
    try:
        found = msgspec.json.decode(await request.body())
    except msgspec.DecodeError as problem:
        refuse(f"Invalid input JSON on line 1, column 1: {problem}")
    if not isinstance(found, dict):
        refuse("Invalid input JSON on line 1, column 1: Cannot deserialize value: an object was expected")
    return checked(portal, found, *known)


def checked(portal: Portal, found: Mapping[str, Any], *known: str) -> dict[str, Any]:
    """The same object, refused when it has a field that the API does not know."""
    for name in found:
        if name not in known and portal.variants["unknown_parameters"] == "refused":
            refuse(f'Invalid input JSON on line 1, column 1: Unrecognized field "{name}"')
    return dict(found)


async def inputs(portal: Portal, request: Request, *known: str, most: int = BATCH) -> list[dict[str, Any]]:
    """The inputs of a batch request that has nothing beside them."""
    return listed(portal, await body(portal, request, "inputs"), *known, most=most)


def listed(portal: Portal, found: Mapping[str, Any], *known: str, most: int = BATCH) -> list[dict[str, Any]]:
    given = found.get("inputs")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        refuse("Invalid input JSON on line 1, column 1: Some required fields were not set: [inputs]")
    if not given:
        refuse("Invalid request: inputs must not be empty")
    if len(given) > most:
        refuse(f"Batch size of {len(given)} exceeds the limit of {most}", context={"limit": [str(most)]})
    return [checked(portal, one, *known) for one in given]


def identifier(given: object) -> str:
    """An id as text: HubSpot takes numbers too."""
    if isinstance(given, bool) or not isinstance(given, str | int):
        refuse("Invalid input JSON on line 1, column 1: Some required fields were not set: [id]")
    return str(given)
