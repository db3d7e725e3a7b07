"""Sync: every connection of a customer is read, side by side, and loaded while it is read."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from backhaul.errors import ConfigError
from backhaul.extract.deletions import SCAN
from backhaul.extract.task import ObjectRead, Task
from backhaul.load.landed import Needed, landed
from backhaul.load.tables import WatermarkRow
from backhaul.load.watermarks import read_watermarks
from backhaul.pipeline.census import Pending, listed, settle
from backhaul.pipeline.context import Context
from backhaul.pipeline.loading import Loading
from backhaul.pipeline.reading import Reader, Wanted, raw_tables, read_connection
from backhaul.pipeline.report import SyncReport
from backhaul.pipeline.tasks import CHANGES, needed, needs_landed, of_parent
from backhaul.spool.parts import Part, WindowId
from backhaul.spool.spool import Spool
from backhaul.telemetry.context import carried
from backhaul.telemetry.progress import StageDone, StageStarted


@dataclass
class Sync:
    """A sync in the making; `syncing` gives one whose reading and loading are done."""

    context: Context
    report: SyncReport
    loading: Loading


@contextmanager
def syncing(context: Context, wanted: Wanted, *, approve_deletes: bool = False) -> Iterator[Sync]:
    """Read and load what is due. In the block the write lease is held if anything was loaded.

    Failures of connections and objects are in the report. Raises StorageError, Busy, ConfigError.
    """
    began, asked = time.perf_counter(), _requests(context)
    report = SyncReport(context.customer, context.run_id)
    spool = Spool(context.layout.spool(context.customer))
    loading = Loading(context, spool, report)
    readers: list[Reader] = []
    try:
        context.progress.on(StageStarted(context.customer, stage="sync"))
        pending: list[Pending] = []
        lock = threading.Lock()
        marks = read_watermarks(context.work)
        parents = landed(context.work, _needed(context))

        def on_read(reader: Reader, task: Task, result: ObjectRead) -> None:
            with lock:
                pending.extend(_hand_over(reader, task, result, spool, loading, report, context.run_id))

        def read(name: str) -> None:
            of_connection = {
                (row.object, row.window): row for (connection, _, _), row in marks.items() if connection == name
            }
            reader = read_connection(
                context, name, spool, of_connection, wanted, report,
                on_start=lambda task: loading.know(raw_tables(name, task)),
                on_part=lambda task, part: loading.part(part) if not task.children and part.kind == "rows" else None,
                on_read=on_read, parents=parents,
            )  # fmt: skip
            if reader is not None:
                with lock:
                    readers.append(reader)

        names = _wanted_connections(context, wanted)
        if len(names) == 1:
            read(names[0])
        elif names:
            with ThreadPoolExecutor(len(names), thread_name_prefix="connection") as pool:
                for future in [pool.submit(carried(read), name) for name in names]:
                    future.result()
        loading.drain()
        for each in pending:
            _settle(context, each, spool, loading, report, approved=approve_deletes)
        report.requests = _requests(context) - asked
        report.seconds = time.perf_counter() - began
        context.progress.on(StageDone(context.customer, stage="sync", seconds=report.seconds))
        yield Sync(context, report, loading)
    finally:
        loading.stop()
        for reader in readers:
            reader.close()
        spool.close()
        loading.close()


def _wanted_connections(context: Context, wanted: Wanted) -> list[str]:
    """Those asked for; of them, those that read any of the objects asked for: the others need not even be opened."""
    connections = context.pipeline.connections
    for name in wanted.connections:
        if name not in connections:
            raise ConfigError(
                f"{context.customer} has no connection {name}; there are {', '.join(connections)}",
                next_step="name one of them",
                customer=context.customer,
            )

    def reads_any(name: str) -> bool:
        objects = connections[name].objects
        return not wanted.objects or any(objects == "all" or each in objects for each in wanted.of(name))

    return [name for name in connections if (not wanted.connections or name in wanted.connections) and reads_any(name)]


def _needed(context: Context) -> list[Needed]:
    """What must be known of parents before anything is read or loaded."""
    found: dict[Needed, None] = {}
    for name, connection in context.pipeline.connections.items():
        for object_name, definition in context.source_of(name).objects.items():
            chosen = connection.objects == "all" or object_name in connection.objects
            if chosen and needs_landed(definition):
                found[needed(name, definition)] = None
    return list(found)


def check_objects(context: Context, wanted: Wanted) -> None:
    """Refuse `--object` for what no connection of the customer reads."""
    import difflib

    known = {
        f"{name}.{object_name}"
        for name, connection in context.pipeline.connections.items()
        for object_name in (connection.objects if connection.objects != "all" else ())
    }
    all_of = {name for name, connection in context.pipeline.connections.items() if connection.objects == "all"}
    for each in wanted.objects:
        head, dot, _ = each.partition(".")
        found = each in known or (dot and head in all_of) or any(full.endswith(f".{each}") for full in known)
        if not found and not (all_of and not dot):
            near = difflib.get_close_matches(each, [*known, *(full.partition(".")[2] for full in known)], n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
            raise ConfigError(
                f"no connection of {context.customer} reads {each}; {hint}",
                next_step="name an object that the pipeline reads, as connection.object",
                customer=context.customer,
            )


def _hand_over(
    reader: Reader, task: Task, result: ObjectRead, spool: Spool, loading: Loading, report: SyncReport, run_id: str
) -> list[Pending]:
    """An object was read to its end: its windows go to the load, a census waits until after it."""
    connection = reader.connection.name
    tables = raw_tables(connection, task)
    kinds = {each.type for each in task.definition.deletes if each.type in ("feed", "scan", "census")}
    line = report.line(connection, task.name)
    line.not_checked, line.refused = tuple(sorted(kinds - task.deletes_due | set(result.refused))), result.refused
    later: list[Pending] = []
    parts: list[Part] = []
    windows: list[WindowId] = []
    marks: list[WatermarkRow] = []
    due = False
    on_disk = {
        state.window: state.parts
        for name in {read.window.object for read in result.windows}
        for state in spool.windows(connection, name)
    }
    for read in result.windows:
        own = read.window.name
        place = WindowId(connection, read.window.object, own)
        if place in result.census:
            keys, began = listed(on_disk.get(place, ()))
            later.append(Pending(reader, task, tables[connection, task.name], place, keys, began))
            if own == SCAN:
                parts += on_disk.get(place, ())
            continue
        parts += on_disk.get(place, ())
        windows.append(place)
        if read.watermark is not None:
            marks.append(WatermarkRow(connection, task.name, own, read.watermark, None, run_id))
        # its rows may be in the table already, loaded while it was read: then the watermark travels alone
        due = due or read.due or read.rows > 0
    if result.watermark is not None:
        marks.append(WatermarkRow(connection, task.name, CHANGES, result.watermark, result.token, run_id))
    marks += [
        WatermarkRow(connection, each.object, of_parent(each.parent), each.watermark, each.token, run_id)
        for each in result.positions
    ]
    loading.finished(parts, windows, marks, due=due)
    return later


def _settle(
    context: Context, each: Pending, spool: Spool, loading: Loading, report: SyncReport, *, approved: bool
) -> None:
    loading.lease()
    result = settle(context, each, spool, loading, report, approved=approved)
    if result is None:
        return
    now = each.reader.connection.vendor_now()
    windows = [read.window for read in result.windows]
    parts = [part for name in {w.object for w in windows} for state in spool.windows(each.window.connection, name)
             if state.window in windows for part in state.parts]  # fmt: skip
    mark = WatermarkRow(each.window.connection, each.task.name, each.window.name, now, None, context.run_id)
    loading.load(parts, [*windows, each.window], [mark])


def _requests(context: Context) -> int:
    """Requests of the customer so far, of every run."""
    context.state.usage.flush()
    return sum(day.requests for day in context.state.usage.days(context.customer))
