"""What is read: lists by page, records by themselves, what hangs on a record, the definitions of fields."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.freshdesk import asked
from backhaul.sandbox.freshdesk.account import Account
from backhaul.sandbox.freshdesk.answers import error, invalid, moment_of, not_found, one_of, reply, second, stamp
from backhaul.sandbox.freshdesk.kinds import KINDS, PARENTS, STATES, Kind
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served

RECENT = timedelta(days=30)
INCLUDES = ("stats", "requester", "description", "company")
FILTERS = ("new_and_my_open", "watching", "spam", "deleted")
ORDERS = ("created_at", "due_by", "updated_at", "status")
SPANS = {"updated_since": "changed_at", "_updated_since": "changed_at", "created_since": "created_at"}


class Lists:
    def __init__(self, account: Account) -> None:
        self._account = account

    async def listed(self, request: Request) -> Response:
        account, kind = self._account, KINDS[request.path_params["name"]]
        found = asked.parameters(account, request, "page", "per_page", *kind.filters)
        if kind.name == "tickets":
            return self._tickets(request, found)
        rows = list(account.tables[kind.name].live())
        if kind.name == "contacts":
            rows = self._contacts(found)
        for name in kind.filters:
            if name in found and name not in ("state", "contact_type", "type"):
                rows = self._filtered(kind, rows, name, found[name])
        return asked.page(account, request, found, rows, lambda row: account.shown(kind.name, row))

    def _filtered(self, kind: Kind, rows: list[Row], name: str, value: str) -> list[Row]:
        if name in SPANS:
            taken = kind.name != "contacts" or (
                name == "_updated_since" and self._account.variants["contacts_since"] == "taken"
            )
            since = _moment(name, value)
            return [row for row in rows if second(getattr(row, SPANS[name])) >= since] if taken else rows
        if name in ("executed_after", "executed_before"):
            at = _moment(name, value)
            after = name == "executed_after"
            return [
                row
                for row in rows
                if (done := moment_of(row.values.get("executed_at"))) is not None and (done > at) == after
            ]
        return [row for row in rows if str(row.values.get(name)).lower() == value.lower()]

    def _contacts(self, found: dict[str, str]) -> list[Row]:
        state = found.get("state")
        if state is not None and state not in STATES:
            invalid(one_of("state", STATES))
        rows = [row for row in self._account.tables["contacts"].order if not row.purged and _state(row, state)]
        if state == "deleted" and self._account.variants["merged_contacts"] == "gone":
            rows = [row for row in rows if row.merged_into is None]
        if self._account.variants["contacts_order"] == "name":
            rows.sort(key=lambda row: (str(row.values["name"]), int(row.id)))
        return rows

    # -- tickets ------------------------------------------------------------------------------------------------

    def _tickets(self, request: Request, found: dict[str, str]) -> Response:
        account = self._account
        include = _include(found, INCLUDES)
        by, direction = found.get("order_by", "created_at"), found.get("order_type", "desc")
        if by not in ORDERS:
            invalid(one_of("order_by", ORDERS))
        if direction not in ("asc", "desc"):
            invalid(one_of("order_type", ("asc", "desc")))
        wanted = found.get("filter")
        if wanted is not None and wanted not in FILTERS:
            invalid(one_of("filter", FILTERS))
        rows = [row for row in account.tables["tickets"].order if not row.purged and _shows(row, wanted)]
        if "updated_since" in found:
            since = _moment("updated_since", found["updated_since"])
            rows = [row for row in rows if second(row.changed_at) >= since]
        else:
            rows = [row for row in rows if row.created_at >= account.clock.now() - RECENT]
        for name in ("requester_id", "company_id"):
            if name in found:
                rows = [row for row in rows if str(row.values.get(name)) == found[name]]
        for name in ("email", "unique_external_id"):
            if name in found:
                ids = {row.id for row in account.tables["contacts"].live() if row.values.get(name) == found[name]}
                rows = [row for row in rows if str(row.values["requester_id"]) in ids]
        rows.sort(key=lambda row: (_place(row, by), int(row.id)), reverse=direction == "desc")
        return asked.page(account, request, found, rows, lambda row: account.shown("tickets", row, include=include))

    # -- one ----------------------------------------------------------------------------------------------------

    async def one(self, request: Request) -> Response:
        account, name = self._account, request.path_params["name"]
        found = asked.parameters(account, request, *(("include",) if name == "tickets" else ()))
        include = _include(found, ("stats", "requester", "company", "conversations"))
        row = account.find(name, request.path_params["id"])
        if row is None or (not row.live and not self._shows_deleted(name, row)):
            return not_found()
        return reply(account.shown(name, row, include=include, alone=True))

    def _shows_deleted(self, name: str, row: Row) -> bool:
        if name == "contacts":
            return row.merged_into is None or self._account.variants["merged_contacts"] == "deleted"
        return name == "tickets" and self._account.variants["deleted_ticket"] == "shown"

    async def me(self, request: Request) -> Response:
        asked.parameters(self._account, request)
        return reply(self._account.shown("agents", self._account.tables["agents"].require(self._account.me)))

    async def of_parent(self, request: Request) -> Response:
        """What hangs on a record, which must be there."""
        account, name = self._account, request.path_params["name"]
        paged = () if name == "canned_responses" else ("page", "per_page")
        found = asked.parameters(account, request, *paged)
        parent = account.live(PARENTS[name], request.path_params["id"])
        if parent is None:
            return not_found()
        field = {"conversations": "ticket_id", "solution_folders": "category_id"}.get(name, "folder_id")
        rows = [row for row in account.tables[name].live() if str(row.values[field]) == parent.id]
        if not paged:
            served(request, len(rows))
            return reply([account.shown(name, row) for row in rows])
        return asked.page(account, request, found, rows, lambda row: self._shown_within(name, row))

    def _shown_within(self, name: str, row: Row) -> dict[str, Any]:
        told = self._account.shown(name, row)
        if name == "solution_folders":  # which category they are of, the address says
            told.pop("category_id")
        return told

    async def fields(self, request: Request) -> Response:
        asked.parameters(self._account, request)
        told = self._account.field_list(request.path_params["name"])
        served(request, len(told))
        return reply(told)

    async def helpdesk(self, request: Request) -> Response:
        asked.parameters(self._account, request)
        return reply({"primary_language": "en", "supported_languages": [], "portal_languages": []})


def _state(row: Row, state: str | None) -> bool:
    if state == "deleted" or not row.live:
        return state == "deleted" and not row.live
    if state == "blocked" or row.values["blocked"]:
        return state == "blocked" and bool(row.values["blocked"])
    return state is None or bool(row.values["active"]) == (state == "verified")


def _shows(row: Row, wanted: str | None) -> bool:
    """The plain list has neither deleted tickets nor spam."""
    if wanted == "deleted":
        return not row.live
    if wanted == "spam":
        return row.live and bool(row.values["spam"])
    return row.live and not row.values["spam"]


def _include(found: dict[str, str], known: tuple[str, ...]) -> tuple[str, ...]:
    asked_for = tuple(each for each in found.get("include", "").split(",") if each)
    if any(each not in known for each in asked_for):
        invalid(one_of("include", known))
    return asked_for


def _moment(name: str, text: str) -> datetime:
    found = moment_of(text)
    if found is None:
        invalid(error(name, "It should be in the 'combined date and time ISO8601' format", "invalid_date"))
    return found


def _place(row: Row, by: str) -> str:
    if by in ("created_at", "updated_at"):
        return stamp(row.created_at if by == "created_at" else row.changed_at)
    return str(row.values.get(by) or "")
