"""Log lines: one JSON object each, with the facts of the thread that wrote them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from backhaul.telemetry import context, log


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "logs"
    log.set_up()


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def test_facts_bound_around_the_caller_are_on_every_line(folder: Path) -> None:
    log.set_up(log.JsonLines(folder))
    logger = log.Logger("extract")
    with context.bound(customer="acme", run="01"), context.bound(connection="crm"):
        logger.info("page", rows=100)
    logger.info("after")
    first, second = records(folder)
    assert {
        "customer": "acme",
        "run": "01",
        "connection": "crm",
        "rows": 100,
        "room": "extract",
    }.items() <= first.items()
    assert "customer" not in second


def test_facts_travel_with_carried_work_into_threads(folder: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        with context.bound(customer="acme"):
            work = context.carried(lambda number: (number, dict(context.current())))
        found = list(pool.map(work, range(20)))
        bare = pool.submit(lambda: dict(context.current())).result()
    assert found == [(number, {"customer": "acme"}) for number in range(20)]
    assert bare == {}


def test_nothing_is_written_before_it_is_set_up_nor_below_the_level(folder: Path) -> None:
    log.Logger("x").error("nobody listens")
    log.set_up(log.JsonLines(folder, log.WARNING))
    log.Logger("x").info("too quiet")
    log.Logger("x").warning("heard")
    assert [record["event"] for record in records(folder)] == ["heard"]


def test_libraries_warnings_join_and_their_chatter_does_not(folder: Path) -> None:
    log.set_up(log.JsonLines(folder))
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("some.library").warning("careful: %s", 7)
    assert [(record["event"], record["logger"]) for record in records(folder)] == [("careful: 7", "some.library")]


def test_lines_of_many_threads_do_not_mix(folder: Path) -> None:
    log.set_up(log.JsonLines(folder))
    logger = log.Logger("x")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: logger.info("line", number=number, pad="y" * 500), range(400)))
    assert sorted(record["number"] for record in records(folder)) == list(range(400))


def test_files_of_long_ago_are_removed_when_a_new_one_begins(folder: Path) -> None:
    folder.mkdir()
    (folder / "2001-01-01.jsonl").write_text("{}\n")
    (folder / "notes.txt").write_text("mine")
    log.set_up(log.JsonLines(folder))
    log.Logger("x").info("today")
    assert not (folder / "2001-01-01.jsonl").exists()
    assert (folder / "notes.txt").exists()


def test_a_log_that_cannot_be_written_is_told_once_and_stops_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write_text("a file, where a folder should be")
    log.set_up(log.JsonLines(folder))
    for _ in range(3):
        log.Logger("x").info("goes on")
    assert capsys.readouterr().err.count("cannot be written") == 1
