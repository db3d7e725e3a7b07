"""What the control API does to the books behind the API's back, and the truth that it tells of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from backhaul.sandbox.netsuite import posting, writing
from backhaul.sandbox.netsuite.books import LINES, POSTINGS, Books, custom_field
from backhaul.sandbox.netsuite.catalog import RecordType
from backhaul.sandbox.netsuite.values import parsed, plain
from backhaul.sandbox.tables import Row

# An object of the control API -> its lines, as raw tables are called.
_PARTS = {"_accounting_lines": POSTINGS, "_lines": LINES}


def _found(books: Books, object: str) -> tuple[str, RecordType | None, Iterable[Row]]:
    """The table that an object is in, its record type, and its rows. KeyError for an unknown one."""
    for suffix, part in _PARTS.items():
        if object.endswith(suffix):
            parent = books.record(object.removesuffix(suffix))
            if parent is not None and parent.table.name == "transaction":
                groups = books.of_transaction[part]
                return part, None, (line for row in books.rows_of(parent) for line in groups.get(row.id, ()))
    # `item` is every item: records of several types, one table.
    if object.lower() in books.tables and object.lower() not in books.records:
        return object.lower(), None, books.tables[object.lower()].order
    record = books.record(object)
    if record is None:
        raise KeyError(f"there is no object {object}; there are: {', '.join([*books.records, *books.tables])}")
    return record.table.name, record, books.rows_of(record)


def dumped(books: Books, object: str) -> list[dict[str, Any]]:
    """Every record, deleted ones included, by column; ids and numbers as text."""
    table, _, rows = _found(books, object)
    columns = list(books.types[table].columns)
    return [
        {name: plain(row.values.get(name)) for name in columns}
        | {"_key": row.id, "_deleted": not row.live, "_merged_into": row.merged_into}
        for row in rows
        if not row.purged
    ]


def mutated(
    books: Books, op: str, object: str, id: str | None, values: dict[str, Any], *, tracked: bool
) -> dict[str, Any]:
    """Do one operation. Fields are spelt in any case; transactions take `lines` in their user's own signs."""
    if op == "add_object":
        name = str(values.get("name", object)).lower()
        if name in books.tables or not name.startswith("customrecord_"):
            raise ValueError(f"{name} is no new custom record: customrecord_<name>")
        books.add_record(name, [custom_field(field) for field in values.get("fields", ())])
        return {"object": name}
    table, record, _ = _found(books, object)
    if op in _SCHEMA:
        return {"object": table, **_SCHEMA[op](books, table, values)}
    if op == "create":
        row = _create(books, table, record, values)
    else:
        if id is None:
            raise ValueError(f"{op} needs the id of a record")
        row = books.tables[table].require(id)
        _change(books, op, table, row, values, tracked=tracked)
    return {"object": object, "id": row.id, "values": {name: plain(value) for name, value in row.values.items()}}


def _change(books: Books, op: str, table: str, row: Row, values: dict[str, Any], *, tracked: bool) -> None:
    now = books.clock.now()
    match op:
        case "update" if values.get("voided") is True and table == "transaction":
            posting.void(books, row, now)
        case "update":
            lines = values.pop("lines", None)
            books.update(table, row.id, _columns(books, table, values), now)
            if lines is not None:
                posting.write_lines(books, row, [_line(books, line) for line in lines], now)
                books.update(table, row.id, {}, now)
        case "delete":
            books.delete(table, row.id, now, tracked=tracked and not values.get("untracked"))
            if table == LINES:
                # A line goes by an edit of its transaction.
                books.update("transaction", str(row.values["transaction"]), {}, now)
        case "restore":
            books.restore(table, row.id, now)
        case "merge":
            # The record that was named stays; its transactions and those of the loser are one list from now on.
            loser = books.tables[table].require(str(values["loser"]))
            for transaction in [
                t for t in books.tables["transaction"].live() if str(t.values.get("entity")) == loser.id
            ]:
                books.update("transaction", transaction.id, {"entity": int(row.id)}, now)
            books.delete(table, loser.id, now, tracked=tracked, winner=row.id)
        case "purge":
            if row.live:
                books.delete(table, row.id, now, tracked=False)
            books.tables[table].purge(row.id)


def _create(books: Books, table: str, record: RecordType | None, values: dict[str, Any]) -> Row:
    now = books.clock.now()
    lines = values.pop("lines", None)
    columns = {name: value for name, value in _columns(books, table, values).items() if value is not None}
    if table == "transaction":
        if record is None or record.code is None:
            raise ValueError("name the kind of transaction to create: invoice, salesOrder, ...")
        made = [_line(books, line) for line in lines or ()]
        return posting.enter(books, record.code[1], columns, made, now)
    if record is None and table == "item":
        record = books.records["inventoryItem"]
    if record is None:
        raise ValueError(f"records of {table} are made by what they belong to")
    if "subsidiary" in record.table.columns:
        columns.setdefault("subsidiary", 1)
    writing.complete(books, record, columns)
    return books.insert(table, columns, at=now)


def _columns(books: Books, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
    type_ = books.types[table]
    found: dict[str, Any] = {}
    for name, value in values.items():
        field = type_.columns.get(name.lower())
        if field is None:
            raise ValueError(f"{table} has no field {name}")
        found[field.column] = parsed(field, value, lenient=True)
    return found


def _line(books: Books, line: Mapping[str, Any]) -> dict[str, Any]:
    """A line in its user's own signs: `amount`, `debit`, `credit` and `account` are no columns."""
    own = {name: line[name] for name in ("amount", "debit", "credit", "account", "line") if name in line}
    return own | _columns(books, LINES, {name: value for name, value in line.items() if name not in own})


def _add(books: Books, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
    field = custom_field(values)
    if field.column in books.types[table].columns:
        raise ValueError(f"{table} has the field {field.column} already")
    books.add_field(table, field)
    return {"name": field.name}


def _remove(books: Books, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
    name = str(values["name"]).lower()
    books.remove_field(table, name)
    return {"name": name}


def _retype(books: Books, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values go along: those that do not fit the new type become NULL, as a conversion in the UI does."""
    name = str(values["name"]).lower()
    if name not in books.types[table].columns:
        raise KeyError(f"{table} has no field {name}")
    field = books.retype_field(table, name, custom_field(values).kind)
    for row in books.tables[table].order:
        if name in row.values:
            try:
                row.values[name] = parsed(field, plain(row.values[name]), lenient=True)
            except ValueError:
                del row.values[name]
    return {"name": field.name, "type": field.kind}


_SCHEMA: dict[str, Callable[[Books, str, Mapping[str, Any]], dict[str, Any]]] = {
    "add_field": _add,
    "remove_field": _remove,
    "retype_field": _retype,
}
