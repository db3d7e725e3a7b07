"""Reads one connection: probe, schema, then its objects side by side. One object's failure is not another's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backhaul.config.pipeline import ObjectChoice
from backhaul.discovery.cache import distrust, leave_out, schema_of, with_definition
from backhaul.discovery.discover import list_objects
from backhaul.errors import BackhaulError, Reauthorise
from backhaul.extract.objects import Extractor
from backhaul.extract.task import ObjectRead, Task
from backhaul.http.refusals import Stopped
from backhaul.load.landed import Landed
from backhaul.load.tables import RawTable
from backhaul.pipeline.choosing import tried, without_frozen
from backhaul.pipeline.context import Context
from backhaul.pipeline.report import Failure, SyncReport
from backhaul.pipeline.tasks import Marks, tasks_of
from backhaul.protocol.connection import Connection
from backhaul.protocol.schema import Schema
from backhaul.spool.parts import Part
from backhaul.spool.spool import Spool
from backhaul.state.schemas import Drift as StoredDrift
from backhaul.telemetry.context import carried
from backhaul.telemetry.progress import ObjectDone, Withheld

SIDE_BY_SIDE = 16
"""Objects of one connection that are read at a time, as far as its limits let them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sync was asked to do beside what is due."""

    objects: Sequence[str] = ()
    """`crm.contacts`, or `contacts` of any connection; empty: all that the pipeline names."""
    full: bool = False
    since: datetime | None = None
    check_deletes: bool = False
    """Ask feeds and scans of deleted records now, due or not."""
    census: bool = False
    """Compare every key with the vendor's now, due or not."""
    rediscover: bool = False
    connections: Sequence[str] = ()
    """Only these; empty: all that read any of `objects`."""

    def of(self, connection: str) -> tuple[str, ...]:
        names = []
        for each in self.objects:
            head, dot, tail = each.partition(".")
            if dot and head == connection:
                names.append(tail)
            elif not dot:
                names.append(each)
        return tuple(names)


OnPart = Callable[[Task, Part], None]
OnRead = Callable[["Reader", Task, ObjectRead], None]


class Reader:
    """One open connection and what it takes to read its objects."""

    def __init__(self, context: Context, connection: Connection, schema: Schema, spool: Spool) -> None:
        self.context = context
        self.connection = connection
        self.schema = schema
        self.extractor = Extractor(
            connection, spool, run_id=context.run_id, hash_key=context.hash_key, progress=context.progress,
            room=context.room,
        )  # fmt: skip

    def close(self) -> None:
        self.extractor.close()
        self.connection.close()


def open_reader(
    context: Context, name: str, spool: Spool, report: SyncReport, *, rediscover: bool = False
) -> tuple[Reader, Mapping[str, ObjectChoice]]:
    """Open a connection and learn its schema. Raises what stands in the way of reading anything of it."""
    connection = context.open(name)
    try:
        config = context.pipeline.connections[name]
        choices: Mapping[str, ObjectChoice]
        if config.objects == "all":
            choices = {each.name: ObjectChoice() for each in list_objects(connection) if each.readable}
        else:
            choices = config.objects
        source = context.source_of(name)

        def schema_for(those: Mapping[str, ObjectChoice]) -> tuple[Schema, list[StoredDrift], dict[str, str]]:
            return schema_of(
                connection, context.state.schemas, list(those), run=context.run_id, force=rediscover,
                contracts={each: choice.contract for each, choice in those.items()},
            )  # fmt: skip

        (schema, drift, not_served), choices = tried(choices, source, name, report, schema_for)
        for each in drift:
            report.drift.append((name, _as_drift(each)))
        for object_name, reason in not_served.items():
            report.line(name, object_name).not_served = reason
            if choices[object_name].required:
                report.failures.append(
                    Failure(
                        name, object_name, f"the account does not give the object: {reason}", "grant the right to it"
                    )
                )
        for object_name in choices:
            if why := schema.objects[object_name].denied.get("read") if object_name in schema.objects else None:
                context.progress.on(Withheld(context.customer, name, object_name, why))
        schema = with_definition(schema, source)
        return Reader(context, connection, schema, spool), without_frozen(choices, source, schema, name, report)
    except BaseException:
        connection.close()
        raise


