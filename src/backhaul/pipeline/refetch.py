"""Reads named records again, by key, whatever the watermark: after a doubt, or a webhook."""

from __future__ import annotations

from collections.abc import Sequence

from backhaul.config.pipeline import ObjectChoice
from backhaul.errors import BackhaulError, Busy, ConfigError, StorageError
from backhaul.extract.batches import escape
from backhaul.pipeline.context import Context
from backhaul.pipeline.loading import Loading
from backhaul.pipeline.reading import open_reader, raw_tables
from backhaul.pipeline.report import Failure, SyncReport
from backhaul.pipeline.run import RunReport
from backhaul.pipeline.tasks import tasks_of
from backhaul.spool.spool import Spool


def refetch(context: Context, connection: str, object: str, keys: Sequence[str]) -> RunReport:
    """Read and load these records. Raises ConfigError for a name that is not there, Busy, StorageError."""
    if connection not in context.pipeline.connections:
        raise ConfigError(
            f"{context.customer} has no connection {connection}; there are {', '.join(context.pipeline.connections)}",
            customer=context.customer,
        )
    report = RunReport(context.customer, context.run_id, SyncReport(context.customer, context.run_id))
    sync = report.sync or SyncReport(context.customer, context.run_id)
    spool = Spool(context.layout.spool(context.customer))
    loading = Loading(context, spool, sync)
    try:
        reader, choices = open_reader(context, connection, spool, sync)
        try:
            now = reader.connection.vendor_now()
            known: dict[str, ObjectChoice] = dict(choices)
            if object not in known:
                raise ConfigError(
                    f"the pipeline does not read {connection}.{object}; it reads {', '.join(known)}",
                    customer=context.customer,
                    connection=connection,
                    object=object,
                )
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
                        connection, object, f"the vendor gave {missing} of {len(keys)} records not", "check their keys"
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
    return report
