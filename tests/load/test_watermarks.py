"""Watermarks and rejects travel with the rows, and count only with them."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from backhaul.errors import Bug
from backhaul.load.tables import WatermarkRow
from backhaul.load.watermarks import read_watermarks

NOON = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
PLACE = ("crm", "contacts", "all")


def mark(time: datetime | None = NOON, token: str | None = None, window: str = "all") -> WatermarkRow:
    return WatermarkRow("crm", "contacts", window, time, token, "r1")


@pytest.fixture
def contacts(customer: Any) -> Any:
    customer.has(name="text")
    return customer


def one_row(customer: Any, key: str = "1", read: float = 5) -> Any:
    return customer.rows({"key": key, "name": "Ada", "changed": read, "read": read})


def test_a_watermark_is_read_back_as_it_was_committed(contacts: Any) -> None:
    result = contacts.load(one_row(contacts), watermarks=[mark(), mark(None, "token-7", "feed")])
    found = read_watermarks(contacts.database)
    assert set(found) == {PLACE, ("crm", "contacts", "feed")}
    assert (found[PLACE].watermark, found[PLACE].token, found[PLACE].run_id) == (NOON, None, "r1")
    assert (found["crm", "contacts", "feed"].watermark, found["crm", "contacts", "feed"].token) == (None, "token-7")
    assert {row.load_id for row in found.values()} == {result.load_id}


def test_without_a_file_a_schema_or_a_load_there_are_no_watermarks(contacts: Any, tmp_path: Path) -> None:
    assert read_watermarks(tmp_path / "none.duckdb") == {}
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    assert read_watermarks(tmp_path / "empty.duckdb") == {}
    contacts.load()
    assert read_watermarks(contacts.database) == {}


def test_the_last_commit_is_in_force(contacts: Any) -> None:
    for hour in range(4):
        parts = [one_row(contacts, read=hour)] if hour % 2 else []
        contacts.load(*parts, watermarks=[mark(NOON + timedelta(hours=hour))])
    assert read_watermarks(contacts.database)[PLACE].watermark == NOON + timedelta(hours=3)


def test_a_watermark_may_move_back(contacts: Any) -> None:
    contacts.load(one_row(contacts), watermarks=[mark()])
    contacts.load(watermarks=[mark(NOON - timedelta(days=1))])
    assert read_watermarks(contacts.database)[PLACE].watermark == NOON - timedelta(days=1)


def test_a_watermark_whose_load_was_not_completed_does_not_count(contacts: Any) -> None:
    contacts.load(one_row(contacts), watermarks=[mark()])
    with duckdb.connect(str(contacts.database)) as connection:
        connection.execute(
            "INSERT INTO raw._watermarks BY NAME SELECT * REPLACE ('unfinished' AS load_id, now() AS committed_at,"
            " watermark + INTERVAL 1 DAY AS watermark) FROM raw._watermarks"
        )
    assert read_watermarks(contacts.database)[PLACE].watermark == NOON


def test_a_watermark_that_says_nothing_new_commits_nothing(contacts: Any) -> None:
    contacts.load(one_row(contacts), watermarks=[mark()])
    again = contacts.load(one_row(contacts), watermarks=[replace(mark(), run_id="r2")])
    assert again.load_id is None


def test_watermarks_alone_move_without_importing_dlt(contacts: Any, tmp_path: Path) -> None:
    contacts.load(one_row(contacts), watermarks=[mark()])
    script = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from backhaul.load.loader import Loader
from backhaul.load.tables import WatermarkRow
row = WatermarkRow("crm", "contacts", "all", datetime(2026, 2, 1, tzinfo=UTC), None, "r2")
result = Loader(database=Path(sys.argv[1]), folder=Path(sys.argv[2])).load([], tables={}, watermarks=[row])
assert result.load_id is not None
assert not {"dlt", "pyarrow", "pandas", "sqlglot"} & set(sys.modules), sorted(sys.modules)
"""
    import subprocess

    subprocess.run([sys.executable, "-c", script, str(contacts.database), str(tmp_path / "dlt")], check=True)
    assert read_watermarks(contacts.database)[PLACE].watermark == datetime(2026, 2, 1, tzinfo=UTC)


def test_superseded_watermarks_are_forgotten_once_there_are_many(contacts: Any) -> None:
    contacts.load(one_row(contacts), watermarks=[mark(), mark(None, "kept", "feed")])
    with duckdb.connect(str(contacts.database)) as connection:
        connection.execute(
            "INSERT INTO raw._watermarks SELECT connection, object, 'all', watermark, token, run_id, 'never', "
            "committed_at FROM raw._watermarks, range(600)"
        )
    contacts.load(watermarks=[mark(NOON + timedelta(hours=1))])
    assert contacts.ask("SELECT count(*) FROM raw._watermarks") == [(3,)]
    found = read_watermarks(contacts.database)
    assert found[PLACE].watermark == NOON + timedelta(hours=1)
    assert found["crm", "contacts", "feed"].token == "kept"


def rejects(*values: str) -> pa.Table:
    time = pa.timestamp("us", "UTC")
    return pa.table(
        {
            "connection": ["crm"] * len(values),
            "object": ["contacts"] * len(values),
            "key": ["1"] * len(values),
            "field": ["score"] * len(values),
            "raw_text": list(values),
            "reason": ["not an integer"] * len(values),
            "run_id": ["r1"] * len(values),
            "rejected_at": pa.array([NOON] * len(values), time),
        }
    )


def test_rejects_land_once_however_often_they_are_loaded(contacts: Any) -> None:
    assert contacts.load(one_row(contacts), rejects=rejects("seven")).rejects == 1
    assert contacts.load(one_row(contacts), rejects=rejects("seven", "eight")).rejects == 1
    assert contacts.load(rejects=rejects("seven", "eight")).load_id is None
    assert contacts.ask("SELECT raw_text, epoch_us(rejected_at) FROM raw._rejects ORDER BY 1") == [
        ("eight", 1767268800123456),
        ("seven", 1767268800123456),
    ]


def test_parts_of_an_object_without_a_raw_table_are_refused(contacts: Any) -> None:
    part = one_row(contacts)
    contacts.tables.clear()
    with pytest.raises(Bug, match="contacts"):
        contacts.load(part)
