"""Structured logs: one JSON line an event in the project's folder, plain lines for a person.

The standard library alone: a logging framework costs a tenth of a second of every start, which is a
tenth of what a run with nothing new may take in all.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TextIO

import msgspec

from backhaul.telemetry import context, redact

DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
LEVELS: Mapping[str, int] = {"debug": DEBUG, "info": INFO, "warning": WARNING, "error": ERROR}
_NAMES = {number: name for name, number in LEVELS.items()}
_KEPT_DAYS = 30


class Sink(Protocol):
    """Takes finished records. `level` is the lowest that it wants."""

    level: int

    def write(self, record: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


class Logger:
    """Writes events under one room's name. Fields are plain values; secrets in them are blanked."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, event: str, **fields: Any) -> None:
        _emit(DEBUG, self._name, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        _emit(INFO, self._name, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        _emit(WARNING, self._name, event, fields)

    def error(self, event: str, *, error: BaseException | None = None, **fields: Any) -> None:
        if error is not None:
            fields["error"] = f"{type(error).__name__}: {error}"
            fields["traceback"] = "".join(traceback.format_exception(error))
        _emit(ERROR, self._name, event, fields)


_sinks: tuple[Sink, ...] = ()
_lowest = 100


def wanted(level: int) -> bool:
    """Whether any sink takes records of this level."""
    return level >= _lowest


def _emit(level: int, name: str, event: str, fields: Mapping[str, Any]) -> None:
    if level < _lowest:
        return
    record: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": _NAMES[level],
        "room": name,
        "event": redact.text(event),
    }
    record.update(context.current())
    record.update(redact.fields(fields))
    for sink in _sinks:
        if level >= sink.level:
            sink.write(record)


class JsonLines:
    """Appends to `<folder>/<day>.jsonl`; files older than a month are removed.

    Each line is one write to a file opened for appending, so processes may share it.
    """

    def __init__(self, folder: Path, level: int = INFO) -> None:
        self.level = level
        self._folder = folder
        self._lock = threading.Lock()
        self._day = ""
        self._file: Any = None
        self._failing = False

    def write(self, record: dict[str, Any]) -> None:
        line = msgspec.json.encode(record) + b"\n"
        day = record["at"][:10]
        with self._lock:
            try:
                if day != self._day:
                    self._open(day)
                self._file.write(line)
            except OSError as error:
                # A run is worth more than its log: say it once and go on.
                if not self._failing:
                    print(f"the log in {self._folder} cannot be written: {error}", file=sys.stderr)
                self._failing = True

    def _open(self, day: str) -> None:
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = (self._folder / f"{day}.jsonl").open("ab", buffering=0)
        self._day = day
        oldest = (datetime.fromisoformat(day) - timedelta(days=_KEPT_DAYS)).strftime("%Y-%m-%d")
        for path in self._folder.glob("????-??-??.jsonl"):
            if path.stem < oldest:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file, self._day = None, ""


class Console:
    """Plain lines on the error stream: `12:03:04 warning waiting seconds=3 (acme crm contacts)`."""

    def __init__(self, level: int = WARNING, stream: TextIO | None = None) -> None:
        self.level = level
        self._stream = stream

    def write(self, record: dict[str, Any]) -> None:
        about = ("at", "level", "room", "event", "customer", "connection", "object", "run", "traceback")
        facts = " ".join(f"{name}={value}" for name, value in record.items() if name not in about)
        place = " ".join(str(record[name]) for name in ("customer", "connection", "object") if name in record)
        line = f"{record['at'][11:19]} {record['level']:<7} {record['event']}"
        line += f" {facts}" if facts else ""
        line += f" ({place})" if place else ""
        if "traceback" in record and self.level <= DEBUG:
            line += f"\n{record['traceback']}"
        print(line, file=self._stream or sys.stderr)

    def close(self) -> None:
        """The stream belongs to the process."""


class _FromLibraries(logging.Handler):
    """What libraries log by the standard library joins the same stream, secrets blanked."""

    def emit(self, record: logging.LogRecord) -> None:
        level = max((each for each in _NAMES if each <= record.levelno), default=DEBUG)
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1]:
            fields["traceback"] = "".join(traceback.format_exception(record.exc_info[1]))
        _emit(level, "library", record.getMessage(), fields)


_bridge = _FromLibraries(logging.WARNING)


def set_up(*sinks: Sink) -> None:
    """Send events to these sinks from now on, and only to them. Without any, nothing is logged."""
    global _sinks, _lowest
    before, _sinks = _sinks, sinks
    _lowest = min((sink.level for sink in sinks), default=100)
    for sink in before:
        if sink not in sinks:
            sink.close()
    root = logging.getLogger()
    root.removeHandler(_bridge)
    if sinks:
        root.addHandler(_bridge)
