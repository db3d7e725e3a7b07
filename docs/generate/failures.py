"""errors.md: what an answer may mean, what HTTP means without a rule, and the errors that a user meets."""

from __future__ import annotations

from collections.abc import Iterator

import backhaul.http.refusals
import backhaul.protocol.jobs
import backhaul.protocol.reads  # noqa: F401  their errors are told, too
from backhaul.config.source import OUTCOMES
from backhaul.errors import BackhaulError
from backhaul.http.request import Request
from backhaul.http.rules import Answer, judge
from docs.generate.markdown import code, first, table
from docs.generate.markdown import page as whole

_STATUSES = (301, 400, 401, 403, 404, 408, 409, 413, 414, 422, 425, 429, 500, 502, 503, 504)
_HTML = b"<!doctype html><title>Sign in</title>"


def page() -> str:
    return whole(
        "Errors",
        "Every error says what happened, to which customer, connection, object and record, and what to do next. "
        "`--json` "
        "gives the same as `error: {type, what, next, exit_code, ...}`.",
        "## Outcomes",
        "What an answer means is one of these. A definition's `on_error` decides, the first rule that holds; "
        "without one, "
        "the common rules.",
        table(("outcome", "what backhaul does"), [(code(name), what) for name, what in OUTCOMES.items()]),
        "## Common rules",
        table(("answer", "to a read", "to a write"), _common()),
        "`Retry-After` is obeyed wherever it stands. What may have been applied is never sent again blindly: a write "
        "without an answer is `unknown` until it has been read back, unless the definition says `repeatable`.",
        "## Error classes",
        "For `except` in Python, and for `type` in `--json`. An indented class is a kind of the one above it.",
        table(("class", "exit code", "what happened", "next"), _classes(BackhaulError, 0)),
    )


def _common() -> Iterator[tuple[str, str, str]]:
    told: dict[tuple[str, str], list[str]] = {}
    for status in _STATUSES:
        told.setdefault(_meanings(status, b"", {}), []).append(str(status))
    for (read, write), statuses in told.items():
        yield ", ".join(statuses), code(read), code(write)
    read, write = _meanings(400, _HTML, {"content-type": "text/html"})
    yield "a web page where an API should answer (400)", code(read), code(write)


def _meanings(status: int, body: bytes, headers: dict[str, str]) -> tuple[str, str]:
    """What `judge` makes of an answer without any rule: to a read, to a write."""
    asked = (
        Request(method="GET", url="https://example.com", role="all"),
        Request(method="POST", url="https://example.com", role="create", write=True),
    )
    found = [judge((), request, Answer(status, headers, body)) for request in asked]
    read, write = (verdict.outcome if verdict else "done" for verdict in found)
    return read, write


def _classes(above: type[BackhaulError], depth: int) -> Iterator[tuple[str, str, str, str]]:
    for each in sorted(
        above.__subclasses__(), key=lambda found: (found.__module__ != "backhaul.errors", found.__name__)
    ):
        indent = "&nbsp;&nbsp;" * depth
        yield f"{indent}{code(each.__name__)}", str(each.exit_code), first(each.__doc__), each.default_next
        yield from _classes(each, depth + 1)
