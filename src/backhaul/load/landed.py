"""What has landed of parents, for reads of their children: read before a run begins to load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backhaul.load.database import opened
from backhaul.load.tables import SCHEMA, literal, quoted

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Needed:
    """Live rows of one raw table: their keys, and these columns."""

    connection: str
    object: str
    columns: tuple[str, ...]


Landed = Mapping[Needed, Mapping[str, Mapping[str, Any]]]
"""By what was asked for: key -> column -> value."""


def landed(work: Path, needed: Sequence[Needed]) -> Landed:
    """A table or column that is not there yet has nothing to tell."""
    found: dict[Needed, dict[str, dict[str, Any]]] = {each: {} for each in needed}
    if not needed or not work.exists():
        return found
    with opened(work, read_only=True) as connection:
        for each in needed:
            name = f"{each.connection}__{each.object}"
            there = connection.execute(
                f"SELECT column_name FROM duckdb_columns() WHERE schema_name = {literal(SCHEMA)}"
                f" AND table_name = {literal(name)}"
            ).fetchall()
            names = {column for (column,) in there}
            if "_key" not in names:
                continue
            columns = [column for column in each.columns if column in names]
            listed = ", ".join(["_key", *(quoted(column) for column in columns)])
            rows = connection.sql(f"SELECT {listed} FROM {SCHEMA}.{quoted(name)} WHERE _deleted_at IS NULL")
            table: pa.Table = rows.to_arrow_table()
            found[each] = {row.pop("_key"): row for row in table.to_pylist()}
    return found
