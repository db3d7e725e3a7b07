"""HubSpot's words: JSON answers and its error bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn
from uuid import uuid4

import msgspec
from starlette.responses import Response

from backhaul.sandbox.vendor import Refused

JSON = "application/json;charset=utf-8"
encode = msgspec.json.encode


def reply(content: object, status: int = 200) -> Response:
    return Response(encode(content), status, media_type=JSON)


def raw(content: bytes, status: int = 200) -> Response:
    """An answer that is JSON already."""
    return Response(content, status, media_type=JSON)


def error(
    status: int,
    message: str,
    category: str | None = None,
    *,
    context: Mapping[str, Sequence[str]] | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    **more: object,
) -> Response:
    body: dict[str, Any] = {"status": "error", "message": message, "correlationId": str(uuid4())}
    if context:
        body["context"] = context
    if errors:
        body["errors"] = errors
    body.update(more)
    if category is not None:
        body["category"] = category
    return reply(body, status)


def refuse(
    message: str,
    *,
    status: int = 400,
    category: str | None = "VALIDATION_ERROR",
    context: Mapping[str, Sequence[str]] | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
) -> NoReturn:
    """Answer at once with an error; by default a 400 for input that is not valid."""
    raise Refused(error(status, message, category, context=context, errors=errors))


def stamp(moment: datetime) -> str:
    """HubSpot's spelling of a time: UTC, milliseconds, Z."""
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def missing_scopes(scopes: Sequence[str]) -> Response:
    link = "https://developers.hubspot.com/scopes"
    return error(
        403,
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {link}.",
        "MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
        links={"scopes": link},
    )


def wrong_token() -> Response:
    return error(
        401,
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        "INVALID_AUTHENTICATION",
    )


def expired_token() -> Response:
    return error(
        401,
        "The OAuth token used to make this call expired 13 minute(s) ago.",
        "EXPIRED_AUTHENTICATION",
    )


def not_found(id: str) -> Response:
    return error(404, "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND", context={"id": [id]})
