"""Applies a plan: looks at the records, commits intents, sends, commits receipts, reads back what got no answer."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from backhaul.errors import ApprovalNeeded, BackhaulError, ConfigError, Reauthorise, Wait
from backhaul.http.refusals import Stopped
from backhaul.protocol.connection import Connection
from backhaul.protocol.keys import unescape
from backhaul.protocol.results import RowAnswer
from backhaul.protocol.writes import OutRow, PartlySent, Target, choose, send
from backhaul.push.ledger import InFlight, Intent, Ledger, Receipt
from backhaul.push.plan import LISTED, FieldChange, ObjectPlan, Plan, PlanRow
from backhaul.push.planning import definition_of, grouped
from backhaul.push.readback import Current, Reader, settle, traced
from backhaul.push.report import PushReport, RowNote, Tally, Trouble
from backhaul.push.target import Object, Task
from backhaul.push.values import same, typed
from backhaul.telemetry.context import carried
from backhaul.telemetry.crashpoints import crash_point
from backhaul.telemetry.progress import SILENT, Progress, RowsWritten

SIDE_BY_SIDE = 4
"""Batches on their way at a time; the connection's limits say how fast they go."""
_ROUNDS = 3
"""How often a row whose answer is lost, and that was found not to be written, is sent in one run."""


@dataclass
class Setting:
    """What an apply runs in."""

    run: str
    open: Callable[[str], Connection]
    """Opens a connection by name; it stays the caller's to close."""
    who: str = ""
    progress: Progress = SILENT
    stop: threading.Event = field(default_factory=threading.Event)


def check_fresh(task: Task, plan: Plan, ledger: Ledger, version: int) -> None:
    """Refuse a plan that no longer says what would happen. Raises ConfigError, ApprovalNeeded."""
    stale = ""
    if (plan.customer, plan.push) != (task.customer, task.name):
        stale = f"it is a plan of push {plan.push} of {plan.customer}"
    elif plan.definition != definition_of(task):
        stale = "the push was changed after the plan was made"
    elif plan.version != version:
        stale = f"it was made from version {plan.version}, and version {version} is published"
    else:
        for each in plan.objects:
            target = ledger.target(each.connection, each.object, task.name)
            known = ledger.known(target, [row.row for row in each.rows])
            moved = [row.row for row in each.rows if row.row in known and known[row.row].attempt != row.attempt]
            if moved:
                stale = f"{len(moved)} of its rows were written after it was made, {each.place} {moved[0]} among them"
                break
    if stale:
        raise ConfigError(
            f"the plan is stale: {stale}",
            next_step=f"look at a new one: backhaul push plan {task.customer} {task.name}",
            customer=task.customer,
        )
    if plan.conflict == "fail" and plan.counts.conflict:
        first = next(row for each in plan.objects for row in each.conflicts)
        raise ApprovalNeeded(
            f"{plan.counts.conflict} records were changed since we wrote them: {first.row}: {first.reason}",
            next_step="look at them with `backhaul push plan`; `conflict: skip` or `overwrite` decides",
            customer=task.customer,
            record=first.row,
        )


def apply_plan(task: Task, plan: Plan, ledger: Ledger, setting: Setting, *, limit: int | None = None) -> PushReport:
    """Write what the plan says, at most `limit` rows of it. The push lease is held, the plan is fresh.

    Failures of rows and objects are in the report. Raises StorageError.
    """
    began = time.perf_counter()
    tally = Tally()
    room = limit if limit is not None else plan.rows
    objects = {(each.connection, each.name): each for each in task.objects}
    for each in plan.objects:
        rows = each.rows[:room]
        room -= len(rows)
        tally.left += len(each.rows) - len(rows)
        run = _ObjectApply(task, objects[each.connection, each.object], each, ledger, setting, tally)
        run.apply(rows)
        run.keep_refused()
    counts = plan.counts
    ledger.applied(plan.hash, plan.push, setting.run, plan.version, counts.as_map())
    return PushReport(
        customer=task.customer, push=task.name, run=setting.run, plan=plan, created=tally.created,
        updated=tally.updated, skipped=counts.skip + tally.same, notes=tuple(tally.notes),
        refused=tally.refused + counts.refused, unknown=tally.unknown, conflicts=tally.conflicts + counts.conflict,
        left=tally.left, troubles=tuple(tally.troubles), seconds=time.perf_counter() - began,
    )  # fmt: skip


