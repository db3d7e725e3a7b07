"""Vendors that fail, lie, throttle or refuse: told with its place and the next step; everything else lands."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

import pytest

from backhaul.http.request import Request
from tests.bad_input.runs import SOURCES, connections, ends_well, landed, reopened, run, the_failure
from tests.conftest import Bench
from tests.truth import key_of


@pytest.mark.parametrize("trouble", ["html", "truncated_json", "cut_body", "500", "503"])
def test_an_answer_that_is_none_fails_its_object_alone(trouble: str, bench: Callable[..., Bench]) -> None:
    made = bench(**connections("crm", "erp"))
    made.simulators["crm"].fault(trouble, count=None, path="objects/companies")
    report = run(made)
    told = the_failure(report, "crm", "companies")
    assert report.exit_code == 1
    assert "hubspot GET /crm/v3/objects/companies failed after 2 tries" in told.what
    words = {"html": "web page", "truncated_json": "not whole JSON", "cut_body": "", "500": "500", "503": "503"}
    assert words[trouble] in told.what
    assert "run it again later" in told.next_step
    landed(made, "crm", "contacts")
    landed(made, "erp")
    made.simulators["crm"].clear_faults()
    ends_well(made)


@pytest.mark.parametrize("trouble", ["html", "truncated_json", "cut_body", "500", "lost_answer"])
def test_an_answer_that_is_none_once_is_asked_for_again(trouble: str, bench: Callable[..., Bench]) -> None:
    made = bench(**connections("crm"))
    made.simulators["crm"].fault(trouble, count=1, path="objects/companies")
    made.simulators["crm"].fault(trouble, count=1, path="account-info")
    ends_well(made)


def test_a_vendor_that_is_down_keeps_no_other_waiting(bench: Callable[..., Bench]) -> None:
    made = bench(**connections("crm", "erp", "sf"))
    made.simulators["crm"].fault("500", count=None)
    report = run(made)
    told = the_failure(report, "crm")
    assert "hubspot" in told.what
    assert "500" in told.what
    landed(made, "erp")
    landed(made, "sf")
    made.simulators["crm"].clear_faults()
    ends_well(made)


def test_a_vendor_that_cannot_be_reached_is_told(bench: Callable[..., Bench]) -> None:
    made = bench(**connections("crm", "erp"))
    made.simulators["crm"].close()
    told = the_failure(run(made), "crm")
    assert "cannot be reached" in told.what
    landed(made, "erp")


def test_a_storm_of_429_ends_the_object_when_patience_does(bench: Callable[..., Bench]) -> None:
    made = bench(**connections("crm", "erp"))
    made.simulators["crm"].fault("429", count=None, path="objects/companies", policy="SECONDLY")
    report = run(made)
    told = the_failure(report, "crm", "companies")
    assert "asks to wait" in told.what
    assert "after that time" in told.next_step
    landed(made, "erp")
    made.simulators["crm"].clear_faults()
    ends_well(made)


def test_a_short_storm_of_429_is_waited_out(bench: Callable[..., Bench]) -> None:
    made = bench(**connections("erp"))
    made.simulators["erp"].fault("429", count=2, path="suiteql", after=3)
    ends_well(made)


def test_the_days_quota_used_up_is_told_at_once(bench: Callable[..., Bench]) -> None:
    made = bench(**connections("crm", "erp"))
    made.simulators["crm"].fault("429", count=None, path="objects/companies", policy="DAILY")
    report = run(made)
    assert report.exit_code == 1
    assert all(each.connection == "crm" for each in report.all_failures)
    told = next(each for each in report.all_failures if each.object == "companies")
    assert "asks to wait" in told.what
    landed(made, "erp")


def test_an_answer_larger_than_its_bound_is_asked_for_in_pieces(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench(crm=("hubspot", {"companies": {}}))
    monkeypatch.setattr("backhaul.protocol.connection.Request", partial(Request, max_bytes=100_000))
    assert run(made).exit_code == 0
    landed(made, "crm", "companies")


@pytest.mark.parametrize(
    ("connection", "object", "other", "name", "reads"),
    [("erp", "customer", "currency", "companyname", 1), ("crm", "companies", "contacts", "name", 176)],
)
def test_a_record_larger_than_its_bound_is_told_and_read_when_the_bound_is_gone(
    connection: str, object: str, other: str, name: str, reads: int,
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """reads: NetSuite's pieces begin with an open one, so the next run goes on behind them; HubSpot's do not."""
    made = bench(**{connection: (SOURCES[connection], {object: {}, other: {}})})
    vendor = made.simulators[connection]
    monkeypatch.setattr("backhaul.protocol.connection.Request", partial(Request, max_bytes=200_000))
    id = next(key_of(each, object) for each in vendor.dump(object) if not each["_deleted"])
    vendor.mutate("update", object, id, {name: "x" * 250_000})
    told = the_failure(run(made), connection, object)
    assert "more than 200000 bytes" in told.what
    assert "fewer fields" in told.next_step
    landed(made, connection, other)
    monkeypatch.undo()
    vendor.advance(3600)  # what is younger than the index lag waits for the next window
    report = run(made)
    assert report.exit_code == 0
    assert report.sync is not None
    assert report.sync.lines[connection, object].read == reads
    landed(made, connection, object, other)


@pytest.mark.parametrize("connection", ["crm", "erp", "sf"])
def test_wrong_credentials_ask_for_right_ones(connection: str, bench: Callable[..., Bench]) -> None:
    other = "erp" if connection == "crm" else "crm"
    made = bench(**connections(connection, other))
    name = {"crm": "BENCH_HUBSPOT_TOKEN", "erp": "BENCH_NETSUITE_TOKEN_SECRET", "sf": "BENCH_SALESFORCE_CLIENT_SECRET"}
    right = os.environ[name[connection]]
    os.environ[name[connection]] = "no-such-secret-000"
    reopened(made)
    try:
        report = run(made)
        told = the_failure(report, connection)
        assert report.exit_code == 4
        assert "does not accept the credentials" in told.what
        assert "valid credentials" in told.next_step
        assert "no-such-secret-000" not in str(report.all_failures)
        state = made.project.state.connections.get("acme", connection)
        assert state is not None
        assert state.status == "needs_reauth"
        landed(made, other)
    finally:
        os.environ[name[connection]] = right
    reopened(made)
    ends_well(made)
    state = made.project.state.connections.get("acme", connection)
    assert state is not None
    assert state.status != "needs_reauth"


def test_a_token_taken_back_in_the_middle_of_a_run(bench: Callable[..., Bench]) -> None:
    made = bench(**connections("sf", "crm"))
    vendor = made.simulators["sf"]
    vendor.fault("revoked_token", count=1, path="/queryAll")
    report = run(made)
    assert report.exit_code == 4
    assert [each.connection for each in report.all_failures] == ["sf"], "told once, however many objects it meets"
    landed(made, "crm")
    state = made.project.state.connections.get("acme", "sf")
    assert state is not None
    assert state.status == "needs_reauth"
    vendor.configure(revoked=False)
    made.acme.connect("sf")
    ends_well(made)


def test_a_token_that_ends_in_the_middle_of_a_run_is_fetched_once(bench: Callable[..., Bench]) -> None:
    made = bench(**connections("sf"))
    vendor = made.simulators["sf"]
    vendor.fault("expired_token", count=1, path="/queryAll")
    ends_well(made)
    tokens = [each for each in vendor.received() if each["path"].endswith("/token") and each["status"] == 200]
    assert len(tokens) == 2


def test_a_right_that_is_missing_leaves_its_object_out(bench: Callable[..., Bench]) -> None:
    made = bench(**connections("crm", "erp"))
    vendor = made.simulators["crm"]
    vendor.configure(missing_scopes=["crm.objects.contacts.read"])
    report = run(made)
    assert report.exit_code == 0, report.all_failures
    assert report.sync is not None
    reason = report.sync.lines["crm", "contacts"].not_served
    assert "403" in reason
    landed(made, "crm", "companies")
    landed(made, "erp")
    vendor.configure(missing_scopes=[])
    ends_well(made)


def test_a_right_that_is_missing_for_a_required_object_is_a_failure(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("hubspot", {"companies": {}, "contacts": {"required": True}}))
    made.simulators["crm"].configure(missing_scopes=["crm.objects.contacts.read"])
    report = run(made)
    told = the_failure(report, "crm", "contacts")
    assert "403" in told.what
    landed(made, "crm", "companies")
