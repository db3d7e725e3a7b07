"""Pages by key of which rows are taken out once they are cut: one without rows is no end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError
from tests.little import Answer, Asked, Little, Reply
from tests.protocol.connections import connect, schema

from backhaul.config.objects import ObjectDefinition
from backhaul.config.reads import Read
from backhaul.protocol.reads import Ask, read_pages

THINGS = schema("things", name="text")
KEYS = [f"{n:03}" for n in range(60)]
NEXT = {
    "type": "keyset",
    "until": {"header:Link": {"not": {"contains": "next"}}},
    "beyond": {"from": "header:Link", "match": r"at=(\d+)>"},
}


def vendor(hidden: set[str], gone: dict[int, str]) -> Answer:
    """Ten places a page. gone: at which request a row leaves."""
    keys = list(KEYS)
    calls = 0

    def answer(asked: Asked) -> Reply:
        nonlocal calls
        calls += 1
        if calls in gone:
            keys.remove(gone[calls])
        left = [each for each in keys if each > asked.params.get("after", "")]
        at = int(asked.params.get("at", 0))
        found = [{"id": each, "name": "x"} for each in left[at : at + 10] if each not in hidden]
        link = {"Link": f"<http://x/?at={at + 10}>; rel=next"} if at + 10 < len(left) else {}
        return Reply({"things": found}, headers=link)

    return answer


def keys_read(server: Little) -> list[str]:
    params = {"after": "{last.key}", "at": "{page}"}
    how = Read.model_validate({"get": "/things", "params": params, "records": "things", "size": 10, "next": NEXT})
    definition = ObjectDefinition.model_validate({"key": "id", "reads": {"all": [how]}})
    ask = Ask(THINGS, definition, how, "all", tuple(THINGS.fields.values()))
    return [str(key) for page in read_pages(connect(server), ask) for key in page.columns["id"]]


@pytest.mark.parametrize(
    "hidden",
    [set(), set(KEYS[:25]), set(KEYS[5:45]), set(KEYS[40:]), set(KEYS), set(KEYS[::2])],
    ids=["none", "the first", "between", "the last", "all", "every second"],
)
def test_every_row_that_may_be_seen_is_read_once(hidden: set[str], serve: Callable[[Answer], Little]) -> None:
    server = serve(vendor(hidden, {}))
    assert keys_read(server) == [each for each in KEYS if each not in hidden]


def test_a_hidden_row_that_leaves_meanwhile_lets_no_other_slip_by(serve: Callable[[Answer], Little]) -> None:
    hidden = set(KEYS[:20])
    server = serve(vendor(hidden, {2: KEYS[3]}))
    assert keys_read(server) == KEYS[20:]


def test_an_end_must_be_told() -> None:
    with pytest.raises(ValidationError, match="until"):
        Read.model_validate({"get": "/things", "next": {"type": "keyset", "beyond": "at"}})
