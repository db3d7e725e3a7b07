"""The ledger of one customer's pushes: what was written where, with before-values, states and receipts.

An intent is on the disk before its request leaves, a receipt after its answer came. Whatever lies between the two
when the process dies is in flight: it is read back before anything of it is sent again.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec

from backhaul.errors import StorageError
from backhaul.push.ledger_tables import CREATE, FORMAT

State = Literal["planned", "sent", "confirmed", "unknown", "refused"]
Action = Literal["create", "update", "upsert"]
Texts = Mapping[str, str | None]
Written = Mapping[str, tuple[str | None, datetime]]
"""Field -> what the vendor confirmed last, and when."""
CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Intent:
    """One row that is about to be sent. match: the unique field, and its value, that finds it again."""

    row: str
    id: str
    action: Action
    values: Texts
    before: Texts
    vendor_key: str | None = None
    match: tuple[str, str] | None = None
    hash: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one row."""

    row: str
    state: Literal["planned", "confirmed", "unknown", "refused"]
    vendor_key: str | None = None
    changed: str | None = None
    code: str = ""
    message: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of one row. values: what the vendor last confirmed."""

    row: str
    state: State
    attempt: int
    vendor_key: str | None
    values: Written
    confirmed_at: datetime | None
    changed: datetime | None
    """The vendor's change value that came with the receipt."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """A row that was sent, and of which no answer is known. attempt: its place among all attempts."""

    row: str
    id: str
    state: Literal["sent", "unknown"]
    attempt: int
    action: Action
    values: Texts
    before: Texts
    vendor_key: str | None
    match: tuple[str, str] | None
    batch: str
    job: str | None
    message: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row that could not be written. reason: our own check refused it, or the vendor did."""

    connection: str
    object: str
    push: str
    row: str
    reason: Literal["check", "vendor"]
    code: str
    message: str
    field: str
    values: Texts
    retries: int
    run: str
    first_at: datetime
    last_at: datetime


def row_id(customer: str, connection: str, object: str, push: str, row: str) -> str:
    """Our own id of a row, the same however often it is planned: what a vendor is given as trace or external id."""
    text = "\x1f".join((customer, connection, object, push, row))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Ledger:
    """Opens the file, makes its tables. Threads share it; close it at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._targets: dict[tuple[str, str, str], int] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sql = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise self._storage(error) from error
        with self._told():
            self._sql.row_factory = sqlite3.Row
            self._sql.execute("pragma journal_mode = wal")
            # an intent must outlive a power cut: the request that follows it cannot be taken back
            self._sql.execute("pragma synchronous = full")
            self._prepare()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._sql.close()

    def target(self, connection: str, object: str, push: str) -> int:
        """The number under which the rows of one push to one object stand."""
        place = (connection, object, push)
        with self._lock, self._told():
            if place not in self._targets:
                select = "select id from targets where connection = ? and object = ? and push = ?"
                found = self._sql.execute(select, place).fetchone()
                if found is None:
                    with self._transaction():
                        self._sql.execute("insert into targets (connection, object, push) values (?, ?, ?)", place)
                    found = self._sql.execute(select, place).fetchone()
                self._targets[place] = int(found["id"])
            return self._targets[place]

    # -- what is known ---------------------------------------------------------------------------------------------

    def count(self, target: int) -> int:
        return int(self._read("select count(*) as n from rows where target = ?", (target,))[0]["n"])

    def hashes(self, target: int, scheme: str) -> Iterator[list[tuple[str, str, int | None, str | None, float | None]]]:
        """(row, state, hash, changed, confirmed_at) of every row, in chunks; the hash is None under another scheme."""
        last = ""
        first = True
        while True:
            with self._lock, self._told():
                # keyset: the file is not held open between chunks, and a chunk costs the same wherever it is
                cursor = self._sql.cursor()
                cursor.row_factory = None
                chunk = cursor.execute(
                    "select row, state, case when scheme = ? then hash end, changed, confirmed_at from rows"
                    f" where target = ? and row {'>=' if first else '>'} ? order by row limit ?",
                    (scheme, target, last, CHUNK),
                ).fetchall()
            if not chunk:
                return
            yield chunk
            last, first = chunk[-1][0], False

    def known(self, target: int, rows: Sequence[str]) -> dict[str, Known]:
        """What is known of these rows; those never written are not in it."""
        found: dict[str, Known] = {}
        for chunk in _chunks(rows):
            for each in self._among(
                "select r.*, c.values_ from rows r left join confirmed c using (target, row)"
                " where target = ? and row in ({})",
                (target,),
                chunk,
            ):
                confirmed = each["confirmed_at"]
                found[each["row"]] = Known(
                    each["row"],
                    each["state"],
                    each["attempt"],
                    each["vendor_key"],
                    _written(each["values_"]),
                    None if confirmed is None else datetime.fromtimestamp(confirmed, UTC),
                    _moment(each["changed"]),
                )
        return found

    def last_values(self, connection: str, object: str, keys: Sequence[str]) -> dict[str, Written]:
        """Vendor's key -> what was confirmed last of each field of that record, by any push."""
        found: dict[str, dict[str, tuple[str | None, datetime]]] = {}
        for chunk in _chunks(keys):
            rows = self._among(
                "select r.vendor_key, c.values_ from targets t join rows r on r.target = t.id"
                " join confirmed c on c.target = r.target and c.row = r.row"
                " where t.connection = ? and t.object = ? and r.vendor_key in ({})",
                (connection, object),
                chunk,
            )
            for each in rows:
                last = found.setdefault(each["vendor_key"], {})
                for name, (text, moment) in _written(each["values_"]).items():
                    if name not in last or last[name][1] < moment:
                        last[name] = (text, moment)
        return dict(found)

    def in_flight(self, target: int) -> list[InFlight]:
        """Rows that were sent and of which no answer is known, oldest first."""
        rows = self._read(
            "select r.row, r.id, r.state, r.attempt, coalesce(a.vendor_key, r.vendor_key) as vendor_key, a.action,"
            " a.values_, a.before_, a.match_field, a.match_value, a.batch, a.message, b.job"
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
            )
            for each in rows
        ]  # fmt: skip

    def targets_in_flight(self) -> list[tuple[str, str, str]]:
        """(connection, object, push) of every target that has rows in flight."""
        rows = self._read(
            "select connection, object, push from targets t where exists"
            " (select 1 from rows r where r.target = t.id and r.state in ('sent', 'unknown')) order by t.id"
        )
        return [(each["connection"], each["object"], each["push"]) for each in rows]

    # -- writing ---------------------------------------------------------------------------------------------------

    def intend(self, target: int, batch: str, run: str, who: str, intents: Sequence[Intent], scheme: str) -> None:
        """Commit a batch's intents, on the disk, before its request leaves."""
        now = _now()
        with self._lock, self._told(), self._transaction():
            self._sql.execute(
                "insert into batches (id, target, run, sent_at) values (?, ?, ?, ?)", (batch, target, run, now)
            )
            for each in intents:
                match = each.match or (None, None)
                seq = self._sql.execute(
                    "insert into attempts (target, row, batch, run, who, action, values_, before_, match_field,"
                    " match_value, hash, scheme, state, vendor_key, intent_at)"
                    " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'sent', ?, ?)",
                    (
                        target, each.row, batch, run, who, each.action, _json(each.values), _json(each.before),
                        match[0], match[1], each.hash, scheme, each.vendor_key, now,
                    ),
                ).lastrowid  # fmt: skip
                self._sql.execute(
                    "insert into rows (target, row, id, state, attempt, vendor_key) values (?, ?, ?, 'sent', ?, ?)"
                    " on conflict (target, row) do update set state = 'sent', attempt = excluded.attempt,"
                    " vendor_key = coalesce(excluded.vendor_key, vendor_key)",
                    (target, each.row, each.id, seq, each.vendor_key),
                )

    def job(self, batch: str, job: str) -> None:
        """Note the vendor's id of the job that carries a batch."""
        with self._lock, self._told(), self._transaction():
            self._sql.execute("update batches set job = ? where id = ?", (job, batch))

    def receive(self, target: int, receipts: Sequence[Receipt]) -> None:
        """Commit what became of rows that are in flight."""
        now = _now()
        with self._lock, self._told(), self._transaction():
            for each in receipts:
                self._receive(target, each, now)

    def _receive(self, target: int, each: Receipt, now: float) -> None:
        found = self._sql.execute(
            "select a.*, c.values_ as confirmed from rows r join attempts a on a.seq = r.attempt"
            " left join confirmed c on c.target = r.target and c.row = r.row"
            " where r.target = ? and r.row = ?",
            (target, each.row),
        ).fetchone()
        self._sql.execute(
            "update attempts set state = ?, vendor_key = coalesce(?, vendor_key), changed = ?, code = ?, message = ?,"
            " field = ?, receipt_at = ? where seq = ?",
            (
                each.state, each.vendor_key, each.changed, each.code, each.message, each.field,
                None if each.state == "unknown" else now, found["seq"],
            ),
        )  # fmt: skip
        if each.state == "confirmed":
            values = {} if found["confirmed"] is None else msgspec.json.decode(found["confirmed"])
            values |= {name: (text, now) for name, text in msgspec.json.decode(found["values_"]).items()}
            self._sql.execute(
                "update rows set state = 'confirmed', vendor_key = coalesce(?, vendor_key), hash = ?, scheme = ?,"
                " changed = ?, confirmed_at = ? where target = ? and row = ?",
                (each.vendor_key, found["hash"], found["scheme"], each.changed, now, target, each.row),
            )
            self._sql.execute(
                "insert or replace into confirmed values (?, ?, ?)",
                (target, each.row, msgspec.json.encode(values).decode()),
            )
            self._sql.execute("delete from dead_letters where target = ? and row = ?", (target, each.row))
            return
        self._sql.execute("update rows set state = ? where target = ? and row = ?", (each.state, target, each.row))
        if each.state == "refused":
            values, hash_, scheme = found["values_"], found["hash"], found["scheme"]
            self._bury(target, each, "vendor", values, hash_, scheme, found["run"], now)

    def refuse(
        self,
        target: int,
        run: str,
        refused: Sequence[tuple[Receipt, Texts, int | None]],
        scheme: str,
        reason: Literal["check", "vendor"] = "check",
    ) -> None:
        """Keep rows that were refused before they were sent among the dead letters.

        check: by the plan, which looks at them anew each time. vendor: by what it holds.
        """
        now = _now()
        with self._lock, self._told(), self._transaction():
            for receipt, values, hash_ in refused:
                self._bury(target, receipt, reason, _json(values), hash_, scheme, run, now)

    def _bury(
        self, target: int, each: Receipt, reason: str, values: str, hash_: int | None, scheme: str, run: str, now: float
    ) -> None:
        # the same row refused once more in another run is a retry that came to nothing
        self._sql.execute(
            "insert into dead_letters values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)"
            " on conflict (target, row) do update set reason = excluded.reason, code = excluded.code,"
            " message = excluded.message, field = excluded.field, scheme = excluded.scheme, last_at = excluded.last_at,"
            " retries = case when hash is not excluded.hash then 0 when run = excluded.run then retries"
            " else retries + 1 end, values_ = excluded.values_, hash = excluded.hash, run = excluded.run",
            (
                target, each.row, reason, each.code, each.message, each.field, values, hash_, scheme, run, now, now,
            ),
        )  # fmt: skip

    def applied(self, plan: str, push: str, run: str, version: int, counts: Mapping[str, int]) -> None:
        with self._lock, self._told(), self._transaction():
            self._sql.execute(
                "insert or replace into plans values (?, ?, ?, ?, ?, ?)",
                (plan, push, run, version, msgspec.json.encode(counts).decode(), _now()),
            )

    # -- dead letters ----------------------------------------------------------------------------------------------

    def dead_letters(self, push: str | None = None, target: int | None = None) -> list[DeadLetter]:
        """Rows that could not be written, oldest first."""
        rows = self._read(
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

    def dead_rows(self, target: int) -> dict[str, tuple[int | None, int, str]]:
        """Row -> (hash of what was refused, retries, who refused it)."""
        rows = self._read("select row, hash, retries, reason from dead_letters where target = ?", (target,))
        return {each["row"]: (each["hash"], each["retries"], each["reason"]) for each in rows}

    def exhume(self, target: int, rows: Sequence[str]) -> None:
        """Forget dead letters: their rows are no longer wanted, or are what is wanted already."""
        with self._lock, self._told(), self._transaction():
            self._sql.executemany(
                "delete from dead_letters where target = ? and row = ?", [(target, row) for row in rows]
            )

    # -- the file --------------------------------------------------------------------------------------------------

    def _read(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._lock, self._told():
            return self._sql.execute(sql, parameters).fetchall()

    def _among(self, sql: str, parameters: Sequence[object], keys: Sequence[str]) -> list[sqlite3.Row]:
        return self._read(sql.format(", ".join("?" * len(keys))), (*parameters, *keys))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._sql.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._sql.execute("rollback")
            raise
        self._sql.execute("commit")

    def _prepare(self) -> None:
        with self._transaction():
            version = int(self._sql.execute("pragma user_version").fetchone()[0])
            if version > FORMAT:
                raise StorageError(
                    f"{self.path} was written by a newer backhaul (format {version}, this one knows {FORMAT})",
                    next_step="install the newer version again",
                )
            if version == 0:
                for statement in CREATE:
                    self._sql.execute(statement)
                self._sql.execute(f"pragma user_version = {FORMAT}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._storage(error) from error

    def _storage(self, error: Exception) -> StorageError:
        return StorageError(
            f"the push ledger {self.path.name} cannot be used: {error}",
            next_step="free the disk or end the process that locks it, then run it again; nothing is sent without it",
        )


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), 5_000):
        yield keys[start : start + 5_000]


def _json(values: Texts) -> str:
    return msgspec.json.encode(dict(values)).decode()


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
