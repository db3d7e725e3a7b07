"""Makes a plan: the set-wise difference, and each row that came out of it judged field by field."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec

from backhaul.config.source import Write
from backhaul.errors import ApprovalNeeded, ConfigError, StorageError
from backhaul.protocol.schema import Field
from backhaul.protocol.writes import calls_for, choose
from backhaul.push import checks
from backhaul.push.diff import Candidate, Diff
from backhaul.push.keys import keyed_of
from backhaul.push.ledger import Known, Ledger, Written, row_id
from backhaul.push.plan import LISTED, Counts, FieldChange, ObjectPlan, Plan, PlanRow, Untouched
from backhaul.push.target import Column, Object, Task
from backhaul.push.values import same, text_of, typed
from backhaul.push.wanted import Engine, Snapshot, Wanted

GIVE_UP = 5
"""Retries after which a dead letter is left alone."""
Dead = Mapping[str, tuple[int | None, int, str]]


@dataclass(frozen=True, slots=True)
class Retry:
    """Only rows among the dead letters are planned, those that were retried less often than this."""

    below: int = GIVE_UP


def make_plan(
    task: Task, snapshot: Snapshot, ledger: Ledger, scratch: Path, *, engine: Engine | None = None,
    retry: Retry | None = None,
) -> Plan:  # fmt: skip
    """What the push would write now. Nothing is sent, nothing is changed.

    Raises ConfigError for a select or a push that cannot work, ApprovalNeeded where it would write too many rows.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix="push-", dir=scratch) as folder,
        Wanted(task, snapshot, Path(folder), engine or Engine()) as wanted,
    ):
        objects, refused, lost = _objects(task, wanted)
        plans: list[ObjectPlan] = []
        room = task.max_rows
        for each in objects:
            try:
                made = _ObjectPlanner(task, each, wanted, ledger, retry, room).plan()
            except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
                raise StorageError(
                    f"the rows of the push {task.name} could not be compared: {str(error).splitlines()[0]}",
                    next_step="free the disk, or raise the destination's memory_limit",
                    customer=task.customer,
                ) from error
            room -= len(made.rows)
            plans.append(made)
    return Plan(
        customer=task.customer,
        push=task.name,
        mode=task.mode,
        conflict=task.conflict,
        version=snapshot.version,
        definition=definition_of(task),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        objects=tuple(plans),
        refused=tuple(refused),
        lost=lost,
    ).sealed()


def definition_of(task: Task) -> str:
    """A fingerprint of what the push is: a plan of another is not applied."""
    content = [task.select, task.mode, task.key, task.conflict, task.entity, [each.place for each in task.objects]]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]


def _objects(task: Task, wanted: Wanted) -> tuple[list[Object], list[Untouched], int]:
    """The objects that rows go to; an entity's rows say so in their ids."""
    if task.entity is None:
        return list(task.objects), [], 0
    known = {(each.connection, each.name): each for each in task.objects}
    found: list[Object] = []
    refused: list[Untouched] = []
    lost = 0
    for connection, name, rows in wanted.places():
        target = known.get((connection or "", name or ""))
        if target is not None:
            found.append(target)
            continue
        lost += rows
        where = (
            "an id is empty, or not connection:object:key"
            if connection is None
            else f"no {task.entity} come from {connection}:{name}"
        )
        refused.append(Untouched(None, f"{where} ({rows} rows)", "NO_TARGET"))
    return found, refused, lost


