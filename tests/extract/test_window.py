"""One window into the spool: what is written first, and where a read goes on after trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from backhaul.config.calls import Values
from backhaul.config.objects import ObjectDefinition
from backhaul.config.pipeline import ObjectChoice
from backhaul.config.reads import Read
from backhaul.errors import FixDefinition, VendorDown
from backhaul.extract import window as window_room
from backhaul.extract.batches import Shape
from backhaul.extract.room import Room
from backhaul.extract.task import Drift, ObjectRead, Task
from backhaul.extract.window import read_window
from backhaul.protocol.paging import Position
from backhaul.protocol.reads import Page
from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.spool.parts import Part, WindowId, WindowMeta
from backhaul.spool.window import WindowSpool
from backhaul.telemetry.progress import SILENT

AT = datetime(2026, 6, 1, tzinfo=UTC)
WINDOW = WindowId("crm", "things", "all")
META = WindowMeta("all", "f1", "r1", AT)
FIELDS = (Field("id", "text"), Field("n", "integer"), Field("merged", "text"))
SCHEMA = ObjectSchema("things", ("id",), {each.name: each for each in FIELDS})
MERGE = {"type": "merge", "winner": "id", "loser": "merged", "split": ";"}
READ = Read.model_validate({"get": "/things", "size": 2})
KEYSET = Read.model_validate({"get": "/things", "size": 2, "cap": 10})
SHAPE = Shape("crm", "things", FIELDS, ("id",), None, {}, b"k", Values(), "UTC", "r1", False)


def page(number: int, next_: Position | None, *, n: Any = 1, merged: str | None = None, **unknown: Any) -> Page:
    columns = {"id": [f"{number}a", f"{number}b"], "n": [n, 2], "merged": [merged, None]}
    return Page(columns, 2, next_, 40, AT, None, 10, lambda: columns, lambda: unknown)


class Vendor:
    """Serves pages from a position on; an exception among them is raised there."""

    def __init__(self, *answers: Page | Exception) -> None:
        self.answers = answers
        self.starts: list[Position | None] = []

    def __call__(self, connection: Any, ask: Any, start: Position | None, **more: Any) -> Iterator[Page]:
        self.starts.append(start)
        for each in self.answers:
            if isinstance(each, Exception):
                raise each
            yield each


class NoSource:
    def nested_in(self, object: str) -> frozenset[str]:
        return frozenset()


class NoConnection:
    customer, name = "acme", "crm"
    source = NoSource()


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[ObjectRead, list[Part], Vendor]]:
    """Reads the window from these answers, as one run does; what it raises is raised."""

    def run(
        *answers: Page | Exception, by: Read = READ, contract: str = "evolve", parts: list[Part] | None = None
    ) -> tuple[ObjectRead, list[Part], Vendor]:
        vendor = Vendor(*answers)
        monkeypatch.setattr(window_room, "read_pages", vendor)
        definition = ObjectDefinition.model_validate({"deletes": [MERGE]})
        task = Task(SCHEMA, definition, ObjectChoice.model_validate({"contract": contract}), FIELDS)
        result, seen = ObjectRead("things"), parts if parts is not None else []
        with WindowSpool.open(tmp_path, WINDOW, META) as spool:
            read_window(
                NoConnection(),
                task,
                by,
                "all",
                spool,
                SHAPE,
                result,
                SILENT,
                seen.append,
                bindings={},  # type: ignore[arg-type]
                room=Room(),
            )
        return result, seen, vendor

    return run


def state(tmp_path: Path) -> WindowSpool:
    with WindowSpool.open(tmp_path, WINDOW, META) as spool:
        return spool


def keys(parts: list[Part]) -> list[str]:
    return [key for part in parts if part.kind == "rows" for key in pq.read_table(part.path).column("_key").to_pylist()]


Run = Callable[..., tuple[ObjectRead, list[Part], Vendor]]


def test_a_window_that_ends_is_finished_and_counted(read: Run, tmp_path: Path) -> None:
    result, parts, _ = read(page(1, Position("p2")), page(2, None))
    assert keys(parts) == ["1a", "1b", "2a", "2b"]
    assert (result.rows, result.pages, result.bytes, result.total, result.rejected) == (4, 2, 20, 40, 0)
    assert [part.last for part in parts] == [True]
    assert state(tmp_path).resume_from.finished


def test_rejects_and_tombstones_are_on_disk_before_the_rows_that_move_the_position(read: Run) -> None:
    _, parts, _ = read(page(1, None, n="many", merged="7;8"))
    assert [part.kind for part in parts] == ["rejects", "deletes", "rows"]
    assert pq.read_table(parts[1].path).column("_key").to_pylist() == ["7", "8"]
    assert pq.read_table(parts[0].path).column("raw_text").to_pylist() == ["many"]


def test_a_finished_window_is_not_read_again(read: Run) -> None:
    read(page(1, None))
    _, parts, vendor = read(page(1, None))
    assert vendor.starts == []
    assert parts == []


def test_after_an_error_what_came_is_kept_and_the_next_run_goes_on_behind_it(read: Run, tmp_path: Path) -> None:
    parts: list[Part] = []
    with pytest.raises(VendorDown):
        read(page(1, Position("p2")), page(2, Position("p3")), VendorDown("gone"), parts=parts)
    assert keys(parts) == ["1a", "1b", "2a", "2b"]
    resume = state(tmp_path).resume_from
    assert (resume.page_token, resume.finished) == ("p3", False)
    result, more, vendor = read(page(3, None))
    assert vendor.starts == [Position("p3", resume.last_key)]
    assert keys(more) == ["3a", "3b"]
    assert result.total is None


def test_an_error_before_any_page_leaves_the_beginning(read: Run, tmp_path: Path) -> None:
    with pytest.raises(VendorDown):
        read(VendorDown("down"))
    assert state(tmp_path).parts == ()
    _, parts, vendor = read(page(1, None))
    assert vendor.starts == [None]
    assert keys(parts) == ["1a", "1b"]


def test_a_capped_read_goes_on_by_key_because_its_token_counts_towards_the_cap(read: Run, tmp_path: Path) -> None:
    with pytest.raises(VendorDown):
        read(page(1, Position("200")), VendorDown("gone"), by=KEYSET)
    resume = state(tmp_path).resume_from
    assert (resume.page_token, resume.last_key) == (None, "1b")
    _, _, vendor = read(page(2, None), by=KEYSET)
    assert vendor.starts == [Position(None, "1b")]


def test_full_parts_are_written_on_the_way(read: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_room, "PART_ROWS", 3)
    monkeypatch.setattr(window_room, "BATCH_ROWS", 1)
    _, parts, _ = read(page(1, Position("p2")), page(2, Position("p3")), page(3, None))
    assert [(part.rows, part.page_token, part.last) for part in parts] == [(4, "p3", False), (2, None, True)]


def test_a_window_without_a_row_finishes(read: Run, tmp_path: Path) -> None:
    nothing = Page({"id": [], "n": [], "merged": []}, 0, None, 0, AT, None, 2, dict, dict)
    result, parts, _ = read(nothing)
    assert parts == []
    assert result.rows == 0
    assert state(tmp_path).resume_from.finished


def test_a_last_page_without_rows_finishes_what_came_before(read: Run, tmp_path: Path) -> None:
    nothing = Page({"id": [], "n": [], "merged": []}, 0, None, 0, AT, None, 2, dict, dict)
    _, parts, _ = read(page(1, Position("p2")), nothing)
    assert keys(parts) == ["1a", "1b"]
    assert state(tmp_path).resume_from.finished


def test_a_field_on_the_page_that_the_schema_lacks_is_drift_told_once(read: Run) -> None:
    result, _, _ = read(page(1, Position("p2"), tier="gold"), page(2, None, tier="gold"))
    assert result.drift == [Drift("things", "tier", "added", "seen on a page, as text")]


def test_a_frozen_object_stops_at_a_field_that_it_does_not_know(read: Run) -> None:
    with pytest.raises(FixDefinition, match="tier"):
        read(page(1, None, tier="gold"), contract="freeze")
