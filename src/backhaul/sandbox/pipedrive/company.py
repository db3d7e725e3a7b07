"""One company at Pipedrive: its tables and fields, and how a record is shown by each version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.pipedrive.answers import plain_stamp, stamp
from backhaul.sandbox.pipedrive.shapes import CUSTOM, KINDS, OLD, CustomField
from backhaul.sandbox.tables import Row, Table

COMPANY, DOMAIN = 7404913, "acme"


class Company:
    """The state that all endpoints share. A row's values are its fields, with `custom` by the fields' hashes."""

    def __init__(self, clock: Clock, variants: Mapping[str, str], controls: Mapping[str, Any]) -> None:
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.me = ""
        self.tables: dict[str, Table] = {name: Table(name) for name in (*KINDS, *OLD, "deal_products")}
        self.fields: dict[str, dict[str, CustomField]] = {
            name: {field.code: field for field in fields} for name, fields in CUSTOM.items()
        }

    def find(self, name: str, id: object) -> Row | None:
        row = self.tables[name].get(str(id))
        return row if row is not None and row.live else None

    def stamp_now(self) -> datetime:
        """The stamp of a change of people's: `index_lag` seconds ago, as of one that was not shown for so long."""
        return self.clock.now() - timedelta(seconds=float(self.controls["index_lag"]))

    def insert(self, name: str, values: Mapping[str, Any], at: datetime) -> Row:
        order = self.tables[name].order
        number = len(order) + 1
        id = f"{number:08x}-8a5e-11ef-b864-0242ac120002" if name == "leads" else str(_last(order) + 1)
        return self.tables[name].insert(dict(values), id=id, at=at)

    def add_field(self, name: str, label: str, type: str, options: tuple[str, ...]) -> CustomField:
        """A field of the company's own, under a hash of Pipedrive's choice; two may have one label."""
        text = f"{name} {label} {len(self.fields[name])}"
        code = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self.fields[name][code] = made = CustomField(code, label, type, options)
        return made

    def delete(self, name: str, row: Row) -> None:
        now = self.clock.now()
        before = row.changed_at
        self.tables[name].delete(row.id, now)
        if self.variants["deleted_update_time"] == "stays":
            row.changed_at = before

    def shown(self, name: str, row: Row) -> dict[str, Any]:
        """A record of version 2."""
        own = {field: value for field, value in row.values.items() if field != "custom"}
        told = {"id": int(row.id), **own, "add_time": stamp(row.created_at), "update_time": stamp(row.changed_at)}
        told["is_deleted"] = not row.live
        if name in self.fields:
            held = row.values.get("custom", {})
            told["custom_fields"] = {code: held.get(code) for code in self.fields[name]}
        return told

    def shown_old(self, name: str, row: Row) -> dict[str, Any]:
        """A record of version 1: leads have custom fields of deals beside their own, and times of a third spelling."""
        own = {field: value for field, value in row.values.items() if field != "custom"}
        if name == "leads":
            times = {
                "add_time": row.created_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "update_time": row.changed_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            }
            return {"id": row.id, **own, **row.values.get("custom", {}), **times}
        made, changed = ("created", "modified") if name == "users" else ("add_time", "update_time")
        return {"id": int(row.id), **own, made: plain_stamp(row.created_at), changed: plain_stamp(row.changed_at)}

    def whole(self, name: str, row: Row) -> dict[str, Any]:
        """The truth of a record, its custom fields beside its own."""
        told = self.shown_old(name, row) if name in OLD else self.shown(name, row)
        told |= told.pop("custom_fields", {})
        return {**told, "_deleted": row.deleted_at is not None, "_merged_into": row.merged_into}


def _last(order: list[Row]) -> int:
    return int(order[-1].id) if order else 0
