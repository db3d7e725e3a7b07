"""Parts meet their raw table: columns are added or widened until every part fits, nothing is ever narrowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backhaul.errors import Bug
from backhaul.load.tables import DUCKDB_TYPES, SCHEMA, RawTable, Renamed, Widened, literal, quoted
from backhaul.load.watermarks import COLUMNS
from backhaul.spool.parts import Part

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# dlt turns these into underscores in a name; the column must be called what dlt will call it.
_NOT_IN_A_NAME = str.maketrans("\n\r'\"▶", "_____")


@dataclass(frozen=True, slots=True)
class Shape:
    """Rows parts with the same columns in the same order.

    columns: the raw column of each field of the part, in the part's order. types: what the part holds there.
    """

    paths: tuple[str, ...]
    rows: int
    columns: tuple[str, ...]
    types: tuple[str, ...]
    fields: tuple[str, ...]


@dataclass(slots=True)
class Plan:
    """A raw table as it must be before the load: its columns with their DuckDB types, and how it gets there."""

    table: RawTable
    columns: dict[str, str]
    exists: bool
    added: list[str] = field(default_factory=list)
    widened: list[Widened] = field(default_factory=list)
    renamed: list[Renamed] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{SCHEMA}.{quoted(self.table.name)}"

    def fits(self, shape: Shape) -> bool:
        """The part's own file can become rows of the table: same names, same types, at most columns missing."""
        return shape.columns == shape.fields and all(
            self.columns[column] == kind for column, kind in zip(shape.columns, shape.types, strict=True)
        )

    def fits_whole(self, shape: Shape) -> bool:
        """As `fits`, and no column of the table is missing in the part."""
        return self.fits(shape) and len(shape.columns) == len(self.columns)


def plan_tables(connection: duckdb.DuckDBPyConnection, tables: Iterable[tuple[RawTable, Sequence[Part]]]) -> list[Plan]:
    """Read the parts' footers and settle the columns of each table. Changes nothing yet."""
    # Asked once for all: with hundreds of tables the catalog takes longer to ask than to read.
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = ?"
        " ORDER BY table_name, column_index",
        [SCHEMA],
    ).fetchall():
        columns.setdefault(table, {})[column] = kind
    names = recorded_names(connection)
    return [
        _plan(each, parts, columns.get(each.name, {}), names.get((each.connection, each.object), {}))
        for each, parts in tables
    ]


def recorded_names(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, str]]:
    """Connection and object -> field -> column, of the fields whose columns are called otherwise."""
    names: dict[tuple[str, str], dict[str, str]] = {}
    for place, object_, name, column in connection.execute(
        f'SELECT connection, object, field, "column" FROM {SCHEMA}.{COLUMNS}'
    ).fetchall():
        names.setdefault((place, object_), {})[name] = column
    return names


def _plan(table: RawTable, parts: Sequence[Part], existing: Mapping[str, str], recorded: Mapping[str, str]) -> Plan:
    plan = Plan(table, dict(existing), exists=bool(existing))
    names = _Names(existing, recorded)
    declared = {name: DUCKDB_TYPES[kind] for name, kind in table.fields}
    for name, kind in declared.items():
        _settle(plan, names.column_of(name), kind, drift=False)
    found = list(_shapes([part for part in parts if part.kind == "rows"], names))
    for shape in found:
        for name, column, kind in zip(shape.fields, shape.columns, shape.types, strict=True):
            _settle(plan, column, declared.get(name, "VARCHAR") if kind == "NULL" else kind, drift=kind != "NULL")
    for name, kind in table.system_columns.items():
        _settle(plan, name, DUCKDB_TYPES[kind], drift=False)
    if not plan.exists:
        # They end a new table, whatever the order in its parts.
        system = {name: plan.columns.pop(name) for name in table.system_columns}
        plan.columns.update(system)
        plan.added.clear()
    plan.renamed = names.new
    plan.shapes = found
    return plan


def apply(connection: duckdb.DuckDBPyConnection, plans: Iterable[Plan]) -> None:
    """Create, add and widen, all of it or nothing. Doing it again changes nothing."""
    connection.begin()
    for plan in plans:
        if not plan.exists:
            listed = ", ".join(
                f"{quoted(name)} {kind}{' NOT NULL' if name == '_key' else ''}" for name, kind in plan.columns.items()
            )
            connection.execute(f"CREATE TABLE IF NOT EXISTS {plan.name} ({listed})")
        else:
            for column in plan.added:
                kind = plan.columns[column]
                connection.execute(f"ALTER TABLE {plan.name} ADD COLUMN {quoted(column)} {kind}")
            for each in plan.widened:
                using = converted(quoted(each.column), each.before, each.after)
                connection.execute(
                    f"ALTER TABLE {plan.name} ALTER COLUMN {quoted(each.column)} TYPE {each.after} USING {using}"
                )
        for renamed in plan.renamed:
            connection.execute(
                f"INSERT INTO {SCHEMA}.{COLUMNS} VALUES (?, ?, ?, ?)",
                [plan.table.connection, plan.table.object, renamed.field, renamed.column],
            )
    connection.commit()


