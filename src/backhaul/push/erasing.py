"""Erase what the ledger knows of one record: that something was written stays, what was written does not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def erase_record(ledger: Path, connection: str, object_name: str, key: str) -> dict[str, int]:
    """Values, before-values and dead letters of a record. Returns what was erased: table -> rows."""
    if not ledger.exists():
        return {}
    with closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        # freed pages are overwritten, not only marked as free
        db.execute("pragma secure_delete = on")
        db.execute("begin immediate")
        rows = {
            (target, row)
            for target, row in db.execute(
                "select r.target, r.row from rows r join targets t on t.id = r.target"
                " where t.connection = ? and t.object = ? and (r.vendor_key = ? or r.row = ?)"
                " union select a.target, a.row from attempts a join targets t on t.id = a.target"
                " where t.connection = ? and t.object = ? and (a.vendor_key = ? or a.row = ?)"
                " union select d.target, d.row from dead_letters d join targets t on t.id = d.target"
                " where t.connection = ? and t.object = ? and d.row = ?",
                [*(connection, object_name, key, key) * 2, connection, object_name, key],
            )
        }
        erased = {"attempts": 0, "confirmed": 0, "dead_letters": 0}
        for at in rows:
            erased["attempts"] += db.execute(
                "update attempts set values_ = '{}', before_ = '{}', match_value = null, message = '', hash = null"
                " where target = ? and row = ?",
                at,
            ).rowcount
            erased["confirmed"] += db.execute("delete from confirmed where target = ? and row = ?", at).rowcount
            erased["dead_letters"] += db.execute("delete from dead_letters where target = ? and row = ?", at).rowcount
            db.execute("update rows set hash = null where target = ? and row = ?", at)
        db.execute("commit")
        db.execute("pragma wal_checkpoint(truncate)")
    return {name: count for name, count in erased.items() if count}
