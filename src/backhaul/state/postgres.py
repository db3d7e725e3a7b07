"""The control store in Postgres: for processes on several hosts. Its tables stand in a schema called `backhaul`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from backhaul.errors import ConfigError, StorageError
from backhaul.state.migrations import STEPS, too_new

_LOCK = 0x6261636B6861756C  # any number will do that nothing else in the database locks by
_PATIENCE = 30  # seconds that a process waits for another's transaction, each of which takes milliseconds
# SQLite's words on the left; its `real` has eight bytes, Postgres's only four
_TYPES = (
    ("integer primary key autoincrement", "bigint generated always as identity primary key"),
    (") without rowid", ")"),
    (" integer", " bigint"),
    (" real", " double precision"),
)


class Row(tuple[Any, ...]):
    """A row, by place and by name, as sqlite3's."""

    names: dict[str, int]

    def __getitem__(self, at: Any) -> Any:
        return super().__getitem__(self.names[at] if isinstance(at, str) else at)


class PostgresEngine:
    """Opens connections and speaks the store's SQL to them."""

    def __init__(self, url: str) -> None:
        try:
            split = urlsplit(url)
        except ValueError:
            raise _no_url() from None
        if split.scheme not in ("postgres", "postgresql"):
            raise _no_url()
        self._url = url
        self._secret = split.password or ""
        self._place = f"{split.scheme}://{split.hostname or ''}{split.path}"

    def open(self) -> Any:
        psycopg = _psycopg()
        try:
            connection = psycopg.connect(
                self._url,
                autocommit=True,
                # parameters are written into the text by the client: `? is null` has no type that the server could tell
                cursor_factory=psycopg.ClientCursor,
                row_factory=_named,
                connect_timeout=10,
                application_name="backhaul",
            )
        except psycopg.ProgrammingError as error:
            raise _no_url() from error
        connection.execute(f"set lock_timeout = '{_PATIENCE}s'")
        connection.execute("set client_min_messages = warning")
        connection.execute("set search_path = backhaul")
        return connection

    def upgrade(self, connection: Any) -> None:
        """Take the steps that the database has not seen, all or none of them."""
        with self.write(connection, durable=True) as sql:
            sql.execute("create schema if not exists backhaul")
            sql.execute("create table if not exists format (version bigint not null)")
            row = sql.execute("select version from format").fetchone()
            version = row[0] if row is not None else 0
            if version > len(STEPS):
                raise too_new(self._place, version)
            for step in STEPS[version:]:
                for statement in step.split(";"):
                    if statement.strip():
                        sql.execute(_translated(statement))
            if version < len(STEPS):
                sql.execute("delete from format")
                sql.execute("insert into format (version) values (?)", (len(STEPS),))

    @contextmanager
    def write(self, connection: Any, *, durable: bool) -> Iterator[_Sql]:
        """durable: every commit here is, as long as the server's `synchronous_commit` is on."""
        connection.execute("begin")
        try:
            # one writer at a time, as in SQLite: what is read in the block stays true until its end
            connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            yield _Sql(connection)
        except BaseException:
            if not connection.closed:
                connection.execute("rollback")
            raise
        connection.execute("commit")

    def read(self, connection: Any, sql: str, parameters: Sequence[Any]) -> list[Row]:
        found: list[Row] = _Sql(connection).execute(sql, parameters).fetchall()
        return found

    @contextmanager
    def told(self) -> Iterator[None]:
        """Postgres's errors as ours, with what to do."""
        psycopg = _psycopg()
        try:
            yield
        except psycopg.errors.LockNotAvailable as error:
            raise StorageError(
                f"the control store {self._place} stays locked by another process",
                next_step="see in pg_stat_activity which process holds it, end that, and run it again",
            ) from error
        except psycopg.OperationalError as error:
            raise StorageError(
                f"the control store {self._place} cannot be reached: {self._said(error)}",
                next_step="check that the database runs, and BACKHAUL_CONTROL; nothing was lost",
            ) from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise StorageError(
                f"the control store {self._place} does not let us: {self._said(error)}",
                next_step="let the user create the schema `backhaul` in that database, or create it for them",
            ) from error
        except psycopg.Error as error:
            raise StorageError(f"the control store {self._place} failed: {self._said(error)}") from error

    def _said(self, error: Exception) -> str:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        return text.replace(self._secret, "***") if self._secret else text

    def is_broken(self, connection: Any) -> bool:
        """The server hung up, or was started anew: the next call opens another connection."""
        return bool(connection.closed)


class _Sql:
    """The store's SQL, put in Postgres's way."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        return self._connection.execute(_placed(sql), parameters)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Any:
        with self._connection.cursor() as cursor:
            cursor.executemany(_placed(sql), list(parameters))


def _no_url() -> ConfigError:
    # without a word of what it is instead: it may hold a password
    return ConfigError(
        "BACKHAUL_CONTROL is no URL of a Postgres database", next_step="write postgresql://user@host/database"
    )


def _placed(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


def _translated(statement: str) -> str:
    for ours, theirs in _TYPES:
        statement = re.sub(re.escape(ours) + r"\b" if ours[-1].isalpha() else re.escape(ours), theirs, statement)
    return statement


def _named(cursor: Any) -> Callable[[Sequence[Any]], Row]:
    names = {column.name: place for place, column in enumerate(cursor.description or ())}
    return type("Row", (Row,), {"names": names})


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise ConfigError(
            "a control store in Postgres needs the package psycopg",
            next_step="install it: pip install 'backhaul[postgres]'",
        ) from error
    return psycopg
