"""How strict the Salesforce simulator is: what it refuses, with which words, and what its variants change."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import jwt
import pytest

from backhaul.sandbox.salesforce.ids import checksum, full_id, make_id
from backhaul.sandbox.salesforce.values import java_number
from backhaul.sandbox.salesforce.vendor import Salesforce
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World

ROOT = "/services/data/v60.0"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Org:
    """A served simulator with a client that is logged in."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.http = httpx.Client(base_url=running.base_url, trust_env=False)
        known = running.credentials
        form = {key: known[key] for key in ("client_id", "client_secret")}
        token = self.http.post("/services/oauth2/token", data={"grant_type": "client_credentials", **form}).json()
        self.http.headers["Authorization"] = f"Bearer {token['access_token']}"

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.http.request(method, ROOT + path, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.call("GET", path, **more)

    def query(self, text: str, *, everything: bool = False) -> list[dict[str, Any]]:
        answer = self.get("/queryAll" if everything else "/query", params={"q": text})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["records"])

    def error(self, method: str, path: str, **more: Any) -> tuple[int, str, str]:
        answer = self.call(method, path, **more)
        (problem, *_) = answer.json()
        return answer.status_code, problem["errorCode"], problem["message"]

    def write(self, method: str, path: str, records: list[dict[str, Any]], all_or_none: bool = False) -> Any:
        typed = [{"attributes": {"type": record.pop("type", "Account")}, **record} for record in records]
        return self.call(method, path, json={"allOrNone": all_or_none, "records": typed}).json()

    def job(self, kind: str, polls: int = 5, **body: Any) -> dict[str, Any]:
        """A finished job."""
        made = self.call("POST", f"/jobs/{kind}", json=body)
        assert made.status_code == 200, made.text
        return self.finish(kind, made.json()["id"], polls)

    def finish(self, kind: str, id: str, polls: int = 5) -> dict[str, Any]:
        for _ in range(polls):
            found: dict[str, Any] = self.get(f"/jobs/{kind}/{id}").json()
            if found["state"] not in ("UploadComplete", "InProgress"):
                break
        return found

    def ingest(self, text: str, **body: Any) -> dict[str, Any]:
        id = self.call("POST", "/jobs/ingest", json={"object": "Account", **body}).json()["id"]
        put = self.call(
            "PUT", f"/jobs/ingest/{id}/batches", content=text.encode(), headers={"Content-Type": "text/csv"}
        )
        assert put.status_code == 201
        assert self.call("PATCH", f"/jobs/ingest/{id}", json={"state": "UploadComplete"}).status_code == 200
        return self.finish("ingest", id)

    def csv(self, path: str) -> list[dict[str, str]]:
        answer = self.get(path, headers={"Accept": "text/csv"})
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def make(world: World) -> Iterator[Callable[..., Org]]:
    with ExitStack() as stack:
        yield lambda **variants: Org(stack.enter_context(serve(Salesforce(world, variants=variants))))


@pytest.fixture
def org(make: Callable[..., Org]) -> Org:
    return make()


@pytest.mark.parametrize(
    ("id15", "id18"),
    [
        ("001000000000001", "001000000000001AAA"),
        ("0015g00000AbCdE", "0015g00000AbCdEAAV"),
        ("00kZZZZZZZZZZZZ", "00kZZZZZZZZZZZZY55"),
    ],
)
def test_the_long_form_of_an_id_tells_capitals(id15: str, id18: str) -> None:
    assert id15 + checksum(id15) == id18 == full_id(id15) == full_id(id18)
    assert full_id(id15 + "ABC") is None
    assert full_id("x") is None


def test_ids_sort_in_the_order_in_which_they_were_made() -> None:
    ids = [make_id("001", n) for n in (1, 9, 10, 35, 36, 61, 62, 3843, 3844, 10**9)]
    assert [id[:15] for id in ids] == sorted(id[:15] for id in ids)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (5.0, "5.0"),
        (12.34, "12.34"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (1100040000.0, "1.10004E9"),
        (-2.5e8, "-2.5E8"),
        (7, "7"),
    ],
)
def test_numbers_stand_in_csv_as_java_writes_them(value: float, text: str) -> None:
    assert java_number(value) == text


def test_the_seed_keeps_the_rules_of_its_own_describe(world: World) -> None:
    made = Salesforce(world).org
    for object in made.objects.values():
        for row in made.tables[object.name].order:
            assert set(row.values) <= set(object.fields)
            for field in object.fields.values():
                value = row.values.get(field.name)
                assert value is not None or field.nillable, (object.name, field.name)
                if value is None:
                    continue
                if field.refers_to:
                    target = made.lookup(value)
                    assert target is not None
                    assert made.by_id(value) in [made.objects[name] for name in field.refers_to]
                if field.type == "picklist":
                    assert value in field.options, (object.name, field.name)
                assert not isinstance(value, str) or not field.length or len(value) <= field.length


# --- tokens


def assertion(org: Org, *, key: str | None = None, algorithm: str = "RS256", **claims: Any) -> httpx.Response:
    known = org.running.credentials
    whole = {
        "iss": known["client_id"],
        "sub": known["username"],
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
    }
    signed = jwt.encode({**whole, **claims}, key or known["private_key"], algorithm=algorithm)
    return org.http.post("/services/oauth2/token", data={"grant_type": JWT_BEARER, "assertion": signed})


def test_a_token_says_where_the_org_lives_and_not_when_it_ends(org: Org) -> None:
    answer = assertion(org).json()
    assert answer["instance_url"] == org.running.base_url
    assert answer["token_type"] == "Bearer"
    assert "expires_in" not in answer
    assert "refresh_token" not in answer


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": "https://example.com"}, "audience is invalid"),
        ({"iss": "nobody"}, "client identifier invalid"),
        ({"sub": "nobody@example.com"}, "user hasn't approved this consumer"),
        ({"exp": int(time.time()) - 600}, "expired authorization code"),
        ({"exp": int(time.time()) + 7200}, "too far in the future"),
        ({"exp": "soon"}, "invalid assertion"),
        ({"algorithm": "HS256", "key": "x" * 32}, "algorithm not supported"),
    ],
)
def test_an_assertion_must_be_right_in_everything(org: Org, claims: dict[str, Any], words: str) -> None:
    answer = assertion(org, **claims)
    assert answer.status_code == 400
    assert words in answer.json()["error_description"]


