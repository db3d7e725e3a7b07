"""Changes behind the API's back, for the control API and tests: what people and administrators do in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backhaul.sandbox.salesforce.calls import BadRecord
from backhaul.sandbox.salesforce.describe import Field, SObject
from backhaul.sandbox.salesforce.ids import full_id
from backhaul.sandbox.salesforce.kinds import owner, sobject, text
from backhaul.sandbox.salesforce.org import Org
from backhaul.sandbox.salesforce.seed import UNDELETABLE
from backhaul.sandbox.salesforce.values import moment_of, retyped, stamp
from backhaul.sandbox.tables import Row

SHAPES: dict[str, dict[str, Any]] = {
    "string": {"length": 255},
    "textarea": {"length": 32000, "filterable": False, "sortable": False},
    "picklist": {"length": 255},
    "email": {"length": 80},
    "phone": {"length": 40},
    "url": {"length": 255},
    "double": {"precision": 18, "scale": 2},
    "currency": {"precision": 18, "scale": 2},
    "percent": {"precision": 18, "scale": 2},
    "int": {"precision": 8},
    "boolean": {"nillable": False, "defaulted": True, "filled": False},
    "date": {},
    "datetime": {},
}


class Backdoor:
    """Values go in as they are, checked only for their fields' names.

    `values` may name the record's times: `_created_at` and `_changed_at`.
    """

    def __init__(self, org: Org) -> None:
        self._org = org

    def do(self, op: str, name: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if op == "add_object":
            return self._add_object(name, values)
        object = self._object(name)
        if op in ("add_field", "remove_field", "retype_field"):
            return self._field(op, object, values)
        try:
            row = (
                self._create(object, values) if op == "create" else self._do(op, object, self._row(object, id), values)
            )
        except BadRecord as bad:
            raise ValueError(f"{bad.problems[0].code}: {bad.problems[0].message}") from bad
        return {"id": row.id, "SystemModstamp": stamp(row.changed_at), "trace": op != "purge"}

    def dump(self, name: str) -> list[dict[str, Any]]:
        object = self._object(name)
        names = [field.name for field in object.fields.values() if field.type != "address"]
        return [
            {
                **{name: row.values.get(name) for name in names},
                "_deleted": row.deleted_at is not None,
                "_merged_into": row.merged_into,
            }
            for row in self._org.tables[object.name].order
            if not row.purged
        ]

    def _object(self, name: str) -> SObject:
        found = self._org.find(name)
        if found is None:
            raise KeyError(f"there is no object {name}")
        return found

    def _row(self, object: SObject, id: str | None) -> Row:
        if id is None:
            raise ValueError("this needs the id of a record")
        return self._org.tables[object.name].require(full_id(id) or id)

    def _create(self, object: SObject, values: dict[str, Any]) -> Row:
        created, changed, given = self._split(object, values)
        row = self._org.put(object, given, created or changed or self._org.now())
        if changed is not None:
            row.changed_at = changed
            row.values["SystemModstamp"] = row.values["LastModifiedDate"] = stamp(changed)
        return row

    def _do(self, op: str, object: SObject, row: Row, values: dict[str, Any]) -> Row:
        """`merge` is of the winner, with its `loser` among the values."""
        org = self._org
        match op:
            case "update":
                _, changed, given = self._split(object, values)
                org.change(object, row, given, changed or org.now())
            case "delete" if object.name in UNDELETABLE:
                raise ValueError(f"records of {object.name} are not deleted")
            case "delete" if row.live:
                org.remove(object, row, org.now())
            case "restore" if not row.live:
                org.restore(object, row, org.now())
            case "merge":
                if not object.mergeable:
                    raise ValueError(f"records of {object.name} do not merge")
                loser = self._row(object, str(values["loser"]))
                if loser is row:
                    raise ValueError("a record does not merge into itself")
                org.merge(object, loser, row, org.now())
            case "purge":
                org.purge(object, row)
            case _:
                raise ValueError(f"cannot {op} {object.name} {row.id} as it is")
        return row

    def _split(
        self, object: SObject, values: Mapping[str, Any]
    ) -> tuple[datetime | None, datetime | None, dict[str, Any]]:
        times: dict[str, datetime] = {}
        given: dict[str, Any] = {}
        for name, value in values.items():
            if name in ("_created_at", "_changed_at"):
                moment = moment_of(str(value))
                if moment is None:
                    raise ValueError(f"{name} is no time with a zone: {value!r}")
                times[name] = moment
                continue
            field = object.find(name)
            if field is None:
                raise ValueError(f"{object.name} has no field {name}")
            if field.type == "datetime" and value is not None:
                moment = moment_of(str(value))
                if moment is None:
                    raise ValueError(f"{name} is no time with a zone: {value!r}")
                value = stamp(moment)
            given[field.name] = value
        return times.get("_created_at"), times.get("_changed_at"), given

    def _field(self, op: str, object: SObject, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values`: {"name", "type", "label", "options": [value, ...], "external_id", "unique", "updateable"}."""
        name = str(values["name"])
        rows = self._org.tables[object.name].order
        if op == "add_field":
            if object.find(name) is not None:
                raise ValueError(f"{object.name} has a field {name} already")
            object.put(_field(values))
        else:
            old = object.find(name)
            if old is None:
                raise KeyError(f"{object.name} has no field {name}")
            if op == "remove_field":
                object.drop(old.name)
                for row in rows:
                    row.values.pop(old.name, None)
            else:
                new = _field({**values, "name": old.name})
                object.put(new)
                for row in rows:
                    if not row.purged:
                        row.values[old.name] = retyped(new, row.values.get(old.name))
        for row in rows:
            row.encoded = None
        self._org.schema_moved()
        return {"name": name}

    def _add_object(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values`: {"label", "plural", "fields": [{"name", "type"}, ...]}."""
        full = name if name.endswith("__c") else f"{name}__c"
        if self._org.find(full) is not None:
            raise ValueError(f"there is an object {full} already")
        prefix = f"a{sum(one.custom for one in self._org.objects.values()):02d}"
        fields = [_field(one) for one in values.get("fields", ())]
        label = str(values.get("label", ""))
        made = sobject(
            full, prefix, text("Name", 80), *fields, owner(), label=label, plural=str(values.get("plural", ""))
        )
        self._org.add_object(made)
        return {"name": full, "keyPrefix": prefix}


def _field(values: Mapping[str, Any]) -> Field:
    kind = str(values.get("type", "string"))
    if kind not in SHAPES:
        raise ValueError(f"a field is one of {', '.join(SHAPES)}, not {kind!r}")
    allowed = {
        "name",
        "type",
        "label",
        "options",
        "external_id",
        "unique",
        "updateable",
        "length",
        "precision",
        "scale",
    }
    unknown = set(values) - allowed
    if unknown:
        raise ValueError(f"a field has no {', '.join(sorted(unknown))}")
    more = {key: value for key, value in values.items() if key not in ("name", "type", "options")}
    return Field(str(values["name"]), kind, options=tuple(values.get("options", ())), **{**SHAPES[kind], **more})
