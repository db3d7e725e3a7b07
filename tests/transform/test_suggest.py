"""What a customer's own fields may fill, by names, labels, types and values."""

from __future__ import annotations

from typing import Any

import pytest

from backhaul.transform.contracts import Column
from backhaul.transform.suggest import OwnField, Sample, Suggestion, own_name, suggest, words

COLUMNS = {
    "name": Column(type="text"), "annual_revenue": Column(type="money"), "employees": Column(type="integer"),
    "close_date": Column(type="date"), "status": Column(type="text", enum=("active", "inactive")),
    "owner_id": Column(type="text", references="users"), "tax_number": Column(type="text"),
}  # fmt: skip


def field(
    name: str, label: str = "", type: str = "text", *values: str, options: tuple[str, ...] = (), **counts: int
) -> OwnField:
    shown = [(value, 3) for value in values] or [("x", 3)]
    given: dict[str, Any] = {"rows": 10, "filled": 8, "distinct": len(shown), **counts}
    return OwnField(name, label, type, options, Sample(values=shown, **given))


def one(own: OwnField, *taken: str) -> Suggestion:
    (found,) = suggest("accounts", "crm", "companies", COLUMNS, taken, [own])
    return found


@pytest.mark.parametrize(
    ("name", "label", "said"),
    [
        ("arr__c", "ARR", ("annual", "recurring", "revenue")),
        ("custentity_arr", "", ("annual", "recurring", "revenue")),
        ("NoOfEmployees__c", "", ("number", "of", "employees")),
        ("a1b2", "Net Promoter Score", ("a", "1", "b", "2")),
    ],
)
def test_words_of_a_name(name: str, label: str, said: tuple[str, ...]) -> None:
    assert words(name) == said


@pytest.mark.parametrize(
    ("own", "column", "written"),
    [
        (field("arr__c", "ARR", "decimal"), "annual_revenue", "arr__c"),
        (field("f8a", "Annual revenue", "text", "1200.50", numbers=8), "annual_revenue", "to_decimal(f8a)"),
        (field("Head Count", "", "integer"), "employees", 'src."Head Count"'),
        (field("vat_no", "VAT no.", "text", "DE123"), "tax_number", "vat_no"),
        (field("closing_date", "", "text", "2026-01-31", dates=8), "close_date", "to_date(closing_date)"),
    ],
)
def test_a_field_that_speaks_of_a_column_and_can_hold_it_is_proposed_for_it(
    own: OwnField, column: str, written: str
) -> None:
    found = one(own)
    assert (found.column, found.new, found.written) == (column, False, written)
    assert found.confidence >= 0.6


def test_values_are_matched_to_the_column_s_and_those_that_resemble_none_are_named() -> None:
    found = one(field("account_status", "", "text", options=("Active", "In-active", "Parked")))
    assert found.column == "status"
    assert found.values == {"Active": "active", "In-active": "inactive"}
    assert found.unmapped == ("Parked",)


@pytest.mark.parametrize(
    ("own", "written"),
    [
        (field("nps__c", "NPS", "decimal"), {"from": "nps__c", "type": "number"}),
        (field("annual_revenue_text", "", "text", "much"), {"from": "annual_revenue_text", "type": "text"}),
        (field("zip2", "", "text", "01067", numbers=8), {"from": "zip2", "type": "text"}),
        (field("9f" * 20, "Renewal date", "date"), {"from": f'src."{"9f" * 20}"', "type": "date"}),
    ],
)
def test_what_fits_no_column_gets_one_of_its_own(own: OwnField, written: dict[str, str]) -> None:
    found = one(own)
    assert found.new
    assert found.written == written


def test_names_of_new_columns_are_words_and_differ_from_those_there_are() -> None:
    assert own_name(field("ARR_Tier__c")) == "arr_tier"
    assert own_name(field("9f" * 20, "Renewal date")) == "renewal_date"
    found = suggest(
        "accounts", "crm", "companies", COLUMNS, ["name"], [field("name__c", "", "decimal"), field("Name", "", "date")]
    )
    assert sorted(each.column for each in found) == ["name_2", "name_3"]


def test_a_column_is_filled_once_by_the_field_that_is_most_like_it() -> None:
    fields = [field("revenue_annual_estimate", "", "decimal"), field("annual_revenue__c", "", "decimal")]
    found = suggest("accounts", "crm", "companies", COLUMNS, [], fields)
    assert [(each.column, each.field) for each in found if not each.new] == [("annual_revenue", "annual_revenue__c")]
    assert [each.field for each in found if each.new] == ["revenue_annual_estimate"]


def test_nothing_is_proposed_for_columns_that_are_mapped_for_ids_and_for_empty_fields() -> None:
    assert one(field("arr__c", "", "decimal"), "annual_revenue").new
    assert one(field("owner", "Owner", "text")).new
    assert suggest("accounts", "crm", "companies", COLUMNS, [], [field("arr__c", "", "decimal", filled=0)]) == []


def test_a_column_that_another_connection_adds_keeps_its_type() -> None:
    added = {"health_score": Column(type="number")}
    own = field("custentity_health_score", "Health score", "integer")
    (found,) = suggest("accounts", "erp", "customer", COLUMNS, [], [own], added)
    assert found.written == {"from": "custentity_health_score", "type": "number"}