@pytest.mark.parametrize("audience", ["https://login.salesforce.com", "https://test.salesforce.com", "own"])
def test_an_assertion_may_name_the_orgs_own_address(org: Org, audience: str) -> None:
    aud = org.running.base_url if audience == "own" else audience
    assert assertion(org, aud=aud).status_code == 200


def test_a_token_request_is_a_form_and_a_post(org: Org) -> None:
    assert org.http.get("/services/oauth2/token").json()["error_description"] == "must use HTTP POST"
    assert org.http.post("/services/oauth2/token", json={}).json()["error"] == "invalid_request"
    odd = org.http.post("/services/oauth2/token", data={"grant_type": "password"})
    assert (odd.status_code, odd.json()["error"]) == (400, "unsupported_grant_type")


def test_an_idle_session_ends_and_a_used_one_slides(org: Org) -> None:
    for _ in range(3):
        org.running.advance(5000)
        assert org.get("/limits").status_code == 200
    org.running.advance(7300)
    assert org.error("GET", "/limits") == (401, "INVALID_SESSION_ID", "Session expired or invalid")
    refused = org.http.get("/services/oauth2/userinfo")
    assert (refused.status_code, refused.text) == (403, "Bad_OAuth_Token")


def test_a_revoked_token_is_dead(org: Org) -> None:
    token = org.http.headers["Authorization"].split()[1]
    assert org.http.post("/services/oauth2/revoke", data={"token": token}).status_code == 200
    assert org.get("/limits").status_code == 401
    assert org.http.post("/services/oauth2/revoke", data={"token": token}).json()["error"] == "invalid_token"


def test_userinfo_names_the_org_the_user_and_the_zone(org: Org) -> None:
    found = org.http.get("/services/oauth2/userinfo").json()
    assert found["organization_id"].startswith("00D")
    assert org.query(f"SELECT Username FROM User WHERE Id = '{found['user_id']}'")
    assert found["zoneinfo"] == "America/Los_Angeles"


# --- the root


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/services/data/v60.0/nothing", 404, "NOT_FOUND"),
        ("GET", "/services/data/v99.0/limits", 404, "NOT_FOUND"),
        ("GET", "/services/data/v29.0/limits", 410, "UNSUPPORTED_API_VERSION"),
        ("POST", "/services/data/v60.0/limits", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/services/data/v60.0/sobjects/Nothing/describe", 404, "NOT_FOUND"),
        ("GET", "/services/data/v60.0/query", 400, "MALFORMED_QUERY"),
        ("GET", "/services/data/v60.0/query?q=SELECT+Id+FROM+Case&size=5", 400, "INVALID_QUERY_PARAMETER"),
        ("GET", "/services/data/v60.0/query/01g5g0000000009AAA-2000", 400, "INVALID_QUERY_LOCATOR"),
        ("GET", "/services/data/v60.0/jobs/query/7505g0000000009AAA", 404, "NOT_FOUND"),
        ("GET", "/elsewhere", 404, "NOT_FOUND"),
    ],
)
def test_a_wrong_path_is_refused(org: Org, method: str, path: str, status: int, code: str) -> None:
    answer = org.http.request(method, path)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


def test_versions_need_no_session_and_the_rest_does(org: Org) -> None:
    del org.http.headers["Authorization"]
    versions = {one["version"]: one for one in org.http.get("/services/data/").json()}
    assert versions["60.0"] == {"label": "Spring '24", "url": "/services/data/v60.0", "version": "60.0"}
    assert versions["62.0"]["label"] == "Winter '25"
    assert org.get("/sobjects").status_code == 401


def test_every_answer_counts_what_was_used(org: Org) -> None:
    first = org.get("/limits")
    assert first.headers["sforce-limit-info"] == "api-usage=1/100000"
    assert first.json()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_999}
    assert org.get("/nothing").headers["sforce-limit-info"] == "api-usage=2/100000"


def test_a_query_that_does_not_fit_in_a_request_line_is_refused(org: Org) -> None:
    text = "SELECT Id FROM Account WHERE Name IN (" + ",".join(f"'{n:09d}'" for n in range(1500)) + ")"
    answer = org.get("/query", params={"q": text})
    assert answer.status_code == 414
    assert answer.headers["content-type"].startswith("text/html")


def test_a_describe_has_what_readers_and_writers_need(org: Org) -> None:
    answer = org.get("/sobjects/Contact/describe")
    fields = {field["name"]: field for field in answer.json()["fields"]}
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    assert fields["LastName"] | {"nillable": False, "createable": True, "length": 80} == fields["LastName"]
    assert fields["Name"]["createable"] is False
    assert fields["MailingAddress"]["type"] == "address"
    assert fields["MailingCity"]["compoundFieldName"] == "MailingAddress"
    assert fields["Account_Tier__c"]["calculatedFormula"] == "TEXT(Account.Tier__c)"
    assert fields["Description"]["filterable"] is False
    again = org.get("/sobjects/Contact/describe", headers={"If-Modified-Since": answer.headers["last-modified"]})
    assert (again.status_code, again.content) == (304, b"")
    org.running.advance(5)
    org.running.mutate("add_field", "Contact", None, {"name": "New__c", "type": "double"})
    changed = org.get("/sobjects/Contact/describe", headers={"If-Modified-Since": answer.headers["last-modified"]})
    assert "New__c" in [field["name"] for field in changed.json()["fields"]]


