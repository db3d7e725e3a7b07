"""What is Dynamics 365's own: delta links that expire or name a column that is gone, labels, lookups, own columns."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

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


def untrue(made: Bench, *objects: str) -> list[str]:
    dumps = {name: made.simulators["crm"].dump(name) for name in objects}
    return list(differences(made.project.config.layout.work("acme"), "crm", dumps))


@pytest.mark.parametrize("status", ["410", "500"])
def test_where_the_delta_link_is_too_old_everything_is_read_again_and_what_is_gone_goes(
    status: str, bench: Callable[..., Bench]
) -> None:
    made = bench(crm=("dynamics365", {"contact": {}}), variants={"expired_token_status": status})
    vendor = made.simulators["crm"]
    sync(made)
    ids = [each["contactid"] for each in vendor.dump("contact")]
    vendor.mutate("purge", "contact", ids[0])
    vendor.mutate("update", "contact", ids[1], {"lastname": "Moved"})
    vendor.configure(expire_change_tracking_days=0)
    vendor.advance(3600)
    report = made.acme.sync().sync
    assert report is not None
    assert untrue(made, "contact") == []
    assert report.lines["crm", "contact"].how.startswith("all")


def test_a_table_that_is_not_tracked_is_read_whole_however_that_is_told(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("dynamics365", {"annotation": {}}), variants={"untracked_tables": "ignored"})
    vendor = made.simulators["crm"]
    sync(made)
    ids = [each["annotationid"] for each in vendor.dump("annotation")]
    vendor.mutate("update", "annotation", ids[1], {"notetext": "Said otherwise"})
    vendor.mutate("delete", "annotation", ids[2])
    vendor.advance(3600)
    sync(made)
    assert untrue(made, "annotation") == []


def test_only_what_changed_travels_deletions_by_their_id(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("dynamics365", {"contact": {}}))
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=90)
    sync(made)
    ids = [each["contactid"] for each in vendor.dump("contact")]
    vendor.mutate("delete", "contact", ids[5])
    vendor.mutate("update", "contact", ids[7], {"lastname": "Moved"})
    vendor.advance(60)
    line = made.acme.sync().sync.lines["crm", "contact"]
    assert (line.read, line.deleted, line.updated) == (1, 1, 1)
    assert untrue(made, "contact") == []


def test_a_column_that_is_gone_begins_a_new_link(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("dynamics365", {"contact": {}}))
    vendor = made.simulators["crm"]
    sync(made)
    vendor.mutate("remove_field", "contact", values={"name": "new_language"})
    vendor.mutate("update", "contact", vendor.dump("contact")[3]["contactid"], {"lastname": "Moved"})
    vendor.advance(3600)
    sync(made)
    assert untrue(made, "contact") == []


def test_labels_are_those_of_one_language_and_lookups_tell_their_table(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("dynamics365", {"stringmap": {}, "phonecall": {}, "new_reading": {}}))
    vendor = made.simulators["crm"]
    german = {"objecttypecode": "phonecall", "attributename": "statecode", "attributevalue": 0, "value": "Offen"}
    vendor.mutate("create", "stringmap", values={**german, "langid": 1031})
    sync(made)
    assert ("Offen",) not in made.raw("crm__stringmap", "value")
    kinds = {kind for (kind,) in made.raw("crm__phonecall", "regarding_type")}
    assert kinds == {"account", "contact", "opportunity"}
    assert untrue(made, "phonecall", "new_reading") == []


def test_an_account_without_rights_or_without_a_user_is_told_apart(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("dynamics365", {"lead": {}, "team": {}}))
    vendor = made.simulators["crm"]
    vendor.configure(forbidden=["Read lead"])
    report = made.acme.sync().sync
    assert report is not None
    assert "prvReadLead" in report.lines["crm", "lead"].not_served
    assert untrue(made, "team") == []
    vendor.configure(application_user=False)
    assert made.acme.sync().exit_code == 4


def test_fields_of_our_own_are_made_and_published(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("dynamics365", {"account": {}}))
    vendor = made.simulators["crm"]
    declared = {
        "new_grade": OwnField(label="Grade"),
        "new_rank": OwnField(type="integer"),
        "new_ratio": OwnField(type="decimal", description="Of paid"),
        "new_good": OwnField(type="boolean"),
        "new_day": OwnField(type="date"),
        "new_moment": OwnField(type="timestamp"),
    }
    with made.acme.context() as context:
        connection, source = context.open("crm", priority="interactive"), context.source_of("crm")
        try:
            schema = discover(connection, ["account"]).schema.objects["account"]
            definition = source.definition("account")
            assert definition is not None
            fields = missing_fields(schema, declared, source.discovery.create_field)
            place = Object("crm", schema, definition)
            assert len(make_fields(connection, place, fields)) == len(declared)
            after = discover(connection, ["account"]).schema.objects["account"].fields
        finally:
            connection.close()
    assert {name: after[name].type for name in declared} == {name: each.type for name, each in declared.items()}
    assert "new_grade" in vendor.dump("account")[0]


@pytest.mark.parametrize("tokens", ["stay", "rotate"])
def test_a_person_consents_and_tokens_are_renewed(
    tokens: str, tmp_path: Path, simulator: Callable[..., Running]
) -> None:
    vendor = simulator("dynamics365", variants={"refresh_tokens": tokens})
    (tmp_path / "pipelines").mkdir()
    block: dict[str, Any] = connection_to(vendor, {"team": {}}, auth="oauth", credentials="vault")
    apps = {"dynamics365": secrets_of(vendor, ("client_id", "client_secret"))}
    document = {"customer": "acme", "apps": apps, "connections": {"crm": block}}
    (tmp_path / "pipelines" / "acme.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    os.environ.setdefault("BACKHAUL_MASTER_KEY", new_master_key())
    with Project(tmp_path) as project:
        consent(project, "crm")
        assert project.customer("acme").sync().exit_code == 0
        vendor.fault("expired_token", count=1, path="/teams$")
        vendor.advance(7200)
        assert project.customer("acme").sync().exit_code == 0
        assert vendor.vendor.oauth.consents.counts["renewals"] >= 1  # type: ignore[attr-defined]
