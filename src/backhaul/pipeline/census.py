"""After the load: what a census or a scan of deleted records says about rows that are already here.

Rows missing at the vendor get their tombstone, rows missing here (or deleted here and alive there) are read by key.
Only then does the watermark of the census move: a crash before repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from backhaul.errors import BackhaulError
from backhaul.extract.batches import deletes_table
from backhaul.extract.deletions import SCAN
from backhaul.extract.parents import parents_table
from backhaul.extract.task import ObjectRead, Task
from backhaul.load.census import compare_census, restored_since
from backhaul.load.tables import RawTable
from backhaul.pipeline.context import Context
from backhaul.pipeline.loading import Loading
from backhaul.pipeline.reading import Reader
from backhaul.pipeline.report import Failure, SyncReport
from backhaul.spool.parts import Kind, Part, WindowId
from backhaul.spool.spool import Spool

ARCHIVE_KEPT = timedelta(days=90)
"""After that a deleted record may have left the vendor's archive, which does not make it restored."""


@dataclass(frozen=True)
class Pending:
    """A census or scan that waits for the load of its object."""

    reader: Reader
    task: Task
    table: RawTable
    window: WindowId
    keys: pa.Table
    """The keys that were listed: `_key`."""
    began: datetime
    """When they were asked for, by our clock."""


def listed(parts: Sequence[Part]) -> tuple[pa.Table, datetime]:
    """The keys in the parts of a census or scan, taken before the load removes the files; and when it began."""
    tables = [pq.read_table(part.path, columns=["_key"]) for part in parts if part.kind in ("keys", "deletes")]
    empty = pa.table({"_key": pa.array([], pa.string())})
    return pa.concat_tables([empty, *tables]), min((part.read_at for part in parts), default=datetime.now(UTC))


def settle(
    context: Context, pending: Pending, spool: Spool, loading: Loading, report: SyncReport, *, approved: bool
) -> ObjectRead | None:
    """Compare one, and read what has to be read. The lease is held. None: nothing more to load."""
    result = ObjectRead(pending.task.name)
    try:
        if pending.window.name != SCAN:
            found = compare_census(context.work, pending.table, pending.keys, pending.began, approved=approved)
            to_read = found.to_read
            if found.gone:
                _bury(context, pending, found.gone, spool, loading)
        else:
            to_read = restored_since(context.work, pending.table, pending.keys, pending.began - ARCHIVE_KEPT)
        if to_read and pending.task.definition.reads.by_key:
            pending.reader.extractor.read_keys(pending.task, to_read, lambda part: None, result)
    except BackhaulError as error:
        report.failures.append(Failure.of(error, pending.window.connection, pending.task.name))
        return None
    return result


def _bury(context: Context, pending: Pending, gone: tuple[str, ...], spool: Spool, loading: Loading) -> None:
    """Tombstones for what is gone: its children's first, because once it is marked itself no census finds it again."""
    extractor, task = pending.reader.extractor, pending.task
    now, read_at = pending.reader.connection.vendor_now(), datetime.now(UTC)

    def write(of: Task, kind: Kind, table: pa.Table) -> tuple[Part, WindowId]:
        window = WindowId(pending.window.connection, of.name, f"gone-{context.run_id}")
        with spool.open(window, extractor.meta(of, "gone", None, now)) as opened:
            return opened.write(table, kind=kind, last=True), window

    parents = parents_table([(key, read_at) for key in gone])
    children = [write(child, "parents", parents) for child in task.children]
    if children:
        loading.load([part for part, _ in children], [window for _, window in children], [])
    tombstones = deletes_table(list(gone), [now] * len(gone), read_at, context.run_id)
    part, window = write(task, "deletes", tombstones)
    loading.load([part], [window], [])