def test_a_batch_answers_each_part_and_may_halt(org: Org) -> None:
    parts = [{"method": "GET", "url": f"{ROOT}/sobjects/{name}/describe"} for name in ("Lead", "Nothing", "Case")]
    body = {"haltOnError": False, "batchRequests": parts}
    answer = org.call("POST", "/composite/batch", json=body).json()
    assert answer["hasErrors"]
    assert [one["statusCode"] for one in answer["results"]] == [200, 404, 200]
    assert answer["results"][2]["result"]["name"] == "Case"
    halted = org.call("POST", "/composite/batch", json={**body, "haltOnError": True}).json()
    assert [one["statusCode"] for one in halted["results"]] == [200, 404, 412]
    many = {"batchRequests": [{"method": "GET", "url": "v60.0/limits"}] * 26}
    assert org.error("POST", "/composite/batch", json=many)[0] == 400


# --- queries


def test_records_carry_attributes_nulls_and_compound_fields(org: Org) -> None:
    (record,) = org.query(
        "SELECT Id, Name, Fax, BillingAddress, CreatedDate, Parent.Name FROM Account ORDER BY Id LIMIT 1"
    )
    assert record["attributes"] == {"type": "Account", "url": f"{ROOT}/sobjects/Account/{record['Id']}"}
    assert record["Fax"] is None
    assert record["BillingAddress"]["city"] == "New York"
    assert record["CreatedDate"] == "2022-08-23T19:37:19.000+0000"
    assert record["Parent"] is None


def test_counting_comes_without_records(org: Org) -> None:
    assert org.get("/query", params={"q": "select count() from Contact"}).json() == {
        "totalSize": 400,
        "done": True,
        "records": [],
    }
    (counted,) = org.query("SELECT COUNT(Health_Score__c) FROM Account")
    assert 0 < counted["expr0"] < 176


