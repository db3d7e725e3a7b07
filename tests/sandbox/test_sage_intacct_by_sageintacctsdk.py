"""The simulator of Sage Intacct before a client that others wrote: sageintacctsdk, with only its host changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sageintacctsdk import SageIntacctSDK
from sageintacctsdk.apis import api_base
from sageintacctsdk.exceptions import InternalServerError, InvalidTokenError, NoPrivilegeError, WrongParamsError

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build

HOST = "https://api.intacct.com"


@pytest.fixture
def vendor() -> Iterator[Running]:
    with serve(build("sage_intacct", variants={"throttled": "200"})) as running:
        yield running


@pytest.fixture
def connect(vendor: Running, monkeypatch: pytest.MonkeyPatch) -> Any:
    session = requests.Session()
    session.trust_env = False

    def post(url: str, **more: Any) -> requests.Response:
        return session.post(url.replace(HOST, vendor.base_url), **more)

    monkeypatch.setattr(api_base.requests, "post", post)

    def signed_in(**other: str) -> SageIntacctSDK:
        return SageIntacctSDK(**{**vendor.credentials, **other})

    return signed_in


@pytest.fixture
def sdk(connect: Any) -> SageIntacctSDK:
    return connect()


def test_a_wrong_password_and_a_wrong_sender_are_told_apart(connect: Any) -> None:
    with pytest.raises(InvalidTokenError) as wrong:
        connect(user_password="wrong")
    assert "Sign-in information is incorrect" in str(wrong.value.response)
    with pytest.raises(WrongParamsError) as unknown:
        connect(sender_password="wrong")
    assert "XL03000006" in str(unknown.value.response)


def test_pages_by_offset_go_on_until_every_record_is_there(vendor: Running, sdk: SageIntacctSDK) -> None:
    sdk.contacts._ApiBase__pagesize = 150
    found = sdk.contacts.get_all()
    dump = vendor.dump("CONTACT")
    assert len(dump) > 3 * 150
    assert len({each["RECORDNO"] for each in found}) == len(found) == len(dump)
    sdk.contacts._ApiBase__pagesize = 2000
    assert len(sdk.contacts.get_all(field="COMPANYNAME", value=dump[-1]["COMPANYNAME"])) >= 1
    assert sdk.customers.count("STATUS", "active") == sum(
        each["STATUS"] == "active" for each in vendor.dump("CUSTOMER")
    )  # fmt: skip


def test_filters_and_legacy_queries_find_the_same(sdk: SageIntacctSDK) -> None:
    fields = ["RECORDNO", "RECORDID", "TRX_TOTALDUE", "WHENMODIFIED"]
    owed = sdk.ar_invoices.get_by_query(
        fields=fields, and_filter=[("greaterthan", "TRX_TOTALDUE", "0"), ("equalto", "STATE", "Posted")]
    )
    assert owed
    assert all(float(each["TRX_TOTALDUE"]) > 0 for each in owed)
    old = sdk.ar_invoices.get("RECORDID", owed[0]["RECORDID"])
    assert (old["@totalcount"], old["arinvoice"]["RECORDNO"]) == ("1", owed[0]["RECORDNO"])
    listed = sdk.journal_entries.read_by_query(["RECORDNO", "BATCH_TITLE"])
    assert listed["data"]["@numremaining"] == "0"
    assert len(listed["data"]["glbatch"]) == 24


def test_what_there_is_is_told(sdk: SageIntacctSDK) -> None:
    told = sdk.customers.get_lookup()["Type"]
    fields = {each["ID"]: each for each in told["Fields"]["Field"]}
    assert fields["TIER"]["VALIDVALUES"]["VALIDVALUE"] == ["Gold", "Silver", "Bronze"]
    assert (fields["TIER"]["ISCUSTOM"], fields["RECORDNO"]["READONLY"]) == ("true", "true")
    names = [each["@typename"] for each in sdk.dimensions.get_objects()["type"]]
    assert {"CUSTOMER", "MCA_subscription"} <= set(names)


def test_a_record_is_made_changed_and_taken_away(vendor: Running, sdk: SageIntacctSDK) -> None:
    customer = {"CUSTOMERID": "SDK-1", "NAME": "By the client", "DISPLAYCONTACT": {"PRINTAS": "By the client"}}
    made = sdk.customers.post(customer)
    key = made["data"]["customer"]["RECORDNO"]
    assert made["data"]["customer"]["CUSTOMERID"] == "SDK-1"
    with pytest.raises(WrongParamsError) as twice:
        sdk.customers.post(customer)
    assert "already exists" in twice.value.response["error"][0]["description2"]
    sdk.customers.update({"RECORDNO": key, "COMMENTS": "Changed"})
    held = {each["RECORDNO"]: each for each in vendor.dump("CUSTOMER")}[key]
    assert (held["COMMENTS"], held["NAME"]) == ("Changed", "By the client")
    sdk.customers.delete(key)
    assert {each["RECORDNO"]: each["_deleted"] for each in vendor.dump("CUSTOMER")}[key] is True
    with pytest.raises(WrongParamsError):
        sdk.customers.delete(key)


def test_a_journal_entry_must_balance(sdk: SageIntacctSDK) -> None:
    def entry(side: int, amount: str) -> dict[str, Any]:
        return {"ACCOUNTNO": "6000", "TR_TYPE": side, "AMOUNT": amount}

    batch = {"JOURNAL": "GJ", "BATCH_DATE": "06/30/2026", "BATCH_TITLE": "By the client"}
    made = sdk.journal_entries.post({**batch, "ENTRIES": {"GLENTRY": [entry(1, "5"), entry(-1, "5")]}})
    assert made["status"] == "success"
    with pytest.raises(WrongParamsError) as wrong:
        sdk.journal_entries.post({**batch, "ENTRIES": {"GLENTRY": [entry(1, "5"), entry(-1, "4")]}})
    assert "do not balance" in str(wrong.value.response)


def test_an_invoice_is_made_in_the_older_dialect(vendor: Running, sdk: SageIntacctSDK) -> None:
    day = {"year": "2026", "month": "06", "day": "03"}
    line = {"glaccountno": "4000", "amount": "5", "memo": "Support"}
    invoice = {"customerid": "C1001", "datecreated": day, "datedue": day, "invoiceno": "SDK-1"}
    made = sdk.ar_invoices.post({**invoice, "invoiceitems": {"lineitem": [line]}})
    held = {each["RECORDNO"]: each for each in vendor.dump("ARINVOICE")}[made["key"]]
    assert (held["RECORDID"], held["TRX_TOTALDUE"], held["STATE"]) == ("SDK-1", "5.00", "Posted")
    with pytest.raises(WrongParamsError):
        sdk.ar_invoices.post({"datecreated": day, **invoice, "invoiceitems": {"lineitem": [line]}})


def test_limits_rights_and_sessions_end_as_the_client_knows_them(vendor: Running, sdk: SageIntacctSDK) -> None:
    vendor.fault("429", count=1)
    with pytest.raises(InternalServerError, match="API rate limit exceeded"):
        sdk.customers.count(None)
    vendor.configure(forbidden=["EMPLOYEE"])
    with pytest.raises(NoPrivilegeError):
        sdk.employees.count(None)
    vendor.advance(3 * 3600)
    with pytest.raises(InvalidTokenError):
        sdk.customers.count(None)
