"""How strict Freshdesk's simulator is: what the vendor refuses it refuses, in the vendor's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from backhaul.sandbox.freshdesk.vendor import Freshdesk
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World

ALWAYS = "updated_since=2000-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with serve(Freshdesk(World.load())) as running:
        yield running


@pytest.fixture
def http(served: Running) -> Iterator[httpx.Client]:
    served.advance(61)  # what the test before asked for is out of the minute
    with httpx.Client(
        base_url=f"{served.base_url}/api/v2", auth=(served.credentials["key"], "X"), trust_env=False
    ) as it:
        yield it


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.json()["description"] == "Validation failed"
    return [(each["field"], each["code"]) for each in answer.json()["errors"]]


def test_the_key_is_the_user_of_http_basic(served: Running, http: httpx.Client) -> None:
    assert http.get("/agents/me", auth=(served.credentials["key"], "anything")).status_code == 200
    for auth in (("wrong", "X"), ("X", served.credentials["key"])):
        answer = http.get("/agents/me", auth=auth)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    bearer = http.get("/agents/me", auth=None, headers={"Authorization": f"Bearer {served.credentials['key']}"})
    assert bearer.status_code == 401


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ("/tickets?per_page=101", "per_page", "invalid_value"),
        ("/tickets?page=0", "page", "invalid_value"),
        ("/tickets?page=301", "page", "invalid_value"),
        ("/tickets?order_by=subject", "order_by", "invalid_value"),
        ("/tickets?order_type=up", "order_type", "invalid_value"),
        ("/tickets?include=conversations", "include", "invalid_value"),
        ("/tickets?filter=open", "filter", "invalid_value"),
        ("/tickets?updated_since=yesterday", "updated_since", "invalid_date"),
        ("/tickets?since=2026-01-01T00:00:00Z", "since", "invalid_field"),
        ("/contacts?state=gone", "state", "invalid_value"),
        ("/companies?updated_since=2026-01-01T00:00:00Z", "updated_since", "invalid_field"),
        ("/tickets/9951/conversations?include=stats", "include", "invalid_field"),
        ("/custom_objects/schemas/30/records?page_size=101", "page_size", "invalid_value"),
        ("/custom_objects/schemas/30/records?nowhere=1", "nowhere", "invalid_field"),
        ("/custom_objects/schemas/30/records?updated_time[gte]=now", "updated_time[gte]", "invalid_value"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(asked: str, field: str, code: str, http: httpx.Client) -> None:
    answer = http.get(asked)
    assert (answer.status_code, faults(answer)) == (400, [(field, code)])


def test_a_list_tells_its_next_page_in_a_link_and_ends_without_one(http: httpx.Client) -> None:
    answer = http.get(f"/tickets?{ALWAYS}&order_by=updated_at&order_type=asc&per_page=50")
    seen, pages = [each["updated_at"] for each in answer.json()], 1
    while "next" in answer.links:
        answer = http.get(answer.links["next"]["url"])
        seen += [each["updated_at"] for each in answer.json()]
        pages += 1
    assert (pages, len(seen), seen) == (3, 120, sorted(seen))
    assert answer.headers["X-Freshdesk-API-Version"] == "latest=v2; requested=v2"


def test_what_a_list_leaves_out_unless_it_is_asked(http: httpx.Client) -> None:
    assert http.get("/tickets").json() == [], "tickets of the last 30 days alone"
    (bare,) = http.get(f"/tickets?{ALWAYS}&per_page=1").json()
    assert not {"description", "stats", "requester"} & set(bare)
    (rich,) = http.get(f"/tickets?{ALWAYS}&per_page=1&include=description,stats,requester").json()
    assert {"description", "stats", "requester"} <= set(rich)
    assert "tags" not in http.get("/contacts?per_page=1").json()[0]
    contact = http.get("/contacts?per_page=1").json()[0]["id"]
    assert "tags" in http.get(f"/contacts/{contact}").json()


def test_what_is_included_costs_credits(http: httpx.Client) -> None:
    plain = http.get(f"/tickets?{ALWAYS}")
    assert (plain.headers["X-RateLimit-Total"], plain.headers["X-RateLimit-Remaining"]) == ("200", "199")
    assert plain.headers["X-RateLimit-Used-CurrentRequest"] == "1"
    rich = http.get(f"/tickets?{ALWAYS}&include=description,stats")
    assert rich.headers["X-RateLimit-Used-CurrentRequest"] == "5"
    other = http.get("/groups")
    assert (other.headers["X-RateLimit-Total"], other.headers["X-RateLimit-Remaining"]) == ("700", "693")


def test_a_minute_that_is_used_up(served: Running, http: httpx.Client) -> None:
    served.configure(limit_ticket_list=2)
    try:
        answers = [http.get(f"/tickets?{ALWAYS}") for _ in range(3)]
        assert [each.status_code for each in answers] == [200, 200, 429]
        assert 55 <= int(answers[2].headers["Retry-After"]) <= 60
        assert answers[2].content == b""
        assert http.get("/groups").status_code == 200, "the endpoint's own limit alone"
        served.advance(61)
        assert http.get(f"/tickets?{ALWAYS}").status_code == 200
    finally:
        served.configure(limit_ticket_list=200)


DEVICES = "/custom_objects/schemas/30/records"
TICKET: dict[str, Any] = {"subject": "S", "description": "D", "status": 2, "priority": 1, "email": "a@b.example"}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/tickets", {**TICKET, "status": 99}, [("status", "invalid_value")]),
        ("/tickets", {**TICKET, "priority": "1"}, [("priority", "invalid_value")]),
        ("/tickets", {**TICKET, "requester_id": "1"}, [("requester_id", "datatype_mismatch")]),
        ("/tickets", {**TICKET, "requester_id": 1}, [("requester_id", "invalid_value")]),
        ("/tickets", {**TICKET, "id": 1}, [("id", "invalid_field")]),
        ("/tickets", {**TICKET, "created_at": "2026-01-01T00:00:00Z"}, [("created_at", "invalid_field")]),
        ("/tickets", {**TICKET, "tags": "x"}, [("tags", "datatype_mismatch")]),
        ("/tickets", {**TICKET, "due_by": "soon"}, [("due_by", "invalid_date")]),
        ("/tickets", {**TICKET, "custom_fields": {"cf_tier": "Lead"}}, [("cf_tier", "invalid_value")]),
        ("/tickets", {**TICKET, "custom_fields": {"cf_minutes": "12"}}, [("cf_minutes", "datatype_mismatch")]),
        ("/tickets", {**TICKET, "custom_fields": {"cf_promised": "1.5.2026"}}, [("cf_promised", "invalid_date")]),
        ("/tickets", {**TICKET, "custom_fields": {"cf_nowhere": "x"}}, [("cf_nowhere", "invalid_field")]),
        ("/tickets", {"status": 2}, [(each, "missing_field") for each in ("subject", "description", "priority",
                                                                         "requester_id")]),
        ("/contacts", {"name": "Ada"}, [("email", "missing_field")]),
        ("/contacts", {"name": "Ada", "email": "a@b.example", "first_name": "A"}, [("first_name", "invalid_field")]),
        ("/companies", {"description": "Nameless"}, [("name", "missing_field")]),
        ("/tickets/9951/notes", {"private": True}, [("body", "missing_field")]),
        ("/tickets/9951/reply", {"body": "x", "private": True}, [("private", "invalid_field")]),
        ("/tickets/9951/time_entries", {"time_spent": "1h"}, [("time_spent", "invalid_value")]),
        ("/tickets/bulk_delete", {"ids": [1]}, [("bulk_action", "missing_field")]),
        ("/tickets/bulk_delete", {"bulk_action": {"ids": ["1"]}}, [("ids", "datatype_mismatch")]),
        ("/tickets/bulk_delete", {"bulk_action": {"ids": list(range(1, 102))}}, [("ids", "invalid_value")]),
        ("/tickets/bulk_update", {"bulk_action": {"ids": [1]}}, [("bulk_action", "missing_field")]),
        ("/tickets/bulk_update", {"bulk_action": {"ids": [1], "properties": {"status": 99}}},
         [("status", "invalid_value")]),
        (DEVICES, {"serial": "1"}, [("data", "missing_field")]),
        (DEVICES, {"data": {"model": "x"}}, [("serial", "missing_field")]),
        (DEVICES, {"data": {"serial": "x", "units": "1"}}, [("units", "datatype_mismatch")]),
    ],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_refused_field_by_field(
    path: str, body: Any, expected: list[tuple[str, str]], http: httpx.Client
) -> None:
    answer = http.post(path, json=body)
    assert (answer.status_code, faults(answer)) == (400, expected)


def test_what_is_no_json_is_refused(http: httpx.Client) -> None:
    assert http.post("/tickets", data={"subject": "x"}).status_code == 415
    answer = http.post("/tickets", content="{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")


def test_what_is_not_there_is_told_with_an_empty_body(http: httpx.Client) -> None:
    for path in ("/tickets/1", "/contacts/1", "/companies/1", "/tickets/1/conversations", "/jobs/1", "/nowhere",
                 "/custom_objects/schemas/99/records", "/custom_objects/schemas/30/records/DEV-999"):  # fmt: skip
        answer = http.get(path)
        assert (answer.status_code, answer.content) == (404, b""), path


def test_a_bulk_action_is_a_job_that_tells_of_each_ticket(served: Running, http: httpx.Client) -> None:
    first, second, third = (each["id"] for each in served.dump("tickets")[:3])
    served.configure(job_seconds=30.0)
    started = http.post("/tickets/bulk_update", json={"bulk_action": {"ids": [first, second, 1],
                                                                      "properties": {"priority": 4}}})  # fmt: skip
    assert started.status_code == 202
    assert started.json()["href"].endswith(f"/api/v2/jobs/{started.json()['job_id']}")
    assert http.get(f"/jobs/{started.json()['job_id']}").json()["status"] == "IN PROGRESS"
    served.advance(31)
    served.configure(job_seconds=0.0)
    job = http.get(f"/jobs/{started.json()['job_id']}").json()
    assert (job["status"], [each["success"] for each in job["data"]]) == ("PARTIAL", [True, True, False])
    assert http.get(f"/tickets/{first}").json()["priority"] == 4
    gone = http.post("/tickets/bulk_delete", json={"bulk_action": {"ids": [third]}}).json()
    assert http.get(f"/jobs/{gone['job_id']}").json()["status"] == "COMPLETED"
    assert http.get(f"/tickets/{third}").json()["deleted"] is True
    assert http.put(f"/tickets/{third}/restore").status_code == 204
    assert "deleted" not in http.get(f"/tickets/{third}").json()


def test_contacts_are_merged_and_deleted_for_good(served: Running, http: httpx.Client) -> None:
    keys = sorted(each["id"] for each in served.dump("contacts") if not each["_deleted"])[:3]
    merge = {"primary_contact_id": keys[0], "secondary_contact_ids": [keys[1]]}
    assert http.post("/contacts/merge", json=merge).status_code == 204
    assert http.post("/contacts/merge", json=merge).status_code == 400
    assert keys[1] in [each["id"] for each in http.get("/contacts?state=deleted").json()]
    assert http.delete(f"/contacts/{keys[2]}/hard_delete").status_code == 404, "it is not in the trash"
    assert http.delete(f"/contacts/{keys[2]}/hard_delete?force=true").status_code == 204
    assert http.get(f"/contacts/{keys[2]}").status_code == 404


def test_what_was_sent_cannot_be_changed(served: Running, http: httpx.Client) -> None:
    ticket = served.dump("tickets")[5]["id"]
    before = http.get(f"/tickets/{ticket}").json()["updated_at"]
    sent = http.post(f"/tickets/{ticket}/reply", json={"body": "On its way"}).json()
    assert http.get(f"/tickets/{ticket}").json()["updated_at"] > before, "a reply is a change of its ticket"
    answer = http.put(f"/conversations/{sent['id']}", json={"body": "Never"})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE")


def test_records_of_custom_objects_come_by_token(served: Running, http: httpx.Client) -> None:
    answer = http.get("/custom_objects/schemas/30/records?page_size=25").json()
    seen = [each["display_id"] for each in answer["records"]]
    while "next" in answer["_links"]:
        answer = http.get(f"/custom_objects{answer['_links']['next']['href']}").json()
        seen += [each["display_id"] for each in answer["records"]]
    assert len(seen) == len(set(seen)) == len(served.dump("custom_30")) == 60
    assert http.get("/custom_objects/schemas/30/records?next_token=x").status_code == 400
