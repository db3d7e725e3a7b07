"""What agents are told of the data: entities by their contracts, tables as a view holds them, what belongs to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec


class Column(msgspec.Struct, frozen=True):
    """What is known of a column, beside its type in the file."""

    type: str
    description: str = ""
    references: str | None = None
    enum: tuple[str, ...] = ()


class Entity(msgspec.Struct, frozen=True):
    """An entity's contract, as far as agents are told."""

    description: str
    columns: Mapping[str, Column]


class Origin(msgspec.Struct, frozen=True):
    """Where rows of a table come from."""

    connection: str
    source: str
    object: str


class Table(msgspec.Struct, frozen=True):
    """A table of the view. columns: with DuckDB's types."""

    rows: int
    deleted: int
    columns: Mapping[str, str]
    comment: str
    comments: Mapping[str, str]
    origins: tuple[Origin, ...]
    masked: tuple[str, ...] = ()


class View(msgspec.Struct, frozen=True):
    """One version of what a role sees."""

    format: int
    version: int
    lineage: str
    published_at: datetime
    as_of: Mapping[str, Mapping[str, datetime]]
    policy: str
    changes_after: int
    tables: Mapping[str, Table]


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of `entity` whose `column` holds the record's id. kind: the column that must name the record's entity."""

    entity: str
    column: str
    kind: str | None = None


def related_to(entity: str, tables: Mapping[str, Table], known: Mapping[str, Entity]) -> list[Relation]:
    """In the order of the entities' names; links, which lead to other entities, last."""
    found: list[Relation] = []
    for name, table in sorted(tables.items()):
        columns = known[name].columns if name in known else {}
        found += [
            Relation(name, column)
            for column, each in columns.items()
            if each.references == entity and column in table.columns
        ]
        found += [Relation(name, id, kind) for kind, id in pairs(table.columns)]
    return sorted(found, key=lambda each: (each.entity == "links", each.entity, each.column))


def pairs(columns: Mapping[str, object]) -> list[tuple[str, str]]:
    """Columns that name an entity, with those that hold its id: from_entity and from_id, entity and record_id."""
    found = [(each, each.removesuffix("entity") + "id") for each in columns if each.endswith("_entity")]
    found += [("entity", "record_id")] if "entity" in columns else []
    return [(kind, id) for kind, id in found if id in columns]
