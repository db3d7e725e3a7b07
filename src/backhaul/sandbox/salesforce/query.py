"""REST queries: the first page, and the pages behind a locator."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backhaul.sandbox.salesforce.calls import Answer, Call, Refusal, reply
from backhaul.sandbox.salesforce.encode import Projections
from backhaul.sandbox.salesforce.ids import make_id
from backhaul.sandbox.salesforce.org import Org
from backhaul.sandbox.salesforce.select import Plan, bind
from backhaul.sandbox.salesforce.soql import parse
from backhaul.sandbox.tables import Row

PAGE, SMALLEST = 2000, 200
# Rows wider than this come in smaller pages under the variant that says so.
WIDE = 25
_LOCATOR = re.compile(r"(01g\w{15})-(\d+)\Z")
_LIVES = {"2d": timedelta(days=2), "15m": timedelta(minutes=15)}


@dataclass(slots=True)
class _Cursor:
    """The rows of one query are fixed when it runs; their values are read page by page."""

    encode: Callable[[Row], bytes]
    rows: list[Row]
    page: int
    version: int
    opened: datetime


class Queries:
    """Open locators, the oldest of which go when there are too many."""

    def __init__(self, org: Org, projections: Projections) -> None:
        self._org = org
        self._projections = projections
        self._cursors: dict[str, _Cursor] = {}
        self._opened = 0

    def run(self, call: Call, *, everything: bool) -> Answer:
        text = call.params.get("q")
        if not text:
            raise Refusal(400, "MALFORMED_QUERY", "A query string has to be specified")
        plan = bind(parse(text), self._org)
        rows = plan.rows(self._org, everything=everything)
        if plan.count == "()":
            return reply({"totalSize": len(rows), "done": True, "records": []}, rows=0)
        if plan.counted is not None:
            get = plan.counted
            counted = sum(1 for row in rows if get(row.values) is not None)
            record = {"attributes": {"type": "AggregateResult"}, "expr0": counted}
            return reply({"totalSize": 1, "done": True, "records": [record]}, rows=1)
        self._opened += 1
        cursor = _Cursor(
            self._projections.json(plan.object.name, plan.columns, call.version),
            rows,
            self._page_size(call, plan),
            call.version,
            self._org.clock.now(),
        )
        id = make_id("01g", self._opened)
        if len(rows) > cursor.page:
            self._cursors[id] = cursor
            while len(self._cursors) > int(self._org.controls["max_locators"]):
                del self._cursors[next(iter(self._cursors))]
        return self._page(id, cursor, 0)

    def more(self, call: Call, locator: str) -> Answer:
        match = _LOCATOR.match(locator)
        cursor = self._cursors.get(match[1]) if match else None
        life = _LIVES[self._org.variants["locator_lifetime"]]
        if match is None or cursor is None or self._org.clock.now() - cursor.opened > life:
            raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        offset = int(match[2])
        if offset >= len(cursor.rows):
            raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(match[1], cursor, offset)

    def _page_size(self, call: Call, plan: Plan) -> int:
        match = re.search(r"batchSize\s*=\s*(\d+)", call.headers.get("sforce-query-options", ""), re.I)
        size = min(PAGE, max(SMALLEST, int(match[1]))) if match else PAGE
        if self._org.variants["wide_rows"] == "small_pages" and len(plan.columns) > WIDE:
            size = min(size, 500)
        cap = self._org.controls["page_size_cap"]
        return size if cap is None else min(size, int(cap))

    def _page(self, id: str, cursor: _Cursor, offset: int) -> Answer:
        end = offset + cursor.page
        encode = cursor.encode
        records = [encode(row) for row in cursor.rows[offset:end] if not row.purged]
        total = len(cursor.rows)
        done = end >= total
        head = f'{{"totalSize":{total},"done":{"true" if done else "false"},'
        if not done or (self._org.variants["last_page_url"] == "present" and offset):
            head += f'"nextRecordsUrl":"/services/data/v{cursor.version}.0/query/{id}-{end}",'
        content = b"".join([head.encode(), b'"records":[', b",".join(records), b"]}"])
        return Answer(200, content, rows=len(records))
