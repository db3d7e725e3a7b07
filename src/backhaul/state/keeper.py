"""A heartbeat a process: keeps leases alive and writes counts, about once a second instead of once a request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from backhaul.errors import BackhaulError

BEAT = 0.5
_log = logging.getLogger("backhaul.state")  # this room stands beside telemetry, which listens to it


class Keeper:
    """Calls each task at every beat, from a thread of its own that starts with the first one."""

    def __init__(self, beat: float = BEAT) -> None:
        self._beat = beat
        self._tasks: list[Callable[[], None]] = []
        self._last: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def keep(self, task: Callable[[], None], at_close: Callable[[], None] | None = None) -> None:
        """Call `task` at every beat and `at_close` once at the end. Tasks lock for themselves and are quick."""
        with self._lock:
            self._tasks.append(task)
            if at_close is not None:
                self._last.append(at_close)
            self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._stop,), name="backhaul-keeper", daemon=True)
            self._thread.start()

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(self._beat):
            with self._lock:
                tasks = tuple(self._tasks)
            self._call(tasks)

    def _call(self, tasks: tuple[Callable[[], None], ...]) -> None:
        for task in tasks:
            try:
                task()
            except BackhaulError as error:
                # The next beat may succeed; leases outlive several of them.
                _log.error("a heartbeat failed: %s", error.what)

    def close(self) -> None:
        """Stop beating and call the closing tasks."""
        with self._lock:
            thread, self._thread = self._thread, None
            last, self._last = tuple(self._last), []
            self._tasks.clear()
        self._stop.set()
        if thread is not None:
            thread.join(timeout=5)
            self._call(last)