def _as_drift(each: StoredDrift) -> Any:
    from backhaul.extract.task import Drift

    detail = " to ".join(text for text in (each.before, each.after) if text)
    return Drift(each.object, each.field, each.change, detail)


def read_connection(
    context: Context,
    name: str,
    spool: Spool,
    marks: Marks,
    wanted: Wanted,
    report: SyncReport,
    *,
    on_start: Callable[[Task], None],
    on_part: OnPart,
    on_read: OnRead,
    parents: Landed,
) -> Reader | None:
    """Read what is due. Failures go into the report; nothing is raised but bugs.

    on_start: a task is about to be read. on_part: a part is on disk. on_read: an object was read to its end.
    Returns the reader, still open, for what the load may find missing.
    """
    try:
        reader, choices = open_reader(context, name, spool, report, rediscover=wanted.rediscover)
    except Stopped:
        report.stopped = True
        return None
    except BackhaulError as error:
        report.failures.append(Failure.of(error, name))
        return None
    try:
        now = reader.connection.vendor_now()
        only = wanted.of(name)
        if wanted.objects and not only:
            return reader
        source = context.source_of(name)

        def tasks_for(those: Mapping[str, ObjectChoice]) -> list[Task]:
            return tasks_of(
                source, reader.schema, those, marks, now,
                only=only, full=wanted.full, since=wanted.since, check_deletes=wanted.check_deletes,
                census=wanted.census, parents=parents,
            )  # fmt: skip

        tasks, _ = tried(choices, source, name, report, tasks_for)
        dead = threading.Event()

        def read(task: Task) -> ObjectRead | None:
            if dead.is_set():
                return None
            if context.stop.is_set():
                report.stopped = True
                return None
            on_start(task)
            try:
                return reader.extractor.read(task, now, lambda part: on_part(task, part))
            except Reauthorise as error:
                dead.set()
                raise context.refused(name, error) from error

        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix=f"read-{name}") as pool:
            futures = {pool.submit(carried(read), task): task for task in tasks}
            for future in as_completed(futures):
                task = futures[future]
                try:
                    result = future.result()
                except Stopped:
                    report.stopped = True
                    continue
                except BackhaulError as error:
                    failure = Failure.of(error, name, task.name)
                    told = any(each.exit_code == 4 and each.connection == name for each in report.failures)
                    if not (isinstance(error, Reauthorise) and told):
                        report.failures.append(failure)
                    context.progress.on(ObjectDone(context.customer, name, task.name, failed=error.what))
                    continue
                if result is not None:
                    _note(context, name, result, report)
                    on_read(reader, task, result)
    except BackhaulError as error:
        report.failures.append(Failure.of(error, name))
    return reader


def _note(context: Context, name: str, result: ObjectRead, report: SyncReport) -> None:
    line = report.line(name, result.object)
    line.how, line.total, line.read, line.rejected = result.how, result.total, result.rows, result.rejected
    line.not_served = result.not_served
    for child, rows in result.children.items():
        report.line(name, child).read += rows
    if result.drift:
        report.drift += [(name, each) for each in result.drift]
        seen = [StoredDrift(d.object, d.field, d.kind, "", d.detail, context.run_id) for d in result.drift]
        context.state.schemas.note_drift(context.customer, name, seen)
        gone = [each.field for each in result.drift if each.kind == "removed"]
        if gone:
            leave_out(context.state.schemas, context.customer, name, result.object, gone)
        if any(each.kind == "added" for each in result.drift):
            distrust(context.state.schemas, context.customer, name)
    done = ObjectDone(context.customer, name, result.object, result.rows, result.rejected, 0, 0.0, result.not_served)
    context.progress.on(done)


def raw_tables(connection: str, task: Task) -> dict[tuple[str, str], RawTable]:
    """The raw tables that a task's parts go to: its own, and its children's."""
    from backhaul.extract.privacy import kept_fields

    tables: dict[tuple[str, str], RawTable] = {}
    for each in (task, *task.below):
        parent = each.definition.parent.object if each.definition.parent is not None else None
        fields = tuple((field.name, field.type) for field in kept_fields(each.fields, each.choice.private))
        shared = each.definition.parent is not None and each.definition.parent.shared
        tables[connection, each.name] = RawTable(connection, each.name, fields, each.schema.key, parent, shared)
    return tables
