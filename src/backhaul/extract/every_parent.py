"""Children that are asked for every parent in every run: each parent has a position of its own, or none.

Which parents there are is known from the raw table as the run found it and from what the run has read of them. One
window holds the children of all of them. How far the read of each parent is, its course, is a row of a `positions`
part behind the rows that it brought; so a killed run goes on in the middle of a parent, page by page.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from backhaul.config.objects import ChangedNone, ChangedToken
from backhaul.config.reads import Read
from backhaul.errors import FixDefinition, WindowLost
from backhaul.extract.batches import Batch, Shape, batch_of
from backhaul.extract.bounds import Bounds, bounds_for, is_worth_keeping, watermark_of
from backhaul.extract.parents import are_asked, parents_in, wanted_of, windows_table
from backhaul.extract.task import ObjectRead, ParentPosition, Task, WindowRead
from backhaul.extract.typed import TIMESTAMP
from backhaul.extract.window import Gathered, OnPart, extra_paths
from backhaul.protocol.keys import key_bindings
from backhaul.protocol.paging import Position
from backhaul.protocol.reads import Ask, NotServed, PositionLost, read_pages
from backhaul.spool.parts import Part, WindowId
from backhaul.spool.window import WindowSpool
from backhaul.telemetry.context import carried
from backhaul.telemetry.crashpoints import crash_point

if TYPE_CHECKING:
    from backhaul.extract.objects import Extractor

WINDOW = "every-parent"
PAGES_A_TURN = 10
"""Pages of one parent that are read before its rows may become a part and another parent has its turn."""
_RESTARTS = 3
_COURSES = pa.schema(
    [
        ("parent", pa.string()),
        ("lower", TIMESTAMP),
        ("upper", TIMESTAMP),
        ("token", pa.string()),
        ("started", TIMESTAMP),
        ("began", TIMESTAMP),
        ("page", pa.string()),
        ("last_key", pa.string()),
        ("told", pa.string()),
        ("rows", pa.int64()),
        ("done", pa.bool_()),
        ("served", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True)
class Course:
    """How far the read of one parent's children is."""

    parent: str
    bounds: Bounds
    started: datetime
    """By the vendor's clock; what its position may say hangs on it."""
    began: datetime
    """By ours."""
    at: Position | None = None
    """Where it goes on; None: at its beginning."""
    told: str | None = None
    rows: int = 0
    done: bool = False
    served: bool = True
    """False: the vendor does not give this parent's children."""
    restarts: int = 0

    def row(self) -> dict[str, Any]:
        at = self.at or Position()
        return {
            "parent": self.parent, "lower": self.bounds.lower, "upper": self.bounds.upper, "token": self.bounds.token,
            "started": self.started, "began": self.began, "page": at.page, "last_key": at.last_key, "told": self.told,
            "rows": self.rows, "done": self.done, "served": self.served,
        }  # fmt: skip

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Course:
        at = Position(row["page"], row["last_key"]) if row["page"] or row["last_key"] else None
        bounds = Bounds(row["lower"], row["upper"], row["token"])
        return cls(
            row["parent"], bounds, row["started"], row["began"], at, row["told"], row["rows"], row["done"],
            row["served"],
        )  # fmt: skip


@dataclass
class _Pending:
    """Rows and the courses that they move, not yet on disk."""

    gathered: Gathered
    courses: list[Course] = field(default_factory=list)
    replaced: list[tuple[str, datetime, datetime | None, datetime | None]] = field(default_factory=list)
    """Parents whose children were shown, all or those of a window: what is here and was not shown is gone."""

    def write(self, spool: WindowSpool, on_part: OnPart) -> None:
        """Rows first, then the courses behind them: what a crash leaves without its course is read again."""
        for kind, tables in (("rejects", self.gathered.rejects), ("deletes", self.gathered.deletes)):
            if tables:
                on_part(spool.write(pa.concat_tables(tables), kind=kind))  # type: ignore[arg-type]
        if self.gathered.rows:
            on_part(spool.write(self.gathered.rows))
        if self.replaced:
            on_part(spool.write(windows_table(self.replaced), kind="parents"))
        if self.courses:
            crash_point("positions")
            on_part(spool.write(pa.Table.from_pylist([c.row() for c in self.courses], _COURSES), kind="positions"))
        self.gathered, self.courses, self.replaced = Gathered(self.gathered.share), [], []


