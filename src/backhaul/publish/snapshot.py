"""Publish: entities and raw tables of work.duckdb as the next version, complete or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from backhaul.config.layout import Layout
from backhaul.errors import ConfigError, StorageError
from backhaul.publish.entities import Label, has_changes, write_entities
from backhaul.publish.ledger import TABLE as LEDGER
from backhaul.publish.ledger import Attempts, write_ledger
from backhaul.publish.raw import Difference, difference, forget, signatures, write_raw
from backhaul.publish.tables import comment_on, database_name, literal, quote, tables
from backhaul.publish.versions import AsOf, Manifest, Retention, Versions, copy, now, sync
from backhaul.publish.words import OWN, Words, describe, of_raw

_GROWN = 1.5
_SMALL = 4 << 20
"""Below this size in bytes a file's growth says nothing: DuckDB allocates in steps."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What a run wants to publish, and what the snapshot shall say of itself."""

    customer: str
    run_id: str
    configuration: str
    as_of: AsOf
    retention: Retention = field(default_factory=Retention)
    ledger: Attempts | None = None
    """What pushes wrote; None where none ever did."""
    words: Callable[[], Mapping[str, Words]] = dict
    """Raw table -> what to say of it and its columns; called where raw tables are written."""
    anew: bool = False
    """Write the files from nothing and delete every older version: nothing of what left may stay in them."""


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What a publish did. new False: nothing has changed, the version is the one that was current before."""

    version: int
    new: bool
    entities: Path
    raw: Path
    changed: Mapping[str, int]
    """Entity -> rows that the version adds, changes or removes."""
    raw_changed: int
    bytes: int
    """The sizes of the files written."""
    deleted_versions: int


def publish(connection: duckdb.DuckDBPyConnection, layout: Layout, publication: Publication) -> PublishResult:
    """Publish what is in work.duckdb. connection: opened under the write lease, no transaction open.

    Readers see the old version until the new one is complete; a kill at any point leaves one of the two.
    """
    versions = Versions(layout, publication.customer)
    versions.folder.mkdir(parents=True, exist_ok=True)
    if "work" not in tables(connection, database_name(connection), "meta"):
        raise ConfigError(
            "there are no entities to publish yet",
            next_step=f"backhaul transform {publication.customer}",
            customer=publication.customer,
        )
    try:
        return _Publish(connection, layout, versions, publication).run()
    except (duckdb.Error, OSError) as error:
        first = str(error).splitlines()[0]
        raise StorageError(
            f"the snapshot could not be written: {first}",
            next_step="free the resource named above, then `backhaul publish`; the version before it stays current",
            customer=publication.customer,
            run=publication.run_id,
        ) from error


class _Publish:
    def __init__(
        self, connection: duckdb.DuckDBPyConnection, layout: Layout, versions: Versions, publication: Publication
    ) -> None:
        self._connection = connection
        self._layout = layout
        self._versions = versions
        self._wanted = publication
        self._older = len(versions.kept()) if publication.anew else 0
        self._base = None if publication.anew else versions.current()
        self._version = versions.next_number()
        work = _work(connection)
        self._work_id, self._seq = work
        same_work = self._base is not None and self._base.work_id == self._work_id
        self._after = self._base.seq if self._base and same_work else None
        self._bytes = 0

    def run(self) -> PublishResult:
        with self._raw_difference() as (raw, found):
            return self._publish(raw, found)

    def _publish(self, raw: dict[str, str], found: Difference | None) -> PublishResult:
        base = self._base
        at = now()
        models = self._models()
        raw_differs = found is None or found.matters
        entities_differ = (
            base is None or self._after is None or base.models != models or has_changes(self._connection, self._after)
        )
        if base is not None and not raw_differs and not entities_differ:
            # the raw tables' state stays that of the file, or its rows could not be accounted for next time
            current = replace(base, as_of=self._wanted.as_of, configuration=self._wanted.configuration)
            self._versions.refresh(current)
            return self._result(current, new=False)
        label = Label(self._version, at, self._wanted.run_id, self._wanted.configuration, self._wanted.as_of)
        entities, entities_compact = (base.entities, base.entities_compact) if base else ("", 0)
        changed: dict[str, int] = {}
        if entities_differ:
            entities, entities_compact, changed = self._write_entities(label)
        raw_file, raw_compact, raw_changed = (base.raw, base.raw_compact, 0) if base else (None, 0, 0)
        if raw_differs:
            raw_file, raw_compact, raw_changed = self._write_raw(label, found)
        manifest = Manifest(
            version=self._version,
            previous=base.version if base else None,
            published_at=at,
            run_id=self._wanted.run_id,
            configuration=self._wanted.configuration,
            entities=entities,
            raw=raw_file,
            entities_compact=entities_compact,
            raw_compact=raw_compact,
            work_id=self._work_id,
            seq=self._seq,
            models=models,
            signatures=raw if raw_differs or base is None else base.signatures,
            as_of=self._wanted.as_of,
        )
        self._versions.commit(manifest)
        self._connection.execute("DELETE FROM meta.removed WHERE seq <= ?", [self._seq])
        return self._result(manifest, new=True, changed=changed, raw_changed=raw_changed)

    def _write_entities(self, label: Label) -> tuple[str, int, dict[str, int]]:
        base = self._base
        with self._target("entities", base.entities if base else None) as path:
            changed = write_entities(self._connection, label, self._after)
            if self._wanted.ledger is not None and LEDGER not in changed:
                write_ledger(self._connection, self._wanted.ledger)
            describe(self._connection, OWN)
        name = f"entities-v{self._version:05}.duckdb"
        compact = self._compacted("entities", path, base.entities_compact if base else 0)
        return name, compact, changed

    def _write_raw(self, label: Label, found: Difference | None) -> tuple[str, int, int]:
        base = self._base
        with self._target("raw", base.raw if base and found else None) as path:
            changed = write_raw(self._connection, found)
            self._connection.execute(
                "CREATE OR REPLACE TABLE target.main._snapshot AS SELECT ?::BIGINT AS version,"
                " ?::TIMESTAMPTZ AS published_at, ?::VARCHAR AS run_id, ?::VARCHAR AS configuration,"
                " ?::VARCHAR AS as_of",
                [label.version, label.published_at, label.run_id, label.configuration, label.as_of_json],
            )
            describe(self._connection, of_raw(self._connection, self._wanted.words()))
        return f"raw-v{self._version:05}.duckdb", self._compacted("raw", path, base.raw_compact if base else 0), changed

    @contextmanager
    def _target(self, kind: str, base: str | None) -> Iterator[Path]:
        """The unfinished file attached as `target`, a copy of the base where there is one; synced afterwards."""
        path = self._versions.unfinished(kind, self._version)
        path.unlink(missing_ok=True)
        if base is not None:
            copy(self._versions.folder / base, path)
            path.chmod(0o644)
        self._connection.execute(f"ATTACH {literal(str(path))} AS target")
        try:
            yield path
            self._connection.execute("CHECKPOINT target")
        finally:
            self._connection.execute("DETACH target")
        sync(path)
        self._bytes += path.stat().st_size

    def _compacted(self, kind: str, path: Path, compact: int) -> int:
        """Write the file anew when it has grown by half since it was last; returns the size it then had."""
        size = path.stat().st_size
        if compact == 0:
            return size
        if size <= max(compact * _GROWN, _SMALL):
            return compact
        smaller = path.with_name(f"{path.name}.compact")
        smaller.unlink(missing_ok=True)
        self._connection.execute(f"ATTACH {literal(str(path))} AS grown (READ_ONLY)")
        self._connection.execute(f"ATTACH {literal(str(smaller))} AS target")
        try:
            kept = self._versions.kept()
            oldest = kept[-1].version if kept else 0
            for name, table in tables(self._connection, "grown", "main", hidden=True).items():
                rows = f" WHERE version > {oldest}" if name == "_changes" else ""
                place = f"target.main.{quote(name)}"
                self._connection.execute(f"CREATE TABLE {place} AS SELECT * FROM grown.main.{quote(name)}{rows}")
                comment_on(self._connection, place, table)
            if kind == "entities":
                self._connection.execute(
                    f"UPDATE target.main._snapshot SET changes_after = greatest(changes_after, {oldest})"
                )
            self._connection.execute("CHECKPOINT target")
        finally:
            self._connection.execute("DETACH target")
            self._connection.execute("DETACH grown")
        sync(smaller)
        smaller.replace(path)
        self._bytes += path.stat().st_size
        return path.stat().st_size

    @contextmanager
    def _raw_difference(self) -> Iterator[tuple[dict[str, str], Difference | None]]:
        """The raw tables' state, and what differs from the base; None where there is no base to compare with."""
        base = self._base
        state = signatures(self._connection)
        if base is None or base.raw is None:
            yield state, None
            return
        try:
            self._connection.execute(f"ATTACH {literal(str(self._versions.folder / base.raw))} AS base (READ_ONLY)")
        except duckdb.IOException:
            # someone has the file open for writing: it may not be what we wrote, so everything is written anew
            yield state, None
            return
        try:
            found = difference(self._connection, "base", dict(base.signatures), state)
        finally:
            self._connection.execute("DETACH base")
        try:
            yield state, found
        finally:
            forget(self._connection, found)

    def _models(self) -> str:
        rows = self._connection.execute(
            "SELECT entity, structure, comments FROM meta.entities ORDER BY entity"
        ).fetchall()
        return hashlib.sha256(repr(rows).encode()).hexdigest()[:32]

    def _result(
        self, manifest: Manifest, *, new: bool, changed: Mapping[str, int] | None = None, raw_changed: int = 0
    ) -> PublishResult:
        deleted = self._older + self._versions.prune(self._wanted.retention, now())
        return PublishResult(
            version=manifest.version,
            new=new,
            entities=self._layout.snapshot(self._wanted.customer),
            raw=self._layout.raw_snapshot(self._wanted.customer),
            changed=changed or {},
            raw_changed=raw_changed,
            bytes=self._bytes,
            deleted_versions=deleted,
        )


def _work(connection: duckdb.DuckDBPyConnection) -> tuple[str, int]:
    """Which work.duckdb this is, and its latest transform."""
    row = connection.execute("SELECT work_id, seq FROM meta.work").fetchone()
    return (str(row[0]), int(row[1])) if row else ("", 0)