def test_a_page_has_at_least_two_hundred_rows_and_its_locator_a_life(org: Org) -> None:
    few = {"Sforce-Query-Options": "batchSize=5"}
    answer = org.get("/query", params={"q": "SELECT Id FROM Contact"}, headers=few).json()
    assert len(answer["records"]) == 200
    assert org.http.get(answer["nextRecordsUrl"]).json()["done"]
    # Two days on, the session is a new one, and the locator is gone.
    org.running.configure(session_seconds=10**6)
    org.running.advance(2 * 86400 + 60)
    lost = org.http.get(answer["nextRecordsUrl"])
    assert (lost.status_code, lost.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_rows_of_a_query_are_fixed_while_their_values_are_not(org: Org) -> None:
    org.running.configure(page_size_cap=100)
    first = org.get("/query", params={"q": "SELECT Id, Name FROM Account ORDER BY Id"}).json()
    last = org.query("SELECT Id FROM Account ORDER BY Id DESC LIMIT 1")[0]["Id"]
    org.running.mutate("update", "Account", last, {"Name": "Renamed"})
    org.running.mutate("create", "Account", None, {"Name": "Late"})
    rest = org.http.get(first["nextRecordsUrl"]).json()
    assert rest["totalSize"] == 176
    assert rest["records"][-1]["Name"] == "Renamed"


# --- records


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        ({}, 400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"),
        ({"Name": "x", "Foo": 1}, 400, "INVALID_FIELD", "No such column 'Foo' on sobject of type Account"),
        ({"Name": "x", "IsDeleted": True}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "create/update fields: IsDeleted"),
        ({"Name": "x", "Revenue_Per_Employee__c": 1}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Revenue_Per"),
        ({"Name": "x" * 256}, 400, "STRING_TOO_LONG", "max length=255"),
        ({"Name": 5}, 400, "JSON_PARSER_ERROR", "Cannot deserialize instance of string from VALUE_NUMBER_INT value 5"),
        ({"Name": "x", "ARR__c": "a"}, 400, "JSON_PARSER_ERROR", "instance of double from VALUE_STRING value a"),
        ({"Name": "x", "ARR__c": 1e17}, 400, "NUMBER_OUTSIDE_VALID_RANGE", "outside of valid range"),
        ({"Name": "x", "NumberOfEmployees": 1.5}, 400, "JSON_PARSER_ERROR", "instance of int from"),
        ({"Name": "x", "Tier__c": "Tin"}, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "picklist field: Tin"),
        ({"Name": "x", "ParentId": "abc"}, 400, "MALFORMED_ID", "id value of incorrect type: abc"),
        ({"Name": "x", "ParentId": "0035g0000000001AAA"}, 400, "MALFORMED_ID", "id value of incorrect type"),
        ({"Name": "x", "ParentId": "0015g00000zzzzz"}, 400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference"),
        ({"Name": "x", "External_Id__c": "acc-00001"}, 400, "DUPLICATE_VALUE", "External_Id__c duplicates value on"),
        ({"Name": "x", "Health_Score__c": 101}, 400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "between 0 and 100"),
        ([], 400, "JSON_PARSER_ERROR", "must be an object"),
    ],
)
def test_a_record_that_breaks_a_rule_is_refused(org: Org, body: Any, status: int, code: str, words: str) -> None:
    found = org.error("POST", "/sobjects/Account", json=body)
    assert found[:2] == (status, code)
    assert words in found[2]
    assert org.query("SELECT Id FROM Account WHERE Name = 'x'") == []


def test_a_saved_record_has_stamps_defaults_and_derived_fields(org: Org) -> None:
    body = {"FirstName": "Mia", "LastName": "Wong", "Email": "", "AccountId": "0015g0000000001"}
    id = org.call("POST", "/sobjects/Contact", json=body).json()["id"]
    found = org.get(f"/sobjects/Contact/{id[:15]}").json()
    assert (found["Name"], found["AccountId"], found["Email"]) == ("Mia Wong", "0015g0000000001AAA", None)
    assert found["CreatedDate"] == found["SystemModstamp"]
    assert found["DoNotCall"] is False
    assert found["OwnerId"].startswith("005")
    before = found["SystemModstamp"]
    org.running.advance(60)
    assert org.call("PATCH", f"/sobjects/Contact/{id}", json={"LastName": "Wu"}).content == b""
    found = org.get(f"/sobjects/Contact/{id}", params={"fields": "Name,SystemModstamp"}).json()
    assert found["Name"] == "Mia Wu"
    assert found["SystemModstamp"] > before


def test_a_change_can_be_made_only_if_nothing_changed_since(org: Org) -> None:
    path = "/sobjects/Account/0015g0000000001AAA"
    now = org.running.vendor.clock.now()
    since = {"If-Unmodified-Since": format_datetime(now, usegmt=True)}
    assert org.call("PATCH", path, json={"Phone": "1"}, headers=since).status_code == 204
    org.running.advance(10)
    org.running.mutate("update", "Account", "0015g0000000001AAA", {"Phone": "2"})
    assert org.error("PATCH", path, json={"Phone": "3"}, headers=since)[:2] == (412, "PRECONDITION_FAILED")


def test_an_upsert_makes_changes_or_says_that_it_met_several(org: Org) -> None:
    path = "/sobjects/Account/External_Id__c/new%2F1"
    made = org.call("PATCH", path, json={"Name": "New"})
    assert (made.status_code, made.json()["created"]) == (201, True)
    changed = org.call("PATCH", path, json={"Phone": "1"})
    assert (changed.status_code, changed.json()["created"]) == (200, False)
    assert org.get(path).json()["External_Id__c"] == "new/1"
    assert org.error("PATCH", path, json={"External_Id__c": "x"})[1] == "INVALID_FIELD"
    assert (
        org.call("PATCH", "/sobjects/Account/External_Id__c/n2?updateOnly=true", json={"Name": "x"}).status_code == 404
    )
    assert org.error("PATCH", "/sobjects/Account/Name/x", json={})[:2] == (404, "NOT_FOUND")
    several = org.call("PATCH", "/sobjects/Lead/Legacy_Id__c/L-1", json={"Company": "x"})
    assert (several.status_code, len(several.json())) == (300, 2)


def test_a_deleted_record_takes_its_children_along_and_brings_them_back(org: Org) -> None:
    account = "0015g0000000001AAA"
    contacts = org.query(f"SELECT Id FROM Contact WHERE AccountId = '{account}'")
    assert org.call("DELETE", f"/sobjects/Account/{account}").status_code == 204
    assert org.error("DELETE", f"/sobjects/Account/{account}")[:2] == (404, "ENTITY_IS_DELETED")
    assert org.query(f"SELECT Id FROM Contact WHERE AccountId = '{account}'") == []
    gone = org.query(f"SELECT Id, IsDeleted FROM Contact WHERE AccountId = '{account}'", everything=True)
    assert len(gone) == len(contacts) > 0
    assert all(one["IsDeleted"] for one in gone)
    org.running.advance(60)
    before = org.query(f"SELECT SystemModstamp FROM Account WHERE Id = '{account}'", everything=True)
    org.running.mutate("restore", "Account", account)
    assert len(org.query(f"SELECT Id FROM Contact WHERE AccountId = '{account}'")) == len(contacts)
    after = org.query(f"SELECT SystemModstamp FROM Account WHERE Id = '{account}'")
    assert after[0]["SystemModstamp"] > before[0]["SystemModstamp"]


def test_a_purged_record_is_nowhere(org: Org) -> None:
    org.running.mutate("delete", "Case", "5005g0000000001AAA")
    org.running.mutate("purge", "Case", "5005g0000000001AAA")
    assert org.query("SELECT Id FROM Case WHERE Id = '5005g0000000001AAA'", everything=True) == []
    assert org.error("GET", "/sobjects/Case/5005g0000000001AAA")[:2] == (404, "NOT_FOUND")
    assert "5005g0000000001AAA" not in [one["Id"] for one in org.running.dump("Case")]


def test_the_loser_of_a_merge_names_the_winner_and_gives_up_its_children(org: Org) -> None:
    winner, loser = "0015g0000000001AAA", "0015g0000000002AAA"
    moved = {one["Id"] for one in org.query(f"SELECT Id FROM Contact WHERE AccountId = '{loser}'")}
    org.running.mutate("merge", "Account", winner, {"loser": loser})
    (gone,) = org.query(f"SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '{loser}'", everything=True)
    assert (gone["IsDeleted"], gone["MasterRecordId"]) == (True, winner)
    now = {one["Id"] for one in org.query(f"SELECT Id FROM Contact WHERE AccountId = '{winner}'")}
    assert moved < now
    truth = {one["Id"]: one for one in org.running.dump("Account")}
    assert (truth[loser]["_deleted"], truth[loser]["_merged_into"], truth[winner]["_deleted"]) == (True, winner, False)


# --- collections


def test_results_of_a_collection_stand_in_order_with_codes_of_their_own(org: Org) -> None:
    results = org.write(
        "PATCH",
        "/composite/sobjects",
        [
            {"id": "0015g0000000001AAA", "Phone": "1"},
            {"id": "0015g00000zzzzz", "Phone": "1"},
            {"Phone": "1"},
            {"id": "0015g0000000001AAA", "Phone": "2"},
            {"type": "Contact", "id": "0035g0000000001AAA", "Email": "no"},
        ],
    )
    assert [one["success"] for one in results] == [True, False, False, False, False]
    codes = [error["statusCode"] for one in results for error in one["errors"]]
    assert codes == ["INVALID_CROSS_REFERENCE_KEY", "MISSING_ARGUMENT", "DUPLICATE_VALUE", "INVALID_EMAIL_ADDRESS"]
    assert results[0] == {"id": "0015g0000000001AAA", "success": True, "errors": []}


def test_all_or_none_takes_everything_back(org: Org) -> None:
    records = [{"Name": "one"}, {"Health_Score__c": 5}, {"Name": "two"}]
    results = org.write("POST", "/composite/sobjects", records, all_or_none=True)
    codes = [one["errors"][0]["statusCode"] for one in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING", "ALL_OR_NONE_OPERATION_ROLLED_BACK"]
    assert org.query("SELECT Id FROM Account WHERE Name IN ('one', 'two')") == []
    before = org.query("SELECT Phone, SystemModstamp FROM Account WHERE Id = '0015g0000000001AAA'")
    changes = [{"id": "0015g0000000001AAA", "Phone": "new"}, {"id": "0015g0000000002AAA", "Name": None}]
    assert not org.write("PATCH", "/composite/sobjects", changes, all_or_none=True)[0]["success"]
    assert org.query("SELECT Phone, SystemModstamp FROM Account WHERE Id = '0015g0000000001AAA'") == before


def test_a_collection_upserts_by_an_external_id(org: Org) -> None:
    records = [
        {"External_Id__c": "ACC-00001", "Phone": "9"},
        {"External_Id__c": "N-1", "Name": "N"},
        {"Name": "no key"},
    ]
    results = org.write("PATCH", "/composite/sobjects/Account/External_Id__c", records)
    assert [(one["success"], one.get("created")) for one in results] == [(True, False), (True, True), (False, None)]
    leads = [{"type": "Lead", "Legacy_Id__c": "L-1", "Company": "x"}]
    (result,) = org.write("PATCH", "/composite/sobjects/Lead/Legacy_Id__c", leads)
    assert result["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"records": []}, "MISSING_ARGUMENT"),
        ({"records": [{"Name": "x"}]}, "INVALID_INPUT"),
        ({"records": [{"attributes": {"type": "Nothing"}}]}, "INVALID_TYPE"),
        ({"records": [{"attributes": {"type": "Account"}, "Name": "x"}] * 201}, "EXCEEDED_ID_LIMIT"),
        ({"records": [{"attributes": {"type": "Account"}, "Foo": "x"}]}, "INVALID_FIELD"),
        ({"records": [{"attributes": {"type": "Account"}, "ARR__c": "x"}]}, "JSON_PARSER_ERROR"),
        ({"records": [{"attributes": {"type": "Account"}}], "all": True}, "JSON_PARSER_ERROR"),
        (
            {"records": [{"attributes": {"type": name}} for _ in range(6) for name in ("Account", "Contact")]},
            "INVALID_INPUT",
        ),
    ],
)
def test_a_malformed_collection_fails_as_a_whole(org: Org, body: dict[str, Any], code: str) -> None:
    assert org.error("POST", "/composite/sobjects", json=body)[:2] == (400, code)


def test_records_are_read_by_ids_in_the_ids_order(org: Org) -> None:
    org.running.mutate("delete", "Account", "0015g0000000002AAA")
    ids = ["0015g0000000003AAA", "0015g0000000002AAA", "0015g0000000001", "0015g00000zzzzz"]
    found = org.call("POST", "/composite/sobjects/Account", json={"ids": ids, "fields": ["name"]}).json()
    assert [one and one["Id"] for one in found] == ["0015g0000000003AAA", None, "0015g0000000001AAA", None]
    assert set(found[0]) == {"attributes", "Id", "Name"}
    for body, code in (
        ({"ids": ids, "fields": ["Foo"]}, "INVALID_FIELD"),
        ({"ids": ["0035g0000000001AAA"], "fields": ["Id"]}, "MALFORMED_ID"),
        ({"ids": ids * 501, "fields": ["Id"]}, "EXCEEDED_ID_LIMIT"),
        ({"ids": ids}, "MISSING_ARGUMENT"),
    ):
        assert org.error("POST", "/composite/sobjects/Account", json=body)[:2] == (400, code)


def test_a_collection_deletes_by_ids_and_skips_what_is_locked(org: Org) -> None:
    params = {"ids": "5005g0000000001AAA,5005g0000000001AAA,zzz", "allOrNone": "false"}
    results = org.call("DELETE", "/composite/sobjects", params=params).json()
    assert [one["success"] for one in results] == [True, False, False]
    assert results[1]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"
    org.running.configure(locked_ids=["0015g0000000001AAA"])
    (locked,) = org.write("PATCH", "/composite/sobjects", [{"id": "0015g0000000001AAA", "Phone": "1"}])
    assert locked["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"


# --- deleted and updated


@pytest.mark.parametrize(
    ("object", "params", "words"),
    [
        ("Account", {"start": "2026-01-01", "end": "2026-01-02"}, "no ISO 8601 date"),
        ("Account", {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}, "more than 30 days ago"),
        ("Account", {"start": "{now}", "end": "{now}"}, "at least one minute greater"),
        ("Account", {"start": "{now}"}, "end is required"),
        ("OpportunityStage", {"start": "{now}", "end": "{now}"}, "not replicable"),
    ],
)
def test_a_time_span_must_be_right(org: Org, object: str, params: dict[str, str], words: str) -> None:
    now = org.running.vendor.clock.now().isoformat(timespec="seconds")
    asked = {key: value.replace("{now}", now) for key, value in params.items()}
    status, _, message = org.error("GET", f"/sobjects/{object}/deleted/", params=asked)
    assert status == 400
    assert words in message


# --- Bulk 2.0


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"operation": "query"}, "INVALIDJOB", "query is required"),
        ({"operation": "read", "query": "SELECT Id FROM Case"}, "INVALIDOPERATION", "read"),
        ({"operation": "query", "query": "SELECT Id FROM Case", "size": 1}, "JSON_PARSER_ERROR", "size"),
        (
            {"operation": "query", "query": "SELECT Id FROM CaseStatus"},
            "INVALIDENTITY",
            "not supported by the Bulk API",
        ),
        ({"operation": "query", "query": "SELECT BillingAddress FROM Account"}, "FEATURENOTENABLED", "compound data"),
        ({"operation": "query", "query": "SELECT COUNT() FROM Account"}, "FEATURENOTENABLED", "aggregate"),
        ({"operation": "query", "query": "SELECT Id FROM Account OFFSET 5"}, "FEATURENOTENABLED", "OFFSET"),
        ({"operation": "query", "query": "SELECT Name FROM Account GROUP BY Name"}, "FEATURENOTENABLED", "GROUP BY"),
        ({"operation": "query", "query": "SELECT Id, (SELECT Id FROM Contacts) FROM Account"}, "FEATURENOTENABLED", ""),
        ({"operation": "query", "query": "SELECT Foo FROM Account"}, "INVALID_FIELD", "No such column 'Foo'"),
        ({"operation": "query", "query": "SELECT"}, "MALFORMED_QUERY", "unexpected token"),
        ({"operation": "query", "query": "SELECT Id FROM Case", "lineEnding": "CR"}, "INVALIDJOB", "lineEnding"),
    ],
)
def test_bulk_refuses_what_it_does_not_run(org: Org, body: dict[str, Any], code: str, words: str) -> None:
    found = org.error("POST", "/jobs/query", json=body)
    assert found[:2] == (400, code)
    assert words in found[2]


