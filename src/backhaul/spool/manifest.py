"""The manifest: the log of one window, whose fsynced lines are the only checkpoint there is."""

from __future__ import annotations

import dataclasses
import errno
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from backhaul.errors import StorageError
from backhaul.spool.parts import Kind, Part, Resume, WindowId, WindowMeta, WindowState
from backhaul.telemetry.crashpoints import crash_point

FILE = "manifest.jsonl"


class Opened(msgspec.Struct, tag_field="line", tag="window", frozen=True):
    """The first line: which window this is and what it was opened with."""

    window: WindowId
    meta: WindowMeta


class Written(msgspec.Struct, tag_field="line", tag="part", frozen=True, omit_defaults=True):
    """A part is on disk, whole."""

    file: str
    kind: Kind
    rows: int
    bytes: int
    read_at: datetime
    page_token: str | None = None
    last_key: str | None = None
    first_changed: datetime | None = None
    last_changed: datetime | None = None
    last: bool = False


class Noted(msgspec.Struct, tag_field="line", tag="note", frozen=True):
    """A fact that a resumed window needs, such as the id of its bulk job."""

    key: str
    value: str


class Loaded(msgspec.Struct, tag_field="line", tag="loaded", frozen=True):
    """These parts are in the raw table; their files are gone or may go."""

    files: list[str]


class Ended(msgspec.Struct, tag_field="line", tag="end", frozen=True):
    """The window was read to its end and its end brought no part."""


class Restarted(msgspec.Struct, tag_field="line", tag="restart", frozen=True):
    """The vendor no longer serves where the window stood: it is read from its beginning; the parts here stay."""


Line = Opened | Written | Noted | Loaded | Ended | Restarted

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Line)


def encode(line: Line) -> bytes:
    return _encoder.encode(line) + b"\n"


def decode(log: bytes) -> Iterator[tuple[Line, int]]:
    """Each line up to the first that is torn or unreadable, with the offset at which it ends."""
    start = 0
    while (end := log.find(b"\n", start)) >= 0:
        try:
            line = _decoder.decode(log[start:end])
        except msgspec.DecodeError:
            return
        if isinstance(line, Opened) is not (start == 0):
            return
        yield line, end + 1
        start = end + 1


def replay(folder: Path) -> tuple[WindowState, int] | None:
    """The window that the manifest of this folder tells of, and the length of the log that counts.

    A part that is not on disk as its line says ends what counts, as a torn line does. None: no window here.
    """
    try:
        log = (folder / FILE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    lines = list(decode(log))
    if not lines or not isinstance(opened := lines[0][0], Opened):
        return None
    loaded = {file for line, _ in lines if isinstance(line, Loaded) for file in line.files}
    notes: dict[str, str] = {}
    waiting: list[Part] = []
    resume = Resume(None, None, None, 0, 0, False)
    length = 0
    for line, end in lines:
        if isinstance(line, Written):
            if line.file not in loaded and not _is_whole(folder / line.file, line.bytes):
                break
            if line.file not in loaded:
                waiting.append(part_of(line, opened.window, folder))
            resume = advanced(resume, line)
        elif isinstance(line, Noted):
            notes[line.key] = line.value
        elif isinstance(line, Ended):
            resume = dataclasses.replace(resume, finished=True)
        elif isinstance(line, Restarted):
            resume, notes = rewound(resume), {}
        length = end
    return WindowState(opened.window, opened.meta, notes, tuple(waiting), resume), length


def advanced(resume: Resume, line: Written) -> Resume:
    """Where the window goes on after this part. Only rows carry a position in the read."""
    if line.kind != "rows":
        return Resume(
            line.page_token or resume.page_token,
            line.last_key or resume.last_key,
            resume.last_changed,
            resume.parts + 1,
            resume.rows,
            resume.finished or line.last,
        )
    changed = [each for each in (resume.last_changed, line.last_changed) if each is not None]
    return Resume(
        line.page_token,
        line.last_key,
        max(changed, default=None),
        resume.parts + 1,
        resume.rows + line.rows,
        resume.finished or line.last,
    )


def rewound(resume: Resume) -> Resume:
    """Back at the beginning. Parts go on being counted: no two of a window have one name."""
    return Resume(None, None, None, resume.parts, resume.rows, False)


def part_of(line: Written, window: WindowId, folder: Path) -> Part:
    return Part(
        window=window,
        kind=line.kind,
        path=folder / line.file,
        rows=line.rows,
        bytes=line.bytes,
        page_token=line.page_token,
        last_key=line.last_key,
        first_changed=line.first_changed,
        last_changed=line.last_changed,
        read_at=line.read_at,
        last=line.last,
    )


def _is_whole(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


class Log:
    """An open manifest. A line that could not be written whole leaves no trace."""

    def __init__(self, path: Path, descriptor: int, length: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._length = length

    def append(self, line: Line) -> None:
        """Write the line and wait until the disk has it. Raises StorageError."""
        text = encode(line)
        half = len(text) // 2
        try:
            _write_all(self._descriptor, text[:half])
            crash_point("manifest_torn")
            _write_all(self._descriptor, text[half:])
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, self._length)
            raise storage_error(error, self._path) from error
        self._length += len(text)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up", errno.EFBIG: "a file-size limit"}


def storage_error(error: OSError, path: Path) -> StorageError:
    """The operating system's refusal, as one that names the file and what to do."""
    full = _FULL.get(error.errno or 0)
    if full is not None:
        return StorageError(
            f"{path} cannot be written: {full}",
            next_step="make room there and run it again; all parts that were finished are kept",
        )
    reason = error.strerror or str(error)
    return StorageError(f"{path} cannot be written: {reason}")
