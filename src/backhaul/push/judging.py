"""Judges one row that is not plainly as it should be: what to write of it, what not, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from backhaul.config.push import WriteWhen
from backhaul.protocol.schema import Field
from backhaul.push import checks
from backhaul.push.diff import Candidate, Keyed
from backhaul.push.entries import Known, Written, row_id
from backhaul.push.plan import FieldChange, PlanRow, Untouched
from backhaul.push.rules import stricter
from backhaul.push.target import Column, Object, Task
from backhaul.push.values import same, text_of, typed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes of a row: a write, a conflict, both of its parts, a fault; or nothing, where it is as it should be."""

    write: PlanRow | None = None
    conflict: Untouched | None = None
    fault: checks.Fault | None = None


AS_IT_SHOULD_BE = Verdict()


class Judge:
    """The rows of one object."""

    def __init__(self, task: Task, object: Object, keyed: Keyed, ways: Sequence[Column]) -> None:
        self._task = task
        self._object = object
        self._keyed = keyed
        self._when: dict[str, WriteWhen] = {
            way.field: stricter(way.write, object.guard(way.field).write) for way in ways
        }

    def judge(self, row: Candidate, known: Known | None, last: Written) -> Verdict:
        """known: what the ledger has of the row. last: what any push confirmed last of the record's fields."""
        action = self._action(row, known)
        if action is None:
            return AS_IT_SHOULD_BE
        if row.deleted:
            return Verdict(fault=checks.Fault("", "DELETED", f"{row.row} was deleted at the vendor"))
        changes, conflicts = self._changes(row, action, known, last)
        fault = self._fault(row, action, changes)
        if fault is not None:
            return Verdict(fault=fault)
        conflict = None
        if conflicts:
            reason = f"{', '.join(each.field for each in conflicts)}: changed at the vendor since we wrote it"
            conflict = Untouched(row.row, reason, "CONFLICT", conflicts[0].field, tuple(conflicts))
        write = self._row(row, action, changes, known, whole=not conflicts) if changes else None
        return Verdict(write, conflict)

    def removal(self, known: Known) -> PlanRow:
        """Of a record that we made and that is wanted no more: it goes, or some of its fields are set."""
        gone = self._task.rules.gone
        held = {name: value for name, (value, _) in known.values.items()}
        if isinstance(gone, Mapping):
            changes = [
                FieldChange(name, held.get(name), value, name in held)
                for name, value in ((self._object.named(each), value) for each, value in gone.items())
                if name not in held or not self._same(value, held[name], name)
            ]
        else:
            changes = [FieldChange(name, value, None) for name, value in held.items()]
        action: Literal["update", "delete"] = "update" if isinstance(gone, Mapping) else "delete"
        return PlanRow(
            id=self._id(known.row), action=action, row=known.row, changes=tuple(changes), write=action,
            key=known.vendor_key, attempt=known.attempt,
        )  # fmt: skip

    # -- what to do ------------------------------------------------------------------------------------------------

    def _action(self, row: Candidate, known: Known | None) -> Literal["create", "update"] | None:
        """None: it is there already."""
        if self._task.mode == "update":
            return "update"
        there = row.vendor_key is not None or (known is not None and known.confirmed_at is not None)
        if self._task.mode in ("create", "append", "associate"):
            return None if there else "create"
        return "update" if there else "create"

    def _fault(self, row: Candidate, action: str, changes: Sequence[FieldChange]) -> checks.Fault | None:
        for each in changes:
            field = self._object.field(each.field)
            fault = checks.value_fault(field, each.after, misfit=each.field in row.misfits)
            if fault is not None:
                return fault
            if action == "update" and not field.updatable:
                return checks.unwritable(self._object.place, field, "update")
        if action != "create":
            return None
        values = dict(row.wanted)
        if self._keyed.field is not None:
            values[self._keyed.field.name] = row.key_text
        return checks.missing(self._object.schema, values)

    def _changes(
        self, row: Candidate, action: str, known: Known | None, last: Written
    ) -> tuple[list[FieldChange], list[FieldChange]]:
        """What to write, and what not because somebody else wrote there."""
        if action == "create":
            given = {name: value for name, value in row.wanted.items() if value not in (None, "")}
            # it may be there after all, where the write does either: what it holds is not known then
            either = self._task.mode in ("upsert", "mirror") and self._keyed.field is not None
            return [
                FieldChange(name, None, self._tidy(name, value), not either, write=self._hanging(name))
                for name, value in given.items()
                if self._when.get(name, "always") != "update" or self._hanging(name) == "update"
            ], []
        ours = dict(known.values) if known is not None else {}
        ours |= {name: (v, at) for name, (v, at) in last.items() if name not in ours or ours[name][1] <= at}
        changes: list[FieldChange] = []
        conflicts: list[FieldChange] = []
        for name, wanted in row.wanted.items():
            when = self._when.get(name, "always")
            if when == "create":
                continue
            written = ours.get(name)
            seen = row.seen is not None and name in row.seen
            held = row.seen[name] if row.seen is not None and seen else None
            if written is None and seen and wanted == held:
                continue
            newer = seen and (written is None or _is_newer(row, written[1], known))
            before = held if newer or written is None else written[0]
            if (seen or written is not None) and self._same(wanted, before, name):
                continue
            if when == "empty" and before not in (None, ""):
                continue
            conflict = bool(newer and written is not None and not self._same(held, written[0], name))
            change = FieldChange(
                name, self._tidy(name, before), self._tidy(name, wanted), seen or written is not None, conflict,
                "empty" if when == "empty" else "always",
            )  # fmt: skip
            overwritten = self._task.conflict == "overwrite" or when == "empty"
            (conflicts if conflict and not overwritten else changes).append(change)
        return changes, conflicts

    def _hanging(self, name: str) -> WriteWhen:
        """Whether the record turns out to be there decides over this field."""
        return self._when.get(name, "always") if self._keyed.field is not None else "always"

    # -- pieces ----------------------------------------------------------------------------------------------------

    def _row(
        self, row: Candidate, action: Literal["create", "update"], changes: Sequence[FieldChange],
        known: Known | None, *, whole: bool,
    ) -> PlanRow:  # fmt: skip
        key = row.vendor_key or (known.vendor_key if known is not None else None)
        match: tuple[str, str] | None = None
        if self._keyed.field is not None and row.key_text is not None:
            match = (self._keyed.field.name, row.key_text)
        elif action == "create":
            match = self._unique(changes)
        elif self._task.mode == "update":
            key = key or row.row
        return PlanRow(
            id=self._id(row.row),
            action=action,
            row=row.row,
            changes=tuple(changes),
            write=self._write(action, key, match),
            key=key,
            match=match,
            hash=row.hash if whole else None,
            attempt=known.attempt if known is not None else 0,
        )

    def _write(
        self, action: Literal["create", "update"], key: str | None, match: tuple[str, str] | None
    ) -> Literal["create", "update", "upsert"]:
        """Which of the vendor's writes does it."""
        keyed = self._keyed.field
        if self._task.mode == "upsert":
            return "upsert" if keyed is None or self._object.upserts(keyed.name) else action
        if self._task.mode != "mirror" or keyed is None or match is None or not self._object.upserts(keyed.name):
            return action
        return "update" if action == "update" and key is not None else "upsert"

    def _unique(self, changes: Sequence[FieldChange]) -> tuple[str, str] | None:
        """What finds a new record again if its answer is lost."""
        for each in changes:
            if self._object.field(each.field).unique and each.field not in self._object.schema.key and each.after:
                return each.field, each.after
        return None

    def _id(self, row: str) -> str:
        return row_id(self._task.customer, self._object.connection, self._object.name, self._task.name, row)

    def _same(self, one: str | None, other: str | None, name: str) -> bool:
        return same(one, other, self._object.field(name), self._object.step)

    def _tidy(self, name: str, text: str | None) -> str | None:
        return tidy(self._object.field(name), text)


def tidy(field: Field, text: str | None) -> str | None:
    """The value as it is shown and sent: text stays as it is, everything else is spelt plainly."""
    if text is None or field.type in ("text", "json"):
        return text or None
    try:
        return text_of(typed(text, field))
    except (ValueError, ArithmeticError):
        return text


def _is_newer(row: Candidate, written_at: datetime, known: Known | None) -> bool:
    """Whether the record was read after we wrote."""
    if known is not None and known.confirmed_at == written_at and known.changed is not None and row.changed_at:
        return row.changed_at >= known.changed
    return row.read_at is not None and row.read_at > written_at
