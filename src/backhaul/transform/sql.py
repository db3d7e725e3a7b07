"""The one place where trees become SQL text, and the small pieces that trees are made of.

Staging is written, kept and run in DuckDB's dialect. `render` is the only caller of sqlglot's generator, so an
engine that speaks another dialect gets its own expansions here and nowhere else.
"""

from __future__ import annotations

from functools import cache

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.parsers.duckdb import DuckDBParser

MACROS = ("ref", "to_decimal", "to_date", "to_timestamp", "to_boolean", "json_text")


class StagingDialect(DuckDB):
    """DuckDB's dialect, in which our macros stay calls by name: sqlglot has ideas of its own about `to_timestamp`."""

    class Parser(DuckDBParser):
        FUNCTIONS = {  # noqa: RUF012 - sqlglot reads it from the class
            name: build for name, build in DuckDBParser.FUNCTIONS.items() if name.lower() not in MACROS
        }


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
