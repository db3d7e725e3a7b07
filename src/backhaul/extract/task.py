"""What extract is asked for, and what it tells when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from backhaul.config.objects import ChangedNone, ObjectDefinition
from backhaul.config.pipeline import ObjectChoice
from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.spool.parts import WindowId

SYSTEM_COLUMNS = ("_key", "_parent_key", "_changed_at", "_read_at", "_deleted_at", "_merged_into", "_run_id")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the children of one parent stand: up to when they have landed, and the vendor's own position then."""

    watermark: datetime | None
    token: str | None


@dataclass(frozen=True, slots=True)
class ParentPosition:
    """Where the children of one parent stand after a read; committed with their rows."""

    object: str
    parent: str
    watermark: datetime | None
    token: str | None


@dataclass(frozen=True)
class Task:
    """One object of one connection, for one run.

    watermark: up to when everything has landed; None: nothing yet. token: the vendor's own position, as of that time.
    deletes_due: which kinds of deletion are to be looked for now. full: read everything, whatever the watermark.
    since: read from there, whatever the watermark. Of a child: parent_key: the parent's key fields; landed: the
    parents that the raw table holds, by key, with the fields that requests name; positions: where each of them stands.
    """

    schema: ObjectSchema
    definition: ObjectDefinition
    choice: ObjectChoice
    fields: tuple[Field, ...]
    children: tuple[Task, ...] = ()
    watermark: datetime | None = None
    token: str | None = None
    delete_watermark: datetime | None = None
    deletes_due: frozenset[str] = frozenset()
    census: bool = False
    """Asked for by hand, whatever is due."""
    full: bool = False
    since: datetime | None = None
    parent_key: tuple[str, ...] = ()
    landed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    positions: Mapping[str, Standing] = field(default_factory=dict)

    @property
    def below(self) -> tuple[Task, ...]:
        """Its children and theirs."""
        return tuple(each for child in self.children for each in (child, *child.below))

    @property
    def asks_every_parent(self) -> bool:
        """Whether it is a child that is asked for all its parents in every run."""
        parent = self.definition.parent
        own = not isinstance(self.definition.changed, ChangedNone)
        return parent is not None and parent.at is None and (own or parent.shared)

    @property
    def name(self) -> str:
        return self.schema.name


@dataclass(frozen=True, slots=True)
class Drift:
    """A field that is not as the schema says."""

    object: str
    field: str
    kind: Literal["added", "removed", "retyped"]
    detail: str


@dataclass(frozen=True, slots=True)
class WindowRead:
    """One window, read to its end. `watermark`: of windows of deletions, which keep their own.

    due: committed even where the window brought nothing, so that a check that is done now and then is not done again.
    """

    window: WindowId
    rows: int
    watermark: datetime | None
    total: int | None = None
    due: bool = False


@dataclass
class ObjectRead:
    """What became of one object: the completeness line, as far as extract knows it."""

    object: str
    rows: int = 0
    pages: int = 0
    bytes: int = 0
    rejected: int = 0
    total: int | None = None
    how: str = ""
    windows: list[WindowRead] = field(default_factory=list)
    positions: list[ParentPosition] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    watermark: datetime | None = None
    """What the load of all the windows may commit as the object's own; None: it moves nothing."""
    token: str | None = None
    """The vendor's own position, committed with the watermark."""
    not_served: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    """Kinds of deletion that the account may not ask for, while another one sees them later; with the reason."""
    census: list[WindowId] = field(default_factory=list)
    """Windows that hold every key the vendor has, or every deleted one: to be compared with the raw table."""
    children: dict[str, int] = field(default_factory=dict)
    """Rows read of each child object."""

    def add(self, other: ObjectRead) -> None:
        """Count what another read of the same object, of windows beside, brought."""
        self.rows += other.rows
        self.pages += other.pages
        self.bytes += other.bytes
        self.rejected += other.rejected
        if other.total is not None:
            self.total = (self.total or 0) + other.total
        self.how = other.how or self.how
        self.windows += other.windows
        self.positions += other.positions
        self.drift += [each for each in other.drift if each not in self.drift]
        for child, rows in other.children.items():
            self.children[child] = self.children.get(child, 0) + rows
