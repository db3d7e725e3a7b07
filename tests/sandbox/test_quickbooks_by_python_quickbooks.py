"""The simulator of QuickBooks before clients that others wrote: python-quickbooks, signed in by Intuit's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import AuthorizationException, QuickbooksException, ValidationException
from quickbooks.objects import Customer, Invoice, SalesItemLine, SalesItemLineDetail
from quickbooks.objects.base import Ref

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build

REDIRECT = "http://localhost:8712/callback"


@pytest.fixture
def vendor() -> Iterator[Running]:
    with serve(build("quickbooks")) as running:
        yield running


@pytest.fixture
def auth(vendor: Running, monkeypatch: pytest.MonkeyPatch) -> AuthClient:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the simulator speaks plain HTTP
    document = f"{vendor.base_url}/.well-known/openid_configuration"
    client = AuthClient(**vendor.credentials, redirect_uri=REDIRECT, environment=document)
    page = requests.get(client.get_authorization_url([Scopes.ACCOUNTING]), allow_redirects=False, timeout=30)
    back = parse_qs(urlsplit(page.headers["Location"]).query)
    assert back["state"] == [client.state_token]
    client.get_bearer_token(back["code"][0], realm_id=back["realmId"][0])
    return client


@pytest.fixture
def client(vendor: Running, auth: AuthClient, monkeypatch: pytest.MonkeyPatch) -> QuickBooks:
    monkeypatch.setattr(QuickBooks, "api_url_v3", f"{vendor.base_url}/v3")
    return QuickBooks(auth_client=auth, refresh_token=auth.refresh_token, company_id=auth.realm_id, minorversion=75)


def named(name: str) -> Customer:
    made = Customer()
    made.DisplayName = name
    return made


def test_tokens_are_renewed_and_the_old_refresh_token_is_spent(auth: AuthClient, client: QuickBooks) -> None:
    before = auth.refresh_token
    auth.refresh()
    assert auth.refresh_token != before
    assert auth.expires_in == 3600
    with pytest.raises(AuthClientError, match="invalid_grant"):
        auth.refresh(refresh_token=before)


def test_pages_go_on_until_one_is_short(client: QuickBooks) -> None:
    ids: list[str] = []
    while page := Invoice.all(start_position=len(ids) + 1, max_results=60, order_by="Id", qb=client):
        ids += [invoice.Id for invoice in page]
    assert len(ids) == len(set(ids)) == Invoice.count(qb=client) == 250


def test_a_query_finds_what_it_asks_for(client: QuickBooks) -> None:
    found = Customer.where("DisplayName LIKE 'B%' AND Active IN (true, false)", order_by="DisplayName DESC", qb=client)
    names = [customer.DisplayName for customer in found]
    assert names == sorted(names, reverse=True)
    assert all(name.startswith("B") for name in names)
    quoted = Customer.filter(DisplayName="B's Beverages", qb=client)
    assert [each.DisplayName for each in quoted] == ["B's Beverages"]


def test_a_batch_of_thirty_one_goes_in_two_and_tells_of_its_failures(client: QuickBooks, vendor: Running) -> None:
    customers = [named(f"Batch {n}") for n in range(31)]
    customers[4].DisplayName = ""
    customers[9].DisplayName = "Batch 8"
    result = batch_create(customers, qb=client)
    assert len(result.successes) == 29
    assert [fault.Error[0].code for fault in result.faults] == ["2020", "6240"]
    assert [each["path"].rpartition("/")[2] for each in vendor.received()].count("batch") == 2

    first, second = result.successes[:2]
    first.CompanyName, second.SyncToken = "Renamed", "7"
    updated = batch_update([first, second], qb=client)
    assert [fault.Error[0].code for fault in updated.faults] == ["5010"]
    assert Customer.get(first.Id, qb=client).CompanyName == "Renamed"


def test_an_invoice_is_made_voided_and_deleted_and_the_change_feed_tells(client: QuickBooks) -> None:
    line = SalesItemLine()
    line.Amount = 25
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = Ref()
    line.SalesItemLineDetail.ItemRef.value = "1"
    invoice = Invoice()
    invoice.CustomerRef = Customer.get("5", qb=client).to_ref()
    invoice.Line.append(line)
    invoice.save(qb=client)
    made = Invoice.get(invoice.Id, qb=client)
    assert made.TotalAmt == made.Balance == 25
    stamp = made.MetaData.LastUpdatedTime
    assert [each.Id for each in change_data_capture([Invoice], stamp, qb=client).Invoice] == [invoice.Id]
    batch_delete([made], qb=client)
    told = client.change_data_capture("Invoice", stamp)["CDCResponse"][0]["QueryResponse"][0]["Invoice"]
    assert [(each["Id"], each["status"]) for each in told] == [(invoice.Id, "Deleted")]


def test_the_errors_are_those_that_the_client_knows(client: QuickBooks, vendor: Running) -> None:
    with pytest.raises(ValidationException) as refused:
        client.query("select * from Customer where Nowhere = '1'")
    assert refused.value.error_code == 4001
    vendor.fault("429")
    with pytest.raises(QuickbooksException, match="ThrottleExceeded"):
        Customer.all(qb=client)
    vendor.fault("expired_token")
    with pytest.raises(AuthorizationException):
        Customer.all(qb=client)


def test_a_request_that_comes_again_is_answered_as_the_first_time(client: QuickBooks) -> None:
    def sent() -> Any:
        return client.create_object("Customer", '{"DisplayName": "Once"}', request_id="r-1")["Customer"]["Id"]

    assert sent() == sent()
    assert len(Customer.filter(DisplayName="Once", qb=client)) == 1
