"""Rows that no raw row makes: what was derived is compared with what is there, and only the difference is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from backhaul.transform.names import HIDDEN, literal, quote

UNHASHED = ("synced_at", "sync_run_id")


@dataclass(frozen=True, slots=True)
class Derived:
    """A select that gives rows of a table in schema `entities`, and the condition that finds those already there."""

    table: str
    columns: tuple[str, ...]
    select: str
    mine: str = "true"


@dataclass(frozen=True, slots=True)
class Written:
    """What writing a derivation changed."""

    changed: int = 0
    removed: int = 0


def write_derived(connection: duckdb.DuckDBPyConnection, derived: Derived, *, seq: int) -> Written:
    """Write what differs. Inside the caller's transaction. A row is known by its `id`, unique among its own."""
    place = f"entities.{quote(derived.table)}"
    names = ", ".join(quote(name) for name in derived.columns)
    hashed = ", ".join(quote(name) for name in derived.columns if name not in UNHASHED)
    run = connection.execute
    run(f"CREATE OR REPLACE TEMP TABLE derived AS SELECT {names}, hash({hashed}) AS _hash FROM ({derived.select})")
    run(
        f"CREATE OR REPLACE TEMP TABLE departed AS SELECT id FROM {place} WHERE ({derived.mine})"
        " AND id NOT IN (SELECT id FROM derived)"
    )
    removed = _rows(run(f"INSERT INTO meta.removed SELECT {literal(derived.table)}, id, {seq} FROM departed"))
    if removed:
        run(f"DELETE FROM {place} WHERE id IN (SELECT id FROM departed) AND ({derived.mine})")
    run(f"DELETE FROM derived AS d USING {place} AS e WHERE e.id = d.id AND e._hash = d._hash")
    run(f"DELETE FROM {place} WHERE id IN (SELECT id FROM derived) AND ({derived.mine})")
    changed = _rows(
        run(f"INSERT INTO {place} ({names}, {', '.join(HIDDEN)}) SELECT {names}, NULL, 0, _hash, {seq} FROM derived")
    )
    run("DROP TABLE departed")
    run("DROP TABLE derived")
    return Written(changed, removed)


def state_of(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> str:
    """What the rows of these tables are, as a short text: another one whenever a row was written or has left."""
    found = []
    for name in sorted(tables):
        row = connection.execute(
            f"SELECT count(*), max(_seq), (SELECT max(created_seq) FROM meta.entities WHERE entity = ?)"
            f" FROM entities.{quote(name)}",
            [name],
        ).fetchone()
        found.append(f"{name}={row}")
    return ";".join(found)


def is_current(connection: duckdb.DuckDBPyConnection, name: str, fingerprint: str) -> bool:
    row = connection.execute("SELECT fingerprint FROM meta.derived WHERE name = ?", [name]).fetchone()
    return row is not None and row[0] == fingerprint


def keep_fingerprint(connection: duckdb.DuckDBPyConnection, name: str, fingerprint: str) -> None:
    connection.execute("DELETE FROM meta.derived WHERE name = ?", [name])
    connection.execute("INSERT INTO meta.derived VALUES (?, ?)", [name, fingerprint])


def _rows(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row and isinstance(row[0], int) else 0
