"""The rows that a push wants: its select, run once over a snapshot into a scratch table."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from backhaul.errors import ConfigError, StorageError
from backhaul.push.sql import literal, quote
from backhaul.push.target import Object, Task


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One published version: the files of its entities and of its raw tables."""

    version: int
    entities: Path
    raw: Path | None


@dataclass(frozen=True, slots=True)
class Engine:
    """What DuckDB may use."""

    memory_limit: str = "128MB"
    threads: int = 2


class Wanted:
    """The rows in the table `wanted`, beside the attached snapshot. What memory cannot hold goes to `folder`."""

    def __init__(self, task: Task, snapshot: Snapshot, folder: Path, engine: Engine) -> None:
        self.task = task
        self.snapshot = snapshot
        try:
            self.sql = duckdb.connect(
                ":memory:",
                config={"memory_limit": engine.memory_limit, "threads": engine.threads, "temp_directory": str(folder)},
            )
        except duckdb.Error as error:
            raise StorageError(f"no scratch database can be made: {error}", customer=task.customer) from error
        try:
            self.sql.execute(
                "SET TimeZone = 'UTC'; SET preserve_insertion_order = false; SET enable_progress_bar = false"
            )
            self.sql.execute(f"ATTACH {literal(str(snapshot.entities))} AS published (READ_ONLY)")
            if snapshot.raw is not None:
                self.sql.execute(f"ATTACH {literal(str(snapshot.raw))} AS raw (READ_ONLY)")
            if task.changed is not None:
                self.sql.execute("CREATE TEMP TABLE changed AS SELECT unnest(?::VARCHAR[]) AS id", [list(task.changed)])
            self.columns = self._select()
        except duckdb.OutOfMemoryException as error:
            self.close()
            raise StorageError(f"the push's select needs more memory: {error}", customer=task.customer) from error
        except BaseException:
            self.close()
            raise

    def _select(self) -> dict[str, str]:
        """Run the select; the columns it gives, with DuckDB's types."""
        text = self.task.select.strip().rstrip(";")
        try:
            self.sql.execute("USE published")
            # a temporary table is spilled as it is; a table in a file would be compressed first, for one use
            self.sql.execute(f"CREATE TEMP TABLE wanted AS SELECT * FROM (\n{text}\n)")
            self.sql.execute("USE memory")
        except (duckdb.OutOfMemoryException, duckdb.IOException):
            raise
        except duckdb.Error as error:
            raise ConfigError(
                f"the select of the push {self.task.name} does not run: {error}",
                next_step="correct it; `backhaul query` tries a select over the published entities",
                customer=self.task.customer,
            ) from error
        described = self.sql.execute("DESCRIBE wanted").fetchall()
        return {str(each[0]): str(each[1]) for each in described}

    def mine(self, object: Object, alias: str) -> str:
        """The condition that finds an object's rows among an entity's."""
        if object.ways is None:
            return ""
        start = f"{object.connection}:{object.name}:"
        return f"WHERE starts_with({alias}.{quote(self.column('id'))}, {literal(start)})"

    def count(self, object: Object) -> int:
        """How many rows go to an object."""
        found = self.sql.execute(f"SELECT count(*) FROM wanted AS s {self.mine(object, 's')}").fetchone()
        return int(found[0]) if found else 0

    def column(self, name: str) -> str:
        """The select's column of that name, in its own spelling. Raises ConfigError where it has none."""
        for each in self.columns:
            if each.lower() == name.lower():
                return each
        near = difflib.get_close_matches(name, self.columns, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; it gives {', '.join(self.columns)}"
        raise ConfigError(
            f"the select of the push {self.task.name} has no column {name}{hint}",
            next_step="add the column to the select, or name another as `key`",
            customer=self.task.customer,
        )

    def raw_columns(self, table: str) -> dict[str, str]:
        """The columns of a raw table and their types; none where it is not in the snapshot."""
        if self.snapshot.raw is None:
            return {}
        rows = self.sql.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'raw' AND table_name = ?",
            [table],
        ).fetchall()
        return {str(name): str(kind) for name, kind in rows}

    def places(self) -> list[tuple[str | None, str | None, int]]:
        """Of an entity's ids: (connection, object, rows); None where an id is no id."""
        id = quote(self.column("id"))
        rows = self.sql.execute(
            f"SELECT nullif(p.c, ''), nullif(p.o, ''), count(*) FROM (SELECT regexp_extract(CAST({id} AS VARCHAR),"
            " '^([^:]+):([^:]+):(.+)$', ['c', 'o', 'k']) AS p FROM wanted) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        return [(each[0], each[1], int(each[2])) for each in rows]

    def close(self) -> None:
        self.sql.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
