"""Lists, pages and single records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served
from backhaul.sandbox.xero.answers import bad_query, envelope, not_found, reply
from backhaul.sandbox.xero.kinds import CREATED, KEY_OF_ANSWER, UPDATED, Kind
from backhaul.sandbox.xero.organisation import Organisation, is_guid
from backhaul.sandbox.xero.where import BadQuery, compile_order, compile_where, sortable, value_of

HUNDRED, MOST = 100, 1000
_ALSO_BY = {"Contacts": "ContactNumber", "Items": "Code", "Invoices": "InvoiceNumber",
            "PurchaseOrders": "PurchaseOrderNumber"}  # fmt: skip
_SEARCHED = (
    "Name",
    "FirstName",
    "LastName",
    "ContactNumber",
    "CompanyNumber",
    "EmailAddress",
    "InvoiceNumber",
    "Reference",
)
_AMONG = {"Statuses": "Status", "InvoiceNumbers": "InvoiceNumber", "References": "Reference"}
_EQUAL = ("Status", "QuoteNumber", "SourceTransactionID", "TargetTransactionID")
_SPANS = {"DateFrom": ("Date", 1), "DateTo": ("Date", -1), "ExpiryDateFrom": ("ExpiryDate", 1),
          "ExpiryDateTo": ("ExpiryDate", -1)}  # fmt: skip


class Reads:
    """Handlers of one organisation's GETs."""

    def __init__(self, organisation: Organisation, controls: Mapping[str, Any]) -> None:
        self._org = organisation
        self._controls = controls

    async def listed(self, request: Request, of: Kind) -> Response:
        query = request.query_params
        self.known(request, of.queries)
        since = _since(request.headers.get("if-modified-since")) if of.since else None
        rows = self._sorted(of, self._found(of, query, since), query.get("order"))
        if of.name == "Journals":
            offset = _whole(query.get("offset", "0"), "offset")
            rows = [row for row in rows if row.values["JournalNumber"] > offset][: self._size(HUNDRED)]
            return self._answer(request, of, rows, since, whole=True)
        if of.paging == "whole":
            return self._answer(request, of, rows, since, whole=True)
        if "page" not in query and of.name != "PurchaseOrders":
            # long lists without a page come without lines
            return self._answer(request, of, rows, since, whole=False)
        page = _whole(query.get("page", "1"), "page")
        size = _whole(query.get("pageSize", str(HUNDRED)), "pageSize") if of.paging == "sized" else HUNDRED
        if page < 1 or not 1 <= size <= MOST:
            raise bad_query(f"page begins at 1, and pageSize is from 1 to {MOST}")
        size = self._size(size)
        told = {"page": page, "pageSize": size, "pageCount": -(-len(rows) // size), "itemCount": len(rows)}
        more = {"pagination": told} if of.paging == "sized" and self._org.variants["pagination"] == "told" else {}
        shown = rows[(page - 1) * size : page * size]
        return self._answer(request, of, shown, since, whole=query.get("summaryOnly", "").lower() != "true", **more)

    async def one(self, request: Request, of: Kind) -> Response:
        self.known(request, of.params & {"unitdp"})
        row = self.named(of, request.path_params["id"])
        return self._answer(request, of, [row], None, whole=True)

    def named(self, of: Kind, id: str) -> Row:
        """The record that a path names, by its id or, of some, by its number. Raises Refused with a 404."""
        row = self._org.tables[of.name].get(id.lower() if is_guid(id) else id)
        if row is None and of.name in _ALSO_BY:
            row = self._org.find(of, _ALSO_BY[of.name], id)
        if row is None or not row.live:
            raise not_found()
        return row

    def known(self, request: Request, allowed: frozenset[str]) -> None:
        if self._org.variants["unknown"] == "refused":
            for name in request.query_params:
                if name not in allowed:
                    raise bad_query(f"Unknown query parameter {name}")

    def _size(self, size: int) -> int:
        return min(size, self._controls["page_size_cap"] or size)

    def _answer(
        self, request: Request, of: Kind, rows: list[Row], since: datetime | None, *, whole: bool, **more: Any
    ) -> Response:
        if since is not None and not rows and self._org.variants["unchanged"] == "304":
            return Response(status_code=304)
        served(request, len(rows))
        places = places_of(of, request.query_params)
        shown = [self._org.shown(of, row, whole=whole, places=places) for row in rows]
        return reply(envelope(KEY_OF_ANSWER.get(of.name, of.name), shown, self._org.clock.now(), **more))

    def _found(self, of: Kind, query: Mapping[str, str], since: datetime | None) -> list[Row]:
        tests = list(self._tests(of, query))
        found = []
        for row in self._org.rows(of):
            if since is not None and not self._is_since(of, row, since):
                continue
            if self._is_hidden(of, row, query, since):
                continue
            if tests:
                record = self._org.record(of, row)
                if not all(test(record) for test in tests):
                    continue
            found.append(row)
        return found

    def _is_since(self, of: Kind, row: Row, since: datetime) -> bool:
        at = (row.created_at if of.stamp == CREATED and of.name == "Journals" else row.changed_at).replace(
            microsecond=0
        )
        return at > since if self._org.variants["modified_since"] == "after" else at >= since

    def _is_hidden(self, of: Kind, row: Row, query: Mapping[str, str], since: datetime | None) -> bool:
        state = self._org.state(of, row)
        if state in of.hidden:
            return query.get("includeArchived", query.get("includeDeleted", "")).lower() != "true"
        hides = self._org.variants["deleted_documents"] == "only when changed" and "IDs" not in query
        return hides and since is None and state == "DELETED" and bool(of.lines)

    def _tests(self, of: Kind, query: Mapping[str, str]) -> list[Callable[[Mapping[str, Any]], bool]]:
        tests: list[Callable[[Mapping[str, Any]], bool]] = []

        def among(name: str, texts: str) -> Callable[[Mapping[str, Any]], bool]:
            wanted = {text.strip().casefold() for text in texts.split(",")}
            return lambda record: str(value_of(record, name) or "").casefold() in wanted

        for name, value in query.items():
            if name == "where":
                try:
                    tests.append(compile_where(value, lambda each: self._has(of, each)))
                except BadQuery as wrong:
                    raise bad_query(str(wrong)) from None
            elif name in ("IDs", "ContactIDs", "LinkedTransactionID"):
                if not all(is_guid(each) for each in value.split(",")):
                    raise bad_query(f"{name} are guids, parted by commas")
                tests.append(among("Contact.ContactID" if name == "ContactIDs" else of.id, value))
            elif name in _AMONG:
                tests.append(among(_AMONG[name], value))
            elif name in _EQUAL:
                tests.append(among(name, value))
            elif name == "ContactID":
                tests.append(among("ContactID" if "ContactID" in of.fields else "Contact.ContactID", value))
            elif name in _SPANS:
                field, way = _SPANS[name]
                tests.append(_span(field, way, value))
            elif name == "searchTerm":
                tests.append(_holding(value.casefold()))
        return tests

    def _has(self, of: Kind, name: str) -> bool:
        return name in of.fields or name in (of.id, of.stamp) or (name == CREATED and of.stamp == CREATED)

    def _sorted(self, of: Kind, rows: list[Row], order: str | None) -> list[Row]:
        """As asked, else by change; of one moment by id."""
        rows.sort(key=lambda row: self._place(row.id))
        if order is None:
            rows.sort(key=lambda row: row.n if of.paging == "whole" else row.changed_at.timestamp())
            return rows
        try:
            fields = compile_order(order, lambda each: self._has(of, each.split(".")[0]))
        except BadQuery as wrong:
            raise bad_query(str(wrong)) from None
        for name, descending in reversed(fields):
            if name == of.id:
                rows.sort(key=lambda row: self._place(row.id), reverse=descending)
            elif name in (UPDATED, CREATED):
                rows.sort(key=lambda row: row.changed_at if name == UPDATED else row.created_at, reverse=descending)
            else:
                rows.sort(key=lambda row: sortable(value_of(self._org.record(of, row), name)), reverse=descending)
        return rows

    def _place(self, id: str) -> Any:
        """Where an id sorts: as a text, or as the store behind Xero may compare guids, from their last bytes on."""
        if self._org.variants["id_order"] == "text" or not is_guid(id):
            return (id.encode(),)
        raw = UUID(id).bytes
        return (raw[10:], raw[8:10], raw[6:8], raw[4:6], raw[:4])


def places_of(of: Kind, query: Mapping[str, str]) -> int:
    """Decimal places of unit amounts: two, unless four are asked for; four where they cannot be asked for."""
    if "unitdp" not in of.params:
        return 4
    if query.get("unitdp", "2") not in ("2", "4"):
        raise bad_query("unitdp is 2 or 4")
    return int(query.get("unitdp", "2"))


def _holding(term: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda record: any(term in str(record.get(each, "")).casefold() for each in _SEARCHED)


def _span(field: str, way: int, value: str) -> Callable[[Mapping[str, Any]], bool]:
    try:
        end = datetime.fromisoformat(value).date().isoformat()
    except ValueError:
        raise bad_query(f"{value} is no date") from None
    if way > 0:
        return lambda record: str(record.get(field, "")) >= end
    return lambda record: str(record.get(field, "9")) <= end


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise bad_query(f"If-Modified-Since {text} is no date and time") from None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).replace(microsecond=0)


def _whole(text: str, name: str) -> int:
    if not text.isdecimal():
        raise bad_query(f"{name} is a whole number, not {text}")
    return int(text)
