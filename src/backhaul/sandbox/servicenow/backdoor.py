"""Changes behind the API's back, for the control API and tests, and the truth that the instance holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backhaul.sandbox.servicenow.columns import Column
from backhaul.sandbox.servicenow.definitions import table
from backhaul.sandbox.servicenow.store import TOLD, Store
from backhaul.sandbox.tables import Row, Table

_KINDS = {"text": "string", "integer": "integer", "decimal": "decimal", "number": "decimal", "boolean": "boolean",
          "timestamp": "glide_date_time", "datetime": "glide_date_time", "date": "glide_date",
          "enumeration": "string", "picklist": "string"}  # fmt: skip


class Backdoor:
    """Values are taken as they are: a test may put in what ServiceNow itself would drop."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def do(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if op == "add_object":
            made = table(object, str(values.get("label", object)), "u_name:string")
            self._store.definitions[object] = made
            self._store.tables[object] = Table(object)
            return {"name": object}
        self._known(object)
        if op in ("add_field", "remove_field", "retype_field"):
            return self._field(op, object, values)
        now = self._store.clock.now()
        if op == "create":
            row = self._store.insert(object, _texts(values), now, by="somebody")
            return {"id": row.id}
        if id is None:
            raise ValueError(f"{op} needs the id of a record")
        of, row = self._row(object, id)
        match op:
            case "update" | "restore" if object == "sys_journal_field":
                raise ValueError("an entry of a journal is never changed, and does not come back")
            case "update":
                self._store.update(of, row, _texts(values), now, by="somebody")
            case "delete":
                self._store.delete(of, row, now)
            case "restore":
                self._store.restore(of, id, now)
            case "purge":
                self._store.tables[of].purge(id)
                return {"id": id, "trace": False}
            case _:
                raise ValueError(f"ServiceNow cannot {op} a record of {object}")
        return {"id": id, "trace": self._store.definitions[of].audited}

    def _row(self, name: str, id: str) -> tuple[str, Row]:
        for of in self._store.family(name):
            row = self._store.tables[of].get(id)
            if row is not None:
                return of, row
        raise KeyError(f"{name} {id} does not exist")

    def _known(self, name: str) -> None:
        if name not in self._store.definitions:
            raise KeyError(f"there is no table {name}; there are: {', '.join(self._store.definitions)}")

    def _field(self, op: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
        own, field = self._store.definitions[name].columns, str(values["name"])
        if not field.startswith("u_"):
            field = f"u_{field}"
        if op == "remove_field":
            del own[field]
        elif op == "retype_field":
            own[field] = replace(own[field], kind=_kind(values), choices=())
        else:
            options = tuple((str(each), str(each)) for each in values.get("options", ()))
            own[field] = Column(field, _kind(values), str(values.get("label", field)), choices=options, length=255)
        for each in self._store.family(name):
            for row in self._store.tables[each].order:
                row.encoded = None
        return {"name": field}

    def dump(self, object: str) -> list[dict[str, Any]]:
        """Every record of the table and of those that extend it, with the columns that it has itself."""
        if object in TOLD:
            return [{**each, "_deleted": False, "_merged_into": None} for each in self._store.records(object)]
        self._known(object)
        names = self._store.columns(object)
        return [
            {
                **{name: value for name, value in self._store.record(of, row).items() if name in names},
                "_deleted": row.deleted_at is not None,
                "_merged_into": None,
            }
            for of in self._store.family(object)
            for row in self._store.tables[of].order
            if not row.purged
        ]


def _kind(values: dict[str, Any]) -> str:
    asked = str(values.get("type", "string"))
    return _KINDS.get(asked, asked)


def _texts(values: dict[str, Any]) -> dict[str, str]:
    return {
        name: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
    }