def wider(one: str, other: str) -> str:
    """The type that holds both without loss."""
    if one == other:
        return one
    for pair, both in _WIDER.items():
        if {one, other} == set(pair):
            return both
    return "VARCHAR"


_WIDER = {
    ("BIGINT", "DECIMAL(38,9)"): "DECIMAL(38,9)",
    ("DATE", "TIMESTAMP WITH TIME ZONE"): "TIMESTAMP WITH TIME ZONE",
}


def converted(expression: str, before: str, after: str) -> str:
    """SQL for a value in a wider type. As text it is spelt as APIs spell it, not as DuckDB does."""
    if before == after:
        return expression
    if after == "VARCHAR" and before == "DECIMAL(38,9)":
        return f"rtrim(rtrim(CAST({expression} AS VARCHAR), '0'), '.')"
    if after == "VARCHAR" and before == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({expression} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
    if before == "DATE" and after == "TIMESTAMP WITH TIME ZONE":
        return f"CAST({expression} AS TIMESTAMP) AT TIME ZONE 'UTC'"
    return f"CAST({expression} AS {after})"


def _settle(plan: Plan, column: str, kind: str, *, drift: bool) -> None:
    """Give the column a type that holds `kind`. A declared field alone (no drift) only adds, it widens nothing."""
    before = plan.columns.get(column)
    if before is None:
        plan.columns[column] = kind
        plan.added.append(column)
        return
    if not drift or (after := wider(before, kind)) == before:
        return
    plan.columns[column] = after
    if plan.exists and column not in plan.added:
        earlier = next((each for each in plan.widened if each.column == column), None)
        if earlier is not None:
            plan.widened.remove(earlier)
            before = earlier.before
        plan.widened.append(Widened(column, before, after))


class _Names:
    """Which column a field goes to. DuckDB ignores case in names, vendors do not."""

    def __init__(self, columns: Iterable[str], recorded: Mapping[str, str]) -> None:
        self._taken = {column.lower(): column for column in columns}
        self._recorded = dict(recorded)
        self.new: list[Renamed] = []

    def column_of(self, name: str) -> str:
        if name in self._recorded:
            return self._recorded[name]
        base = name.translate(_NOT_IN_A_NAME).strip()
        column, number = base, 1
        while self._taken.get(column.lower(), column) != column or (number == 1 and column in self._recorded.values()):
            number += 1
            column = f"{base}__{number}"
        if column != name:
            self.new.append(Renamed(name, column))
            self._recorded[name] = column
        self._taken[column.lower()] = column
        return column


def _shapes(parts: Sequence[Part], names: _Names) -> Iterable[Shape]:
    import pyarrow.parquet as pq

    found: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Part]] = {}
    for part in parts:
        schema = pq.read_schema(part.path)
        if "_key" not in schema.names:
            raise Bug(f"a part without _key: {part.path}", object=part.window.object, connection=part.window.connection)
        types = tuple(_duckdb_type(each.type, part) for each in schema)
        found.setdefault((tuple(schema.names), types), []).append(part)
    for (fields, types), of_shape in found.items():
        yield Shape(
            paths=tuple(str(part.path) for part in of_shape),
            rows=sum(part.rows for part in of_shape),
            columns=tuple(names.column_of(name) for name in fields),
            types=types,
            fields=fields,
        )


def _duckdb_type(kind: pa.DataType, part: Part) -> str:
    import pyarrow.types as t

    known = (
        (t.is_null, "NULL"),
        (lambda k: t.is_string(k) or t.is_large_string(k) or t.is_string_view(k), "VARCHAR"),
        (t.is_integer, "BIGINT"),
        (t.is_decimal, "DECIMAL(38,9)"),
        (t.is_floating, "DOUBLE"),
        (t.is_boolean, "BOOLEAN"),
        (t.is_date, "DATE"),
        (t.is_timestamp, "TIMESTAMP WITH TIME ZONE"),
        (t.is_time, "TIME"),
    )
    for is_it, name in known:
        if is_it(kind):
            return name
    raise Bug(f"a part holds a column of type {kind}: {part.path}")


def parts_sql(paths: Sequence[str]) -> str:
    return f"read_parquet([{', '.join(literal(path) for path in paths)}])"
