"""Values that fit their column are kept exactly; others are NULL and counted, with key, field and text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workdb import Work

CASES = [
    ("headcount", "employees", "12", 12),
    ("headcount", "employees", " 12 ", 12),
    ("headcount", "employees", "", None),
    ("headcount", "employees", None, None),
    ("founded", "founded_on", "1999-12-31", date(1999, 12, 31)),
    ("founded", "founded_on", "1999-12-31T23:30:00-02:00", date(2000, 1, 1)),
    ("founded", "founded_on", "946684800000", date(2000, 1, 1)),
    ("seen", "seen_at", "2026-01-02T03:04:05.678Z", datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)),
    ("seen", "seen_at", "2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
    ("seen", "seen_at", "1767323045678", datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)),
    ("vip", "is_key_account", "true", True),
    ("vip", "is_key_account", "F", False),
]
REFUSED = [
    ("headcount", "employees", "many", "is no integer"),
    ("headcount", "employees", "1,200", "is no integer"),
    ("founded", "founded_on", "31/12/1999", "is no date"),
    ("seen", "seen_at", "soon", "is no timestamp"),
    ("vip", "is_key_account", "perhaps", "is no boolean"),
]


@pytest.mark.parametrize(("field", "column", "raw", "expected"), CASES)
def test_a_value_that_fits_is_kept(work: Work, field: str, column: str, raw: str, expected: object) -> None:
    work.put("companies", "7", **{field: raw})
    result = work.transform()
    assert work.row("accounts", column) == (expected,)
    assert result.entities[0].rejects == 0


@pytest.mark.parametrize(("field", "column", "raw", "reason"), REFUSED)
def test_a_value_that_does_not_fit_is_null_and_a_reject(
    work: Work, field: str, column: str, raw: str, reason: str
) -> None:
    work.put("companies", "7", name="Globex", **{field: raw})
    result = work.transform()
    assert work.row("accounts", f"name, {column}") == ("Globex", None)
    assert result.entities[0].rejects == 1
    assert work.db.execute(
        'SELECT entity, connection, object, key, "column", field, raw_text, reason, run_id FROM meta.rejects'
    ).fetchall() == [("accounts", "crm", "companies", "7", column, field, raw, reason, "run1")]


def test_a_reject_goes_when_its_record_is_corrected(work: Work) -> None:
    work.put("companies", "7", headcount="many")
    work.put("companies", "8", headcount="few")
    work.transform()
    work.put("companies", "7", run="run2", headcount="12")
    work.transform("run2")
    assert work.db.execute("SELECT key FROM meta.rejects").fetchall() == [("8",)]


def test_an_amount_beyond_the_column_is_a_reject_not_an_error(work: Work) -> None:
    work.put("companies", "7", revenue=Decimal("99999999999999999"))
    result = work.transform()
    assert work.row("accounts", "annual_revenue") == (None,)
    assert result.entities[0].rejects == 1


def test_days_and_moments_do_not_follow_the_host_time_zone(work: Work) -> None:
    work.db.execute("SET TimeZone = 'Pacific/Auckland'")
    work.put("companies", "7", founded="2026-01-01T23:00:00Z", seen="2026-01-02")
    work.transform()
    assert work.row("accounts", "founded_on, seen_at = '2026-01-02T00:00:00Z'::TIMESTAMPTZ") == (date(2026, 1, 1), True)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=12), st.decimals(allow_nan=False, allow_infinity=False).map(str), st.dates().map(str)
        ),
        min_size=20,
        max_size=40,
    )
)
def test_no_text_stops_the_build_and_none_is_lost_silently(texts: list[str]) -> None:
    work = Work().standard()
    for number, text in enumerate(texts):
        work.put("companies", str(number), headcount=text, founded=text, seen=text, vip=text)
    result = work.transform()
    columns = ("employees", "founded_on", "seen_at", "is_key_account")
    refused = set(work.db.execute('SELECT key, "column" FROM meta.rejects').fetchall())
    # VARCHAR, because Python has no dates beyond the year 9999
    for key, *values in work.rows("accounts", f"source_id, {', '.join(f'{name}::VARCHAR' for name in columns)}"):
        for column, value in zip(columns, values, strict=True):
            nothing_there = not texts[int(key)].strip(" ")
            assert (value is None) == (nothing_there or (key, column) in refused)
    assert result.entities[0].rejects == len(refused)
