"""Write a version's entities: the previous file with the changed keys applied, and the log of what changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from backhaul.publish.ledger import TABLE as LEDGER
from backhaul.publish.tables import Table, comment_on, count, database_name, literal, quote, tables

_SYSTEM = """
CREATE TABLE IF NOT EXISTS target.main._changes
    (entity VARCHAR, id VARCHAR, op VARCHAR, columns VARCHAR[], version BIGINT);
CREATE TABLE IF NOT EXISTS target.main._snapshot (
    version BIGINT, published_at TIMESTAMPTZ, run_id VARCHAR, configuration VARCHAR, as_of VARCHAR,
    changes_after BIGINT);
"""

_UNLOGGED = ("synced_at", "sync_run_id")


@dataclass(frozen=True, slots=True)
class Label:
    """What a snapshot says of itself."""

    version: int
    published_at: datetime
    run_id: str
    configuration: str
    as_of: Mapping[str, Mapping[str, datetime]]

    @property
    def as_of_json(self) -> str:
        spelt = {
            connection: {o: m.isoformat() for o, m in objects.items()} for connection, objects in self.as_of.items()
        }
        return json.dumps(spelt, sort_keys=True)


def has_changes(connection: duckdb.DuckDBPyConnection, after: int) -> bool:
    """Whether any entity has rows that a transform wrote or removed after this one."""
    names = list(tables(connection, database_name(connection), "entities"))
    parts = [f"EXISTS (SELECT 1 FROM entities.{quote(name)} WHERE _seq > {after})" for name in names]
    parts.append(f"EXISTS (SELECT 1 FROM meta.removed WHERE seq > {after})")
    parts.append(f"EXISTS (SELECT 1 FROM meta.entities WHERE created_seq > {after})")
    return bool(count(connection, f"SELECT ({' OR '.join(parts)})::INTEGER"))


def write_entities(connection: duckdb.DuckDBPyConnection, label: Label, after: int | None) -> dict[str, int]:
    """Fill `target`, which is attached; returns the changed rows of each entity.

    after: the transform up to which `target` is a copy of the previous version; None: compare every row.
    """
    connection.execute(_SYSTEM)
    wanted = tables(connection, database_name(connection), "entities")
    there = tables(connection, "target", "main", hidden=True)
    changed = {}
    for name, table in wanted.items():
        created = count(connection, f"SELECT created_seq FROM meta.entities WHERE entity = {literal(name)}")
        since = after if after is not None and created <= after else None
        changed[name] = _entity(connection, table, there.get(name), since, label.version)
    for name in there:
        if name not in wanted and name != LEDGER and not name.startswith("_"):
            connection.execute(f"DROP TABLE target.main.{quote(name)}")
    connection.execute("CREATE OR REPLACE TABLE target.main._rejects AS SELECT * FROM meta.rejects")
    complete = connection.execute("SELECT changes_after FROM target.main._snapshot").fetchone()
    changes_after = int(complete[0]) if complete else label.version
    connection.execute("DELETE FROM target.main._snapshot")
    connection.execute(
        "INSERT INTO target.main._snapshot VALUES (?, ?, ?, ?, ?, ?)",
        [label.version, label.published_at, label.run_id, label.configuration, label.as_of_json, changes_after],
    )
    return changed


def _entity(
    connection: duckdb.DuckDBPyConnection, table: Table, old: Table | None, after: int | None, version: int
) -> int:
    place = f"target.main.{quote(table.name)}"
    source = f"entities.{quote(table.name)}"
    if old is None:
        connection.execute(f"CREATE TABLE {place} AS SELECT {table.names} FROM {source}")
        comment_on(connection, place, table)
        return count(connection, f"SELECT count(*) FROM {place}")
    if "id" not in table.columns:
        return _whole(connection, table, old, after)
    if after is not None and old == table and not _touched(connection, table.name, after):
        return 0
    rows = "" if after is None else f" WHERE _seq > {after}"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT {table.names} FROM {source}{rows}")
    gone = (
        f"SELECT o.id FROM {place} AS o ANTI JOIN fresh AS f ON f.id = o.id"
        if after is None
        else f"SELECT r.id FROM meta.removed AS r ANTI JOIN fresh AS f ON f.id = r.id"
        f" WHERE r.entity = {literal(table.name)} AND r.seq > {after}"
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE gone AS SELECT DISTINCT id FROM ({gone})")
    changed = _log(connection, table, old, version)
    if old.columns == table.columns:
        connection.execute(f"DELETE FROM {place} WHERE id IN (SELECT id FROM fresh UNION SELECT id FROM gone)")
        connection.execute(f"INSERT INTO {place} ({table.names}) SELECT {table.names} FROM fresh")
    else:
        # another shape: every row is in `fresh`, because the entity was created anew
        connection.execute(f"DROP TABLE {place}")
        connection.execute(f"CREATE TABLE {place} AS SELECT {table.names} FROM {source}")
    if old.columns != table.columns or old.comments != table.comments or old.comment != table.comment:
        comment_on(connection, place, table)
    connection.execute("DROP TABLE fresh")
    connection.execute("DROP TABLE gone")
    return changed


def _touched(connection: duckdb.DuckDBPyConnection, name: str, after: int) -> bool:
    removed = f"SELECT 1 FROM meta.removed WHERE entity = {literal(name)} AND seq > {after}"
    found = f"SELECT 1 FROM entities.{quote(name)} WHERE _seq > {after} UNION ALL {removed} LIMIT 1"
    return connection.execute(found).fetchone() is not None


def _whole(connection: duckdb.DuckDBPyConnection, table: Table, old: Table, after: int | None) -> int:
    """A mart without ids: its rows cannot be told apart, so the table is written anew where any differs."""
    place = f"target.main.{quote(table.name)}"
    source = f"entities.{quote(table.name)}"
    newer = count(connection, f"SELECT count(*) FROM {source} WHERE _seq > {after}") if after is not None else 1
    if old.columns == table.columns and not newer:
        return 0
    connection.execute(f"CREATE OR REPLACE TABLE {place} AS SELECT {table.names} FROM {source}")
    comment_on(connection, place, table)
    return count(connection, f"SELECT count(*) FROM {place}")


def _log(connection: duckdb.DuckDBPyConnection, table: Table, old: Table, version: int) -> int:
    """Add to `_changes` what `fresh` and `gone` do to the rows that are there."""
    place = f"target.main.{quote(table.name)}"
    compared = [
        f"CASE WHEN f.{quote(n)} IS DISTINCT FROM {f'o.{quote(n)}' if n in old.columns else 'NULL'}"
        f" THEN {literal(n)} END"
        for n in table.columns
        if n not in _UNLOGGED and n != "id"
    ]
    flagged = "is_deleted" in table.columns and "is_deleted" in old.columns
    deleted = " WHEN f.is_deleted AND NOT o.is_deleted THEN 'delete'" if flagged else ""
    before = count(connection, "SELECT count(*) FROM target.main._changes")
    held = f"(SELECT * FROM {place} WHERE rowid IN (SELECT place FROM places))"
    # by place, so that only the blocks that hold changed rows are read
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE places AS SELECT o.rowid AS place FROM {place} AS o SEMI JOIN fresh AS f"
        " ON f.id = o.id"
    )
    connection.execute(
        f"INSERT INTO target.main._changes\n"
        f"SELECT {literal(table.name)}, id, op, columns, {version} FROM (\n"
        f"  SELECT f.id, CASE WHEN o.id IS NULL THEN 'insert'{deleted} ELSE 'update' END AS op,\n"
        f"    list_filter([{', '.join(compared)}], lambda name: name IS NOT NULL) AS columns\n"
        f"  FROM fresh AS f LEFT JOIN {held} AS o ON o.id = f.id\n"
        f") WHERE op = 'insert' OR len(columns) > 0"
    )
    connection.execute("DROP TABLE places")
    connection.execute(
        f"INSERT INTO target.main._changes SELECT {literal(table.name)}, o.id, 'delete', [], {version}"
        f" FROM {place} AS o SEMI JOIN gone AS g ON g.id = o.id"
    )
    return count(connection, "SELECT count(*) FROM target.main._changes") - before
