"""Pushes to a vendor that finds records one value at a time, by a search whose index is late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conftest import Bench
from tests.pipeline.pushes import arrived, defined_otherwise, push, truth, with_pushes


def told_at_once(bench: Bench) -> None:
    """A definition that trusts the search after a second."""

    def change(definition: dict[str, Any]) -> None:
        definition["objects"]["tickets"]["reads"]["by_match"]["lag"] = "1s"

    defined_otherwise(bench, "zendesk", change)


def subjects(bench: Bench) -> list[str]:
    return sorted(each["subject"] for each in truth(bench, "tickets").values() if each["subject"].startswith("Told "))


FIRMS = "select 'r' || n as ref, 'Told ' || n as subject, 'A word' as description from range(12) t(n)"


def test_tickets_whose_answer_was_lost_are_found_by_our_id_and_not_made_again(has_run: Callable[..., Bench]) -> None:
    made = has_run(crm=("zendesk", {"tickets": {}}))
    told_at_once(made)
    with_pushes(made, firms=push("crm.tickets", FIRMS, mode="create", key="ref"))
    made.simulators["crm"].fault("lost_answer", method="POST", path="create_many", count=1)
    report = made.acme.push("firms")
    assert (report.created, report.unknown) == (12, 0), report.notes
    assert subjects(made) == sorted(f"Told {n}" for n in range(12))


def test_a_search_that_may_not_know_a_ticket_yet_proves_nothing(has_run: Callable[..., Bench]) -> None:
    made = has_run(crm=("zendesk", {"tickets": {}}))
    with_pushes(made, firms=push("crm.tickets", FIRMS, mode="create", key="ref"))
    made.simulators["crm"].configure(index_lag=60)
    made.simulators["crm"].fault("lost_answer", method="POST", path="create_many", count=1)
    first = made.acme.push("firms")
    assert (first.created, first.unknown) == (0, 12)
    made.simulators["crm"].configure(index_lag=0)
    second = made.acme.push("firms")
    assert (second.settled, second.written, second.unknown) == (12, 0, 0)
    assert subjects(made) == sorted(f"Told {n}" for n in range(12))


def test_a_mirror_finds_by_value_what_somebody_made_before_it(has_run: Callable[..., Bench]) -> None:
    made = has_run(crm=("zendesk", {"organizations": {}}))
    made.simulators["crm"].mutate("create", "organizations", None, {"external_id": "m1", "name": "Theirs"})
    select = "select 'm' || n as external_id, 'Told ' || n as name from range(3) t(n)"
    with_pushes(made, told=push("crm.organizations", select, mode="mirror", key="external_id"))
    before = arrived(made)
    report = made.acme.push("told")
    assert (report.created, report.updated, report.troubles) == (2, 1, ()), report.notes
    looked = [each for each in made.simulators["crm"].received(before) if each["path"].endswith("organizations/search")]
    assert sorted((each["query"], each["status"]) for each in looked) == [(f"external_id=m{n}", 200) for n in range(3)]
    assert "Told 1" in {each["name"] for each in truth(made, "organizations").values() if each["external_id"] == "m1"}


URGENT = "select source_id as id, 'high' as priority, 'problem' as type from tickets where not is_deleted"


def test_an_edit_between_our_look_and_our_write_is_never_lost(has_run: Callable[..., Bench]) -> None:
    made = has_run(crm=("zendesk", {"tickets": {}}))
    vendor = made.simulators["crm"]
    vendor.advance(600)
    keys = sorted(key for key, each in truth(made, "tickets").items() if each["status"] == "open")[:12]
    listed = ", ".join(f"'{key}'" for key in keys)
    with_pushes(made, urgent=push("crm.tickets", f"{URGENT} and source_id in ({listed})"))
    vendor.fault("edit", method="PUT", path="update_many", op="update", object="tickets", id=keys[0],
                 values={"priority": "urgent"})  # fmt: skip
    report = made.acme.push("urgent")
    found = {key: (each["priority"], each["type"]) for key, each in truth(made, "tickets").items() if key in keys}
    assert found.pop(keys[0]) == ("urgent", "problem"), "theirs stays, what they left alone is ours"
    assert set(found.values()) == {("high", "problem")}
    assert (report.conflicts, report.refused, report.left, report.window) == (1, 0, 0, 0.0)
