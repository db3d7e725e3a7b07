"""The simulator as zenpy sees it: a client that others wrote, of which only the host is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from zenpy import Zenpy
from zenpy.lib.api_objects import Comment, Organization, Ticket, User
from zenpy.lib.exception import APIException, RatelimitBudgetExceeded, RecordNotFoundException

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World
from backhaul.sandbox.zendesk.vendor import Zendesk


class Elsewhere(HTTPAdapter):
    """Sends what is meant for the vendor's host to the simulator's; the client sees the vendor's own again."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        path = request.url.split("/", 3)[3]
        request.url = f"{self._base_url}/{path}"
        response = super().send(request, *args, **kwargs)
        response.url = request.url = f"https://acme.zendesk.com/{path}"
        return response


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with serve(Zendesk(World.load(), variants={"unknown_parameters": "ignored"})) as running:
        running.configure(limit_exports=None, limit_minute=None)
        yield running


def client_of(running: Running, **other: Any) -> Zenpy:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", Elsewhere(running.base_url))
    session.mount("http://", Elsewhere(running.base_url))
    given = {"subdomain": running.settings["subdomain"], **running.credentials, **other}
    return Zenpy(session=session, disable_cache=True, **given)


@pytest.fixture
def client(served: Running) -> Zenpy:
    return client_of(served)


def finished(client: Zenpy, job: Any) -> Any:
    """The job as it is once polled."""
    return client.job_status(id=job.id)


def test_a_good_token_is_let_in_and_a_wrong_one_is_told_so(served: Running, client: Zenpy) -> None:
    assert client.users.me().role == "admin"
    with pytest.raises(APIException) as caught:
        client_of(served, token="wrong").users.me()
    assert caught.value.response.status_code == 401


def test_lists_follow_each_other_by_offset_and_by_cursor(served: Running, client: Zenpy) -> None:
    there = [each["id"] for each in served.dump("users") if not each["_deleted"]]
    assert [each.id for each in client.users()] == there
    assert [each.id for each in client.users(cursor_pagination=90)] == there
    asked = [each for each in served.received() if each["path"].startswith("/api/v2/users") and each["status"] == 200]
    assert sum("page" in each["query"] for each in asked) > 6


def test_the_cursor_export_tells_every_ticket_and_then_only_what_changed(served: Running, client: Zenpy) -> None:
    served.configure(page_size_cap=25)
    export = client.tickets.incremental(start_time=1, paginate_by_time=False)
    told = [each.id for each in export]
    assert sorted(told) == sorted(each["id"] for each in served.dump("tickets"))
    cursor = export.after_cursor
    served.mutate("update", "tickets", str(told[3]), {"subject": "Something else"})
    assert [each.id for each in client.tickets.incremental(cursor=cursor)] == [], "the last minute is not told yet"
    served.advance(120)
    assert [each.id for each in client.tickets.incremental(cursor=cursor)] == [told[3]]
    served.configure(page_size_cap=None)


def test_a_ticket_is_opened_answered_solved_and_deleted(client: Zenpy) -> None:
    opened = client.tickets.create(Ticket(subject="Printer", description="It smokes", priority="high"))
    ticket = opened.ticket
    assert (ticket.status, ticket.priority, ticket.raw_subject) == ("new", "high", "Printer")
    ticket.status = "solved"
    ticket.comment = Comment(body="It was the toner.", public=False)
    assert client.tickets.update(ticket).ticket.status == "solved"
    said = list(client.tickets.comments(ticket.id))
    assert [(each.body, each.public) for each in said] == [("It smokes", True), ("It was the toner.", False)]
    assert len(list(client.tickets.audits(ticket.id))) == 2
    client.tickets.delete(ticket)
    with pytest.raises(RecordNotFoundException):
        client.tickets(id=ticket.id)
    assert ticket.id in [each.id for each in client.tickets.deleted()]


def test_a_batch_tells_which_rows_failed(client: Zenpy) -> None:
    tickets = [Ticket(subject=f"Row {n}", description="" if n in (3, 8) else "said") for n in range(10)]
    job = finished(client, client.tickets.create(tickets))
    assert (job.status, job.total, job.progress) == ("completed", 10, 10)
    results = [each if isinstance(each, dict) else each.to_dict() for each in job.results]
    failed = {each["index"]: each["details"] for each in results if each.get("error")}
    assert failed == {3: "Description: cannot be blank", 8: "Description: cannot be blank"}


def test_users_are_made_or_changed_by_their_address(client: Zenpy) -> None:
    def written(name: str) -> list[int]:
        people = [User(name=f"{name} {n}", email=f"person{n}@batch.example") for n in range(3)]
        job = finished(client, client.users.create_or_update(people))
        return [each["id"] if isinstance(each, dict) else each.id for each in job.results]

    assert written("Person") == written("Renamed")


def test_an_invalid_record_is_refused_with_its_fields(client: Zenpy) -> None:
    client.organizations.create(Organization(name="Only Once"))
    with pytest.raises(APIException) as caught:
        client.organizations.create(Organization(name="only once"))
    body = caught.value.response.json()
    assert (caught.value.response.status_code, body["error"]) == (422, "RecordInvalid")
    assert "taken" in body["details"]["name"][0]["description"]


def test_search_finds_by_field(client: Zenpy) -> None:
    found = list(client.search(type="ticket", status="closed"))
    assert found
    assert {each.status for each in found} == {"closed"}


def test_a_limit_is_told_with_the_time_to_wait(served: Running) -> None:
    served.fault("429", count=1, seconds=1)
    assert client_of(served).users.me().role == "admin", "the client waits as it is told"
    served.fault("429", count=1, seconds=600)
    with pytest.raises(RatelimitBudgetExceeded):
        client_of(served, ratelimit_budget=1).users.me()
