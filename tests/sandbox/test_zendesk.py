"""How strict the simulator of Zendesk is, and what its variants change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World
from backhaul.sandbox.zendesk.vendor import Zendesk

Serve = Callable[..., Running]
TIER, SEATS = 360000000201, 360000000203


class Session(httpx.Client):
    """Short words for what the tests ask."""

    def __init__(self, running: Running) -> None:
        given = (f"{running.credentials['email']}/token", running.credentials["token"])
        super().__init__(base_url=f"{running.base_url}/api/v2", auth=given, trust_env=False)

    def job(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """The job that a request starts, as it is once polled."""
        answer = self.request(method, path, json=body or None)
        assert answer.status_code == 200, answer.text
        made = answer.json()["job_status"]
        assert (made["status"], made["results"]) == ("queued", None)
        return dict(self.get(f"/job_statuses/{made['id']}").json()["job_status"])

    def ticket(self, **values: Any) -> dict[str, Any]:
        answer = self.post("/tickets", json={"ticket": {"subject": "S", "comment": {"body": "B"}, **values}})
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["ticket"])


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def served(world: World) -> Iterator[Serve]:
    running: list[Running] = []

    def start(**variants: str) -> Running:
        running.append(serve(Zendesk(world, variants=variants)))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture(scope="module")
def still(world: World) -> Iterator[Running]:
    """One whose limits no test reaches."""
    with serve(Zendesk(world)) as running:
        running.configure(limit_minute=None, limit_exports=None, limit_updates=None, limit_one_ticket=None)
        yield running


@pytest.fixture(scope="module")
def asks(still: Running) -> Iterator[Session]:
    with Session(still) as session:
        yield session


def told(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["error"]


# -- the gate ----------------------------------------------------------------------------------------------------------


def test_only_an_address_with_its_token_is_let_in(still: Running) -> None:
    url = f"{still.base_url}/api/v2/users/me"
    email, token = still.credentials["email"], still.credentials["token"]
    for given in (None, (email, token), (f"{email}/token", "wrong")):
        answer = httpx.get(url, auth=given, trust_env=False)
        assert told(answer) == (401, "Couldn't authenticate you")
    assert httpx.get(f"{url}.json", auth=(f"{email}/token", token), trust_env=False).status_code == 200


def test_what_is_not_there_is_told_apart(asks: Session) -> None:
    assert told(asks.get("/nowhere")) == (404, "InvalidEndpoint")
    assert told(asks.get("/tickets/999999")) == (404, "RecordNotFound")
    assert told(asks.get("/custom_objects/nothing/records")) == (404, "RecordNotFound")


def test_a_403_holds_an_object_where_others_hold_a_text(still: Running, asks: Session) -> None:
    still.configure(forbidden=["GET /brands"])
    answer = asks.get("/brands.json")
    assert (answer.status_code, answer.json()["error"]["title"]) == (403, "Forbidden")
    still.configure(forbidden=[])


@pytest.mark.parametrize(
    "path",
    ["/tickets?limit=5", "/incremental/users/cursor?start_time=0&since=1", "/users?page[size]=5&offset=3"],
)
def test_parameters_that_the_api_does_not_have_are_refused(asks: Session, path: str) -> None:
    assert told(asks.get(path)) == (400, "InvalidParameter")


# -- lists -------------------------------------------------------------------------------------------------------------


def test_a_list_goes_by_cursor_or_by_offset_never_by_both(asks: Session) -> None:
    assert told(asks.get("/users?page[size]=5&per_page=5")) == (400, "InvalidPaginationParameter")
    assert told(asks.get("/users?page[size]=101")) == (400, "InvalidValue")
    assert told(asks.get("/users?page[after]=nonsense")) == (400, "InvalidPaginationParameter")
    assert told(asks.get("/users?page=101")) == (400, "InvalidPaginationDepth")


def test_pages_by_cursor_hold_every_record_once(still: Running, asks: Session) -> None:
    seen, after = [], None
    while True:
        page = asks.get("/organizations", params={"page[size]": 60, **({"page[after]": after} if after else {})}).json()
        seen += [each["id"] for each in page["organizations"]]
        after = page["meta"]["after_cursor"]
        if not page["meta"]["has_more"]:
            break
    assert seen == [each["id"] for each in still.dump("organizations") if not each["_deleted"]]
    assert page["links"]["next"] is None


# -- exports -----------------------------------------------------------------------------------------------------------


def test_an_export_takes_a_time_or_a_cursor_and_not_the_last_minute(asks: Session) -> None:
    path = "/incremental/tickets/cursor"
    assert told(asks.get(path)) == (400, "InvalidParameter")
    assert told(asks.get(f"{path}?start_time=0&cursor=MTAuMHx8MHw=")) == (400, "InvalidParameter")
    assert told(asks.get(f"{path}?start_time=yesterday")) == (400, "InvalidValue")
    assert told(asks.get(f"{path}?start_time={int(time.time()) + 10}")) == (422, "InvalidValue")
    assert told(asks.get(f"{path}?cursor=nonsense")) == (400, "InvalidValue")
    assert told(asks.get(f"{path}?start_time=0&include=last_audits")) == (400, "InvalidParameter")
    assert told(asks.get(f"{path}?start_time=0&per_page=1001")) == (400, "InvalidValue")


def test_a_change_of_the_systems_own_comes_again_with_its_old_stamp(still: Running, asks: Session) -> None:
    first = asks.get("/incremental/tickets/cursor?start_time=0").json()
    assert first["end_of_stream"]
    before = first["tickets"][5]
    still.mutate("update", "tickets", str(before["id"]), {"_system": True})
    again = {"cursor": first["after_cursor"]}
    assert asks.get("/incremental/tickets/cursor", params=again).json()["tickets"] == []
    still.advance(120)
    (after,) = asks.get("/incremental/tickets/cursor", params=again).json()["tickets"]
    assert (after["id"], after["updated_at"]) == (before["id"], before["updated_at"])
    assert after["generated_timestamp"] > before["generated_timestamp"]


def test_deleted_tickets_are_told_unless_they_are_excluded(still: Running, asks: Session) -> None:
    id = asks.ticket()["id"]
    assert asks.delete(f"/tickets/{id}").status_code == 204
    still.advance(120)
    path = "/incremental/tickets/cursor?start_time=0"
    assert {each["id"]: each["status"] for each in asks.get(path).json()["tickets"]}[id] == "deleted"
    assert id not in [each["id"] for each in asks.get(f"{path}&exclude_deleted=true").json()["tickets"]]
    assert id in [each["id"] for each in asks.get("/deleted_tickets?page[size]=100").json()["deleted_tickets"]]
    assert asks.put(f"/deleted_tickets/{id}/restore").status_code == 200
    assert asks.get(f"/tickets/{id}").json()["ticket"]["status"] == "new"


def test_an_export_by_time_begins_again_with_the_last_second(asks: Session) -> None:
    first = asks.get("/incremental/ticket_events?start_time=0&per_page=10&include=comment_events").json()
    assert (first["count"], first["end_of_stream"]) == (10, False)
    rest = asks.get(first["next_page"]).json()
    assert rest["ticket_events"][0]["timestamp"] == first["end_time"]
    said = [
        child for event in first["ticket_events"] for child in event["child_events"] if child["event_type"] == "Comment"
    ]
    assert {"id", "body", "public", "author_id", "created_at", "event_type"} <= set(said[0])


def test_an_export_with_nothing_to_tell_may_name_no_cursor(served: Serve) -> None:
    for variant, named in (("cursor", True), ("nothing", False)):
        with Session(served(empty_export=variant)) as session:
            answer = session.get(f"/incremental/users/cursor?start_time={int(time.time()) - 90}").json()
            assert (answer["users"], answer["after_cursor"] is not None) == ([], named)


def test_deleted_organizations_leave_a_trace_or_none(served: Serve) -> None:
    for variant, there in (("gone", False), ("exported", True)):
        running = served(deleted_organizations=variant)
        id = running.dump("organizations")[0]["id"]
        running.mutate("delete", "organizations", str(id))
        running.advance(120)
        with Session(running) as session:
            found = session.get("/incremental/organizations?start_time=0").json()["organizations"]
            assert (id in [each["id"] for each in found]) == there


# -- writes ------------------------------------------------------------------------------------------------------------


def test_a_wrong_value_names_its_field(asks: Session) -> None:
    wrong = {
        "status": "done",
        "priority": "very",
        "requester_id": 1,
        "colour": "red",
        "due_at": "tomorrow",
        "custom_fields": [{"id": TIER, "value": "tier_lead"}, {"id": SEATS, "value": "x"}, {"id": 5, "value": 1}],
    }
    answer = asks.post("/tickets", json={"ticket": {"comment": {"body": "B"}, **wrong}})
    assert told(answer) == (422, "RecordInvalid")
    named = {"status", "priority", "requester_id", "colour", "due_at", str(TIER), str(SEATS), "5"}
    assert set(answer.json()["details"]) == named


def test_a_body_is_json_and_holds_its_record(asks: Session) -> None:
    assert told(asks.post("/tickets", content="{", headers={"Content-Type": "application/json"})) == (
        400,
        "InvalidJSON",
    )
    assert told(asks.post("/tickets", data={"a": "b"})) == (415, "UnsupportedMediaType")
    assert told(asks.post("/tickets", json={"subject": "no wrapper"})) == (400, "ParameterMissing")


def test_a_safe_update_meets_what_somebody_else_changed(asks: Session) -> None:
    made = asks.ticket()
    path, stamp = f"/tickets/{made['id']}", made["updated_at"]
    assert told(asks.put(path, json={"ticket": {"safe_update": True}})) == (422, "RecordInvalid")
    good = {"safe_update": True, "updated_stamp": stamp, "priority": "low"}
    assert asks.put(path, json={"ticket": good}).json()["ticket"]["priority"] == "low"
    old = {**good, "updated_stamp": "2020-01-01T00:00:00Z"}
    assert told(asks.put(path, json={"ticket": old})) == (409, "UpdateConflict")


def test_a_closed_ticket_cannot_be_changed(still: Running, asks: Session) -> None:
    closed = next(each["id"] for each in still.dump("tickets") if each["status"] == "closed" and not each["_deleted"])
    assert told(asks.put(f"/tickets/{closed}", json={"ticket": {"priority": "low"}})) == (422, "RecordInvalid")


def test_a_key_makes_one_ticket_however_often_it_is_sent(still: Running, asks: Session) -> None:
    def post(subject: str) -> httpx.Response:
        body = {"ticket": {"subject": subject, "description": "D"}}
        return asks.post("/tickets", json=body, headers={"Idempotency-Key": "k-1"})

    first, again = post("One"), post("One")
    assert (first.headers["x-idempotency-lookup"], again.headers["x-idempotency-lookup"]) == ("miss", "hit")
    assert first.json()["ticket"]["id"] == again.json()["ticket"]["id"]
    assert told(post("Other")) == (400, "IdempotentRequestError")
    still.advance(3 * 3600)
    assert post("Other").status_code == 201


def test_users_and_organizations_are_told_apart_without_case(still: Running, asks: Session) -> None:
    user = next(each for each in still.dump("users") if each["email"])
    answer = asks.post("/users", json={"user": {"name": "Twin", "email": user["email"].upper()}})
    assert told(answer) == (422, "RecordInvalid")
    found = asks.post("/users/create_or_update", json={"user": {"name": "Same", "email": user["email"].upper()}})
    assert (found.status_code, found.json()["user"]["id"]) == (200, user["id"])


# -- jobs --------------------------------------------------------------------------------------------------------------


def test_a_job_tells_each_row_by_its_place(asks: Session) -> None:
    rows = [{"subject": "a", "description": "a"}, {"subject": "b"}, {"subject": "c", "comment": {"body": "c"}}]
    job = asks.job("POST", "/tickets/create_many", tickets=rows)
    assert (job["status"], [each["index"] for each in job["results"]]) == ("completed", [0, 1, 2])
    assert [each["success"] for each in job["results"]] == [True, False, True]
    assert job["results"][1]["details"] == "Description: cannot be blank"


def test_results_of_changes_may_name_the_record_alone(served: Serve) -> None:
    with Session(served(job_results="bare", all_failed="failed")) as session:
        ids = [session.ticket()["id"] for _ in range(2)]
        rows = [{"id": ids[0], "priority": "low"}, {"id": 99, "priority": "x"}, {"id": ids[1], "priority": "x"}]
        job = session.job("PUT", "/tickets/update_many", tickets=rows)
        assert [sorted(each) for each in job["results"]] == [
            ["action", "id", "status", "success"],
            ["details", "error", "index"],
            ["details", "error", "index"],
        ]
        job = session.job("PUT", "/tickets/update_many", tickets=rows[2:])
        assert job["status"] == "failed"


def test_a_batch_holds_a_hundred_and_an_account_thirty_jobs(served: Serve) -> None:
    running = served()
    running.configure(job_seconds=3600)
    with Session(running) as session:
        rows = [{"name": f"Org {n}"} for n in range(101)]
        answer = session.post("/organizations/create_many", json={"organizations": rows})
        assert told(answer) == (400, "TooManyValues")
        for n in range(30):
            assert session.post("/organizations/create_many", json={"organizations": [rows[n]]}).status_code == 200
        answer = session.post("/organizations/create_many", json={"organizations": rows[:1]})
        assert told(answer) == (429, "TooManyJobs")
        running.advance(3600)
        assert session.post("/organizations/create_many", json={"organizations": rows[50:51]}).status_code == 200


def test_a_job_is_forgotten_after_a_day(still: Running, asks: Session) -> None:
    job = asks.job("POST", "/organizations/create_many", organizations=[{"name": "Short lived"}])
    still.advance(86401)
    assert told(asks.get(f"/job_statuses/{job['id']}")) == (404, "RecordNotFound")


# -- custom objects ----------------------------------------------------------------------------------------------------


def test_custom_records_are_written_one_by_one_and_by_jobs(still: Running, asks: Session) -> None:
    path = "/custom_objects/device"
    made = asks.post(f"{path}/records", json={"custom_object_record": {"name": "D", "external_id": "X-1"}})
    id = made.json()["custom_object_record"]["id"]
    same = asks.patch(f"{path}/records?external_id=X-1", json={"custom_object_record": {"name": "E"}})
    assert (same.status_code, same.json()["custom_object_record"]["id"]) == (200, id)
    wrong = {"name": "F", "custom_object_fields": {"price": "dear", "colour": "red"}}
    job = asks.job("POST", f"{path}/jobs", job={"action": "create", "items": [wrong, {"name": "G"}]})
    assert [each["success"] for each in job["results"]] == [False, True]
    job = asks.job("POST", f"{path}/jobs", job={"action": "delete", "items": [id, "no such id"]})
    assert [each["success"] for each in job["results"]] == [True, False]
    assert told(asks.get(f"{path}/records/{id}")) == (404, "RecordNotFound")


# -- limits ------------------------------------------------------------------------------------------------------------


def test_each_limit_says_what_is_left_and_how_long_to_wait(served: Serve) -> None:
    running = served()
    running.configure(limit_exports=2)
    with Session(running) as session:
        path = "/incremental/users/cursor?start_time=0&per_page=1"
        first = session.get(path)
        assert first.headers["X-Rate-Limit-Remaining"] == "2499"
        assert first.headers["Zendesk-RateLimit-incremental-exports"].startswith("total=2; remaining=1; resets=")
        session.get(path)
        refused = session.get(path)
        assert told(refused) == (429, "APIRateLimitExceeded")
        assert 0 < int(refused.headers["Retry-After"]) <= 61
        assert session.get("/users/me").status_code == 200, "the account's own limit is another"
        running.advance(61)
        assert session.get(path).status_code == 200


def test_one_ticket_takes_thirty_changes_in_ten_minutes(served: Serve) -> None:
    with Session(served(too_many="text")) as session:
        id = session.ticket()["id"]
        codes = [session.put(f"/tickets/{id}", json={"ticket": {"tags": [str(n)]}}).status_code for n in range(31)]
        assert codes == [200] * 30 + [429]
        other = session.ticket()["id"]
        assert session.put(f"/tickets/{other}", json={"ticket": {"tags": []}}).status_code == 200
        refused = session.put(f"/tickets/{id}", json={"ticket": {"tags": []}})
        assert refused.text.startswith("Number of allowed API requests per minute exceeded")


@pytest.mark.parametrize(
    ("path", "given", "wrong"),
    [
        ("user_fields", {"key": "fit", "type": "integer"}, "title"),
        ("user_fields", {"key": "12", "type": "integer", "title": "Fit"}, "key"),
        ("user_fields", {"key": "vip", "type": "checkbox", "title": "VIP"}, "key"),
        ("organization_fields", {"key": "grade", "type": "dropdown", "title": "Grade"}, "custom_field_options"),
        ("organization_fields", {"key": "grade", "type": "tagger", "title": "Grade"}, "type"),
        ("ticket_fields", {"key": "fit", "type": "integer", "title": "Fit"}, "key"),
        ("custom_objects/device/fields", {"key": "fit", "type": "double", "title": "Fit"}, "type"),
    ],
)
def test_a_field_that_cannot_be_made_is_refused(served: Serve, path: str, given: dict[str, Any], wrong: str) -> None:
    wrapper = "custom_object_field" if path.startswith("custom_objects") else path.removesuffix("s")
    with Session(served()) as asks:
        assert asks.post(f"/{path}", json={"field": given}).status_code == 400
        answer = asks.post(f"/{path}", json={wrapper: given})
        assert (answer.status_code, next(iter(answer.json()["details"]))) == (422, wrong)


def test_a_field_of_a_custom_object_is_known_by_the_key_that_was_asked_for(served: Serve) -> None:
    given = {"key": "fit", "type": "decimal", "title": "Fit"}
    with Session(served()) as asks:
        made = asks.post("/custom_objects/device/fields", json={"custom_object_field": given})
        assert (made.status_code, made.json()["custom_object_field"]["key"]) == (201, "fit")
        told = asks.get("/custom_objects/device/fields").json()["custom_object_fields"]
        assert "fit" in [each["key"] for each in told]
