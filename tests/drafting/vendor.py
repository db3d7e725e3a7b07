"""A vendor that a test describes: it has a way to page and an envelope, an OpenAPI document says so, and it does so.

It is as strict as its document: an unknown parameter is refused, and so is whoever does not prove who asks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from tests.little import Asked, Little, Reply

Schema = dict[str, Any]
FIRST = 7
TEXT: Schema = {"type": "string"}
WIDGET: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "name": TEXT,
        "price": {"type": "number"},
        "in_stock": {"type": "boolean"},
        "updated_at": {"type": "string", "format": "date-time", "readOnly": True},
    },
}


@dataclass
class Vendor:
    """pages: token, link, link header, offset, page, page from 0, keyset or none. envelope: bare, data, named, nested,
    json api or wrapped. rows: id -> record, changed by whoever is not us, too."""

    pages: str = "token"
    envelope: str = "data"
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    clock: int = 0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        for number in range(1, FIRST + 1):
            self.put({"name": f"Widget {number}", "price": number + 0.5, "in_stock": number % 2 == 0})
        self.server = Little(self._answer)

    def put(self, values: dict[str, Any], key: str | None = None) -> str:
        self.clock += 1
        key = key or f"w{len(self.rows) + 1}"
        self.rows[key] = {**self.rows.get(key, {"id": key}), **values, "updated_at": self._time()}
        return key

    def _time(self) -> str:
        """The first rows are of yesterday; what comes later happened a few minutes ago, within the overlap."""
        ago = timedelta(days=1) if self.clock <= FIRST else timedelta(minutes=2)
        return f"{self.began - ago + timedelta(seconds=self.clock):%Y-%m-%dT%H:%M:%SZ}"

    # -- what it does ------------------------------------------------------------------------------------------------

    def _answer(self, asked: Asked) -> Any:
        self.asked.append(asked.line)
        if asked.path == "/v2/open":
            return {"id": "whoever"}
        if asked.headers.get("x-key") != "a-token":
            return Reply({"error": {"message": "who are you?", "code": "unknown"}}, 401)
        match asked.path.strip("/").split("/"):
            case ["v2", "me"]:
                return {"id": "account-1"}
            case ["v2", "widgets"] if asked.method == "GET":
                return self._list(asked)
            case ["v2", "widgets"] if asked.method == "POST":
                key = self.put(self._sent(asked))
                return Reply(self._one(key), 201)
            case ["v2", "widgets", key] if key in self.rows:
                if asked.method == "PATCH":
                    self.put(self._sent(asked), key)
                if asked.method == "DELETE":
                    del self.rows[key]
                    return Reply(None, 204)
                return self._one(key)
        return Reply({"error": {"message": f"there is no {asked.path}", "code": "absent"}}, 404)

    def _list(self, asked: Asked) -> Reply:
        allowed = {"updated_since", *(name for name, _ in self._parameters())}
        if unknown := set(asked.params) - allowed:
            return Reply({"error": {"message": f"unknown parameter {sorted(unknown)[0]}", "code": "bad"}}, 400)
        size = int(asked.params.get("limit", asked.params.get("per_page", 3)))
        since = asked.params.get("updated_since", "").replace(".000Z", "Z")
        rows = [each for key, each in sorted(self.rows.items()) if each["updated_at"] >= since]
        start = self._start(asked, rows, size)
        part, more = rows[start : start + size], len(rows) > start + size
        if self.pages == "none":
            part, more = rows, False
        around: dict[str, Any] = {}
        headers: dict[str, str] = {}
        there = f"/v2/widgets?{urlencode({**asked.params, 'at': start + size})}"
        if self.pages == "token":
            around["paging"] = {"next_cursor": str(start + size) if more else None}
        elif self.pages == "link":
            around["links"] = {"next": there if more else None}
        elif self.pages == "link header":
            last = f'<{there}>; rel="next", </v2/widgets?at=0>; rel="first"' if more else '</v2/widgets>; rel="first"'
            headers["Link"] = last
        elif self.pages == "keyset":
            around["has_more"] = more
        body = [self._shaped(each) for each in part]
        return Reply(self._enveloped(body, around), 200, headers)

    def _start(self, asked: Asked, rows: list[dict[str, Any]], size: int) -> int:
        match self.pages:
            case "token":
                return int(asked.params.get("cursor", 0))
            case "link" | "link header":
                return int(asked.params.get("at", 0))
            case "offset":
                return int(asked.params.get("offset", 0))
            case "page":
                return (int(asked.params.get("page", 1)) - 1) * size
            case "page from 0":
                return int(asked.params.get("page", 0)) * size
            case "keyset":
                return sum(each["id"] <= asked.params.get("starting_after", "") for each in rows)
        return 0

    def _shaped(self, row: dict[str, Any]) -> Any:
        if self.envelope == "json api":
            fields = {name: value for name, value in row.items() if name != "id"}
            return {"id": row["id"], "type": "widgets", "attributes": fields}
        return {"widget": row} if self.envelope == "wrapped" else row

    def _enveloped(self, body: list[Any], around: dict[str, Any]) -> Any:
        match self.envelope:
            case "bare":
                return body
            case "named":
                return {"widgets": body, **around}
            case "nested":
                return {"data": {"items": body, **around}}
            case "wrapped":
                return {"list": body, **around}
        return {"data": body, **around}

    def _one(self, key: str) -> Any:
        row = self._shaped(self.rows[key])
        return row if self.envelope in ("bare", "wrapped") else {"data": row}

    def _sent(self, asked: Asked) -> dict[str, Any]:
        sent: Any = asked.json
        if self.envelope == "json api":
            assert sent["data"]["type"] == "widgets"
            sent = sent["data"]["attributes"]
        assert isinstance(sent, dict)
        assert sent.keys() <= {"name", "price", "in_stock"}, sent
        return sent

    # -- what its document says --------------------------------------------------------------------------------------

    def _parameters(self) -> list[tuple[str, Schema]]:
        whole = {"type": "integer"}
        size: Schema = {"type": "integer", "maximum": 3}
        return {
            "token": [("limit", size), ("cursor", TEXT)],
            "link": [("limit", size), ("at", whole)],
            "link header": [("per_page", size), ("page", whole), ("at", whole)],
            "offset": [("limit", size), ("offset", {**whole, "default": 0})],
            "page": [("per_page", size), ("page", {**whole, "default": 1})],
            "page from 0": [("per_page", size), ("page", {**whole, "minimum": 0})],
            "keyset": [("limit", size), ("starting_after", TEXT)],
            "none": [],
        }[self.pages]

    def document(self) -> dict[str, Any]:
        link: Schema = {"type": "string", "format": "uri", "nullable": True}
        around: Schema = {
            "token": {"paging": {"type": "object", "properties": {"next_cursor": {**TEXT, "nullable": True}}}},
            "link": {"links": {"type": "object", "properties": {"next": link}}},
            "keyset": {"has_more": {"type": "boolean"}},
        }.get(self.pages, {})
        item: Schema = {"$ref": "#/components/schemas/Widget"}
        if self.envelope == "json api":
            item = _json_api(item, "id")
        if self.envelope == "wrapped":
            item = {"type": "object", "properties": {"widget": item}}
        rows: Schema = {"type": "array", "items": item}
        name = {"named": "widgets", "nested": "items", "wrapped": "list"}.get(self.envelope, "data")
        body: Schema = {"type": "object", "properties": {name: rows, **around}}
        if self.envelope == "bare":
            body = rows
        if self.envelope == "nested":
            body = {"type": "object", "properties": {"data": body}}
        one = item if self.envelope in ("bare", "wrapped") else {"type": "object", "properties": {"data": item}}
        written: Schema = {"$ref": "#/components/schemas/Written"}
        if self.envelope == "json api":
            written = {"type": "object", "properties": {"data": _json_api(written)}}
        headers = {"Link": {"schema": TEXT}} if self.pages == "link header" else {}
        listed = [{"name": name, "in": "query", "schema": schema} for name, schema in self._parameters()]
        listed.append({"name": "updated_since", "in": "query", "schema": {"type": "string", "format": "date-time"}})
        key = {"name": "widget_id", "in": "path", "required": True, "schema": TEXT}
        return {
            "openapi": "3.0.3",
            "info": {"title": "Widgets", "version": "2"},
            "servers": [{"url": f"{self.server.url}/v2"}],
            "security": [{"key": []}],
            "paths": {
                "/widgets": {
                    "get": {"parameters": listed, "responses": {"200": {**_content(body), "headers": headers}}},
                    "post": {"requestBody": _content(written), "responses": {"201": _content(one)}},
                },
                "/widgets/{widget_id}": {
                    "parameters": [key],
                    "get": {"responses": {200: _content(one)}},
                    "patch": {"requestBody": _content(written), "responses": {"200": _content(one)}},
                    "delete": {"responses": {"204": {"description": "gone"}}},
                },
                "/me": {"get": {"responses": {"200": _content({"type": "object", "properties": {"id": TEXT}})}}},
            },
            "components": {
                "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
                "schemas": {
                    "Widget": WIDGET if self.envelope != "json api" else _without(WIDGET, "id"),
                    "Written": _without(WIDGET, "id", "updated_at"),
                },
            },
        }

    def text(self) -> str:
        return json.dumps(self.document())


def _json_api(attributes: Schema, *more: str) -> Schema:
    own = dict.fromkeys(more, TEXT)
    kind = {"type": "string", "enum": ["widgets"]}
    return {"type": "object", "properties": {**own, "type": kind, "attributes": attributes}}


def _without(schema: Schema, *names: str) -> Schema:
    kept = {name: each for name, each in schema["properties"].items() if name not in names}
    return {**schema, "properties": kept}


def _content(schema: Schema) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema}}}