def read(
    extractor: Extractor, task: Task, child: Task, vendor_now: datetime, result: ObjectRead, on_part: OnPart
) -> tuple[WindowId, tuple[Part, ...]]:
    """Read the children of every parent. Gives the window and the parts that wait in it.

    Raises what the vendor's answers mean; what was read by then is on disk and the next run goes on from it.
    """
    window = WindowId(extractor.connection.name, child.name, WINDOW)
    brought = [
        part
        for state in extractor.spool.windows(window.connection, task.name)
        if any(read.window == state.window for read in result.windows)
        for part in state.parts
    ]
    gone, live = parents_in(brought, wanted_of(child))
    parents = {key: record for key, record in child.landed.items() if key not in gone} | live
    with extractor.spool.open(window, extractor.meta(child, WINDOW, None, vendor_now)) as spool:
        courses = _courses(spool)
        pending = _Pending(Gathered(extractor.room.rows))
        if removed := sorted(gone & (set(child.landed) | set(child.positions))):
            pending.replaced = [(key, datetime.now(UTC), None, None) for key in removed]
        todo: deque[tuple[Course, Mapping[str, Any]]] = deque()
        for key, record in sorted(are_asked(child, parents).items()):
            course = courses.get(key) or _begin(child, key, vendor_now, known=key in child.landed)
            if course is not None and not course.done:
                todo.append((course, record))
        windowed = any(each.type == "window" for each in child.definition.deletes)
        try:
            for course, batches in _turns(extractor, child, todo):
                for batch in batches:
                    pending.gathered.add(batch)
                    result.rejected += batch.rejects.num_rows if batch.rejects is not None else 0
                    result.children[child.name] = result.children.get(child.name, 0) + batch.rows.num_rows
                pending.courses.append(course)
                courses[course.parent] = course
                bounds = course.bounds
                if course.done and course.served and (bounds.role == "all" or windowed):
                    pending.replaced.append((course.parent, course.began, bounds.lower, bounds.upper))
                if pending.gathered.full:
                    pending.write(spool, on_part)
        finally:
            # after an error: what was gathered counts, and the next run goes on behind it
            pending.write(spool, on_part)
        spool.finish()
        rows, parts = spool.resume_from.rows, spool.parts
    positions = _positions(child, courses.values(), vendor_now)
    result.positions += positions
    result.windows.append(WindowRead(window, rows, None, due=bool(positions)))
    return window, parts


def _courses(spool: WindowSpool) -> dict[str, Course]:
    """How far each parent is, as an earlier run left it."""
    found: dict[str, Course] = {}
    for part in spool.parts:
        if part.kind == "positions":
            found.update({row["parent"]: Course.of(row) for row in pq.read_table(part.path).to_pylist()})
    return found


def _begin(child: Task, key: str, vendor_now: datetime, *, known: bool) -> Course | None:
    """The course of a parent in this run. A parent that was gone, and is back, is read from its beginning."""
    standing = child.positions.get(key) if known else None
    at = replace(
        child,
        watermark=standing.watermark if standing is not None else None,
        token=standing.token if standing is not None else None,
    )
    bounds = bounds_for(at, vendor_now)
    if bounds.lower is not None and bounds.lower == bounds.upper:
        return None
    return Course(key, bounds, vendor_now, datetime.now(UTC))


def _turns(
    extractor: Extractor, child: Task, todo: deque[tuple[Course, Mapping[str, Any]]]
) -> Iterator[tuple[Course, list[Batch]]]:
    """Some pages of each parent after the other, as many parents at a time as there are workers."""
    shapes: dict[int, Shape] = {}
    running: deque[tuple[Mapping[str, Any], Future[tuple[Course, list[Batch]]]]] = deque()
    try:
        while todo or running:
            while todo and len(running) <= extractor.workers:
                course, record = todo.popleft()
                definition = _read_of(child, course)
                shape = shapes.setdefault(id(definition), extractor.shape(child, definition))
                turn = extractor.pool.submit(carried(_turn), extractor, child, definition, shape, course, record)
                running.append((record, turn))
            record, future = running.popleft()
            course, batches = future.result()
            if not course.done:
                # it goes on before the next parent begins: what is open at a time stays few
                todo.appendleft((course, record))
            yield course, batches
    finally:
        for _, future in running:
            future.cancel()


