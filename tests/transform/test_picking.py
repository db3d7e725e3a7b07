"""A customer's own object as an entity's source, one object mapped alone, and what every customer is asked."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from workdb import Work

from backhaul.config.pipeline import Mapped
from backhaul.errors import ConfigError
from backhaul.transform.build import transform
from backhaul.transform.inverse import Inverse, inverse
from backhaul.transform.plan import compile_entities
from backhaul.transform.work import raw_tables


def mapped(**block: Any) -> Mapped:
    return Mapped.model_validate({("from" if key == "source" else key): value for key, value in block.items()})


@pytest.fixture
def sites(work: Work) -> Work:
    """A custom object beside the companies."""
    work.table(
        "sites__c", {"title__c": "VARCHAR", "worth__c": "DECIMAL(38,9)", "boss__c": "VARCHAR", "x__c": "VARCHAR"}
    )
    work.put("owners", "1", email="a@example.com")
    work.put("sites__c", "s1", title__c="Harbour", worth__c=12, boss__c="1", x__c="rest")
    return work


SITES: dict[str, str | Mapped] = {
    "name": "title__c",
    "annual_revenue": "worth__c",
    "owner_id": "ref(users, boss__c)",
    "size": mapped(source="worth__c", type="number"),
}


def test_a_custom_object_becomes_a_source_of_an_entity_by_its_mapping_alone(sites: Work) -> None:
    sites.put("companies", "7", name="Globex")
    sites.mappings = {"accounts": {"crm.sites__c": SITES}}
    sites.transform()
    assert sites.rows("accounts", "id, source_object, name, annual_revenue, owner_id, size, custom") == [
        ("crm:companies:7", "companies", "Globex", None, None, None, None),
        ("crm:sites__c:s1", "sites__c", "Harbour", Decimal(12), "crm:owners:1", Decimal(12), '{"x__c":"rest"}'),
    ]


def test_it_may_take_the_place_of_the_object_that_the_catalog_has(sites: Work) -> None:
    sites.put("companies", "7", name="Globex")
    sites.mappings = {"accounts": {"crm.sites__c": SITES}}
    (connection,) = sites.customer.connections.values()
    customer = replace(sites.customer, connections={"crm": replace(connection, fills={"companies": ()})})
    transform(sites.db, sites.models, customer, run_id="run1")
    assert sites.rows("accounts", "id") == [("crm:sites__c:s1",)]


def test_its_changes_deletes_and_mapping_are_followed_as_any_objects(sites: Work) -> None:
    sites.mappings = {"accounts": {"crm.sites__c": SITES}}
    sites.transform()
    sites.put("sites__c", "s1", run="run2", title__c="Quay", worth__c=1)
    sites.put("sites__c", "s2", run="run2", title__c="Mill")
    sites.transform("run2")
    assert sites.rows("accounts", "name") == [("Quay",), ("Mill",)]
    sites.tombstone("sites__c", "s2", "run3")
    sites.transform("run3")
    assert sites.rows("accounts", "is_deleted") == [(False,), (True,)]
    sites.mappings = {}
    sites.transform("run4")
    assert sites.rows("accounts") == []


def test_references_to_it_name_it_and_the_catalogs_stay_as_they_are(sites: Work) -> None:
    sites.put("tasks", "1", a="9")
    sites.mappings = {
        "accounts": {"crm.sites__c": SITES},
        "links": {"crm.sites__c": {"from_id": "ref(accounts, sites__c, _key)", "to_id": "title__c"}},
    }
    sites.transform()
    assert ("crm:sites__c:s1",) in sites.rows("links", "from_id")
    assert ("crm:companies:9",) in sites.rows("links", "to_id")


def test_its_renames_can_be_read_backwards(sites: Work) -> None:
    sites.mappings = {"accounts": {"crm.sites__c": SITES}}
    plans = compile_entities(sites.models, sites.customer, raw_tables(sites.db), frozenset())
    (part,) = (p for plan in plans for p in plan.slices if (plan.shape.name, p.object) == ("accounts", "sites__c"))
    assert inverse(part, "name") == Inverse("name", "title__c", spells_text=True)
    assert inverse(part, "owner_id") == Inverse("owner_id", "boss__c", spells_text=False, prefix="crm:owners:")


def test_an_object_of_the_catalog_can_be_mapped_alone_over_what_its_connection_says(sites: Work) -> None:
    sites.put("companies", "7", tier__c="gold", arr__c="first")
    sites.mappings = {
        "accounts": {"crm": {"region": "tier__c"}, "crm.companies": {"region": "arr__c", "name": "tier__c"}}
    }
    sites.transform()
    assert sites.row("accounts", "region, name") == ("first", "gold")


@pytest.mark.parametrize(
    ("place", "columns", "told"),
    [
        ("crm.sites_c", {"name": "title__c"}, "crm.sites_c: sites_c is no object that is read; did you mean sites__c?"),
        (
            "crm.sites__c",
            {"name": "titel__c"},
            "crm.sites__c.name: there is no field titel__c; closest: title__c (VARCHAR",
        ),
        (
            "crm.sites__c",
            {"annual_revenu": "worth__c"},
            "accounts has no column annual_revenu; closest: annual_revenue",
        ),
        ("crm.companies", {"name": "title__c"}, "crm.companies.name: there is no field title__c"),
    ],
)
def test_what_is_wrong_with_it_is_told_with_types_and_the_closest_names(
    sites: Work, place: str, columns: dict[str, str | Mapped], told: str
) -> None:
    sites.mappings = {"accounts": {place: columns}}
    sites.put("companies", "7", name="Globex")
    with pytest.raises(ConfigError) as error:
        sites.transform()
    assert told in str(error.value)


ASKED = "Which field holds a company's region?"


def test_a_question_that_nobody_answered_stops_the_transform_where_the_field_is_required(work: Work) -> None:
    work.mappings = {"accounts": {"crm": {"region": mapped(prompt=ASKED)}}}
    work.put("companies", "7", name="Globex")
    with pytest.raises(
        ConfigError, match=r"accounts\.crm\.region: nobody has said which field it is: Which field holds"
    ):
        work.transform()


@pytest.mark.parametrize(
    ("block", "region"),
    [
        # as if nothing were written: the catalog's own way, here by a join
        (mapped(prompt=ASKED, required=False), "north"),
        (mapped(prompt=ASKED, required=False, default="nowhere"), "nowhere"),
        (mapped(prompt=ASKED, source="tier__c"), "gold"),
        (mapped(source="tier__c", required=True, values={"gold": "G"}), "G"),
        (mapped(source="lacking__c", required=False), "north"),
        (mapped(source="lacking__c", required=False, default="nowhere"), "nowhere"),
    ],
)
def test_what_is_optional_falls_back_on_the_catalogs_way_or_a_default(work: Work, block: Mapped, region: str) -> None:
    work.put("owners", "1", id="1", region="north")
    work.put("companies", "7", name="Globex", owner="1", tier__c="gold")
    work.mappings = {"accounts": {"crm": {"region": block}}}
    work.transform()
    assert work.row("accounts", "region") == (region,)


def test_a_column_of_ones_own_that_is_asked_for_is_there_before_the_answer(work: Work) -> None:
    work.mappings = {"accounts": {"crm": {"tier": mapped(prompt="Which?", required=False, type="text")}}}
    work.put("companies", "7", name="Globex")
    work.transform()
    assert work.row("accounts", "tier") == (None,)


def test_a_default_has_the_type_of_its_column(work: Work) -> None:
    work.mappings = {"accounts": {"crm": {"annual_revenue": mapped(prompt="?", required=False, default=3)}}}
    work.put("companies", "7")
    work.transform()
    assert work.row("accounts", "annual_revenue") == (Decimal(3),)
