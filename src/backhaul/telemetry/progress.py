"""What a run tells about itself while it works: small events, drawn by whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. The customer and connection are empty where they do not apply."""

    customer: str = ""
    connection: str = ""
    object: str = ""


@dataclass(frozen=True, slots=True)
class StageStarted(Event):
    """A part of the run began: discover, sync, load, transform, publish, push."""

    stage: str = ""


@dataclass(frozen=True, slots=True)
class StageDone(Event):
    stage: str = ""
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class ObjectStarted(Event):
    """`expected` is the vendor's own count where it gives one; `how` names the read chosen."""

    expected: int | None = None
    how: str = ""


@dataclass(frozen=True, slots=True)
class Withheld(Event):
    """Before an object is read: by what was granted, the vendor will refuse it."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class PageRead(Event):
    """`expected` is the vendor's own count of the whole read, where it gives one."""

    rows: int = 0
    bytes: int = 0
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class PartLoaded(Event):
    rows: int = 0


@dataclass(frozen=True, slots=True)
class ObjectDone(Event):
    """The completeness line of one object: what was read, what became of it."""

    rows: int = 0
    rejected: int = 0
    deleted: int = 0
    seconds: float = 0.0
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Waiting(Event):
    """A request waits, for a limit of the vendor's or before another try."""

    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RowsWritten(Event):
    """One batch of a push was answered."""

    written: int = 0
    refused: int = 0


class Progress(Protocol):
    """Listens. Called from many threads; must be quick and never raise."""

    def on(self, event: Event) -> None: ...


class Silent:
    """Nobody listens."""

    def on(self, event: Event) -> None:
        """Let it pass."""


SILENT: Progress = Silent()
