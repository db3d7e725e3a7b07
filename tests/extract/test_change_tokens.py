"""A vendor that keeps the position: kept with the rows, resumed page by page, given up when the vendor forgets it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.little import Answer, Asked, Little, Place, Reply, definition

Serve = Callable[[Answer], Little]
FIELDS = {"id": "text", "name": "text", "n": "integer", "moved": "timestamp"}


class Feed:
    """A log of changes, served two a page: `delta` is a place in the log, good until `forget` is called."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.oldest = 0
        self.failing_at: int | None = None

    def put(self, key: str, name: str, n: int = 1, **more: Any) -> None:
        self.log.append({"id": key, "name": name, "n": n, **more})

    def remove(self, key: str) -> None:
        self.log.append({"id": key, "@removed": {"reason": "deleted"}})

    def forget(self) -> None:
        self.oldest = len(self.log)

    def __call__(self, asked: Asked) -> Any:
        if asked.path != "/things/delta" or set(asked.params) - {"at"}:
            return None
        place = int(asked.params.get("at", "-1"))
        if 0 <= place < self.oldest:
            return Reply({"error": {"code": "gone", "message": "start over"}}, 410)
        records = self._everything() if place < 0 else self.log[place : place + 2]
        if self.failing_at is not None and place >= self.failing_at:
            return Reply({"error": {"code": "broken"}}, 400)
        end = len(self.log) if place < 0 else place + len(records)
        link = f"/things/delta?at={end}"
        return {"value": records, "@next" if end < len(self.log) else "@delta": link}

    def _everything(self) -> list[dict[str, Any]]:
        now: dict[str, dict[str, Any]] = {}
        for each in self.log:
            now.pop(each["id"], None)
            if "@removed" not in each:
                now[each["id"]] = each
        return list(now.values())


def place(root: Path, server: Little, *, field: str | None = None, **changed: Any) -> Place:
    read = {"get": "/things/delta", "records": "value", "next": {"type": "link", "from": "[@next]"}}
    thing = {
        "key": "id",
        "fields": FIELDS,
        "changed": {"type": "token", "save": "[@delta]", **({"field": field} if field else {}), **changed},
        "reads": {"all": read, "changes": read},
        "deletes": [{"type": "flag", "when": {"[@removed]": {"not": None}}}],
    }
    rules = [{"when": {"status": 410}, "then": "resync"}]
    return Place(root, definition(server.url, on_error=rules, objects={"things": thing}), {"things": {}})


LIVE = "SELECT id, name, n FROM raw.crm__things WHERE _deleted_at IS NULL ORDER BY 1"
GONE = "SELECT _key, name FROM raw.crm__things WHERE _deleted_at IS NOT NULL ORDER BY 1"
POSITION = "SELECT token FROM raw._watermarks WHERE \"window\" = 'changes' ORDER BY committed_at DESC LIMIT 1"


@pytest.fixture
def feed() -> Feed:
    made = Feed()
    for key in "abc":
        made.put(key, f"{key}1")
    return made


def test_the_next_run_asks_only_for_what_came_behind_the_position(feed: Feed, serve: Serve, tmp_path: Path) -> None:
    server = serve(feed)
    things = place(tmp_path, server)
    things.sync()
    assert things.rows(LIVE) == [("a", "a1", 1), ("b", "b1", 1), ("c", "c1", 1)]
    feed.put("b", "b2")
    feed.put("d", "d1")
    server.lines()
    things.sync()
    assert server.lines() == ["GET /things/delta?at=3"]
    assert things.rows(LIVE) == [("a", "a1", 1), ("b", "b2", 1), ("c", "c1", 1), ("d", "d1", 1)]
    assert things.rows(POSITION) == [(f"{server.url}/things/delta?at=5",)]


def test_nothing_new_costs_one_request(feed: Feed, serve: Serve, tmp_path: Path) -> None:
    server = serve(feed)
    things = place(tmp_path, server)
    things.sync()
    server.lines()
    things.sync()
    assert server.lines() == ["GET /things/delta?at=3"]


def test_a_removed_record_is_deleted_and_keeps_its_last_values(feed: Feed, serve: Serve, tmp_path: Path) -> None:
    things = place(tmp_path, serve(feed))
    things.sync()
    feed.remove("b")
    things.sync()
    assert things.rows(GONE) == [("b", "b1")]


@pytest.mark.parametrize("field", [None, "moved"])
def test_the_last_word_of_a_page_counts(field: str | None, feed: Feed, serve: Serve, tmp_path: Path) -> None:
    things = place(tmp_path, serve(feed), field=field)
    things.sync()
    feed.put("a", "a2", moved="2026-01-02T00:00:00Z")
    feed.put("a", "a3", moved="2026-01-02T00:00:00Z")
    feed.remove("b")
    feed.put("b", "b2", moved="2026-01-02T00:00:00Z")
    feed.put("c", "c2", moved="2026-01-02T00:00:00Z")
    feed.remove("c")
    things.sync()
    assert things.rows(LIVE) == [("a", "a3", 1), ("b", "b2", 1)]
    assert things.rows(GONE) == [("c", "c2")]


def test_with_a_change_field_an_older_version_later_in_the_feed_does_not_win(
    feed: Feed, serve: Serve, tmp_path: Path
) -> None:
    things = place(tmp_path, serve(feed), field="moved")
    feed.put("a", "a3", moved="2026-01-03T00:00:00Z")
    things.sync()
    feed.put("a", "a2", moved="2026-01-02T00:00:00Z")
    things.sync()
    assert things.rows(LIVE)[0] == ("a", "a3", 1)


