"""The simulator as Microsoft's own clients see it, with only the host changed: msal signs in, its SDK does the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msal
import pytest
import requests
from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError
from PowerPlatform.Dataverse.models.upsert import UpsertItem
from requests.adapters import HTTPAdapter

from backhaul.sandbox.dynamics365 import oauth
from backhaul.sandbox.dynamics365.vendor import Dynamics365
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.world import World

HOST = f"https://{oauth.HOST}"
LOGIN = "https://login.microsoftonline.com"


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with serve(Dynamics365(World.load(), variants={"required_columns": "checked"})) as running:
        yield running


class Redirected:
    """What msal sends goes to the simulator instead of Microsoft."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def get(self, url: str, **more: Any) -> requests.Response:
        return requests.get(url.replace(LOGIN, self._base_url), timeout=10, **more)

    def post(self, url: str, **more: Any) -> requests.Response:
        return requests.post(url.replace(LOGIN, self._base_url), timeout=10, **more)

    def close(self) -> None:
        pass


class Credential:
    """A token of msal, whichever host the client thinks that it talks to."""

    def __init__(self, served: Running, secret: str | None = None) -> None:
        self._scope = f"https://{served.settings['host']}/.default"
        self._app = msal.ConfidentialClientApplication(
            served.credentials["client_id"],
            client_credential=secret or served.credentials["client_secret"],
            authority=f"{LOGIN}/{served.settings['tenant']}",
            http_client=Redirected(served.base_url),
            instance_discovery=False,
        )

    def ask(self) -> dict[str, Any]:
        found: dict[str, Any] = self._app.acquire_token_for_client([self._scope])
        return found

    def get_token(self, *scopes: str, **more: Any) -> AccessToken:
        return AccessToken(self.ask()["access_token"], 1 << 40)


class ToSimulator(HTTPAdapter):
    """The one change: requests for the environment's host go to the simulator's."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request: requests.PreparedRequest, *more: Any, **named: Any) -> requests.Response:
        request.url = (request.url or "").replace(HOST, self._base_url)
        return super().send(request, *more, **named)


@pytest.fixture(scope="module")
def client(served: Running) -> Iterator[DataverseClient]:
    with DataverseClient(HOST, Credential(served)) as found:
        assert found._session is not None
        found._session.mount(HOST, ToSimulator(served.base_url))
        yield found


def test_msal_signs_in_and_is_told_what_is_wrong(served: Running) -> None:
    told = Credential(served).ask()
    assert (told["token_type"], told["token_source"]) == ("Bearer", "identity_provider")
    told = Credential(served, "wrong").ask()
    assert told["error"] == "invalid_client"
    assert told["error_description"].startswith("AADSTS7000215: ")


def test_pages_follow_each_other_to_the_end(served: Running, client: DataverseClient) -> None:
    pages = [
        [record["contactid"] for record in page]
        for page in client.records.list_pages("contact", select=["fullname"], page_size=90)
    ]
    assert len(pages) == 5
    assert sorted(id for page in pages for id in page) == sorted(
        each["contactid"] for each in served.vendor.dump("contact")
    )


def test_a_record_is_made_read_with_its_labels_changed_and_taken_away(client: DataverseClient) -> None:
    id = client.records.create("account", {"name": "Made by the SDK", "new_tier": "Gold", "revenue": 10.5})
    held = client.records.retrieve(
        "account",
        id,
        select=["name", "new_tier", "statecode"],
        include_annotations="OData.Community.Display.V1.FormattedValue",
    )
    assert (held["new_tier"], held["new_tier@OData.Community.Display.V1.FormattedValue"]) == (100000000, "Gold")
    client.records.update("account", id, {"name": "Renamed"})
    assert client.records.retrieve("account", id, select=["name"])["name"] == "Renamed"
    client.records.delete("account", id)
    assert client.records.retrieve("account", id, select=["name"]) is None


def test_a_batch_is_done_whole_or_not_at_all(served: Running, client: DataverseClient) -> None:
    before = len(served.vendor.dump("account"))
    ids = client.records.create("account", [{"name": f"Many {n}"} for n in range(5)])
    assert len(ids) == 5
    with pytest.raises(HttpError, match="outside of the accepted range") as refused:
        client.records.create("account", [{"name": "Good"}, {"name": "Bad", "customertypecode": 77}])
    assert refused.value.status_code == 400
    client.records.update("account", ids, [{"telephone1": f"+1 {n}"} for n in range(5)])
    held = {each["accountid"]: each for each in served.vendor.dump("account")}
    assert len(held) == before + 5
    assert [held[id]["telephone1"] for id in ids] == [f"+1 {n}" for n in range(5)]


def test_an_upsert_finds_its_record_by_the_alternate_key(served: Running, client: DataverseClient) -> None:
    items = [
        UpsertItem(alternate_key={"new_externalid": "EXT-0001"}, record={"name": "Was there"}),
        UpsertItem(alternate_key={"new_externalid": "EXT-NEW"}, record={"name": "Was not"}),
    ]
    client.records.upsert("account", items)
    held = {each["new_externalid"]: each["name"] for each in served.vendor.dump("account")}
    assert (held["EXT-0001"], held["EXT-NEW"]) == ("Was there", "Was not")


def test_a_limit_is_told_with_the_seconds_to_wait(served: Running, client: DataverseClient) -> None:
    served.fault("429", count=1, path="/contacts", retry_after=7)
    with pytest.raises(HttpError) as refused:
        list(client.records.list_pages("contact", select=["fullname"], page_size=90))
    assert (refused.value.status_code, refused.value.details["retry_after"]) == (429, 7)
    assert refused.value.details["service_error_code"] == "0x80072322"


def test_a_table_that_is_not_there_is_said(client: DataverseClient) -> None:
    with pytest.raises(MetadataError, match="Unable to resolve"):
        client.records.create("nowhere", {"name": "x"})
