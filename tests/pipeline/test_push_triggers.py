"""Pushes that go off by themselves: after a run, or when rows change; never at the echo of what they wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, ledger, push, sent, truth

SCORES = push(
    "crm.companies",
    "select source_id as hs_object_id, length(name) as ai_score from accounts where not is_deleted",
    key="hs_object_id",
    trigger="transform",
)
WON = push(
    "crm.notes",
    "select d.id as event, d.name || ' is won' as hs_note_body, timestamptz '2025-01-01 00:00:00+00' as hs_timestamp"
    " from deals d join changed c on c.id = d.id",
    mode="append",
    key="event",
    trigger={"rows_of": "deals", "when": "status = 'won'", "columns": ["status"]},
)


@pytest.fixture
def hubspot(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(**pushes: dict[str, Any]) -> Bench:
        objects = {"companies": {}, "deals": {}, "notes": {}, "pipelines": {}, "pipeline_stages": {}}
        return has_run(crm=("hubspot", objects), extra={"push": pushes})

    return make


def pull(made: Bench) -> Any:
    made.simulators["crm"].advance(600)
    return made.acme.run()


def test_a_push_follows_each_run_that_publishes_something_new(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    companies = truth(made, "companies")
    assert all(float(each["ai_score"]) == len(each["name"]) for each in companies.values())
    with ledger(made) as kept:
        assert {each.who for each in kept.audit.after(0).__next__()} == {"trigger:scores"}
    some = min(companies)
    made.simulators["crm"].mutate("update", "companies", some, {"name": "Another name"})
    report = pull(made)
    assert [each.updated for each in report.pushes] == [1], "the echo of all the others is in this run, too"
    before = arrived(made)
    assert [each.updated for each in pull(made).pushes] in ([], [0]), "and our own write sets off nothing"
    assert sent(made, since=before) == []


def test_a_paused_push_is_passed_over(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    made.acme.pause_push("scores")
    made.simulators["crm"].mutate("update", "companies", min(truth(made, "companies")), {"name": "Another name"})
    report = pull(made)
    assert (report.pushes, report.exit_code) == ([], 0)


def test_rows_that_change_set_a_push_off_once_each(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(won=WON)
    notes = len(truth(made, "notes"))
    deals = truth(made, "deals")
    assert any(each["dealstage"] == "closedwon" for each in deals.values())
    open_deals = sorted(key for key, each in deals.items() if each["hs_is_closed"] != "true")[:3]
    for key in open_deals[:2]:
        made.simulators["crm"].mutate("update", "deals", key, {"dealstage": "closedwon"})
    made.simulators["crm"].mutate("update", "deals", open_deals[2], {"dealname": "Only renamed"})
    [report] = pull(made).pushes
    assert (report.created, report.plan.counts.wanted) == (2, 2), "not those that were won before, not the renamed one"
    assert len(truth(made, "notes")) == notes + 2
    made.simulators["crm"].mutate("update", "deals", open_deals[0], {"dealname": "Renamed later"})
    assert pull(made).pushes == [], "a column that is not watched"


def test_our_own_write_coming_back_sets_no_push_off(hubspot: Callable[..., Bench]) -> None:
    close = push(
        "crm.deals",
        "select source_id as hs_object_id, 'closedwon' as dealstage from deals where name = 'To be won'",
        key="hs_object_id",
    )
    made = hubspot(won=WON, close=close)
    ours, theirs = sorted(key for key, each in truth(made, "deals").items() if each["hs_is_closed"] != "true")[:2]
    made.simulators["crm"].mutate("update", "deals", ours, {"dealname": "To be won"})
    assert pull(made).pushes == []
    assert made.acme.push("close").updated == 1
    made.simulators["crm"].mutate("update", "deals", theirs, {"dealstage": "closedwon"})
    [report] = pull(made).pushes
    assert [row.row for row in report.plan.objects[0].rows] == [f"crm:deals:{theirs}"]


def test_a_trigger_that_did_not_come_to_its_end_goes_off_again(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(won=WON)
    some = min(key for key, each in truth(made, "deals").items() if each["hs_is_closed"] != "true")
    made.simulators["crm"].mutate("update", "deals", some, {"dealstage": "closedwon"})
    made.simulators["crm"].fault("revoked_token", path="notes/batch/create", count=None)
    assert pull(made).exit_code == 4
    made.simulators["crm"].clear_faults()
    made.simulators["crm"].mutate("update", "companies", min(truth(made, "companies")), {"name": "Another name"})
    [report] = pull(made).pushes
    assert report.created == 1


def test_a_condition_that_does_not_run_is_told_and_loses_nothing_else(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(won={**WON, "trigger": {"rows_of": "deals", "when": "statuss = 'won'"}}, scores=SCORES)
    made.simulators["crm"].mutate("update", "companies", min(truth(made, "companies")), {"name": "Another name"})
    report = pull(made)
    assert report.exit_code == 2
    assert "the trigger on deals does not run" in report.failures[0].what
    assert [each.push for each in report.pushes] == ["scores"]
