"""The simulator as pipedrive-python-lib sees it: a client that others wrote, of which only the address is changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pipedrive.client import Client
from pipedrive.exceptions import BadRequestError, NotFoundError, TooManyRequestsError, UnauthorizedError

from backhaul.sandbox.pipedrive.vendor import Pipedrive
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    # the client puts its token into the address, in version 2 as well
    with serve(Pipedrive(World.load(), variants={"token_in_query": "both"})) as running:
        running.configure(limit_burst=None, limit_tokens=None)
        yield running


def client_of(served: Running, token: str | None = None) -> Client:
    client = Client(domain=served.base_url)
    client.set_api_token(token or served.credentials["token"])
    return client


@pytest.fixture
def old(served: Running) -> Client:
    return client_of(served)


@pytest.fixture
def new(served: Running) -> Client:
    client = client_of(served)
    client.BASE_URL = f"{served.base_url}/api/v2/"
    return client


def test_a_good_token_is_let_in_and_a_wrong_one_is_told_so(served: Running, old: Client) -> None:
    me = old.users.get_me()["data"]
    assert (me["company_domain"], me["default_currency"]) == ("acme", "USD")
    with pytest.raises(UnauthorizedError):
        client_of(served, "wrong").users.get_me()


def test_pages_by_cursor_follow_each_other_to_the_end(served: Running, new: Client) -> None:
    seen: list[int] = []
    params: dict[str, Any] = {"limit": 90}
    pages = 0
    while True:
        answer = new.persons.get_all_persons(params=params)
        pages += 1
        seen += [each["id"] for each in answer["data"]]
        cursor = answer["additional_data"]["next_cursor"]
        if cursor is None:
            break
        params["cursor"] = cursor
    assert pages > 3
    assert seen == sorted(each["id"] for each in served.dump("persons") if not each["_deleted"])


def test_pages_by_offset_follow_each_other_to_the_end(served: Running, old: Client) -> None:
    seen: list[int] = []
    start = 0
    while True:
        answer = old.notes.get_all_notes(params={"start": start, "limit": 15})
        seen += [each["id"] for each in answer["data"]]
        pagination = answer["additional_data"]["pagination"]
        if not pagination["more_items_in_collection"]:
            break
        start = pagination["next_start"]
    assert len(seen) == len(set(seen)) == len(served.dump("notes"))


def test_records_are_written_one_by_one_and_the_bad_ones_named(new: Client) -> None:
    made = [new.organizations.create_organization({"name": f"Row {n}"})["data"]["id"] for n in range(3)]
    for wrong, word in (
        ({"name": ""}, "name"),
        ({"name": "A", "owner_id": "7"}, "owner_id"),
        ({"name": "B", "x": 1}, "x"),
    ):
        with pytest.raises(BadRequestError, match=word):
            new.organizations.create_organization(wrong)
    assert new.organizations.delete_organization(made[0])["data"] == {"id": made[0]}
    with pytest.raises(NotFoundError):
        new.organizations.get_organization(made[0])


def test_a_note_is_written_changed_and_deleted(served: Running, old: Client) -> None:
    person = served.dump("persons")[0]["id"]
    note = old.notes.create_note({"content": "Hello", "person_id": person})["data"]
    assert old.notes.update_note(note["id"], {"content": "Bye"})["data"]["content"] == "Bye"
    assert old.notes.delete_note(note["id"])["success"]
    with pytest.raises(BadRequestError):
        old.notes.create_note({"content": "About nobody"})


def test_recent_changes_tell_of_deletions_and_reach_back_a_month(served: Running, old: Client, new: Client) -> None:
    since = (datetime.now(UTC) - timedelta(minutes=5)).strftime("%Y-%m-%d %H:%M:%S")
    id = new.persons.create_person({"name": "Short lived"})["data"]["id"]
    new.persons.delete_person(id)
    told = old.recents.get_recent_changes(params={"since_timestamp": since, "items": "person"})["data"]
    assert {"item": "person", "id": id, "data": None} in told
    with pytest.raises(BadRequestError, match="one month"):
        old.recents.get_recent_changes(params={"since_timestamp": "2025-01-01 00:00:00"})


def test_a_limit_is_told(served: Running, old: Client) -> None:
    served.fault("429", count=1)
    with pytest.raises(TooManyRequestsError) as caught:
        old.users.get_me()
    assert caught.value.response.headers["x-ratelimit-reset"] == "2"
