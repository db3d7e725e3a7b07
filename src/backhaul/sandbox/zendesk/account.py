"""One Zendesk account: its tables and custom fields, what a change does to a record, and how a record is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.tables import Row, Table
from backhaul.sandbox.zendesk.answers import stamp
from backhaul.sandbox.zendesk.fields import (
    DEVICE_FIELDS,
    ORGANIZATION_FIELDS,
    SYSTEM_FIELDS,
    TICKET_FIELDS,
    USER_FIELDS,
    CustomField,
    shown_value,
)
from backhaul.sandbox.zendesk.kinds import FIELDS_OF, RECORDS, WRITTEN, Kind

SUBDOMAIN = "acme"
DEVICES = "device"
# The id before a table's first. Tickets cross a power of ten on the way, so that comparing ids as text shows.
BASES = {
    "organizations": 360002000000,
    "users": 360003000000,
    "groups": 360004000000,
    "tickets": 90,
    "ticket_audits": 360009990000,
    "ticket_comments": 360009991000000,
    "ticket_metric_events": 360008000000,
}


@dataclass(frozen=True, slots=True)
class CustomObject:
    """An object that an administrator made. `key` is its name in paths."""

    key: str
    title: str
    plural: str

    def shown(self, url: str, at: datetime) -> dict[str, Any]:
        return {
            "url": f"{url}/api/v2/custom_objects/{self.key}.json",
            "key": self.key,
            "title": self.title,
            "raw_title": self.title,
            "title_pluralized": self.plural,
            "raw_title_pluralized": self.plural,
            "description": "",
            "raw_description": "",
            "include_in_list_view": True,
            "created_at": stamp(at),
            "updated_at": stamp(at),
        }


class Account:
    """The state that all endpoints share. `base_url` is where the simulator is served.

    A row's values are its fields as shown, `custom` (values by the field's name), and `_generated`: when anything about
    it changed, what the exports go by; `updated_at`, the row's change time, moves with people's changes only.
    """

    def __init__(
        self,
        clock: Clock,
        variants: Mapping[str, str],
        controls: Mapping[str, Any],
        seed: int,
        base_url: Callable[[], str],
    ) -> None:
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.seed = seed
        self._base_url = base_url
        self.me = ""
        self.tables: dict[str, Table] = {}
        self.objects: dict[str, CustomObject] = {}
        self.fields: dict[str, dict[str, CustomField]] = {
            "tickets": {field.id: field for field in (*SYSTEM_FIELDS, *TICKET_FIELDS)},
            "users": {field.key: field for field in USER_FIELDS},
            "organizations": {field.key: field for field in ORGANIZATION_FIELDS},
        }
        self._ordered: dict[str, tuple[int, list[Row]]] = {}
        self._unique: dict[tuple[str, str], tuple[int, dict[str, str]]] = {}
        self._of_tickets: dict[str, tuple[int, dict[str, list[Row]]]] = {}
        self.add_object(CustomObject(DEVICES, "Device", "Devices"), DEVICE_FIELDS)

    @property
    def url(self) -> str:
        return self._base_url()

    def add_object(self, made: CustomObject, fields: tuple[CustomField, ...]) -> None:
        self.objects[made.key] = made
        self.fields[made.key] = {field.key: field for field in fields}
        self.tables.setdefault(made.key, Table(made.key))

    def kind(self, name: str) -> Kind:
        """Of an object that is written, a custom one too."""
        return WRITTEN.get(name, RECORDS)

    # -- changes ------------------------------------------------------------------------------------------------

    def stamp_now(self) -> datetime:
        """The stamp of a change of people's: `index_lag` seconds ago, as of one that was not shown for so long."""
        return self.clock.now() - timedelta(seconds=float(self.controls["index_lag"]))

    def next_id(self, name: str) -> str:
        order = self.tables[name].order
        if name in self.objects:
            return f"01J{len(order) + 1:023d}"
        return str(int(order[-1].id) + 1 if order else BASES.get(name, 360005000000) + 1)

    def insert(self, name: str, values: Mapping[str, Any], at: datetime, changed_at: datetime | None = None) -> Row:
        kept = {"_generated": changed_at or at, **values}
        return self.tables[name].insert(kept, id=self.next_id(name), at=at, changed_at=changed_at)

    def update(self, name: str, row: Row, values: Mapping[str, Any], at: datetime) -> None:
        """A change that people see."""
        self.tables[name].update(row.id, {**values, "_generated": at}, at)

    def touch(self, name: str, row: Row, at: datetime) -> None:
        """A change of the system's own: the exports tell the record again, with the old `updated_at`."""
        self.tables[name].update(row.id, {"_generated": at}, row.changed_at)

    # -- looking up ---------------------------------------------------------------------------------------------

    def of_ticket(self, name: str, id: str) -> list[Row]:
        """The comments, or audits, of a ticket."""
        table = self.tables[name]
        version, held = self._of_tickets.get(name, (-1, {}))
        if version != table.version:
            held = {}
            for row in table.order:
                held.setdefault(str(row.values["ticket_id"]), []).append(row)
            self._of_tickets[name] = (table.version, held)
        return held.get(id, [])

    def find(self, name: str, id: object) -> Row | None:
        row = self.tables[name].get(str(id))
        return row if row is not None and row.live else None

    def by_unique(self, name: str, field: str, value: object) -> Row | None:
        """The live record with this value of the field; letters' case does not matter."""
        table = self.tables[name]
        version, held = self._unique.get((name, field), (-1, {}))
        if version != table.version:
            held = {str(row.values[field]).lower(): row.id for row in table.live() if row.values.get(field)}
            self._unique[name, field] = (table.version, held)
        found = held.get(str(value).lower())
        return None if found is None else table.get(found)

    def generated(self, name: str) -> list[Row]:
        """All rows, deleted ones too, in the order of the exports."""
        table = self.tables[name]
        table.order  # noqa: B018  # a table is seeded when it is looked at, and its version moves with that
        version, ordered = self._ordered.get(name, (-1, []))
        if version != table.version:
            rows = [row for row in table.order if not row.purged]
            ordered = sorted(rows, key=lambda row: (int(row.values["_generated"].timestamp()), row.n))
            self._ordered[name] = (table.version, ordered)
        return ordered

    # -- showing ------------------------------------------------------------------------------------------------

    def shown(self, name: str, row: Row) -> dict[str, Any]:
        """The record as the API shows it."""
        id: Any = row.id if name in self.objects or name == "tags" else int(row.id)
        own = {field: value for field, value in row.values.items() if field != "custom" and field[0] != "_"}
        told = {"url": self._record_url(name, row.id), "id": id, **own}
        told |= {"created_at": stamp(row.created_at), "updated_at": stamp(row.changed_at)}
        match name:
            case "tickets":
                return self._ticket(row, told)
            case "users":
                told["active"] = row.live
            case "organizations" if self.variants["deleted_organizations"] == "exported":
                told["deleted_at"] = None if row.live else stamp(row.changed_at)
            case "groups":
                told["deleted"] = not row.live
            case _ if name in self.objects:
                told["custom_object_key"] = name
                told["created_by_user_id"] = told["updated_by_user_id"] = self.me
        if name in self.fields:
            told[self.kind(name).custom] = self.custom(name, row)
        return told

    def custom(self, name: str, row: Row, variants: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Custom values by the fields' names, as this account shows them or as `variants` say."""
        held = row.values.get("custom", {})
        return {
            key: shown_value(field, held.get(key), name, variants or self.variants)
            for key, field in self.fields[name].items()
            if not field.system
        }

    def _ticket(self, row: Row, told: dict[str, Any]) -> dict[str, Any]:
        listed = [{"id": int(key), "value": value} for key, value in self.custom("tickets", row, PLAIN).items()]
        told |= {
            "raw_subject": told["subject"],
            "generated_timestamp": int(row.values["_generated"].timestamp()),
            "custom_fields": listed,
            "fields": listed,
        }
        if not row.live:
            told["status"] = "deleted"
        return told

    def _record_url(self, name: str, id: str) -> str:
        if name in self.objects:
            return f"{self.url}/api/v2/custom_objects/{name}/records/{id}.json"
        return f"{self.url}/api/v2/{name}/{id}.json"

    def field_list(self, name: str) -> list[dict[str, Any]]:
        """The definitions behind `ticket_fields`, `user_fields`, `organization_fields`, or a custom object's fields."""
        of = FIELDS_OF.get(name, name)
        at = f"{self.url}/api/v2/{name}"
        return [field.shown(of, at, self.fields_made) for field in self.fields[of].values()]

    @property
    def fields_made(self) -> datetime:
        return datetime.fromisoformat("2024-01-15T09:00:00+00:00")


PLAIN = {"decimals": "text", "dates": "day"}
