"""Lists: by cursor in version 2, by offset in version 1; the definitions of fields; what changed recently."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.pipedrive.answers import invalid, moment_of, not_found, refuse, reply
from backhaul.sandbox.pipedrive.company import COMPANY, DOMAIN, Company
from backhaul.sandbox.pipedrive.shapes import KINDS, OLD, Kind
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served

MOST, USUAL, AT_ONCE = 500, 100, 100
_ITEMS = {"deal": "deals", "person": "persons", "organization": "organizations", "activity": "activities",
          "product": "products", "note": "notes", "user": "users"}  # fmt: skip


def parameters(company: Company, request: Request, *known: str) -> dict[str, str]:
    """The query's parameters; those that the endpoint does not have are refused."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in (*known, "api_token") and company.variants["unknown_parameters"] == "refused":
            invalid(f"query parameter {name} is not allowed")
        found[name] = value
    return found


def whole(company: Company, found: dict[str, str], name: str, default: int, highest: int) -> int:
    text = found.get(name, str(default))
    if not text.isdigit() or not 0 <= int(text) <= highest or (name == "limit" and text == "0"):
        invalid(f"{name} must be a number up to {highest}, not {text}")
    cap = company.controls["page_size_cap"] if name == "limit" else None
    return int(text) if cap is None else min(int(text), int(cap))


