"""The simulator as python-freshdesk sees it: a client that others wrote, of which only the address is changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from freshdesk.v2.api import API
from freshdesk.v2.errors import (
    FreshdeskAccessDenied,
    FreshdeskBadRequest,
    FreshdeskError,
    FreshdeskNotFound,
    FreshdeskRateLimited,
    FreshdeskUnauthorized,
)

from backhaul.sandbox.freshdesk.vendor import Freshdesk
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World

ALWAYS = "2000-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with serve(Freshdesk(World.load())) as running:
        running.configure(limit_account=None, limit_ticket_list=None, limit_contact_list=None)
        yield running


def client_of(served: Running, key: str | None = None) -> API:
    client = API("acme.freshdesk.com", key or served.credentials["key"])
    client._api_prefix = f"{served.base_url}/api/v2/"
    client._session.trust_env = False
    return client


@pytest.fixture
def client(served: Running) -> API:
    return client_of(served)


def test_a_good_key_is_let_in_and_a_wrong_one_is_told_so(served: Running, client: API) -> None:
    assert client.agents.currently_authenticated_agent().contact["name"] == "Anna Snelling"
    with pytest.raises(FreshdeskUnauthorized, match="You have to be logged in"):
        client_of(served, "wrong").groups.list_groups()
    served.configure(forbidden=["GET /roles"])
    with pytest.raises(FreshdeskAccessDenied, match="not authorized"):
        client.roles.list_roles()
    served.configure(forbidden=[])


def test_pages_of_tickets_follow_each_other_to_the_end(served: Running, client: API) -> None:
    asked = len(served.received())
    tickets = client.tickets.list_tickets(filter_name=None, updated_since=ALWAYS, per_page=25)
    assert len(served.received()) - asked > 3
    there = {each["id"] for each in served.dump("tickets") if not each["_deleted"]}
    assert sorted(each.id for each in tickets) == sorted(there)
    assert client.tickets.list_tickets(filter_name=None) == [], "of the last 30 days alone"


def test_contacts_since_a_time(served: Running, client: API) -> None:
    everybody = client.contacts.list_contacts()
    assert len(everybody) == sum(not each["_deleted"] for each in served.dump("contacts")) - blocked(served)
    served.mutate("update", "contacts", str(everybody[0].id), {"job_title": "Moved"})
    later = client.contacts.get_contact(everybody[0].id).updated_at.isoformat()
    assert [each.id for each in client.contacts.list_contacts(_updated_since=later)] == [everybody[0].id]


def blocked(served: Running) -> int:
    return len(client_of(served).contacts.list_contacts(state="blocked"))


def test_some_of_several_tickets_are_made_and_what_was_wrong_is_told(served: Running, client: API) -> None:
    good = {"description": "It broke", "email": "new@customer.example", "name": "New Customer"}
    made = client.tickets.create_ticket("Help", **good, custom_fields={"cf_tier": "Gold"}, tags=["x"])
    assert (made.custom_fields["cf_tier"], made.description_text, made.status) == ("Gold", "It broke", "open")
    assert client.contacts.list_contacts(email="new@customer.example")[0].id == made.requester_id
    with pytest.raises(FreshdeskBadRequest, match="It should be one of these values: '1,2,3,4'"):
        client.tickets.create_ticket("Help", **good, priority=9)
    with pytest.raises(FreshdeskBadRequest, match="missing_field"):
        client.tickets.create_ticket("Help", description="Nobody's")
    changed = client.tickets.update_ticket(made.id, status=4, custom_fields={"cf_minutes": 12})
    assert changed.custom_fields["cf_minutes"] == 12
    assert client.tickets.get_ticket(made.id, "stats").stats["resolved_at"] is not None
    client.tickets.delete_ticket(made.id)
    assert [each.id for each in client.tickets.list_tickets(filter_name="deleted", updated_since=ALWAYS)] == [made.id]
    with pytest.raises(FreshdeskNotFound):
        client.tickets.delete_ticket(made.id)


def test_what_is_said_on_a_ticket(served: Running, client: API) -> None:
    ticket = served.dump("tickets")[0]["id"]
    note = client.comments.create_note(ticket, "Known trouble", private=True)
    reply = client.comments.create_reply(ticket, "We look into it")
    assert (note.private, reply.private, reply.source) == (True, False, "reply")
    assert {note.id, reply.id} <= {each.id for each in client.comments.list_comments(ticket, per_page=1)}


def test_what_must_be_unique_is_told_with_a_conflict(served: Running, client: API) -> None:
    made = client.contacts.create_contact(name="Ada", email="ada@unique.example")
    with pytest.raises(FreshdeskError, match="duplicate_value"):
        client.contacts.create_contact(name="Ada", email="ADA@unique.example")
    client.contacts.soft_delete_contact(made.id)
    assert client.contacts.get_contact(made.id).deleted is True
    client.contacts.restore_contact(made.id)
    client.contacts.permanently_delete_contact(made.id)
    with pytest.raises(FreshdeskNotFound):
        client.contacts.get_contact(made.id)


def test_the_rest_of_a_help_desk(served: Running, client: API) -> None:
    assert {each.name for each in client.groups.list_groups()} >= {"Support", "Billing"}
    assert len(client.companies.list_companies(per_page=50)) == len(served.dump("companies"))
    assert len(client.agents.list_agents()) == len(served.dump("agents"))
    assert "cf_tier" in {each.name for each in client.ticket_fields.list_ticket_fields()}
    assert len(client.time_entries.list_time_entries(per_page=10)) == len(served.dump("time_entries"))
    category = client.solutions.categories.list_categories()[0]
    folder = client.solutions.folders.list_from_category(category.id)[0]
    assert client.solutions.articles.list_from_folder(folder.id)[0].folder_id == folder.id


def test_a_429_says_how_long_to_wait(served: Running, client: API) -> None:
    served.fault("429", seconds=7)
    with pytest.raises(FreshdeskRateLimited, match="until 7 seconds"):
        client.groups.list_groups()
    served.configure(limit_account=1)
    with pytest.raises(FreshdeskRateLimited, match="429"):
        client.groups.list_groups()
    served.configure(limit_account=None)
