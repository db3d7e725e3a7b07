"""How strict the simulator of ServiceNow is, and what its variants change."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.servicenow.vendor import ServiceNow
from backhaul.sandbox.world import World

Serve = Callable[..., Running]


class Session(httpx.Client):
    def __init__(self, running: Running) -> None:
        secrets = running.credentials["user"], running.credentials["password"]
        super().__init__(base_url=f"{running.base_url}/api/now", auth=secrets, trust_env=False)

    def rows(self, table: str, query: str = "", **params: str) -> list[dict[str, Any]]:
        answer = self.get(f"/table/{table}", params={"sysparm_query": query, **params})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["result"]
        return found


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def served(world: World) -> Iterator[Serve]:
    running: list[Running] = []

    def start(**variants: str) -> Running:
        running.append(serve(ServiceNow(world, variants=variants)))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture(scope="module")
def asks(world: World) -> Iterator[Session]:
    with serve(ServiceNow(world)) as running, Session(running) as session:
        yield session


def said(answer: httpx.Response) -> tuple[int, str]:
    told = answer.json()
    assert told["status"] == "failure"
    return answer.status_code, told["error"]["message"]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("state=1^ORstate=6", {"1", "6"}),
        ("stateIN1,6", {"1", "6"}),
        ("state=1^NQstate=6", {"1", "6"}),
        ("state>6", {"7", "8"}),
        ("stateNOT IN1,2,3,6,7", {"8"}),
        ("stateBETWEEN2@3", {"2", "3"}),
        ("state!=1^state<3", {"2"}),
        ("caller_id.emailISEMPTY", set()),
        ("nothing=1", set()),
    ],
)
def test_encoded_queries(query: str, rows: set[str], asks: Session) -> None:
    assert {each["state"] for each in asks.rows("incident", query, sysparm_fields="state")} == rows


def test_pages_tell_where_the_next_is_and_how_many_there_are(asks: Session) -> None:
    answer = asks.get("/table/incident", params={"sysparm_query": "ORDERBYsys_id", "sysparm_limit": "100"})
    assert answer.headers["x-total-count"] == "180"
    assert set(answer.links) == {"first", "next", "last"}
    rest = asks.get(answer.links["next"]["url"])
    assert len(answer.json()["result"]) + len(rest.json()["result"]) == 180
    assert set(rest.links) == {"first", "prev", "last"}
    assert "link" not in asks.get("/table/incident").headers, "one page needs none"
    quiet = asks.get("/table/incident", params={"sysparm_no_count": "true", "sysparm_limit": "10"})
    assert not {"link", "x-total-count"} & set(quiet.headers)


def test_hidden_rows_go_from_a_page_last_and_are_counted(served: Serve) -> None:
    running = served()
    with Session(running) as asks:
        keys = [each["sys_id"] for each in asks.rows("incident", "ORDERBYsys_id")]
        running.configure(hidden=keys[:20], hidden_columns=["incident.severity"])
        answer = asks.get("/table/incident", params={"sysparm_query": "ORDERBYsys_id", "sysparm_limit": "20"})
        assert answer.json()["result"] == []
        assert (answer.headers["x-total-count"], "next" in answer.links) == ("180", True)
        assert "severity" not in asks.rows("incident", sysparm_limit="21", sysparm_offset="20")[0]
        assert said(asks.get(f"/table/incident/{keys[0]}")) == (404, "No Record found")


def test_values_are_texts_and_references_have_links_unless_they_are_not_wanted(asks: Session) -> None:
    (raw,) = asks.rows("incident", "number=INC0010002", sysparm_fields="caller_id,active,state,closed_at,reopen_count")
    assert set(raw["caller_id"]) == {"link", "value"}
    assert {type(each) for name, each in raw.items() if name != "caller_id"} == {str}
    (bare,) = asks.rows("incident", "number=INC0010002", sysparm_exclude_reference_link="true")
    assert bare["caller_id"] == raw["caller_id"]["value"]
    (both,) = asks.rows("incident", "number=INC0010002", sysparm_display_value="all", sysparm_fields="state,caller_id")
    assert both["state"]["value"] == bare["state"]
    assert both["caller_id"]["display_value"]
    assert bare["comments"] == "", "a journal is read elsewhere"


def test_a_parent_has_the_rows_of_all_that_extend_it_with_its_own_columns(asks: Session) -> None:
    tasks = asks.rows("task", sysparm_fields="sys_id,sys_class_name,number,caller_id")
    assert {each["sys_class_name"] for each in tasks} >= {"task", "incident", "problem", "change_request"}
    assert not any("caller_id" in each for each in tasks)
    people = asks.rows("sys_user", sysparm_fields="sys_class_name")
    assert {each["sys_class_name"] for each in people} == {"sys_user", "customer_contact"}


@pytest.mark.parametrize(
    ("path", "params", "refusal"),
    [
        ("/table/nothing", {}, (400, "Invalid table nothing")),
        ("/table/incident", {"sysparm_limt": "1"}, (400, "Invalid parameter")),
        ("/table/incident", {"sysparm_limit": "ten"}, (400, "Invalid parameter")),
        ("/table/incident", {"sysparm_display_value": "both"}, (400, "Invalid parameter")),
        ("/table/incident/0", {}, (404, "No Record found")),
        ("/elsewhere", {}, (400, "Requested URI does not represent any resource")),
    ],
)
def test_what_is_refused(path: str, params: dict[str, str], refusal: tuple[int, str], asks: Session) -> None:
    assert said(asks.get(path, params=params)) == refusal


def test_nobody_comes_in_without_credentials(served: Serve) -> None:
    running = served()
    bare = httpx.get(f"{running.base_url}/api/now/table/incident", trust_env=False)
    assert said(bare) == (401, "User Not Authenticated")
    assert "www-authenticate" in bare.headers
    key = {"x-sn-apikey": running.credentials["key"]}
    assert httpx.get(f"{running.base_url}/api/now/table/u_reading", headers=key, trust_env=False).status_code == 200
    app = {name: running.credentials[name] for name in ("client_id", "client_secret")}
    url = f"{running.base_url}/oauth_token.do"
    twice = [httpx.post(url, data={"grant_type": "client_credentials", **app}, trust_env=False).json() for _ in "ab"]
    assert twice[0]["access_token"] == twice[1]["access_token"], "while it lives the same is given again"
    refused = httpx.post(url, data={"grant_type": "implicit", **app}, trust_env=False)
    assert (refused.status_code, refused.json()["error"]) == (401, "unsupported_grant_type")


def test_writes_drop_what_does_not_fit_and_nothing_moves_where_nothing_changes(served: Serve) -> None:
    with Session(served()) as asks:
        given = {"short_description": "New", "nothing": "x", "number": "MINE", "priority": "many", "active": True}
        answer = asks.post("/table/incident", json=given)
        made = answer.json()["result"]
        assert answer.status_code == 201
        assert answer.headers["location"].endswith(made["sys_id"])
        assert (made["priority"], made["active"], "nothing" in made, made["number"][:3]) == ("", "true", False, "INC")
        same = asks.patch(f"/table/incident/{made['sys_id']}", json={"short_description": "New"}).json()["result"]
        assert (same["sys_mod_count"], same["sys_updated_on"]) == ("0", made["sys_updated_on"])
        assert said(asks.post("/table/incident", content=b"{", headers={"Content-Type": "application/json"}))[0] == 400
        assert said(asks.post("/table/incident", content=b"a=1"))[0] == 415
        assert said(asks.post("/table/u_subscription", json={"u_code": "X"})) == (403, "Operation Failed")
        assert said(asks.post("/table/sys_audit_delete", json={}))[0] == 403
        assert asks.delete(f"/table/incident/{made['sys_id']}").status_code == 204
        (gone,) = asks.rows("sys_audit_delete", f"documentkey={made['sys_id']}")
        assert gone["tablename"] == "incident"


def test_a_comment_becomes_an_entry_of_the_journal_and_touches_its_record(served: Serve) -> None:
    with Session(served()) as asks:
        key = asks.rows("incident", sysparm_limit="1")[0]["sys_id"]
        told = asks.patch(f"/table/task/{key}", json={"comments": "Hello"}).json()["result"]
        assert told["comments"] == ""
        (entry,) = asks.rows("sys_journal_field", f"element_id={key}^value=Hello")
        assert (entry["name"], entry["element"], "sys_updated_on" in entry) == ("incident", "comments", False)


def test_each_request_of_a_batch_has_its_own_answer(served: Serve) -> None:
    running = served()

    def part(id: str, method: str, url: str, body: Any = None, kind: str = "application/json") -> dict[str, Any]:
        packed = base64.b64encode(json.dumps(body).encode()).decode() if body is not None else ""
        return {
            "id": id,
            "method": method,
            "url": url,
            "body": packed,
            "headers": [{"name": "Content-Type", "value": kind}],
        }

    with Session(running) as asks:
        parts = [
            part("a", "POST", "/api/now/table/incident", {"short_description": "In a batch"}),
            part("b", "PATCH", "/api/now/table/incident/0", {"state": "2"}),
            part("c", "POST", "/api/now/table/incident", {}, "text/plain"),
            part("d", "GET", "https://elsewhere.example/"),
            part("e", "DELETE", "/api/now/v2/table/incident/0"),
        ]
        answer = asks.post("/batch", json={"batch_request_id": "1", "rest_requests": parts}).json()
        assert answer["batch_request_id"] == "1"
        assert {each["id"]: each["status_code"] for each in answer["serviced_requests"]} == {
            "a": 201, "b": 404, "c": 415, "d": 400, "e": 404,
        }  # fmt: skip
        body = json.loads(base64.b64decode(answer["serviced_requests"][0]["body"]))
        assert body["result"]["short_description"] == "In a batch"
        running.configure(batch_serves=1)
        answer = asks.post("/batch", json={"batch_request_id": "2", "rest_requests": parts[1:]}).json()
        assert answer["unserviced_requests"] == ["c", "d", "e"]
        assert said(asks.post("/batch", json={"rest_requests": parts}))[0] == 400
        twins = {"batch_request_id": "3", "rest_requests": [parts[1], parts[1]]}
        assert said(asks.post("/batch", json=twins))[0] == 400


def test_a_rule_by_the_hour_is_told_by_headers_and_kept(served: Serve) -> None:
    running = served()
    with Session(running) as asks:
        assert "x-ratelimit-limit" not in asks.get("/stats/incident", params={"sysparm_count": "true"}).headers
        running.configure(limit_hour=3)
        told = [asks.get("/table/u_reading", params={"sysparm_limit": "1"}) for _ in range(3)]
        assert [each.status_code for each in told] == [200, 200, 429]
        assert told[0].headers["x-ratelimit-limit"] == "3"
        assert said(told[2]) == (429, "Rate limit exceeded")
        assert 3500 < int(told[2].headers["retry-after"]) <= 3601


def test_moments_in_a_query_are_of_the_users_zone_and_answers_are_in_utc(served: Serve) -> None:
    running = served(user_time_zone="America/Los_Angeles")
    with Session(running) as asks:
        (me,) = asks.rows("sys_user", "sys_id=javascript:gs.getUserID()")
        assert me["time_zone"] == "America/Los_Angeles"
        stamp = asks.rows("incident", "number=INC0010001")[0]["opened_at"]
        assert asks.rows("incident", f"opened_at={stamp}") == []


@pytest.mark.parametrize(("variant", "rows"), [("no rows", 0), ("ignored", 30)])
def test_a_condition_that_names_no_column(variant: str, rows: int, served: Serve) -> None:
    with Session(served(invalid_query=variant)) as asks:
        assert len(asks.rows("u_reading", "nothing=1")) == rows
