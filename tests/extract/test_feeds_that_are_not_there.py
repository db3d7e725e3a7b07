"""A feed of deletions that an account does not have: the records are read, and the census finds what is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.little import Answer, Asked, Little, Place, Reply, definition


@pytest.mark.parametrize("then", ["absent", "skip"])
def test_a_feed_that_is_absent_is_empty_and_one_that_is_refused_is_said(
    then: str, serve: Callable[[Answer], Little], tmp_path: Path
) -> None:
    held = ["1", "2"]

    def answer(asked: Asked) -> Any:
        if asked.path == "/trail":
            return Reply({"message": "no right to the trail"}, 403)
        return {"value": [{"id": each} for each in held]} if asked.path == "/things" else None

    server = serve(answer)
    read = {"get": "/things", "records": "value"}
    feed = {"type": "feed", "get": "/trail", "records": "value", "key": "id", "at": "at"}
    thing = {"key": "id", "fields": {"id": "text"}, "reads": {"all": read, "keys": read},
             "deletes": [feed, {"type": "census"}]}  # fmt: skip
    rules = [{"when": {"status": 403}, "then": then, "only": ["deleted"]}]
    things = Place(tmp_path, definition(server.url, objects={"things": thing}, on_error=rules), {"things": {}})
    things.sync()
    held.remove("2")
    line = things.sync(ok=then == "absent", check_deletes=True).sync.lines["crm", "things"]
    if then == "skip":
        assert "no right to the trail" in line.refused["feed"]
        return
    assert not line.not_served
    things.sync(census=True)
    assert things.rows("SELECT id FROM raw.crm__things WHERE _deleted_at IS NULL") == [("1",)]
