"""The simulator of Xero is as strict as Xero: what the vendor would refuse, it refuses in the vendor's shape."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build

SCOPES = "accounting.invoices accounting.contacts accounting.settings accounting.manualjournals"
API = "/api.xro/2.0"


class Client:
    """A custom connection: tokens by the app's credentials alone."""

    def __init__(self, vendor: Running, scopes: str = SCOPES) -> None:
        self.vendor = vendor
        basic = base64.b64encode(":".join(vendor.credentials.values()).encode()).decode()
        self.http = httpx.Client(base_url=vendor.base_url, trust_env=False)
        token = self.token({"grant_type": "client_credentials", "scope": scopes}, basic).json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}", "Accept": "application/json",
                        "Xero-Tenant-Id": vendor.settings["tenant"]}  # fmt: skip

    def token(self, form: dict[str, str], basic: str) -> httpx.Response:
        return self.http.post("/connect/token", data=form, headers={"Authorization": f"Basic {basic}"})

    def get(self, path: str, headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        return self.http.get(f"{API}{path}", params=params, headers={**self.headers, **(headers or {})})

    def send(self, method: str, path: str, content: Any, **params: Any) -> httpx.Response:
        return self.http.request(method, f"{API}{path}", json=content, params=params, headers=self.headers)


@pytest.fixture
def vendor() -> Iterator[Running]:
    with serve(build("xero")) as running:
        yield running


@pytest.fixture
def xero(vendor: Running) -> Client:
    return Client(vendor)


def test_who_asks_is_looked_at_first(vendor: Running, xero: Client) -> None:
    none = xero.get("/Contacts", {"Authorization": "Bearer nothing"})
    assert (none.status_code, none.json()["Title"]) == (401, "Unauthorized")
    assert none.headers["content-type"].startswith("application/problem+json")
    elsewhere = xero.get("/Contacts", {"Xero-Tenant-Id": "0"})
    assert (elsewhere.status_code, elsewhere.json()["Detail"]) == (403, "AuthenticationUnsuccessful")
    narrow = xero.get("/Payments")
    assert (narrow.status_code, narrow.json()["Detail"]) == (401, "AuthorizationUnsuccessful")
    assert narrow.headers["www-authenticate"] == "insufficient_scope"
    assert xero.get("/Contacts", {"Accept": "*/*"}).text == "<Response/>", "XML, unless JSON is asked for"


def test_reading_scopes_do_not_write(vendor: Running) -> None:
    reader = Client(vendor, "accounting.contacts.read")
    assert reader.get("/Contacts", page=1).status_code == 200
    assert reader.send("PUT", "/Contacts", {"Name": "New"}).status_code == 401


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"where": 'Nme=="x"'}, "No property or field 'Nme' exists"),
        ({"where": 'Name=="x'}, "Syntax error at index 6"),
        ({"where": "Name"}, "Unexpected end of expression"),
        ({"where": "UpdatedDateUTC>=DateTime(2026,13,1)"}, "un-representable DateTime"),
        ({"order": "Nme ASC"}, "No property or field 'Nme' exists"),
        ({"order": "Name UP"}, "Syntax error in 'Name UP'"),
        ({"page": "0"}, "page begins at 1"),
        ({"page": "one"}, "page is a whole number"),
        ({"page": "1", "pageSize": "1001"}, "pageSize is from 1 to 1000"),
        ({"IDs": "1,2"}, "IDs are guids"),
        ({"pge": "1"}, "Unknown query parameter pge"),
    ],
)
def test_a_list_that_is_asked_for_wrongly(params: dict[str, str], said: str, xero: Client) -> None:
    answer = xero.get("/Contacts", **params)
    assert (answer.status_code, answer.json()["ErrorNumber"]) == (400, 16)
    assert said in answer.json()["Message"]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ('Name=="b\'s beverages"', ["B's Beverages"]),
        ('Name="B\'s Beverages" AND ContactStatus=="ACTIVE"', ["B's Beverages"]),
        ('ContactStatus!="ACTIVE"', []),
        ('(Name=="Alfreds Futterkiste" OR Name=="B\'s Beverages") && IsCustomer==true',
         ["Alfreds Futterkiste", "B's Beverages"]),
        ("UpdatedDateUTC>=DateTime(2030,01,01,00,00,00)", []),
        ('EmailAddress==null', []),
    ],
)  # fmt: skip
def test_filters_compare_as_the_vendors_do(where: str, found: list[str], xero: Client) -> None:
    answer = xero.get("/Contacts", where=where, order="Name ASC", page=1)
    assert [each["Name"] for each in answer.json()["Contacts"]] == found


