"""How many dead letters a ledger holds, without disturbing the push that may be writing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path


def dead_letters_by_connection(ledger: Path) -> Mapping[str, int]:
    """Connection -> rows that could not be written. No ledger, or one that is only being made: none."""
    if not ledger.exists():
        return {}
    try:
        with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True, timeout=2)) as sql:
            rows = sql.execute(
                "select t.connection, count(*) from dead_letters d join targets t on t.id = d.target group by 1"
            ).fetchall()
    except sqlite3.Error:
        return {}
    return {str(connection): int(count) for connection, count in rows}
