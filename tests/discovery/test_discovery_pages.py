"""Discovery follows every kind of `next`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.little import Answer, Asked, Little, Reply
from tests.protocol.connections import connect

from backhaul.discovery.discover import list_objects
from backhaul.errors import FixDefinition

NAMES = ["a", "b", "c", "d", "e"]


def page(asked: Asked, start: int, **more: Any) -> dict[str, Any]:
    found = [{"name": name} for name in NAMES[start : start + 2]]
    return {"objects": found, **{name: value for name, value in more.items() if start + 2 < len(NAMES)}}


def by_token(asked: Asked) -> Any:
    start = int(asked.params.get("at", 0))
    return page(asked, start, next=str(start + 2))


def by_link(asked: Asked) -> Any:
    start = int(asked.path.rpartition("/")[2] or 0) if asked.path != "/objects" else 0
    return page(asked, start, next=f"/objects/{start + 2}")


def by_offset(asked: Asked) -> Any:
    return page(asked, int(asked.params.get("at", 0)))


def by_page(asked: Asked) -> Any:
    return page(asked, 2 * (int(asked.params.get("at", 1)) - 1))


def by_key(asked: Asked) -> Any:
    after = asked.params.get("after", "")
    return {"objects": [{"name": name} for name in NAMES if name > after][:2]}


@pytest.mark.parametrize(
    ("answer", "params", "next_"),
    [
        (by_token, {"at": "{page}"}, {"type": "token", "from": "next"}),
        (by_link, {}, {"type": "link", "from": "next"}),
        (by_offset, {"at": "{page}"}, {"type": "offset"}),
        (by_page, {"at": "{page}"}, {"type": "page"}),
        (by_key, {"after": "{last.key}"}, {"type": "keyset"}),
    ],
)
def test_all_pages_are_asked_for(
    answer: Answer, params: dict[str, str], next_: dict[str, str], serve: Callable[[Answer], Little]
) -> None:
    server = serve(answer)
    found = {
        "get": "/objects",
        "params": params,
        "records": "objects",
        "size": 2,
        "next": next_,
        "keep": {"name": "name"},
    }
    connection = connect(server, discovery={"objects": found})
    assert [each.name for each in list_objects(connection)] == NAMES
    assert len(server.asked) == 3


def test_a_link_to_another_host_is_not_followed(serve: Callable[[Answer], Little]) -> None:
    server = serve(lambda asked: Reply({"objects": [{"name": "a"}], "next": "http://127.0.0.2:1/objects"}))
    found = {
        "get": "/objects",
        "records": "objects",
        "next": {"type": "link", "from": "next"},
        "keep": {"name": "name"},
    }
    with pytest.raises(FixDefinition, match="another host"):
        list_objects(connect(server, discovery={"objects": found}))
