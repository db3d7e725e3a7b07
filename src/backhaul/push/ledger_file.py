"""The ledger's SQLite file: opened, locked, kept to its format, its errors told."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from backhaul.errors import StorageError
from backhaul.push.ledger_tables import CREATE, FORMAT, UPGRADES


class LedgerFile:
    """Threads share it; close it at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sql = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise self._storage(error) from error
        with self._told():
            self._sql.row_factory = sqlite3.Row
            self._sql.execute("pragma journal_mode = wal")
            # an intent must outlive a power cut: the request that follows it cannot be taken back
            self._sql.execute("pragma synchronous = full")
            self._prepare()

    def close(self) -> None:
        with self._lock:
            self._sql.close()

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._lock, self._told():
            return self._sql.execute(sql, parameters).fetchall()

    def among(self, sql: str, parameters: Sequence[object], keys: Sequence[str]) -> Iterator[sqlite3.Row]:
        """Rows whose key is one of these; the query has `{}` where their marks go."""
        for start in range(0, len(keys), 5_000):
            some = keys[start : start + 5_000]
            yield from self.read(sql.format(", ".join("?" * len(some))), (*parameters, *some))

    def tuples(self, sql: str, parameters: Sequence[object]) -> list[tuple[object, ...]]:
        """Rows as plain tuples, for many of them."""
        with self._lock, self._told():
            cursor = self._sql.cursor()
            cursor.row_factory = None
            return cursor.execute(sql, parameters).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on the disk when the block has ended, or undone."""
        with self._lock, self._told():
            self._sql.execute("begin immediate")
            try:
                yield self._sql
            except BaseException:
                self._sql.execute("rollback")
                raise
            self._sql.execute("commit")

    def _prepare(self) -> None:
        with self.writing() as sql:
            version = int(sql.execute("pragma user_version").fetchone()[0])
            if version > FORMAT:
                raise StorageError(
                    f"{self.path} was written by a newer backhaul (format {version}, this one knows {FORMAT})",
                    next_step="install the newer version again",
                )
            steps = CREATE if version == 0 else [step for each in range(version, FORMAT) for step in UPGRADES[each]]
            for statement in steps:
                sql.execute(statement)
            sql.execute(f"pragma user_version = {FORMAT}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._storage(error) from error

    def _storage(self, error: Exception) -> StorageError:
        return StorageError(
            f"the push ledger {self.path.name} cannot be used: {error}",
            next_step="free the disk or end the process that locks it, then run it again; nothing is sent without it",
        )


def as_json(values: Mapping[str, object]) -> str:
    return msgspec.json.encode(dict(values)).decode()
