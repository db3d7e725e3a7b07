"""Fields that name other objects, and literals: how writes and requests spell them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.little import Answer, Asked, Little
from tests.protocol.connections import connect, schema

from backhaul.discovery.discover import discover
from backhaul.protocol.reads import Ask, read_pages
from backhaul.protocol.writes import OutRow, choose, send

UPDATE = {"patch": "/{object}s/{key}", "json": "{values}", "result": {"type": "status"}}
DISCOVERY = {
    "objects": {"get": "/objects", "records": ".", "keep": {"name": "name", "set": "set"}},
    "fields": {"get": "/fields", "records": ".", "keep": {"name": "name", "references": "to", "written": "as"}},
    "reference": "/{object.set}({key})",
}


def test_a_field_that_names_another_object_is_written_as_the_vendor_spells_its_key(
    serve: Callable[[Answer], Little],
) -> None:
    seen: list[Any] = []

    def answer(asked: Asked) -> Any:
        match asked.method, asked.path:
            case "GET", "/objects":
                return [{"name": "deal", "set": "deals"}, {"name": "company", "set": "companies"}]
            case "GET", "/fields":
                return [
                    {"name": "_firm", "to": "company", "as": "firm@bind"},
                    {"name": "_odd", "to": "nowhere"},
                    {"name": "id"},
                ]
        seen.append(asked.json)
        return {}

    connection = connect(serve(answer), discovery=DISCOVERY, objects={"deal": {"writes": {"update": UPDATE}}})
    deal = discover(connection, ["deal"]).schema.objects["deal"]
    target = choose(deal, connection.source.objects["deal"], "update", 1)
    send(connection, target, [OutRow("r1", {"_firm": "7", "_odd": "8"}, key="1")])
    send(connection, target, [OutRow("r2", {"_firm": None}, key="1")])
    assert seen == [{"firm@bind": "/companies(7)", "_odd": "8"}, {"firm@bind": None}]


@pytest.mark.parametrize(
    ("template", "value", "written"),
    [
        ("things(code='{match.value:doubled}')", "O'Neill", "things(code='O''Neill')"),
        ("{match.value:guid}", "0" * 31 + "1", "00000000-0000-0000-0000-000000000001"),
        ("{match.value:guid}", "no guid", "of it alone"),
    ],
)
def test_formats_of_values_in_a_body(
    template: str, value: str, written: str, serve: Callable[[Answer], Little]
) -> None:
    seen: list[Any] = []

    def answer(asked: Asked) -> Any:
        seen.append(asked.json["at"])
        return {}

    upsert = {"post": "/things", "json": {"at": template}, "result": {"type": "status"}}
    thing = {"fields": {"id": "text", "code": "text"}, "writes": {"upsert": upsert}}
    connection = connect(serve(answer), objects={"thing": thing})
    target = choose(schema("thing", code="text"), connection.source.objects["thing"], "upsert", 1, "code")
    for _ in range(2):
        send(connection, target, [OutRow("r1", {}, match=value)])
    assert seen[0] == seen[1], "the same each time"
    if value != "no guid":
        assert seen[0] == written
    else:
        assert len(seen[0]) == 36


def test_what_a_read_puts_on_a_record_is_not_asked_for_and_annotations_are_no_fields(
    serve: Callable[[Answer], Little],
) -> None:
    server = serve(lambda asked: {"value": [{"id": "1", "name": "a", "@tag": "v1", "name@label": "A"}]})
    read = {
        "get": "/things",
        "params": {"fields": "{fields}"},
        "records": "value",
        "add": {"tag": "[@tag]"},
        "drop": ["@tag", "*@label"],
    }
    fields = {"id": "text", "name": "text", "tag": "text"}
    connection = connect(server, objects={"things": {"fields": fields, "reads": {"all": read}}})
    definition, things = connection.source.objects["things"], schema("things", name="text", tag="text")
    ask = Ask(things, definition, definition.reads.all[0], "all", tuple(things.fields.values()))
    (page,) = read_pages(connection, ask)
    assert server.asked[-1].params["fields"] == "id,name"
    assert page.columns["tag"] == ["v1"]
    assert page.unknown() == {}
