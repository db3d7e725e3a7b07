"""Page after page the same request, but for what stands in for the page: wherever the definition put it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.little import Answer, Asked, Little
from tests.protocol.connections import connect, schema

from backhaul.config.objects import ObjectDefinition
from backhaul.config.reads import Read
from backhaul.protocol.reads import Ask, read_pages

THINGS = schema("things", name="text")
TOKEN = {"type": "token", "from": "next"}


def asked_for(serve: Callable[[Answer], Little], **read: Any) -> tuple[list[Asked], list[Any]]:
    """What was asked for three pages, and the names that were read."""
    pages = iter(("one", "two", "three"))

    def answer(asked: Asked) -> Any:
        name = next(pages)
        following = {"one": "t&2", "two": "t 3"}.get(name)
        return {"things": [{"id": name, "name": name}], **({"next": following} if following else {})}

    server = serve(answer)
    connection = connect(server)
    how = Read.model_validate({"records": "things", "next": TOKEN, "size": 1, **read})
    definition = ObjectDefinition.model_validate({"key": "id", "reads": {"all": [how]}})
    ask = Ask(THINGS, definition, how, "all", tuple(THINGS.fields.values()), {"since": None})
    names = [name for page in read_pages(connection, ask) for name in page.columns["name"]]
    return list(server.asked), names


def test_in_the_parameters_with_the_others_as_they_were(serve: Callable[[Answer], Little]) -> None:
    params = {"after": "{page}", "fields": "{fields}", "limit": "{size}", "since": "{since}", "z": "last"}
    asked, names = asked_for(serve, get="/things", params=params)
    rest = "fields=id,name&limit=1&z=last"
    assert [each.line for each in asked] == [
        f"GET /things?{rest}",
        f"GET /things?after=t&2&{rest}",
        f"GET /things?after=t 3&{rest}",
    ]
    assert [list(each.params) for each in asked[1:]] == [["after", "fields", "limit", "z"]] * 2
    assert names == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("read", "place"),
    [
        ({"post": "/things", "json": {"after": "{page}", "size": "{size}"}}, lambda each: each.json.get("after")),
        ({"get": "/things", "headers": {"X-After": "{page}"}}, lambda each: each.headers.get("x-after")),
        ({"post": "/things", "form": {"after": "{page:url}"}}, lambda each: each.body.decode() or None),
    ],
    ids=["json", "header", "form"],
)
def test_anywhere_else(read: dict[str, Any], place: Callable[[Asked], Any], serve: Callable[[Answer], Little]) -> None:
    asked, names = asked_for(serve, **read)
    first, *rest = [place(each) for each in asked]
    assert first is None
    assert rest in (["t&2", "t 3"], ["after=t%25262", "after=t%25203"])
    assert names == ["one", "two", "three"]


def test_in_a_query_text(serve: Callable[[Answer], Little]) -> None:
    query = {"text": "things", "where": ["after > {page}"], "language": "suiteql"}
    asked, names = asked_for(serve, get="/things", params={"q": "{query}"}, query=query)
    assert [each.params["q"] for each in asked] == ["things", "things WHERE after > t&2", "things WHERE after > t 3"]
    assert names == ["one", "two", "three"]
