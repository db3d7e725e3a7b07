"""Children that stand within their parents: told apart by their place, and gone with a parent that is deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.little import Answer, Little, Place, definition

LINES = {
    "key": ["entry", "place"],
    "fields": {"entry": "text", "place": "integer", "text": "text"},
    "parent": {"object": "entries", "at": "lines", "add": {"entry": "{parent.id}", "place": "{place}"}},
}
ENTRIES = {
    "key": "id",
    "fields": {"id": "text", "at": "timestamp"},
    "changed": {"type": "field", "field": "at", "index_lag": "0s"},
    "reads": {"all": {"get": "/entries", "records": "entries"}},
}


def test_a_line_that_goes_from_the_middle_leaves_no_gap(serve: Callable[[Answer], Little], tmp_path: Path) -> None:
    held = {"e1": ["rent", "tax", "fee"], "e2": ["wages"], "e3": []}

    def answer(asked: Any) -> Any:
        at = f"2026-01-01T00:00:{len(held['e1']):02}Z"
        return {
            "entries": [{"id": id, "at": at, "lines": [{"text": each} for each in texts]} for id, texts in held.items()]
        }

    objects = {"entries": ENTRIES, "lines": LINES}
    books = Place(tmp_path, definition(serve(answer).url, objects=objects), {name: {} for name in objects})
    books.sync()
    rows = "SELECT entry, place, text, _key FROM raw.crm__lines WHERE _deleted_at IS NULL ORDER BY 1, 2"
    assert books.rows(rows) == [
        ("e1", "1", "rent", "e1:1"), ("e1", "2", "tax", "e1:2"), ("e1", "3", "fee", "e1:3"),
        ("e2", "1", "wages", "e2:1"),
    ]  # fmt: skip
    held["e1"].remove("tax")
    books.sync(full=True)
    assert [row[:3] for row in books.rows(rows)] == [("e1", "1", "rent"), ("e1", "2", "fee"), ("e2", "1", "wages")]


def test_lines_of_a_record_that_is_flagged_as_deleted_go_with_it(
    serve: Callable[[Answer], Little], tmp_path: Path
) -> None:
    state = {"e1": "open", "e2": "open"}

    def answer(asked: Any) -> Any:
        return {"entries": [{"id": id, "state": each, "lines": [{"text": "rent"}]} for id, each in state.items()]}

    entries = {
        "key": "id",
        "fields": {"id": "text", "state": "text"},
        "reads": {"all": {"get": "/entries", "records": "entries"}},
        "deletes": [{"type": "flag", "when": {"state": "deleted"}}],
    }
    objects = {"entries": entries, "lines": LINES}
    books = Place(tmp_path, definition(serve(answer).url, objects=objects), {name: {} for name in objects})
    live = "SELECT _key FROM raw.crm__lines WHERE _deleted_at IS NULL ORDER BY 1"
    books.sync()
    assert books.rows(live) == [("e1:1",), ("e2:1",)]
    state["e1"] = "deleted"
    books.sync()
    assert books.rows(live) == [("e2:1",)]
    assert books.sync().sync.changed == 0, "nobody says when it was deleted, and it is so only once"
    state["e1"] = "open"
    books.sync()
    assert books.rows(live) == [("e1:1",), ("e2:1",)], "what comes back brings its lines"
