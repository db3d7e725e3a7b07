"""Changes behind the API's back, for the control API and tests: what people in the vendor's own screens do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backhaul.sandbox.hubspot.answers import stamp
from backhaul.sandbox.hubspot.catalogue import PORTAL_ID, kind
from backhaul.sandbox.hubspot.portal import Portal
from backhaul.sandbox.hubspot.setup import owner
from backhaul.sandbox.hubspot.shapes import ObjectType, Property
from backhaul.sandbox.hubspot.values import parsed
from backhaul.sandbox.hubspot.writes import Writes
from backhaul.sandbox.tables import Row


class Backdoor:
    """Values are taken as they are: a test may put in what HubSpot itself would refuse.

    `values` may name times for the record: `_created_at`, `_changed_at`, and `_indexed_at`, before which search does
    not find it.
    """

    def __init__(self, portal: Portal, writes: Writes) -> None:
        self._portal = portal
        self._writes = writes

    def do(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if op == "add_object":
            return self._add_object(object, values)
        if object == "owners":
            return self._owner(op, id, values)
        of = self._portal.named(object)
        if op in ("add_field", "remove_field", "retype_field"):
            return self._field(op, of, values)
        if op == "create":
            return self._create(of, values)
        if id is None:
            raise ValueError(f"{op} needs the id of a record")
        row = self._portal.tables[of.name].require(id)
        match op:
            case "update":
                self._update(of, row, values)
            case "delete":
                self._portal.tables[of.name].delete(id, self._portal.clock.now())
            case "restore":
                self._portal.tables[of.name].restore(id, self._portal.clock.now())
                self._portal.forget_unique(of)
            case "purge":
                self._portal.tables[of.name].purge(id)
                self._portal.forget_unique(of)
            case "merge":
                loser = self._portal.tables[of.name].require(str(values["loser"]))
                return {"id": self._writes.merged(of, row, loser).id}
            case "associate" | "dissociate":
                self._link(op, of, row, values)
            case _:
                raise ValueError(f"HubSpot's simulator cannot {op}")
        return {"id": id, "updatedAt": stamp(row.changed_at)}

    def _create(self, of: ObjectType, values: dict[str, Any]) -> dict[str, Any]:
        times, given = self._split(of, values)
        now = self._portal.clock.now()
        row = self._portal.insert(of, given, times.get("_created_at", now), times.get("_changed_at"))
        row.indexed_at = times.get("_indexed_at")
        return {"id": row.id, "updatedAt": stamp(row.changed_at)}

    def _update(self, of: ObjectType, row: Row, values: dict[str, Any]) -> None:
        times, given = self._split(of, values)
        self._portal.update(of, row, given, times.get("_changed_at", self._portal.clock.now()))
        row.indexed_at = times.get("_indexed_at")

    def _split(self, of: ObjectType, values: Mapping[str, Any]) -> tuple[dict[str, datetime], dict[str, Any]]:
        times: dict[str, datetime] = {}
        given: dict[str, Any] = {}
        for name, value in values.items():
            if name in ("_created_at", "_changed_at", "_indexed_at"):
                moment = parsed(str(value))
                if moment is None:
                    raise ValueError(f"{name} is no time: {value!r}")
                times[name] = moment
            elif name not in of.properties:
                raise ValueError(f"{of.name} has no property {name}")
            else:
                given[name] = value
        return times, given

    def _link(self, op: str, of: ObjectType, row: Row, values: Mapping[str, Any]) -> None:
        """`values`: {"to": object, "to_id": id}."""
        other = self._portal.named(str(values["to"]))
        pair, to = (of.name, other.name), self._portal.tables[other.name].require(str(values["to_id"])).id
        if op == "associate":
            plain, primary = self._portal.links.specs(pair)
            self._portal.links.add(pair, row.id, to, (plain,) if primary is None else (primary, plain))
        else:
            self._portal.links.remove(pair, row.id, to)

    def _field(self, op: str, of: ObjectType, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values`: {"name", "type", "fieldType", "label", "options": [value, ...]}."""
        name = str(values["name"])
        options = tuple((str(option), str(option)) for option in values.get("options", ()))
        type, field_type = str(values.get("type", "string")), str(values.get("fieldType", "text"))
        if op == "add_field":
            if name in of.properties:
                raise ValueError(f"{of.name} has a property {name} already")
            label, unique = str(values.get("label", "")), bool(values.get("unique", False))
            of.add(Property(name, type, field_type, label, options, custom=True, unique=unique))
        elif name not in of.properties:
            raise KeyError(f"{of.name} has no property {name}")
        elif op == "retype_field":
            of.retype(name, type, field_type, options)
        else:
            of.remove(name)
            for row in self._portal.tables[of.name].order:
                row.values.pop(name, None)
        return {"name": name}

    def _add_object(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values`: {"label": plural, "properties": [{"name", "type", "fieldType"}, ...]}."""
        full = name if name.startswith(f"p{PORTAL_ID}_") else f"p{PORTAL_ID}_{name}"
        if full in self._portal.types:
            raise ValueError(f"there is an object {full} already")
        short = full.split("_", 1)[1]
        properties = [
            Property(one["name"], one.get("type", "string"), one.get("fieldType", "text"), custom=True)
            for one in values.get("properties", ({"name": "title"},))
        ]
        type_id = f"2-{3465404 + sum(of.custom for of in self._portal.types.values())}"
        of = kind(full, short.upper(), type_id, properties, scope="custom", created="hs_createdate")
        of.custom, of.primary = True, properties[0].name
        of.labels = (short.capitalize(), str(values.get("label", f"{short.capitalize()}s")))
        self._portal.add_type(of)
        return {"name": full, "objectTypeId": type_id}

    def _owner(self, op: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        table, now = self._portal.tables["owners"], self._portal.clock.now()
        if op == "create":
            made = table.insert({"teams": [], **values}, id=str(int(table.order[-1].id) + 1), at=now)
            return {"id": made.id}
        if id is None:
            raise ValueError(f"{op} needs the id of an owner")
        match op:
            case "update":
                table.update(id, values, now)
            case "delete":
                table.delete(id, now)
            case "restore":
                table.restore(id, now)
            case _:
                raise ValueError(f"HubSpot's simulator cannot {op} an owner")
        return {"id": id}

    def dump(self, object: str) -> list[dict[str, Any]]:
        """The truth of an object, of owners, or of a pair's links (`contacts_companies`)."""
        if object == "owners":
            rows = [row for row in self._portal.tables["owners"].order if not row.purged]
            return [{**owner(row), "_deleted": row.deleted_at is not None} for row in rows]
        types = self._portal.types
        for left in types:
            right = object.removeprefix(f"{left}_")
            if right != object and right in types:
                return [
                    {"from_id": id, "to_id": to, "associationTypes": [spec.shown() for spec in specs]}
                    for id, to, specs in self._portal.links.all((left, right))
                ]
        of = self._portal.named(object)
        return [self._portal.whole(of, row) for row in self._portal.tables[of.name].order if not row.purged]
