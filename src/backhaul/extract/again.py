"""A full read in place of a position that is lost: what was deleted in the meantime is seen by what it does not show.

The keys that it shows are kept beside it in a window of their own. When its rows have landed they are compared with
the raw table, as a census is, and with the same brake; until a person lets a large deletion pass they stay on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.compute as pc

from backhaul.extract.task import ObjectRead, Task, WindowRead
from backhaul.extract.typed import TIMESTAMP
from backhaul.extract.window import OnPart
from backhaul.protocol.reads import Page
from backhaul.spool.parts import WindowId, WindowMeta
from backhaul.spool.spool import Spool
from backhaul.spool.window import WindowSpool

if TYPE_CHECKING:
    from datetime import datetime

AGAIN = "again"
KEYS = pa.schema([("_key", pa.string()), ("_read_at", TIMESTAMP)])


def keys_table(keys: list[str], read_at: datetime) -> pa.Table:
    return pa.table([keys, [read_at] * len(keys)], schema=KEYS)


class Shown:
    """The keys of live records that a full read shows, written ahead of the rows of each part."""

    def __init__(self, spool: WindowSpool) -> None:
        self._spool = spool
        self._waiting: list[pa.RecordBatch] = []

    @classmethod
    def beside(cls, spool: Spool, window: WindowId, meta: WindowMeta, *, fresh: bool) -> Self:
        """window: the full read's. fresh: it begins now, and what an earlier one showed does not count."""
        own = WindowId(window.connection, window.object, AGAIN)
        if fresh:
            spool.clean([own])
        return cls(spool.open(own, meta))

    def take(self, page: Page, rows: pa.RecordBatch) -> None:
        live = rows.filter(pc.is_null(rows.column("_deleted_at")))
        self._waiting.append(pa.RecordBatch.from_arrays([live.column("_key"), live.column("_read_at")], schema=KEYS))

    @property
    def full(self) -> bool:
        return False  # keys alone: its rows are full long before

    def flush(self, on_part: OnPart) -> None:
        if self._waiting:
            on_part(self._spool.write(pa.Table.from_batches(self._waiting), kind="keys"))
        self._waiting = []

    def finish(self, on_part: OnPart) -> None:
        self.flush(on_part)
        self._spool.finish()
        self._spool.close()


def compare_shown(spool: Spool, task: Task, connection: str, now: datetime, result: ObjectRead) -> None:
    """Hand over what a full read showed, of this run or of one whose deletions waited for a person's word."""
    window = WindowId(connection, task.name, AGAIN)
    if any(state.window == window and state.resume.finished for state in spool.windows(connection, task.name)):
        result.census.append(window)
        result.windows.append(WindowRead(window, 0, now, due=True))
