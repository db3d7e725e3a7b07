"""The account's data: rows with NetSuite's ids and stamps, what deletion leaves behind, and how values are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.netsuite.account import (
    FIELD_TYPES,
    RECORD_NUMBERS,
    TRANSACTIONS,
    VALUE_TYPES,
    records,
    table_type,
    tables,
)
from backhaul.sandbox.netsuite.catalog import Field, RecordType, own
from backhaul.sandbox.netsuite.expressions import BadExpression, Getter
from backhaul.sandbox.netsuite.relations import Relation
from backhaul.sandbox.tables import Row, Table

# These share one sequence of ids, as they share one address book and one list of documents.
ENTITIES = ("customer", "vendor", "employee", "contact")
LINES = "transactionline"
POSTINGS = "transactionaccountingline"
LINKS = ("nexttransactionlinelink", "previoustransactionlinelink")
# What the user of the token is called in deletedrecord.
USER = 3


class Books:
    """Tables, their types and the record types over them; the only place that changes rows."""

    def __init__(self, clock: Clock, variants: Mapping[str, str]) -> None:
        self.clock = clock
        self.variants = variants
        self.types = tables()
        self.records = records(self.types)
        self.tables = {name: Table(name) for name in self.types}
        # Both tables of links show the same rows.
        self.tables[LINKS[1]] = self.tables[LINKS[0]]
        self.of_transaction: dict[str, dict[str, list[Row]]] = {LINES: {}, POSTINGS: {}}
        self.by_external_id: dict[tuple[str, str], str] = {}
        self.denied: set[str] = set()
        self._last: dict[str, int] = {"entity": 100, "transaction": 1000, "custom": 0}
        self._list_custom_fields()

    # Ids, stamps

    def next_id(self, table: str) -> int:
        family = "entity" if table in ENTITIES else table
        self._last[family] = self._last.get(family, 0) + 1
        return self._last[family]

    def stamp(self, at: datetime) -> datetime:
        return at if self.variants["resolution"] == "millisecond" else at.replace(microsecond=0)

    # Rows

    def insert(self, table: str, values: dict[str, Any], *, at: datetime, key: str | None = None) -> Row:
        """A new row. NULLs are not kept: a column that is not there is NULL."""
        type_ = self.types[table]
        if "id" in type_.columns and "id" not in values:
            values = {"id": self.next_id(table), **values}
        if type_.created and type_.created not in values:
            values[type_.created] = self.stamp(at)
        if type_.changed and type_.changed not in values:
            values[type_.changed] = self.stamp(at)
        changed = values[type_.changed] if type_.changed else at
        row = self.tables[table].insert(values, id=key or str(values["id"]), at=at, changed_at=changed)
        if table in self.of_transaction:
            self.of_transaction[table].setdefault(str(values["transaction"]), []).append(row)
        if values.get("externalid"):
            self.by_external_id[self._external(table, values), values["externalid"]] = row.id
        return row

    def update(self, table: str, id: str, values: Mapping[str, Any], at: datetime) -> Row:
        type_, held = self.types[table], self.tables[table]
        row = held.require(id)
        if "externalid" in values and values["externalid"] != row.values.get("externalid"):
            self.by_external_id.pop((self._external(table, row.values), row.values.get("externalid", "")), None)
            if values["externalid"]:
                self.by_external_id[self._external(table, row.values), values["externalid"]] = id
        stamped = {type_.changed: max(self.stamp(at), row.values[type_.changed])} if type_.changed else {}
        held.update(id, {**values, **stamped}, at)
        for name in [name for name, value in row.values.items() if value is None]:
            del row.values[name]
        return row

    def delete(self, table: str, id: str, at: datetime, *, tracked: bool = True, winner: str | None = None) -> None:
        """Gone from every answer. What the account remembers of it is one row of deletedrecord, if that."""
        held = self.tables[table]
        row = held.require(id)
        if not row.live:
            raise KeyError(f"{table} {id} is deleted already")
        if winner is None:
            held.delete(id, at)
        else:
            held.merge(id, winner, at)
            self.update(table, winner, {}, at)
        self.by_external_id.pop((self._external(table, row.values), row.values.get("externalid", "")), None)
        if table == "transaction":
            self._drop_lines(id, at)
        if tracked and table not in (LINES, POSTINGS):
            self._remember(table, row, at)

    def restore(self, table: str, id: str, at: datetime) -> Row:
        """NetSuite has no undelete; a script that puts a record back under its old id comes to the same."""
        held = self.tables[table]
        gone = held.require(id).deleted_at
        row = held.restore(id, at)
        if table == "transaction":
            lines = [(part, line) for part in self.of_transaction for line in self.of_transaction[part].get(id, ())]
            # Only what went with it comes back with it.
            for part, line in [*lines, *((LINKS[0], link) for link in self._links(id))]:
                if line.deleted_at == gone:
                    self.tables[part].restore(line.id, at)
        if row.values.get("externalid"):
            self.by_external_id[self._external(table, row.values), row.values["externalid"]] = id
        return self.update(table, id, {}, at)

    def _drop_lines(self, id: str, at: datetime) -> None:
        for part in self.of_transaction:
            for line in self.of_transaction[part].get(id, ()):
                if line.live:
                    self.tables[part].delete(line.id, at)
        for link in self._links(id):
            if link.live:
                self.tables[LINKS[0]].delete(link.id, at)

    def _links(self, id: str) -> list[Row]:
        return [
            link
            for link in self.tables[LINKS[0]].order
            if id in (str(link.values.get("previousdoc")), str(link.values.get("nextdoc")))
        ]

    def _remember(self, table: str, row: Row, at: datetime) -> None:
        record = self.record_of(table, row)
        script = record.name if record else table
        upper = self.variants["deletedrecord_scriptid"] == "upper"
        number = self.variants["deletedrecord_recordtypeid"] == "number"
        values = {
            "recordid": row.values["id"],
            "recordtypeid": str(record.number if record else RECORD_NUMBERS.get(table, 0)) if number else script,
            "scriptid": script.upper() if upper else script.lower(),
            "name": self.name_of(row.values),
            "deleteddate": self.stamp(at),
            "deletedby": USER,
        }
        self.insert("deletedrecord", values, at=at, key=str(len(self.tables["deletedrecord"].order) + 1))

    def _external(self, table: str, values: Mapping[str, Any]) -> str:
        # An external id is unique among the records of one type.
        return f"{table}/{values['type']}" if table == "transaction" and "type" in values else table

    # What record types are about

    def record(self, name: str) -> RecordType | None:
        """A record type by its name, in any case."""
        found = self.records.get(name)
        return found or next((r for n, r in self.records.items() if n.lower() == name.lower()), None)

    def record_of(self, table: str, row: Row) -> RecordType | None:
        fitting = (r for r in self.records.values() if r.table.name == table)
        return next((r for r in fitting if r.code is None or row.values.get(r.code[0]) == r.code[1]), None)

    def rows_of(self, record: RecordType) -> Iterable[Row]:
        rows = self.tables[record.table.name].order
        if record.code is None:
            return rows
        column, code = record.code
        return (row for row in rows if row.values.get(column) == code)

    def find(self, record: RecordType, id: str) -> Row | None:
        """A live row by internal id."""
        row = self.tables[record.table.name].get(id)
        if row is None or not row.live or (record.code and row.values.get(record.code[0]) != record.code[1]):
            return None
        return row

    def find_external(self, record: RecordType, external_id: str) -> Row | None:
        family = f"{record.table.name}/{record.code[1]}" if record.table.name == "transaction" and record.code else None
        id = self.by_external_id.get((family or record.table.name, external_id))
        return None if id is None else self.find(record, id)

    # For SuiteQL

    def relation(self, table: str) -> Relation:
        """A table as queries see it; one that the role may not see is not there."""
        if table not in self.types or table in self.denied:
            raise BadExpression(f"Record '{table}' was not found.")
        held = self.tables[table]
        by: dict[str, Callable[[str], Iterable[Row]]] = {}
        if table in self.of_transaction:
            groups = self.of_transaction[table]
            by["transaction"] = lambda id: (row for row in groups.get(id, ()) if row.live)
        elif "id" in self.types[table].columns:
            by["id"] = lambda id: (row for row in [held.get(id)] if row is not None and row.live)
        return Relation(self.types[table], held, by, lambda column: self._display(table, column))

    def _display(self, table: str, column: str) -> Getter | None:
        field = self.types[table].columns[column]
        if table == "transaction" and column == "status":
            return lambda row: self.status_text(row) if row.get("status") else None
        if field.kind == "enum":
            texts = dict(field.options)
            return lambda row: None if (v := row.get(column)) is None else texts.get(v, v)
        if field.kind == "reference" and field.to:
            return lambda row: None if (v := row.get(column)) is None else self.name_at(field.to or "", str(v))
        return None

    @staticmethod
    def status_text(values: Mapping[str, Any]) -> str:
        """`Invoice : Open`"""
        name, _, letters = TRANSACTIONS[values["type"]]
        spaced = "".join(f" {c}" if c.isupper() else c for c in name)
        return f"{spaced[0].upper()}{spaced[1:]} : {letters.get(values['status'], values['status'])}"

    def name_at(self, table: str, id: str) -> str | None:
        """The display name of the record with this id."""
        for candidate in ENTITIES if table == "entity" else (table,):
            row = self.tables[candidate].get(id) if candidate in self.tables else None
            if row is not None:
                return self.name_of(row.values)
        return None

    @staticmethod
    def name_of(values: Mapping[str, Any]) -> str:
        for column in ("companyname", "fullname", "entityid", "tranid", "itemid", "name", "periodname", "acctname"):
            if values.get(column):
                return str(values[column])
        return str(values.get("id", ""))

    def exists(self, table: str, id: str) -> bool:
        for candidate in ENTITIES if table == "entity" else (table,):
            row = self.tables[candidate].get(id) if candidate in self.tables else None
            if row is not None and row.live:
                return True
        return False

    # The account's own schema

    def add_field(self, table: str, field: Field) -> None:
        self.types[table].add(field)
        self.tables[table].version += 1
        self._list_custom_field(table, field)

    def remove_field(self, table: str, column: str) -> None:
        self.types[table].remove(column)
        self._schema_changed(table)
        listed = self.tables["customfield"]
        if column in listed.rows and listed.rows[column].live:
            listed.delete(column, self.clock.now())

    def retype_field(self, table: str, column: str, kind: str) -> Field:
        changed = self.types[table].retype(column, kind)
        self._schema_changed(table)
        return changed

    def add_record(self, name: str, fields: Iterable[Field]) -> RecordType:
        """A new custom record type, with the columns that every one has."""
        base = tuple(f for f in self.types["customrecord_subscription"].columns.values() if not f.custom)
        self.types[name] = table_type(name, (*base, *fields))
        self.tables[name] = Table(name)
        self.records[name] = RecordType(name, self.types[name], number=200 + len(self.records))
        for field in fields:
            self._list_custom_field(name, field)
        return self.records[name]

    def _schema_changed(self, table: str) -> None:
        held = self.tables[table]
        held.version += 1
        for row in held.order:
            row.encoded = None

    def _list_custom_fields(self) -> None:
        for table, type_ in self.types.items():
            for field in type_.columns.values():
                if field.custom:
                    self._list_custom_field(table, field)

    def _list_custom_field(self, table: str, field: Field) -> None:
        if field.column in self.tables["customfield"].rows:
            return
        values = {
            "internalid": self.next_id("custom"),
            "scriptid": field.name.upper(),
            "name": field.title,
            "fieldtype": FIELD_TYPES[field.kind],
            "fieldvaluetype": VALUE_TYPES[field.kind],
            "recordtype": table.upper(),
        }
        self.insert("customfield", values, at=self.clock.now(), key=field.column)


def custom_field(values: Mapping[str, Any]) -> Field:
    """A field as the control API describes it: `{"name", "type", "title"}`."""
    kinds = {"timestamp", "date", "boolean", "integer", "decimal", "float", "text"}
    kind = str(values.get("type", "text"))
    if kind not in kinds:
        raise ValueError(f"a field's type is one of {', '.join(sorted(kinds))}, not {kind!r}")
    return own(str(values["name"]), kind, str(values.get("title", values["name"])))
