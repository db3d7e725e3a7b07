"""Changes that syncs saw: where a vendor keeps no history, what a tracked column was before a record changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb
from sqlglot import exp

from backhaul.transform.compiled import Slice
from backhaul.transform.contracts import EntityShape
from backhaul.transform.derived import Derived
from backhaul.transform.names import literal, quote

CHANGES = "field_changes"


def with_history(slices: Iterable[Slice]) -> frozenset[tuple[str, str]]:
    """(connection, entity) whose changes the vendor remembers itself, by the staging files of field_changes."""
    found = set()
    for part in slices:
        tree = part.resolved.get("entity")
        if isinstance(tree, exp.Literal):
            found.add((part.connection, tree.name))
    return frozenset(found)


def remember_seen(
    connection: duckdb.DuckDBPyConnection, part: Slice, shape: EntityShape, tracked: Iterable[str], *, seq: int
) -> None:
    """Keep old and new values of the rows in `held` that differ because their raw row did. Before they are replaced.

    A changed mapping changes values too, and a changed joined row: those are no changes at the vendor, and not kept.
    """
    for name in tracked:
        old, new = (_spelt(f"{alias}.{quote(name)}", shape.columns[name].sql_type) for alias in ("e", "s"))
        connection.execute(
            f"INSERT INTO meta.seen SELECT {literal(shape.name)}, s.id, {literal(name)}, {old}, {new},"
            f" coalesce(s.source_updated_at, s.synced_at), s.synced_at, s.sync_run_id, {seq}"
            f" FROM entities.{quote(shape.name)} AS e JOIN held AS h ON h.place = e.rowid"
            " JOIN staged AS s ON s.id = h.id"
            f" WHERE NOT h.same AND NOT h.untouched AND NOT s.is_deleted"
            f" AND e.connection_id = {literal(part.connection)} AND e.{quote(name)} IS DISTINCT FROM s.{quote(name)}"
        )


def seen_changes(shape: EntityShape, customer: str, sources: Mapping[str, str]) -> Derived:
    """The rows of field_changes that come from syncs. sources: connection -> source."""
    source = (
        " ".join(f"WHEN {literal(name)} THEN {literal(each)}" for name, each in sources.items()) or "WHEN '' THEN ''"
    )
    filled = {
        "id": "record_id || ':' || field || ':' || seq",
        "customer_id": literal(customer),
        "source": f"CASE split_part(record_id, ':', 1) {source} END",
        "connection_id": "split_part(record_id, ':', 1)",
        "source_object": "split_part(record_id, ':', 2)",
        "source_id": "record_id || ':' || field || ':' || seq",
        "is_deleted": "false",
        "synced_at": "seen_at",
        "sync_run_id": "run_id",
        "source_created_at": "changed_at",
        "source_updated_at": "changed_at",
        "entity": "entity",
        "record_id": "record_id",
        "field": "field",
        "old_value": "old_value",
        "new_value": "new_value",
        "changed_at": "changed_at",
        "method": "'syncs'",
    }
    columns = [
        f"{filled.get(name, f'CAST(NULL AS {column.sql_type})')} AS {quote(name)}"
        for name, column in shape.columns.items()
    ]
    known = ", ".join(literal(name) for name in sources) or "''"
    return Derived(
        table=CHANGES,
        columns=tuple(shape.columns),
        select=f"SELECT {', '.join(columns)} FROM meta.seen WHERE split_part(record_id, ':', 1) IN ({known})",
        mine="method = 'syncs'",
    )


def _spelt(value: str, type_: str) -> str:
    text = f"CAST({value} AS VARCHAR)"
    return f"rtrim(rtrim({text}, '0'), '.')" if type_.startswith("DECIMAL") else text
