"""What the account has: tables and their columns for SuiteQL, record types for the record service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

# Kinds: id, reference, enum, text, integer, decimal, float, boolean, date, timestamp; for REST only: sublist, object.
STORED_AS = {
    "id": "integer",
    "reference": "integer",
    "integer": "integer",
    "decimal": "decimal",
    "float": "decimal",
    "enum": "text",
    "text": "text",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A property of a record; its column in SuiteQL is its name in lower case."""

    name: str
    kind: str
    title: str = ""
    to: str | None = None  # a reference: to which table
    options: tuple[tuple[str, str], ...] = ()  # an enum: id and text
    read_only: bool = False
    required: bool = False
    custom: bool = False
    queryable: bool = True  # SuiteQL has it as a column
    catalogued: bool = True  # the record service has it as a property
    fields: tuple[Field, ...] = ()  # of a sublist's line

    @property
    def column(self) -> str:
        return self.name.lower()

    @property
    def stored(self) -> str:
        return STORED_AS[self.kind]


@dataclass(slots=True)
class TableType:
    """A SuiteQL table."""

    name: str
    columns: dict[str, Field]
    # The column with the time of a row's last change.
    changed: str | None = None
    created: str | None = None
    # Columns that were there once: SuiteQL says so.
    removed: set[str] = field(default_factory=set)

    def add(self, new: Field) -> None:
        self.columns[new.column] = new
        self.removed.discard(new.column)

    def remove(self, column: str) -> None:
        del self.columns[column]
        self.removed.add(column)

    def retype(self, column: str, kind: str) -> Field:
        self.columns[column] = replace(self.columns[column], kind=kind, options=(), to=None)
        return self.columns[column]


@dataclass(slots=True)
class RecordType:
    """A record of the record service: rows of one table, of one kind where the table mixes several."""

    name: str
    table: TableType
    # What marks its rows: ("type", "CustInvc") for invoices.
    code: tuple[str, str] | None = None
    # Properties that are no columns: sublists, and what is computed.
    extra: tuple[Field, ...] = ()
    writable: bool = True
    # The fixed number of the type, as deletedrecord gives it.
    number: int = 0
    # Each of these is enough to name a record; one must be given.
    named_by: tuple[str, ...] = ()

    def properties(self) -> dict[str, Field]:
        """By name, as the record service spells it."""
        fields: Iterable[Field] = (*self.table.columns.values(), *self.extra)
        return {field.name: field for field in fields if field.catalogued}

    @property
    def sublist(self) -> Field | None:
        return next((f for f in self.extra if f.kind == "sublist" and f.name in ("item", "line", "apply")), None)


def text(name: str, title: str, *, required: bool = False, read_only: bool = False) -> Field:
    return Field(name, "text", title, required=required, read_only=read_only)


def ref(name: str, title: str, to: str, *, required: bool = False, read_only: bool = False) -> Field:
    return Field(name, "reference", title, to=to, required=required, read_only=read_only)


def yes(name: str, title: str, *, read_only: bool = False) -> Field:
    return Field(name, "boolean", title, read_only=read_only)


def money(name: str, title: str, *, read_only: bool = False, queryable: bool = True) -> Field:
    return Field(name, "decimal", title, read_only=read_only, queryable=queryable)


def day(name: str, title: str, *, read_only: bool = False) -> Field:
    return Field(name, "date", title, read_only=read_only)


def stamp(name: str, title: str) -> Field:
    return Field(name, "timestamp", title, read_only=True)


def choice(name: str, title: str, *options: tuple[str, str], read_only: bool = False, custom: bool = False) -> Field:
    return Field(name, "enum", title, options=options, read_only=read_only, custom=custom)


def own(name: str, kind: str, title: str, *, to: str | None = None) -> Field:
    """A custom field."""
    return Field(name, kind, title, to=to, custom=True)


def hidden(name: str, kind: str, title: str = "") -> Field:
    """A column of SuiteQL that the record service does not have."""
    return Field(name, kind, title, read_only=True, catalogued=False)


ID = Field("id", "id", "Internal ID", read_only=True)
EXTERNAL = text("externalId", "External ID")
INACTIVE = yes("isInactive", "Inactive")
CHANGED = stamp("lastModifiedDate", "Last Modified")
CREATED = stamp("dateCreated", "Date Created")
