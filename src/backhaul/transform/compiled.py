"""A slice: what one staging file is for one connection, compiled to SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from backhaul.transform.derived import UNHASHED
from backhaul.transform.names import literal, quote
from backhaul.transform.results import Missing


@dataclass(frozen=True, slots=True)
class Join:
    """A joined raw table, and the pair of expressions that finds the rows which a change in it concerns."""

    table: str
    alias: str
    joined_key: str | None
    """Over the joined relation's fields, unqualified; None where the join is no plain equality."""
    src_key: str | None


@dataclass(frozen=True, slots=True)
class Slice:
    """One staging file for one connection. `resolved` keeps the expressions before macros, for the way back."""

    entity: str
    source: str
    connection: str
    object: str
    table: str
    columns: Mapping[str, str]
    """Published column -> expression, cast to the column's type."""
    from_sql: str
    where_sql: str | None
    order_sql: str | None
    """Which of several rows with one id is kept; None where an id cannot come twice."""
    stamp: str
    rejects: tuple[tuple[str, str, str, str, str], ...]
    """(column, field, reason, the raw text's expression, the condition under which it was rejected)"""
    joins: tuple[Join, ...]
    missing: tuple[Missing, ...]
    resolved: Mapping[str, exp.Expr]
    values: Mapping[str, Mapping[str, str]]
    """Column -> value map on top of its resolved expression."""
    references: Mapping[str, str]
    """Column -> what stands before the vendor's key in the ids it holds."""
    fields: Mapping[str, str]
    """The raw table's vendor fields and their DuckDB types."""

    @property
    def key(self) -> str:
        return f"{self.connection}:{self.object}"

    @property
    def tables(self) -> tuple[str, ...]:
        """The raw tables it reads, its own first."""
        return (self.table, *(join.table for join in self.joins))

    @property
    def mine(self) -> str:
        """The condition that finds this slice's rows in the entity's table."""
        return f"connection_id = {literal(self.connection)} AND source_object = {literal(self.object)}"

    def select(self, only: str | None = None) -> str:
        """The rows of the slice: published columns, then `_raw_key`, `_stamp`, `_hash` (and `_order` where it has).

        only: a condition over `src`, to look at some of the raw rows. A row whose source_id is NULL is no row.
        """
        inner = [f"{sql} AS {quote(name)}" for name, sql in self.columns.items()]
        inner += ["src._key AS _raw_key", f"{self.stamp} AS _stamp"]
        if self.order_sql is not None:
            inner.append(f"{self.order_sql} AS _order")
        hashed = ", ".join(quote(name) for name in self.columns if name not in UNHASHED)
        outer = [quote(name) for name in self.columns]
        outer += ["_raw_key", "_stamp", f"hash({hashed}) AS _hash"]
        if self.order_sql is not None:
            outer.append("_order")
        return (
            f"SELECT {', '.join(outer)}\nFROM (\n  SELECT {', '.join(inner)}\n  {self.from_sql}"
            f"{self._where(self.where_sql, only)}\n) AS s\nWHERE s.source_id IS NOT NULL"
        )

    def rejects_select(self, only: str | None = None) -> str | None:
        """(key, column, field, raw_text, reason) of each value that did not fit; None where all fit by type."""
        if not self.rejects:
            return None
        entries = [
            f"CASE WHEN {condition} THEN {{'column': {literal(column)}, 'field': {literal(field)}, "
            f"'raw_text': left({text}, 200), 'reason': {literal(reason)}}} END"
            for column, field, reason, text, condition in self.rejects
        ]
        found = " OR ".join(f"({condition})" for *_, condition in self.rejects)
        return (
            'SELECT r._key, r.one."column", r.one.field, r.one.raw_text, r.one.reason FROM (\n'
            f"  SELECT src._key, unnest(list_filter([{', '.join(entries)}], lambda one: one IS NOT NULL)) AS one\n"
            f"  {self.from_sql}{self._where(self.where_sql, found, only)}\n) AS r"
        )

    @property
    def fingerprint(self) -> str:
        text = self.select() + (self.rejects_select() or "")
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @staticmethod
    def _where(*conditions: str | None) -> str:
        given = [f"({condition})" for condition in conditions if condition]
        return f"\n  WHERE {' AND '.join(given)}" if given else ""
