"""Makes one Arrow batch of pages: typed columns, system columns, and what did not fit.

Arrow's price is by the call, not by the value: pages are typed several at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from backhaul.config.calls import Values
from backhaul.config.objects import DeleteFlag, DeleteMerge
from backhaul.extract import privacy
from backhaul.extract.task import Task
from backhaul.extract.typed import ARROW, TIMESTAMP, BadValue, NeedsExact, typed
from backhaul.protocol.conditions import matches
from backhaul.protocol.keys import escape, join_key
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
PARENTS = pa.schema(
    [("_parent_key", pa.string()), ("_read_at", TIMESTAMP), ("_from", TIMESTAMP), ("_until", TIMESTAMP)]
)


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

    @cached_property
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


def batch_of(page: Page, shape: Shape, task: Task, *, read_at: datetime, parents: Sequence[Any] | None = None) -> Batch:
    """Type a page. parents: each row's parent `_key`, for children.

    A record without its key cannot be kept: it becomes a reject as a whole.
    """
    return _batch(page, shape, task, pa.repeat(pa.scalar(read_at, TIMESTAMP), page.rows), parents)


def batch_of_pages(pages: Sequence[Page], read_at: Sequence[datetime], shape: Shape, task: Task) -> Batch:
    """As `batch_of`, of pages that `can_join`; read_at: each page's."""
    times = [pa.repeat(pa.scalar(at, TIMESTAMP), page.rows) for at, page in zip(read_at, pages, strict=True)]
    if len(pages) == 1:
        return _batch(pages[0], shape, task, times[0], None)
    return _batch(joined(pages), shape, task, pa.concat_arrays(times), None)


def can_join(page: Page) -> bool:
    """Whether the page holds Python values; one that is in Arrow already is large and comes alone."""
    return not any(isinstance(column, pa.ChunkedArray) for column in page.columns.values())


def joined(pages: Sequence[Page]) -> Page:
    """The rows of all pages as one page."""
    return replace(
        pages[0],
        columns=_columns_joined([page.columns for page in pages], [page.rows for page in pages]),
        rows=sum(page.rows for page in pages),
        bytes=sum(page.bytes for page in pages),
        exact=lambda: _columns_joined([page.exact() for page in pages], [page.rows for page in pages]),
    )


def _columns_joined(parts: Sequence[Mapping[str, Any]], rows: Sequence[int]) -> dict[str, Any]:
    joined: dict[str, list[Any]] = {}
    for name in dict.fromkeys(chain.from_iterable(parts)):
        column = joined[name] = []
        for columns, count in zip(parts, rows, strict=True):
            column += columns[name] if name in columns else [None] * count
    return joined


def _batch(page: Page, shape: Shape, task: Task, read_at: pa.Array, parents: Sequence[Any] | None) -> Batch:
    bad: list[BadValue] = []
    columns, source = _typed_columns(page, shape, bad, _told_apart(task, shape))
    keys = _keys(columns, shape)
    rows = len(keys)
    deleted_at, merged_into = _flags(task, source, columns, shape, rows, read_at)
    changed = columns.get(shape.change_field) if shape.change_field else None
    system: dict[str, pa.Array] = {
        "_key": keys,
        "_changed_at": changed if changed is not None and changed.type == TIMESTAMP else pa.nulls(rows, TIMESTAMP),
        "_read_at": read_at,
        "_deleted_at": deleted_at,
        "_merged_into": merged_into,
        "_run_id": pa.repeat(pa.scalar(shape.run_id, pa.string()), rows),
    }
    if shape.child:
        system["_parent_key"] = pa.array(parents or (), pa.string())
    for name, how in shape.private.items():
        if name in columns and how != "drop":
            columns[name] = privacy.hide(columns[name], how, shape.hash_key)
    batch = pa.RecordBatch.from_arrays(
        [columns.get(f.name, system.get(f.name)) for f in shape.schema], schema=shape.schema
    )
    rejects = _rejects(bad, keys, shape, read_at)
    if keys.null_count:
        batch = batch.filter(keys.is_valid())
    deletes = _merged_losers(task, source, shape, keys, read_at)
    if deleted_at.null_count < rows:
        batch, bare = _bare_tombstones(batch, shape)
        if bare is not None:
            deletes = bare if deletes is None else pa.concat_tables([deletes, bare])
    return Batch(batch, deletes, rejects)


