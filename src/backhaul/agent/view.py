"""What agents read: a file of its own, made of a snapshot, that holds nothing which they may not see.

A hidden column is not in the file, so that no SQL leads to it; masked values are masked in it, rows that a role does
not see are not there. Beside the file stands the search index of the same rows. Both belong to one version of the
snapshot; the next version takes over what did not change.

    .backhaul/agent/acme/no-role/00012-1f0c2a/entities.duckdb  search/  view.json
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb
import msgspec

from backhaul.agent import search
from backhaul.agent.catalogue import Entity, Origin, Table, View, pairs
from backhaul.agent.policy import BOOKKEEPING, FIXED, Policy
from backhaul.config.problems import closest
from backhaul.errors import ConfigError, StorageError

FORMAT = 1
INDEXED = 5_000_000
"""Rows of a table up to which ids and references have an index: it is made and kept up in memory."""
AsOf = Mapping[str, Mapping[str, datetime]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The published version that a view is made of."""

    customer: str
    path: Path
    version: int
    published_at: datetime
    as_of: AsOf
    lineage: str
    """The warehouse whose versions these are: two with the same one follow upon each other."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A view and where its parts are."""

    view: View
    data: Path
    search: Path


def bring_up(snapshot: Snapshot, folder: Path, policy: Policy, entities: Mapping[str, Entity]) -> Opened:
    """The view of this version, made if it is not there; older ones but the last are deleted.

    entities: the contracts; a table without one is a mart. Raises ConfigError for rules that name what is not there,
    StorageError where it cannot be written.
    """
    name = f"{snapshot.version:05}-{policy.fingerprint}"
    found = _of(snapshot, folder / name)
    if found is not None:
        return found
    try:
        with _alone(folder):
            found = _of(snapshot, folder / name)
            if found is None:
                shutil.rmtree(folder / name, ignore_errors=True)
                unfinished = folder / f".{name}.unfinished"
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir(parents=True)
                _Builder(snapshot, unfinished, policy, entities, _latest(folder, policy, snapshot)).build()
                unfinished.rename(folder / name)
                found = _read(folder / name)
            _prune(folder, keep=name)
    except (OSError, duckdb.Error) as error:
        raise StorageError(
            f"the agents' view of v{snapshot.version} could not be written: {str(error).splitlines()[0]}",
            next_step="free the resource named above, then `backhaul publish`; the snapshot itself is complete",
            customer=snapshot.customer,
        ) from error
    if found is None:
        raise StorageError(f"the agents' view {name} vanished while it was written", customer=snapshot.customer)
    return found


