"""Makes one Arrow batch of a page: typed columns, system columns, and what did not fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from backhaul.config.paths import Answer
from backhaul.config.source import DeleteFlag, DeleteMerge, Values
from backhaul.extract import privacy
from backhaul.extract.task import Task
from backhaul.extract.typed import ARROW, TIMESTAMP, BadValue, NeedsExact, typed
from backhaul.protocol.conditions import holds, matches
from backhaul.protocol.reads import Page
from backhaul.protocol.schema import Field
from backhaul.protocol.values import read_timestamp

REJECTS = pa.schema(
    [
        ("connection", pa.string()),
        ("object", pa.string()),
        ("key", pa.string()),
        ("field", pa.string()),
        ("raw_text", pa.string()),
        ("reason", pa.string()),
        ("run_id", pa.string()),
        ("rejected_at", TIMESTAMP),
    ]
)
DELETES = pa.schema(
    [
        ("_key", pa.string()),
        ("_deleted_at", TIMESTAMP),
        ("_read_at", TIMESTAMP),
        ("_merged_into", pa.string()),
        ("_run_id", pa.string()),
    ]
)
PARENTS = pa.schema([("_parent_key", pa.string()), ("_read_at", TIMESTAMP)])


@dataclass(frozen=True)
class Shape:
    """What the batches of one object have in common."""

    connection: str
    object: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    change_field: str | None
    private: Mapping[str, str]
    hash_key: bytes
    values: Values
    zone: str
    run_id: str
    child: bool

    @property
    def schema(self) -> pa.Schema:
        columns = [(each.name, ARROW[each.type]) for each in self.fields]
        columns.append(("_key", pa.string()))
        if self.child:
            columns.append(("_parent_key", pa.string()))
        columns += [("_changed_at", TIMESTAMP), ("_read_at", TIMESTAMP), ("_deleted_at", TIMESTAMP)]
        columns += [("_merged_into", pa.string()), ("_run_id", pa.string())]
        return pa.schema(columns)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows, the tombstones that they imply, and the rejects found while typing them."""

    rows: pa.RecordBatch
    deletes: pa.Table | None
    rejects: pa.Table | None


def escape(part: str) -> str:
    """One part of a key, so that parts joined by `:` can be told apart."""
    return part.replace("\\", "\\\\").replace(":", "\\:")


def unescape(key: str) -> str:
    """The part that `escape` was given."""
    return re.sub(r"\\(.)", r"\1", key)


def join_key(parts: Sequence[Any]) -> str:
    return escape(str(parts[0])) if len(parts) == 1 else ":".join(escape(str(part)) for part in parts)


def batch_of(page: Page, shape: Shape, task: Task, *, read_at: datetime, parents: Sequence[Any] | None = None) -> Batch:
    """Type a page. parents: each row's parent `_key`, for children.

    A record without its key cannot be kept: it becomes a reject as a whole.
    """
    bad: list[BadValue] = []
    columns, source = _typed_columns(page, shape, bad)
    keys = _keys(columns, shape)
    rows = len(keys)
    moment = pa.scalar(read_at, TIMESTAMP)
    deleted_at, merged_into = _flags(task, source, columns, shape, rows, read_at)
    changed = columns.get(shape.change_field) if shape.change_field else None
    system: dict[str, pa.Array] = {
        "_key": keys,
        "_changed_at": changed if changed is not None and changed.type == TIMESTAMP else pa.nulls(rows, TIMESTAMP),
        "_read_at": pa.array([read_at] * rows, TIMESTAMP) if rows else pa.array([], TIMESTAMP),
        "_deleted_at": deleted_at,
        "_merged_into": merged_into,
        "_run_id": pa.array([shape.run_id] * rows, pa.string()),
    }
    if shape.child:
        system["_parent_key"] = pa.array(parents or (), pa.string())
    for name, how in shape.private.items():
        if name in columns and how != "drop":
            columns[name] = privacy.hide(columns[name], how, shape.hash_key)
    batch = pa.RecordBatch.from_arrays(
        [columns.get(f.name, system.get(f.name)) for f in shape.schema], schema=shape.schema
    )
    rejects = _rejects(bad, keys, shape, moment.as_py())
    if keys.null_count:
        batch = batch.filter(keys.is_valid())
    return Batch(batch, _merged_losers(task, source, shape, keys, read_at), rejects)


def _typed_columns(page: Page, shape: Shape, bad: list[BadValue]) -> tuple[dict[str, pa.Array], Mapping[str, Any]]:
    source = page.columns
    try:
        return {
            each.name: typed(_column(source, each, page.rows), each, shape.values, shape.zone, bad)
            for each in shape.fields
        }, source
    except NeedsExact:
        bad.clear()
        source = page.exact()
    return {
        each.name: typed(_column(source, each, page.rows), each, shape.values, shape.zone, bad, exact=True)
        for each in shape.fields
    }, source


def _column(source: Mapping[str, Any], each: Field, rows: int) -> Any:
    column = source.get(each.name)
    return [None] * rows if column is None else column


