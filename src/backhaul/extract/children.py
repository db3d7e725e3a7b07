"""Children: records that stand within their parents, or that are asked for a batch of parents at a time.

A child's window holds the children of the parents that were read; `parents` parts name those parents, so that the
load knows which of their children are gone. A parent counts as done when the part that names it is on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from backhaul.config import paths
from backhaul.config.paths import MISSING, Answer
from backhaul.config.reads import Read
from backhaul.errors import FixDefinition
from backhaul.extract import every_parent
from backhaul.extract.batches import Batch, Shape, batch_of
from backhaul.extract.every_parent import parent_bindings
from backhaul.extract.parents import Record, are_asked, parents_in, parents_table, wanted_of
from backhaul.extract.task import ObjectRead, Task, WindowRead
from backhaul.extract.window import Gathered, OnPart, extra_paths
from backhaul.protocol import render
from backhaul.protocol.decode import Decoder
from backhaul.protocol.keys import escape, unescape
from backhaul.protocol.reads import Ask, NotServed, Page, read_pages
from backhaul.protocol.render import Bindings
from backhaul.spool.parts import Part, WindowId
from backhaul.spool.window import WindowSpool
from backhaul.telemetry.context import carried

if TYPE_CHECKING:
    from backhaul.extract.objects import Extractor


PLACE = "{place}"


@dataclass
class _Pending:
    """Children and the parents they are of, not yet on disk."""

    gathered: Gathered
    parents: list[tuple[str, datetime]] = field(default_factory=list)

    def write(self, spool: WindowSpool, on_part: OnPart) -> None:
        """Rows first, then the parents that they complete."""
        if self.gathered.rows:
            on_part(spool.write(self.gathered.rows))
        if self.gathered.deletes:
            on_part(spool.write(pa.concat_tables(self.gathered.deletes), kind="deletes"))
        if self.gathered.rejects:
            on_part(spool.write(pa.concat_tables(self.gathered.rejects), kind="rejects"))
        if self.parents:
            on_part(spool.write(parents_table(self.parents), kind="parents"))
        self.gathered, self.parents = Gathered(self.gathered.share), []


class Embedded:
    """The children that stand within the records of one parent window."""

    def __init__(
        self, extractor: Extractor, task: Task, window: WindowId, vendor_now: datetime, result: ObjectRead
    ) -> None:
        self._result = result
        self._task = task
        self._children: list[tuple[Task, Read, Shape, Decoder, WindowSpool, _Pending]] = []
        for child in task.children:
            parent = child.definition.parent
            if parent is None or parent.at is None:
                continue
            read = Read.model_validate({"get": "/", "records": "."})
            shape = extractor.shape(child, read)
            wanted = [each for each in shape.fields if each.name not in parent.add]
            spool = extractor.spool.open(
                WindowId(window.connection, child.name, window.name),
                extractor.meta(child, "embedded", None, vendor_now),
            )
            pending = _Pending(Gathered(extractor.room.rows))
            decoder = Decoder(read, wanted, child.schema.key, {}, {})
            self._children.append((child, read, shape, decoder, spool, pending))

    def __bool__(self) -> bool:
        return bool(self._children)

    def take(self, page: Page, rows: pa.RecordBatch) -> None:
        """The children of one page of parents; those of one that is deleted are gone, though they still stand there."""
        parent_keys = rows.column("_key").to_pylist()
        deleted = rows.column("_deleted_at").is_valid().to_pylist()
        records = rows.to_pylist() if self._children else []
        for child, _, shape, decoder, _, pending in self._children:
            parent = child.definition.parent
            if parent is None or parent.at is None:
                continue
            root = parent.at.split("[")[0].split(".")[0]
            for key, gone, record, nested in zip(parent_keys, deleted, records, page.columns[root], strict=True):
                found = [] if gone else paths.each(parent.at, Answer({root: nested}))
                decoded = decoder.columns_of(found, Answer({root: nested}))
                columns = dict(decoded.columns)
                bindings = Bindings({f"parent.{name}": value for name, value in record.items()})
                for name, reader in parent.add.items():
                    if reader == PLACE:
                        columns[name] = list(range(1, decoded.rows + 1))
                        continue
                    value = render.text(reader, bindings) if isinstance(reader, str) else render.UNBOUND
                    columns[name] = [None if value is render.UNBOUND else value] * decoded.rows
                made = Page(columns, decoded.rows, None, None, page.sent_at, None, 0, dict, dict)
                batch = batch_of(made, shape, child, read_at=page.sent_at, parents=[key] * decoded.rows)
                pending.gathered.add(batch)
                self._result.children[child.name] = self._result.children.get(child.name, 0) + batch.rows.num_rows
                pending.parents.append((key, page.sent_at))

    @property
    def full(self) -> bool:
        return any(pending.gathered.full for *_, pending in self._children)

    def flush(self, on_part: OnPart) -> None:
        """Before the parents' own part: a crash between reads these parents again, and replaces their children."""
        for _, _, _, _, spool, pending in self._children:
            pending.write(spool, on_part)

    def finish(self, on_part: OnPart) -> None:
        self.flush(on_part)
        for _, _, _, _, spool, _ in self._children:
            spool.finish()
            self._result.windows.append(WindowRead(spool.window, spool.resume_from.rows, None))
            spool.close()


