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


NUMBER_AND_TEXT = ({"type": "decimal", "label": "Fit"}, {"label": "Why so", "description": "In a few words"})
ACCOUNTS, OPEN = "accounts where not is_deleted", "tickets where status = 'open'"
PIPEDRIVES, ZENDESKS = "scope contact-fields:full", "administrator"
VENDORS = {
    # source, object, the rows that know its keys, what the push calls the two fields, which right it takes
    "pipedrive names them": (
        "pipedrive", "organizations", ACCOUNTS, ("fit", "why"), "POST /api/v2/organizationFields", PIPEDRIVES,
    ),
    "zendesk takes the key": (
        "zendesk", "organizations", ACCOUNTS, ("cf_fit", "cf_why"), "POST /organization_fields", ZENDESKS,
    ),
    "zendesk numbers them": ("zendesk", "tickets", OPEN, ("fit", "why"), "POST /ticket_fields", ZENDESKS),
}  # fmt: skip


@pytest.fixture(params=VENDORS)
def elsewhere(request: pytest.FixtureRequest, has_run: Callable[..., Bench]) -> tuple[Bench, str, str, str]:
    """The bench, the object, and the right to make its fields: at the vendor, and as people are told of it."""
    source, object, rows, names, forbidden, needs = VENDORS[request.param]
    select = (
        f"select source_id as id, source_id::bigint % 7 + 0.5 as {names[0]}, 'for ' || source_id as {names[1]}"
        f" from {rows} order by id limit 12"
    )
    own = dict(zip(names, NUMBER_AND_TEXT, strict=True))
    pushes = {"fit": push(f"crm.{object}", select, own_fields=own)}
    return has_run(crm=(source, {object: {}}), extra={"push": pushes}), object, forbidden, needs


def written_there(bench: Bench, since: int) -> list[str]:
    return [
        each["path"] for each in bench.simulators["crm"].received(since) if each["method"] in ("POST", "PUT", "PATCH")
    ]


def holding(bench: Bench, object: str) -> list[dict[str, Any]]:
    """The records whose custom fields hold what the push writes."""
    return [
        each
        for id, each in truth(bench, object).items()
        if {str(int(id) % 7 + 0.5), f"for {id}"} <= {str(value) for value in each.values()}
    ]


def test_a_field_is_made_once_and_found_again_whoever_names_it(elsewhere: tuple[Bench, str, str, str]) -> None:
    made, object, _, needs = elsewhere
    before = arrived(made)
    plan = made.acme.plan_push("fit")
    assert [each.label for each in plan.objects[0].new_fields] == ["Fit", "Why so"]
    assert needs in plan.objects[0].new_fields[0].needs
    assert written_there(made, before) == []
    report = made.acme.push("fit", plan=plan)
    assert (report.updated, report.refused, report.exit_code) == (12, 0, 0), report.notes
    assert len(report.new_fields) == 2
    assert len(holding(made, object)) == 12
    before = arrived(made)
    again = made.acme.push("fit")
    assert (again.plan.counts.skip, again.written, again.new_fields) == (12, 0, ())
    assert written_there(made, before) == []
    made.simulators["crm"].advance(600)
    made.acme.run()
    before = arrived(made)
    assert made.acme.push("fit").written == 0
    assert written_there(made, before) == []


def test_a_plan_from_before_the_field_was_made_writes_into_it(elsewhere: tuple[Bench, str, str, str]) -> None:
    made, object, _, _ = elsewhere
    plan = made.acme.plan_push("fit")
    assert made.acme.push("fit", limit=3).updated == 3
    before = arrived(made)
    rest = made.acme.plan_push("fit")
    assert rest.objects[0].new_fields == ()
    with pytest.raises(ConfigError, match="3 of its rows were written after it was made"):
        made.acme.push("fit", plan=plan)
    assert made.acme.push("fit", plan=rest).updated == 9
    assert not [path for path in written_there(made, before) if path.split("?")[0].lower().endswith("fields")]
    assert len(holding(made, object)) == 12


def test_without_the_right_nothing_is_written_and_the_permission_is_told(
    elsewhere: tuple[Bench, str, str, str],
) -> None:
    made, object, forbidden, needs = elsewhere
    made.simulators["crm"].configure(forbidden=[forbidden])
    report = made.acme.push("fit")
    assert (report.updated, report.left, report.exit_code) == (0, 12, 2)
    assert needs in report.troubles[0].next_step
    assert holding(made, object) == []


def test_a_field_whose_answer_was_lost_is_not_made_again(has_run: Callable[..., Bench]) -> None:
    select = "select source_id as id, 5 as fit from accounts where not is_deleted limit 3"
    pushes = {"fit": push("crm.organizations", select, own_fields={"fit": {"type": "integer"}})}
    made = has_run(crm=("pipedrive", {"organizations": {}}), extra={"push": pushes})
    made.simulators["crm"].fault("lost_answer", method="POST", path="organizationFields", count=1)
    first = made.acme.push("fit")
    assert (first.updated, first.exit_code) == (0, 2)
    before = arrived(made)
    assert made.acme.push("fit").updated == 3
    assert not [path for path in written_there(made, before) if path.endswith("organizationFields")]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"fit": {"label": "Twice"}}, "has 2 fields labelled Twice"),
        ({"fit": {"label": "Fit"}, "why": {"label": "Fit"}}, "fit and why are both labelled Fit"),
        (
            {"fit": {"label": "ARR", "type": "date"}},
            "has a field fit of type decimal, and the push declares it as date",
        ),
        ({"fit": {"type": "boolean"}}, "there is no type boolean here"),
        ({"fit": {"options": ["A", "B"]}}, "there is no type options here"),
        ({"fit": {"unique": True}}, "fields of type text cannot be unique here"),
        ({"fit": {"group": "scores"}}, "fields of type text cannot have a group here"),
    ],
)
def test_what_a_vendor_that_names_fields_itself_cannot_do_is_told_by_the_plan(
    has_run: Callable[..., Bench], fields: dict[str, Any], said: str
) -> None:
    made = has_run(crm=("pipedrive", {"organizations": {}}))
    for n in range(2):
        made.simulators["crm"].mutate("add_field", "organizations", None, {"name": "Twice", "type": "varchar", "n": n})
    select = "select source_id as id, 5 as fit from accounts"
    with_pushes(made, fit=push("crm.organizations", select, own_fields=fields))
    with pytest.raises(ConfigError, match=said):
        made.acme.plan_push("fit")
