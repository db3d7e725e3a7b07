"""A row that cannot be written as the vendor asks is refused by itself; it stops no other, and is never sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from tests.little import Answer, Asked, Little
from tests.protocol.connections import connect, schema

from backhaul.protocol.render import UNBOUND, Bindings, Unspellable, text
from backhaul.protocol.writes import OutRow, choose, send

THING = {
    "fields": {"id": "text"},
    "reads": {"all": {"get": "/things"}},
    "writes": {
        "update": {
            "post": "/things", "batch": 10, "item": {"id": "{key:integer}", "...": "{values}"},
            "json": {"things": "{items}"}, "result": {"type": "order", "records": "things", "key": "id"},
        }
    },
}  # fmt: skip


@pytest.mark.parametrize("good", [("7", "8"), ("7",), ()])
def test_only_the_rows_at_fault_are_refused(good: tuple[str, ...], serve: Callable[[Answer], Little]) -> None:
    seen: list[Any] = []

    def answer(asked: Asked) -> Any:
        seen.append([each["id"] for each in asked.json["things"]])
        return asked.json

    connection = connect(serve(answer), objects={"things": THING})
    rows = [OutRow(f"r{key}", {"name": "n"}, key=key) for key in ("1e3", *good, "new york")]
    target = choose(schema("things", name="text"), connection.source.objects["things"], "update", len(rows))
    told = send(connection, target, rows)
    assert [(each.id, each.state) for each in told] == [
        ("r1e3", "refused"), *((f"r{key}", "confirmed") for key in good), ("rnew york", "refused")
    ]  # fmt: skip
    assert (told[-1].code, told[-1].message) == ("UNSPELLABLE", "'new york' is no whole number")
    assert seen == ([[int(key) for key in good]] if good else [])


@pytest.mark.parametrize("job", [False, True])
def test_a_row_at_fault_where_the_body_names_it_is_refused_by_itself(
    job: bool, serve: Callable[[Answer], Little]
) -> None:
    seen: list[Any] = []

    def answer(asked: Asked) -> Any:
        if asked.method == "GET":
            return {"state": "done", "rows": [{"id": key, "ok": True} for key in seen[-1]]}
        seen.append(asked.json["ids"])
        return {"job": "j1"}

    started = {"post": "/gone", "json": {"ids": "{keys:integer}"}}
    polled = {"get": "/jobs/{job.id}", "done": {"state": "done"}, "every": "10ms"}
    results = {"get": "/jobs/{job.id}", "result": {"type": "key", "records": "rows", "key": "id", "ok": {"ok": True}}}
    at_once = {**started, "batch": 10, "result": {"type": "all"}}
    by_job = {"batch": 10, "job": {"create": {**started, "keep": {"id": "job"}}, "poll": polled, "results": [results]}}
    thing = {**THING, "writes": {"delete": by_job if job else at_once}}
    connection = connect(serve(answer), objects={"things": thing})
    rows = [OutRow(f"r{key}", key=key) for key in ("7", "new york", "8")]
    target = choose(schema("things", name="text"), connection.source.objects["things"], "delete", len(rows))
    told = send(connection, target, rows)
    assert [(each.id, each.state) for each in told] == [
        ("r7", "confirmed"), ("rnew york", "refused"), ("r8", "confirmed")
    ]  # fmt: skip
    assert seen == [[7, 8]]


@pytest.mark.parametrize(
    ("format", "value", "told"),
    [
        ("integer", "x" * 99, "no whole number"),
        ("integer", ["1", "x"], "no whole number"),
        ("unix", "2026-01-01", "no moment"),
        ("month", "06/30/2026", "no day"),
        ("unix", date(2026, 1, 1), "no moment"),
    ],
)
def test_a_value_that_a_format_cannot_say_is_told_in_short(format: str, value: object, told: str) -> None:
    with pytest.raises(Unspellable, match=told) as error:
        text(f"{{key:{format}}}", Bindings({"key": value}))
    assert len(str(error.value)) < 100


def test_a_day_is_said_in_parts() -> None:
    bindings = Bindings({"key": "2026-06-03"})
    assert [text(f"{{key:{part}}}", bindings) for part in ("year", "month", "day")] == ["2026", "06", "03"]
    assert text("{key:year}", Bindings({"key": ""})) is UNBOUND
