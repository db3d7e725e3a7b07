"""Reads records by their keys: those that a list names, those that someone asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from backhaul.config.reads import Read
from backhaul.extract.batches import joined
from backhaul.protocol import render
from backhaul.protocol.connection import Connection
from backhaul.protocol.keys import join_key, key_bindings
from backhaul.protocol.reads import Ask, NotServed, Page, read_pages
from backhaul.protocol.render import Bindings
from backhaul.telemetry.context import carried

SIDE_BY_SIDE = 4
"""Requests for records of one page of keys that are on their way at a time."""


def pages_by_key(connection: Connection, ask: Ask, keys: Sequence[str]) -> Iterator[Page]:
    """The records with these keys, as raw tables spell them. ask: of the read by key, its bindings to be filled.

    A record that is not there is in no page. Raises what `read_pages` raises.
    """
    for start in range(0, len(keys), ask.read.batch):
        yield from _batch(connection, ask, keys[start : start + ask.read.batch])


def _batch(connection: Connection, ask: Ask, keys: Sequence[str]) -> list[Page]:
    bound = _bound(ask.read, keys, ask.schema.key)
    found: list[Page] = []
    for each in connection.each(ask.read):
        try:
            found += read_pages(connection, replace(ask, bindings={**bound, "each": each}))
        except NotServed as refused:
            if refused.refused.outcome != "absent":
                raise
    return found


def _bound(read: Read, keys: Sequence[str], fields: tuple[str, ...]) -> dict[str, Any]:
    each = [key_bindings(key, fields) for key in keys]
    if read.item is not None:
        return {"items": [render.body(read.item, Bindings(one)) for one in each]}
    return {"keys": [one["key"] for one in each]} if read.batch > 1 else dict(each[0])


def hydrated(connection: Connection, ask: Ask, lists: Iterator[Page]) -> Iterator[Page]:
    """For each page of keys one page of the records that they name, with the position of the page of keys."""
    size = ask.read.batch
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="hydrate") as pool:
        for listed in lists:
            columns = [listed.columns[name] for name in ask.schema.key]
            keys = [join_key(parts) for parts in zip(*columns, strict=True) if None not in parts]
            batches = [keys[start : start + size] for start in range(0, len(keys), size)]
            found = list(pool.map(carried(partial(_batch, connection, ask)), batches))
            yield _as_one(listed, [page for batch in found for page in batch])


def _as_one(listed: Page, pages: Sequence[Page]) -> Page:
    if not pages:
        return replace(listed, columns={}, rows=0, exact=dict, unknown=dict)
    unknown = {name: value for page in reversed(pages) for name, value in page.unknown().items()}
    return replace(
        joined(pages),
        next=listed.next,
        total=listed.total,
        told=listed.told,
        sent_at=min(page.sent_at for page in pages),
        bytes=listed.bytes + sum(page.bytes for page in pages),
        unknown=lambda: unknown,
    )
