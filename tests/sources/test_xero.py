"""What is Xero's own: documents that are voided, a ledger by number, tokens and limits of one organisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from backhaul.errors import ConfigError, Reauthorise
from backhaul.project import Project
from tests.conftest import Bench, consent
from tests.sources.days import live
from tests.truth import differences

JOURNALS = ["offline_access", "accounting.settings", "accounting.journals.read"]


def truth(made: Bench, *names: str) -> list[str]:
    dumps = {name: made.simulators["crm"].dump(name) for name in names}
    return list(differences(made.project.config.layout.work("acme"), "crm", dumps))


def synced(made: Bench, **how: Any) -> list[dict[str, Any]]:
    """Sync, and tell what the vendor was asked of its lists."""
    before = len(made.simulators["crm"].received())
    report = made.acme.sync(**how)
    assert report.exit_code == 0, report.all_failures
    asked = made.simulators["crm"].received(before)
    return [each for each in asked if "/api.xro/" in each["path"] and not each["path"].endswith("/Organisation")]


def test_a_run_with_nothing_new_costs_a_call_an_object(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("xero", {"Invoices": {}, "Invoices_lines": {}, "Contacts": {}}))
    vendor = made.simulators["crm"]
    synced(made)
    vendor.advance(2 * 86400)
    asked = synced(made)
    assert sorted(each["path"].rpartition("/")[2] for each in asked) == ["Contacts", "Invoices"]
    assert all(each["rows"] == 0 for each in asked)


def test_a_voided_invoice_stays_with_its_lines_and_a_deleted_draft_goes_with_them(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("xero", {"Invoices": {}, "Invoices_lines": {}}))
    vendor = made.simulators["crm"]
    synced(made)
    voided, deleted = live(vendor, "Invoices")[:2]
    vendor.mutate("update", "Invoices", voided, {"Status": "VOIDED"})
    vendor.mutate("update", "Invoices", deleted, {"Status": "DELETED"})
    vendor.advance(3600)
    synced(made)
    assert truth(made, "Invoices", "Invoices_lines") == []
    rows = {row[0]: row[1:] for row in made.raw("crm__Invoices", '_key, "Status", _deleted_at is null')}
    assert (rows[voided], rows[deleted]) == (("VOIDED", True), ("DELETED", False))
    of = made.raw("crm__Invoices_lines", '"InvoiceID", _deleted_at is null')
    assert {here for invoice, here in of if invoice == voided} == {True}
    assert {here for invoice, here in of if invoice == deleted} == {False}


def test_rows_that_come_and_change_while_pages_are_read_push_none_over_an_edge(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench(crm=("xero", {"Invoices": {}}))
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=40)
    keys = live(vendor, "Invoices")
    for page, key in ((1, keys[2]), (2, keys[70]), (3, keys[-1])):
        edit = {"op": "update", "object": "Invoices", "id": key, "values": {"Reference": f"Changed at {page}"}}
        vendor.fault("edit", path="/Invoices$", after=page, **edit)
    pages = synced(made)
    assert len(pages) == 10, "discovery looks at the first page, too"
    assert len(made.raw("crm__Invoices", "_key")) == len(keys)
    vendor.advance(3600)
    synced(made)
    assert truth(made, "Invoices") == []


def test_a_payment_changes_the_document_that_it_pays(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("xero", {"Invoices": {}, "Payments": {}}))
    vendor = made.simulators["crm"]
    synced(made)
    vendor.mutate("delete", "Payments", live(vendor, "Payments")[0])
    vendor.advance(3600)
    synced(made)
    assert truth(made, "Invoices", "Payments") == []


def test_a_merged_contact_points_at_the_one_that_is_left(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("xero", {"Contacts": {}, "Invoices": {}}))
    vendor = made.simulators["crm"]
    synced(made)
    winner, loser = live(vendor, "Contacts")[:2]
    vendor.mutate("merge", "Contacts", winner, {"loser": loser})
    vendor.advance(3600)
    synced(made)
    assert truth(made, "Contacts", "Invoices") == []
    assert dict(made.raw("crm__Contacts", "_key, _merged_into"))[loser] == winner


def test_journals_are_read_on_from_the_last_number(bench: Callable[..., Bench]) -> None:
    objects = {"Journals": {}, "Journals_lines": {}}
    secrets = {"client_id": "${BENCH_XERO_CLIENT_ID}", "client_secret": "${BENCH_XERO_CLIENT_SECRET}"}
    made = bench(crm=("xero", objects), extra={"apps": {"xero": {**secrets, "scopes": JOURNALS}}})
    vendor = made.simulators["crm"]
    first = synced(made)
    held = len(vendor.dump("Journals"))
    assert [each["rows"] for each in first[1:]] == [100] * (held // 100) + [held % 100, 0]
    some = vendor.dump("Journals")[0]
    vendor.mutate("create", "Journals", values={"Reference": "New", "JournalLines": some["JournalLines"][:1]})
    (page, end) = synced(made)
    assert (page["query"], page["rows"], end["rows"]) == (f"offset={held}", 1, 0)
    assert truth(made, "Journals") == []


def test_journals_without_the_scope_are_left_out_and_said(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("xero", {"Journals": {}, "Currencies": {}}))
    report = made.acme.sync()
    assert report.exit_code == 0, report.all_failures
    assert len(made.raw("crm__Currencies", "_key")) == 3
    assert "accounting.journals" in str(report.sync.lines["crm", "Journals"].not_served)


@pytest.mark.parametrize("words", ["minute", "Minute limit"])
def test_the_minute_is_waited_out_and_the_day_ends_the_work(words: str, bench: Callable[..., Bench]) -> None:
    made = bench(crm=("xero", {"Currencies": {}}), variants={"limit_words": words})
    vendor = made.simulators["crm"]
    vendor.fault("429", count=1, path="/Currencies$")
    synced(made)
    assert [each["fault"] for each in vendor.received() if each["fault"]] == ["429"]
    vendor.fault("429", count=1, path="/Currencies$", limit="day", retry_after=40_000)
    report = made.acme.sync()
    assert report.exit_code == 1
    assert "429" in str(report.all_failures)
    assert made.acme.sync().exit_code == 1
    asked = [each["path"].rpartition("/")[2] for each in vendor.received()]
    assert asked[-1] == "Organisation", "the day is over: what the connection is may be asked, and nothing more"


@pytest.mark.parametrize("told", ["TokenExpired", "plain"])
def test_a_token_that_ends_between_two_pages_is_renewed_there(told: str, bench: Callable[..., Bench]) -> None:
    made = bench(crm=("xero", {"Invoices": {}}), variants={"expired": told})
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=60)
    vendor.fault("expired_token", count=1, path="/Invoices$", after=2)
    synced(made)
    assert truth(made, "Invoices") == []


def test_an_organisation_that_was_disconnected_needs_a_new_consent(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("xero", {"Currencies": {}}))
    made.simulators["crm"].configure(connected=False)
    assert made.acme.sync().exit_code == 4


def test_whoever_connects_without_an_organisation_is_told_which_there_are(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("xero", {"Currencies": {}}))
    file = made.root / "pipelines" / "acme.yaml"
    document = yaml.safe_load(file.read_text())
    del document["connections"]["crm"]["settings"]["tenant"]
    file.write_text(yaml.safe_dump(document))
    with Project(made.root) as project, pytest.raises(ConfigError, match="none of what they open") as refused:
        consent(project, "crm")
    assert refused.value.problems == (f"{made.simulators['crm'].settings['tenant']}  Maven Computing",)
    assert "`tenant`" in str(refused.value)


def test_a_consent_that_serves_no_organisation_is_refused_as_such(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("xero", {"Currencies": {}}))
    made.simulators["crm"].configure(connected=False)
    with pytest.raises(Reauthorise, match="AuthenticationUnsuccessful"):
        consent(made.project, "crm")
