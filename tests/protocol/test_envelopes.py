"""One request that carries several single operations, each with a status of its own in the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.little import Answer, Asked, Little, Reply
from tests.protocol.connections import connect, schema

from backhaul.protocol.writes import OutRow, choose, send

BATCH = {
    "post": "/$batch",
    "batch": 20,
    "item": {"id": "{item.id}", "method": "PATCH", "url": "/things/{key:url}", "body": "{values}"},
    "json": {"requests": "{items}"},
    "repeatable": True,
    "result": {
        "type": "id", "records": "responses", "id": "id", "ok": {"status": [200, 204]},
        "error": {"code": "body.error.code", "message": "body.error.message"},
    },
}  # fmt: skip


def test_each_operation_gets_its_own_answer(serve: Callable[[Answer], Little]) -> None:
    def answer(asked: Asked) -> Any:
        urls = [each["url"] for each in asked.json["requests"]]
        assert urls == ["/things/a%2Fb", "/things/2", "/things/3"]
        refused = {"id": "r1", "status": 400, "body": {"error": {"code": "Bad", "message": "no such colour"}}}
        return {"responses": [refused, {"id": "r0", "status": 204}]}

    connection = connect(serve(answer), objects={"things": {"writes": {"update": BATCH}}})
    target = choose(schema("things", name="text"), connection.source.objects["things"], "update", 3)
    rows = [OutRow(f"r{n}", {"name": "x"}, key=key) for n, key in enumerate(("a/b", "2", "3"))]
    told = send(connection, target, rows)
    assert [(each.state, each.key, each.code, each.message) for each in told] == [
        ("confirmed", "a/b", "", ""),
        ("refused", None, "Bad", "no such colour"),
        ("unknown", None, "", "the answer does not name it"),
    ]


def test_a_refusal_with_a_good_status_is_a_refusal(serve: Callable[[Answer], Little]) -> None:
    """`ok: false`, with HTTP's status 200."""
    server = serve(lambda asked: Reply({"ok": False, "error": "is_archived"}))
    write = {"post": "/things", "json": "{values}", "result": {"type": "status", "key": "id"}}
    connection = connect(
        server,
        error={"code": "error"},
        on_error=[{"when": {"status": 200, "ok": False}, "then": "reject", "only": ["create"]}],
        objects={"things": {"writes": {"create": write}}},
    )
    target = choose(schema("things", name="text"), connection.source.objects["things"], "create", 1)
    (told,) = send(connection, target, [OutRow("r0", {"name": "x"})])
    assert (told.state, told.code) == ("refused", "is_archived")
