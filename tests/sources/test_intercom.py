"""What is Intercom's own: searches by the day, one scroll an app, companies that nobody belongs to, merges told by the
winner, custom objects that no list tells."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import yaml

from backhaul.config.catalog import catalog_root
from backhaul.config.push import OwnField
from backhaul.discovery.discover import discover
from backhaul.project import Project
from backhaul.push.own_fields import make_fields, missing_fields
from backhaul.push.target import Object
from backhaul.sandbox.server import Running
from backhaul.vault.master import new_master_key
from tests.conftest import Bench, connection_to, consent, secrets_of
from tests.sources.test_variants import sync
from tests.truth import differences

DAY = 86400.0


def untrue(made: Bench, *objects: str) -> list[str]:
    dumps = {name: made.simulators["crm"].dump(name) for name in objects}
    return list(differences(made.project.config.layout.work("acme"), "crm", dumps, all_seen=False))


def asking(vendor: Running) -> httpx.Client:
    headers = {"Authorization": f"Bearer {vendor.credentials['token']}", "Intercom-Version": "2.16"}
    return httpx.Client(base_url=vendor.base_url, headers=headers, trust_env=False)


def test_whatever_the_hour_what_changed_since_the_last_run_is_in_the_days_that_are_asked_for(
    bench: Callable[..., Bench],
) -> None:
    made = bench(crm=("intercom", {"contacts": {}}))
    vendor = made.simulators["crm"]
    sync(made)
    ids = [each["id"] for each in vendor.dump("contacts")]
    for hour in range(8):
        vendor.mutate("update", "contacts", ids[hour], {"name": f"At {hour}"})
        vendor.advance(3.3 * 3600)
        report = sync(made)
        assert untrue(made, "contacts") == []
        assert report.lines["crm", "contacts"].read <= hour + 1, "two days back, and no further"


def test_a_company_that_its_last_user_leaves_is_gone_until_the_next_one_comes(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("intercom", {"companies": {}, "contact_companies": {}, "contacts": {}}))
    vendor = made.simulators["crm"]
    sync(made)
    lonely = next(each for each in vendor.dump("companies") if each["user_count"] == 1)["id"]
    (tie,) = [each for each in vendor.dump("contact_companies") if each["company_id"] == lonely]
    contact = tie["contact_id"]
    for there in (False, True):
        with asking(vendor) as client:
            if there:
                client.post(f"/contacts/{contact}/companies", json={"id": lonely}).raise_for_status()
            else:
                client.delete(f"/contacts/{contact}/companies/{lonely}").raise_for_status()
        vendor.advance(DAY + 3600)
        sync(made)
        assert untrue(made, "companies", "contact_companies") == []
        gone = {key for key, at in made.raw("crm__companies", "_key, _deleted_at") if at is not None}
        assert (lonely not in gone) == there


def test_another_programs_scroll_is_waited_for(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("intercom", {"companies": {}}))
    text = (catalog_root() / "sources" / "intercom" / "source.yaml").read_text(encoding="utf-8")
    own = made.root / "sources" / "intercom" / "source.yaml"
    own.parent.mkdir(parents=True, exist_ok=True)
    assert "then: wait, wait: 15s" in text
    own.write_text(text.replace("then: wait, wait: 15s", "then: wait, wait: 50ms"), encoding="utf-8")
    vendor = made.simulators["crm"]
    with asking(vendor) as client:
        client.get("/companies/scroll").raise_for_status()

    def a_minute_passes_once_we_were_refused() -> None:
        while not any(each["status"] == 400 for each in vendor.received()):
            threading.Event().wait(0.01)
        vendor.advance(61)

    passing = threading.Thread(target=a_minute_passes_once_we_were_refused)
    passing.start()
    sync(made)
    passing.join()
    assert untrue(made, "companies") == []


def test_a_merge_is_told_by_the_winner_and_only_once(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("intercom", {"contacts": {}}))
    vendor = made.simulators["crm"]
    sync(made)
    there = vendor.dump("contacts")
    lead = next(each["id"] for each in there if each["role"] == "lead")
    user = next(each["id"] for each in there if each["role"] == "user")
    with asking(vendor) as client:
        both = {"from": lead, "into": user, "skip_duplicate_validation": True}
        client.post("/contacts/merge", json=both).raise_for_status()
    vendor.advance(3600)
    line = sync(made).lines["crm", "contacts"]
    assert (line.deleted, line.updated) == (1, 1)
    assert (lead, user) in made.raw("crm__contacts", "_key, _merged_into")
    vendor.advance(3600)
    assert sync(made).changed == 0, "it is told again, and is no change"


def test_custom_objects_are_those_that_are_named_or_referred_to(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("intercom", {"Subscription": {}}))
    vendor = made.simulators["crm"]
    with made.acme.context() as context:
        connection = context.open("crm", priority="interactive")
        try:
            fields = discover(connection, ["Subscription"]).schema.objects["Subscription"].fields
        finally:
            connection.close()
    assert {name for name, each in fields.items() if each.custom} == {"cf_name", "cf_seats", "cf_price", "cf_active"}
    assert all(fields[name].updatable for name in ("cf_name", "cf_seats"))
    block = connection_to(vendor, {"Subscription": {}, "Order": {}})
    block["settings"]["custom_objects"] = "Order , Subscription"
    document = {"customer": "acme", "connections": {"crm": block}}
    (made.root / "pipelines" / "acme.yaml").write_text(yaml.safe_dump(document))
    with Project(made.root) as project:
        report = project.customer("acme").sync()
    assert report.sync is not None
    assert "Custom object type `Order` not found" in report.sync.lines["crm", "Order"].not_served
    assert untrue(made, "Subscription") == []


def test_fields_of_our_own_are_made_and_written(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("intercom", {"companies": {}}))
    vendor = made.simulators["crm"]
    declared = {
        "cf_grade": OwnField(label="Grade"),
        "cf_rank": OwnField(type="integer"),
        "cf_ratio": OwnField(type="decimal"),
        "cf_good": OwnField(type="boolean"),
        "cf_moment": OwnField(type="timestamp"),
    }
    with made.acme.context() as context:
        connection, source = context.open("crm", priority="interactive"), context.source_of("crm")
        try:
            schema = discover(connection, ["companies"]).schema.objects["companies"]
            definition = source.definition("companies")
            assert definition is not None
            fields = missing_fields(schema, declared, source.create_field(definition))
            assert len(make_fields(connection, Object("crm", schema, definition), fields)) == len(declared)
            after = discover(connection, ["companies"]).schema.objects["companies"].fields
        finally:
            connection.close()
    kinds = {name: after[name].type for name in declared}
    assert kinds == {"cf_grade": "text", "cf_rank": "integer", "cf_ratio": "float", "cf_good": "boolean",
                     "cf_moment": "timestamp"}  # fmt: skip
    vendor.mutate("update", "companies", vendor.dump("companies")[0]["id"], {"cf_grade": "A"})
    sync(made)
    assert untrue(made, "companies") == []


def test_a_plan_that_lacks_something_leaves_out_that_alone(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("intercom", {"conversations": {}, "tags": {}}))
    made.simulators["crm"].configure(forbidden=["/conversations"])
    report = made.acme.sync().sync
    assert report is not None
    assert "Active subscription needed" in report.lines["crm", "conversations"].not_served
    assert untrue(made, "tags") == []


def test_a_person_consents_and_the_token_is_used_until_it_is_taken_back(
    tmp_path: Path, simulator: Callable[..., Running]
) -> None:
    vendor = simulator("intercom")
    (tmp_path / "pipelines").mkdir()
    block: dict[str, Any] = connection_to(vendor, {"admins": {}}, auth="oauth", credentials="vault")
    apps = {"intercom": secrets_of(vendor, ("client_id", "client_secret"))}
    document = {"customer": "acme", "apps": apps, "connections": {"crm": block}}
    (tmp_path / "pipelines" / "acme.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    os.environ.setdefault("BACKHAUL_MASTER_KEY", new_master_key())
    with Project(tmp_path) as project:
        consent(project, "crm")
        assert project.customer("acme").sync().exit_code == 0
        vendor.advance(400 * DAY)
        assert project.customer("acme").sync().exit_code == 0
        vendor.fault("revoked_token", count=1)
        assert project.customer("acme").sync().exit_code == 4
        consent(project, "crm")
        assert project.customer("acme").sync().exit_code == 0


def test_a_push_ties_people_to_companies_once(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("intercom", {"contacts": {}, "companies": {}, "contact_companies": {}}))
    vendor = made.simulators["crm"]
    contact, company = vendor.dump("contacts")[7]["id"], vendor.dump("companies")[4]["id"]
    gone = vendor.dump("contacts")[9]["id"]
    path = made.root / "pipelines" / "acme.yaml"
    document = yaml.safe_load(path.read_text())
    ties = f"select '{contact}' as contact_id, '{company}' as company_id union all select '{gone}', '{company}'"
    document["push"] = {"ties": {"to": "crm.contact_companies", "select": ties, "mode": "associate"}}
    path.write_text(yaml.safe_dump(document))
    with Project(made.root) as project:
        acme = project.customer("acme")
        assert acme.run().exit_code == 0
        with asking(vendor) as client:
            client.delete(f"/contacts/{gone}").raise_for_status()
        report = acme.push("ties")
        assert (report.created, len(report.troubles)) == (1, 0)
        mark = len(vendor.received())
        assert acme.push("ties").created == 0
    written = [each for each in vendor.received()[mark:] if each["method"] == "POST"]
    assert written == [], "what is tied already is not tied again"
    assert f"{contact}:{company}" in [f"{e['contact_id']}:{e['company_id']}" for e in vendor.dump("contact_companies")]
