"""Pages by number end where the answer tells it, else at a short one; nothing changed is an empty page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.little import Answer, Asked, Little, Reply
from tests.protocol.connections import connect, schema

from backhaul.config.objects import ObjectDefinition
from backhaul.config.reads import Read
from backhaul.protocol.reads import Ask, read_pages

THINGS = schema("things", name="text")


def pages(serve: Callable[[Answer], Little], answers: list[Any], **read: Any) -> tuple[list[str], list[int]]:
    """The pages asked for, and how many rows each had."""
    left = iter(answers)
    server = serve(lambda asked: next(left))
    how = Read.model_validate({"get": "/things", "params": {"page": "{page}"}, "records": "things", "size": 2, **read})
    definition = ObjectDefinition.model_validate({"key": "id", "reads": {"all": [how]}})
    ask = Ask(THINGS, definition, how, "all", tuple(THINGS.fields.values()))
    rows = [page.rows for page in read_pages(connect(server), ask)]
    return [each.params.get("page", "") for each in server.asked], rows


def page(rows: int, **told: Any) -> Any:
    return {"things": [{"id": str(n), "name": "x"} for n in range(rows)], "paging": told}


@pytest.mark.parametrize(
    ("answers", "asked", "rows"),
    [
        ([page(2, pages=2), page(2, pages=2)], ["1", "2"], [2, 2]),
        ([page(1, pages=3), page(1, pages=3), page(2, pages=3)], ["1", "2", "3"], [1, 1, 2]),
        ([page(0, pages=0)], ["1"], [0]),
        ([page(2), page(2), page(1)], ["1", "2", "3"], [2, 2, 1]),
    ],
    ids=["told", "pages smaller than asked for", "none", "not told"],
)
def test_the_last_page(answers: list[Any], asked: list[str], rows: list[int], serve: Callable[..., Little]) -> None:
    assert pages(serve, answers, next={"type": "page", "last": "paging.pages"}) == (asked, rows)


def test_nothing_changed_is_a_page_without_rows(serve: Callable[..., Little]) -> None:
    def answer(asked: Asked) -> Any:
        assert asked.headers["if-modified-since"]
        return Reply(status=304)

    server = serve(answer)
    how = Read.model_validate(
        {"get": "/things", "headers": {"If-Modified-Since": "2026-01-01T00:00:00"}, "records": "things",
         "total": "paging.rows", "next": {"type": "page", "last": "paging.pages"}}
    )  # fmt: skip
    definition = ObjectDefinition.model_validate({"key": "id", "reads": {"changes": [how]}})
    ask = Ask(THINGS, definition, how, "changes", tuple(THINGS.fields.values()))
    (only,) = read_pages(connect(server), ask)
    assert (only.rows, only.next, only.total, only.unknown()) == (0, None, None, {})
