"""An answer is good, or one of a closed list of outcomes: the definition's rules first, then what HTTP means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

import msgspec

from backhaul.http.refusals import ErrorFacts, Outcome
from backhaul.http.request import Request

Condition = Callable[[int, Mapping[str, str], Any], bool]
"""Given status, headers (names in lower case) and the parsed body (None where it is none)."""

ReadError = Callable[[int, Mapping[str, str], Any], ErrorFacts]

NOT_MODIFIED = 304
"""Good, and empty: nothing changed since the time that the request told (RFC 9110, 13.1.3)."""

Parse = Callable[[bytes, Mapping[str, str]], Any]


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """One entry of `on_error`. Looked at in failures (status 400 and up) unless `on_success` is set."""

    when: Condition
    then: Outcome
    wait: float | None = None
    """Seconds at least; doubled at each try. Retry-After wins."""
    only: frozenset[str] = frozenset()
    """Roles; empty: all."""
    on_success: bool = False
    """Looked at in good answers too, each parsed for the rule alone: for vendors that fail with a 200."""
    limit: str = ""
    """The name of the limit that a `wait` is about; empty: every rate limit that the request fell under."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means. `rule` is None where HTTP's own meaning decided."""

    outcome: Outcome
    rule: ErrorRule | None = None


def parse_json(body: bytes, headers: Mapping[str, str]) -> Any:
    """JSON as plain values, anything else as text, nothing as None."""
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body[:20_000].decode("utf-8", "replace")


class Answer:
    """A status, headers and body; the body is parsed when first asked for."""

    __slots__ = ("_parse", "_parsed", "body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, parse: Parse = parse_json) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self._parse = parse
        self._parsed: tuple[Any] | None = None

    @property
    def parsed(self) -> Any:
        if self._parsed is None:
            self._parsed = (self._parse(self.body, self.headers),)
        return self._parsed[0]

    @property
    def is_html(self) -> bool:
        """A web page: what proxies, login walls and maintenance notices answer instead of an API."""
        if "text/html" in self.headers.get("content-type", ""):
            return True
        start = self.body[:200].lstrip().lower()
        return start.startswith((b"<!doctype html", b"<html"))


def judge(rules: Sequence[ErrorRule], request: Request, answer: Answer) -> Verdict | None:
    """The first rule that fits, else HTTP's meaning. None: a good answer."""
    good = answer.status < 300 or answer.status == NOT_MODIFIED
    for rule in rules:
        if good and not rule.on_success:
            continue
        if rule.only and request.role not in rule.only:
            continue
        if rule.when(answer.status, answer.headers, answer.parsed):
            return Verdict(rule.then, rule)
    return None if good else Verdict(_by_status(answer, request))


def _by_status(answer: Answer, request: Request) -> Outcome:
    status = answer.status
    if status == 429:
        return "wait"
    if status in (408, 425) or status >= 500:
        return "retry"
    if answer.is_html and request.expects != "any" and status not in (401, 403, 404):
        return "retry"
    if status == 401:
        return "refresh"
    if status in (413, 414):
        return "split"
    if status < 400:
        return "fail"
    return "reject" if request.write else "fail"


def is_well_formed(body: bytes) -> bool:
    """Whether the body is one whole JSON value. Skims without building anything: about 2 GB/s."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True


def is_whole_xml(body: bytes) -> bool:
    """Whether the body is one whole XML document, without entities of its own. Skims without building anything."""
    skim = expat.ParserCreate()
    skim.EntityDeclHandler = _no_entities
    try:
        skim.Parse(body, True)
    except (expat.ExpatError, ValueError):
        return False
    return True


def _no_entities(*declared: object) -> None:
    raise ValueError("a document that declares entities may grow without end")


def facts_of(answer: Answer, read: ReadError | None) -> ErrorFacts:
    """What the vendor says, by the definition's paths; else by the spellings that most APIs share."""
    if read is not None:
        facts = read(answer.status, answer.headers, answer.parsed)
        if facts.code or facts.message:
            return facts
    body = answer.parsed
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, Mapping):
        inner = body.get("error")
        if isinstance(inner, Mapping):
            body = inner
        return ErrorFacts(
            code=_first(body, "code", "errorCode", "error", "category", "type"),
            message=_first(body, "message", "error_description", "detail", "title", "error"),
            request_id=_first(body, "correlationId", "requestId", "request_id"),
        )
    if isinstance(body, str) and not answer.is_html:
        return ErrorFacts(message=" ".join(body.split())[:300])
    return ErrorFacts()


def _first(body: Mapping[str, Any], *names: str) -> str:
    for name in names:
        found = body.get(name)
        if isinstance(found, str | int) and found != "":
            return str(found)
    return ""