def test_pages_are_told_and_lists_without_one_have_no_lines(xero: Client) -> None:
    first = xero.get("/Invoices", page=1, pageSize=50).json()
    assert first["pagination"] == {"page": 1, "pageSize": 50, "pageCount": 7, "itemCount": 333}
    assert all(each["LineItems"] for each in first["Invoices"])
    whole = xero.get("/Invoices").json()
    assert (len(whole["Invoices"]), "pagination" in whole) == (333, False)
    assert not any(each["LineItems"] for each in whole["Invoices"])
    assert len(xero.get("/Quotes", page=1).json()["Quotes"]) == 62
    assert xero.get("/Invoices", page=8, pageSize=50).json()["Invoices"] == []


def test_unit_amounts_have_two_places_unless_four_are_asked_for(xero: Client) -> None:
    def places(**params: Any) -> str:
        text = xero.get("/Invoices", page=1, pageSize=1, **params).text
        return text.partition('"UnitAmount":')[2].partition(",")[0].partition(".")[2]

    assert (len(places()), len(places(unitdp=4))) == (2, 4)
    assert xero.get("/Invoices", page=1, unitdp=3).status_code == 400


def test_archived_contacts_are_hidden_unless_they_are_asked_for(vendor: Running, xero: Client) -> None:
    key = vendor.dump("Contacts")[0]["ContactID"]
    vendor.mutate("delete", "Contacts", key)
    since = {"If-Modified-Since": "2026-11-01T00:00:00"}
    assert xero.get("/Contacts", since, page=1).json()["Contacts"] == []
    shown = xero.get("/Contacts", since, page=1, includeArchived="true").json()["Contacts"]
    assert [(each["ContactID"], each["ContactStatus"]) for each in shown] == [(key, "ARCHIVED")]
    assert xero.get("/Contacts", {"If-Modified-Since": "yesterday"}, page=1).status_code == 400


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("/Contacts", "no object", "no list of objects"),
        ("/Contacts", {"Contacts": []}, "No Contacts to process"),
        ("/Contacts", {"Nme": "x"}, "Could not find member 'Nme'"),
        ("/Invoices", {"CurrencyRate": "much"}, "string to decimal: much. Path 'Invoices[0].CurrencyRate'"),
        ("/Invoices", {"Date": "soon"}, "Could not convert string to DateTime: soon"),
        ("/Invoices", {"Contact": "me"}, "Error converting value to an object"),
        ("/Invoices", {"LineItems": [{"Quantity": "two"}]}, "Path 'Invoices[0].LineItems[0].Quantity'"),
        ("/Accounts", {"Accounts": [{"Code": "1"}, {"Code": "2"}]}, "one of Accounts a request"),
    ],
)  # fmt: skip
def test_a_body_that_is_none(path: str, content: Any, said: str, xero: Client) -> None:
    answer = xero.send("PUT", path, content)
    assert (answer.status_code, answer.json()["Type"]) == (400, "PostDataInvalidException")
    assert said in answer.json()["Message"]


def test_states_go_the_vendors_ways(vendor: Running, xero: Client) -> None:
    contact = {"ContactID": vendor.dump("Contacts")[3]["ContactID"]}
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": 5, "AccountCode": "200"}
    draft = {"Type": "ACCREC", "Contact": contact, "LineItems": [line]}
    id = xero.send("PUT", "/Invoices", draft).json()["Invoices"][0]["InvoiceID"]

    def becomes(state: str) -> int:
        return xero.send("POST", f"/Invoices/{id}", {"Status": state}).status_code

    assert [becomes(each) for each in ("VOIDED", "AUTHORISED", "DRAFT", "DELETED", "PAID", "VOIDED", "AUTHORISED")] == [
        400, 200, 400, 400, 400, 200, 400
    ]  # fmt: skip
    refused = xero.send("POST", f"/Invoices/{id}", {"Status": "AUTHORISED"}).json()
    assert (refused["ErrorNumber"], refused["Type"]) == (10, "ValidationException")
    assert refused["Elements"][0]["ValidationErrors"] == [{"Message": "Invoice not of valid status for modification"}]


