"""The organization's state: its tables, a row version that counts every change, and what was deleted."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from typing import Any

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.dynamics365.answers import stamp
from backhaul.sandbox.dynamics365.columns import CHOICES, LOOKUPS, Column
from backhaul.sandbox.dynamics365.definitions import TableDefinition, organization
from backhaul.sandbox.tables import Row, Table

ORGANIZATION_ID = "883278f5-07af-45eb-a0bc-3fea67caa544"
# Row versions of what was seeded begin here; those of changes, there.
SEEDED, CHANGED = 1_000_000, 9_000_000
FORMATTED = "OData.Community.Display.V1.FormattedValue"
LOOKUP_NAME, NAVIGATION = (
    "Microsoft.Dynamics.CRM.lookuplogicalname",
    "Microsoft.Dynamics.CRM.associatednavigationproperty",
)
_NAMES = {
    "contact": ("firstname", "lastname"),
    "lead": ("firstname", "lastname"),
    "systemuser": ("firstname", "lastname"),
}
# Lookups that follow from a polymorphic one: column -> (what it follows, which target).
_FOLLOWING = {
    "_accountid_value": (("_customerid_value", "_parentcustomerid_value"), "account"),
    "_contactid_value": (("_customerid_value",), "contact"),
    "_parentcontactid_value": (("_parentcustomerid_value",), "contact"),
    "_owninguser_value": (("_ownerid_value",), "systemuser"),
    "_owningteam_value": (("_ownerid_value",), "team"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gone:
    """A record that was deleted, as change tracking tells it."""

    id: str
    version: int


class Organization:
    """What all endpoints share. A row's values stand under the names that they are read by."""

    def __init__(self, clock: Clock, variants: Mapping[str, str], controls: Mapping[str, Any]) -> None:
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.definitions: dict[str, TableDefinition] = organization()
        self.sets = {each.set: each for each in self.definitions.values()}
        self.tables: dict[str, Table] = {name: Table(name) for name in self.definitions}
        self.gone: dict[str, list[Gone]] = {name: [] for name in self.definitions}
        self.me = ""
        self.base_url = ""
        self._version = CHANGED
        self._made = 0

    @property
    def api(self) -> str:
        return f"{self.base_url}/api/data/v9.2"

    @property
    def version(self) -> int:
        return self._version

    def bump(self) -> int:
        self._version += 1
        return self._version

    def new_id(self) -> str:
        self._made += 1
        return str(uuid.UUID(int=(0x5F0E << 112) | (4 << 76) | (8 << 60) | self._made))

    def there(self, table: TableDefinition) -> Iterator[Row]:
        """Rows that the vendor still has: those that were merged away are inactive, not gone."""
        return (row for row in self.tables[table.name].order if shows(row))

    def find(self, name: str, id: object) -> Row | None:
        row = self.tables[name].rows.get(str(id).lower())
        return row if row is not None and shows(row) else None

    def by_key(self, table: TableDefinition, column: str, value: Any) -> Row | None:
        wanted = str(value).lower()
        return next((row for row in self.there(table) if str(row.values.get(column, "")).lower() == wanted), None)

    # -- changes ----------------------------------------------------------------------------------------------------

    def insert(self, table: TableDefinition, values: Mapping[str, Any], id: str | None, at: datetime) -> Row:
        whole = self._defaults(table) | dict(values)
        kept = self.tables[table.name]
        id = (id or self.new_id()).lower()
        if id in kept.rows:  # it was deleted, and its id is used again
            row = kept.rows[id]
            row.purged, row.deleted_at, row.merged_into, row.created_at = False, None, None, at
            row.values = {}
            kept.update(id, whole, at)
        else:
            row = kept.insert(whole, id=id, at=at)
        self.follow(table, row)
        row.values["versionnumber"] = self.bump()
        return row

    def update(self, table: TableDefinition, row: Row, values: Mapping[str, Any], at: datetime) -> None:
        self.tables[table.name].update(row.id, values, at)
        self.follow(table, row)
        row.values["versionnumber"] = self.bump()

    def delete(self, table: TableDefinition, row: Row, at: datetime, *, purge: bool = False) -> None:
        if purge:
            self.tables[table.name].purge(row.id)
        else:
            self.tables[table.name].delete(row.id, at)
        self.gone[table.name].append(Gone(row.id, self.bump()))

    def restore(self, table: TableDefinition, id: str, at: datetime) -> None:
        row = self.tables[table.name].restore(id, at)
        self.gone[table.name] = [each for each in self.gone[table.name] if each.id != id]
        if row.values.get("merged"):
            row.values |= {"merged": False, "_masterid_value": None, "statecode": 0}
        row.values["versionnumber"] = self.bump()

    def merge(self, table: TableDefinition, loser: str, winner: str, at: datetime) -> None:
        """The loser stays, inactive, and points at the winner."""
        self.tables[table.name].merge(loser, winner, at)
        for id in (loser, winner):
            self.tables[table.name].rows[id].values["versionnumber"] = self.bump()
        self.tables[table.name].rows[loser].values |= {"merged": True, "_masterid_value": winner, "statecode": 1}

    def follow(self, table: TableDefinition, row: Row) -> None:
        """What the platform derives of a record's own values."""
        values = row.values
        if table.name in _NAMES:
            values["fullname"] = " ".join(str(values[each]) for each in _NAMES[table.name] if values.get(each)) or None
        for name, (sources, target) in _FOLLOWING.items():
            if name[1:-6] not in table.columns:
                continue
            for source in sources:
                if source[1:-6] in table.columns:
                    held = values.get(source)
                    values[name] = held if held and self.target(table, source, row) == target else None
        if "exchangerate" in table.columns and table.name != "transactioncurrency":
            currency = self.tables["transactioncurrency"].rows.get(str(values.get("_transactioncurrencyid_value")))
            values["exchangerate"] = rate = currency.values["exchangerate"] if currency is not None else 1.0
            for name in table.columns:
                held = values.get(name.removesuffix("_base")) if name.endswith("_base") else None
                if name.endswith("_base"):
                    values[name] = None if held is None else round(held / rate, 4)
        if table.name == "annotation":
            values["objecttypecode"] = (
                self.target(table, "_objectid_value", row) if values.get("_objectid_value") else None
            )

    def target(self, table: TableDefinition, read_as: str, row: Row) -> str:
        """Which table a lookup of a record points at."""
        column = table.columns[read_as[1:-6]]
        told = row.values.get(f"{read_as}@target")
        return str(told) if told else column.targets[0]

    def _defaults(self, table: TableDefinition) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if "ownerid" in table.columns:
            found |= {"_ownerid_value": self.me, "_ownerid_value@target": "systemuser"}
        if "statecode" in table.columns:
            found |= {"statecode": 0, "statuscode": table.columns["statuscode"].options[0][0]}
        if "merged" in table.columns:
            found["merged"] = False
        if table.key == "activityid":
            found["activitytypecode"] = table.name
        return found

    # -- what is shown ----------------------------------------------------------------------------------------------

    def value(self, table: TableDefinition, row: Row, name: str) -> Any:
        """A column's value by the name that it is read under."""
        if name == table.key:
            return row.id
        if name == "createdon":
            return stamp(row.created_at)
        if name == "modifiedon":
            return stamp(row.changed_at)
        if name == "versionnumber":
            return row.values.get("versionnumber", SEEDED + row.n)
        return row.values.get(name)

    def etag(self, row: Row) -> str:
        version = row.values.get("versionnumber", SEEDED + row.n)
        return f'W/"{version}"' if self.variants["etags"] == "row version" else f'W/"{version:x}-x"'

    def shown(
        self, table: TableDefinition, row: Row, names: Mapping[str, Column], annotations: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        told: dict[str, Any] = {"@odata.etag": self.etag(row)}
        for name, column in names.items():
            value = self.value(table, row, name)
            told[name] = value
            if annotations and value is not None:
                told |= self._annotated(table, row, name, column, value, annotations)
        told[table.key] = row.id
        return told

    def _annotated(
        self, table: TableDefinition, row: Row, name: str, column: Column, value: Any, wanted: tuple[str, ...]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if column.kind in LOOKUPS:
            target = self.target(table, name, row)
            found[LOOKUP_NAME] = target
            found[NAVIGATION] = next((nav for nav, to in column.binds(table.name).items() if to == target), column.name)
            other = self.tables[target].rows.get(str(value)) if target in self.tables else None
            if other is not None:
                found[FORMATTED] = other.values.get(self.definitions[target].primary_name)
        elif column.kind in CHOICES and column.kind != "multi":
            found[FORMATTED] = dict(column.options).get(value)
        elif column.kind == "bool":
            found[FORMATTED] = "Yes" if value else "No"
        elif column.kind in ("int", "money", "decimal"):
            found[FORMATTED] = f"{value:,}"
        return {
            f"{name}@{term}": each
            for term, each in found.items()
            if each is not None and any(fnmatch(term, pattern) for pattern in wanted)
        }

    def whole(self, table: TableDefinition, row: Row) -> dict[str, Any]:
        """The truth of a record."""
        told = {name: self.value(table, row, name) for name in table.reads()}
        return {**told, table.key: row.id, "_deleted": row.deleted_at is not None, "_merged_into": row.merged_into}


def shows(row: Row) -> bool:
    return not row.purged and (row.deleted_at is None or row.merged_into is not None)
