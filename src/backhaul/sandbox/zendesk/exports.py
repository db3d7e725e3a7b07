"""Incremental exports: what changed since a time, by cursor (tickets, users, custom objects) or by time (the others).

The order is that of `generated_timestamp` and id. The last minute is not told yet.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served
from backhaul.sandbox.zendesk import asked
from backhaul.sandbox.zendesk.account import Account
from backhaul.sandbox.zendesk.answers import not_found, refuse, reply, stamp
from backhaul.sandbox.zendesk.talk import metrics

MOST = 1000
NOT_YET = timedelta(seconds=60)
Shown = Callable[[Row], dict[str, Any]]
# Records that stand beside a ticket's, by the field that names them.
_BESIDE = {"users": "requester_id", "groups": "group_id", "organizations": "organization_id"}


class Exports:
    def __init__(self, account: Account) -> None:
        self._account = account

    # -- by cursor ----------------------------------------------------------------------------------------------

    async def by_cursor(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ("tickets", "users"):
            return not_found()
        return self._by_cursor(request, name, name, lambda row: self._account.shown(name, row))

    async def of_custom_object(self, request: Request) -> Response:
        name = request.path_params["key"]
        if name not in self._account.objects:
            return not_found()
        return self._by_cursor(
            request, name, "custom_object_records", lambda row: self._account.shown(name, row), deleted=False
        )

    def _by_cursor(self, request: Request, table: str, name: str, shown: Shown, *, deleted: bool = True) -> Response:
        account = self._account
        found = asked.parameters(
            account.variants, request, "start_time", "cursor", "per_page", "include", "exclude_deleted",
            "support_type_scope",
        )  # fmt: skip
        if ("cursor" in found) == ("start_time" in found):
            refuse(400, "InvalidParameter", "One of start_time and cursor is needed, and only one")
        after = _position(found["cursor"]) if "cursor" in found else (self._start(found["start_time"]), -1)
        size = self._size(found)
        excluded = not deleted or found.get("exclude_deleted") == "true"
        rows = [row for row in self._told(table) if _place(row) > after and not (excluded and not row.live)]
        page = rows[:size]
        end = len(rows) <= size
        served(request, len(page))
        cursor = _cursor(*_place(page[-1])) if page else found.get("cursor")
        if cursor is None and account.variants["empty_export"] == "cursor":
            cursor = _cursor(*after)
        kept = [(each, found[each]) for each in ("include", "exclude_deleted", "per_page") if each in found]
        link = f"{account.url}{request.url.path}?{urlencode([('cursor', cursor), *kept])}" if cursor else None
        answer = {
            name: [shown(row) for row in page],
            "after_url": link,
            "after_cursor": cursor,
            "before_url": None,
            "before_cursor": None,
            "end_of_stream": end,
        }
        if table == "tickets":
            self._side_load(answer, page, found.get("include", ""))
        return reply(answer)

    # -- by time ------------------------------------------------------------------------------------------------

    async def by_time(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ("tickets", "users", "organizations", "ticket_metric_events"):
            return not_found()
        excluded = name == "organizations" and self._account.variants["deleted_organizations"] == "gone"
        return self._by_time(request, name, lambda row: self._account.shown(name, row), deleted=not excluded)

    async def of_articles(self, request: Request) -> Response:
        return self._by_time(request, "articles", lambda row: self._account.shown("articles", row), deleted=False)

    async def ticket_events(self, request: Request) -> Response:
        with_comments = "comment_events" in request.query_params.get("include", "").split(",")
        return self._by_time(
            request, "ticket_audits", lambda row: self._event(row, with_comments=with_comments), "ticket_events"
        )

    def _by_time(
        self, request: Request, table: str, shown: Shown, name: str | None = None, *, deleted: bool = True
    ) -> Response:
        account = self._account
        found = asked.parameters(account.variants, request, "start_time", "per_page", "include", "exclude_deleted")
        if "start_time" not in found:
            refuse(400, "ParameterMissing", "Parameter start_time is required")
        start, size = self._start(found["start_time"]), self._size(found)
        rows = [row for row in self._told(table) if _place(row)[0] >= start and (deleted or row.live)]
        page = rows[:size]
        if page and _place(page[-1])[0] == start:
            # more of one second than a page holds: with the one after them, or the next page would be this one
            page = rows[: sum(_place(row)[0] == start for row in rows) + 1]
        end = len(page) == len(rows)
        last = _place(page[-1])[0] if page else None
        kept = [(each, found[each]) for each in ("include", "per_page") if each in found]
        query = urlencode([("start_time", last), *kept])
        served(request, len(page))
        return reply(
            {
                name or table: [shown(row) for row in page],
                "count": len(page),
                "end_of_stream": end,
                "end_time": last,
                "next_page": None if last is None else f"{account.url}{request.url.path}?{query}",
            }
        )

    def _event(self, row: Row, *, with_comments: bool) -> dict[str, Any]:
        """An audit as the stream of ticket events tells it."""
        values = row.values
        children: list[dict[str, Any]] = []
        for event in values["events"]:
            about = {"via": "API", "via_reference_id": None, "id": event["id"], "event_type": event["type"]}
            if event["type"] == "Comment" and with_comments:
                said = {**event, "audit_id": int(row.id), "created_at": stamp(row.created_at), "via": values["via"]}
                children.append({**about, **said})
            elif event["type"] == "Comment":
                children.append({**about, "comment_present": True, "comment_public": event["public"]})
            else:
                field = {event["field_name"]: event["value"], "previous_value": event.get("previous_value")}
                children.append({**about, **field})
        return {
            "id": int(row.id),
            "ticket_id": values["ticket_id"],
            "timestamp": int(row.created_at.timestamp()),
            "created_at": stamp(row.created_at),
            "updater_id": values["author_id"],
            "via": "API",
            "system": {},
            "metadata": {},
            "event_type": "Audit",
            "child_events": children,
        }

    # -- both ---------------------------------------------------------------------------------------------------

    def _told(self, table: str) -> list[Row]:
        """The rows of the export's order, without those of the last minute."""
        # whole seconds: a second that is told is told completely
        limit = int((self._account.clock.now() - NOT_YET).timestamp())
        return [row for row in self._account.generated(table) if _place(row)[0] < limit]

    def _start(self, text: str) -> int:
        if not text.isdigit():
            refuse(400, "InvalidValue", f"start_time {text!r} is not a Unix time")
        if datetime.fromtimestamp(int(text), UTC) > self._account.clock.now() - NOT_YET:
            words = "Too recent start_time. Use a start_time older than 1 minute"
            status = int(self._account.variants["too_recent"])
            refuse(status, "InvalidValue", words)
        return int(text)

    def _size(self, found: dict[str, str]) -> int:
        size = asked.whole(found, "per_page", MOST, MOST)
        cap = self._account.controls["page_size_cap"]
        return size if cap is None else min(size, int(cap))

    def _side_load(self, answer: dict[str, Any], page: list[Row], include: str) -> None:
        account = self._account
        for each in filter(None, include.split(",")):
            if each == "metric_sets":
                for record, row in zip(answer["tickets"], page, strict=True):
                    record["metric_set"] = metrics(account, row)
            elif each in _BESIDE:
                ids = {row.values[_BESIDE[each]] for row in page} - {None}
                rows = (account.tables[each].get(str(id)) for id in sorted(ids))
                answer[each] = [account.shown(each, row) for row in rows if row is not None]
            elif account.variants["unknown_parameters"] == "refused":
                refuse(400, "InvalidParameter", f"include={each} is not supported")


def _place(row: Row) -> tuple[int, int]:
    return int(row.values["_generated"].timestamp()), row.n


def _cursor(seconds: int, n: int) -> str:
    return base64.urlsafe_b64encode(f"{seconds}.0||{n}|".encode()).decode()


def _position(cursor: str) -> tuple[int, int]:
    try:
        seconds, _, n = base64.urlsafe_b64decode(cursor.encode()).decode().partition("||")
        return int(seconds.removesuffix(".0")), int(n.removesuffix("|"))
    except (ValueError, binascii.Error, UnicodeDecodeError):
        refuse(400, "InvalidValue", "Invalid cursor")
