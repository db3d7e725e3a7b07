"""The customer's work.duckdb, opened with its limits; its refusals, as errors that name what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from backhaul.errors import BackhaulError, Bug, StorageError
from backhaul.load.tables import literal

if TYPE_CHECKING:
    import duckdb


@contextmanager
def opened(
    path: Path, *, memory_limit: str = "128MB", threads: int = 2, read_only: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file for one purpose and close it after. Whatever the engine refuses comes out as one of ours."""
    import duckdb

    with refusals(path):
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(path), read_only=read_only)
        try:
            connection.execute(f"SET memory_limit = {literal(memory_limit)}")
            connection.execute(f"SET threads = {threads:d}")
            connection.execute("SET preserve_insertion_order = false")
            # At the default of 16 MB each part of a large load is followed by a checkpoint: twice the time at 1M rows.
            connection.execute("SET checkpoint_threshold = '64MB'")
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"SET temp_directory = {literal(str(path.with_name('spill')))}")
            yield connection
        finally:
            connection.close()


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Translate the errors of DuckDB, of dlt around them, and of the disk."""
    import duckdb

    try:
        yield
    except BackhaulError:
        raise
    except (duckdb.Error, OSError) as error:
        raise translated(error, path) from error


_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")
_FULL = ("no space left", "file too large", "disk quota exceeded", "max_temp_directory_size")


def translated(error: BaseException, path: Path) -> BackhaulError:
    """The error behind the error, in our words."""
    import duckdb

    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, BackhaulError):
            return cause
    for cause in causes:
        text = str(cause)
        lowered = text.lower()
        full = isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if full or (isinstance(cause, duckdb.Error) and any(sign in lowered for sign in _FULL)):
            return StorageError(
                f"{path} cannot be written: the disk is full, or a limit on file sizes was met",
                next_step="make room there and run it again; the parts wait in the spool and nothing was lost",
            )
        if isinstance(cause, duckdb.Error) and "could not set lock" in lowered:
            holder = _HOLDER.search(text)
            who = f"{holder['program']} (process {holder['pid']})" if holder else "another process"
            return StorageError(
                f"{path} is locked: {who} has it open",
                next_step="close it there and run it again; to look at data while runs go on, open the published file",
            )
        if isinstance(cause, duckdb.ConnectionException):
            return StorageError(
                f"{path} is already open in this process: {_first_line(text)}",
                next_step="close that connection; to look at data while runs go on, open the published file",
            )
        if isinstance(cause, duckdb.OutOfMemoryException):
            return StorageError(
                f"{path}: the destination's memory_limit is too small for this load: {_first_line(text)}",
                next_step="raise memory_limit in the destination's file",
            )
        if isinstance(cause, duckdb.IOException | duckdb.FatalException | duckdb.SerializationException):
            return StorageError(f"{path} cannot be used: {_first_line(text)}")
        if isinstance(cause, OSError):
            return StorageError(f"{cause.filename or path} cannot be used: {cause.strerror or text}")
    deepest = causes[-1]
    return Bug(f"a load into {path} failed: {type(deepest).__name__}: {_first_line(str(deepest))}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no message")
