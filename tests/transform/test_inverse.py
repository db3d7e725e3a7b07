"""The way back from an entity's column to the vendor's field: exact, or refused with a reason."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from workdb import Work

from backhaul.config.pipeline import Mapped
from backhaul.errors import FixRecord
from backhaul.transform.build import compile_customer
from backhaul.transform.compiled import Slice
from backhaul.transform.inverse import Inverse, NoInverse, inverse


def accounts(work: Work) -> Slice:
    plans = compile_customer(work.db, work.models, work.customer)
    return next(part for plan in plans if plan.shape.name == "accounts" for part in plan.slices)


def back(work: Work, column: str) -> Inverse:
    found = inverse(accounts(work), column)
    assert isinstance(found, Inverse)
    return found


@pytest.mark.parametrize(
    ("column", "field", "value", "expected"),
    [
        ("name", "name", "Globex", "Globex"),
        ("name", "name", None, None),
        ("annual_revenue", "revenue", Decimal("12.50"), Decimal("12.50")),
        ("employees", "headcount", 12, "12"),
        ("founded_on", "founded", date(2026, 1, 2), "2026-01-02"),
        ("seen_at", "seen", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000Z"),
        ("is_key_account", "vip", True, "true"),
        ("owner_id", "owner", "crm:owners:a:b", "a:b"),
    ],
)
def test_a_column_that_is_a_field_has_a_way_back(
    work: Work, column: str, field: str, value: object, expected: object
) -> None:
    found = back(work, column)
    assert found.field == field
    assert found.vendor_value(value) == expected


@pytest.mark.parametrize(
    ("column", "reason"),
    [("status", "computed: LOWER"), ("region", "computed"), ("nothing", "does not fill nothing")],
)
def test_a_computed_column_has_none_and_says_why(work: Work, column: str, reason: str) -> None:
    found = inverse(accounts(work), column)
    assert isinstance(found, NoInverse)
    assert reason in found.reason


def test_what_is_written_comes_back_the_same(work: Work) -> None:
    work.mappings = {"accounts": {"crm": {"annual_revenue": "to_decimal(arr__c)"}}}
    work.put("companies", "7", arr__c="1")
    work.transform()
    written = back(work, "annual_revenue").vendor_value(Decimal("1234.5000"))
    assert written == "1234.5"
    work.put("companies", "7", run="run2", arr__c=written)
    work.transform("run2")
    assert work.row("accounts", "annual_revenue") == (Decimal("1234.5"),)


def test_a_one_to_one_value_map_goes_both_ways(work: Work) -> None:
    values = {"Gold": "active", "Silver": "inactive"}
    work.mappings = {"accounts": {"crm": {"status": Mapped.model_validate({"from": "tier__c", "values": values})}}}
    found = back(work, "status")
    assert (found.field, found.vendor_value("inactive")) == ("tier__c", "Silver")
    with pytest.raises(FixRecord, match=r"no vendor's value for 'gone'; it has active, inactive"):
        found.vendor_value("gone")


def test_a_value_map_that_merges_values_has_no_way_back(work: Work) -> None:
    values = {"Gold": "active", "Platinum": "active"}
    work.mappings = {"accounts": {"crm": {"status": Mapped.model_validate({"from": "tier__c", "values": values})}}}
    found = inverse(accounts(work), "status")
    assert isinstance(found, NoInverse)
    assert "several of the vendor's values become active" in found.reason


def test_an_id_of_another_connection_is_refused(work: Work) -> None:
    with pytest.raises(FixRecord, match="no id of this connection"):
        back(work, "owner_id").vendor_value("erp:employee:3")


def test_a_field_name_is_spelt_as_the_vendor_spells_it(work: Work) -> None:
    work.mappings = {"accounts": {"crm": {"name": "ARR__C"}}}
    assert back(work, "name").field == "arr__c"
