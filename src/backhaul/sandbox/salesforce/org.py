"""The org: objects, tables, and the rules under which records are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.salesforce.calls import BadRecord, Problem
from backhaul.sandbox.salesforce.derived import derive, validate
from backhaul.sandbox.salesforce.describe import SObject
from backhaul.sandbox.salesforce.ids import full_id, make_id
from backhaul.sandbox.salesforce.objects import TRACKED, catalogue
from backhaul.sandbox.salesforce.values import check, stamp
from backhaul.sandbox.tables import Row, Table

Values = dict[str, Any]
Undo = Callable[[], None]
GONE = Problem("ENTITY_IS_DELETED", "entity is deleted")


class Tables(dict[str, Table]):
    """Each table is filled when it is first asked for, so that a large world starts at once."""

    def __init__(self, fill: Mapping[str, Callable[[Table], None]]) -> None:
        super().__init__({name: Table(name) for name in catalogue()})
        self._fill = dict(fill)

    def __getitem__(self, name: str) -> Table:
        table = super().__getitem__(name)
        fill = self._fill.pop(name, None)
        if fill is not None:
            fill(table)
        return table


@dataclass(slots=True)
class Saved:
    """A record that was written, and how to take that back."""

    id: str
    created: bool
    undo: Undo


class Org:
    """`user` is who the API's calls run as."""

    def __init__(
        self, tables: Tables, clock: Clock, variants: Mapping[str, str], controls: Mapping[str, Any], user: str
    ) -> None:
        self.objects = catalogue()
        self.tables = tables
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.user = user
        self.schema = 0  # counts changes of objects and fields
        self.schema_changed = clock.now()
        if variants["merged_cases"] == "no":
            self.objects["Case"].drop("MasterRecordId")
        self._folded = {name.lower(): one for name, one in self.objects.items()}
        self._prefixes = {one.prefix: one for one in self.objects.values() if one.prefix}
        self._lookups: dict[tuple[str, str], dict[str, list[Row]]] = {}

    def find(self, name: str) -> SObject | None:
        """An object by its name in any case."""
        return self._folded.get(name.lower())

    def by_id(self, id: str) -> SObject | None:
        return self._prefixes.get(id[:3])

    def add_object(self, made: SObject) -> None:
        self.objects[made.name] = made
        self._folded[made.name.lower()] = made
        self._prefixes[made.prefix] = made
        self.tables[made.name] = Table(made.name)
        self.schema_moved()

    def schema_moved(self) -> None:
        self.schema += 1
        self.schema_changed = self.clock.now()

    def made(self, object: str) -> int:
        """How many records were ever made."""
        return len(self.tables[object].order)

    def lookup(self, id: str | None) -> Row | None:
        """The record behind a reference, deleted or not."""
        found = None if id is None else self.by_id(id)
        return None if found is None or id is None else self.tables[found.name].get(id)

    def now(self) -> datetime:
        """The stamp of a change: `index_lag` seconds ago, as that of a transaction which took so long to commit."""
        return self.clock.now() - timedelta(seconds=float(self.controls["index_lag"]))

    def in_bin(self, row: Row) -> bool:
        """Is a deleted row still in the recycle bin?"""
        days = int(self.variants["recycle_bin_days"])
        return row.deleted_at is not None and row.deleted_at > self.clock.now() - timedelta(days=days)

    def visible(self, object: SObject, *, everything: bool) -> Iterator[Row]:
        """Rows that a query sees; `everything` adds the recycle bin and archived activities."""
        rows = self.tables[object.name].order
        if everything:
            return (row for row in rows if not row.purged and (row.deleted_at is None or self.in_bin(row)))
        if "IsArchived" in object.fields and object.name in ("Task", "Event"):
            return (row for row in rows if row.live and not row.values.get("IsArchived"))
        return (row for row in rows if row.live)

    def matching(self, object: SObject, field: str, value: str) -> list[Row]:
        """Live rows whose external id is this value."""
        known = self._lookups.get((object.name, field))
        if known is None:
            known = self._lookups[object.name, field] = {}
            for row in self.tables[object.name].order:
                if not row.purged and (held := row.values.get(field)) is not None:
                    known.setdefault(str(held).lower(), []).append(row)
        same = value.lower()
        return [row for row in known.get(same, ()) if row.live and str(row.values.get(field) or "").lower() == same]

    def require(self, object: SObject, id: str) -> Row:
        """A live record of this object; BadRecord says why there is none."""
        whole = full_id(id)
        if whole is None or not whole.startswith(object.prefix):
            raise BadRecord("MALFORMED_ID", f"{object.label or object.name} ID: id value of incorrect type: {id}", "Id")
        row = self.tables[object.name].get(whole)
        if row is None:
            raise BadRecord("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if row.deleted_at is not None:
            raise BadRecord.of([GONE])
        return row

    def create(self, object: SObject, given: Values) -> Saved:
        if not object.may("create"):
            raise BadRecord("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {object.name}")
        given = self._checked(object, given, None)
        missing = [field.name for field in object.fields.values() if field.required and given.get(field.name) is None]
        if missing:
            names = ", ".join(missing)
            raise BadRecord("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{names}]", *missing)
        row = self.put(object, {name: value for name, value in given.items() if value is not None}, self.now())

        def undo() -> None:
            self.tables[object.name].purge(row.id)

        return Saved(row.id, True, undo)

    def put(self, object: SObject, given: Values, at: datetime) -> Row:
        """Keep a new record whose values were checked."""
        values = dict(given)
        for field in object.fields.values():
            if field.filled is not None:
                values.setdefault(field.name, field.filled)
        if "OwnerId" in object.fields:
            values.setdefault("OwnerId", self.user)
        derive(self, object.name, values, given, at)
        validate(object.name, values)
        table = self.tables[object.name]
        id = make_id(object.prefix, len(table.order) + 1)
        row = table.insert(values, id=id, at=at)
        values["Id"] = id
        if object.soft_deletes:
            values["IsDeleted"] = False
        values["CreatedDate"] = stamp(at)
        values["CreatedById"] = self.user
        self._stamped(row)
        self._noted(object, row, given)
        return row

    def update(self, object: SObject, id: str, given: Values) -> Saved:
        row = self.require(object, id)
        if not object.may("update"):
            raise BadRecord("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be updated: {object.name}")
        if row.id in self.controls["locked_ids"]:
            raise BadRecord("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
        given = self._checked(object, given, row)
        before, changed_at = dict(row.values), row.changed_at
        remembered = self.change(object, row, given, self.now())

        def undo() -> None:
            row.values = before
            row.changed_at, row.encoded = changed_at, None
            for each in remembered:
                self.tables[TRACKED[object.name][0]].purge(each)

        return Saved(row.id, False, undo)

    def change(self, object: SObject, row: Row, given: Values, at: datetime) -> list[str]:
        """Change a record with values that were checked; returns the ids of what its history remembers of it."""
        before, values = row.values, {**row.values, **given}
        derive(self, object.name, values, given, at)
        validate(object.name, values)
        row.values = values
        remembered = self._remember(object, row, before, at)
        self.tables[object.name].update(row.id, {}, at)
        self._stamped(row)
        self._noted(object, row, given)
        if object.name == "Account" and "Tier__c" in given:
            self._follow(row, at)
        return remembered

    def _remember(self, object: SObject, row: Row, before: Values, at: datetime) -> list[str]:
        """A row of history a tracked field that changed; of a reference two, with names and with ids."""
        if object.name not in TRACKED:
            return []
        history, prefix, reference, fields = TRACKED[object.name]
        table, made = self.tables[history], []
        for name in fields:
            old, new = before.get(name), row.values.get(name)
            if old == new:
                continue
            pairs = [(old, new)]
            if object.fields[name].refers_to:
                pairs.insert(0, (self._called(old), self._called(new)))
            for was, now in pairs:
                id = make_id(prefix, len(table.order) + 1)
                values = {
                    "Id": id,
                    "IsDeleted": False,
                    reference: row.id,
                    "CreatedById": self.user,
                    "CreatedDate": stamp(at),
                    "Field": name.removesuffix("Id") if object.fields[name].refers_to else name,
                    "DataType": "EntityId" if object.fields[name].refers_to else "Text",
                    "OldValue": was,
                    "NewValue": now,
                }
                table.insert({key: value for key, value in values.items() if value is not None}, id=id, at=at)
                made.append(id)
        return made

    def _called(self, id: str | None) -> str | None:
        found = self.lookup(id)
        return None if found is None else found.values.get("Name")

    def delete(self, object: SObject, id: str) -> Saved:
        row = self.require(object, id)
        if not object.may("delete"):
            raise BadRecord("INSUFFICIENT_ACCESS_OR_READONLY", f"entity type cannot be deleted: {object.name}")
        self.remove(object, row, self.now())

        def undo() -> None:
            self.restore(object, row, row.changed_at)

        return Saved(row.id, False, undo)

    def remove(self, object: SObject, row: Row, at: datetime) -> None:
        """Into the recycle bin, with the records that go along."""
        for child, reference in object.cascade:
            for below in self.tables[child].order:
                if below.live and below.values.get(reference) == row.id:
                    self.remove(self.objects[child], below, at)
        self.tables[object.name].delete(row.id, at)
        row.values["IsDeleted"] = True
        self._stamped(row)

    def restore(self, object: SObject, row: Row, at: datetime) -> None:
        """Out of the recycle bin, with the records that went in at the same moment."""
        went = row.deleted_at
        self.tables[object.name].restore(row.id, at)
        row.values["IsDeleted"] = False
        row.values["MasterRecordId"] = None
        self._stamped(row)
        for child, reference in object.cascade:
            for below in self.tables[child].order:
                if not below.purged and below.deleted_at == went and below.values.get(reference) == row.id:
                    self.restore(self.objects[child], below, at)

    def merge(self, object: SObject, loser: Row, winner: Row, at: datetime) -> None:
        """The loser goes to the bin with the winner's id; whatever referred to it refers to the winner."""
        for other in self.objects.values():
            references = [field.name for field in other.fields.values() if object.name in field.refers_to]
            references = [name for name in references if name != "MasterRecordId"]
            if references:
                for row in self.tables[other.name].order:
                    moved = {name: winner.id for name in references if row.live and row.values.get(name) == loser.id}
                    if moved and row is not loser:
                        self.change(other, row, moved, at)
        self.tables[object.name].merge(loser.id, winner.id, at)
        loser.values.update(IsDeleted=True, MasterRecordId=winner.id)
        self._stamped(loser)
        self._stamped(winner)

    def purge(self, object: SObject, row: Row) -> None:
        self.tables[object.name].purge(row.id)

    def _stamped(self, row: Row) -> None:
        text = stamp(row.changed_at)
        row.values.update(LastModifiedDate=text, SystemModstamp=text, LastModifiedById=self.user)
        row.encoded = None

    def _noted(self, object: SObject, row: Row, given: Values) -> None:
        for name, value in given.items():
            known = self._lookups.get((object.name, name))
            if known is not None and value is not None:
                known.setdefault(str(value).lower(), []).append(row)

    def _follow(self, account: Row, at: datetime) -> None:
        """A formula that reads the parent changes in the children, most likely without a new stamp."""
        contacts = self.objects["Contact"]
        for row in self.tables["Contact"].order:
            if not row.purged and row.values.get("AccountId") == account.id:
                if self.variants["formula_moves_stamp"] == "yes":
                    self.change(contacts, row, {}, at)
                else:
                    row.values = {**row.values, "Account_Tier__c": account.values.get("Tier__c")}
                    row.encoded = None

    def _checked(self, object: SObject, given: Values, row: Row | None) -> Values:
        """The values as they will be kept; BadRecord with every problem found."""
        kept: Values = {}
        problems: list[Problem] = []
        closed: list[str] = []
        for name, value in given.items():
            field = object.fields[name]
            if not (field.createable if row is None else field.updateable):
                closed.append(name)
                continue
            if value is None:
                if row is not None and not field.nillable:
                    problems.append(
                        Problem("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{name}]", (name,))
                    )
                kept[name] = None
                continue
            label = field.describe()["label"]
            try:
                kept[name] = check(field, label, value)
                if field.refers_to:
                    self._check_reference(label, field.name, field.refers_to, kept[name])
                if field.unique:
                    self._check_unique(object, name, value, row)
            except BadRecord as bad:
                problems += bad.problems
        if closed:
            names = ", ".join(closed)
            message = f"Unable to create/update fields: {names}. Please check the security settings of this field"
            message += " and verify that it is read/write for your profile or permission set."
            problems.insert(0, Problem("INVALID_FIELD_FOR_INSERT_UPDATE", message, tuple(closed)))
        if problems:
            raise BadRecord.of(problems)
        return kept

    def _check_reference(self, label: str, name: str, allowed: tuple[str, ...], id: str) -> None:
        target = self.by_id(id)
        if target is None or target.name not in allowed:
            raise BadRecord("MALFORMED_ID", f"{label}: id value of incorrect type: {id}", name)
        row = self.tables[target.name].get(id)
        if row is None:
            raise BadRecord("INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {id}", name)
        if row.deleted_at is not None:
            raise BadRecord("ENTITY_IS_DELETED", "entity is deleted", name)

    def _check_unique(self, object: SObject, name: str, value: str, row: Row | None) -> None:
        for other in self.matching(object, name, value):
            if other is not row:
                message = f"duplicate value found: {name} duplicates value on record with id: {other.id}"
                raise BadRecord("DUPLICATE_VALUE", message, name)
