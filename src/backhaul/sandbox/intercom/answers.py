"""Intercom's words: JSON answers, its lists of errors, and whole seconds for times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NoReturn
from uuid import uuid4

import msgspec
from starlette.responses import Response

from backhaul.sandbox.vendor import Refused

JSON = "application/json; charset=utf-8"


def reply(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type=JSON)


def error(status: int, code: str, message: str, field: str | None = None) -> Response:
    told = {"code": code, "message": message} | ({"field": field} if field is not None else {})
    return reply({"type": "error.list", "request_id": str(uuid4()), "errors": [told]}, status)


def refuse(status: int, code: str, message: str, field: str | None = None) -> NoReturn:
    raise Refused(error(status, code, message, field))


def invalid(message: str, field: str | None = None) -> NoReturn:
    """A parameter or a value that does not fit."""
    refuse(400, "parameter_invalid", message, field)


def unauthorized() -> Response:
    return error(401, "unauthorized", "Access Token Invalid")


def not_found(message: str = "Resource Not Found", code: str = "not_found") -> NoReturn:
    refuse(404, code, message)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def moment_of(value: object) -> datetime:
    """A time from whole seconds, as a number or in digits. Raises ValueError for anything else."""
    if isinstance(value, bool) or not str(value).isdigit():
        raise ValueError(f"{value} is no Unix timestamp")
    return datetime.fromtimestamp(int(str(value)), UTC)
