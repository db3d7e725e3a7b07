"""What a push writes to: one object of one connection, and which column of the select goes to which field of it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Literal

from backhaul.config.source import ChangedField, ObjectDefinition
from backhaul.protocol.schema import Field, ObjectSchema

Mode = Literal["create", "update", "upsert"]
Conflict = Literal["skip", "overwrite", "fail"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column's way to its field, where that is more than the same name.

    values: our value -> the vendor's. prefix: what stands before the vendor's key in our reference.
    """

    column: str
    field: str
    spells_text: bool = False
    values: Mapping[str, str] | None = None
    prefix: str | None = None


@dataclass(frozen=True)
class Object:
    """One object of one connection, as the push may write it.

    private: fields that the raw table does not hold as they are. ways: of an entity's columns; None where the
    select's columns are the vendor's fields. no_way: column -> why it cannot be written through the entity.
    """

    connection: str
    schema: ObjectSchema
    definition: ObjectDefinition
    private: frozenset[str] = frozenset()
    ways: Mapping[str, Column] | None = None
    no_way: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.schema.name

    @property
    def place(self) -> str:
        return f"{self.connection}.{self.schema.name}"

    @property
    def raw_table(self) -> str:
        return f"{self.connection}__{self.schema.name}"

    @cached_property
    def step(self) -> timedelta:
        """How finely the vendor keeps moments."""
        changed = self.definition.changed
        own = changed.resolution if isinstance(changed, ChangedField) else timedelta(milliseconds=1)
        return max(own, timedelta(milliseconds=1))

    def way(self, column: str) -> Column | str:
        """The way of a column, or why there is none."""
        if self.ways is not None:
            return self.ways.get(column) or self.no_way.get(column, f"{column} is not a column of the entity")
        if column in self.schema.fields:
            return Column(column, column)
        alike = next((name for name in self.schema.fields if name.lower() == column.lower()), None)
        near = [alike] if alike else difflib.get_close_matches(column, self.schema.fields, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return f"{self.place} has no field {column}{hint}"

    def field(self, name: str) -> Field:
        return self.schema.fields[name]


@dataclass(frozen=True)
class Task:
    """One push of one customer, with everything that decides what it writes."""

    customer: str
    name: str
    select: str
    mode: Mode
    key: str | None
    conflict: Conflict
    max_rows: int
    objects: tuple[Object, ...]
    """One, where the push goes to an object; all that fill the entity, where it goes to one."""
    entity: str | None = None
