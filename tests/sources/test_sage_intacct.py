"""What Intacct's gateway tells and does not tell: audit trails, rights, fields that go, sessions and limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Bench
from tests.sources.days import choices, live, pass_a_day, untrue
from tests.sources.test_variants import sync

WEEK = 8 * 86400


@pytest.mark.parametrize("variants", [{"audit_trail": "off"}, {"audit_right": "missing"}], ids=str)
def test_without_an_audit_trail_a_census_finds_which_documents_are_gone(
    variants: dict[str, str], bench: Callable[..., Bench]
) -> None:
    made = bench(crm=("sage_intacct", choices("sage_intacct")), variants=variants)
    vendor = made.simulators["crm"]
    sync(made)
    pass_a_day(vendor, "sage_intacct")
    sync(made)
    left = untrue(made, "sage_intacct")
    assert left, "nothing tells of them yet"
    assert all("live here" in each for each in left)
    assert {each.split()[0] for each in left} == {
        "ARINVOICE", "ARINVOICEITEM", "ARPYMT", "ARPYMTDETAIL", "GLBATCH", "GLENTRY", "SODOCUMENT", "SODOCUMENTENTRY",
    }  # fmt: skip
    vendor.advance(WEEK)
    sync(made)
    assert untrue(made, "sage_intacct") == []


def test_the_audit_trail_tells_within_the_hour_which_documents_are_gone(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("sage_intacct", {"ARINVOICE": {}, "ARINVOICEITEM": {}}))
    vendor = made.simulators["crm"]
    sync(made)
    gone = live(vendor, "ARINVOICE")[-1]
    vendor.mutate("delete", "ARINVOICE", gone)
    vendor.advance(2 * 3600)
    report = sync(made)
    assert report.lines["crm", "ARINVOICE"].deleted == 1
    assert report.lines["crm", "ARINVOICEITEM"].deleted >= 1


def test_records_that_leave_a_window_under_way_push_none_out_of_the_pages(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages by offset would skip one record for each that is changed while they are read."""
    made = bench(crm=("sage_intacct", {"CONTACT": {}}))
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=40)
    sync(made)
    vendor.advance(3600)
    ids = live(vendor, "CONTACT")
    vendor.mutate_all([
        {"op": "update", "object": "CONTACT", "id": id, "values": {"PREFIX": "Dr"}} for id in ids[:200]
    ])  # fmt: skip
    vendor.advance(3600)
    first = sorted(map(int, ids[:200]))[:40]
    for number, id in enumerate(first):
        edit = {"op": "update", "object": "CONTACT", "id": str(id), "values": {"PREFIX": f"Prof {number}"}}
        if number < 3:
            vendor.fault("edit", count=1, path="xmlgw", after=2 + number, **edit)
    sync(made)
    dump = {each["RECORDNO"]: each for each in vendor.dump("CONTACT")}
    held = dict(made.raw("crm__CONTACT", '_key, "PREFIX"'))
    late = {str(id) for id in first[:3]}
    assert {id for id in dump if held[id] != dump[id]["PREFIX"]} <= late, "those come with the next window"


@pytest.mark.parametrize("words", ["plain", "quoted"])
def test_a_field_that_is_gone_is_left_out_and_shown_as_drift(words: str, bench: Callable[..., Bench]) -> None:
    made = bench(crm=("sage_intacct", {"CUSTOMER": {}}), variants={"unknown_field": words})
    vendor = made.simulators["crm"]
    vendor.mutate("add_field", "CUSTOMER", values={"name": "GONE_SOON"})
    sync(made)
    vendor.advance(3600)
    vendor.mutate("update", "CUSTOMER", live(vendor, "CUSTOMER")[0], {"NAME": "Moved"})
    vendor.mutate("remove_field", "CUSTOMER", values={"name": "GONE_SOON"})
    vendor.advance(3600)
    report = sync(made)
    assert [(each.field, each.kind) for _, each in report.drift] == [("GONE_SOON", "removed")]
    assert report.lines["crm", "CUSTOMER"].updated >= 1


@pytest.mark.parametrize("throttled", ["429", "200"])
def test_too_many_requests_wait_whatever_the_status_says(throttled: str, bench: Callable[..., Bench]) -> None:
    made = bench(crm=("sage_intacct", {"GLACCOUNT": {}}), variants={"throttled": throttled})
    vendor = made.simulators["crm"]
    vendor.fault("429", count=2, after=3, retry_after=0.05)
    sync(made)
    assert len([each for each in vendor.received() if each["fault"] == "429"]) == 2


@pytest.mark.parametrize("told", ["as a wrong password", "own words"])
def test_a_session_that_ends_is_opened_anew_and_a_locked_user_is_a_persons_matter(
    told: str, bench: Callable[..., Bench]
) -> None:
    made = bench(crm=("sage_intacct", {"GLACCOUNT": {}}), variants={"session_end": told})
    vendor = made.simulators["crm"]
    sync(made)
    vendor.configure(session_minutes=0.0001)
    vendor.configure(session_minutes=120)
    vendor.fault("expired_token", count=1, after=2)
    sync(made)
    vendor.fault("revoked_token", count=1, after=1)
    report = made.acme.sync()
    assert report.exit_code == 4
    logins = len(vendor.received())
    assert logins < 40, "nobody knocks again and again"


def test_an_object_that_the_user_may_not_see_is_left_out_and_said(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("sage_intacct", {"EMPLOYEE": {}, "GLACCOUNT": {}}))
    vendor = made.simulators["crm"]
    vendor.configure(forbidden=["EMPLOYEE"])
    report = made.acme.sync()
    assert report.sync is not None
    assert "do not have permission" in report.sync.lines["crm", "EMPLOYEE"].not_served
    assert report.sync.lines["crm", "GLACCOUNT"].read == 8


def test_the_zone_of_the_company_is_told_by_a_setting(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("sage_intacct", {"CUSTOMER": {}}), variants={"times": "company"})
    sync(made)
    vendor: Any = made.simulators["crm"]
    truth = {each["RECORDNO"]: each["WHENMODIFIED"] for each in vendor.dump("CUSTOMER")}
    held = dict(made.raw("crm__CUSTOMER", "_key, strftime(\"WHENMODIFIED\" at time zone 'UTC', '%Y-%m-%dT%H:%M:%S')"))
    assert {key: f"{value}+00:00" for key, value in held.items()} == truth
