"""What an apply did: counts, and every row and failure that somebody has to look at."""

from __future__ import annotations

from dataclasses import dataclass, field

from backhaul.errors import BackhaulError
from backhaul.push.plan import Plan


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
    seconds: float = 0.0

    @property
    def written(self) -> int:
        return self.created + self.updated

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
            "updated": self.updated, "skipped": self.skipped, "settled": self.settled, "refused": self.refused,
            "unknown": self.unknown, "conflicts": self.conflicts, "left": self.left,
            "failures": [
                {"connection": t.connection, "object": t.object, "what": t.what, "next": t.next_step}
                for t in self.troubles
            ],
            "seconds": round(self.seconds, 3),
        }  # fmt: skip


@dataclass
class Tally:
    """The same, while it is being counted. Threads add to it under the applier's lock."""

    created: int = 0
    updated: int = 0
    same: int = 0
    settled: int = 0
    refused: int = 0
    unknown: int = 0
    conflicts: int = 0
    left: int = 0
    notes: list[RowNote] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
