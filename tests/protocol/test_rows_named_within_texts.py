"""Answers name rows by an id that stands within a longer text; some fields are for writes alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.little import Answer, Asked, Little
from tests.protocol.connections import connect, schema

from backhaul.discovery.discover import discover
from backhaul.protocol.writes import OutRow, choose, send

CREATE = {
    "post": "/things", "batch": 10, "item": {"ref": "run-7.{item.id}", "...": "{values}"}, "json": {"items": "{items}"},
    "result": {"type": "id", "records": "done", "id": {"from": "ref", "match": "[.](.+)$"}, "key": "id",
               "ok": {"good": True}},
}  # fmt: skip


def test_an_answer_is_the_rows_whose_id_is_cut_out_of_what_it_names(serve: Callable[[Answer], Little]) -> None:
    def answer(asked: Asked) -> Any:
        sent = [each["ref"] for each in asked.json["items"]]
        assert sent == ["run-7.a", "run-7.b", "run-7.c"]
        return {"done": [{"ref": "run-7.c", "good": True, "id": 3}, {"ref": "nothing", "good": True, "id": 9},
                         {"ref": "run-7.a", "good": False}]}  # fmt: skip

    connection = connect(serve(answer), objects={"things": {"writes": {"create": CREATE}}})
    target = choose(schema("things", name="text"), connection.source.objects["things"], "create", 3)
    told = send(connection, target, [OutRow(id, {"name": "n"}) for id in "abc"])
    assert [(each.id, each.state, each.key) for each in told] == [
        ("a", "refused", None), ("b", "unknown", None), ("c", "confirmed", "3"),
    ]  # fmt: skip


def test_a_field_that_only_writes_take_is_none_to_read(serve: Callable[[Answer], Little]) -> None:
    thing = {"fields": {"id": "text", "lines": "json"}, "marks": {"lines": ["write_only", "required"]}}
    connection = connect(serve(lambda asked: None), objects={"things": thing})
    lines = discover(connection, ["things"]).schema.objects["things"].fields["lines"]
    assert (lines.readable, lines.creatable, lines.updatable, lines.required) == (False, True, True, True)
