"""Looks at the records just before they are written: what is so already, or was changed by others, falls away."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from backhaul.errors import ApprovalNeeded
from backhaul.protocol import render
from backhaul.protocol.connection import Connection
from backhaul.protocol.writes import Target
from backhaul.push.costs import is_looked_for, looks
from backhaul.push.entries import Receipt
from backhaul.push.ledger import Ledger
from backhaul.push.plan import FieldChange, PlanRow
from backhaul.push.readback import Current, Reader, folded
from backhaul.push.report import Tally
from backhaul.push.target import Object, Task
from backhaul.push.values import same, typed

_CLOCKS = timedelta(seconds=2)
"""How far our clock and the vendor's may be apart without our knowing."""
_LONGEST = 10.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A row as it is to be sent. version: what the record told of its version when it was read. looked_at: on our
    monotonic clock; None where it was not looked at.
    """

    row: PlanRow
    version: Any = None
    looked_at: float | None = None
    absent: bool = False
    """It was looked for, and is not there: if it is afterwards, we made it."""


class Looker:
    """The records of one object, for one of the vendor's writes."""

    def __init__(
        self, task: Task, object: Object, connection: Connection, target: Target, ledger: Ledger, number: int,
        scheme: str, run: str, tally: Tally,
    ) -> None:  # fmt: skip
        self.reader = Reader(connection, object)
        self._connection = connection
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
        if self.reader.sees_links:
            return self._links(rows)
        if not self.looks(rows):
            return [Ready(row) for row in rows]
        found = self._read(rows)
        if self._wait_for_versions(found):
            found = self._read(rows)
        now = time.monotonic()
        ready: list[Ready] = []
        for row in rows:
            current = found.get(row.row)
            if row.action == "create" and current is not None:
                row = replace(row, action="update", key=current.key)
            if current is not None:
                changed = self._compared(row, current)
                version = self._version_of(current)
                if changed is not None and self._version is not None and version is None:
                    self._refused(row, "NO_VERSION", f"{self._object.place} {row.key} tells no {self._version}")
                elif changed is not None:
                    ready.append(Ready(changed, version, now))
            elif row.action == "create":
                # there is no record: what is for old ones only falls away
                changes = tuple(each for each in row.changes if each.write != "update")
                ready.append(Ready(replace(row, changes=changes)))
            elif row.key is None or not self.reader.by_key_batch:
                ready.append(Ready(row))
            else:
                self._absent(row)
        return ready

    def _read(self, rows: Sequence[PlanRow]) -> dict[str, Current]:
        """Row -> its record."""
        fields = list(dict.fromkeys(each.field for row in rows for each in row.changes))
        if self._version is not None:
            fields.append(self._version)
        keyed = {row.row: row.key for row in rows if row.key is not None and row.action != "create"}
        by_key = self.reader.by_key(list(keyed.values()), fields) if keyed and self.reader.by_key_batch else {}
        return {**{row: by_key[key] for row, key in keyed.items() if key in by_key}, **self._matched(rows, fields)}

    def _links(self, rows: Sequence[PlanRow]) -> list[Ready]:
        """Links that are to be made and are not there, or to be taken away and are."""
        ends = {row.row: self._ends(row) for row in rows}
        held = self.reader.links(list(dict.fromkeys(one for one, _ in ends.values())))
        ready = []
        for row in rows:
            there = ends[row.row] in held
            if there == (row.action == "delete"):
                ready.append(Ready(row, absent=not there))
            elif row.action == "delete":
                self._absent(row)
            else:
                self._tally.add(same=1)
        return ready

    def _ends(self, row: PlanRow) -> tuple[str, str]:
        values = {each.field: each.before if row.action == "delete" else each.after for each in row.changes}
        one, other = self._object.link or ("", "")
        return str(values.get(one)), str(values.get(other))

    # -- versions --------------------------------------------------------------------------------------------------

    def _version_of(self, current: Current) -> Any:
        if self._version is None:
            return None
        return typed(current.values.get(self._version), self._object.field(self._version))

    def _wait_for_versions(self, found: Mapping[str, Current]) -> bool:
        """Where a version is a time, and that moment is not over yet by the vendor's clock, a second change in it
        would show the same version: wait until it is over. Whether it waited.
        """
        stamps = [stamp for each in found.values() if isinstance(stamp := self._version_of(each), datetime)]
        if not stamps:
            return False
        over = max(stamps) + self._object.step + _CLOCKS
        seconds = (over - self._connection.vendor_now()).total_seconds()
        if not 0 < seconds < _LONGEST:
            return False
        self._connection.wait(seconds, "a version to be over")
        return True

    def _matched(self, rows: Sequence[PlanRow], fields: Sequence[str]) -> dict[str, Current]:
        """Rows that were to be made, and whose record turns out to be there."""
        asked = {row.row: row.match for row in rows if row.match is not None and is_looked_for(row)}
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
