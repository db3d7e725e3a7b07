"""Build one entity: its table, its slices one by one, and its checks afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from backhaul.errors import ConfigError, StorageError
from backhaul.transform.before import drop_before, keep_before
from backhaul.transform.checks import check_entity, check_table
from backhaul.transform.compiled import Slice
from backhaul.transform.contracts import EntityShape
from backhaul.transform.names import HIDDEN, literal, quote
from backhaul.transform.plan import EntityPlan
from backhaul.transform.results import EntityResult, Warning
from backhaul.transform.slices import UNTOUCHED, SliceBuild, SliceResult
from backhaul.transform.work import Signatures


@dataclass(frozen=True, slots=True)
class Built:
    """An entity whose slices are up to date; its checks come when all entities are, because they name each other."""

    plan: EntityPlan
    parts: tuple[SliceResult, ...]
    anew: bool
    """The table was made anew."""
    warnings: tuple[Warning, ...] = ()


def build_entity(
    connection: duckdb.DuckDBPyConnection,
    plan: EntityPlan,
    signatures: Signatures,
    *,
    seq: int,
    run_id: str,
    full: bool,
) -> Built:
    """Bring one entity's table and slices up to date."""
    parts, anew = _Entity(connection, plan, signatures, seq, run_id).build(full=full)
    return Built(plan, tuple(parts), anew)


def finish_entity(connection: duckdb.DuckDBPyConnection, built: Built, *, seq: int) -> EntityResult:
    """Check what was built, and count."""
    name = built.plan.shape.name
    counted = connection.execute(f"SELECT count(*) FROM entities.{quote(name)}").fetchone()
    changed = sum(each.changed for each in built.parts)
    warnings = check_entity(connection, built.plan.shape, seq=seq, whole=built.anew) if changed else ()
    warnings = (*built.warnings, *warnings, *check_table(connection, built.plan.shape))
    repeated = sum(each.repeated for each in built.parts)
    if repeated:
        warnings = (*warnings, Warning(name, "several rows with one id, one is kept", repeated, "id"))
    return EntityResult(
        name=name,
        rows=int(counted[0]) if counted else 0,
        changed=changed,
        removed=sum(each.removed for each in built.parts),
        warnings=warnings,
        rejects=sum(each.rejects for each in built.parts),
    )


def told(error: duckdb.Error, what: str) -> ConfigError | StorageError:
    """DuckDB's error in our words: a model that does not run, or an engine that could not."""
    first = str(error).splitlines()[0]
    if isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException | duckdb.FatalException):
        return StorageError(f"the transform of {what} could not be finished: {first}")
    return ConfigError(
        f"the transform of {what} does not run: {first}",
        next_step="correct the mapping or the staging file it names, then `backhaul transform`",
    )


