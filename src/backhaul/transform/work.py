"""What transform keeps in work.duckdb beside the entities: schema `meta`, where publish reads what has changed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import cache

import duckdb

from backhaul.transform.names import quote, stamp_sql

_TABLES = """
CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS entities;
CREATE SCHEMA IF NOT EXISTS meta;
CREATE SCHEMA IF NOT EXISTS was;
CREATE TABLE IF NOT EXISTS meta.work (work_id VARCHAR, seq BIGINT);
CREATE TABLE IF NOT EXISTS meta.latest (inputs VARCHAR, signatures VARCHAR, missing VARCHAR);
CREATE TABLE IF NOT EXISTS meta.entities (entity VARCHAR, structure VARCHAR, comments VARCHAR, created_seq BIGINT);
CREATE TABLE IF NOT EXISTS meta.slices
    (entity VARCHAR, connection VARCHAR, object VARCHAR, fingerprint VARCHAR, signature VARCHAR);
CREATE TABLE IF NOT EXISTS meta.joined
    (entity VARCHAR, slice VARCHAR, alias VARCHAR, stamp UBIGINT, joined_key VARCHAR);
CREATE TABLE IF NOT EXISTS meta.runs (entity VARCHAR, slice VARCHAR, run_id VARCHAR);
CREATE TABLE IF NOT EXISTS meta.removed (entity VARCHAR, id VARCHAR, seq BIGINT);
CREATE TABLE IF NOT EXISTS meta.rejects (
    entity VARCHAR, connection VARCHAR, object VARCHAR, key VARCHAR, "column" VARCHAR, field VARCHAR,
    raw_text VARCHAR, reason VARCHAR, run_id VARCHAR, rejected_at TIMESTAMPTZ);
CREATE TABLE IF NOT EXISTS meta.live (entity VARCHAR, rows BIGINT);
CREATE TABLE IF NOT EXISTS meta.doubtful (entity VARCHAR, rule BIGINT, value VARCHAR);
CREATE TABLE IF NOT EXISTS meta.forgotten (connection VARCHAR, object VARCHAR, key_hash VARCHAR);
CREATE TABLE IF NOT EXISTS meta.seen (
    entity VARCHAR, record_id VARCHAR, field VARCHAR, old_value VARCHAR, new_value VARCHAR, changed_at TIMESTAMPTZ,
    seen_at TIMESTAMPTZ, run_id VARCHAR, seq BIGINT);
CREATE TABLE IF NOT EXISTS meta.unkept (entity VARCHAR, seq BIGINT);
CREATE TABLE IF NOT EXISTS meta.made (name VARCHAR, made_by VARCHAR, made_of VARCHAR, seq BIGINT);
"""
"""`latest` is what the last transform was made from, to know at once that nothing is new. `work.seq` counts the
transforms that wrote something. `removed` holds ids that left an entity, until published. `live` holds how many live
rows an entity had, `made` what each derivation was made from and in which transform, `unkept` the transforms that
changed rows without keeping what they were, `doubtful` values that would link rows were they not held twice, `seen` the
changes of tracked columns from sync to sync: that alone cannot be made again from raw tables. `forgotten` holds who was
erased, as hashes of keys.
"""


def prepare(connection: duckdb.DuckDBPyConnection) -> int:
    """Make the tables where they are missing; returns the number of the transform that is about to run."""
    # moments become days and texts in UTC whatever the host's time zone is
    connection.execute("SET TimeZone = 'UTC'")
    # the order of rows in a table means nothing here, and keeping it costs memory
    connection.execute("SET preserve_insertion_order = false")
    if connection.execute("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'meta' AND table_name = 'made'"
                          " AND database_name = current_database()").fetchone() is None:  # fmt: skip
        connection.execute(_TABLES)
    row = connection.execute("SELECT seq FROM meta.work").fetchone()
    if row is None:
        connection.execute("INSERT INTO meta.work VALUES (?, 0)", [uuid.uuid4().hex])
        return 1
    return int(row[0]) + 1


def drop_forgotten(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, object]) -> None:
    """Drop raw rows of records that were erased and that the vendor gave again."""
    for source, object_name in connection.execute("SELECT DISTINCT connection, object FROM meta.forgotten").fetchall():
        table = f"{source}__{object_name}"
        if table in tables:
            connection.execute(
                f"DELETE FROM raw.{quote(table)} WHERE sha256(_key) IN"
                " (SELECT key_hash FROM meta.forgotten WHERE connection = ? AND object = ?)",
                [source, object_name],
            )


def raw_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Each raw table's columns and their types. A table without system columns is none of ours."""
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE schema_name = 'raw' AND database_name = current_database() ORDER BY table_name, column_index"
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, type_ in rows:
        tables.setdefault(table, {})[column] = type_
    return {name: columns for name, columns in tables.items() if {"_key", "_run_id", "_deleted_at"} <= set(columns)}


def made_entities(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The entities and marts that some transform has made."""
    return frozenset(str(name) for (name,) in connection.execute("SELECT entity FROM meta.entities").fetchall())


@cache
def scalar_functions() -> frozenset[str]:
    """The functions a mapping may call: of one row's values, giving the same for the same. Those of the engine."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT DISTINCT lower(function_name) FROM duckdb_functions()"
            " WHERE function_type = 'scalar' AND stability = 'CONSISTENT'"
        ).fetchall()
    return frozenset(name for (name,) in rows)


class Signatures:
    """Each raw table's state, `<rows>/<exclusive or of their stamps>`, read at most once a transform."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Mapping[str, str]]) -> None:
        self._connection = connection
        self._tables = tables
        self._known: dict[str, str] = {}

    def of(self, table: str) -> str:
        if table not in self._known:
            stamp = stamp_sql("t", frozenset(self._tables[table]))
            row = self._connection.execute(
                f"SELECT count(*), coalesce(bit_xor({stamp}), 0) FROM raw.{quote(table)} AS t"
            ).fetchone()
            self._known[table] = "/".join(str(each) for each in row or (0, 0))
        return self._known[table]
