"""Changes behind the API's back, for the control API and tests: what people do in Pipedrive's own screens."""

from __future__ import annotations

from typing import Any

from backhaul.sandbox.pipedrive.answers import moment_of, stamp
from backhaul.sandbox.pipedrive.company import Company
from backhaul.sandbox.tables import Row


class Backdoor:
    """Values are taken as they are. A custom field is named by its hash. `_changed_at` may be among the values."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def do(self, op: str, name: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        company = self._company
        if name not in company.tables:
            raise KeyError(f"there is no object {name}")
        if op in ("add_field", "remove_field"):
            return self._field(op, name, values)
        now, table = company.stamp_now(), company.tables[name]
        if op == "create":
            return {"id": company.insert(name, {"custom": {}, **values}, now).id}
        if id is None:
            raise ValueError(f"{op} needs the id of a record")
        row = table.require(id)
        match op:
            case "update":
                self._update(name, row, values)
            case "delete":
                company.delete(name, row)
            case "restore":
                table.restore(id, now)
            case "purge":
                table.purge(id)
            case "merge":
                table.merge(str(values["loser"]), id, now)
            case _:
                raise ValueError(f"Pipedrive's simulator cannot {op}")
        # only of deals a list tells that they are deleted; the others leave the lists without a word
        return {"id": id, "update_time": stamp(row.changed_at), "trace": name == "deals"}

    def _update(self, name: str, row: Row, values: dict[str, Any]) -> None:
        fields = self._company.fields.get("deals" if name == "leads" else name, {})
        custom = {code: value for code, value in values.items() if code in fields}
        own = {field: value for field, value in values.items() if field not in custom and field[0] != "_"}
        at = moment_of(values.get("_changed_at")) or self._company.stamp_now()
        if custom:
            own["custom"] = {**row.values["custom"], **custom}
        self._company.tables[name].update(row.id, own, at)

    def _field(self, op: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """`values`: {"name", "type", "options": [label, ...]}; the answer tells the hash."""
        fields = self._company.fields[name]
        if op == "remove_field":
            del fields[str(values["name"])]
            return {"name": values["name"]}
        options = tuple(str(each) for each in values.get("options", ()))
        made = self._company.add_field(name, str(values["name"]), str(values.get("type", "varchar")), options)
        return {"name": made.code}

    def dump(self, name: str) -> list[dict[str, Any]]:
        if name not in self._company.tables:
            raise KeyError(f"there is no object {name}")
        rows = [row for row in self._company.tables[name].order if not row.purged]
        told = [self._company.whole(name, row) for row in rows]
        if name == "deal_products":
            for each in told:
                each["_deleted"] = self._company.find("deals", each["deal_id"]) is None or each["_deleted"]
        return told
