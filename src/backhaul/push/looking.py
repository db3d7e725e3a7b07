"""Looks at the records just before they are written: what is so already, or was changed by others, falls away."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from backhaul.errors import ApprovalNeeded
from backhaul.protocol import render
from backhaul.protocol.connection import Connection
from backhaul.protocol.writes import Target
from backhaul.push.costs import looks
from backhaul.push.entries import Receipt
from backhaul.push.ledger import Ledger
from backhaul.push.plan import FieldChange, PlanRow
from backhaul.push.readback import Current, Reader, folded
from backhaul.push.report import Tally
from backhaul.push.target import Object, Task
from backhaul.push.values import same


@dataclass(frozen=True, slots=True)
class Ready:
    """A row as it is to be sent. version: what the record told of its version when it was read. looked_at: on our
    monotonic clock; None where it was not looked at.
    """

    row: PlanRow
    version: Any = None
    looked_at: float | None = None


class Looker:
    """The records of one object, for one of the vendor's writes."""

    def __init__(
        self, task: Task, object: Object, connection: Connection, target: Target, ledger: Ledger, number: int,
        scheme: str, run: str, tally: Tally,
    ) -> None:  # fmt: skip
        self.reader = Reader(connection, object)
        self._task = task
        self._object = object
        self._target = target
        self._ledger = ledger
        self._number = number
        self._scheme = scheme
        self._run = run
        self._tally = tally
        version = target.write.version
        self._version: str | None = None
        if version is not None:
            self._version = str(render.text(version.field, connection.bindings(object.schema, object.definition)))

    def looks(self, rows: Sequence[PlanRow]) -> bool:
        return looks(self._task, self._object, self._target.write, rows)

    def look(self, rows: Sequence[PlanRow]) -> list[Ready]:
        """What is still to be sent. Raises ApprovalNeeded where the push is to fail at a conflict."""
        if not self.looks(rows):
            return [Ready(row) for row in rows]
        fields = list(dict.fromkeys(each.field for row in rows for each in row.changes))
        if self._version is not None:
            fields.append(self._version)
        keyed = [row.key for row in rows if row.key is not None and row.action != "create"]
        by_key = self.reader.by_key(keyed, fields) if keyed and self.reader.by_key_batch else None
        matched = self._matched(rows, fields)
        now = time.monotonic()
        ready: list[Ready] = []
        for row in rows:
            found = matched.get(row.row)
            if found is not None:
                row = replace(row, action="update", key=found.key)
            elif row.action == "create" or row.key is None or by_key is None:
                ready.append(Ready(row))
                continue
            else:
                found = by_key.get(row.key)
            if found is None:
                self._absent(row)
                continue
            changed = self._compared(row, found)
            if changed is not None:
                version = found.raw.get(self._version) if self._version is not None else None
                if self._version is not None and version is None:
                    self._refused(row, "NO_VERSION", f"{self._object.place} {row.key} tells no {self._version}")
                else:
                    ready.append(Ready(changed, version, now))
        return ready

    def _matched(self, rows: Sequence[PlanRow], fields: Sequence[str]) -> dict[str, Current]:
        """New rows whose record turns out to be there, where fields hang on that."""
        asked = {
            row.row: row.match
            for row in rows
            if row.action == "create" and row.write == "upsert" and row.match is not None
            and any(each.write != "always" for each in row.changes)
        }  # fmt: skip
        if not asked or not self.reader.can_match:
            return {}
        field = next(iter(asked.values()))[0]
        found = self.reader.by_match(field, [value for _, value in asked.values()], fields)
        return {row: found[folded(value)][0] for row, (_, value) in asked.items() if found.get(folded(value))}

    # -- one record ------------------------------------------------------------------------------------------------

    def _compared(self, row: PlanRow, current: Current) -> PlanRow | None:
        changes: list[FieldChange] = []
        conflicts: list[str] = []
        for each in row.changes:
            if each.field not in current.values:
                changes.append(each)
                continue
            now = current.values[each.field]
            if each.write == "create" or (each.write == "empty" and now is not None):
                continue
            moved = each.seen and not each.conflict and not self._same(now, each.before, each.field)
            if row.action != "delete" and self._same(now, each.after, each.field):
                continue
            if moved and self._task.conflict != "overwrite" and each.write != "empty":
                conflicts.append(f"{each.field} was {each.before!r} and is {now!r}")
                continue
            changes.append(replace(each, before=now, seen=True))
        if conflicts:
            self._conflict(row, conflicts)
            if row.action == "delete":
                return None
        if not changes:
            self._tally.add(same=0 if conflicts else 1)
            return None
        return replace(row, changes=tuple(changes), hash=None if conflicts else row.hash)

    def _conflict(self, row: PlanRow, conflicts: Sequence[str]) -> None:
        message = f"changed at the vendor since we read it: {'; '.join(conflicts)}"
        self._tally.add(conflicts=1)
        self._tally.note(self._object, Receipt(row.row, "refused", code="CONFLICT", message=message), "conflict")
        if self._task.conflict == "fail":
            raise ApprovalNeeded(
                f"{row.row} {message}", next_step="look at it, then plan again", record=row.row,
                customer=self._task.customer, connection=self._object.connection, object=self._object.name,
            )  # fmt: skip

    def _absent(self, row: PlanRow) -> None:
        if row.action == "delete":
            # somebody was quicker: noted as done, so that it is not planned again
            self._ledger.gone_already(self._number, row.row)
            self._tally.add(same=1)
            return
        self._refused(row, "ABSENT", f"{self._object.place} has no record {row.key}")

    def _refused(self, row: PlanRow, code: str, message: str) -> None:
        receipt = Receipt(row.row, "refused", code=code, message=message)
        after = {each.field: each.after for each in row.changes}
        self._ledger.dead.keep(self._number, self._run, [(receipt, after, row.hash)], self._scheme, reason="vendor")
        self._tally.add(refused=1)
        self._tally.note(self._object, receipt)

    def _same(self, one: str | None, other: str | None, name: str) -> bool:
        return same(one, other, self._object.field(name), self._object.step)
