"""How strict the simulator of Pipedrive is, and what its variants change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from backhaul.sandbox.pipedrive.shapes import BUDGET, TIER
from backhaul.sandbox.pipedrive.vendor import Pipedrive
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World

Serve = Callable[..., Running]


class Session(httpx.Client):
    def __init__(self, running: Running) -> None:
        given = {"x-api-token": running.credentials["token"]}
        super().__init__(base_url=running.base_url, headers=given, trust_env=False)


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def served(world: World) -> Iterator[Serve]:
    running: list[Running] = []

    def start(**variants: str) -> Running:
        running.append(serve(Pipedrive(world, variants=variants)))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture(scope="module")
def still(world: World) -> Iterator[Running]:
    """One whose limits no test reaches."""
    with serve(Pipedrive(world)) as running:
        running.configure(limit_burst=None, limit_tokens=None)
        yield running


@pytest.fixture(scope="module")
def asks(still: Running) -> Iterator[Session]:
    with Session(still) as session:
        yield session


def refused(answer: httpx.Response, word: str) -> bool:
    body: dict[str, Any] = answer.json()
    return answer.status_code == 400 and not body["success"] and word in body["error"]


def test_the_token_stands_in_a_header_and_in_version_1_may_stand_in_the_address(still: Running) -> None:
    token = still.credentials["token"]
    for path, headers, status in (
        ("/v1/users", {"x-api-token": token}, 200),
        (f"/v1/users?api_token={token}", {}, 200),
        (f"/api/v2/deals?api_token={token}", {}, 401),
        ("/api/v2/deals", {"Authorization": f"Bearer {token}"}, 401),
        ("/v2/deals", {"x-api-token": token}, 404),
    ):
        answer = httpx.get(still.base_url + path, headers=headers, trust_env=False)
        assert answer.status_code == status, path


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("limit=501", "limit"),
        ("start=5", "start"),
        ("updated_since=2026-01-01 10:00:00", "updated_since"),
        ("updated_since=2026-01-01T10:00:00", "updated_since"),
        ("sort_by=title", "sort_by"),
        ("cursor=nonsense", "cursor"),
        ("ids=" + ",".join(map(str, range(101))), "ids"),
    ],
)
def test_what_a_list_does_not_take_is_refused(asks: Session, query: str, word: str) -> None:
    assert refused(asks.get(f"/api/v2/deals?{query}"), word)


def test_a_cursor_belongs_to_its_query(asks: Session) -> None:
    first = asks.get("/api/v2/deals?limit=10&sort_by=update_time").json()
    cursor = first["additional_data"]["next_cursor"]
    second = asks.get(f"/api/v2/deals?limit=10&sort_by=update_time&cursor={cursor}").json()
    assert first["data"][-1]["update_time"] <= second["data"][0]["update_time"]
    assert refused(asks.get(f"/api/v2/deals?limit=10&cursor={cursor}"), "another query")


def test_products_have_no_list_by_time(asks: Session) -> None:
    assert refused(asks.get("/api/v2/products?updated_since=2026-01-01T00:00:00Z"), "updated_since")


def test_a_window_takes_its_start_and_not_its_end(asks: Session) -> None:
    deal = asks.get("/api/v2/deals?limit=1").json()["data"][0]
    at = deal["update_time"]
    inside = asks.get(f"/api/v2/deals?updated_since={at}&limit=500").json()["data"]
    before = asks.get(f"/api/v2/deals?updated_until={at}&limit=500").json()["data"]
    assert deal["id"] in [each["id"] for each in inside]
    assert deal["id"] not in [each["id"] for each in before]


def test_deleted_deals_have_a_list_and_deleted_persons_have_none(still: Running, asks: Session) -> None:
    deal, person = (
        next(each["id"] for each in still.dump(name) if not each["_deleted"]) for name in ("deals", "persons")
    )
    assert asks.delete(f"/api/v2/deals/{deal}").json()["data"] == {"id": deal}
    asks.delete(f"/api/v2/persons/{person}")
    listed = asks.get("/api/v2/deals?status=deleted").json()["data"]
    assert (deal, True) in [(each["id"], each["is_deleted"]) for each in listed]
    assert refused(asks.get("/api/v2/persons?status=deleted"), "status")
    assert asks.get(f"/api/v2/persons/{person}").status_code == 404


def test_archived_deals_stand_apart(asks: Session) -> None:
    id = asks.post("/api/v2/deals", json={"title": "Old", "is_archived": True}).json()["data"]["id"]
    assert id not in [each["id"] for each in asks.get("/api/v2/deals?limit=500").json()["data"]]
    assert id in [each["id"] for each in asks.get("/api/v2/deals/archived?limit=500").json()["data"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": "12"},
        {"status": "paused"},
        {"person_id": 1},
        {"colour": "red"},
        {"expected_close_date": "soon"},
        {"custom_fields": {TIER.code: "Gold"}},
        {"custom_fields": {BUDGET.code: 12}},
        {"custom_fields": {"0" * 40: 1}},
        {TIER.code: 1},
    ],
    ids=str,
)
def test_version_2_coerces_nothing(asks: Session, wrong: dict[str, Any]) -> None:
    assert refused(asks.post("/api/v2/deals", json={"title": "Deal", **wrong}), "Validation failed")


def test_custom_fields_are_written_and_read_under_their_hashes(asks: Session) -> None:
    given = {TIER.code: 2, BUDGET.code: {"value": 9.5, "currency": "EUR"}}
    made = asks.post("/api/v2/deals", json={"title": "Deal", "custom_fields": given}).json()["data"]
    changed = asks.patch(f"/api/v2/deals/{made['id']}", json={"custom_fields": {TIER.code: None}}).json()["data"]
    assert changed["custom_fields"][TIER.code] is None
    assert changed["custom_fields"][BUDGET.code] == given[BUDGET.code]
    fields = asks.get("/api/v2/dealFields?limit=500").json()["data"]
    (tier,) = (each for each in fields if each["field_code"] == TIER.code)
    assert (tier["field_type"], tier["is_custom_field"], tier["options"][1]) == (
        "enum",
        True,
        {"id": 2, "label": "Silver"},
    )


def test_a_lead_has_the_deals_fields_beside_its_own(still: Running, asks: Session) -> None:
    person = next(each["id"] for each in still.dump("persons") if not each["_deleted"])
    lead = asks.post("/v1/leads", json={"title": "Lead", "person_id": person, TIER.code: 1}).json()["data"]
    assert lead[TIER.code] == 1
    assert len(lead["id"]) == 36
    assert asks.post("/v1/leads", json={"title": "About nobody"}).status_code == 400


def test_merged_records_leave_the_other(still: Running, asks: Session) -> None:
    first, second = [each["id"] for each in still.dump("organizations") if not each["_deleted"]][:2]
    assert asks.put(f"/v1/organizations/{first}/merge", json={"merge_with_id": second}).json()["data"]["id"] == second
    assert asks.get(f"/api/v2/organizations/{first}").status_code == 404


def test_version_1_says_null_where_there_is_nothing(served: Serve) -> None:
    for variant, said in (("null", None), ("list", [])):
        with Session(served(empty_data=variant)) as session:
            assert session.get("/v1/notes?start=5000").json()["data"] == said


def test_a_burst_is_told_with_its_window(served: Serve) -> None:
    running = served()
    running.configure(limit_burst=2)
    with Session(running) as session:
        codes = [session.get("/v1/users/me").status_code for _ in range(3)]
        assert codes == [200, 200, 429]
        running.advance(2)
        answer = session.get("/v1/users/me")
        assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (200, "1")


def test_a_days_budget_is_spent_by_what_a_call_costs(served: Serve) -> None:
    running = served()
    running.configure(limit_tokens=25)
    with Session(running) as session:
        left = "x-daily-ratelimit-token-remaining"
        assert session.get("/api/v2/stages").headers[left] == "15"
        assert session.get("/api/v2/stages/1").headers[left] == "14"
        assert session.post("/api/v2/organizations", json={"name": "A"}).headers[left] == "9"
        assert session.get("/v1/users").headers[left] == "0"
        assert session.get("/api/v2/stages").status_code == 429
        running.advance(86400)
        assert session.get("/api/v2/stages").status_code == 200
    with Session(served(daily_headers="absent")) as session:
        assert left not in session.get("/api/v2/stages").headers


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"field_type": "varchar"}, "field_name is required"),
        ({"field_name": "Sure", "field_type": "boolean"}, "field_type must be one of"),
        ({"field_name": "Grade", "field_type": "enum"}, "options are required"),
        ({"field_name": "Fit", "field_type": "double", "name": "Fit"}, "name is not allowed"),
    ],
)
def test_a_field_that_cannot_be_made_is_refused(asks: Session, given: dict[str, Any], word: str) -> None:
    assert refused(asks.post("/api/v2/dealFields", json=given), word)


def test_two_fields_of_one_name_have_hashes_of_their_own(asks: Session) -> None:
    given = {"field_name": "Twin", "field_type": "double", "description": "One of two"}
    made = [asks.post("/api/v2/productFields", json=given).json()["data"] for _ in range(2)]
    assert made[0]["field_code"] != made[1]["field_code"]
    told = {each["field_code"]: each for each in asks.get("/api/v2/productFields").json()["data"]}
    assert [told[each["field_code"]]["field_name"] for each in made] == ["Twin", "Twin"]
