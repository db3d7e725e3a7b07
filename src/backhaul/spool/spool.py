"""A customer's spool: every window on its disk, opened, listed, and cleaned after the load."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from backhaul.spool import manifest
from backhaul.spool.parts import Part, WindowId, WindowMeta, WindowState
from backhaul.spool.window import WindowSpool, folder_of, remove_folder


class Spool:
    """The windows under one customer's spool folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: dict[WindowId, WindowSpool] = {}
        self._lock = threading.Lock()

    def open(self, window: WindowId, meta: WindowMeta) -> WindowSpool:
        """Open the window, going on where an earlier run stopped; see WindowSpool.open."""
        opened = WindowSpool.open(self._root, window, meta)
        with self._lock:
            self._open[window] = opened
        return opened

    def windows(self, connection: str | None = None, object: str | None = None) -> tuple[WindowState, ...]:
        """Every window on disk, finished or not. Reads only: a window in the middle of a write shows what counts."""
        found = []
        for path in sorted(self._root.glob(f"*/*/*/{manifest.FILE}")):
            replayed = manifest.replay(path.parent)
            if replayed is None:
                continue
            state = replayed[0]
            if connection in (None, state.window.connection) and object in (None, state.window.object):
                found.append(state)
        return tuple(found)

    def finished(self) -> tuple[WindowState, ...]:
        """The windows that were read to their end, whose remaining parts wait for the load."""
        return tuple(state for state in self.windows() if state.resume.finished)

    def mark_loaded(self, parts: Sequence[Part]) -> None:
        """Committed parts of windows that go on being read: their files go, their position stays."""
        for window in dict.fromkeys(part.window for part in parts):
            of_window = [part for part in parts if part.window == window]
            with self._lock:
                opened = self._open.get(window)
            if opened is not None and not opened.closed:
                opened.mark_loaded(of_window)
            elif (replayed := manifest.replay(folder_of(self._root, window))) is not None:
                with WindowSpool.open(self._root, window, replayed[0].meta) as found:
                    found.mark_loaded(of_window)

    def clean(self, windows: Iterable[WindowId]) -> None:
        """Remove windows whose rows and watermark are committed."""
        for window in windows:
            self._forget(window)
            remove_folder(folder_of(self._root, window))

    def discard(self, window: WindowId) -> None:
        """Throw away a window that is not loaded, to start it from its lower bound. Raises Busy."""
        self._forget(window)
        folder = folder_of(self._root, window)
        replayed = manifest.replay(folder)
        if replayed is not None:
            WindowSpool.open(self._root, window, replayed[0].meta).discard()

    def _forget(self, window: WindowId) -> None:
        with self._lock:
            opened = self._open.pop(window, None)
        if opened is not None:
            opened.close()

    def close(self) -> None:
        for window in list(self._open):
            self._forget(window)
