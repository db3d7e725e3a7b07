"""Modes beside create, update and upsert: mirror, append, associate; and what is taken away with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, ledger, push, sent, truth, with_pushes

from backhaul.errors import ApprovalNeeded, ConfigError

PEOPLE = "select 'p' || n || '@new.example' as email, 'Person ' || n as firstname from range({}) t(n)"


@pytest.fixture
def hubspot(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(objects: dict[str, Any] | None = None, **pushes: dict[str, Any]) -> Bench:
        return has_run(crm=("hubspot", objects or {"contacts": {}}), extra={"push": pushes})

    return make


def mirror(rows: int, **more: Any) -> dict[str, Any]:
    return push("crm.contacts", PEOPLE.format(rows), mode="mirror", key="email", **more)


def pull(made: Bench) -> None:
    made.simulators["crm"].advance(600)
    made.acme.run()


def named(made: Bench) -> dict[str, str]:
    contacts = truth(made, "contacts").values()
    return {each["email"]: each["firstname"] for each in contacts if str(each["email"]).endswith("@new.example")}


def test_a_mirror_makes_changes_and_takes_away_what_it_made(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(people=mirror(6))
    assert made.acme.push("people").created == 6
    pull(made)
    select = f"{PEOPLE.format(4)} union all select 'p9@new.example', 'Person 9'"
    with_pushes(made, people={**mirror(4), "select": select.replace("'Person ' || n", "'P' || n", 1)})
    plan = made.acme.plan_push("people")
    assert (plan.counts.create, plan.counts.update, plan.counts.delete) == (1, 4, 2)
    report = made.acme.push("people", plan=plan)
    assert (report.created, report.updated, report.deleted, report.exit_code) == (1, 4, 2, 0)
    assert named(made) == {**{f"p{n}@new.example": f"P{n}" for n in range(4)}, "p9@new.example": "Person 9"}
    before = arrived(made)
    assert made.acme.push("people").written == 0
    assert sent(made, since=before) == []
    pull(made)
    assert made.acme.push("people").written == 0, "what was taken away is not taken away again"


def test_a_mirror_beside_a_person_s_record_with_our_external_id_deletes_nothing(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(people=mirror(4))
    theirs = {"email": "p2@new.example", "firstname": "Theirs"}
    made.simulators["crm"].mutate("create", "contacts", None, theirs)
    report = made.acme.push("people")
    assert (report.created, report.updated + report.created) == (3, 4), "one was there, and is brought up to date"
    with_pushes(made, people=mirror(2))
    plan = made.acme.plan_push("people")
    assert (plan.counts.delete, plan.counts.kept) == (1, 1)
    made.acme.push("people", plan=plan)
    assert named(made) == {"p0@new.example": "Person 0", "p1@new.example": "Person 1", "p2@new.example": "Person 2"}


def test_an_empty_select_deletes_nothing_and_stops(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(people=mirror(6))
    made.acme.push("people")
    with_pushes(made, people=mirror(0))
    plan = made.acme.plan_push("people")
    assert plan.stops == ("the select gives 0 rows, and gave 6 when it was last applied",)
    before = arrived(made)
    with pytest.raises(ApprovalNeeded, match="gives 0 rows"):
        made.acme.push("people")
    assert sent(made, since=before) == []
    assert len(named(made)) == 6
    assert made.acme.push("people", approve=True).deleted == 6
    assert named(made) == {}


def test_a_select_that_shrank_a_lot_and_too_many_deletes_wait_for_approval(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(people=mirror(10, max_deletes=1))
    made.acme.push("people")
    with_pushes(made, people=mirror(4, max_deletes=1))
    stops = made.acme.plan_push("people").stops
    assert stops == (
        "the select gives 4 rows, and gave 10 when it was last applied",
        "it would delete 6 records, and `max_deletes` is 1",
    )


def test_what_a_person_changed_since_is_not_taken_away(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(people=mirror(4))
    made.acme.push("people")
    theirs = next(key for key, each in truth(made, "contacts").items() if each["email"] == "p3@new.example")
    made.simulators["crm"].mutate("update", "contacts", theirs, {"firstname": "Known to us"})
    with_pushes(made, people=mirror(2))
    report = made.acme.push("people")
    assert (report.deleted, report.conflicts) == (1, 1)
    assert named(made)["p3@new.example"] == "Known to us"
    with_pushes(made, people=mirror(2, conflict="overwrite"))
    assert made.acme.push("people").deleted == 1


def test_what_is_gone_may_be_marked_instead(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(people=mirror(3, gone={"jobtitle": "left"}))
    made.acme.push("people")
    with_pushes(made, people=mirror(2, gone={"jobtitle": "left"}))
    assert made.acme.push("people").updated == 1
    titles = {each["email"]: each["jobtitle"] for each in truth(made, "contacts").values()}
    assert (titles["p2@new.example"], titles["p1@new.example"]) == ("left", None)
    assert made.acme.push("people").written == 0


def test_a_mirror_by_a_name_of_our_own_follows_its_records(hubspot: Callable[..., Bench]) -> None:
    select = "select 'row-' || n as ref, 'Company ' || n || '{}' as name from range({}) t(n)"
    made = hubspot({"companies": {}}, firms=push("crm.companies", select.format("", 3), mode="mirror", key="ref"))
    before = set(truth(made, "companies"))
    assert made.acme.push("firms").created == 3
    with_pushes(made, firms=push("crm.companies", select.format(" Ltd", 2), mode="mirror", key="ref"))
    report = made.acme.push("firms")
    assert (report.created, report.updated, report.deleted) == (0, 2, 1)
    ours = {each["name"] for key, each in truth(made, "companies").items() if key not in before}
    assert ours == {"Company 0 Ltd", "Company 1 Ltd"}


def test_an_append_writes_each_row_once_and_never_twice(hubspot: Callable[..., Bench]) -> None:
    select = (
        "select 'won-' || n as event, 'Deal ' || n || ' is won{}' as hs_note_body,"
        " timestamptz '2025-01-01 00:00:00+00' as hs_timestamp from range({}) t(n)"
    )

    def notes(rows: int, more: str = "") -> dict[str, Any]:
        return push("crm.notes", select.format(more, rows), mode="append", key="event")

    made = hubspot({"notes": {}}, won=notes(3))
    before = len(truth(made, "notes"))
    assert made.acme.push("won").created == 3
    with_pushes(made, won=notes(5, "!"))
    assert made.acme.push("won").created == 2, "a row that reads otherwise now is still the same event"
    pull(made)
    with_pushes(made, won=notes(1))
    assert made.acme.push("won").written == 0, "and nothing is taken back"
    assert len(truth(made, "notes")) == before + 5


LINKS = "select source_id as from_id, {} as to_id from contacts where not is_deleted order by source_id limit {}"


def test_associate_links_two_records_once(hubspot: Callable[..., Bench]) -> None:
    made = hubspot({"contacts": {}, "companies": {}, "contacts_companies": {}})
    company = max(truth(made, "companies"), key=int)
    links = push("crm.contacts_companies", LINKS.format(f"'{company}'", 40), mode="associate")
    with_pushes(made, links=links)
    held = {(each["from_id"], each["to_id"]) for each in made.simulators["crm"].dump("contacts_companies")}
    plan = made.acme.plan_push("links")
    wanted = {(row.changes[0].after, row.changes[1].after) for row in plan.objects[0].rows}
    assert wanted.isdisjoint(held)
    report = made.acme.push("links", plan=plan)
    assert (report.created, report.exit_code) == (len(wanted), 0)
    now = {(each["from_id"], each["to_id"]) for each in made.simulators["crm"].dump("contacts_companies")}
    assert now == held | wanted
    assert made.acme.push("links").written == 0
    pull(made)
    assert made.acme.push("links").written == 0


def test_associate_takes_away_only_links_that_it_made(hubspot: Callable[..., Bench]) -> None:
    made = hubspot({"contacts": {}, "companies": {}, "contacts_companies": {}})
    company = max(truth(made, "companies"), key=int)

    def links(rows: int) -> dict[str, Any]:
        select = LINKS.format(f"'{company}'", rows)
        return push("crm.contacts_companies", select, mode="associate", gone="delete", min_share="0%")

    first = sorted(truth(made, "contacts"))[0]
    made.simulators["crm"].mutate("associate", "contacts", first, {"to": "companies", "to_id": company})
    pull(made)
    with_pushes(made, links=links(10))
    assert made.acme.push("links").created == 9
    with_pushes(made, links=links(0))
    report = made.acme.push("links", approve=True)
    assert report.deleted == 9
    left = [each["from_id"] for each in made.simulators["crm"].dump("contacts_companies") if each["to_id"] == company]
    assert first in left


def test_a_wrong_end_of_a_link_is_refused_and_the_others_are_made(hubspot: Callable[..., Bench]) -> None:
    made = hubspot({"contacts": {}, "companies": {}, "contacts_companies": {}})
    company = max(truth(made, "companies"), key=int)
    select = (
        f"select case when row_number() over (order by source_id) = 7 then '999999999' else source_id end as from_id,"
        f" '{company}' as to_id from contacts where not is_deleted order by source_id limit 20"
    )
    with_pushes(made, links=push("crm.contacts_companies", select, mode="associate"))
    report = made.acme.push("links")
    assert report.refused == 1
    assert report.created == report.plan.counts.create - 1


def test_salesforce_links_by_a_junction_record(has_run: Callable[..., Bench]) -> None:
    made = has_run(crm=("salesforce", {"Opportunity": {}, "Contact": {}, "OpportunityContactRole": {}}))
    held = {
        (each["OpportunityId"], each["ContactId"]): key
        for key, each in truth(made, "OpportunityContactRole", key="Id").items()
    }
    deals, people = sorted(truth(made, "Opportunity", key="Id")), sorted(truth(made, "Contact", key="Id"))
    pairs = [(deals[n], people[n]) for n in range(3)] + [min(held)]
    values = ", ".join(f"('{one}', '{other}', 'Decision Maker')" for one, other in pairs)
    select = f"select * from (values {values}) t(OpportunityId, ContactId, Role)"
    with_pushes(made, roles=push("crm.OpportunityContactRole", select, mode="associate"))
    new = len(set(pairs) - set(held))
    report = made.acme.push("roles")
    assert (report.created, report.exit_code) == (new, 0), report
    assert len(truth(made, "OpportunityContactRole", key="Id")) == len(held) + new
    assert made.acme.push("roles").written == 0


@pytest.mark.parametrize(
    ("push_", "said"),
    [
        (push("accounts", "select id, name from accounts", mode="mirror"), "needs a connection's object"),
        (push("crm.contacts", PEOPLE.format(1), mode="mirror"), "mode mirror needs `key`"),
        (push("crm.contacts", PEOPLE.format(1), mode="associate"), "cannot link two records by contacts"),
        (
            push("crm.contacts", "select 1 as hs_object_id, 2 as firstname", mode="mirror", key="hs_object_id"),
            "own key",
        ),
    ],
)
def test_a_mode_that_cannot_work_is_told(hubspot: Callable[..., Bench], push_: dict[str, Any], said: str) -> None:
    made = hubspot()
    with_pushes(made, wrong=push_)
    with pytest.raises(ConfigError, match=said):
        made.acme.plan_push("wrong")


def test_only_what_a_receipt_says_we_made_is_ours(hubspot: Callable[..., Bench]) -> None:
    made = hubspot(people=mirror(3))
    made.simulators["crm"].fault("lost_answer", path="batch/upsert", count=None)
    made.acme.push("people")
    made.simulators["crm"].clear_faults()
    with ledger(made) as kept:
        target = kept.target("crm", "contacts", "people")
        known = kept.known(target, [f"p{n}@new.example" for n in range(3)])
    assert [each.made for each in known.values()] == [False] * 3, "read back: there, but by whom is not known"
    with_pushes(made, people=mirror(2))
    assert made.acme.plan_push("people").counts.delete == 0
