"""What passes between the dispatcher and the handlers: a call, its answer, and the vendor's refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

JSON = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Call:
    """One request under `/services/data/vNN.0`, or one part of a batch. `path` comes without that prefix."""

    method: str
    path: str
    version: int
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError as error:
            raise Refusal(400, "JSON_PARSER_ERROR", f"{error} at [line:1, column:1]") from error

    def object_body(self) -> dict[str, Any]:
        body = self.json()
        if not isinstance(body, dict):
            raise Refusal(400, "JSON_PARSER_ERROR", f"The HTTP entity body must be an object, not {kind_of(body)}")
        return body


@dataclass(slots=True)
class Answer:
    """`rows` is how many records it holds, for the received log."""

    status: int = 200
    content: bytes = b""
    media_type: str | None = JSON
    headers: dict[str, str] = field(default_factory=dict)
    rows: int | None = None


def reply(content: object, status: int = 200, *, rows: int | None = None) -> Answer:
    return Answer(status, msgspec.json.encode(content), rows=rows)


def nothing() -> Answer:
    return Answer(204, media_type=None)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one record."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


class Refusal(Exception):
    """Answers the whole call with the vendor's array of errors."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problems = [Problem(code, message, tuple(fields or ()))]
        self._with_fields = fields is not None

    @classmethod
    def of(cls, problems: Sequence[Problem], status: int = 400) -> Refusal:
        refusal = cls(status, problems[0].code, problems[0].message, problems[0].fields)
        refusal.problems = list(problems)
        return refusal

    def content(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for problem in self.problems:
            entry: dict[str, Any] = {"message": problem.message, "errorCode": problem.code}
            if self._with_fields:
                entry["fields"] = list(problem.fields)
            found.append(entry)
        return found

    def answer(self) -> Answer:
        return reply(self.content(), self.status)


class BadRecord(Exception):
    """One record cannot be written; the others of its call may."""

    def __init__(self, code: str, message: str, *fields: str) -> None:
        super().__init__(message)
        self.problems = [Problem(code, message, fields)]

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> BadRecord:
        bad = cls(problems[0].code, problems[0].message, *problems[0].fields)
        bad.problems = list(problems)
        return bad


def kind_of(value: object) -> str:
    """A JSON value's kind, as the vendor's parser names it."""
    match value:
        case None:
            return "VALUE_NULL"
        case bool():
            return "VALUE_TRUE" if value else "VALUE_FALSE"
        case int():
            return "VALUE_NUMBER_INT"
        case float():
            return "VALUE_NUMBER_FLOAT"
        case str():
            return "VALUE_STRING"
        case list():
            return "START_ARRAY"
        case _:
            return "START_OBJECT"
