"""The simulator as Intercom's own python-intercom sees it: a client that others wrote, of which only the address and
the version that it asks for are changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from intercom import (
    CreateOrUpdateCompanyRequest,
    CreateTicketRequestContactsItemId,
    MultipleFilterSearchRequest,
    SingleFilterSearchRequest,
    StartingAfterPaging,
)
from intercom import Intercom as Client
from intercom.core.api_error import ApiError
from intercom.errors import NotFoundError, UnauthorizedError

from backhaul.sandbox.intercom.vendor import Intercom
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World

ONCE: Any = {"max_retries": 0}


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with serve(Intercom(World.load(), variants={"companies_of_a_contact": "companies"})) as running:
        running.configure(limit_window=None)
        yield running


def client_of(served: Running, token: str | None = None) -> Client:
    return Client(
        token=token or served.credentials["token"],
        base_url=served.base_url,
        headers={"Intercom-Version": "2.16"},
        httpx_client=httpx.Client(trust_env=False),
    )


@pytest.fixture
def client(served: Running) -> Client:
    return client_of(served)


def code_of(error: ApiError) -> str:
    body = error.body
    return str(body["errors"][0]["code"] if isinstance(body, dict) else body.errors[0].code)


def test_a_good_token_is_let_in_and_a_wrong_one_is_told_so(served: Running, client: Client) -> None:
    me = client.admins.identify()
    assert me is not None
    assert me.app is not None
    assert (me.id, me.app.id_code, me.app.timezone) == ("991267001", "ax7q2k9d", "America/New_York")
    with pytest.raises(UnauthorizedError) as caught:
        client_of(served, "wrong").tags.list()
    assert code_of(caught.value) == "unauthorized"


def test_an_app_gets_a_token_by_consent(served: Running) -> None:
    secrets, callback = served.credentials, "http://localhost:8712/callback"
    asked = {"client_id": secrets["client_id"], "state": "s", "redirect_uri": callback}
    sent_on = httpx.get(f"{served.base_url}/oauth", params=asked, trust_env=False).headers["location"]
    code = httpx.URL(sent_on).params["code"]
    given = {"code": code, "client_id": secrets["client_id"], "redirect_uri": callback}
    url = f"{served.base_url}/auth/eagle/token"
    assert httpx.post(url, json={**given, "client_secret": "wrong"}, trust_env=False).status_code == 401
    told = httpx.post(url, json={**given, "client_secret": secrets["client_secret"]}, trust_env=False).json()
    assert told["token"] == told["access_token"]
    assert client_of(served, told["access_token"]).admins.identify() is not None
    again = httpx.post(url, json={**given, "client_secret": secrets["client_secret"]}, trust_env=False)
    assert again.status_code == 401


def test_pages_by_cursor_follow_each_other_to_the_end(served: Running, client: Client) -> None:
    pages = list(client.contacts.list(per_page=40).iter_pages())
    assert len(pages) > 3
    ids = [contact.id for page in pages for contact in page.items or []]
    assert sorted(ids) == sorted(each["id"] for each in served.dump("contacts"))
    talks = [each.id for each in client.conversations.list(per_page=20)]
    assert sorted(talks) == sorted(each["id"] for each in served.dump("conversations"))


def test_a_search_is_paged_too(served: Running, client: Client) -> None:
    query = MultipleFilterSearchRequest(
        operator="AND",
        value=[
            SingleFilterSearchRequest(field="created_at", operator=">", value="0"),
            SingleFilterSearchRequest(field="open", operator="=", value="true"),
        ],
    )
    found: list[str | None] = []
    after, pages = None, 0
    while pages == 0 or after is not None:  # the client's own pager asks for its first page again
        pager = client.tickets.search(query=query, pagination=StartingAfterPaging(per_page=15, starting_after=after))
        found += [ticket.id for ticket in pager.items or []]
        told = pager.response.pages
        after, pages = told.next.starting_after if told is not None and told.next is not None else None, pages + 1
    assert pages > 3
    assert sorted(str(each) for each in found) == sorted(each["id"] for each in served.dump("tickets") if each["open"])


def test_the_scroll_goes_to_its_empty_page_and_there_is_one(served: Running, client: Client) -> None:
    pager = client.companies.scroll()
    with pytest.raises(ApiError) as caught:
        client.companies.scroll()
    assert code_of(caught.value) == "scroll_exists"
    ids = [company.id for company in pager.items or []]
    while pager.has_next and (pager := pager.next_page() or pager).items:  # it would go on behind the empty page
        ids += [company.id for company in pager.items]
    assert sorted(ids) == sorted(each["id"] for each in served.dump("companies"))


def test_of_records_written_one_by_one_those_at_fault_are_refused(served: Running, client: Client) -> None:
    made = client.contacts.create(request={"email": "py@x.example", "custom_attributes": {"seats": 3}})  # type: ignore[arg-type]
    with pytest.raises(ApiError) as caught:
        client.contacts.create(request={"email": "py@x.example"}, request_options=ONCE)  # type: ignore[arg-type]
    assert (caught.value.status_code, code_of(caught.value)) == (409, "conflict")
    with pytest.raises(ApiError) as caught:
        client.contacts.update(made.id, custom_attributes={"seats": "many"})
    assert (caught.value.status_code, code_of(caught.value)) == (400, "parameter_invalid")
    changed = client.contacts.update(made.id, name="Py", custom_attributes={"vip": True})
    assert (changed.name, changed.custom_attributes) == ("Py", {"seats": 3, "vip": True})
    company = client.companies.create_or_update(request=CreateOrUpdateCompanyRequest(company_id="py-1", name="Py"))
    again = client.companies.create_or_update(request=CreateOrUpdateCompanyRequest(company_id="py-1", name="Py Ltd"))
    assert (company.id, again.name) == (again.id, "Py Ltd")
    client.companies.attach_contact(made.id, company_id=company.id)
    assert [each.id for each in client.contacts.list_attached_companies(made.id)] == [company.id]
    note = client.notes.create(made.id, body="Hello")
    assert note.body == "<p>Hello</p>"
    client.contacts.delete(made.id)
    with pytest.raises(ApiError) as caught:
        client.contacts.find(made.id)
    assert caught.value.status_code == 404


def test_a_conversation_is_answered_and_a_ticket_is_made(served: Running, client: Client) -> None:
    contact = served.dump("contacts")[0]["id"]
    talk: Any = {"message_type": "comment", "type": "admin", "admin_id": "991267001", "body": "We look into it"}
    answered = client.conversations.reply("480", request=talk)
    assert answered.conversation_parts is not None
    assert answered.conversation_parts.conversation_parts[-1].body == "<p>We look into it</p>"
    with pytest.raises(NotFoundError):
        client.conversations.reply("999999", request=talk)
    attributes: Any = {"ticket_attributes": {"_default_title_": "By a client"}}  # of which its method knows nothing
    ticket = client.tickets.create(
        ticket_type_id="81",
        contacts=[CreateTicketRequestContactsItemId(id=contact)],
        request_options={"additional_body_parameters": attributes},
    )
    assert ticket is not None
    there = {each["id"]: each for each in served.dump("tickets")}[str(ticket.id)]
    assert there["cf__default_title_"] == "By a client"


def test_what_comes_too_fast_is_told_when_to_come_again(served: Running, client: Client) -> None:
    served.fault("429", count=1, path="/tags$")
    with pytest.raises(ApiError) as caught:
        client.tags.list(request_options=ONCE)
    assert (caught.value.status_code, code_of(caught.value)) == (429, "rate_limit_exceeded")
    assert len(client.tags.list().data or []) == len(served.dump("tags"))
