"""What is known of a connection's objects: their typed fields. Discovery makes it; everything above reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

Type = Literal["text", "integer", "decimal", "float", "boolean", "date", "timestamp", "time", "json"]


@dataclass(frozen=True, slots=True)
class Field:
    """One property of an object, spelt as the vendor spells it."""

    name: str
    type: Type
    vendor_type: str = ""
    label: str = ""
    description: str = ""
    custom: bool = False
    creatable: bool = True
    updatable: bool = True
    required: bool = False
    unique: bool = False
    readable: bool = True
    """False: discovery names it, but reads that ask for it are refused."""
    new: bool = False
    """It came after the object was first read, and the contract does not simply take it."""
    length: int | None = None
    options: tuple[str, ...] = ()
    open: bool = False
    """Values beside the options are taken, too."""
    written: str = ""
    """What writes call it, where that is another name."""
    references: str | None = None
    spelt: str = ""
    """How writes spell its value, which stands at `{}`; empty: as it is."""


@dataclass(frozen=True)
class ObjectSchema:
    """One object: its key fields, its change field where it has one, and its fields by name."""

    name: str
    key: tuple[str, ...]
    fields: Mapping[str, Field]
    label: str = ""
    custom: bool = False
    change_field: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the definition keeps of the object for its requests, as `{object.x}`."""
    denied: Mapping[str, str] = field(default_factory=dict)
    """What the account may not do with it (read, create, update, delete), and why."""

    @cached_property
    def writable(self) -> tuple[str, ...]:
        return tuple(name for name, each in self.fields.items() if each.creatable or each.updatable)


@dataclass(frozen=True)
class Schema:
    """All objects of one connection, as one discovery saw them."""

    connection: str
    objects: Mapping[str, ObjectSchema]
    fingerprint: str
    discovered_at: str


def type_of(value: Any) -> Type:
    """Our type of a JSON value that nothing else describes."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, str):
        return "text"
    return "json" if isinstance(value, dict | list) else "decimal"
