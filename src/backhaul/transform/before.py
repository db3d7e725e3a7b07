"""Rows as they were before: kept until what is derived from them is made, so that only what a change concerns is.

Schema `was` has tables called as those of schema `entities`. A row goes there when it is about to be replaced or
removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb

from backhaul.transform.names import HIDDEN, quote

_FEW = 1000
_SHARE = 10
"""Beyond a tenth of a table's rows, to derive everything anew costs less than to look for what is concerned."""

_PUBLISHED = f"* EXCLUDE ({', '.join(HIDDEN)})"


def changed_view(table: str) -> str:
    """What the rows of a table that changed are called, in both versions: as they were then and as they are now."""
    return f"changed_{table}"


def keep_before(connection: duckdb.DuckDBPyConnection, table: str, places: str, *, seq: int) -> None:
    """Inside the transaction that replaces or removes the rows, before it does. places: a select of their row ids."""
    rows = _count(connection, f"FROM ({places})")
    if rows == 0:
        return
    if _many(rows, _count(connection, f"FROM entities.{quote(table)}")):
        keep_none(connection, table, seq=seq)
        return
    place = f"was.{quote(table)}"
    rows_then = f"SELECT {_PUBLISHED}, _seq AS _from, {seq}::BIGINT AS _until FROM entities.{quote(table)}"
    connection.execute(f"CREATE TABLE IF NOT EXISTS {place} AS {rows_then} LIMIT 0")
    connection.execute(f"INSERT INTO {place} {rows_then} WHERE rowid IN ({places})")


def keep_none(connection: duckdb.DuckDBPyConnection, table: str, *, seq: int) -> None:
    """So much changes that what was is not kept: whatever is derived from the table is made anew."""
    drop_before(connection, table)
    connection.execute("INSERT INTO meta.unkept VALUES (?, ?)", [table, seq])


def drop_before(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """The table is made anew, or is no more."""
    connection.execute(f"DROP TABLE IF EXISTS was.{quote(table)}")
    connection.execute("DELETE FROM meta.unkept WHERE entity = ?", [table])


def drop_all_before(connection: duckdb.DuckDBPyConnection) -> None:
    """Everything is derived."""
    for table in _kept(connection):
        drop_before(connection, table)
    connection.execute("DELETE FROM meta.unkept")


def are_told(connection: duckdb.DuckDBPyConnection, tables: Iterable[str], since: int) -> bool:
    """Whether all rows of the tables that changed after the transform `since` are known, and few."""
    kept = _kept(connection)
    for table in tables:
        whole = connection.execute(
            "SELECT 1 FROM meta.entities WHERE entity = $1 AND created_seq > $2"
            " UNION ALL SELECT 1 FROM meta.unkept WHERE entity = $1 AND seq > $2",
            [table, since],
        ).fetchone()
        if whole is not None:
            return False
        rows = _count(connection, f"FROM entities.{quote(table)} WHERE _seq > {since}")
        rows += _count(connection, f"FROM was.{quote(table)} WHERE _until > {since}") if table in kept else 0
        if _many(rows, _count(connection, f"FROM entities.{quote(table)}")):
            return False
    return True


@contextmanager
def changed_shown(connection: duckdb.DuckDBPyConnection, tables: Iterable[str], since: int) -> Iterator[None]:
    """A view `changed_<table>` for each: its rows that changed after `since`, as they were then and as they are."""
    kept = _kept(connection)
    named = tuple(tables)
    for table in named:
        sql = f"SELECT {_PUBLISHED} FROM entities.{quote(table)} WHERE _seq > {since}"
        if table in kept:
            # a version in between was never seen
            sql += (
                f" UNION ALL SELECT * EXCLUDE (_from, _until) FROM was.{quote(table)}"
                f" WHERE _until > {since} AND _from <= {since}"
            )
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quote(changed_view(table))} AS {sql}")
    try:
        yield
    finally:
        for table in named:
            connection.execute(f"DROP VIEW IF EXISTS temp.main.{quote(changed_view(table))}")


def _kept(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'was' AND database_name = current_database()"
    ).fetchall()
    return frozenset(str(name) for (name,) in rows)


def _many(rows: int, of: int) -> bool:
    return rows > max(_FEW, of // _SHARE)


def _count(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    row = connection.execute(f"SELECT count(*) {source}").fetchone()
    return int(row[0]) if row else 0
