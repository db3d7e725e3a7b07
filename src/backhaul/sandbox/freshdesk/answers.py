"""Freshdesk's words: bare JSON, its error bodies, and how it spells times."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import msgspec
from starlette.responses import Response

from backhaul.sandbox.vendor import Refused

JSON = "application/json; charset=utf-8"


def reply(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(data), status, dict(headers or {}), media_type=JSON)


def nothing(status: int = 204) -> Response:
    return Response(b"", status)


def error(field: str, message: str, code: str, **more: Any) -> dict[str, Any]:
    return {"field": field, "message": message, "code": code, **more}


def invalid(*errors: Mapping[str, Any], status: int = 400) -> NoReturn:
    """What Freshdesk says of fields and parameters that do not fit."""
    raise Refused(reply({"description": "Validation failed", "errors": list(errors)}, status))


def unexpected(field: str) -> dict[str, Any]:
    return error(field, "Unexpected/invalid field in request", "invalid_field")


def one_of(field: str, values: Sequence[object]) -> dict[str, Any]:
    said = ",".join(str(each) for each in values)
    return error(field, f"It should be one of these values: '{said}'", "invalid_value")


def duplicate(field: str, **more: Any) -> NoReturn:
    invalid(error(field, "It should be a unique value", "duplicate_value", **more), status=409)


def refused(status: int, code: str, message: str) -> NoReturn:
    raise Refused(reply({"code": code, "message": message}, status))


def unauthorized() -> Response:
    return reply(
        {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."}, status=401
    )


def forbidden() -> Response:
    return reply({"code": "access_denied", "message": "You are not authorized to perform this action."}, status=403)


def not_found() -> Response:
    """Of a record that is not there: an empty body."""
    return Response(b"", 404)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def millis(moment: datetime) -> int:
    """Of custom objects: milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def moment_of(text: object) -> datetime | None:
    """The time of an ISO 8601 text; None where it is none, or has no zone."""
    if not isinstance(text, str) or "T" not in text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def markup(text: str) -> str:
    """What is kept of a text: plain words get a frame, markup stays as it was sent."""
    return text if text.startswith("<") else f"<div>{text}</div>"


def plain(text: str) -> str:
    return re.sub(r"<[^>]*>", "", text)


def second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
