"""What a request asks: its parameters, its page, its body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.freshdesk.account import Account
from backhaul.sandbox.freshdesk.answers import error, invalid, refused, reply, unexpected
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served

USUAL, MOST = 30, 100
LAST_PAGE = 300


def parameters(account: Account, request: Request, *known: str) -> dict[str, str]:
    """The query's parameters; those that the endpoint does not have are refused."""
    found: dict[str, str] = {}
    wrong = []
    for name, value in request.query_params.multi_items():
        if name not in known:
            wrong.append(unexpected(name))
        found[name] = value
    if wrong and account.variants["unknown"] == "refused":
        invalid(*wrong)
    return found


def positive(found: dict[str, str], name: str, usual: int, most: int | None = None) -> int:
    text = found.get(name, str(usual))
    if not text.isdigit() or int(text) < 1 or (most is not None and int(text) > most):
        limit = "" if most is None else f" less than or equal to {most}"
        invalid(error(name, f"It should be a Positive Integer{limit}", "invalid_value"))
    return int(text)


def page(
    account: Account, request: Request, found: dict[str, str], rows: Sequence[Row], shown: Callable[[Row], Any]
) -> Response:
    """One page of a list, and in its header the link of the next."""
    number = positive(found, "page", 1)
    size = positive(found, "per_page", USUAL, MOST)
    if request.url.path.endswith("/tickets") and number > LAST_PAGE:
        words = "You cannot access tickets beyond the 300th page. Please provide a smaller page number."
        invalid(error("page", words, "invalid_value"))
    cap = account.controls["page_size_cap"]
    size = size if cap is None else min(size, int(cap))
    part = rows[(number - 1) * size : number * size]
    served(request, len(part))
    headers = {}
    if len(rows) > number * size:
        query = urlencode({**found, "page": str(number + 1)})
        headers["Link"] = f'<{account.url}{request.url.path}?{query}>; rel="next"'
    return reply([shown(row) for row in part], headers=headers)


async def body(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        refused(415, "invalid_content_type", "Content-Type header is set to an unsupported type")
    try:
        found = msgspec.json.decode(await request.body())
    except msgspec.DecodeError:
        refused(400, "invalid_json", "Request body has invalid json format")
    if not isinstance(found, dict):
        refused(400, "invalid_json", "Request body has invalid json format")
    return found