def test_lines_that_are_not_sent_again_are_gone(vendor: Running, xero: Client) -> None:
    contact = {"ContactID": vendor.dump("Contacts")[3]["ContactID"]}
    lines = [{"Description": text, "UnitAmount": 5, "AccountCode": "200"} for text in ("one", "two")]
    (made,) = xero.send("PUT", "/Invoices", {"Type": "ACCREC", "Contact": contact, "LineItems": lines}).json()[
        "Invoices"
    ]
    one, two = made["LineItems"]
    kept = {"InvoiceID": made["InvoiceID"], "LineItems": [{**two, "Description": "second"}, {**one, "LineItemID": ""}]}
    (now,) = xero.send("POST", "/Invoices", {"Invoices": [kept]}).json()["Invoices"]
    assert [each["Description"] for each in now["LineItems"]] == ["second", "one"]
    assert now["LineItems"][0]["LineItemID"] == two["LineItemID"]
    assert now["LineItems"][1]["LineItemID"] != one["LineItemID"]


def test_journals_balance(xero: Client) -> None:
    lines = [{"LineAmount": 100, "AccountCode": "400"}, {"LineAmount": -10, "AccountCode": "453"}]
    answer = xero.send(
        "PUT", "/ManualJournals", {"Narration": "Foo bar", "JournalLines": lines}, summarizeErrors="false"
    )
    (one,) = answer.json()["ManualJournals"]
    assert one["StatusAttributeString"] == "ERROR"
    assert one["ManualJournalID"] == "00000000-0000-0000-0000-000000000000"
    assert one["ValidationErrors"] == [{"Message": "The total debits (100.00) must equal total credits (-10.00)"}]


def test_items_vanish_and_accounts_are_marked(vendor: Running, xero: Client) -> None:
    def delete(path: str) -> httpx.Response:
        return xero.http.delete(f"{API}{path}", headers=xero.headers)

    item = vendor.dump("Items")[0]["ItemID"]
    assert (delete(f"/Items/{item}").status_code, xero.get(f"/Items/{item}").status_code) == (204, 404)
    account = next(each for each in vendor.dump("Accounts") if each["Code"] == "453")["AccountID"]
    assert delete(f"/Accounts/{account}").json()["Accounts"][0]["Status"] == "DELETED"
    system = next(each for each in vendor.dump("Accounts") if each["Code"] == "610")["AccountID"]
    assert delete(f"/Accounts/{system}").status_code == 400


@pytest.mark.parametrize(
    ("limit", "word"), [("limit_minute", "minute"), ("limit_day", "day"), ("limit_app", "appminute")]
)
def test_a_limit_says_which_it_is_and_how_long_it_lasts(limit: str, word: str, vendor: Running, xero: Client) -> None:
    vendor.configure(**{limit: 0})
    answer = xero.get("/Currencies")
    assert (answer.status_code, answer.headers["x-rate-limit-problem"]) == (429, word)
    assert int(answer.headers["retry-after"]) > 0
    vendor.configure(**{limit: None, "limit_at_once": 0})
    at_once = xero.get("/Currencies")
    assert (at_once.headers["x-rate-limit-problem"], "retry-after" in at_once.headers) == ("concurrent", False)


def test_what_there_is_none_of(xero: Client) -> None:
    assert xero.get("/Nothing").status_code == 404
    assert xero.get("/Contacts/00000000-0000-0000-0000-000000000001").status_code == 404
    assert xero.send("DELETE", "/Contacts", None).status_code == 405
    assert xero.get("/Currencies").json()["Currencies"][0] == {"Code": "USD", "Description": "United States Dollar"}