def test_a_bulk_result_quotes_everything_and_pages_by_locator(org: Org) -> None:
    job = org.job("query", operation="queryAll", query="SELECT Id, Description, IsArchived, CreatedDate FROM Task")
    assert (job["state"], job["numberRecordsProcessed"]) == ("JobComplete", 606)
    path = f"/jobs/query/{job['id']}/results"
    first = org.get(path, params={"maxRecords": 400}, headers={"Accept": "text/csv"})
    assert first.text.startswith('"Id","Description","IsArchived","CreatedDate"\n"00T')
    assert first.headers["sforce-numberofrecords"] == "400"
    rest = org.get(path, params={"maxRecords": 400, "locator": first.headers["sforce-locator"]})
    assert (rest.headers["sforce-locator"], rest.headers["sforce-numberofrecords"]) == ("null", "206")
    rows = [row for page in (first, rest) for row in csv.DictReader(io.StringIO(page.text, newline=""))]
    assert {row["IsArchived"] for row in rows} == {"true", "false"}
    assert any('"' in row["Description"] and "\r\n" in row["Description"] for row in rows)
    assert any(row["Description"] == "" for row in rows)
    assert org.error("GET", path, params={"locator": "zzz"})[1] == "INVALID_LOCATOR"
    assert org.error("GET", path, headers={"Accept": "application/json"})[0] == 406


