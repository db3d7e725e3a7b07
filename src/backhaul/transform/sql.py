"""The one place where trees become SQL text, and the small pieces that trees are made of.

Staging is written, kept and run in DuckDB's dialect. `render` is the only caller of sqlglot's generator, so an
engine that speaks another dialect gets its own expansions here and nowhere else.
"""

from __future__ import annotations

from functools import cache

import sqlglot
from sqlglot import exp

MACROS = ("ref", "to_decimal", "to_date", "to_timestamp", "to_boolean", "json_text")


_READ_AS = {exp.UnixToTime: "to_timestamp", exp.ToBoolean: "to_boolean"}
"""What sqlglot takes some macros for. Its compiled parser has no subclass that would leave them alone."""


def parse(text: str) -> list[exp.Expr | None]:
    """The statements of a text in DuckDB's dialect, our macros as calls by name. Raises SqlglotError."""
    return [each and _macros_by_name(each) for each in sqlglot.parse(text, dialect="duckdb")]


def parse_expression(text: str) -> exp.Expr:
    """One expression, as `parse`. Raises SqlglotError."""
    return _macros_by_name(sqlglot.parse_one(text, dialect="duckdb"))


def _macros_by_name(tree: exp.Expr) -> exp.Expr:
    # inner ones first: what replaces an outer one holds them
    for node in reversed(list(tree.find_all(*_READ_AS))):
        macro = call(_READ_AS[type(node)], *node.iter_expressions())
        if node is tree:
            return macro
        node.replace(macro)
    return tree


def render(tree: exp.Expr) -> str:
    """The text of a tree in DuckDB's dialect, identifiers always quoted."""
    return tree.sql(dialect="duckdb", identify=True, comments=False)


def column(table: str, name: str) -> exp.Column:
    """A quoted column of a relation."""
    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(table, quoted=True))


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A function by its DuckDB name, which sqlglot then leaves alone."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def try_cast(value: exp.Expr, type_: str) -> exp.Expr:
    """NULL where the value does not fit."""
    return exp.TryCast(this=value, to=_type(type_).copy())


def cast(value: exp.Expr, type_: str) -> exp.Expr:
    """A cast that cannot fail: the caller knows the value fits."""
    return exp.Cast(this=value, to=_type(type_).copy())


@cache
def _type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="duckdb")
