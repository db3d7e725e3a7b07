"""How strict the simulator of NetSuite is, and how its open questions can be answered otherwise."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import httpx
import pytest
from oauthlib.oauth1 import Client as Signer

from backhaul.sandbox.netsuite.oauth1 import Rejected, Verifier
from backhaul.sandbox.netsuite.vendor import NetSuite
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build

SUITEQL = "/services/rest/query/v1/suiteql"
RECORD = "/services/rest/record/v1"
JSON = {"Content-Type": "application/json"}
TRANSIENT = {"Prefer": "transient", **JSON}
FORMAT = "YYYY-MM-DD HH24:MI:SS"


class Account:
    """A simulator, and signed requests to it."""

    def __init__(self, running: Running) -> None:
        self.sandbox = running
        c = running.credentials
        self._signer = Signer(
            c["consumer_key"], c["consumer_secret"], c["token_id"], c["token_secret"],
            realm=running.settings["account"], signature_method="HMAC-SHA256",
        )  # fmt: skip
        self._client = httpx.Client(trust_env=False, timeout=30)

    def send(self, method: str, path: str, content: Any = None, **headers: str) -> httpx.Response:
        url = path if path.startswith("http") else self.sandbox.base_url + path
        signed_url, signed, _ = self._signer.sign(url, method)
        sent = {**(JSON if content is not None else {}), **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self._client.request(method, signed_url, json=content, headers={**sent, **signed})

    def ask(self, query: str, page: str = "") -> httpx.Response:
        return self.send("POST", SUITEQL + page, {"q": query}, Prefer="transient")

    def rows(self, query: str) -> list[dict[str, Any]]:
        answer = self.ask(query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        for row in found:
            del row["links"]
        return found


@contextmanager
def account(**variants: str) -> Iterator[Account]:
    with serve(build("netsuite", variants=variants)) as running:
        yield Account(running)


@pytest.fixture(scope="module")
def reading() -> Iterator[Account]:
    """For tests that change nothing."""
    with account() as found:
        yield found


@pytest.fixture
def netsuite() -> Iterator[Account]:
    with account() as found:
        yield found


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["o:errorDetails"][0]["o:errorCode"]


# Requests


@pytest.mark.parametrize(
    ("page", "body", "headers", "code"),
    [
        ("", {"q": "SELECT id FROM term"}, JSON, "INVALID_HEADER"),
        ("?limit=0", {"q": "SELECT id FROM term"}, TRANSIENT, "INVALID_PARAMETER"),
        ("?limit=1001", {"q": "SELECT id FROM term"}, TRANSIENT, "INVALID_PARAMETER"),
        ("?limit=ten", {"q": "SELECT id FROM term"}, TRANSIENT, "INVALID_PARAMETER"),
        ("?limit=10&offset=5", {"q": "SELECT id FROM term"}, TRANSIENT, "INVALID_PARAMETER"),
        ("?page=2", {"q": "SELECT id FROM term"}, TRANSIENT, "INVALID_PARAMETER"),
        ("?limit=1000&offset=100000", {"q": "SELECT id FROM term"}, TRANSIENT, "INVALID_PARAMETER"),
        ("?limit=1&offset=1000", {"q": "SELECT id FROM term"}, TRANSIENT, "INVALID_PARAMETER"),
        ("", {"query": "SELECT id FROM term"}, TRANSIENT, "INVALID_CONTENT"),
        ("", {"q": "SELECT id FROM term LIMIT 5"}, TRANSIENT, "INVALID_PARAMETER"),
        ("", {"q": "SELECT id FROM nothing"}, TRANSIENT, "INVALID_PARAMETER"),
        ("", {"q": "SELECT nothing FROM term"}, TRANSIENT, "INVALID_PARAMETER"),
    ],
)
def test_a_query_that_breaks_a_rule_is_refused(
    reading: Account, page: str, body: dict[str, str], headers: dict[str, str], code: str
) -> None:
    answer = reading.send("POST", SUITEQL + page, body, **headers)
    assert refusal(answer) == (400, code)


def test_pages_say_what_follows_and_how_much_there_is(reading: Account) -> None:
    whole = reading.ask("SELECT id FROM contact ORDER BY id").json()
    assert (whole["count"], whole["totalResults"], whole["hasMore"], whole["offset"]) == (400, 400, False, 0)
    last = reading.ask("SELECT id FROM contact ORDER BY id", "?limit=300&offset=300").json()
    assert [item["id"] for item in last["items"]] == [item["id"] for item in whole["items"]][300:]
    assert not [link for link in last["links"] if link["rel"] == "next"]
    beyond = reading.ask("SELECT id FROM contact ORDER BY id", "?limit=500&offset=500").json()
    assert (beyond["items"], beyond["hasMore"]) == ([], False)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda h, q: (h.replace("oauth_nonce", "oauth_once"), q), "missing: oauth_nonce"),
        (lambda h, q: (h.replace("OAuth ", "Bearer "), q), "not OAuth"),
        (lambda h, q: (None, q), "no Authorization"),
        (lambda h, q: (h + ', oauth_nonce="1234567"', q), "given twice"),
        (lambda h, q: (h, "limit=11"), "does not match"),
        (lambda h, q: (h, q + "&offset=10"), "does not match"),
        (lambda h, q: (h.replace('realm="1234567_SB1"', 'realm="1234567"'), q), "realm"),
    ],
)
def test_a_signature_covers_everything_it_must(
    change: Callable[[str, str], tuple[str | None, str]], reason: str
) -> None:
    verifier = Verifier("1234567_SB1", "ck", "cs&", "ti", "ts=")
    signer = Signer("ck", "cs&", "ti", "ts=", realm="1234567_SB1", signature_method="HMAC-SHA256")
    _, signed, _ = signer.sign("https://h.example/a%20b/eid:1?limit=10", "POST")
    header, query = change(signed["Authorization"], "limit=10")
    with pytest.raises(Rejected, match=reason):
        verifier.verify(header, "POST", "https://h.example/a%20b/eid:1", query)
    verifier.verify(signed["Authorization"], "POST", "https://h.example/a%20b/eid:1", "limit=10")
    with pytest.raises(Rejected, match="used before"):
        verifier.verify(signed["Authorization"], "POST", "https://h.example/a%20b/eid:1", "limit=10")


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_signature_of_another_time_is_refused(seconds: int) -> None:
    verifier = Verifier("R", "ck", "cs", "ti", "ts")
    signer = Signer(
        "ck", "cs", "ti", "ts", realm="R", signature_method="HMAC-SHA256", timestamp=str(int(time.time()) + seconds)
    )
    _, signed, _ = signer.sign("https://h.example/", "GET")
    with pytest.raises(Rejected, match="five minutes"):
        verifier.verify(signed["Authorization"], "GET", "https://h.example/", "")


# The catalog


def test_the_catalog_lists_records_and_describes_their_fields(reading: Account) -> None:
    names = [item["name"] for item in reading.send("GET", f"{RECORD}/metadata-catalog").json()["items"]]
    assert {"customer", "invoice", "salesOrder", "inventoryItem", "customrecord_subscription"} <= set(names)
    some = reading.send("GET", f"{RECORD}/metadata-catalog?select=customer,salesorder").json()["items"]
    assert [item["name"] for item in some] == ["customer", "salesOrder"]
    answer = reading.send("GET", f"{RECORD}/metadata-catalog/customer", Accept="application/schema+json")
    fields = answer.json()["properties"]
    assert fields["custentity_arr"] == {
        "title": "ARR", "type": "number", "format": "double", "nullable": True, "x-ns-custom-field": True,
    }  # fmt: skip
    assert fields["custentity_tier"]["properties"]["id"]["enum"] == ["1", "2", "3"]
    assert fields["lastModifiedDate"]["format"] == "date-time"
    assert set(fields["subsidiary"]["properties"]) == {"id", "refName", "externalId", "links"}
    assert fields["addressBook"]["properties"]["items"]["type"] == "array"
    swagger = reading.send("GET", f"{RECORD}/metadata-catalog/customer", Accept="application/swagger+json").json()
    assert swagger["openapi"].startswith("3.0")


def test_every_catalogued_field_is_a_column_or_is_refused_by_name(reading: Account) -> None:
    for item in reading.send("GET", f"{RECORD}/metadata-catalog").json()["items"]:
        path = f"{RECORD}/metadata-catalog/{item['name']}"
        fields = reading.send("GET", path, Accept="application/schema+json").json()["properties"]
        record = reading.sandbox.vendor.books.record(item["name"])  # type: ignore[attr-defined]
        for name in fields:
            answer = reading.ask(f"SELECT {name} FROM {record.table.name} FETCH FIRST 1 ROWS ONLY")
            if answer.status_code == 400:
                assert f"Field '{name.lower()}'" in answer.json()["o:errorDetails"][0]["detail"]
                assert name in ("links", "addressBook", "balance", "overdueBalance", "defaultAddress", "price", "item",
                                "line", "apply", "subTotal", "billingAddress")  # fmt: skip


def test_what_the_role_may_not_see_is_not_there(netsuite: Account) -> None:
    netsuite.sandbox.configure(denied=["vendor"])
    answer = netsuite.ask("SELECT id FROM vendor")
    assert "Record 'vendor' was not found" in answer.json()["o:errorDetails"][0]["detail"]
    assert refusal(netsuite.send("GET", f"{RECORD}/vendor/1")) == (403, "INSUFFICIENT_PERMISSION")
    names = [item["name"] for item in netsuite.send("GET", f"{RECORD}/metadata-catalog").json()["items"]]
    assert "vendor" not in names


# Records


CUSTOMER = {"companyName": "New", "subsidiary": {"id": "1"}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "where"),
    [
        ("POST", "customer", {"companyName": "X"}, 400, "USER_ERROR", None),
        ("POST", "customer", {"subsidiary": {"id": "1"}}, 400, "USER_ERROR", None),
        ("POST", "customer", {**CUSTOMER, "companyname": "X"}, 400, "INVALID_CONTENT", "companyname"),
        ("POST", "customer", {**CUSTOMER, "custentity_arr": "12"}, 400, "INVALID_CONTENT", "custentity_arr"),
        ("POST", "customer", {**CUSTOMER, "custentity_tier": {"id": "9"}}, 400, "INVALID_CONTENT", "custentity_tier"),
        ("POST", "customer", {**CUSTOMER, "balance": 5}, 400, "INVALID_CONTENT", "balance"),
        ("POST", "customer", {**CUSTOMER, "currency": {"id": "77"}}, 400, "USER_ERROR", "currency"),
        ("POST", "customer", {**CUSTOMER, "companyName": "Acme Corporation", "entityId": "CUST1000"}, 400,
        "USER_ERROR", None),
        ("POST", "customer", [], 400, "INVALID_CONTENT", None),
        ("POST", "subsidiary", {"name": "X"}, 403, "INSUFFICIENT_PERMISSION", None),
        ("POST", "invoice", {"entity": {"id": "142"}}, 400, "USER_ERROR", None),
        ("POST", "invoice", {"item": {"items": [{"item": {"id": "1"}, "rate": 1}]}}, 400, "USER_ERROR", None),
        ("POST", "invoice", {"entity": {"id": "142"}, "item": [1]}, 400, "INVALID_CONTENT", "item"),
        ("POST", "journalEntry", {"line": {"items": [{"account": {"id": "1"}, "debit": 5}]}}, 400, "USER_ERROR", None),
        ("PATCH", "customer/142", {"subsidiary": None}, 400, "USER_ERROR", None),
        ("PATCH", "customer/142", {"id": "143"}, 400, "INVALID_CONTENT", "id"),
        ("PATCH", "customer/999999", {"phone": "1"}, 404, "NONEXISTENT_ID", None),
        ("PATCH", "customer/abc", {"phone": "1"}, 400, "INVALID_ID", None),
        ("PUT", "customer/142", {"phone": "1"}, 400, "INVALID_ID", None),
        ("PATCH", "customer/eid:nobody", {"phone": "1"}, 404, "NONEXISTENT_ID", None),
        ("PATCH", "customer/142?mode=1", {"phone": "1"}, 400, "INVALID_PARAMETER", None),
        ("DELETE", "customer/224", None, 400, "USER_ERROR", None),
        ("GET", "customer/1002", None, 404, "NONEXISTENT_ID", None),
        ("GET", "unknownRecord/1", None, 404, "NOT_FOUND", None),
        ("POST", "customer/142", {}, 405, "METHOD_NOT_ALLOWED", None),
    ],
)  # fmt: skip
def test_a_write_that_breaks_a_rule_is_refused_and_writes_nothing(
    reading: Account, method: str, path: str, body: Any, status: int, code: str, where: str | None
) -> None:
    before = reading.sandbox.objects()
    answer = reading.send(method, f"{RECORD}/{path}", body)
    assert refusal(answer) == (status, code), answer.text
    assert answer.json()["o:errorDetails"][0].get("o:errorPath") == where
    assert reading.sandbox.objects() == before


def test_unknown_names_pass_when_the_headers_say_so(netsuite: Account) -> None:
    body = {**CUSTOMER, "nickname": "N", "custentity_arr": "much"}
    lenient = {"X-NetSuite-PropertyNameValidation": "Ignore", "X-NetSuite-PropertyValueValidation": "Warning"}
    answer = netsuite.send("POST", f"{RECORD}/customer", body, **lenient)
    assert answer.status_code == 204
    found = netsuite.send("GET", answer.headers["Location"]).json()
    assert found["companyName"] == "New"
    assert "custentity_arr" not in found


def test_a_record_is_created_changed_read_and_deleted(netsuite: Account) -> None:
    body = {
        **CUSTOMER,
        "externalId": "a/1 %41",
        "custentity_tier": {"id": "2"},
        "custentity_renewal_date": "2027-01-31",
    }
    created = netsuite.send("POST", f"{RECORD}/customer", body)
    location = created.headers["Location"]
    id = location.rsplit("/", 1)[1]
    assert refusal(netsuite.send("POST", f"{RECORD}/customer", {**body, "companyName": "Other"})) == (400, "USER_ERROR")
    changed = netsuite.send("PATCH", f"{RECORD}/customer/eid:a%2F1%20%2541", {"custentity_arr": 12.5, "phone": None})
    assert changed.status_code == 204
    found = netsuite.send("GET", f"{location}?fields=companyName,custentity_arr,custentity_tier,phone").json()
    assert (found["companyName"], found["custentity_arr"], found["custentity_tier"]) == (
        "New",
        12.5,
        {"id": "2", "refName": "Silver"},
    )
    assert "phone" not in found
    query = f"SELECT custentity_arr, BUILTIN.DF(custentity_tier) AS tier FROM customer WHERE id = {id}"
    assert netsuite.rows(query) == [{"custentity_arr": "12.5", "tier": "Silver"}]
    assert netsuite.send("DELETE", location).status_code == 204
    assert refusal(netsuite.send("GET", location)) == (404, "NONEXISTENT_ID")
    assert netsuite.rows(f"SELECT scriptid, name FROM deletedrecord WHERE recordid = {id}") == [
        {"scriptid": "CUSTOMER", "name": "New"}
    ]


def test_an_invoice_adds_up_however_its_lines_change(netsuite: Account) -> None:
    lines = [{"item": {"id": "1"}, "quantity": 2, "rate": 10}, {"item": {"id": "2"}, "quantity": 1, "rate": 5.5}]
    created = netsuite.send("POST", f"{RECORD}/invoice", {"entity": {"id": "224"}, "item": {"items": lines}})
    id = created.headers["Location"].rsplit("/", 1)[1]

    def check(total: str, numbers: list[str]) -> None:
        header = netsuite.rows(f"SELECT foreigntotal, foreignamountunpaid, total FROM transaction WHERE id = {id}")
        assert set(header[0].values()) == {total}
        lines = f"FROM transactionline WHERE transaction = {id} ORDER BY linesequencenumber"
        found = netsuite.rows(f"SELECT id, mainline, foreignamount {lines}")
        assert found[0] == {"id": "0", "mainline": "T", "foreignamount": total}
        assert [row["id"] for row in found[1:]] == numbers
        assert sum(Decimal(row["foreignamount"]) for row in found) == 0
        ledger = netsuite.rows(f"SELECT debit, credit FROM transactionaccountingline WHERE transaction = {id}")
        assert sum(Decimal(row.get("debit", "0")) - Decimal(row.get("credit", "0")) for row in ledger) == 0

    check("25.5", ["1", "2"])
    added = {"items": [{"line": 1, "quantity": 3}, {"item": {"id": "3"}, "quantity": 1, "rate": 1}]}
    assert netsuite.send("PATCH", f"{RECORD}/invoice/{id}", {"item": added}).status_code == 204
    check("36.5", ["1", "2", "3"])
    only = {"items": [{"item": {"id": "3"}, "quantity": 4, "rate": 1}]}
    assert netsuite.send("PATCH", f"{RECORD}/invoice/{id}?replace=item", {"item": only}).status_code == 204
    check("4", ["1"])
    shown = netsuite.send("GET", f"{RECORD}/invoice/{id}?expandSubResources=true").json()
    assert [(line["line"], line["quantity"], line["amount"]) for line in shown["item"]["items"]] == [(1, 4.0, 4.0)]


def test_every_seeded_invoice_adds_up_and_payments_link_to_them(reading: Account) -> None:
    vendor = reading.sandbox.vendor
    sums: dict[str, Decimal] = {}
    for line in vendor.dump("invoice_lines"):
        if not line["mainline"]:
            sums[line["transaction"]] = sums.get(line["transaction"], Decimal(0)) - Decimal(line["foreignamount"])
    invoices = vendor.dump("invoice")
    assert len(invoices) == 250
    assert any(row["voided"] for row in invoices)
    assert {row["currency"] for row in invoices} == {"1", "2", "3"}
    for row in invoices:
        assert sums[row["id"]] == Decimal(row["foreigntotal"])
        exact = Decimal(row["foreigntotal"]) * Decimal(row["exchangerate"])
        assert abs(exact - Decimal(row["total"])) <= Decimal("0.005")
    payments = "FROM nexttransactionlinelink WHERE linktype = 'Payment' AND nexttype = 'CustPymt'"
    links = reading.rows(f"SELECT previousdoc, nextdoc {payments}")
    assert {link["nextdoc"] for link in links} == {row["id"] for row in vendor.dump("customerPayment")}
    assert {link["previousdoc"] for link in links} <= {row["id"] for row in invoices}


# Jobs


def job_result(netsuite: Account, method: str, path: str, items: list[dict[str, Any]]) -> list[httpx.Response]:
    headers = {"Prefer": "respond-async", "Content-Type": "application/vnd.oracle.resource+json; type=collection"}
    submitted = netsuite.send(method, f"{RECORD}/{path}", {"items": items}, **headers)
    assert submitted.status_code == 202, submitted.text
    job = submitted.headers["Location"]
    while not netsuite.send("GET", job).json()["completed"]:
        time.sleep(0.02)
    tasks = netsuite.send("GET", f"{job}/task").json()["items"]
    return [netsuite.send("GET", f"{job}/task/{task['id']}/result") for task in tasks]


def test_batches_update_by_id_and_upsert_by_external_id(netsuite: Account) -> None:
    changed = job_result(netsuite, "PATCH", "customer", [{"id": "142", "phone": "1"}, {"phone": "2"}])
    assert [answer.status_code for answer in changed] == [204, 400]
    upserted = job_result(netsuite, "PUT", "customer", [{"externalId": "n", **CUSTOMER}, {"id": "142", "phone": "3"}])
    assert [answer.status_code for answer in upserted] == [204, 400]
    assert netsuite.rows("SELECT phone FROM customer WHERE id = 142") == [{"phone": "1"}]


@pytest.mark.parametrize(
    ("method", "headers", "content"),
    [
        ("POST", {"Content-Type": "application/vnd.oracle.resource+json; type=collection"}, {"items": [CUSTOMER]}),
        ("PATCH", {"Prefer": "respond-async"}, {"items": [{"id": "142"}]}),
        ("POST", {"Prefer": "respond-async", "Content-Type": "x; type=collection"}, {"items": [CUSTOMER] * 101}),
        ("POST", {"Prefer": "respond-async", "Content-Type": "x; type=collection"}, {"items": []}),
    ],
)
def test_a_batch_that_breaks_a_rule_is_refused_whole(
    reading: Account, method: str, headers: dict[str, str], content: Any
) -> None:
    assert reading.send(method, f"{RECORD}/customer", content, **headers).status_code in (400, 405)


def test_an_idempotency_key_means_nothing_when_synchronous(netsuite: Account) -> None:
    key = {"X-NetSuite-Idempotency-Key": str(uuid.uuid4())}
    first = netsuite.send("POST", f"{RECORD}/term", {"name": "Net 90"}, **key)
    second = netsuite.send("POST", f"{RECORD}/term", {"name": "Net 90"}, **key)
    assert first.status_code == second.status_code == 204
    assert first.headers["Location"] != second.headers["Location"]


# Behind the API's back


def test_a_changed_line_moves_its_own_stamp_and_not_the_headers(netsuite: Account) -> None:
    query = "SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS at FROM transaction WHERE id = 1002"
    before = netsuite.rows(query)
    netsuite.sandbox.mutate("update", "invoice_lines", "1002:1", {"memo": "changed"})
    assert netsuite.rows(query) == before
    netsuite.sandbox.configure(time_zone="UTC")
    since = f"TO_TIMESTAMP('2026-07-01 00:00:00', '{FORMAT}')"
    touched = netsuite.rows(f"SELECT DISTINCT transaction FROM transactionline WHERE linelastmodifieddate >= {since}")
    assert touched == [{"transaction": "1002"}]


def test_deletes_are_remembered_but_for_lines_and_when_told_not_to(netsuite: Account) -> None:
    box = netsuite.sandbox
    box.mutate("delete", "customerPayment", "1003")
    box.mutate("delete", "contact", "400", {"untracked": True})
    box.mutate("delete", "invoice_lines", "1005:1")
    assert netsuite.rows("SELECT recordid, scriptid, recordtypeid FROM deletedrecord") == [
        {"recordid": "1003", "scriptid": "CUSTOMERPAYMENT", "recordtypeid": "-30"}
    ]
    assert netsuite.rows("SELECT id FROM contact WHERE id = 400") == []
    assert netsuite.rows("SELECT id FROM transactionline WHERE transaction = 1003") == []
    gone = next(row for row in box.dump("invoice_lines") if row["_key"] == "1005:1")
    assert gone["_deleted"] is True
    box.mutate("restore", "customerPayment", "1003")
    assert len(netsuite.rows("SELECT id FROM transactionline WHERE transaction = 1003")) == 2
    box.mutate("purge", "customerPayment", "1003")
    assert "1003" not in [row["id"] for row in box.dump("customerPayment")]


def test_a_merged_customer_leaves_its_transactions_to_the_winner(netsuite: Account) -> None:
    netsuite.sandbox.mutate("merge", "customer", "142", {"loser": "224"})
    assert netsuite.rows("SELECT id FROM transaction WHERE entity = 224") == []
    assert netsuite.rows("SELECT id FROM transaction WHERE entity = 142") != []
    loser = next(row for row in netsuite.sandbox.dump("customer") if row["id"] == "224")
    assert (loser["_deleted"], loser["_merged_into"]) == (True, "142")


def test_fields_come_and_go_and_change_their_type(netsuite: Account) -> None:
    box = netsuite.sandbox
    box.mutate("add_field", "customer", None, {"name": "custentity_new", "type": "integer", "title": "New"})
    box.mutate("update", "customer", "142", {"custentity_new": 7, "custentity_health_score": 50})
    assert netsuite.rows("SELECT custentity_new FROM customer WHERE id = 142") == [{"custentity_new": "7"}]
    box.mutate("retype_field", "customer", None, {"name": "custentity_health_score", "type": "text"})
    path = f"{RECORD}/metadata-catalog/customer"
    fields = netsuite.send("GET", path, Accept="application/schema+json").json()["properties"]
    assert (fields["custentity_health_score"]["type"], fields["custentity_new"]["title"]) == ("string", "New")
    box.mutate("remove_field", "customer", None, {"name": "custentity_new"})
    answer = netsuite.ask("SELECT custentity_new FROM customer")
    assert "Reason: REMOVED" in answer.json()["o:errorDetails"][0]["detail"]
    box.mutate("add_object", "customrecord_site", None, {"fields": [{"name": "custrecord_site_code"}]})
    made = box.mutate("create", "customrecord_site", None, {"name": "North", "custrecord_site_code": "N"})
    assert netsuite.rows("SELECT id, custrecord_site_code FROM customrecord_site") == [
        {"id": made["id"], "custrecord_site_code": "N"}
    ]
    listed = netsuite.rows("SELECT fieldvaluetype FROM customfield WHERE scriptid = 'CUSTRECORD_SITE_CODE'")
    assert listed == [{"fieldvaluetype": "STRING"}]


def test_an_index_that_lags_hides_fresh_changes_from_queries_by_time(netsuite: Account) -> None:
    netsuite.sandbox.mutate("update", "customer", "142", {"phone": "1"})
    netsuite.sandbox.configure(index_lag=60, time_zone="UTC")
    fresh = f"SELECT id FROM customer WHERE lastmodifieddate >= TO_TIMESTAMP('2026-07-01 00:00:00', '{FORMAT}')"
    assert netsuite.rows(fresh) == netsuite.rows(fresh.replace("id", "DISTINCT id", 1)) == []
    assert netsuite.rows("SELECT phone FROM customer WHERE id = 142") == [{"phone": "1"}]
    netsuite.sandbox.advance(61)
    assert netsuite.rows(fresh) == [{"id": "142"}]


# Open questions


@pytest.mark.parametrize(
    ("variant", "query", "found"),
    [
        ({"nulls": "null"}, "SELECT parent FROM employee WHERE 1 = 2", []),
        ({"nulls": "null"}, "SELECT id, description, externalid FROM item WHERE id = 1",
         [{"id": "1", "description": "GTX Basic", "externalid": None}]),
        ({"numbers": "bare"}, "SELECT id, baseprice FROM item WHERE id = 1", [{"id": 1, "baseprice": 550}]),
        ({"timezone_key": "expr1"}, "SELECT SESSIONTIMEZONE AS timezone FROM DUAL",
        [{"expr1": "America/Los_Angeles"}]),
        ({"time_zone": "Asia/Kolkata"}, "SELECT SESSIONTIMEZONE AS timezone FROM DUAL",
        [{"timezone": "Asia/Kolkata"}]),
        ({"date_format": "DD.MM.YYYY"}, "SELECT trandate FROM transaction WHERE id = 1002",
        [{"trandate": "16.07.2024"}]),
    ],
)  # fmt: skip
def test_a_query_under_a_variant(variant: dict[str, str], query: str, found: list[dict[str, Any]]) -> None:
    with account(**variant) as netsuite:
        if "1 = 2" in query:
            assert netsuite.ask(query).status_code == 400
        else:
            assert netsuite.rows(query) == found


def test_an_unknown_column_may_be_called_an_identifier() -> None:
    with account(unknown_column="identifier") as netsuite:
        detail = netsuite.ask("SELECT balance FROM customer").json()["o:errorDetails"][0]["detail"]
        assert "Unknown identifier 'balance'" in detail


@pytest.mark.parametrize(("success", "codes"), [("204", [204, 204, 204]), ("200", [200] * 3), ("201", [201, 200, 200])])
def test_success_may_have_other_codes(success: str, codes: list[int]) -> None:
    with account(success=success) as netsuite:
        created = netsuite.send("POST", f"{RECORD}/customer", CUSTOMER)
        location = created.headers["Location"]
        changed, deleted = netsuite.send("PATCH", location, {"phone": "1"}), netsuite.send("DELETE", location)
        assert [answer.status_code for answer in (created, changed, deleted)] == codes


def test_writes_under_the_other_answers() -> None:
    with account(
        eid="put only",
        property_case="any",
        date_times="milliseconds",
        task_result="in a body",
        resolution="millisecond",
    ) as netsuite:
        body = {"companyname": "Any", "SUBSIDIARY": {"id": "1"}}
        location = netsuite.send("PUT", f"{RECORD}/customer/eid:k", body).headers["Location"]
        assert refusal(netsuite.send("GET", f"{RECORD}/customer/eid:k")) == (404, "NONEXISTENT_ID")
        stamp = netsuite.send("GET", location).json()["lastModifiedDate"]
        assert len(stamp) == len("2026-01-31T00:00:00.000Z")
        good, bad = job_result(netsuite, "PATCH", "customer", [{"externalId": "k"}, {"id": "142", "phone": "1"}])
        assert (good.status_code, good.json()["o:errorDetails"][0]["o:errorCode"]) == (200, "NONEXISTENT_ID")
        assert bad.json()["status"] == 204


def test_deletions_and_voids_under_the_other_answers() -> None:
    with account(
        deletedrecord_scriptid="lower", deletedrecord_recordtypeid="name", void="reversing journal"
    ) as netsuite:
        netsuite.sandbox.mutate("delete", "contact", "400")
        assert netsuite.rows("SELECT scriptid, recordtypeid FROM deletedrecord") == [
            {"scriptid": "contact", "recordtypeid": "contact"}
        ]
        netsuite.sandbox.mutate("update", "invoice", "1002", {"voided": True})
        assert netsuite.rows("SELECT voided, total FROM transaction WHERE id = 1002") == [
            {"voided": "F", "total": "440"}
        ]
        links = "FROM nexttransactionlinelink WHERE linktype = 'VoidJrnl' AND previousdoc = 1002"
        assert len(netsuite.rows(f"SELECT nextdoc {links}")) == 1
    with account(deletes="untracked", retry_after="present") as netsuite:
        netsuite.sandbox.mutate("delete", "contact", "400")
        assert netsuite.rows("SELECT recordid FROM deletedrecord") == []
        netsuite.sandbox.fault("429")
        blocked = netsuite.ask("SELECT id FROM term")
        assert (blocked.status_code, blocked.headers["Retry-After"]) == (429, "1")


def test_a_variant_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="has no variant"):
        build("netsuite", variants={"nothing": "x"})
    assert all(len(values) > 1 for values in NetSuite.VARIANTS.values())
