"""Read a published snapshot: the current one, or the one that was current at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from backhaul.config.layout import Layout
from backhaul.errors import ConfigError, StorageError
from backhaul.publish.versions import AsOf, Manifest, Versions

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result, with DuckDB's name of its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows of a snapshot, and how far they can be trusted to be complete and fresh."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    version: int
    published_at: datetime
    as_of: AsOf
    warnings: tuple[str, ...] = ()
    """What makes its numbers doubtful: sums over several currencies."""


def current_snapshot(layout: Layout, customer: str, as_of: datetime | None = None) -> Manifest:
    """What is known of the version, without opening it. Raises ConfigError where nothing is published."""
    return Versions(layout, customer).at(_aware(as_of))


def open_snapshot(
    layout: Layout, customer: str, as_of: datetime | None = None, *, raw: bool = False
) -> duckdb.DuckDBPyConnection:
    """A read-only connection to one version, which stays as it is while newer ones are published.

    as_of: the version current at that moment (UTC where it names no zone). raw: its raw tables, not its entities.
    """
    return _open(Versions(layout, customer), current_snapshot(layout, customer, as_of), customer, raw=raw)


def query(
    layout: Layout,
    customer: str,
    sql: str,
    limit: int | None = 1000,
    *,
    as_of: datetime | None = None,
    raw: bool = False,
) -> QueryResult:
    """Run one select. limit: how many rows at most; `truncated` says that there are more. None: all rows."""
    manifest = current_snapshot(layout, customer, as_of)
    with _open(Versions(layout, customer), manifest, customer, raw=raw) as connection:
        try:
            cursor = connection.execute(sql)
            rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
            described = cursor.description or []
        except duckdb.Error as error:
            raise _refused(str(error), customer) from error
    truncated = limit is not None and len(rows) > limit
    return QueryResult(
        columns=tuple(ResultColumn(str(each[0]), str(each[1])) for each in described),
        rows=tuple(rows[:limit] if limit is not None else rows),
        truncated=truncated,
        version=manifest.version,
        published_at=manifest.published_at,
        as_of=manifest.as_of,
    )


def query_arrow(
    layout: Layout, customer: str, sql: str, *, as_of: datetime | None = None, raw: bool = False
) -> pa.Table:
    """All rows of one select, typed, also where there are none. Raises as `query`."""
    with open_snapshot(layout, customer, as_of, raw=raw) as connection:
        try:
            relation = connection.sql(sql)
            if relation is not None:
                return relation.to_arrow_table()
        except duckdb.Error as error:
            raise _refused(str(error), customer) from error
    raise _refused("it gives no rows", customer)


def _refused(why: str, customer: str) -> ConfigError:
    return ConfigError(
        f"the query does not run: {why}",
        next_step="correct the query; `select table_name, column_name, comment from duckdb_columns()` lists what"
        " there is",
        customer=customer,
    )


def _open(versions: Versions, manifest: Manifest, customer: str, *, raw: bool) -> duckdb.DuckDBPyConnection:
    name = manifest.raw if raw else manifest.entities
    path = versions.folder / str(name)
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise StorageError(
            f"the snapshot {path.name} cannot be opened: {str(error).splitlines()[0]}",
            next_step="close whatever has it open for writing, or `backhaul publish` to write a new version",
            customer=customer,
        ) from error
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
