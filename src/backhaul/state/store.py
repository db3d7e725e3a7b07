"""The control store: one SQLite file that all processes of a project share.

Opened when first used. A connection a thread; every change in one short transaction that locks at its start,
so that two processes wait for each other instead of failing half-way.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from backhaul.errors import Bug, StorageError
from backhaul.state.holder import Holder
from backhaul.state.keeper import Keeper
from backhaul.state.migrations import STEPS

Sql = sqlite3.Connection
"""What a transaction is given to work with."""

_PATIENCE = 30.0  # seconds that a process waits for another's transaction, each of which takes milliseconds


class ControlStore:
    """Opens the file, brings it up to date, hands out transactions. Close it at the end: what is counted is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.holder = Holder.here()
        self.keeper = Keeper()
        self._lock = threading.Lock()
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is still counted in memory, give back what is leased, close the file."""
        self.keeper.close()
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
            self._local = threading.local()
            self._ready = False

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction that may change things; nothing else in the project does meanwhile. Keep it short.

        durable: a power cut after the block does not lose it, either; counts can do without, tokens cannot.
        """
        with self._told():
            connection = self._connection()
            if durable:
                connection.execute("pragma synchronous = full")
            try:
                connection.execute("begin immediate")
                try:
                    yield connection
                except BaseException:
                    connection.execute("rollback")
                    raise
                connection.execute("commit")
            finally:
                if durable:
                    connection.execute("pragma synchronous = normal")

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of one select."""
        with self._told():
            return self._connection().execute(sql, parameters).fetchall()

    def _connection(self) -> sqlite3.Connection:
        if os.getpid() != self.holder.pid:
            raise Bug("a control store was carried over a fork; the child makes one of its own")
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is not None:
            return known
        with self._lock:
            if not self._ready:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._open()
            self._opened.append(connection)
            if not self._ready:
                _upgrade(connection, self.path)
                self._ready = True
        self._local.connection = connection
        return connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        _patiently(lambda: connection.execute("pragma journal_mode = wal"))
        # A crash of the process loses nothing; a power cut may lose the last counts, never the file.
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma foreign_keys = on")
        return connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's errors as ours, with what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise _storage_error(error, self.path) from error


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


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Take the steps that the file has not seen, all or none of them."""
    if _version(connection) == len(STEPS):
        return
    connection.execute("begin immediate")
    try:
        _take_steps(connection, path)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _take_steps(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if version > len(STEPS):
        raise StorageError(
            f"{path} was written by a newer backhaul (format {version}, this one knows {len(STEPS)})",
            next_step="install the newer version again, or point the project at another folder",
        )
    for step in STEPS[version:]:
        for statement in step.split(";"):
            if statement.strip():
                connection.execute(statement)
    connection.execute(f"pragma user_version = {len(STEPS)}")


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
