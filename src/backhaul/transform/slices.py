"""Bring one slice of an entity up to date: only raw rows that the loader touched are looked at again.

A raw row was touched when its stamp (a hash of its system columns) is not among the stamps that the slice's rows
carry. That holds however the row got there: a late part of an old run, a tombstone, a hard delete. What was looked
at and came out with the same values is not written again.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from backhaul.transform.before import keep_before
from backhaul.transform.compiled import Join, Slice
from backhaul.transform.contracts import EntityShape
from backhaul.transform.names import HIDDEN, literal, quote
from backhaul.transform.seen import remember_seen

_RUN = "coalesce(src._run_id, '')"


@dataclass(frozen=True, slots=True)
class SliceResult:
    """What one slice's build wrote."""

    changed: int = 0
    removed: int = 0
    rejects: int = 0
    repeated: int = 0
    """Rows left out because another row has the same id."""


UNTOUCHED = SliceResult()


class SliceBuild:
    """One slice's build, inside the caller's transaction."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        part: Slice,
        shape: EntityShape,
        *,
        seq: int,
        run_id: str,
        tracked: tuple[str, ...] = (),
    ) -> None:
        """tracked: columns whose old values are kept when a record changes."""
        self._connection = connection
        self._part = part
        self._shape = shape
        self._tracked = tracked
        self._table = f"entities.{quote(shape.name)}"
        self._published = ", ".join(quote(name) for name in shape.columns)
        self._seq = seq
        self._run_id = run_id
        self._only_new_runs = False

    def first(self) -> SliceResult:
        """Fill a slice that has no rows."""
        target = f"INSERT INTO {self._table} ({self._published}, {', '.join(HIDDEN)})"
        written = self._run(
            f"{target} SELECT {self._published}, _raw_key, _stamp, _hash, {self._seq} FROM ({self._part.select()})"
        )
        if self._part.order_sql is not None and self._repeats(f"{self._table} WHERE {self._part.mine}"):
            self._run(f"DELETE FROM {self._table} WHERE {self._part.mine}")
            return self.again(None)
        return SliceResult(written, 0, self._rejects(None))

    def all(self) -> SliceResult:
        """Look at every raw row: the compiled SQL is another than last time."""
        return self.again(None)

    def touched(self, before: str) -> SliceResult:
        """Look at the raw rows that were touched, or whose joined rows were. before: the raw table's state then."""
        self._run(
            "CREATE OR REPLACE TEMP TABLE candidates AS\n"
            f"SELECT src._key FROM raw.{quote(self._part.table)} AS src WHERE {_RUN} NOT IN ({self._runs()})"
        )
        self._only_new_runs = self._explained(before)
        if not self._only_new_runs:
            self._run(
                "CREATE OR REPLACE TEMP TABLE candidates AS\n"
                f"SELECT src._key FROM raw.{quote(self._part.table)} AS src\n"
                f"ANTI JOIN (SELECT _stamp FROM {self._table} WHERE {self._part.mine}) AS e"
                f" ON e._stamp = {self._part.stamp}"
            )
        for join in self._part.joins:
            self._add_joined(join)
        return self.again("src._key IN (SELECT _key FROM candidates)")

    def _explained(self, before: str) -> bool:
        """Whether the rows of runs not seen before are all that happened to the raw table.

        They are, when the rows of the runs seen before are those of last time less the ones that the new runs took
        over: by number, and by the exclusive or of their stamps. Else a late part, a hard delete or a row that makes
        no entity is involved, and all stamps are compared.
        """
        old_runs = self._counted(
            f"SELECT count(*), bit_xor({self._part.stamp}) FROM raw.{quote(self._part.table)} AS src"
            f" WHERE {_RUN} IN ({self._runs()})"
        )
        taken = self._counted(
            f"SELECT count(*), bit_xor(_stamp) FROM (SELECT DISTINCT _raw_key, _stamp FROM {self._table}"
            f" WHERE {self._part.mine} AND _raw_key IN (SELECT _key FROM candidates))"
        )
        rows, stamps = (int(each) for each in before.split("/"))
        return (rows - taken[0], stamps ^ taken[1]) == old_runs

    def remember_runs(self) -> None:
        """Keep which runs the raw table's rows are of."""
        now = f"SELECT DISTINCT {_RUN} AS run_id FROM raw.{quote(self._part.table)} AS src"
        mine = f"entity = {literal(self._part.entity)} AND slice = {literal(self._part.key)}"
        self._run(f"CREATE OR REPLACE TEMP TABLE present AS {now}")
        self._run(f"DELETE FROM meta.runs WHERE {mine} AND run_id NOT IN (SELECT run_id FROM present)")
        self._run(
            f"INSERT INTO meta.runs SELECT {literal(self._part.entity)}, {literal(self._part.key)}, run_id FROM present"
            f" WHERE run_id NOT IN ({self._runs()})"
        )
        self._run("DROP TABLE present")

    def remember_joined(self) -> None:
        """Keep the joined tables' stamps, so that the next build finds what changed in them."""
        for join in self._part.joins:
            if join.joined_key is None:
                continue
            self._run(
                f"INSERT INTO meta.joined SELECT {self._joined_name(join)}, {self._joined_stamp(join)},"
                f" {join.joined_key} FROM raw.{quote(join.table)} AS {join.alias}\n"
                f"ANTI JOIN (SELECT stamp FROM meta.joined WHERE {self._joined_rows(join)}) AS kept"
                f" ON kept.stamp = {self._joined_stamp(join)}"
            )

    def forget(self) -> None:
        """Drop what is kept of the raw tables: the slice starts anew."""
        for table in ("joined", "runs"):
            self._run(
                f"DELETE FROM meta.{table} WHERE entity = {literal(self._part.entity)}"
                f" AND slice = {literal(self._part.key)}"
            )

    # the steps

    def again(self, only: str | None) -> SliceResult:
        self._stage(only)
        if only is not None and self._part.order_sql is not None and self._add_rivals():
            self._stage(only)
        repeated = self._drop_repeated() if self._part.order_sql is not None else 0
        removed = self._remove_departed(only)
        self._run(
            f"CREATE OR REPLACE TEMP TABLE held AS SELECT e.rowid AS place, s.id, s._stamp, s._raw_key,"
            f" e._hash = s._hash AS same, e._stamp = s._stamp AS untouched"
            f" FROM {self._table} AS e JOIN staged AS s ON e.id = s.id"
        )
        keep_before(self._connection, self._shape.name, "SELECT place FROM held WHERE NOT same", seq=self._seq)
        if only is not None:
            remember_seen(self._connection, self._part, self._shape, self._tracked, seq=self._seq)
        self._run(
            f"UPDATE {self._table} AS e SET _stamp = h._stamp, _raw_key = h._raw_key FROM held AS h"
            " WHERE e.rowid = h.place AND h.same AND NOT h.untouched"
        )
        self._run("DELETE FROM staged WHERE id IN (SELECT id FROM held WHERE same)")
        self._run(f"DELETE FROM {self._table} WHERE rowid IN (SELECT place FROM held WHERE NOT same)")
        self._run("DROP TABLE held")
        changed = self._run(
            f"INSERT INTO {self._table} ({self._published}, {', '.join(HIDDEN)})"
            f" SELECT {self._published}, _raw_key, _stamp, _hash, {self._seq} FROM staged"
        )
        rejects = self._rejects(only)
        self._run("DROP TABLE staged")
        return SliceResult(changed, removed, rejects, repeated)

    def _stage(self, only: str | None) -> None:
        self._run(f"CREATE OR REPLACE TEMP TABLE staged AS {self._part.select(only)}")

    def _add_joined(self, join: Join) -> None:
        """Raw rows that join rows which came, went or changed since the last build."""
        if join.joined_key is None or join.src_key is None:
            self._run(f"INSERT INTO candidates SELECT _key FROM raw.{quote(self._part.table)}")
            return
        kept = self._joined_rows(join)
        stamp = self._joined_stamp(join)
        joined = f"raw.{quote(join.table)} AS {join.alias}"
        self._run(
            "CREATE OR REPLACE TEMP TABLE departed AS\n"
            f"SELECT stamp, joined_key FROM meta.joined AS kept ANTI JOIN {joined} ON kept.stamp = {stamp} WHERE {kept}"
        )
        self._run(
            "INSERT INTO candidates\n"
            f"SELECT src._key FROM raw.{quote(self._part.table)} AS src WHERE {join.src_key} IN (\n"
            f"  SELECT joined_key FROM departed UNION\n"
            f"  SELECT {join.joined_key} FROM {joined} ANTI JOIN (SELECT stamp FROM meta.joined WHERE {kept}) AS kept"
            f" ON kept.stamp = {stamp})"
        )
        self._run(f"DELETE FROM meta.joined WHERE {kept} AND stamp IN (SELECT stamp FROM departed)")
        self._run("DROP TABLE departed")

    def _add_rivals(self) -> int:
        """The raw rows that now hold an id which a touched raw row claims too: both must be looked at together."""
        return self._run(
            f"INSERT INTO candidates SELECT e._raw_key FROM {self._table} AS e SEMI JOIN staged AS s ON e.id = s.id"
            " WHERE e._raw_key NOT IN (SELECT _key FROM candidates)"
        )

    def _repeats(self, rows: str) -> int:
        found = self._connection.execute(f"SELECT count(*) - count(DISTINCT id) FROM {rows}").fetchone()
        return int(found[0]) if found else 0

    def _drop_repeated(self) -> int:
        repeated = self._repeats("staged")
        if repeated:
            # a live row before a deleted one, then by key: the same choice whatever else is looked at
            self._run(
                "CREATE OR REPLACE TEMP TABLE staged AS SELECT * FROM staged QUALIFY"
                " row_number() OVER (PARTITION BY id ORDER BY is_deleted, _order, _raw_key, _hash) = 1"
            )
        return repeated

    def _remove_departed(self, only: str | None) -> int:
        """Rows whose raw row is gone, or no longer makes this row."""
        mine = f"(SELECT id, _raw_key, _stamp FROM {self._table} WHERE {self._part.mine}) AS e"
        if only is None:
            found = f"SELECT e.id FROM {mine}"
        else:
            found = f"SELECT e.id FROM {mine} SEMI JOIN candidates AS c ON c._key = e._raw_key"
            if not self._only_new_runs:
                raw = f"raw.{quote(self._part.table)} AS src"
                found += f" UNION SELECT e.id FROM {mine} ANTI JOIN {raw} ON e._stamp = {self._part.stamp}"
        self._run(
            f"CREATE OR REPLACE TEMP TABLE departed AS SELECT f.id FROM ({found}) AS f"
            " ANTI JOIN staged AS s ON s.id = f.id"
        )
        removed = self._run(
            f"INSERT INTO meta.removed SELECT {literal(self._part.entity)}, id, {self._seq} FROM departed"
        )
        if removed:
            places = f"SELECT e.rowid FROM {self._table} AS e WHERE id IN (SELECT id FROM departed)"
            keep_before(self._connection, self._shape.name, places, seq=self._seq)
            self._run(f"DELETE FROM {self._table} WHERE id IN (SELECT id FROM departed)")
        self._run("DROP TABLE departed")
        return removed

    def _rejects(self, only: str | None) -> int:
        part = self._part
        mine = (
            f"entity = {literal(part.entity)} AND connection = {literal(part.connection)}"
            f" AND object = {literal(part.object)}"
        )
        held = "" if only is None else " AND key IN (SELECT _key FROM candidates)"
        self._run(f"DELETE FROM meta.rejects WHERE {mine}{held}")
        select = part.rejects_select(only)
        if select is None:
            return 0
        facts = ", ".join(literal(each) for each in (part.entity, part.connection, part.object))
        return self._run(
            f'INSERT INTO meta.rejects SELECT {facts}, _key, "column", field, raw_text, reason,'
            f" {literal(self._run_id)}, now() FROM ({select})"
        )

    # the words

    def _runs(self) -> str:
        mine = f"entity = {literal(self._part.entity)} AND slice = {literal(self._part.key)}"
        return f"SELECT run_id FROM meta.runs WHERE {mine}"

    def _counted(self, sql: str) -> tuple[int, int]:
        row = self._connection.execute(sql).fetchone() or (0, 0)
        return int(row[0]), int(row[1] or 0)

    def _joined_stamp(self, join: Join) -> str:
        return f"hash({join.alias}._key, {join.alias}._run_id, {join.alias}._read_at, {join.alias}._deleted_at)"

    def _joined_name(self, join: Join) -> str:
        return f"{literal(self._part.entity)}, {literal(self._part.key)}, {literal(join.alias)}"

    def _joined_rows(self, join: Join) -> str:
        return (
            f"entity = {literal(self._part.entity)} AND slice = {literal(self._part.key)}"
            f" AND alias = {literal(join.alias)}"
        )

    def _run(self, sql: str) -> int:
        """Rows written, for statements that write."""
        row = self._connection.execute(sql).fetchone()
        return int(row[0]) if row and isinstance(row[0], int) else 0
