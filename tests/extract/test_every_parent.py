"""Children that are asked for every parent: a position each, resumed in the middle of a parent, shared, gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.little import Answer, Asked, Little, Place, Reply, definition

Serve = Callable[[Answer], Little]


class Rooms:
    """Rooms with a log of messages each, told two a page; a thread of replies hangs on a message."""

    def __init__(self) -> None:
        self.rooms: dict[str, list[dict[str, Any]]] = {"a": [], "b": []}
        self.members: dict[str, list[str]] = {"a": ["ann", "bob"], "b": ["bob"]}
        self.threads: dict[str, list[dict[str, Any]]] = {}
        self.oldest: dict[str, int] = {}
        self.closed: set[str] = set()
        self.broken: set[str] = set()
        self.failing: tuple[str, int] | None = None

    def say(self, room: str, key: str, text: str = "hello", **more: Any) -> None:
        at = f"2026-01-01T00:00:{len(self.rooms[room]) + 10:02}.000Z"
        self.rooms[room].append({"id": key, "text": text, "at": at, **more})

    def __call__(self, asked: Asked) -> Any:
        parts = asked.path.strip("/").split("/")
        if len(parts) > 1 and parts[1] not in self.rooms:
            return Reply({"error": {"code": "no_such_room"}}, 404)
        match parts:
            case ["rooms"]:
                return {"value": [{"id": room, "open": room not in self.closed} for room in self.rooms]}
            case ["rooms", room, "members"] if room in self.broken:
                return Reply({"error": {"code": "broken"}}, 400)
            case ["rooms", room, "members"]:
                return {"value": [{"id": each} for each in self.members[room]]}
            case ["rooms", room, "messages", message, "replies"]:
                return {"value": self.threads.get(f"{room}/{message}", [])}
            case ["rooms", room, "feed"]:
                return self._feed(room, int(asked.params.get("at", "-1")))
            case ["rooms", room, "messages"]:
                return self._window(room, asked.params)
        return None

    def _feed(self, room: str, at: int) -> Any:
        if room in self.closed:
            return Reply({"error": {"code": "closed"}}, 403)
        if 0 <= at < self.oldest.get(room, 0):
            return Reply({"error": {"code": "gone"}}, 410)
        if self.failing is not None and self.failing[0] == room and at >= self.failing[1]:
            return Reply({"error": {"code": "broken"}}, 400)
        log = self.rooms[room]
        start = max(at, 0) if at >= 0 else self.oldest.get(room, 0)
        some = log[start : start + 2]
        end = start + len(some)
        return {"value": some, "@next" if end < len(log) else "@delta": f"/rooms/{room}/feed?at={end}"}

    def _window(self, room: str, params: Any) -> Any:
        since, until = params.get("since", ""), params.get("until", "9")
        return {"value": [each for each in self.rooms[room] if since <= each["at"] < until]}


FEED = {
    "get": "/rooms/{parent.id}/feed", "records": "value", "next": {"type": "link", "from": "[@next]"},
    "add": {"room": "{parent.key}"},
}  # fmt: skip
MESSAGES = {
    "key": ["room", "id"],
    "fields": {
        "room": "text",
        "id": "text",
        "text": "text",
        "at": "timestamp",
        "replies": "integer",
    },
    "parent": {"object": "rooms"},
    "changed": {"type": "token", "save": "[@delta]"},
    "reads": {"all": FEED, "changes": FEED},
    "deletes": [{"type": "flag", "when": {"gone": True}}],
}
ROOMS = {
    "key": "id",
    "fields": {"id": "text", "open": "boolean"},
    "reads": {"all": {"get": "/rooms", "records": "value"}},
    "deletes": [{"type": "census", "read": "all", "every": "1d"}],
}
REPLIES = {
    "key": ["room", "id"],
    "fields": {"room": "text", "id": "text", "text": "text"},
    "parent": {"object": "messages", "when": {"replies": {"not": [0, None]}}, "when_changed": ["replies"]},
    "reads": {
        "by_parent": {
            "get": "/rooms/{parent.room}/messages/{parent.id}/replies", "records": "value",
            "add": {"room": "{parent.room}"},
        }
    },
}  # fmt: skip
RULES = [
    {"when": {"status": 410}, "then": "resync"},
    {"when": {"status": [403, 404]}, "then": "skip"},
]


def place(root: Path, server: Little, **objects: Any) -> Place:
    chosen = {"rooms": ROOMS, "messages": MESSAGES, **objects}
    return Place(root, definition(server.url, on_error=RULES, objects=chosen), {name: {} for name in chosen})


LIVE = "SELECT room, id, text FROM raw.crm__messages WHERE _deleted_at IS NULL ORDER BY 1, 2"
GONE = "SELECT _key, text FROM raw.crm__messages WHERE _deleted_at IS NOT NULL ORDER BY 1"


@pytest.fixture
def rooms() -> Rooms:
    made = Rooms()
    for n in range(5):
        made.say("a", f"m{n}")
    made.say("b", "m0")
    return made


def feeds(server: Little) -> list[str]:
    return sorted(line for line in server.lines() if line != "GET /rooms")


def test_each_parent_goes_on_from_its_own_position(rooms: Rooms, serve: Serve, tmp_path: Path) -> None:
    server = serve(rooms)
    chat = place(tmp_path, server)
    chat.sync()
    assert len(chat.rows(LIVE)) == 6
    rooms.say("b", "m1", "news")
    server.lines()
    report = chat.sync()
    assert feeds(server) == ["GET /rooms/a/feed?at=5", "GET /rooms/b/feed?at=1"]
    assert ("b", "m1", "news") in chat.rows(LIVE)
    assert report.sync.lines["crm", "messages"].inserted == 1
    server.lines()
    chat.sync()
    assert feeds(server) == ["GET /rooms/a/feed?at=5", "GET /rooms/b/feed?at=2"], "nothing new: one request a parent"


def test_a_new_parent_is_read_from_its_beginning(rooms: Rooms, serve: Serve, tmp_path: Path) -> None:
    server = serve(rooms)
    chat = place(tmp_path, server)
    chat.sync()
    rooms.rooms["c"] = []
    rooms.say("c", "m0")
    server.lines()
    chat.sync()
    assert feeds(server) == ["GET /rooms/a/feed?at=5", "GET /rooms/b/feed?at=1", "GET /rooms/c/feed"]


def test_a_child_that_says_that_it_is_gone_is_deleted(rooms: Rooms, serve: Serve, tmp_path: Path) -> None:
    server = serve(rooms)
    chat = place(tmp_path, server)
    chat.sync()
    rooms.rooms["a"].append({"id": "m1", "gone": True})
    rooms.rooms["b"].append({"id": "m0", "gone": True, "text": ""})
    chat.sync()
    assert chat.rows(GONE) == [("a:m1", "hello"), ("b:m0", "")]


def test_a_run_that_fails_goes_on_in_the_middle_of_a_parent_and_asks_no_other_again(
    rooms: Rooms, serve: Serve, tmp_path: Path
) -> None:
    server = serve(rooms)
    chat = place(tmp_path, server)
    rooms.failing = ("a", 4)
    chat.sync(ok=False)
    rooms.failing = None
    server.lines()
    chat.sync()
    assert [line for line in feeds(server) if "/a/" in line] in (
        ["GET /rooms/a/feed?at=4"],
        ["GET /rooms/a/feed", "GET /rooms/a/feed?at=2", "GET /rooms/a/feed?at=4"],
    )
    assert len(chat.rows(LIVE)) == 6
    chat.sync()
    assert feeds(server) == ["GET /rooms/a/feed?at=5", "GET /rooms/b/feed?at=1"]


def test_a_run_killed_behind_a_parents_rows_reads_them_again_and_loses_none(
    rooms: Rooms, serve: Serve, tmp_path: Path
) -> None:
    server = serve(rooms)
    chat = place(tmp_path, server)
    chat.killed("positions:2")
    server.lines()
    chat.sync()
    assert len(feeds(server)) < 5, "the parent whose position is on disk is not asked again"
    assert len(chat.rows(LIVE)) == 6


def test_a_position_that_the_vendor_forgot_is_given_up_for_that_parent_alone(
    rooms: Rooms, serve: Serve, tmp_path: Path
) -> None:
    server = serve(rooms)
    chat = place(tmp_path, server)
    chat.sync()
    rooms.say("a", "m9")
    del rooms.rooms["a"][0]
    rooms.rooms["a"] += [{"id": f"x{n}", "text": "x"} for n in range(3)]
    rooms.oldest["a"] = 6
    server.lines()
    chat.sync()
    asked = feeds(server)
    assert "GET /rooms/a/feed" in asked
    assert [line for line in asked if "/b/" in line] == ["GET /rooms/b/feed?at=1"]
    assert [key for room, key, _ in chat.rows(LIVE) if room == "a"] == ["x1", "x2"], "what it no longer shows is gone"


def test_a_parent_that_is_closed_to_us_is_passed_over(rooms: Rooms, serve: Serve, tmp_path: Path) -> None:
    server = serve(rooms)
    chat = place(tmp_path, server)
    rooms.closed.add("a")
    chat.sync()
    assert [room for room, *_ in chat.rows(LIVE)] == ["b"]
    rooms.closed.clear()
    server.lines()
    chat.sync()
    assert len(chat.rows(LIVE)) == 6, "once it is open it is read from its beginning"


def test_children_go_with_a_parent_that_is_gone_and_theirs_too(rooms: Rooms, serve: Serve, tmp_path: Path) -> None:
    rooms.say("a", "m7", replies=1)
    rooms.threads["a/m7"] = [{"id": "r1", "text": "indeed"}]
    server = serve(rooms)
    chat = place(tmp_path, server, replies=REPLIES)
    chat.sync()
    replies = "SELECT _key, _deleted_at IS NULL FROM raw.crm__replies"
    assert chat.rows(replies) == [("a:r1", True)]
    del rooms.rooms["a"]
    chat.sync(census=True)
    assert [room for room, *_ in chat.rows(LIVE)] == ["b"]
    assert chat.rows(replies) == [("a:r1", False)]


def test_replies_are_asked_for_where_there_are_some_and_again_where_their_number_is_another(
    rooms: Rooms, serve: Serve, tmp_path: Path
) -> None:
    rooms.say("a", "m7", replies=1)
    rooms.threads["a/m7"] = [{"id": "r1", "text": "indeed"}]
    server = serve(rooms)
    chat = place(tmp_path, server, replies=REPLIES)
    chat.sync()
    assert [line for line in server.lines() if "replies" in line] == ["GET /rooms/a/messages/m7/replies"]
    rooms.say("a", "m7", "edited", replies=1)
    chat.sync()
    assert [line for line in server.lines() if "replies" in line] == []
    rooms.threads["a/m7"] = [{"id": "r2", "text": "no"}]
    rooms.say("a", "m7", "edited", replies=2)
    chat.sync()
    assert chat.rows("SELECT id FROM raw.crm__replies WHERE _deleted_at IS NULL") == [("r2",)]


def test_a_change_field_of_each_parent_gives_windows(rooms: Rooms, serve: Serve, tmp_path: Path) -> None:
    window = {
        "get": "/rooms/{parent.key}/messages", "params": {"since": "{since}", "until": "{until}"}, "records": "value",
        "add": {"room": "{parent.key}"},
    }  # fmt: skip
    by_time = {
        **MESSAGES, "changed": {"type": "field", "field": "at", "overlap": "1s", "index_lag": "1s"},
        "reads": {"all": window, "changes": window},
    }  # fmt: skip
    server = serve(rooms)
    chat = place(tmp_path, server, messages=by_time)
    chat.sync()
    assert feeds(server) == ["GET /rooms/a/messages", "GET /rooms/b/messages"]
    now = datetime.now(UTC)
    rooms.rooms["b"].append({"id": "new", "text": "n", "at": now.strftime("%Y-%m-%dT%H:%M:%S.000Z")})
    chat.sync()
    assert all("since=" in line for line in feeds(server))
    assert len(chat.rows(LIVE)) >= 6


def test_what_a_window_no_longer_shows_is_gone_and_what_lies_before_it_stays(
    rooms: Rooms, serve: Serve, tmp_path: Path
) -> None:
    window = {
        "get": "/rooms/{parent.key}/messages", "params": {"since": "{since}", "until": "{until}"}, "records": "value",
        "add": {"room": "{parent.key}"},
    }  # fmt: skip
    trail = {
        **MESSAGES, "changed": {"type": "field", "field": "at", "resolution": "1s", "overlap": "1h", "index_lag": "1s"},
        "reads": {"all": window, "changes": window}, "deletes": [{"type": "window"}],
    }  # fmt: skip
    server = serve(rooms)
    chat = place(tmp_path, server, messages=trail)
    for minutes in (10, 20):
        at = (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        rooms.rooms["b"].append({"id": f"ago{minutes}", "text": "t", "at": at})
    chat.sync()
    rooms.rooms["b"] = rooms.rooms["b"][2:]  # m0, from long ago, and the one of ten minutes ago are no longer shown
    chat.sync()
    live = [(room, key) for room, key, _ in chat.rows(LIVE)]
    assert ("b", "m0") in live, "it lies before the window"
    assert ("b", "ago10") not in live
    assert ("b", "ago20") in live


def test_a_shared_child_is_gone_when_no_parent_gives_it(rooms: Rooms, serve: Serve, tmp_path: Path) -> None:
    people = {
        "key": "id",
        "fields": {"id": "text"},
        "parent": {"object": "rooms", "shared": True},
        "reads": {"by_parent": {"get": "/rooms/{parent.key}/members", "records": "value"}},
    }
    server = serve(rooms)
    chat = Place(
        tmp_path, definition(server.url, objects={"rooms": ROOMS, "people": people}), {"rooms": {}, "people": {}}
    )
    live = "SELECT id FROM raw.crm__people WHERE _deleted_at IS NULL ORDER BY 1"
    chat.sync()
    assert chat.rows(live) == [("ann",), ("bob",)]
    rooms.members = {"a": ["ann"], "b": ["bob"]}
    chat.sync()
    assert chat.rows(live) == [("ann",), ("bob",)]
    rooms.members = {"a": ["bob"], "b": []}
    chat.sync()
    assert chat.rows(live) == [("bob",)]
    rooms.members = {"a": [], "b": []}
    chat.sync()
    assert chat.rows(live) == []


def test_parents_whose_children_were_read_before_a_failure_are_not_asked_again(
    rooms: Rooms, serve: Serve, tmp_path: Path
) -> None:
    people = {
        "key": ["room", "id"],
        "fields": {"room": "text", "id": "text"},
        "parent": {"object": "rooms"},
        "reads": {
            "by_parent": {"get": "/rooms/{parent.key}/members", "records": "value", "add": {"room": "{parent.key}"}}
        },
    }
    server = serve(rooms)
    chosen = {"rooms": ROOMS, "people": people}
    chat = Place(tmp_path, definition(server.url, objects=chosen), {name: {} for name in chosen})
    rooms.broken.add("b")
    chat.sync(ok=False)
    rooms.broken.clear()
    server.lines()
    chat.sync()
    assert feeds(server) == ["GET /rooms/b/members"]
    assert chat.rows("SELECT _key FROM raw.crm__people WHERE _deleted_at IS NULL ORDER BY 1") == [
        ("a:ann",), ("a:bob",), ("b:bob",),
    ]  # fmt: skip
