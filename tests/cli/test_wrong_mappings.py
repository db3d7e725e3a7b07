"""A wrong mapping is told by `validate` and `plan`: its line, what is wrong, the real type, the closest names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backhaul.sandbox.server import Running
from tests.cli.conftest import SMALL, Call
from tests.conftest import connection_to

Mapped = dict[str, dict[str, dict[str, Any]]]

A_MOMENT = "createdate is TIMESTAMP WITH TIME ZONE and cannot become"
WRONG: list[tuple[str, str, Any, list[str]]] = [
    ("annual_revenue", "crm", "arr_c", ["no field arr_c; closest: arr__c (DECIMAL(38,9))", "discover acme crm"]),
    ("phone", "crm", "upper(src.nam)", ["no field nam; closest: name (VARCHAR)"]),
    ("employees", "crm", "createdate", [f"{A_MOMENT} integer"]),
    ("website", "crm.companies", "to_boolean(createdate)", [A_MOMENT]),
    ("status", "crm", {"from": "tier__c", "values": {"Gold": "actve"}}, ["actve is none of active", "mean active?"]),
    ("tier", "crm", {"from": "tier__c", "values": {"Goold": "g"}, "type": "text"}, ["no such option", "mean Gold?"]),
    ("name", "crm", "NULL", ["accounts.name must not be NULL"]),
    ("domain", "crm", "lower(domain", ["neither a field nor an expression"]),
    ("industry", "crm", "uper(industry)", ["no scalar function uper; did you mean upper?"]),
]


@pytest.fixture
def mapped(hubspot: Running, customer: Callable[..., Path]) -> Callable[[Mapped], Path]:
    """Writes acme's pipeline with these mappings."""

    def write(mappings: Mapped) -> Path:
        return customer("acme", crm=connection_to(hubspot, SMALL), extra={"mappings": mappings})

    return write


def line_of(path: Path, key: str) -> str:
    """`pipelines/acme.yaml:14:`, where the key stands last."""
    lines = path.read_text().splitlines()
    number = max(n for n, line in enumerate(lines, 1) if line.strip().startswith(f"{key}:"))
    return f"pipelines/acme.yaml:{number}:"


@pytest.mark.usefixtures("published")
def test_after_a_run_every_wrong_mapping_is_told_at_once_with_its_line(
    backhaul: Call, mapped: Callable[[Mapped], Path]
) -> None:
    mappings: Mapped = {"accounts": {}}
    for column, place, value, _ in WRONG:
        mappings["accounts"].setdefault(place, {})[column] = value
    path = mapped(mappings)
    said = backhaul("validate", "acme")
    assert said.code == 2
    for column, place, _, told in WRONG:
        (line,) = [each for each in said.out.splitlines() if f"mappings.accounts.{place}.{column}: " in each]
        assert line.startswith(line_of(path, column))
        for words in told:
            assert words in line
    (problem,) = [each for each in backhaul("validate", "--json").json["problems"] if each["path"].endswith("revenue")]
    assert (problem["file"], f":{problem['line']}:") == ("pipelines/acme.yaml", line_of(path, "annual_revenue")[-4:])


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("anual_revenue", "arr__c", "accounts has no column anual_revenue; closest: annual_revenue"),
        ("score", {"from": "arr__c", "type": "strng"}, "strng is no type; it is one of text, integer"),
        ("name", "substring(name, 'a', 'b')", "Could not convert string 'a'"),
        ("annual_revenue", "arr_c", "closest: arr__c"),
    ],
)
def test_plan_refuses_with_the_same_words_and_line(
    backhaul: Call, mapped: Callable[[Mapped], Path], column: str, value: Any, told: str
) -> None:
    path = mapped({"accounts": {"crm": {column: value}}})
    checked, planned = backhaul("validate", "acme"), backhaul("plan", "acme")
    assert (checked.code, planned.code) == (2, 2)
    (line,) = [each for each in checked.out.splitlines() if told in each]
    assert line.startswith(line_of(path, column))
    assert line in planned.err


def test_a_value_that_the_vendor_no_longer_offers_is_fine_while_records_hold_it(
    backhaul: Call, mapped: Callable[[Mapped], Path], published: Running
) -> None:
    held: Mapped = {"accounts": {"crm": {"tier": {"from": "tier__c", "values": {"Tin": "tin"}, "type": "text"}}}}
    mapped(held)
    assert "tier__c has no such option" in backhaul("validate", "acme").out
    mapped({})
    key = next(str(each["id"]) for each in published.dump("companies") if not each.get("_deleted"))
    published.mutate("update", "companies", key, {"tier__c": "Tin"})
    assert backhaul("refetch", "acme", "crm", "companies", key).code == 0
    assert backhaul("transform", "acme").code == 0
    assert backhaul("publish", "acme").code == 0
    mapped(held)
    assert backhaul("validate", "acme").code == 0


def test_before_a_discovery_all_but_the_fields_is_checked_and_that_is_said(
    backhaul: Call, mapped: Callable[[Mapped], Path]
) -> None:
    path = mapped({"accounts": {"crm": {"annual_revenue": "arr_c", "owner_id": "order"}}})
    said = backhaul("validate", "acme")
    assert said.code == 0
    assert "acme crm: the fields of its mappings were not looked up" in said.out
    assert "backhaul discover acme crm" in said.out
    path = mapped(
        {
            "accounts": {
                "crm": {
                    "domain": "lower(domain",
                    "industry": "uper(industry)",
                    "name": "NULL",
                    "status": {"from": "tier__c", "values": {"Gold": "actve"}},
                }
            },
            "users": {"crm": {"nam": "email"}},
            "stages": {"crm": {"score": {"from": "x", "type": "strng"}}},
        }
    )
    said = backhaul("validate", "acme")
    assert said.code == 2
    for column, told in {
        "domain": "neither a field", "industry": "no scalar function uper", "name": "must not be NULL",
        "status": "did you mean active?", "nam": "users has no column nam; closest: name", "score": "strng is no type",
    }.items():  # fmt: skip
        (line,) = [each for each in said.out.splitlines() if told in each]
        assert line.startswith(line_of(path, column))


@pytest.mark.usefixtures("hubspot")
def test_an_object_an_entity_and_a_connection_that_are_not_there_are_told_with_the_closest(
    backhaul: Call, mapped: Callable[[Mapped], Path]
) -> None:
    phone = {"phone": "phone"}
    mapped({"accounts": {"crm.companys": phone, "crmm": phone}, "acounts": {"crm": phone}})
    said = backhaul("validate", "acme")
    assert said.code == 2
    for near in ("companies", "crm", "accounts"):
        assert f"did you mean {near}?" in said.out
