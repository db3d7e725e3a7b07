"""QuickBooks' answers: numbers as JSON numbers, times in the company's zone, and its two shapes of an error.

What the API itself refuses is a `Fault`; what the gateway before it refuses (tokens, limits) is a `fault` in small
letters, with the HTTP status within its message.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.responses import Response

from backhaul.sandbox.vendor import Refused

ZONE = ZoneInfo("America/Los_Angeles")
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_HEADERS = {"intuit_tid": "1-6716b3a1-2f7c3f0c5d2b4d7f1a9c0e11"}


class Problem(Exception):
    """One refusal, of a whole request or of one item of a batch."""

    def __init__(
        self, code: str, message: str, detail: str, element: str = "", *, type: str = "ValidationFault"
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.fault = {
            "Error": [{"Message": message, "Detail": detail, "code": code, "element": element}],
            "type": type,
        }

    def refused(self, now: datetime, status: int = 400) -> Refused:
        return Refused(reply({"Fault": self.fault, "time": stamp(now)}, status))


def reply(content: object, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    body = _ENCODER.encode(content)
    return Response(body, status, {**_HEADERS, **headers}, media_type="application/json;charset=UTF-8")


def encoded(content: object) -> bytes:
    return _ENCODER.encode(content)


def stamp(at: datetime) -> str:
    """The time of an answer: `2026-01-31T12:35:57.651-07:00`."""
    return at.astimezone(ZONE).isoformat(timespec="milliseconds")


def seconds(at: datetime) -> str:
    """The time of a record: `2026-01-31T12:35:57-08:00`."""
    return at.astimezone(ZONE).isoformat(timespec="seconds")


def gateway(status: int, name: str, code: str, detail: str, type: str, now: datetime) -> Any:
    """The body of a refusal before the API."""
    error = {
        "message": f"message={name}; errorCode={code}; statusCode={status}",
        "detail": detail,
        "code": code.lstrip("0"),
        "element": None,
    }
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": type},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(now.timestamp() * 1000),
        "status": None,
        "cdcresponse": [],
    }


# What the API refuses. Codes and words as the vendor's error list and recorded answers have them.


def parse_error(detail: str) -> Problem:
    return Problem("4000", "Error parsing query", f"QueryParserError: {detail}")


def invalid_query(detail: str) -> Problem:
    return Problem("4001", "Invalid query", f"QueryValidationError: {detail}")


def missing(name: str) -> Problem:
    message = "Required param missing, need to supply the required value for the API"
    return Problem("2020", message, f"Required parameter {name} is missing in the request", name)


def unsupported_property(name: str) -> Problem:
    message = "Request has invalid or unsupported property"
    return Problem("2010", message, f"Property Name:{name} specified is unsupported or invalid", name)


def wrong_value(name: str, kind: str, value: Any) -> Problem:
    return Problem("2090", f"Invalid {kind}", f"Invalid {kind} : {value}", name)


def too_long(name: str, length: int) -> Problem:
    message = "String length is either shorter or longer than supported by specification"
    return Problem(
        "2050", message, f"String length specified does not match the supported length. Supplied length:{length}", name
    )


def invalid_enumeration(name: str, value: Any) -> Problem:
    return Problem("2170", "Invalid Enumeration", f"Invalid Enumeration : {value}", name)


def invalid_reference(name: str, id: str) -> Problem:
    detail = f"Invalid Reference Id : {name} element id {id} not found"
    return Problem("2500", "Invalid Reference Id", detail, name)


def not_found() -> Problem:
    detail = (
        "Object Not Found : Something you're trying to use has been made inactive. Check the fields with "
        "accounts, customers, items, vendors or employees."
    )
    return Problem("610", "Object Not Found", detail)


def stale() -> Problem:
    detail = (
        "Stale Object Error : You and Ada Lovelace were working on this at the same time. Ada Lovelace finished "
        "before you did, so your work was not saved."
    )
    return Problem("5010", "Stale Object Error", detail)


def duplicate_name(entity: str) -> Problem:
    detail = (
        f"The name supplied already exists. : Another {entity.lower()} is already using this name. Please use a "
        "different name."
    )
    return Problem("6240", "Duplicate Name Exists Error", detail)


def duplicate_number(number: str) -> Problem:
    detail = (
        "Duplicate Document Number Error : You must specify a different number. This number has already been used. "
        f"DocNumber={number}"
    )
    return Problem("6140", "Duplicate Document Number Error", detail)


def business(detail: str, element: str = "") -> Problem:
    message = "A business validation error has occurred while processing your request"
    return Problem("6000", message, f"Business Validation Error: {detail}", element)


def unsupported(detail: str) -> Problem:
    return Problem("500", "Unsupported Operation", f"Operation {detail} is not supported.")


def malformed(detail: str) -> Problem:
    return Problem("400", "MalformedRequest", detail)
