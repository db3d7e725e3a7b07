"""Progress: the figures, plain lines, and what is drawn on a terminal of 80 columns."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from backhaul.cli.progress import Drawn, Plain, Reading
from backhaul.cli.times import ago, ahead, clock, span
from backhaul.telemetry.progress import (
    ObjectDone,
    ObjectStarted,
    PageRead,
    PartLoaded,
    RowsWritten,
    StageDone,
    StageStarted,
    Waiting,
)

DEALS = ("acme", "crm", "deals")


def test_the_rate_is_of_late_and_the_time_left_follows_it() -> None:
    one = Reading(began=0.0, expected=1000)
    assert one.left() is None
    for second in range(1, 5):
        one.page(100, float(second))
    assert one.rate() == pytest.approx(100)
    assert one.left() == pytest.approx(6)
    for second in range(5, 40):
        one.page(10, float(second))
    assert one.rate() == pytest.approx(10)
    one.page(1000, 41.0)
    assert one.left() is None


def test_plain_lines_tell_what_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    plain = Plain()
    for event in (
        StageStarted("acme", stage="sync"),
        ObjectStarted(*DEALS, expected=200),
        PageRead(*DEALS, rows=200, expected=200),
        Waiting("acme", "crm", "deals", "the limit 4/1s", 7.0),
        ObjectDone(*DEALS, rows=200),
        ObjectDone("acme", "crm", "notes", failed="no right to it"),
        StageDone("acme", stage="sync", seconds=1.5, note="200 rows"),
        RowsWritten("acme", "crm", "deals", written=3, refused=1),
    ):
        plain.on(event)
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert lines[0] == "acme: sync begins"
    assert lines[1] == "acme crm.deals: waiting 7.0 s: the limit 4/1s"
    assert lines[2].startswith("acme crm.deals: 200 rows read in ")
    assert lines[3] == "acme crm.notes: failed: no right to it"
    assert lines[4] == "acme: sync done in 1.5 s, 200 rows"
    assert lines[5] == "acme crm.deals: 3 rows written, 1 refused"


def drawn_lines(drawn: Drawn) -> list[str]:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(drawn)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_what_is_being_read_is_drawn_a_line_each_within_80_columns() -> None:
    drawn = Drawn(Console(file=io.StringIO(), width=80))
    drawn.on(StageStarted("acme", stage="sync"))
    drawn.on(ObjectStarted(*DEALS))
    drawn.on(PageRead(*DEALS, rows=12_300, expected=40_000))
    drawn.on(PageRead("acme", "crm", "a_rather_long_custom_object_name", rows=3))
    drawn.on(PageRead("acme", "erp", "invoice", rows=7))
    drawn.on(Waiting("acme", "erp", "invoice", "rate:100/10s of this account is used up for now", 3.0))
    drawn.on(ObjectDone("acme", "crm", "owners", rows=5))
    drawn.on(PartLoaded("acme", "crm", "owners", rows=5))
    lines = drawn_lines(drawn)
    assert max(len(line) for line in lines) <= 80
    text = "\n".join(lines)
    assert "12,300 of 40,000" in text
    assert "left" in text
    assert "waiting 3.0 s" in text or "waiting 2.9 s" in text
    assert "1 object read, 12,310 rows, 5 loaded" in text


def test_many_objects_fit_the_screen() -> None:
    drawn = Drawn(Console(file=io.StringIO(), width=80))
    for number in range(60):
        drawn.on(PageRead("acme", "crm", f"object_{number}", rows=number))
    lines = drawn_lines(drawn)
    assert len(lines) < 20
    assert "60 being read" in "\n".join(lines)


def test_a_page_ends_the_wait_before_it() -> None:
    drawn = Drawn(Console(file=io.StringIO(), width=80))
    drawn.on(Waiting("acme", "crm", "", "a full pool", 30.0))
    assert "a full pool" in "\n".join(drawn_lines(drawn))
    drawn.on(PageRead(*DEALS, rows=1))
    assert "a full pool" not in "\n".join(drawn_lines(drawn))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.9, "9.9 s"), (12.4, "12 s"), (185, "3 min"), (7300, "2 h"), (1e6, "11 d")],
)
def test_spans_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_moments_in_words() -> None:
    from datetime import UTC, datetime, timedelta

    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert ago(now - timedelta(minutes=3), now) == "3 min ago"
    assert ago(now, now) == "now"
    assert ago(None) == ahead(None) == ""
    assert ahead(now + timedelta(hours=5), now) == "in 5 h"
    assert ahead(now - timedelta(hours=5), now) == "now"
    assert (clock(7), clock(750), clock(3723)) == ("0:07", "12:30", "1:02:03")
