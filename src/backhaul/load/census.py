"""Keys that the vendor has, compared with those that the raw table holds.

A census lists every key there is: who is missing there was deleted, who is missing here was never read. A scan lists
every deleted key: who is deleted here and not listed there was restored, or is gone for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from backhaul.errors import ApprovalNeeded
from backhaul.load.database import opened
from backhaul.load.tables import SCHEMA, RawTable, literal, quoted

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 1000
MOST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found. gone: keys to be marked deleted. to_read: keys to be read one by one."""

    gone: tuple[str, ...]
    to_read: tuple[str, ...]
    live: int


def compare_census(work: Path, table: RawTable, keys: pa.Table, started_at: datetime, *, approved: bool) -> Compared:
    """Every key at the vendor against the live rows here. Rows read after the census began are left alone.

    Raises ApprovalNeeded where it would delete more than 5% or 1,000 rows (and more than ten).
    """
    name = f"{SCHEMA}.{quoted(table.name)}"
    with opened(work, read_only=True) as connection:
        connection.register("listed", keys)
        there = "(SELECT DISTINCT _key FROM listed)"
        moment = f"TIMESTAMPTZ {literal(started_at.isoformat())}"
        gone = connection.execute(
            f"SELECT _key FROM {name} WHERE _deleted_at IS NULL AND _read_at < {moment}"
            f" AND _key NOT IN (SELECT _key FROM {there}) ORDER BY 1"
        ).fetchall()
        live = connection.execute(f"SELECT count(*) FROM {name} WHERE _deleted_at IS NULL").fetchone()
        unread = connection.execute(
            f"SELECT t._key FROM {there} t LEFT JOIN {name} x ON x._key = t._key"
            " WHERE x._key IS NULL OR x._deleted_at IS NOT NULL ORDER BY 1"
        ).fetchall()
    rows = int(live[0]) if live else 0
    if not approved and len(gone) > 10 and (len(gone) > MOST_ROWS or len(gone) > rows * MOST_SHARE):
        raise ApprovalNeeded(
            f"the census finds {len(gone)} of {rows} records gone: more than a person should let pass unseen",
            connection=table.connection,
            object=table.object,
        )
    return Compared(tuple(key for (key,) in gone), tuple(key for (key,) in unread), rows)


def restored_since(work: Path, table: RawTable, scan: pa.Table, vanished_after: datetime) -> tuple[str, ...]:
    """Keys deleted here (not merged away, not before `vanished_after`) that the scan of deleted records lacks."""
    name = f"{SCHEMA}.{quoted(table.name)}"
    with opened(work, read_only=True) as connection:
        connection.register("listed", scan)
        rows = connection.execute(
            f"SELECT _key FROM {name} WHERE _deleted_at >= TIMESTAMPTZ {literal(vanished_after.isoformat())}"
            f" AND _merged_into IS NULL AND _key NOT IN (SELECT _key FROM listed) ORDER BY 1"
        ).fetchall()
    return tuple(key for (key,) in rows)
