"""The simulator of HubSpot as the vendor's own client finds it, with only its host changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hubspot import HubSpot as Client
from hubspot.crm import associations, contacts, deals, owners, pipelines, properties, schemas

from backhaul.sandbox.hubspot.vendor import HubSpot
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with serve(HubSpot(World.load())) as running:
        running.configure(limit_10s=None, limit_search=None)
        yield running


@pytest.fixture
def client(served: Running) -> Client:
    return Client(access_token=served.credentials["token"], host=served.base_url)


def body_of(error: contacts.ApiException) -> dict[str, Any]:
    return dict(json.loads(error.body))


def test_a_good_token_is_let_in_and_a_wrong_one_is_told_so(served: Running, client: Client) -> None:
    assert client.crm.contacts.basic_api.get_page(limit=1).results
    stranger = Client(access_token="pat-na1-wrong", host=served.base_url)
    with pytest.raises(contacts.ApiException) as caught:
        stranger.crm.contacts.basic_api.get_page(limit=1)
    assert caught.value.status == 401
    assert body_of(caught.value)["category"] == "INVALID_AUTHENTICATION"


def test_an_expired_token_is_told_apart_from_a_wrong_one(served: Running, client: Client) -> None:
    served.fault("expired_token")
    with pytest.raises(contacts.ApiException) as caught:
        client.crm.contacts.basic_api.get_page(limit=1)
    assert (caught.value.status, body_of(caught.value)["category"]) == (401, "EXPIRED_AUTHENTICATION")


def test_pages_follow_each_other_to_the_end(served: Running, client: Client) -> None:
    expected = [record for record in served.dump("contacts") if not record["_deleted"]]
    pages, seen, after = 0, [], None
    while True:
        page = client.crm.contacts.basic_api.get_page(limit=60, after=after, properties=["email", "interests"])
        pages += 1
        seen += page.results
        if page.paging is None:
            break
        after = page.paging.next.after
    assert pages > 3
    assert [record.id for record in seen] == [record["id"] for record in expected]
    assert [record.properties["email"] for record in seen] == [record["email"] for record in expected]
    assert "firstname" not in seen[0].properties


def test_the_client_reads_everything_by_itself(served: Running, client: Client) -> None:
    assert len(client.crm.deals.get_all()) == served.objects()["deals"]


def test_a_search_reaches_ten_thousand_rows_and_no_further() -> None:
    with serve(HubSpot(World.load(7, 30), scale=30)) as running:
        running.configure(limit_10s=None, limit_search=None)
        client = Client(access_token=running.credentials["token"], host=running.base_url)

        def search(after: int) -> Any:
            request = contacts.PublicObjectSearchRequest(
                filter_groups=[],
                properties=["email"],
                limit=200,
                after=str(after),
                sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                query="",
            )
            return client.crm.contacts.search_api.do_search(request)

        last = search(9_800)
        assert (last.total, len(last.results), last.paging.next.after) == (12_000, 200, "10000")
        with pytest.raises(contacts.ApiException) as caught:
            search(10_000)
        assert (caught.value.status, body_of(caught.value)["category"]) == (400, "VALIDATION_ERROR")

        # The way round: the same search, above the last id seen.
        beyond = contacts.PublicObjectSearchRequest(
            filter_groups=[
                {"filters": [{"propertyName": "hs_object_id", "operator": "GT", "value": last.results[-1].id}]}
            ],
            properties=["email"],
            limit=200,
            after="0",
            sorts=["hs_object_id"],
            query="",
        )
        rest = client.crm.contacts.search_api.do_search(beyond)
        assert rest.total == 2_000
        assert int(rest.results[0].id) == int(last.results[-1].id) + 1


def test_three_of_a_hundred_fail_and_say_which(served: Running, client: Client) -> None:
    taken = next(record["email"] for record in served.dump("contacts") if record["email"])
    wrong = {7: {"email": taken}, 41: {"lifecyclestage": "emperor"}, 99: {"shoe_size": "44"}}
    inputs = [
        contacts.SimplePublicObjectBatchInputForCreate(
            associations=[],
            object_write_trace_id=f"row-{n}",
            properties={"email": f"new{n}@partial.example", "firstname": f"New {n}", **wrong.get(n, {})},
        )
        for n in range(100)
    ]
    answer = client.crm.contacts.batch_api.create(contacts.BatchInputSimplePublicObjectBatchInputForCreate(inputs))
    assert isinstance(answer, contacts.BatchResponseSimplePublicObjectWithErrors)
    assert (len(answer.results), answer.num_errors) == (97, 3)
    failed = {error.context["objectWriteTraceId"][0]: error.category for error in answer.errors}
    assert failed == {"row-7": "CONFLICT", "row-41": "VALIDATION_ERROR", "row-99": "VALIDATION_ERROR"}
    written = {record["email"] for record in served.dump("contacts")}
    assert "new0@partial.example" in written
    assert "new41@partial.example" not in written


def test_updates_upserts_and_archives_in_batches(served: Running, client: Client) -> None:
    api = client.crm.deals.batch_api
    first, second = [record["id"] for record in served.dump("deals") if not record["_deleted"]][:2]
    updated = api.update(
        deals.BatchInputSimplePublicObjectBatchInput(
            [deals.SimplePublicObjectBatchInput(id=first, properties={"amount": "12.50"})]
        )
    )
    assert updated.results[0].properties["amount"] == "12.50"
    upserted = api.upsert(
        deals.BatchInputSimplePublicObjectBatchInputUpsert(
            [
                deals.SimplePublicObjectBatchInputUpsert(
                    id="NEW-1", id_property="opportunity_code", properties={"dealname": "Fresh"}
                )
            ]
        )
    )
    assert upserted.results[0].new is True
    api.archive(deals.BatchInputSimplePublicObjectId([deals.SimplePublicObjectId(id=second)]))
    gone = {record["id"] for record in served.dump("deals") if record["_deleted"]}
    assert second in gone
    archived = client.crm.deals.basic_api.get_page(archived=True, limit=100)
    assert second in {record.id for record in archived.results}


def test_too_many_requests_are_refused_with_the_policy(served: Running, client: Client) -> None:
    served.fault("429", policy="DAILY")
    with pytest.raises(contacts.ApiException) as caught:
        client.crm.contacts.basic_api.get_page(limit=1)
    assert caught.value.status == 429
    assert body_of(caught.value)["policyName"] == "DAILY"
    assert caught.value.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    served.configure(limit_10s=0)
    try:
        with pytest.raises(contacts.ApiException) as caught:
            client.crm.contacts.basic_api.get_page(limit=1)
    finally:
        served.configure(limit_10s=None)
    assert body_of(caught.value)["policyName"] == "TEN_SECONDLY_ROLLING"


def test_the_client_understands_what_the_portal_says_about_itself(client: Client) -> None:
    custom = client.crm.schemas.core_api.get_all().results
    assert [schema.fully_qualified_name for schema in custom] == ["p48291034_subscription"]
    assert isinstance(custom[0], schemas.ObjectSchema)
    companies = client.crm.properties.core_api.get_all("companies").results
    assert all(isinstance(prop, properties.ModelProperty) for prop in companies)
    tier = next(prop for prop in companies if prop.name == "tier__c")
    assert [option.value for option in tier.options] == ["Gold", "Silver", "Bronze"]
    people = client.crm.owners.owners_api.get_page(limit=500).results
    assert isinstance(people[0], owners.PublicOwner)
    pipelines_of_deals = client.crm.pipelines.pipelines_api.get_all("deals").results
    assert isinstance(pipelines_of_deals[0], pipelines.Pipeline)
    assert "closedwon" in {stage.id for stage in pipelines_of_deals[0].stages}


def test_links_are_read_and_made(served: Running, client: Client) -> None:
    api = client.crm.associations.v4.batch_api
    known = served.dump("contacts_companies")[0]
    read = api.get_page(
        "contacts",
        "companies",
        associations.v4.BatchInputPublicFetchAssociationsBatchRequest(
            inputs=[associations.v4.PublicFetchAssociationsBatchRequest(id=known["from_id"])]
        ),
    )
    assert [str(link.to_object_id) for link in read.results[0].to] == [known["to_id"]]
    deal = served.dump("deals")[5]["id"]
    made = api.create_default(
        "deals",
        "contacts",
        associations.v4.BatchInputPublicDefaultAssociationMultiPost(
            inputs=[associations.v4.PublicDefaultAssociationMultiPost(_from={"id": deal}, to={"id": known["from_id"]})]
        ),
    )
    assert made.status == "COMPLETE"
    assert {"from_id": deal, "to_id": known["from_id"]}.items() <= next(
        link for link in served.dump("deals_contacts") if (link["from_id"], link["to_id"]) == (deal, known["from_id"])
    ).items()


def test_two_records_become_one(served: Running, client: Client) -> None:
    winner, loser = [record["id"] for record in served.dump("contacts") if not record["_deleted"]][20:22]
    client.crm.contacts.basic_api.merge(contacts.PublicMergeInput(primary_object_id=winner, object_id_to_merge=loser))
    read = client.crm.contacts.basic_api.get_by_id(loser, properties=["hs_merged_object_ids"])
    assert (read.id, read.properties["hs_merged_object_ids"]) == (winner, loser)
