"""NetSuite's error answers: one shape for all, `o:errorDetails` with a code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from starlette.responses import Response

from backhaul.sandbox.vendor import Refused

_SECTIONS = {
    400: ("Bad Request", "15.5.1"),
    401: ("Unauthorized", "15.5.2"),
    403: ("Forbidden", "15.5.4"),
    404: ("Not Found", "15.5.5"),
    405: ("Method Not Allowed", "15.5.6"),
    415: ("Unsupported Media Type", "15.5.16"),
    429: ("Too Many Requests", "15.5"),
    500: ("Internal Server Error", "15.6.1"),
    503: ("Service Unavailable", "15.6.4"),
}
LOGIN_FAILED = (
    "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
    "Setup > Users/Roles > User Management > View Login Audit Trail."
)


class Problem(Exception):
    """One refusal, before anyone has decided whether it is an HTTP answer or a task's result."""

    def __init__(self, status: int, code: str, detail: str, where: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.where = where

    def body(self) -> dict[str, Any]:
        title, section = _SECTIONS[self.status]
        return {
            "type": f"https://www.rfc-editor.org/rfc/rfc9110.html#section-{section}",
            "title": title,
            "status": self.status,
            "o:errorDetails": [{"detail": self.detail, **self.where, "o:errorCode": self.code}],
        }

    def response(self, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
        body = msgspec.json.encode(self.body())
        media_type = "application/vnd.oracle.resource+json; type=error"
        return Response(body, self.status, dict(headers), media_type=media_type)

    def refused(self) -> Refused:
        return Refused(self.response())


def invalid_content(detail: str, path: str | None = None) -> Problem:
    """A body that does not fit the record; `path` is where, in JSON-path spelling."""
    return Problem(400, "INVALID_CONTENT", detail, {} if path is None else {"o:errorPath": path})


def invalid_parameter(detail: str, parameter: str | None = None) -> Problem:
    where = {} if parameter is None else {"o:errorQueryParam": parameter}
    return Problem(400, "INVALID_PARAMETER", detail, where)


def invalid_header(detail: str, header: str) -> Problem:
    return Problem(400, "INVALID_HEADER", detail, {"o:errorHeader": header})


def user_error(detail: str, path: str | None = None) -> Problem:
    text = f"Error while accessing a resource. {detail}"
    return Problem(400, "USER_ERROR", text, {} if path is None else {"o:errorPath": path})


def no_such_record() -> Problem:
    return Problem(
        404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID.",
    )  # fmt: skip


def not_permitted(record: str) -> Problem:
    detail = f"Permission Violation: You need a higher level of permission to access the record '{record}'."
    return Problem(403, "INSUFFICIENT_PERMISSION", detail)


def bad_query(reason: str) -> Problem:
    """Whatever is wrong with a SuiteQL text."""
    prefix = "Invalid search query. Detailed unprocessed description follows. Search error occurred: "
    return invalid_parameter(prefix + reason, "q")
