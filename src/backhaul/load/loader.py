"""Parts into raw tables, newest wins; with them, in the same load, the watermarks and the rejects."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from backhaul.errors import Bug
from backhaul.load import conform, newest, watermarks
from backhaul.load.database import opened, refusals
from backhaul.load.newest import Outcome
from backhaul.load.tables import SCHEMA, LoadResult, RawTable, TableResult, WatermarkRow
from backhaul.spool.parts import Part
from backhaul.telemetry.crashpoints import crash_point

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class Loader:
    """Loads parts into one customer's work.duckdb. Whoever calls it holds the customer's write lease."""

    def __init__(
        self,
        *,
        database: Path,
        folder: Path,
        memory_limit: str = "128MB",
        threads: int = 2,
    ) -> None:
        """database: the customer's work.duckdb. folder: for dlt and for files in passing; emptied by each load."""
        self._database = database
        self._folder = folder
        self._memory_limit = memory_limit
        self._threads = threads

    def load(
        self,
        parts: Sequence[Part],
        *,
        tables: Mapping[tuple[str, str], RawTable],
        watermarks: Sequence[WatermarkRow] = (),
        rejects: pa.Table | None = None,
    ) -> LoadResult:
        """Bring the raw tables up to the parts and commit the watermarks with them.

        tables: by connection and object, parents before their children; those without parts are created as well. Give
        all the parts of a window that has parents parts at once. Children go with parents that are deleted. Loading the
        same parts again, after a crash at any point, changes nothing.
        Raises StorageError (locked, full, damaged), Bug.
        """
        unknown = {(part.window.connection, part.window.object) for part in parts} - set(tables)
        if unknown:
            raise Bug(f"parts without a raw table: {sorted(unknown)}")
        with (
            opened(self._database, memory_limit=self._memory_limit, threads=self._threads) as connection,
            refusals(self._database),
        ):
            load = _Load(connection, self._database, self._folder)
            result = load.run(parts, tables, watermarks, rejects)
        crash_point("loaded")
        return result


class _Load:
    """One load, with the database open."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, database: Path, folder: Path) -> None:
        self._connection = connection
        self._database = database
        self._folder = folder
        self._survivors = folder / "survivors"

    def run(
        self,
        parts: Sequence[Part],
        tables: Mapping[tuple[str, str], RawTable],
        rows: Sequence[WatermarkRow],
        rejects: pa.Table | None,
    ) -> LoadResult:
        connection = self._connection
        watermarks.create_own_tables(connection)
        by_place: dict[tuple[str, str], list[Part]] = {}
        for part in parts:
            by_place.setdefault((part.window.connection, part.window.object), []).append(part)
        planned = conform.plan_tables(connection, [(table, by_place.get(place, [])) for place, table in tables.items()])
        plans = dict(zip(tables, planned, strict=True))
        conform.apply(connection, plans.values())
        moved = watermarks.moved(connection, rows)
        shutil.rmtree(self._survivors, ignore_errors=True)
        self._survivors.mkdir(parents=True)
        outcomes: dict[tuple[str, str], Outcome] = {}
        for place, table in tables.items():
            # a parent's table comes before its children's: they go with it
            above = outcomes.get((table.connection, table.parent)) if table.parent is not None else None
            gone = above.gone if above is not None else None
            if place in by_place or gone is not None:
                outcomes[place] = newest.decide(
                    connection, plans[place], by_place.get(place, []), self._survivors, gone
                )
        new_rejects = watermarks.write_new_rejects(connection, rejects, self._survivors / "rejects.parquet")
        load_id = self._commit(plans, outcomes, moved, new_rejects)
        shutil.rmtree(self._folder, ignore_errors=True)
        return LoadResult(
            load_id=load_id,
            tables=tuple(
                _result(plan, outcomes.get(place))
                for place, plan in plans.items()
                if place in outcomes or plan.added or plan.renamed
            ),
            rejects=new_rejects[1] if new_rejects is not None else 0,
        )

    def _commit(
        self,
        plans: Mapping[tuple[str, str], conform.Plan],
        outcomes: Mapping[tuple[str, str], Outcome],
        moved: Sequence[WatermarkRow],
        rejects: tuple[Path, int] | None,
    ) -> str | None:
        connection = self._connection
        with_rows = {place: outcome for place, outcome in outcomes.items() if outcome.files}
        if not with_rows and not moved and rejects is None:
            return None
        watermarks.prune(connection)
        watermarks.hold(connection, moved)
        if not with_rows and rejects is None and watermarks.has_table(connection, watermarks.LOADS):
            return watermarks.commit_alone(connection)
        from backhaul.load.dlt_import import Import, import_all

        imports = [
            Import(
                plans[place].table.name,
                _file_columns(plans[place], outcome),
                partial(_ready, outcome.files),
                outcome.append,
            )
            for place, outcome in with_rows.items()
        ]
        own = watermarks.OWN_TABLES
        if rejects is not None:
            imports.append(
                Import(watermarks.REJECTS, own[watermarks.REJECTS], partial(_ready, (rejects,)), append=True)
            )
        if moved:
            path = self._survivors / "watermarks.parquet"

            def stamped(load_id: str) -> Sequence[tuple[Path, int]]:
                return ((watermarks.write_file(connection, load_id, path), len(moved)),)

            imports.append(Import(watermarks.WATERMARKS, own[watermarks.WATERMARKS], stamped, append=True))
        # What an earlier load left in dlt's staging may have other types by now.
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA}_staging CASCADE")
        load_id = import_all(connection, imports, database=self._database, folder=self._folder / "dlt")
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA}_staging CASCADE")
        return load_id


def _ready(files: Sequence[tuple[Path, int]], load_id: str) -> Sequence[tuple[Path, int]]:
    return files


def _file_columns(plan: conform.Plan, outcome: Outcome) -> Mapping[str, str]:
    """The columns of the files to import: of the parts themselves, or of the surviving rows."""
    if outcome.parts_as_they_are:
        names = dict.fromkeys(column for shape in plan.shapes for column in shape.columns)
        return {name: plan.columns[name] for name in names}
    return plan.columns


def _result(plan: conform.Plan, outcome: Outcome | None) -> TableResult:
    counted = outcome or Outcome((), append=True)
    return TableResult(
        plan.table.connection,
        plan.table.object,
        inserted=counted.inserted,
        updated=counted.updated,
        unchanged=counted.unchanged,
        older=counted.older,
        deleted=counted.deleted,
        restored=counted.restored,
        added=tuple(plan.added),
        widened=tuple(plan.widened),
        renamed=tuple(plan.renamed),
    )
