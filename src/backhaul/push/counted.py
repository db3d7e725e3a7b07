"""What stands out in a ledger, without disturbing the push that may be writing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Standouts:
    """By connection: rows that could not be written, and rows sent with no answer known. Pushes that are paused."""

    dead_letters: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    paused: frozenset[str] = frozenset()


def standouts(ledger: Path) -> Standouts:
    """No ledger, or one that is only being made: none."""
    if not ledger.exists():
        return Standouts()
    try:
        with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True, timeout=2)) as sql:
            return Standouts(
                _by_connection(sql, "dead_letters"),
                _by_connection(sql, "rows", "where r.state in ('sent', 'unknown')"),
                frozenset(str(name) for (name,) in sql.execute("select push from paused")),
            )
    except sqlite3.Error:
        return Standouts()


def _by_connection(sql: sqlite3.Connection, table: str, where: str = "") -> Mapping[str, int]:
    rows = sql.execute(
        f"select t.connection, count(*) from {table} r join targets t on t.id = r.target {where} group by 1"
    )
    return {str(connection): int(count) for connection, count in rows}
