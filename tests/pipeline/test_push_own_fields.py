"""Custom fields that a push declares: planned, made where they lack, and then written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, push, sent, truth, with_pushes

from backhaul.errors import ConfigError
from backhaul.sandbox.salesforce.tooling import PERMISSION_SET

SELECT = "select source_id as hs_object_id, 5 as fit, 'A' as grade from accounts where not is_deleted"
FIELDS = {"fit": {"type": "decimal", "label": "Fit"}, "grade": {"options": ["A", "B"]}}


@pytest.fixture
def hubspot(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(**pushes: dict[str, Any]) -> Bench:
        return has_run(crm=("hubspot", {"companies": {}}), extra={"push": pushes})

    return make


def fits(**more: Any) -> dict[str, Any]:
    return push("crm.companies", SELECT, key="hs_object_id", **{"own_fields": FIELDS, **more})


def test_a_field_that_lacks_is_planned_made_and_written(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(fit=fits())
    before = arrived(made)
    plan = made.acme.plan_push("fit")
    assert [(each.name, each.type, each.label) for each in plan.objects[0].new_fields] == [
        ("fit", "decimal", "Fit"), ("grade", "text", "grade"),
    ]  # fmt: skip
    assert "crm.schemas" in plan.objects[0].new_fields[0].needs
    posts = [each for each in made.simulators["crm"].received(before) if each["method"] == "POST"]
    assert [each for each in posts if "properties" in each["path"]] == []
    report = made.acme.push("fit", plan=plan)
    assert report.new_fields == ("crm.companies.fit", "crm.companies.grade")
    assert report.exit_code == 0
    assert {(each["fit"], each["grade"]) for each in truth(made, "companies").values()} == {("5", "A")}
    before = arrived(made)
    again = made.acme.push("fit")
    assert (again.written, again.new_fields, sent(made, since=before)) == (0, (), [])
    made.simulators["crm"].advance(600)
    made.acme.run()
    assert made.acme.push("fit").written == 0


def test_a_field_that_the_account_does_not_let_us_make_is_told_with_the_permission(
    hubspot: Callable[..., Bench],
) -> None:
    made = hubspot(fit=fits())
    made.simulators["crm"].configure(missing_scopes=["crm.schemas.companies.write"])
    report = made.acme.push("fit")
    assert (report.updated, report.exit_code) == (0, 2)
    assert "could not be made" in report.troubles[0].what
    assert "crm.schemas" in report.troubles[0].next_step
    assert report.left == report.plan.rows


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": {"type": "date"}, **FIELDS}, "has a field name of type text, and the push declares it as date"),
        ({"Fit Score": {}, **FIELDS}, "names of custom fields here are like"),
    ],
)
def test_a_field_that_cannot_be_made_is_told_by_the_plan(
    hubspot: Callable[..., Bench], fields: dict[str, Any], said: str
) -> None:
    made = hubspot(fit=fits(own_fields=fields))
    with pytest.raises(ConfigError, match=said):
        made.acme.plan_push("fit")


def test_where_the_source_does_not_say_how_the_plan_says_what_to_do(has_run: Callable[..., Bench]) -> None:
    made = has_run(erp=("netsuite", {"customer": {}}))
    select = "select source_id as id, 5 as custentity_fit from accounts"
    with_pushes(made, fit=push("erp.customer", select, own_fields={"custentity_fit": {"type": "decimal"}}))
    with pytest.raises(ConfigError, match="does not say how fields are made"):
        made.acme.plan_push("fit")


def test_a_trace_finds_a_record_whose_answer_was_lost(hubspot: Callable[..., Bench]) -> None:
    own = {"trace": "backhaul_row", "own_fields": {"backhaul_row": {"label": "backhaul row", "unique": True}}}
    select = "select 'f' || n as ref, 'Firm ' || n as name from range(5) t(n)"
    made = hubspot(firms=push("crm.companies", select, mode="create", key="ref", **own))
    made.simulators["crm"].fault("lost_answer", path="batch/create", count=1)
    before = arrived(made)
    report = made.acme.push("firms")
    assert (report.created, report.unknown, report.exit_code) == (5, 0, 0)
    assert len(sent(made, since=before)) == 1
    assert sum(str(each["name"]).startswith("Firm ") for each in truth(made, "companies").values()) == 5


def test_salesforce_makes_a_field_and_shows_it(has_run: Callable[..., Bench]) -> None:
    made = has_run(crm=("salesforce", {"Account": {}}))
    select = "select source_id as Id, 5 as Fit__c, 'A' as Grade__c, 'r' || source_id as Row__c from accounts limit 20"
    own = {
        "Fit__c": {"type": "decimal", "label": "Fit"},
        "Grade__c": {"options": ["A", "B"]},
        "Row__c": {"unique": True},
    }
    with_pushes(made, fit=push("crm.Account", select, own_fields=own))
    refused = made.acme.push("fit")
    assert refused.exit_code == 2
    assert "does not give settings.permission_set" in refused.troubles[0].what
    path = made.root / "pipelines" / "acme.yaml"
    document = yaml.safe_load(path.read_text())
    document["connections"]["crm"]["settings"]["permission_set"] = PERMISSION_SET
    path.write_text(yaml.safe_dump(document))
    with_pushes(made, fit=push("crm.Account", select, own_fields=own))
    report = made.acme.push("fit")
    assert (report.updated, report.refused, report.exit_code) == (20, 0, 0), report.notes
    found = [each for each in truth(made, "Account", key="Id").values() if each.get("Fit__c")]
    assert {(each["Fit__c"], each["Grade__c"]) for each in found} == {(5.0, "A")}
    assert made.acme.push("fit").new_fields == ()
