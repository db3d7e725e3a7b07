"""`trace`: from an entity's row back to the vendor's record, its fields and values, and the run that read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backhaul.config.problems import closest, listed
from backhaul.errors import ConfigError
from backhaul.load.tables import quoted
from backhaul.pipeline.context import Context
from backhaul.pipeline.transforming import customer_of, models_of
from backhaul.publish.query import current_snapshot, open_snapshot

SYSTEM = ("_key", "_run_id", "_read_at", "_changed_at", "_deleted_at")


@dataclass(frozen=True, slots=True)
class TracedField:
    """A vendor's field that a column reads, and its value in the raw table."""

    object: str
    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class TracedColumn:
    """One column: its value, the expression that made it, and what that read. No expression: the engine filled it."""

    column: str
    value: Any
    expression: str
    fields: tuple[TracedField, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """One row of an entity. Derived rows (links between systems, changes that syncs saw) have no raw table."""

    entity: str
    id: str
    version: int
    connection: str
    source: str
    object: str
    raw_table: str | None
    key: str
    run: str | None
    read_at: datetime | None
    changed_at: datetime | None
    url: str | None
    how: str
    """Which file or rule made the row."""
    columns: tuple[TracedColumn, ...]


def trace(context: Context, entity: str, id: str, column: str | None = None) -> Trace:
    """column: only this one. Raises ConfigError, with the closest names, for what is not there."""
    manifest = current_snapshot(context.layout, context.customer)
    row, mart = _row(context, entity, id)
    if column is not None and column not in row:
        near = closest(column, list(row))
        hint = f"; did you mean {near}?" if near else f"; there are {listed(list(row))}"
        raise ConfigError(f"{entity} has no column {column}{hint}", customer=context.customer)
    wanted = [column] if column else [each for each in row if row[each] is not None]
    if mart is not None:
        columns = tuple(TracedColumn(each, row[each], "", ()) for each in wanted)
        how = f"made of {listed(sorted(mart.inputs))} by {mart.path}; trace their rows further"
        return Trace(entity, id, manifest.version, "", "", "", None, id, None, None, None, None, how, columns)
    connection, object_name = str(row["connection_id"]), str(row["source_object"])
    key = str(row["source_id"])
    shared = (entity, id, manifest.version, connection, str(row["source"]), object_name)
    raw_table = f"{connection}__{object_name}"
    with open_snapshot(context.layout, context.customer, raw=True) as raw:
        part = _slice(context, raw, entity, connection, object_name)
        if part is None:
            how = f"derived: {row.get('method') or 'by the engine'}"
            columns = tuple(TracedColumn(each, row[each], "", ()) for each in wanted)
            run, at = row.get("sync_run_id"), row.get("synced_at")
            return Trace(*shared, None, key, run, at, None, row.get("source_url"), how, columns)
        record = _record(raw, raw_table, key)
        columns = tuple(_column(raw, part, each, row[each], record, connection) for each in wanted)
    return Trace(
        *shared,
        raw_table,
        str(record.get("_key", key)),
        record.get("_run_id"),
        record.get("_read_at"),
        record.get("_changed_at"),
        row.get("source_url"),
        f"transforms/staging/{part.source}/{entity}.{object_name}.sql",
        columns,
    )


def _row(context: Context, entity: str, id: str) -> tuple[dict[str, Any], Any]:
    models = models_of(context)
    mart = next((each for each in models.marts if each.name == entity), None)
    if mart is None and entity not in models.contracts:
        names = [*models.contracts, *(each.name for each in models.marts)]
        near = closest(entity, names)
        hint = f"; did you mean {near}?" if near else f"; there are {listed(names)}"
        raise ConfigError(f"there is no entity {entity}{hint}", customer=context.customer)
    with open_snapshot(context.layout, context.customer) as snapshot:
        cursor = snapshot.execute(f"SELECT * FROM {quoted(entity)} WHERE id = ?", [id])
        found = cursor.fetchone()
        if found is None:
            raise ConfigError(
                f"{entity} has no row {id}",
                next_step=f'find one: backhaul query {context.customer} "select id, name from {entity} limit 5"',
                customer=context.customer,
            )
        return dict(zip([each[0] for each in cursor.description or []], found, strict=True)), mart


def _slice(context: Context, raw: Any, entity: str, connection: str, object_name: str) -> Any:
    from backhaul.transform.plan import compile_entities
    from backhaul.transform.work import scalar_functions

    tables: dict[str, dict[str, str]] = {}
    for table, name, type_ in raw.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main'"
        " ORDER BY table_name, column_index"
    ).fetchall():
        tables.setdefault(table, {})[name] = type_
    plans = compile_entities(models_of(context), customer_of(context), tables, scalar_functions())
    parts = next(plan.slices for plan in plans if plan.shape.name == entity)
    return next((each for each in parts if (each.connection, each.object) == (connection, object_name)), None)


def _record(raw: Any, table: str, source_id: str) -> dict[str, Any]:
    """The raw row; a source_id may be its key with something behind it, as for the second row of one record."""
    key = source_id
    while key:
        cursor = raw.execute(f"SELECT * FROM {quoted(table)} WHERE _key = ?", [key])
        found = cursor.fetchone()
        if found is not None:
            return dict(zip([each[0] for each in cursor.description], found, strict=True))
        key = key.rpartition(":")[0]
    return {}


def _column(raw: Any, part: Any, column: str, value: Any, record: dict[str, Any], connection: str) -> TracedColumn:
    from backhaul.transform.tracing import reads_of

    reads = reads_of(part, column)
    if reads is None:
        return TracedColumn(column, value, "", ())
    spelt = {name.lower(): name for name in record}
    fields = []
    for alias, field in reads.fields:
        if alias:
            joined = next((join.table for join in part.joins if join.alias.strip('"') == alias), alias)
            fields.append(
                TracedField(joined.removeprefix(f"{connection}__"), field, _joined(raw, part, alias, field, record))
            )
        else:
            fields.append(TracedField(part.object, field, record.get(spelt.get(field.lower(), field))))
    expression = f"{reads.expression}, by the mapping's values" if reads.mapped else reads.expression
    return TracedColumn(column, value, expression, tuple(fields))


def _joined(raw: Any, part: Any, alias: str, field: str, record: dict[str, Any]) -> Any:
    """The joined record's value for this one record: the slice's own joins, over the raw snapshot's tables."""
    if not any(join.alias.strip('"') == alias for join in part.joins):
        return None
    from_sql = part.from_sql.replace("raw.", "main.")
    row = raw.execute(
        f"SELECT {quoted(alias)}.{quoted(field)} {from_sql} WHERE src._key = ? ORDER BY {quoted(alias)}._key LIMIT 1",
        [record.get("_key")],
    ).fetchone()
    return row[0] if row else None
