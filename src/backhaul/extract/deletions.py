"""How deletions are seen where the records themselves do not tell: feeds, scans, the census of keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from backhaul.config.objects import ChangedField, DeleteCensus, DeleteFeed, DeleteScan
from backhaul.config.reads import Read
from backhaul.extract.again import keys_table
from backhaul.extract.batches import deletes_table
from backhaul.extract.bounds import Bounds, floor_to
from backhaul.extract.parents import parents_table
from backhaul.extract.task import ObjectRead, Task, WindowRead
from backhaul.extract.window import PART_ROWS, OnPart
from backhaul.protocol.keys import escape, join_key
from backhaul.protocol.reads import Ask, NotServed, read_pages
from backhaul.protocol.values import read_timestamp
from backhaul.spool.parts import WindowId
from backhaul.telemetry.log import Logger

if TYPE_CHECKING:
    from backhaul.extract.objects import Extractor

_log = Logger("extract")
FEED, SCAN, CENSUS = "deletes-feed", "deletes-scan", "census"
WINDOW_OF = {"feed": FEED, "scan": SCAN, "census": CENSUS}
"""Kind of deletion -> the window that holds it, whose watermark says when it was last looked for."""


def read(
    extractor: Extractor,
    task: Task,
    vendor_now: datetime,
    result: ObjectRead,
    on_part: OnPart,
    *,
    began: datetime | None = None,
) -> None:
    """Look for deletions of the kinds that are due.

    A first read has nothing here that could have been deleted: only the time is noted, from which to look next.
    began: when an earlier run began a first read that this one went on with; what it read may be deleted by now.
    """
    for delete in task.definition.deletes:
        if delete.type not in WINDOW_OF:
            continue
        # a census asks for every key again: after a first read in two goes it waits for its day
        waits = began is None or (isinstance(delete, DeleteCensus) and not task.census)
        if task.watermark is None and waits:
            window = WindowId(extractor.connection.name, task.name, WINDOW_OF[delete.type])
            result.windows.append(WindowRead(window, 0, began or vendor_now))
        elif delete.type not in task.deletes_due:
            continue
        elif isinstance(delete, DeleteFeed):
            since = task.delete_watermark or task.watermark or began
            try:
                _read_feed(extractor, task, delete, since, vendor_now, result, on_part)
            except NotServed as refused:
                # what the feed does not tell a census finds, if later
                if not any(isinstance(each, DeleteCensus) for each in task.definition.deletes):
                    raise
                result.refused[delete.type] = refused.refused.what
        elif isinstance(delete, DeleteScan):
            _read_scan(extractor, task, delete, vendor_now, result, on_part)
        elif isinstance(delete, DeleteCensus):
            _read_census(extractor, task, delete, vendor_now, result, on_part)


def _read_feed(
    extractor: Extractor,
    task: Task,
    feed: DeleteFeed,
    since: datetime | None,
    vendor_now: datetime,
    result: ObjectRead,
    on_part: OnPart,
) -> None:
    """Deletions since then, less the overlap of the object's change field.

    An account that has no such feed (`then: absent`) is asked again the next time; a census finds what is gone.
    """
    window = WindowId(extractor.connection.name, task.name, FEED)
    changed = task.definition.changed
    lower = since
    if lower is not None and isinstance(changed, ChangedField):
        lower = floor_to(lower - changed.overlap, changed.resolution)
    asked_at = datetime.now(UTC)
    bindings = {"since": lower, "until": vendor_now}
    try:
        keys, moments = _tombstones(extractor, task, feed, "deleted", feed.key, feed.at, bindings)
    except NotServed as unseen:
        if unseen.refused.outcome != "absent":
            raise
        _log.warning("the vendor does not tell this account what was deleted", object=task.name, said=str(unseen))
        return
    _write(extractor, task, window, keys, moments, asked_at, vendor_now, result, on_part)
    result.windows.append(WindowRead(window, len(keys), vendor_now, due=True))


def _read_scan(
    extractor: Extractor, task: Task, scan: DeleteScan, vendor_now: datetime, result: ObjectRead, on_part: OnPart
) -> None:
    """Every deleted record that the vendor still shows; who is missing among those deleted here was restored."""
    window = WindowId(extractor.connection.name, task.name, SCAN)
    asked_at = datetime.now(UTC)
    keys, moments = _tombstones(
        extractor, task, getattr(task.definition.reads, scan.read)[0], "deleted", task.schema.key[0], scan.at, {}
    )
    _write(extractor, task, window, keys, moments, asked_at, vendor_now, result, on_part, always=True)
    result.census.append(window)
    result.windows.append(WindowRead(window, len(keys), vendor_now, due=True))


def _read_census(
    extractor: Extractor, task: Task, census: DeleteCensus, vendor_now: datetime, result: ObjectRead, on_part: OnPart
) -> None:
    """Every key that the vendor has."""
    window = WindowId(extractor.connection.name, task.name, CENSUS)
    extractor.spool.clean([window])
    definition: Read = getattr(task.definition.reads, census.read)[0]
    key_fields = tuple(task.schema.fields[name] for name in task.schema.key)
    asked_at = datetime.now(UTC)
    with extractor.spool.open(window, extractor.meta(task, CENSUS, None, vendor_now)) as spool:
        for each in extractor.connection.each(definition):
            bindings = {"each": each} if each is not None else {}
            ask = Ask(task.schema, task.definition, definition, "keys", key_fields, bindings)
            waiting: list[str] = []
            for page in read_pages(extractor.connection, ask):
                columns = [page.columns[name] for name in task.schema.key]
                waiting += [join_key(parts) for parts in zip(*columns, strict=True) if None not in parts]
                if len(waiting) >= PART_ROWS:
                    on_part(spool.write(keys_table(waiting, asked_at), kind="keys"))
                    waiting = []
            on_part(spool.write(keys_table(waiting, asked_at), kind="keys"))
        spool.finish()
    result.census.append(window)
    result.windows.append(WindowRead(window, 0, vendor_now, due=True))


def _tombstones(
    extractor: Extractor,
    task: Task,
    definition: Read,
    role: str,
    key: str,
    at: str | None,
    bindings: Mapping[str, datetime | None],
) -> tuple[list[str], list[datetime]]:
    values = definition.values or extractor.connection.source.values
    zone = extractor.connection.zone_of(values)
    extra = {"_gone": key, **({"_at": at} if at else {})}
    schema = replace(task.schema, change_field=None)
    ask = Ask(schema, task.definition, definition, role, (), bindings, extra)
    keys: list[str] = []
    moments: list[datetime] = []
    for each in extractor.connection.each(definition):
        of_each = replace(ask, bindings={**bindings, "each": each}) if each is not None else ask
        for page in read_pages(extractor.connection, of_each):
            stamps = page.columns.get("_at") or [None] * page.rows
            for gone, stamp in zip(page.columns["_gone"], stamps, strict=True):
                if gone is not None:
                    keys.append(escape(str(gone)))
                    moments.append(read_timestamp(stamp, values, zone) if stamp else page.sent_at)
    return keys, moments


def _write(
    extractor: Extractor,
    task: Task,
    window: WindowId,
    keys: list[str],
    moments: list[datetime],
    asked_at: datetime,
    vendor_now: datetime,
    result: ObjectRead,
    on_part: OnPart,
    *,
    always: bool = False,
) -> None:
    """Tombstones for the object, and for its children that nothing else would remove."""
    if not keys and not always:
        return
    extractor.spool.clean([window])
    with extractor.spool.open(window, extractor.meta(task, "deleted", Bounds(None, None), vendor_now)) as spool:
        on_part(spool.write(deletes_table(keys, moments, asked_at, extractor.run_id), kind="deletes", last=True))
    for child in task.children if keys else ():
        of_child = WindowId(window.connection, child.name, window.name)
        extractor.spool.clean([of_child])
        with extractor.spool.open(of_child, extractor.meta(child, "deleted", None, vendor_now)) as spool:
            on_part(spool.write(parents_table([(key, asked_at) for key in keys]), kind="parents", last=True))
        result.windows.append(WindowRead(of_child, 0, None))
