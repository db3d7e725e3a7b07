"""Reads one object of a connection: its windows, its children, its deletions."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from backhaul.config.objects import ChangedField, ChangedToken
from backhaul.config.reads import Read
from backhaul.errors import BackhaulError, FixDefinition, WindowLost
from backhaul.extract import children, deletions
from backhaul.extract.again import AGAIN, Shown, compare_shown
from backhaul.extract.batches import Shape, batch_of
from backhaul.extract.bounds import Bounds, bounds_for, is_worth_keeping, watermark_of
from backhaul.extract.by_key import pages_by_key
from backhaul.extract.privacy import kept_fields
from backhaul.extract.room import Room
from backhaul.extract.task import ObjectRead, Task, WindowRead
from backhaul.extract.window import TOLD, Beside, Gathered, OnPart, extra_paths, flush, read_window
from backhaul.extract.windows import SIDE_BY_SIDE, Finished, can_be_cut, cut, reached
from backhaul.protocol.connection import Connection
from backhaul.protocol.jobs import JobFailed, with_job
from backhaul.protocol.reads import Ask, NextRead, NotServed, PositionLost, TooMany, read_pages
from backhaul.protocol.render import Bindings
from backhaul.protocol.schema import Field
from backhaul.spool.parts import Part, WindowId, WindowMeta
from backhaul.spool.spool import Spool
from backhaul.spool.window import WindowSpool
from backhaul.telemetry.context import carried
from backhaul.telemetry.progress import SILENT, ObjectStarted, Progress

_SMALLEST = timedelta(seconds=1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Extractor:
    """Reads objects of one connection into the customer's spool. Objects may be read side by side.

    workers: how many batches of children are fetched at a time. hash_key: of private fields that are hashed. room: what
    may wait in memory, of several connections together where they are given the same.
    """

    def __init__(
        self,
        connection: Connection,
        spool: Spool,
        *,
        run_id: str,
        hash_key: bytes,
        progress: Progress = SILENT,
        room: Room | None = None,
        workers: int = 8,
    ) -> None:
        self.connection = connection
        self.spool = spool
        self.run_id = run_id
        self.hash_key = hash_key
        self.progress = progress
        self.room = room or Room()
        self.workers = workers
        self.pool = ThreadPoolExecutor(workers, thread_name_prefix="children")

    def close(self) -> None:
        self.pool.shutdown(wait=True, cancel_futures=True)

    def read(self, task: Task, vendor_now: datetime, on_part: OnPart) -> ObjectRead:
        """Read what is due of one object. on_part: called for each part as it is on disk.

        Raises what the vendor's answers mean; what was read by then is on disk and the next run goes on from it.
        """
        result = ObjectRead(task.name, token=task.token)
        reads = self._reads(task)
        try:
            at = task
            left, began = self._left_open(task)
            if left:
                finished = self._read_windows(task, reads, left, vendor_now, result, on_part)
                at = replace(task, watermark=reached(finished, task.watermark), full=False, since=None)
                result.token = _token_of(finished)
            bounds = bounds_for(at, vendor_now)
            windowed = bounds.lower is not None
            # windows that are left of a read with a hole at its beginning reach nothing: everything is asked for again
            whole = not left or (at.watermark is None and _tells_change(task))
            if (whole or windowed) and not (windowed and bounds.lower == bounds.upper):
                planned = [(each, each.name) for each in self._planned(task, reads, bounds, vendor_now)]
                finished = self._read_windows(task, reads, planned, vendor_now, result, on_part)
                # `since` is the caller's word: where it lies beyond the watermark, what is between stays to be read
                at = replace(at, watermark=reached(finished, bounds.lower if at.since is None else at.watermark))
                result.token = _token_of(finished)
            result.watermark = at.watermark
            children.read_every_parent(self, task, vendor_now, result, on_part)
            compare_shown(self.spool, task, self.connection.name, vendor_now, result)
            deletions.read(self, task, vendor_now, result, on_part, began=began)
        except NotServed as refused:
            result.not_served = refused.refused.what
        except BackhaulError as error:
            error.within(connection=self.connection.name, object=task.name)
            raise
        return result

    def read_keys(
        self, task: Task, keys: Sequence[str], on_part: OnPart, result: ObjectRead | None = None
    ) -> ObjectRead:
        """Read records, and their children, by key: a webhook's, a refetch's, those that a census misses here."""
        result = result or ObjectRead(task.name)
        reads = task.definition.reads.by_key
        if not reads:
            raise no_read(task, "by_key")
        read, started = reads[0], datetime.now(UTC)
        shape = self.shape(task, read)
        window = WindowId(self.connection.name, task.name, f"keys-{self.run_id}-{uuid4().hex[:8]}")
        with self.spool.open(window, self.meta(task, "by_key", None, started)) as spool:
            gathered = Gathered(self.room.rows)
            ask = Ask(task.schema, task.definition, read, "by_key", shape.fields, {}, extra_paths(task))
            for page in pages_by_key(self.connection, ask, keys):
                batch = batch_of(page, shape, task, read_at=page.sent_at)
                gathered.add(batch)
                result.rows += batch.rows.num_rows
            flush(spool, gathered, None, on_part)
            parts = spool.parts
        result.windows.append(WindowRead(window, gathered.count, None))
        children.read_batches(self, task, window, parts, started, result, on_part)
        return result

    # -- windows ---------------------------------------------------------------------------------------------------

    def _left_open(self, task: Task) -> tuple[list[tuple[Bounds, str]], datetime | None]:
        """The windows that an earlier run did not get loaded: they go first, with their own bounds; when they began.

        What else such a run left is asked for again: it was no checkpoint of the object's own position.
        """
        left: list[tuple[Bounds, str]] = []
        began: datetime | None = None
        fingerprint = self.fingerprint(task)
        for state in self.spool.windows(self.connection.name, task.name):
            if state.meta.read == AGAIN:
                continue
            bounds = Bounds(state.meta.lower, state.meta.upper, state.meta.token)
            own = state.meta.read in ("all", "changes") and "@" not in state.window.name
            if own and state.meta.fingerprint == fingerprint and not (task.full and bounds.role == "changes"):
                left.append((bounds, state.window.name))
                began = min(began or state.meta.started_at, state.meta.started_at)
            else:
                self._discard(task, state.window)
        # of a feed one window at a time: `all` goes on to the window behind it by itself
        return (left[:1] if isinstance(task.definition.changed, ChangedToken) else left), began

    def _planned(self, task: Task, reads: dict[str, list[Read]], bounds: Bounds, vendor_now: datetime) -> list[Bounds]:
        """The next window, or several that are worth being read side by side."""
        role = bounds.role
        choices = reads[role] or reads["changes" if role == "all" else "all"]
        changed = task.definition.changed
        if not choices or not isinstance(changed, ChangedField) or not _tells_change(task):
            return [bounds]
        read = next((each for each in choices if not each.at_least), choices[-1])
        job = next((each for each in choices if each.job is not None), None)
        if not can_be_cut(read) or (job is not None and self._count(task, reads, bounds) >= job.at_least):
            return [bounds]
        one = read.model_copy(update={"size": 1, "batch": 1})

        def count(window: Bounds) -> int | None:
            ways = task.definition.reads.count or [one]
            ask = Ask(task.schema, task.definition, ways[0], "count", _keys_only(task),
                      {"since": window.lower, "until": window.upper})  # fmt: skip
            return next((page.total for page in read_pages(self.connection, ask)), None)

        if read.total is None and not task.definition.reads.count:
            return [bounds]
        return cut(bounds, read, count, vendor_now, changed.resolution)

    def _read_windows(
        self,
        task: Task,
        reads: dict[str, list[Read]],
        windows: Sequence[tuple[Bounds, str]],
        vendor_now: datetime,
        result: ObjectRead,
        on_part: OnPart,
    ) -> list[Finished]:
        """Read windows, several at a time. Raises the first error when all have ended; what is finished stays on disk.

        A crash may leave some of them unopened: the next run resumes those on disk and goes on from where their
        unbroken run ends.
        """
        if len(windows) == 1:
            bounds, name = windows[0]
            return self._read_one(task, reads, bounds, name, vendor_now, result, on_part)
        finished: list[Finished] = []
        error: BaseException | None = None
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix=f"windows-{task.name}") as pool:
            own = [ObjectRead(task.name) for _ in windows]
            futures = [
                pool.submit(carried(self._read_one), task, reads, bounds, name, vendor_now, part, on_part)
                for (bounds, name), part in zip(windows, own, strict=True)
            ]
            for future, part in zip(futures, own, strict=True):
                try:
                    finished += future.result()
                except BaseException as raised:  # noqa: BLE001  raised again below, when the other windows have ended
                    error = error or raised
                result.add(part)
        if error is not None:
            raise error
        return finished

    def _discard(self, task: Task, window: WindowId) -> None:
        """Forget a window, and what its parents' children brought."""
        self.spool.discard(window)
        for child in task.below:
            self.spool.discard(WindowId(window.connection, child.name, window.name))

    def _read_one(
        self,
        task: Task,
        reads: dict[str, list[Read]],
        bounds: Bounds,
        name: str,
        vendor_now: datetime,
        result: ObjectRead,
        on_part: OnPart,
    ) -> list[Finished]:
        role = bounds.role
        choices = reads[role] or reads["changes" if role == "all" else "all"]
        if not choices:
            raise no_read(task, role)
        window = WindowId(self.connection.name, task.name, name)
        for number, read in enumerate(choices):
            if number + 1 < len(choices) and read.at_least and self._count(task, reads, bounds) < read.at_least:
                continue
            try:
                done: Finished | None = None
                totals: list[int | None] = []
                for each in self.connection.each(read):
                    if each is not None:
                        result.total = None
                    one = window if each is None else replace(window, name=f"{name}@{each}")
                    bindings = {"since": bounds.lower, "until": bounds.upper, "each": each}
                    done = self._read_window(task, read, role, bounds, bindings, one, vendor_now, result, on_part)
                    totals.append(result.total)
                result.total = None if None in totals else sum(each for each in totals if each is not None)
                if done is not None and self._tells_nothing(task, role, done):
                    beginning = Bounds(None, None, "")
                    return self._read_one(task, reads, beginning, beginning.name, vendor_now, result, on_part)
                return [done] if done is not None else []
            except PositionLost:
                self._discard(task, window)
                everything = Bounds(None, None)
                return self._read_one(task, reads, everything, everything.name, vendor_now, result, on_part)
            except (NextRead, JobFailed) as cannot:
                self._discard(task, window)
                if number + 1 == len(choices):
                    raise (no_read(task, role) if isinstance(cannot, NextRead) else cannot) from None
            except TooMany as more:
                self._discard(task, window)
                halves = [(half, half.name) for half in _halves(bounds, vendor_now, task, more, open=can_be_cut(read))]
                return [
                    each
                    for half, half_name in halves
                    for each in self._read_one(task, reads, half, half_name, vendor_now, result, on_part)
                ]
        raise no_read(task, role)

    def _read_window(
        self,
        task: Task,
        read: Read,
        role: str,
        bounds: Bounds,
        bindings: Mapping[str, Any],
        window: WindowId,
        vendor_now: datetime,
        result: ObjectRead,
        on_part: OnPart,
    ) -> Finished:
        how = "job" if read.job else f"{read.method.lower()}, {read.next.type if read.next else 'one page'}"
        result.how = f"{role}: {how}"
        self.progress.on(
            ObjectStarted(self.connection.customer, self.connection.name, task.name, result.total, result.how)
        )
        shape = self.shape(task, read)
        for attempt in range(3):
            with self.spool.open(window, self.meta(task, role, bounds, vendor_now)) as spool:
                beside = self._beside(task, window, spool, role, result)
                try:
                    read_window(
                        self.connection, task, read, role, spool, shape, result, self.progress, on_part,
                        bindings=bindings, room=self.room, beside=beside,
                    )  # fmt: skip
                except (WindowLost, NotServed) as lost:
                    if isinstance(lost, PositionLost) and bounds.token:
                        raise
                    # a job that an earlier run started may be gone by now: the window starts again
                    if attempt == 2 or (isinstance(lost, NotServed) and "job_id" not in spool.notes):
                        raise
                    spool.restart()
                    continue
                for each in beside:
                    each.finish(on_part)
                self._forget_job(read, spool.notes.get("job_id"), task.name)
                started, rows, parts = spool.meta.started_at, spool.resume_from.rows, spool.parts
                told = spool.notes.get(TOLD)
            due = told is not None and is_worth_keeping(task.definition.changed, task.watermark, vendor_now)
            result.windows.append(WindowRead(window, rows, None, result.total, due))
            self._read_children(task, window, parts, bounds, started, result, on_part)
            return Finished(bounds, watermark_of(bounds, started, task.definition), told or bounds.token or None)
        raise no_read(task, role)

    def _beside(self, task: Task, window: WindowId, spool: WindowSpool, role: str, result: ObjectRead) -> list[Beside]:
        """What is kept of a window's pages beside its rows: children within them, keys that a full read shows."""
        beside: list[Beside] = []
        embedded = children.Embedded(self, task, window, spool.meta.started_at, result)
        if embedded:
            beside.append(embedded)
        if role == "all" and task.watermark is not None and isinstance(task.definition.changed, ChangedToken):
            at = spool.resume_from
            fresh = not (at.page_token or at.last_key or at.finished)
            meta = replace(spool.meta, read=AGAIN)
            beside.append(Shown.beside(self.spool, window, meta, fresh=fresh))
        return beside

    def _tells_nothing(self, task: Task, role: str, done: Finished) -> bool:
        """Whether everything was read by a read that tells no position, where another one would."""
        reads = task.definition.reads
        own = bool(reads.changes) and reads.changes != reads.all
        return isinstance(task.definition.changed, ChangedToken) and role == "all" and done.token is None and own

    def _read_children(
        self, task: Task, window: WindowId, parts: Sequence[Part], bounds: Bounds, started: datetime,
        result: ObjectRead, on_part: OnPart,
    ) -> None:  # fmt: skip
        children.read_batches(self, task, window, parts, started, result, on_part)
        touched = children.touched_parents(self, task, bounds.lower, bounds.upper)
        if touched:
            self.read_keys(task, sorted(touched), on_part, result)

    def _count(self, task: Task, reads: dict[str, list[Read]], bounds: Bounds) -> int:
        """How many rows a window has, as the vendor counts; many where it cannot tell."""
        for read in task.definition.reads.count:
            ask = Ask(task.schema, task.definition, read, "count", (), {"since": bounds.lower, "until": bounds.upper})
            for page in read_pages(self.connection, ask):
                return page.total if page.total is not None else 1 << 60
        return 1 << 60

    def _forget_job(self, read: Read, job_id: str | None, object: str) -> None:
        if read.job is None or read.job.delete is None or job_id is None:
            return
        with contextlib.suppress(BackhaulError):
            # the rows are on disk; a job that stays behind expires by itself
            self.connection.call(read.job.delete, with_job(Bindings(), {"id": job_id}), role="job", object=object)

    # -- shapes ----------------------------------------------------------------------------------------------------

    def _reads(self, task: Task) -> dict[str, list[Read]]:
        return {"all": task.definition.reads.all, "changes": task.definition.reads.changes}

    def shape(self, task: Task, read: Read) -> Shape:
        values = read.values or self.connection.source.values
        return Shape(
            connection=self.connection.name,
            object=task.name,
            fields=kept_fields(task.fields, task.choice.private),
            key=task.schema.key,
            change_field=task.schema.change_field,
            private=task.choice.private,
            hash_key=self.hash_key,
            values=values,
            zone=self.connection.zone_of(values),
            run_id=self.run_id,
            child=task.definition.parent is not None,
        )

    def fingerprint(self, task: Task) -> str:
        """Of what the parts hold. A field that reads were refused on the way changes nothing: it would be NULL."""
        read, chosen = {each.name for each in task.fields}, task.choice.fields
        fields = [
            (each.name, each.type)
            for each in task.schema.fields.values()
            if each.name in read or (not each.readable and (chosen == "all" or each.name in chosen))
        ]
        content = fields, sorted(task.choice.private.items())
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]

    def meta(self, task: Task, role: str, bounds: Bounds | None, vendor_now: datetime) -> WindowMeta:
        lower, upper = (bounds.lower, bounds.upper) if bounds is not None else (None, None)
        token = bounds.token if bounds is not None else None
        return WindowMeta(role, self.fingerprint(task), self.run_id, vendor_now, lower, upper, token)


