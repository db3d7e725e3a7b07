"""Reads records as the vendor holds them now: when a plan is to be fresh, just before a write, after a lost answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from types import MappingProxyType
from typing import Any, Literal

from backhaul.config.reads import Read
from backhaul.protocol import render
from backhaul.protocol.connection import Connection
from backhaul.protocol.keys import join_key, key_bindings, unescape
from backhaul.protocol.reads import Ask, NotServed, read_pages
from backhaul.protocol.render import Bindings
from backhaul.push.target import Object
from backhaul.push.values import Spelling, read_back


@dataclass(frozen=True, slots=True)
class Current:
    """A record as it is now: its key, and the fields that were asked for, as text."""

    key: str
    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Sent:
    """A row as it was sent, for vendors that find records only in their place. at: by our clock."""

    values: Mapping[str, str | None]
    at: datetime


NOTHING_SENT: Mapping[str, Sent] = MappingProxyType({})
_CLOCKS = timedelta(minutes=1)
"""How far a vendor's stamp of a record may lie before the time at which we believe that it was sent."""


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

    @property
    def lag(self) -> timedelta:
        """How long a new record may not be found by its values."""
        return max((each.lag for each in self._object.definition.reads.by_match), default=timedelta(0))

    def by_key(self, keys: Sequence[str], fields: Sequence[str]) -> dict[str, Current]:
        """Records by key; one that is not there is not in it. Raises what `Transport.send` raises."""
        reads = self._object.definition.reads.by_key
        # parts of a composite key are told apart by their escapes
        plain = {unescape(key) if len(self._object.schema.key) == 1 else key: key for key in keys}
        records = self._read(reads[0], "by_key", list(plain), fields, None)
        return {plain[each.key]: each for each, _ in records if each.key in plain}

    def by_match(
        self, field: str, values: Sequence[str], fields: Sequence[str], sent: Mapping[str, Sent] = NOTHING_SENT
    ) -> dict[str, list[Current]]:
        """Value, folded -> the records that hold it. sent: of rows that were sent and may have been made."""
        read = self._object.definition.reads.by_match[0]
        found: dict[str, list[Current]] = defaultdict(list)
        for each, held in self._read(read, "by_match", list(dict.fromkeys(values)), fields, field, sent):
            found[folded(held or "")].append(each)
        return found

    @property
    def sees_links(self) -> bool:
        """It links two records, and the vendor tells the links of one."""
        return self._object.link is not None and bool(self._object.definition.reads.by_parent)

    def links(self, parents: Sequence[str]) -> set[tuple[str, str]]:
        """The two ends of every link that these records have."""
        read = self._object.definition.reads.by_parent[0]
        chosen = tuple(self._object.field(name) for name in self._object.link or ())
        found: set[tuple[str, str]] = set()
        for start in range(0, len(parents), read.batch):
            some = list(parents[start : start + read.batch])
            bound: dict[str, Any] = {"parents": some}
            if read.batch == 1:
                bound["parent.key"] = some[0]
            if read.item is not None:
                bound = {"items": [render.body(read.item, Bindings({"parent.key": key})) for key in some]}
            ask = Ask(self._object.schema, self._object.definition, read, "by_parent", chosen, bound)
            try:
                for page in read_pages(self._connection, ask):
                    one, other = (_listed(page.columns[each.name]) for each in chosen)
                    found |= {(str(left), str(right)) for left, right in zip(one, other, strict=True)}
            except NotServed as refused:
                if refused.refused.outcome != "absent":
                    raise refused.refused from refused
        return found

    def _read(
        self, read: Read, role: Literal["by_key", "by_match"], wanted: list[str], fields: Sequence[str],
        match: str | None, sent: Mapping[str, Sent] = NOTHING_SENT,
    ) -> list[tuple[Current, str | None]]:  # fmt: skip
        schema = self._object.schema
        values = read.values or self._connection.source.values
        spelling = Spelling(values, self._connection.zone_of(values), self._object.step)
        asked = dict.fromkeys((*schema.key, *((match,) if match else ()), *fields))
        chosen = tuple(schema.fields[name] for name in asked if name in schema.fields and schema.fields[name].readable)
        found: list[tuple[Current, str | None]] = []
        batches = [wanted[start : start + read.batch] for start in range(0, len(wanted), read.batch)]
        for batch, each in product(batches, self._connection.each(read)):
            bound = {**_bound(read, batch, match, schema.key), "each": each, **self._as_sent(sent.get(batch[0]))}
            ask = Ask(schema, self._object.definition, read, role, chosen, bound)
            try:
                for page in read_pages(self._connection, ask):
                    found += self._records(page.columns, page.rows, chosen, fields, spelling, match)
            except NotServed as refused:
                if refused.refused.outcome != "absent":
                    raise refused.refused from refused
        return found

    def _as_sent(self, sent: Sent | None) -> Mapping[str, Any]:
        if sent is None:
            return {}
        # by the vendor's clock
        return {"values": sent.values, "since": sent.at + (self._connection.vendor_now() - datetime.now(UTC)) - _CLOCKS}

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
            key = parts[0] if len(parts) == 1 else join_key(parts)
            found.append((Current(key, values), None if held is None else str(held)))
        return found


def folded(value: str) -> str:
    """A unique value as vendors compare it."""
    return value.strip().lower()


def _bound(read: Read, some: list[str], match: str | None, key: Sequence[str]) -> dict[str, Any]:
    def one(each: str) -> dict[str, Any]:
        if match is not None:
            return {"match.value": each}
        return {"key": each} if len(key) == 1 else dict(key_bindings(each, key))

    if read.item is not None:
        return {"items": [render.body(read.item, Bindings(one(each))) for each in some], "match.field": match}
    if match is not None:
        alone = one(some[0]) if read.batch == 1 else {}
        return {"match.values": some, "match.field": match, **alone}
    return {"keys": some} if read.batch > 1 else one(some[0])


def _listed(column: Any) -> list[Any]:
    return list(column.to_pylist()) if hasattr(column, "to_pylist") else list(column)
