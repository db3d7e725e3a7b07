"""Reads one window into the spool: pages become batches, batches become parts, each part is a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from backhaul.config.reads import NextScroll, Read
from backhaul.errors import FixDefinition
from backhaul.extract.ahead import ahead
from backhaul.extract.batches import Batch, Shape, batch_of_pages, can_join
from backhaul.extract.by_key import hydrated
from backhaul.extract.room import Room, Share
from backhaul.extract.task import Drift, ObjectRead, Task
from backhaul.protocol.connection import Connection
from backhaul.protocol.paging import Position
from backhaul.protocol.reads import Ask, Page, read_pages
from backhaul.protocol.schema import Field, type_of
from backhaul.spool.parts import Part
from backhaul.spool.window import WindowSpool
from backhaul.telemetry.crashpoints import crash_point
from backhaul.telemetry.progress import PageRead, Progress

PART_ROWS = 50_000
PART_BYTES = 64 * 1024 * 1024
PART_SECONDS = 30.0
BATCH_ROWS = 2_500
BATCH_BYTES = 8 * 1024 * 1024

OnPart = Callable[[Part], None]
TOLD = "told"
"""The note of a window that keeps the position which its pages told."""


@dataclass(eq=False)
class Gathered:
    """Batches that wait to become a part. share: what all such may hold together."""

    share: Share
    rows: list[pa.RecordBatch] = field(default_factory=list)
    deletes: list[pa.Table] = field(default_factory=list)
    rejects: list[pa.Table] = field(default_factory=list)
    count: int = 0
    bytes: int = 0
    since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.share.join(self)

    def add(self, batch: Batch) -> None:
        if batch.rows.num_rows:
            self.rows.append(batch.rows)
        self.count += batch.rows.num_rows
        self.bytes += batch.rows.nbytes
        if batch.deletes is not None:
            self.deletes.append(batch.deletes)
        if batch.rejects is not None:
            self.rejects.append(batch.rejects)

    @property
    def full(self) -> bool:
        enough = self.count >= PART_ROWS or self.bytes >= PART_BYTES or self.old or self.share.is_due(self)
        return enough and bool(self.rows or self.deletes or self.rejects)

    @property
    def old(self) -> bool:
        return time.monotonic() - self.since > PART_SECONDS


@dataclass(eq=False)
class Waiting:
    """Pages that wait to be typed together. What they hold is not read yet as far as a part is concerned.

    share: what all such may hold together.
    """

    share: Share
    pages: list[Page] = field(default_factory=list)
    read_at: list[datetime] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0

    def __post_init__(self) -> None:
        self.share.join(self)

    def add(self, page: Page, read_at: datetime) -> None:
        self.pages.append(page)
        self.read_at.append(read_at)
        self.rows += page.rows
        self.bytes += page.bytes

    @property
    def full(self) -> bool:
        return self.rows >= BATCH_ROWS or self.bytes >= BATCH_BYTES or self.share.is_due(self)


class Beside(Protocol):
    """Sees each page with its rows, and keeps something of them: ahead of the rows' own part."""

    def take(self, page: Page, rows: pa.RecordBatch) -> None: ...

    @property
    def full(self) -> bool:
        """It keeps as much as a part should hold."""
        ...

    def flush(self, on_part: OnPart) -> None: ...

    def finish(self, on_part: OnPart) -> None: ...


def flush(spool: WindowSpool, gathered: Gathered, next_: Position | None, on_part: OnPart) -> None:
    """Write what was gathered. The rows go last: their line moves the position past these pages."""
    last = next_ is None
    token = next_.page if next_ is not None else None
    key = next_.last_key if next_ is not None else None
    for kind, tables in (("rejects", gathered.rejects), ("deletes", gathered.deletes)):
        if tables:
            on_part(spool.write(pa.concat_tables(tables), kind=kind))  # type: ignore[arg-type]
    if gathered.rows:
        on_part(spool.write(gathered.rows, page_token=token, last_key=key, last=last))
    elif last:
        spool.finish()


