"""Zendesk's words: JSON answers, its error bodies, and how it spells times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import msgspec
from starlette.responses import PlainTextResponse, Response

from backhaul.sandbox.vendor import Refused

JSON = "application/json; charset=utf-8"
Details = Mapping[str, Sequence[str]]
"""Field -> what is wrong with it."""


def reply(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, dict(headers or {}), media_type=JSON)


def error(status: int, code: str, description: str | None = None, details: Mapping[str, Any] | None = None) -> Response:
    body: dict[str, Any] = {"error": code}
    if description is not None:
        body["description"] = description
    if details is not None:
        body["details"] = details
    return reply(body, status)


def refuse(status: int, code: str, description: str | None = None) -> NoReturn:
    raise Refused(error(status, code, description))


def forbidden(message: str) -> Response:
    """A 403 holds an object where other errors hold a text."""
    return reply({"error": {"title": "Forbidden", "message": message}}, 403)


def not_found() -> Response:
    return error(404, "RecordNotFound", "Not found")


def no_endpoint() -> Response:
    return error(404, "InvalidEndpoint", "Not found")


class Invalid(Exception):
    """A record that Zendesk does not take. Answered as a 422, or as the row's own failure in a job."""

    def __init__(self, details: Details) -> None:
        super().__init__("; ".join(each for found in details.values() for each in found))
        self.details = details

    def answer(self) -> Response:
        shown = {
            name: [{"description": each, "error": "BlankValue" if "cannot be blank" in each else "InvalidValue"}
                   for each in found]
            for name, found in self.details.items()
        }  # fmt: skip
        return error(422, "RecordInvalid", "Record validation errors", shown)


def wrong_credentials() -> Response:
    return error(401, "Couldn't authenticate you")


def invalid_token() -> Response:
    return reply(
        {
            "error": "invalid_token",
            "error_description": "The access token provided is expired, revoked, malformed or invalid for other "
            "reasons.",
        },
        401,
    )


def too_many(kind: str, seconds: int, *, text: bool) -> Response:
    """The 429 of the account, or of an endpoint; in plain text or as JSON."""
    headers = {"Retry-After": str(seconds)}
    words = "Number of allowed API requests per minute exceeded"
    if text:
        return PlainTextResponse(words, 429, headers)
    return reply({"error": "APIRateLimitExceeded", "description": f"{words}: {kind}"}, 429, headers)


def too_many_jobs() -> Response:
    words = "Too many jobs are currently queued or running. Please try again later."
    return reply({"error": "TooManyJobs", "description": words}, 429, {"Retry-After": "5"})


def conflict() -> Response:
    return error(
        409,
        "UpdateConflict",
        "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try "
        "again.",
    )


def stamp(moment: datetime) -> str:
    """A time as Zendesk shows it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: object) -> datetime | None:
    """The time that a text tells; None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
