"""The simulator of QuickBooks is as strict as the vendor: each slip gets its own error."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build

REDIRECT = "http://localhost:8712/callback"
REALM = "4620816365291273400"


@pytest.fixture
def vendor() -> Iterator[Running]:
    with serve(build("quickbooks")) as running:
        yield running


def token_of(vendor: Running) -> str:
    asked = {
        "client_id": vendor.credentials["client_id"],
        "response_type": "code",
        "state": "s",
        "redirect_uri": REDIRECT,
        "scope": "com.intuit.quickbooks.accounting",
    }
    page = httpx.get(f"{vendor.base_url}/connect/oauth2", params=asked, trust_env=False)
    back = parse_qs(urlsplit(page.headers["location"]).query)
    assert back["realmId"] == [REALM]
    form = {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": REDIRECT}
    return str(exchange(vendor, form).json()["access_token"])


def exchange(vendor: Running, form: dict[str, str], secret: str | None = None) -> httpx.Response:
    pair = f"{vendor.credentials['client_id']}:{secret or vendor.credentials['client_secret']}"
    headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return httpx.post(f"{vendor.base_url}/oauth2/v1/tokens/bearer", data=form, headers=headers, trust_env=False)


@pytest.fixture
def api(vendor: Running) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token_of(vendor)}", "Accept": "application/json"}
    base = f"{vendor.base_url}/v3/company/{REALM}"
    with httpx.Client(base_url=base, headers=headers, trust_env=False) as client:
        yield client


def code(answer: httpx.Response) -> str:
    return str(answer.json()["Fault"]["Error"][0]["code"])


def query(api: httpx.Client, text: str) -> httpx.Response:
    return api.get("/query", params={"query": text})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "4000"),
        ("select from Customer", "4000"),
        ("select * from Customer where", "4000"),
        ("select * from Customer where DisplayName = B", "4000"),
        ("select * from Customer where Active = true or Taxable = true", "4000"),
        ("select * from Customer maxresults many", "4000"),
        ("select * from Customer startposition 1 maxresults 5 limit 3", "4000"),
        ("select * from Customer where DisplayName = 'it''s'", "4000"),
        ("select * from Nowhere", "4001"),
        ("select Nothing from Customer", "4001"),
        ("select * from Customer where Notes = 'x'", "4001"),
        ("select * from Customer orderby Notes", "4001"),
        ("select * from Invoice where DepartmentRef = '1'", "4001"),
        ("select * from Invoice where MetaData.LastUpdatedTime >= 'yesterday'", "4001"),
    ],
)
def test_a_query_that_is_wrong_is_told_what_kind_of_wrong(api: httpx.Client, text: str, wanted: str) -> None:
    answer = query(api, text)
    assert (answer.status_code, code(answer)) == (400, wanted)


def test_pages_have_a_hundred_records_unless_asked_and_a_thousand_at_most(api: httpx.Client) -> None:
    assert query(api, "select * from Customer").json()["QueryResponse"]["maxResults"] == 100
    assert query(api, "select * from Customer maxresults 5000").json()["QueryResponse"]["maxResults"] == 176
    assert query(api, "select * from Customer startposition 999").json()["QueryResponse"] == {}
    assert query(api, "select count(*) from Customer").json()["QueryResponse"] == {"totalCount": 176}


def test_inactive_records_are_hidden_until_a_query_speaks_of_them(api: httpx.Client, vendor: Running) -> None:
    vendor.mutate("delete", "Customer", "5")
    assert "Customer" not in query(api, "select * from Customer where Id = '5'").json()["QueryResponse"]
    found = query(api, "select * from Customer where Id = '5' and Active in (true, false)").json()["QueryResponse"]
    assert found["Customer"][0]["DisplayName"].endswith(" (deleted)")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({}, "2020"),
        ({"DisplayName": "X", "Nickname": "Y"}, "2010"),
        ({"DisplayName": "X", "ParentRef": {"value": "999"}}, "2500"),
        ({"DisplayName": "X", "Taxable": "perhaps"}, "2090"),
        ({"DisplayName": "X" * 501}, "2050"),
        ({"DisplayName": "Acme Corporation"}, "6240"),
        ({"Id": "5", "DisplayName": "X"}, "2020"),
        ({"Id": "5", "DisplayName": "X", "SyncToken": "3"}, "5010"),
        ({"Id": "99999", "DisplayName": "X", "SyncToken": "0"}, "610"),
    ],
)
def test_a_record_that_is_wrong_is_refused_with_the_vendors_code(
    api: httpx.Client, body: dict[str, Any], wanted: str
) -> None:
    answer = api.post("/customer", json=body)
    assert (answer.status_code, code(answer)) == (400, wanted)


def test_a_full_update_clears_what_it_does_not_name_and_a_sparse_one_does_not(api: httpx.Client) -> None:
    sparse = api.post("/customer", json={"Id": "5", "SyncToken": "0", "sparse": True, "Notes": "x"}).json()["Customer"]
    assert sparse["CompanyName"] == sparse["DisplayName"]
    full = api.post("/customer", json={"Id": "5", "SyncToken": "1", "DisplayName": "Only this"}).json()["Customer"]
    assert "CompanyName" not in full
    assert full["SyncToken"] == "2"


def test_a_payment_lowers_the_balance_of_its_invoice_and_its_deletion_raises_it_again(api: httpx.Client) -> None:
    held = query(api, "select * from Invoice where Balance > '0' maxresults 1").json()["QueryResponse"]["Invoice"][0]
    body = {
        "CustomerRef": held["CustomerRef"],
        "TotalAmt": 1,
        "Line": [{"Amount": 1, "LinkedTxn": [{"TxnId": held["Id"], "TxnType": "Invoice"}]}],
    }
    paid = api.post("/payment", json=body).json()["Payment"]
    after = api.get(f"/invoice/{held['Id']}").json()["Invoice"]
    assert after["Balance"] == pytest.approx(held["Balance"] - 1)
    assert api.post("/payment", params={"operation": "delete"}, json={"Id": paid["Id"], "SyncToken": "0"}).is_success
    assert api.get(f"/invoice/{held['Id']}").json()["Invoice"]["Balance"] == pytest.approx(held["Balance"])


def test_a_voided_invoice_stays_with_nothing_to_pay(api: httpx.Client) -> None:
    voided = api.post("/invoice", params={"operation": "void"}, json={"Id": "2", "SyncToken": "0"}).json()["Invoice"]
    assert (voided["TotalAmt"], voided["Balance"], voided["PrivateNote"]) == (0, 0, "Voided")
    refused = api.post("/bill", params={"operation": "void"}, json={"Id": "2", "SyncToken": "0"})
    assert code(refused) == "500"


def test_a_batch_takes_thirty_items_each_with_a_name_of_its_own(api: httpx.Client) -> None:
    def item(n: int, **more: Any) -> dict[str, Any]:
        return {"bId": str(n), "operation": "create", "Term": {"Name": f"Net {100 + n}"}, **more}

    assert code(api.post("/batch", json={"BatchItemRequest": [item(n) for n in range(31)]})) == "1040"
    assert code(api.post("/batch", json={"BatchItemRequest": [item(1), item(1)]})) == "400"
    assert code(api.post("/batch", json={"BatchItemRequest": []})) == "400"
    odd = [
        item(1),
        {"bId": "2", "operation": "create", "Nowhere": {}},
        item(3, operation="merge"),
        item(4, bId="x" * 40),
    ]
    told = api.post("/batch", params={"requestid": "r" * 36}, json={"BatchItemRequest": odd}).json()[
        "BatchItemResponse"
    ]
    assert ["Fault" in each for each in told] == [False, True, True, True]
    assert told[3]["Fault"]["Error"][0]["code"] == "6000", (
        "a request id and an item's name have fifty characters together"
    )


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"entities": "Invoice"}, "2020"),
        ({"entities": "TaxCode", "changedSince": "2026-11-01"}, "500"),
        ({"entities": "Invoice", "changedSince": "2020-01-01T00:00:00Z"}, "500"),
        ({"entities": "Invoice", "changedSince": "soon"}, "4001"),
    ],
)
def test_changes_are_told_of_what_the_feed_knows_and_of_thirty_days(
    api: httpx.Client, params: dict[str, str], wanted: str
) -> None:
    assert code(api.get("/cdc", params=params)) == wanted


def test_unknown_parameters_paths_and_content_types_are_refused(api: httpx.Client) -> None:
    assert code(api.get("/query", params={"query": "select * from Term", "page": "2"})) == "400"
    assert code(api.post("/query", content="select * from Term", headers={"Content-Type": "application/json"})) == "400"
    assert api.post("/query", content="select * from Term", headers={"Content-Type": "application/text"}).is_success
    assert code(api.post("/customer", content="{", headers={"Content-Type": "application/json"})) == "400"
    assert api.get("/customer/5/notes").status_code == 404
    assert "xml" in api.get("/preferences", headers={"Accept": "*/*"}).headers["content-type"]


def test_who_has_no_token_or_another_company_is_refused_before_the_api(api: httpx.Client, vendor: Running) -> None:
    stranger = api.get("/query", headers={"Authorization": "Bearer nobody"})
    assert (stranger.status_code, stranger.json()["fault"]["error"][0]["code"]) == (401, "3200")
    assert api.get(f"{vendor.base_url}/v3/company/1/query").status_code == 403


def test_more_requests_than_a_minute_takes_are_refused(api: httpx.Client, vendor: Running) -> None:
    vendor.configure(limit_minute=3)
    answers = [query(api, "select * from Term") for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[3].json()["fault"]["error"][0]["code"] == "3001"
    vendor.advance(61)
    assert query(api, "select * from Term").is_success


@pytest.mark.parametrize(
    ("form", "secret", "error"),
    [
        ({"grant_type": "refresh_token", "refresh_token": "nobody's"}, None, "invalid_grant"),
        ({"grant_type": "client_credentials"}, None, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "wrong", "invalid_client"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "scope": "y"}, None, "invalid_request"),
    ],
)
def test_a_token_request_that_is_wrong_is_refused(
    vendor: Running, form: dict[str, str], secret: str | None, error: str
) -> None:
    assert exchange(vendor, form, secret).json()["error"] == error