def read_batches(
    extractor: Extractor, task: Task, window: WindowId, parents: Sequence[Part], vendor_now: datetime,
    result: ObjectRead, on_part: OnPart,
) -> None:  # fmt: skip
    """Read the children of every parent in these parts, a batch of parents a call, several calls at a time."""
    for child in task.children:
        if child.definition.parent is None or child.definition.parent.at is not None or child.asks_every_parent:
            continue
        if not child.definition.reads.by_parent:
            raise FixDefinition(
                f"the definition has no read `by_parent` that serves {child.name}",
                next_step="add it to the source definition, or leave the object out of the pipeline",
                object=child.name,
            )
        read = child.definition.reads.by_parent[0]
        shape = extractor.shape(child, read)
        with extractor.spool.open(
            WindowId(window.connection, child.name, window.name), extractor.meta(child, "by_parent", None, vendor_now)
        ) as spool:
            done = _parents_done(spool)
            gone, found = parents_in(parents, wanted_of(child))
            live = are_asked(child, found)
            pending = _Pending(Gathered(extractor.room.rows))
            if todo := sorted(gone - done):
                pending.parents = [(key, datetime.now(UTC)) for key in todo]
                pending.write(spool, on_part)
            batches = _chunks(sorted(set(live) - done), read.batch)
            try:
                for keys, asked_at, pages in _side_by_side(extractor, child, read, shape, batches, live):
                    for batch in pages:
                        pending.gathered.add(batch)
                        result.rejected += batch.rejects.num_rows if batch.rejects is not None else 0
                        result.children[child.name] = result.children.get(child.name, 0) + batch.rows.num_rows
                    pending.parents += [(key, asked_at) for key in keys]
                    if pending.gathered.full:
                        pending.write(spool, on_part)
            finally:
                # after an error: the parents that were read whole count, and the next run asks for the others
                pending.write(spool, on_part)
            spool.finish()
            result.windows.append(WindowRead(spool.window, spool.resume_from.rows, None))
            own, parts = spool.window, spool.parts
        read_batches(extractor, child, own, parts, vendor_now, result, on_part)


def read_every_parent(
    extractor: Extractor, task: Task, vendor_now: datetime, result: ObjectRead, on_part: OnPart
) -> None:
    """Read the children that are asked for all parents in every run, and theirs."""
    for child in task.children:
        if child.asks_every_parent:
            window, parts = every_parent.read(extractor, task, child, vendor_now, result, on_part)
            read_batches(extractor, child, window, parts, vendor_now, result, on_part)
        read_every_parent(extractor, child, vendor_now, result, on_part)


def _side_by_side(
    extractor: Extractor,
    child: Task,
    read: Read,
    shape: Shape,
    batches: Iterator[list[str]],
    records: Mapping[str, Record],
) -> Iterator[tuple[list[str], datetime, list[Batch]]]:
    """Each batch of parents, when it was asked for, and its children; as many calls at a time as there are workers."""
    waiting: list[tuple[list[str], Future[tuple[datetime, list[Batch]]]]] = []
    try:
        for keys in batches:
            waiting.append(
                (keys, extractor.pool.submit(carried(_of_parents), extractor, child, read, shape, keys, records))
            )
            if len(waiting) > extractor.workers:
                ready, future = waiting.pop(0)
                yield ready, *future.result()
        while waiting:
            ready, future = waiting.pop(0)
            yield ready, *future.result()
    finally:
        for _, future in waiting:
            future.cancel()


def _of_parents(
    extractor: Extractor, child: Task, read: Read, shape: Shape, keys: list[str], records: Mapping[str, Record]
) -> tuple[datetime, list[Batch]]:
    asked_at = datetime.now(UTC)
    raw = [unescape(key) for key in keys]
    bindings: dict[str, Any] = {"parents": raw}
    if read.batch == 1:
        bindings = parent_bindings(child, keys[0], records[keys[0]])
    if read.item is not None:
        bindings = {"items": [render.body(read.item, Bindings({"parent.key": key})) for key in raw]}
    extra = {**extra_paths(child), **({"_parent": read.parent} if read.parent is not None else {})}
    ask = Ask(child.schema, child.definition, read, "by_parent", shape.fields, bindings, extra)
    batches: list[Batch] = []
    try:
        for page in read_pages(extractor.connection, ask):
            named = page.columns.get("_parent")
            texts = keys * page.rows if named is None else [escape(str(each)) for each in named]
            batches.append(batch_of(page, shape, child, read_at=page.sent_at, parents=texts))
    except NotServed:
        # one parent's children are closed to us, or it is gone by now: the others' are not
        if len(keys) > 1:
            raise
    return asked_at, batches


def touched_parents(extractor: Extractor, task: Task, lower: datetime | None, upper: datetime | None) -> set[str]:
    """Parents whose children changed though they themselves may not have. Nothing to ask in a full read."""
    found: set[str] = set()
    if lower is None:
        return found
    for child in task.children:
        for read in child.definition.reads.touched:
            path = read.parent or "."
            ask = Ask(
                child.schema, child.definition, read, "touched", (), {"since": lower, "until": upper}, {"_parent": path}
            )
            for page in read_pages(extractor.connection, ask):
                found |= {escape(str(each)) for each in page.columns["_parent"] if each not in (None, MISSING)}
    return found


def _parents_done(spool: WindowSpool) -> set[str]:
    done: set[str] = set()
    for part in spool.parts:
        if part.kind == "parents":
            done |= set(pq.read_table(part.path, columns=["_parent_key"]).column(0).to_pylist())
    return done


def _chunks(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(keys)
    while chunk := list(islice(iterator, size)):
        yield chunk