def test_a_job_goes_through_its_states_and_can_be_aborted_and_deleted(org: Org) -> None:
    made = org.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Case"}).json()
    path = f"/jobs/query/{made['id']}"
    assert made["state"] == "UploadComplete"
    assert org.get(path).json()["state"] == "InProgress"
    assert org.error("GET", f"{path}/results")[:2] == (400, "INVALIDJOBSTATE")
    assert org.error("DELETE", path)[1] == "INVALIDJOBSTATE"
    assert org.call("PATCH", path, json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert org.get(path).json()["state"] == "Aborted"
    assert org.call("DELETE", path).status_code == 204
    assert org.get(path).status_code == 404


@pytest.mark.parametrize(("moment", "seen"), [("create", "Before"), ("run", "Between"), ("complete", "After")])
def test_a_job_sees_its_rows_at_the_moment_that_was_set(org: Org, moment: str, seen: str) -> None:
    org.running.configure(bulk_snapshot=moment, bulk_polls=2)
    id = org.running.mutate("create", "Account", None, {"Name": "Before"})["id"]
    text = f"SELECT Name FROM Account WHERE Id = '{id}'"
    job = org.call("POST", "/jobs/query", json={"operation": "query", "query": text}).json()["id"]
    org.running.mutate("update", "Account", id, {"Name": "Between"})
    org.get(f"/jobs/query/{job}")
    org.running.mutate("update", "Account", id, {"Name": "After"})
    org.get(f"/jobs/query/{job}")
    assert org.csv(f"/jobs/query/{job}/results") == [{"Name": seen}]


def test_a_job_takes_its_time(org: Org) -> None:
    org.running.configure(bulk_seconds=60, bulk_polls=1)
    made = org.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Case"}).json()
    assert org.finish("query", made["id"])["state"] == "InProgress"
    org.running.advance(61)
    assert org.finish("query", made["id"])["state"] == "JobComplete"


def test_an_upload_reports_each_line(org: Org) -> None:
    text = (
        '"Id","Phone","Health_Score__c","Tier__c"\n"0015g0000000001AAA","","#N/A","Gold"\n'
        '"0015g0000000002AAA","5","101",""\n"","1","",""\n"0015g0000000003AAA","1","x",""\n'
    )
    before = org.get("/sobjects/Account/0015g0000000001AAA").json()
    job = org.ingest(text, operation="update", contentType="CSV", lineEnding="LF")
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 4, 3)
    (good,) = org.csv(f"/jobs/ingest/{job['id']}/successfulResults/")
    assert (good["sf__Id"], good["sf__Created"], good["Tier__c"]) == ("0015g0000000001AAA", "false", "Gold")
    bad = {row["Id"]: row["sf__Error"] for row in org.csv(f"/jobs/ingest/{job['id']}/failedResults/")}
    assert bad["0015g0000000002AAA"].startswith("FIELD_CUSTOM_VALIDATION_EXCEPTION:Health score")
    assert bad[""].startswith("MISSING_ARGUMENT:Id not specified")
    assert bad["0015g0000000003AAA"].startswith("INVALID_FIELD:Failed to deserialize field at col 2. Due to, 'x'")
    assert org.csv(f"/jobs/ingest/{job['id']}/unprocessedrecords/") == []
    after = org.get("/sobjects/Account/0015g0000000001AAA").json()
    assert after["Phone"] == before["Phone"] is not None
    assert (after["Health_Score__c"], after["Tier__c"]) == (None, "Gold")


