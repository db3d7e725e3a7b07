"""The simulator of Xero before the vendor's own client: xero-python, with only its hosts changed."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from xero_python.accounting import (
    Account,
    AccountingApi,
    Contact,
    Contacts,
    Invoice,
    Invoices,
    LineItem,
    Payment,
    PaymentDelete,
    Payments,
)
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.exceptions import AccountingBadRequestException, HTTPStatusException
from xero_python.exceptions.http_status_exceptions import NotFoundException, RateLimitException
from xero_python.identity import IdentityApi

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build
from backhaul.sandbox.xero.oauth import SCOPES

REDIRECT = "http://localhost:8712/callback"
SCOPE = "offline_access accounting.invoices accounting.payments accounting.contacts accounting.settings"


@pytest.fixture
def vendor() -> Iterator[Running]:
    with serve(build("xero")) as running:
        yield running


def signed_in(vendor: Running, scope: str = SCOPE) -> dict[str, Any]:
    """The token answer after somebody consented; the client leaves this part to web frameworks."""
    asked = {"response_type": "code", "client_id": vendor.credentials["client_id"], "redirect_uri": REDIRECT,
             "scope": scope, "state": "s-1"}  # fmt: skip
    page = httpx.get(f"{vendor.base_url}/identity/connect/authorize?{urlencode(asked)}", trust_env=False)
    back = parse_qs(urlsplit(page.headers["location"]).query)
    assert back["state"] == ["s-1"]
    basic = base64.b64encode(":".join(vendor.credentials.values()).encode()).decode()
    answer = httpx.post(
        f"{vendor.base_url}/connect/token",
        data={"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": REDIRECT},
        headers={"Authorization": f"Basic {basic}"},
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    token: dict[str, Any] = answer.json()
    return token


@pytest.fixture
def client(vendor: Running, monkeypatch: pytest.MonkeyPatch) -> ApiClient:
    held = signed_in(vendor)
    keeper = OAuth2Token(client_id=vendor.credentials["client_id"], client_secret=vendor.credentials["client_secret"])
    made = ApiClient(
        Configuration(oauth2_token=keeper),
        oauth2_token_getter=lambda: held,
        oauth2_token_saver=lambda new: (held.clear(), held.update(new)),
    )
    # what is refused is looked at here; else the client's HTTP waits for as long as it is told to, three times
    made.rest_client.pool_manager.connection_pool_kw["retries"] = False
    monkeypatch.setattr(TokenApi, "refresh_token_url", f"{vendor.base_url}/connect/token")
    return made


@pytest.fixture
def tenant(vendor: Running, client: ApiClient) -> str:
    (only,) = IdentityApi(client, base_url=vendor.base_url).get_connections()
    assert (only.tenant_type, only.tenant_name) == ("ORGANISATION", "Maven Computing")
    return str(only.tenant_id)


@pytest.fixture
def api(vendor: Running, client: ApiClient) -> AccountingApi:
    return AccountingApi(client, base_url=f"{vendor.base_url}/api.xro/2.0")


def test_tokens_are_renewed_and_one_that_is_lost_is_given_once_more(client: ApiClient) -> None:
    before = dict(client.get_oauth2_token())
    after = client.refresh_oauth2_token()
    assert after["refresh_token"] != before["refresh_token"]
    assert after["expires_in"] == 1800
    oauth = client.configuration.oauth2_token
    again = TokenApi(client, oauth.client_id, oauth.client_secret).refresh_token(before["refresh_token"], SCOPE.split())
    assert again["refresh_token"] not in (before["refresh_token"], after["refresh_token"])


def test_pages_go_on_until_the_last_and_hold_every_line(api: AccountingApi, tenant: str) -> None:
    found: list[Invoice] = []
    pages = 1
    while True:
        answer = api.get_invoices(tenant, page=pages, page_size=60, order="InvoiceID", where='Type=="ACCREC"', unitdp=4)
        found += answer.invoices
        if pages >= answer.pagination.page_count:
            break
        pages += 1
    assert pages == 5
    assert len({each.invoice_id for each in found}) == len(found) == answer.pagination.item_count == 250
    one = next(each for each in found if each.invoice_number == "INV10248")
    assert isinstance(one.date, date)
    assert isinstance(one.updated_date_utc, datetime)
    assert one.total == sum(line.line_amount for line in one.line_items)
    assert one.contact.name


def test_a_list_without_a_page_has_no_lines(api: AccountingApi, tenant: str) -> None:
    assert all(not each.line_items for each in api.get_invoices(tenant).invoices)


def test_what_changed_since_is_told_to_the_second(api: AccountingApi, vendor: Running, tenant: str) -> None:
    key = vendor.dump("Contacts")[3]["ContactID"]
    vendor.mutate("update", "Contacts", key, {"FirstName": "Changed"})
    since = datetime.now(UTC) - timedelta(seconds=30)
    changed = api.get_contacts(tenant, if_modified_since=since.strftime("%Y-%m-%dT%H:%M:%S"), page=1).contacts
    assert [(each.contact_id, each.first_name) for each in changed] == [(key, "Changed")]


def test_a_batch_tells_of_each_of_its_elements(api: AccountingApi, vendor: Running, tenant: str) -> None:
    batch = [Contact(name=f"Batch {n}") for n in range(6)]
    batch[2].email_address = "no address"
    batch[4].name = "Batch 0"
    made = api.create_contacts(tenant, Contacts(contacts=batch), summarize_errors=False).contacts
    assert [each.status_attribute_string for each in made] == ["OK", "OK", "ERROR", "OK", "ERROR", "OK"]
    assert made[2].validation_errors[0].message == "Email address must be valid."
    assert "already assigned to another contact" in made[4].validation_errors[0].message
    assert len([each for each in vendor.dump("Contacts") if each["Name"].startswith("Batch")]) == 4
    # one bad element, and nothing is made where errors are summarized
    with pytest.raises(AccountingBadRequestException) as refused:
        api.create_contacts(tenant, Contacts(contacts=[Contact(name="New"), Contact(name="Batch 0")]))
    assert refused.value.error_data["ErrorNumber"] == 10
    assert not [each for each in vendor.dump("Contacts") if each["Name"] == "New"]


def test_an_invoice_is_made_approved_paid_and_the_payment_taken_back(
    api: AccountingApi, vendor: Running, tenant: str
) -> None:
    customer = vendor.dump("Contacts")[5]["ContactID"]
    line = LineItem(description="Work", quantity=3.0, unit_amount=20.5, account_code="200", tax_type="NONE")
    draft = Invoice(type="ACCREC", contact=Contact(contact_id=customer), line_items=[line], date=date(2026, 6, 1))
    (made,) = api.create_invoices(tenant, Invoices(invoices=[draft])).invoices
    assert (made.status, made.total, made.amount_due) == ("DRAFT", Decimal("61.50"), Decimal("61.50"))

    bank = next(each["AccountID"] for each in vendor.dump("Accounts") if each["Code"] == "090")
    payment = Payment(invoice=Invoice(invoice_id=made.invoice_id), account=Account(account_id=bank),
                      date=date(2026, 6, 2),
                      amount=61.5)  # fmt: skip
    with pytest.raises(AccountingBadRequestException, match="Authorised"):
        api.create_payments(tenant, Payments(payments=[payment]), summarize_errors=True)
    api.update_invoice(tenant, made.invoice_id, Invoices(invoices=[Invoice(status="AUTHORISED")]))
    (paid,) = api.create_payments(tenant, Payments(payments=[payment])).payments
    assert paid.payment_type == "ACCRECPAYMENT"
    (now,) = api.get_invoice(tenant, made.invoice_id).invoices
    assert (now.status, now.amount_due, len(now.payments)) == ("PAID", 0, 1)
    api.delete_payment(tenant, paid.payment_id, PaymentDelete(status="DELETED"))
    (now,) = api.get_invoice(tenant, made.invoice_id).invoices
    assert (now.status, now.amount_due, now.payments) == ("AUTHORISED", Decimal("61.50"), [])


def test_a_key_stands_for_its_first_request(api: AccountingApi, vendor: Running, tenant: str) -> None:
    def sent(name: str) -> Any:
        return api.create_contacts(tenant, Contacts(contacts=[Contact(name=name)]), idempotency_key="k-1").contacts

    assert sent("Once")[0].contact_id == sent("Once")[0].contact_id
    assert len([each for each in vendor.dump("Contacts") if each["Name"] == "Once"]) == 1
    with pytest.raises(AccountingBadRequestException, match="different request"):
        sent("Twice")
    vendor.advance(7 * 60)
    assert sent("Twice")[0].name == "Twice"


def test_limits_are_told_as_the_client_knows_them(api: AccountingApi, vendor: Running, tenant: str) -> None:
    _, _, headers = api.get_currencies(tenant, _return_http_data_only=False)
    left = [int(headers[f"X-{each}-Remaining"]) for each in ("MinLimit", "DayLimit", "AppMinLimit")]
    vendor.configure(limit_minute=0)
    with pytest.raises(RateLimitException) as refused:
        api.get_currencies(tenant)
    assert refused.value.rate_limit == "minute"
    assert 0 < int(refused.value.http_resp.getheader("Retry-After")) <= 61
    assert [each > 0 for each in left] == [True] * 3


def test_whoever_may_not_is_told_so(api: AccountingApi, vendor: Running, tenant: str) -> None:
    for wrong, status in ((lambda: api.get_journals(tenant), 401), (lambda: api.get_users(tenant[:-1] + "0"), 403)):
        with pytest.raises(HTTPStatusException) as refused:
            wrong()
        assert refused.value.status == status
    with pytest.raises(NotFoundException):
        api.get_invoice(tenant, "00000000-0000-0000-0000-000000000001")


def test_the_client_has_no_scope_that_the_sign_in_lacks() -> None:
    """Those of the accounting API that the client's own notes name, broad ones aside, which new apps no longer get."""
    text = AccountingApi.get_payments.__doc__ + AccountingApi.get_contacts.__doc__ + AccountingApi.get_accounts.__doc__
    named = set(re.findall(r"accounting\.[\w.]+", text)) - {"accounting.transactions", "accounting.transactions.read"}
    assert named <= SCOPES
