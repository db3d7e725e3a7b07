"""Objects are asked about side by side, and the schema does not hang on who answers first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.little import Answer, Asked, Little, Reply
from tests.protocol.connections import connect

from backhaul.discovery.discover import discover
from backhaul.errors import ConfigError
from backhaul.http.refusals import Refused
from backhaul.protocol.connection import Connection

OBJECTS = ["deals", "companies", "contacts"]


def connection(server: Little) -> Connection:
    fields = {"get": "/fields/{object}", "records": "fields", "keep": {"name": "name", "type": "type"}}
    objects: dict[str, Any] = {
        name: {"key": "id", "reads": {"all": {"get": f"/{name}", "records": "."}}} for name in OBJECTS
    }
    return connect(server, discovery={"fields": fields, "types": {"string": "text"}}, objects=objects)


def fields_of(asked: Asked) -> Any:
    name = asked.path.rpartition("/")[2]
    return {"fields": [{"name": "id", "type": "string"}, {"name": f"of_{name}", "type": f"odd_{name}"}]}


def test_one_answer_is_not_waited_for_before_the_next_question() -> None:
    all_there = threading.Barrier(len(OBJECTS), timeout=20)

    def answer(asked: Asked) -> Any:
        all_there.wait()
        return fields_of(asked)

    server = Little(answer, one_by_one=False)
    try:
        found = discover(connection(server), OBJECTS)
    finally:
        server.close()
    assert list(found.schema.objects) == OBJECTS
    assert [list(each.fields) for each in found.schema.objects.values()] == [["id", f"of_{name}"] for name in OBJECTS]
    assert found.unknown_types == {f"{name}.of_{name}": f"odd_{name}" for name in OBJECTS}


def test_a_name_that_is_not_there_is_refused_before_any_is_asked_about(serve: Callable[[Answer], Little]) -> None:
    server = serve(fields_of)
    with pytest.raises(ConfigError, match="no object contracts"):
        discover(connection(server), [*OBJECTS, "contracts"])
    assert server.asked == []


def test_of_several_refusals_the_first_objects_is_told(serve: Callable[[Answer], Little]) -> None:
    def refuse(asked: Asked) -> Any:
        return fields_of(asked) if asked.path.endswith("/deals") else Reply({"message": asked.path}, 400)

    with pytest.raises(Exception, match="/fields/companies") as raised:
        discover(connection(serve(refuse)), OBJECTS)
    assert not isinstance(raised.value, Refused)