@pytest.mark.parametrize(
    ("operation", "text", "words"),
    [
        ("insert", "Name,Foo\nx,1\n", "Field name not found : Foo"),
        ("insert", "Name\r\nx\r\n", "LineEnding is invalid on user data. Current LineEnding setting is LF"),
        ("insert", "Name,Phone\nx\n", "Wrong number of cells"),
        ("delete", "Id,Name\n0015g0000000001AAA,x\n", "must contain only ids"),
    ],
)
def test_an_upload_that_cannot_be_read_fails_the_job(org: Org, operation: str, text: str, words: str) -> None:
    job = org.ingest(text, operation=operation)
    assert job["state"] == "Failed"
    assert words in job["errorMessage"]


def test_an_upload_is_sent_once_and_as_csv(org: Org) -> None:
    made = org.call("POST", "/jobs/ingest", json={"object": "Account", "operation": "insert"}).json()
    assert made["contentUrl"] == f"services/data/v60.0/jobs/ingest/{made['id']}/batches"
    path = f"/jobs/ingest/{made['id']}"
    assert org.error("PATCH", path, json={"state": "UploadComplete"})[1] == "INVALIDJOBSTATE"
    assert org.error("PUT", f"{path}/batches", json={})[0] == 415
    headers = {"Content-Type": "text/csv"}
    assert org.call("PUT", f"{path}/batches", content=b"Name\nx\n", headers=headers).status_code == 201
    assert org.error("PUT", f"{path}/batches", content=b"Name\n", headers=headers)[1] == "INVALIDJOBSTATE"
    refused = org.error("POST", "/jobs/ingest", json={"object": "OpportunityStage", "operation": "insert"})
    assert refused[1] == "INVALIDENTITY"
    assert org.error("POST", "/jobs/ingest", json={"object": "Account", "operation": "upsert"})[1] == "INVALIDJOB"


def test_a_hard_delete_leaves_nothing(org: Org) -> None:
    job = org.ingest("Id\n5005g0000000001AAA\n", object="Case", operation="hardDelete")
    assert job["numberRecordsFailed"] == 0
    assert org.query("SELECT Id FROM Case WHERE Id = '5005g0000000001AAA'", everything=True) == []


# --- behind the API's back


def test_fields_come_go_and_change_their_type(org: Org) -> None:
    org.running.mutate("add_field", "Account", None, {"name": "Score__c", "type": "double"})
    org.running.mutate("update", "Account", "0015g0000000001AAA", {"Score__c": 5.5})
    text = "SELECT Score__c FROM Account WHERE Id = '0015g0000000001AAA'"
    assert org.query(text)[0]["Score__c"] == 5.5
    org.running.mutate("retype_field", "Account", None, {"name": "Score__c", "type": "string"})
    assert org.query(text)[0]["Score__c"] == "5.5"
    org.running.mutate("remove_field", "Account", None, {"name": "Score__c"})
    assert org.error("GET", "/query", params={"q": text})[1] == "INVALID_FIELD"
    made = {"fields": [{"name": "Size__c", "type": "int"}], "plural": "Gadgets"}
    org.running.mutate("add_object", "Gadget__c", None, made)
    assert org.call("POST", "/sobjects/Gadget__c", json={"Name": "g", "Size__c": 3}).status_code == 201
    assert org.query("SELECT Name, Size__c FROM Gadget__c")[0]["Size__c"] == 3
    assert org.running.objects()["Gadget__c"] == 1


def test_a_change_may_be_stamped_with_another_time_or_commit_late(org: Org) -> None:
    org.running.mutate("update", "Account", "0015g0000000001AAA", {"_changed_at": "2026-12-31T23:59:59Z"})
    text = "SELECT SystemModstamp FROM Account WHERE Id = '{}'"
    assert org.query(text.format("0015g0000000001AAA"))[0]["SystemModstamp"] == "2026-12-31T23:59:59.000+0000"
    org.running.configure(index_lag=3600)
    made = org.running.mutate("create", "Account", None, {"Name": "late"})
    now = org.running.vendor.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert org.query(f"SELECT Id FROM Account WHERE SystemModstamp < {now} AND Id = '{made['id']}'")


