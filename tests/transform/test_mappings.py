"""A customer's mapping: what it may say, what it does, and what it is told when it cannot be."""

from __future__ import annotations

from decimal import Decimal

import pytest
from workdb import Work

from backhaul.config.pipeline import Mapped
from backhaul.errors import ConfigError


def mapped(**block: object) -> Mapped:
    return Mapped.model_validate({("from" if key == "source" else key): value for key, value in block.items()})


GOOD: list[tuple[str, str | Mapped, dict[str, object], object]] = [
    ("annual_revenue", "arr__c", {"arr__c": "12.5"}, Decimal("12.5")),
    ("annual_revenue", "to_decimal(arr__c)", {"arr__c": "12.5"}, Decimal("12.5")),
    ("annual_revenue", "to_decimal(src.arr__c) * 12", {"arr__c": "2"}, Decimal(24)),
    ("annual_revenue", "coalesce(to_decimal(arr__c), revenue)", {"revenue": 3}, Decimal(3)),
    ("annual_revenue", "ARR__C", {"arr__c": "12.5"}, Decimal("12.5")),
    ("name", "order", {"order": "first"}, "first"),
    ("name", "upper(tier__c)", {"tier__c": "gold"}, "GOLD"),
    ("name", "tier__c || '/' || src.name", {"tier__c": "gold"}, None),
    ("name", "json_text(extra__c, 'a.b')", {"extra__c": '{"a": {"b": "deep"}}'}, "deep"),
    ("name", "json_text(extra__c, 'a.b')", {"extra__c": "no json"}, None),
    ("name", "'the same for all'", {}, "the same for all"),
    ("employees", "cast(tier__c as integer)", {"tier__c": "four"}, None),
    ("status", mapped(source="tier__c", values={"Gold": "active"}), {"tier__c": "Gold"}, "active"),
    ("status", mapped(source="tier__c", values={"Gold": "active"}, default="inactive"), {"tier__c": ""}, "inactive"),
    ("status", mapped(source="lower(tier__c)", values={"gold": "active"}), {"tier__c": "GOLD"}, "active"),
    ("annual_revenue", mapped(source="arr__c", default=7), {"arr__c": None}, Decimal(7)),
    ("tier", mapped(source="tier__c", values={"Gold": "gold"}), {"tier__c": "Gold"}, "gold"),
    ("score", mapped(source="to_decimal(arr__c)", type="number"), {"arr__c": "0.25"}, Decimal("0.25")),
    ("owner_id", "ref(users, tier__c)", {"tier__c": "9"}, "crm:owners:9"),
    ("annual_revenue_base", "to_decimal(arr__c)", {"arr__c": "1"}, Decimal(1)),
]


@pytest.mark.parametrize(("column", "value", "fields", "expected"), GOOD)
def test_a_mapping_fills_its_column(
    work: Work, column: str, value: str | Mapped, fields: dict[str, object], expected: object
) -> None:
    work.mappings = {"accounts": {"crm": {column: value}}}
    work.put("companies", "7", **fields)
    work.transform()
    assert work.row("accounts", column) == (expected,)


BAD: list[tuple[str, str, str | Mapped, list[str]]] = [
    ("accounts", "annual_revenue", "arr_c", ["no field arr_c", "arr__c (VARCHAR)"]),
    ("accounts", "annual_revenue", "to_decimal(src.nowhere)", ["no field nowhere"]),
    ("accounts", "anual_revenue", "arr__c", ["has no column anual_revenue", "closest: annual_revenue"]),
    ("accounts", "id", "arr__c", ["filled by the engine"]),
    ("acounts", "name", "arr__c", ["no entity acounts", "closest: accounts"]),
    ("accounts", "name", "(select 1)", ["a select"]),
    ("accounts", "name", "max(name)", ["aggregates"]),
    ("accounts", "name", "row_number() over ()", ["window functions"]),
    ("accounts", "name", "o.region", ["its own object"]),
    ("accounts", "name", "current_timestamp", ["clock"]),
    ("accounts", "name", "now()", ["no scalar function now"]),
    ("accounts", "name", "random()", ["chance"]),
    ("accounts", "name", "uper(name)", ["no scalar function uper", "did you mean upper"]),
    ("accounts", "name", "read_text('/etc/passwd')", ["no scalar function read_text"]),
    ("accounts", "name", "unnest([1, 2])", ["unnest"]),
    ("accounts", "name", "a b c", ["neither a field nor an expression"]),
    ("accounts", "name", "*", ["one expression"]),
    ("accounts", "name", "?", ["one expression"]),
    ("accounts", "name", "name; drop table x", ["another table"]),
    ("accounts", "score", mapped(source="arr__c", type="float"), ["float is no type"]),
    ("accounts", "owner_id", "ref(user, owner)", ["which object fills user"]),
    ("accounts", "name", "to_decimal(arr__c, 2)", ["takes one argument"]),
]


@pytest.mark.parametrize(("entity", "column", "value", "told"), BAD)
def test_a_mapping_that_cannot_be_is_told_where_and_why(
    work: Work, entity: str, column: str, value: str | Mapped, told: list[str]
) -> None:
    work.mappings = {entity: {"crm": {column: value}}}
    work.put("companies", "7", name="Globex")
    with pytest.raises(ConfigError) as error:
        work.transform()
    text = str(error.value)
    assert f"mappings.{entity}" in text
    for each in told:
        assert each in text


def test_a_value_that_the_mapping_does_not_list_is_a_reject(work: Work) -> None:
    work.mappings = {"accounts": {"crm": {"status": mapped(source="tier__c", values={"Gold": "active"}, default="x")}}}
    work.put("companies", "7", tier__c="Bronze")
    result = work.transform()
    assert work.row("accounts", "status") == (None,)
    assert work.db.execute('SELECT "column", raw_text, reason FROM meta.rejects').fetchall() == [
        ("status", "Bronze", "is not among the mapping's values")
    ]
    assert result.entities[0].rejects == 1


def test_a_field_that_a_mapping_uses_is_no_longer_in_custom(work: Work) -> None:
    work.mappings = {"accounts": {"crm": {"name": "tier__c"}}}
    work.put("companies", "7", tier__c="Gold", arr__c="1")
    work.transform()
    assert work.row("accounts", "name, custom") == ("Gold", '{"arr__c":"1"}')


def test_a_field_that_discovery_knows_and_no_load_brought_yet_is_empty(work: Work) -> None:
    work.fields["companies"] += (type(work.fields["companies"][0])("new__c", "text", True),)
    work.mappings = {"accounts": {"crm": {"name": "new__c"}}}
    work.put("companies", "7", name="Globex")
    result = work.transform()
    assert work.row("accounts", "name") == (None,)
    assert "new__c" in {each.field for each in result.missing}


def test_all_wrong_mappings_are_told_at_once(work: Work) -> None:
    work.mappings = {"accounts": {"crm": {"name": "nowhere", "region": "noplace"}}, "users": {"crm": {"name": "none"}}}
    work.put("companies", "7")
    with pytest.raises(ConfigError) as error:
        work.transform()
    assert len(error.value.problems) == 3


def test_a_mapping_that_duckdb_refuses_names_the_model_and_the_connection(work: Work) -> None:
    work.mappings = {"accounts": {"crm": {"name": "substring(revenue, 'a', 'b')"}}}
    work.put("companies", "7", name="Globex")
    with pytest.raises(ConfigError, match=r"accounts.companies of hub") as error:
        work.transform()
    assert (error.value.customer, error.value.connection, error.value.object) == ("acme", "crm", "companies")
