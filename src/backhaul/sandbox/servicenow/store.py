"""The instance's state: rows of tables that extend one another, what is derived of them, and what was deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.servicenow.answers import stamp
from backhaul.sandbox.servicenow.columns import JOURNALS, Column, columns
from backhaul.sandbox.servicenow.definitions import CHANGES, STATES, SYSTEM, TableDefinition, instance
from backhaul.sandbox.tables import Row, Table

ME = "integration.user"
# Tables that tell of the others: made anew whenever they are asked for.
TOLD = {
    "sys_db_object": "name:string- label:string- super_class:reference(sys_db_object)- is_extendable:boolean-",
    "sys_dictionary": "name:string- element:string- column_label:string- internal_type:string- "
    "max_length:integer- mandatory:boolean- read_only:boolean- reference:string- choice:integer- unique:boolean- "
    "active:boolean-",
    "sys_choice": "name:string- element:string- value:string- label:string- language:string- "
    "inactive:boolean- sequence:integer-",
}
_ALWAYS = {"sys_created_on": "2023-01-09 08:00:00", "sys_created_by": "admin", "sys_updated_on": "2023-01-09 08:00:00",
           "sys_updated_by": "admin", "sys_mod_count": "0"}  # fmt: skip
_NAMES = {"sys_user": "name", "core_company": "name", "sys_user_group": "name", "cmdb_ci": "name", "task": "number",
          "kb_knowledge": "short_description", "kb_knowledge_base": "title", "u_subscription": "u_name",
          "sys_db_object": "label"}  # fmt: skip
Record = dict[str, str]


def made_id(*parts: object) -> str:
    """32 hexadecimal digits that follow from what they are of."""
    return hashlib.md5(".".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


class Store:
    """What all endpoints share. Values stand as they are on the wire: texts, empty where there is none."""

    def __init__(self, clock: Clock, variants: Mapping[str, str], controls: Mapping[str, Any]) -> None:
        self.clock = clock
        self.variants = variants
        self.controls = controls
        self.definitions: dict[str, TableDefinition] = instance()
        self.tables: dict[str, Table] = {name: Table(name) for name in self.definitions}
        self.me = made_id("sys_user", ME)
        self._made = 0
        self._told = {
            name: {each.name: each for each in columns(f"{text} {SYSTEM} {CHANGES}", {})} for name, text in TOLD.items()
        }

    # -- what there is ----------------------------------------------------------------------------------------------

    def knows(self, name: str) -> bool:
        return name in self.definitions or name in self._told

    def chain(self, name: str) -> list[str]:
        """The table and what it extends, nearest first."""
        found: list[str] = []
        at: str | None = name
        while at is not None:
            found.append(at)
            at = self.definitions[at].parent
        return found

    def family(self, name: str) -> list[str]:
        """The table and all that extend it."""
        return [each for each in self.definitions if name in self.chain(each)]

    def columns(self, name: str) -> dict[str, Column]:
        """Its own and those of what it extends; the child wins."""
        if name in self._told:
            return self._told[name]
        found: dict[str, Column] = {}
        for each in reversed(self.chain(name)):
            found |= self.definitions[each].columns
        if name in STATES:  # a class has states of its own, in the column of what it extends
            found["state"] = replace(found["state"], choices=STATES[name])
        return found

    def rows(self, name: str) -> Iterator[tuple[str, Row]]:
        """The rows of a table are those of all that extend it, with their class."""
        for each in self.family(name):
            for row in self.tables[each].live():
                yield each, row

    def find(self, name: str, id: str) -> tuple[str, Row] | None:
        for each in self.family(name) if name in self.definitions else ():
            row = self.tables[each].rows.get(id)
            if row is not None and row.live:
                return each, row
        return None

    def records(self, name: str) -> list[Record]:
        if name in self._told:
            return [{**_ALWAYS, **each} for each in getattr(self, f"_{name}")()]
        return [self.record(of, row) for of, row in self.rows(name)]

    def record(self, of: str, row: Row) -> Record:
        """A row with every column of its class."""
        if row.encoded is None:
            told = {name: str(row.values.get(name, "")) for name in self.columns(of)}
            told |= {"sys_id": row.id, "sys_created_on": stamp(row.created_at)}
            told["sys_created_by"] = str(row.values.get("sys_created_by", "admin"))
            if "sys_updated_on" in told:
                told["sys_updated_on"] = stamp(row.changed_at)
                told["sys_updated_by"] = str(row.values.get("sys_updated_by", "admin"))
                told["sys_mod_count"] = str(row.values.get("sys_mod_count", 0))
            if "sys_class_name" in told:
                told["sys_class_name"] = of
            for name, column in self.columns(of).items():
                if column.kind in JOURNALS:
                    told[name] = ""  # what was written there stands in sys_journal_field
                elif column.kind == "password2":
                    told[name] = "********" if told[name] else ""
            row.encoded = told
        return dict(row.encoded)

    def display(self, column: Column, value: str) -> str:
        """What people see of a value."""
        if column.kind == "reference" and value:
            found = self.find(column.reference, value)
            name = next((_NAMES[each] for each in self.chain(column.reference) if each in _NAMES), None)
            return self.record(*found).get(name, value) if found is not None and name is not None else value
        return dict(column.choices).get(value, value)

    def walk(self, name: str, record: Mapping[str, str], path: str) -> str:
        """A value through references: `super_class.name`."""
        first, _, rest = path.partition(".")
        value = record.get(first, "")
        column = self.columns(name).get(first)
        if not rest or column is None:
            return value
        if column.reference in self._told:
            other = next((each for each in self.records(column.reference) if each["sys_id"] == value), None)
        else:
            found = self.find(column.reference, value)
            other = None if found is None else self.record(*found)
        return "" if other is None else self.walk(column.reference, other, rest)

    def column_at(self, name: str, path: str) -> Column | None:
        first, _, rest = path.partition(".")
        column = self.columns(name).get(first)
        if column is None or not rest:
            return column
        return self.column_at(column.reference, rest) if self.knows(column.reference) else None

    # -- tables that tell of the others -----------------------------------------------------------------------------

    def _sys_db_object(self) -> Iterator[Record]:
        for name, each in self.definitions.items():
            yield {
                "sys_id": made_id("sys_db_object", name),
                "name": name,
                "label": each.label,
                "super_class": "" if each.parent is None else made_id("sys_db_object", each.parent),
                "is_extendable": "true" if len(self.family(name)) > 1 else "false",
            }

    def _sys_dictionary(self) -> Iterator[Record]:
        for name, table in self.definitions.items():
            yield self._entry(name, Column("", "collection", table.label))
            for column in table.columns.values():
                yield self._entry(name, column)

    def _entry(self, name: str, column: Column) -> Record:
        def flag(held: bool) -> str:
            return "true" if held else "false"

        return {
            "sys_id": made_id("sys_dictionary", name, column.name),
            "name": name,
            "element": column.name,
            "column_label": column.label,
            "internal_type": column.kind,
            "max_length": str(column.length),
            "mandatory": flag(column.mandatory),
            "read_only": flag(column.read_only),
            "reference": column.reference,
            "choice": column.choice,
            "unique": flag(column.unique),
            "active": "true",
        }

    def _sys_choice(self) -> Iterator[Record]:
        # a class has its own choices of a column that it did not define, too: states
        for name in self.definitions:
            for column in self.choosing(name):
                for place, (value, label) in enumerate(column.choices):
                    yield {
                        "sys_id": made_id("sys_choice", name, column.name, value),
                        "name": name,
                        "element": column.name,
                        "value": value,
                        "label": label,
                        "language": "en",
                        "inactive": "false",
                        "sequence": str(place),
                    }

    def choosing(self, name: str) -> Iterator[Column]:
        yield from (each for each in self.definitions[name].columns.values() if each.choices)
        if name in STATES and "state" not in self.definitions[name].columns:
            yield self.columns(name)["state"]

    # -- changes ----------------------------------------------------------------------------------------------------

    def new_id(self) -> str:
        self._made += 1
        return made_id("made", self._made)

    def insert(self, of: str, values: Mapping[str, str], at: datetime, *, by: str = ME, id: str | None = None) -> Row:
        """journals: what is written to such a column becomes an entry of its own."""
        kept = dict(values)
        journals = {
            name: kept.pop(name) for name, each in self.columns(of).items() if each.kind in JOURNALS and kept.get(name)
        }
        prefix = self._number(of)
        if prefix and not kept.get("number"):
            kept["number"] = f"{prefix}{len(self.tables[of].order) + 10_001:07d}"
        kept |= {"sys_created_by": by, "sys_updated_by": by, "sys_mod_count": "0"}
        self._derive(of, kept)
        row = self.tables[of].insert(kept, id=id or self.new_id(), at=at.replace(microsecond=0))
        for name, text in journals.items():
            self.note(of, row.id, name, text, at, by)
        return row

    def update(self, of: str, row: Row, values: Mapping[str, str], at: datetime, *, by: str = ME) -> None:
        """Nothing moves where nothing is different."""
        kept = dict(values)
        journals = {
            name: kept.pop(name) for name, each in self.columns(of).items() if each.kind in JOURNALS and name in kept
        }
        different = {name: value for name, value in kept.items() if str(row.values.get(name, "")) != value}
        for name, text in journals.items():
            if text:
                self.note(of, row.id, name, text, at, by)
        if different or any(journals.values()):
            self._derive(of, different, row.values)
            count = int(row.values.get("sys_mod_count", 0)) + 1
            whole = {**different, "sys_updated_by": by, "sys_mod_count": str(count)}
            self.tables[of].update(row.id, whole, at.replace(microsecond=0))

    def note(self, of: str, id: str, element: str, text: str, at: datetime, by: str) -> None:
        values = {"name": of, "element": element, "element_id": id, "value": text, "sys_created_by": by}
        self.tables["sys_journal_field"].insert(values, id=self.new_id(), at=at.replace(microsecond=0))

    def delete(self, of: str, row: Row, at: datetime) -> None:
        label = self.record(of, row).get(next((_NAMES[each] for each in self.chain(of) if each in _NAMES), ""), "")
        self.tables[of].delete(row.id, at.replace(microsecond=0))
        if self.definitions[of].audited:
            values = {"tablename": of, "documentkey": row.id, "display_value": label}
            self.tables["sys_audit_delete"].insert(values, id=self.new_id(), at=at.replace(microsecond=0))

    def restore(self, of: str, id: str, at: datetime) -> None:
        """From the list of deleted records, where its entry goes."""
        row = self.tables[of].require(id)
        if self.variants["restored_stamp"] == "moves":
            self.tables[of].restore(id, at.replace(microsecond=0))
        else:
            row.deleted_at, row.encoded = None, None
        for entry in list(self.tables["sys_audit_delete"].live()):
            if entry.values["documentkey"] == id:
                self.tables["sys_audit_delete"].purge(entry.id)

    def _number(self, of: str) -> str:
        return next((self.definitions[each].number for each in self.chain(of) if self.definitions[each].number), "")

    def _derive(self, of: str, values: dict[str, str], held: Mapping[str, Any] | None = None) -> None:
        """A user's name is put together of its parts."""
        if "sys_user" in self.chain(of) and {"first_name", "last_name"} & set(values):
            whole = {**(held or {}), **values}
            values["name"] = f"{whole.get('first_name', '')} {whole.get('last_name', '')}".strip()