class _Builder:
    """Writes the three files of one view into an empty folder."""

    def __init__(
        self, snapshot: Snapshot, folder: Path, policy: Policy, entities: Mapping[str, Entity], last: Opened | None
    ) -> None:
        self._snapshot = snapshot
        self._folder = folder
        self._policy = policy
        self._entities = entities
        # a filter's answer for one row may hang on other rows, so that with filters everything is looked at again
        self._last = last if last is not None and not policy.rows else None
        self._data = folder / "entities.duckdb"

    def build(self) -> None:
        if self._last is not None:
            shutil.copyfile(self._last.data, self._data)
            search.link(self._last.search, self._folder / "search")
        with duckdb.connect(str(self._data), config={"memory_limit": "512MB", "threads": 2}) as sql:
            self._sql = sql
            sql.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false; SET enable_progress_bar = false")
            sql.execute(f"ATTACH {_literal(str(self._snapshot.path))} AS snapshot (READ_ONLY)")
            self._there = _columns(sql, "snapshot")
            seen = self._seen()
            changed = self._changed(seen)
            if changed is None:
                search_changes = None
                for name, columns in seen.items():
                    self._write(name, columns)
            else:
                search_changes = {name: self._apply(name, columns, changed) for name, columns in seen.items()}
            self._system(seen)
            tables = {name: self._describe(name, columns) for name, columns in seen.items()}
            search.write(
                self._folder / "search",
                {name: each.columns for name, each in tables.items()},
                sql,
                search_changes,
            )
            sql.execute("DROP TABLE IF EXISTS gone")
            (after,) = sql.execute("SELECT changes_after FROM _snapshot").fetchall()[0]
            sql.execute("DETACH snapshot")
            sql.execute("CHECKPOINT")
        view = View(
            FORMAT, self._snapshot.version, self._snapshot.lineage, self._snapshot.published_at, self._snapshot.as_of,
            self._policy.fingerprint, int(after), tables,
        )  # fmt: skip
        (self._folder / "view.json").write_bytes(msgspec.json.encode(view))
        self._data.chmod(0o444)

    # -- what may be seen ------------------------------------------------------------------------------------------

    def _seen(self) -> dict[str, dict[str, str]]:
        """Tables in the order in which they are written, each with its columns' types."""
        policy = self._policy
        found: dict[str, dict[str, str]] = {}
        for name, columns in self._there.items():
            hidden = policy.hidden(name)
            # a mart is made of entities: what is kept back of those may stand in it under another name
            unnamed = name not in self._entities and not policy.is_open and not policy.names(name)
            if name.startswith("_") or hidden is None or unnamed or (policy.rows and self._is_loose(name)):
                continue
            self._check(name, columns, hidden)
            found[name] = {n: t for n, t in columns.items() if n not in hidden and n not in BOOKKEEPING}
        return {name: found[name] for name in self._ordered(found)}

    def _is_loose(self, name: str) -> bool:
        """Under filters: a mart that has none of its own."""
        return name not in self._entities and name not in self._policy.rows

    def _check(self, name: str, columns: Mapping[str, str], hidden: frozenset[str]) -> None:
        named = self._policy.hide.get(name) or frozenset()
        masked = self._policy.mask.get(name, frozenset())
        problems = [
            f"agent: {name} has no column {each}"
            + (f"; did you mean {near}?" if (near := closest(each, columns)) else f"; it has {', '.join(columns)}")
            for each in sorted(named | masked)
            if each not in columns
        ]
        fixed = sorted((hidden | self._policy.masked(name)) & set(FIXED))
        problems += [f"agent: {name}.{each} cannot be kept from agents: answers need it" for each in fixed]
        problems += [
            f"agent: {name}.{each} is {columns[each]}, and only text can be masked; hide it"
            for each in sorted(masked)
            if each in columns and columns[each] != "VARCHAR"
        ]
        if problems:
            raise ConfigError(
                "the agents' view cannot be made; agents are served nothing until it can",
                problems=tuple(problems),
                next_step=f"correct `agent:` in pipelines/{self._snapshot.customer}.yaml",
                customer=self._snapshot.customer,
            )

    def _ordered(self, names: Mapping[str, object]) -> list[str]:
        """Referenced tables before those that refer to them; whatever filters name, before the filter."""
        done: list[str] = []
        busy: set[str] = set()

        def visit(name: str) -> None:
            if name in done or name in busy or name not in names:
                return
            busy.add(name)
            for other in sorted(set(self._references(name).values()) | self._read_by_filter(name)):
                visit(other)
            busy.discard(name)
            done.append(name)

        for name in sorted(names, key=lambda each: (self._is_pairing(each), each)):
            visit(name)
        return done

    def _references(self, name: str) -> dict[str, str]:
        """Column -> the other table whose id it holds."""
        entity = self._entities.get(name)
        return {
            column: each.references
            for column, each in (entity.columns if entity is not None else {}).items()
            if each.references is not None and each.references != name and column in self._there[name]
        }

    def _read_by_filter(self, name: str) -> set[str]:
        import sqlglot
        from sqlglot import exp

        found: set[str] = set()
        for condition in self._policy.rows.get(name, ()):
            try:
                found |= {each.name for each in sqlglot.parse_one(condition, dialect="duckdb").find_all(exp.Table)}
            except sqlglot.errors.ParseError as error:
                raise self._no_filter(name, str(error).splitlines()[0]) from error
        return found - {name}

    def _is_pairing(self, name: str) -> bool:
        return bool(pairs(self._there[name]))

    # -- rows ------------------------------------------------------------------------------------------------------

    def _select(self, name: str, columns: Mapping[str, str], where: str = "") -> str:
        masked = self._policy.masked(name)
        listed = ", ".join(
            f"{_masked(_quote(each))} AS {_quote(each)}" if each in masked and kind == "VARCHAR" else _quote(each)
            for each, kind in columns.items()
        )
        # the conditions see the row as it is, other tables as the role sees them
        conditions = [f"({each})" for each in self._policy.rows.get(name, ())] + self._follows(name)
        conditions += [where] if where else []
        if name == "field_changes" and "entity" in self._there[name]:
            # a history holds former values of columns under names that the rules do not know
            kept_back = [
                each for each in self._there if self._policy.hidden(each) != frozenset() or self._policy.masked(each)
            ]
            if kept_back:
                conditions.append(f"entity NOT IN ({', '.join(map(_literal, kept_back))})")
        text = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {listed} FROM snapshot.main.{_quote(name)}{text}"

    def _follows(self, name: str) -> list[str]:
        """Under filters: a row that refers to one which is not seen is not seen either."""
        if not self._policy.rows:
            return []
        written = set(_columns(self._sql, self._database))
        found = [
            f"({_quote(column)} IS NULL OR {_quote(column)} IN (SELECT id FROM {_quote(other)}))"
            for column, other in self._references(name).items()
            if other in written
        ]
        for kind, id in pairs(self._there[name]):
            known = " OR ".join(
                f"({_quote(kind)} = {_literal(other)} AND {_quote(id)} IN (SELECT id FROM {_quote(other)}))"
                for other in sorted(written)
                if not other.startswith("_")
            )
            found.append(f"({_quote(id)} IS NULL OR {known})" if known else f"{_quote(id)} IS NULL")
        return found

    @property
    def _database(self) -> str:
        return str(self._sql.execute("SELECT current_database()").fetchall()[0][0])

    def _write(self, name: str, columns: Mapping[str, str]) -> None:
        try:
            self._sql.execute(f"CREATE TABLE {_quote(name)} AS {self._select(name, columns)}")
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            if name in self._policy.rows:
                raise self._no_filter(name, str(error).splitlines()[0]) from error
            raise
        self._comment(name, columns)
        (count,) = self._sql.execute(f"SELECT count(*) FROM {_quote(name)}").fetchall()[0]
        for each in dict.fromkeys(["id", *self._keys(name)]):
            if each in columns and count <= INDEXED:
                self._sql.execute(f"CREATE INDEX {_quote(f'{name}_by_{each}')} ON {_quote(name)} ({_quote(each)})")

    def _keys(self, name: str) -> list[str]:
        """Columns by which a record's relations are found."""
        entity = self._entities.get(name)
        held = [n for n, each in (entity.columns if entity is not None else {}).items() if each.references is not None]
        return [*held, *(id for _, id in pairs(self._there[name]))]

    def _comment(self, name: str, columns: Mapping[str, str]) -> None:
        said = self._sql.execute(
            "SELECT NULL, comment FROM duckdb_tables() WHERE database_name = 'snapshot' AND table_name = ?"
            " UNION ALL SELECT column_name, comment FROM duckdb_columns()"
            " WHERE database_name = 'snapshot' AND table_name = ?",
            [name, name],
        ).fetchall()
        for column, text in said:
            if text and (column is None or column in columns):
                on = f"TABLE {_quote(name)}" if column is None else f"COLUMN {_quote(name)}.{_quote(column)}"
                self._sql.execute(f"COMMENT ON {on} IS {_literal(text)}")

    def _no_filter(self, name: str, what: str) -> ConfigError:
        return ConfigError(
            f"agent: the condition on the rows of {name} does not work: {what}",
            next_step=f"correct `agent.rows` in pipelines/{self._snapshot.customer}.yaml: it is SQL",
            customer=self._snapshot.customer,
        )

    # -- what changed since the last view --------------------------------------------------------------------------

    def _changed(self, seen: Mapping[str, Mapping[str, str]]) -> frozenset[str] | None:
        """Tables that need only their changed rows; None where there is no last view that could be gone on from."""
        last = self._last
        if last is None:
            return None
        (after,) = self._sql.execute("SELECT changes_after FROM snapshot.main._snapshot").fetchall()[0]
        for name in last.view.tables:
            if name not in seen:
                self._sql.execute(f"DROP TABLE {_quote(name)}")
        self._sql.execute(
            "CREATE TEMP TABLE gone AS SELECT DISTINCT entity, id FROM snapshot.main._changes"
            f" WHERE version > {last.view.version}"
        )
        if after > last.view.version:
            return frozenset()
        return frozenset(
            name
            for name, columns in seen.items()
            if name in last.view.tables and dict(last.view.tables[name].columns) == columns and name in self._entities
        )

    def _apply(self, name: str, columns: Mapping[str, str], changed: frozenset[str]) -> str:
        """Bring one table up to date; gives the condition that its new rows meet."""
        those = f"id IN (SELECT id FROM gone WHERE entity = {_literal(name)})"
        if name in changed:
            self._sql.execute(f"DELETE FROM {_quote(name)} WHERE {those}")
            self._sql.execute(f"INSERT INTO {_quote(name)} {self._select(name, columns, those)}")
            self._comment(name, columns)
            return those
        if self._last is not None and name in self._last.view.tables:
            # for the index: every row that was there goes
            self._sql.execute(f"INSERT INTO gone SELECT {_literal(name)}, id FROM {_quote(name)}")
            self._sql.execute(f"DROP TABLE {_quote(name)}")
        self._write(name, columns)
        return "true"

    # -- the rest of the file --------------------------------------------------------------------------------------

    def _system(self, seen: Mapping[str, Mapping[str, str]]) -> None:
        """The log of changes, without what is hidden, and what the snapshot says of itself."""
        parts: list[str] = []
        for name, columns in seen.items():
            names = "[" + ", ".join(_literal(each) for each in columns) + "]"
            there = (
                f" AND id IN (SELECT id FROM {_quote(name)})"
                if name in self._policy.rows or self._follows(name)
                else ""
            )
            parts.append(
                f"SELECT entity, id, op, list_filter(columns, lambda c: list_contains({names}, c)) AS columns, version"
                f" FROM snapshot.main._changes WHERE entity = {_literal(name)}{there}"
            )
        empty = "SELECT * FROM snapshot.main._changes WHERE false"
        self._sql.execute(
            f"CREATE OR REPLACE TABLE _changes AS SELECT * FROM ({' UNION ALL '.join(parts) or empty})"
            " WHERE op <> 'update' OR len(columns) > 0"
        )
        self._sql.execute(
            "CREATE OR REPLACE TABLE _snapshot AS SELECT version, published_at, as_of, changes_after"
            " FROM snapshot.main._snapshot"
        )

    def _describe(self, name: str, columns: Mapping[str, str]) -> Table:
        said = dict(
            self._sql.execute(
                "SELECT column_name, comment FROM duckdb_columns() WHERE database_name = current_database()"
                " AND table_name = ? AND comment IS NOT NULL",
                [name],
            ).fetchall()
        )
        comment = self._sql.execute(
            "SELECT comment FROM duckdb_tables() WHERE database_name = current_database() AND table_name = ?", [name]
        ).fetchall()[0][0]
        deleted = "count(*) FILTER (is_deleted)" if "is_deleted" in columns else "0"
        rows, gone = self._sql.execute(f"SELECT count(*), {deleted} FROM {_quote(name)}").fetchall()[0]
        origins: list[Origin] = []
        if {"connection_id", "source", "source_object"} <= set(columns):
            found = self._sql.execute(
                f"SELECT DISTINCT connection_id, source, source_object FROM {_quote(name)} ORDER BY ALL"
            ).fetchall()
            origins = [Origin(*(str(part) for part in each)) for each in found]
        masked = tuple(sorted(each for each in self._policy.masked(name) if columns.get(each) == "VARCHAR"))
        return Table(int(rows) - int(gone), int(gone), dict(columns), comment or "", said, tuple(origins), masked)