def settle_left(task: Task, ledger: Ledger, setting: Setting) -> Tally:
    """Find out what became of rows that an earlier run sent and got no answer for. Nothing is written."""
    tally = Tally()
    objects = {(each.connection, each.name): each for each in task.objects}
    for connection, name, push in ledger.targets_in_flight():
        target = objects.get((connection, name))
        if push != task.name or target is None:
            continue
        number = ledger.target(connection, name, push)
        rows = ledger.in_flight(number)
        try:
            opened = setting.open(connection)
            receipts = settle(Reader(opened, target), target, _findable(target, rows))
        except BackhaulError as error:
            tally.troubles.append(Trouble.of(error, connection, name))
            tally.unknown += len(rows)
            continue
        ledger.receive(number, receipts)
        for each in receipts:
            tally.settled += each.state == "confirmed"
            tally.unknown += each.state == "unknown"
            if each.state in ("unknown", "refused"):
                tally.notes.append(_note(target, each))
    return tally


def _findable(object: Object, rows: Sequence[InFlight]) -> list[InFlight]:
    """Rows with what finds them again, where their write left a trace at the vendor."""
    traces = [write.trace for write in object.definition.writes.create if write.trace is not None]
    return [traced(object, row, traces[0]) if traces and row.action == "create" else row for row in rows]


