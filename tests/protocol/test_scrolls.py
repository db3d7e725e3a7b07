"""A scroll moves on with every answer, and an account has one at a time: nothing is missed, and none is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.little import Asked, Little, Place, Reply, definition

SIZE = 3
Serve = Callable[..., Little]


class Scrolling:
    """Ten records of each object, by a scroll. fail: the numbers of requests whose work is done and answer is lost."""

    def __init__(self, fail: tuple[int, ...] = ()) -> None:
        self.fail = fail
        self.refused = 0
        self.asked = 0
        self.opened = 0
        self._left: list[str] | None = None

    def __call__(self, asked: Asked) -> Any:
        self.asked += 1
        if "at" not in asked.params:
            if self._left is not None and self.asked - 1 not in self.fail:
                self.refused += 1
                return Reply({"error": {"code": "open_already"}}, 400)
            self.opened += 1
            self._left = [f"{asked.path[1:]}-{n}" for n in range(10)]
        assert self._left is not None
        page, self._left = self._left[:SIZE], self._left[SIZE:]
        if self.asked in self.fail:
            return Reply({"error": {"code": "internal"}}, 500)
        if not page:
            self._left = None
        return {"records": [{"id": each} for each in page], "at": f"scroll {self.opened}"}


def place(root: Path, server: Little, *objects: str) -> Place:
    scroll = {"params": {"at": "{page}"}, "records": "records", "next": {"type": "scroll", "from": "at"}}
    made = {
        name: {
            "fields": {"id": "text"},
            "discovery": {"get": "/fields", "keep": {"name": "name"}, "records": "fields"},
            "reads": {"all": {"get": f"/{name}", **scroll}},
            "deletes": [{"type": "census", "read": "all", "every": "1d"}],
        }
        for name in objects
    }
    return Place(root, definition(server.url, objects=made), {name: {} for name in objects})


def without_fields(scrolling: Scrolling) -> Callable[[Asked], Any]:
    return lambda asked: {"fields": []} if asked.path == "/fields" else scrolling(asked)


@pytest.mark.parametrize("lost", [1, 2, 4, 5], ids=["first", "second", "last records", "end"])
def test_where_an_answer_is_lost_the_scroll_begins_again_and_no_page_is_passed_over(
    lost: int, serve: Serve, tmp_path: Path
) -> None:
    scrolling = Scrolling(fail=(lost,))
    things = place(tmp_path, serve(without_fields(scrolling)), "things")
    things.sync()
    assert things.rows("SELECT count(*), count(DISTINCT id) FROM raw.crm__things") == [(10, 10)]
    assert scrolling.opened == 2


def test_a_census_by_a_scroll_that_began_again_takes_nobody_away(serve: Serve, tmp_path: Path) -> None:
    scrolling = Scrolling()
    things = place(tmp_path, serve(without_fields(scrolling)), "things")
    things.sync()
    scrolling.fail = (scrolling.asked + 7,)  # of the census that follows five requests of the read
    report = things.sync(census=True)
    assert report.sync.lines["crm", "things"].deleted == 0
    assert things.rows("SELECT count(*) FROM raw.crm__things WHERE _deleted_at IS NULL") == [(10,)]


def test_two_objects_that_are_scrolled_wait_for_each_other(serve: Serve, tmp_path: Path) -> None:
    scrolling = Scrolling()
    made = place(tmp_path, serve(without_fields(scrolling)), "things", "others", "more")
    made.sync()
    assert scrolling.refused == 0
    for name in ("things", "others", "more"):
        assert made.rows(f"SELECT count(*) FROM raw.crm__{name}") == [(10,)]


def test_a_scroll_whose_answers_are_all_lost_is_a_vendor_that_is_down_and_the_next_run_begins_anew(
    serve: Serve, tmp_path: Path
) -> None:
    scrolling = Scrolling(fail=tuple(range(2, 60)))
    things = place(tmp_path, serve(without_fields(scrolling)), "things")
    report = things.sync(ok=False)
    assert report.exit_code == 1
    assert "its scroll was begun 6 times" in report.all_failures[0].what
    scrolling.fail, scrolling._left = (), None
    before = scrolling.opened
    things.sync()
    assert scrolling.opened == before + 1, "no place in an old scroll is gone on from"
    assert things.rows("SELECT count(*) FROM raw.crm__things") == [(10,)]


def test_a_run_that_dies_in_a_scroll_begins_it_anew(serve: Serve, tmp_path: Path) -> None:
    scrolling = Scrolling()
    server = serve(without_fields(scrolling))
    things = place(tmp_path, server, "things")
    things.killed("part_fsynced")
    scrolling._left = None
    server.asked.clear()
    things.sync()
    assert server.asked[[each.path for each in server.asked].index("/things")].params == {}
    assert things.rows("SELECT count(*) FROM raw.crm__things") == [(10,)]
