"""Reads: tables by pages, one record, changes since a delta link, who we are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from backhaul.sandbox.dynamics365.answers import EXPIRED, bad, not_there, refuse, reply
from backhaul.sandbox.dynamics365.asked import Filter, Preferences, ordered, parameters, selected
from backhaul.sandbox.dynamics365.columns import is_guid
from backhaul.sandbox.dynamics365.definitions import TableDefinition
from backhaul.sandbox.dynamics365.organization import ORGANIZATION_ID, SEEDED, Organization
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served

MOST, MOST_ELASTIC = 5_000, 500
_STAMP = "%m/%d/%Y %H:%M:%S"


class Reads:
    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        # What a paging cookie stands for: the records that are still to come.
        self._cookies: dict[str, list[str]] = {}

    async def who_am_i(self, request: Request) -> Response:
        kind = "Microsoft.Dynamics.CRM.WhoAmIResponse"
        unit = next(iter(self._organization.there(self._organization.definitions["businessunit"]))).id
        return reply(
            {
                "@odata.context": f"{self._organization.api}/$metadata#{kind}",
                "BusinessUnitId": unit,
                "UserId": self._organization.me,
                "OrganizationId": ORGANIZATION_ID,
            }
        )

    async def listed(self, request: Request, table: TableDefinition) -> Response:
        if table.kind == "Virtual":
            refuse(400, "0x80048d0b", "The data source of this virtual table is not reachable.")
        found, prefer = parameters(request), Preferences.of(request)
        if "$top" in found and prefer.size is not None:
            bad("$top cannot be used with the preference odata.maxpagesize.")
        if "$deltatoken" in found or (prefer.track and "$skiptoken" not in found):
            return self._tracked(request, table, found, prefer)
        if found.get("$skiptoken", "").startswith("delta:"):
            return self._changes(request, table, found, prefer)
        size = self._size(table, prefer)
        if "$skiptoken" in found:
            ids = self._left(found["$skiptoken"])
        else:
            rows = list(self._organization.there(table))
            if "$filter" in found:
                test = Filter(self._organization, table, found["$filter"], found).test
                rows = [row for row in rows if test(row)]
            rows = ordered(self._organization, table, rows, found.get("$orderby", f"{table.key} asc"))
            ids = [row.id for row in rows]
        total = len(ids)
        ids = ids[: int(found["$top"]) if "$top" in found else None]
        shown = [row for id in ids[:size] if (row := self._organization.find(table.name, id)) is not None]
        facts: dict[str, Any] = {"@odata.count": min(total, MOST)} if found.get("$count") == "true" else {}
        if len(ids) > size:
            facts["@odata.nextLink"] = self._link(request, found, self._cookie(ids[size:]))
        return self._page(request, table, found, prefer, shown, facts)

    async def count(self, request: Request, table: TableDefinition) -> Response:
        found = parameters(request)
        if "$deltatoken" in found:
            changed, gone = self._between(table, self._token(found["$deltatoken"]), self._organization.version)
            return PlainTextResponse(str(len(changed) + len(gone)), headers={"OData-Version": "4.0"})
        rows = list(self._organization.there(table))
        if "$filter" in found:
            test = Filter(self._organization, table, found["$filter"], found).test
            rows = [row for row in rows if test(row)]
        return PlainTextResponse(str(min(len(rows), MOST)), headers={"OData-Version": "4.0"})

    async def one(self, request: Request, table: TableDefinition, key: str) -> Response:
        found, prefer = parameters(request), Preferences.of(request)
        row = self.by_address(table, key, found)
        columns = selected(table, found)
        if row is None:
            not_there(table.name, key)
        if request.headers.get("if-none-match") == self._organization.etag(row) and not prefer.annotations:
            return Response(status_code=304, headers={"OData-Version": "4.0"})
        told = self._organization.shown(table, row, columns, prefer.annotations)
        return reply({"@odata.context": f"{self._organization.api}/$metadata#{table.set}/$entity", **told})

    def by_address(self, table: TableDefinition, key: str, aliases: Mapping[str, str]) -> Row | None:
        """The record that `(guid)` or `(key='value')` names."""
        if is_guid(key):
            return self._organization.find(table.name, key)
        column, value = alternate(table, key, aliases)
        return self._organization.by_key(table, column, value)

    # -- pages -------------------------------------------------------------------------------------------------------

    def _size(self, table: TableDefinition, prefer: Preferences) -> int:
        most = MOST_ELASTIC if table.kind == "Elastic" else MOST
        cap = self._organization.controls["page_size_cap"]
        size = min(prefer.size or most, most)
        return size if cap is None else min(size, int(cap))

    def _cookie(self, left: list[str]) -> str:
        name = f"{len(self._cookies) + 1:08x}"
        self._cookies[name] = left
        # the vendor's own spelling: XML, escaped twice
        return quote(f'<cookie pagenumber="2" pagingcookie="{quote(f"left:{name}")}" istracking="False" />', safe="")

    def _left(self, token: str) -> list[str]:
        match = re.search(r"left%3A([0-9a-f]+)", token)
        left = None if match is None else self._cookies.get(match[1])
        if left is None:
            bad("The paging cookie is malformed.")
        return left

    def _link(self, request: Request, found: Mapping[str, str], token: str, name: str = "$skiptoken") -> str:
        kept = [
            f"{each}={quote(value, safe=',()')}"
            for each, value in found.items()
            if each not in ("$skiptoken", "$deltatoken")
        ]
        return f"{self._organization.base_url}{request.url.path}?{'&'.join([*kept, f'{name}={token}'])}"

    def _page(
        self, request: Request, table: TableDefinition, found: Mapping[str, str], prefer: Preferences,
        rows: Sequence[Row | str], facts: Mapping[str, Any], *, context: str = "",
    ) -> Response:  # fmt: skip
        columns = selected(table, found)
        served(request, len(rows))
        api = self._organization.api
        told = [
            {"@odata.context": f"{api}/$metadata#{table.set}/$deletedEntity", "id": row, "reason": "deleted"}
            if isinstance(row, str)
            else self._organization.shown(table, row, columns, prefer.annotations)
            for row in rows
        ]
        applied = [
            *(["odata.track-changes"] if prefer.track else []),
            *([f"odata.maxpagesize={prefer.size}"] if prefer.size else []),
        ]
        headers = {"Preference-Applied": ", ".join(applied)} if applied else {}
        body = {"@odata.context": f"{api}/$metadata#{table.set}({','.join(columns)}){context}", **facts, "value": told}
        return reply(body, 200, headers)

    # -- change tracking ---------------------------------------------------------------------------------------------

    def _tracked(
        self, request: Request, table: TableDefinition, found: Mapping[str, str], prefer: Preferences
    ) -> Response:
        for option in ("$filter", "$orderby", "$expand", "$top"):
            if option in found:
                bad(f'The "{option}" query parameter isn\'t supported when Change Tracking is enabled.')
        if not table.tracked or table.name in self._organization.controls["untracked"]:
            told = self._organization.variants["untracked_tables"]
            if told != "ignored":
                refuse(400, "0x80040216", f"Entity {table.name} is not enabled for {told}.")
            rows = list(self._organization.there(table))
            return self._page(request, table, found, prefer, rows, {})
        return self._changes(request, table, found, prefer)

    def _changes(
        self, request: Request, table: TableDefinition, found: Mapping[str, str], prefer: Preferences
    ) -> Response:
        """Pages of what is new since a version, then of what was deleted; the last one has the next delta link.

        What changes between two pages comes behind the next delta link, not before.
        """
        organization = self._organization
        if "$skiptoken" in found:
            since, until, deletions, last = (int(each) for each in re.findall(r"\d+", found["$skiptoken"]))
        else:
            since = last = self._token(found["$deltatoken"]) if "$deltatoken" in found else 0
            until, deletions = organization.version, 0
        changed, gone = self._between(table, since, until)
        changed = [] if deletions else [each for each in changed if each[0] > last]
        gone = [each for each in gone if not deletions or each[0] > last]
        size = self._size(table, prefer)
        page = [*changed, *gone][:size]
        if len(page) < len(changed) + len(gone):
            phase = int(len(page) > len(changed) or bool(deletions))
            token = f"delta:{since}:{until}:{phase}:{page[-1][0]}"
            facts = {"@odata.nextLink": self._link(request, found, quote(token, safe=""))}
        else:
            token = f"{until}!{organization.clock.now().strftime(_STAMP)}"
            facts = {"@odata.deltaLink": self._link(request, found, quote(token, safe=""), "$deltatoken")}
        context = "/$delta" if since else ""
        return self._page(request, table, found, prefer, [row for _, row in page], facts, context=context)

    def _between(
        self, table: TableDefinition, since: int, until: int
    ) -> tuple[list[tuple[int, Row | str]], list[tuple[int, Row | str]]]:
        """What changed, and what was deleted, by version. A first read tells of no deletions."""
        versions = (
            (int(row.values.get("versionnumber", SEEDED + row.n)), row) for row in self._organization.there(table)
        )
        changed: list[tuple[int, Row | str]] = [each for each in versions if since < each[0] <= until]
        gone = [
            (each.version, each.id) for each in self._organization.gone[table.name] if since < each.version <= until
        ]
        return sorted(changed, key=lambda each: each[0]), list(gone) if since else []

    def _token(self, text: str) -> int:
        version, _, at = text.partition("!")
        try:
            given = datetime.strptime(at, _STAMP).replace(tzinfo=self._organization.clock.now().tzinfo)
            number = int(version)
        except ValueError:
            bad("The delta token is malformed.")
        days = int(self._organization.controls["expire_change_tracking_days"])
        if self._organization.clock.now() - given > timedelta(days=days):
            status = int(self._organization.variants["expired_token_status"])
            refuse(status, EXPIRED, "Version stamp associated with the client has expired. Please perform a full sync.")
        return number


_ALTERNATE = re.compile(r"([A-Za-z_0-9]+)=(?:'((?:[^']|'')*)'|(@[A-Za-z]+))")


def alternate(table: TableDefinition, key: str, aliases: Mapping[str, str]) -> tuple[str, str]:
    """The column and the value of `key='value'` or `key=@alias`."""
    match = _ALTERNATE.fullmatch(key)
    if match is None:
        bad(f"Bad Request - Error in query syntax: ({key})")
    column = match[1]
    if table.keys.get(column) != "Active":
        refuse(404, "0x80060891", f"The specified key attributes are not a defined key for the {table.name} entity")
    value = match[2] if match[3] is None else aliases.get(match[3], "").strip("'")
    return column, value.replace("''", "'")
