"""The contract's checks on a built entity: what breaks them is counted and told, never dropped."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from backhaul.transform.contracts import EntityShape
from backhaul.transform.names import literal, quote
from backhaul.transform.results import Warning


def check_entity(
    connection: duckdb.DuckDBPyConnection, shape: EntityShape, *, seq: int, whole: bool
) -> tuple[Warning, ...]:
    """whole: look at every row; else at the rows of this transform only, so that the cost follows what changed."""
    rows = "true" if whole else f"e._seq = {seq}"
    found = []
    for name, sql in _queries(shape, rows):
        row = connection.execute(sql).fetchone()
        if row and row[0]:
            found.append(Warning(shape.name, name, int(row[0]), str(row[1])))
    return tuple(found)


def _queries(shape: EntityShape, rows: str) -> Iterator[tuple[str, str]]:
    table = f"entities.{quote(shape.name)} AS e"
    for name, column in shape.columns.items():
        field = f"e.{quote(name)}"
        if column.enum:
            values = ", ".join(literal(value) for value in column.enum)
            yield (
                f"{name} is none of {', '.join(column.enum)}",
                f"SELECT count(*), min({field}) FROM {table} WHERE {rows} AND {field} NOT IN ({values})",
            )
        if column.references:
            target = f"entities.{quote(column.references)}"
            yield (
                f"{name} names no row of {column.references}",
                f"SELECT count(*), min(e.id) FROM (SELECT id, {quote(name)} FROM {table} WHERE {rows}"
                f" AND {field} IS NOT NULL) AS e ANTI JOIN {target} AS t ON t.id = {field}",
            )
    for check in shape.contract.checks:
        for name in check.not_null:
            yield (
                f"{name} is empty",
                f"SELECT count(*), min(e.id) FROM {table} WHERE {rows} AND e.{quote(name)} IS NULL",
            )
        # an id is unique by construction: a slice keeps one row an id, and its prefix names the slice
        if check.unique and check.unique != ("id",):
            columns = ", ".join(f"e.{quote(name)}" for name in check.unique)
            yield (
                f"{', '.join(check.unique)} is not unique",
                f"SELECT count(*), min(example) FROM (SELECT min(e.id) AS example FROM {table}"
                f" GROUP BY {columns} HAVING count(*) > 1)",
            )
