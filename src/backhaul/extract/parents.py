"""The parents of a run: their keys, and those of their fields that the requests for their children name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from backhaul.config.objects import ObjectDefinition
from backhaul.config.placeholders import parse, texts
from backhaul.extract.batches import PARENTS
from backhaul.extract.task import Task
from backhaul.protocol.conditions import matches
from backhaul.spool.parts import Part

Record = Mapping[str, Any]


def parents_table(parents: Sequence[tuple[str, datetime]]) -> pa.Table:
    """A parents part: keys of parents, and when their children were read, all of them."""
    return windows_table([(key, read_at, None, None) for key, read_at in parents])


def windows_table(parents: Sequence[tuple[str, datetime, datetime | None, datetime | None]]) -> pa.Table:
    """As `parents_table`, of children that changed after the one time and before the other."""
    return pa.table([list(column) for column in zip(*parents, strict=True)], schema=PARENTS)


def fields_of_parent(definition: ObjectDefinition) -> tuple[str, ...]:
    """The parent's fields that a child's requests, or its `when`, name."""
    parent = definition.parent
    if parent is None or parent.at is not None:
        return ()
    reads = definition.reads
    written = [read.model_dump(mode="json") for role in (reads.all, reads.changes, reads.by_parent) for read in role]
    named = {
        placeholder.name.removeprefix("parent.")
        for text in texts(written)
        for placeholder in parse(text).names
        if placeholder.root == "parent"
    }
    return tuple(sorted((named | set(parent.when or {}) | set(parent.when_changed)) - {"key"}))


def wanted_of(child: Task) -> tuple[str, ...]:
    return fields_of_parent(child.definition)


def parents_in(parts: Sequence[Part], fields: Sequence[str] = ()) -> tuple[set[str], dict[str, Record]]:
    """Keys of deleted parents, and live ones with these fields, as the last of the parts shows them."""
    gone: set[str] = set()
    live: dict[str, Record] = {}
    for part in parts:
        if part.kind == "deletes":
            gone |= set(pq.read_table(part.path, columns=["_key"]).column(0).to_pylist())
        elif part.kind == "rows":
            there = [name for name in fields if name in pq.read_schema(part.path).names]
            table = pq.read_table(part.path, columns=["_key", "_deleted_at", *there])
            for row in table.to_pylist():
                key, deleted = row.pop("_key"), row.pop("_deleted_at")
                if deleted is None:
                    live[key] = row
                    gone.discard(key)
                else:
                    gone.add(key)
                    live.pop(key, None)
    for key in gone:
        live.pop(key, None)
    return gone, live


def are_asked(child: Task, parents: Mapping[str, Record]) -> dict[str, Record]:
    """Those whose children are asked for: of which `when` holds, and in which one of `when_changed` is new."""
    definition = child.definition.parent
    if definition is None or (definition.when is None and not definition.when_changed):
        return dict(parents)
    names = definition.when_changed

    def differs(key: str, record: Record) -> bool:
        known = child.landed.get(key)
        return not names or known is None or any(known.get(name) != record.get(name) for name in names)

    return {
        key: record
        for key, record in parents.items()
        if all(matches(record.get(name), wanted) for name, wanted in (definition.when or {}).items())
        and differs(key, record)
    }
