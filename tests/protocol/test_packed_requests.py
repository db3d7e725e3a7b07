"""A batch of whole requests: bodies in base64 both ways, rows that it did not get to, values that were not kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.little import Answer, Asked, Little
from tests.protocol.connections import connect, schema

from backhaul.protocol import render
from backhaul.protocol.render import Bindings
from backhaul.protocol.results import RowAnswer
from backhaul.protocol.writes import OutRow, choose, send

THINGS = schema("things", name="text", size="integer")
BATCH = {
    "post": "/batch", "batch": 20, "json": {"requests": "{items}"},
    "item": {"id": "{item.id}", "url": "/things", "body": {"=base64": {"own": "{item.id}", "...": "{values}"}}},
    "result": {
        "type": "id", "records": "served", "id": "id", "unpack": "body", "ok": {"code": [200, 201, 204]},
        "key": "body.made.id", "kept": "body.made", "error": {"code": "code", "message": "body.error"},
        "left": "unserved",
    },
}  # fmt: skip


def packed(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def sent(serve: Callable[[Answer], Little], answer: Any, rows: list[OutRow]) -> tuple[list[RowAnswer], list[Any]]:
    server = serve(lambda asked: answer)
    connection = connect(server, objects={"things": {"writes": {"create": BATCH}}})
    told = send(connection, choose(THINGS, connection.source.objects["things"], "create", len(rows)), rows)
    (asked,) = server.asked
    return told, [json.loads(base64.b64decode(each["body"])) for each in asked.json["requests"]]


def test_each_request_is_packed_and_each_answer_unpacked(serve: Callable[[Answer], Little]) -> None:
    answer = {
        "served": [
            {"id": "r0", "code": 201, "body": packed({"made": {"id": "k0", "name": "é^"}})},
            {"id": "r1", "code": 403, "body": packed({"error": "no"})},
            {"id": "r2", "code": 204, "body": ""},
            {"id": "r3", "code": 201, "body": json.dumps({"made": {"id": "k3"}})},
        ],
        "unserved": ["r4"],
    }
    told, bodies = sent(serve, answer, [OutRow(f"r{n}", {"name": "é^"} if n == 0 else {}) for n in range(6)])
    assert bodies[0] == {"own": "r0", "name": "é^"}
    assert [(each.state, each.key, each.message) for each in told] == [
        ("confirmed", "k0", ""),
        ("refused", None, "no"),
        ("confirmed", None, ""),
        ("confirmed", "k3", ""),
        ("planned", None, ""),
        ("unknown", None, "the answer does not name it"),
    ]


@pytest.mark.parametrize(
    ("held", "code", "field"),
    [
        ({"name": "Blue", "size": "3"}, "", ""),
        ({"name": "blue", "size": "3.0"}, "", ""),
        ({"name": "Blue", "size": ""}, "NOT_KEPT", "size"),
        ({"name": "Blue"}, "NOT_KEPT", "size"),
        ({"name": "Green", "size": "3"}, "NOT_KEPT", "name"),
    ],
)
def test_a_value_that_the_record_does_not_hold_is_told_with_the_row(
    held: dict[str, str], code: str, field: str, serve: Callable[[Answer], Little]
) -> None:
    answer = {"served": [{"id": "r0", "code": 201, "body": packed({"made": {"id": "k0", **held}})}]}
    (told,), _ = sent(serve, answer, [OutRow("r0", {"name": "Blue", "size": 3})])
    assert (told.state, told.key, told.code, told.field) == ("confirmed", "k0", code, field)


def test_a_single_answer_tells_what_was_kept_too(serve: Callable[[Answer], Little]) -> None:
    def answer(asked: Asked) -> Any:
        return {"made": {"id": "k", "name": "x", "size": ""}}

    write = {"post": "/things", "json": "{values}", "result": {"type": "status", "key": "made.id", "kept": "made"}}
    connection = connect(serve(answer), objects={"things": {"writes": {"create": write}}})
    target = choose(THINGS, connection.source.objects["things"], "create", 1)
    (told,) = send(connection, target, [OutRow("r0", {"name": "x", "size": 2})])
    assert (told.state, told.code, told.message) == (
        "confirmed", "NOT_KEPT", "the vendor keeps size as '', not as '2'",
    )  # fmt: skip


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text()))
def test_whatever_is_packed_comes_out_again(values: dict[str, Any]) -> None:
    text = render.body({"=base64": {"...": "{values}"}}, Bindings({"values": values}))
    assert (text is render.UNBOUND and not values) or json.loads(base64.b64decode(text)) == values
