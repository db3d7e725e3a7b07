"""Rows that no raw row makes: what was derived is compared with what is there, and only the difference is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from backhaul.transform.before import keep_before
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
        f"CREATE OR REPLACE TEMP TABLE held AS SELECT e.rowid AS place, e.id, d.id IS NULL AS departed,"
        f" coalesce(d._hash = e._hash, false) AS same"
        f" FROM (SELECT rowid, id, _hash FROM {place} WHERE {derived.mine}) AS e LEFT JOIN derived AS d ON d.id = e.id"
    )
    run("DELETE FROM derived WHERE id IN (SELECT id FROM held WHERE same)")
    run("DELETE FROM held WHERE same")
    keep_before(connection, derived.table, "SELECT place FROM held", seq=seq)
    removed = _rows(
        run(f"INSERT INTO meta.removed SELECT {literal(derived.table)}, id, {seq} FROM held WHERE departed")
    )
    run(f"DELETE FROM {place} WHERE rowid IN (SELECT place FROM held)")
    changed = _rows(
        run(f"INSERT INTO {place} ({names}, {', '.join(HIDDEN)}) SELECT {names}, NULL, 0, _hash, {seq} FROM derived")
    )
    run("DROP TABLE held")
    run("DROP TABLE derived")
    return Written(changed, removed)


@dataclass(frozen=True, slots=True)
class Made:
    """How a derivation was last made. by: the rule or statement; of: the state of its inputs; seq: the transform."""

    by: str
    of: str
    seq: int


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


def last_made(connection: duckdb.DuckDBPyConnection, name: str) -> Made | None:
    row = connection.execute("SELECT made_by, made_of, seq FROM meta.made WHERE name = ?", [name]).fetchone()
    return Made(str(row[0]), str(row[1]), int(row[2])) if row is not None else None


def keep_made(connection: duckdb.DuckDBPyConnection, name: str, made: Made) -> None:
    connection.execute("DELETE FROM meta.made WHERE name = ?", [name])
    connection.execute("INSERT INTO meta.made VALUES (?, ?, ?, ?)", [name, made.by, made.of, made.seq])


def _rows(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row and isinstance(row[0], int) else 0
