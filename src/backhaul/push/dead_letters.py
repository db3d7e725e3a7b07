"""Rows that could not be written, kept with what was to be written, until they are corrected, sent or given up."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from backhaul.push.entries import Dead, DeadLetter, Receipt, Texts
from backhaul.push.ledger_file import LedgerFile, as_json

Reason = Literal["check", "vendor"]


class DeadLetters:
    """The dead letters of one customer's ledger."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def all(self, push: str | None = None, target: int | None = None) -> list[DeadLetter]:
        """Oldest first."""
        rows = self._file.read(
            "select t.connection, t.object, t.push, d.* from dead_letters d join targets t on t.id = d.target"
            " where (? is null or t.push = ?) and (? is null or t.id = ?) order by d.first_at, d.target, d.row",
            (push, push, target, target),
        )
        return [
            DeadLetter(
                each["connection"], each["object"], each["push"], each["row"], each["reason"], each["code"],
                each["message"], each["field"], msgspec.json.decode(each["values_"]), each["retries"], each["run"],
                datetime.fromtimestamp(each["first_at"], UTC), datetime.fromtimestamp(each["last_at"], UTC),
            )
            for each in rows
        ]  # fmt: skip

    def of(self, target: int) -> dict[str, Dead]:
        """Row -> what a plan has to know of it."""
        rows = self._file.read(
            "select row, hash, retries, reason, last_at from dead_letters where target = ?", (target,)
        )
        return {
            each["row"]: Dead(
                each["hash"], each["retries"], each["reason"], datetime.fromtimestamp(each["last_at"], UTC)
            )
            for each in rows
        }

    def keep(
        self, target: int, run: str, refused: Sequence[tuple[Receipt, Texts, int | None]], scheme: str,
        reason: Reason = "check",
    ) -> None:  # fmt: skip
        """Keep rows that were refused before they were sent.

        check: by the plan, which looks at them anew each time. vendor: by what it holds.
        """
        with self._file.writing() as sql:
            for receipt, values, hash_ in refused:
                bury(sql, target, receipt, reason, as_json(values), hash_, scheme, run)


def bury(
    sql: sqlite3.Connection, target: int, each: Receipt, reason: Reason, values: str, hash_: int | None, scheme: str,
    run: str,
) -> None:  # fmt: skip
    """One dead letter, within a transaction. The same row refused once more in another run is a retry in vain."""
    now = round(time.time(), 3)
    sql.execute(
        "insert into dead_letters values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)"
        " on conflict (target, row) do update set reason = excluded.reason, code = excluded.code,"
        " message = excluded.message, field = excluded.field, scheme = excluded.scheme, last_at = excluded.last_at,"
        " retries = case when hash is not excluded.hash then 0 when run = excluded.run then retries"
        " else retries + 1 end, values_ = excluded.values_, hash = excluded.hash, run = excluded.run",
        (target, each.row, reason, each.code, each.message, each.field, values, hash_, scheme, run, now, now),
    )
