"""The record service: one record at a time, by internal or external id, as REST asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.netsuite import writing
from backhaul.sandbox.netsuite.answers import (
    Problem,
    invalid_content,
    invalid_header,
    invalid_parameter,
    no_such_record,
    not_permitted,
    user_error,
)
from backhaul.sandbox.netsuite.books import LINES, LINKS, Books
from backhaul.sandbox.netsuite.catalog import Field, RecordType
from backhaul.sandbox.netsuite.values import MOMENTS
from backhaul.sandbox.netsuite.writing import Outcome, Rules
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served

ROOT = "/services/rest/record/v1"
NAME_HEADER = "X-NetSuite-PropertyNameValidation"
VALUE_HEADER = "X-NetSuite-PropertyValueValidation"
_PARAMETERS = {
    "GET": {"fields", "expandSubResources", "simpleEnumFormat"},
    "PATCH": {"replace", "replaceSelectedFields"},
    "PUT": {"replace", "replaceSelectedFields"},
    "POST": {"replace"},
    "DELETE": set(),
}


class Records:
    """Handlers of `/services/rest/record/v1`, and `execute`, which asynchronous jobs share."""

    def __init__(self, books: Books, variants: Mapping[str, str], controls: Mapping[str, Any]) -> None:
        self.books = books
        self._variants = variants
        self._controls = controls

    def denied(self, record: RecordType) -> bool:
        return bool({record.name.lower(), record.table.name} & self.books.denied)

    def type(self, name: str) -> RecordType:
        record = self.books.record(name)
        if record is None:
            raise Problem(404, "NOT_FOUND", f"Record type '{name}' does not exist.", {"o:errorUrl": f"{ROOT}/{name}"})
        if self.denied(record):
            raise not_permitted(record.name)
        return record

    async def collection(self, request: Request) -> Response:
        record = self.type(request.path_params["type"])
        if request.method == "GET":
            return self._list(request, record)
        if request.method != "POST":
            raise Problem(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed here.")
        if "type=collection" in request.headers.get("content-type", "").replace(" ", ""):
            raise invalid_header("A collection can only be processed asynchronously.", "Prefer")
        self._check_parameters(request)
        body = decoded(await request.body())
        base = origin(request)
        outcome = self.execute("POST", record, None, body, rules(request.headers, request.query_params), base)
        return answer(outcome)

    async def instance(self, request: Request) -> Response:
        record, method = self.type(request.path_params["type"]), request.method
        id = str(request.path_params["id"])
        self._check_parameters(request)
        if method == "GET":
            row = self._row(record, id, "GET")
            served(request, 1)
            return _answered(self._shown(record, row, request), "singular")
        if method == "POST":
            raise Problem(405, "METHOD_NOT_ALLOWED", "POST is not allowed here.")
        body = {} if method == "DELETE" else decoded(await request.body())
        wanted = rules(request.headers, request.query_params)
        return answer(self.execute(method, record, id, body, wanted, origin(request)))

    def execute(
        self, method: str, record: RecordType, id: str | None, body: dict[str, Any], wanted: Rules, base: str
    ) -> Outcome:
        """Do one write now. Raises Problem; nothing is written then."""
        if not record.writable:
            raise not_permitted(record.name)
        books, now = self.books, self.books.clock.now()
        any_case = self._variants["property_case"] == "any"
        created = False
        if method == "DELETE":
            row = self._row(record, id or "", method)
            self._check_dependents(record, row)
            tracked = not self._controls["untracked_deletes"]
            books.delete(record.table.name, row.id, now, tracked=tracked)
        elif method == "POST":
            row, created = writing.create(books, record, body, wanted, now, any_case=any_case), True
        else:
            row, created = self._saved(method, record, id or "", body, wanted, any_case=any_case)
        success = self._variants["success"]
        status = 201 if created and success == "201" else 204 if success == "204" else 200
        location = None if method == "DELETE" else f"{base}{ROOT}/{record.name}/{row.id}"
        return Outcome(status, location)

    def _saved(
        self, method: str, record: RecordType, id: str, body: dict[str, Any], wanted: Rules, *, any_case: bool
    ) -> tuple[Row, bool]:
        books, now = self.books, self.books.clock.now()
        if method == "PUT":
            if not id.startswith("eid:") or not id[4:]:
                detail = "The PUT method works with external IDs only. Use the format eid:<externalId>."
                raise Problem(400, "INVALID_ID", detail, {"o:errorUrl": f"{ROOT}/{record.name}/{id}"})
            found = books.find_external(record, id[4:])
            if found is None:
                given = body.get("externalId", id[4:])
                if given != id[4:]:
                    raise invalid_content("The externalId of the body is not the one of the URL.", "externalId")
                body = {**body, "externalId": id[4:]}
                return writing.create(books, record, body, wanted, now, any_case=any_case), True
        else:
            found = self._row(record, id, method)
        writing.update(books, record, found, body, wanted, now, any_case=any_case)
        return found, False

    def _row(self, record: RecordType, id: str, method: str) -> Row:
        if id.startswith("eid:"):
            allowed = method == "PUT" or self._variants["eid"] == "everywhere"
            row = self.books.find_external(record, id[4:]) if allowed else None
        elif not id.lstrip("-").isdigit():
            raise Problem(400, "INVALID_ID", f"Invalid record instance identifier '{id}'. Provide a valid ID.")
        else:
            row = self.books.find(record, id)
        if row is None:
            raise no_such_record()
        return row

    def _check_dependents(self, record: RecordType, row: Row) -> None:
        books, id = self.books, row.values["id"]
        table = record.table.name
        if table in ("customer", "vendor"):
            held = any(tx.values.get("entity") == id for tx in books.tables["transaction"].live())
        elif table == "item":
            held = any(line.values.get("item") == id for line in books.tables[LINES].live())
        elif table == "transaction":
            held = any(link.values["previousdoc"] == id for link in books.tables[LINKS[0]].live())
        else:
            held = False
        if held:
            raise user_error("This record cannot be deleted because it has dependent records.")

    def _check_parameters(self, request: Request) -> None:
        for name in request.query_params:
            if name not in _PARAMETERS[request.method]:
                raise invalid_parameter(f"Unknown query parameter '{name}'.", name)

    def _list(self, request: Request, record: RecordType) -> Response:
        """Ids and links only: details need one request each."""
        for name in request.query_params:
            if name not in ("limit", "offset"):
                raise invalid_parameter(f"Unknown or unsupported query parameter '{name}'.", name)
        limit, offset = (
            request.query_params.get(name, default) for name, default in (("limit", "1000"), ("offset", "0"))
        )
        if not limit.isdigit() or not offset.isdigit() or not 1 <= int(limit) <= 1000 or int(offset) % int(limit):
            raise invalid_parameter("The limit is 1 to 1000 and the offset a multiple of it.", "limit")
        rows = [row for row in self.books.rows_of(record) if row.live]
        part = rows[int(offset) : int(offset) + int(limit)]
        base = f"{origin(request)}{ROOT}/{record.name}"
        more = int(offset) + len(part) < len(rows)
        links = [{"rel": "next", "href": f"{base}?limit={limit}&offset={int(offset) + int(limit)}"}] if more else []
        items = [{"links": [{"rel": "self", "href": f"{base}/{row.id}"}], "id": row.id} for row in part]
        served(request, len(items))
        content = {"links": links, "count": len(items), "hasMore": more, "items": items, "offset": int(offset),
                   "totalResults": len(rows)}  # fmt: skip
        return _answered(content, "collection")

    # One record as JSON

    def _shown(self, record: RecordType, row: Row, request: Request) -> dict[str, Any]:
        base = f"{origin(request)}{ROOT}"
        chosen = request.query_params.get("fields")
        properties = record.properties()
        if chosen:
            wanted = [name.strip() for name in chosen.split(",")]
            for name in wanted:
                if name not in properties:
                    raise invalid_parameter(f"Invalid field name '{name}'.", "fields")
            properties = {name: properties[name] for name in wanted}
        simple = request.query_params.get("simpleEnumFormat") == "true"
        expand = request.query_params.get("expandSubResources") == "true"
        self_link = f"{base}/{record.name}/{row.id}"
        found: dict[str, Any] = {"links": [{"rel": "self", "href": self_link}]}
        for name, field in properties.items():
            if field.kind == "sublist":
                found[name] = self._sublist(record, row, field, f"{self_link}/{name}", expand=expand)
            elif field.queryable and (value := row.values.get(field.column)) is not None:
                found[name] = self._value(field, value, row.values, base, simple=simple)
        return found

    def _value(self, field: Field, value: Any, values: Mapping[str, Any], base: str, *, simple: bool = False) -> Any:
        match field.kind:
            case "id":
                return str(value)
            case "reference":
                name, id = self.books.name_at(field.to or "", str(value)), str(value)
                href = f"{base}/{field.to}/{id}"
                return {"links": [{"rel": "self", "href": href}], "id": id, "refName": name}
            case "enum":
                text = dict(field.options).get(value, value)
                if field.column == "status":
                    text = self.books.status_text(values).partition(" : ")[2]
                return value if simple else {"id": value, "refName": text}
            case "timestamp":
                return MOMENTS[self._variants["date_times"]](value)
            case "date":
                return value.isoformat()
            case "decimal" | "float":
                return float(value)
        return value

    def _sublist(self, record: RecordType, row: Row, field: Field, href: str, *, expand: bool) -> dict[str, Any]:
        shown: dict[str, Any] = {"links": [{"rel": "self", "href": href}]}
        if not expand or record.sublist is not field or field.name == "apply":
            return shown
        items: list[dict[str, Any]] = []
        for line in writing.lines_of(self.books, row):
            facts = {
                name: line.get(name.lower())
                for name in ("description", "quantity", "rate", "amount", "debit", "credit")
            }
            item: dict[str, Any] = {
                name: float(value) if name != "description" else value
                for name, value in facts.items()
                if value is not None
            }
            for part in field.fields:
                if part.kind == "reference" and line.get(part.column) is not None:
                    item[part.name] = {"id": str(line[part.column])}
                elif part.custom and line.get(part.column) is not None:
                    item[part.name] = self._value(part, line[part.column], row.values, href)
            items.append({"links": [{"rel": "self", "href": f"{href}/{line['line']}"}], "line": line["line"], **item})
        return shown | {"items": items, "totalResults": len(items)}


def origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


def decoded(body: bytes) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(body) if body else {}
    except msgspec.DecodeError as error:
        raise invalid_content(f"Invalid content in the request body. {error}") from error
    if not isinstance(content, dict):
        raise invalid_content("Invalid content in the request body. An object is expected.")
    return content


def rules(headers: Mapping[str, str], query: Mapping[str, str]) -> Rules:
    """How strict a write is, by its headers, and which sublists it replaces."""
    found: list[str] = []
    for header in (NAME_HEADER, VALUE_HEADER):
        value = headers.get(header, "Error")
        if value.capitalize() not in ("Error", "Warning", "Ignore"):
            raise invalid_header(f"Invalid value '{value}' of the header {header}.", header)
        found.append(value.capitalize())
    replaced = frozenset(name.strip() for name in query.get("replace", "").split(",") if name.strip())
    return Rules(names=found[0] == "Error", values=found[1] == "Error", replace=replaced)


def answer(outcome: Outcome) -> Response:
    headers = {} if outcome.location is None else {"Location": outcome.location}
    return Response(b"", outcome.status, headers)


def _answered(content: object, kind: str) -> Response:
    return Response(msgspec.json.encode(content), media_type=f"application/vnd.oracle.resource+json; type={kind}")
