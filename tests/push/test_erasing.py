"""The ledger forgets what was written to a record, not that something was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from backhaul.push.erasing import erase_record
from backhaul.push.ledger_tables import CREATE

ATTEMPT = (
    "insert into attempts (target, row, batch, run, who, action, values_, before_, state, vendor_key, intent_at)"
    " values (?, ?, 'b', 'r', 'w', 'update', 'secret', 'secret', 'confirmed', ?, 0)"
)
LETTER = "insert into dead_letters values (?, ?, 'vendor', 'c', 'm', 'f', 'secret', 1, 's', 0, 'r', 0, 0)"
ROW = "insert into rows (target, row, id, state, attempt, vendor_key) values (?, ?, ?, 'confirmed', 1, ?)"


def test_values_before_values_and_dead_letters_of_one_record_go_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as db:
        for statement in CREATE:
            db.execute(statement)
        db.execute("insert into targets values (1, 'crm', 'contacts', 'p'), (2, 'crm', 'deals', 'p')")
        for target, row, key in ((1, "1", "1"), (1, "mail@x", "1"), (1, "2", "2"), (2, "1", "1")):
            db.execute(ROW, (target, row, row, key))
            db.execute("insert into confirmed values (?, ?, 'secret')", (target, row))
            db.execute(ATTEMPT, (target, row, key))
            db.execute(LETTER, (target, row))
        db.commit()
    assert erase_record(path, "crm", "contacts", "1") == {"attempts": 2, "confirmed": 2, "dead_letters": 2}
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("select target, row from confirmed order by 1, 2").fetchall() == [(1, "2"), (2, "1")]
        kept = db.execute("select target, row from attempts where values_ = 'secret' order by 1, 2").fetchall()
        assert kept == [(1, "2"), (2, "1")]
        assert db.execute("select count(*) from attempts").fetchone() == (4,)


def test_a_customer_without_a_ledger_has_nothing_to_erase(tmp_path: Path) -> None:
    assert erase_record(tmp_path / "none.sqlite", "crm", "contacts", "1") == {}
