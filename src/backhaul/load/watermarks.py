"""Watermarks and rejects: the tables beside the raw tables, and what of them counts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from backhaul.load.database import opened
from backhaul.load.tables import SCHEMA, WatermarkRow, literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

WATERMARKS = "_watermarks"
REJECTS = "_rejects"
COLUMNS = "_columns"
LOADS = "_dlt_loads"

Place = tuple[str, str, str]

OWN_TABLES: dict[str, dict[str, str]] = {
    WATERMARKS: {
        "connection": "VARCHAR",
        "object": "VARCHAR",
        "window": "VARCHAR",
        "watermark": "TIMESTAMP WITH TIME ZONE",
        "token": "VARCHAR",
        "run_id": "VARCHAR",
        "load_id": "VARCHAR",
        "committed_at": "TIMESTAMP WITH TIME ZONE",
    },
    REJECTS: {
        "connection": "VARCHAR",
        "object": "VARCHAR",
        "key": "VARCHAR",
        "field": "VARCHAR",
        "raw_text": "VARCHAR",
        "reason": "VARCHAR",
        "run_id": "VARCHAR",
        "rejected_at": "TIMESTAMP WITH TIME ZONE",
    },
    COLUMNS: {"connection": "VARCHAR", "object": "VARCHAR", "field": "VARCHAR", "column": "VARCHAR"},
}

_SUPERSEDED_KEPT = 1000
_FROM_MICROSECONDS = "make_timestamp(CAST(? AS BIGINT)) AT TIME ZONE 'UTC'"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_watermarks(work_path: Path) -> Mapping[Place, WatermarkRow]:
    """The watermarks in force, by connection, object and window.

    A row counts only if its load was completed. No file, no schema, no completed load: no watermarks.
    """
    if not work_path.exists():
        return {}
    with opened(work_path, read_only=True) as connection:
        return in_force(connection)


def in_force(connection: duckdb.DuckDBPyConnection) -> dict[Place, WatermarkRow]:
    if not has_table(connection, WATERMARKS) or not has_table(connection, LOADS):
        return {}
    # Times come out as microseconds: as timestamps DuckDB would want another package.
    rows = connection.execute(
        f"""
        SELECT w.connection, w.object, w."window", epoch_us(w.watermark), w.token, w.run_id, w.load_id,
               epoch_us(w.committed_at)
        FROM {SCHEMA}.{WATERMARKS} w
        WHERE w.load_id IN (SELECT load_id FROM {SCHEMA}.{LOADS} WHERE status = 0)
        QUALIFY row_number() OVER (
            PARTITION BY w.connection, w.object, w."window" ORDER BY w.committed_at DESC, w.load_id DESC
        ) = 1
        """
    ).fetchall()
    found = [
        WatermarkRow(connection_, object_, window, _time(mark), token, run_id, load_id, _time(committed))
        for connection_, object_, window, mark, token, run_id, load_id, committed in rows
    ]
    return {(row.connection, row.object, row.window): row for row in found}


def _microseconds(time: datetime | None) -> int | None:
    return None if time is None else (time - _EPOCH) // timedelta(microseconds=1)


def _time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def moved(connection: duckdb.DuckDBPyConnection, rows: Sequence[WatermarkRow]) -> list[WatermarkRow]:
    """Those that say something other than what is in force."""
    current = in_force(connection)
    return [
        row
        for row in rows
        if (now := current.get((row.connection, row.object, row.window))) is None
        or (now.watermark, now.token) != (row.watermark, row.token)
    ]


def hold(connection: duckdb.DuckDBPyConnection, rows: Sequence[WatermarkRow]) -> None:
    """Put them where `commit_alone` and `write_file` take them from."""
    # Not through Arrow arrays: making one of a list imports pandas where it is installed.
    connection.execute(f"CREATE OR REPLACE TEMP TABLE moving AS FROM {SCHEMA}.{WATERMARKS} LIMIT 0")
    if rows:
        connection.executemany(
            f"INSERT INTO moving VALUES (?, ?, ?, {_FROM_MICROSECONDS}, ?, ?, NULL, now())",
            [
                (row.connection, row.object, row.window, _microseconds(row.watermark), row.token, row.run_id)
                for row in rows
            ],
        )


def commit_alone(connection: duckdb.DuckDBPyConnection) -> str:
    """Move the watermarks when no row travels with them: one transaction, without waking dlt."""
    load_id = str(time.time())
    connection.begin()
    connection.execute(
        f"INSERT INTO {SCHEMA}.{WATERMARKS} BY NAME SELECT * REPLACE (? AS load_id, now() AS committed_at) FROM moving",
        [load_id],
    )
    connection.execute(
        f"INSERT INTO {SCHEMA}.{LOADS} (load_id, schema_name, status, inserted_at) VALUES (?, 'backhaul', 0, now())",
        [load_id],
    )
    connection.commit()
    return load_id


def write_file(connection: duckdb.DuckDBPyConnection, load_id: str, path: Path) -> Path:
    """The watermarks as a Parquet file, for the load with this id."""
    connection.execute(
        f"COPY (SELECT * REPLACE ({literal(load_id)} AS load_id, now() AS committed_at) FROM moving)"
        f" TO {literal(str(path))} (FORMAT parquet)"
    )
    return path


def prune(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget superseded watermarks, and those of loads that came to nothing, once there are many."""
    if not has_table(connection, LOADS):
        return
    name = f"{SCHEMA}.{WATERMARKS}"
    kept = f"""
        SELECT rowid FROM {name} WHERE load_id IN (SELECT load_id FROM {SCHEMA}.{LOADS} WHERE status = 0)
        QUALIFY row_number() OVER (
            PARTITION BY connection, object, "window" ORDER BY committed_at DESC, load_id DESC
        ) = 1
    """
    row = connection.execute(f"SELECT count(*) FROM ({kept})").fetchone()
    if _count(connection, WATERMARKS) > _SUPERSEDED_KEPT + 2 * (row[0] if row else 0):
        connection.execute(f"DELETE FROM {name} WHERE rowid NOT IN ({kept})")


def create_own_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    for name, columns in OWN_TABLES.items():
        listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f"CREATE TABLE IF NOT EXISTS {SCHEMA}.{name} ({listed})")


def has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?", [SCHEMA, name]
    ).fetchone()
    return found is not None


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {SCHEMA}.{name}").fetchone()
    return int(row[0]) if row else 0


def write_new_rejects(
    connection: duckdb.DuckDBPyConnection, rejects: pa.Table | None, path: Path
) -> tuple[Path, int] | None:
    """The rejects that an earlier try of this load has not brought already, as a file; None when there are none."""
    if rejects is None or not rejects.num_rows:
        return None
    import pyarrow.parquet as pq

    given = path.with_name("rejects.given.parquet")
    pq.write_table(rejects, given)
    columns = ", ".join(f'CAST(g."{name}" AS {kind}) AS "{name}"' for name, kind in OWN_TABLES[REJECTS].items())
    written = connection.execute(
        f"""
        COPY (
            SELECT DISTINCT {columns} FROM read_parquet({literal(str(given))}) g ANTI JOIN {SCHEMA}.{REJECTS} r ON
                (g.connection, g.object, g.run_id) = (r.connection, r.object, r.run_id)
                AND g.key IS NOT DISTINCT FROM r.key AND g.field IS NOT DISTINCT FROM r.field
                AND g.raw_text IS NOT DISTINCT FROM r.raw_text
        ) TO {literal(str(path))} (FORMAT parquet)
        """
    ).fetchone()
    rows = int(written[0]) if written else 0
    return (path, rows) if rows else None