def _masked(column: str) -> str:
    """`a***@acme.example`, `+***`: as `private: mask` does before anything is stored."""
    return (
        f"CASE WHEN contains({column}, '@') THEN regexp_replace({column}, '^(.?)[\\s\\S]*@([^@]*)$', '\\1***@\\2')"
        f" WHEN {column} = '' THEN '' ELSE left({column}, 1) || '***' END"
    )


def _columns(sql: duckdb.DuckDBPyConnection, database: str) -> dict[str, dict[str, str]]:
    rows = sql.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = ?"
        " AND schema_name = 'main' ORDER BY table_name, column_index",
        [database],
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(str(table), {})[str(column)] = str(kind)
    return found


def _read(folder: Path) -> Opened | None:
    try:
        view = msgspec.json.decode((folder / "view.json").read_bytes(), type=View)
    except (OSError, msgspec.DecodeError):
        return None
    return Opened(view, folder / "entities.duckdb", folder / "search") if view.format == FORMAT else None


def _of(snapshot: Snapshot, folder: Path) -> Opened | None:
    """The view, if it is of this snapshot and not of one with the same number that was deleted since."""
    found = _read(folder)
    if found is None or found.view.published_at != snapshot.published_at:
        return None
    # a run that found nothing new moves this on without a new version
    return replace(found, view=msgspec.structs.replace(found.view, as_of=snapshot.as_of))


def _latest(folder: Path, policy: Policy, snapshot: Snapshot) -> Opened | None:
    """The newest view of the same rules that the snapshot follows upon."""
    for each in sorted(folder.glob(f"[0-9]*-{policy.fingerprint}"), reverse=True):
        found = _read(each)
        if found and found.view.lineage == snapshot.lineage and found.view.version < snapshot.version:
            return found
    return None


def _prune(folder: Path, keep: str) -> None:
    """The one before stays: a server may be about to open it. What is open stays readable anyway."""
    made: Sequence[Path] = sorted(folder.glob("[0-9]*-*"), key=lambda each: each.stat().st_mtime, reverse=True)
    beside = [each for each in made if each.name != keep][1:]
    for each in beside:
        shutil.rmtree(each, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One builder of a role at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
