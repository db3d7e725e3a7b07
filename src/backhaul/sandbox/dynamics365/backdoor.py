"""Changes behind the API's back, for the control API and tests: what people do in the app."""

from __future__ import annotations

from typing import Any

from backhaul.sandbox.dynamics365.answers import moment_of, stamp
from backhaul.sandbox.dynamics365.columns import Column
from backhaul.sandbox.dynamics365.organization import Organization


class Backdoor:
    """Values are taken as they are, under the names that they are read by. `_changed_at` may be among them."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization

    def do(self, op: str, name: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        organization = self._organization
        definition = organization.definitions.get(name)
        if definition is None:
            raise KeyError(f"there is no table {name}")
        if op in ("add_field", "remove_field"):
            return self._field(op, name, values)
        now = moment_of(values.pop("_changed_at", None)) or organization.clock.now()
        if op == "create":
            return {"id": organization.insert(definition, values, None, now).id}
        if id is None:
            raise ValueError(f"{op} needs the id of a record")
        row = organization.tables[name].require(id)
        match op:
            case "update":
                organization.update(definition, row, values, now)
            case "delete" | "purge":
                organization.delete(definition, row, now, purge=op == "purge")
            case "restore":
                organization.restore(definition, id, now)
            case "merge":
                if "merged" not in definition.columns:
                    raise ValueError(f"records of {name} cannot be merged")
                organization.merge(definition, str(values["loser"]), id, now)
            case _:
                raise ValueError(f"the simulator of Dynamics 365 cannot {op}")
        return {"id": id, "modifiedon": stamp(row.changed_at)}

    def _field(self, op: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """`values`: {"name", "type"}, the type as in `columns.TYPES`."""
        columns, field = self._organization.definitions[name].columns, str(values["name"])
        if op == "remove_field":
            del columns[field.lower()]
        else:
            kind = str(values.get("type", "string"))
            columns[field.lower()] = Column(field.lower(), kind, field, field, custom=True)
        return {"name": field.lower()}

    def dump(self, name: str) -> list[dict[str, Any]]:
        definition = self._organization.definitions.get(name)
        if definition is None:
            raise KeyError(f"there is no table {name}")
        return [
            self._organization.whole(definition, row) for row in self._organization.tables[name].order if not row.purged
        ]
