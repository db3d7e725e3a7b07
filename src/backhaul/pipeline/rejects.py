"""Values that could not be read as their type: those of extraction, and those of mappings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backhaul.errors import Busy
from backhaul.load.database import opened
from backhaul.pipeline.context import Context
from backhaul.publish.query import open_snapshot


@dataclass(frozen=True, slots=True)
class Reject:
    """One value. stage: `extract`, or the entity whose mapping could not convert it."""

    stage: str
    connection: str
    object: str
    key: str
    field: str
    raw_text: str
    reason: str
    run: str
    rejected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rejects:
    """Some of them, newest first, and how many there are."""

    rejects: tuple[Reject, ...]
    total: int


_RAW = "select 'extract', connection, object, key, field, raw_text, reason, run_id, epoch_us(rejected_at) from {}"
_ENTITIES = "select entity, connection, object, key, field, raw_text, reason, run_id, epoch_us(rejected_at) from {}"


def list_rejects(context: Context, object: str | None, limit: int) -> Rejects:
    """Of the customer's work file; while a run is writing that, of the published snapshots.

    object: `contacts`, or `crm.contacts`. Raises ConfigError where there is neither.
    """
    with _opened(context) as places:
        head, dot, tail = (object or "").rpartition(".")
        found: list[tuple[Any, ...]] = []
        total = 0
        for connection, select, schema, table in places:
            present = connection.execute(
                "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, table]
            ).fetchone()
            if present is None:
                continue
            place = f"{schema}.{table} where (? = '' or object = ?) and (? = '' or connection = ?)"
            bound = [tail, tail, head if dot else "", head if dot else ""]
            row = connection.execute(f"select count(*) from {place}", bound).fetchone()
            total += int(row[0]) if row else 0
            found += connection.execute(
                f"{select.format(place)} order by rejected_at desc, key limit ?", [*bound, limit]
            ).fetchall()
    found.sort(key=lambda each: -(each[8] or 0))
    return Rejects(tuple(_reject(each) for each in found[:limit]), total)


@contextmanager
def _opened(context: Context) -> Iterator[list[tuple[Any, str, str, str]]]:
    try:
        lease = context.state.leases.lease(context.customer, run=context.run_id)
    except Busy:
        lease = None
    if lease is not None:
        with lease:
            if context.work.exists():
                with opened(context.work, read_only=True) as work:
                    yield [(work, _RAW, "raw", "_rejects"), (work, _ENTITIES, "meta", "rejects")]
                    return
    raw = open_snapshot(context.layout, context.customer, raw=True)
    entities = open_snapshot(context.layout, context.customer)
    with raw, entities:
        yield [(raw, _RAW, "main", "_rejects"), (entities, _ENTITIES, "main", "_rejects")]


def _reject(row: tuple[Any, ...]) -> Reject:
    stage, connection, object, key, field, raw_text, reason, run = (
        "" if each is None else str(each) for each in row[:8]
    )
    at = None if row[8] is None else datetime.fromtimestamp(row[8] / 1_000_000, UTC)
    return Reject(stage, connection, object, key, field, raw_text, reason, run, at)
