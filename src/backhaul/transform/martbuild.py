"""Make the marts: each whose inputs, words or day are others than last time, written by what differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import duckdb

from backhaul.errors import ConfigError
from backhaul.transform.before import are_told, changed_shown, drop_before, keep_none
from backhaul.transform.contracts import EntityShape
from backhaul.transform.derived import Derived, Made, Written, keep_made, last_made, state_of, write_derived
from backhaul.transform.marts import Mart, Part, comments_of
from backhaul.transform.names import HIDDEN, literal, quote
from backhaul.transform.results import EntityResult, Warning
from backhaul.transform.work import made_entities


def build_marts(
    connection: duckdb.DuckDBPyConnection,
    marts: Sequence[Mart],
    shapes: Mapping[str, EntityShape],
    *,
    seq: int,
    full: bool = False,
) -> list[EntityResult]:
    """marts: in order. Each is one transaction. full: make each anew, also where nothing it reads has changed."""
    if not marts:
        return []
    made = made_entities(connection)
    shown = made | {mart.name for mart in marts}
    for mart in marts:
        if lacking := sorted(mart.inputs - shown):
            raise ConfigError(
                f"{mart.name} reads {', '.join(lacking)}, which no transform has made yet",
                next_step=f"select what it reads, too: `--select +{mart.name}`",
            )
    for name in made:
        _show(connection, name)
    results: list[EntityResult] = []
    try:
        _build_each(connection, marts, shapes, seq, results, full=full)
    finally:
        for name in shown:
            connection.execute(f"DROP VIEW IF EXISTS temp.main.{quote(name)}")
    return results


def _build_each(
    connection: duckdb.DuckDBPyConnection,
    marts: Sequence[Mart],
    shapes: Mapping[str, EntityShape],
    seq: int,
    results: list[EntityResult],
    *,
    full: bool,
) -> None:
    for mart in marts:
        connection.execute("BEGIN")
        try:
            connection.execute("UPDATE meta.work SET seq = ?", [seq])
            results.append(_build(connection, mart, shapes, seq, full=full))
        except duckdb.Error as error:
            connection.execute("ROLLBACK")
            raise ConfigError(
                f"{mart.path} does not run: {str(error).splitlines()[0]}",
                next_step="correct the file, then `backhaul transform`",
            ) from error
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def drop_strangers(connection: duckdb.DuckDBPyConnection, known: Sequence[str]) -> None:
    """Drop the tables of entities and marts that are no more."""
    for (name,) in connection.execute("SELECT entity FROM meta.entities").fetchall():
        if name not in known:
            connection.execute(f"DROP TABLE IF EXISTS entities.{quote(name)}")
            for table in ("entities", "slices", "joined", "runs", "rejects", "live", "removed"):
                connection.execute(f"DELETE FROM meta.{table} WHERE entity = ?", [name])
            drop_before(connection, name)
            connection.execute("DELETE FROM meta.made WHERE name = ?", [name])


def _build(
    connection: duckdb.DuckDBPyConnection, mart: Mart, shapes: Mapping[str, EntityShape], seq: int, *, full: bool
) -> EntityResult:
    day = datetime.now(UTC).date().isoformat() if mart.of_the_day else ""
    by = hashlib.sha256(f"{mart.sql}{mart.part}{day}".encode()).hexdigest()
    made = Made(by, state_of(connection, mart.inputs), seq)
    last = None if full else last_made(connection, mart.name)
    if last is not None and (last.by, last.of) == (made.by, made.of):
        result = EntityResult(mart.name, _count(connection, mart.name), 0, 0, (), 0, mart=True)
    else:
        part = mart.part
        if last is None or last.by != made.by or part is None or not _concerned(connection, mart, part, last.seq):
            part = None
        result = _make(connection, mart, shapes, seq, part)
        keep_made(connection, mart.name, made)
    _show(connection, mart.name)
    return result


def _concerned(connection: duckdb.DuckDBPyConnection, mart: Mart, part: Part, since: int) -> bool:
    """Whether it is known which rows the changes since then concern: their ids are in `concerned` then."""
    if not are_told(connection, mart.inputs, since):
        return False
    with changed_shown(connection, mart.inputs, since):
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE concerned AS"
            f" SELECT DISTINCT id FROM (\n{part.sql}\n) AS found WHERE id IS NOT NULL"
        )
    return True


def _make(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    shapes: Mapping[str, EntityShape],
    seq: int,
    part: Part | None,
) -> EntityResult:
    place = f"entities.{quote(mart.name)}"
    # made once: the statement is the user's, and may cost
    made = f"CREATE OR REPLACE TEMP TABLE made AS\n{mart.sql}\n"
    if part is None:
        connection.execute(made)
    else:
        _show(connection, part.input, f" WHERE {quote(part.column)} IN (SELECT id FROM concerned)")
        connection.execute(made)
        _show(connection, part.input)
    described = connection.execute("DESCRIBE made").fetchall()
    types = {str(row[0]): str(row[1]) for row in described}
    known = comments_of(mart, shapes)
    comments = {name: known.get(name, "") for name in types}
    structure = json.dumps(types)
    told = json.dumps([mart.description, *comments.values()])
    kept = connection.execute("SELECT structure, comments FROM meta.entities WHERE entity = ?", [mart.name]).fetchone()
    if kept is None or kept[0] != structure:
        columns = ", ".join(f"{quote(name)} {type_}" for name, type_ in {**types, **HIDDEN}.items())
        connection.execute(f"CREATE OR REPLACE TABLE {place} ({columns})")
        drop_before(connection, mart.name)
    if kept != (structure, told):
        connection.execute(f"COMMENT ON TABLE {place} IS {literal(mart.description)}")
        for name, text in comments.items():
            connection.execute(f"COMMENT ON COLUMN {place}.{quote(name)} IS {literal(text)}")
        created = seq if kept is None or kept[0] != structure else _created(connection, mart.name)
        connection.execute("DELETE FROM meta.entities WHERE entity = ?", [mart.name])
        connection.execute("INSERT INTO meta.entities VALUES (?, ?, ?, ?)", [mart.name, structure, told, created])
    warnings: tuple[Warning, ...] = ()
    if "id" in types:
        repeated = connection.execute(
            "SELECT count(*), min(id) FROM (SELECT id FROM made GROUP BY id HAVING count(*) > 1 OR id IS NULL)"
        ).fetchone()
        if repeated and repeated[0]:
            what = "several rows with one id, or none, one is kept"
            warnings = (Warning(mart.name, what, int(repeated[0]), str(repeated[1])),)
        mine = "true" if part is None else "id IN (SELECT id FROM concerned)"
        select = f"SELECT * FROM made WHERE {mine}"
        if warnings:
            values = ", ".join(quote(name) for name in types)
            first = f"row_number() OVER (PARTITION BY id ORDER BY hash({values}), {values}) = 1"
            select += f" AND id IS NOT NULL QUALIFY {first}"
        written = write_derived(connection, Derived(mart.name, tuple(types), select, mine), seq=seq)
    else:
        written = _replace(connection, mart.name, list(types), seq)
    connection.execute("DROP TABLE made")
    rows = _count(connection, mart.name)
    return EntityResult(mart.name, rows, written.changed, written.removed, warnings, 0, mart=True)


def _replace(connection: duckdb.DuckDBPyConnection, name: str, columns: list[str], seq: int) -> Written:
    """Without ids there is no telling rows apart: all of them are new, unless none differs."""
    place = f"entities.{quote(name)}"
    names = ", ".join(quote(column) for column in columns)
    differs = connection.execute(
        f"SELECT EXISTS (SELECT {names} FROM made EXCEPT ALL SELECT {names} FROM {place})"
        f" OR EXISTS (SELECT {names} FROM {place} EXCEPT ALL SELECT {names} FROM made)"
    ).fetchone()
    if not differs or not differs[0]:
        return Written()
    before = _count(connection, name)
    keep_none(connection, name, seq=seq)
    connection.execute(f"DELETE FROM {place}")
    connection.execute(
        f"INSERT INTO {place} ({names}, {', '.join(HIDDEN)}) SELECT {names}, NULL, 0, hash({names}), {seq} FROM made"
    )
    after = _count(connection, name)
    if after == 0:
        # publish looks at the rows of this transform: where none is left, the table itself says that it changed
        connection.execute("UPDATE meta.entities SET created_seq = ? WHERE entity = ?", [seq, name])
    return Written(after, max(0, before - after))


def _show(connection: duckdb.DuckDBPyConnection, name: str, rows: str = "") -> None:
    """What a mart sees of a table: its published columns, and of its rows those that a WHERE names."""
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {quote(name)} AS"
        f" SELECT * EXCLUDE ({', '.join(HIDDEN)}) FROM entities.{quote(name)}{rows}"
    )


def _created(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute("SELECT created_seq FROM meta.entities WHERE entity = ?", [name]).fetchone()
    return int(row[0]) if row else 0


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM entities.{quote(name)}").fetchone()
    return int(row[0]) if row else 0
