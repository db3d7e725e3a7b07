"""Records whose key is of several parts: written, and the answer's key read, part by part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.little import Answer, Asked, Little
from tests.protocol.connections import connect

from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.protocol.writes import OutRow, choose, send

NOTES = {
    "key": ["room", "id"],
    "writes": {
        "create": {"post": "/notes", "json": "{values}", "result": {"type": "status", "key": ["room.id", "id"]}},
        "update": {"put": "/rooms/{key.room}/notes/{key.id}", "json": "{values}", "result": {"type": "status"}},
    },
}
SCHEMA = ObjectSchema("notes", ("room", "id"), {each: Field(each, "text") for each in ("room", "id", "text")})


def test_a_new_record_has_the_key_that_its_parts_make_and_an_old_one_is_found_by_them(
    serve: Callable[[Answer], Little],
) -> None:
    rooms = ["a:1", ""]

    def answer(asked: Asked) -> Any:
        return {"room": {"id": rooms.pop(0)}, "id": 7} if asked.method == "POST" else {}

    server = serve(answer)
    connection = connect(server, objects={"notes": NOTES})
    definition = connection.source.objects["notes"]
    create, update = (choose(SCHEMA, definition, mode, 1) for mode in ("create", "update"))
    (made,) = send(connection, create, [OutRow("r1", {"text": "x"})])
    assert made.key == r"a\:1:7", "as the raw table spells it"
    (partly,) = send(connection, create, [OutRow("r2", {"text": "x"})])
    assert (partly.state, partly.key) == ("confirmed", None), "a part that is not told is not made up"
    server.lines()
    send(connection, update, [OutRow("r3", {"text": "y"}, key=made.key)])
    assert server.lines() == ["PUT /rooms/a%3A1/notes/7"]
