"""What a run did: one line an object, and every failure with its next step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backhaul.errors import BackhaulError, ConfigError
from backhaul.extract.task import Drift


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that did not work, while the rest went on."""

    connection: str
    object: str
    what: str
    next_step: str
    exit_code: int = 1

    @classmethod
    def of(cls, error: BackhaulError, connection: str, object: str = "") -> Failure:
        problems = error.problems if isinstance(error, ConfigError) else ()
        what = ": ".join([error.what, "; ".join(problems)]) if problems else error.what
        return cls(error.connection or connection, error.object or object, what, error.next_step, error.exit_code)


@dataclass
class ObjectLine:
    """The completeness line of one object: what the vendor says it has, and what became of what it gave."""

    connection: str
    object: str
    how: str = ""
    total: int | None = None
    read: int = 0
    rejected: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    restored: int = 0
    watermark: datetime | None = None
    not_checked: tuple[str, ...] = ()
    """Kinds of deletion that were not due in this run, or that the account may not ask for."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Those that it may not ask for, with the reason."""
    not_served: str = ""

    @property
    def changed(self) -> int:
        return self.inserted + self.updated + self.deleted + self.restored


@dataclass
class SyncReport:
    """One customer's sync."""

    customer: str
    run: str
    lines: dict[tuple[str, str], ObjectLine] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    drift: list[tuple[str, Drift]] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0
    stopped: bool = False
    """The run was asked to stop before everything was read."""

    def line(self, connection: str, object: str) -> ObjectLine:
        return self.lines.setdefault((connection, object), ObjectLine(connection, object))

    @property
    def changed(self) -> int:
        return sum(line.changed for line in self.lines.values())

    @property
    def exit_code(self) -> int:
        """0 done, 4 where a connection needs new credentials, 2 where a file is wrong, 1 for any other failure."""
        codes = {failure.exit_code for failure in self.failures}
        return next((code for code in (4, 2, 75, 1) if code in codes), 0)

    def figures(self) -> dict[str, Any]:
        """What the control store keeps of it."""
        return {
            "objects": [
                {
                    "connection": line.connection, "object": line.object, "read": line.read, "total": line.total,
                    "rejected": line.rejected, "inserted": line.inserted, "updated": line.updated,
                    "unchanged": line.unchanged, "deleted": line.deleted, "restored": line.restored,
                    "watermark": line.watermark.isoformat() if line.watermark else None, "how": line.how,
                    "not_checked": list(line.not_checked), "refused": dict(line.refused), "not_served": line.not_served,
                }
                for line in self.lines.values()
            ],
            "failures": [
                {"connection": each.connection, "object": each.object, "what": each.what, "next": each.next_step}
                for each in self.failures
            ],
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
        }  # fmt: skip
