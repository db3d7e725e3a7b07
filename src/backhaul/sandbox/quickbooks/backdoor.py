"""Changes behind the API's back, for the control API and tests, and the truth that a company holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from backhaul.sandbox.quickbooks.answers import encoded
from backhaul.sandbox.quickbooks.company import Company
from backhaul.sandbox.quickbooks.entities import ENTITIES, Entity
from backhaul.sandbox.tables import Row


class Backdoor:
    """Values are taken as they are: a test may put in what QuickBooks itself would refuse."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def do(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if op in ("add_field", "remove_field"):
            return self._custom_field(op, self._entity(object), values)
        of = self._entity(object)
        now = self._company.stamp_now()
        if op == "create":
            return {"id": self._company.insert(of, _exact(values), at=now).id}
        if id is None:
            raise ValueError(f"{op} needs the id of a record")
        table = self._company.tables[of.name]
        row = table.require(id)
        match op:
            case "update":
                self._company.update(of, row, self._with_custom(row, _exact(values)), at=now)
            case "delete":
                self._company.delete(of, row, now)
            case "restore":
                if of.listed:
                    self._company.update(of, row, {"Active": True}, at=now)
                else:
                    table.restore(id, now)
            case "purge":
                table.purge(id)
            case "merge" if of.listed:
                self._merge(of, row, table.require(str(values["loser"])))
            case _:
                raise ValueError(f"QuickBooks cannot {op} a record of {of.name}")
        return {"id": id, "trace": of.listed or of.changes}

    def _merge(self, of: Entity, winner: Row, loser: Row) -> None:
        """The documents of the loser are the winner's from now on, and the loser is inactive."""
        now = self._company.clock.now()
        for other in ENTITIES.values():
            for name, field in other.fields.items():
                if field.to == of.name:
                    for row in list(self._company.live(other)):
                        if row.values.get(name, {}).get("value") == loser.id:
                            self._company.update(other, row, {name: {"value": winner.id}}, at=now)
        self._company.delete(of, loser, now)
        self._company.update(of, winner, {}, at=now)

    def _custom_field(self, op: str, of: Entity, values: dict[str, Any]) -> dict[str, Any]:
        """Sales forms have three at most: `values` names one, {"id": "3", "name": "Route"}; else the next free one.

        One that goes is named as records show it (`cf_3`), or by its id; what records hold in it goes with it.
        """
        held = self._company.custom_fields
        if not of.lines or "CustomField" not in of.fields:
            raise ValueError(f"{of.name} is no sales form, and has no custom fields")
        if op == "remove_field":
            id = str(values.get("id") or values["name"]).removeprefix("cf_")
            del held[id]
            for row in self._company.tables[of.name].order:
                kept = [each for each in row.values.get("CustomField", ()) if each["DefinitionId"] != id]
                if kept != row.values.get("CustomField", []):
                    row.values["CustomField"] = kept
            return {"id": id}
        id = str(values.get("id") or next((each for each in ("1", "2", "3") if each not in held), ""))
        if id not in ("1", "2", "3"):
            raise ValueError("sales forms have the custom fields 1, 2 and 3")
        held[id] = str(values["name"])
        return {"id": id, "name": f"cf_{id}"}

    def _with_custom(self, row: Row, values: dict[str, Any]) -> dict[str, Any]:
        """`cf_3` stands for an entry of the record's list."""
        given = {name.removeprefix("cf_"): values.pop(name) for name in list(values) if name.startswith("cf_")}
        if not given:
            return values
        kept = [each for each in row.values.get("CustomField", ()) if each["DefinitionId"] not in given]
        new = [
            {"DefinitionId": id, "Name": self._company.custom_fields[id], "Type": "StringType", "StringValue": value}
            for id, value in given.items()
        ]
        return {**values, "CustomField": [*kept, *new]}

    def dump(self, object: str) -> list[dict[str, Any]]:
        """The truth of an entity, or of the lines of its records (`Invoice_lines`)."""
        if object.endswith("_lines"):
            documents = self.dump(object.removesuffix("_lines"))
            return [line for each in documents if not each["_deleted"] for line in _lines(each)]
        of = self._entity(object)
        return [self._truth(of, row) for row in self._company.tables[of.name].order if not row.purged]

    def _truth(self, of: Entity, row: Row) -> dict[str, Any]:
        shown: dict[str, Any] = msgspec.json.decode(encoded(self._company.shown(of, row)))
        shown |= shown.pop("MetaData")
        for entry in shown.get("CustomField", []) if isinstance(shown.get("CustomField"), list) else []:
            shown[f"cf_{entry['DefinitionId']}"] = entry.get("StringValue")
        deleted = not row.live or (of.listed and row.values.get("Active") is False)
        return {**shown, "_deleted": deleted, "_merged_into": None}

    def _entity(self, name: str) -> Entity:
        if name not in ENTITIES:
            raise KeyError(f"there is no entity {name}; there are: {', '.join(ENTITIES)}")
        return ENTITIES[name]


def _lines(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines that are told apart by an id of their own or, of payments, by the document that they pay."""
    found: list[dict[str, Any]] = []
    for line in document.get("Line", []):
        if "Id" in line:
            found.append({**line, "Document": document["Id"]})
        elif line.get("LinkedTxn"):
            found.append({**line, **line["LinkedTxn"][0], "Document": document["Id"]})
    return found


def _exact(values: dict[str, Any]) -> dict[str, Any]:
    """Amounts as decimals, as the company keeps them."""
    return {
        name: Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for name, value in values.items()
    }
