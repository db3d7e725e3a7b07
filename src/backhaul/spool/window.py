"""One open window of a run: parts go in, each of them durable before it counts."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from backhaul.errors import Busy
from backhaul.spool import manifest
from backhaul.spool.manifest import Ended, Loaded, Log, Noted, Opened, Restarted, Written, storage_error
from backhaul.spool.parts import Kind, Part, Resume, WindowId, WindowMeta, WindowState
from backhaul.telemetry.crashpoints import crash_point

if TYPE_CHECKING:
    import pyarrow as pa

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")


def folder_of(root: Path, window: WindowId) -> Path:
    return root / _file_name(window.connection) / _file_name(window.object) / _file_name(window.name)


def _file_name(name: str) -> str:
    """The name as a file name: what is unsafe there as %XX, so that no two names meet."""
    safe = "".join(c if c in _SAFE else "".join(f"%{byte:02X}" for byte in c.encode()) for c in name)
    return f"%2E{safe[1:]}" if safe.startswith(".") else safe


class WindowSpool:
    """An open window. One process at a time has it; its threads may share it."""

    def __init__(self, folder: Path, window: WindowId, meta: WindowMeta, descriptor: int) -> None:
        """Use `open`."""
        self.window = window
        self.meta = meta
        self._folder = folder
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._notes: dict[str, str] = {}
        self._waiting: dict[str, Part] = {}
        self._resume = Resume(None, None, None, 0, 0, False)
        self._log = Log(folder / manifest.FILE, descriptor, 0)

    @classmethod
    def open(cls, root: Path, window: WindowId, meta: WindowMeta) -> Self:
        """Open the window, going on where an earlier run stopped.

        root: the customer's spool. A window begun with another fields fingerprint is thrown away. A torn last line
        and files that no line names are removed. Raises Busy when another process has it, StorageError.
        """
        folder = folder_of(root, window)
        try:
            descriptor = _open_locked(folder, window)
            try:
                found = manifest.replay(folder)
                if found is not None and found[0].meta.fingerprint == meta.fingerprint:
                    spool = cls(folder, window, found[0].meta, descriptor)
                    spool._take_up(*found)
                else:
                    spool = cls(folder, window, meta, descriptor)
                    spool._begin()
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as error:
            raise storage_error(error, folder) from error
        return spool

    def _take_up(self, state: WindowState, length: int) -> None:
        os.ftruncate(self._descriptor, length)
        os.fsync(self._descriptor)
        self._log = Log(self._folder / manifest.FILE, self._descriptor, length)
        self._notes = dict(state.notes)
        self._waiting = {part.path.name: part for part in state.parts}
        self._resume = state.resume
        self._sweep()

    def _begin(self) -> None:
        os.ftruncate(self._descriptor, 0)
        self._sweep()
        self._log.append(Opened(self.window, self.meta))
        _sync_folder(self._folder)

    def _sweep(self) -> None:
        for path in self._folder.iterdir():
            if path.name != manifest.FILE and path.name not in self._waiting:
                path.unlink()

    @property
    def resume_from(self) -> Resume:
        """Where the read goes on."""
        return self._resume

    @property
    def closed(self) -> bool:
        return self._descriptor < 0

    @property
    def notes(self) -> Mapping[str, str]:
        """What `note` kept, by key; the last value of each."""
        return dict(self._notes)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that still wait to be loaded."""
        with self._lock:
            return tuple(self._waiting.values())

    def note(self, key: str, value: str) -> None:
        """Keep a fact that a resumed window needs, durably: a job's id before it is polled."""
        with self._lock:
            self._log.append(Noted(key, value))
            self._notes[key] = value

    def write(
        self,
        table: pa.Table | Sequence[pa.RecordBatch],
        *,
        kind: Kind = "rows",
        page_token: str | None = None,
        last_key: str | None = None,
        last: bool = False,
    ) -> Part:
        """Put one part on disk and move the checkpoint behind it. A list of batches is not empty.

        A rows part says where the read goes on; any other part moves the position only if it gives one. So when
        pages gave deletes, parents and rows, the rows are written last: a crash between reads those pages again.
        Raises StorageError; the window then stands where it stood before.
        """
        import pyarrow as pa

        if not isinstance(table, pa.Table):
            table = pa.Table.from_batches(list(table))
        with self._lock:
            path = self._folder / f"{self._resume.parts:06d}.{kind}.parquet"
            size = _write_parquet(table, path)
            crash_point("part_fsynced")
            first_changed, last_changed = _range_of(table, "_changed_at")
            line = Written(
                file=path.name,
                kind=kind,
                rows=table.num_rows,
                bytes=size,
                read_at=_range_of(table, "_read_at")[0] or datetime.now(UTC),
                page_token=page_token,
                last_key=last_key,
                first_changed=first_changed,
                last_changed=last_changed,
                last=last,
            )
            self._log.append(line)
            part = manifest.part_of(line, self.window, self._folder)
            self._waiting[path.name] = part
            self._resume = manifest.advanced(self._resume, line)
        return part

    def finish(self) -> None:
        """The window was read to its end, and the end brought no part of its own."""
        with self._lock:
            if self._resume.finished:
                return
            self._log.append(Ended())
            self._resume = dataclasses.replace(self._resume, finished=True)

    def mark_loaded(self, parts: Sequence[Part]) -> None:
        """These parts are committed in the raw table: their files go, the position in the read stays."""
        with self._lock:
            names = [part.path.name for part in parts if part.path.name in self._waiting]
            if not names:
                return
            self._log.append(Loaded(names))
            for name in names:
                self._waiting.pop(name).path.unlink(missing_ok=True)

    def restart(self) -> None:
        """Read the window from its beginning again; notes go, its parts stay: they may be loading already."""
        with self._lock:
            self._log.append(Restarted())
            self._notes = {}
            self._resume = manifest.rewound(self._resume)

    def discard(self) -> None:
        """Forget the window: the next opening starts it from its lower bound."""
        self.close()
        remove_folder(self._folder)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def remove_folder(folder: Path) -> None:
    """Remove a window's folder. The manifest goes first: a half-removed window is none, never a shorter one."""
    try:
        (folder / manifest.FILE).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise storage_error(error, folder) from error


def _open_locked(folder: Path, window: WindowId) -> int:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        _sync_folder(each.parent)
    path = folder / manifest.FILE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever removes a window does not wait for us: what we locked must still be what the path names.
        removed = not os.path.samestat(os.fstat(descriptor), path.stat())
    except (BlockingIOError, FileNotFoundError):
        removed = True
    if removed:
        os.close(descriptor)
        raise Busy(
            f"another process is reading window {window.name}",
            seconds=60,
            connection=window.connection,
            object=window.object,
        )
    return descriptor


def _write_parquet(table: pa.Table, path: Path) -> int:
    """Write, fsync, rename, fsync the folder. Gives the size of the file."""
    import pyarrow.parquet as pq

    unfinished = path.with_suffix(".unfinished")
    try:
        # Dictionaries cost more time than the rest of the write, and vendors' values rarely repeat enough to pay.
        pq.write_table(
            table, unfinished, compression="snappy", use_dictionary=False, row_group_size=max(table.num_rows, 1)
        )
        descriptor = os.open(unfinished, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        unfinished.rename(path)
        _sync_folder(path.parent)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise storage_error(error, path) from error
    return size


def _range_of(table: pa.Table, column: str) -> tuple[datetime | None, datetime | None]:
    import pyarrow.compute as pc

    if column not in table.column_names or not table.num_rows:
        return None, None
    ends = pc.min_max(table.column(column)).as_py()
    return ends["min"], ends["max"]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
