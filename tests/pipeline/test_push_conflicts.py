"""Other people write too: their edits are found field by field, by the vendor's own check where it has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, push, sent, truth, with_pushes

ACCOUNTS = push(
    "crm.Account",
    "select source_id as Id, 50 as AI_Score__c, 'Gold' as Tier__c from accounts where not is_deleted"
    " order by source_id limit 4",
)


@pytest.fixture
def salesforce(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(variants: dict[str, str] | None = None, **pushes: dict[str, Any]) -> Bench:
        made = has_run(crm=("salesforce", {"Account": {}}), extra={"push": pushes}, variants=variants or {})
        made.simulators["crm"].advance(600)
        return made

    return make


def first_account(made: Bench) -> str:
    return min(truth(made, "Account", key="Id"))


def edit(made: Bench, key: str, **values: Any) -> None:
    """A person's edit after our look at the records and just before our write of this one arrives."""
    made.simulators["crm"].fault(
        "edit", method="PATCH", path=f"sobjects/Account/{key}", op="update", object="Account", id=key, values=values
    )


def test_an_edit_between_our_look_and_our_write_is_never_lost(salesforce: Callable[..., Bench]) -> None:
    made = salesforce(scores=ACCOUNTS)
    key = first_account(made)
    edit(made, key, AI_Score__c=99)
    report = made.acme.push("scores")
    account = truth(made, "Account", key="Id")[key]
    assert (account["AI_Score__c"], account["Tier__c"]) == (99, "Gold"), "theirs stays, what they left alone is ours"
    assert (report.conflicts, report.refused, report.left, report.window) == (1, 0, 0, 0.0)


def test_an_edit_of_another_field_is_no_conflict_and_nothing_of_it_is_lost(salesforce: Callable[..., Bench]) -> None:
    made = salesforce(scores=ACCOUNTS)
    key = first_account(made)
    edit(made, key, Industry="Banking")
    before = arrived(made)
    report = made.acme.push("scores")
    account = truth(made, "Account", key="Id")[key]
    assert (account["AI_Score__c"], account["Industry"]) == (50, "Banking")
    assert (report.conflicts, report.updated) == (0, 4)
    assert len(sent(made, since=before)) == 5, "refused once, looked at again, and sent with the new version"


def test_without_the_vendor_s_check_the_same_edit_is_written_over(salesforce: Callable[..., Bench]) -> None:
    """What the check is worth: the vendor's sheet is not sure of the header."""
    made = salesforce({"if_unmodified_since": "ignored"}, scores=ACCOUNTS)
    key = first_account(made)
    edit(made, key, AI_Score__c=99)
    made.acme.push("scores")
    assert truth(made, "Account", key="Id")[key]["AI_Score__c"] == 50


def test_two_edits_in_one_moment_of_the_vendor_s_clock_show_two_versions(salesforce: Callable[..., Bench]) -> None:
    made = salesforce(scores=ACCOUNTS)
    key = first_account(made)
    plan = made.acme.plan_push("scores")
    made.simulators["crm"].mutate("update", "Account", key, {"Industry": "Banking"})
    edit(made, key, AI_Score__c=99)
    made.acme.push("scores", plan=plan)
    assert truth(made, "Account", key="Id")[key]["AI_Score__c"] == 99


def test_many_rows_go_together_and_strict_ones_one_by_one(salesforce: Callable[..., Bench]) -> None:
    many = push("crm.Account", ACCOUNTS["select"].replace("limit 4", "limit 30"))
    made = salesforce(scores=many)
    assert made.acme.plan_push("scores").calls == 2
    with_pushes(made, scores={**many, "strict": True})
    plan = made.acme.plan_push("scores")
    assert plan.calls == 31
    before = arrived(made)
    assert made.acme.push("scores", plan=plan).updated == 30
    assert len(sent(made, since=before)) == 30


def test_where_the_vendor_checks_nothing_the_window_is_measured(has_run: Callable[..., Bench]) -> None:
    select = "select source_id as hs_object_id, 5 as ai_score from accounts where not is_deleted"
    made = has_run(
        crm=("hubspot", {"companies": {}}),
        extra={"push": {"scores": push("crm.companies", select, key="hs_object_id")}},
    )
    made.simulators["crm"].fault("latency", path="batch/update", ms=300)
    report = made.acme.push("scores")
    assert 0.3 <= report.window < 30
    assert report.figures()["window_ms"] == round(report.window * 1000)
