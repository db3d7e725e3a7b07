"""What is Pipedrive's own: archived deals in a list apart, deletions without a word, a day's budget of tokens."""

from __future__ import annotations

from collections.abc import Callable

from tests.conftest import Bench
from tests.sources.test_variants import sync
from tests.truth import differences


def untrue(made: Bench, *objects: str) -> list[str]:
    dumps = {name: made.simulators["crm"].dump(name) for name in objects}
    return list(differences(made.project.config.layout.work("acme"), "crm", dumps, winners=False))


def test_a_deal_that_is_archived_stays_and_one_that_is_deleted_goes_wherever_it_stands(
    bench: Callable[..., Bench],
) -> None:
    made = bench(crm=("pipedrive", {"deals": {}, "deal_products": {}, "leads": {}}))
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=70)
    sync(made)
    vendor.advance(3600)
    deals = vendor.dump("deals")
    archived = next(each for each in deals if each["is_archived"])
    open_ = [each for each in deals if not each["is_archived"]]
    vendor.mutate("update", "deals", str(open_[0]["id"]), {"is_archived": True})
    vendor.mutate("update", "deals", str(archived["id"]), {"is_archived": False, "title": "Back"})
    vendor.mutate("delete", "deals", str(open_[2]["id"]))
    vendor.mutate("purge", "deals", str(open_[4]["id"]))
    lead = vendor.dump("leads")[0]["id"]
    vendor.mutate("update", "leads", lead, {"is_archived": True, "title": "Given up"})
    vendor.advance(8 * 86400)
    report = sync(made)
    assert untrue(made, "deals", "deal_products", "leads") == []
    assert report.lines["crm", "deals"].deleted == 2, "one by the list of deleted ones, one by the census"


def test_a_field_made_later_is_told_and_lands_under_its_hash(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("pipedrive", {"organizations": {}}))
    vendor = made.simulators["crm"]
    sync(made)
    code = vendor.mutate("add_field", "organizations", values={"name": "Region", "type": "varchar"})["name"]
    vendor.mutate("update", "organizations", str(vendor.dump("organizations")[0]["id"]), {code: "North"})
    vendor.advance(3600)
    report = sync(made)
    assert (code, "added") in [(each.field, each.kind) for _, each in report.drift]


def test_a_day_whose_budget_is_spent_ends_the_run_and_a_burst_does_not(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("pipedrive", {"stages": {}, "pipelines": {}}))
    vendor = made.simulators["crm"]
    vendor.fault("429", count=1, path="/api/v2/stages")
    vendor.fault("503", count=1, path="/api/v2/pipelines")
    sync(made)
    assert untrue(made, "stages", "pipelines") == []
    vendor.fault("429", count=1, path="/api/v2", daily=True)
    report = made.acme.sync()
    assert report.exit_code == 1
    assert "asks to wait" in report.all_failures[0].what