class _ObjectPlanner:
    """One object's part of the plan."""

    def __init__(
        self, task: Task, object: Object, wanted: Wanted, ledger: Ledger, retry: Retry | None, room: int
    ) -> None:
        self._task = task
        self._object = object
        self._wanted = wanted
        self._ledger = ledger
        self._retry = retry
        self._room = room
        self._target = ledger.target(object.connection, object.name, task.name)
        self._keyed = keyed_of(task, object, wanted)
        self._ways, self._fault = self._columns()
        self._dead = ledger.dead_rows(self._target)
        self._rows: list[PlanRow] = []
        self._conflicts: list[Untouched] = []
        self._refused: list[Untouched] = []
        self._skipped = self._dead_rows = self._refused_count = 0

    def plan(self) -> ObjectPlan:
        scheme, rows, same, in_flight = "", 0, 0, 0
        if self._fault is not None:
            rows = self._wanted.count(self._object)
            self._refuse_all(rows)
        else:
            diff = Diff(self._wanted, self._object, self._ways, self._keyed, self._ledger, self._target)
            scheme, rows, same, in_flight = diff.scheme, diff.rows, diff.same, diff.in_flight
            self._judge_diff(diff)
        creates = sum(row.action == "create" for row in self._rows)
        return ObjectPlan(
            connection=self._object.connection,
            object=self._object.name,
            scheme=scheme,
            counts=Counts(
                wanted=rows,
                create=creates,
                update=len(self._rows) - creates,
                skip=same + self._skipped,
                conflict=len(self._conflicts),
                refused=self._refused_count,
                in_flight=in_flight,
                dead=self._dead_rows,
            ),
            calls=self._calls(),
            # in the order of their keys: two plans can be compared line by line
            rows=tuple(sorted(self._rows, key=lambda each: each.row)),
            conflicts=tuple(sorted(self._conflicts, key=lambda each: each.row or "")),
            refused=tuple(sorted(self._refused, key=lambda each: each.row or "")),
        )

    def _judge_diff(self, diff: Diff) -> None:
        for row, count in diff.repeated():
            self._refuse(row, checks.Fault("", "REPEATED_KEY", f"{count} rows of the select have the key {row}"), None)
            self._refused_count += count - 1
        if diff.nameless:
            reason = f"{diff.nameless} rows of the select have no key"
            self._refused.append(Untouched(None, reason, "NO_KEY"))
            self._refused_count += diff.nameless
        for chunk in diff.candidates():
            self._judge_all(chunk)

    # -- columns ---------------------------------------------------------------------------------------------------

    def _columns(self) -> tuple[list[Column], checks.Fault | None]:
        """Each column's way to its field. A column without one is wrong for every row."""
        ways: list[Column] = []
        faults: list[checks.Fault] = []
        for column in self._wanted.columns:
            if column == self._keyed.column and not self._is_written(column):
                continue
            way = self._object.way(column)
            if isinstance(way, str):
                faults.append(checks.Fault(column, "NO_FIELD", way))
                continue
            fault = checks.column_fault(self._object.place, self._object.field(way.field), self._task.mode)
            if fault is not None:
                faults.append(fault)
            ways.append(way)
        if not faults:
            if not ways:
                faults.append(checks.Fault("", "NO_FIELD", "the select gives nothing but the key"))
            else:
                return ways, None
        if self._task.entity is None:
            raise ConfigError(
                f"the push {self._task.name} cannot write to {self._object.place}",
                problems=tuple(fault.reason for fault in faults),
                next_step="correct the select's columns; `backhaul discover` shows the object's fields",
                customer=self._task.customer,
                connection=self._object.connection,
                object=self._object.name,
            )
        together = "; ".join(fault.reason for fault in faults)
        return ways, checks.Fault(faults[0].field, faults[0].code, together)

    def _is_written(self, column: str) -> bool:
        """The key is written too where it is a field of a new record."""
        return self._task.mode == "create" and self._object.ways is None and column in self._object.schema.fields

    # -- rows ------------------------------------------------------------------------------------------------------

    def _judge_all(self, chunk: Sequence[Candidate]) -> None:
        known = self._ledger.known(self._target, [each.row for each in chunk])
        keys = [each.vendor_key for each in chunk if each.vendor_key is not None]
        last = self._ledger.last_values(self._object.connection, self._object.name, keys)
        for each in chunk:
            self._judge(each, known.get(each.row), last.get(each.vendor_key or "", {}))

    def _judge(self, row: Candidate, known: Known | None, last: Written) -> None:
        dead = self._dead.get(row.row)
        if self._retry is not None:
            if dead is None or dead[1] >= self._retry.below:
                return
        elif dead is not None and dead[2] == "vendor" and dead[0] == row.hash:
            self._dead_rows += 1
            return
        action = self._action(row, known)
        if action is None:
            self._skipped += 1
            return
        if row.deleted:
            self._refuse(row.row, checks.Fault("", "DELETED", f"{row.row} was deleted at the vendor"), row)
            return
        changes, conflicts = self._changes(row, action, known, last)
        values = dict(row.wanted)
        faults = [
            checks.value_fault(self._object.field(each.field), each.after, misfit=each.field in row.misfits)
            for each in changes
        ]
        if action == "create":
            if self._keyed.field is not None:
                values[self._keyed.field.name] = row.key_text
            faults.append(checks.missing(self._object.schema, values))
        fault = next((each for each in faults if each is not None), None)
        if fault is not None:
            self._refuse(row.row, fault, row)
            return
        if conflicts:
            reason = f"{', '.join(each.field for each in conflicts)}: changed at the vendor since we wrote it"
            self._conflicts.append(Untouched(row.row, reason, "CONFLICT", conflicts[0].field, tuple(conflicts)))
        if changes:
            self._add(row, action, changes, known, whole=not conflicts)
        elif not conflicts:
            self._skipped += 1

    def _action(self, row: Candidate, known: Known | None) -> str | None:
        """None: it is there already."""
        if self._task.mode == "update":
            return "update"
        there = row.vendor_key is not None or (known is not None and known.confirmed_at is not None)
        if self._task.mode == "create":
            return None if there else "create"
        return "update" if there else "create"

    def _changes(
        self, row: Candidate, action: str, known: Known | None, last: Written
    ) -> tuple[list[FieldChange], list[FieldChange]]:
        """What to write, and what not because somebody else wrote there."""
        if action == "create":
            given = {name: value for name, value in row.wanted.items() if value not in (None, "")}
            return [FieldChange(name, None, self._tidy(name, value)) for name, value in given.items()], []
        ours = dict(known.values) if known is not None else {}
        ours |= {name: (v, at) for name, (v, at) in last.items() if name not in ours or ours[name][1] <= at}
        changes: list[FieldChange] = []
        conflicts: list[FieldChange] = []
        for name, wanted in row.wanted.items():
            field = self._object.field(name)
            written = ours.get(name)
            seen = row.seen is not None and name in row.seen
            held = row.seen[name] if row.seen is not None and seen else None
            if written is None and seen and wanted == held:
                continue
            newer = seen and (written is None or self._is_newer(row, written[1], known))
            before = held if newer or written is None else written[0]
            if (seen or written is not None) and self._same(wanted, before, field):
                continue
            conflict = bool(newer and written is not None and not self._same(held, written[0], field))
            change = FieldChange(
                name, self._tidy(name, before), self._tidy(name, wanted), seen or written is not None, conflict
            )
            (conflicts if conflict and self._task.conflict != "overwrite" else changes).append(change)
        return changes, conflicts

    def _is_newer(self, row: Candidate, written_at: datetime, known: Known | None) -> bool:
        """Whether the raw table was read after we wrote."""
        if known is not None and known.confirmed_at == written_at and known.changed is not None and row.changed_at:
            return row.changed_at >= known.changed
        return row.read_at is not None and row.read_at > written_at

    def _same(self, one: str | None, other: str | None, field: Field) -> bool:
        return same(one, other, field, self._object.step)

    def _tidy(self, name: str, text: str | None) -> str | None:
        """The value as it is shown and sent: text stays as it is, everything else is spelt plainly."""
        field = self._object.field(name)
        if text is None or field.type in ("text", "json"):
            return text or None
        try:
            return text_of(typed(text, field))
        except (ValueError, ArithmeticError):
            return text

    def _add(
        self, row: Candidate, action: str, changes: Sequence[FieldChange], known: Known | None, *, whole: bool
    ) -> None:
        if len(self._rows) >= self._room:
            raise ApprovalNeeded(
                f"the push {self._task.name} would write more than {self._task.max_rows:,} rows",
                next_step="check its select; raise `max_rows` of the push if it is right",
                customer=self._task.customer,
                connection=self._object.connection,
                object=self._object.name,
            )
        task, target = self._task, self._object
        key = row.vendor_key or (known.vendor_key if known is not None else None)
        match: tuple[str, str] | None = None
        if self._keyed.field is not None and row.key_text is not None:
            match = (self._keyed.field.name, row.key_text)
        elif action == "create":
            match = self._unique(changes)
        elif task.mode == "update":
            key = key or row.row
        self._rows.append(
            PlanRow(
                id=row_id(task.customer, target.connection, target.name, task.name, row.row),
                action=action,  # type: ignore[arg-type]  # one of the three by construction
                row=row.row,
                changes=tuple(changes),
                key=key,
                match=match,
                hash=row.hash if whole else None,
                attempt=known.attempt if known is not None else 0,
            )
        )

    def _unique(self, changes: Sequence[FieldChange]) -> tuple[str, str] | None:
        """What finds a new record again if its answer is lost."""
        for each in changes:
            if self._object.field(each.field).unique and each.after:
                return each.field, each.after
        return None

    def _refuse(self, row: str, fault: checks.Fault, candidate: Candidate | None) -> None:
        self._refused_count += 1
        if len(self._refused) < LISTED:
            values = dict(candidate.wanted) if candidate is not None else None
            hash_ = candidate.hash if candidate is not None else 0
            self._refused.append(Untouched(row, fault.reason, fault.code, fault.field, (), hash_, values))

    def _refuse_all(self, rows: int) -> None:
        fault = self._fault
        if fault is not None:
            self._refused_count += rows
            reason = f"{fault.reason} ({rows} rows of {self._object.place})"
            self._refused.append(Untouched(None, reason, fault.code, fault.field))

    # -- calls -----------------------------------------------------------------------------------------------------

    def _calls(self) -> int:
        if not self._rows:
            return 0
        match = self._rows[0].match
        target = choose(
            self._object.schema, self._object.definition, self._task.mode, len(self._rows), match[0] if match else None
        )
        writing = sum(calls_for(target, len(rows)) for rows in grouped(target.write, self._rows))
        return writing + reading_calls(self._task, self._object, target.write, self._rows)


def grouped(write: Write, rows: Sequence[PlanRow]) -> list[Sequence[PlanRow]]:
    """Rows that may travel together. A job's file has one set of columns: an empty cell must not stand for a field
    that is to be left alone.
    """
    if write.job is None:
        return [rows]
    groups: dict[frozenset[str], list[PlanRow]] = {}
    for row in rows:
        groups.setdefault(frozenset(each.field for each in row.changes), []).append(row)
    return list(groups.values())


def reading_calls(task: Task, object: Object, write: Write, rows: Sequence[PlanRow]) -> int:
    """How many calls it takes to look at the records just before they are written; 0 where that is not done."""
    if task.conflict == "overwrite" or write.job is not None:
        return 0
    keyed = sum(row.action != "create" and row.key is not None for row in rows)
    reads = object.definition.reads.by_key
    return -(-keyed // reads[0].batch) if reads else 0


def without(plan: Plan, keep: int) -> Plan:
    """The plan's first rows only: a canary. It is another plan, with another hash."""
    objects: list[ObjectPlan] = []
    for each in plan.objects:
        objects.append(replace(each, rows=each.rows[:keep]))
        keep -= len(each.rows[:keep])
    return replace(plan, objects=tuple(objects)).sealed()
