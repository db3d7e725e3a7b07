"""The server's side of the contained worker: it starts one, waits no longer than it may, and starts a new one."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from backhaul.agent.wire import BIGGEST, REPLY, Ask, Refusal, Reply, Told, send
from backhaul.errors import StorageError

_START = 20.0
"""Seconds for a worker to open its file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one statement: seconds until DuckDB gives up, and until the process is killed."""

    seconds: float = 3.0
    kill: float = 5.0


class NotRun(Exception):
    """A statement that was refused, or did not end in time or memory."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.what)
        self.kind = refusal.kind
        self.what = refusal.what


class Contained:
    """Runs statements on one file in a process of its own. Threads take turns. Close it at the end."""

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self.path = path
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, *asks: Ask) -> tuple[Told, ...]:
        """Their answers, in order. Raises NotRun for the first that does not run, StorageError without a worker."""
        with self._lock:
            process = self._running()
            try:
                send(_in(process), asks)
                reply = self._reply(process, time.monotonic() + self._limits.kill)
            except (TimeoutError, OSError, EOFError) as error:
                self._end()
                late = isinstance(error, TimeoutError)
                what = "the query took longer than it may" if late else "the query needs more memory than it may have"
                raise NotRun(Refusal("time" if late else "memory", what)) from error
            if reply.refusal is not None:
                if reply.refusal.spent:
                    self._end()
                raise NotRun(reply.refusal)
            return reply.told

    def ask(self, sql: str, parameters: Sequence[object] = (), *, rows: int = 200, room: int = 20_000) -> Told:
        """One statement of ours."""
        return self.run(Ask(sql, tuple(parameters), rows, room))[0]

    def close(self) -> None:
        with self._lock:
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        milliseconds = round(self._limits.seconds * 1000)
        process = subprocess.Popen(  # noqa: S603  nothing in it comes from an agent
            # isolated: no path, variable or folder of the caller's reaches it
            [sys.executable, "-I", "-B", "-m", "backhaul.agent.worker", str(self.path), str(milliseconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            close_fds=True,
            start_new_session=True,
        )
        self._process = process
        try:
            self._frame(process, time.monotonic() + _START)
        except (TimeoutError, OSError, EOFError) as error:
            self._end()
            raise StorageError(
                f"the agents' view {self.path.name} cannot be opened",
                next_step="delete the folder .backhaul/agent; it is made anew from the snapshot",
            ) from error
        return process

    def _reply(self, process: subprocess.Popen[bytes], until: float) -> Reply:
        return REPLY.decode(self._frame(process, until))

    def _frame(self, process: subprocess.Popen[bytes], until: float) -> bytes:
        size = int.from_bytes(_before(_out(process), 4, until), "big")
        if size > BIGGEST:
            raise EOFError
        return _before(_out(process), size, until)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _in(process: subprocess.Popen[bytes]) -> int:
    return cast("IO[bytes]", process.stdin).fileno()


def _out(process: subprocess.Popen[bytes]) -> int:
    return cast("IO[bytes]", process.stdout).fileno()


def _before(descriptor: int, count: int, until: float) -> bytes:
    """Exactly so many bytes before a moment. Raises TimeoutError, EOFError."""
    parts = bytearray()
    ready = select.poll()
    ready.register(descriptor, select.POLLIN)
    while len(parts) < count:
        if not ready.poll(max(0.0, until - time.monotonic()) * 1000):
            raise TimeoutError
        got = os.read(descriptor, min(count - len(parts), 1 << 16))
        if not got:
            raise EOFError
        parts += got
    return bytes(parts)