def _keys(columns: Mapping[str, pa.Array], shape: Shape) -> pa.Array:
    parts = [columns[name] for name in shape.key]
    if len(parts) == 1 and not pc.any(pc.match_substring_regex(parts[0], r"[:\\]")).as_py():
        return parts[0]
    joined = [
        None if any(value is None for value in values) else join_key(values)
        for values in zip(*(part.to_pylist() for part in parts), strict=True)
    ]
    return pa.array(joined, pa.string())


def _flags(
    task: Task, source: Mapping[str, Any], columns: Mapping[str, pa.Array], shape: Shape, rows: int, read_at: datetime
) -> tuple[pa.Array, pa.Array]:
    """`_deleted_at` and `_merged_into`, from the record's own fields."""
    flags = [each for each in task.definition.deletes if isinstance(each, DeleteFlag)]
    merges = [each for each in task.definition.deletes if isinstance(each, DeleteMerge) and each.when is not None]
    if not flags and not merges:
        return pa.nulls(rows, TIMESTAMP), pa.nulls(rows, pa.string())
    deleted: list[datetime | None] = [None] * rows
    merged: list[str | None] = [None] * rows
    conditions = [each.when for each in flags] + [each.when or {} for each in merges]
    names = {path for condition in conditions for path in condition}
    names |= {each.winner for each in merges} | {each.at for each in flags if each.at}
    taken = {name: _plain(source, name) for name in names}
    changed = columns.get(shape.change_field) if shape.change_field else None
    for row in _candidates(conditions, taken, rows):
        record = Answer({name: column[row] for name, column in taken.items() if column is not None})
        for merge in merges:
            if holds(merge.when or {}, record):
                merged[row] = escape(str(record.body[merge.winner]))
        for flag in flags:
            if holds(flag.when, record):
                stated = record.body.get(flag.at) if flag.at else None
                moment = changed[row].as_py() if changed is not None else None
                deleted[row] = read_timestamp(stated, shape.values, shape.zone) if stated else moment or read_at
    return pa.array(deleted, TIMESTAMP), pa.array(merged, pa.string())


def _candidates(conditions: Sequence[Mapping[str, Any]], taken: Mapping[str, Any], rows: int) -> Sequence[int]:
    """The rows that may hold one of the conditions: most pages have none, and a look at distinct values tells."""
    chosen: set[int] = set()
    for condition in conditions:
        path, wanted = next(iter(condition.items()))
        column = taken.get(path)
        if column is None:
            continue
        try:
            fitting = {value for value in set(column) if matches(value, wanted)}
        except TypeError:
            return range(rows)
        if fitting:
            chosen.update(row for row, value in enumerate(column) if value in fitting)
    return sorted(chosen)


def _plain(source: Mapping[str, Any], name: str) -> Any:
    column = source.get(name)
    return column.to_pylist() if isinstance(column, pa.ChunkedArray) else column


def _merged_losers(
    task: Task, source: Mapping[str, Any], shape: Shape, keys: pa.Array, read_at: datetime
) -> pa.Table | None:
    """Tombstones of records that a winner's own field names."""
    losers: list[tuple[str, str]] = []
    for merge in task.definition.deletes:
        if not isinstance(merge, DeleteMerge) or merge.when is not None:
            continue
        column = _plain(source, merge.loser)
        for winner, named in zip(keys.to_pylist(), column or (), strict=False):
            if not named or winner is None:
                continue
            each_loser = str(named).split(merge.split) if merge.split else [str(named)]
            losers += [
                (escape(loser.strip()), winner) for loser in each_loser if loser.strip() and loser.strip() != winner
            ]
    if not losers:
        return None
    return deletes_table(
        [key for key, _ in losers], [read_at] * len(losers), read_at, shape.run_id, [w for _, w in losers]
    )


def deletes_table(
    keys: Sequence[str],
    deleted_at: Sequence[datetime],
    read_at: datetime,
    run_id: str,
    merged: Sequence[str | None] = (),
) -> pa.Table:
    """A deletes part: one tombstone a key."""
    count = len(keys)
    return pa.table(
        [keys, deleted_at, [read_at] * count, list(merged) or [None] * count, [run_id] * count], schema=DELETES
    )


def _rejects(bad: Sequence[BadValue], keys: pa.Array, shape: Shape, now: datetime) -> pa.Table | None:
    hidden = {name for name, how in shape.private.items()}
    rows = [
        {
            "key": keys[each.row].as_py(),
            "field": each.field,
            # what is private must not land here either
            "raw_text": None if each.field in hidden else each.raw_text,
            "reason": each.reason,
        }
        for each in bad
    ]
    rows += [
        {"key": None, "field": ",".join(shape.key), "raw_text": None, "reason": "the record has no key"}
        for _ in range(keys.null_count)
    ]
    if not rows:
        return None
    common = {"connection": shape.connection, "object": shape.object, "run_id": shape.run_id, "rejected_at": now}
    return pa.Table.from_pylist([{**common, **row} for row in rows], schema=REJECTS)
