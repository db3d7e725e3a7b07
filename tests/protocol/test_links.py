"""Links of pages and positions: credentials go where requests go, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.little import Answer, Asked, Little, Reply
from tests.protocol.connections import connect, schema

from backhaul.config.paths import Answer as Read
from backhaul.config.reads import NextLink
from backhaul.errors import FixDefinition, WindowLost
from backhaul.protocol.connection import Connection
from backhaul.protocol.paging import Position, Served, following
from backhaul.protocol.reads import Ask, read_pages

THINGS = {
    "things": {
        "fields": {"id": "text"},
        "reads": {"all": {"get": "/things", "records": "things", "next": {"type": "link", "from": "next"}}},
    }
}


def pages(connection: Connection, start: Position | None = None) -> list[int]:
    definition = connection.source.objects["things"]
    of = schema("things")
    ask = Ask(of, definition, definition.reads.all[0], "all", tuple(of.fields.values()))
    return [page.rows for page in read_pages(connection, ask, start)]


def test_a_position_that_was_kept_is_followed_on_our_own_host_alone(serve: Callable[[Answer], Little]) -> None:
    server = serve(lambda asked: {"things": [{"id": "1"}]})
    connection = connect(server, objects=THINGS)
    assert pages(connection, Position(f"{server.url}/things?from=7")) == [1]
    assert server.lines() == ["GET /things?from=7"]
    other = serve(lambda asked: {"things": []})
    with pytest.raises(FixDefinition, match="the position that was kept leads to") as raised:
        pages(connection, Position(f"{other.url}/things?from=7"))
    assert "sync --full" in str(raised.value)
    assert (server.lines(), other.lines()) == ([], [])


def test_a_link_never_leaves_encryption() -> None:
    link = NextLink.model_validate({"type": "link", "from": "next"})
    page = Served(Read({"next": "http://api.example.com/things?page=2"}), 1, "https://api.example.com/things")
    found = following(link, page, Position(), None, lambda: None)
    assert found == Position("https://api.example.com/things?page=2")


def test_a_link_that_names_a_field_which_is_gone_is_dead(serve: Callable[..., Little]) -> None:
    """Its columns stand in the link: asking it again without the field is not possible, a new chain of pages is."""

    def answer(asked: Asked) -> object:
        if "gone" in asked.params.get("fields", ""):
            return Reply({"error": {"message": "no such field", "field": "gone"}}, 400)
        return {"things": [{"id": "1"}]}

    server = serve(answer)
    reads = {
        "all": {
            "get": "/things",
            "params": {"fields": "{fields}"},
            "records": "things",
            "next": {"type": "link", "from": "next"},
        }
    }
    connection = connect(
        server,
        objects={"things": {"fields": {"id": "text", "gone": "text"}, "reads": reads}},
        error={"message": "error.message", "field": "error.field"},
        on_error=[{"when": {"status": 400}, "then": "drop_field"}],
    )
    definition = connection.source.objects["things"]
    of = schema("things", gone="text")
    ask = Ask(of, definition, definition.reads.all[0], "all", tuple(of.fields.values()))
    assert [page.rows for page in read_pages(connection, ask)] == [1]
    with pytest.raises(WindowLost, match="asks for a field that is gone"):
        list(read_pages(connection, ask, Position(f"{server.url}/things?fields=id,gone&page=2")))


@pytest.mark.parametrize(
    ("header", "next_page"),
    [
        ('<https://api.example.com/things?page=2>; rel="next"', "/things?page=2"),
        ('</things?page=1>; rel="prev", </things?page=3>; rel="next"; title="on, and on"', "/things?page=3"),
        ("</things?page=3>;rel=next", "/things?page=3"),
        ('</things?page=3>; rel="last next"', "/things?page=3"),
        ('</things?a=1,2>; rel="next", </x>; rel="first"', "/things?a=1,2"),
        ('</things?page=1>; rel="prev"', None),
        ('</things?page=1>; title="rel=next"', None),
        ("</things?page=1>", None),
        ("", None),
    ],
)
def test_of_a_link_header_the_one_that_is_called_next_is_followed(header: str, next_page: str | None) -> None:
    link = NextLink.model_validate({"type": "link", "from": "header:Link"})
    page = Served(Read([], {"link": header}), 1, "https://api.example.com/things")
    found = following(link, page, Position(), None, lambda: None)
    assert found == (Position(f"https://api.example.com{next_page}") if next_page else None)


def test_a_link_that_is_relative_to_another_place_is_put_together() -> None:
    told = {"type": "link", "from": {"from": "_links.next.href", "wrap": "/api/v2/objects{}"}}
    link = NextLink.model_validate(told)
    page = Served(Read({"_links": {"next": {"href": "/records?next_token=ab%3D"}}}), 1, "https://api.example.com/x")
    found = following(link, page, Position(), None, lambda: None)
    assert found == Position("https://api.example.com/api/v2/objects/records?next_token=ab%3D")
    last = Served(Read({"_links": {"next": {"href": None}}}), 1, "https://api.example.com/x")
    assert following(link, last, Position(), None, lambda: None) is None
