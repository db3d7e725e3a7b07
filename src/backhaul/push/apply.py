"""Applies a plan: makes the fields it needs, looks at the records, sends them, and says what became of each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from backhaul.errors import ApprovalNeeded, BackhaulError, ConfigError, VendorDown
from backhaul.protocol.connection import Connection
from backhaul.protocol.writes import Target
from backhaul.push.costs import grouped, is_found_first, looked_at_once, targets
from backhaul.push.entries import Receipt
from backhaul.push.ledger import Ledger
from backhaul.push.looking import Looker, Ready
from backhaul.push.own_fields import make_fields, under_their_names
from backhaul.push.plan import LISTED, ObjectPlan, Plan, PlanRow
from backhaul.push.planning import definition_of
from backhaul.push.readback import Reader, folded
from backhaul.push.report import HOPELESS, PushReport, Tally, Trouble
from backhaul.push.sending import Sender, Sent
from backhaul.push.settling import Settler
from backhaul.push.target import Object, Task
from backhaul.telemetry.context import carried
from backhaul.telemetry.crashpoints import crash_point
from backhaul.telemetry.progress import SILENT, Progress, RowsWritten

_ROUNDS = 3
"""How often a row that was found not to be written, or whose record changed in between, is sent in one run."""


@dataclass
class Setting:
    """What an apply runs in."""

    run: str
    open: Callable[[str], Connection]
    """Opens a connection by name; it stays the caller's to close."""
    who: str = ""
    progress: Progress = SILENT
    stop: threading.Event = field(default_factory=threading.Event)