class Lists:
    def __init__(self, company: Company) -> None:
        self._company = company

    # -- version 2 ----------------------------------------------------------------------------------------------

    async def listed(self, request: Request) -> Response:
        return self._of_kind(request, KINDS[request.path_params["name"]])

    async def archived(self, request: Request) -> Response:
        return self._of_kind(request, KINDS["deals"], archived=True)

    def _of_kind(self, request: Request, kind: Kind, *, archived: bool = False) -> Response:
        company = self._company
        known = ("limit", "cursor", "sort_by", "sort_direction", "ids", "filter_id", "include_fields", "custom_fields")
        times = ("updated_since", "updated_until") if kind.by_time else ()
        status = ("status",) if kind.name == "deals" else ()
        found = parameters(company, request, *known, *times, *status, *kind.filters)
        rows = [row for row in company.tables[kind.name].order if not row.purged]
        if found.get("status") == "deleted":
            rows = [row for row in rows if not row.live]
        else:
            rows = [row for row in rows if row.live]
            if kind.name == "deals":
                rows = [row for row in rows if row.values["is_archived"] == archived]
            if "status" in found:
                wanted = found["status"].split(",")
                rows = [row for row in rows if row.values["status"] in wanted]
        if "ids" in found:
            ids = found["ids"].split(",")
            if len(ids) > AT_ONCE:
                invalid(f"ids must hold at most {AT_ONCE} ids")
            rows = [row for row in rows if row.id in ids]
        for name in kind.filters:
            if name in found:
                rows = [row for row in rows if str(row.values.get(name)).lower() == found[name].lower()]
        for name in times:
            if name in found:
                moment = moment_of(found[name])
                if moment is None:
                    invalid(f"{name} must be a time as of RFC 3339, not {found[name]}")
                since = name == "updated_since"
                rows = [row for row in rows if (_second(row.changed_at) >= moment) == since]
        return self._page(request, kind, rows, found)

    def _page(self, request: Request, kind: Kind, rows: list[Row], found: dict[str, str]) -> Response:
        company = self._company
        limit = whole(company, found, "limit", USUAL, MOST)
        by, direction = found.get("sort_by", "id"), found.get("sort_direction", "asc")
        if by not in kind.sorts or direction not in ("asc", "desc"):
            invalid(f"sort_by must be one of {', '.join(kind.sorts)}, sort_direction asc or desc")
        place = _places(by)
        rows = sorted(rows, key=place, reverse=direction == "desc")
        query = {name: value for name, value in found.items() if name not in ("cursor", "limit", "api_token")}
        digest = hashlib.sha256(repr(sorted(query.items())).encode()).hexdigest()[:8]
        if "cursor" in found:
            after = _read_cursor(found["cursor"], digest)
            rows = [row for row in rows if (place(row) > after if direction == "asc" else place(row) < after)]
        page = rows[:limit]
        served(request, len(page))
        cursor = _cursor(place(page[-1]), digest) if len(rows) > limit else None
        beside: dict[str, Any] = {"next_cursor": cursor}
        if cursor is None and company.variants["cursor_end"] == "absent":
            beside = {}
        return reply([company.shown(kind.name, row) for row in page], additional_data=beside)

    async def one(self, request: Request) -> Response:
        name = request.path_params["name"]
        parameters(self._company, request, "include_fields", "custom_fields")
        row = self._company.find(name, request.path_params["id"])
        return not_found(KINDS[name].one) if row is None else reply(self._company.shown(name, row))

    async def deal_products(self, request: Request) -> Response:
        found = parameters(self._company, request, "deal_ids", "limit", "cursor", "sort_by", "sort_direction")
        ids = found.get("deal_ids", "").split(",")
        if ids == [""] or len(ids) > AT_ONCE:
            invalid(f"deal_ids must hold 1 to {AT_ONCE} ids")
        kind = Kind("deal_products", "Deal product", {}, "")
        wanted = {id for id in ids if self._company.find("deals", id) is not None}
        rows = [row for row in self._company.tables["deal_products"].live() if str(row.values["deal_id"]) in wanted]
        return self._page(request, kind, rows, found)

    async def field_list(self, request: Request) -> Response:
        """The custom fields of an object, after some that every company has."""
        company, name = self._company, request.path_params["name"]
        found = parameters(company, request, "limit", "cursor", "include_fields")
        limit = whole(company, found, "limit", USUAL, MOST)
        told = [*_system(KINDS[name]), *(field.shown() for field in company.fields[name].values())]
        start = int(_read_cursor(found["cursor"], name)[1]) if "cursor" in found else 0
        more = len(told) > start + limit
        served(request, len(told[start : start + limit]))
        cursor = _cursor(("", start + limit), name) if more else None
        return reply(told[start : start + limit], additional_data={"next_cursor": cursor})

    # -- version 1 ----------------------------------------------------------------------------------------------

    async def old(self, request: Request) -> Response:
        company, name = self._company, request.path_params["name"]
        known = {"leads": ("sort", "owner_id", "person_id", "organization_id", "updated_since"),
                 "notes": ("sort", "user_id", "deal_id", "person_id", "org_id", "updated_since")}  # fmt: skip
        found = parameters(company, request, "start", "limit", *known[name])
        archived = request.url.path.endswith("/archived")
        rows = [row for row in company.tables[name].live() if name != "leads" or row.values["is_archived"] == archived]
        if "updated_since" in found:
            moment = moment_of(found["updated_since"])
            if moment is None:
                invalid(f"updated_since must be a time as of RFC 3339, not {found['updated_since']}")
            rows = [row for row in rows if _second(row.changed_at) >= moment]
        return self._by_offset(request, found, rows, lambda row: company.shown_old(name, row))

    def _by_offset(
        self, request: Request, found: dict[str, str], rows: Sequence[Row], shown: Callable[[Row], Any]
    ) -> Response:
        start = whole(self._company, found, "start", 0, 10**9)
        limit = whole(self._company, found, "limit", USUAL, MOST)
        page = rows[start : start + limit]
        more = len(rows) > start + limit
        pagination: dict[str, Any] = {"start": start, "limit": limit, "more_items_in_collection": more}
        if more:
            pagination["next_start"] = start + limit
        served(request, len(page))
        data: Any = [shown(row) for row in page]
        if not page and self._company.variants["empty_data"] == "null":
            data = None
        return reply(data, additional_data={"pagination": pagination})

    async def users(self, request: Request) -> Response:
        """All at once: there are no pages."""
        parameters(self._company, request)
        rows = list(self._company.tables["users"].live())
        served(request, len(rows))
        return reply([self._company.shown_old("users", row) for row in rows])

    async def me(self, request: Request) -> Response:
        parameters(self._company, request)
        row = self._company.tables["users"].require(self._company.me)
        beside = {"company_id": COMPANY, "company_domain": DOMAIN, "company_name": "Acme", "default_currency": "USD"}
        return reply({**self._company.shown_old("users", row), **beside})

    async def old_one(self, request: Request) -> Response:
        name = request.path_params["name"]
        row = self._company.find(name, request.path_params["id"])
        return not_found(name.removesuffix("s").title()) if row is None else reply(self._company.shown_old(name, row))

    async def recents(self, request: Request) -> Response:
        """What changed since a time, deleted ones too; a month back at most."""
        company = self._company
        found = parameters(company, request, "since_timestamp", "items", "start", "limit")
        try:
            since = datetime.strptime(found.get("since_timestamp", ""), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            refuse(400, "since_timestamp must be given as YYYY-MM-DD HH:MM:SS")
        if since < company.clock.now() - timedelta(days=31):
            refuse(400, "since_timestamp reaches back one month only")
        items = [each for each in found.get("items", ",".join(_ITEMS)).split(",") if each in _ITEMS]
        rows = [
            (item, row)
            for item in items
            for row in company.tables[_ITEMS[item]].order
            if not row.purged and _second(row.changed_at) >= since
        ]
        named = {id(row): item for item, row in rows}

        def shown(row: Row) -> dict[str, Any]:
            item = named[id(row)]
            name = _ITEMS[item]
            told = None if not row.live else company.shown_old(name, row) if name in OLD else company.shown(name, row)
            return {"item": item, "id": int(row.id), "data": told}

        return self._by_offset(request, found, [row for _, row in rows], shown)


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _places(by: str) -> Callable[[Row], tuple[str, int]]:
    """Where a row stands in the order: the sort value as text, then the id."""

    def place(row: Row) -> tuple[str, int]:
        match by:
            case "id":
                return "", int(row.id)
            case "update_time":
                return _second(row.changed_at).isoformat(), int(row.id)
            case "add_time":
                return _second(row.created_at).isoformat(), int(row.id)
        return str(row.values.get(by) or ""), int(row.id)

    return place


def _cursor(place: tuple[str, int], digest: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([*place, digest])).decode()


def _read_cursor(cursor: str, digest: str) -> tuple[str, int]:
    """A cursor is good for the query that it was given for."""
    try:
        value, id, of = msgspec.json.decode(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error, msgspec.DecodeError):
        invalid("cursor is not valid")
    if of != digest:
        invalid("cursor belongs to another query")
    return str(value), int(id)


def _system(kind: Kind) -> list[dict[str, Any]]:
    return [
        {
            "field_name": name.replace("_", " ").capitalize(),
            "field_code": name,
            "description": None,
            "field_type": "varchar",
            "options": None,
            "subfields": None,
            "is_custom_field": False,
            "is_optional_response_field": False,
        }
        for name in ("id", *kind.writable)
    ]