def read_window(
    connection: Connection,
    task: Task,
    read: Read,
    role: str,
    spool: WindowSpool,
    shape: Shape,
    result: ObjectRead,
    progress: Progress,
    on_part: OnPart,
    *,
    bindings: Mapping[str, Any],
    room: Room,
    beside: Sequence[Beside] = (),
) -> None:
    """Read the window from where its manifest stands to its end.

    beside: what looks at each page and its rows; pages then come singly.
    Raises what `read_pages` raises; what was gathered by then is on disk.
    """
    resume = spool.resume_from
    if resume.finished:
        return
    start = Position(resume.page_token, resume.last_key) if resume.page_token or resume.last_key else None
    if start is None and spool.meta.token:
        start = Position(spool.meta.token)
    capped = read.cap is not None
    scrolls = isinstance(read.next, NextScroll)
    gathered = Gathered(room.rows)
    waiting = Waiting(room.pages)
    position: Position | None = start or Position()
    first = start is None or not (resume.page_token or resume.last_key)
    spoken = _Told(spool.notes.get(TOLD))
    job_created = spool.notes.get("job_created_at")

    def on_job(job_id: str) -> None:
        spool.note("job_created_at", datetime.now(spool.meta.started_at.tzinfo).isoformat())
        spool.note("job_id", job_id)

    def on_dropped(lost: Field) -> None:
        result.drift.append(Drift(task.name, lost.name, "removed", "the vendor says that it is not there"))

    def type_waiting() -> None:
        """Rows of what waits; only then does the position move past those pages."""
        nonlocal waiting, position
        if not waiting.pages:
            return
        position = waiting.pages[-1].next if not waiting.rows else type_rows()
        for page in waiting.pages:
            spoken.told = page.told or spoken.told
        waiting = Waiting(room.pages)

    def type_rows() -> Position | None:
        batch = batch_of_pages(waiting.pages, waiting.read_at, shape, task)
        for each in beside:
            each.take(waiting.pages[-1], batch.rows)
        gathered.add(batch)
        result.rows += batch.rows.num_rows
        result.rejected += batch.rejects.num_rows if batch.rejects is not None else 0
        behind = waiting.pages[-1].next
        if behind is not None and capped:
            # the cap counts rows from the start of a chain of pages: a resumed read starts a new chain
            return Position(None, _last_of(batch.rows, task) or behind.last_key)
        return behind

    def write_part() -> None:
        nonlocal gathered
        for each in beside:
            each.flush(on_part)
        spoken.note(spool)
        # a place in a scroll is no place to go on from
        flush(spool, gathered, Position() if position is not None and scrolls else position, on_part)
        gathered = Gathered(room.rows)

    ask = Ask(
        schema=task.schema,
        definition=task.definition,
        read=read,
        role=role,
        fields=_keys_only(task) if read.hydrate else shape.fields,
        bindings=bindings,
        extra={} if read.hydrate else extra_paths(task),
        job_id=spool.notes.get("job_id"),
    )
    pages = read_pages(connection, ask, start, on_dropped=on_dropped, on_job=on_job)
    if read.hydrate:
        pages = hydrated(connection, _by_key(task, shape), pages)
    try:
        with closing(ahead(pages, crowded=lambda: room.pages.crowded)) as coming:
            for page in coming:
                if first:
                    first = False
                    result.total = page.total if page.total is not None else result.total
                    _notice_unknown(page, task, connection.source.nested_in(task.name), result)
                if read.job is not None and job_created is None:
                    job_created = spool.notes["job_created_at"]
                # a job's results are as old as the job, however late they are fetched
                read_at = datetime.fromisoformat(job_created) if job_created else page.sent_at
                alone = bool(beside) or not can_join(page)
                if alone:
                    type_waiting()
                waiting.add(page, read_at)
                result.pages += 1
                result.bytes += page.bytes
                progress.on(PageRead(connection.customer, connection.name, task.name, page.rows, page.bytes))
                crash_point("page_read")
                if alone or waiting.full or gathered.old or page.next is None:
                    type_waiting()
                    if position is None or gathered.full or any(each.full for each in beside):
                        write_part()
    finally:
        # after an error: what was gathered counts, and the next run goes on behind it
        type_waiting()
        if position is not None and (gathered.rows or gathered.deletes or gathered.rejects):
            write_part()


@dataclass
class _Told:
    """The position that the pages told, durable before the part behind which it counts."""

    told: str | None
    noted: str | None = None

    def note(self, spool: WindowSpool) -> None:
        if self.told not in (None, self.noted):
            spool.note(TOLD, self.told or "")
            self.noted = self.told


def _keys_only(task: Task) -> tuple[Field, ...]:
    return tuple(task.schema.fields[name] for name in task.schema.key)


def _by_key(task: Task, shape: Shape) -> Ask:
    reads = task.definition.reads.by_key
    if not reads:
        raise FixDefinition(
            f"the read of {task.name} gives keys only (`hydrate`), and there is no read `by_key`",
            next_step="add the read `by_key` to the source definition",
            object=task.name,
        )
    return Ask(task.schema, task.definition, reads[0], "by_key", shape.fields, {}, extra_paths(task))


def _last_of(rows: pa.RecordBatch, task: Task) -> str | None:
    column = rows.column(task.schema.key[0])
    return column[len(column) - 1].as_py() if len(column) else None


def extra_paths(task: Task) -> dict[str, str]:
    """Columns beside the fields: what deletes read of a record, and where its children stand."""
    names = {each.name for each in task.fields} | set(task.schema.key)
    extra: dict[str, str] = {}
    for delete in task.definition.deletes:
        paths: list[str] = []
        if delete.type == "flag":
            paths = [*delete.when, *(path for path in (delete.at, delete.key) if path)]
        elif delete.type == "merge":
            paths = [*(delete.when or ()), delete.winner, *([] if delete.when is None else [delete.loser])]
        extra.update({path: path for path in paths if path not in names and path != delete_loser(delete)})
    for child in task.children:
        at = child.definition.parent.at if child.definition.parent else None
        if at is not None:
            root = at.split("[")[0].split(".")[0]
            extra[root] = root
    return extra


def delete_loser(delete: Any) -> str | None:
    """The field of a winner that names its losers: an ordinary field, which stays where the fields are."""
    return delete.loser if delete.type == "merge" and delete.when is None else None


def _notice_unknown(page: Page, task: Task, nested: frozenset[str], result: ObjectRead) -> None:
    """Fields on the wire that the schema does not have: drift; what becomes of them is the contract's word."""
    known = {*task.schema.fields, *extra_paths(task), *task.definition.keys, *nested}
    for name, value in page.unknown().items():
        if name in known or any(each.field == name for each in result.drift):
            continue
        result.drift.append(Drift(task.name, name, "added", f"seen on a page, as {type_of(value)}"))
        if task.choice.contract == "freeze":
            raise FixDefinition(
                f"the vendor sends the field {name}, which the schema does not have, and the contract is freeze",
                next_step="run `backhaul discover`, or set the object's contract to evolve or discard",
                object=task.name,
            )


def keys_of(parts: Sequence[Part], column: str = "_key") -> Iterator[list[str]]:
    """The keys in rows parts, a row group at a time."""
    import pyarrow.parquet as pq

    for part in parts:
        if part.kind != "rows":
            continue
        with pq.ParquetFile(part.path) as file:
            for batch in file.iter_batches(columns=[column]):
                yield batch.column(0).to_pylist()
