"""Pushes to Salesforce: record collections, and Bulk jobs where there are many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, ledger, push, sent, truth, with_pushes

SCORES = push(
    "crm.Account",
    "select source_id as Id, length(name) + 0.25 as AI_Score__c, 'Gold' as Tier__c from accounts where not is_deleted",
)
UPSERT = push(
    "crm.Account",
    "select 'X-' || n as External_Id__c, 'Company ' || n as Name, n % 90 as AI_Score__c from range({}) t(n)",
    mode="upsert",
    key="External_Id__c",
)


@pytest.fixture
def salesforce(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(variants: dict[str, str] | None = None, **pushes: dict[str, Any]) -> Bench:
        return has_run(
            crm=("salesforce", {"Account": {}, "Opportunity": {}}), extra={"push": pushes}, variants=variants or {}
        )

    return make


@pytest.mark.parametrize("variants", [{}, {"missing_in_retrieve": "left_out"}, {"collection_bad_field": "record"}])
def test_updates_go_in_collections_and_only_once(salesforce: Callable[..., Bench], variants: dict[str, str]) -> None:
    made = salesforce(variants, scores=SCORES)
    accounts = truth(made, "Account", key="Id")
    at = arrived(made)
    report = made.acme.push("scores")
    assert (report.updated, report.exit_code) == (len(accounts), 0), report
    assert len(sent(made, since=at)) == -(-len(accounts) // 200)
    for each in truth(made, "Account", key="Id").values():
        assert each["AI_Score__c"] == len(each["Name"]) + 0.25
        assert each["Tier__c"] == "Gold"
    made.simulators["crm"].advance(600)
    made.acme.run()
    at = arrived(made)
    assert made.acme.push("scores").written == 0
    assert sent(made, since=at) == []


def test_a_locked_or_deleted_record_does_not_stop_the_others(salesforce: Callable[..., Bench]) -> None:
    made = salesforce(scores=SCORES)
    first, second = sorted(truth(made, "Account", key="Id"))[:2]
    made.simulators["crm"].mutate("delete", "Account", first)
    made.simulators["crm"].configure(locked_ids=[second])
    report = made.acme.push("scores")
    assert {note.row: note.code for note in report.notes} == {first: "ABSENT", second: "UNABLE_TO_LOCK_ROW"}
    assert report.updated == len(truth(made, "Account", key="Id")) - 1
    made.simulators["crm"].configure(locked_ids=[])
    [again] = made.acme.retry_push("scores")
    assert (again.updated, again.refused) == (1, 1)
    with ledger(made) as kept:
        assert [dead.row for dead in kept.dead.all()] == [first]


def test_upserts_by_an_external_id_create_once(salesforce: Callable[..., Bench]) -> None:
    made = salesforce(new={**UPSERT, "select": UPSERT["select"].format(300)})
    before = len(truth(made, "Account", key="Id"))
    report = made.acme.push("new")
    assert (report.created, report.exit_code) == (300, 0), report
    assert len(truth(made, "Account", key="Id")) == before + 300
    made.simulators["crm"].advance(600)
    made.acme.run()
    at = arrived(made)
    assert made.acme.push("new").written == 0
    assert sent(made, since=at) == []


def test_many_rows_go_in_a_bulk_job(salesforce: Callable[..., Bench]) -> None:
    made = salesforce(new={**UPSERT, "select": UPSERT["select"].format(5200)})
    before = len(truth(made, "Account", key="Id"))
    at = arrived(made)
    report = made.acme.push("new")
    assert (report.created, report.refused, report.unknown) == (5200, 0, 0)
    assert "composite" not in " ".join(sent(made, since=at))
    assert len(truth(made, "Account", key="Id")) == before + 5200
    at = arrived(made)
    assert made.acme.push("new").written == 0
    assert sent(made, since=at) == []


def test_a_bulk_job_refuses_rows_one_by_one(salesforce: Callable[..., Bench]) -> None:
    select = (
        UPSERT["select"].format(5200).replace("'Company ' || n as Name", "case when n <> 17 then 'C' || n end as Name")
    )
    made = salesforce(new={**UPSERT, "select": select})
    report = made.acme.push("new")
    assert (report.created, report.refused) == (5199, 1)
    with ledger(made) as kept:
        [dead] = kept.dead.all()
    assert dead.row == "x-17"


def test_a_lost_create_is_found_by_its_external_id(salesforce: Callable[..., Bench]) -> None:
    made = salesforce(new={**UPSERT, "select": UPSERT["select"].format(250), "mode": "create"})
    before = len(truth(made, "Account", key="Id"))
    made.simulators["crm"].fault("lost_answer", method="POST", path="composite/sobjects$", count=2)
    at = arrived(made)
    report = made.acme.push("new")
    assert (report.created, report.unknown, report.exit_code) == (250, 0, 0), report
    assert len(sent(made, since=at)) == 2
    assert len(truth(made, "Account", key="Id")) == before + 250


def test_what_describe_says_is_checked_before(salesforce: Callable[..., Bench]) -> None:
    select = "select source_id as Id, repeat('x', 300) as Name from accounts limit 1"
    made = salesforce(long=push("crm.Account", select))
    [refused] = made.acme.plan_push("long").objects[0].refused
    assert refused.code == "TOO_LONG"
    with_pushes(made, new=push("crm.Account", "select 'A-1' as AccountNumber", mode="create"))
    [refused] = made.acme.plan_push("new").objects[0].refused
    assert (refused.code, refused.reason) == ("MISSING_REQUIRED", "a new Account needs Name")
