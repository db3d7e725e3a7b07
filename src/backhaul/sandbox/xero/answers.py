"""Xero's answers: dates as milliseconds in a word, an envelope around every list, and its three shapes of an error.

What the Accounting API refuses has a number, a type and a message, with the elements at fault; what stands before it
(tokens, scopes, tenants) says so as a problem document; the sign-in speaks OAuth. Words as recorded answers have them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

import msgspec
from starlette.responses import Response

from backhaul.sandbox.vendor import Refused

NOBODY = "00000000-0000-0000-0000-000000000000"
"""The id of what was not made."""
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Invalid(Exception):
    """What is wrong with one element of a write, in the vendor's words."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


def moment(at: datetime) -> str:
    return f"/Date({int(at.timestamp() * 1000)}+0000)/"


def day(text: str) -> str:
    """A calendar day, `2025-08-14`, as midnight in UTC."""
    return moment(datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC))


def encoded(content: object) -> bytes:
    return _ENCODER.encode(content)


def reply(content: object, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    return Response(encoded(content), status, dict(headers), media_type="application/json; charset=utf-8")


def envelope(name: str, records: Sequence[Any], now: datetime, **more: Any) -> dict[str, Any]:
    """A good answer: the records under their endpoint's name."""
    return {
        "Id": "900c500b-e83c-4ce2-902a-b8ba04751748",
        "Status": "OK",
        "ProviderName": "backhaul",
        "DateTimeUTC": f"/Date({int(now.timestamp() * 1000)})/",
        **more,
        name: list(records),
    }


def exception(number: int, type: str, message: str, elements: Sequence[Any] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"ErrorNumber": number, "Type": type, "Message": message}
    return body if elements is None else {**body, "Elements": list(elements)}


def validation(elements: Sequence[Any]) -> Response:
    return reply(exception(10, "ValidationException", "A validation exception occurred", elements), 400)


def bad_body(what: str) -> Refused:
    said = f"JSON for post data was invalid,{what}"
    return Refused(reply(exception(17, "PostDataInvalidException", said), 400))


def bad_query(what: str) -> Refused:
    return Refused(reply(exception(16, "QueryParseException", what), 400))


def not_found() -> Refused:
    return Refused(Response("The resource you're looking for cannot be found", 404, media_type="text/html"))


def problem(status: int, title: str, detail: str, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    body: dict[str, Any] = {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": "5d0b2b2a-6c5c-4f0e-8f3c-6c8c3a6d2f11",
        "Extensions": {},
    }
    return Response(encoded(body), status, dict(headers), media_type="application/problem+json")
