"""Values that do not fit, and fields that come, go or change their type: nothing is lost, all of it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import duckdb
import pytest
import yaml

from backhaul.pipeline.run import RunReport
from tests.bad_input.runs import landed, reopened, run, the_failure
from tests.conftest import Bench
from tests.truth import key_of

COMPANIES: dict[str, Any] = {"companies": {}, "owners": {}}


@pytest.fixture(autouse=True)
def _every_run_discovers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backhaul.discovery.cache.FRESH", timedelta(0))


def columns(made: Bench, table: str) -> dict[str, str]:
    with duckdb.connect(str(made.project.config.layout.work("acme")), read_only=True) as connection:
        return {row[0]: row[1] for row in connection.execute(f'describe raw."{table}"').fetchall()}


def rejects(made: Bench) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(made.project.config.layout.work("acme")), read_only=True) as connection:
        found = connection.execute("select connection, object, key, field, raw_text, reason from raw._rejects")
        return found.fetchall()


def drift(report: RunReport) -> list[tuple[str, str, str, str]]:
    assert report.sync is not None
    return [(connection, each.object, each.field, each.kind) for connection, each in report.sync.drift]


def contract(made: Bench, word: str) -> None:
    """Give the companies another contract, as an edit of the pipeline does."""
    path = made.root / "pipelines" / "acme.yaml"
    document = yaml.safe_load(path.read_text())
    document["connections"]["crm"]["objects"]["companies"]["contract"] = word
    path.write_text(yaml.safe_dump(document))
    reopened(made)


def a_company(made: Bench) -> str:
    return next(str(each["id"]) for each in made.simulators["crm"].dump("companies") if not each["_deleted"])


def test_a_value_that_does_not_fit_is_a_reject_and_its_record_lands(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("hubspot", COMPANIES))
    id = a_company(made)
    made.simulators["crm"].mutate("update", "companies", id, {"numberofemployees": "about 40", "name": "Lands"})
    report = run(made)
    assert report.exit_code == 0
    assert report.sync is not None
    assert report.sync.lines["crm", "companies"].rejected == 1
    assert rejects(made) == [("crm", "companies", id, "numberofemployees", "about 40", "is no decimal")]
    rows = {row[0]: row[1:] for row in made.raw("crm__companies", "_key, name, numberofemployees")}
    assert rows[id] == ("Lands", None)

    made.simulators["crm"].advance(3600)
    made.simulators["crm"].mutate("update", "companies", id, {"numberofemployees": "40"})
    made.simulators["crm"].advance(3600)
    assert run(made).exit_code == 0
    landed(made, "crm", "companies")


def test_a_field_that_becomes_text_widens_its_column(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("hubspot", COMPANIES))
    vendor = made.simulators["crm"]
    vendor.mutate("add_field", "companies", values={"name": "size_class", "type": "number", "fieldType": "number"})
    ids = sorted(str(each["id"]) for each in vendor.dump("companies") if not each["_deleted"])
    vendor.mutate("update", "companies", ids[0], {"size_class": "12"})
    vendor.mutate("update", "companies", ids[1], {"size_class": "7"})
    assert run(made, whole=True).exit_code == 0
    assert columns(made, "crm__companies")["size_class"] == "DECIMAL(38,9)"

    vendor.advance(3600)
    vendor.mutate("retype_field", "companies", values={"name": "size_class", "type": "string", "fieldType": "text"})
    vendor.mutate("update", "companies", ids[0], {"size_class": "about 12"})
    vendor.advance(3600)
    report = run(made, whole=True)
    assert report.exit_code == 0, report.all_failures
    assert ("crm", "companies", "size_class", "retyped") in drift(report)
    assert columns(made, "crm__companies")["size_class"] == "VARCHAR"
    rows = {row[0]: row[1] for row in made.raw("crm__companies", "_key, size_class")}
    assert rows[ids[0]] == "about 12"
    assert rows[ids[1]].startswith("7")
    assert report.transform is not None
    assert report.publish is not None
    assert made.acme.query("select count(*) from accounts").rows[0][0] > 0


def test_a_field_that_is_gone_keeps_its_values(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("hubspot", COMPANIES))
    vendor = made.simulators["crm"]
    vendor.mutate("add_field", "companies", values={"name": "motto", "type": "string", "fieldType": "text"})
    id = a_company(made)
    vendor.mutate("update", "companies", id, {"motto": "Onwards"})
    assert run(made).exit_code == 0

    vendor.advance(3600)
    vendor.mutate("remove_field", "companies", values={"name": "motto"})
    vendor.mutate("update", "companies", id, {"name": "Changed"})
    vendor.advance(3600)
    report = run(made)
    assert report.exit_code == 0, report.all_failures
    assert ("crm", "companies", "motto", "removed") in drift(report)
    rows = {row[0]: row[1:] for row in made.raw("crm__companies", "_key, name, motto")}
    assert rows[id] == ("Changed", "Onwards")
    landed(made, "crm", "companies")


@pytest.mark.parametrize("source", ["hubspot", "salesforce", "netsuite"])
def test_a_field_that_goes_between_discovery_and_read_is_left_out(
    source: str, bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backhaul.discovery.cache.FRESH", timedelta(hours=1))
    of = {"hubspot": "companies", "salesforce": "Account", "netsuite": "customer"}[source]
    new = {"hubspot": "motto", "salesforce": "Motto__c", "netsuite": "custentity_motto"}[source]
    name = {"hubspot": "name", "salesforce": "Name", "netsuite": "companyname"}[source]
    made = bench(crm=(source, {of: {}}))
    vendor = made.simulators["crm"]
    field = {"name": new, "type": "string"} if source != "netsuite" else {"name": new, "type": "text"}
    vendor.mutate("add_field", of, values=field)
    assert run(made).exit_code == 0
    vendor.advance(3600)
    vendor.mutate("remove_field", of, values={"name": new})
    key = next(key_of(each, of) for each in vendor.dump(of) if not each.get("_deleted"))
    vendor.mutate("update", of, key, {name: "Changed"})
    vendor.advance(3600)
    report = run(made)
    assert report.exit_code == 0, report.all_failures
    landed(made, "crm", of)


def test_a_new_field_is_taken_left_out_or_refused_as_the_contract_says(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("hubspot", COMPANIES))
    vendor = made.simulators["crm"]
    contract(made, "discard")
    assert run(made).exit_code == 0

    def add(name: str) -> None:
        vendor.advance(3600)
        vendor.mutate("add_field", "companies", values={"name": name, "type": "string", "fieldType": "text"})
        vendor.mutate("update", "companies", a_company(made), {name: "here"})
        vendor.advance(3600)

    add("first_new")
    report = run(made)
    assert report.exit_code == 0
    assert ("crm", "companies", "first_new", "added") in drift(report)
    assert "first_new" not in columns(made, "crm__companies")
    assert run(made).exit_code == 0
    assert "first_new" not in columns(made, "crm__companies"), "nor in any later run"

    contract(made, "freeze")
    told = the_failure(run(made), "crm", "companies")
    assert "first_new" in told.what
    assert "backhaul discover acme crm" in told.next_step
    landed(made, "crm", "owners")
    the_failure(run(made), "crm", "companies")
    with made.acme.context() as context:
        from backhaul.pipeline.discovering import discover_connection

        discover_connection(context, "crm")
    assert run(made).exit_code == 0, "what was looked at by hand is accepted"
    assert "first_new" in columns(made, "crm__companies")

    contract(made, "evolve")
    add("second_new")
    report = run(made)
    assert ("crm", "companies", "second_new", "added") in drift(report)
    assert "second_new" in columns(made, "crm__companies")
    landed(made, "crm", "companies")
