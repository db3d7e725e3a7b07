"""A path that matches nothing is told from an answer that is empty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.little import Answer, Little
from tests.protocol.connections import connect, schema

from backhaul.errors import FixDefinition
from backhaul.protocol.reads import Ask, read_pages

ROW = {"id": "1"}


def rows(server: Little, records: str) -> int:
    reads = {"all": {"get": "/things", "records": records}}
    connection = connect(server, objects={"things": {"fields": {"id": "text"}, "reads": reads}})
    definition, of = connection.source.objects["things"], schema("things")
    ask = Ask(of, definition, definition.reads.all[0], "all", tuple(of.fields.values()))
    return sum(page.rows for page in read_pages(connection, ask))


@pytest.mark.parametrize(
    ("records", "answer", "place"),
    [
        ("results", {"data": [ROW]}, "data"),
        ("results", {"data": {"items": [ROW]}}, "data.items"),
        ("data.items", {"data": [ROW], "more": False}, "data"),
        ("data", [ROW], "."),
        ("things | results", {"items": [ROW]}, "items"),
    ],
)
def test_records_that_stand_elsewhere_are_an_error_that_says_where(
    serve: Callable[[Answer], Little], records: str, answer: Any, place: str
) -> None:
    with pytest.raises(FixDefinition) as raised:
        rows(serve(lambda asked: answer), records)
    assert raised.value.what.endswith(f"where the definition looks for records, and has some at `{place}`")
    assert raised.value.next_step == "correct `records` of the read `all` in the source's definition"


@pytest.mark.parametrize(
    ("records", "answer", "count"),
    [
        ("data", {"data": []}, 0),
        ("data", {"data": None, "more": [ROW]}, 0),
        ("data", {"count": 0}, 0),
        ("data", {"count": 0, "links": [{"rel": "self"}]}, 0),
        ("data", {"tags": ["a", "b"]}, 0),
        ("data", [], 0),
        ("data.items", {"data": {"total": 0}, "seen": [ROW]}, 0),
        ("feed[].things", {"feed": [{"time": 1}]}, 0),
        ("things | data", {"data": [ROW]}, 1),
        (".", [ROW, ROW], 2),
    ],
)
def test_an_answer_that_is_empty_is_no_error(
    serve: Callable[[Answer], Little], records: str, answer: Any, count: int
) -> None:
    assert rows(serve(lambda asked: answer), records) == count
