"""What a transform tells of its work. Light to import: nothing here parses SQL."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Warning:
    """One check that rows break. `example` is the id of one of them, or a value that should not be there."""

    entity: str
    check: str
    rows: int
    example: str

    def __str__(self) -> str:
        return f"{self.entity}: {self.check}: {self.rows} rows, such as {self.example}"


@dataclass(frozen=True, slots=True)
class Missing:
    """A field that staging names and the raw table lacks: its column is NULL there."""

    entity: str
    connection: str
    object: str
    field: str


@dataclass(frozen=True, slots=True)
class EntityResult:
    """What one transform did to one entity or mart."""

    name: str
    rows: int
    changed: int
    """Rows written because they are new or their values changed."""
    removed: int
    """Rows that left the entity; a record deleted at the vendor stays, with is_deleted."""
    warnings: tuple[Warning, ...]
    rejects: int
    """Values that did not fit their column among the rows looked at; each is in meta.rejects."""
    mart: bool = False


@dataclass(frozen=True, slots=True)
class TransformResult:
    """What one transform did."""

    entities: tuple[EntityResult, ...]
    missing: tuple[Missing, ...]
    seq: int

    @property
    def changed(self) -> int:
        return sum(each.changed + each.removed for each in self.entities)
