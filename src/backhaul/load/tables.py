"""Raw tables: their names, their columns, and what moves through this room's door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backhaul.protocol.schema import Type

SCHEMA = "raw"

DUCKDB_TYPES: dict[Type, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(38,9)",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "time": "TIME",
    "json": "VARCHAR",
}
"""Our type to the type of the raw column. JSON is kept as its text."""

SYSTEM_COLUMNS: dict[str, Type] = {
    "_key": "text",
    "_parent_key": "text",
    "_changed_at": "timestamp",
    "_read_at": "timestamp",
    "_deleted_at": "timestamp",
    "_merged_into": "text",
    "_run_id": "text",
}


@dataclass(frozen=True, slots=True)
class RawTable:
    """One object of a connection as the destination must hold it.

    fields: the vendor's fields in order, with our types. parent: the parent's object, of child objects. shared: several
    parents may give the same child.
    """

    connection: str
    object: str
    fields: tuple[tuple[str, Type], ...]
    key: tuple[str, ...] = ()
    parent: str | None = None
    shared: bool = False

    @property
    def name(self) -> str:
        return f"{self.connection}__{self.object}"

    @property
    def system_columns(self) -> dict[str, Type]:
        return {name: kind for name, kind in SYSTEM_COLUMNS.items() if self.parent or name != "_parent_key"}


@dataclass(frozen=True, slots=True)
class WatermarkRow:
    """The change time, or the vendor's own token, up to which a window's rows have landed."""

    connection: str
    object: str
    window: str
    watermark: datetime | None
    token: str | None
    run_id: str
    load_id: str | None = None
    committed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Widened:
    """A column whose type could not hold what the vendor now sends."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """A field that could not keep its name as a column: another differs from it only by case, or by a quote."""

    field: str
    column: str


@dataclass(frozen=True, slots=True)
class TableResult:
    """What one load did to one raw table. Each staged row is in exactly one of the counts.

    older: dropped, because the table or the load held a newer version. deleted and restored count records, by
    tombstones too.
    """

    connection: str
    object: str
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    older: int = 0
    deleted: int = 0
    restored: int = 0
    added: tuple[str, ...] = ()
    widened: tuple[Widened, ...] = ()
    renamed: tuple[Renamed, ...] = ()

    @property
    def written(self) -> int:
        return self.inserted + self.updated + self.deleted + self.restored


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What one load did. load_id: None when there was nothing to commit."""

    load_id: str | None
    tables: tuple[TableResult, ...]
    rejects: int

    def of(self, connection: str, object: str) -> TableResult:
        """The result of one object; all zero when it was not in the load."""
        for table in self.tables:
            if (table.connection, table.object) == (connection, object):
                return table
        return TableResult(connection, object)


def quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
