"""Slack's words: JSON answers that say `ok`, errors by name, and how it spells times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NoReturn

import msgspec
from starlette.responses import Response

from backhaul.sandbox.vendor import Refused

JSON = "application/json; charset=utf-8"


def reply(**data: Any) -> Response:
    return Response(msgspec.json.encode({"ok": True, **data}), media_type=JSON)


def error(name: str, *messages: str, status: int = 200, **more: Any) -> Response:
    """A failure, which comes with a 200 but for too many requests. messages: what is wrong with the arguments."""
    body = {"ok": False, "error": name, **more}
    if messages:
        body["response_metadata"] = {"messages": [f"[ERROR] {each}" for each in messages]}
    return Response(msgspec.json.encode(body), status, media_type=JSON)


def refuse(name: str, *messages: str, **more: Any) -> NoReturn:
    raise Refused(error(name, *messages, **more))


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def ts_of(moment: datetime) -> str:
    """A time as messages have it: seconds and six digits, a text that is also the message's name."""
    moment = moment.astimezone(UTC)
    return f"{int(moment.timestamp())}.{moment.microsecond:06d}"


def moment_of(ts: str) -> datetime:
    whole, _, part = ts.partition(".")
    return datetime.fromtimestamp(int(whole), UTC).replace(microsecond=int(part or 0))
