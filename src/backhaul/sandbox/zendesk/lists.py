"""Lists, by cursor or by offset: `page[size]` and `page[after]`, or `page` and `per_page`, never both."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served
from backhaul.sandbox.zendesk import asked
from backhaul.sandbox.zendesk.account import Account
from backhaul.sandbox.zendesk.answers import refuse, reply

CURSOR = ("page[size]", "page[after]", "page[before]")
OFFSET = ("page", "per_page")
PAGES = 100
"""Pages that an offset reaches."""
Shown = Callable[[Row], dict[str, Any]]


def page_of(account: Account, request: Request, name: str, rows: Sequence[Row], shown: Shown, *known: str) -> Response:
    """One page of the rows under the list's name. The rows stand in the order of their ids."""
    found = asked.parameters(account.variants, request, *CURSOR, *OFFSET, *known)
    by_cursor = [each for each in CURSOR if each in found]
    if by_cursor and any(each in found for each in OFFSET):
        refuse(400, "InvalidPaginationParameter", "Cursor and offset pagination cannot be used together")
    cap = account.controls["page_size_cap"]
    if by_cursor:
        size = asked.whole(found, "page[size]", asked.MOST, asked.MOST)
        return _by_cursor(account, request, name, rows, shown, found, min(size, cap or size))
    size = asked.whole(found, "per_page", asked.MOST, asked.MOST)
    return _by_offset(account, request, name, rows, shown, found, min(size, cap or size))


def _by_cursor(
    account: Account, request: Request, name: str, rows: Sequence[Row], shown: Shown, found: dict[str, str], size: int
) -> Response:
    if "page[before]" in found:
        refuse(400, "InvalidPaginationParameter", "page[before] is not served by this simulator")
    after = _place(found["page[after]"]) if "page[after]" in found else -1
    rest = [row for row in rows if row.n > after]
    page = rest[:size]
    more = len(rest) > size
    cursor = _cursor(page[-1].n) if page else None
    link = None
    if more and cursor is not None:
        kept = [pair for pair in request.query_params.multi_items() if pair[0] not in ("page[after]", "page[size]")]
        link = _address(account, request, [("page[after]", cursor), ("page[size]", str(size)), *kept])
    served(request, len(page))
    return reply(
        {
            name: [shown(row) for row in page],
            "meta": {"has_more": more, "after_cursor": cursor, "before_cursor": _cursor(page[0].n) if page else None},
            "links": {"next": link, "prev": None},
        }
    )


def _by_offset(
    account: Account, request: Request, name: str, rows: Sequence[Row], shown: Shown, found: dict[str, str], size: int
) -> Response:
    number = asked.whole(found, "page", 1, 10**9)
    if number > PAGES:
        refuse(400, "InvalidPaginationDepth", f"Offset pagination reaches {PAGES} pages; use cursor pagination")
    page = rows[(number - 1) * size : number * size]
    more = len(rows) > number * size
    link = _address(account, request, [("page", str(number + 1)), ("per_page", str(size))]) if more else None
    served(request, len(page))
    return reply({name: [shown(row) for row in page], "count": len(rows), "next_page": link, "previous_page": None})


def _address(account: Account, request: Request, query: list[tuple[str, str]]) -> str:
    return f"{account.url}{request.url.path}?{urlencode(query)}"


def _cursor(n: int) -> str:
    return base64.urlsafe_b64encode(f'{{"o":"id","v":"{n}"}}'.encode()).decode()


def _place(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        return int(text.split('"v":"')[1].split('"')[0])
    except (ValueError, IndexError, binascii.Error, UnicodeDecodeError):
        refuse(400, "InvalidPaginationParameter", f"page[after] {cursor!r} is not valid")
