"""The same company in two systems: pairs by equal values that each system holds once, and a customer's own word."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from backhaul.config.identity import EntityIdentity, IdentityRule
from backhaul.config.pipeline import Mapped
from backhaul.errors import ConfigError
from backhaul.transform.build import TransformResult, transform
from backhaul.transform.inputs import Customer, RawConnection, RawField
from backhaul.transform.models import read_models

CONTRACTS = {
    "accounts": "{entity: accounts, columns: {name: {type: text}, domain: {type: text}, tax_number: {type: text}}}",
    "links": """
entity: links
columns: {from_entity: {type: text}, from_id: {type: text}, to_entity: {type: text}, to_id: {type: text},
          role: {type: text}, method: {type: text}, confidence: {type: number}}
""",
}
STAGING = {
    ("hub", "accounts.c"): "select src.name as name, src.domain as domain, src.tax as tax_number from c as src",
    ("erp", "accounts.c"): "select src.name as name, src.domain as domain, src.tax as tax_number from c as src",
}
RULES = """
accounts:
  - {method: tax_number, column: tax_number, spelling: code, confidence: 0.98}
  - {method: domain, column: domain, spelling: lower, confidence: 0.9, ignore: [gmail.com]}
"""


class Two:
    """A customer with a CRM and an ERP, each with companies."""

    def __init__(self) -> None:
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'; CREATE SCHEMA raw")
        for place in ("crm", "erp"):
            self.db.execute(
                f"CREATE TABLE raw.{place}__c (name VARCHAR, domain VARCHAR, tax VARCHAR, ext VARCHAR, _key VARCHAR,"
                " _changed_at TIMESTAMPTZ, _read_at TIMESTAMPTZ, _deleted_at TIMESTAMPTZ, _run_id VARCHAR)"
            )
        self.identity: dict[str, EntityIdentity] = {}
        self.mappings: dict[str, Any] = {}
        self.runs = 0

    def put(self, place: str, key: str, **values: str | None) -> None:
        self.runs += 1
        self.drop(place, key)
        names = ", ".join(values)
        self.db.execute(
            f"INSERT INTO raw.{place}__c ({names}, _key, _run_id, _read_at, _changed_at)"
            f" VALUES ({'?, ' * len(values)}?, ?, now(), now())",
            [*values.values(), key, f"r{self.runs}"],
        )

    def drop(self, place: str, key: str) -> None:
        self.db.execute(f"DELETE FROM raw.{place}__c WHERE _key = ?", [key])

    def build(self) -> TransformResult:
        fields = {"c": tuple(RawField(name, "text", name == "ext") for name in ("name", "domain", "tax", "ext"))}
        connections = {"crm": RawConnection("crm", "hub", fields), "erp": RawConnection("erp", "erp", fields)}
        customer = Customer("acme", connections, self.mappings, self.identity)
        return transform(self.db, read_models(CONTRACTS, STAGING, {}, [RULES]), customer, run_id="run")

    def links(self) -> list[tuple[Any, ...]]:
        self.build()
        rows = self.db.execute("SELECT from_id, to_id, method, confidence FROM entities.links ORDER BY id").fetchall()
        return [
            (a.removeprefix("crm:c:"), b.removeprefix("erp:c:"), method, float(sure)) for a, b, method, sure in rows
        ]


@pytest.fixture
def two() -> Two:
    return Two()


def test_equal_domains_of_two_systems_are_one_company_however_spelt(two: Two) -> None:
    two.put("crm", "1", domain=" Acme.Example")
    two.put("erp", "9", domain="acme.example")
    two.put("erp", "8", domain="other.example")
    assert two.links() == [("1", "9", "domain", 0.9)]


def test_the_surest_rule_is_the_one_that_is_kept(two: Two) -> None:
    two.put("crm", "1", domain="acme.example", tax="NO 123-456")
    two.put("erp", "9", domain="acme.example", tax="no123456")
    assert two.links() == [("1", "9", "tax_number", 0.98)]


def test_a_value_that_one_system_holds_twice_proves_nothing_and_is_counted(two: Two) -> None:
    two.put("crm", "1", domain="acme.example")
    two.put("crm", "2", domain="acme.example")
    two.put("erp", "9", domain="acme.example")
    result = two.build()
    warnings = [str(each) for entity in result.entities for each in entity.warnings]
    assert warnings == [
        "links: accounts that share a domain within one connection are linked to no other: 1 rows, such as acme.example"
    ]
    assert two.links() == []


def test_two_companies_of_one_system_are_never_linked(two: Two) -> None:
    two.put("crm", "1", domain="acme.example")
    two.put("crm", "2", tax="1", domain="b.example")
    assert two.links() == []


def test_empty_values_and_those_that_many_share_prove_nothing(two: Two) -> None:
    for place in ("crm", "erp"):
        two.put(place, "1", domain="gmail.com")
        two.put(place, "2", domain="", tax=None)
        two.put(place, "3", tax="---")
    assert two.links() == []


def test_a_pair_goes_when_a_value_changes_and_a_deleted_company_is_nobody(two: Two) -> None:
    two.put("crm", "1", domain="acme.example")
    two.put("erp", "9", domain="acme.example")
    assert len(two.links()) == 1
    two.put("erp", "9", domain="new.example")
    assert two.links() == []
    two.put("erp", "9", domain="acme.example")
    assert len(two.links()) == 1
    two.db.execute("UPDATE raw.erp__c SET _deleted_at = now(), _run_id = 'gone'")
    assert two.links() == []


def test_a_person_confirms_a_pair_and_denies_another(two: Two) -> None:
    two.put("crm", "1", domain="acme.example")
    two.put("erp", "9", domain="acme.example")
    two.put("erp", "8", name="Acme again")
    two.identity = {
        "accounts": EntityIdentity(confirm=(("erp:c:8", "crm:c:1"),), deny=(("erp:c:9", "crm:c:1"),)),
    }
    assert two.links() == [("1", "8", "confirmed", 1.0)]


def test_a_confirmed_pair_that_names_nobody_is_told(two: Two) -> None:
    two.identity = {"accounts": EntityIdentity(confirm=(("crm:c:404", "erp:c:404"),))}
    warnings = [each.check for entity in two.build().entities for each in entity.warnings]
    assert warnings == ["identity.accounts.confirm names no row of accounts"]


def test_a_customers_own_rules_stand_in_for_the_projects_as_by_an_external_id(two: Two) -> None:
    two.put("crm", "1", domain="acme.example", ext="9")
    two.put("crm", "2", domain="b.example", ext="404")
    two.put("erp", "9", domain="x.example")
    two.put("erp", "8", domain="acme.example")

    two.mappings = {"accounts": {"crm": {"erp_id": Mapped(source="ext", type="text")}}}
    rule = IdentityRule(method="external_id", column="erp_id", equals="source_id", within="erp", confidence=1)
    two.identity = {"accounts": EntityIdentity(rules=(rule,))}
    assert two.links() == [("1", "9", "external_id", 1.0)]


def test_a_build_with_nothing_new_writes_no_link_again(two: Two) -> None:
    two.put("crm", "1", domain="acme.example")
    two.put("erp", "9", domain="acme.example")
    two.build()
    two.put("crm", "1", domain="acme.example", name="Renamed")
    assert {each.name: each.changed for each in two.build().entities} == {"accounts": 1, "links": 0}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("acounts: []", "did you mean accounts?"),
        ("accounts: [{method: domain, confidence: 2, column: domain}]", "less than or equal to 1"),
        ("accounts: [", "is not YAML"),
    ],
)
def test_wrong_rules_are_told(rules: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_models(CONTRACTS, STAGING, {}, [rules])
    assert said in str(error.value)
