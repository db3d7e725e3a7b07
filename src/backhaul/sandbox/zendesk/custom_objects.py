"""Custom objects: their definitions, their fields, and lists of their records."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served
from backhaul.sandbox.zendesk import asked
from backhaul.sandbox.zendesk.account import Account
from backhaul.sandbox.zendesk.answers import not_found, reply, stamp
from backhaul.sandbox.zendesk.lists import page_of


class CustomObjects:
    def __init__(self, account: Account) -> None:
        self._account = account

    async def objects(self, request: Request) -> Response:
        account = self._account
        asked.parameters(account.variants, request)
        return reply(
            {"custom_objects": [each.shown(account.url, account.fields_made) for each in account.objects.values()]}
        )

    async def one(self, request: Request) -> Response:
        made = self._account.objects.get(request.path_params["key"])
        if made is None:
            return not_found()
        return reply({"custom_object": made.shown(self._account.url, self._account.fields_made)})

    async def fields(self, request: Request) -> Response:
        name = request.path_params["key"]
        found = asked.parameters(
            self._account.variants, request, "include_standard_fields", "page[size]", "page[after]"
        )
        if name not in self._account.objects:
            return not_found()
        told: list[dict[str, Any]] = self._account.field_list(name)
        if found.get("include_standard_fields") == "true":
            told = [*_standard(), *told]
        served(request, len(told))
        return reply({"custom_object_fields": told, "meta": {"has_more": False, "after_cursor": None}})

    async def records(self, request: Request) -> Response:
        account, name = self._account, request.path_params["key"]
        if name not in account.objects:
            return not_found()
        rows = list(account.tables[name].live())
        for parameter, key in (("filter[ids]", None), ("filter[external_ids]", "external_id")):
            if parameter in request.query_params:
                wanted = set(asked.ids(dict(request.query_params), parameter))
                rows = [row for row in rows if (row.id if key is None else row.values[key]) in wanted]
        return page_of(
            account, request, "custom_object_records", rows, self._shown(name), "filter[ids]", "filter[external_ids]",
            "sort",
        )  # fmt: skip

    async def record(self, request: Request) -> Response:
        name = request.path_params["key"]
        row = self._account.find(name, request.path_params["id"]) if name in self._account.objects else None
        return not_found() if row is None else reply({"custom_object_record": self._account.shown(name, row)})

    async def count(self, request: Request) -> Response:
        name = request.path_params["key"]
        if name not in self._account.objects:
            return not_found()
        number = sum(1 for _ in self._account.tables[name].live())
        return reply({"count": {"value": number, "refreshed_at": stamp(self._account.clock.now())}})

    def _shown(self, name: str) -> Any:
        def shown(row: Row) -> dict[str, Any]:
            return self._account.shown(name, row)

        return shown


def _standard() -> list[dict[str, Any]]:
    return [
        {"key": f"standard::{name}", "type": "text", "title": name.capitalize(), "system": True}
        for name in ("name", "external_id")
    ]
