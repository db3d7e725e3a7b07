"""Records written one by one: version 2 coerces nothing, and names the field that does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.pipedrive.answers import invalid, not_found, refuse, reply, stamp
from backhaul.sandbox.pipedrive.company import Company
from backhaul.sandbox.pipedrive.shapes import KINDS, Kind, takes
from backhaul.sandbox.tables import Row

_NOTE = {"content", "deal_id", "person_id", "org_id", "lead_id", "user_id"}
_LEAD = {
    "title",
    "owner_id",
    "person_id",
    "organization_id",
    "value",
    "expected_close_date",
    "label_ids",
    "is_archived",
}


async def body(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        refuse(415, "Unsupported Media Type")
    try:
        found = msgspec.json.decode(await request.body())
    except msgspec.DecodeError:
        refuse(400, "Bad request: the body is no JSON")
    if not isinstance(found, dict):
        invalid("the body must be an object")
    return found


class Writes:
    def __init__(self, company: Company) -> None:
        self._company = company

    async def create(self, request: Request) -> Response:
        kind = KINDS[request.path_params["name"]]
        return reply(self._company.shown(kind.name, self.made(kind, await body(request))), 201)

    def made(self, kind: Kind, given: Mapping[str, Any]) -> Row:
        company, now = self._company, self._company.clock.now()
        if not given.get(kind.required):
            invalid(f"{kind.required} is required")
        values, custom = self._checked(kind, given)
        base = {**kind.empty, "owner_id": int(company.me)} if kind.filters and "owner_id" in kind.writable else {}
        row = company.insert(kind.name, {**base, **values, "custom": custom}, now)
        self._derive(kind, row, now)
        return row

    async def update(self, request: Request) -> Response:
        company, kind = self._company, KINDS[request.path_params["name"]]
        row = company.find(kind.name, request.path_params["id"])
        if row is None:
            return not_found(kind.one)
        given = await body(request)
        if kind.required in given and not given[kind.required]:
            invalid(f"{kind.required} must not be empty")
        self.changed(kind, row, given)
        return reply(company.shown(kind.name, row))

    def changed(self, kind: Kind, row: Row, given: Mapping[str, Any]) -> None:
        company, now = self._company, self._company.clock.now()
        values, custom = self._checked(kind, given)
        company.tables[kind.name].update(row.id, {**values, "custom": {**row.values.get("custom", {}), **custom}}, now)
        self._derive(kind, row, now)

    async def delete(self, request: Request) -> Response:
        company, kind = self._company, KINDS[request.path_params["name"]]
        row = company.find(kind.name, request.path_params["id"])
        if row is None:
            return not_found(kind.one)
        company.delete(kind.name, row)
        return reply({"id": int(row.id)})

    async def merge(self, request: Request) -> Response:
        """The record of the path goes, the other stays."""
        company, name = self._company, request.path_params["name"]
        gone, kept = company.find(name, request.path_params["id"]), (await body(request)).get("merge_with_id")
        winner = company.find(name, kept)
        if gone is None or winner is None:
            return not_found(KINDS[name].one)
        company.tables[name].merge(gone.id, winner.id, company.clock.now())
        return reply(company.shown(name, winner))

    # -- version 1 ----------------------------------------------------------------------------------------------

    async def create_old(self, request: Request) -> Response:
        company, name = self._company, request.path_params["name"]
        given, now = await body(request), company.clock.now()
        self._known_old(name, given)
        if name == "notes":
            if not given.get("content") or not any(given.get(each) for each in ("deal_id", "person_id", "org_id")):
                refuse(400, "A note needs content, and a deal, person or organization")
            base: dict[str, Any] = {"active_flag": True, "user_id": int(company.me)}
            base |= dict.fromkeys(("deal_id", "person_id", "org_id", "lead_id"))
        else:
            if not given.get("title") or not (given.get("person_id") or given.get("organization_id")):
                refuse(400, "A lead needs a title, and a person or an organization")
            base = {"owner_id": int(company.me), "label_ids": [], "value": None, "expected_close_date": None,
                    "is_archived": False, "person_id": None, "organization_id": None}  # fmt: skip
        custom = {code: given[code] for code in company.fields["deals"] if name == "leads" and code in given}
        own = {field: value for field, value in given.items() if field not in custom}
        row = company.insert(name, {**base, **own, "custom": custom}, now)
        return reply(company.shown_old(name, row), 201)

    async def update_old(self, request: Request) -> Response:
        company, name = self._company, request.path_params["name"]
        row = company.find(name, request.path_params["id"])
        if row is None:
            return not_found(name.removesuffix("s").title())
        given = await body(request)
        self._known_old(name, given)
        company.tables[name].update(row.id, given, company.clock.now())
        return reply(company.shown_old(name, row))

    async def delete_old(self, request: Request) -> Response:
        company, name = self._company, request.path_params["name"]
        row = company.find(name, request.path_params["id"])
        if row is None:
            return not_found(name.removesuffix("s").title())
        company.delete(name, row)
        return reply(True if name == "notes" else {"id": row.id})

    def _known_old(self, name: str, given: Mapping[str, Any]) -> None:
        known = _NOTE if name == "notes" else _LEAD | set(self._company.fields["deals"])
        for field in given:
            if field not in known and self._company.variants["unknown_parameters"] == "refused":
                refuse(400, f"{field} is not allowed")

    # -- checks -------------------------------------------------------------------------------------------------

    def _checked(self, kind: Kind, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        company = self._company
        values: dict[str, Any] = {}
        for field, value in given.items():
            rule = kind.writable.get(field)
            if field == "custom_fields" and kind.name in company.fields:
                continue
            if rule is None:
                if company.variants["unknown_parameters"] == "refused":
                    invalid(f"{field} is not allowed")
                continue
            if not takes(rule, value):
                invalid(f"{field}: {value!r} does not fit")
            record = rule[1:] if isinstance(rule, str) and rule.startswith(">") else None
            if record is not None and value is not None and company.find(record, value) is None:
                invalid(f"{field}: there is no {record} {value}")
            values[field] = value
        return values, self._custom(kind, given.get("custom_fields"))

    def _custom(self, kind: Kind, given: Any) -> dict[str, Any]:
        if given is None:
            return {}
        if not isinstance(given, dict):
            invalid("custom_fields must be an object")
        fields = self._company.fields.get(kind.name, {})
        for code, value in given.items():
            if code not in fields:
                invalid(f"custom_fields.{code} is not a field of {kind.name}")
            if not fields[code].fits(value):
                invalid(f"custom_fields.{code}: {value!r} does not fit {fields[code].type}")
        return dict(given)

    def _derive(self, kind: Kind, row: Row, now: datetime) -> None:
        """What follows from the status of a deal."""
        if kind.name != "deals":
            return
        status, values = row.values["status"], row.values
        for state in ("won", "lost"):
            values[f"{state}_time"] = (values[f"{state}_time"] or stamp(now)) if status == state else None
        values["close_time"] = values["won_time"] or values["lost_time"]