def check_fresh(task: Task, plan: Plan, ledger: Ledger, version: int, *, approve: bool = False) -> None:
    """Refuse a plan that no longer says what would happen, or that waits for approval.

    Raises ConfigError, ApprovalNeeded.
    """
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
    if plan.stops and not approve:
        raise ApprovalNeeded(
            f"the push {task.name} waits for approval: {'; '.join(plan.stops)}",
            next_step=f"look at it with `backhaul push plan {task.customer} {task.name}`; if it is right, apply it with"
            " --approve",
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
        rows = _first(each.rows, room)
        room -= len(rows)
        tally.add(left=len(each.rows) - len(rows))
        run = _ObjectApply(task, objects[each.connection, each.object], each, ledger, setting)
        run.keep_refused()
        run.apply(rows)
        run.add_to(tally)
    counts = plan.counts
    if not plan.undoes:
        ledger.applied(plan.hash, plan.push, setting.run, plan.version, counts.as_map())
    crash_point("push_applied")
    return PushReport(
        customer=task.customer, push=task.name, run=setting.run, plan=plan, created=tally["created"],
        updated=tally["updated"], deleted=tally["deleted"], skipped=counts.skip + tally["same"],
        notes=tuple(tally.notes), refused=tally["refused"] + counts.refused, unknown=tally["unknown"],
        conflicts=tally["conflicts"] + counts.conflict, left=tally["left"], troubles=tuple(tally.troubles),
        window=tally.window, new_fields=tuple(tally.new_fields), seconds=time.perf_counter() - began,
    )  # fmt: skip


def _first(rows: Sequence[PlanRow], room: int) -> Sequence[PlanRow]:
    """A canary is of rows to write: what is to be taken away comes last."""
    if room >= len(rows):
        return rows
    return sorted(rows, key=lambda row: row.action == "delete")[:room]


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
            reader = Reader(setting.open(connection), target)
            receipts = Settler(reader, target, target.trace(task.rules.trace)).settle(rows)
        except BackhaulError as error:
            tally.trouble(Trouble.of(error, connection, name))
            tally.add(unknown=len(rows))
            continue
        ledger.receive(number, receipts)
        crash_point("push_settled")
        for each in receipts:
            tally.add(settled=each.state == "confirmed", unknown=each.state == "unknown")
            if each.state in ("unknown", "refused"):
                tally.note(target, each)
    return tally


class _ObjectApply:
    """The writes to one object."""

    def __init__(self, task: Task, object: Object, plan: ObjectPlan, ledger: Ledger, setting: Setting) -> None:
        self._task = task
        self._object = object
        self._plan = plan
        self._ledger = ledger
        self._setting = setting
        self._tally = Tally()
        self._number = ledger.target(object.connection, object.name, task.name)
        self._dead = threading.Event()

    def add_to(self, tally: Tally) -> None:
        tally.add(**self._tally.counts)
        tally.notes += self._tally.notes[: max(0, LISTED - len(tally.notes))]
        tally.troubles += [each for each in self._tally.troubles if each not in tally.troubles]
        tally.new_fields += self._tally.new_fields
        tally.saw_window(self._tally.window)

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
            self._ledger.dead.keep(self._number, self._setting.run, kept, self._plan.scheme)

    def apply(self, rows: Sequence[PlanRow]) -> None:
        if not rows:
            return
        try:
            connection = self._setting.open(self._object.connection)
            if self._plan.new_fields:
                rows = self._with_fields(connection, rows)
            chosen = targets(self._task, self._object, self._found_first(connection, rows))
        except BackhaulError as error:
            self._fail(error)
            self._tally.add(left=len(rows))
            return
        for target, some in chosen:
            if self._stops:
                # what is wanted is not there: nothing is taken away
                self._tally.add(left=len(some))
            else:
                self._travel(connection, target, some)

    def _with_fields(self, connection: Connection, rows: Sequence[PlanRow]) -> Sequence[PlanRow]:
        """Make what is still lacking of the fields that the plan names; the rows under the vendor's names of them."""
        lacking = {each.name for each in self._object.new_fields}
        fields = [each for each in self._plan.new_fields if each.name in lacking]
        made = make_fields(connection, self._object, fields)
        self._tally.new_fields += [f"{self._object.place}.{name}" for name in made]
        crash_point("push_fields")
        self._object, rows = under_their_names(self._object, rows, made)
        return rows

    def _found_first(self, connection: Connection, rows: Sequence[PlanRow]) -> Sequence[PlanRow]:
        """Rows to be made whose record is there become changes of it. Where several hold the value, none is chosen."""
        asked = {row.row: row.match for row in rows if row.match is not None and is_found_first(self._task, row)}
        if not asked:
            return rows
        reader = Reader(connection, self._object)
        if not reader.can_match:
            return rows
        field = next(iter(asked.values()))[0]
        found = reader.by_match(field, [value for _, value in asked.values()], ())
        left: list[PlanRow] = []
        for row in rows:
            held = found.get(folded(asked[row.row][1]), []) if row.row in asked else []
            if len(held) > 1:
                self._tell_apart(row, field, len(held))
            elif held:
                left.append(replace(row, action="update", write="update", key=held[0].key))
            else:
                left.append(row)
        return left

    def _tell_apart(self, row: PlanRow, field: str, count: int) -> None:
        said = f"{count} records of {self._object.place} hold this {field}: which one is meant is not known"
        receipt = Receipt(row.row, "refused", code="AMBIGUOUS", message=said, field=field)
        after = {each.field: each.after for each in row.changes}
        dead = [(receipt, after, row.hash)]
        self._ledger.dead.keep(self._number, self._setting.run, dead, self._plan.scheme, reason="vendor")
        self._tally.add(refused=1)
        self._tally.note(self._object, receipt)

    def _travel(self, connection: Connection, target: Target, rows: Sequence[PlanRow]) -> None:
        own = self._task.rules.trace
        trace = self._object.trace(own)
        looker = Looker(
            self._task, self._object, connection, target, self._ledger, self._number, self._plan.scheme,
            self._setting.run, self._tally,
        )  # fmt: skip
        sender = Sender(
            self._object, connection, target, Settler(looker.reader, self._object, trace), self._ledger, self._number,
            self._plan.scheme, self._setting.run, self._setting.who, trace if own else None, self._tally,
        )  # fmt: skip
        size = looked_at_once(self._object, target.write) if looker.looks(rows) else target.write.batch
        chunks = [
            some[start : start + size] for some in grouped(target.write, rows) for start in range(0, len(some), size)
        ]
        lanes = self._object.lanes
        # what was looked at together goes in calls of its own, side by side
        with (
            ThreadPoolExecutor(lanes, thread_name_prefix="send") as senders,
            ThreadPoolExecutor(min(lanes, len(chunks)), thread_name_prefix="push") as pool,
        ):
            work = carried(lambda chunk: self._chunk(target, looker, sender, chunk, senders))
            for future in [pool.submit(work, chunk) for chunk in chunks]:
                future.result()

    def _chunk(
        self, target: Target, looker: Looker, sender: Sender, rows: Sequence[PlanRow], senders: Executor
    ) -> None:
        def send(batch: Sequence[Ready]) -> Sequence[PlanRow]:
            return self._send(sender, batch)

        left = list(rows)
        for _ in range(_ROUNDS):
            if self._stops or not left:
                break
            try:
                ready = looker.look(left)
            except BackhaulError as error:
                self._fail(error)
                break
            crash_point("push_looked")
            size = target.write.batch
            batches = [ready[start : start + size] for start in range(0, len(ready), size)]
            again = senders.map(carried(send), batches)
            left = [row for rows_again in again for row in rows_again]
        self._tally.add(left=len(left))

    def _send(self, sender: Sender, batch: Sequence[Ready]) -> Sequence[PlanRow]:
        """The rows that are still to be sent."""
        if self._stops:
            return [each.row for each in batch]
        sent = sender.send(batch)
        if sent.error is not None:
            self._fail(sent.error)
        self._tell(sent)
        return sent.again

    @property
    def _stops(self) -> bool:
        if self._tally.is_hopeless and not self._dead.is_set():
            code = next(iter(self._tally.codes))
            self._fail(
                VendorDown(
                    f"the first {HOPELESS} rows and more were all refused with {code or 'the same answer'}, and"
                    " none was written: the rest is not sent",
                    next_step="look at the dead letters; it is not the rows that are wrong, more likely the push",
                )
            )
        return self._dead.is_set() or self._setting.stop.is_set()

    def _tell(self, sent: Sent) -> None:
        event = RowsWritten(
            self._task.customer, self._object.connection, self._object.name, sent.written, sent.refused
        )  # fmt: skip
        self._setting.progress.on(event)

    def _fail(self, error: BackhaulError) -> None:
        """Nothing more is sent to this object."""
        self._dead.set()
        self._tally.trouble(Trouble.of(error, self._object.connection, self._object.name))
