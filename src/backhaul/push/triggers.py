"""Which rows of an entity set a push off: those that changed since it last looked, our own writes left aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from backhaul.config.push import Trigger
from backhaul.errors import ConfigError
from backhaul.push.entries import Written
from backhaul.push.ledger import Ledger
from backhaul.push.sql import literal, quote
from backhaul.push.target import Object
from backhaul.push.values import same
from backhaul.push.wanted import Snapshot


@dataclass(frozen=True, slots=True)
class Changed:
    """One row of an entity that changed. columns: those that did; empty where it is new."""

    id: str
    columns: frozenset[str]

    @property
    def place(self) -> tuple[str, str, str]:
        """(connection, object, key)"""
        connection, object, key = (*self.id.split(":", 2), "", "")[:3]
        return connection, object, key


def changed_rows(trigger: Trigger, snapshot: Snapshot, after: int) -> list[Changed]:
    """The rows that changed after that version and meet the condition now. Raises ConfigError where it does not run."""
    condition = trigger.when or "true"
    entity = quote(trigger.rows_of)
    try:
        with duckdb.connect(str(snapshot.entities), read_only=True) as sql:
            sql.execute("SET TimeZone = 'UTC'")
            rows = sql.execute(
                "SELECT c.id, bool_or(c.op = 'insert'), flatten(list(c.columns)) FROM _changes AS c"
                f" JOIN (SELECT * FROM {entity} WHERE NOT is_deleted AND ({condition})) AS e ON e.id = c.id"
                f" WHERE c.entity = {literal(trigger.rows_of)} AND c.version > {after} GROUP BY c.id ORDER BY c.id"
            ).fetchall()
    except duckdb.Error as error:
        raise ConfigError(
            f"the trigger on {trigger.rows_of} does not run: {str(error).splitlines()[0]}",
            next_step="correct it; `backhaul query` tries a condition over the published entities",
        ) from error
    asked = frozenset(trigger.columns)
    found = [Changed(str(id), frozenset() if new else frozenset(columns or ())) for id, new, columns in rows]
    return [each for each in found if not asked or not each.columns or each.columns & asked]


def without_echo(
    rows: Sequence[Changed], objects: Sequence[Object], before: Snapshot | None, now: Snapshot, ledger: Ledger
) -> list[Changed]:
    """Leave out what is our own write coming back: records that we made, and those of which every field that changed
    and that anyone may write holds what we wrote there last.

    before: the version that was looked at last; None where it is not kept any more: then only new records are told.
    """
    by_place: dict[tuple[str, str], list[Changed]] = {}
    for each in rows:
        by_place.setdefault(each.place[:2], []).append(each)
    kept: list[Changed] = []
    for object in objects:
        kept += _others(by_place.pop((object.connection, object.name), []), object, before, now, ledger)
    return sorted([*kept, *(each for some in by_place.values() for each in some)], key=lambda each: each.id)


def _others(
    rows: Sequence[Changed], object: Object, before: Snapshot | None, now: Snapshot, ledger: Ledger
) -> list[Changed]:
    keys = [each.place[2] for each in rows]
    made = ledger.made(object.connection, object.name, keys)
    last = ledger.last_values(object.connection, object.name, keys)
    moved = _moved(object, list(last), before, now) if before is not None and last else {}
    return [each for each in rows if not _is_ours(each, object, made, last, moved)]


def _is_ours(
    row: Changed, object: Object, made: set[str], last: Mapping[str, Written],
    moved: Mapping[str, Mapping[str, str | None]],
) -> bool:  # fmt: skip
    key = row.place[2]
    if not row.columns:
        return key in made
    fields = moved.get(key, {})
    return bool(fields) and all(
        name in last[key] and same(held, last[key][name][0], object.field(name), object.step)
        for name, held in fields.items()
    )


def _moved(object: Object, keys: Sequence[str], before: Snapshot, now: Snapshot) -> dict[str, dict[str, str | None]]:
    """Record -> its fields that anyone may write and that differ between the two versions, with what they hold now."""
    if before.raw is None or now.raw is None:
        return {}
    with duckdb.connect(":memory:") as sql:
        sql.execute("SET TimeZone = 'UTC'")
        for name, path in (("was", before.raw), ("now", now.raw)):
            sql.execute(f"ATTACH {literal(str(path))} AS {name} (READ_ONLY)")
        found = sql.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = ? GROUP BY 1 HAVING count(*) = 2",
            [object.raw_table],
        ).fetchall()
        there = {str(name) for (name,) in found}
        fields = [name for name, each in object.schema.fields.items() if each.updatable and name in there]
        if not fields:
            return {}
        table = quote(object.raw_table)
        texts = [f"CAST({{}}.{quote(name)} AS VARCHAR)" for name in fields]
        columns = ", ".join(
            f"CASE WHEN {text.format('w')} IS DISTINCT FROM {text.format('n')} THEN [{text.format('n')}] END"
            for text in texts
        )
        rows = sql.execute(
            f"SELECT n._key, {columns} FROM now.main.{table} AS n JOIN was.main.{table} AS w ON w._key = n._key"
            " WHERE n._key IN (SELECT unnest(?::VARCHAR[]))",
            [list(keys)],
        ).fetchall()
    return {
        str(key): {name: value[0] for name, value in zip(fields, values, strict=True) if value is not None}
        for key, *values in rows
    }
