"""A write puts fields that stand apart back where they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.little import Answer, Asked, Little
from tests.protocol.connections import connect, schema

from backhaul.protocol.writes import OutRow, choose, send

LIST = {"from": "custom_fields", "name": "id", "value": "value", "wrap": "cf_{}"}


@pytest.mark.parametrize(
    ("spread", "written"),
    [
        (LIST, [{"id": "7", "value": 12}, {"id": "8", "value": None}]),
        (
            {**LIST, "entry": {"id": "{entry.name:integer}", "type": "any", "value": "{entry.value}"}},
            [{"id": 7, "type": "any", "value": 12}, {"id": 8, "type": "any", "value": None}],
        ),
        ({"from": "custom_fields", "wrap": "cf_{}"}, {"7": 12, "8": None}),
    ],
)
def test_each_shape(spread: dict[str, Any], written: Any, serve: Callable[[Answer], Little]) -> None:
    seen: list[Any] = []

    def answer(asked: Asked) -> Any:
        seen.append(asked.json)
        return {"id": "1"}

    thing = {
        "fields": {"id": "text", "cf_own": "text"},
        "reads": {"all": {"get": "/things", "spread": spread}},
        "writes": {"update": {"put": "/things/{key}", "json": "{values}", "result": {"type": "status"}}},
    }
    connection = connect(serve(answer), objects={"things": thing})
    things = schema("things", name="text", cf_own="text", cf_7="decimal", cf_8="text")
    target = choose(things, connection.source.objects["things"], "update", 1)
    (told,) = send(connection, target, [OutRow("r1", {"name": "n", "cf_own": "o", "cf_7": 12, "cf_8": None}, key="1")])
    assert told.state == "confirmed"
    assert seen == [{"name": "n", "cf_own": "o", "custom_fields": written}]
