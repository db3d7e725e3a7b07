"""Loads while reading goes on: one thread, under the customer's write lease, takes what is ready on disk.

Parts of a long read are loaded as they come; everything else when its window is finished, its watermark with it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from backhaul.errors import BackhaulError
from backhaul.extract.batches import REJECTS
from backhaul.load.loader import Loader
from backhaul.load.tables import RawTable, WatermarkRow
from backhaul.pipeline.context import Context
from backhaul.pipeline.report import SyncReport
from backhaul.spool.parts import Part, WindowId
from backhaul.spool.spool import Spool
from backhaul.telemetry.context import carried
from backhaul.telemetry.progress import PartLoaded

EAGER_ROWS = 100_000
"""Rows that are worth a load of their own while their window is still being read."""


@dataclass
class _Ready:
    parts: list[Part] = field(default_factory=list)
    windows: list[WindowId] = field(default_factory=list)
    watermarks: list[WatermarkRow] = field(default_factory=list)
    due: bool = False


class Loading:
    """Takes parts and finished windows from any thread; loads them in the order in which they came."""

    def __init__(self, context: Context, spool: Spool, report: SyncReport) -> None:
        self._context = context
        self._spool = spool
        self._report = report
        self._tables: dict[tuple[str, str], RawTable] = {}
        self._ready = _Ready()
        self._given: set[Path] = set()
        self._wake = threading.Condition()
        self._finishing = False
        self._awaited = False
        """Something is sure to be loaded, sooner or later."""
        self._error: BaseException | None = None
        self._held = ExitStack()
        self._leased = False
        self._loader: Loader | None = None
        self._thread = threading.Thread(target=carried(self._run), name="load", daemon=True)
        self._thread.start()

    def know(self, tables: Mapping[tuple[str, str], RawTable]) -> None:
        """The raw tables that parts may go to."""
        with self._wake:
            self._tables.update(tables)
            # a first sync makes its tables whatever the vendor has
            self._awaited = self._awaited or not self._context.work.exists()
            self._wake.notify()

    def part(self, part: Part) -> None:
        """A rows part of a window that is still being read."""
        with self._wake:
            self._give([part])
            self._awaited = True
            self._wake.notify()

    def finished(
        self, parts: Sequence[Part], windows: Sequence[WindowId], watermarks: Sequence[WatermarkRow], *, due: bool
    ) -> None:
        """Windows that were read to their end. due: their watermarks are committed even if nothing came with them."""
        with self._wake:
            self._give(parts)
            self._ready.windows += windows
            self._ready.watermarks += watermarks
            self._ready.due = self._ready.due or due
            self._wake.notify()

    def _give(self, parts: Sequence[Part]) -> None:
        # a part that is being loaded right now still counts as waiting on disk: it must not come twice
        fresh = [part for part in parts if part.path not in self._given]
        self._given.update(part.path for part in fresh)
        self._ready.parts += fresh

    def drain(self) -> None:
        """Load what is left and end the thread. The lease stays held until `close`. Raises what the load raised."""
        with self._wake:
            self._finishing = True
            self._wake.notify()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the thread without loading what is left; it stays in the spool."""
        with self._wake:
            self._ready = _Ready()
            self._finishing = True
            self._wake.notify()
        self._thread.join()

    @property
    def leased(self) -> bool:
        return self._leased

    def lease(self) -> None:
        """Take the write lease, if it is not held yet. Raises Busy."""
        if not self._leased:
            context = self._context
            lease = context.state.leases.lease(
                context.customer, run=context.run_id, wait=context.lease_wait, stop=context.stop
            )
            self._held.enter_context(lease)
            self._leased = True

    def close(self) -> None:
        """Give the lease back."""
        self._held.close()
        self._leased = False

    def _run(self) -> None:
        try:
            while True:
                self._wait_for_work()
                with self._wake:
                    ready, self._ready = self._ready, _Ready()
                    finishing = self._finishing
                self._load(ready)
                if finishing:
                    return
        except BaseException as error:  # noqa: BLE001  raised again by `drain`, in the thread that asked for the load
            self._error = error

    def _wait_for_work(self) -> None:
        with self._wake:
            while not self._finishing and not self._awaited:
                self._wake.wait()
        if self._awaited:
            # dlt takes most of a second to import: now, while the vendor is being asked
            import_module("backhaul.load.dlt_import")
        with self._wake:
            while not self._finishing and sum(part.rows for part in self._ready.parts) < EAGER_ROWS:
                self._wake.wait()

    def load(self, parts: Sequence[Part], windows: Sequence[WindowId], watermarks: Sequence[WatermarkRow]) -> None:
        """Load at once, in this thread, after `drain`."""
        self._load(_Ready(list(parts), list(windows), list(watermarks), True))

    def _load(self, ready: _Ready) -> None:
        # a window that was thrown away while it was read, to be read in halves, took its parts along
        there = [part for part in ready.parts if part.path.exists()]
        files = [part for part in there if part.kind in ("rows", "deletes", "parents")]
        rejects = [part for part in there if part.kind == "rejects"]
        rows = any(part.rows for part in files) or bool(rejects)
        if rows or ready.due or self._lacks_tables(ready):
            self.lease()
            found = pa.concat_tables([pq.read_table(part.path) for part in rejects]) if rejects else None
            if self._loader is None:
                context = self._context
                self._loader = Loader(
                    database=context.work,
                    folder=context.layout.dlt(context.customer),
                    memory_limit=context.destination.memory_limit,
                    threads=context.destination.threads,
                )
            with self._wake:
                tables = dict(self._tables)
            touched = {(part.window.connection, part.window.object) for part in files}
            touched |= {(window.connection, window.object) for window in ready.windows}
            chosen: dict[tuple[str, str], RawTable] = {}
            for place, table in tables.items():
                # children go with their parents, also those that nothing was read of
                if place in touched or (table.connection, table.parent) in chosen:
                    chosen[place] = table
            try:
                result = self._loader.load(
                    files, tables=chosen, watermarks=ready.watermarks, rejects=found.cast(REJECTS) if found else None
                )
            except BackhaulError as error:
                error.within(customer=self._context.customer, run=self._context.run_id)
                raise
            for each in result.tables:
                line = self._report.line(each.connection, each.object)
                line.inserted += each.inserted
                line.updated += each.updated
                line.unchanged += each.unchanged
                line.deleted += each.deleted
                line.restored += each.restored
                written = PartLoaded(self._context.customer, each.connection, each.object, each.written)
                self._context.progress.on(written)
            for mark in ready.watermarks:
                if mark.window == "changes":
                    self._report.line(mark.connection, mark.object).watermark = mark.watermark
        self._spool.mark_loaded(there)
        self._spool.clean(ready.windows)

    def _lacks_tables(self, ready: _Ready) -> bool:
        """A first sync makes its tables and watermarks even where the vendor has no row."""
        return bool(ready.windows) and not self._context.work.exists()
