"""Lists, counts, single records, records by their ids, and search."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served
from backhaul.sandbox.zendesk import asked
from backhaul.sandbox.zendesk.account import Account
from backhaul.sandbox.zendesk.answers import moment_of, not_found, refuse, reply, stamp
from backhaul.sandbox.zendesk.kinds import FIELDS_OF, LISTED, WRITTEN
from backhaul.sandbox.zendesk.lists import CURSOR, page_of
from backhaul.sandbox.zendesk.talk import metrics

FOUND = 1000
"""Records that a search reaches."""
_SINGULAR = {**{kind.name: kind.singular for kind in WRITTEN.values()}, **LISTED}
_TYPES = {"ticket": "tickets", "user": "users", "organization": "organizations", "group": "groups"}
_WORD = re.compile(r'(-?)(\w+)\s*(:|>=|<=|>|<)\s*("(?:[^"\\]|\\.)*"|\S+)')


class Reads:
    def __init__(self, account: Account) -> None:
        self._account = account

    # -- lists --------------------------------------------------------------------------------------------------

    async def listed(self, request: Request) -> Response:
        """Every list that has a table of its own."""
        account, name = self._account, request.path_params["name"]
        if name not in _SINGULAR:
            return not_found()
        rows = [row for row in account.tables[name].order if self._is_listed(name, row)]
        known: tuple[str, ...] = ("include", "sort", "sort_by", "sort_order")
        if name == "tickets":
            known = (*known, "external_id")
            wanted = request.query_params.get("external_id")
            rows = rows if wanted is None else [row for row in rows if row.values["external_id"] == wanted]
        elif name == "users":
            known = (*known, "role", "role[]", "external_id")
            role = request.query_params.get("role")
            rows = rows if role is None else [row for row in rows if row.values["role"] == role]
        elif name == "groups":
            known = (*known, "exclude_deleted")
            if request.query_params.get("exclude_deleted") == "true":
                rows = [row for row in rows if row.live]
        return page_of(account, request, name, rows, lambda row: account.shown(name, row), *known)

    def _is_listed(self, name: str, row: Row) -> bool:
        if name == "groups" and self._account.variants["deleted_groups"] == "listed":
            return not row.purged
        return row.live

    async def articles(self, request: Request) -> Response:
        rows = list(self._account.tables["articles"].live())
        return page_of(self._account, request, "articles", rows, lambda row: self._account.shown("articles", row))

    async def sla_policies(self, request: Request) -> Response:
        asked.parameters(self._account.variants, request, *CURSOR)
        rows = list(self._account.tables["sla_policies"].live())
        served(request, len(rows))
        return reply(
            {"sla_policies": [self._account.shown("sla_policies", row) for row in rows], "count": len(rows),
             "next_page": None, "previous_page": None}
        )  # fmt: skip

    async def tags(self, request: Request) -> Response:
        """The tags of tickets, with how many have each."""
        counts: dict[str, int] = {}
        for row in self._account.tables["tickets"].live():
            for tag in row.values["tags"]:
                counts[tag] = counts.get(tag, 0) + 1
        now = self._account.clock.now()
        rows = [Row(tag, {"count": count}, now, now, n=n) for n, (tag, count) in enumerate(sorted(counts.items()))]
        return page_of(self._account, request, "tags", rows, lambda row: {"name": row.id, "count": row.values["count"]})

    async def ticket_metrics(self, request: Request) -> Response:
        rows = list(self._account.tables["tickets"].live())
        return page_of(self._account, request, "ticket_metrics", rows, lambda row: metrics(self._account, row))

    async def field_list(self, request: Request) -> Response:
        """The definitions of tickets', users' or organizations' fields; they come whole."""
        name = request.path_params["name"]
        asked.parameters(self._account.variants, request, *CURSOR, "locale", "creator")
        told = self._account.field_list(name)
        served(request, len(told))
        return reply({name: told, "meta": {"has_more": False, "after_cursor": None}, "links": {"next": None}})

    async def deleted_tickets(self, request: Request) -> Response:
        rows = [row for row in self._account.tables["tickets"].order if row.deleted_at is not None and not row.purged]
        return page_of(self._account, request, "deleted_tickets", rows, self._deleted_ticket, "sort_by", "sort_order")

    def _deleted_ticket(self, row: Row) -> dict[str, Any]:
        assert row.deleted_at is not None  # the list holds no others
        return {
            "id": int(row.id),
            "subject": row.values["subject"],
            "description": row.values["description"],
            "actor": {"id": int(self._account.me), "name": "An administrator"},
            "deleted_at": stamp(row.deleted_at),
            "previous_state": row.values["status"],
        }

    async def deleted_users(self, request: Request) -> Response:
        rows = [row for row in self._account.tables["users"].order if row.deleted_at is not None and not row.purged]
        return page_of(self._account, request, "deleted_users", rows, lambda row: self._account.shown("users", row))

    async def of_ticket(self, request: Request) -> Response:
        """A ticket's comments or audits."""
        account, name = self._account, request.path_params["name"]
        if account.find("tickets", request.path_params["id"]) is None:
            return not_found()
        rows = account.of_ticket(f"ticket_{name}", request.path_params["id"])
        return page_of(
            account, request, name, rows, lambda row: talk(account, name, row), "include", "sort", "sort_order",
            "include_inline_images",
        )  # fmt: skip

    async def count(self, request: Request) -> Response:
        name = request.path_params["name"]
        asked.parameters(self._account.variants, request)
        if name not in WRITTEN:
            return not_found()
        number = sum(1 for _ in self._account.tables[name].live())
        return reply({"count": {"value": number, "refreshed_at": stamp(self._account.clock.now())}})

    # -- records ------------------------------------------------------------------------------------------------

    async def me(self, request: Request) -> Response:
        asked.parameters(self._account.variants, request)
        row = self._account.tables["users"].require(self._account.me)
        return reply({"user": self._account.shown("users", row)})

    async def one(self, request: Request) -> Response:
        account, name = self._account, request.path_params["name"]
        asked.parameters(account.variants, request, "include")
        if name in FIELDS_OF:
            found = [each for each in account.field_list(name) if str(each["id"]) == request.path_params["id"]]
            return reply({name.removesuffix("s"): found[0]}) if found else not_found()
        row = account.find(name, request.path_params["id"]) if name in _SINGULAR else None
        return not_found() if row is None else reply({_SINGULAR[name]: account.shown(name, row)})

    async def show_many(self, request: Request) -> Response:
        """By id or by external id; those that are not there are left out."""
        account, name = self._account, request.path_params["name"]
        found = asked.parameters(account.variants, request, "ids", "external_ids", "include")
        if "external_ids" in found and name != "tickets":
            wanted = {each.lower() for each in asked.ids(found, "external_ids")}
            rows = [row for row in account.tables[name].live() if str(row.values["external_id"]).lower() in wanted]
        else:
            rows = [row for id in asked.ids(found) if (row := account.find(name, id)) is not None]
        served(request, len(rows))
        return reply({name: [account.shown(name, row) for row in rows], "next_page": None, "count": len(rows)})

    # -- search -------------------------------------------------------------------------------------------------

    async def search(self, request: Request) -> Response:
        account = self._account
        found = asked.parameters(account.variants, request, "query", "page", "per_page", "sort_by", "sort_order")
        rows = self._searched(found.get("query", ""))
        size, number = asked.whole(found, "per_page", 100, 100), asked.whole(found, "page", 1, 10**6)
        if number * size > FOUND + size - 1:
            refuse(422, "InvalidSearch", f"Invalid search: Requested response size was greater than {FOUND}")
        page = rows[(number - 1) * size : number * size]
        served(request, len(page))
        results = [{**account.shown(name, row), "result_type": _SINGULAR[name]} for name, row in page]
        return reply({"results": results, "facets": None, "count": len(rows), "next_page": None, "previous_page": None})

    async def search_users(self, request: Request) -> Response:
        found = asked.parameters(self._account.variants, request, "query", "external_id", "page", "per_page")
        if "external_id" in found:
            row = self._account.by_unique("users", "external_id", found["external_id"])
            rows = [] if row is None else [row]
        else:
            rows = [row for _, row in self._searched(f"type:user {found.get('query', '')}")]
        return reply({"users": [self._account.shown("users", row) for row in rows], "next_page": None,
                      "previous_page": None, "count": len(rows)})  # fmt: skip

    async def search_organizations(self, request: Request) -> Response:
        found = asked.parameters(self._account.variants, request, "external_id", "name")
        if len(found) != 1:
            refuse(400, "InvalidParameter", "One of external_id and name is needed, and only one")
        field, value = next(iter(found.items()))
        row = self._account.by_unique("organizations", field, value)
        rows = [] if row is None else [row]
        return reply({"organizations": [self._account.shown("organizations", row) for row in rows],
                      "next_page": None, "previous_page": None, "count": len(rows)})  # fmt: skip

    def _searched(self, query: str) -> list[tuple[str, Row]]:
        terms = [(sign, field, op, _unquoted(value)) for sign, field, op, value in _WORD.findall(query)]
        kinds = [_TYPES[value] for _, field, _, value in terms if field == "type" and value in _TYPES]
        rest = [term for term in terms if term[1] != "type"]
        lag = timedelta(seconds=float(self._account.controls["index_lag"]))
        now = self._account.clock.now()
        return [
            (name, row)
            for name in kinds or _TYPES.values()
            for row in self._account.tables[name].live()
            if (row.indexed_at or row.changed_at + lag) <= now and all(self._fits(name, row, *term) for term in rest)
        ][:FOUND]

    def _fits(self, name: str, row: Row, sign: str, field: str, op: str, value: str) -> bool:
        shown = self._account.shown(name, row)
        times = {"created": "created_at", "updated": "updated_at"}
        if field in times or op != ":":
            held, wanted = moment_of(shown.get(times.get(field, field))), moment_of(value)
            if held is None or wanted is None:
                return False
            fits = {">": held > wanted, "<": held < wanted, ">=": held >= wanted, "<=": held <= wanted}.get(
                op, held.date() == wanted.date()
            )
        else:
            fits = str(shown.get(field)).lower() == value.lower()
        return fits != bool(sign)


def talk(account: Account, name: str, row: Row) -> dict[str, Any]:
    """A comment or an audit as the lists of a ticket show it."""
    told = {"id": int(row.id), **{field: value for field, value in row.values.items() if field[0] != "_"}}
    told["created_at"] = stamp(row.created_at)
    if name == "comments":
        # the list is a ticket's: its comments do not repeat the ticket
        told.pop("ticket_id")
    return told


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
