"""What QuickBooks' change feed cannot tell, tokens that end, and limits without a word of when they end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backhaul.discovery.discover import discover
from tests.conftest import Bench
from tests.sources.days import live
from tests.truth import differences

CHANGED = 1001


def truth(made: Bench, *names: str) -> list[str]:
    dumps = {name: made.simulators["crm"].dump(name) for name in names}
    return list(differences(made.project.config.layout.work("acme"), "crm", dumps, winners=False))


def synced(made: Bench, *, check_deletes: bool = False) -> list[str]:
    """Sync, and tell which of the vendor's endpoints were asked; discovery asks first."""
    before = len(made.simulators["crm"].received())
    report = made.acme.sync(check_deletes=check_deletes)
    assert report.exit_code == 0, report.all_failures
    paths = [each["path"].rpartition("/")[2] for each in made.simulators["crm"].received(before)]
    return [path for path in paths if path in ("cdc", "query")]


@pytest.mark.parametrize("cut", ["newest left out", "oldest left out"])
def test_more_changes_than_the_feed_tells_are_read_by_query(cut: str, bench: Callable[..., Bench]) -> None:
    made = bench(crm=("quickbooks", {"Invoice": {}}), variants={"changes_cut": cut}, scale=5)
    vendor = made.simulators["crm"]
    synced(made)
    ids = live(vendor, "Invoice")[:CHANGED]
    vendor.mutate_all([{"op": "update", "object": "Invoice", "id": id, "values": {"TrackingNum": "T1"}} for id in ids])
    vendor.advance(3600)
    assert synced(made)[-3:] == ["cdc", "query", "query"]
    assert truth(made, "Invoice") == []


def test_a_position_older_than_the_feed_reaches_is_read_by_query_and_the_census_finds_what_is_gone(
    bench: Callable[..., Bench],
) -> None:
    made = bench(crm=("quickbooks", {"Invoice": {}, "Customer": {}}))
    vendor = made.simulators["crm"]
    synced(made)
    vendor.mutate("delete", "Invoice", live(vendor, "Invoice")[0])
    vendor.mutate("update", "Invoice", live(vendor, "Invoice")[1], {"TrackingNum": "T2"})
    vendor.mutate("delete", "Customer", live(vendor, "Customer")[0])
    vendor.advance(40 * 86400)
    assert synced(made, check_deletes=True).count("cdc") == 2
    assert truth(made, "Invoice", "Customer") == []


def test_a_document_that_lost_a_line_has_it_no_longer(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("quickbooks", {"Invoice": {}, "Invoice_lines": {}}))
    vendor = made.simulators["crm"]
    synced(made)
    one = next(each for each in vendor.dump("Invoice") if len(each["Line"]) > 3)
    vendor.mutate("update", "Invoice", one["Id"], {"Line": one["Line"][1:]})
    vendor.advance(3600)
    assert synced(made)[-2:] == ["cdc", "query"]
    assert truth(made, "Invoice", "Invoice_lines") == []


def test_a_custom_field_that_appears_is_read_from_the_next_discovery_on(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("quickbooks", {"Invoice": {}}))
    vendor = made.simulators["crm"]
    synced(made)
    vendor.mutate("add_field", "Invoice", values={"id": "3", "name": "Route"})
    entry = {"DefinitionId": "3", "Name": "Route", "Type": "StringType", "StringValue": "North"}
    vendor.mutate("update", "Invoice", live(vendor, "Invoice")[0], {"CustomField": [entry]})
    vendor.advance(2 * 86400)
    report = made.acme.sync()
    assert report.exit_code == 0, report.all_failures
    assert truth(made, "Invoice") == []


@pytest.mark.parametrize("throttled", ["429", "429 with Retry-After", "503"])
def test_a_limit_is_waited_out(throttled: str, bench: Callable[..., Bench]) -> None:
    made = bench(crm=("quickbooks", {"Term": {}}), variants={"throttled": throttled})
    made.simulators["crm"].fault("429", count=1, path="/query$")
    synced(made)
    assert [each["fault"] for each in made.simulators["crm"].received() if each["fault"]] == ["429"]
    assert truth(made, "Term") == []


def test_a_token_that_ends_between_two_pages_is_renewed_there(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench(crm=("quickbooks", {"Customer": {}, "Invoice": {}}), scale=5)
    vendor = made.simulators["crm"]
    vendor.fault("expired_token", count=1, path="/query$", after=2)
    synced(made)
    assert truth(made, "Customer", "Invoice") == []


def test_a_company_that_disconnects_the_app_needs_a_new_consent_and_is_asked_no_more(
    bench: Callable[..., Bench],
) -> None:
    made = bench(crm=("quickbooks", {"Term": {}}))
    made.simulators["crm"].fault("revoked_token", count=None, path="/v3/")
    assert made.acme.sync().exit_code == 4


def test_a_suspended_company_is_said_and_not_tried_again(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("quickbooks", {"Term": {}}))
    made.simulators["crm"].configure(suspended=True)
    report = made.acme.sync()
    assert report.exit_code == 1
    assert "Subscription ended" in str(report.all_failures)


def test_custom_fields_of_sales_forms_are_discovered_by_the_names_that_the_company_gave(
    bench: Callable[..., Bench],
) -> None:
    made = bench(crm=("quickbooks", {"Invoice": {}}))
    with made.acme.context() as context:
        connection = context.open("crm")
        found = discover(connection, ["Invoice"]).schema.objects["Invoice"].fields
        connection.close()
    assert {name: found[name].label for name in found if found[name].custom} == {"cf_1": "Crew", "cf_2": "Region"}
    assert "query" in synced(made)
    assert made.raw("crm__Invoice", "cf_1, cf_2"), "they have columns"
