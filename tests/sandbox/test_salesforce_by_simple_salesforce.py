"""The simulator as simple-salesforce sees it: a client that others wrote, of which only the host is changed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce as Client
from simple_salesforce import SFType
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from backhaul.sandbox.salesforce.vendor import Salesforce
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World


class Elsewhere(HTTPAdapter):
    """Sends what is meant for the vendor's hosts to the simulator's."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        _, _, rest = request.url.partition("://")
        _, _, path = rest.partition("/")
        request.url = f"{self._base_url}/{path}"
        return super().send(request, *args, **kwargs)


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def org(world: World) -> Iterator[Running]:
    with serve(Salesforce(world)) as running:
        yield running


@pytest.fixture
def session(org: Running) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", Elsewhere(org.base_url))
        yield session


@pytest.fixture
def client(org: Running, session: requests.Session) -> Client:
    known = org.credentials
    return Client(
        username=known["username"],
        consumer_key=known["client_id"],
        privatekey=known["private_key"],
        version="60.0",
        session=session,
    )


def test_it_logs_in_with_a_signed_assertion_and_with_client_credentials(
    org: Running, client: Client, session: requests.Session
) -> None:
    assert client.sf_instance == org.base_url.removeprefix("http://")
    known = org.credentials
    other = Client(
        consumer_key=known["client_id"],
        consumer_secret=known["client_secret"],
        domain="mavencomputing.my",
        version="60.0",
        session=session,
    )
    assert other.session_id != client.session_id
    assert other.oauth2("userinfo")["preferred_username"] == known["username"]


def test_a_wrong_secret_and_a_key_of_somebody_else_are_refused(
    org: Running, world: World, session: requests.Session
) -> None:
    known = org.credentials
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid_client"):
        Client(consumer_key=known["client_id"], consumer_secret="no", domain="mavencomputing.my", session=session)
    foreign = Salesforce(world, seed=8).credentials["private_key"]
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid assertion"):
        Client(username=known["username"], consumer_key=known["client_id"], privatekey=foreign, session=session)


def test_it_discovers_objects_and_fields(client: Client) -> None:
    names = {one["name"]: one for one in client.describe()["sobjects"]}
    assert names["Subscription__c"]["custom"]
    assert not names["AccountChangeEvent"]["queryable"]
    fields = {field["name"]: field for field in client.Account.describe()["fields"]}
    assert fields["Tier__c"]["picklistValues"][0]["value"] == "Bronze"
    assert fields["External_Id__c"]["externalId"]
    assert fields["Revenue_Per_Employee__c"]["calculated"]


def test_it_reads_more_than_three_pages(org: Running, client: Client) -> None:
    client.headers["Sforce-Query-Options"] = "batchSize=200"
    answer = client.query("SELECT Id, OrderId, TotalPrice FROM OrderItem ORDER BY Id")
    assert (answer["totalSize"], answer["done"], len(answer["records"])) == (659, False, 200)
    records = client.query_all("SELECT Id, OrderId, TotalPrice FROM OrderItem ORDER BY Id")["records"]
    ids = [record["Id"] for record in records]
    assert len(set(ids)) == 659
    assert ids == sorted(ids)
    pages = [entry for entry in org.received() if "/query/01g" in entry["path"]]
    assert [entry["rows"] for entry in pages] == [200, 200, 59]
    assert client.api_usage["api-usage"].total == 100_000


def test_a_collection_of_a_hundred_answers_for_each_record_in_order(client: Client) -> None:
    records: list[dict[str, Any]] = [
        {"attributes": {"type": "Contact"}, "LastName": f"Made {n}", "Email": f"made{n}@globex.example"}
        for n in range(100)
    ]
    records[7].pop("LastName")
    records[30]["Email"] = "nowhere"
    records[99]["LastName"] = "x" * 81
    results = client.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": records})
    failed = {place: one["errors"][0]["statusCode"] for place, one in enumerate(results) if not one["success"]}
    assert failed == {7: "REQUIRED_FIELD_MISSING", 30: "INVALID_EMAIL_ADDRESS", 99: "STRING_TOO_LONG"}
    assert client.query("SELECT COUNT() FROM Contact WHERE LastName LIKE 'Made %'")["totalSize"] == 97
    assert client.Contact.get(results[8]["id"])["Name"] == "Made 8"


def test_one_record_is_made_changed_found_by_its_external_id_and_deleted(client: Client) -> None:
    made = client.Account.create({"Name": "Initech", "External_Id__c": "I-1", "Tier__c": "Gold"})
    assert made["success"]
    assert client.Account.update(made["id"], {"Health_Score__c": 55.5}) == 204
    assert client.Account.upsert("External_Id__c/I-1", {"Phone": "1"}) == 200
    assert client.Account.upsert("External_Id__c/I-2", {"Name": "Initrode"}) == 201
    found = client.Account.get_by_custom_id("External_Id__c", "I-1")
    assert (found["Id"], found["Health_Score__c"], found["Phone"]) == (made["id"], 55.5, "1")
    assert client.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
        client.Account.get(made["id"])
    deleted = client.query("SELECT Id FROM Account WHERE IsDeleted = true", include_deleted=True)
    assert [record["Id"] for record in deleted["records"]] == [made["id"]]
    with pytest.raises(SalesforceMoreThanOneRecord):
        client.Lead.upsert("Legacy_Id__c/L-1", {"Company": "Twice"})


