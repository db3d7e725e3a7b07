"""The control store as one SQLite file in WAL mode: for all processes of one host."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backhaul.errors import StorageError
from backhaul.state.migrations import STEPS, too_new

_PATIENCE = 30.0  # seconds that a process waits for another's transaction, each of which takes milliseconds


class SqliteEngine:
    """Opens the file and speaks to it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        _patiently(lambda: connection.execute("pragma journal_mode = wal"))
        # A crash of the process loses nothing; a power cut may lose the last counts, never the file.
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma foreign_keys = on")
        return connection

    def upgrade(self, connection: sqlite3.Connection) -> None:
        """Take the steps that the file has not seen, all or none of them."""
        if _version(connection) == len(STEPS):
            return
        with _transaction(connection):
            version = _version(connection)
            if version > len(STEPS):
                raise too_new(str(self._path), version)
            for step in STEPS[version:]:
                for statement in step.split(";"):
                    if statement.strip():
                        connection.execute(statement)
            connection.execute(f"pragma user_version = {len(STEPS)}")

    @contextmanager
    def write(self, connection: sqlite3.Connection, *, durable: bool) -> Iterator[sqlite3.Connection]:
        if durable:
            connection.execute("pragma synchronous = full")
        try:
            with _transaction(connection):
                yield connection
        finally:
            if durable:
                connection.execute("pragma synchronous = normal")

    def read(self, connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> list[sqlite3.Row]:
        return connection.execute(sql, parameters).fetchall()

    @contextmanager
    def told(self) -> Iterator[None]:
        """SQLite's errors as ours, with what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise _storage_error(error, self._path) from error

    def is_broken(self, connection: sqlite3.Connection) -> bool:
        """A file does not hang up."""
        return False


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("begin immediate")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _patiently(work: Callable[[], Any]) -> None:
    """Switching a new file to WAL does not wait for a lock as all else does."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            work()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("pragma user_version").fetchone()[0]
    return version


def _storage_error(error: sqlite3.Error, path: Path) -> StorageError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return StorageError(
            f"the control store {path} stays locked by another process",
            next_step="see which process holds it (`backhaul runs`), end that, and run it again",
        )
    if "full" in text:
        return StorageError(
            f"the disk of {path} is full", next_step="free space there and run it again; nothing was lost"
        )
    if isinstance(error, sqlite3.OperationalError) and "disk i/o error" in text.lower():
        return StorageError(
            f"{path} cannot be written: {text}; the disk may be full, or a limit on file sizes was met",
            next_step="make room there and run it again; nothing was lost",
        )
    if isinstance(error, sqlite3.OperationalError) and ("open" in text or "readonly" in text):
        return StorageError(
            f"the control store {path} cannot be opened: {text}", next_step="check the folder's owner and rights"
        )
    if isinstance(error, sqlite3.DatabaseError) and ("malformed" in text or "not a database" in text):
        return StorageError(
            f"the control store {path} is damaged: {text}",
            next_step="move the file away and run it again; it is made anew, only run history and counts are lost",
        )
    return StorageError(f"the control store {path} failed: {text}")
