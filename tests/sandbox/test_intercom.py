"""How strict the simulator of Intercom is, and what its variants change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest

from backhaul.sandbox.intercom.vendor import Intercom
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World

Serve = Callable[..., Running]
NEW_YORK = ZoneInfo("America/New_York")


class Session(httpx.Client):
    def __init__(self, running: Running, **headers: str) -> None:
        given = {
            "Authorization": f"Bearer {running.credentials['token']}",
            "Intercom-Version": "2.16",
            "Accept": "application/json",
        }
        super().__init__(base_url=running.base_url, headers=given | headers, trust_env=False)

    def search(self, name: str, query: Any, **more: Any) -> httpx.Response:
        return self.post(f"/{name}/search", json={"query": query, **more})


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def served(world: World) -> Iterator[Serve]:
    running: list[Running] = []

    def start(**variants: str) -> Running:
        running.append(serve(Intercom(world, variants=variants)))
        running[-1].configure(limit_window=None)
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture(scope="module")
def still(world: World) -> Iterator[Running]:
    """One that no test changes for another."""
    with serve(Intercom(world)) as running:
        running.configure(limit_window=None)
        yield running


@pytest.fixture(scope="module")
def asks(still: Running) -> Iterator[Session]:
    with Session(still) as session:
        yield session


def said(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["type"] == "error.list"
    assert len(body["request_id"]) == 36
    (error,) = body["errors"]
    assert error["message"]
    return answer.status_code, error["code"]


def filter_(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def test_whoever_has_no_token_or_asks_for_no_json_is_not_let_in(still: Running) -> None:
    with Session(still, Authorization="Bearer wrong") as session:
        assert said(session.get("/me")) == (401, "unauthorized")
    with Session(still, Accept="application/xml") as session:
        assert said(session.get("/me")) == (406, "media_type_not_acceptable")


def test_the_version_decides_what_there_is(still: Running) -> None:
    with Session(still, **{"Intercom-Version": "2.11"}) as session:
        for path in ("/conversations/deleted", "/conversations/attributes", "/custom_object_instances/Subscription"):
            assert said(session.get(path)) == (400, "intercom_version_invalid")
    with Session(still, **{"Intercom-Version": "9.9"}) as session:
        assert said(session.get("/me")) == (400, "intercom_version_invalid")
    with httpx.Client(base_url=still.base_url, trust_env=False) as bare:
        held = {"Authorization": f"Bearer {still.credentials['token']}"}
        assert said(bare.get("/conversations/deleted", headers=held)) == (400, "intercom_version_invalid")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/contacts?limit=5", "bad_request"),
        ("/contacts?per_page=61", "parameter_invalid"),
        ("/contacts?per_page=0", "parameter_invalid"),
        ("/contacts?starting_after=nonsense", "parameter_invalid"),
        ("/contacts?include_merge_history=perhaps", "parameter_invalid"),
        ("/conversations?per_page=151", "parameter_invalid"),
        ("/conversations/deleted?per_page=61", "parameter_invalid"),
        ("/conversations/deleted?order=newest", "parameter_invalid"),
        ("/articles?page=first", "parameter_invalid"),
        ("/data_attributes?model=ticket", "parameter_invalid"),
        ("/tags?page=1", "bad_request"),
    ],
)
def test_what_a_list_does_not_take_is_refused(path: str, code: str, asks: Session) -> None:
    assert said(asks.get(path)) == (400, code)


def test_a_cursor_is_good_for_the_query_that_it_was_given_for(asks: Session) -> None:
    query = filter_("role", "=", "user")
    page = {"per_page": 10}
    cursor = asks.search("contacts", query, pagination=page).json()["pages"]["next"]["starting_after"]
    assert asks.search("contacts", query, pagination={**page, "starting_after": cursor}).status_code == 200
    other = filter_("role", "=", "lead")
    answer = asks.search("contacts", other, pagination={**page, "starting_after": cursor})
    assert said(answer) == (400, "parameter_invalid")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("role = user", "bad_request"),
        ({"field": "role", "operator": "="}, "bad_request"),
        (filter_("shoe_size", "=", 40), "parameter_invalid"),
        (filter_("name", ">", "A"), "parameter_invalid"),
        (filter_("updated_at", ">=", 1700000000), "parameter_invalid"),
        (filter_("updated_at", "!=", 1700000000), "parameter_invalid"),
        (filter_("updated_at", ">", "yesterday"), "parameter_invalid"),
        (filter_("role", "IN", "user"), "parameter_invalid"),
        ({"operator": "AND", "value": []}, "bad_request"),
        ({"operator": "AND", "value": [filter_("role", "=", "user")] * 16}, "bad_request"),
        ({"operator": "AND", "value": [{"operator": "OR", "value": [
            {"operator": "AND", "value": [filter_("role", "=", "user")]}]}]}, "bad_request"),
    ],
)  # fmt: skip
def test_a_search_that_is_none_is_refused(query: Any, code: str, asks: Session) -> None:
    assert said(asks.search("contacts", query)) == (400, code)


def test_only_contacts_are_sorted_and_in_whole_words(asks: Session) -> None:
    sort = {"field": "updated_at", "order": "desc"}
    query = filter_("created_at", ">", 0)
    assert said(asks.search("contacts", query, sort=sort)) == (400, "invalid_sort_order")
    assert said(asks.search("tickets", query, sort=sort)) == (400, "bad_request")


def test_dates_of_contacts_are_days_of_the_workspaces_zone(served: Serve) -> None:
    running = served()
    moment = datetime(2026, 12, 3, 15, 30, tzinfo=NEW_YORK)
    running.advance((moment - datetime.now(UTC)).total_seconds())
    id = running.dump("contacts")[0]["id"]
    running.mutate("update", "contacts", id, {"name": "Changed"})

    def found(operator: str, at: datetime) -> bool:
        with Session(running) as session:
            answer = session.search("contacts", filter_("updated_at", operator, int(at.timestamp())))
        return id in [each["id"] for each in answer.json()["data"]]

    midnight = moment.replace(hour=0, minute=0)
    assert not found(">", moment - timedelta(hours=1)), "the rest of that day is not after it"
    assert not found(">", midnight)
    assert found(">", midnight - timedelta(seconds=1))
    assert found("=", moment - timedelta(hours=14))
    assert not found("<", moment + timedelta(hours=8))
    assert found("<", midnight + timedelta(days=1))


@pytest.mark.parametrize(("variant", "later"), [("seconds", True), ("days", False)])
def test_dates_of_conversations_are_seconds_unless_they_are_days(variant: str, later: bool, served: Serve) -> None:
    running = served(conversation_dates=variant)
    moment = datetime(2026, 12, 3, 15, 30, tzinfo=NEW_YORK)
    running.advance((moment - datetime.now(UTC)).total_seconds())
    running.mutate("update", "conversations", "480", {"title": "Changed"})
    with Session(running) as session:
        answer = session.search("conversations", filter_("updated_at", ">", int(moment.timestamp()) - 60))
    assert ([each["id"] for each in answer.json()["conversations"]] == ["480"]) == later


def test_a_contact_that_was_just_made_is_found_some_minutes_later(served: Serve) -> None:
    running = served()
    running.configure(index_lag=180)
    with Session(running) as session:
        made = session.post("/contacts", json={"email": "new@x.example"}).json()["id"]
        query = filter_("email", "=", "new@x.example")
        assert session.search("contacts", query).json()["data"] == []
        assert session.get(f"/contacts/{made}").status_code == 200
        running.advance(181)
        assert [each["id"] for each in session.search("contacts", query).json()["data"]] == [made]


def test_filters_nest_and_look_into_custom_attributes(asks: Session, still: Running) -> None:
    query = {
        "operator": "AND",
        "value": [
            {"operator": "OR", "value": [filter_("custom_attributes.vip", "=", True), filter_("name", "^", "A")]},
            {"operator": "OR", "value": [filter_("role", "IN", ["user"])]},
        ],
    }
    found = [each["id"] for each in asks.search("contacts", query, pagination={"per_page": 60}).json()["data"]]
    there = still.dump("contacts")
    wanted = {c["id"] for c in there if c["role"] == "user" and (c["cf_vip"] is True or str(c["name"]).startswith("A"))}
    assert set(found) == wanted


def test_an_app_has_one_scroll_which_moves_on_and_ends_after_a_minute(served: Serve) -> None:
    running = served()
    with Session(running) as session:
        first = session.get("/companies/scroll").json()
        assert said(session.get("/companies/scroll")) == (400, "scroll_exists")
        place = {"scroll_param": first["scroll_param"]}
        second = session.get("/companies/scroll", params=place).json()
        assert {each["id"] for each in first["data"]} & {each["id"] for each in second["data"]} == set()
        assert len(first["data"]) + len(second["data"]) == len(running.dump("companies"))
        assert session.get("/companies/scroll", params=place).json()["data"] == []
        assert said(session.get("/companies/scroll", params=place)) == (404, "not_found"), "it ended with that page"
        again = session.get("/companies/scroll").json()
        running.advance(61)
        late = session.get("/companies/scroll", params={"scroll_param": again["scroll_param"]})
        assert said(late) == (404, "not_found")
        assert session.get("/companies/scroll").status_code == 200


@pytest.mark.parametrize(("variant", "shown"), [("hidden", False), ("shown", True)])
def test_companies_without_people_are_in_no_list_and_are_there_all_the_same(
    variant: str, shown: bool, served: Serve
) -> None:
    running = served(companies_without_users=variant)
    with Session(running) as session:
        made = session.post("/companies", json={"company_id": "lonely", "name": "Lonely"}).json()
        listed = [each["id"] for each in session.post("/companies/list?per_page=60&page=3").json()["data"]]
        listed += [each["id"] for each in session.post("/companies/list?per_page=60&page=1").json()["data"]]
        assert session.get(f"/companies/{made['id']}").json()["name"] == "Lonely"
        assert session.get("/companies", params={"company_id": "lonely"}).json()["id"] == made["id"]
        assert (made["id"] in listed) == shown
        contact = running.dump("contacts")[0]["id"]
        assert session.post(f"/contacts/{contact}/companies", json={"id": made["id"]}).status_code == 200
        assert session.get(f"/companies/{made['id']}").json()["user_count"] == 1


def test_a_contact_shows_ten_of_its_companies_and_where_the_others_are(asks: Session, still: Running) -> None:
    contact = next(each for each in still.dump("contacts") if each["companies_count"] > 10)
    held = asks.get(f"/contacts/{contact['id']}").json()["companies"]
    assert (len(held["data"]), held["has_more"]) == (10, True)
    all_ = asks.get(held["url"]).json()
    assert len(all_["data"]) == held["total_count"] == contact["companies_count"]


def test_contacts_are_made_once_whatever_became_of_the_other(served: Serve) -> None:
    running = served()
    with Session(running) as session:
        made = session.post("/contacts", json={"email": "new@x.example", "custom_attributes": {"seats": 3}}).json()
        assert (made["role"], made["custom_attributes"]) == ("user", {"seats": 3})
        again = session.post("/contacts", json={"email": "New@x.example"})
        assert said(again) == (409, "conflict")
        assert again.json()["errors"][0]["message"].endswith(
            f"A contact matching those details already exists with id={made['id']}"
        )
        assert session.post(f"/contacts/{made['id']}/archive").json()["archived"] is True
        assert said(session.get(f"/contacts/{made['id']}")) == (404, "not_found")
        again = session.post("/contacts", json={"email": "new@x.example"})
        assert again.json()["errors"][0]["message"].startswith("An archived contact")
        assert session.post(f"/contacts/{made['id']}/unarchive").json()["archived"] is False
        assert session.delete(f"/contacts/{made['id']}").json()["deleted"] is True
        assert session.post("/contacts", json={"email": "new@x.example"}).status_code == 200, "its details are free"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"role": "user", "name": "Nobody"}, "parameter_not_found"),
        ({"email": "no address"}, "parameter_invalid"),
        ({"role": "visitor", "email": "a@x.example"}, "parameter_invalid"),
        ({"email": "a@x.example", "signed_up_at": "yesterday"}, "parameter_invalid"),
        ({"email": "a@x.example", "shoe_size": 40}, "bad_request"),
        ({"email": "a@x.example", "custom_attributes": {"nowhere": 1}}, "parameter_invalid"),
        ({"email": "a@x.example", "custom_attributes": {"seats": "many"}}, "parameter_invalid"),
        ({"email": "a@x.example", "custom_attributes": {"language": "tlh"}}, "parameter_invalid"),
        ({"email": "a@x.example", "custom_attributes": {"old_plan": "x"}}, "parameter_invalid"),
        ({"email": "a@x.example", "custom_attributes": {"computed_risk": 0.5}}, "parameter_invalid"),
    ],
)
def test_a_contact_that_does_not_fit_is_refused(body: dict[str, Any], code: str, asks: Session) -> None:
    assert said(asks.post("/contacts", json=body)) == (400, code)


def test_a_body_is_json_and_says_so(asks: Session) -> None:
    assert said(asks.post("/contacts", data={"email": "a@x.example"})) == (415, "media_type_not_supported")
    sent = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    assert said(asks.post("/contacts", **sent)) == (400, "bad_request")  # type: ignore[arg-type]


@pytest.mark.parametrize(("variant", "told"), [("410", (410, "contact_merged")), ("404", (404, "not_found"))])
def test_a_lead_is_merged_into_a_user_who_tells_of_it(variant: str, told: tuple[int, str], served: Serve) -> None:
    running = served(merged_contact=variant)
    there = running.dump("contacts")
    lead = next(each["id"] for each in there if each["role"] == "lead")
    user = next(each["id"] for each in there if each["role"] == "user")
    with Session(running) as session:
        both = {"from": lead, "into": user}
        assert said(session.post("/contacts/merge", json={"from": user, "into": lead})) == (400, "invalid_merge")
        assert said(session.post("/contacts/merge", json=both)) == (400, "invalid_merge"), "they share nothing"
        assert session.post("/contacts/merge", json={**both, "skip_duplicate_validation": True}).status_code == 200
        gone = session.get(f"/contacts/{lead}")
        assert said(gone) == told
        assert ("link" in gone.headers) == (variant == "410")
        assert "merge_history" not in session.get(f"/contacts/{user}").json()
        history = session.get(f"/contacts/{user}", params={"include_merge_history": "true"}).json()["merge_history"]
        assert [each["source_contact_id"] for each in history] == [lead]
        listed = session.get(f"/contacts/{user}/merge_history").json()["data"]
        assert listed[0]["source_contact_role"] == "lead"


def test_a_company_is_known_by_our_id_which_never_changes(served: Serve) -> None:
    running = served()
    with Session(running) as session:
        assert said(session.post("/companies", json={"name": "No id"})) == (400, "parameter_not_found")
        made = session.post("/companies", json={"company_id": "X-1", "name": "X"}).json()
        again = session.post("/companies", json={"company_id": "X-1", "size": 4}).json()
        assert (again["id"], again["name"], again["size"]) == (made["id"], "X", 4)
        put = session.put(f"/companies/{made['id']}", json={"company_id": "X-2"})
        assert said(put) == (400, "bad_request")
        assert said(session.put("/companies/none", json={"name": "Y"})) == (404, "company_not_found")
        assert session.delete(f"/companies/{made['id']}").json()["deleted"] is True
        assert said(session.get(f"/companies/{made['id']}")) == (404, "company_not_found")


def test_tickets_are_of_a_type_which_says_what_they_hold(served: Serve) -> None:
    running = served()
    contact = running.dump("contacts")[0]["id"]
    good = {"ticket_type_id": "82", "contacts": [{"id": contact}], "ticket_attributes": {"_default_title_": "Broken"}}
    with Session(running) as session:
        made = session.post("/tickets", json=good).json()
        assert (made["ticket_state"]["category"], made["open"]) == ("submitted", True)
        assert said(session.post("/tickets", json={**good, "ticket_type_id": "9"})) == (404, "ticket_type_not_found")
        assert said(session.post("/tickets", json={**good, "contacts": []})) == (400, "parameter_invalid")
        wrong = {**good, "ticket_attributes": {"severity": "low"}}
        assert said(session.post("/tickets", json=wrong)) == (400, "parameter_invalid"), "of the other type"
        path = f"/tickets/{made['id']}"
        assert said(session.put(path, json={"ticket_state_id": "1"})) == (400, "ticket_state_id_invalid")
        assert said(session.put(path, json={"assignee_id": "1"})) == (404, "assignee_not_found")
        done = session.put(path, json={"ticket_state_id": "8304", "assignee_id": "5017001"}).json()
        assert (done["open"], done["team_assignee_id"], done["previous_ticket_state_id"]) == (False, 5017001, "8301")
        reply = {"message_type": "comment", "type": "user", "intercom_user_id": contact, "body": "Hi"}
        assert said(session.post(f"{path}/reply", json=reply)) == (400, "parameter_mismatch")
        assert session.delete(path).json()["deleted"] is True
        assert said(session.get(path)) == (404, "ticket_not_found")


def test_parts_of_a_conversation_stand_with_it_alone_and_move_its_time(served: Serve) -> None:
    running = served()
    with Session(running) as session:
        listed = session.get("/conversations").json()["conversations"][0]
        assert "conversation_parts" not in listed
        path = f"/conversations/{listed['id']}"
        before = session.get(path).json()
        note = {"message_type": "note", "type": "admin", "admin_id": "991267001", "body": "Hush"}
        after = session.post(f"{path}/reply", json=note).json()
        assert after["updated_at"] > before["updated_at"]
        last = after["conversation_parts"]["conversation_parts"][-1]
        assert (last["part_type"], last["body"], last["author"]["type"]) == ("note", "<p>Hush</p>", "admin")
        closed = session.post(f"{path}/parts", json={"message_type": "close", "type": "admin", "admin_id": "991267001"})
        assert (closed.json()["state"], closed.json()["open"]) == ("closed", False)
        assert said(session.post(f"{path}/reply", json={**note, "admin_id": "1"})) == (404, "admin_not_found")
        assert said(session.post(f"{path}/reply", json={**note, "body": ""})) == (400, "parameter_not_found")
        assert session.delete(path).json()["deleted"] is True
        told = session.get("/conversations/deleted").json()
        assert [each["id"] for each in told["conversations"]] == [listed["id"]]


def test_numbered_pages_tell_the_next_ones_address(asks: Session) -> None:
    first = asks.get("/custom_object_instances/Subscription?per_page=15").json()
    assert (first["pages"]["total_pages"], first["total_count"]) == (3, 40)
    assert parse_qs(urlsplit(first["pages"]["next"]).query)["page"] == ["2"]
    last = asks.get("/custom_object_instances/Subscription?per_page=15&page=3").json()
    assert (len(last["data"]), last["pages"]["next"]) == (10, None)
    assert said(asks.get("/custom_object_instances/Order")) == (404, "not_found")


def test_attributes_are_made_under_a_name_that_nobody_has(served: Serve) -> None:
    with Session(served()) as session:
        good = {"name": "Tier", "model": "contact", "data_type": "string"}
        assert session.post("/data_attributes", json=good).json()["full_name"] == "custom_attributes.Tier"
        others = ({"model": "company"}, {"name": "!nv@l!d"}, {"name": "A", "model": "ticket"},
                  {"name": "B", "data_type": "mithril"}, {"name": "C", "data_type": "options"})  # fmt: skip
        for bad in (good, *({**good, **other} for other in others)):
            assert said(session.post("/data_attributes", json=bad)) == (400, "parameter_invalid")
        assert session.get("/data_attributes?model=conversation").status_code == 422


@pytest.mark.parametrize("code", ["rate_limit_exceeded", "too_many_requests"])
def test_the_window_of_ten_seconds_is_told_and_kept(code: str, served: Serve) -> None:
    running = served(too_many=code)
    running.configure(limit_window=3)
    with Session(running) as session:
        told = [session.get("/me") for _ in range(4)]
        assert [each.headers["x-ratelimit-remaining"] for each in told] == ["2", "1", "0", "0"]
        assert (told[0].headers["x-ratelimit-limit"], said(told[3])) == ("3", (429, code))
        running.advance(11)
        assert session.get("/me").status_code == 200


def test_what_nobody_knows_is_passed_over_where_that_is_so(served: Serve) -> None:
    with Session(served(unknown_parameters="ignored", largest_pages="150")) as session:
        assert session.get("/contacts?limit=5&per_page=150").status_code == 200


def test_seeded_twice_it_is_the_same(world: World) -> None:
    one, two = Intercom(world), Intercom(World.load())
    assert all(one.dump(name) == two.dump(name) for name in one.tables)
