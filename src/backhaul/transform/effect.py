"""What two states of an entity differ in: rows that came, went and changed, the cells of those, and the columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb

from backhaul.transform.derived import UNHASHED
from backhaul.transform.names import HIDDEN, literal, quote

SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """One cell before and after, as text."""

    id: str
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Effect:
    """The difference of one entity or mart. Cells are counted in rows that both states have."""

    entity: str
    rows: int
    """Rows afterwards."""
    added: int
    removed: int
    changed: int
    cells: Mapping[str, int]
    """Column -> rows whose value differs; a column that one state lacks is empty there."""
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    retyped: tuple[str, ...]
    """`name: BIGINT to VARCHAR`"""
    samples: tuple[Sample, ...]

    @property
    def is_nothing(self) -> bool:
        return not (self.added or self.removed or self.changed or self.gained or self.lost or self.retyped)


def effects(connection: duckdb.DuckDBPyConnection, before: str, *, apart: Collection[str] = ()) -> tuple[Effect, ...]:
    """Compare schema `entities` of the current database with the tables of an attached one, schema main.

    apart: tables of the attached one that no transform makes.
    """
    old = {name: each for name, each in _tables(connection, before, "main").items() if name not in apart}
    new = _tables(connection, None, "entities")
    return tuple(
        _effect(connection, name, before, old.get(name, {}), new.get(name, {})) for name in sorted({*old, *new})
    )


def _effect(
    connection: duckdb.DuckDBPyConnection, name: str, before: str, old: Mapping[str, str], new: Mapping[str, str]
) -> Effect:
    there, here = f"{quote(before)}.main.{quote(name)}", f"entities.{quote(name)}"
    gained = tuple(each for each in new if each not in old)
    lost = tuple(each for each in old if each not in new)
    retyped = tuple(f"{each}: {old[each]} to {new[each]}" for each in new if each in old and old[each] != new[each])
    rows = _one(connection, f"SELECT count(*) FROM {here}") if new else 0
    if not old or not new or "id" not in old or "id" not in new:
        known = _one(connection, f"SELECT count(*) FROM {there}") if old else 0
        if old == dict(new) and old and not _differ(connection, there, here, new):
            return Effect(name, rows, 0, 0, 0, {}, (), (), (), ())
        return Effect(name, rows, rows, known, 0, {}, gained, lost, retyped, ())
    added = _one(connection, f"SELECT count(*) FROM {here} AS n ANTI JOIN {there} AS o ON o.id = n.id")
    removed = _one(connection, f"SELECT count(*) FROM {there} AS o ANTI JOIN {here} AS n ON n.id = o.id")
    columns = [each for each in {**new, **old} if each not in UNHASHED and each != "id"]
    differs = {each: _cell_differs(each, old, new) for each in columns}
    joined = f"FROM {here} AS n JOIN {there} AS o ON o.id = n.id"
    counts = ", ".join(f"count(*) FILTER ({condition})" for condition in differs.values())
    any_differs = " OR ".join(f"({condition})" for condition in differs.values())
    row = connection.execute(f"SELECT count(*) FILTER ({any_differs}), {counts} {joined}").fetchone() or (0,)
    cells = {each: int(number) for each, number in zip(columns, row[1:], strict=True) if number}
    samples: list[Sample] = []
    for each in sorted(cells, key=lambda column: -cells[column])[:SAMPLES]:
        values = [f"CAST(o.{quote(each)} AS VARCHAR)" if each in old else "NULL"]
        values.append(f"CAST(n.{quote(each)} AS VARCHAR)" if each in new else "NULL")
        found = connection.execute(
            f"SELECT n.id, {', '.join(values)} {joined} WHERE {differs[each]} ORDER BY n.id LIMIT {SAMPLES}"
        ).fetchall()
        samples += [Sample(str(id), each, was, now) for id, was, now in found]
    return Effect(name, rows, added, removed, int(row[0]), cells, gained, lost, retyped, tuple(samples))


def _cell_differs(column: str, old: Mapping[str, str], new: Mapping[str, str]) -> str:
    sides = [f"{alias}.{quote(column)}" if column in types else "NULL" for alias, types in (("o", old), ("n", new))]
    if column in old and column in new and old[column] != new[column]:
        sides = [f"CAST({side} AS VARCHAR)" for side in sides]
    return f"{sides[0]} IS DISTINCT FROM {sides[1]}"


def _differ(connection: duckdb.DuckDBPyConnection, there: str, here: str, columns: Mapping[str, str]) -> bool:
    names = ", ".join(quote(each) for each in columns)
    return bool(
        _one(
            connection,
            f"SELECT (SELECT count(*) FROM (SELECT {names} FROM {here} EXCEPT ALL SELECT {names} FROM {there}))"
            f" + (SELECT count(*) FROM (SELECT {names} FROM {there} EXCEPT ALL SELECT {names} FROM {here}))",
        )
    )


def _tables(connection: duckdb.DuckDBPyConnection, database: str | None, schema: str) -> dict[str, dict[str, str]]:
    place = literal(database) if database else "current_database()"
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns()"
        f" WHERE schema_name = ? AND database_name = {place} ORDER BY table_name, column_index",
        [schema],
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, type_ in rows:
        if not table.startswith("_") and column not in HIDDEN:
            found.setdefault(table, {})[column] = type_
    return found


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