def test_a_run_that_fails_on_a_page_goes_on_from_it(feed: Feed, serve: Serve, tmp_path: Path) -> None:
    server = serve(feed)
    things = place(tmp_path, server)
    things.sync()
    for n in range(6):
        feed.put("abc"[n % 3], f"v{n}")
    feed.failing_at = 7
    server.lines()
    things.sync(ok=False)
    feed.failing_at = None
    assert server.lines() == ["GET /things/delta?at=3", "GET /things/delta?at=5", "GET /things/delta?at=7"]
    things.sync()
    assert server.lines() == ["GET /things/delta?at=7"]
    assert things.rows(LIVE) == [("a", "v3", 1), ("b", "v4", 1), ("c", "v5", 1)]
    assert things.rows(POSITION) == [(f"{server.url}/things/delta?at=9",)]


def test_a_run_killed_between_two_pages_goes_on_from_the_manifest(feed: Feed, serve: Serve, tmp_path: Path) -> None:
    server = serve(feed)
    things = place(tmp_path, server)
    things.sync()
    for n in range(6):
        feed.put("abc"[n % 3], f"v{n}")
    things.killed("part_fsynced:3")  # the third page's part is on disk, its line is not
    server.lines()
    things.sync()
    assert server.lines() == ["GET /things/delta?at=7"]
    assert things.rows(LIVE) == [("a", "v3", 1), ("b", "v4", 1), ("c", "v5", 1)]


def test_a_forgotten_position_is_given_up_and_no_deletion_is_lost(feed: Feed, serve: Serve, tmp_path: Path) -> None:
    server = serve(feed)
    things = place(tmp_path, server)
    things.sync()
    feed.remove("b")
    feed.put("d", "d1")
    feed.put("e", "e1")
    feed.forget()
    server.lines()
    things.sync()
    assert server.lines() == ["GET /things/delta?at=3", "GET /things/delta"]
    assert [key for key, *_ in things.rows(LIVE)] == ["a", "c", "d", "e"]
    assert things.rows(GONE) == [("b", "b1")]


def test_a_large_deletion_found_so_waits_for_a_persons_word_while_the_feed_goes_on(
    feed: Feed, serve: Serve, tmp_path: Path
) -> None:
    for n in range(30):
        feed.put(f"k{n:02}", "v")
    server = serve(feed)
    things = place(tmp_path, server)
    things.sync()
    for n in range(20):
        feed.remove(f"k{n:02}")
    feed.forget()
    report = things.sync(ok=False)
    assert "20 of 33 records gone" in str(report.all_failures)
    server.lines()
    feed.put("z", "z1")
    things.sync(ok=False)
    assert server.lines() == ["GET /things/delta?at=53"], "nothing is read again meanwhile"
    things.sync(approve_deletes=True)
    assert len(things.rows(GONE)) == 20
    assert ("z", "z1", 1) in things.rows(LIVE)
    assert things.sync().exit_code == 0


def test_a_position_older_than_its_reach_is_not_even_tried(feed: Feed, serve: Serve, tmp_path: Path) -> None:
    server = serve(feed)
    things = place(tmp_path, server, reach="1s")
    things.sync()
    feed.remove("a")
    import time

    time.sleep(1.1)
    server.lines()
    things.sync()
    assert server.lines() == ["GET /things/delta"]
    assert [key for key, *_ in things.rows(LIVE)] == ["b", "c"]


def test_where_the_full_read_tells_no_position_the_feed_is_read_from_its_beginning(
    serve: Serve, tmp_path: Path
) -> None:
    records = [{"id": "old", "name": "o", "n": 1}, {"id": "new", "name": "n", "n": 2}]

    def answer(asked: Asked) -> Any:
        if asked.path == "/things":
            return {"value": records}
        if asked.path == "/things/delta":
            return {"value": [] if "at" in asked.params else records[1:], "@delta": "/things/delta?at=9"}
        return None

    server = serve(answer)
    delta = {"get": "/things/delta", "records": "value", "next": {"type": "link", "from": "[@next]"}}
    thing = {
        "key": "id",
        "fields": FIELDS,
        "changed": {"type": "token", "save": "[@delta]"},
        "reads": {"all": {"get": "/things", "records": "value"}, "changes": delta},
    }
    things = Place(tmp_path, definition(server.url, objects={"things": thing}), {"things": {}})
    things.sync()
    assert [line for line in server.lines() if line != "GET /things"] == ["GET /things/delta"]
    things.sync()
    assert server.lines() == ["GET /things/delta?at=9"]


def test_a_token_is_the_page_of_the_first_request(serve: Serve, tmp_path: Path) -> None:
    """An append-only log, whose position is the last number on a page."""
    log = [{"id": str(n), "name": f"j{n}", "n": n} for n in range(1, 4)]

    def answer(asked: Asked) -> Any:
        after = int(asked.params.get("offset", "0"))
        return {"value": [each for each in log if each["n"] > after][:2]} if asked.path == "/log" else None

    server = serve(answer)
    read = {
        "get": "/log", "params": {"offset": "{page}"}, "records": "value",
        "next": {"type": "token", "from": "value[-1].n"},
    }  # fmt: skip
    thing = {
        "key": "id",
        "fields": FIELDS,
        "changed": {"type": "token", "save": "value[-1].n"},
        "reads": {"all": read, "changes": read},
    }
    things = Place(tmp_path, definition(server.url, objects={"things": thing}), {"things": {}})
    things.sync()
    log.append({"id": "4", "name": "j4", "n": 4})
    server.lines()
    things.sync()
    assert server.lines() == ["GET /log?offset=3", "GET /log?offset=4"]
    assert len(things.rows("SELECT * FROM raw.crm__things")) == 4
    things.sync()
    assert server.lines() == ["GET /log?offset=4"], "an empty page tells no position: the one kept stands"
