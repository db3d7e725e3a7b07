"""Write a version's raw tables: the previous file with the rows that differ applied.

What differs is found before anything is copied, because most runs read some rows again that have not changed: those
alone are no reason for a new version.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from backhaul.publish.tables import Table, count, database_name, quote, tables

REJECTS = "_rejects"


@dataclass(frozen=True, slots=True)
class Difference:
    """What the raw tables are beside the base: the temporary tables `fresh_<n>` (rows) and `gone_<n>` (keys)."""

    whole: tuple[str, ...]
    """Tables that are new or have other columns."""
    touched: dict[str, int]
    """Table -> n."""
    dropped: tuple[str, ...]
    rejects: bool
    rows: int
    """Rows whose values differ, over all tables: at least so many."""

    @property
    def matters(self) -> bool:
        return bool(self.whole or self.dropped or self.rejects or self.rows)


def raw_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, Table]:
    """The raw tables of work.duckdb: `<connection>__<object>`, none of dlt's."""
    found = tables(connection, database_name(connection), "raw", hidden=True)
    return {name: table for name, table in found.items() if not name.startswith("_") and "_key" in table.columns}


def signatures(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Each raw table's state: `<rows>/<exclusive or of their stamps>`; of the rejects, their number and last time."""
    found = {}
    for name, table in raw_tables(connection).items():
        row = connection.execute(
            f"SELECT count(*), coalesce(bit_xor({table.stamp('t')}), 0) FROM raw.{quote(name)} AS t"
        ).fetchone()
        found[name] = "/".join(str(each) for each in row or (0, 0))
    if _has_rejects(connection):
        row = connection.execute(f"SELECT count(*), max(rejected_at) FROM raw.{REJECTS}").fetchone()
        found[REJECTS] = "/".join(str(each) for each in row or ())
    return found


def difference(
    connection: duckdb.DuckDBPyConnection, database: str, before: dict[str, str], state: dict[str, str]
) -> Difference:
    """Compare the raw tables with an attached database that had the state `before`."""
    here = raw_tables(connection)
    there = tables(connection, database, "main", hidden=True)
    whole = [name for name, table in here.items() if name not in there or there[name].columns != table.columns]
    touched: dict[str, int] = {}
    rows = 0
    for name in here:
        if name in whole or state[name] == before.get(name):
            continue
        touched[name] = len(touched)
        rows += _compare(connection, here[name], database, before.get(name), touched[name])
    return Difference(
        whole=tuple(whole),
        touched=touched,
        dropped=tuple(name for name in there if name not in here and not name.startswith("_")),
        rejects=state.get(REJECTS) != before.get(REJECTS),
        rows=rows,
    )


def forget(connection: duckdb.DuckDBPyConnection, found: Difference) -> None:
    """Drop the temporary tables."""
    for n in found.touched.values():
        connection.execute(f"DROP TABLE fresh_{n}")
        connection.execute(f"DROP TABLE gone_{n}")


def write_raw(connection: duckdb.DuckDBPyConnection, found: Difference | None) -> int:
    """Bring `target`, which is attached, to the state of the raw tables; returns the rows written or removed.

    found: what differs from `target`; None: it is empty.
    """
    here = raw_tables(connection)
    changed = 0
    for name in here if found is None else found.whole:
        place = f"target.main.{quote(name)}"
        connection.execute(f"CREATE OR REPLACE TABLE {place} AS SELECT * FROM raw.{quote(name)}")
        changed += count(connection, f"SELECT count(*) FROM {place}")
    if found is not None:
        for name, n in found.touched.items():
            changed += _apply(connection, here[name], n)
        for name in found.dropped:
            connection.execute(f"DROP TABLE target.main.{quote(name)}")
    if _has_rejects(connection) and (found is None or found.rejects):
        connection.execute(f"CREATE OR REPLACE TABLE target.main.{REJECTS} AS SELECT * FROM raw.{REJECTS}")
    return changed


def _apply(connection: duckdb.DuckDBPyConnection, table: Table, n: int) -> int:
    place = f"target.main.{quote(table.name)}"
    changed = count(connection, f"SELECT (SELECT count(*) FROM fresh_{n}) + (SELECT count(*) FROM gone_{n})")
    if changed:
        connection.execute(
            f"DELETE FROM {place} WHERE _key IN (SELECT _key FROM fresh_{n} UNION ALL SELECT _key FROM gone_{n})"
        )
        connection.execute(f"INSERT INTO {place} ({table.names}) SELECT {table.names} FROM fresh_{n}")
    return changed


def _compare(connection: duckdb.DuckDBPyConnection, table: Table, database: str, before: str | None, n: int) -> int:
    """Make `fresh_<n>` and `gone_<n>`; returns 0 where their rows differ by nothing but when they were read."""
    here, there = f"raw.{quote(table.name)}", f"{database}.main.{quote(table.name)}"
    # by place, so that only the blocks that hold such rows are read whole
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE places AS SELECT r.rowid AS place FROM {here} AS r"
        f" WHERE coalesce(r._run_id, '') NOT IN (SELECT DISTINCT coalesce(o._run_id, '') FROM {there} AS o)"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE fresh_{n} AS SELECT r.* FROM {here} AS r"
        " WHERE r.rowid IN (SELECT place FROM places)"
    )
    connection.execute("DROP TABLE places")
    if before is not None and _explained(connection, table, here, there, before, n):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE gone_{n} (_key VARCHAR)")
    else:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE fresh_{n} AS SELECT r.* FROM {here} AS r"
            f" ANTI JOIN {there} AS o ON {table.stamp('o')} = {table.stamp('r')}"
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE gone_{n} AS"
            f" SELECT o._key FROM {there} AS o ANTI JOIN {here} AS r ON r._key = o._key"
        )
    gone = count(connection, f"SELECT count(*) FROM gone_{n}")
    # most rows that changed say so in the few system columns; only where none does are all values compared
    for same in (table.state("o", "t"), f"{table.content('o')} = {table.content('t')}"):
        differing = gone + count(
            connection, f"SELECT count(*) FROM fresh_{n} AS t ANTI JOIN {there} AS o ON o._key = t._key AND {same}"
        )
        if differing:
            return differing
    return 0


def _explained(connection: duckdb.DuckDBPyConnection, table: Table, here: str, there: str, before: str, n: int) -> bool:
    """Whether the rows of runs that the base has not seen are all that happened since.

    They are, when the rows of the other runs are the base's less the ones that the new runs took over: by number, and
    by the exclusive or of their stamps.
    """
    kept = connection.execute(
        f"SELECT count(*), coalesce(bit_xor({table.stamp('r')}), 0) FROM {here} AS r"
        f" WHERE coalesce(r._run_id, '') IN (SELECT DISTINCT coalesce(o._run_id, '') FROM {there} AS o)"
    ).fetchone()
    taken = connection.execute(
        f"SELECT count(*), coalesce(bit_xor({table.stamp('o')}), 0) FROM {there} AS o"
        f" WHERE o._key IN (SELECT _key FROM fresh_{n})"
    ).fetchone()
    rows, stamps = (int(each) for each in before.split("/"))
    return kept is not None and taken is not None and (rows - taken[0], stamps ^ int(taken[1])) == tuple(kept)


def _has_rejects(connection: duckdb.DuckDBPyConnection) -> bool:
    return REJECTS in tables(connection, database_name(connection), "raw", hidden=True)