def test_deleted_and_updated_ids_come_by_time(org: Running, client: Client) -> None:
    start = org.vendor.clock.now()
    gone = client.Case.create({"Subject": "gone"})["id"]
    kept = client.Case.create({"Subject": "kept"})["id"]
    client.Case.delete(gone)
    org.advance(120)
    end = start + timedelta(minutes=2)
    assert [one["id"] for one in client.Case.deleted(start, end)["deletedRecords"]] == [gone]
    assert kept in client.Case.updated(start, end)["ids"]
    assert gone not in client.Case.updated(start, end)["ids"]


def test_a_wrong_query_and_a_used_up_quota_come_as_the_vendors_errors(org: Running, client: Client) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Nme' on entity 'Account'"):
        client.query("SELECT Nme FROM Account")
    org.configure(daily_limit=2)
    client.query("SELECT Id FROM Account LIMIT 1")
    with pytest.raises(SalesforceRefusedRequest, match="TotalRequests Limit exceeded"):
        client.query("SELECT Id FROM Account LIMIT 1")
    org.configure(daily_limit=100)
    org.fault("429", concurrent=True)
    with pytest.raises(SalesforceRefusedRequest, match="ConcurrentPerOrgLongTxn"):
        client.query("SELECT Id FROM Account LIMIT 1")


def test_a_dead_session_makes_the_client_log_in_again(org: Running, client: Client) -> None:
    org.fault("expired_token")
    assert client.query("SELECT Id FROM Account LIMIT 1")["totalSize"] == 1
    assert [entry["path"] for entry in org.received()].count("/services/oauth2/token") == 2
    org.fault("revoked_token")
    with (
        pytest.warns(UserWarning, match="authorize this"),
        pytest.raises(SalesforceAuthenticationFailed, match="user hasn't approved this consumer"),
    ):
        client.query("SELECT Id FROM Account LIMIT 1")


def test_a_bulk_query_comes_as_csv_in_pages(org: Running, client: Client) -> None:
    pages = list(client.bulk2.Contact.query("SELECT Id, Name, CreatedDate FROM Contact", max_records=150, wait=0.01))
    assert len(pages) == 3
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert len({row["Id"] for row in rows}) == 400
    assert rows[0]["CreatedDate"].endswith(".000Z")
    states = [entry for entry in org.received() if entry["path"].endswith("/results")]
    assert [entry["rows"] for entry in states] == [150, 150, 100]


def test_a_bulk_upsert_tells_what_went_well_and_what_did_not(client: Client) -> None:
    handler = client.bulk2.Account
    data = [
        {"External_Id__c": "ACC-00001", "Name": "Acme Renamed", "MRR": "1"},
        {"External_Id__c": "B-1", "Name": "New by bulk", "MRR": "2"},
        {"External_Id__c": "B-2", "Name": "", "MRR": "3"},
        {"External_Id__c": "B-3", "Name": "Bad number", "MRR": "many"},
    ]
    for one in data:
        one["ARR__c"] = one.pop("MRR")
    (result,) = handler.upsert(records=data, external_id_field="External_Id__c", wait=0.01)
    assert (result["numberRecordsProcessed"], result["numberRecordsFailed"]) == (4, 2)
    found = handler.get_all_ingest_records(result["job_id"])
    assert {row["External_Id__c"]: row["sf__Created"] for row in found["successfulRecords"]} == {
        "ACC-00001": "false",
        "B-1": "true",
    }
    errors = {row["External_Id__c"]: row["sf__Error"] for row in found["failedRecords"]}
    assert errors["B-2"].startswith("REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name")
    assert errors["B-3"].startswith("INVALID_FIELD:Failed to deserialize field at col")
    assert found["unprocessedRecords"] == []


def test_a_bulk_delete_puts_records_in_the_bin(client: Client) -> None:
    ids = [record["Id"] for record in client.query("SELECT Id FROM Task LIMIT 5")["records"]]
    handler: Any = client.bulk2.Task
    (result,) = handler.delete(records=[{"Id": id} for id in ids], wait=0.01)
    assert result["numberRecordsFailed"] == 0
    gone = client.query("SELECT Id FROM Task WHERE IsDeleted = true", include_deleted=True)
    assert {record["Id"] for record in gone["records"]} == set(ids)


def test_its_type_works_with_a_custom_object(client: Client) -> None:
    custom: SFType = client.Subscription__c
    made = custom.create({"Name": "Plan", "Plan__c": "Team", "MRR__c": 12.5, "Seats__c": 3, "Active__c": True})
    assert custom.get(made["id"])["MRR__c"] == 12.5
