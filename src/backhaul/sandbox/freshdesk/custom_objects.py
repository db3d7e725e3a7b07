"""Custom objects: their schemas, and records by token."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.freshdesk import asked
from backhaul.sandbox.freshdesk.account import Account, Schema
from backhaul.sandbox.freshdesk.answers import error, invalid, moment_of, not_found, nothing, one_of, reply, unexpected
from backhaul.sandbox.freshdesk.kinds import mismatch
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served

USUAL, MOST = 20, 100
_FILTER = re.compile(r"([a-z0-9_]+)(?:\[(gt|gte|lt|lte)\])?")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": lambda one, other: one > other,
    "gte": lambda one, other: one >= other,
    "lt": lambda one, other: one < other,
    "lte": lambda one, other: one <= other,
}


class CustomObjects:
    def __init__(self, account: Account) -> None:
        self._account = account

    async def schemas(self, request: Request) -> Response:
        asked.parameters(self._account, request)
        return reply({"schemas": [each.shown() for each in self._account.schemas.values()]})

    async def schema(self, request: Request) -> Response:
        found = self._account.schema_of(request.path_params["schema"])
        return not_found() if found is None else reply(found.shown())

    async def records(self, request: Request) -> Response:
        account = self._account
        schema = account.schema_of(request.path_params["schema"])
        if schema is None:
            return not_found()
        found = dict(request.query_params)
        size = asked.positive(found, "page_size", USUAL, MOST)
        cap = account.controls["page_size_cap"]
        size = size if cap is None else min(size, int(cap))
        after = _token(found["next_token"]) if "next_token" in found else -1
        rows = [row for row in account.tables[schema.table].after(after) if row.live]
        for name, value in found.items():
            if name not in ("page_size", "next_token"):
                rows = self._filtered(schema, rows, name, value)
        part = rows[:size]
        served(request, len(part))
        links: dict[str, Any] = {"count": {"href": f"/schemas/{schema.id}/records/count"}}
        if len(rows) > size:
            token = base64.b64encode(f"after {part[-1].n}".encode()).decode()
            query = urlencode({**found, "next_token": token})
            links["next"] = {"href": f"/schemas/{schema.id}/records?{query}"}
        elif account.variants["last_page"] == "null":
            links["next"] = {"href": None}
        return reply({"records": [account.shown(schema.table, row) for row in part], "_links": links})

    def _filtered(self, schema: Schema, rows: list[Row], asked_for: str, value: str) -> list[Row]:
        match = _FILTER.fullmatch(asked_for)
        name, how = (match[1], match[2]) if match is not None else ("", None)
        if name in ("created_time", "updated_time"):
            moment = moment_of(value)
            if moment is None:
                invalid(error(asked_for, "It should be a time of ISO 8601", "invalid_value"))
            return [row for row in rows if _COMPARE[how or "gte"](_time(row, name), moment)]
        if name not in schema.fields:
            if self._account.variants["unknown"] == "refused":
                invalid(unexpected(asked_for))
            return rows
        return [row for row in rows if str(row.values.get(name)) == value]

    # -- one ----------------------------------------------------------------------------------------------------

    async def one(self, request: Request) -> Response:
        schema, row = self._found(request)
        return not_found() if schema is None or row is None else reply(self._account.shown(schema.table, row))

    async def create(self, request: Request) -> Response:
        account = self._account
        schema = account.schema_of(request.path_params["schema"])
        if schema is None:
            return not_found()
        data = self._data(schema, await asked.body(request), ("data",))
        missing = [name for name, (_, _, required, _) in schema.fields.items() if required and data.get(name) is None]
        if missing:
            invalid(*(error(each, "It should be a/an String", "missing_field") for each in missing))
        self._unique(schema, data, None)
        row = account.insert(schema.table, {**data, "version": 1}, account.clock.now())
        return reply(account.shown(schema.table, row), 201)

    async def update(self, request: Request) -> Response:
        schema, row = self._found(request)
        if schema is None or row is None:
            return not_found()
        given = await asked.body(request)
        if given.get("display_id") != row.id:
            invalid(error("display_id", "It should be the record's own", "invalid_value"))
        data = self._data(schema, given, ("data", "display_id", "version"))
        self._unique(schema, data, row)
        version = row.values.get("version", 1) + 1
        self._account.tables[schema.table].update(row.id, {**data, "version": version}, self._account.clock.now())
        return reply(self._account.shown(schema.table, row))

    async def delete(self, request: Request) -> Response:
        schema, row = self._found(request)
        if schema is None or row is None:
            return not_found()
        self._account.delete(schema.table, row, self._account.clock.now())
        return nothing()

    def _found(self, request: Request) -> tuple[Schema | None, Row | None]:
        schema = self._account.schema_of(request.path_params["schema"])
        return schema, None if schema is None else self._account.live(schema.table, request.path_params["id"])

    def _data(self, schema: Schema, given: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
        data = given.get("data")
        wrong = [unexpected(each) for each in given if each not in known]
        if not isinstance(data, dict):
            invalid(error("data", "It should be a/an Key/Value pair", "missing_field"))
        for name, value in data.items():
            if name not in schema.fields:
                wrong.append(unexpected(name))
            elif value is not None and (found := _fault(name, value, schema.fields[name])) is not None:
                wrong.append(found)
        if wrong:
            invalid(*wrong)
        return dict(data)

    def _unique(self, schema: Schema, data: Mapping[str, Any], own: Row | None) -> None:
        primary = next(name for name, (_, type, _, _) in schema.fields.items() if type == "PRIMARY")
        for row in self._account.tables[schema.table].live():
            if row is not own and primary in data and row.values.get(primary) == data[primary]:
                invalid(error(primary, "It should be a unique value", "duplicate_value"), status=409)


def _fault(name: str, value: Any, field: tuple[str, str, bool, tuple[str, ...]]) -> dict[str, Any] | None:
    _, type, _, choices = field
    match type:
        case "NUMBER":
            return mismatch(name, value, "Integer", isinstance(value, int) and not isinstance(value, bool))
        case "DECIMAL":
            return mismatch(name, value, "Number", isinstance(value, int | float) and not isinstance(value, bool))
        case "CHECKBOX":
            return mismatch(name, value, "Boolean", isinstance(value, bool))
        case "DROPDOWN":
            return None if value in choices else one_of(name, choices)
        case "DATE":
            fits = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None
            return None if fits else error(name, "It should be in the 'yyyy-mm-dd' format", "invalid_date")
    return mismatch(name, value, "String", isinstance(value, str))


def _time(row: Row, name: str) -> datetime:
    return row.created_at if name == "created_time" else row.changed_at


def _token(text: str) -> int:
    try:
        return int(base64.b64decode(text.encode()).decode().removeprefix("after "))
    except (ValueError, binascii.Error):
        invalid(error("next_token", "It is not valid", "invalid_value"))
