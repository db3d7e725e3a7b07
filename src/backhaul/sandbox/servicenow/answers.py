"""ServiceNow's words: JSON answers, its error bodies, and how it spells moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import msgspec
from starlette.responses import Response

from backhaul.sandbox.vendor import Refused

JSON = "application/json;charset=UTF-8"
CANCELLED = "Transaction cancelled: maximum execution time exceeded"


@dataclass(frozen=True, slots=True)
class Told:
    """An answer before it is bytes: a request of a batch has one, too. rows: records in it."""

    status: int
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0

    @property
    def body(self) -> bytes:
        return b"" if self.content is None else msgspec.json.encode(self.content)

    def response(self) -> Response:
        return Response(self.body, self.status, dict(self.headers), JSON if self.content is not None else None)


class Unfit(Exception):
    """What a request is refused with, where it may be one of a batch."""

    def __init__(self, told: Told) -> None:
        super().__init__(told.status)
        self.told = told


def failure(status: int, message: str, detail: str | None, headers: Mapping[str, str] | None = None) -> Told:
    return Told(status, {"error": {"message": message, "detail": detail}, "status": "failure"}, headers or {})


def unfit(status: int, message: str, detail: str | None = None) -> NoReturn:
    raise Unfit(failure(status, message, detail))


def refuse(told: Told) -> NoReturn:
    raise Refused(told.response())


def no_record() -> NoReturn:
    unfit(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")


def stamp(moment: datetime) -> str:
    """Whole seconds in UTC, without a zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def moment_of(text: str) -> datetime | None:
    """The moment of such a text; None where it is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
