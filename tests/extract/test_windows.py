"""Windows side by side: cut without a gap, and never trusted beyond the first one that is missing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import Bench

from backhaul.config.reads import Read
from backhaul.extract import windows
from backhaul.extract.bounds import Bounds
from backhaul.extract.windows import Finished, can_be_cut, cut, reached

NOW = datetime(2026, 6, 1, tzinfo=UTC)
READ = Read.model_validate({"get": "/x", "size": 100, "params": {"since": "{since}", "until": "{until}"}})
SECOND = timedelta(seconds=1)


def day(number: float) -> datetime:
    return NOW - timedelta(days=number)


def counter(moments: list[datetime]) -> Callable[[Bounds], int]:
    def count(bounds: Bounds) -> int:
        return sum(
            (bounds.lower is None or bounds.lower <= at) and (bounds.upper is None or at < bounds.upper)
            for at in moments
        )

    return count


@given(st.lists(st.floats(0.01, 2000), max_size=40), st.integers(1, 8))
def test_a_cut_loses_no_moment_and_doubles_none(days: list[float], copies: int) -> None:
    moments = [day(each) for each in days] * copies * 20
    count = counter(moments)
    pieces = cut(Bounds(None, None), READ, count, NOW, SECOND)
    assert sum(count(piece) for piece in pieces) == len(moments)
    assert pieces[0].lower is None
    assert pieces[-1].upper is None
    assert all(one.upper == other.lower for one, other in pairwise(pieces))


def test_a_long_read_is_cut_into_windows_of_about_equal_size() -> None:
    moments = [day(each / 10) for each in range(1, 8001)]
    pieces = cut(Bounds(None, None), READ, counter(moments), NOW, SECOND)
    sizes = [counter(moments)(piece) for piece in pieces]
    assert len(pieces) >= 4
    assert max(sizes) <= 4000


def test_a_short_read_and_one_that_nobody_counts_stay_whole() -> None:
    whole = Bounds(day(9), day(0))
    assert cut(whole, READ, lambda bounds: 99, NOW, SECOND) == [whole]
    assert cut(whole, READ, lambda bounds: None, NOW, SECOND) == [whole]


def test_records_that_share_one_instant_do_not_cut_for_ever() -> None:
    pieces = cut(Bounds(None, None), READ, counter([day(3)] * 50_000), NOW, SECOND)
    assert len(pieces) <= 32


@pytest.mark.parametrize(
    ("written", "able"),
    [
        ({"get": "/x", "params": {"a": "{since}", "b": "{until}"}}, True),
        ({"get": "/x", "params": {"a": "{since}"}}, False),
        ({"get": "/x"}, False),
        (
            {
                "post": "/x",
                "query": {"language": "soql", "text": "select Id", "where": ["a >= {since}", "a < {until}"]},
            },
            True,
        ),
    ],
)
def test_only_reads_that_take_both_ends_can_be_cut(written: dict[str, object], able: bool) -> None:
    assert can_be_cut(Read.model_validate(written)) is able


def test_what_is_reached_ends_at_the_first_window_that_is_missing() -> None:
    first, second, third = (Bounds(None, day(30)), Bounds(day(30), day(20)), Bounds(day(20), day(10)))
    done = [Finished(each, each.upper) for each in (first, second, third)]
    assert reached([done[2], done[0], done[1]], None) == day(10)
    assert reached([done[0], done[2]], None) == day(30)
    assert reached([done[1], done[2]], None) is None
    assert reached([done[1], done[2]], day(30)) == day(10)
    assert reached([], day(30)) == day(30)


@pytest.mark.parametrize(("source", "name"), [("netsuite", "contact"), ("salesforce", "Contact")])
def test_windows_read_side_by_side_bring_the_same_rows_once(
    source: str, name: str, bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    # a real vendor's page holds thousands of rows: so few records would not be worth a cut
    monkeypatch.setattr(windows, "WORTH_PAGES", 0.1)
    made = bench(crm=(source, {name: {}}))
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=50)
    report = made.acme.sync()
    assert report.exit_code == 0, report.all_failures
    truth = {str(each.get("Id") or each["id"]) for each in vendor.dump(name) if not each["_deleted"]}
    assert {key for (key,) in made.raw(f"crm__{name}", "_key")} == truth
    line = report.sync.lines["crm", name]
    assert line.read == line.inserted == len(truth)
    assert line.watermark is not None
    asked = [each for each in vendor.received() if "/_control" not in each["path"]]
    assert len(asked) > 5
    again = made.acme.sync()
    assert sum(each.changed for each in again.sync.lines.values()) == 0


def test_records_without_a_change_time_keep_a_read_in_one_piece() -> None:
    moments = [day(number / 10) for number in range(30_000)]
    dated = counter(moments)
    undated = lambda bounds: dated(bounds) + (5 if bounds == Bounds(None, None) else 0)  # noqa: E731
    assert cut(Bounds(None, None), READ, undated, NOW, SECOND) == [Bounds(None, None)]
