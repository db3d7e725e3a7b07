"""What is read: lists by encoded queries, one record, counts; rows that the user may not see go from a page last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from backhaul.sandbox.servicenow.answers import CANCELLED, Told, no_record, unfit
from backhaul.sandbox.servicenow.columns import Column
from backhaul.sandbox.servicenow.query import parse
from backhaul.sandbox.servicenow.store import ME, Record, Store

Params = Mapping[str, str]
MOST = 10_000
# Of any method; one that means nothing to a method is passed over.
KNOWN = frozenset({"sysparm_query", "sysparm_fields", "sysparm_limit", "sysparm_offset", "sysparm_display_value",
                   "sysparm_exclude_reference_link", "sysparm_suppress_pagination_header", "sysparm_no_count",
                   "sysparm_view", "sysparm_query_category", "sysparm_query_no_domain", "sysparm_input_display_value",
                   "sysparm_suppress_auto_sys_field", "sysparm_count"})  # fmt: skip


class Reads:
    def __init__(self, store: Store, controls: Mapping[str, Any]) -> None:
        self._store = store
        self._controls = controls
        # Where the instance is reached, for the links that it gives.
        self.base_url = ""

    @property
    def zone(self) -> str:
        return self._store.variants["user_time_zone"]

    def listed(self, name: str, params: Params) -> Told:
        self.check(name, params)
        if f"Read {name}" in self._controls["forbidden"]:
            if self._store.variants["without_rights"] == "403":
                unfit(403, "User Not Authorized", "Failed API level ACL Validation")
            return Told(200, {"result": []}, {"X-Total-Count": str(len(self._store.records(name)))})
        found = self._found(name, params.get("sysparm_query", ""))
        limit, offset = _whole(params, "sysparm_limit", MOST), _whole(params, "sysparm_offset", 0)
        cap = self._controls["page_size_cap"]
        size = min(limit, int(cap)) if cap else limit
        hidden = set(self._controls["hidden"])
        page = [each for each in found[offset : offset + size] if each["sys_id"] not in hidden]
        headers = self._headers(name, params, len(found), offset, size)
        most = self._controls["rows_in_time"]
        content: dict[str, Any] = {"result": [self.shown(name, each, params) for each in page[:most]]}
        if most is not None and len(page) > most:
            content |= {
                "error": {"message": CANCELLED, "detail": "maximum execution time exceeded"},
                "status": "failure",
            }
        return Told(200, content, headers, len(page))

    def _headers(self, name: str, params: Params, total: int, offset: int, size: int) -> dict[str, str]:
        if params.get("sysparm_no_count") == "true":
            return {}
        headers = {"X-Total-Count": str(total)}
        if params.get("sysparm_suppress_pagination_header") == "true" or size == 0 or (offset == 0 and total <= size):
            return headers
        last = (total - 1) // size * size if total else 0
        places = {"first": 0, "prev": max(0, offset - size) if offset else None,
                  "next": offset + size if offset + size < total else None, "last": last}  # fmt: skip

        def link(place: int) -> str:
            given = {key: value for key, value in params.items() if key not in ("sysparm_limit", "sysparm_offset")}
            given |= {"sysparm_limit": str(size), "sysparm_offset": str(place)}
            query = "&".join(f"{key}={quote(value, safe=',')}" for key, value in given.items())
            return f"{self.base_url}/api/now/table/{name}?{query}"

        headers["Link"] = ",".join(f'<{link(at)}>;rel="{rel}"' for rel, at in places.items() if at is not None)
        return headers

    def one(self, name: str, id: str, params: Params) -> Told:
        self.check(name, params)
        record = self.seen(name, id)
        return Told(200, {"result": self.shown(name, record, params)}, rows=1)

    def seen(self, name: str, id: str) -> Record:
        """A record that the user may see. Refuses as the vendor does."""
        found = self._store.find(name, id)
        if found is None or id in self._controls["hidden"] or f"Read {name}" in self._controls["forbidden"]:
            no_record()
        return self._store.record(*found)

    def counted(self, name: str, params: Params) -> Told:
        self.check(name, params)
        if params.get("sysparm_count") != "true":
            unfit(400, "Invalid stats request", "no aggregate is asked for")
        count = len(self._found(name, params.get("sysparm_query", "")))
        return Told(200, {"result": {"stats": {"count": str(count)}}})

    def check(self, name: str, params: Params) -> None:
        if not self._store.knows(name):
            unfit(400, f"Invalid table {name}")
        if self._store.variants["unknown_parameters"] == "refused" and (strange := sorted(set(params) - KNOWN)):
            unfit(400, "Invalid parameter", f"{', '.join(strange)}")
        if params.get("sysparm_display_value", "false") not in ("true", "false", "all"):
            unfit(400, "Invalid parameter", "sysparm_display_value")

    def _found(self, name: str, text: str) -> list[Record]:
        """What an encoded query finds, in its order."""
        later = self._store.variants["hour_that_comes_twice"] == "later"
        query = parse(text, lambda path: self._store.column_at(name, path), self._script, self.zone, later=later)
        if query.unknown and self._store.variants["invalid_query"] == "no rows":
            return []

        def seen(record: Record, path: str) -> str:
            return self._store.walk(name, record, path)

        found = [each for each in self._store.records(name) if query.holds(partial(seen, each))]
        for path, descending in reversed(query.order):
            found.sort(key=partial(_at, seen, path), reverse=descending)
        return found

    def _script(self, text: str) -> str | None:
        return {"gs.getUserID()": self._store.me, "gs.getUserName()": ME}.get(text)

    # -- one record -------------------------------------------------------------------------------------------------

    def shown(self, name: str, record: Record, params: Params) -> dict[str, Any]:
        """The columns that were asked for and may be seen; those of a parent are fewer than the record has."""
        columns = self._store.columns(name)
        asked: Sequence[str] = [each for each in params.get("sysparm_fields", "").split(",") if each] or list(columns)
        withheld = set(self._controls["hidden_columns"])
        told: dict[str, Any] = {}
        for path in asked:
            column = self._store.column_at(name, path)
            if column is None or f"{name}.{path}" in withheld or column.kind == "password2":
                continue
            told[path] = self._value(column, self._store.walk(name, record, path), params)
        return told

    def _value(self, column: Column, value: str, params: Params) -> Any:
        how = params.get("sysparm_display_value", "false")
        link: dict[str, str] = {}
        if column.kind == "reference" and value and params.get("sysparm_exclude_reference_link") != "true":
            link = {"link": f"{self.base_url}/api/now/table/{column.reference}/{value}"}
        if how == "all":
            return {"display_value": self._store.display(column, value), "value": value, **link}
        if how == "true":
            shown = self._store.display(column, value)
            return {"display_value": shown, **link} if link else shown
        return {**link, "value": value} if link else value


def _at(seen: Callable[[Record, str], str], path: str, record: Record) -> str:
    return seen(record, path)


def _whole(params: Params, name: str, default: int) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not text.isdigit():
        unfit(400, "Invalid parameter", name)
    return int(text)
