"""Columns come, go, and change their types; nothing that was loaded is lost by it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backhaul.load.tables import Renamed, Widened


def row(key: str, *, read: float = 5, **fields: Any) -> dict[str, Any]:
    return {"key": key, "changed": read, "read": read, **fields}


def types(customer: Any, object: str = "contacts") -> dict[str, str]:
    return dict(
        customer.ask(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'raw'"
            f" AND table_name = 'crm__{object}' ORDER BY column_index"
        )
    )


def test_tables_without_parts_are_created_with_their_columns_and_types(customer: Any) -> None:
    customer.has(
        name="text", n="integer", d="decimal", f="float", b="boolean", day="date", t="timestamp", o="time", j="json"
    )
    customer.has("lines", parent="contacts", item="text")
    customer.load()
    assert types(customer) == {
        "name": "VARCHAR",
        "n": "BIGINT",
        "d": "DECIMAL(38,9)",
        "f": "DOUBLE",
        "b": "BOOLEAN",
        "day": "DATE",
        "t": "TIMESTAMP WITH TIME ZONE",
        "o": "TIME",
        "j": "VARCHAR",
        "_key": "VARCHAR",
        "_changed_at": "TIMESTAMP WITH TIME ZONE",
        "_read_at": "TIMESTAMP WITH TIME ZONE",
        "_deleted_at": "TIMESTAMP WITH TIME ZONE",
        "_merged_into": "VARCHAR",
        "_run_id": "VARCHAR",
    }
    assert "_parent_key" in types(customer, "lines")


def test_every_type_survives_both_the_first_load_and_a_merge(customer: Any) -> None:
    customer.has(
        name="text", n="integer", d="decimal", f="float", b="boolean", day="date", t="timestamp", o="time", j="json"
    )
    values = {
        "name": "Zoë 'quoted' \"twice\"",
        "n": 2**62,
        "d": Decimal("12345678901234567890.123456789"),
        "f": 0.1,
        "b": True,
        "day": date(2024, 2, 29),
        "t": datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC),
        "o": datetime(2024, 1, 1, 23, 59, 59, 1).time(),
        "j": '{"a": [1, null]}',
    }
    customer.load(customer.rows(row("1", **values), row("2")))
    customer.load(customer.rows(row("2", read=6, **values), row("3")))
    for name, value in values.items():
        if name != "t":
            assert customer.values(name) == {"1": value, "2": value, "3": None}
    assert customer.ask("SELECT DISTINCT epoch_us(t) FROM raw.crm__contacts WHERE t IS NOT NULL") == [
        (int(values["t"].timestamp()) * 1_000_000 + 123456,)
    ]


def test_a_new_field_is_added_and_earlier_rows_have_none(customer: Any) -> None:
    customer.has(name="text")
    customer.load(customer.rows(row("1", name="Ada")))
    result = customer.load_one(customer.rows(row("2", name="Bob", score__c=7), name="text", score__c="integer"))
    assert result.added == ("score__c",)
    assert customer.values("score__c") == {"1": None, "2": 7}


@pytest.mark.parametrize(
    ("before", "old", "after", "new", "expected", "kept"),
    [
        ("integer", 7, "decimal", Decimal("7.5"), "DECIMAL(38,9)", Decimal(7)),
        ("decimal", Decimal("12.50"), "text", "n/a", "VARCHAR", "12.5"),
        ("decimal", Decimal(100), "text", "n/a", "VARCHAR", "100"),
        ("integer", 7, "text", "seven", "VARCHAR", "7"),
        ("float", 0.5, "text", "half", "VARCHAR", "0.5"),
        ("boolean", True, "text", "maybe", "VARCHAR", "true"),
        ("date", date(2024, 1, 2), "text", "soon", "VARCHAR", "2024-01-02"),
        ("timestamp", datetime(2024, 1, 2, tzinfo=UTC), "text", "soon", "VARCHAR", "2024-01-02T00:00:00.000000Z"),
    ],
)
def test_a_retyped_field_widens_its_column_and_keeps_what_was_there(
    customer: Any, before: Any, old: Any, after: Any, new: Any, expected: str, kept: Any
) -> None:
    customer.has(value=before)
    customer.load(customer.rows(row("1", value=old)))
    result = customer.load_one(customer.rows(row("2", value=new), value=after))
    assert [(each.column, each.after) for each in result.widened] == [("value", expected)]
    assert types(customer)["value"] == expected
    assert customer.values("value") == {"1": kept, "2": new}


def test_a_part_of_the_narrower_type_is_conformed_to_the_widened_column(customer: Any) -> None:
    customer.has(value="integer")
    narrow = customer.rows(row("1", value=7))
    customer.load(customer.rows(row("2", value="seven"), value="text"), narrow)
    assert customer.values("value") == {"1": "7", "2": "seven"}
    assert customer.load_one(narrow).unchanged == 1
    assert types(customer)["value"] == "VARCHAR"


def test_a_date_that_becomes_a_timestamp_is_its_midnight_in_utc(customer: Any) -> None:
    customer.has(value="date")
    customer.load(customer.rows(row("1", value=date(2024, 7, 1))))
    result = customer.load_one(customer.rows(row("2", value=datetime(2024, 7, 1, 1, tzinfo=UTC)), value="timestamp"))
    assert result.widened == (Widened("value", "DATE", "TIMESTAMP WITH TIME ZONE"),)
    assert customer.ask("SELECT epoch_ms(value) FROM raw.crm__contacts ORDER BY _key") == [
        (1719792000000,),
        (1719795600000,),
    ]


def test_a_vanished_field_keeps_its_values(customer: Any) -> None:
    customer.has(name="text", score="integer")
    customer.load(customer.rows(row("1", name="Ada", score=1), row("2", name="Bob", score=2)))
    result = customer.load_one(
        customer.rows(row("1", read=9, name="Ada L."), row("2", read=9, name="Bob"), row("3", name="Eve"), name="text")
    )
    assert (result.updated, result.inserted) == (2, 1)
    assert customer.values("name") == {"1": "Ada L.", "2": "Bob", "3": "Eve"}
    assert customer.values("score") == {"1": 1, "2": 2, "3": None}


def test_fields_that_differ_only_by_case_get_columns_of_their_own_and_keep_them(customer: Any) -> None:
    customer.has(Name="text")
    customer.load(customer.rows(row("1", Name="A")))
    both = customer.load_one(customer.rows(row("2", read=6, Name="B", name="b"), Name="text", name="text"))
    assert both.renamed == (Renamed("name", "name__2"),)
    swapped = customer.load_one(customer.rows(row("1", read=7, Name="A", name="a"), name="text", Name="text"))
    assert swapped.renamed == ()
    assert customer.values("Name") == {"1": "A", "2": "B"}
    assert customer.values("name__2") == {"1": "a", "2": "b"}
    assert customer.ask('SELECT field, "column" FROM raw._columns') == [("name", "name__2")]


def test_names_of_vendors_stay_as_they_are_spelt(customer: Any) -> None:
    customer.has("2-3465404", **{"select": "text", "Arr__c": "decimal", "größe": "integer", "a b": "text"})
    for read in (5, 6):
        customer.load(
            customer.rows(
                row("1", read=read, select="x", Arr__c=Decimal(read), größe=3, **{"a b": "y"}), object="2-3465404"
            )
        )
    assert list(types(customer, "2-3465404"))[:4] == ["select", "Arr__c", "größe", "a b"]
    assert customer.values("Arr__c", "2-3465404") == {"1": Decimal(6)}


def test_a_name_with_quotes_becomes_a_column_that_is_recorded(customer: Any) -> None:
    customer.has(**{"it's": "text"})
    result = customer.load_one(customer.rows(row("1", **{"it's": "x"})))
    assert result.renamed == (Renamed("it's", "it_s"),)
    assert customer.values("it_s") == {"1": "x"}


def test_a_column_of_nulls_without_a_type_takes_the_declared_one(customer: Any) -> None:
    customer.has(score="integer")
    part = customer.rows(row("1"))
    pq.write_table(pq.read_table(part.path).set_column(0, "score", pa.nulls(1)), part.path)
    customer.load(part)
    customer.load(customer.rows(row("2", score=4)))
    assert types(customer)["score"] == "BIGINT"
    assert customer.values("score") == {"1": None, "2": 4}


def test_system_columns_that_an_older_table_lacks_are_added(customer: Any) -> None:
    customer.has(name="text")
    customer.load(customer.rows(row("1", name="Ada")))
    with duckdb.connect(str(customer.database)) as connection:
        connection.execute("ALTER TABLE raw.crm__contacts DROP COLUMN _merged_into")
    result = customer.load_one(customer.rows(row("1", name="Ada"), row("2", name="Bob")))
    assert (result.inserted, result.unchanged) == (1, 1)
    assert customer.values("_merged_into") == {"1": None, "2": None}


def test_a_vendor_field_that_starts_like_ours_is_a_field(customer: Any) -> None:
    customer.has(_ref="text", name="text")
    customer.load(customer.rows(row("1", _ref="a", name="Ada")))
    customer.load(customer.rows(row("1", read=6, name="Ada L."), name="text"))
    assert customer.values("_ref") == {"1": "a"}
