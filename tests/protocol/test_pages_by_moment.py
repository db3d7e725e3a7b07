"""Pages by moment begin where the last row changed: none lies deep, and what moves while it is read is not skipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.little import Answer, Asked, Little, Reply
from tests.protocol.connections import connect, schema

from backhaul.config.objects import ObjectDefinition
from backhaul.config.reads import Read
from backhaul.errors import FixDefinition
from backhaul.protocol.paging import Position
from backhaul.protocol.reads import Ask, read_pages

THINGS = replace(schema("things", changed="timestamp"), change_field="changed")
START = "2000-01-01T00:00:00Z"


class Vendor:
    """Lists what changed since a moment, two records a page, in the order of their change."""

    def __init__(self, **changed: str) -> None:
        self.changed = changed
        self.asked: list[tuple[str, str]] = []
        self.then: dict[int, Callable[[], Any]] = {}

    def __call__(self, asked: Asked) -> Any:
        since, number = asked.params["since"].replace(".000Z", "Z"), asked.params["page"]
        self.asked.append((since, number))
        self.then.pop(len(self.asked), lambda: None)()
        found = sorted((at, id) for id, at in self.changed.items() if at >= since)
        start = 2 * (int(number) - 1)
        more = {"Link": f'</things?page={int(number) + 1}>; rel="next"'} if len(found) > start + 2 else {}
        return Reply([{"id": id, "changed": at} for at, id in found[start : start + 2]], headers=more)


def at(second: int) -> str:
    return f"2026-05-01T00:00:{second:02d}Z"


def read(server: Little, *, since: datetime | None = None, start: Position | None = None) -> list[str]:
    how = Read.model_validate(
        {"get": "/things", "params": {"since": "{since}", "page": "{page}"}, "size": 2,
         "next": {"type": "moment", "start": START, "until": {"header:Link": None}}}
    )  # fmt: skip
    definition = ObjectDefinition.model_validate({"key": "id", "reads": {"all": [how]}})
    ask = Ask(THINGS, definition, how, "all", tuple(THINGS.fields.values()), {"since": since})
    return [id for page in read_pages(connect(server), ask, start) for id in page.columns["id"]]


def test_the_next_page_begins_at_the_last_rows_moment(serve: Callable[[Answer], Little]) -> None:
    vendor = Vendor(a=at(1), b=at(2), c=at(3), d=at(4))
    assert read(serve(vendor)) == ["a", "b", "b", "c", "c", "d"]
    assert vendor.asked == [(START, "1"), (at(2), "1"), (at(3), "1")]


def test_a_window_begins_at_its_own_moment(serve: Callable[[Answer], Little]) -> None:
    vendor = Vendor(a=at(1), b=at(2), c=at(3))
    assert read(serve(vendor), since=datetime(2026, 5, 1, 0, 0, 2, tzinfo=UTC)) == ["b", "c"]


def test_a_moment_that_fills_pages_is_counted_through(serve: Callable[[Answer], Little]) -> None:
    vendor = Vendor(a=at(1), b=at(5), c=at(5), d=at(5), e=at(5), f=at(6))
    found = read(serve(vendor))
    assert sorted(set(found)) == ["a", "b", "c", "d", "e", "f"]
    assert vendor.asked == [(START, "1"), (at(5), "1"), (at(5), "2"), (at(5), "3")]


def test_a_record_that_moves_to_the_end_pushes_none_off_the_page(serve: Callable[[Answer], Little]) -> None:
    vendor = Vendor(a=at(1), b=at(2), c=at(3), d=at(4))
    vendor.then[2] = lambda: vendor.changed.update(a=at(9))
    assert set(read(serve(vendor))) == {"a", "b", "c", "d"}


def test_a_read_goes_on_where_it_stopped(serve: Callable[[Answer], Little]) -> None:
    vendor = Vendor(a=at(5), b=at(5), c=at(5), d=at(6))
    assert read(serve(vendor), start=Position("2026-05-01T00:00:05+00:00 2")) == ["c", "d"]


def test_rows_that_tell_no_moment_are_an_error(serve: Callable[[Answer], Little]) -> None:
    def answer(asked: Asked) -> Any:
        return Reply([{"id": "a"}, {"id": "b"}], headers={"Link": '</things?page=2>; rel="next"'})

    with pytest.raises(FixDefinition, match="tell none"):
        read(serve(answer))
