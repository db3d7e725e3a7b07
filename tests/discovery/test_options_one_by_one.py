"""Options that are records of their own, and marks of fields that the vendor tells of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.little import Answer, Asked, Little
from tests.protocol.connections import connect

from backhaul.discovery.discover import discover

FIELDS = [
    {
        "get": "/fields",
        "keep": {
            "name": "name", "type": "type", "length": "length",
            "custom": {"name": [{"begins": "u_"}, {"begins": "x_"}]},
        },
    },
    {"get": "/choices", "keep": {"name": "of", "option": "value"}},
]  # fmt: skip


def test_they_are_gathered_by_field_and_make_none(serve: Callable[[Answer], Little]) -> None:
    def answer(asked: Asked) -> Any:
        if asked.path == "/fields":
            told = [("id", "40"), ("u_colour", "8"), ("menu_u", ""), ("stamp", "many")]
            return [{"name": name, "type": "word", "length": length} for name, length in told]
        return [{"of": "u_colour", "value": "red"}, {"of": "gone", "value": "x"}, {"of": "u_colour", "value": "blue"}]

    connection = connect(
        serve(answer),
        discovery={"fields": FIELDS, "types": {"word": "text"}},
        objects={"things": {
            "fields": {"own": "text", "stamp": "text"}, "marks": {"own": "unique", "stamp": "read_only"},
            "discovery": FIELDS, "reads": {"all": {"get": "/things"}},
        }},
    )  # fmt: skip
    fields = discover(connection, ["things"]).schema.objects["things"].fields
    assert set(fields) == {"id", "own", "u_colour", "menu_u", "stamp"}
    assert fields["u_colour"].options == ("red", "blue")
    assert [name for name, each in fields.items() if each.custom] == ["u_colour"]
    assert [fields[each].length for each in ("u_colour", "menu_u", "stamp")] == [8, None, None]
    assert fields["own"].unique
    assert not fields["stamp"].updatable, "the definition knows more than the vendor tells"
