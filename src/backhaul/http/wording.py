"""Answers in words: what is wrong with one, what the vendor says in it; short, and without secrets."""

from __future__ import annotations

from urllib.parse import urlsplit

from backhaul.http.refusals import ErrorFacts
from backhaul.http.request import Request
from backhaul.http.rules import Answer, is_well_formed, is_whole_xml
from backhaul.telemetry import redact


def garbled(request: Request, answer: Answer) -> str:
    """What is wrong with the body of an answer that says it is good; empty where nothing is."""
    if answer.status >= 300 or not answer.body or request.expects == "any":
        return ""
    whole = _WHOLE.get(request.expects)
    if whole is not None and whole(answer.body):
        return ""
    if answer.is_html:
        return f"it answered a web page instead of {request.expects}"
    return f"the answer is not whole {request.expects.upper()}" if whole is not None else ""


_WHOLE = {"json": is_well_formed, "xml": is_whole_xml}


def clean(facts: ErrorFacts) -> ErrorFacts:
    """The same without secrets, and short: vendors echo what they were sent."""
    code, message, field, request_id = (
        redact.text(text)[:500] for text in (facts.code, facts.message, facts.field, facts.request_id)
    )
    return ErrorFacts(code, message, field, request_id)


def said_by(answer: Answer, facts: ErrorFacts) -> str:
    """The vendor's words, short: `403 MISSING_SCOPES: This app has not been granted ... (request 17-ab)`."""
    if answer.is_html:
        return f"{answer.status}, a web page instead of an answer"
    said = str(answer.status)
    if facts.code and facts.code != said:
        said += f" {facts.code}"
    if facts.message and facts.message != facts.code:
        said += f": {facts.message}"
    if facts.field:
        said += f" (field {facts.field})"
    return f"{said} (request {facts.request_id})" if facts.request_id else said


def short(request: Request) -> str:
    """The request without its host and query, where record values and secrets may stand."""
    return f"{request.method} {redact.text(urlsplit(request.url).path) or '/'}"


def spell(seconds: float) -> str:
    """`45 s`, `15 min`, `5.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