def _token_of(finished: Sequence[Finished]) -> str | None:
    return next((each.token for each in reversed(finished) if each.token is not None), None)


def _keys_only(task: Task) -> tuple[Field, ...]:
    return tuple(task.schema.fields[name] for name in task.schema.key)


def no_read(task: Task, role: str) -> FixDefinition:
    return FixDefinition(
        f"the definition has no read `{role}` that serves {task.name}",
        next_step="add the read to the source definition, or leave the object out of the pipeline",
        object=task.name,
    )


def _tells_change(task: Task) -> bool:
    return isinstance(task.definition.changed, ChangedField) and task.schema.change_field is not None


def _halves(bounds: Bounds, vendor_now: datetime, task: Task, more: TooMany, *, open: bool) -> tuple[Bounds, Bounds]:
    """A window in two. open: an open beginning may stay open, because the read takes an end without one.

    Raises FixDefinition where it is one instant already.
    """
    upper = bounds.upper or vendor_now
    lower = bounds.lower or max(upper - timedelta(days=365 * 20), _BEGINNING)
    if upper - lower <= _SMALLEST:
        raise FixDefinition(
            f"{more}; even what changed within one second is too much",
            next_step="read fewer fields of it, or give the source definition a smaller page size",
            object=task.name,
        )
    middle = lower + (upper - lower) / 2
    return Bounds(bounds.lower if open else lower, middle), Bounds(middle, bounds.upper)