def _bare_tombstones(batch: pa.RecordBatch, shape: Shape) -> tuple[pa.RecordBatch, pa.Table | None]:
    """Deleted records that came with nothing but their key, apart: they leave the values that are here as they are.

    A feed may tell of one record twice in a batch: the last word counts.
    """
    says_more = pc.is_null(batch.column("_deleted_at"))
    for each in shape.fields:
        if each.name not in shape.key and each.name != shape.change_field:
            says_more = pc.or_(says_more, batch.column(each.name).is_valid())
    if pc.all(says_more).as_py():
        return batch, None
    last = {key: row for row, key in enumerate(batch.column("_key").to_pylist())}
    more = says_more.to_pylist()
    gone = batch.take(pa.array([row for row in last.values() if not more[row]], pa.int64()))
    return batch.filter(says_more), pa.table([gone.column(name) for name in DELETES.names], schema=DELETES)


def _typed_columns(
    page: Page, shape: Shape, bad: list[BadValue], apart: Sequence[str]
) -> tuple[dict[str, pa.Array], Mapping[str, Any]]:
    source = _with_keys(page.columns, shape, apart)
    try:
        return {
            each.name: typed(_column(source, each, page.rows), each, shape.values, shape.zone, bad)
            for each in shape.fields
        }, source
    except NeedsExact:
        bad.clear()
        source = _with_keys(page.exact(), shape, apart)
    return {
        each.name: typed(_column(source, each, page.rows), each, shape.values, shape.zone, bad, exact=True)
        for each in shape.fields
    }, source


def _told_apart(task: Task, shape: Shape) -> tuple[str, ...]:
    """The paths by which deletions name their record, where they do so otherwise than records do."""
    if len(shape.key) != 1:
        return ()
    return tuple(each.key for each in task.definition.deletes if isinstance(each, DeleteFlag) and each.key is not None)


def _with_keys(source: Mapping[str, Any], shape: Shape, apart: Sequence[str]) -> Mapping[str, Any]:
    """The columns of a page, in which every entry has its record's key where records have it."""
    for path in apart:
        told = _plain(source, path)
        if told is not None and any(each is not None for each in told):
            own = _plain(source, shape.key[0]) or [None] * len(told)
            keys = [other if key is None else key for key, other in zip(own, told, strict=True)]
            source = {**source, shape.key[0]: keys}
    return source


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
    task: Task, source: Mapping[str, Any], columns: Mapping[str, pa.Array], shape: Shape, rows: int, read_at: pa.Array
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
        record = {name: column[row] for name, column in taken.items() if column is not None}
        for merge in merges:
            if _fits(merge.when or {}, record):
                merged[row] = escape(str(record[merge.winner]))
        for flag in flags:
            if _fits(flag.when, record):
                stated = record.get(flag.at) if flag.at else None
                moment = changed[row].as_py() if changed is not None else None
                stamp = read_timestamp(stated, shape.values, shape.zone) if stated else moment
                deleted[row] = stamp or read_at[row].as_py()
    return pa.array(deleted, TIMESTAMP), pa.array(merged, pa.string())


def _fits(condition: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether it holds of a record whose values stand under their paths."""
    return all(matches(record.get(path), wanted) for path, wanted in condition.items())


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
    task: Task, source: Mapping[str, Any], shape: Shape, keys: pa.Array, read_at: pa.Array
) -> pa.Table | None:
    """Tombstones of records that a winner's own field names."""
    losers: list[tuple[str, str, datetime]] = []
    for merge in task.definition.deletes:
        if not isinstance(merge, DeleteMerge) or merge.when is not None:
            continue
        for row, named in enumerate(_plain(source, merge.loser) or ()):
            winner = keys[row].as_py() if named else None
            if winner is None:
                continue
            listed = named if isinstance(named, list) else str(named).split(merge.split) if merge.split else [named]
            found = [str(loser).strip() for loser in listed]
            losers += [(escape(loser), winner, read_at[row].as_py()) for loser in found if loser and loser != winner]
    if not losers:
        return None
    seen = [at for _, _, at in losers]
    return deletes_table([key for key, _, _ in losers], seen, seen, shape.run_id, [winner for _, winner, _ in losers])


def deletes_table(
    keys: Sequence[str],
    deleted_at: Sequence[datetime],
    read_at: datetime | Sequence[datetime],
    run_id: str,
    merged: Sequence[str | None] = (),
) -> pa.Table:
    """A deletes part: one tombstone a key. read_at: of all, or of each."""
    count = len(keys)
    seen = [read_at] * count if isinstance(read_at, datetime) else read_at
    return pa.table([keys, deleted_at, seen, list(merged) or [None] * count, [run_id] * count], schema=DELETES)


def _rejects(bad: Sequence[BadValue], keys: pa.Array, shape: Shape, read_at: pa.Array) -> pa.Table | None:
    if not bad and not keys.null_count:
        return None
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
    common = {
        "connection": shape.connection,
        "object": shape.object,
        "run_id": shape.run_id,
        "rejected_at": read_at[len(read_at) - 1].as_py(),
    }
    return pa.Table.from_pylist([{**common, **row} for row in rows], schema=REJECTS)
