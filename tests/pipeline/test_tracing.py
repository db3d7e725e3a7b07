"""From a row of an entity back to the vendor's record and fields, the run, and the file that made it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from handmade import Handmade

from backhaul.errors import ConfigError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handmade]:
    found = Handmade(tmp_path_factory.mktemp("traced"))
    company = {
        "id": "VARCHAR",
        "name": "VARCHAR",
        "domain": "VARCHAR",
        "arr__c": "VARCHAR",
        "hubspot_owner_id": "VARCHAR",
    }
    found.table("crm__companies", company, [["1", "1", "Acme", "acme.example", "100.5", "7"]], run="run7")
    found.table("erp__customer", {"companyname": "VARCHAR", "url": "VARCHAR"}, [["9", "Acme Inc", "acme.example"]])
    found.configure("mappings: {accounts: {crm: {annual_revenue: to_decimal(arr__c)}}}")
    found.shape()
    yield found
    found.project.close()


def test_a_value_leads_to_the_field_that_the_mapping_reads_and_the_run_that_read_it(made: Handmade) -> None:
    trace = made.acme.trace("accounts", "crm:companies:1", "annual_revenue")
    assert (trace.connection, trace.source, trace.raw_table, trace.key) == ("crm", "hubspot", "crm__companies", "1")
    assert (trace.run, trace.how) == ("run7", "transforms/staging/hubspot/accounts.companies.sql")
    (column,) = trace.columns
    assert (column.column, str(column.value), column.expression) == (
        "annual_revenue",
        "100.5000",
        "TO_DECIMAL(arr__c)",
    )
    assert [(each.object, each.field, each.value) for each in column.fields] == [("companies", "arr__c", "100.5")]


def test_a_row_leads_to_all_of_its_columns_and_a_reference_to_its_key(made: Handmade) -> None:
    columns = {each.column: each for each in made.acme.trace("accounts", "crm:companies:1").columns}
    assert [(each.field, each.value) for each in columns["owner_id"].fields] == [("hubspot_owner_id", "7")]
    assert columns["name"].value == "Acme"


def test_a_derived_row_says_by_which_rule(made: Handmade) -> None:
    (link,) = made.read("select id from links where role = 'same_as'")
    trace = made.acme.trace("links", link[0])
    assert (trace.raw_table, trace.how) == (None, "derived: domain")


def test_a_mart_leads_to_what_it_is_made_of(made: Handmade) -> None:
    assert "account_groups" in made.acme.trace("account_360", "crm:companies:1").how


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("acounts", "x"), "did you mean accounts?"),
        (("accounts", "crm:companies:404"), "has no row"),
        (("accounts", "crm:companies:1", "nam"), "did you mean name?"),
    ],
)
def test_what_is_not_there_is_told_with_the_closest_name(made: Handmade, asked: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        made.acme.trace(*asked)
    assert said in str(error.value)
