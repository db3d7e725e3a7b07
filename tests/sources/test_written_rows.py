"""Batches with rows at fault, under every variant that concerns writes: no row is called written that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from backhaul.config.source import Source
from backhaul.conformance.truth import plain
from backhaul.discovery.discover import discover
from backhaul.errors import VendorDown
from backhaul.protocol import writes
from backhaul.protocol.connection import Connection
from backhaul.protocol.results import RowAnswer
from backhaul.protocol.schema import Schema
from backhaul.protocol.writes import Mode, OutRow
from backhaul.sandbox.remote import Remote
from tests.conftest import Bench

Variants = Mapping[str, str]

WRITING: Mapping[str, tuple[Variants, ...]] = {
    "hubspot": (
        {},
        {"success_trace_ids": "absent"},
        {"absent_trace_ids": "absent", "batch_order": "shuffled"},
        {"success_trace_ids": "absent", "absent_trace_ids": "absent", "batch_order": "shuffled"},
    ),
    "salesforce": (
        {},
        {
            "upsert_status": "204",
            "collection_bad_field": "record",
            "same_id_twice": "applied",
            "missing_in_retrieve": "left_out",
        },
        {"empty_csv_cell": "clears"},
    ),
    "netsuite": (
        {},
        {"success": "200", "eid": "put only", "property_case": "any", "date_times": "offset"},
        {"success": "201", "retry_after": "present"},
    ),
    "pipedrive": ({},),
    "zendesk": (
        {},
        {"job_results": "bare", "all_failed": "failed", "unknown_parameters": "ignored"},
    ),
    "dynamics365": ({}, {"version_code": "given", "duplicate_status": "412", "etags": "opaque"}),
    "xero": ({}, {"errors_under": "Description"}, {"matched_by": "id alone"}),
    "sage_intacct": ({}, {"unique_ids": "all"}, {"unknown_element": "ignored", "throttled": "200", "functions": "any"}),
    "quickbooks": ({}, {"batch_order": "backwards"}, {"repeated_request": "600"}),
    "slack": ({}, {"unknown_parameters": "ignored"}),
    "freshdesk": ({}, {"job_words": "lower"}),
    "servicenow": ({}, {"mandatory": "free"}),
    "intercom": ({}, {"unknown_parameters": "ignored"}),
}


@dataclass(frozen=True)
class Desk:
    """One connection that writes, and its vendor."""

    vendor: Remote
    source: Source
    connection: Connection
    schema: Schema

    def send(
        self,
        mode: Mode,
        name: str,
        rows: Sequence[OutRow],
        match: str | None = None,
        *,
        job: bool = False,
        of: int = 100,
    ) -> list[RowAnswer]:
        """Sends rows as a push of so many would: large ones go as jobs, single ones may have a call of their own."""
        definition = self.source.definition(name)
        assert definition is not None
        target = writes.choose(self.schema.objects[name], definition, mode, 10_000 if job else of, match)
        assert (target.write.job is not None) == job
        if target.write.job is not None:
            quick = {"every": "10ms", "up_to": "20ms"}
            poll = target.write.job.poll.model_validate({**target.write.job.poll.model_dump(by_alias=True), **quick})
            faster = target.write.job.model_copy(update={"poll": poll})
            target = replace(target, write=target.write.model_copy(update={"job": faster}))
        # a vendor that takes one row a call gets them so
        size = target.write.batch
        batches = [rows[start : start + size] for start in range(0, len(rows), size)]
        return [answer for batch in batches for answer in writes.send(self.connection, target, batch)]

    def judge(self, name: str, rows: Sequence[OutRow], answers: Sequence[RowAnswer], bad: set[str]) -> None:
        """Each row confirmed, and its record is as it was sent; or refused with a reason, and it is not there."""
        key = self.schema.objects[name].key[0]
        there = {str(each[key]): each for each in self.vendor.dump(name)}
        states = {answer.id: answer.state for answer in answers}
        assert states == {row.id: "refused" if row.id in bad else "confirmed" for row in rows}
        for row, answer in zip(rows, answers, strict=True):
            assert answer.id == row.id
            if answer.state == "refused":
                assert answer.message
                continue
            record = there[answer.key or row.key or ""]
            for field, value in row.values.items():
                assert plain(record.get(field)) == plain(value), (row.id, field)


@pytest.fixture
def desk(bench: Callable[..., Bench]) -> Callable[..., Any]:
    @contextmanager
    def opened(source: str, objects: Sequence[str], variants: Variants) -> Iterator[Desk]:
        made = bench(crm=(source, {name: {} for name in objects}), variants=dict(variants))
        with made.acme.context() as context:
            connection = context.open("crm", priority="interactive")
            try:
                schema = discover(connection, objects).schema
                yield Desk(made.simulators["crm"], context.source_of("crm"), connection, schema)
            finally:
                connection.close()

    return opened


@pytest.mark.parametrize("variants", WRITING["hubspot"], ids=str)
def test_hubspot_batches(variants: Variants, desk: Callable[..., Any]) -> None:
    with desk("hubspot", ["companies", "contacts"], variants) as at:
        made = [
            OutRow("c1", {"name": "Alpha", "numberofemployees": 5}),
            OutRow("c2", {"name": "Beta", "numberofemployees": "many"}),
            OutRow("c3", {"name": "Gamma", "city": "Oslo"}),
            OutRow("c4", {"name": "Gamma", "city": "Bergen"}),
            OutRow("c5", {"name": "Twin"}),
            OutRow("c6", {"name": "Twin"}),
        ]
        answers = at.send("create", "companies", made)
        at.judge("companies", made, answers, {"c2"})
        assert len({answer.key for answer in answers if answer.key}) == 5, "no two rows are one record"

        keys = [str(answer.key) for answer in answers if answer.key]
        changed = [
            OutRow("u1", {"city": "Paris"}, key=keys[0]),
            OutRow("u2", {"numberofemployees": "few"}, key=keys[1]),
            OutRow("u3", {"city": "Paris"}, key="990000000001"),
            OutRow("u4", {"city": None}, key=keys[2]),
        ]
        at.judge("companies", changed, at.send("update", "companies", changed), {"u2", "u3"})

        held = next(each["email"] for each in at.vendor.dump("contacts") if each["email"] and not each["_deleted"])
        matched = [
            OutRow("m1", {"firstname": "Same"}, match=held),
            OutRow("m2", {"firstname": "Same"}, match="new.person@example.com"),
            OutRow("m3", {"firstname": "Same"}, match="other.person@example.com"),
            OutRow("m4", {"firstname": "Same", "lifecyclestage": "no such stage"}, match="bad.stage@example.com"),
        ]
        answers = at.send("upsert", "contacts", matched, "email")
        at.judge("contacts", matched, answers, {"m4"})
        emails = {str(each["id"]): each["email"] for each in at.vendor.dump("contacts")}
        for row, answer in zip(matched, answers, strict=True):
            assert answer.key is None or emails[answer.key] == row.match, "each answer is the row's own"


@pytest.mark.parametrize("job", [False, True], ids=["collection", "job"])
@pytest.mark.parametrize("variants", WRITING["salesforce"], ids=str)
def test_salesforce_batches(variants: Variants, job: bool, desk: Callable[..., Any]) -> None:
    with desk("salesforce", ["Account"], variants) as at:
        made = [
            OutRow("c1", {"Name": "Alpha", "BillingCity": "Bonn"}),
            OutRow("c2", {"Name": None, "BillingCity": "Nowhere"}),
            OutRow("c3", {"Name": "Gamma", "BillingCity": "Oslo"}),
            OutRow("c4", {"Name": 'Quote " and, comma', "BillingCity": "Bergen"}),
            OutRow("c5", {"Name": "Twin", "BillingCity": "Rome"}),
            OutRow("c6", {"Name": "Twin", "BillingCity": "Rome"}),
        ]
        answers = at.send("create", "Account", made, job=job)
        at.judge("Account", made, answers, {"c2"})
        assert len({answer.key for answer in answers if answer.key}) == 5

        keys = [str(answer.key) for answer in answers if answer.key]
        at.vendor.configure(locked_ids=[keys[1]])
        changed = [
            OutRow("u1", {"BillingCity": "Paris"}, key=keys[0]),
            OutRow("u2", {"BillingCity": "Paris"}, key=keys[1]),
            OutRow("u3", {"BillingCity": "Paris"}, key="001000000000000AAA"),
            OutRow("u4", {"BillingCity": None}, key=keys[2]),
        ]
        at.judge("Account", changed, at.send("update", "Account", changed, job=job), {"u2", "u3"})


@pytest.mark.parametrize("variants", WRITING["salesforce"], ids=str)
def test_a_field_that_salesforce_does_not_have_fails_its_row_alone(
    variants: Variants, desk: Callable[..., Any]
) -> None:
    with desk("salesforce", ["Account"], variants) as at:
        made = [
            OutRow("c1", {"Name": "Alpha"}),
            OutRow("c2", {"Name": "Beta", "Nowhere__c": "x"}),
            OutRow("c3", {"Name": "Gamma"}),
        ]
        at.judge("Account", made, at.send("create", "Account", made), {"c2"})


@pytest.mark.parametrize("variants", WRITING["salesforce"], ids=str)
def test_salesforce_upserts_by_an_external_id(variants: Variants, desk: Callable[..., Any]) -> None:
    with desk("salesforce", ["Contact"], variants) as at:
        at.vendor.mutate("add_field", "Contact", values={"name": "Ext__c", "type": "string", "external_id": True})
        schema = discover(at.connection, ["Contact"]).schema
        at = replace(at, schema=schema)
        matched = [
            OutRow("m1", {"LastName": "Same"}, match="x-1"),
            OutRow("m2", {"LastName": "Same"}, match="x-2"),
            OutRow("m3", {"LastName": None}, match="x-3"),
        ]
        for again in (False, True):
            answers = at.send("upsert", "Contact", matched, "Ext__c")
            at.judge("Contact", matched, answers, {"m3"})
            ids = {str(each["Id"]): each["Ext__c"] for each in at.vendor.dump("Contact")}
            for row, answer in zip(matched, answers, strict=True):
                assert answer.key is None or ids[answer.key] == row.match
            assert [answer.created for answer in answers if answer.state == "confirmed"] in (
                [[False, False], [None, None]] if again else [[True, True]]
            )


@pytest.mark.parametrize("variants", WRITING["netsuite"], ids=str)
def test_netsuite_records_one_by_one(variants: Variants, desk: Callable[..., Any]) -> None:
    with desk("netsuite", ["customer"], variants) as at:
        made = [
            OutRow("c1", {"companyname": "Alpha", "email": "alpha@example.com", "subsidiary": "1"}),
            OutRow("c2", {"companyname": "Beta", "nowhere": "x", "subsidiary": "1"}),
            OutRow("c3", {"companyname": "Gamma", "subsidiary": "1"}),
        ]
        answers = at.send("create", "customer", made)
        at.judge("customer", made, answers, {"c2"})
        keys = [str(answer.key) for answer in answers if answer.key]
        assert [each["externalid"] for each in at.vendor.dump("customer") if each["id"] in keys] == ["c1", "c3"]
        changed = [
            OutRow("u1", {"companyname": "Renamed"}, key=keys[0]),
            OutRow("u2", {"companyname": "Nobody"}, key="99999999"),
            OutRow("u3", {"email": None}, key=keys[0]),
        ]
        at.judge("customer", changed, at.send("update", "customer", changed), {"u2"})
        matched = [
            OutRow("m1", {"companyname": "Made by its own id", "subsidiary": "1"}, match="own-1"),
            OutRow("m2", {"companyname": "Renamed again"}, match="c1"),
            OutRow("m3", {"companyname": "Bad", "nowhere": 1}, match="own-3"),
        ]
        at.judge("customer", matched, at.send("upsert", "customer", matched, "externalid"), {"m3"})


@pytest.mark.parametrize("variants", WRITING["quickbooks"], ids=str)
def test_quickbooks_batches(variants: Variants, desk: Callable[..., Any]) -> None:
    with desk("quickbooks", ["Customer", "Invoice"], variants) as at:
        made = [
            OutRow("c1", {"DisplayName": "Alpha", "PrimaryEmailAddr": {"Address": "alpha@example.com"}}),
            OutRow("c2", {"CompanyName": "Nameless"}),
            OutRow("c3", {"DisplayName": "Gamma", "Taxable": True}),
            OutRow("c4", {"DisplayName": "Twin"}),
            OutRow("c5", {"DisplayName": "Twin"}),
            OutRow("c6", {"DisplayName": "Zeta", "CurrencyRef": {"value": "XXX"}}),
        ]
        answers = at.send("create", "Customer", made)
        bad = {"c2": "2020", "c5": "6240", "c6": "2500"}
        at.judge("Customer", made, answers, set(bad))
        assert {answer.id: answer.code for answer in answers if answer.state == "refused"} == bad
        keys = {answer.id: str(answer.key) for answer in answers if answer.key}

        # a version that is not the record's own is refused: somebody else changed it
        changed = [
            OutRow("u1", {"CompanyName": "Alpha Inc."}, key=keys["c1"], version="0"),
            OutRow("u2", {"CompanyName": "Gamma Inc."}, key=keys["c3"], version="7"),
            OutRow("u3", {"CompanyName": "Nobody"}, key="99999", version="0"),
            OutRow("u4", {"PrimaryEmailAddr": None}, key=keys["c4"], version="0"),
        ]
        answers = at.send("update", "Customer", changed)
        assert [answer.code for answer in answers] == ["", "5010", "610", ""]
        assert answers[1].state == "conflict"
        told = [replace(each, state="refused") if each.state == "conflict" else each for each in answers]
        at.judge("Customer", changed, told, {"u2", "u3"})
        kept = {each["Id"]: each for each in at.vendor.dump("Customer")}[keys["c1"]]
        assert kept["PrimaryEmailAddr"] == {"Address": "alpha@example.com"}, "what was not sent stays"

        gone = [OutRow("d1", key=keys["c1"], version="1"), OutRow("d2", key=keys["c3"], version="9")]
        assert [answer.state for answer in at.send("delete", "Customer", gone)] == ["confirmed", "conflict"]
        assert {each["Id"]: each["_deleted"] for each in at.vendor.dump("Customer")}[keys["c1"]] is True


@pytest.mark.parametrize("variants", WRITING["quickbooks"], ids=str)
def test_quickbooks_documents_with_their_lines(variants: Variants, desk: Callable[..., Any]) -> None:
    def line(amount: float) -> dict[str, Any]:
        item = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": amount}
        return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": item}

    with desk("quickbooks", ["Invoice"], variants) as at:
        made = [
            OutRow(
                "i1", {"CustomerRef": {"value": "5"}, "Line": [line(10), line(5)], "DocNumber": "N-1", "cf_2": "North"}
            ),
            OutRow("i2", {"CustomerRef": {"value": "5"}, "Line": [line(10)], "DocNumber": "N-1"}),
            OutRow("i3", {"CustomerRef": {"value": "99999"}, "Line": [line(10)]}),
            OutRow("i4", {"CustomerRef": {"value": "5"}, "Line": []}),
        ]
        answers = at.send("create", "Invoice", made)
        assert [answer.code for answer in answers] == ["", "6140", "2500", "2020"]
        one = {each["Id"]: each for each in at.vendor.dump("Invoice")}[str(answers[0].key)]
        assert (one["TotalAmt"], one["Balance"], one["cf_2"], len(one["Line"])) == (15, 15, "North", 2)
        gone = [OutRow("d1", key=str(answers[0].key), version="0")]
        assert [answer.state for answer in at.send("delete", "Invoice", gone)] == ["confirmed"]
        assert {each["Id"]: each["_deleted"] for each in at.vendor.dump("Invoice")}[str(answers[0].key)] is True


def test_one_record_whose_answer_is_lost_is_made_once_by_its_request_id(desk: Callable[..., Any]) -> None:
    with desk("quickbooks", ["Customer"], {}) as at:
        at.vendor.fault("lost_answer", count=1, method="POST", path="/customer$")
        answers = at.send("create", "Customer", [OutRow("r1", {"DisplayName": "Once"})], of=1)
        assert [answer.state for answer in answers] == ["confirmed"]
        assert [each["Id"] for each in at.vendor.dump("Customer") if each["DisplayName"] == "Once"] == [answers[0].key]


def test_where_a_repeated_request_is_refused_nobody_says_that_its_row_was_not_written(
    desk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backhaul.http.patience.random.uniform", lambda *_: 0.0)
    with desk("quickbooks", ["Customer"], {"repeated_request": "600"}) as at:
        at.vendor.fault("lost_answer", count=1, method="POST", path="/customer$")
        with pytest.raises(VendorDown, match="600"):
            at.send("create", "Customer", [OutRow("r1", {"DisplayName": "Once"})], of=1)
        assert len([each for each in at.vendor.dump("Customer") if each["DisplayName"] == "Once"]) == 1


@pytest.mark.parametrize("source", ["hubspot", "salesforce", "netsuite"])
def test_rows_whose_answer_is_lost_are_unknown(source: str, desk: Callable[..., Any]) -> None:
    name, field = {
        "hubspot": ("companies", "name"),
        "salesforce": ("Account", "Name"),
        "netsuite": ("customer", "companyname"),
    }[source]
    with desk(source, [name], {}) as at:
        at.vendor.fault("lost_answer", count=1, method="POST", path="create|composite|customer")
        rows = [OutRow("r1", {field: "Written, but who knows"})]
        answers = at.send("create", name, rows)
        assert [answer.state for answer in answers] == ["unknown"]


@pytest.mark.parametrize("variants", WRITING["zendesk"], ids=str)
def test_zendesk_jobs(variants: Variants, desk: Callable[..., Any]) -> None:
    with desk("zendesk", ["tickets", "organizations", "device"], variants) as at:
        made = [
            OutRow(f"c{n}", {"subject": f"Row {n}", "description": "said", "cf_360000000203": n}) for n in range(12)
        ]
        made[3] = OutRow("c3", {"subject": "Nothing said", "description": None})
        made[7] = OutRow("c7", {"subject": "Of no kind", "description": "said", "cf_360000000201": "tier_lead"})
        answers = at.send("create", "tickets", made, job=True)
        at.judge("tickets", made, answers, {"c3", "c7"})
        ids = {str(each["id"]): each["external_id"] for each in at.vendor.dump("tickets")}
        assert all(ids[answer.key] == row.id for row, answer in zip(made, answers, strict=True) if answer.key)

        keys = [str(answer.key) for answer in answers if answer.key]
        closed = next(str(each["id"]) for each in at.vendor.dump("tickets") if each["status"] == "closed")

        def seen(id: str, values: dict[str, Any], key: str) -> OutRow:
            stamps = {str(each["id"]): each["updated_at"] for each in at.vendor.dump("tickets")}
            return OutRow(id, values, key=key, version=datetime.fromisoformat(stamps.get(key, stamps[keys[0]])))

        changed = [
            seen("u1", {"priority": "high", "cf_360000000205": True}, keys[0]),
            seen("u2", {"priority": "enormous"}, keys[1]),
            seen("u3", {"priority": "low"}, "99999999"),
            seen("u4", {"priority": "low"}, closed),
            seen("u5", {"cf_360000000203": None}, keys[2]),
        ]
        at.vendor.advance(60)
        at.judge("tickets", changed, at.send("update", "tickets", changed, job=True), {"u2", "u3", "u4"})
        (again,) = at.send("update", "tickets", [replace(changed[0], id="u6")], job=True)
        assert again.state == "conflict", "it was changed since it was seen"
        gone = [OutRow("d1", key=keys[3]), OutRow("d2", key="99999999")]
        assert [each.state for each in at.send("delete", "tickets", gone, job=True)] == ["confirmed", "refused"]

        matched = [
            OutRow("m1", {"name": "Made by its own id", "cf_arr": 12.5}, match="own-1"),
            OutRow("m2", {"name": None}, match="own-2"),
        ]
        at.judge("organizations", matched, at.send("upsert", "organizations", matched, "external_id"), {"m2"})
        records = [
            OutRow("r1", {"name": "Made", "cf_serial": "SN1"}, match="dev-1"),
            OutRow("r2", {"name": "Renamed", "cf_price": "9.90"}, match="DEV-00001"),
            OutRow("r3", {"name": "Bad", "cf_price": "dear"}, match="dev-3"),
        ]
        answers = at.send("upsert", "device", records, "external_id", job=True)
        if variants:  # a result without a place and without the matched value is nobody's
            assert [each.state for each in answers] == ["confirmed", "unknown", "refused"]
        else:
            at.judge("device", records, answers, {"r3"})
        nothing = [seen("n1", {"priority": "low", "nowhere": "x"}, keys[0])]
        if variants.get("unknown_parameters") != "ignored":
            at.judge("tickets", nothing, at.send("update", "tickets", nothing, job=True), {"n1"})


def test_a_job_of_zendesk_that_was_killed_leaves_its_rows_unknown(desk: Callable[..., Any]) -> None:
    with desk("zendesk", ["organizations"], {}) as at:
        at.vendor.fault("lost_answer", count=10, method="GET", path="job_statuses")
        rows = [OutRow("r1", {"name": "Written, but who knows"})]
        assert [each.state for each in at.send("create", "organizations", rows, job=True)] == ["unknown"]


@pytest.mark.parametrize("variants", WRITING["pipedrive"], ids=str)
def test_pipedrive_records_one_by_one(variants: Variants, desk: Callable[..., Any]) -> None:
    tier, signed = "dcf558aac1ae4e8c4f849ba5e668430d8df9be12", "56c7a8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f"
    with desk("pipedrive", ["deals", "organizations"], variants) as at:
        made = [
            OutRow("c1", {"name": "Alpha", "website": "https://alpha.example"}),
            OutRow("c2", {"name": None}),
            OutRow("c3", {"name": "Gamma", "nowhere": "x"}),
        ]
        answers = at.send("create", "organizations", made)
        at.judge("organizations", made, answers, {"c2", "c3"})
        deal = OutRow("d1", {"title": "Deal", signed: date(2026, 5, 1), "expected_close_date": date(2026, 6, 1)})
        (answer,) = at.send("create", "deals", [deal])
        at.judge("deals", [deal], [answer], set())
        changed = [
            OutRow("u1", {"title": "Renamed", signed: None}, key=answer.key),
            OutRow("u2", {"status": "paused"}, key=answer.key),
            OutRow("u3", {"title": "Nobody"}, key="99999999"),
            OutRow("u4", {tier: "Gold"}, key=answer.key),
        ]
        at.judge("deals", changed, at.send("update", "deals", changed), {"u2", "u3", "u4"})
        gone = [OutRow("x1", key=answer.key), OutRow("x2", key="99999999")]
        assert [each.state for each in at.send("delete", "deals", gone)] == ["confirmed", "refused"]


def guid(n: int) -> str:
    return f"{n:08x}{'0' * 24}"


@pytest.mark.parametrize("variants", WRITING["dynamics365"], ids=str)
def test_dynamics365_batches(variants: Variants, desk: Callable[..., Any]) -> None:
    with desk("dynamics365", ["account", "contact", "new_subscription"], variants) as at:
        made = [
            OutRow(guid(1), {"name": "Alpha", "new_tier": 100000001, "new_signed": date(2026, 5, 1)}),
            OutRow(guid(2), {"name": "Beta", "customertypecode": 77}),
            OutRow(guid(3), {"name": "Gamma", "revenue": 12.5}),
            OutRow(guid(4), {"name": "Delta", "new_externalid": "EXT-0001"}),
            OutRow(guid(5), {"name": "Epsilon", "address1_city": "O'Fallon"}),
        ]
        answers = at.send("create", "account", made)
        at.judge("account", made, answers, {guid(2), guid(4)})
        keys = [str(answer.key) for answer in answers if answer.key]
        assert keys[0] == "00000001-0000-0000-0000-000000000000", "it is the key that we chose"
        at.judge("account", [made[0]], at.send("create", "account", [made[0]], of=1), set())
        held = [each for each in at.vendor.dump("account") if each["name"] == "Alpha"]
        assert len(held) == 1, "sent once more it is still one record"

        changed = [
            OutRow("u1", {"address1_city": "Paris"}, key=keys[0]),
            OutRow("u2", {"numberofemployees": "few"}, key=keys[1]),
            OutRow("u3", {"address1_city": "Paris"}, key="99999999-0000-4000-8000-000000000000"),
            OutRow("u4", {"address1_city": None}, key=keys[2]),
        ]
        at.judge("account", changed, at.send("update", "account", changed), {"u2", "u3"})

        matched = [
            OutRow("m1", {"name": "Was there"}, match="EXT-0002"),
            OutRow("m2", {"name": "O'Neill"}, match="it's/new?"),
            OutRow("m3", {"name": "Bad", "statecode": 9}, match="EXT-0004"),
        ]
        for of in (3, 100):  # by an address each, and as one batch
            answers = at.send("upsert", "account", matched, "new_externalid", of=of)
            assert [answer.state for answer in answers] == ["confirmed", "confirmed", "refused"]
            names = [each["name"] for each in at.vendor.dump("account") if each["new_externalid"] == "it's/new?"]
            assert names == ["O'Neill"]

        # a lookup is written by its relation, as the address of a record
        person = OutRow(guid(6), {"lastname": "Ada", "_parentcustomerid_value": keys[0]})
        (answer,) = at.send("create", "contact", [person], of=1)
        at.judge("contact", [person], [answer], set())
        own = OutRow(guid(7), {"new_name": "S", "new_starts": date(2026, 1, 1), "_new_account_value": keys[0]})
        at.judge("new_subscription", [own], at.send("create", "new_subscription", [own]), set())
        cleared = OutRow("c1", {"_parentcustomerid_value": None}, key=answer.key)
        at.judge("contact", [cleared], at.send("update", "contact", [cleared]), set())

        gone = [OutRow("x1", key=keys[0]), OutRow("x2", key="99999999-0000-4000-8000-000000000000")]
        assert [each.state for each in at.send("delete", "account", gone)] == ["confirmed", "refused"]


@pytest.mark.parametrize("variants", WRITING["dynamics365"], ids=str)
def test_dynamics365_checks_versions_of_few_rows_and_duplicates_where_it_is_told(
    variants: Variants, desk: Callable[..., Any]
) -> None:
    with desk("dynamics365", ["account"], variants) as at:
        first = at.vendor.dump("account")[0]
        etag = f'W/"{first["versionnumber"]}"'
        if variants.get("etags") == "opaque":
            etag = f'W/"{first["versionnumber"]:x}-x"'
        row = OutRow("v1", {"telephone1": "1"}, key=first["accountid"], version=etag)
        assert [each.state for each in at.send("update", "account", [row], of=1)] == ["confirmed"]
        assert [each.state for each in at.send("update", "account", [row], of=1)] == ["conflict"]


@pytest.mark.parametrize("variants", WRITING["slack"], ids=str)
def test_slack_rows_are_written_one_by_one_and_found_by_channel_and_time(
    variants: Variants, desk: Callable[..., Any]
) -> None:
    with desk("slack", ["conversations", "messages", "replies", "usergroups"], variants) as at:
        here, elsewhere, archived = "C00000003", "C00000005", "C00000111"
        rows = [
            OutRow("m1", {"channel_id": here, "text": "One"}),
            OutRow("m2", {"channel_id": here, "text": ""}),
            OutRow("m3", {"channel_id": elsewhere, "text": "Not seen"}),
            OutRow("m4", {"channel_id": archived, "text": "Too late"}),
            OutRow("m5", {"channel_id": here, "blocks": [{"type": "divider"}]}),
            OutRow("m6", {"channel_id": here, "blocks": "none"}),
        ]
        answers = at.send("create", "messages", rows)
        assert {each.id: each.code for each in answers if each.state == "refused"} == {
            "m2": "no_text", "m3": "channel_not_found", "m4": "is_archived", "m6": "invalid_arguments",
        }  # fmt: skip
        keys = [each.key for each in answers if each.state == "confirmed"]
        held = {f"{each['channel_id']}:{each['ts']}": each for each in at.vendor.dump("messages")}
        assert [held[key].get("text") for key in keys] == ["One", None]
        root = keys[0].split(":")[1]
        (answer,) = at.send("create", "replies", [OutRow("r1", {"channel_id": here, "thread_ts": root, "text": "Two"})])
        (reply,) = [each for each in at.vendor.dump("replies") if each["thread_ts"] == root]
        assert (answer.key, reply["text"]) == (f"{here}:{reply['ts']}", "Two")

        theirs = next(key for key, each in held.items() if key.startswith(here) and each.get("user") != "U0BACKHAUL")
        changed = [OutRow("u1", {"text": "Uno"}, key=keys[0]), OutRow("u2", {"text": "Mine"}, key=theirs),
                   OutRow("u3", {"text": "Gone"}, key=f"{here}:1700000000.000001")]  # fmt: skip
        answers = at.send("update", "messages", changed)
        assert [each.code for each in answers] == ["", "cant_update_message", "message_not_found"]
        gone = [OutRow("d1", key=answer.key), OutRow("d2", key=theirs), OutRow("d3", key=keys[0])]
        assert [each.state for each in at.send("delete", "replies", gone[:1])] == ["confirmed"]
        assert [each.code for each in at.send("delete", "messages", gone[1:])] == ["cant_delete_message", ""]
        there = {f"{each['channel_id']}:{each['ts']}": each for each in at.vendor.dump("messages")}
        assert there[keys[0]]["_deleted"]

        channels = [OutRow("c1", {"name": "from-us", "is_private": True}), OutRow("c2", {"name": "From us"}),
                    OutRow("c3", {"name": "general"})]  # fmt: skip
        answers = at.send("create", "conversations", channels)
        assert [each.code for each in answers] == ["", "invalid_name_specials", "name_taken"]
        at.judge("conversations", channels, answers, {"c2", "c3"})
        renamed = [OutRow("n1", {"name": "from-them"}, key=answers[0].key), OutRow("n2", {"name": "x"}, key="C9")]
        answers = at.send("update", "conversations", renamed)
        at.judge("conversations", renamed, answers, {"n2"})

        groups = [OutRow("g1", {"name": "Ours", "description": "Made"}), OutRow("g2", {"name": "Renewals team"})]
        answers = at.send("create", "usergroups", groups)
        at.judge("usergroups", groups, answers, {"g2"})
        assert answers[1].code == "name_already_exists"
        gone = [OutRow("x1", key=answers[0].key), OutRow("x2", key="S9")]
        assert [each.state for each in at.send("delete", "usergroups", gone)] == ["confirmed", "refused"]


@pytest.mark.parametrize("variants", WRITING["xero"], ids=str)
def test_xero_contacts(variants: Variants, desk: Callable[..., Any]) -> None:
    with desk("xero", ["Contacts"], variants) as at:
        made = [
            OutRow("c1", {"Name": "Alpha", "EmailAddress": "alpha@example.com", "FirstName": "Ada"}),
            OutRow("c2", {"FirstName": "Nameless"}),
            OutRow("c3", {"Name": "Gamma", "EmailAddress": "no address"}),
            OutRow("c4", {"Name": "alpha"}),
            OutRow("c5", {"Name": "Epsilon", "ContactNumber": "E-5"}),
        ]
        answers = at.send("create", "Contacts", made)
        at.judge("Contacts", made, answers, {"c2", "c3", "c4"})
        said = {answer.id: answer.message for answer in answers if answer.state == "refused"}
        assert said["c2"] == "Name is required"
        assert "must be valid" in said["c3"]
        keys = {answer.id: str(answer.key) for answer in answers if answer.key}
        changed = [
            OutRow("u1", {"FirstName": "Augusta", "EmailAddress": None}, key=keys["c1"]),
            OutRow("u2", {"FirstName": "Nobody"}, key="00000000-0000-0000-0000-000000000001"),
        ]
        at.judge("Contacts", changed, at.send("update", "Contacts", changed), {"u2"})
        matched = [
            OutRow("m1", {"Name": "Epsilon", "LastName": "Known"}, match="E-5"),
            OutRow("m2", {"Name": "Zeta", "LastName": "New"}, match="Z-1"),
        ]
        answers = at.send("upsert", "Contacts", matched, "ContactNumber")
        # what the vendor does not match it refuses to make twice
        at.judge("Contacts", matched, answers, {"m1"} if "matched_by" in variants else set())
        assert answers[0].key == (None if "matched_by" in variants else keys["c5"])
        gone = [OutRow("d1", key=keys["c1"])]
        assert [answer.state for answer in at.send("delete", "Contacts", gone)] == ["confirmed"]
        assert {each["ContactID"]: each["_deleted"] for each in at.vendor.dump("Contacts")}[keys["c1"]] is True


@pytest.mark.parametrize("variants", WRITING["xero"], ids=str)
def test_xero_documents_with_their_lines(variants: Variants, desk: Callable[..., Any]) -> None:
    def line(amount: float, **more: Any) -> dict[str, Any]:
        return {"Description": "Work", "Quantity": 1, "UnitAmount": amount, "AccountCode": "200", **more}

    with desk("xero", ["Invoices", "Payments"], variants) as at:
        contact = {"ContactID": at.vendor.dump("Contacts")[3]["ContactID"]}
        common = {"Type": "ACCREC", "Contact": contact}
        made = [
            OutRow("i1", {**common, "LineItems": [line(10), line(5.1234)], "InvoiceNumber": "N-1",
                          "Status": "AUTHORISED", "Date": date(2026, 6, 1), "DueDate": date(2026, 7, 1)}),
            OutRow("i2", {**common, "LineItems": [line(10)], "InvoiceNumber": "N-1"}),
            OutRow("i3", {**common, "LineItems": [line(10, LineAmount=11)]}),
            OutRow("i4", {**common, "LineItems": [line(10, AccountCode="999")]}),
            OutRow("i5", {**common, "Contact": {"ContactID": "0"}, "LineItems": [line(10)]}),
            # a word where a number belongs: the whole request is refused, and goes again by halves
            OutRow("i6", {**common, "LineItems": [line(10)], "CurrencyRate": "much"}),
            OutRow("i7", {**common, "LineItems": [line(7)], "Reference": "the last"}),
        ]  # fmt: skip
        answers = at.send("create", "Invoices", made)
        states = {answer.id: answer.state for answer in answers}
        assert states == dict.fromkeys(states, "refused") | {"i1": "confirmed", "i7": "confirmed"}
        said = {answer.id: answer.message for answer in answers}
        assert "must be unique" in said["i2"]
        assert "does not match the expected line total" in said["i3"]
        assert "999" in said["i4"]
        assert "Could not convert string to decimal" in said["i6"]
        one = {each["InvoiceID"]: each for each in at.vendor.dump("Invoices")}[str(answers[0].key)]
        assert (one["Total"], one["AmountDue"], one["DueDate"]) == (15.12, 15.12, "2026-07-01")
        assert one["LineItems"][1]["UnitAmount"] == 5.1234

        bank = {"AccountID": at.vendor.dump("Accounts")[0]["AccountID"]}
        invoice = {"Invoice": {"InvoiceID": str(answers[0].key)}, "Account": bank, "Date": date(2026, 6, 2)}
        paid = at.send("create", "Payments", [OutRow("p1", {**invoice, "Amount": 15.12}),
                                              OutRow("p2", {**invoice, "Amount": 99})])  # fmt: skip
        assert [answer.state for answer in paid] == ["confirmed", "refused"]
        # paid documents are closed for most, and drafts alone are deleted
        closed = at.send("update", "Invoices", [OutRow("u1", {"LineItems": [line(1)]}, key=str(answers[0].key)),
                                                OutRow("u2", {"Reference": "R"}, key=str(answers[0].key))])  # fmt: skip
        assert [answer.state for answer in closed] == ["refused", "confirmed"]
        gone = at.send("delete", "Payments", [OutRow("d0", key=str(paid[0].key))])
        assert [answer.state for answer in gone] == ["confirmed"]
        rows = [OutRow("d1", key=str(answers[0].key)), OutRow("d2", key=str(answers[6].key))]
        assert [answer.state for answer in at.send("delete", "Invoices", rows)] == ["refused", "confirmed"]


def test_a_batch_of_xero_whose_answer_is_lost_is_made_once_by_its_key(desk: Callable[..., Any]) -> None:
    with desk("xero", ["Contacts"], {}) as at:
        at.vendor.fault("lost_answer", count=1, method="PUT", path="/Contacts$")
        answers = at.send("create", "Contacts", [OutRow("r1", {"Name": "Once"}), OutRow("r2", {"Name": "Twice"})])
        assert [answer.state for answer in answers] == ["confirmed", "confirmed"]
        made = [each["ContactID"] for each in at.vendor.dump("Contacts") if each["Name"] in ("Once", "Twice")]
        assert made == [answer.key for answer in answers]


@pytest.mark.parametrize("variants", WRITING["freshdesk"], ids=str)
def test_freshdesk_records_one_by_one_and_tickets_deleted_by_a_job(
    variants: Variants, desk: Callable[..., Any]
) -> None:
    with desk("freshdesk", ["contacts", "companies", "tickets", "time_entries", "custom_30"], variants) as at:
        firms = [
            OutRow(
                "f1", {"name": "Alpha", "cf_arr": Decimal("12.50"), "cf_plan": "Growth", "domains": ["alpha.example"]}
            ),
            OutRow("f2", {"name": "Beta", "cf_plan": "Free"}),
            OutRow("f3", {"name": at.vendor.dump("companies")[0]["name"]}),
            OutRow("f4", {"name": "Delta", "nowhere": "x"}),
        ]
        answers = at.send("create", "companies", firms)
        at.judge("companies", firms, answers, {"f2", "f3", "f4"})
        people = [
            OutRow("p1", {"name": "Ada", "email": "ada@alpha.example", "company_id": answers[0].key, "cf_vip": True}),
            OutRow("p2", {"name": "Bo"}),
            OutRow("p3", {"name": "Cy", "email": "Ada@alpha.example"}),
            OutRow("p4", {"name": "Di", "unique_external_id": "X-1", "company_id": "9"}),
        ]
        answers = at.send("create", "contacts", people)
        at.judge("contacts", people, answers, {"p2", "p3", "p4"})
        asks = {"subject": "Help", "description": "<p>It broke</p>", "status": 2, "priority": 3, "source": 2}
        tickets = [
            OutRow("t1", {**asks, "requester_id": answers[0].key, "cf_promised": date(2026, 5, 1), "tags": ["x"]}),
            OutRow("t2", {**asks, "requester_id": answers[0].key, "priority": 9}),
            OutRow("t3", asks),
            OutRow("t5", {**asks, "requester_id": "nobody"}),
            OutRow("t4", {**asks, "requester_id": answers[0].key, "cf_minutes": "many"}),
        ]
        (first, *_) = made = at.send("create", "tickets", tickets)
        at.judge("tickets", tickets, made, {"t2", "t3", "t4", "t5"})
        changed = [
            OutRow("u1", {"status": 4, "responder_id": None, "cf_promised": None}, key=first.key),
            OutRow("u2", {"group_id": "1"}, key=first.key),
            OutRow("u3", {"subject": "Nobody's"}, key="99999999"),
            OutRow("u4", {"cf_tier": "Lead"}, key=first.key),
        ]
        at.judge("tickets", changed, at.send("update", "tickets", changed), {"u2", "u3", "u4"})
        worked = [
            OutRow("w1", {"ticket_id": first.key, "note": "Called", "time_spent": "00:20", "billable": False}),
            OutRow("w2", {"ticket_id": first.key, "time_spent": "a while"}),
        ]
        at.judge("time_entries", worked, at.send("create", "time_entries", worked), {"w2"})
        devices = [
            OutRow("d1", {"serial": "NEW-1", "price": Decimal("9.5"), "units": 3, "warranty": date(2027, 1, 1)}),
            OutRow("d2", {"model": "No serial"}),
            OutRow("d3", {"serial": "NEW-2", "state": "broken"}),
        ]
        answers = at.send("create", "custom_30", devices)
        at.judge("custom_30", devices, answers, {"d2", "d3"})
        moved = [
            OutRow("m1", {"model": "Other", "units": None}, key=answers[0].key),
            OutRow("m2", {"units": 1}, key="DEV-9999"),
        ]
        at.judge("custom_30", moved, at.send("update", "custom_30", moved), {"m2"})

        keys = [str(each["id"]) for each in at.vendor.dump("tickets") if not each["_deleted"]]
        gone = [OutRow(f"x{n}", key=key) for n, key in enumerate([*keys[:12], "99999999"])]
        answers = at.send("delete", "tickets", gone, job=True)
        assert [each.state for each in answers] == ["confirmed"] * 12 + ["refused"]
        assert {str(each["id"]) for each in at.vendor.dump("tickets") if each["_deleted"]} == set(keys[:12])
        one = [OutRow("y1", key=keys[12]), OutRow("y2", key=keys[0])]
        assert [each.state for each in at.send("delete", "tickets", one, of=2)] == ["confirmed", "refused"]


@pytest.mark.parametrize("variants", WRITING["freshdesk"], ids=str)
def test_what_is_said_on_a_ticket_of_freshdesks(variants: Variants, desk: Callable[..., Any]) -> None:
    with desk("freshdesk", ["tickets", "conversations", "replies"], variants) as at:
        ticket = str(at.vendor.dump("tickets")[0]["id"])
        notes = [
            OutRow("n1", {"ticket_id": ticket, "body": "<p>Known trouble</p>", "private": True}),
            OutRow("n2", {"ticket_id": "99999999", "body": "<p>Nobody's</p>"}),
        ]
        answers = at.send("create", "conversations", notes)
        at.judge("conversations", notes, answers, {"n2"})
        replies = [OutRow("r1", {"ticket_id": ticket, "body": "<p>On its way</p>", "cc_emails": ["b@x.example"]})]
        sent = at.send("create", "replies", replies)
        at.judge("replies", replies, sent, set())
        changed = [
            OutRow("u1", {"body": "<p>Solved</p>"}, key=answers[0].key),
            OutRow("u2", {"body": "<p>Was sent</p>"}, key=sent[0].key),
        ]
        at.judge("conversations", changed, at.send("update", "conversations", changed), {"u2"})
        gone = [OutRow("x1", key=answers[0].key), OutRow("x2", key="1")]
        assert [each.state for each in at.send("delete", "conversations", gone)] == ["confirmed", "refused"]


@pytest.mark.parametrize("variants", WRITING["servicenow"], ids=str)
def test_servicenow_batches(variants: Variants, desk: Callable[..., Any]) -> None:
    with desk("servicenow", ["u_subscription", "incident"], variants) as at:
        made = [
            OutRow("c1", {"u_name": "Alpha", "u_code": "A-1", "u_seats": 5, "u_mrr": Decimal("12.50")}),
            OutRow("c2", {"u_code": "A-2"}),
            OutRow("c3", {"u_name": "Twin", "u_code": "A-1"}),
            OutRow("c4", {"u_name": "Delta", "u_starts": date(2026, 5, 1), "u_active": True}),
            OutRow("c5", {"u_name": "Epsilon", "u_trial_ends": datetime(2026, 5, 1, 12, tzinfo=UTC)}),
        ]
        answers = at.send("create", "u_subscription", made)
        at.judge("u_subscription", made, answers, {"c3"} if "mandatory" in variants else {"c2", "c3"})
        assert {answer.code for answer in answers if answer.state == "confirmed"} == {""}, "all is kept as it was sent"
        keys = {answer.id: str(answer.key) for answer in answers if answer.key}
        changed = [
            OutRow("u1", {"u_name": "Alpha II", "u_seats": None}, key=keys["c1"]),
            OutRow("u2", {"u_name": "Nobody"}, key="0" * 32),
        ]
        at.judge("u_subscription", changed, at.send("update", "u_subscription", changed), {"u2"})
        (odd,) = at.send("update", "u_subscription", [OutRow("u3", {"u_seats": "many"}, key=keys["c1"])])
        assert (odd.state, odd.code, odd.field) == ("confirmed", "NOT_KEPT", "u_seats")
        single = [OutRow("s1", {"short_description": "Alone"})]
        at.judge("incident", single, at.send("create", "incident", single, of=1), set())
        assert (
            next(e["correlation_id"] for e in at.vendor.dump("incident") if e["short_description"] == "Alone") == "s1"
        )
        gone = [OutRow("d1", key=keys["c1"]), OutRow("d2", key=keys["c4"])]
        assert [answer.state for answer in at.send("delete", "u_subscription", gone)] == ["confirmed", "confirmed"]


@pytest.mark.parametrize("variants", WRITING["intercom"], ids=str)
def test_intercom_people_companies_and_what_ties_them(variants: Variants, desk: Callable[..., Any]) -> None:
    with desk("intercom", ["contacts", "companies", "tags"], variants) as at:
        made = [
            OutRow(
                "p1",
                {
                    "email": "ada@n.example",
                    "name": "Ada",
                    "cf_seats": 3,
                    "cf_renews_at": datetime(2027, 1, 1, tzinfo=UTC),
                },
            ),
            OutRow("p2", {"email": "ada@n.example", "name": "Twin"}),
            OutRow("p3", {"role": "user", "name": "Nobody"}),
            OutRow("p4", {"role": "lead", "name": "Somebody", "cf_language": "tlh"}),
            OutRow("p5", {"role": "lead", "name": "Bo", "signed_up_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        ]
        answers = at.send("create", "contacts", made)
        at.judge("contacts", made, answers, {"p2", "p3", "p4"})
        assert [each.code for each in answers if each.code] == ["conflict", "parameter_not_found", "parameter_invalid"]
        ada, bo = str(answers[0].key), str(answers[4].key)
        changed = [
            OutRow("u1", {"name": None, "cf_seats": 4, "unsubscribed_from_emails": True}, key=ada),
            OutRow("u2", {"cf_seats": "many"}, key=ada),
            OutRow("u3", {"name": "Nobody"}, key="66f0c0deffffffffffffffff"),
        ]
        at.judge("contacts", changed, at.send("update", "contacts", changed), {"u2", "u3"})

        firms = [OutRow("f1", {"name": "Firm", "size": 4, "cf_arr": 1.5}, match="F-1"),
                 OutRow("f2", {"name": "Firm", "size": "some"}, match="F-2")]  # fmt: skip
        answers = at.send("upsert", "companies", firms, "company_id")
        at.judge("companies", firms, answers, {"f2"})
        again = [OutRow("f3", {"name": "Firm Ltd"}, match="F-1")]
        (known,) = at.send("upsert", "companies", again, "company_id")
        assert known.key == answers[0].key
        at.judge("companies", again, [known], set())

        (tag,) = at.send("create", "tags", [OutRow("t1", {"name": "ours"})])
        (same,) = at.send("create", "tags", [OutRow("t2", {"name": "Ours"})])
        assert same.key == tag.key, "a tag of that name is there"
        gone = [OutRow("x1", key=bo), OutRow("x2", key="66f0c0deffffffffffffffff")]
        assert [each.state for each in at.send("delete", "contacts", gone)] == ["confirmed", "refused"]


@pytest.mark.parametrize("variants", WRITING["intercom"], ids=str)
def test_intercom_ties_and_notes(variants: Variants, desk: Callable[..., Any]) -> None:
    with desk("intercom", ["contact_companies", "contact_tags", "contact_notes", "company_notes"], variants) as at:
        ties = {each["contact_id"] for each in at.vendor.dump("contact_tags")}
        contact = next(each["id"] for each in at.vendor.dump("contacts") if each["id"] not in ties)
        company = at.vendor.dump("companies")[-1]["id"]
        for name, other in (("contact_companies", {"company_id": company}), ("contact_tags", {"tag_id": "7001"})):
            rows = [OutRow("1", {"contact_id": contact, **other}),
                    OutRow("2", {"contact_id": contact, **dict.fromkeys(other, "none")})]  # fmt: skip
            assert [each.state for each in at.send("create", name, rows)] == ["confirmed", "refused"]
            tie = {"contact_id": contact, **other}
            held = [each for each in at.vendor.dump(name) if not each["_deleted"]]
            assert any(all(each[field] == value for field, value in tie.items()) for each in held)
            key = ":".join([contact, *other.values()])
            assert [each.state for each in at.send("delete", name, [OutRow("3", key=key)])] == ["confirmed"]
            assert [each.state for each in at.send("delete", name, [OutRow("4", key=key)])] == ["refused"]
        for name, of in (("contact_notes", {"contact_id": contact}), ("company_notes", {"company_id": company})):
            rows = [
                OutRow("5", {**of, "body": "<p>Ours</p>"}),
                OutRow("6", {**of, "body": "<p>X</p>", "author_id": "1"}),
            ]
            answers = at.send("create", name, rows)
            assert [each.state for each in answers] == ["confirmed", "refused"]
            there = {each["id"]: each for each in at.vendor.dump(name)}[str(answers[0].key)]
            assert (there["body"], there["author_id"]) == ("<p>Ours</p>", "991267001")


@pytest.mark.parametrize("variants", WRITING["intercom"], ids=str)
def test_intercom_conversations_and_tickets(variants: Variants, desk: Callable[..., Any]) -> None:
    objects = ["conversations", "conversation_parts", "tickets", "ticket_parts"]
    with desk("intercom", objects, variants) as at:
        contact = at.vendor.dump("contacts")[0]["id"]
        made = [OutRow("c1", {"contact_id": contact, "source_body": "<p>Hi</p>"}),
                OutRow("c2", {"contact_id": "none", "source_body": "<p>Hi</p>"})]  # fmt: skip
        answers = at.send("create", "conversations", made)
        at.judge("conversations", made, answers, {"c2"})
        talk = str(answers[0].key)
        changed = [OutRow("u1", {"title": "Ours", "read": True, "cf_root_cause": "Rain"}, key=talk),
                   OutRow("u2", {"cf_topic": "weather"}, key=talk)]  # fmt: skip
        at.judge("conversations", changed, at.send("update", "conversations", changed), {"u2"})
        said = [OutRow("s1", {"conversation_id": talk, "part_type": "comment", "body": "<p>Ours</p>"}),
                OutRow("s2", {"conversation_id": talk, "part_type": "shout", "body": "<p>Ours</p>"})]  # fmt: skip
        assert [each.state for each in at.send("create", "conversation_parts", said)] == ["confirmed", "refused"]
        (part,) = [each for each in at.vendor.dump("conversation_parts") if each["conversation_id"] == talk]
        assert (part["author_id"], part["body"]) == ("991267001", "<p>Ours</p>")

        made = [
            OutRow("t1", {"ticket_type_id": "81", "contact_id": contact, "cf__default_title_": "T", "cf_refund": 2.5}),
            OutRow("t2", {"ticket_type_id": "81", "contact_id": contact, "cf_affected": 4}),
            OutRow("t3", {"ticket_type_id": "81", "contact_id": contact, "admin_assignee_id": "991267003"}),
        ]
        answers = at.send("create", "tickets", made)
        at.judge("tickets", made, answers, {"t2"})
        ticket = str(answers[0].key)
        changed = [OutRow("v1", {"ticket_state_id": "8303", "cf_severity": "high"}, key=ticket),
                   OutRow("v2", {"ticket_state_id": "1"}, key=ticket),
                   OutRow("v3", {"admin_assignee_id": "991267002"}, key=ticket)]  # fmt: skip
        at.judge("tickets", changed, at.send("update", "tickets", changed), {"v2"})
        (note,) = at.send(
            "create", "ticket_parts", [OutRow("n1", {"ticket_id": ticket, "part_type": "note", "body": "<p>N</p>"})]
        )
        assert {each["id"]: each["part_type"] for each in at.vendor.dump("ticket_parts")}[str(note.key)] == "note"
        for name, key in (("tickets", ticket), ("conversations", talk)):
            assert [each.state for each in at.send("delete", name, [OutRow("d", key=key)])] == ["confirmed"]


def test_intercom_custom_objects_are_found_by_our_id_of_them(desk: Callable[..., Any]) -> None:
    with desk("intercom", ["Subscription"], {}) as at:
        made = [OutRow("1", {"cf_name": "Ours", "cf_seats": 4}, match="SUB-X"),
                OutRow("2", {"cf_name": 4}, match="SUB-Y")]  # fmt: skip
        answers = at.send("upsert", "Subscription", made, "external_id")
        at.judge("Subscription", made, answers, {"2"})
        again = [OutRow("3", {"cf_seats": 5}, match="SUB-X")]
        (known,) = at.send("upsert", "Subscription", again, "external_id")
        assert known.key == answers[0].key
        assert [each.state for each in at.send("delete", "Subscription", [OutRow("4", key=known.key)])] == ["confirmed"]


@pytest.mark.parametrize("variants", WRITING["sage_intacct"], ids=str)
def test_sage_intacct_functions(variants: Variants, desk: Callable[..., Any]) -> None:
    """Each function of a request has its own result, and commits by itself."""
    with desk("sage_intacct", ["CUSTOMER"], variants) as at:

        def customer(id: str, **more: Any) -> dict[str, Any]:
            return {"CUSTOMERID": id, "NAME": f"Customer {id}", "DISPLAYCONTACT.PRINTAS": f"Customer {id}", **more}

        made = [
            OutRow("c1", customer("N1", **{"DISPLAYCONTACT.MAILADDRESS.CITY": "Oslo", "CREDITLIMIT": "12.5"})),
            OutRow("c2", {"CUSTOMERID": "N2", "NAME": "Without a contact"}),
            OutRow("c3", customer("N3", HEALTH_SCORE=7, TIER="Gold", ONHOLD=True)),
            OutRow("c4", customer("N3")),
            OutRow("c5", customer("N5", TIER="Platinum")),
            OutRow("c6", customer("N6", CREDITLIMIT="a lot", COMMENTS='<a> & "b" ü')),
            OutRow("c7", customer("N7", COMMENTS='<a> & "b" ü')),
        ]
        answers = at.send("create", "CUSTOMER", made)
        at.judge("CUSTOMER", made, answers, {"c2", "c4", "c5", "c6"})
        assert {answer.id: answer.code for answer in answers if answer.state == "refused"} == {
            "c2": "BL01001973", "c4": "BL34000061", "c5": "BL01001973", "c6": "BL01001973",
        }  # fmt: skip
        keys = {answer.id: str(answer.key) for answer in answers if answer.key}

        changed = [
            OutRow("u1", {"COMMENTS": "Changed", "DISPLAYCONTACT.EMAIL1": "new@example.com"}, key=keys["c1"]),
            OutRow("u2", {"NAME": None}, key=keys["c3"]),
            OutRow("u3", {"COMMENTS": "Nobody"}, key="99999"),
            OutRow("u4", {"COMMENTS": None}, key=keys["c7"]),
        ]
        at.judge("CUSTOMER", changed, at.send("update", "CUSTOMER", changed), {"u2", "u3"})
        kept = {each["RECORDNO"]: each for each in at.vendor.dump("CUSTOMER")}[keys["c1"]]
        assert kept["DISPLAYCONTACT.MAILADDRESS.CITY"] == "Oslo", "what was not sent stays"

        billed = next(each["CUSTOMERID"] for each in at.vendor.dump("ARINVOICE"))
        held = next(each["RECORDNO"] for each in at.vendor.dump("CUSTOMER") if each["CUSTOMERID"] == billed)
        gone = [OutRow("d1", key=keys["c1"]), OutRow("d2", key=held), OutRow("d3", key="99999")]
        answers = at.send("delete", "CUSTOMER", gone)
        assert [answer.state for answer in answers] == ["confirmed", "refused", "refused"]
        assert "in use" in answers[1].message


@pytest.mark.parametrize("variants", WRITING["sage_intacct"], ids=str)
def test_sage_intacct_documents_with_their_lines(variants: Variants, desk: Callable[..., Any]) -> None:
    def entry(side: int, amount: str, account: str = "6000") -> dict[str, Any]:
        return {"ACCOUNTNO": account, "TR_TYPE": str(side), "AMOUNT": amount, "DESCRIPTION": "Accrued"}

    def batch(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"JOURNAL": "GJ", "BATCH_DATE": date(2026, 6, 30), "BATCH_TITLE": "Accrual",
                "ENTRIES": {"GLENTRY": list(entries)}, **more}  # fmt: skip

    with desk("sage_intacct", ["GLBATCH", "APBILL", "ARPYMT"], variants) as at:
        rows = [
            OutRow("j1", batch(entry(1, "10.50"), entry(-1, "10.50", "6100"))),
            OutRow("j2", batch(entry(1, "10.50"), entry(-1, "10.00", "6100"))),
            OutRow("j3", batch(entry(1, "1", "9999"), entry(-1, "1"))),
            OutRow("j4", {"JOURNAL": "GJ", "BATCH_DATE": date(2026, 6, 30), "BATCH_TITLE": "Empty"}),
            OutRow("j5", batch(entry(1, "1"), entry(-1, "1"), JOURNAL="NONE")),
        ]
        answers = at.send("create", "GLBATCH", rows)
        assert [answer.state for answer in answers] == ["confirmed", *["refused"] * 4]
        assert "do not balance" in answers[1].message
        lines = [each for each in at.vendor.dump("GLENTRY") if each["BATCHNO"] == answers[0].key]
        assert [(each["TR_TYPE"], each["AMOUNT"], each["ENTRY_DATE"]) for each in lines] == [
            ("1", "10.50", "2026-06-30"), ("-1", "10.50", "2026-06-30"),
        ]  # fmt: skip

        bill = {"VENDORID": "V1000", "WHENCREATED": date(2026, 6, 1), "WHENDUE": date(2026, 7, 1), "RECORDID": "B-new",
                "APBILLITEMS": {"APBILLITEM": [{"ACCOUNTNO": "6100", "TRX_AMOUNT": "20.005"}]}}  # fmt: skip
        bills = at.send("create", "APBILL", [OutRow("b1", bill), OutRow("b2", {**bill, "VENDORID": "V9"})])
        assert [answer.state for answer in bills] == ["confirmed", "refused"]
        there = {each["RECORDNO"]: each for each in at.vendor.dump("APBILL")}[str(bills[0].key)]
        assert (there["TRX_TOTALENTERED"], there["TRX_TOTALDUE"], there["STATE"]) == ("20.00", "20.00", "Posted")

        invoice = next(each for each in at.vendor.dump("ARINVOICE") if each["STATE"] == "Posted")
        paid = {"FINANCIALENTITY": "BOA", "PAYMENTMETHOD": "Cash", "RECEIPTDATE": date(2026, 7, 1),
                "PAYMENTDATE": date(2026, 7, 1), "CUSTOMERID": invoice["CUSTOMERID"],
                "ARPYMTDETAILS": {"ARPYMTDETAIL": [{"RECORDKEY": invoice["RECORDNO"],
                                                   "TRX_PAYMENTAMOUNT": invoice["TRX_TOTALDUE"]}]}}  # fmt: skip
        payments = at.send("create", "ARPYMT", [OutRow("p1", paid)])
        assert [answer.state for answer in payments] == ["confirmed"]
        state = {each["RECORDNO"]: each["STATE"] for each in at.vendor.dump("ARINVOICE")}
        assert state[invoice["RECORDNO"]] == "Paid"
        gone = [OutRow("d1", key=str(payments[0].key)), OutRow("d2", key=str(answers[0].key))]
        assert [answer.state for answer in at.send("delete", "ARPYMT", gone[:1])] == ["confirmed"]
        assert [answer.state for answer in at.send("delete", "GLBATCH", gone[1:])] == ["confirmed"]
        state = {each["RECORDNO"]: each["STATE"] for each in at.vendor.dump("ARINVOICE")}
        assert state[invoice["RECORDNO"]] == "Posted", "what paid it was taken back"


@pytest.mark.parametrize("variants", WRITING["sage_intacct"], ids=str)
def test_sage_intacct_invoices_are_made_in_the_older_dialect(variants: Variants, desk: Callable[..., Any]) -> None:
    line = {"glaccountno": "4000", "amount": "12.345", "memo": "Hammers", "itemid": "NW-001"}
    with desk("sage_intacct", ["ARINVOICE"], variants) as at:

        def invoice(**more: Any) -> dict[str, Any]:
            return {"CUSTOMERID": "C1001", "WHENCREATED": date(2026, 6, 3), "WHENDUE": date(2026, 7, 3),
                    "RECORDID": "I-1", "DESCRIPTION": "By hand", "LINEITEMS": [line, {**line, "amount": "1"}],
                    **more}  # fmt: skip

        rows = [
            OutRow("i1", invoice()),
            OutRow("i2", invoice(CUSTOMERID="nobody")),
            OutRow("i3", invoice(LINEITEMS=[{"amount": "1", "glaccountno": "4000"}])),
            OutRow("i4", invoice(WHENDUE=None, TERMNAME="N30", CURRENCY="EUR", EXCHANGE_RATE=2)),
            OutRow("i5", {"CUSTOMERID": "C1001", "WHENCREATED": date(2026, 6, 3), "LINEITEMS": [line]}),
        ]
        answers = at.send("create", "ARINVOICE", rows)
        assert [answer.state for answer in answers] == ["confirmed", "refused", "refused", "confirmed", "refused"]
        assert "does not take" in answers[2].message
        there = {each["RECORDNO"]: each for each in at.vendor.dump("ARINVOICE")}
        first, fourth = there[str(answers[0].key)], there[str(answers[3].key)]
        assert (first["WHENCREATED"], first["WHENDUE"], first["TRX_TOTALDUE"]) == ("2026-06-03", "2026-07-03", "13.34")
        assert (fourth["TRX_TOTALENTERED"], fourth["TOTALENTERED"], fourth["CURRENCY"]) == ("13.34", "26.68", "EUR")
        gone = at.send("delete", "ARINVOICE", [OutRow("d1", key=str(answers[0].key))])
        assert [answer.state for answer in gone] == ["confirmed"]


def test_functions_of_sage_intacct_whose_answer_is_lost_are_unknown_and_sent_again_once(
    desk: Callable[..., Any],
) -> None:
    with desk("sage_intacct", ["DEPARTMENT"], {}) as at:
        at.vendor.fault("lost_answer", count=1, path="xmlgw", body="<create>")
        rows = [OutRow("r1", {"DEPARTMENTID": "D77", "TITLE": "Once"})]
        assert [answer.state for answer in at.send("create", "DEPARTMENT", rows)] == ["unknown"]
        # whoever sends the same function again makes no second record: the gateway knows its control id
        (again,) = at.send("create", "DEPARTMENT", rows)
        assert again.state == "refused"
        assert "duplicate" in again.message
        assert len([each for each in at.vendor.dump("DEPARTMENT") if each["DEPARTMENTID"] == "D77"]) == 1
