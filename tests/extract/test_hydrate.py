"""A list that gives keys only: each page of it counts when the records that it names are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.little import Answer, Asked, Little, Place, Reply, definition

Serve = Callable[[Answer], Little]
NAMES = {key: f"name of {key}" for key in "abcde"}


def listed(asked: Asked) -> Any:
    after = asked.params.get("after", "")
    keys = [key for key in NAMES if key > after][:2]
    return {"things": [{"id": key} for key in keys], "next": keys[-1] if keys and keys[-1] < "e" else None}


def place(root: Path, server: Little, by_key: dict[str, Any]) -> Place:
    every = {
        "get": "/things", "params": {"after": "{page}"}, "records": "things",
        "next": {"type": "token", "from": "next"}, "hydrate": True,
    }  # fmt: skip
    thing = {
        "key": "id",
        "fields": {"id": "text", "name": "text", "n": "integer"},
        "reads": {"all": every, "by_key": by_key},
        "deletes": [{"type": "census", "read": "all", "every": "1d"}],
    }
    rules = [{"when": {"status": 404}, "then": "absent"}]
    return Place(root, definition(server.url, on_error=rules, objects={"things": thing}), {"things": {}})


def test_records_are_read_one_by_one_and_one_that_vanished_meanwhile_is_no_trouble(
    serve: Serve, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Any:
        if asked.path == "/things":
            return listed(asked)
        key = asked.path.removeprefix("/things/")
        return None if key == "c" else {"id": key, "name": NAMES[key], "n": 12345678901234567}

    server = serve(answer)
    things = place(tmp_path, server, {"get": "/things/{key}"})
    report = things.sync()
    assert things.rows("SELECT id, name, n FROM raw.crm__things ORDER BY 1") == [
        (key, NAMES[key], 12345678901234567) for key in "abde"
    ]
    assert report.sync.lines["crm", "things"].read == 4


def test_records_are_read_in_batches(serve: Serve, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Any:
        if asked.path == "/things":
            return listed(asked)
        return {"found": [{"id": key, "name": NAMES[key]} for key in asked.json["ids"]]}

    server = serve(answer)
    by_key = {"post": "/read", "json": {"ids": "{keys}"}, "batch": 100, "records": "found"}
    things = place(tmp_path, server, by_key)
    things.sync()
    assert server.lines()[-6:] == ["GET /things", "POST /read"] + [
        line for key in "bd" for line in (f"GET /things?after={key}", "POST /read")
    ]
    assert len(things.rows("SELECT * FROM raw.crm__things")) == 5


def test_a_run_that_fails_goes_on_from_the_page_of_keys_whose_records_are_not_there(
    serve: Serve, tmp_path: Path
) -> None:
    broken = True

    def answer(asked: Asked) -> Any:
        if asked.path == "/things":
            return listed(asked)
        if broken and "e" in asked.json["ids"]:
            return Reply({"error": {"code": "no"}}, 400)
        return {"found": [{"id": key, "name": NAMES[key]} for key in asked.json["ids"]]}

    server = serve(answer)
    by_key = {"post": "/read", "json": {"ids": "{keys}"}, "batch": 100, "records": "found"}
    things = place(tmp_path, server, by_key)
    things.sync(ok=False)
    broken = False
    server.lines()
    things.sync()
    assert server.lines() == ["GET /things?after=d", "POST /read"]
    assert len(things.rows("SELECT * FROM raw.crm__things")) == 5
