"""The control store, which all processes of a project share: a SQLite file, or a Postgres database for several hosts.

Opened when first used. A connection a thread; every change in one short transaction that locks at its start,
so that two processes wait for each other instead of failing half-way. One SQL serves both: `?` for parameters,
upserts with their conflict's columns named.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from backhaul.errors import Bug
from backhaul.state.holder import Holder
from backhaul.state.keeper import Keeper

Row = Any
"""By place and by name, as sqlite3.Row is."""


class Sql(Protocol):
    """What a transaction is given to work with."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Any: ...

    def executemany(self, sql: str, parameters: Any, /) -> Any: ...


class Engine(Protocol):
    """One kind of database. A connection is what `open` gives; a thread uses its own."""

    def open(self) -> Any: ...

    def upgrade(self, connection: Any) -> None: ...

    def write(self, connection: Any, *, durable: bool) -> AbstractContextManager[Sql]: ...

    def read(self, connection: Any, sql: str, parameters: Sequence[Any]) -> list[Row]: ...

    def told(self) -> AbstractContextManager[None]: ...

    def is_broken(self, connection: Any) -> bool: ...


class ControlStore:
    """Brings the store up to date, hands out transactions. Close it at the end: what is counted is written."""

    def __init__(self, place: Path | str) -> None:
        """place: a file, or a `postgresql://` URL."""
        self.place = place
        self.holder = Holder.here()
        self.keeper = Keeper()
        self._engine = _engine(place)
        self._lock = threading.Lock()
        self._local = threading.local()
        self._opened: list[Any] = []
        self._ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is still counted in memory, give back what is leased, close the connections."""
        self.keeper.close()
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
            self._local = threading.local()
            self._ready = False

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Sql]:
        """One transaction that may change things; nothing else in the project does meanwhile. Keep it short.

        durable: a power cut after the block does not lose it, either; counts can do without, tokens cannot.
        """
        with self._engine.told():
            connection = self._connection()
            with self._engine.write(connection, durable=durable) as sql:
                yield sql

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of one select."""
        with self._engine.told():
            return self._engine.read(self._connection(), sql, parameters)

    def _connection(self) -> Any:
        if os.getpid() != self.holder.pid:
            raise Bug("a control store was carried over a fork; the child makes one of its own")
        known = getattr(self._local, "connection", None)
        if known is not None and not self._engine.is_broken(known):
            return known
        with self._lock:
            if known in self._opened:
                self._opened.remove(known)
            connection = self._engine.open()
            self._opened.append(connection)
            if not self._ready:
                self._engine.upgrade(connection)
                self._ready = True
        self._local.connection = connection
        return connection


def _engine(place: Path | str) -> Engine:
    if isinstance(place, Path):
        from backhaul.state.sqlite import SqliteEngine

        return SqliteEngine(place)
    from backhaul.state.postgres import PostgresEngine

    return PostgresEngine(place)