class _Entity:
    """One entity's build."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, plan: EntityPlan, signatures: Signatures, seq: int, run_id: str
    ) -> None:
        self._connection = connection
        self._plan = plan
        self._signatures = signatures
        self._seq = seq
        self._run_id = run_id
        self._name = plan.shape.name

    def build(self, *, full: bool) -> tuple[list[SliceResult], bool]:
        """Each slice's result, and whether the entity was made anew."""
        fresh = self._ensure_table()
        results = [self._drop(connection, name) for connection, name in self._vanished()]
        for part in self._plan.slices:
            try:
                results.append(self._slice(part, full=full))
            except duckdb.Error as error:
                raise told(error, f"{part.entity}.{part.object} of {part.source}").within(
                    connection=part.connection, object=part.object
                ) from error
        return results, fresh

    def _slice(self, part: Slice, *, full: bool) -> SliceResult:
        signature = json.dumps([self._signatures.of(table) for table in part.tables])
        kept = self._connection.execute(
            "SELECT fingerprint, signature FROM meta.slices WHERE entity = ? AND connection = ? AND object = ?",
            [part.entity, part.connection, part.object],
        ).fetchone()
        if not full and kept == (part.fingerprint, signature):
            return UNTOUCHED
        build = SliceBuild(
            self._connection,
            part,
            self._plan.shape,
            seq=self._seq,
            run_id=self._run_id,
            tracked=self._plan.tracked(part.connection),
        )
        with self._transaction():
            if kept is None:
                build.forget()
                result = build.first()
            elif full or kept[0] != part.fingerprint:
                build.forget()
                result = build.all()
            else:
                result = build.touched(json.loads(kept[1])[0])
            build.remember_joined()
            build.remember_runs()
            self._forget(part.connection, part.object)
            self._connection.execute(
                "INSERT INTO meta.slices VALUES (?, ?, ?, ?, ?)",
                [part.entity, part.connection, part.object, part.fingerprint, signature],
            )
        return result

    def _ensure_table(self) -> bool:
        shape = self._plan.shape
        structure = json.dumps({name: column.sql_type for name, column in shape.columns.items()})
        comments = json.dumps([shape.contract.description, *(c.description for c in shape.columns.values())])
        kept = self._connection.execute(
            "SELECT structure, comments FROM meta.entities WHERE entity = ?", [self._name]
        ).fetchone()
        if kept == (structure, comments):
            return False
        with self._transaction():
            anew = kept is None or kept[0] != structure
            if anew:
                self._create(shape)
            self._comment(shape)
            created = "?" if anew else "(SELECT created_seq FROM meta.entities WHERE entity = ?)"
            self._connection.execute(
                f"INSERT INTO meta.entities SELECT ?, ?, ?, {created}",
                [self._name, structure, comments, self._seq if anew else self._name],
            )
            self._connection.execute(
                "DELETE FROM meta.entities WHERE entity = ? AND (structure <> ? OR comments <> ?)",
                [self._name, structure, comments],
            )
        return anew

    def _create(self, shape: EntityShape) -> None:
        columns = [f"{quote(name)} {column.sql_type}" for name, column in shape.columns.items()]
        columns += [f"{name} {type_}" for name, type_ in HIDDEN.items()]
        self._connection.execute(f"CREATE OR REPLACE TABLE entities.{quote(self._name)} ({', '.join(columns)})")
        drop_before(self._connection, self._name)
        for table in ("slices", "joined", "runs", "rejects"):
            self._connection.execute(f"DELETE FROM meta.{table} WHERE entity = ?", [self._name])

    def _comment(self, shape: EntityShape) -> None:
        table = f"entities.{quote(self._name)}"
        self._connection.execute(f"COMMENT ON TABLE {table} IS {literal(shape.contract.description)}")
        for name, column in shape.columns.items():
            self._connection.execute(f"COMMENT ON COLUMN {table}.{quote(name)} IS {literal(column.description)}")

    def _vanished(self) -> list[tuple[str, str]]:
        """Slices of earlier transforms that are no longer: the connection, the file or the raw table went."""
        rows = self._connection.execute(
            "SELECT connection, object FROM meta.slices WHERE entity = ?", [self._name]
        ).fetchall()
        present = {(part.connection, part.object) for part in self._plan.slices}
        return [(str(connection), str(name)) for connection, name in rows if (connection, name) not in present]

    def _drop(self, connection: str, object_name: str) -> SliceResult:
        table = f"entities.{quote(self._name)}"
        mine = f"connection_id = {literal(connection)} AND source_object = {literal(object_name)}"
        with self._transaction():
            keep_before(self._connection, self._name, f"SELECT rowid FROM {table} WHERE {mine}", seq=self._seq)
            row = self._connection.execute(
                f"INSERT INTO meta.removed SELECT ?, id, {self._seq} FROM {table} WHERE {mine}", [self._name]
            ).fetchone()
            self._connection.execute(f"DELETE FROM {table} WHERE {mine}")
            self._forget(connection, object_name)
            self._connection.execute(
                "DELETE FROM meta.rejects WHERE entity = ? AND connection = ? AND object = ?",
                [self._name, connection, object_name],
            )
            for kept in ("joined", "runs"):
                self._connection.execute(
                    f"DELETE FROM meta.{kept} WHERE entity = ? AND slice = ?",
                    [self._name, f"{connection}:{object_name}"],
                )
        return SliceResult(removed=int(row[0]) if row else 0)

    def _forget(self, connection: str, object_name: str) -> None:
        self._connection.execute(
            "DELETE FROM meta.slices WHERE entity = ? AND connection = ? AND object = ?",
            [self._name, connection, object_name],
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            self._connection.execute("UPDATE meta.work SET seq = ?", [self._seq])
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
