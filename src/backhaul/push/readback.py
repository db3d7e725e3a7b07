"""Reads records as the vendor holds them now: just before a write, and after one whose answer is lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from backhaul.config.source import Read
from backhaul.protocol import render
from backhaul.protocol.connection import Connection
from backhaul.protocol.keys import unescape
from backhaul.protocol.reads import Ask, NotServed, read_pages
from backhaul.protocol.render import Bindings
from backhaul.push.ledger import InFlight, Receipt
from backhaul.push.target import Object
from backhaul.push.values import Spelling, read_back, same


@dataclass(frozen=True, slots=True)
class Current:
    """A record as it is now: its key, and the fields that were asked for, as text."""

    key: str
    values: Mapping[str, str | None]


class Reader:
    """Reads records of one object by their keys, or by a unique field."""

    def __init__(self, connection: Connection, object: Object) -> None:
        self._connection = connection
        self._object = object

    @property
    def by_key_batch(self) -> int:
        """How many records one call reads; 0 where the vendor reads none by key."""
        reads = self._object.definition.reads.by_key
        return reads[0].batch if reads else 0

    @property
    def can_match(self) -> bool:
        return bool(self._object.definition.reads.by_match)

    def by_key(self, keys: Sequence[str], fields: Sequence[str]) -> dict[str, Current]:
        """Records by key; one that is not there is not in it. Raises what `Transport.send` raises."""
        reads = self._object.definition.reads.by_key
        plain = {unescape(key): key for key in keys}
        records = self._read(reads[0], "by_key", list(plain), fields, None)
        return {plain[each.key]: each for each, _ in records if each.key in plain}

    def by_match(self, field: str, values: Sequence[str], fields: Sequence[str]) -> dict[str, list[Current]]:
        """Value, folded -> the records that hold it."""
        read = self._object.definition.reads.by_match[0]
        found: dict[str, list[Current]] = defaultdict(list)
        for each, held in self._read(read, "by_match", list(dict.fromkeys(values)), fields, field):
            found[folded(held or "")].append(each)
        return found

    def _read(
        self, read: Read, role: Literal["by_key", "by_match"], wanted: list[str], fields: Sequence[str],
        match: str | None,
    ) -> list[tuple[Current, str | None]]:  # fmt: skip
        schema = self._object.schema
        values = read.values or self._connection.source.values
        spelling = Spelling(values, self._connection.zone_of(values), self._object.step)
        asked = dict.fromkeys((*schema.key, *((match,) if match else ()), *fields))
        chosen = tuple(schema.fields[name] for name in asked if name in schema.fields and schema.fields[name].readable)
        found: list[tuple[Current, str | None]] = []
        for start in range(0, len(wanted), read.batch):
            ask = Ask(
                schema,
                self._object.definition,
                read,
                role,
                chosen,
                _bound(read, wanted[start : start + read.batch], match),
            )
            try:
                for page in read_pages(self._connection, ask):
                    found += self._records(page.columns, page.rows, chosen, fields, spelling, match)
            except NotServed as refused:
                if refused.refused.outcome != "absent":
                    raise refused.refused from refused
        return found

    def _records(
        self, columns: Mapping[str, Any], rows: int, chosen: Sequence[Any], fields: Sequence[str], spelling: Spelling,
        match: str | None,
    ) -> list[tuple[Current, str | None]]:  # fmt: skip
        there = {each.name: _listed(columns[each.name]) for each in chosen if columns.get(each.name) is not None}
        found = []
        for row in range(rows):
            parts = [str(there[name][row]) for name in self._object.schema.key if name in there]
            values = {
                name: read_back(there[name][row], self._object.field(name), spelling)
                for name in fields
                if name in there
            }
            held = there[match][row] if match is not None and match in there else None
            found.append((Current(":".join(parts), values), None if held is None else str(held)))
        return found


def folded(value: str) -> str:
    """A unique value as vendors compare it."""
    return value.strip().lower()


def settle(reader: Reader, object: Object, rows: Sequence[InFlight]) -> list[Receipt]:
    """What became of rows whose answer is lost, as far as the vendor's records tell.

    confirmed: it holds what was sent. planned: it does not, and sending it again can do no harm. unknown: it cannot be
    found out. Raises what `Transport.send` raises; then nothing is known either.
    """
    receipts: dict[str, Receipt] = {}
    keyed = [row for row in rows if row.vendor_key is not None and row.action != "create" and reader.by_key_batch]
    fields = list(dict.fromkeys(name for row in rows for name in row.values))
    if keyed:
        current = reader.by_key([row.vendor_key for row in keyed if row.vendor_key is not None], fields)
        for row in keyed:
            receipts[row.row] = _keyed(object, row, current.get(row.vendor_key or ""))
    by_field: dict[str, list[InFlight]] = defaultdict(list)
    for row in rows:
        if row.row not in receipts and row.match is not None and reader.can_match:
            by_field[row.match[0]].append(row)
    for field, some in by_field.items():
        matched = reader.by_match(field, [row.match[1] for row in some if row.match is not None], fields)
        for row in some:
            receipts[row.row] = _matched(object, row, matched.get(folded(row.match[1] if row.match else ""), []))
    return [receipts.get(row.row) or _cannot(row) for row in rows]


def _keyed(object: Object, row: InFlight, current: Current | None) -> Receipt:
    if current is None:
        return Receipt(row.row, "refused", row.vendor_key, code="ABSENT", message="the vendor has no such record")
    if _holds(object, row, current):
        return Receipt(row.row, "confirmed", current.key)
    return Receipt(row.row, "planned", current.key, message="read back: the vendor does not hold what was sent")


def _matched(object: Object, row: InFlight, found: Sequence[Current]) -> Receipt:
    if not found:
        # a unique field: should it have been created after all, the vendor refuses a second one
        return Receipt(row.row, "planned", message="read back: the vendor has no such record")
    holding = [each for each in found if _holds(object, row, each)]
    if len(holding) == 1:
        return Receipt(row.row, "confirmed", holding[0].key)
    if row.action == "upsert" or (row.action == "update" and len(found) == 1):
        return Receipt(row.row, "planned", found[0].key, message="read back: the vendor does not hold what was sent")
    what = f"{len(found)} records" if len(found) > 1 else "a record"
    field = row.match[0] if row.match else ""
    return Receipt(
        row.row, "unknown", message=f"{what} with this {field} and other values: created by this, or before?"
    )


def _holds(object: Object, row: InFlight, current: Current) -> bool:
    return all(
        same(value, current.values[name], object.field(name), object.step)
        for name, value in row.values.items()
        if name in current.values
    )


def _cannot(row: InFlight) -> Receipt:
    said = f"{row.message}; " if row.message else ""
    return Receipt(row.row, "unknown", message=f"{said}nothing unique was sent by which it could be found again")


def traced(object: Object, row: InFlight, field: str) -> InFlight:
    """A row whose own id stands in a field of the vendor's."""
    return replace(row, match=(field, row.values.get(field) or row.id))


def _bound(read: Read, some: list[str], match: str | None) -> dict[str, Any]:
    if read.item is not None:
        name = "match.value" if match is not None else "key"
        return {"items": [render.body(read.item, Bindings({name: each})) for each in some], "match.field": match}
    if match is not None:
        return {"match.values": some, "match.field": match}
    return {"keys": some} if read.batch > 1 else {"key": some[0]}


def _listed(column: Any) -> list[Any]:
    return list(column.to_pylist()) if hasattr(column, "to_pylist") else list(column)
