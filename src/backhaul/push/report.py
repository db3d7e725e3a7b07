"""What an apply did: counts, and every row and failure that somebody has to look at."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from backhaul.errors import BackhaulError
from backhaul.push.entries import Receipt
from backhaul.push.plan import LISTED, Plan
from backhaul.push.target import Object

HOPELESS = 100
"""Rows that were all refused alike, before a single one was written: the object is given up then."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What stopped one object's writes; the others went on."""

    connection: str
    object: str
    what: str
    next_step: str
    exit_code: int = 1

    @classmethod
    def of(cls, error: BackhaulError, connection: str, object: str) -> Trouble:
        return cls(error.connection or connection, error.object or object, error.what, error.next_step, error.exit_code)


@dataclass(frozen=True, slots=True)
class RowNote:
    """One row that did not end as it was planned. state: refused, unknown or conflict."""

    connection: str
    object: str
    row: str
    state: str
    message: str
    code: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class PushReport:
    """One apply of one push."""

    customer: str
    push: str
    run: str
    plan: Plan
    created: int = 0
    updated: int = 0
    deleted: int = 0
    skipped: int = 0
    """Already as wanted: by the plan, or when looked at just before the write."""
    settled: int = 0
    """In flight from an earlier run, and found to have been written."""
    notes: tuple[RowNote, ...] = ()
    """Refused, unknown, in conflict: at most so many as a plan lists, the counts tell all."""
    refused: int = 0
    unknown: int = 0
    conflicts: int = 0
    left: int = 0
    """Planned, and not sent: a limit, or a failure."""
    troubles: tuple[Trouble, ...] = ()
    window: float = 0.0
    """The longest time, in seconds, between a look at a record and the answer to its write: in it another's edit may
    be written over. 0 where the vendor checked versions itself, or nothing was looked at.
    """
    new_fields: tuple[str, ...] = ()
    """Fields of our own that were made, as connection.object.field."""
    seconds: float = 0.0

    @property
    def written(self) -> int:
        return self.created + self.updated + self.deleted

    @property
    def exit_code(self) -> int:
        """0 done, 4 where a connection needs new credentials, 1 where a row or an object failed."""
        codes = {each.exit_code for each in self.troubles}
        if self.refused or self.unknown:
            codes.add(1)
        return next((code for code in (4, 2, 75, 1) if code in codes), 0)

    def figures(self) -> dict[str, object]:
        """What the control store keeps of it."""
        return {
            "push": self.push, "plan": self.plan.hash, "version": self.plan.version, "created": self.created,
            "deleted": self.deleted, "window_ms": round(self.window * 1000), "new_fields": list(self.new_fields),
            "updated": self.updated, "skipped": self.skipped, "settled": self.settled, "refused": self.refused,
            "unknown": self.unknown, "conflicts": self.conflicts, "left": self.left,
            "failures": [
                {"connection": t.connection, "object": t.object, "what": t.what, "next": t.next_step}
                for t in self.troubles
            ],
            "seconds": round(self.seconds, 3),
        }  # fmt: skip


Counted = Literal["created", "updated", "deleted", "same", "settled", "refused", "unknown", "conflicts", "left"]


@dataclass
class Tally:
    """The same, while it is being counted. Threads share it."""

    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    """Refusals by their code."""
    notes: list[RowNote] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    new_fields: list[str] = field(default_factory=list)
    window: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __getitem__(self, what: Counted) -> int:
        return self.counts[what]

    def add(self, **counts: int) -> None:
        with self._lock:
            self.counts.update(counts)

    def count_written(self, action: str) -> None:
        self.add(**{{"create": "created", "delete": "deleted"}.get(action, "updated"): 1})

    def count_failed(self, state: str, code: str) -> None:
        with self._lock:
            self.counts[state] += 1
            if state == "refused":
                self.codes[code] += 1

    def saw_window(self, seconds: float) -> None:
        with self._lock:
            self.window = max(self.window, seconds)

    def note(self, object: Object, receipt: Receipt, state: str = "") -> None:
        with self._lock:
            if len(self.notes) < LISTED:
                self.notes.append(
                    RowNote(
                        object.connection,
                        object.name,
                        receipt.row,
                        state or receipt.state,
                        receipt.message,
                        receipt.code,
                        receipt.field,
                    )
                )

    def trouble(self, trouble: Trouble) -> None:
        with self._lock:
            if trouble not in self.troubles:
                self.troubles.append(trouble)

    @property
    def is_hopeless(self) -> bool:
        """Nothing was written, and many rows were refused for one and the same reason."""
        written = self.counts["created"] + self.counts["updated"] + self.counts["deleted"]
        return not written and len(self.codes) == 1 and self.counts["refused"] >= HOPELESS
