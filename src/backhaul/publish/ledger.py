"""The push ledger beside the entities: what was written to vendors, a row a field, to be joined by `id`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import duckdb
import pyarrow as pa

TABLE = "ledger"
Attempts = Callable[[int, Sequence[int]], Iterator[pa.Table]]
"""Given a number and a list of numbers: the attempts above the one, and those of the list, as `SCHEMA`."""

SCHEMA = pa.schema(
    [
        ("seq", pa.int64()),
        ("id", pa.string()),
        ("push", pa.string()),
        ("connection_id", pa.string()),
        ("source_object", pa.string()),
        ("source_id", pa.string()),
        ("row_name", pa.string()),
        ("action", pa.string()),
        ("field", pa.string()),
        ("before", pa.string()),
        ("after", pa.string()),
        ("before_known", pa.bool_()),
        ("state", pa.string()),
        ("code", pa.string()),
        ("message", pa.string()),
        ("who", pa.string()),
        ("run_id", pa.string()),
        ("intended_at", pa.timestamp("us", tz="UTC")),
        ("receipt_at", pa.timestamp("us", tz="UTC")),
    ]
)


def write_ledger(connection: duckdb.DuckDBPyConnection, attempts: Attempts) -> None:
    """Add to `target`, which is attached, what was sent since its last version, and what became of what was open."""
    place = f"target.main.{TABLE}"
    connection.register("ledger_rows", SCHEMA.empty_table())
    connection.execute(f"CREATE TABLE IF NOT EXISTS {place} AS SELECT * FROM ledger_rows")
    connection.unregister("ledger_rows")
    last = connection.execute(f"SELECT coalesce(max(seq), 0) FROM {place}").fetchone()
    found = connection.execute(f"SELECT DISTINCT seq FROM {place} WHERE state IN ('sent', 'unknown')").fetchall()
    open_ = [int(seq) for (seq,) in found]
    connection.execute(f"DELETE FROM {place} WHERE state IN ('sent', 'unknown')")
    for rows in attempts(int(last[0]) if last else 0, open_):
        connection.register("ledger_rows", rows)
        connection.execute(f"INSERT INTO {place} SELECT * FROM ledger_rows")
        connection.unregister("ledger_rows")
