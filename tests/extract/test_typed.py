"""What vendors write becomes one type; what does not fit is NULL and told; whole columns and single values agree."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backhaul.config.calls import Values
from backhaul.extract.typed import ARROW, BadValue, NeedsExact, typed
from backhaul.protocol.schema import Field, Type
from backhaul.protocol.values import spell

ISO = Values()
NETSUITE = Values(timestamp="%Y-%m-%d %H:%M:%S", date="%Y-%m-%d", boolean=("F", "T"))
EPOCH = Values(timestamp="epoch_ms", date="epoch_ms")
SECONDS = Values(timestamp="epoch_s")
MS_JSON = Values(timestamp="ms_json", date="ms_json")
NEW_YORK = "America/New_York"


def make(
    column: Any, kind: Type, values: Values = ISO, zone: str = "UTC", *, exact: bool = False
) -> tuple[pa.Array, list[BadValue]]:
    bad: list[BadValue] = []
    made = typed(column, Field("f", kind), values, zone, bad, exact=exact)
    assert made.type == ARROW[kind]
    assert len(made) == len(column)
    return made, bad


@pytest.mark.parametrize(
    ("kind", "written", "wanted"),
    [
        ("text", "a", "a"),
        ("text", "", ""),
        ("text", 7, "7"),
        ("text", 1.5, "1.5"),
        ("text", True, "true"),
        ("text", {"a": [1]}, '{"a":[1]}'),
        ("integer", 7, 7),
        ("integer", "7", 7),
        ("integer", "", None),
        ("integer", 7.0, 7),
        ("integer", "7.000", 7),
        ("integer", "1E3", 1000),
        ("integer", -(2**63), -(2**63)),
        ("decimal", "1234.50", Decimal("1234.5")),
        ("decimal", 0.1, Decimal("0.1")),
        ("decimal", 7, Decimal(7)),
        ("decimal", "1e3", Decimal(1000)),
        ("decimal", "0E+706", Decimal(0)),
        ("decimal", " 12 ", Decimal(12)),
        ("decimal", "9" * 29, Decimal("9" * 29)),
        ("decimal", Decimal("0.123456789"), Decimal("0.123456789")),
        ("float", 1, 1.0),
        ("float", "1e-3", 0.001),
        ("boolean", True, True),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("boolean", "T", True),
        ("boolean", 0, False),
        ("boolean", "", None),
        ("date", "2026-03-01", date(2026, 3, 1)),
        ("date", "2026-03-01T10:00:00Z", date(2026, 3, 1)),
        ("timestamp", "2026-03-01T10:00:00.125Z", datetime(2026, 3, 1, 10, 0, 0, 125000, UTC)),
        ("timestamp", "2026-03-01T10:00:00.000+0000", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("timestamp", "2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("timestamp", "", None),
        ("time", "10:30:00.000Z", time(10, 30)),
        ("json", {"b": 1, "a": [None]}, '{"b":1,"a":[null]}'),
        ("json", {"Amount": Decimal("1.50"), "of": [Decimal("2")]}, '{"Amount":1.50,"of":[2]}'),
        ("json", "text", '"text"'),
        ("json", None, None),
    ],
)  # fmt: skip
def test_a_value_becomes_its_type(kind: Type, written: Any, wanted: Any) -> None:
    made, bad = make([written], kind)
    assert made.to_pylist() == [wanted]
    assert bad == []


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("integer", "7.5"),
        ("integer", "0x1F"),
        ("integer", 2**63),
        ("integer", True),
        ("integer", "1.00000000001"),
        ("decimal", "1,5"),
        ("decimal", "4.5e+31"),
        ("decimal", "9" * 45),
        ("decimal", 10**30),
        ("decimal", "1e9999999"),
        ("decimal", "NaN"),
        ("float", "wide"),
        ("boolean", "maybe"),
        ("date", "2026-02-30"),
        ("date", "0000-01-01"),
        ("timestamp", "yesterday"),
        ("timestamp", "0000-01-01T00:00:00Z"),
        ("time", "25:00"),
    ],
)
def test_a_value_that_does_not_fit_is_null_and_told(kind: Type, written: Any) -> None:
    good = {"integer": 1, "decimal": 2, "float": 1.5, "boolean": True}.get(kind)
    made, bad = make([good, written], kind)
    assert made[1].as_py() is None
    assert [(each.row, each.field, each.reason) for each in bad] == [(1, "f", f"is no {kind}")]
    assert bad[0].raw_text.strip('"') == (written if isinstance(written, str) else str(written).lower())
    assert made[0].as_py() == good


def test_more_than_nine_decimal_places_are_rounded_and_told() -> None:
    made, bad = make(["0.12345678951", f"{'8' * 29}.0000000001", "1e-30"], "decimal")
    assert made.to_pylist() == [Decimal("0.123456790"), Decimal("8" * 29), Decimal(0)]
    assert {each.reason for each in bad} == {"rounded to 9 decimal places"}
    assert [each.row for each in bad] == [0, 1, 2]


def test_a_number_with_more_digits_than_a_float_keeps_asks_for_the_page_once_more() -> None:
    with pytest.raises(NeedsExact):
        make([1.5, 12345678901234567.0], "decimal")
    made, bad = make([Decimal("1.5"), Decimal("12345678901234567.25")], "decimal", exact=True)
    assert made.to_pylist() == [Decimal("1.5"), Decimal("12345678901234567.25")]
    assert bad == []


@pytest.mark.parametrize(
    ("kind", "written", "zone", "wanted"),
    [
        ("timestamp", "2026-07-01 10:00:00", NEW_YORK, datetime(2026, 7, 1, 14, tzinfo=UTC)),
        ("timestamp", "2026-01-01 10:00:00", NEW_YORK, datetime(2026, 1, 1, 15, tzinfo=UTC)),
        ("timestamp", "2026-11-01 01:30:00", NEW_YORK, datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        ("timestamp", "2026-03-08 02:30:00", NEW_YORK, datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),
        ("timestamp", "2040-07-01 10:00:00", NEW_YORK, datetime(2040, 7, 1, 14, tzinfo=UTC)),
        ("date", "2026-07-01", NEW_YORK, date(2026, 7, 1)),
        ("boolean", "T", "UTC", True),
        ("boolean", "F", "UTC", False),
    ],
)
def test_a_vendors_own_spelling_is_read(kind: Type, written: str, zone: str, wanted: Any) -> None:
    made, bad = make([written, None], kind, NETSUITE, zone)
    assert made.to_pylist() == [wanted, None]
    assert bad == []


def test_milliseconds_since_1970_are_read() -> None:
    at = datetime(2026, 3, 1, 10, tzinfo=UTC)
    text = str(int(at.timestamp() * 1000))
    assert make([text, int(text)], "timestamp", EPOCH)[0].to_pylist() == [at, at]
    assert make([int(text)], "date", EPOCH)[0].to_pylist() == [date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("/Date(1439434356790)/", datetime(2015, 8, 13, 2, 52, 36, 790_000, UTC)),
        ("/Date(1439434356790+1200)/", datetime(2015, 8, 13, 2, 52, 36, 790_000, UTC)),
        ("/Date(-86400001+0000)/", datetime(1969, 12, 30, 23, 59, 59, 999_000, UTC)),
        ("2015-08-13T02:52:36Z", datetime(2015, 8, 13, 2, 52, 36, tzinfo=UTC)),
    ],
)
def test_milliseconds_in_a_word_are_read_and_their_offset_is_for_show(written: str, wanted: datetime) -> None:
    made, bad = make([written, None, ""], "timestamp", MS_JSON)
    assert made.to_pylist() == [wanted, None, None]
    assert make([written], "date", MS_JSON)[0].to_pylist() == [wanted.date()]
    assert bad == []


def test_milliseconds_in_a_word_are_written_as_iso() -> None:
    at = datetime(2026, 3, 1, 10, 30, 15, 900_000, tzinfo=UTC)
    assert spell(at, MS_JSON) == "2026-03-01T10:30:15"
    assert spell(at.date(), MS_JSON) == "2026-03-01"


def test_columns_of_csv_are_typed_as_those_of_json() -> None:
    column = pa.chunked_array([pa.array(["1", None]), pa.array(["", "2.5"])])
    assert make(column, "decimal")[0].to_pylist() == [Decimal(1), None, None, Decimal("2.5")]
    made, bad = make(pa.chunked_array([pa.array(["1", "x"])]), "integer")
    assert made.to_pylist() == [1, None]
    assert [each.row for each in bad] == [1]


def test_a_column_without_values_has_its_type() -> None:
    for kind in ARROW:
        assert make([], kind)[0].to_pylist() == []
        assert make([None, None], kind)[0].to_pylist() == [None, None]


NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.integers(-1000, 1000), st.floats(allow_nan=False))
NUMBER_TEXTS = st.one_of(
    st.from_regex(r"\s?[+-]?[0-9]{0,60}(\.[0-9]{0,12})?([eE][+-]?[0-9]{1,3})?\s?", fullmatch=True),
    st.sampled_from(["0x1F", "nan", "inf", "-0", "1_000", "1,5", ".5", "5.", "00012", "1e9999999", "0E-99"]),
)
LATER = {"min_value": datetime(1000, 1, 1)}
TIME_TEXTS = st.one_of(
    st.datetimes(**LATER).map(datetime.isoformat),
    st.datetimes(**LATER).map(lambda each: each.strftime("%Y-%m-%d %H:%M:%S")),
    st.datetimes(**LATER).map(lambda each: each.isoformat(timespec="milliseconds") + "Z"),
    st.datetimes(**LATER).map(lambda each: each.isoformat(timespec="milliseconds") + "+0000"),
    st.dates().map(str),
    st.times().map(str),
    st.integers(-(10**17), 10**17).map(lambda each: f"/Date({each}+0000)/"),
    st.integers(0, 2 * 10**12).map(lambda each: f"/Date({each})/"),
    st.sampled_from(["2026-02-30", "24:00:00", "12:30", "10:00:00.000Z", "20200101", "0000-01-01", "10000-01-01"]),
)
JUNK = st.one_of(st.text(max_size=4), st.booleans(), st.none(), st.just(""))
WRITTEN: dict[Type, list[st.SearchStrategy[Any]]] = {
    "text": [st.text(max_size=4), NUMBERS],
    "integer": [NUMBERS, NUMBER_TEXTS, st.integers(-(2**63), 2**63 - 1)],
    "decimal": [NUMBERS, NUMBER_TEXTS, st.decimals(allow_nan=False, allow_infinity=False)],
    "float": [NUMBERS, NUMBER_TEXTS],
    "boolean": [st.sampled_from(["true", "false", "T", "F", "1", "no", " true "]), st.booleans()],
    "date": [TIME_TEXTS, st.dates().map(str)],
    "timestamp": [TIME_TEXTS, st.integers(-(10**13), 10**14)],
    "time": [TIME_TEXTS, st.times().map(str)],
    "json": [JUNK, st.lists(st.integers(), max_size=2)],
}


@st.composite
def columns(draw: st.DrawFn) -> tuple[Type, list[Any]]:
    kind = draw(st.sampled_from(sorted(WRITTEN)))
    alike = draw(st.sampled_from([*WRITTEN[kind], st.one_of(*WRITTEN[kind], JUNK)]))
    return kind, draw(st.lists(alike | st.none(), max_size=5))


def alone(column: list[Any], kind: Type, values: Values, zone: str) -> tuple[list[Any], list[BadValue]]:
    """Each value in a column whose last one resists: so none of them is converted with its like."""
    made: list[Any] = []
    bad: list[BadValue] = []
    for row, value in enumerate(column):
        one, found = make([value, object_of(kind)], kind, values, zone, exact=True)
        made.append(one[0].as_py())
        bad += [BadValue(row, each.field, each.raw_text, each.reason) for each in found if each.row == 0]
    return made, bad


def object_of(kind: Type) -> Any:
    return {"never": "converted at once"} if kind in ("text", "json") else "resists"


def same(one: Any, other: Any) -> bool:
    return bool(one == other) or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


@settings(max_examples=600)
@given(columns(), st.sampled_from([ISO, NETSUITE, EPOCH, SECONDS, MS_JSON]), st.sampled_from(["UTC", NEW_YORK]))
def test_a_column_at_once_and_its_values_one_by_one_are_the_same(
    drawn: tuple[Type, list[Any]], values: Values, zone: str
) -> None:
    kind, column = drawn
    try:
        made, bad = make(column, kind, values, zone)
    except NeedsExact:
        # an exact page has no floats
        column = [Decimal(repr(value)) if isinstance(value, float) else value for value in column]
        made, bad = make(column, kind, values, zone, exact=True)
    wanted, told = alone(column, kind, values, zone)
    assert all(same(one, other) for one, other in zip(made.to_pylist(), wanted, strict=True))
    assert bad == told


@settings(max_examples=300)
@given(columns(), st.sampled_from([ISO, NETSUITE]), st.sampled_from(["UTC", NEW_YORK]))
def test_a_column_of_csv_and_the_same_texts_of_json_are_the_same(
    drawn: tuple[Type, list[Any]], values: Values, zone: str
) -> None:
    kind, column = drawn
    texts = [value if value is None or isinstance(value, str) else str(value) for value in column]
    if kind == "json":
        return  # a text of JSON is a document, one of CSV is what it is
    one, bad = make(texts, kind, values, zone)
    other, told = make(pa.chunked_array([pa.array(texts, pa.string())]), kind, values, zone)
    assert all(same(mine, its) for mine, its in zip(one.to_pylist(), other.to_pylist(), strict=True))
    assert bad == told
