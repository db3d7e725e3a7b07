"""Reads named records again, by key, whatever the watermark: after a doubt, or a webhook."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from backhaul.config.pipeline import ObjectChoice
from backhaul.config.problems import closest
from backhaul.errors import BackhaulError, Busy, ConfigError, StorageError
from backhaul.pipeline.context import Context
from backhaul.pipeline.loading import Loading
from backhaul.pipeline.reading import open_reader, raw_tables
from backhaul.pipeline.report import Failure, SyncReport
from backhaul.pipeline.run import RunReport, recorded
from backhaul.pipeline.tasks import tasks_of
from backhaul.protocol.keys import escape
from backhaul.spool.spool import Spool


def refetch(context: Context, connection: str, object: str, keys: Sequence[str]) -> RunReport:
    """Read and load these records. Raises ConfigError for a name that is not there, Busy, StorageError."""
    if connection not in context.pipeline.connections:
        raise ConfigError(
            f"{context.customer} has no connection {connection}; there are {', '.join(context.pipeline.connections)}",
            next_step="name one of them",
            customer=context.customer,
        )
    chosen = context.pipeline.connections[connection].objects
    if chosen != "all":
        _check_object(context, connection, object, chosen)
    sync = SyncReport(context.customer, context.run_id)
    report = RunReport(context.customer, context.run_id, sync)
    began = time.perf_counter()
    with recorded(context, "refetch", report):
        _refetch(context, sync, connection, object, keys)
        report.seconds = time.perf_counter() - began
    return report


def _check_object(context: Context, connection: str, object: str, chosen: Mapping[str, ObjectChoice]) -> None:
    if object not in chosen:
        near = closest(object, chosen)
        raise ConfigError(
            f"the pipeline does not read {connection}.{object}; "
            + (f"did you mean {near}?" if near else f"it reads {', '.join(chosen)}"),
            next_step="name an object that the pipeline reads",
            customer=context.customer,
            connection=connection,
            object=object,
        )


def _refetch(context: Context, sync: SyncReport, connection: str, object: str, keys: Sequence[str]) -> None:
    spool = Spool(context.layout.spool(context.customer))
    loading = Loading(context, spool, sync)
    try:
        reader, choices = open_reader(context, connection, spool, sync)
        try:
            now = reader.connection.vendor_now()
            _check_object(context, connection, object, choices)
            source = context.source_of(connection)
            (task,) = tasks_of(source, reader.schema, choices, {}, now, only=[object])
            loading.know(raw_tables(connection, task))
            read = reader.extractor.read_keys(task, [escape(key) for key in keys], lambda part: None)
            line = sync.line(connection, object)
            line.read, line.how = read.rows, "by_key"
            windows = [each.window for each in read.windows]
            states = [state for window in windows for state in spool.windows(connection, window.object)]
            parts = [part for state in states if state.window in windows for part in state.parts]
            loading.drain()
            loading.load(parts, windows, [])
            if read.rows < len(keys):
                missing = len(keys) - read.rows
                sync.failures.append(
                    Failure(
                        connection,
                        object,
                        f"the vendor does not give {missing} of the {len(keys)} records",
                        "check their keys",
                    )
                )
        finally:
            reader.close()
    except BackhaulError as error:
        if isinstance(error, ConfigError | Busy | StorageError):
            raise
        sync.failures.append(Failure.of(error, connection, object))
    finally:
        loading.stop()
        spool.close()
        loading.close()
