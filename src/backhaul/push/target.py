"""What a push writes to: one object of one connection, and which column of the select goes to which field of it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Literal

from backhaul.config.objects import ChangedField, ObjectDefinition
from backhaul.config.push import Mode, WriteWhen
from backhaul.config.writes import Write
from backhaul.protocol.schema import Field, ObjectSchema, Type
from backhaul.push.rules import ALWAYS, FieldRule, Rules

Conflict = Literal["skip", "overwrite", "fail"]


@dataclass(frozen=True, slots=True)
class NewField:
    """A custom field that the push declares and the account lacks. needs: the permission that it takes."""

    name: str
    type: Type
    label: str
    group: str | None = None
    description: str = ""
    unique: bool = False
    options: tuple[str, ...] = ()
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column's way to its field, where that is more than the same name.

    values: our value -> the vendor's. prefix: what stands before the vendor's key in our reference. write: when it is
    written. default: what stands in for nothing, as text.
    """

    column: str
    field: str
    spells_text: bool = False
    values: Mapping[str, str] | None = None
    prefix: str | None = None
    write: WriteWhen = "always"
    default: str | None = None


@dataclass(frozen=True)
class Object:
    """One object of one connection, as the push may write it.

    private: fields that the raw table does not hold as they are. ways: of an entity's columns; None where the
    select's columns are the vendor's fields. no_way: column -> why it cannot be written through the entity. guards:
    field -> when any push may write it. day: the calls that the vendor allows a day, where it says so.
    """

    connection: str
    schema: ObjectSchema
    definition: ObjectDefinition
    private: frozenset[str] = frozenset()
    ways: Mapping[str, Column] | None = None
    no_way: Mapping[str, str] = field(default_factory=dict)
    guards: Mapping[str, FieldRule] = field(default_factory=dict)
    day: int | None = None
    lanes: int = 8
    """Requests on their way at a time; the vendor's rates say how fast they go."""
    new_fields: tuple[NewField, ...] = ()
    """Fields of our own that the account lacks; `schema` has them already."""
    own: Mapping[str, str] = field(default_factory=dict)
    """What the push calls a field of our own -> what the vendor calls it, where the vendor chose the name."""

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
        if self.named(column) in self.schema.fields:
            return Column(column, self.named(column))
        alike = next((name for name in self.schema.fields if name.lower() == column.lower()), None)
        near = [alike] if alike else difflib.get_close_matches(column, self.schema.fields, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return f"{self.place} has no field {column}{hint}"

    def named(self, name: str) -> str:
        """The vendor's name of what a push calls so."""
        return self.own.get(name, name)

    def field(self, name: str) -> Field:
        return self.schema.fields[name]

    def guard(self, name: str) -> FieldRule:
        return self.guards.get(name, ALWAYS)

    @property
    def link(self) -> tuple[str, str] | None:
        """The two fields that hold the keys of what it links."""
        link = self.definition.link
        return None if link is None else (link.source, link.to)

    def trace(self, own: str | None) -> str | None:
        """The field that takes our row's id when a record is made: the push's own, or the definition's."""
        if own is not None:
            return self.named(own)
        return next((each.trace for each in self.definition.writes.create if each.trace is not None), None)

    def upserts(self, field: str) -> Write | None:
        """The write that makes or changes the record with this value of a field: a unique one, or one it is for."""
        unique = self.schema.fields[field].unique
        fits = (each for each in self.definition.writes.upsert if each.match == field or (unique and not each.match))
        return next(fits, None)


@dataclass(frozen=True)
class Task:
    """One push of one customer, with everything that decides what it writes."""

    customer: str
    name: str
    select: str
    mode: Mode
    key: str | None
    conflict: Conflict
    objects: tuple[Object, ...]
    """One, where the push goes to an object; all that fill the entity, where it goes to one."""
    entity: str | None = None
    rules: Rules = field(default_factory=Rules)
    changed: tuple[str, ...] | None = None
    """Ids of the rows whose change set it off; None where it was not set off so."""
