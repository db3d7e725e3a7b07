"""Changes behind the API's back, for the control API and tests, and the truth that a company holds."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from backhaul.sandbox.sage_intacct.company import Company
from backhaul.sandbox.sage_intacct.kinds import KEY, Field, Kind, custom_field
from backhaul.sandbox.tables import Row

_TYPES = {"string": "text", "number": "decimal", "boolean": "bool", "datetime": "time", "integer": "int"}


class Backdoor:
    """Values are taken as they are: a test may put in what Intacct itself would refuse."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def do(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if op == "add_object":
            raise ValueError("applications of the platform are installed by hand")
        kind = self._kind(object)
        if op in ("add_field", "remove_field", "retype_field"):
            return self._field(op, kind, values)
        now = self._company.stamp_now()
        if op == "create":
            row = self._company.insert(kind, self._typed(kind, values), at=now)
            self._touch(kind, row, now)
            return {"id": row.id}
        if id is None:
            raise ValueError(f"{op} needs the key of a record")
        row = self._company.tables[kind.name].require(id)
        match op:
            case "update":
                self._company.update(kind, row, self._typed(kind, values), at=now)
                self._touch(kind, row, now)
            case "delete":
                if kind.parent is not None:
                    self._touch(kind, row, now)
                self._company.delete(kind, row, at=now)
            case "purge":
                self._company.delete(kind, row, at=now, told=False)
                self._company.tables[kind.name].purge(id)
            case _:
                raise ValueError(f"Intacct cannot {op} a record of {kind.name}")
        return {"id": id, "trace": op == "delete" and self._traced(kind)}

    def _traced(self, kind: Kind) -> bool:
        """Whether the audit trail tells which record is gone by the key that the API has for it."""
        return kind.audit == KEY and self._company.variants["audit_trail"] == "on"

    def _touch(self, kind: Kind, row: Row, at: datetime) -> None:
        """Whoever changes a line changes its document."""
        if kind.parent is not None:
            header = self._company.tables[kind.parent[1]].get(str(row.values[kind.parent[0]]))
            if header is not None and header.live:
                self._company.tables[kind.parent[1]].update(header.id, {}, at)

    def _field(self, op: str, kind: Kind, values: dict[str, Any]) -> dict[str, Any]:
        name = str(values["name"]) if kind.custom else str(values["name"]).upper()
        if op == "add_field":
            if name in kind.fields:
                raise ValueError(f"{kind.name} has the field {name} already")
            type = str(values.get("type", "text"))
            kind.fields[name] = custom_field(name, _TYPES.get(type, type), str(values.get("label", "")))
            return {"name": name}
        if name not in kind.fields or not kind.fields[name].custom:
            raise ValueError(f"{kind.name} has no custom field {name}")
        if op == "remove_field":
            del kind.fields[name]
            for row in self._company.rows(kind):
                row.values.pop(name, None)
            return {"name": name}
        raise ValueError("the type of a field never changes: another one takes its place")

    def _typed(self, kind: Kind, values: dict[str, Any]) -> dict[str, Any]:
        strangers = sorted(set(values) - set(kind.fields))
        if strangers:
            raise ValueError(f"{kind.name} has no field {strangers[0]}")
        derived = (kind.key, kind.modified, kind.created)
        return {name: _native(kind.fields[name], value) for name, value in values.items() if name not in derived}

    def dump(self, object: str) -> list[dict[str, Any]]:
        kind = self._kind(object)
        rows = [row for row in self._company.tables[kind.name].order if not row.purged]
        return [{**self._company.record(kind, row), **self._lines(kind, row)} for row in rows]

    def _lines(self, kind: Kind, row: Row) -> dict[str, Any]:
        """A document's lines as they are written."""
        lines = list(self._company.lines_of(kind, row))
        if kind.wrapper:
            of = self._company.kinds[kind.lines]
            names = [each.name for each in of.fields.values() if not each.read_only]
            spelt = [
                {name: self._company.spelt(line.values[name]) for name in names if name in line.values}
                for line in lines
            ]
            return {kind.wrapper: {of.name: spelt}}
        if kind.name == "ARINVOICE":
            return {"LINEITEMS": [
                {"glaccountno": line.values["ACCOUNTNO"], "amount": self._company.spelt(line.values["TRX_AMOUNT"])}
                for line in lines if "ACCOUNTNO" in line.values
            ]}  # fmt: skip
        return {}

    def _kind(self, name: str) -> Kind:
        kind = self._company.kind(name)
        if kind is None:
            raise KeyError(f"there is no object {name}; there are: {', '.join(self._company.kinds)}")
        return kind


def _native(field: Field, value: Any) -> Any:
    if value in (None, ""):
        return None
    match field.type:
        case "INTEGER":
            return int(value)
        case "DECIMAL" | "CURRENCY" | "PERCENT":
            return Decimal(str(value))
        case "DATE":
            return date.fromisoformat(str(value)[:10])
        case "TIMESTAMP":
            return datetime.fromisoformat(str(value))
        case _:
            return value
