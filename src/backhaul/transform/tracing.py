"""Where one column of one entity row comes from: the vendor's fields that its expression reads."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from backhaul.transform.compiled import Slice


@dataclass(frozen=True, slots=True)
class Reads:
    """A column's expression as it is written, and what it reads: (object alias or "", field) pairs."""

    column: str
    expression: str
    fields: tuple[tuple[str, str], ...]
    mapped: bool
    """The customer's value map stands on top of it."""


def reads_of(part: Slice, column: str) -> Reads | None:
    """None for a column that no expression of the staging file or mapping fills."""
    tree = part.resolved.get(column)
    if tree is None:
        return None
    fields: dict[tuple[str, str], None] = {}
    for node in tree.find_all(exp.Column):
        called = node.parent
        if isinstance(called, exp.Anonymous) and called.name.lower() == "ref" and node is not called.expressions[-1]:
            continue
        alias = "" if node.table in ("", "src") else node.table
        fields[alias, node.name] = None
    return Reads(column, tree.sql(dialect="duckdb"), tuple(fields), column in part.values)
