"""Every table and column of a snapshot says what it is, in the vendor's words where the vendor has some."""

from __future__ import annotations

from warehouse import Warehouse

from backhaul.publish.words import Words

NAMED = {"crm__companies": Words("Hub: companies.", {"name": "Name. string", "size": "Head count. number"})}
COMMENTS = "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = '{}' AND NOT internal"


def said(warehouse: Warehouse, table: str = "crm__companies") -> dict[str, str]:
    return dict(warehouse.read_raw(COMMENTS.format(table)))


def test_a_raw_column_has_the_vendors_words_and_ours_have_our_own(warehouse: Warehouse) -> None:
    warehouse.words = dict(NAMED)
    warehouse.put("1", "Globex")
    warehouse.run()
    found = said(warehouse)
    assert (found["name"], found["size"]) == ("Name. string", "Head count. number")
    assert found["_key"].startswith("The record's key")
    assert all(found.values())
    assert warehouse.read_raw("SELECT comment FROM duckdb_tables() WHERE table_name = 'crm__companies'") == [
        ("Hub: companies.",)
    ]


def test_a_table_and_a_field_that_discovery_does_not_know_say_so(warehouse: Warehouse) -> None:
    warehouse.put("1", "Globex")
    warehouse.run()
    assert "discovery does not describe" in said(warehouse)["name"]
    assert all(said(warehouse).values())


def test_the_tables_that_are_our_own_say_what_each_column_is(warehouse: Warehouse) -> None:
    warehouse.put("1", "Globex")
    warehouse.run()
    own = "SELECT table_name, column_name FROM duckdb_columns() WHERE starts_with(table_name, '_') AND comment IS NULL"
    assert warehouse.read(own) == []
    assert warehouse.read("SELECT table_name FROM duckdb_tables() WHERE comment IS NULL") == []


def test_words_stay_where_a_table_is_not_written_anew_and_follow_the_vendor_with_the_next_version(
    warehouse: Warehouse,
) -> None:
    warehouse.words = dict(NAMED)
    warehouse.put("1", "Globex")
    warehouse.run()
    warehouse.words = {"crm__companies": Words("Hub: companies.", {"name": "Legal name. string"})}
    assert not warehouse.run().new, "words alone are no version"
    assert said(warehouse)["name"] == "Name. string"
    warehouse.put("1", "Initech")
    warehouse.run()
    assert said(warehouse)["name"] == "Legal name. string"
    assert all(said(warehouse).values())


def test_a_column_that_came_later_has_words_too(warehouse: Warehouse) -> None:
    warehouse.put("1", "Globex")
    warehouse.run()
    warehouse.db.execute('ALTER TABLE raw."crm__companies" ADD COLUMN tier__c VARCHAR')
    warehouse.words["crm__companies"] = Words("Hub: companies.", {"tier__c": "Tier. enumeration: one of Gold, Silver"})
    warehouse.run()
    assert said(warehouse)["tier__c"] == "Tier. enumeration: one of Gold, Silver"


def test_words_with_quotes_are_written_as_they_are(warehouse: Warehouse) -> None:
    warehouse.words = {"crm__companies": Words('It\'s "theirs"; --', {"name": "O'Brien's; DROP TABLE x"})}
    warehouse.put("1", "Globex")
    warehouse.run()
    assert said(warehouse)["name"] == "O'Brien's; DROP TABLE x"
