"""The contract's checks on a built entity: what breaks them is counted and told, never dropped."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from backhaul.config.durations import spell_duration
from backhaul.transform.contracts import EntityShape
from backhaul.transform.names import literal, quote
from backhaul.transform.results import Warning
from backhaul.transform.work import made_entities


def check_entity(
    connection: duckdb.DuckDBPyConnection, shape: EntityShape, *, seq: int, whole: bool
) -> tuple[Warning, ...]:
    """whole: look at every row; else at the rows of this transform only, so that the cost follows what changed."""
    rows = "true" if whole else f"e._seq = {seq}"
    found = []
    for name, sql in _queries(shape, rows, made_entities(connection)):
        row = connection.execute(sql).fetchone()
        if row and row[0]:
            found.append(Warning(shape.name, name, int(row[0]), str(row[1])))
    return tuple(found)


def check_table(connection: duckdb.DuckDBPyConnection, shape: EntityShape) -> tuple[Warning, ...]:
    """The checks on the table as a whole: is it fresh, did it shrink. Notes its live rows for the next time."""
    table = f"entities.{quote(shape.name)}"
    row = connection.execute(
        f"SELECT count(*) FILTER (NOT is_deleted), max(synced_at), epoch(now() - max(synced_at)) FROM {table}"
    ).fetchone() or (0, None, None)
    live, newest, age = int(row[0]), row[1], row[2]
    before = connection.execute("SELECT rows FROM meta.live WHERE entity = ?", [shape.name]).fetchone()
    found = []
    for check in shape.contract.checks:
        if check.fresh is not None and age is not None and age > check.fresh.total_seconds():
            what = f"nothing was read or changed for {spell_duration(check.fresh)}"
            found.append(Warning(shape.name, what, live, f"the newest is of {newest:%Y-%m-%d %H:%M} UTC"))
        if check.shrinks is not None and before and live < before[0] * (1 - check.shrinks):
            what = f"more than {check.shrinks:.0%} of the live rows left at once"
            found.append(Warning(shape.name, what, int(before[0]) - live, f"{before[0]} before, {live} now"))
    if before is None or before[0] != live:
        connection.execute("DELETE FROM meta.live WHERE entity = ?", [shape.name])
        connection.execute("INSERT INTO meta.live VALUES (?, ?)", [shape.name, live])
    return tuple(found)


def _queries(shape: EntityShape, rows: str, made: frozenset[str]) -> Iterator[tuple[str, str]]:
    table = f"entities.{quote(shape.name)} AS e"
    for name, column in shape.columns.items():
        field = f"e.{quote(name)}"
        if column.enum:
            values = ", ".join(literal(value) for value in column.enum)
            yield (
                f"{name} is none of {', '.join(column.enum)}",
                f"SELECT count(*), min({field}) FROM {table} WHERE {rows} AND {field} NOT IN ({values})",
            )
        # of an entity that `--select` has always left out, nobody knows yet which rows there are
        if column.references in made:
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