def _read_of(child: Task, course: Course) -> Read:
    reads = child.definition.reads
    own = reads.all if course.bounds.role == "all" else reads.changes
    choices = own or reads.changes or reads.all or reads.by_parent
    if not choices:
        raise FixDefinition(
            f"the definition has no read that serves {child.name} of one parent",
            next_step="give it `all` and `changes`, or `by_parent`, with `{parent.x}` in the request",
            object=child.name,
        )
    return choices[0]


def _turn(
    extractor: Extractor, child: Task, definition: Read, shape: Shape, course: Course, record: Mapping[str, Any]
) -> tuple[Course, list[Batch]]:
    """Up to `PAGES_A_TURN` pages of one parent's children."""
    bounds = course.bounds
    bindings = {"since": bounds.lower, "until": bounds.upper, **parent_bindings(child, course.parent, record)}
    ask = Ask(child.schema, child.definition, definition, bounds.role, shape.fields, bindings, extra_paths(child))
    start = course.at or (Position(bounds.token) if bounds.token else None)
    batches: list[Batch] = []
    try:
        for page in islice(read_pages(extractor.connection, ask, start), PAGES_A_TURN):
            batches.append(batch_of(page, shape, child, read_at=page.sent_at, parents=[course.parent] * page.rows))
            course = replace(
                course,
                at=page.next,
                told=page.told or course.told,
                rows=course.rows + page.rows,
                done=page.next is None,
            )
    except NotServed:
        return replace(course, done=True, served=False), []
    except WindowLost as lost:
        return _again(course, lost), []
    if course.done and course.told is None and _feed_follows(child, course):
        return replace(course, bounds=Bounds(None, None, ""), at=None, done=False), batches
    return course, batches


def _again(course: Course, lost: WindowLost) -> Course:
    """From the beginning: of the window, or of everything where the vendor has forgotten the position."""
    if isinstance(lost, PositionLost) and course.bounds.token:
        return replace(course, bounds=Bounds(None, None), at=None, told=None, began=datetime.now(UTC))
    if course.restarts == _RESTARTS:
        raise lost
    return replace(course, at=None, told=None, began=datetime.now(UTC), restarts=course.restarts + 1)


def _feed_follows(child: Task, course: Course) -> bool:
    """Whether everything was read by a read that tells no position, where another one would."""
    reads = child.definition.reads
    of_token = isinstance(child.definition.changed, ChangedToken)
    return of_token and course.bounds.role == "all" and bool(reads.changes) and reads.changes != reads.all


def parent_bindings(child: Task, key: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """What `{parent.key}` and `{parent.x}` stand for. record: the parent's fields, as far as requests name them."""
    above = child.parent_key
    own = {f"parent.{name.removeprefix('key.')}": value for name, value in key_bindings(key, above).items()}
    return {**{f"parent.{name}": value for name, value in record.items()}, **own}


def _positions(child: Task, courses: Sequence[Course] | Any, vendor_now: datetime) -> list[ParentPosition]:
    """The positions worth keeping: of parents that brought rows, that are new, or whose position grows old."""
    changed = child.definition.changed
    if isinstance(changed, ChangedNone):
        return []
    found: list[ParentPosition] = []
    for course in courses:
        if not course.done or not course.served:
            continue
        standing = child.positions.get(course.parent)
        token = course.told or course.bounds.token or None
        watermark = watermark_of(course.bounds, course.started, child.definition)
        old = is_worth_keeping(changed, standing.watermark if standing is not None else None, vendor_now)
        if course.rows or standing is None or course.bounds.role == "all" or old:
            found.append(ParentPosition(child.name, course.parent, watermark, token))
    return found
