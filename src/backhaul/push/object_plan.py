"""One object's part of a plan: the set-wise difference, each row of it judged, and what it will cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from backhaul.errors import ApprovalNeeded, ConfigError
from backhaul.protocol.connection import Connection
from backhaul.push import checks
from backhaul.push.costs import calls_of
from backhaul.push.diff import Candidate, Diff
from backhaul.push.entries import Dead, Known
from backhaul.push.judging import Judge
from backhaul.push.keys import keyed_of
from backhaul.push.ledger import Ledger
from backhaul.push.plan import LISTED, Counts, ObjectPlan, PlanRow, Untouched
from backhaul.push.readback import Reader, folded
from backhaul.push.rules import ALWAYS
from backhaul.push.target import Column, Object, Task
from backhaul.push.values import typed
from backhaul.push.wanted import Wanted

RETRIES = 5
"""Retries after which a dead letter is left alone."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Only rows among the dead letters are planned, those that were retried less often than this."""

    below: int = RETRIES


class ObjectPlanner:
    """Plans once. room: how many rows may still be written. connection: where the records are looked at first."""

    def __init__(
        self, task: Task, object: Object, wanted: Wanted, ledger: Ledger, retry: Retry | None, room: int,
        connection: Connection | None = None,
    ) -> None:  # fmt: skip
        self._task = task
        self._object = object
        self._wanted = wanted
        self._ledger = ledger
        self._retry = retry
        self._room = room
        self._reader = Reader(connection, object) if connection is not None else None
        self._target = ledger.target(object.connection, object.name, task.name)
        self._keyed = keyed_of(task, object, wanted)
        self._ways, self._fault = self._columns()
        self._dead = ledger.dead.of(self._target)
        self._rows: list[PlanRow] = []
        self._conflicts: list[Untouched] = []
        self._refused: list[Untouched] = []
        self._skipped = self._dead_rows = self._refused_count = self._kept = 0

    @property
    def _takes_away(self) -> bool:
        return self._retry is None and self._task.rules.gone != "keep"

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self._task, self._object, self._keyed, self._ways)

    def plan(self) -> ObjectPlan:
        scheme, rows, same, in_flight = "", 0, 0, 0
        if self._fault is not None:
            rows = self._wanted.count(self._object)
            self._refuse_all(rows)
        else:
            diff = Diff(
                self._wanted, self._object, self._ways, self._keyed, self._ledger, self._target,
                takes_away=self._takes_away,
            )  # fmt: skip
            scheme, rows, same, in_flight = diff.scheme, diff.rows, diff.same, diff.in_flight
            self._judge_diff(diff)
        does = [row.action for row in self._rows]
        calls = calls_of(self._task, self._object, self._rows)
        return ObjectPlan(
            connection=self._object.connection,
            object=self._object.name,
            scheme=scheme,
            counts=Counts(
                wanted=rows,
                create=does.count("create"),
                update=does.count("update"),
                delete=does.count("delete"),
                skip=same + self._skipped,
                kept=self._kept,
                conflict=len(self._conflicts),
                refused=self._refused_count,
                in_flight=in_flight,
                dead=self._dead_rows,
            ),
            calls=calls,
            share=calls / self._object.day if self._object.day else None,
            new_fields=self._object.new_fields if self._rows else (),
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
            self._judge_all(self._looked_at(chunk) if self._reader is not None else chunk)
        if self._takes_away:
            self._take_away(diff)

    # -- columns ---------------------------------------------------------------------------------------------------

    def _columns(self) -> tuple[list[Column], checks.Fault | None]:
        """Each column's way to its field. A column without one is wrong for every row."""
        ways: list[Column] = []
        faults: list[checks.Fault] = []
        write = {"update": "update", "upsert": "upsert", "mirror": "upsert"}.get(self._task.mode, "create")
        for column in self._wanted.columns:
            rule = self._task.rules.fields.get(column, ALWAYS)
            if rule.write == "never" or (column == self._keyed.column and not self._is_written(column)):
                continue
            way = self._object.way(column)
            if isinstance(way, str):
                faults.append(checks.Fault(column, "NO_FIELD", way))
                continue
            field = self._object.field(way.field)
            fault = checks.column_fault(self._object.place, field, write, self._object.guard(way.field))  # type: ignore[arg-type]  # one of the three
            if fault is not None and column not in (self._keyed.pair or ()):
                faults.append(fault)
            if rule.default is not None:
                self._check_default(column, field.name, rule.default)
            ways.append(replace(way, write=rule.write, default=rule.default))
        for column in self._task.rules.fields:
            self._wanted.column(column)
        if not faults:
            if ways:
                return ways, None
            faults.append(checks.Fault("", "NO_FIELD", "the select gives nothing but the key"))
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

    def _check_default(self, column: str, name: str, default: str) -> None:
        field = self._object.field(name)
        fault = checks.value_fault(field, default, misfit=False)
        try:
            typed(default, field)
        except (ValueError, ArithmeticError):
            fault = checks.value_fault(field, default, misfit=True)
        if fault is not None:
            raise ConfigError(
                f"push {self._task.name}: the default of {column} does not fit: {fault.reason}",
                next_step=f"correct `fields.{column}.default`",
                customer=self._task.customer,
                connection=self._object.connection,
                object=self._object.name,
            )

    def _is_written(self, column: str) -> bool:
        """The key is written too where it is a field of a new record."""
        if self._keyed.pair is not None:
            return True
        if self._object.ways is not None or self._object.named(column) not in self._object.schema.fields:
            return False
        if self._task.mode == "upsert" and self._keyed.field is not None:
            return self._object.upserts(self._keyed.field.name) is None
        return self._task.mode in ("create", "append") or (
            self._task.mode == "mirror" and self._keyed.field is not None
        )

    # -- rows ------------------------------------------------------------------------------------------------------

    def _looked_at(self, chunk: Sequence[Candidate]) -> list[Candidate]:
        """The rows with the values that the vendor holds now, where it has their records."""
        reader = self._reader
        if reader is None:
            return list(chunk)
        unmade = {each.name for each in self._object.new_fields}
        fields = [each.field for each in self._ways if each.field not in unmade]
        now = datetime.now(UTC)
        keys = [each.vendor_key for each in chunk if each.vendor_key is not None]
        current = reader.by_key(keys, fields) if keys and reader.by_key_batch else {}
        field = self._keyed.field
        unmet = [each.key_text for each in chunk if each.vendor_key is None and each.key_text is not None]
        matched = reader.by_match(field.name, unmet, fields) if field and unmet and reader.can_match else {}
        found: list[Candidate] = []
        for each in chunk:
            at_vendor = current.get(each.vendor_key or "")
            if each.vendor_key is None and each.key_text is not None:
                at_vendor = next(iter(matched.get(folded(each.key_text), ())), None)
            if at_vendor is None:
                found.append(each)
            else:
                found.append(
                    replace(
                        each,
                        seen=at_vendor.values,
                        vendor_key=at_vendor.key,
                        deleted=False,
                        read_at=now,
                        changed_at=None,
                    )
                )
        return found

    def _judge_all(self, chunk: Sequence[Candidate]) -> None:
        known = self._ledger.known(self._target, [each.row for each in chunk])
        keys = [each.vendor_key for each in chunk if each.vendor_key is not None]
        last = self._ledger.last_values(self._object.connection, self._object.name, keys)
        for each in chunk:
            if self._is_left(each):
                continue
            verdict = self._judge.judge(each, known.get(each.row), last.get(each.vendor_key or "", {}))
            if verdict.fault is not None:
                self._refuse(each.row, verdict.fault, each)
                continue
            if verdict.conflict is not None:
                self._conflicts.append(verdict.conflict)
            if verdict.write is not None:
                self._add(verdict.write)
            elif verdict.conflict is None:
                self._skipped += 1

    def _is_left(self, row: Candidate) -> bool:
        """A dead letter that is not to be sent now."""
        dead = self._dead.get(row.row)
        if self._retry is not None:
            return dead is None or dead.retries >= self._retry.below
        if dead is None or dead.reason != "vendor" or dead.hash != row.hash or self._is_due(dead):
            return False
        self._dead_rows += 1
        return True

    def _is_due(self, dead: Dead) -> bool:
        rules = self._task.rules
        return dead.retries < rules.retries and datetime.now(UTC) >= dead.last_at + rules.retry_after * 2**dead.retries

    def _take_away(self, diff: Diff) -> None:
        """Records that we made and that the select gives no more."""
        rows, self._kept = diff.gone()
        known: Mapping[str, Known] = self._ledger.known(self._target, rows)
        for row in rows:
            removal = self._judge.removal(known[row])
            if removal.action == "delete" or removal.changes:
                self._add(removal)

    def _add(self, row: PlanRow) -> None:
        if len(self._rows) >= self._room:
            raise ApprovalNeeded(
                f"the push {self._task.name} would write more than {self._task.rules.max_rows:,} rows",
                next_step="check its select; raise `max_rows` of the push if it is right",
                customer=self._task.customer,
                connection=self._object.connection,
                object=self._object.name,
            )
        self._rows.append(row)

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
