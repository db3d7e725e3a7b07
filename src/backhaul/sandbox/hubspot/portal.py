"""One HubSpot portal: its types, records and links, and how a record is shown."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from backhaul.sandbox.chance import mix
from backhaul.sandbox.clock import Clock
from backhaul.sandbox.hubspot import pipelines
from backhaul.sandbox.hubspot.answers import encode, refuse, stamp
from backhaul.sandbox.hubspot.associations import Associations
from backhaul.sandbox.hubspot.catalogue import PORTAL_ID, object_types
from backhaul.sandbox.hubspot.shapes import ObjectType
from backhaul.sandbox.tables import Row, Table


class Projection:
    """Which properties of a type to show; rows keep the bytes of the projection that was asked last."""

    __slots__ = ("changed", "created", "names")

    def __init__(self, of: ObjectType, asked: tuple[str, ...]) -> None:
        # An unknown property is left out; a known one without a value is shown as null.
        known = {name for name in asked if name in of.properties} if asked else set(of.default)
        self.names = tuple(sorted(known - of.always))
        self.created, self.changed = of.created, of.changed


class Portal:
    """The state that all endpoints share."""

    def __init__(self, clock: Clock, variants: Mapping[str, str], controls: Mapping[str, Any], seed: int) -> None:
        self.id = PORTAL_ID
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.seed = seed
        self.types: dict[str, ObjectType] = {}
        self.tables: dict[str, Table] = {}
        self.links = Associations(self)
        self._names: dict[str, str] = {}
        self._unique: dict[tuple[str, str], dict[str, str]] = {}
        self._projections: dict[tuple[str, int, tuple[str, ...]], Projection] = {}
        self._shuffled: dict[str, tuple[int, list[tuple[int, Row]]]] = {}
        for of in object_types():
            self.add_type(of)

    def add_type(self, of: ObjectType) -> None:
        self.types[of.name] = of
        self.tables.setdefault(of.name, Table(of.name))
        for alias in (of.name, of.type_id, of.singular.lower()):
            self._names[alias] = of.name

    def type(self, name: str) -> ObjectType:
        """By name, singular or objectTypeId, as in a path; refuses an unknown one."""
        found = self._names.get(name.lower())
        if found is None:
            refuse(f"Unable to infer object type from: {name}", category=None)
        return self.types[found]

    def named(self, name: str) -> ObjectType:
        """The same for the control API: KeyError for an unknown one."""
        if name.lower() not in self._names:
            raise KeyError(f"there is no object {name}")
        return self.types[self._names[name.lower()]]

    # -- records ------------------------------------------------------------------------------------------------

    def insert(self, of: ObjectType, values: dict[str, Any], at: datetime, changed_at: datetime | None = None) -> Row:
        """A new record, with an id above all others of its type."""
        table = self.tables[of.name]
        id = str(int(table.order[-1].id) + 1) if table.order else "1"
        row = table.insert(values, id=id, at=at, changed_at=changed_at)
        self.calculate(of, row)
        self._remember(of, row)
        return row

    def update(self, of: ObjectType, row: Row, values: Mapping[str, Any], at: datetime) -> None:
        for (name, prop), index in self._unique.items():
            if name == of.name and prop in values and index.get(str(row.values.get(prop)).lower()) == row.id:
                del index[str(row.values[prop]).lower()]
        self.tables[of.name].update(row.id, values, at)
        self.calculate(of, row)
        self._remember(of, row)

    def winner(self, of: ObjectType, id: str) -> Row | None:
        """The record of this id; a merged one leads to whoever it was merged into."""
        table = self.tables[of.name]
        row = table.get(id)
        while row is not None and row.merged_into is not None:
            row = table.get(row.merged_into)
        return row

    def by_unique(self, of: ObjectType, prop: str, value: str) -> Row | None:
        """The live record that holds this value of a unique property; letters' case does not matter."""
        table = self.tables[of.name]
        held = self._unique.get((of.name, prop))
        if held is None:
            index = {str(row.values[prop]).lower(): row.id for row in table.live() if row.values.get(prop)}
            held = self._unique[of.name, prop] = index
        row = table.get(held.get(value.lower(), ""))
        if row is None or not row.live or str(row.values.get(prop) or "").lower() != value.lower():
            return None
        return row

    def forget_unique(self, of: ObjectType) -> None:
        """After changes that went round `insert` and `update`."""
        for key in [key for key in self._unique if key[0] == of.name]:
            del self._unique[key]

    def _remember(self, of: ObjectType, row: Row) -> None:
        for (name, prop), index in self._unique.items():
            if name == of.name and row.values.get(prop):
                index[str(row.values[prop]).lower()] = row.id

    def calculate(self, of: ObjectType, row: Row) -> None:
        """Set what HubSpot computes itself."""
        values = row.values
        if of.name == "deals":
            stage = pipelines.stage("deals", values.get("dealstage"))
            facts = dict(stage.metadata) if stage else {}
            values["hs_is_closed"] = facts.get("isClosed")
            values["hs_is_closed_won"] = None if stage is None else str(facts["probability"] == "1.0").lower()
            values["hs_deal_stage_probability"] = facts.get("probability")
        elif of.name == "line_items":
            try:
                amount = float(values["price"]) * float(values["quantity"]) - float(values.get("discount") or 0)
            except (KeyError, TypeError, ValueError):
                values["amount"] = None
            else:
                values["amount"] = f"{amount:.2f}"

    # -- reading ------------------------------------------------------------------------------------------------

    def searchable_at(self, row: Row) -> datetime:
        """When the search index shows the row's latest change."""
        return row.indexed_at or row.changed_at + timedelta(seconds=float(self.controls["index_lag"]))

    def start_after(self, of: ObjectType, first: int) -> int:
        """The place of the first row whose id is at least `first`."""
        return bisect_left(self.tables[of.name].order, first, key=lambda row: int(row.id))

    def shuffled(self, of: ObjectType) -> list[tuple[int, Row]]:
        """All rows in an order that has nothing to do with their ids, and that new rows do not upset."""
        table = self.tables[of.name]
        held = self._shuffled.get(of.name)
        if held is None or held[0] != len(table.order):
            order = sorted((mix(self.seed, int(row.id)), row.n, row) for row in table.order)
            held = self._shuffled[of.name] = (len(table.order), [(place, row) for place, _, row in order])
        return held[1]

    def projection(self, of: ObjectType, asked: Iterable[str]) -> Projection:
        """The same one for the same question: rows are cached under it."""
        key = (of.name, of.version, tuple(asked))
        held = self._projections.get(key)
        if held is None:
            if len(self._projections) >= 1000:
                self._projections.clear()
            held = self._projections[key] = Projection(of, key[2])
        return held

    def property_values(self, of: ObjectType, row: Row, names: Iterable[str]) -> dict[str, str | None]:
        values = row.values
        shown = {name: values.get(name) for name in names}
        shown[of.created] = stamp(row.created_at)
        shown["hs_object_id"] = row.id
        shown[of.changed] = stamp(row.changed_at)
        return shown

    def shown(self, row: Row, projection: Projection) -> bytes:
        """The record as JSON."""
        held = row.encoded
        if held is not None and held[0] is projection:
            return held[1]  # type: ignore[no-any-return]  # Row.encoded is ours to type
        created, changed = stamp(row.created_at), stamp(row.changed_at)
        values = row.values
        names = projection.names
        if row.deleted_at is not None and self.variants["archived_properties"] == "reduced":
            names = ()
        properties = {name: values.get(name) for name in names}
        properties[projection.created] = created
        properties["hs_object_id"] = row.id
        properties[projection.changed] = changed
        record: dict[str, Any] = {
            "id": row.id,
            "properties": properties,
            "createdAt": created,
            "updatedAt": changed,
            "archived": row.deleted_at is not None,
        }
        if row.deleted_at is not None:
            record["archivedAt"] = stamp(row.deleted_at)
        encoded = encode(record)
        row.encoded = (projection, encoded)
        return encoded

    def whole(self, of: ObjectType, row: Row) -> dict[str, Any]:
        """The truth about a record, for `dump`."""
        record: dict[str, Any] = dict(self.property_values(of, row, of.properties))
        record["id"] = row.id
        record["_deleted"] = not row.live
        record["_merged_into"] = row.merged_into
        return record