class _ObjectApply:
    """The writes to one object."""

    def __init__(
        self, task: Task, object: Object, plan: ObjectPlan, ledger: Ledger, setting: Setting, tally: Tally
    ) -> None:
        self._task = task
        self._object = object
        self._plan = plan
        self._ledger = ledger
        self._setting = setting
        self._tally = tally
        self._number = ledger.target(object.connection, object.name, task.name)
        self._lock = threading.Lock()
        self._dead = threading.Event()

    def keep_refused(self) -> None:
        """Rows that the plan refused are dead letters, too."""
        kept = [
            (
                Receipt(each.row, "refused", code=each.code, message=each.reason, field=each.field),
                each.values,
                each.hash,
            )
            for each in self._plan.refused
            if each.row is not None and each.values is not None
        ]
        if kept:
            self._ledger.refuse(self._number, self._setting.run, kept, self._plan.scheme)

    def apply(self, rows: Sequence[PlanRow]) -> None:
        if not rows:
            return
        try:
            connection = self._setting.open(self._object.connection)
            match = rows[0].match
            target = choose(
                self._object.schema, self._object.definition, self._task.mode, len(rows), match[0] if match else None
            )
        except BackhaulError as error:
            self._fail(error, len(rows))
            return
        reader = Reader(connection, self._object)
        size = target.write.batch
        if self._looks(target, reader):
            # whole reads: a vendor that writes one record a call may still read hundreds
            size = max(size, reader.by_key_batch)
        chunks = [
            some[start : start + size] for some in grouped(target.write, rows) for start in range(0, len(some), size)
        ]
        work = carried(lambda chunk: self._chunk(connection, target, reader, chunk))
        with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(chunks)), thread_name_prefix="push") as pool:
            for future in [pool.submit(work, chunk) for chunk in chunks]:
                future.result()

    def _chunk(self, connection: Connection, target: Target, reader: Reader, rows: Sequence[PlanRow]) -> None:
        left = list(rows)
        for _ in range(_ROUNDS):
            if self._dead.is_set() or self._setting.stop.is_set() or not left:
                break
            try:
                left = self._look(target, reader, left)
            except BackhaulError as error:
                self._fail(error, 0)
                break
            again: list[PlanRow] = []
            size = target.write.batch
            for start in range(0, len(left), size):
                batch = left[start : start + size]
                if self._dead.is_set() or self._setting.stop.is_set():
                    again += batch
                    continue
                again += self._send(connection, target, reader, batch)
            left = again
        with self._lock:
            self._tally.left += len(left)

    # -- before the write ------------------------------------------------------------------------------------------

    def _looks(self, target: Target, reader: Reader) -> bool:
        return self._task.conflict != "overwrite" and target.write.job is None and reader.by_key_batch > 0

    def _look(self, target: Target, reader: Reader, rows: list[PlanRow]) -> list[PlanRow]:
        """The rows as the vendor's present values leave them: what is so already, or was changed, falls away."""
        keys = [row.key for row in rows if row.key is not None and row.action != "create"]
        if not keys or not self._looks(target, reader):
            return rows
        fields = list(dict.fromkeys(each.field for row in rows for each in row.changes))
        current = reader.by_key(keys, fields)
        kept: list[PlanRow] = []
        for row in rows:
            if row.key is None or row.action == "create":
                kept.append(row)
                continue
            found = current.get(row.key)
            if found is None:
                self._absent(row)
                continue
            changed = self._compared(row, found)
            if changed is not None:
                kept.append(changed)
        return kept

    def _absent(self, row: PlanRow) -> None:
        message = f"{self._object.place} has no record {row.key}"
        receipt = Receipt(row.row, "refused", code="ABSENT", message=message)
        dead = [(receipt, _after(row), row.hash)]
        self._ledger.refuse(self._number, self._setting.run, dead, self._plan.scheme, reason="vendor")
        with self._lock:
            self._tally.refused += 1
            self._note(receipt)

    def _compared(self, row: PlanRow, current: Current) -> PlanRow | None:
        changes: list[FieldChange] = []
        conflicts: list[str] = []
        for each in row.changes:
            if each.field not in current.values:
                changes.append(each)
                continue
            now = current.values[each.field]
            if self._same(now, each.after, each.field):
                continue
            if each.seen and not each.conflict and not self._same(now, each.before, each.field):
                conflicts.append(f"{each.field} was {each.before!r} and is {now!r}")
                continue
            changes.append(replace(each, before=now, seen=True))
        if conflicts:
            with self._lock:
                self._tally.conflicts += 1
                message = f"changed at the vendor since we read it: {'; '.join(conflicts)}"
                self._note(Receipt(row.row, "refused", code="CONFLICT", message=message), "conflict")
            if self._task.conflict == "fail":
                error = ApprovalNeeded(
                    f"{row.row} {message}", next_step="look at it, then plan again", record=row.row,
                    customer=self._task.customer, connection=self._object.connection, object=self._object.name,
                )  # fmt: skip
                self._fail(error, 0)
                return None
        if not changes:
            with self._lock:
                self._tally.same += 0 if conflicts else 1
            return None
        return replace(row, changes=tuple(changes), hash=None if conflicts else row.hash)

    def _same(self, one: str | None, other: str | None, name: str) -> bool:
        return same(one, other, self._object.field(name), self._object.step)

    # -- the write -------------------------------------------------------------------------------------------------

    def _send(self, connection: Connection, target: Target, reader: Reader, rows: Sequence[PlanRow]) -> list[PlanRow]:
        """Send one batch; the rows that are to be sent once more come back."""
        batch = uuid.uuid4().hex
        intents = [self._intent(row) for row in rows]
        self._ledger.intend(self._number, batch, self._setting.run, self._setting.who, intents, self._plan.scheme)
        crash_point("push_intent")
        error: BackhaulError | None = None
        answers: list[RowAnswer] = []
        try:
            answers = send(
                connection, target, [self._out(target, row) for row in rows],
                on_job=lambda job: self._ledger.job(batch, job),
            )  # fmt: skip
        except PartlySent as partly:
            answers, error = partly.answers, partly.error
        except BackhaulError as stopped:
            error = stopped
        crash_point("push_sent")
        receipts = self._receipts(target, rows, answers, error)
        if error is not None:
            self._fail(error, 0)
        self._ledger.receive(self._number, receipts)
        lost = {each.row for each in receipts if each.state == "unknown"}
        if lost and not isinstance(error, Stopped):
            receipts = [each for each in receipts if each.row not in lost] + self._read_back(reader, lost)
        return self._count(rows, receipts)

    def _receipts(
        self, target: Target, rows: Sequence[PlanRow], answers: Sequence[RowAnswer], error: BackhaulError | None
    ) -> list[Receipt]:
        by_id = {each.id: each for each in answers}
        # refused at the door: nothing of the call that was refused so was written
        untouched = isinstance(error, Reauthorise | Wait | Stopped) and target.write.job is None
        receipts = []
        for row in rows:
            answer = by_id.get(row.id)
            if answer is not None:
                receipts.append(
                    Receipt(
                        row.row, answer.state, answer.key, answer.changed, answer.code, answer.message, answer.field
                    )
                )
            else:
                said = error.what if error is not None else "no answer names it"
                receipts.append(Receipt(row.row, "planned" if untouched else "unknown", message=said))
        return receipts

    def _read_back(self, reader: Reader, lost: set[str]) -> list[Receipt]:
        flying = [row for row in self._ledger.in_flight(self._number) if row.row in lost]
        try:
            receipts = settle(reader, self._object, _findable(self._object, flying))
        except BackhaulError as error:
            self._fail(error, 0)
            return [Receipt(row.row, "unknown", message=row.message) for row in flying]
        self._ledger.receive(self._number, receipts)
        return receipts

    def _count(self, rows: Sequence[PlanRow], receipts: Sequence[Receipt]) -> list[PlanRow]:
        by_row = {row.row: row for row in rows}
        again: list[PlanRow] = []
        written = refused = 0
        with self._lock:
            for each in receipts:
                row = by_row[each.row]
                match each.state:
                    case "confirmed":
                        written += 1
                        self._tally.created += row.action == "create"
                        self._tally.updated += row.action != "create"
                    case "refused":
                        refused += 1
                        self._note(each)
                    case "unknown":
                        self._tally.unknown += 1
                        self._note(each)
                    case "planned":
                        again.append(row)
            self._tally.refused += refused
        event = RowsWritten(self._task.customer, self._object.connection, self._object.name, written, refused)
        self._setting.progress.on(event)
        return again

    def _intent(self, row: PlanRow) -> Intent:
        before = {each.field: each.before for each in row.changes if each.seen}
        action = "upsert" if self._task.mode == "upsert" else row.action
        return Intent(row.row, row.id, action, _after(row), before, row.key, row.match, row.hash)

    def _out(self, target: Target, row: PlanRow) -> OutRow:
        values = {each.field: typed(each.after, self._object.field(each.field)) for each in row.changes}
        key = unescape(row.key) if row.key is not None and len(self._object.schema.key) == 1 else row.key
        match = row.match[1] if row.match is not None and target.mode == "upsert" else None
        return OutRow(row.id, values, key, match)

    # -- notes -----------------------------------------------------------------------------------------------------

    def _fail(self, error: BackhaulError, left: int) -> None:
        """Nothing more is sent to this object."""
        self._dead.set()
        with self._lock:
            self._tally.left += left
            trouble = Trouble.of(error, self._object.connection, self._object.name)
            if trouble not in self._tally.troubles:
                self._tally.troubles.append(trouble)

    def _note(self, receipt: Receipt, state: str = "") -> None:
        if len(self._tally.notes) < LISTED:
            self._tally.notes.append(_note(self._object, receipt, state))


def _note(object: Object, receipt: Receipt, state: str = "") -> RowNote:
    return RowNote(
        object.connection,
        object.name,
        receipt.row,
        state or receipt.state,
        receipt.message,
        receipt.code,
        receipt.field,
    )


def _after(row: PlanRow) -> Mapping[str, str | None]:
    return {each.field: each.after for each in row.changes}
