"""What the tools answer: each with the version it was read from, how fresh that is, and whether there is more."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

BUDGET = 20_000
"""Bytes of one answer as JSON, at most."""
ROOM = 14_000
"""Bytes that the rows of an answer may take, beside all that stands around them."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Freshness(_Part):
    """One connection that values of this answer come from."""

    connection: str = Field(description="The customer's connection.")
    source: str = Field(description="The system behind it.")
    as_of: datetime | None = Field(
        description="Changes at the vendor up to this moment are in; null where it was never read to the end."
    )


class Answer(_Part):
    """What every answer says of itself."""

    version: int = Field(
        description="The snapshot's version; an answer of the same version never contradicts this one."
    )
    published_at: datetime
    sources: list[Freshness] = Field(description="Where the values come from, and how fresh they are.")
    truncated: bool = Field(default=False, description="There is more than what stands here.")
    next_cursor: str | None = Field(default=None, description="Give it as `cursor` to go on where this answer ends.")
    notes: list[str] = Field(default_factory=list, description="What one must know to read the answer right.")


class EntityLine(_Part):
    entity: str
    description: str
    rows: int = Field(description="Live rows.")
    deleted: int = Field(description="Rows that were deleted at the vendor; they carry is_deleted.")
    filled_by: list[str] = Field(description="connection.object of its rows.")


class EntityList(Answer):
    entities: list[EntityLine]


class ValueCount(_Part):
    value: str
    rows: int


class ColumnLine(_Part):
    name: str
    type: str
    description: str = ""
    references: str | None = Field(default=None, description="The entity whose id it holds.")
    one_of: list[str] = Field(default_factory=list, description="The values that it may take.")
    empty: float | None = Field(default=None, description="Share of live rows without a value, 0 to 1.")
    top_values: list[ValueCount] = Field(default_factory=list)
    masked: bool = Field(default=False, description="Values are shown in part only.")
    may_propose: bool = Field(default=False, description="propose_change takes it.")


class EntityDescription(Answer):
    entity: str
    description: str
    rows: int
    deleted: int
    columns: list[ColumnLine]
    referred_by: list[str] = Field(description="entity.column that hold ids of this one.")


class SearchHit(_Part):
    entity: str
    id: str
    title: str
    snippet: str
    is_deleted: bool = False


class SearchResults(Answer):
    hits: list[SearchHit]
    total: int
    loose: bool = Field(description="No row has all of the words; these have some.")


class Related(_Part):
    """Rows of another entity that belong to the record, the latest first."""

    entity: str
    by: str = Field(description="entity.column that leads there, or the role of a link.")
    total: int = Field(description="How many live ones there are; `rows` shows the first few.")
    rows: list[dict[str, Any]]


class RecordView(Answer):
    entity: str
    id: str
    is_deleted: bool
    source: str
    connection: str
    object: str
    url: str | None = Field(description="Where a person finds it at the vendor.")
    values: dict[str, Any]
    same_as: list[str] = Field(description="Ids of the same company or person in other systems; their rows count here.")
    related: list[Related]


class Rows(Answer):
    columns: list[str]
    types: list[str]
    rows: list[list[Any]]


class QueryRows(Rows):
    entity: str
    total: int | None = Field(description="Rows that match in all; null after the first page.")


class SqlRows(Rows):
    read: list[str] = Field(description="The tables that the query reads.")


class Change(_Part):
    entity: str
    id: str
    op: Literal["insert", "update", "delete"]
    columns: list[str] = Field(description="Those whose values changed; empty for insert and delete.")
    version: int


class Changes(Answer):
    changes: list[Change]
    since: int


class FieldDiff(_Part):
    column: str
    before: str | None
    after: str | None
    field: str | None = Field(default=None, description="The vendor's field that would be written.")


class ProposalAnswer(Answer):
    proposal: str = Field(description="Its id; a person approves or rejects it. Nothing has been written.")
    status: str
    entity: str
    id: str
    diff: list[FieldDiff]


class Filter(_Part):
    """One condition; all of them must hold."""

    column: str
    op: Literal["=", "!=", "<", "<=", ">", ">=", "in", "contains", "starts_with", "is_null", "is_not_null"] = "="
    value: Any = Field(default=None, description="A list for `in`; nothing for is_null and is_not_null.")
