"""How strict the simulator of HubSpot is, and what its variants change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from backhaul.sandbox.hubspot.catalogue import SUBSCRIPTION, object_types
from backhaul.sandbox.hubspot.vendor import HubSpot
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World

OBJECTS = "/crm/v3/objects"
Serve = Callable[..., Running]


class Session(httpx.Client):
    """Short words for what the tests ask."""

    def __init__(self, running: Running) -> None:
        token = running.credentials["token"]
        super().__init__(base_url=running.base_url, headers={"Authorization": f"Bearer {token}"}, verify=False)

    def search(self, of: str = "contacts", **body: Any) -> httpx.Response:
        return self.post(f"{OBJECTS}/{of}/search", json=body)

    def found(self, *filters: dict[str, Any], of: str = "contacts", **body: Any) -> list[str]:
        answer = self.search(of, filterGroups=[{"filters": list(filters)}], limit=200, **body)
        assert answer.status_code == 200, answer.text
        return [record["id"] for record in answer.json()["results"]]

    def batch(self, verb: str, inputs: list[dict[str, Any]], of: str = "contacts", **body: Any) -> httpx.Response:
        return self.post(f"{OBJECTS}/{of}/batch/{verb}", json={"inputs": inputs, **body})


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def served(world: World) -> Iterator[Serve]:
    running: list[Running] = []

    def start(**variants: str) -> Running:
        running.append(serve(HubSpot(world, variants=variants)))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture(scope="module")
def still(world: World) -> Iterator[Running]:
    """One that no test changes."""
    with serve(HubSpot(world)) as running:
        running.configure(limit_10s=None, limit_search=None)
        yield running


@pytest.fixture(scope="module")
def asks(still: Running) -> Iterator[Session]:
    with Session(still) as session:
        yield session


@pytest.fixture
def own(served: Serve) -> Iterator[tuple[Running, Session]]:
    """One for this test alone."""
    running = served()
    with Session(running) as session:
        yield running, session


# -- what is refused -----------------------------------------------------------------------------------------------

REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("GET", f"{OBJECTS}/contacts?limit=101", None, 400, "limit must be between 1 and 100"),
    ("GET", f"{OBJECTS}/contacts?limit=ten", None, 400, "is not a number"),
    ("GET", f"{OBJECTS}/contacts?after=x", None, 400, "Cannot deserialize"),
    ("GET", f"{OBJECTS}/contacts?archived=maybe", None, 400, "Invalid boolean"),
    ("GET", f"{OBJECTS}/contacts?page=2", None, 400, "Unknown query parameter: page"),
    ("GET", f"{OBJECTS}/butterflies", None, 400, "Unable to infer object type from: butterflies"),
    ("GET", f"{OBJECTS}/contacts/1", None, 404, "Object not found"),
    ("GET", f"{OBJECTS}/companies/x.example?idProperty=domain", None, 400, "non-unique 0-2 property domain"),
    ("GET", "/crm/v3/pipelines/contacts", None, 400, "does not have pipelines"),
    ("GET", "/crm/v3/properties/contacts/nothing", None, 404, "does not exist"),
    ("GET", "/crm/v3/nothing", None, 404, "No route found"),
    ("POST", f"{OBJECTS}/contacts/search", {"limit": 201}, 400, "limit must be between 1 and 200"),
    ("POST", f"{OBJECTS}/contacts/search", {"limit": 200, "after": "9900"}, 400, "10000"),
    ("POST", f"{OBJECTS}/contacts/search", {"sorts": ["email", "phone"]}, 400, "Only one sort"),
    ("POST", f"{OBJECTS}/contacts/search", {"filterGroups": [{"filters": []}] * 6}, 400, "filter groups is 5"),
    ("POST", f"{OBJECTS}/contacts/search", {"filtergroups": []}, 400, "Unrecognized field"),
    ("POST", f"{OBJECTS}/contacts/search", {"query": "x" * 3001}, 400, "3000 characters"),
    ("POST", f"{OBJECTS}/contacts/batch/read", {"inputs": []}, 400, "must not be empty"),
    ("POST", f"{OBJECTS}/contacts/batch/read", {"inputs": [{"id": str(n)} for n in range(101)]}, 400, "Batch size"),
    ("POST", f"{OBJECTS}/contacts/batch/read", {"inputs": [{"key": "1"}]}, 400, 'Unrecognized field \\"key\\"'),
    ("POST", f"{OBJECTS}/contacts/batch/read", {"ids": ["1"]}, 400, 'Unrecognized field \\"ids\\"'),
    ("POST", f"{OBJECTS}/leads/batch/upsert", {"inputs": [{"id": "1"}]}, 400, "not supported for object type 0-136"),
    ("POST", f"{OBJECTS}/line_items/batch/upsert", {"inputs": [{"id": "1"}]}, 400, "not supported"),
    ("POST", f"{OBJECTS}/contacts/batch/update", {"inputs": [{"id": "1"}, {"id": "1"}]}, 400, "[1]. IDs must"),
    ("POST", f"{OBJECTS}/contacts", {"properties": {}}, 400, "No properties found to update"),
    ("POST", f"{OBJECTS}/notes", {"properties": {"hs_note_body": "x"}}, 400, "Some required properties were not set"),
    ("POST", "/crm/v4/associations/products/notes/batch/read", {"inputs": [{"id": "1"}]}, 400, "No association types"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), REFUSED)
def test_a_wrong_request_gets_the_vendors_refusal(
    asks: Session, method: str, path: str, body: Any, status: int, words: str
) -> None:
    answer = asks.request(method, path, json=body)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert answer.json()["status"] == "error"
    assert answer.json()["correlationId"]


FILTERS: list[tuple[dict[str, Any], str]] = [
    ({"propertyName": "shoe_size", "operator": "EQ", "value": "1"}, "shoe_size does not exist"),
    ({"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1"}, "hs_lastmodifieddate does not exist"),
    ({"propertyName": "email", "operator": "EQ", "value": ""}, "must not be empty"),
    ({"propertyName": "email", "operator": "EQ"}, "must not be empty"),
    ({"propertyName": "email", "operator": "LIKE", "value": "a"}, "Invalid operator"),
    ({"propertyName": "email", "operator": "IN", "value": "a"}, "IN needs values"),
    ({"propertyName": "lead_score", "operator": "GT", "value": "high"}, "was not a valid number"),
    ({"propertyName": "createdate", "operator": "GT", "value": "yesterday"}, "was not a valid date"),
    ({"propertyName": "hs_object_id", "operator": "GT", "value": "last"}, "Cannot deserialize"),
]


@pytest.mark.parametrize(("given", "words"), FILTERS)
def test_a_wrong_filter_refuses_the_whole_search(asks: Session, given: dict[str, Any], words: str) -> None:
    answer = asks.search(filterGroups=[{"filters": [given]}])
    assert (answer.status_code, words in answer.text) == (400, True), answer.text


@pytest.mark.parametrize("groups", [[7], [4, 4, 4, 4, 4]])
def test_a_search_has_its_caps_of_filters(asks: Session, groups: list[int]) -> None:
    one = {"propertyName": "email", "operator": "HAS_PROPERTY"}
    answer = asks.search(filterGroups=[{"filters": [one] * size} for size in groups])
    assert answer.status_code == 400


VALUES: list[tuple[str, str, Any, str]] = [
    ("companies", "shoe_size", "44", "PROPERTY_DOESNT_EXIST"),
    ("companies", "hs_object_id", "1", "READ_ONLY_VALUE"),
    ("companies", "hs_lastmodifieddate", "2026-01-01T00:00:00Z", "READ_ONLY_VALUE"),
    ("companies", "annualrevenue", "a lot", "INVALID_DOUBLE"),
    ("companies", "annualrevenue", "1,000", "INVALID_DOUBLE"),
    ("companies", "tier__c", "Platinum", "INVALID_OPTION"),
    ("companies", "tier__c", "gold", "INVALID_OPTION"),
    ("companies", "renewal_date", "31/01/2026", "INVALID_DATE"),
    ("companies", "renewal_date", "1767225600001", "INVALID_DATE"),
    ("companies", "hubspot_owner_id", "1", "INVALID_OPTION"),
    ("contacts", "email", "no address", "INVALID_EMAIL"),
    ("contacts", "interests", "hardware;gardening", "INVALID_OPTION"),
    ("contacts", "hs_email_optout", "yes", "INVALID_OPTION"),
    ("deals", "hs_is_closed", "true", "READ_ONLY_VALUE"),
    ("deals", "closedate", "soon", "INVALID_LONG"),
    ("deals", "dealstage", "143925711", "INVALID_OPTION"),  # a stage of the other pipeline
    ("deals", "pipeline", "sales", "INVALID_OPTION"),
    (SUBSCRIPTION, "active", "1", "INVALID_OPTION"),
]


@pytest.mark.parametrize(("of", "name", "value", "code"), VALUES)
def test_a_wrong_value_is_refused_by_its_code(
    still: Running, asks: Session, of: str, name: str, value: Any, code: str
) -> None:
    before = still.dump(of)
    id = before[0]["id"]
    answer = asks.patch(f"{OBJECTS}/{of}/{id}", json={"properties": {name: value}})
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert [(one["code"], one["context"]["propertyName"]) for one in answer.json()["errors"]] == [(code, [name])]
    assert still.dump(of) == before


def test_the_url_must_not_grow_beyond_the_vendors_patience(asks: Session) -> None:
    answer = asks.get(f"{OBJECTS}/contacts", params={"properties": ",".join(["p" * 40] * 500)})
    assert answer.status_code == 414


def test_a_body_that_is_no_json_is_refused(asks: Session) -> None:
    path = f"{OBJECTS}/contacts/search"
    assert asks.post(path, content=b"{").status_code == 415
    broken = asks.post(path, content=b"{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, "Invalid input JSON" in broken.text) == (400, True)


def test_without_a_token_nothing_is_said(still: Running) -> None:
    with httpx.Client(base_url=still.base_url, trust_env=False) as stranger:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": still.credentials["token"]}):
            answer = stranger.get(f"{OBJECTS}/contacts", headers=headers)
            assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_a_scope_that_is_missing_is_named(own: tuple[Running, Session]) -> None:
    running, session = own
    running.configure(missing_scopes=["crm.schemas.custom.read", "crm.objects.deals.read", "e-commerce"])
    refused = session.get("/crm/v3/schemas")
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    deals = session.get(f"{OBJECTS}/deals").json()
    assert deals["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.deals.read"]
    assert session.get(f"{OBJECTS}/products").status_code == 200  # its other scope is granted
    assert session.get(f"{OBJECTS}/contacts").status_code == 200


# -- limits --------------------------------------------------------------------------------------------------------


def test_the_limits_are_the_vendors_own_and_really_enforced(own: tuple[Running, Session]) -> None:
    running, session = own
    first = session.get("/account-info/v3/details")
    assert first.headers["X-HubSpot-RateLimit-Max"] == "190"
    assert first.headers["X-HubSpot-RateLimit-Remaining"] == "189"
    assert first.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert first.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "999999"
    running.configure(limit_10s=3)
    assert [session.get("/crm/v3/owners").status_code for _ in range(3)] == [200, 200, 429]
    refused = session.get("/crm/v3/owners")
    assert refused.json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert refused.json()["errorType"] == "RATE_LIMIT"
    assert refused.headers["X-HubSpot-RateLimit-Remaining"] == "0"
    running.advance(10.1)
    assert session.get("/crm/v3/owners").status_code == 200


def test_searches_have_a_limit_of_their_own(own: tuple[Running, Session]) -> None:
    running, session = own
    running.configure(limit_search=2)
    answers = [session.search(limit=1) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["policyName"] == "SECONDLY"
    assert not [name for name in answers[0].headers if "ratelimit" in name.lower()]
    assert session.get(f"{OBJECTS}/contacts").status_code == 200
    running.advance(1.1)
    assert session.search(limit=1).status_code == 200


def test_a_day_ends_at_midnight_of_the_accounts_time_zone(own: tuple[Running, Session]) -> None:
    running, session = own
    running.configure(limit_daily=2)
    assert [session.get("/crm/v3/owners").status_code for _ in range(3)] == [200, 200, 429]
    running.advance(60)
    assert session.get("/crm/v3/owners").json()["policyName"] == "DAILY"
    running.advance(86_400)
    assert session.get("/crm/v3/owners").status_code == 200


# -- reading -------------------------------------------------------------------------------------------------------


def test_only_what_is_asked_for_is_shown_and_values_are_text_or_null(still: Running, asks: Session) -> None:
    page = asks.get(f"{OBJECTS}/companies", params={"properties": "arr__c,tier__c,no_such_thing", "limit": 100}).json()
    shown = page["results"][0]["properties"]
    assert set(shown) == {"arr__c", "tier__c", "createdate", "hs_lastmodifieddate", "hs_object_id"}
    values = [value for record in page["results"] for value in record["properties"].values()]
    assert {type(value) for value in values} == {str, type(None)}
    assert set(asks.get(f"{OBJECTS}/companies").json()["results"][0]["properties"]) == {
        "name", "domain", "createdate", "hs_lastmodifieddate", "hs_object_id",
    }  # fmt: skip
    assert len(asks.get(f"{OBJECTS}/companies").json()["results"]) == 10
    states = {record["state"] for record in still.dump("companies")}
    assert "" in states  # emptied is not the same as never filled


def test_a_page_leads_to_the_next_by_token_and_by_link(asks: Session) -> None:
    first = asks.get(f"{OBJECTS}/contacts", params={"limit": 100, "properties": "email"}).json()
    following = first["paging"]["next"]
    by_token = asks.get(
        f"{OBJECTS}/contacts", params={"limit": 100, "properties": "email", "after": following["after"]}
    )
    assert asks.get(following["link"]).json() == by_token.json()
    assert int(by_token.json()["results"][0]["id"]) > int(first["results"][-1]["id"])


def test_a_record_answers_to_its_names(asks: Session) -> None:
    id = asks.get(f"{OBJECTS}/0-1?limit=1").json()["results"][0]["id"]
    for name in ("contacts", "contact", "0-1"):
        assert asks.get(f"{OBJECTS}/{name}/{id}").json()["id"] == id
    custom = asks.get("/crm/v3/schemas").json()["results"][0]
    for name in (custom["objectTypeId"], custom["fullyQualifiedName"]):
        assert asks.get(f"{OBJECTS}/{name}").status_code == 200


def test_links_come_with_a_list_when_asked(still: Running, asks: Session) -> None:
    link = still.dump("contacts_companies")[0]
    page = asks.get(f"{OBJECTS}/contacts", params={"associations": "companies,deals", "limit": 1}).json()
    record = page["results"][0]
    assert record["id"] == link["from_id"]
    assert record["associations"]["companies"]["results"] == [{"id": link["to_id"], "type": "contact_to_company"}]


def test_ids_of_one_object_are_not_all_of_one_length(still: Running) -> None:
    for of in ("contacts", "companies", "deals"):
        assert len({len(record["id"]) for record in still.dump(of)}) == 2


def test_a_search_finds_by_value_number_and_time(still: Running, asks: Session) -> None:
    truth = still.dump("contacts")

    def ids(keep: Callable[[dict[str, Any]], bool]) -> set[str]:
        return {record["id"] for record in truth if keep(record)}

    def found(operator: str, name: str, **value: Any) -> set[str]:
        wanted = {"propertyName": name, "operator": operator, **value}
        sort = {"propertyName": "hs_object_id", "direction": "ASCENDING"}
        first = asks.search(filterGroups=[{"filters": [wanted]}], limit=200, sorts=[sort]).json()
        second = asks.search(filterGroups=[{"filters": [wanted]}], limit=200, sorts=[sort], after="200").json()
        every = {record["id"] for page in (first, second) for record in page["results"]}
        assert first["total"] == len(every)
        return every

    middle = sorted(record["lastmodifieddate"] for record in truth)[200]
    scored = [record for record in truth if record["lead_score"]]
    assert found("GTE", "lastmodifieddate", value=middle) == ids(lambda r: r["lastmodifieddate"] >= middle)
    assert found("LT", "lastmodifieddate", value=middle) == ids(lambda r: r["lastmodifieddate"] < middle)
    assert found("GT", "lead_score", value="9.5") == {r["id"] for r in scored if float(r["lead_score"]) > 9.5}
    assert found("EQ", "city", value="AUSTIN") == ids(lambda r: r["city"] == "Austin")
    assert found("NEQ", "city", value="Austin") == ids(lambda r: r["city"] not in ("Austin", None, ""))
    assert found("IN", "city", values=["austin", "boston"]) == ids(lambda r: r["city"] in ("Austin", "Boston"))
    assert found("HAS_PROPERTY", "phone") == ids(lambda r: bool(r["phone"]))
    assert found("NOT_HAS_PROPERTY", "phone") == ids(lambda r: not r["phone"])
    assert found("CONTAINS_TOKEN", "email", value="*acmecorp*") == ids(lambda r: "acmecorp" in (r["email"] or ""))
    assert found("BETWEEN", "hs_object_id", value="99990", highValue="100010") == ids(
        lambda r: 99_990 <= int(r["id"]) <= 100_010
    )


def test_groups_are_alternatives_and_filters_all_hold(still: Running, asks: Session) -> None:
    truth = still.dump("companies")
    gold = {"propertyName": "tier__c", "operator": "EQ", "value": "Gold"}
    rich = {"propertyName": "annualrevenue", "operator": "GT", "value": 1_000_000_000}
    both = asks.search("companies", filterGroups=[{"filters": [gold, rich]}]).json()["total"]
    either = asks.search("companies", filterGroups=[{"filters": [gold]}, {"filters": [rich]}]).json()["total"]
    is_gold = [record["tier__c"] == "Gold" for record in truth]
    is_rich = [float(record["annualrevenue"]) > 1e9 for record in truth]
    assert both == sum(a and b for a, b in zip(is_gold, is_rich, strict=True))
    assert either == sum(a or b for a, b in zip(is_gold, is_rich, strict=True))
    ranked = asks.search("companies", sorts=[{"propertyName": "annualrevenue", "direction": "DESCENDING"}], limit=3)
    best = sorted(truth, key=lambda record: -float(record["annualrevenue"]))[:3]
    assert [record["id"] for record in ranked.json()["results"]] == [record["id"] for record in best]
    assert asks.search("companies", query="futterkiste").json()["total"] == 1


def test_a_search_finds_nothing_that_is_archived(own: tuple[Running, Session]) -> None:
    running, session = own
    id = running.dump("contacts")[3]["id"]
    this = {"propertyName": "hs_object_id", "operator": "EQ", "value": id}
    assert session.found(this) == [id]
    running.mutate("delete", "contacts", id)
    assert session.found(this) == []
    archived = session.get(f"{OBJECTS}/contacts", params={"archived": "true", "properties": "email"}).json()["results"]
    assert [(record["id"], record["archived"]) for record in archived] == [(id, True)]
    assert archived[0]["archivedAt"]
    assert id not in {record["id"] for record in session.get(f"{OBJECTS}/contacts?limit=100").json()["results"]}
    assert session.get(f"{OBJECTS}/contacts/{id}").status_code == 404
    running.mutate("restore", "contacts", id)
    assert session.found(this) == [id]


def test_a_search_lags_behind_what_was_written(own: tuple[Running, Session]) -> None:
    running, session = own
    running.configure(index_lag=30)
    id = running.dump("contacts")[3]["id"]
    this = {"propertyName": "hs_object_id", "operator": "EQ", "value": id}
    session.patch(f"{OBJECTS}/contacts/{id}", json={"properties": {"city": "Lyon"}})
    assert session.found(this) == []
    assert session.get(f"{OBJECTS}/contacts/{id}").status_code == 200
    running.advance(31)
    assert session.found(this) == [id]
    running.mutate("update", "contacts", id, {"city": "Oslo", "_indexed_at": "2100-01-01T00:00:00Z"})
    running.configure(index_lag=0)
    assert session.found(this) == []


def test_links_are_read_in_bulk_and_those_without_are_named(still: Running, asks: Session) -> None:
    link = still.dump("contacts_companies")[0]
    answer = asks.post(
        "/crm/v4/associations/contacts/companies/batch/read", json={"inputs": [{"id": link["from_id"]}, {"id": "5"}]}
    )
    assert answer.status_code == 207
    result = answer.json()["results"][0]
    assert result["from"] == {"id": link["from_id"]}
    assert result["to"][0] == {"toObjectId": int(link["to_id"]), "associationTypes": link["associationTypes"]}
    assert answer.json()["errors"][0]["context"]["fromObjectId"] == ["5"]
    assert answer.json()["numErrors"] == 1


def test_many_links_of_one_record_come_in_pages(own: tuple[Running, Session]) -> None:
    running, session = own
    company = running.dump("companies")[0]["id"]
    made = running.mutate_all(
        [{"op": "create", "object": "notes", "values": {"hs_note_body": str(n)}} for n in range(501)]
    )
    notes = [one["id"] for one in made]
    running.mutate_all(
        [
            {"op": "associate", "object": "notes", "id": id, "values": {"to": "companies", "to_id": company}}
            for id in notes
        ]
    )
    path = "/crm/v4/associations/companies/notes/batch/read"
    first = session.post(path, json={"inputs": [{"id": company}]}).json()["results"][0]
    assert len(first["to"]) == 500
    after = first["paging"]["next"]["after"]
    second = session.post(path, json={"inputs": [{"id": company, "after": after}]}).json()["results"][0]
    assert {str(link["toObjectId"]) for link in first["to"] + second["to"]} >= set(notes)
    assert "paging" not in second


def test_owners_who_left_are_shown_only_when_asked_for(still: Running, asks: Session) -> None:
    everyone = still.dump("owners")
    here = asks.get("/crm/v3/owners", params={"limit": 30}).json()
    rest = asks.get("/crm/v3/owners", params={"limit": 30, "after": here["paging"]["next"]["after"]}).json()
    assert len(here["results"] + rest["results"]) == len(everyone) - 1
    assert [owner["archived"] for owner in asks.get("/crm/v3/owners?archived=true").json()["results"]] == [True]


# -- writing -------------------------------------------------------------------------------------------------------


def test_what_is_written_is_kept_in_the_vendors_spelling(own: tuple[Running, Session]) -> None:
    running, session = own
    owner = running.dump("owners")[0]["id"]
    made = session.post(
        f"{OBJECTS}/contacts",
        json={"properties": {"email": " Ada@New.Example ", "interests": "hardware", "hubspot_owner_id": owner}},
    )
    assert made.status_code == 201
    id = made.json()["id"]
    assert int(id) > max(int(record["id"]) for record in running.dump("contacts")[:-1])
    session.patch(f"{OBJECTS}/contacts/{id}", json={"properties": {"interests": ";software", "lead_score": 4.5}})
    session.patch(f"{OBJECTS}/contacts/ADA@new.example?idProperty=email", json={"properties": {"city": None}})
    now = running.dump("contacts")[-1]
    assert (now["email"], now["interests"], now["lead_score"], now["city"]) == (
        "ada@new.example", "hardware;software", "4.5", None,
    )  # fmt: skip
    deal = session.post(
        f"{OBJECTS}/deals",
        json={
            "properties": {"dealstage": "closedwon", "closedate": "1767225600000", "contract_start": "1767225600000"}
        },
    ).json()["id"]
    kept = next(record for record in running.dump("deals") if record["id"] == deal)
    assert (kept["closedate"], kept["contract_start"]) == ("2026-01-01T00:00:00.000Z", "2026-01-01")
    assert (kept["hs_is_closed"], kept["hs_is_closed_won"], kept["pipeline"]) == ("true", "true", "default")


def test_a_change_moves_the_stamp_and_archiving_twice_is_no_mistake(own: tuple[Running, Session]) -> None:
    running, session = own
    before = running.dump("companies")[0]
    answer = session.patch(f"{OBJECTS}/companies/{before['id']}", json={"properties": {"health_score": "12"}}).json()
    assert answer["properties"]["health_score"] == "12"
    assert answer["updatedAt"] == answer["properties"]["hs_lastmodifieddate"] > before["hs_lastmodifieddate"]
    for _ in range(2):
        assert session.delete(f"{OBJECTS}/companies/{before['id']}").status_code == 204
    assert session.batch("archive", [{"id": before["id"]}, {"id": "5"}], "companies").status_code == 204
    assert running.dump("companies")[0]["_deleted"] is True


def test_an_address_belongs_to_one_record(own: tuple[Running, Session]) -> None:
    running, session = own
    one, other = [record for record in running.dump("contacts") if record["email"]][:2]
    refused = session.post(f"{OBJECTS}/contacts", json={"properties": {"email": one["email"].upper()}})
    assert (refused.status_code, refused.json()["category"]) == (409, "CONFLICT")
    assert f"Existing ID: {one['id']}" in refused.json()["message"]
    refused = session.patch(f"{OBJECTS}/contacts/{other['id']}", json={"properties": {"email": one["email"]}})
    assert refused.status_code == 409
    session.delete(f"{OBJECTS}/contacts/{one['id']}")
    assert session.post(f"{OBJECTS}/contacts", json={"properties": {"email": one["email"]}}).status_code == 201


def test_one_bad_row_fails_a_batch_without_trace_ids(own: tuple[Running, Session]) -> None:
    running, session = own
    before = running.dump("contacts")
    taken = next(record["email"] for record in before if record["email"])
    good = {"properties": {"email": "good@one.example"}}
    refused = session.batch("create", [good, {"properties": {"email": taken}}])
    assert (refused.status_code, refused.json()["message"]) == (409, "Contact already exists")
    refused = session.batch("create", [good, {"properties": {"shoe_size": "44"}}])
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "PROPERTY_DOESNT_EXIST")
    assert session.batch("create", [good, good]).status_code == 409
    assert running.dump("contacts") == before
    # The same trace id twice traces nothing.
    twins = [{**good, "objectWriteTraceId": "a"}, {"properties": {"shoe_size": "44"}, "objectWriteTraceId": "a"}]
    assert session.batch("create", twins).status_code == 400


def test_an_update_of_what_is_not_there_fails_alone(own: tuple[Running, Session]) -> None:
    running, session = own
    id = running.dump("contacts")[0]["id"]
    inputs = [{"id": id, "properties": {"city": "Bergen"}}, {"id": "5", "properties": {"city": "Bergen"}}]
    answer = session.batch("update", inputs)
    assert (answer.status_code, [record["id"] for record in answer.json()["results"]]) == (207, [id])
    assert answer.json()["errors"][0]["context"] == {"ids": ["5"]}
    traced = session.batch("update", [{**one, "objectWriteTraceId": one["id"]} for one in inputs])
    assert traced.json()["errors"][0]["context"]["objectWriteTraceId"] == ["5"]


def test_an_upsert_says_which_are_new(own: tuple[Running, Session]) -> None:
    running, session = own
    known = next(record["email"] for record in running.dump("contacts") if record["email"])
    inputs = [
        {"id": email, "idProperty": "email", "properties": {"city": "Turin"}, "objectWriteTraceId": str(n)}
        for n, email in enumerate((known, "brand@new.example"))
    ]
    answer = session.batch("upsert", inputs)
    assert answer.status_code == 200
    assert [(one["objectWriteTraceId"], one["new"]) for one in answer.json()["results"]] == [("0", False), ("1", True)]
    again = session.batch("upsert", inputs)
    assert [one["new"] for one in again.json()["results"]] == [False, False]
    by_id = session.batch("upsert", [{"id": "1", "idProperty": "hs_object_id", "properties": {"city": "x"}}])
    assert "non-unique 0-1 property hs_object_id" in by_id.json()["message"]
    mixed = [inputs[0], {"id": "1", "properties": {"city": "x"}}]
    assert session.batch("upsert", mixed).status_code == 400


def test_a_new_record_is_linked_as_it_is_made(own: tuple[Running, Session]) -> None:
    running, session = own
    company = running.dump("companies")[4]["id"]
    link = {"to": {"id": company}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]}
    made = session.post(f"{OBJECTS}/contacts", json={"properties": {"email": "a@b.example"}, "associations": [link]})
    listed = session.get(f"/crm/v4/objects/contacts/{made.json()['id']}/associations/companies").json()["results"]
    assert [one["toObjectId"] for one in listed] == [int(company)]
    assert "Primary" in {kind["label"] for kind in listed[0]["associationTypes"]}
    wrong = {"to": {"id": company}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]}
    assert (
        session.post(f"{OBJECTS}/contacts", json={"properties": {"city": "x"}, "associations": [wrong]}).status_code
        == 400
    )


def test_links_are_made_and_undone_in_batches(own: tuple[Running, Session]) -> None:
    running, session = own
    contact, company = running.dump("contacts")[5]["id"], running.dump("companies")[50]["id"]
    pair, ends = "/crm/v4/associations/contacts/companies", {"from": {"id": contact}, "to": {"id": company}}
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
    assert session.post(f"{pair}/batch/create", json={"inputs": [{**ends, "types": [kind]}]}).status_code == 201
    primaries = [
        link["to_id"]
        for link in running.dump("contacts_companies")
        if link["from_id"] == contact and any(kind["label"] == "Primary" for kind in link["associationTypes"])
    ]
    assert primaries == [company]  # there is one: the company before lost the label
    undone = {"inputs": [{"from": {"id": contact}, "to": [{"id": company}]}]}
    assert session.post(f"{pair}/batch/archive", json=undone).status_code == 204
    links = {(link["from_id"], link["to_id"]) for link in running.dump("companies_contacts")}
    assert (company, contact) not in links
    nobody = {"inputs": [{"from": {"id": "5"}, "to": {"id": company}}]}
    assert session.post(f"{pair}/batch/associate/default", json=nobody).status_code == 404


def test_a_merge_moves_values_and_links_to_the_winner(own: tuple[Running, Session]) -> None:
    running, session = own
    contacts = [record for record in running.dump("contacts") if record["associatedcompanyid"]]
    winner, loser = contacts[0], contacts[1]
    answer = session.post(
        f"{OBJECTS}/contacts/merge", json={"primaryObjectId": winner["id"], "objectIdToMerge": loser["id"]}
    )
    assert answer.status_code == 200
    after = {record["id"]: record for record in running.dump("contacts")}
    assert after[winner["id"]]["hs_merged_object_ids"] == loser["id"]
    assert (after[loser["id"]]["_deleted"], after[loser["id"]]["_merged_into"]) == (True, winner["id"])
    assert session.get(f"{OBJECTS}/contacts/{loser['id']}").json()["id"] == winner["id"]
    linked = {link["to_id"] for link in running.dump("contacts_companies") if link["from_id"] == winner["id"]}
    assert linked == {winner["associatedcompanyid"], loser["associatedcompanyid"]}
    again = {"primaryObjectId": winner["id"], "objectIdToMerge": loser["id"]}
    assert session.post(f"{OBJECTS}/contacts/merge", json=again).status_code == 400


def test_a_privacy_delete_leaves_nothing(own: tuple[Running, Session]) -> None:
    running, session = own
    id = running.dump("contacts")[0]["id"]
    assert session.post(f"{OBJECTS}/contacts/gdpr-delete", json={"objectId": id}).status_code == 204
    assert id not in {record["id"] for record in running.dump("contacts")}
    archived = session.get(f"{OBJECTS}/contacts?archived=true").json()["results"]
    assert archived == []


# -- what people change in the vendor's own screens ----------------------------------------------------------------


def test_fields_and_objects_come_go_and_change(own: tuple[Running, Session]) -> None:
    running, session = own

    def shown(of: str) -> dict[str, str]:
        return {prop["name"]: prop["type"] for prop in session.get(f"/crm/v3/properties/{of}").json()["results"]}

    id = running.dump("companies")[0]["id"]
    running.mutate("add_field", "companies", None, {"name": "region__c", "type": "string", "label": "Region"})
    running.mutate("update", "companies", id, {"region__c": "EMEA"})
    assert shown("companies")["region__c"] == "string"
    read = session.get(f"{OBJECTS}/companies/{id}?properties=region__c,health_score").json()["properties"]
    assert read["region__c"] == "EMEA"
    running.mutate("retype_field", "companies", None, {"name": "health_score", "type": "string", "fieldType": "text"})
    assert shown("companies")["health_score"] == "string"
    running.mutate("remove_field", "companies", None, {"name": "region__c"})
    assert "region__c" not in shown("companies")
    again = session.get(f"{OBJECTS}/companies/{id}?properties=region__c,health_score").json()["properties"]
    assert "region__c" not in again
    made = running.mutate("add_object", "machine", None, {"properties": [{"name": "serial"}]})
    assert made["objectTypeId"] in {
        schema["objectTypeId"] for schema in session.get("/crm/v3/schemas").json()["results"]
    }
    running.mutate("create", made["name"], None, {"serial": "A-1"})
    assert (
        session.get(f"{OBJECTS}/{made['objectTypeId']}?properties=serial").json()["results"][0]["properties"]["serial"]
        == "A-1"
    )


def test_many_records_may_share_one_stamp(own: tuple[Running, Session]) -> None:
    running, session = own
    stamp = "2026-07-01T12:00:00.000Z"
    times = {"_changed_at": stamp, "_created_at": stamp}
    running.mutate_all(
        [{"op": "create", "object": "tasks", "values": {"hs_task_subject": str(n), **times}} for n in range(300)]
    )
    total = session.search(
        "tasks", filterGroups=[{"filters": [{"propertyName": "hs_lastmodifieddate", "operator": "EQ", "value": stamp}]}]
    ).json()["total"]
    assert total == 300


def test_two_portals_of_one_seed_are_alike_and_of_another_are_not(world: World) -> None:
    one, other, third = HubSpot(world), HubSpot(world), HubSpot(World.load(8))
    for of in ("contacts", "deals", "notes", SUBSCRIPTION, "contacts_companies"):
        assert one.dump(of) == other.dump(of)
    assert one.dump("contacts") != third.dump("contacts")


def test_what_is_shown_by_default_exists(world: World) -> None:
    for of in object_types():
        assert set(of.default) <= set(of.properties)
    vendor = HubSpot(world)
    for of in object_types():
        assert vendor.dump(of.name)


# -- variants ------------------------------------------------------------------------------------------------------


def test_variant_results_of_batches_may_stand_in_no_order_and_without_trace_ids(served: Serve) -> None:
    running = served(batch_order="shuffled", success_trace_ids="absent")
    ids = [record["id"] for record in running.dump("contacts")[:50]]
    inputs = [{"id": id, "properties": {"city": "Rome"}, "objectWriteTraceId": id} for id in ids]
    with Session(running) as session:
        results = session.batch("update", inputs).json()["results"]
        read = session.batch("read", [{"id": id} for id in ids]).json()["results"]
    for answered in (results, read):
        assert sorted(one["id"] for one in answered) == sorted(ids)
        assert [one["id"] for one in answered] != ids
    assert not any("objectWriteTraceId" in one for one in results)


def test_variant_absent_ids_are_reported_or_not(served: Serve) -> None:
    for variant, status in (("omitted", 200), ("errors", 207)):
        running = served(batch_read_absent=variant, unlinked=variant, absent_trace_ids="absent")
        with Session(running) as session:
            known = running.dump("contacts")[0]["id"]
            answer = session.batch("read", [{"id": known}, {"id": "5"}])
            assert (answer.status_code, [one["id"] for one in answer.json()["results"]]) == (status, [known])
            links = session.post("/crm/v4/associations/contacts/companies/batch/read", json={"inputs": [{"id": "5"}]})
            assert links.status_code == status
            update = session.batch("update", [{"id": "5", "properties": {"city": "x"}, "objectWriteTraceId": "5"}])
            assert update.json()["errors"][0]["context"] == {"ids": ["5"]}


def test_variant_a_merge_may_make_a_third_record(served: Serve) -> None:
    running = served(merge_winner="new_id", merge_loser="archived")
    winner, loser = [record["id"] for record in running.dump("contacts")][:2]
    with Session(running) as session:
        merged = session.post(
            f"{OBJECTS}/contacts/merge", json={"primaryObjectId": winner, "objectIdToMerge": loser}
        ).json()
        assert merged["id"] not in (winner, loser)
        archived = session.get(f"{OBJECTS}/contacts?archived=true").json()["results"]
    assert {record["id"] for record in archived} == {winner, loser}
    made = running.dump("contacts")[-1]
    assert (made["id"], made["hs_merged_object_ids"]) == (merged["id"], f"{winner};{loser}")


def test_variant_cleared_and_archived_values_may_look_otherwise(served: Serve) -> None:
    for cleared, archived, value, names in (("null", "full", None, 4), ("empty", "reduced", "", 3)):
        running = served(cleared_reads_as=cleared, archived_properties=archived)
        with Session(running) as session:
            id = running.dump("contacts")[0]["id"]
            answer = session.patch(f"{OBJECTS}/contacts/{id}", json={"properties": {"city": ""}}).json()
            assert answer["properties"]["city"] == value
            session.delete(f"{OBJECTS}/contacts/{id}")
            gone = session.get(f"{OBJECTS}/contacts?archived=true&properties=city").json()["results"][0]
            assert len(gone["properties"]) == names


def test_variant_lists_may_have_an_order_of_their_own(served: Serve) -> None:
    running = served(list_order="none")
    ids: list[str] = []
    after = "0"
    with Session(running) as session:
        while after:
            page = session.get(f"{OBJECTS}/contacts", params={"limit": 90, "after": after}).json()
            ids += [record["id"] for record in page["results"]]
            after = page.get("paging", {}).get("next", {}).get("after", "")
    everything = [record["id"] for record in running.dump("contacts")]
    assert sorted(ids) == sorted(everything)
    assert ids != everything


def test_variant_searches_may_be_four_a_second_with_headers_and_slips_forgiven(served: Serve) -> None:
    running = served(search_rps="4", search_rate_headers="present", unknown_parameters="ignored")
    assert running.configure()["limit_search"] == 4
    with Session(running) as session:
        assert "X-HubSpot-RateLimit-Remaining" in session.search(limit=1).headers
        assert session.get(f"{OBJECTS}/contacts?page=2").status_code == 200