@pytest.mark.parametrize(
    ("op", "object", "id", "values", "words"),
    [
        ("create", "Nothing", None, {}, "no object Nothing"),
        ("create", "Account", None, {"Foo": 1}, "no field Foo"),
        ("update", "Account", "0015g00000zzzzz", {}, "does not exist"),
        ("update", "Account", None, {}, "needs the id"),
        ("update", "Account", "0015g0000000001AAA", {"Health_Score__c": 500}, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        ("restore", "Account", "0015g0000000001AAA", {}, "cannot restore"),
        ("merge", "Task", "00T5g0000000001", {"loser": "00T5g0000000002"}, "do not merge"),
        ("merge", "Account", "0015g0000000001AAA", {"loser": "0015g0000000001"}, "into itself"),
        ("add_field", "Account", None, {"name": "Name", "type": "string"}, "already"),
        ("add_field", "Account", None, {"name": "X__c", "type": "blob"}, "not 'blob'"),
        ("add_object", "Subscription__c", None, {}, "already"),
    ],
)
def test_the_control_api_explains(
    org: Org, op: str, object: str, id: str | None, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        org.running.mutate(op, object, id, values)


def test_faults_come_as_this_vendor_words_them(org: Org) -> None:
    org.running.fault("429")
    assert org.error("GET", "/limits") == (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    org.running.fault("503")
    assert org.error("GET", "/limits")[:2] == (503, "SERVER_UNAVAILABLE")
    org.running.fault("500")
    assert org.error("GET", "/limits")[:2] == (500, "UNKNOWN_EXCEPTION")
    org.running.fault("revoked_token")
    assert [org.get("/limits").status_code for _ in range(2)] == [401, 401]
    assert assertion(org).json()["error"] == "invalid_grant"
    org.running.configure(revoked=False)
    assert assertion(org).status_code == 200


# --- variants


def test_variants_of_refusals(make: Callable[..., Org]) -> None:
    org = make(invalid_session_status="403", userinfo_refusal="array", unknown_parameters="ignored")
    assert org.get("/limits", params={"foo": "1"}).status_code == 200
    org.http.headers["Authorization"] = "Bearer dead"
    assert org.error("GET", "/limits")[:2] == (403, "INVALID_SESSION_ID")
    assert org.http.get("/services/oauth2/userinfo").json()[0]["errorCode"] == "INVALID_SESSION_ID"


def test_variants_of_reads(make: Callable[..., Org]) -> None:
    org = make(
        last_page_url="present", wide_rows="small_pages", missing_in_retrieve="left_out", deleted_window_days="15",
        locator_lifetime="15m", merged_cases="no", describe_if_modified_since="ignored", recycle_bin_days="30",
    )  # fmt: skip
    fields = [field["name"] for field in org.get("/sobjects/Task/describe").json()["fields"]]
    wide = ",".join([*fields, "Owner.Name", "Owner.Email", "Account.Name"])
    first = org.get("/queryAll", params={"q": f"SELECT {wide} FROM Task"}).json()
    assert len(first["records"]) == 500
    last = org.http.get(first["nextRecordsUrl"]).json()
    assert last["done"]
    assert "nextRecordsUrl" in last
    body = {"ids": ["0015g0000000001AAA", "0015g00000zzzzz"], "fields": ["Id"]}
    assert len(org.call("POST", "/composite/sobjects/Account", json=body).json()) == 1
    assert org.error("GET", "/query", params={"q": "SELECT MasterRecordId FROM Case"})[1] == "INVALID_FIELD"
    described = org.get("/sobjects/Case/describe")
    since = {"If-Modified-Since": described.headers["last-modified"]}
    assert org.get("/sobjects/Case/describe", headers=since).status_code == 200
    org.running.configure(session_seconds=10**7)
    org.running.mutate("delete", "Case", "5005g0000000001AAA")
    org.running.advance(20 * 86400)
    assert len(org.query("SELECT Id FROM Case WHERE IsDeleted = true", everything=True)) == 1
    assert org.http.get(first["nextRecordsUrl"]).status_code == 400
    now = org.running.vendor.clock.now()
    old = {"start": (now - timedelta(days=20)).isoformat(), "end": now.isoformat()}
    assert org.error("GET", "/sobjects/Case/deleted", params=old)[1] == "INVALID_REPLICATION_DATE"


def test_variants_of_writes(make: Callable[..., Org]) -> None:
    org = make(
        upsert_status="204", collection_bad_field="record", same_id_twice="applied", if_unmodified_since="ignored",
        empty_csv_cell="clears", formula_moves_stamp="yes",
    )  # fmt: skip
    path = "/sobjects/Account/External_Id__c/ACC-00001"
    assert org.call("PATCH", path, json={"Phone": "1"}).status_code == 204
    records = [{"Name": "x", "Foo": 1}, {"Name": "y", "ARR__c": "z"}, {"Name": "fine"}]
    results = org.write("POST", "/composite/sobjects", records)
    assert [one["success"] for one in results] == [False, False, True]
    assert results[1]["errors"][0]["statusCode"] == "JSON_PARSER_ERROR"
    twice = [{"id": "0015g0000000001AAA", "Phone": phone} for phone in ("1", "2")]
    assert all(one["success"] for one in org.write("PATCH", "/composite/sobjects", twice))
    since = {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}
    assert org.call("PATCH", path, json={"Phone": "1"}, headers=since).status_code == 204
    org.ingest('"Id","Phone"\n"0015g0000000001AAA",""\n', operation="update")
    assert org.get("/sobjects/Account/0015g0000000001AAA").json()["Phone"] is None


@pytest.mark.parametrize(("moves", "same"), [("no", True), ("yes", False)])
def test_a_formula_over_the_parent_changes_with_or_without_a_stamp(
    make: Callable[..., Org], moves: str, same: bool
) -> None:
    org = make(formula_moves_stamp=moves)
    text = (
        "SELECT Account_Tier__c, SystemModstamp FROM Contact WHERE AccountId = '0015g0000000001AAA' ORDER BY Id LIMIT 1"
    )
    (before,) = org.query(text)
    new = "Bronze" if before["Account_Tier__c"] != "Bronze" else "Gold"
    assert org.call("PATCH", "/sobjects/Account/0015g0000000001AAA", json={"Tier__c": new}).status_code == 204
    (after,) = org.query(text)
    assert after["Account_Tier__c"] == new
    assert (after["SystemModstamp"] == before["SystemModstamp"]) is same


def test_variants_of_bulk(make: Callable[..., Org]) -> None:
    org = make(empty_bulk_result="nothing", bulk_bad_query="job_fails", bulk_stages="unsupported")
    job = org.job("query", operation="query", query="SELECT Id FROM Quote")
    empty = org.get(f"/jobs/query/{job['id']}/results")
    assert (empty.status_code, empty.content, empty.headers["sforce-locator"]) == (200, b"", "null")
    failed = org.job("query", operation="query", query="SELECT Foo FROM Account")
    assert failed["state"] == "Failed"
    assert "No such column 'Foo'" in failed["errorMessage"]
    stages = {"operation": "query", "query": "SELECT Id FROM OpportunityStage"}
    assert org.error("POST", "/jobs/query", json=stages)[1] == "INVALIDENTITY"


def test_without_variants_an_empty_result_has_its_header(org: Org) -> None:
    job = org.job("query", operation="query", query="SELECT Id, Name FROM Quote")
    assert org.get(f"/jobs/query/{job['id']}/results").text == '"Id","Name"\n'


def test_more_calls_at_a_time_than_allowed_are_refused(org: Org) -> None:
    org.running.configure(concurrent_limit=2, service_ms=300)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: org.get("/limits"), range(6)))
    refused = [each for each in answers if each.status_code == 403]
    assert 1 <= len(refused) <= 4
    assert refused[0].json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    assert "Concurrent" in refused[0].json()[0]["message"]
