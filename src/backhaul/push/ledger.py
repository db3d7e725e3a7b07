"""The ledger of one customer's pushes: what was written where, with before-values, states and receipts.

An intent is on the disk before its request leaves, a receipt after its answer came. Whatever lies between the two
when the process dies is in flight: it is read back before anything of it is sent again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from backhaul.push.audit import Audit
from backhaul.push.dead_letters import DeadLetters, bury
from backhaul.push.entries import InFlight, Intent, Known, Receipt, Written
from backhaul.push.ledger_file import LedgerFile, as_json
from backhaul.push.standing import Standing

CHUNK = 20_000
Hashed = tuple[str, int | None, str | None, float | None, int, int]
"""(row, hash, changed, confirmed_at, made, in flight)"""


class Ledger:
    """Opens the file, makes its tables. Threads share it; close it at the end.

    dead: rows that could not be written. audit: every attempt, to be asked. standing: what a push has come to.
    """

    def __init__(self, path: Path) -> None:
        self._file = LedgerFile(path)
        self._targets: dict[tuple[str, str, str], int] = {}
        self.dead = DeadLetters(self._file)
        self.audit = Audit(self._file)
        self.standing = Standing(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def target(self, connection: str, object: str, push: str) -> int:
        """The number under which the rows of one push to one object stand."""
        place = (connection, object, push)
        if place not in self._targets:
            select = "select id from targets where connection = ? and object = ? and push = ?"
            found = self._file.read(select, place)
            if not found:
                with self._file.writing() as sql:
                    sql.execute("insert or ignore into targets (connection, object, push) values (?, ?, ?)", place)
                found = self._file.read(select, place)
            self._targets[place] = int(found[0]["id"])
        return self._targets[place]

    # -- what is known ---------------------------------------------------------------------------------------------

    def hashes(self, target: int, scheme: str) -> Iterator[list[Hashed]]:
        """Every row, in chunks; the hash is None under another scheme. Rows that we deleted are not among them."""
        last = ""
        first = True
        while True:
            # keyset: the file is not held open between chunks, and a chunk costs the same wherever it is
            chunk: list[Hashed] = self._file.tuples(  # type: ignore[assignment]  # what the select gives
                "select row, case when scheme = ? then hash end, changed, confirmed_at, made,"
                " state in ('sent', 'unknown') from rows"
                f" where target = ? and row {'>=' if first else '>'} ? and (gone_at is null or state <> 'confirmed')"
                " order by row limit ?",
                (scheme, target, last, CHUNK),
            )
            if not chunk:
                return
            yield chunk
            last, first = chunk[-1][0], False

    def known(self, target: int, rows: Sequence[str]) -> dict[str, Known]:
        """What is known of these rows; those never written are not in it."""
        found: dict[str, Known] = {}
        for each in self._file.among(
            "select r.*, c.values_ from rows r left join confirmed c using (target, row)"
            " where target = ? and row in ({})",
            (target,),
            rows,
        ):
            confirmed = None if each["gone_at"] is not None else each["confirmed_at"]
            found[each["row"]] = Known(
                each["row"],
                each["state"],
                each["attempt"],
                None if each["gone_at"] is not None else each["vendor_key"],
                _written(each["values_"]),
                None if confirmed is None else datetime.fromtimestamp(confirmed, UTC),
                _moment(each["changed"]),
                bool(each["made"]),
            )
        return found

    def last_values(self, connection: str, object: str, keys: Sequence[str]) -> dict[str, Written]:
        """Vendor's key -> what was confirmed last of each field of that record, by any push."""
        found: dict[str, dict[str, tuple[str | None, datetime]]] = {}
        for each in self._file.among(
            "select r.vendor_key, c.values_ from targets t join rows r on r.target = t.id"
            " join confirmed c on c.target = r.target and c.row = r.row"
            " where t.connection = ? and t.object = ? and r.vendor_key in ({})",
            (connection, object),
            keys,
        ):
            last = found.setdefault(each["vendor_key"], {})
            for name, (text, moment) in _written(each["values_"]).items():
                if name not in last or last[name][1] < moment:
                    last[name] = (text, moment)
        return dict(found)

    def made(self, connection: str, object: str, keys: Sequence[str]) -> set[str]:
        """Of these records, those that are there because a push made them."""
        return {
            str(each["vendor_key"])
            for each in self._file.among(
                "select r.vendor_key from targets t join rows r on r.target = t.id where t.connection = ?"
                " and t.object = ? and r.made = 1 and r.vendor_key in ({})",
                (connection, object),
                keys,
            )
        }

    def in_flight(self, target: int) -> list[InFlight]:
        """Rows that were sent and of which no answer is known, oldest first."""
        rows = self._file.read(
            "select r.row, r.id, r.state, r.attempt, coalesce(a.vendor_key, r.vendor_key) as vendor_key, a.action,"
            " a.values_, a.before_, a.match_field, a.match_value, a.batch, a.message, a.intent_at, b.job"
            " from rows r join attempts a on a.seq = r.attempt left join batches b on b.id = a.batch"
            " where r.target = ? and r.state in ('sent', 'unknown') order by r.attempt",
            (target,),
        )
        return [
            InFlight(
                row=each["row"], id=each["id"], state=each["state"], attempt=each["attempt"], action=each["action"],
                values=msgspec.json.decode(each["values_"]), before=msgspec.json.decode(each["before_"]),
                vendor_key=each["vendor_key"],
                match=None if each["match_field"] is None else (each["match_field"], each["match_value"]),
                batch=each["batch"], job=each["job"], message=each["message"],
                sent_at=datetime.fromtimestamp(each["intent_at"], UTC),
            )
            for each in rows
        ]  # fmt: skip

    def targets_in_flight(self) -> list[tuple[str, str, str]]:
        """(connection, object, push) of every target that has rows in flight."""
        rows = self._file.read(
            "select connection, object, push from targets t where exists"
            " (select 1 from rows r where r.target = t.id and r.state in ('sent', 'unknown')) order by t.id"
        )
        return [(each["connection"], each["object"], each["push"]) for each in rows]

    # -- writing ---------------------------------------------------------------------------------------------------

    def intend(self, target: int, batch: str, run: str, who: str, intents: Sequence[Intent], scheme: str) -> None:
        """Commit a batch's intents, on the disk, before its request leaves."""
        now = _now()
        with self._file.writing() as sql:
            sql.execute("insert into batches (id, target, run, sent_at) values (?, ?, ?, ?)", (batch, target, run, now))
            for each in intents:
                match = each.match or (None, None)
                seq = sql.execute(
                    "insert into attempts (target, row, batch, run, who, action, values_, before_, match_field,"
                    " match_value, hash, scheme, state, vendor_key, intent_at)"
                    " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'sent', ?, ?)",
                    (
                        target, each.row, batch, run, who, each.action, as_json(each.values), as_json(each.before),
                        match[0], match[1], each.hash, scheme, each.vendor_key, now,
                    ),
                ).lastrowid  # fmt: skip
                sql.execute(
                    "insert into rows (target, row, id, state, attempt, vendor_key) values (?, ?, ?, 'sent', ?, ?)"
                    " on conflict (target, row) do update set state = 'sent', attempt = excluded.attempt,"
                    " vendor_key = coalesce(excluded.vendor_key, vendor_key)",
                    (target, each.row, each.id, seq, each.vendor_key),
                )

    def job(self, batch: str, job: str) -> None:
        """Note the vendor's id of the job that carries a batch."""
        with self._file.writing() as sql:
            sql.execute("update batches set job = ? where id = ?", (job, batch))

    def receive(self, target: int, receipts: Sequence[Receipt]) -> None:
        """Commit what became of rows that are in flight."""
        now = _now()
        with self._file.writing() as sql:
            for each in receipts:
                _receive(sql, target, each, now)

    def gone_already(self, target: int, row: str) -> None:
        """A record of ours that was to be deleted, and was no longer there."""
        with self._file.writing() as sql:
            sql.execute(
                "update rows set hash = null, confirmed_at = null, changed = null, made = 0, gone_at = ?"
                " where target = ? and row = ?",
                (_now(), target, row),
            )
            sql.execute("delete from confirmed where target = ? and row = ?", (target, row))

    def applied(self, plan: str, push: str, run: str, version: int, counts: Mapping[str, int]) -> None:
        with self._file.writing() as sql:
            sql.execute(
                "insert or replace into plans values (?, ?, ?, ?, ?, ?)",
                (plan, push, run, version, msgspec.json.encode(counts).decode(), _now()),
            )


