"""Write a version's raw tables: the previous file with the rows that differ applied.

A row that was read again with the same values is left as it was: a snapshot changes when values do.
"""

from __future__ import annotations

import duckdb

from backhaul.publish.tables import Table, count, database_name, quote, tables

REJECTS = "_rejects"


def raw_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, Table]:
    """The raw tables of work.duckdb: `<connection>__<object>`, none of dlt's."""
    found = tables(connection, database_name(connection), "raw", hidden=True)
    return {name: table for name, table in found.items() if not name.startswith("_") and "_key" in table.columns}


def signatures(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Each raw table's state as a short text, with the columns it has."""
    found = {}
    for name, table in raw_tables(connection).items():
        stamp = table.stamp("t")
        row = connection.execute(
            f"SELECT count(*), bit_xor({stamp}), sum({stamp} % 1000003) FROM raw.{quote(name)} AS t"
        ).fetchone()
        found[name] = "/".join(str(each) for each in (*(row or ()), *table.columns, *table.columns.values()))
    if _has_rejects(connection):
        row = connection.execute(f"SELECT count(*), max(rejected_at) FROM raw.{REJECTS}").fetchone()
        found[REJECTS] = "/".join(str(each) for each in row or ())
    return found


def differs(connection: duckdb.DuckDBPyConnection, database: str, touched: set[str]) -> bool:
    """Whether any touched raw table has other values than the attached database's."""
    there = tables(connection, database, "main", hidden=True)
    here = raw_tables(connection)
    if set(here) != {name for name in there if not name.startswith("_")} or REJECTS in touched:
        return True
    for name in sorted(touched & set(here)):
        if there[name].columns != here[name].columns:
            return True
        if any(count(connection, f"SELECT count(*) FROM ({sql})") for sql in _differences(here[name], database)):
            return True
    return False


def write_raw(connection: duckdb.DuckDBPyConnection, touched: set[str] | None) -> int:
    """Bring `target`, which is attached, to the state of the raw tables; returns the rows written or removed.

    touched: the tables to look at; None: all of them.
    """
    here = raw_tables(connection)
    there = tables(connection, "target", "main", hidden=True)
    changed = 0
    for name, table in here.items():
        place = f"target.main.{quote(name)}"
        old = there.get(name)
        if old is None or old.columns != table.columns:
            connection.execute(f"CREATE OR REPLACE TABLE {place} AS SELECT * FROM raw.{quote(name)}")
            changed += count(connection, f"SELECT count(*) FROM {place}")
        elif touched is None or name in touched:
            changed += _apply(connection, table)
    for name in there:
        if name not in here and not name.startswith("_"):
            connection.execute(f"DROP TABLE target.main.{quote(name)}")
    if _has_rejects(connection):
        connection.execute(f"CREATE OR REPLACE TABLE target.main.{REJECTS} AS SELECT * FROM raw.{REJECTS}")
    return changed


def _apply(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    place = f"target.main.{quote(table.name)}"
    fresh, gone = _differences(table, "target")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {fresh}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE gone AS {gone}")
    changed = count(connection, "SELECT (SELECT count(*) FROM fresh) + (SELECT count(*) FROM gone)")
    if changed:
        connection.execute(
            f"DELETE FROM {place} WHERE _key IN (SELECT _key FROM fresh UNION ALL SELECT _key FROM gone)"
        )
        connection.execute(f"INSERT INTO {place} ({table.names}) SELECT {table.names} FROM fresh")
    connection.execute("DROP TABLE fresh")
    connection.execute("DROP TABLE gone")
    return changed


def _differences(table: Table, database: str) -> tuple[str, str]:
    """The raw rows that the database lacks or has with other values; the keys that it has and raw lacks."""
    here, there = f"raw.{quote(table.name)}", f"{database}.main.{quote(table.name)}"
    touched = f"(SELECT r.* FROM {here} AS r ANTI JOIN {there} AS o ON {table.stamp('o')} = {table.stamp('r')})"
    fresh = (
        f"SELECT t.* FROM {touched} AS t"
        f" ANTI JOIN {there} AS o ON o._key = t._key AND {table.content('o')} = {table.content('t')}"
    )
    departed = f"(SELECT o._key FROM {there} AS o ANTI JOIN {here} AS r ON {table.stamp('o')} = {table.stamp('r')})"
    return fresh, f"SELECT d._key FROM {departed} AS d ANTI JOIN {here} AS r ON r._key = d._key"


def _has_rejects(connection: duckdb.DuckDBPyConnection) -> bool:
    return REJECTS in tables(connection, database_name(connection), "raw", hidden=True)
