"""Pipedrive's words: JSON answers, its error bodies, and how its two versions spell times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NoReturn

import msgspec
from starlette.responses import Response

from backhaul.sandbox.vendor import Refused

JSON = "application/json; charset=utf-8"
INFO = "Please check developers.pipedrive.com for more information about Pipedrive API."


def reply(data: object, status: int = 200, **beside: Any) -> Response:
    return Response(msgspec.json.encode({"success": True, "data": data, **beside}), status, media_type=JSON)


def error(status: int, message: str, **more: Any) -> Response:
    body = {"success": False, "error": message, "error_info": INFO, "data": None, "additional_data": None, **more}
    return Response(msgspec.json.encode(body), status, media_type=JSON)


def refuse(status: int, message: str, **more: Any) -> NoReturn:
    raise Refused(error(status, message, **more))


def invalid(message: str) -> NoReturn:
    """What version 2 says of a parameter or a value that does not fit."""
    refuse(400, f"Validation failed: {message}", code="ERR_SCHEMA_VALIDATION_FAILED")


def unauthorized() -> Response:
    return error(401, "unauthorized access", errorCode=401)


def no_scope() -> Response:
    return error(403, "Scope and URL mismatch", errorCode=403)


def not_found(what: str) -> Response:
    return error(404, f"{what} not found", code="ERR_NOT_FOUND")


def over_limit() -> Response:
    return error(429, "request over limit", errorCode=429)


def stamp(moment: datetime) -> str:
    """Version 2: RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain_stamp(moment: datetime) -> str:
    """Version 1: UTC without saying so."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def moment_of(text: object) -> datetime | None:
    """The time of an RFC 3339 text; None where it is none, or has no zone."""
    if not isinstance(text, str) or "T" not in text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
