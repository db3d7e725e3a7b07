"""Discovery asks each vendor in its own way and gives one kind of schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.little import Answer, Asked, Little, Reply
from tests.protocol.connections import connect as little

from backhaul.discovery.discover import discover, fingerprint, list_objects
from backhaul.errors import ConfigError, FixDefinition
from backhaul.extract.typed import ARROW
from backhaul.protocol.connection import Connection
from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.protocol.writes import choose
from backhaul.sandbox.server import Running

Connect = Callable[[Running], Connection]
Start = Callable[..., Running]
ADDED: dict[str, tuple[str, dict[str, Any], str]] = {
    "hubspot": ("companies", {"name": "tier", "type": "enumeration", "options": ["Gold", "Silver"]}, "tier"),
    "salesforce": ("Account", {"name": "Rank__c", "type": "picklist", "options": ["Gold", "Silver"]}, "Rank__c"),
}


@pytest.mark.parametrize(
    ("source", "name", "types"),
    [
        (
            "hubspot",
            "deals",
            {"dealname": "text", "amount": "decimal", "closedate": "timestamp", "hs_lastmodifieddate": "timestamp"},
        ),
        (
            "salesforce",
            "Account",
            {"Name": "text", "AnnualRevenue": "decimal", "NumberOfEmployees": "integer", "IsDeleted": "boolean"},
        ),
        ("salesforce", "Opportunity", {"CloseDate": "date", "Amount": "decimal", "SystemModstamp": "timestamp"}),
        ("netsuite", "customer", {"companyname": "text", "isinactive": "boolean", "lastmodifieddate": "timestamp"}),
        ("netsuite", "invoice", {"trandate": "date", "total": "decimal"}),
    ],
)
def test_each_vendors_types_become_ours(
    source: str, name: str, types: dict[str, str], simulator: Start, connect: Connect
) -> None:
    found = discover(connect(simulator(source)), [name])
    fields = found.schema.objects[name].fields
    assert {field: fields[field].type for field in types} == types
    assert {each.type for each in fields.values()} <= set(ARROW)
    assert found.unknown_types == {}
    assert found.not_served == {}


@pytest.mark.parametrize("source", ["hubspot", "salesforce", "netsuite"])
def test_a_key_is_text_and_not_written(source: str, simulator: Start, connect: Connect) -> None:
    name = {"hubspot": "contacts", "salesforce": "Contact", "netsuite": "contact"}[source]
    schema = discover(connect(simulator(source)), [name]).schema.objects[name]
    assert len(schema.key) == 1
    key = schema.fields[schema.key[0]]
    assert (key.type, key.creatable, key.updatable) == ("text", False, False)


@pytest.mark.parametrize("source", ["hubspot", "salesforce", "netsuite"])
def test_custom_objects_are_told_from_standard_ones(source: str, simulator: Start, connect: Connect) -> None:
    standard, prefix = {
        "hubspot": ("contacts", "p48291034_"),
        "salesforce": ("Account", "Subscription__c"),
        "netsuite": ("customer", "customrecord_"),
    }[source]
    connection = connect(simulator(source))
    found = {each.name: each for each in list_objects(connection)}
    own = [each for each in found.values() if each.custom]
    assert not found[standard].custom
    assert [each.name for each in own if each.name.startswith(prefix)]
    schema = discover(connection, [own[0].name]).schema.objects[own[0].name]
    assert schema.custom
    assert schema.label
    assert len(schema.fields) > 3


@pytest.mark.parametrize("source", ADDED)
def test_a_field_of_ones_own_has_its_options_and_can_be_written(
    source: str, simulator: Start, connect: Connect
) -> None:
    name, values, field = ADDED[source]
    vendor = simulator(source)
    vendor.mutate("add_field", name, values=values)
    found = discover(connect(vendor), [name]).schema.objects[name].fields[field]
    assert found.custom
    assert found.options == ("Gold", "Silver")
    assert found.updatable
    assert found.type == "text"


def test_what_the_vendor_computes_cannot_be_written(simulator: Start, connect: Connect) -> None:
    hubspot = discover(connect(simulator("hubspot")), ["contacts"]).schema.objects["contacts"]
    assert not hubspot.fields["lastmodifieddate"].updatable
    assert "lastmodifieddate" not in hubspot.writable
    assert "email" in hubspot.writable
    salesforce = discover(connect(simulator("salesforce")), ["Account"]).schema.objects["Account"]
    assert "SystemModstamp" not in salesforce.writable
    assert "Name" in salesforce.writable
    assert salesforce.fields["Name"].required


def test_netsuites_columns_keep_the_name_that_writes_want(simulator: Start, connect: Connect) -> None:
    fields = discover(connect(simulator("netsuite")), ["customer"]).schema.objects["customer"].fields
    assert fields["companyname"].written == "companyName"
    assert all(name == name.lower() for name in fields)
    assert any(each.custom and name.startswith("custentity") for name, each in fields.items())


def test_the_change_field_is_the_first_that_the_object_has(simulator: Start, connect: Connect) -> None:
    connection = connect(simulator("hubspot"))
    objects = discover(connection, ["contacts", "companies", "owners", "pipelines"]).schema.objects
    assert {name: each.change_field for name, each in objects.items()} == {
        "contacts": "lastmodifieddate",
        "companies": "hs_lastmodifieddate",
        "owners": "updatedAt",
        "pipelines": None,
    }


def test_a_name_that_the_account_does_not_have_is_told_with_the_nearest(simulator: Start, connect: Connect) -> None:
    with pytest.raises(ConfigError) as raised:
        discover(connect(simulator("salesforce")), ["Account", "Oportunity"])
    error = raised.value
    assert (error.customer, error.connection, error.object) == ("acme", "crm", "Oportunity")
    assert "Opportunity" in str(error)
    assert "backhaul discover" in error.next_step


def test_an_object_without_its_scope_is_not_served_and_the_others_are(simulator: Start, connect: Connect) -> None:
    vendor = simulator("hubspot")
    vendor.configure(missing_scopes=["crm.objects.deals.read"])
    found = discover(connect(vendor), ["deals", "companies"])
    assert set(found.schema.objects) == {"companies"}
    assert "scope" in found.not_served["deals"]


def test_scopes_that_are_needed_are_compared_with_those_granted(simulator: Start, connect: Connect) -> None:
    vendor = simulator("hubspot")
    vendor.configure(missing_scopes=["crm.objects.deals.read", "crm.objects.companies.write", "tickets", "e-commerce"])
    found = discover(connect(vendor), ["deals", "companies", "tickets", "products", "notes", "deals_contacts"])
    assert found.not_served["deals"].startswith("scope not granted: crm.objects.deals.read")
    why = "scope not granted: crm.objects.companies.write"
    denied = {name: dict(each.denied) for name, each in found.schema.objects.items()}
    # an older name of a scope grants the same: only one of the two is missing for tickets and products
    assert denied == {
        "companies": dict.fromkeys(("create", "update", "delete"), why),
        "tickets": {}, "products": {}, "notes": {},
        "deals_contacts": {"read": "scope not granted: crm.objects.deals.read"},
    }  # fmt: skip


def test_where_the_vendor_does_not_tell_the_scopes_nothing_is_withheld(simulator: Start, connect: Connect) -> None:
    vendor = simulator("hubspot")
    vendor.fault("expired_token", count=None, path="access-token-info")
    vendor.configure(missing_scopes=["crm.objects.companies.write"])
    found = discover(connect(vendor), ["companies"])
    assert found.schema.objects["companies"].denied == {}


def test_a_user_without_rights_to_an_object(simulator: Start, connect: Connect) -> None:
    vendor = simulator("salesforce")
    vendor.configure(denied={"Account": ["create", "delete"]})
    connection = connect(vendor)
    found = discover(connection, ["Account", "Contact"]).schema.objects
    assert set(found["Account"].denied) == {"create", "delete"}
    assert "has no right to create it" in found["Account"].denied["create"]
    assert found["Contact"].denied == {}
    definition = connection.source.objects["Account"]
    assert choose(found["Account"], definition, "update", 1).mode == "update"
    for mode in ("create", "upsert", "delete"):
        with pytest.raises(FixDefinition, match=f"may not {mode} Account: the user .* has no right to"):
            choose(found["Account"], definition, mode, 1, "Id")  # type: ignore[arg-type]


def test_an_object_that_the_vendor_lists_as_not_readable_is_not_served(simulator: Start, connect: Connect) -> None:
    connection = connect(simulator("salesforce"))
    name = next(each.name for each in list_objects(connection) if not each.readable)
    found = discover(connection, [name])
    assert found.schema.objects == {}
    assert "no right to read it" in found.not_served[name]


def test_an_object_whose_page_is_refused_is_not_served_and_the_others_are(serve: Callable[[Answer], Little]) -> None:
    """Fields that nobody describes are looked at on a page, which an account may not be allowed to see."""

    def answer(asked: Asked) -> Any:
        return Reply({"error": "no"}, 403) if asked.path == "/secrets" else {"things": [{"id": "1", "size": 5}]}

    objects = {
        name: {"fields": {"id": "text"}, "reads": {"all": {"get": f"/{name}", "records": "things"}}}
        for name in ("secrets", "things")
    }
    rules = [{"when": {"status": 403}, "then": "skip"}]
    found = discover(little(serve(answer), objects=objects, on_error=rules), ["secrets", "things"])
    assert set(found.schema.objects["things"].fields) == {"id", "size"}
    assert "403" in found.not_served["secrets"]


def test_an_account_without_the_right_to_custom_objects_still_has_the_others(
    simulator: Start, connect: Connect
) -> None:
    vendor = simulator("hubspot")
    vendor.configure(missing_scopes=["crm.schemas.custom.read"])
    found = list_objects(connect(vendor))
    assert "contacts" in {each.name for each in found}
    assert not any(each.custom for each in found)


def test_a_declared_object_has_what_a_page_shows_beside_its_declared_fields(simulator: Start, connect: Connect) -> None:
    """HubSpot sends `type` and more of owners; a field that nobody declared is found where it stands in a page."""
    connection = connect(simulator("hubspot"))
    connection.source = connection.source.model_copy(deep=True)
    owners = connection.source.objects["owners"]
    assert owners.fields is not None
    less = {name: kind for name, kind in owners.fields.items() if name not in ("lastName", "userId")}
    connection.source.objects["owners"] = owners.model_copy(update={"fields": less})
    fields = discover(connection, ["owners"]).schema.objects["owners"].fields
    assert fields["lastName"] == Field("lastName", "text", vendor_type="sampled", creatable=False, updatable=False)
    assert fields["userId"].type == "integer"
    assert fields["createdAt"].type == "timestamp"
    assert fields["createdAt"].vendor_type == "timestamp"


def test_what_belongs_to_children_is_no_field_of_the_parent(simulator: Start, connect: Connect) -> None:
    objects = discover(connect(simulator("hubspot")), ["pipelines", "pipeline_stages"]).schema.objects
    assert "stages" not in objects["pipelines"].fields
    assert objects["pipelines"].key == ("object_type", "id")
    assert objects["pipeline_stages"].fields["metadata"].type == "json"


def test_a_type_that_the_definition_does_not_know_is_text_and_told(simulator: Start, connect: Connect) -> None:
    connection = connect(simulator("salesforce"))
    connection.source = connection.source.model_copy(deep=True)
    del connection.source.discovery.types["currency"]
    found = discover(connection, ["Account"])
    assert found.unknown_types == {"Account.AnnualRevenue": "currency", "Account.ARR__c": "currency"}
    assert found.schema.objects["Account"].fields["AnnualRevenue"].type == "text"


NAMES = st.text("abc", min_size=1, max_size=3)
FIELDS = st.dictionaries(NAMES, st.sampled_from(sorted(ARROW)), max_size=5)


@given(st.dictionaries(NAMES, FIELDS, max_size=3), st.randoms())
def test_a_fingerprint_hangs_on_names_and_types_alone(objects: dict[str, dict[str, Any]], random: Any) -> None:
    def made(name: str, fields: dict[str, Any], **more: Any) -> ObjectSchema:
        pairs = list(fields.items())
        random.shuffle(pairs)
        return ObjectSchema(
            name, ("id",), {field: Field(field, kind, **more) for field, kind in pairs}, label=str(more)
        )

    names = list(objects)
    random.shuffle(names)
    one = fingerprint([made(name, fields) for name, fields in objects.items()])
    other = fingerprint([made(name, objects[name], label="x", options=("a",), updatable=False) for name in names])
    assert one == other
    for name, fields in objects.items():
        kinds = {field: ("text" if kind != "text" else "integer") for field, kind in fields.items()}
        changed = [made(each, kinds if each == name else own) for each, own in objects.items()]
        assert (fingerprint(changed) == one) is (not fields)


def test_two_discoveries_of_an_unchanged_account_have_one_fingerprint(simulator: Start, connect: Connect) -> None:
    connection = connect(simulator("netsuite"))
    first = discover(connection, ["customer", "invoice"]).schema
    second = discover(connection, ["invoice", "customer"]).schema
    assert first.fingerprint == second.fingerprint
    assert replace(first, discovered_at="", objects={}) == replace(second, discovered_at="", objects={})


def test_what_is_known_of_declared_fields_is_in_the_schema(simulator: Start, connect: Connect) -> None:
    fields = discover(connect(simulator("zendesk")), ["tickets", "users"]).schema.objects
    name, email, active = (fields["users"].fields[each] for each in ("name", "email", "active"))
    assert (name.required, email.unique, active.creatable, active.updatable) == (True, True, False, False)
    description = fields["tickets"].fields["description"]
    assert (description.required, description.creatable, description.updatable) == (True, True, False)
