"""What is written: one record a request, and many requests in one call, each with an answer of its own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from backhaul.sandbox.servicenow.answers import Told, Unfit, failure, no_record, unfit
from backhaul.sandbox.servicenow.reads import Params, Reads
from backhaul.sandbox.servicenow.store import Store
from backhaul.sandbox.tables import Row

_TOLD_ALONE = (
    "sys_db_object",
    "sys_dictionary",
    "sys_choice",
    "sys_audit_delete",
    "sys_journal_field",
    "sys_attachment",
)
_REASONS = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}


class Writes:
    def __init__(self, store: Store, reads: Reads, controls: Mapping[str, Any]) -> None:
        self._store = store
        self._reads = reads
        self._controls = controls

    # -- one record -------------------------------------------------------------------------------------------------

    def create(self, name: str, params: Params, body: bytes) -> Told:
        self._admit("Create", name, params)
        given = self._values(name, body)
        self._mandatory(name, given)
        self._unique(name, given, None, "insert")
        row = self._store.insert(name, given, self._store.clock.now())
        location = {"Location": f"{self._reads.base_url}/api/now/table/{name}/{row.id}"}
        return Told(201, {"result": self._reads.shown(name, self._store.record(name, row), params)}, location)

    def change(self, name: str, id: str, params: Params, body: bytes) -> Told:
        self._admit("Write", name, params)
        of, row = self._row(name, id)
        given = self._values(of, body)
        self._mandatory(of, {**{key: str(value) for key, value in row.values.items()}, **given})
        self._unique(of, given, row, "update")
        self._store.update(of, row, given, self._store.clock.now())
        return Told(200, {"result": self._reads.shown(name, self._store.record(of, row), params)})

    def delete(self, name: str, id: str, params: Params) -> Told:
        self._admit("Delete", name, params)
        self._store.delete(*self._row(name, id), self._store.clock.now())
        return Told(204)

    def _admit(self, right: str, name: str, params: Params) -> None:
        self._reads.check(name, params)
        if name in _TOLD_ALONE or f"{right} {name}" in self._controls["forbidden"]:
            unfit(403, "Operation Failed", "ACL Exception Insert Failed due to security constraints")

    def _row(self, name: str, id: str) -> tuple[str, Row]:
        found = self._store.find(name, id)
        if found is None or id in self._controls["hidden"]:
            no_record()
        return found

    def _values(self, name: str, body: bytes) -> dict[str, str]:
        """What is kept of a body: unknown columns, those nobody writes and values that do not fit go in silence."""
        try:
            given = msgspec.json.decode(body)
        except msgspec.DecodeError:
            unfit(400, "Exception while reading request", "The payload is not valid JSON.")
        if not isinstance(given, dict):
            unfit(400, "Exception while reading request", "The payload is not an object.")
        columns = self._store.columns(name)
        kept: dict[str, str] = {}
        for key, value in given.items():
            column = columns.get(key)
            if column is None or column.read_only or f"{name}.{key}" in self._controls["dropped"]:
                continue
            text = column.kept(value)
            if text is not None:
                kept[key] = text
        return kept

    def _mandatory(self, name: str, values: Mapping[str, str]) -> None:
        if self._store.variants["mandatory"] == "free":
            return
        missing = [
            each.label for each in self._store.columns(name).values() if each.mandatory and not values.get(each.name)
        ]
        if missing:
            unfit(
                403,
                "Operation Failed",
                f"Data Policy Exception: The following fields are mandatory: {', '.join(missing)}",
            )

    def _unique(self, name: str, values: Mapping[str, str], row: Row | None, doing: str) -> None:
        for column in self._store.columns(name).values():
            value = values.get(column.name) if column.unique else None
            if not value:
                continue
            for _, other in self._store.rows(self._store.chain(name)[-1]):
                if other is not row and str(other.values.get(column.name, "")).lower() == value.lower():
                    entry = f"Duplicate entry '{value}' for key '{column.name}'"
                    said = f"Error during {doing} of {name}: Unique Key violation detected by database ({entry})"
                    unfit(403, "Operation Failed", said)

    # -- many requests ----------------------------------------------------------------------------------------------

    def batch(self, body: bytes) -> Told:
        """One after the other, no transaction; what the time does not suffice for is listed."""
        try:
            asked = msgspec.json.decode(body)
        except msgspec.DecodeError:
            unfit(400, "Exception while reading request", "The payload is not valid JSON.")
        requests = asked.get("rest_requests") if isinstance(asked, dict) else None
        if not isinstance(requests, list) or "batch_request_id" not in asked:
            unfit(400, "Invalid batch request", "batch_request_id and rest_requests are needed")
        ids = [str(each.get("id", "")) for each in requests if isinstance(each, dict)]
        if len(ids) != len(requests) or "" in ids or len(set(ids)) != len(ids):
            unfit(400, "Invalid batch request", "every request needs an id of its own")
        serves = self._controls["batch_serves"]
        served = len(requests) if serves is None else int(serves)
        return Told(
            200,
            {
                "batch_request_id": str(asked["batch_request_id"]),
                "serviced_requests": [self._serviced(each) for each in requests[:served]],
                "unserviced_requests": ids[served:],
            },
        )

    def _serviced(self, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            told = self._dispatch(request)
        except Unfit as unfit_:
            told = unfit_.told
        answer: dict[str, Any] = {
            "id": str(request["id"]),
            "body": base64.b64encode(told.body).decode(),
            "status_code": told.status,
            "status_text": _REASONS.get(told.status, ""),
            "execution_time": 12,
            "redirect_url": None,
        }
        if not request.get("exclude_response_headers"):
            headers = {"Content-Type": "application/json;charset=UTF-8", **told.headers}
            answer["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
        return answer

    def _dispatch(self, request: Mapping[str, Any]) -> Told:
        url, method = str(request.get("url", "")), request.get("method")
        headers = {str(each.get("name", "")).lower(): each.get("value") for each in request.get("headers") or ()}
        path = urlsplit(url).path.removeprefix("/api/now/").removeprefix("v1/").removeprefix("v2/").split("/")
        params = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        if not url.startswith("/api/now/") or path[0] != "table" or len(path) not in (2, 3):
            return failure(400, "Requested URI does not represent any resource", url)
        try:
            body = base64.b64decode(request.get("body") or "", validate=True)
        except (binascii.Error, TypeError):
            return failure(400, "Exception while reading request", "The body is not base64.")
        if method in ("POST", "PUT", "PATCH") and headers.get("content-type") != "application/json":
            return failure(415, "Unsupported media type", "Content-Type is not supported.")
        match method, path:
            case "GET", [_, name]:
                return self._reads.listed(name, params)
            case "GET", [_, name, id]:
                return self._reads.one(name, id, params)
            case "POST", [_, name]:
                return self.create(name, params, body)
            case "PUT" | "PATCH", [_, name, id]:
                return self.change(name, id, params, body)
            case "DELETE", [_, name, id]:
                return self.delete(name, id, params)
            case _:
                return failure(405, "Method not supported", None)
