"""Mappings against what is known of the vendors' fields, without a vendor, a lease or work.duckdb.

The raw tables are made up, empty, of what discovery heard and what is published; what DuckDB says of an expression over
them, it would say in a transform.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from backhaul.config.problems import Problem, closest, error, listed
from backhaul.discovery.cache import known_schema
from backhaul.errors import ConfigError
from backhaul.load.tables import DUCKDB_TYPES, SYSTEM_COLUMNS, RawTable, literal, quoted
from backhaul.pipeline.context import Context
from backhaul.pipeline.transforming import customer_of, models_of
from backhaul.protocol.schema import Field
from backhaul.publish.query import open_snapshot
from backhaul.transform.inputs import Mappings
from backhaul.transform.mappings import read_column
from backhaul.transform.plan import EntityPlan, compile_mapped
from backhaul.transform.work import scalar_functions

Tables = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a customer's mappings, and the connections whose fields nobody knows yet."""

    problems: tuple[Problem, ...]
    undiscovered: tuple[str, ...]


def check_mappings(context: Context) -> Checked:
    """Raises nothing for a mapping that is wrong."""
    mappings = context.pipeline.mappings
    if not mappings:
        return Checked((), ())
    tables, undiscovered = _tables(context)
    told: list[str] = []
    try:
        plans = compile_mapped(models_of(context), customer_of(context), tables, scalar_functions())
    except ConfigError as failure:
        told += [_with_advice(context, each) for each in failure.problems if each.startswith("mappings.")]
    else:
        told += _refused(plans, tables, mappings)
    told += _unknown_options(context, mappings)
    mapped = {place.partition(".")[0] for places in mappings.values() for place in places}
    return Checked(
        tuple(context.config.placed(context.customer, told)),
        tuple(name for name in undiscovered if name in mapped),
    )


def need_mappings(context: Context) -> None:
    """Raises ConfigError with every mapping that is wrong, at its line."""
    problems = check_mappings(context).problems
    if problems:
        raise error("the mappings do not fit", problems, customer=context.customer)


def _with_advice(context: Context, told: str) -> str:
    if ": there is no field " not in told:
        return told
    connection = told.split(".")[2].partition(":")[0]
    return f"{told}; if it is new there: backhaul discover {context.customer} {connection}"


def _tables(context: Context) -> tuple[Tables, list[str]]:
    """The raw tables as the next transform would find them, and the connections of which nothing is known."""
    tables: dict[str, dict[str, str]] = {}
    undiscovered = []
    published = _published(context)
    for name in context.pipeline.connections:
        schema = known_schema(context.state.schemas, context.customer, name)
        if schema is None:
            undiscovered.append(name)
            continue
        for each in schema.objects.values():
            table = RawTable(name, each.name, tuple((one.name, one.type) for one in each.fields.values()))
            ours = {column: DUCKDB_TYPES[kind] for column, kind in (*table.fields, *SYSTEM_COLUMNS.items())}
            tables[table.name] = {**ours, **published.get(table.name, {})}
    return tables, undiscovered


def _published(context: Context) -> dict[str, dict[str, str]]:
    """Raw columns as they were last published: widened ones, and those that the vendor has no more."""
    found: dict[str, dict[str, str]] = {}
    try:
        with open_snapshot(context.layout, context.customer, raw=True) as snapshot:
            rows = snapshot.execute(
                "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
            ).fetchall()
    except ConfigError:  # nothing is published yet
        return found
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def _refused(plans: tuple[EntityPlan, ...], tables: Tables, mappings: Mappings) -> Iterator[str]:
    """What DuckDB says of the mapped columns' expressions."""
    with duckdb.connect() as engine:
        engine.execute("CREATE SCHEMA raw")
        for name, columns in tables.items():
            spelt = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
            engine.execute(f"CREATE TABLE raw.{quoted(name)} ({spelt})")
        for plan in plans:
            places = mappings.get(plan.shape.name, {})
            for part in plan.slices:
                for place in (part.connection, f"{part.connection}.{part.object}"):
                    for column in places.get(place, {}):
                        try:
                            engine.execute(f"EXPLAIN SELECT {part.columns[column]} {part.from_sql}")
                        except duckdb.Error as failure:
                            what = str(failure).splitlines()[0]
                            yield f"mappings.{plan.shape.name}.{place}.{column}: {part.object}: {what}"


def _unknown_options(context: Context, mappings: Mappings) -> Iterator[str]:
    """Values of a value map that the vendor's field does not offer, and that no record has."""
    for entity, places in mappings.items():
        for place, columns in places.items():
            connection, _, chosen = place.partition(".")
            schema = known_schema(context.state.schemas, context.customer, connection)
            for name, value in columns.items():
                read = read_column(value)
                if read.values is None or schema is None:
                    continue
                fields = [
                    (each.name, each.fields[read.text])
                    for each in schema.objects.values()
                    if read.text in each.fields and chosen in ("", each.name)
                ]
                options = {option for _, field in fields for option in field.options}
                if not options or any(field.open or not field.options for _, field in fields):
                    continue
                for theirs in read.values:
                    if theirs not in options and not _is_held(context, connection, fields, theirs):
                        near = closest(theirs, options)
                        hint = f"did you mean {near}?" if near else f"it has {listed(options)}"
                        where = f"mappings.{entity}.{place}.{name}"
                        yield f"{where}: values.{theirs}: {read.text} has no such option; {hint}"


def _is_held(context: Context, connection: str, fields: Sequence[tuple[str, Field]], value: str) -> bool:
    """Options that a vendor no longer offers stay in old records."""
    try:
        with open_snapshot(context.layout, context.customer, raw=True) as snapshot:
            for object_name, field in fields:
                table = RawTable(connection, object_name, ()).name
                asked = f"SELECT 1 FROM {quoted(table)} WHERE {quoted(field.name)} = {literal(value)} LIMIT 1"
                if snapshot.execute(asked).fetchone() is not None:
                    return True
    except (ConfigError, duckdb.CatalogException, duckdb.BinderException):  # not published, or without the field
        return False
    return False
