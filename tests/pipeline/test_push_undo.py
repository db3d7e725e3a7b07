"""Taking a run back, and asking the ledger who wrote what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, entities, push, sent, truth, with_pushes

from backhaul.errors import ConfigError
from backhaul.push.audit import Query
from backhaul.push.plan import Plan
from backhaul.push.report import PushReport

SCORES = push(
    "crm.companies",
    "select source_id as hs_object_id, 5 as ai_score, 'Gold' as tier__c from accounts where not is_deleted",
    key="hs_object_id",
)
PEOPLE = push(
    "crm.contacts",
    "select 'p' || n || '@new.example' as email, 'Person' as firstname from range(4) t(n)",
    mode="upsert",
    key="email",
)


@pytest.fixture
def hubspot(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(**pushes: dict[str, Any]) -> Bench:
        return has_run(crm=("hubspot", {"companies": {}, "contacts": {}}), extra={"push": pushes})

    return make


def fields(made: Bench) -> dict[str, tuple[Any, Any]]:
    return {key: (each["ai_score"], each["tier__c"]) for key, each in truth(made, "companies").items()}


def test_undo_writes_the_values_from_before_back_and_pauses_the_push(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    was = fields(made)
    run = made.acme.push("scores").run
    assert fields(made) != was
    before = arrived(made)
    [plan] = made.acme.undo_push(run)
    assert isinstance(plan, Plan)
    assert sent(made, since=before) == []
    [report] = made.acme.undo_push(run, apply=True)
    assert isinstance(report, PushReport)
    assert (report.updated, report.exit_code) == (plan.rows, 0)
    assert fields(made) == was
    with pytest.raises(ConfigError, match=f"the run {run} was undone"):
        made.acme.push("scores")
    made.acme.resume_push("scores")
    assert made.acme.plan_push("scores").counts.update == plan.rows, "its select says so still"


def test_undo_leaves_alone_what_a_person_changed_since(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    was = fields(made)
    some = min(was)
    run = made.acme.push("scores").run
    made.simulators["crm"].mutate("update", "companies", some, {"ai_score": "77"})
    [report] = made.acme.undo_push(run, apply=True)
    assert isinstance(report, PushReport)
    assert report.conflicts == 1
    assert fields(made) == {**was, some: ("77", was[some][1])}


def test_undo_takes_away_what_the_run_made_and_nothing_else(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(people=PEOPLE)
    made.simulators["crm"].mutate("create", "contacts", None, {"email": "p1@new.example", "firstname": "Theirs"})
    before = set(truth(made, "contacts"))
    run = made.acme.push("people").run
    [report] = made.acme.undo_push(run, apply=True)
    assert isinstance(report, PushReport)
    assert (report.deleted, report.updated, report.refused) == (3, 1, 0)
    assert set(truth(made, "contacts")) == before
    names = {each["email"]: each["firstname"] for each in truth(made, "contacts").values()}
    assert names["p1@new.example"] == "Theirs", "it was looked at before it was written"


def test_a_run_is_undone_only_where_nothing_of_ours_came_later(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    first = made.acme.push("scores").run
    with_pushes(made, scores={**SCORES, "select": SCORES["select"].replace("5 as", "6 as")})
    second = made.acme.push("scores").run
    [plan] = made.acme.undo_push(first)
    assert isinstance(plan, Plan)
    assert (plan.rows, {each.reason for each in plan.objects[0].refused}) == (
        0,
        {"it was written again since: undo the later run first"},
    )
    made.acme.undo_push(second, apply=True)
    assert {score for score, _ in fields(made).values()} == {"5"}
    with pytest.raises(ConfigError, match="wrote nothing"):
        made.acme.undo_push("nothing")


def test_the_ledger_tells_who_wrote_what_when_over_what(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES, people=PEOPLE)
    was = fields(made)
    some = min(was)
    run = made.acme.push("scores", who="proposal:42").run
    made.acme.push("people", who="token:t7")
    written, total = made.acme.ledger(Query(key=some, object="crm.companies"))
    assert total == 1
    [one] = written
    assert (one.who, one.run, one.state, one.action, one.push) == ("proposal:42", run, "confirmed", "update", "scores")
    assert one.values["ai_score"] == "5"
    assert one.before["ai_score"] == was[some][0]
    assert one.receipt_at is not None
    assert one.receipt_at >= one.intended_at
    assert one.changed, "the vendor's receipt: the record's new change value"
    assert {each.who for each in made.acme.ledger(Query(push="people"))[0]} == {"token:t7"}
    assert made.acme.ledger(Query(state="refused")) == ([], 0)


def test_without_a_name_the_ledger_names_the_user(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(people=PEOPLE)
    made.acme.push("people")
    assert made.acme.ledger(limit=1)[0][0].who.startswith("user:")


def test_analysts_join_the_ledger_in_the_snapshot(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    report = made.acme.push("scores", who="user:ada")
    made.simulators["crm"].advance(600)
    made.acme.run()
    rows = entities(
        made,
        "select a.name, l.field, l.before, l.after, l.who, l.run_id, l.state from ledger l"
        " join accounts a on a.id = l.id where l.field = 'ai_score'",
    )
    assert len(rows) == report.updated
    assert {row[1:] for row in rows} >= {("ai_score", None, "5", "user:ada", report.run, "confirmed")}
    assert made.acme.push("scores").written == 0
    made.simulators["crm"].advance(600)
    made.acme.run()
    assert entities(made, "select count(*) from ledger where field = 'ai_score'") == [(report.updated,)]
