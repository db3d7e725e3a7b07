"""Pushes from the command line: on paper first, then written, then nothing left to write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from backhaul.sandbox.server import Running
from tests.cli.conftest import SMALL, Call
from tests.conftest import connection_to

SELECT = "select source_id as hs_object_id, 'weighed by us' as description from accounts order by 1 limit 3"


@pytest.fixture
def published(published: Running, customer: Callable[..., Path]) -> Running:
    push = {"words": {"to": "crm.companies", "select": SELECT, "key": "hs_object_id"}}
    customer("acme", crm=connection_to(published, SMALL), extra={"push": push})
    return published


def descriptions(hubspot: Running) -> int:
    return sum(each.get("description") == "weighed by us" for each in hubspot.dump("companies"))


def test_a_plan_shows_each_field_and_sends_nothing(backhaul: Call, published: Running) -> None:
    said = backhaul("push", "plan", "acme", "words")
    assert said.code == 0
    assert "3 rows to write" in said.out
    assert said.out.count("-> weighed by us") == 3
    assert descriptions(published) == 0
    found = backhaul("push", "plan", "acme", "words", "--json").json
    assert found["counts"]["update"] == 3
    assert found["objects"][0]["rows"][0]["changes"][0]["after"] == "weighed by us"


def test_what_is_applied_is_applied_once(backhaul: Call, published: Running) -> None:
    assert backhaul("push", "apply", "acme", "words", "--json", "--limit", "1").json["updated"] == 1
    assert descriptions(published) == 1
    assert backhaul("push", "apply", "acme", "words", "--json").json["updated"] == 2
    sent = len(published.received())
    again = backhaul("push", "apply", "acme", "words")
    assert again.code == 0
    assert "as wanted already" in again.out
    writes = [each for each in published.received(sent) if each["path"].endswith("/batch/update")]
    assert writes == []
    assert [each["kind"] for each in backhaul("runs", "--json").json["runs"]].count("push") == 3


def test_a_kept_plan_is_applied_as_it_was_made_or_not_at_all(backhaul: Call, published: Running, root: Path) -> None:
    assert backhaul("push", "plan", "acme", "words", "--out", "plan.json").code == 0
    plan = json.loads((root / "plan.json").read_text())
    plan["objects"][0]["rows"] = plan["objects"][0]["rows"][:1]
    (root / "edited.json").write_text(json.dumps(plan))
    edited = backhaul("push", "apply", "acme", "words", "--plan", "edited.json")
    assert edited.code == 2
    assert "was changed after it was made" in edited.err
    assert descriptions(published) == 0
    assert backhaul("push", "apply", "acme", "words", "--plan", "plan.json").code == 0
    assert descriptions(published) == 3


def test_bad_plans_are_told(backhaul: Call, published: Running, root: Path) -> None:
    (root / "not.json").write_text("{")
    assert "this is not a plan" in backhaul("push", "apply", "acme", "words", "--plan", "not.json").err
    missing = backhaul("push", "apply", "acme", "words", "--plan", "missing.json")
    assert missing.code == 2
    assert "missing.json cannot be read" in missing.err
    unknown = backhaul("push", "plan", "acme", "wrods")
    assert unknown.code == 2
    assert "did you mean words?" in unknown.err


def test_a_refused_row_is_a_dead_letter_until_it_is_sent_again(
    backhaul: Call, published: Running, customer: Callable[..., Path]
) -> None:
    select = "select source_id as hs_object_id, 'no number' as numberofemployees from accounts order by 1 limit 1"
    push = {"sizes": {"to": "crm.companies", "select": select, "key": "hs_object_id"}}
    customer("acme", crm=connection_to(published, SMALL), extra={"push": push})
    assert "no dead letters" in backhaul("push", "dead-letters", "acme").out
    assert "no dead letters to send again" in backhaul("push", "retry", "acme").out
    assert backhaul("push", "apply", "acme", "sizes").code == 1
    (letter,) = backhaul("push", "dead-letters", "acme", "--json").json["dead_letters"]
    assert (letter["object"], letter["push"]) == ("companies", "sizes")
    assert "1 of 1 dead letter" in backhaul("push", "dead-letters", "acme").out
    assert "1 dead letter" in backhaul("status").out
    assert backhaul("push", "retry", "acme", "sizes", "--json").code in (0, 1)


def test_a_dry_run_reads_the_records_concerned_and_writes_nothing(backhaul: Call, published: Running) -> None:
    sent = len(published.received())
    said = backhaul("push", "apply", "acme", "words", "--dry-run")
    assert said.code == 0
    assert "3 rows to write" in said.out
    assert descriptions(published) == 0
    asked = [each["path"].rsplit("/", 1)[-1] for each in published.received(sent)]
    assert asked.count("read") == 1
    assert "update" not in asked


def test_a_paused_push_is_told_and_goes_on_when_it_is_resumed(backhaul: Call, published: Running) -> None:
    assert "is paused" in backhaul("push", "pause", "acme", "words", "--reason", "under review").out
    refused = backhaul("push", "apply", "acme", "words")
    assert refused.code == 2
    assert "under review" in refused.err
    assert "push resume acme words" in refused.err
    assert "the push words is paused" in backhaul("status").out
    assert backhaul("status", "--json").json["connections"][0]["paused"] == ["words"]
    assert "goes on" in backhaul("push", "resume", "acme", "words").out
    assert "paused" not in backhaul("status").out
    assert backhaul("push", "apply", "acme", "words").code == 0


def test_a_run_is_shown_in_the_ledger_and_taken_back(backhaul: Call, published: Running) -> None:
    run = backhaul("push", "apply", "acme", "words", "--json").json["run"]
    found = backhaul("ledger", "acme", "--run", run, "--json").json
    assert (found["total"], {each["state"] for each in found["written"]}) == (3, {"confirmed"})
    assert found["written"][0]["values"] == {"description": "weighed by us"}
    said = backhaul("ledger", "acme", "--limit", "1").out
    assert "weighed by us" in said
    assert "1 of 3 writes" in said
    assert "nothing such" in backhaul("ledger", "acme", "--push", "other").out
    planned = backhaul("push", "undo", "acme", run)
    assert "weighed by us -> (empty)" in planned.out
    assert descriptions(published) == 3
    undone = backhaul("push", "undo", "acme", run, "--apply")
    assert undone.code == 0
    assert "the push is paused" in undone.out
    assert descriptions(published) == 0


def test_a_plan_that_waits_is_shown_and_asked_for(
    backhaul: Call, published: Running, customer: Callable[..., Path]
) -> None:
    select = "select 'p' || n || '@new.example' as email, 'P' as firstname from range({}) t(n)"
    push = {"to": "crm.contacts", "select": select.format(4), "mode": "mirror", "key": "email"}
    customer("acme", crm=connection_to(published, SMALL), extra={"push": {"people": push}})
    assert backhaul("push", "apply", "acme", "people").code == 0
    customer(
        "acme", crm=connection_to(published, SMALL), extra={"push": {"people": {**push, "select": select.format(1)}}}
    )
    shown = backhaul("push", "plan", "acme", "people").out
    assert "for approval: the select gives 1 rows, and gave 4" in shown
    assert "--approve" in shown
    waits = backhaul("push", "apply", "acme", "people")
    assert waits.code != 0
    assert "--approve" in waits.err
    assert backhaul("push", "apply", "acme", "people", "--approve", "--json").json["deleted"] == 3
