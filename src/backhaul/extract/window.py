"""Reads one window into the spool: pages become batches, batches become parts, each part is a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from backhaul.config.source import Read
from backhaul.errors import FixDefinition
from backhaul.extract.ahead import ahead
from backhaul.extract.batches import Batch, Shape, batch_of_pages, can_join
from backhaul.extract.task import Drift, ObjectRead, Task
from backhaul.protocol.connection import Connection
from backhaul.protocol.reads import Ask, Page, Position, read_pages
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


@dataclass
class Gathered:
    """Batches that wait to become a part."""

    rows: list[pa.RecordBatch] = field(default_factory=list)
    deletes: list[pa.Table] = field(default_factory=list)
    rejects: list[pa.Table] = field(default_factory=list)
    count: int = 0
    bytes: int = 0
    since: float = field(default_factory=time.monotonic)

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
        return (self.count >= PART_ROWS or self.bytes >= PART_BYTES or self.old) and bool(
            self.rows or self.deletes or self.rejects
        )

    @property
    def old(self) -> bool:
        return time.monotonic() - self.since > PART_SECONDS


@dataclass
class Waiting:
    """Pages that wait to be typed together. What they hold is not read yet as far as a part is concerned."""

    pages: list[Page] = field(default_factory=list)
    read_at: list[datetime] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0

    def add(self, page: Page, read_at: datetime) -> None:
        self.pages.append(page)
        self.read_at.append(read_at)
        self.rows += page.rows
        self.bytes += page.bytes

    @property
    def full(self) -> bool:
        return self.rows >= BATCH_ROWS or self.bytes >= BATCH_BYTES


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
    on_records: Callable[[Page, pa.RecordBatch], None] | None = None,
    before_part: Callable[[OnPart], None] | None = None,
) -> None:
    """Read the window from where its manifest stands to its end.

    on_records: sees each page beside its rows, for children that stand within their parents; pages then come singly.
    Raises what `read_pages` raises; what was gathered by then is on disk.
    """
    resume = spool.resume_from
    if resume.finished:
        return
    start = Position(resume.page_token, resume.last_key) if resume.page_token or resume.last_key else None
    capped = read.cap is not None
    gathered = Gathered()
    waiting = Waiting()
    position: Position | None = start or Position()
    first = start is None
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
        waiting = Waiting()

    def type_rows() -> Position | None:
        batch = batch_of_pages(waiting.pages, waiting.read_at, shape, task)
        if on_records is not None:
            on_records(waiting.pages[-1], batch.rows)
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
        if before_part is not None:
            before_part(on_part)
        flush(spool, gathered, position, on_part)
        gathered = Gathered()

    ask = Ask(
        schema=task.schema,
        definition=task.definition,
        read=read,
        role=role,
        fields=shape.fields,
        bindings=bindings,
        extra=extra_paths(task),
        job_id=spool.notes.get("job_id"),
    )
    try:
        for page in ahead(read_pages(connection, ask, start, on_dropped=on_dropped, on_job=on_job)):
            if first:
                first = False
                result.total = page.total if page.total is not None else result.total
                _notice_unknown(page, task, result)
            if read.job is not None and job_created is None:
                job_created = spool.notes["job_created_at"]
            # a job's results are as old as the job, however late they are fetched
            read_at = datetime.fromisoformat(job_created) if job_created else page.sent_at
            alone = on_records is not None or not can_join(page)
            if alone:
                type_waiting()
            waiting.add(page, read_at)
            result.pages += 1
            result.bytes += page.bytes
            progress.on(PageRead(connection.customer, connection.name, task.name, page.rows, page.bytes))
            crash_point("page_read")
            if alone or waiting.full or gathered.old or page.next is None:
                type_waiting()
                if position is None or gathered.full:
                    write_part()
    finally:
        # after an error: what was gathered counts, and the next run goes on behind it
        type_waiting()
        if position is not None and (gathered.rows or gathered.deletes or gathered.rejects):
            write_part()


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
            paths = [*delete.when, *([delete.at] if delete.at else [])]
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


def _notice_unknown(page: Page, task: Task, result: ObjectRead) -> None:
    """Fields on the wire that the schema does not have: drift; what becomes of them is the contract's word."""
    known = set(task.schema.fields) | set(extra_paths(task)) | set(task.definition.keys)
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