def _receive(sql: sqlite3.Connection, target: int, each: Receipt, now: float) -> None:
    found = sql.execute(
        "select a.*, c.values_ as confirmed from rows r join attempts a on a.seq = r.attempt"
        " left join confirmed c on c.target = r.target and c.row = r.row where r.target = ? and r.row = ?",
        (target, each.row),
    ).fetchone()
    made = each.made if each.made is not None else found["action"] == "create"
    sql.execute(
        "update attempts set state = ?, vendor_key = coalesce(?, vendor_key), changed = ?, code = ?, message = ?,"
        " field = ?, receipt_at = ?, made = ? where seq = ?",
        (
            each.state, each.vendor_key, each.changed, each.code, each.message, each.field,
            None if each.state == "unknown" else now, int(made) if each.state == "confirmed" else None, found["seq"],
        ),
    )  # fmt: skip
    if each.state != "confirmed":
        sql.execute("update rows set state = ? where target = ? and row = ?", (each.state, target, each.row))
        if each.state == "refused":
            bury(sql, target, each, "vendor", found["values_"], found["hash"], found["scheme"], found["run"])
        return
    sql.execute("delete from dead_letters where target = ? and row = ?", (target, each.row))
    if found["action"] == "delete":
        sql.execute(
            "update rows set state = 'confirmed', hash = null, confirmed_at = null, changed = null, made = 0,"
            " gone_at = ? where target = ? and row = ?",
            (now, target, each.row),
        )
        sql.execute("delete from confirmed where target = ? and row = ?", (target, each.row))
        return
    values = {} if found["confirmed"] is None else msgspec.json.decode(found["confirmed"])
    values |= {name: (text, now) for name, text in msgspec.json.decode(found["values_"]).items()}
    sql.execute(
        "update rows set state = 'confirmed', vendor_key = coalesce(?, vendor_key), hash = ?, scheme = ?,"
        " changed = ?, confirmed_at = ?, made = max(made, ?), gone_at = null where target = ? and row = ?",
        (each.vendor_key, found["hash"], found["scheme"], each.changed, now, int(made), target, each.row),
    )
    sql.execute(
        "insert or replace into confirmed values (?, ?, ?)",
        (target, each.row, msgspec.json.encode(values).decode()),
    )


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _written(text: str | None) -> dict[str, tuple[str | None, datetime]]:
    if text is None:
        return {}
    held = msgspec.json.decode(text, type=dict[str, tuple[str | None, float]])
    return {name: (value, datetime.fromtimestamp(at, UTC)) for name, (value, at) in held.items()}


def _now() -> float:
    # to the millisecond: it is kept beside every value
    return round(time.time(), 3)
