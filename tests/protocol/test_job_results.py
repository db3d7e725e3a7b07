"""Results of write jobs in JSON: by the place that each tells, by id; a row without one is unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.little import Answer, Asked, Little
from tests.protocol.connections import connect, schema

from backhaul.protocol.writes import OutRow, choose, send

POLL = {"get": "/jobs/{job.id}", "every": "1s", "timeout": "20s",
        "done": {"state": "completed"}, "failed": {"state": "failed"}}  # fmt: skip
BY_PLACE = {
    "type": "order", "records": "results", "id": "index", "key": "id", "ok": {"success": True},
    "error": {"code": "error", "message": "details"},
}  # fmt: skip
BY_ID = {**BY_PLACE, "type": "id", "id": "mine"}


def things(server: Little, result: Mapping[str, Any]) -> Any:
    job = {
        "create": {"post": "/jobs", "json": {"rows": "{items}"}, "keep": {"id": "job"}},
        "poll": POLL,
        "results": [{"get": "/jobs/{job.id}", "result": result}],
    }
    write = {"batch": 10, "item": {"mine": "{item.id}", "...": "{values}"}, "job": job}
    connection = connect(server, objects={"things": {"writes": {"create": write}}})
    return connection, choose(schema("things", name="text"), connection.source.objects["things"], "create", 3)


@pytest.mark.parametrize("result", [BY_PLACE, BY_ID])
def test_each_row_gets_its_own_answer(result: Mapping[str, Any], serve: Callable[[Answer], Little]) -> None:
    polls: list[str] = []

    def answer(asked: Asked) -> Any:
        if asked.method == "POST":
            assert [row["mine"] for row in asked.json["rows"]] == ["r0", "r1", "r2"]
            return {"job": "j1"}
        polls.append(asked.path)
        refused = {"index": 2, "mine": "r2", "success": False, "error": "Invalid", "details": "no name"}
        done = [refused, {"index": 0, "mine": "r0", "success": True, "id": 70}, {"success": True, "id": 71}]
        return {"state": "completed", "results": done} if len(polls) > 1 else {"state": "working"}

    seen: list[str] = []
    connection, target = things(serve(answer), result)
    told = send(connection, target, [OutRow(f"r{n}", {"name": str(n)}) for n in range(3)], on_job=seen.append)
    assert [(each.id, each.state, each.key, each.code, each.message) for each in told] == [
        ("r0", "confirmed", "70", "", ""),
        ("r1", "unknown", None, "", "no result names it"),
        ("r2", "refused", None, "Invalid", "no name"),
    ]
    assert seen == ["j1"], "the job is known before it is first polled"


def test_a_job_that_fails_leaves_its_rows_unknown(serve: Callable[[Answer], Little]) -> None:
    def answer(asked: Asked) -> Any:
        return {"job": "j1"} if asked.method == "POST" else {"state": "failed"}

    connection, target = things(serve(answer), BY_PLACE)
    told = send(connection, target, [OutRow("r0", {"name": "a"})])
    assert [each.state for each in told] == ["unknown"]


def test_a_batch_has_an_id_that_is_the_same_when_the_same_rows_are_sent_again(
    serve: Callable[[Answer], Little],
) -> None:
    server = serve(lambda asked: {"ok": True})
    write = {
        "post": "/many", "headers": {"Idempotency-Key": "{batch.id}"}, "batch": 10, "item": {"...": "{values}"},
        "json": {"rows": "{items}"}, "result": {"type": "all"},
    }  # fmt: skip
    connection = connect(server, objects={"things": {"writes": {"create": write}}})
    target = choose(schema("things", name="text"), connection.source.objects["things"], "create", 2)
    rows = [OutRow("r0", {"name": "a"}), OutRow("r1", {"name": "b"})]
    for some in (rows, rows, rows[:1]):
        send(connection, target, some)
    one, same, other = (each.headers["idempotency-key"] for each in server.asked)
    assert one == same != other
