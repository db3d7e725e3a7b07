"""Newest wins: which staged rows and tombstones change a raw table, decided in DuckDB before anything is merged.

A version of a record is (change time, read time): the later change wins, then the later read; where either has no
change time the read times decide. A tombstone is (deletion time, read time): it yields only to a row that changed
after the deletion or was read after the tombstone was. Rows are compared by a hash of their content, so that the
join with the raw table stays narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from backhaul.load.conform import Plan, Shape, converted, parts_sql
from backhaul.load.tables import SYSTEM_COLUMNS, literal, quoted
from backhaul.spool.parts import Part

if TYPE_CHECKING:
    import duckdb

ROWS_PER_GROUP = 50_000


_NO_ROWS = """
    SELECT ''::VARCHAR AS key, NULL::VARCHAR AS parent, NULL::TIMESTAMPTZ AS changed, NULL::TIMESTAMPTZ AS read,
           NULL::TIMESTAMPTZ AS deleted, NULL::VARCHAR AS merged, 0::UBIGINT AS content, 0 AS shape, 0::BIGINT AS file,
           0::BIGINT AS row WHERE false
"""
_NO_TOMBSTONES = """
    SELECT ''::VARCHAR AS key, NULL::TIMESTAMPTZ AS deleted, NULL::TIMESTAMPTZ AS read, NULL::VARCHAR AS merged,
           NULL::VARCHAR AS run WHERE false
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What must be written to one raw table, as Parquet files; and the counts.

    append: no file holds a key that the table has. parts_as_they_are: the files are the parts.
    """

    files: tuple[tuple[Path, int], ...]
    append: bool
    parts_as_they_are: bool = False
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    older: int = 0
    deleted: int = 0
    restored: int = 0
    gone: Path | None = None
    """Keys of records that were deleted by it, as a `parents` part: their children go, too."""


def decide(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    parts: Sequence[Part],
    folder: Path,
    gone_parents: Path | None = None,
) -> Outcome:
    """Compare the parts with the raw table. `folder` takes the file of surviving rows, if one is needed.

    gone_parents: the `gone` of the parents' table, in the same load.

    The plan must have been applied: the raw table has every column of the parts, with a type that fits.
    """
    deletes = [part for part in parts if part.kind == "deletes" and part.rows]
    parents = [str(part.path) for part in parts if part.kind == "parents" and part.rows]
    parents += [str(gone_parents)] if gone_parents is not None else []
    shapes = [shape for shape in plan.shapes if shape.rows]
    holds = _count(connection, f"FROM {plan.name}")
    if not deletes and not (parents and holds):
        files = _all_new(connection, plan, shapes, parents, holds)
        if files is not None:
            return Outcome(files, append=True, parts_as_they_are=True, inserted=sum(rows for _, rows in files))
    return _Comparison(connection, plan, shapes).decide(deletes, parents, folder)


def _all_new(
    connection: duckdb.DuckDBPyConnection, plan: Plan, shapes: Sequence[Shape], parents: Sequence[str], holds: int
) -> tuple[tuple[Path, int], ...] | None:
    """The parts themselves, when they fit as they are, no key comes twice and the table has none of them."""
    paths = [path for shape in shapes for path in shape.paths]
    if not paths:
        return ()
    if not all(plan.fits(shape) for shape in shapes):
        return None
    keys = " UNION ALL ".join(f"SELECT _key FROM {parts_sql(shape.paths)}" for shape in shapes)
    if _count(connection, f"FROM (SELECT DISTINCT _key FROM ({keys}))") != sum(shape.rows for shape in shapes):
        return None
    if holds and _count(connection, f"FROM {plan.name} WHERE _key IN ({keys})"):
        return None
    if parents:
        children = " UNION ALL ".join(f"SELECT _parent_key, _read_at FROM {parts_sql(shape.paths)}" for shape in shapes)
        read_again = (
            f"FROM ({children}) c JOIN {parts_sql(parents)} p USING (_parent_key) WHERE c._read_at < p._read_at"
        )
        if _count(connection, read_again):
            return None
    import pyarrow.parquet as pq

    return tuple((Path(path), pq.read_metadata(path).num_rows) for path in paths)


def _paths(parts: Sequence[Part]) -> str:
    return parts_sql([str(part.path) for part in parts])


def _count(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    row = connection.execute(f"SELECT count(*) {source}").fetchone()
    return int(row[0]) if row else 0


class _Comparison:
    """One table's staged rows, tombstones and read parents against what the table holds."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, plan: Plan, shapes: Sequence[Shape]) -> None:
        self._connection = connection
        self._plan = plan
        self._shapes = shapes
        self._child = plan.table.parent is not None
        self._content = [column for column in plan.columns if column not in ("_key", "_read_at", "_run_id")]

    def decide(self, deletes: Sequence[Part], parents: Sequence[str], folder: Path) -> Outcome:
        self._stage()
        self._find_tombstones(deletes, parents)
        self._meet_table()
        self._meet_tombstones()
        files = self._write(folder)
        counts = dict(self._connection.execute("SELECT action, count(*) FROM outcome GROUP BY action").fetchall())
        older = _count(self._connection, "FROM staged") - _count(self._connection, "FROM newest")
        result = Outcome(
            files=files,
            append=not any(counts.get(each) for each in ("update", "delete", "restore")),
            inserted=counts.get("insert", 0),
            updated=counts.get("update", 0),
            unchanged=counts.get("same", 0),
            older=counts.get("older", 0) + older,
            deleted=counts.get("delete", 0) + counts.get("stub", 0),
            restored=counts.get("restore", 0),
            gone=self._gone(folder) if counts.get("delete") else None,
        )
        for name in ("staged", "newest", "held", "met", "tombstones", "outcome"):
            self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        return result

    def _gone(self, folder: Path) -> Path:
        path = folder / f"gone-{self._plan.table.name.encode().hex()}.parquet"
        self._connection.execute(
            "COPY (SELECT key AS _parent_key, read AS _read_at, NULL::TIMESTAMPTZ AS _from, NULL::TIMESTAMPTZ AS _until"
            " FROM outcome WHERE action = 'delete')"
            f" TO {literal(str(path))} (FORMAT parquet)"
        )
        return path

    def _run(self, name: str, query: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def _select(self, number: int, shape: Shape) -> str:
        """Rows of one shape with the raw table's columns and types. What the parts lack stays as the table has it."""
        given = {
            column: "NULL" if kind == "NULL" else converted(f"p.f{index}", kind, self._plan.columns[column])
            for index, (column, kind) in enumerate(zip(shape.columns, shape.types, strict=True))
        }
        lacking = [name for name in self._plan.columns if name not in given and name not in SYSTEM_COLUMNS]
        expressions = ", ".join(
            f"CAST({given[name] if name in given else f'x.{quoted(name)}' if name in lacking else 'NULL'}"
            f" AS {kind}) AS {quoted(name)}"
            for name, kind in self._plan.columns.items()
        )
        listed = ", ".join(f"f{index}" for index in range(len(shape.columns)))
        join = f"LEFT JOIN {self._plan.name} x ON x._key = {given['_key']}" if lacking else ""
        return (
            f"SELECT {expressions}, {number} AS shape, p.file_index AS file, p.file_row_number AS row"
            f" FROM {parts_sql(shape.paths)} AS p({listed}) {join}"
        )

    def _hash(self, alias: str) -> str:
        # a deletion that is told without its time bears that of the read: the next read tells the same one
        told = {"_deleted_at": f"{alias}._deleted_at IS NULL, nullif({alias}._deleted_at, {alias}._read_at)"}
        return "hash(" + ", ".join(told.get(each, f"{alias}.{quoted(each)}") for each in self._content) + ")"

    def _stage(self) -> None:
        """`staged`: every row, narrow. `newest`: one a key."""
        parent = "_parent_key" if self._child else "NULL::VARCHAR"
        selects = [
            f"SELECT _key AS key, {parent} AS parent, _changed_at AS changed, _read_at AS read, _deleted_at AS deleted,"
            f" _merged_into AS merged, {self._hash('s')} AS content, shape, file, row"
            f" FROM ({self._select(number, shape)}) s"
            for number, shape in enumerate(self._shapes)
        ]
        self._run("staged", " UNION ALL ".join(selects) or _NO_ROWS)
        # Where one version of a key has no change time, the read times decide among all of them.
        self._run(
            "newest",
            """
            SELECT s.* FROM staged s
            JOIN (SELECT key, bool_or(changed IS NULL) AS untimed FROM staged GROUP BY key) k ON k.key = s.key
            QUALIFY row_number() OVER (
                PARTITION BY s.key
                ORDER BY CASE WHEN NOT untimed THEN changed END DESC NULLS LAST, read DESC, shape DESC, file DESC,
                         row DESC
            ) = 1
            """
            if _count(self._connection, "FROM (SELECT DISTINCT key FROM staged)")
            != _count(self._connection, "FROM staged")
            else "FROM staged",
        )

    def _find_tombstones(self, deletes: Sequence[Part], parents: Sequence[str]) -> None:
        """`tombstones`: the newest a key, from deletes parts and from parents whose children were read completely.

        A child is gone when its parent's children (or those of a window) were read and it is not among them: nothing
        shows it as read then.
        """
        sources = []
        if deletes:
            sources.append(
                "SELECT _key AS key, coalesce(_deleted_at, _read_at) AS deleted, _read_at AS read,"
                f" _merged_into AS merged, _run_id AS run FROM {_paths(deletes)}"
            )
        if parents:
            # a shared child is with the parent that showed it last
            shared = self._plan.table.shared
            seen = "key, arg_max(parent, read) AS parent" if shared else "key, parent"
            by = "key" if shared else "key, parent"
            sources.append(
                f"""
                WITH known AS (
                    SELECT _key AS key, _parent_key AS parent, _read_at AS read, _changed_at AS changed
                    FROM {self._plan.name} WHERE _deleted_at IS NULL
                    UNION ALL SELECT key, parent, read, changed FROM staged
                ), seen AS (
                    SELECT {seen}, max(read) AS read, arg_max(changed, read) AS changed FROM known GROUP BY {by}
                )
                SELECT s.key, p._read_at AS deleted, p._read_at AS read, NULL::VARCHAR AS merged, NULL::VARCHAR AS run
                FROM seen s JOIN {parts_sql(parents)} p ON s.parent = p._parent_key WHERE s.read < p._read_at
                    AND (p._from IS NULL OR s.changed > p._from) AND (p._until IS NULL OR s.changed < p._until)
                """
            )
        united = " UNION ALL ".join(f"({source})" for source in sources)
        self._run(
            "tombstones",
            f"""
            SELECT key, arg_max(deleted, (read, deleted)) AS deleted, max(read) AS read,
                   arg_max(merged, (read, deleted)) AS merged, arg_max(run, (read, deleted)) AS run
            FROM ({united or _NO_TOMBSTONES}) GROUP BY key
            """,
        )

    def _meet_table(self) -> None:
        """`held`: what the table has of these keys. `met`: what becomes of each newest row, tombstones aside."""
        vendor = [column for column in self._plan.columns if column not in SYSTEM_COLUMNS]
        hollow = " AND ".join(f"x.{quoted(column)} IS NULL" for column in (*vendor, "_changed_at"))
        self._run(
            "held",
            f"""
            SELECT x._key AS key, x._changed_at AS changed, x._read_at AS read, x._deleted_at AS deleted,
                   x._merged_into AS merged, {self._hash("x")} AS content, {hollow} AS hollow
            FROM {self._plan.name} x
            WHERE x._key IN (SELECT key FROM newest UNION ALL SELECT key FROM tombstones)
            """,
        )
        self._run(
            "met",
            """
            SELECT s.key, s.shape, s.file, s.row, s.changed, s.read, s.deleted, s.merged,
                x.read AS held_read, x.deleted AS held_deleted, x.merged AS held_merged,
                CASE WHEN s.changed IS NULL OR x.changed IS NULL THEN s.read >= x.read
                     ELSE s.changed > x.changed OR (s.changed = x.changed AND s.read >= x.read) END AS later,
                CASE
                    WHEN x.key IS NULL THEN 'insert'
                    WHEN s.content = x.content THEN 'same'
                    WHEN x.deleted IS NULL AND later THEN CASE WHEN s.deleted IS NULL THEN 'update' ELSE 'delete' END
                    WHEN x.deleted IS NULL THEN 'older'
                    WHEN NOT coalesce(s.changed < x.changed, false)
                        AND (coalesce(s.changed > x.deleted, false) OR s.read > x.read)
                        THEN CASE WHEN s.deleted IS NULL THEN 'restore' ELSE 'update' END
                    WHEN coalesce(s.changed > x.changed, x.hollow) THEN 'fill'
                    ELSE 'older'
                END AS action
            FROM newest s LEFT JOIN held x ON x.key = s.key
            """,
        )

    def _meet_tombstones(self) -> None:
        """`outcome`: what becomes of each key, where its values come from, and the deletion it carries.

        A `fill` gives a deleted record the last values it had, and leaves it deleted. A merge that is told
        again, with the time of its read for want of one of its own, tells nothing new.
        """
        self._run(
            "outcome",
            """
            WITH versions AS (
                SELECT key, shape, file, row, action, changed,
                       CASE WHEN action = 'fill' THEN held_read ELSE read END AS read,
                       CASE WHEN action = 'fill' THEN held_deleted ELSE deleted END AS deleted,
                       CASE WHEN action = 'fill' THEN held_merged ELSE merged END AS merged
                FROM met WHERE action NOT IN ('same', 'older')
                UNION ALL
                SELECT h.key, NULL, NULL, NULL, coalesce(met.action, 'none'), h.changed, greatest(h.read, met.read),
                       h.deleted, h.merged
                FROM held h LEFT JOIN met ON met.key = h.key
                WHERE met.key IS NULL OR met.action IN ('same', 'older')
            ), judged AS (
                SELECT v.*, t.key IS NOT NULL AND CASE
                    WHEN v.deleted IS NULL THEN NOT coalesce(v.changed > t.deleted, false) AND v.read <= t.read
                    ELSE t.read >= v.read AND (
                        (t.deleted <> v.deleted AND NOT (t.deleted = t.read AND coalesce(t.merged = v.merged, false)))
                        OR (t.merged IS NOT NULL AND t.merged IS DISTINCT FROM v.merged))
                END AS falls, t.deleted AS t_deleted, t.read AS t_read, t.merged AS t_merged, t.run
                FROM versions v LEFT JOIN tombstones t ON t.key = v.key
            )
            SELECT key, shape, file, row,
                CASE WHEN falls AND deleted IS NULL AND action <> 'insert' THEN 'delete'
                     WHEN falls AND action IN ('none', 'same', 'older') THEN 'update'
                     WHEN action = 'fill' THEN 'update'
                     ELSE action END AS action,
                falls OR action = 'fill' AS overrides,
                CASE WHEN falls THEN t_deleted ELSE deleted END AS deleted,
                CASE WHEN falls THEN t_read ELSE read END AS read,
                CASE WHEN falls THEN coalesce(t_merged, merged) ELSE merged END AS merged,
                CASE WHEN falls THEN run END AS run,
                falls OR action NOT IN ('none', 'same', 'older') AS written
            FROM judged
            UNION ALL
            SELECT t.key, NULL, NULL, NULL, 'stub', true, t.deleted, t.read, t.merged, t.run, true
            FROM tombstones t
            WHERE t.key NOT IN (SELECT key FROM held) AND t.key NOT IN (SELECT key FROM met)
            """,
        )

    def _write(self, folder: Path) -> tuple[tuple[Path, int], ...]:
        """The surviving rows, whole: parts of which every row survives as it is, and one file of all others."""
        whole = self._whole_parts()
        if whole:
            listed = ", ".join(f"({number}, {file})" for number, file in whole)
            self._connection.execute(f"UPDATE outcome SET written = false WHERE (shape, file) IN ({listed})")
        files = tuple((Path(self._shapes[number].paths[file]), rows) for (number, file), rows in whole.items())
        rows = _count(self._connection, "FROM outcome WHERE written")
        return (*files, (self._write_rest(folder), rows)) if rows else files

    def _whole_parts(self) -> dict[tuple[int, int], int]:
        fitting = [str(number) for number, shape in enumerate(self._shapes) if self._plan.fits_whole(shape)]
        if not fitting:
            return {}
        found = self._connection.execute(
            f"""
            SELECT shape, file, count(*) AS rows FROM outcome
            WHERE written AND NOT overrides AND run IS NULL AND shape IN ({", ".join(fitting)})
            GROUP BY shape, file
            INTERSECT SELECT shape, file, count(*) FROM staged GROUP BY shape, file
            """
        ).fetchall()
        return {(shape, file): rows for shape, file, rows in found}

    def _write_rest(self, folder: Path) -> Path:
        overridden = {
            "_deleted_at": "CASE WHEN o.overrides THEN o.deleted ELSE {} END",
            "_merged_into": "CASE WHEN o.overrides THEN o.merged ELSE {} END",
            "_read_at": "CASE WHEN o.overrides THEN o.read ELSE {} END",
            "_run_id": "coalesce(o.run, {})",
        }

        def columns(alias: str) -> str:
            return ", ".join(
                f"{overridden.get(name, '{}').format(f'{alias}.{quoted(name)}')} AS {quoted(name)}"
                for name in self._plan.columns
            )

        selects = [
            f"SELECT {columns('s')} FROM ({self._select(number, shape)}) s"
            f" JOIN (FROM outcome WHERE written AND shape = {number}) o ON o.file = s.file AND o.row = s.row"
            for number, shape in enumerate(self._shapes)
        ]
        if _count(self._connection, "FROM outcome WHERE written AND shape IS NULL AND action <> 'stub'"):
            selects.append(
                f"SELECT {columns('x')} FROM {self._plan.name} x"
                " JOIN (FROM outcome WHERE written AND shape IS NULL AND action <> 'stub') o ON o.key = x._key"
            )
        stub = {
            "_key": "o.key",
            "_deleted_at": "o.deleted",
            "_merged_into": "o.merged",
            "_read_at": "o.read",
            "_run_id": "o.run",
        }
        selects.append(
            "SELECT "
            + ", ".join(
                f"CAST({stub.get(name, 'NULL')} AS {kind}) AS {quoted(name)}"
                for name, kind in self._plan.columns.items()
            )
            + " FROM outcome o WHERE action = 'stub'"
        )
        path = folder / f"{len(list(folder.iterdir())):06d}.parquet"
        self._connection.execute(
            f"COPY ({' UNION ALL '.join(selects)}) TO {literal(str(path))}"
            f" (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {ROWS_PER_GROUP})"
        )
        return path
