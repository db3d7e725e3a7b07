"""What a push has come to beside its rows: paused or not, how much it last wanted, how far its trigger looked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from backhaul.push.ledger_file import LedgerFile


@dataclass(frozen=True, slots=True)
class Pause:
    """A push that sends nothing until somebody resumes it."""

    push: str
    who: str
    reason: str
    at: datetime


class Standing:
    """The pushes of one customer."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def pauses(self) -> dict[str, Pause]:
        return {
            each["push"]: Pause(each["push"], each["who"], each["reason"], datetime.fromtimestamp(each["at"], UTC))
            for each in self._file.read("select * from paused order by push")
        }

    def pause(self, push: str, who: str, reason: str) -> None:
        with self._file.writing() as sql:
            sql.execute("insert or replace into paused values (?, ?, ?, ?)", (push, who, reason, time.time()))

    def resume(self, push: str) -> bool:
        """False where it was not paused."""
        with self._file.writing() as sql:
            return sql.execute("delete from paused where push = ?", (push,)).rowcount > 0

    def last_wanted(self, push: str) -> int | None:
        """How many rows the select gave when the push was last applied; None where it never was."""
        rows = self._file.read("select counts from plans where push = ? order by applied_at desc limit 1", (push,))
        return int(msgspec.json.decode(rows[0]["counts"]).get("wanted", 0)) if rows else None

    def looked_at(self, push: str) -> int | None:
        """The published version up to which the push's trigger has looked."""
        rows = self._file.read("select version from fired where push = ?", (push,))
        return int(rows[0]["version"]) if rows else None

    def look_from(self, push: str, version: int) -> None:
        with self._file.writing() as sql:
            sql.execute("insert or replace into fired values (?, ?, ?)", (push, version, time.time()))
