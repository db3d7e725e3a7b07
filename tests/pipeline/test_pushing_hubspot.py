"""Pushes to HubSpot: batches with partial failures, creates, upserts, conflicts, lost answers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, ledger, push, sent, truth, with_pushes

from backhaul.errors import ApprovalNeeded, Busy, ConfigError
from backhaul.push.plan import Plan
from backhaul.state.runs import new_run_id

SCORES = push(
    "crm.companies",
    "select source_id as hs_object_id, length(name) + 0.5 as ai_score, 'Gold' as tier__c from accounts"
    " where not is_deleted",
    key="hs_object_id",
)
LEADS = push(
    "crm.contacts",
    "select 'Lead' || n || '@new.example' as email, 'Lead' as firstname, n as lead_score from range(5) t(n)",
    mode="upsert",
    key="email",
)


@pytest.fixture
def hubspot(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(variants: dict[str, str] | None = None, **pushes: dict[str, Any]) -> Bench:
        return has_run(
            crm=("hubspot", {"companies": {}, "contacts": {}}), extra={"push": pushes}, variants=variants or {}
        )

    return make


def test_a_plan_shows_each_field_before_and_after_and_sends_nothing(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    before = arrived(made)
    plan = made.acme.plan_push("scores")
    assert arrived(made) == before
    companies = truth(made, "companies")
    [only] = plan.objects
    assert plan.counts.update == len(companies) == len(only.rows)
    assert plan.calls == 2 * -(-len(companies) // 100), "each batch is read and then written"
    for row in only.rows:
        company = companies[row.key or ""]
        for change in row.changes:
            assert change.before == company[change.field] or change.field == "ai_score"
            wanted = Decimal(len(company["name"])) + Decimal("0.5")
            assert change.after == ("Gold" if change.field == "tier__c" else str(wanted))
        assert ("tier__c" in {change.field for change in row.changes}) == (company["tier__c"] != "Gold")


def test_a_second_apply_sends_nothing_before_and_after_the_next_pull(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    report = made.acme.push("scores")
    assert (report.exit_code, report.updated, report.created) == (0, len(truth(made, "companies")), 0)
    for company in truth(made, "companies").values():
        assert Decimal(company["ai_score"]) == Decimal(len(company["name"])) + Decimal("0.5")
        assert company["tier__c"] == "Gold"
    before = arrived(made)
    assert made.acme.push("scores").written == 0
    assert arrived(made) == before, "not even a read"
    made.simulators["crm"].advance(600)
    made.acme.run()
    before = arrived(made)
    again = made.acme.push("scores")
    assert (again.written, again.conflicts) == (0, 0), "our own values coming back are nobody's edit"
    assert sent(made, since=before) == []


def test_only_what_changed_since_is_written(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    made.acme.push("scores")
    some = min(truth(made, "companies"))
    made.simulators["crm"].mutate("update", "companies", some, {"name": "A longer name than before"})
    made.simulators["crm"].advance(600)
    made.acme.run()
    plan = made.acme.plan_push("scores")
    assert [(row.key, [change.field for change in row.changes]) for row in plan.objects[0].rows] == [
        (some, ["ai_score"])
    ]


@pytest.mark.parametrize("variants", [{}, {"success_trace_ids": "absent"}, {"batch_order": "shuffled"}])
def test_a_row_that_the_vendor_refuses_does_not_stop_the_others(
    hubspot: Callable[..., Bench], variants: dict[str, str]
) -> None:
    bad = push(
        "crm.contacts",
        "select source_id as hs_object_id, case when row_number() over (order by source_id) in (3, 57) then 'no mail'"
        " else 'p' || source_id || '@new.example' end as email from contacts where not is_deleted",
        key="hs_object_id",
    )
    made = hubspot(variants, mails=bad)
    report = made.acme.push("mails")
    contacts = truth(made, "contacts")
    assert (report.refused, report.unknown, report.updated) == (2, 0, len(contacts) - 2)
    assert report.exit_code == 1
    assert {note.code for note in report.notes} == {"VALIDATION_ERROR"}
    assert all("no mail is invalid" in note.message for note in report.notes)
    assert sum(each["email"] == f"p{key}@new.example" for key, each in contacts.items()) == len(contacts) - 2
    with ledger(made) as kept:
        assert [(dead.push, dead.reason, dead.retries) for dead in kept.dead.all()] == [("mails", "vendor", 0)] * 2
    before = arrived(made)
    again = made.acme.push("mails")
    assert (again.plan.counts.dead, sent(made, since=before)) == (2, []), "what was refused is not sent again by itself"
    [retried] = made.acme.retry_push("mails")
    assert (retried.refused, retried.plan.counts.update) == (2, 2)
    with ledger(made) as kept:
        assert {dead.retries for dead in kept.dead.all()} == {1}


def test_dead_letters_are_left_alone_after_some_retries(hubspot: Callable[..., Bench]) -> None:
    select = "select min(source_id) as hs_object_id, 'no mail' as email from contacts"
    made = hubspot(mails=push("crm.contacts", select, key="hs_object_id"))
    made.acme.push("mails")
    for _ in range(5):
        assert made.acme.retry_push()[0].refused == 1
    before = arrived(made)
    assert made.acme.retry_push()[0].plan.rows == 0
    assert sent(made, since=before) == []


def test_a_corrected_row_leaves_the_dead_letters(hubspot: Callable[..., Bench]) -> None:
    select = "select min(source_id) as hs_object_id, '{}' as email from contacts where not is_deleted"
    made = hubspot(mails=push("crm.contacts", select.format("no mail"), key="hs_object_id"))
    assert made.acme.push("mails").refused == 1
    with_pushes(made, mails=push("crm.contacts", select.format("right@new.example"), key="hs_object_id"))
    assert made.acme.push("mails").updated == 1
    with ledger(made) as kept:
        assert kept.dead.all() == []


def test_what_discovery_knows_to_be_wrong_is_refused_before_anything_is_sent(hubspot: Callable[..., Bench]) -> None:
    select = """
        select source_id as hs_object_id, case n when 1 then 'Golden' else 'Gold' end as tier__c,
          case n when 2 then 'many' else '7' end as ai_score
        from (select source_id, row_number() over (order by source_id) as n from accounts where not is_deleted)
        where n <= 4
        union all select null, 'Gold', '7'
        union all select 'twice', 'Gold', '7' union all select 'twice', 'Silver', '8'
    """
    made = hubspot(tiers=push("crm.companies", select, key="hs_object_id"))
    plan = made.acme.plan_push("tiers")
    codes = sorted(each.code for each in plan.objects[0].refused)
    assert codes == ["NOT_AN_OPTION", "NO_KEY", "REPEATED_KEY", "WRONG_TYPE"]
    reasons = " ".join(each.reason for each in plan.objects[0].refused)
    assert "did you mean Gold?" in reasons
    assert "'many' is not a number" in reasons
    assert (plan.counts.wanted, plan.counts.refused, plan.counts.update) == (7, 5, 2)


@pytest.mark.parametrize(
    ("select", "said"),
    [
        ("select source_id as hs_object_id, 1 as ai_scor from accounts", "did you mean ai_score"),
        ("select source_id as hs_object_id, now() as createdate from accounts", "createdate cannot be written"),
        ("select source_id as hs_object_id from accounts", "nothing but the key"),
        ("select nothing from accounts", "does not run"),
        ("select 1 as ai_score from accounts", "no column hs_object_id"),
    ],
)
def test_a_select_that_cannot_be_written_is_told_at_once(hubspot: Callable[..., Bench], select: str, said: str) -> None:
    made = hubspot(wrong=push("crm.companies", select, key="hs_object_id"))
    with pytest.raises(ConfigError) as caught:
        made.acme.plan_push("wrong")
    assert said in str(caught.value)


def test_creates_are_made_once(hubspot: Callable[..., Bench]) -> None:
    select = "select 'ref-' || n as ref, 'Company ' || n as name, n as numberofemployees from range(250) t(n)"
    made = hubspot(new=push("crm.companies", select, mode="create", key="name"))
    before = len(truth(made, "companies"))
    with_pushes(made, new=push("crm.companies", select.replace("'ref-' || n as ref, ", ""), mode="create", key="name"))
    report = made.acme.push("new")
    assert (report.created, report.exit_code) == (250, 0)
    assert len(truth(made, "companies")) == before + 250
    at = arrived(made)
    assert made.acme.push("new").skipped == 250
    assert sent(made, since=at) == []
    made.simulators["crm"].advance(600)
    made.acme.run()
    assert made.acme.push("new").created == 0


def test_upserts_create_and_update_by_a_unique_field(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(leads=LEADS)
    made.simulators["crm"].mutate("create", "contacts", None, {"email": "lead3@new.example", "firstname": "Old"})
    made.simulators["crm"].advance(600)
    made.acme.run()
    plan = made.acme.plan_push("leads")
    assert (plan.counts.create, plan.counts.update) == (4, 1)
    report = made.acme.push("leads")
    assert (report.created, report.updated, report.exit_code) == (4, 1, 0)
    found = {each["email"]: each["firstname"] for each in truth(made, "contacts").values() if each["email"]}
    assert [found[f"lead{n}@new.example"] for n in range(5)] == ["Lead"] * 5
    made.simulators["crm"].advance(600)
    made.acme.run()
    at = arrived(made)
    assert made.acme.push("leads").written == 0
    assert sent(made, since=at) == []


def test_a_write_whose_answer_is_lost_is_read_back_and_not_sent_again(hubspot: Callable[..., Bench]) -> None:
    select = "select 'lead' || n || '@new.example' as email, 'Lead' as firstname from range(150) t(n)"
    made = hubspot(leads=push("crm.contacts", select, mode="create", key="email"))
    before = len(truth(made, "contacts"))
    made.simulators["crm"].fault("lost_answer", path="batch/create", count=1)
    at = arrived(made)
    report = made.acme.push("leads")
    assert (report.created, report.unknown, report.exit_code) == (150, 0, 0)
    assert len(sent(made, since=at)) == 2, "each batch once"
    assert len(truth(made, "contacts")) == before + 150


def test_a_create_that_cannot_be_found_again_stays_unknown_and_is_not_sent_again(
    hubspot: Callable[..., Bench],
) -> None:
    made = hubspot(new=push("crm.companies", "select 'Only One' as name", mode="create", key="name"))
    made.simulators["crm"].fault("lost_answer", path="batch/create", count=1)
    report = made.acme.push("new")
    assert (report.unknown, report.created, report.exit_code) == (1, 0, 1)
    assert [note.state for note in report.notes] == ["unknown"]
    at = arrived(made)
    again = made.acme.push("new")
    assert (again.unknown, again.plan.counts.in_flight, again.created) == (1, 1, 0)
    assert sent(made, since=at) == []
    assert sum(each["name"] == "Only One" for each in truth(made, "companies").values()) == 1


def test_a_person_s_edit_since_our_write_is_a_conflict(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    made.acme.push("scores")
    some, other = sorted(truth(made, "companies"))[:2]
    made.simulators["crm"].mutate("update", "companies", some, {"ai_score": "99"})
    made.simulators["crm"].mutate("update", "companies", other, {"name": "X", "tier__c": "Bronze"})
    made.simulators["crm"].advance(600)
    made.acme.run()
    plan = made.acme.plan_push("scores")
    conflicts = {each.row: each.changes for each in plan.objects[0].conflicts}
    assert {row: [(c.field, c.before) for c in changes] for row, changes in conflicts.items()} == {
        some: [("ai_score", "99")],
        other: [("tier__c", "Bronze")],
    }
    assert [(row.row, [c.field for c in row.changes]) for row in plan.objects[0].rows] == [(other, ["ai_score"])]
    assert made.acme.push("scores").updated == 1
    assert truth(made, "companies")[some]["ai_score"] == "99"
    with_pushes(made, scores={**SCORES, "conflict": "fail"})
    with pytest.raises(ApprovalNeeded):
        made.acme.push("scores")
    with_pushes(made, scores={**SCORES, "conflict": "overwrite"})
    assert made.acme.push("scores").updated == 2
    assert truth(made, "companies")[other]["tier__c"] == "Gold"


def test_an_edit_between_the_pull_and_the_write_is_found_just_before_it(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    some = min(truth(made, "companies"))
    plan = made.acme.plan_push("scores")
    made.simulators["crm"].mutate("update", "companies", some, {"ai_score": "99"})
    report = made.acme.push("scores", plan=plan)
    assert (report.conflicts, report.exit_code) == (1, 0)
    [note] = [note for note in report.notes if note.state == "conflict"]
    assert note.row == some
    assert "ai_score was None and is '99'" in note.message
    assert truth(made, "companies")[some]["ai_score"] == "99"
    assert truth(made, "companies")[some]["tier__c"] == "Gold", "the other field is nobody else's"


def test_a_record_deleted_meanwhile_is_refused_by_name(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    some = min(truth(made, "companies"))
    made.simulators["crm"].mutate("delete", "companies", some)
    report = made.acme.push("scores")
    assert report.refused == 1
    assert [(note.row, note.code) for note in report.notes] == [(some, "ABSENT")]
    assert report.updated == len(truth(made, "companies"))


def test_a_plan_is_a_file_that_is_applied_as_it_is_or_not_at_all(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    text = made.acme.plan_push("scores").to_json()
    plan = Plan.from_json(text)
    assert plan.to_json() == text
    with pytest.raises(ConfigError, match="changed after it was made"):
        Plan.from_json(text.replace('"after": "Gold"', '"after": "Bronze"', 1))
    assert made.acme.push("scores", plan=plan, limit=10).updated == 10
    with pytest.raises(ConfigError, match="10 of its rows were written after"):
        made.acme.push("scores", plan=plan)
    fresh = made.acme.plan_push("scores")
    made.simulators["crm"].mutate("update", "companies", min(truth(made, "companies")), {"city": "Elsewhere"})
    made.simulators["crm"].advance(600)
    made.acme.run()
    with pytest.raises(ConfigError, match="version 2 is published"):
        made.acme.push("scores", plan=fresh)


def test_too_many_rows_and_none_at_all_write_nothing(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(
        many={**SCORES, "max_rows": 20},
        none=push("crm.companies", f"{SCORES['select']} and false", key="hs_object_id"),
    )
    at = arrived(made)
    with pytest.raises(ApprovalNeeded, match="more than 20 rows"):
        made.acme.push("many")
    report = made.acme.push("none")
    assert (report.written, report.exit_code, report.plan.counts.wanted) == (0, 0, 0)
    assert arrived(made) == at


def test_a_null_clears_a_field(hubspot: Callable[..., Bench]) -> None:
    select = "select source_id as hs_object_id, null::varchar as phone from accounts where not is_deleted"
    made = hubspot({"cleared_reads_as": "empty"}, clear=push("crm.companies", select, key="hs_object_id"))
    assert made.acme.push("clear").exit_code == 0
    assert not any(each["phone"] for each in truth(made, "companies").values())
    made.simulators["crm"].advance(600)
    made.acme.run()
    assert made.acme.plan_push("clear").rows == 0


def test_one_run_of_a_push_at_a_time(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    made.project.lease_wait = 0.1
    running = pytest.raises(Busy, match="the push scores of acme is running already")
    with made.project.state.leases.lease("acme/push/scores", run=new_run_id()), running:
        made.acme.push("scores")
    with made.project.state.leases.lease("acme/push/another", run=new_run_id()):
        assert made.acme.push("scores").updated


def test_bad_credentials_stop_the_push_and_lose_nothing(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(scores=SCORES)
    plan = made.acme.plan_push("scores")
    made.simulators["crm"].fault("revoked_token", path="batch/update", count=None)
    report = made.acme.push("scores", plan=plan)
    assert (report.exit_code, report.updated, report.left) == (4, 0, plan.rows)
    assert report.troubles[0].connection == "crm"
    made.simulators["crm"].clear_faults()
    assert made.acme.push("scores").updated == plan.rows
