"""What is Freshdesk's own: a last page of tickets, spam and trash, contacts in states, what is said on a ticket."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Bench
from tests.pipeline.pushes import push, truth, with_pushes
from tests.sources.test_variants import sync
from tests.truth import differences


def untrue(made: Bench, *objects: str) -> list[str]:
    dumps = {name: made.simulators["crm"].dump(name) for name in objects}
    return list(differences(made.project.config.layout.work("acme"), "crm", dumps, winners=False))


def asked(made: Bench, since: int, path: str) -> list[str]:
    received = made.simulators["crm"].received()
    return [each["query"] for each in received if each["n"] > since and each["path"].endswith(path)]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists end at their third page."""
    monkeypatch.setattr("backhaul.sandbox.freshdesk.asked.LAST_PAGE", 3)


@pytest.mark.usefixtures("short")
def test_a_list_is_read_past_its_last_page_and_tickets_of_one_second_are_counted_through(
    bench: Callable[..., Bench],
) -> None:
    made = bench(crm=("freshdesk", {"tickets": {}}))
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=20)
    sync(made)
    assert untrue(made, "tickets") == []
    vendor.advance(3600)
    vendor.mutate_all(
        [
            {"op": "update", "object": "tickets", "id": str(each["id"]), "values": {"priority": 4}}
            for each in vendor.dump("tickets")[:45]
        ]
    )
    vendor.advance(3600)
    seen = len(vendor.received())
    report = sync(made)
    assert untrue(made, "tickets") == []
    assert report.lines["crm", "tickets"].updated == 45
    assert [query[-6:] for query in asked(made, seen, "/tickets") if "filter" not in query][-1] == "page=3"


@pytest.mark.usefixtures("short")
def test_more_tickets_of_one_second_than_are_served_are_a_failure_that_says_so(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("freshdesk", {"tickets": {}}))
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=20)
    at = "2026-07-01T00:00:00Z"
    vendor.mutate_all(
        [
            {"op": "update", "object": "tickets", "id": str(each["id"]), "values": {"priority": 4, "_changed_at": at}}
            for each in vendor.dump("tickets")
        ]
    )
    report = made.acme.sync()
    assert report.exit_code == 1
    assert "beyond the 300th page" in report.all_failures[0].what


def test_spam_and_trash_are_gone_here_and_come_back(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("freshdesk", {"tickets": {}, "conversations": {}}))
    vendor = made.simulators["crm"]
    sync(made)
    spam, trash, emptied = (str(each["id"]) for each in vendor.dump("tickets")[:3])
    vendor.advance(3600)
    vendor.mutate("update", "tickets", spam, {"spam": True})
    vendor.mutate("delete", "tickets", trash)
    vendor.mutate("delete", "tickets", emptied)
    vendor.advance(25 * 3600)
    report = sync(made)
    assert untrue(made, "tickets", "conversations") == []
    assert report.lines["crm", "tickets"].deleted == 3
    vendor.mutate("update", "tickets", spam, {"spam": False})
    vendor.mutate("restore", "tickets", trash)
    vendor.mutate("purge", "tickets", emptied)
    vendor.advance(25 * 3600)
    sync(made)
    assert untrue(made, "tickets", "conversations") == []
    deleted = dict(made.raw("crm__tickets", "_key, _deleted_at is not null"))
    assert (deleted[spam], deleted[trash], deleted[emptied]) == (False, False, True), "the trash is emptied, not undone"


def test_a_contact_that_is_blocked_stays_and_one_that_is_gone_for_good_goes(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("freshdesk", {"contacts": {}}), variants={"merged_contacts": "gone"})
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=90)
    sync(made)
    people = [str(each["id"]) for each in vendor.dump("contacts")]
    vendor.advance(3600)
    vendor.mutate("update", "contacts", people[0], {"blocked": True, "job_title": "Sends spam"})
    vendor.mutate("delete", "contacts", people[1])
    vendor.mutate("merge", "contacts", people[2], {"loser": people[3]})
    vendor.mutate("purge", "contacts", people[4])
    vendor.advance(8 * 86400)
    report = sync(made)
    assert untrue(made, "contacts") == []
    assert report.lines["crm", "contacts"].deleted == 3


def test_what_is_said_is_asked_for_of_tickets_that_changed_alone(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("freshdesk", {"tickets": {}, "conversations": {}}))
    vendor = made.simulators["crm"]
    sync(made)
    vendor.advance(3600)
    ticket, other = (str(each["id"]) for each in vendor.dump("tickets")[7:9])
    vendor.mutate("create", "conversations", values={"ticket_id": int(ticket), "body": "One more thing"})
    gone = next(each["id"] for each in vendor.dump("conversations") if str(each["ticket_id"]) == other)
    vendor.mutate("delete", "conversations", str(gone))
    vendor.advance(3600)
    seen = len(vendor.received())
    report = sync(made)
    assert untrue(made, "tickets", "conversations") == []
    assert report.lines["crm", "conversations"].inserted == 1
    assert len(asked(made, seen, "/conversations")) == 2


def test_what_a_help_desk_made_later_is_found(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("freshdesk", {"tickets": {}, "custom_31": {}}))
    vendor = made.simulators["crm"]
    vendor.mutate("add_object", "visits", values={"title": "Visits", "fields": [{"name": "day", "type": "DATE"}]})
    vendor.mutate("create", "custom_31", values={"name": "First", "day": "2026-05-01"})
    vendor.mutate("add_field", "tickets", values={"name": "shoe", "type": "custom_number"})
    vendor.mutate("update", "tickets", str(vendor.dump("tickets")[0]["id"]), {"cf_shoe": 44})
    sync(made)
    assert untrue(made, "tickets", "custom_31") == []
    assert made.raw("crm__custom_31", "display_id, name, cast(day as varchar)") == [("VIS-1", "First", "2026-05-01")]


def test_a_plan_without_an_object_says_so_and_the_others_are_read(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("freshdesk", {"surveys": {}, "groups": {}}))
    vendor = made.simulators["crm"]
    vendor.configure(forbidden=["GET /surveys"])
    report = made.acme.sync()
    assert report.sync is not None
    assert report.sync.lines["crm", "surveys"].not_served
    assert untrue(made, "groups") == []


def test_contacts_are_found_by_their_address_or_our_own_id_and_written_once(has_run: Callable[..., Bench]) -> None:
    made = has_run(crm=("freshdesk", {"contacts": {}}))
    vendor = made.simulators["crm"]
    vendor.mutate("create", "contacts", None, {"name": "Theirs", "email": "theirs@push.example", "active": True})
    vendor.mutate("create", "contacts", None, {"name": "Theirs, too", "unique_external_id": "P-1"})
    vendor.advance(3600)
    assert made.acme.run().exit_code == 0
    by_address = "select * from (values ('new@push.example', 'New', 'Buyer'), ('theirs@push.example', 'Known', 'Boss'))"
    by_id = "select * from (values ('P-1', 'Renamed'), ('P-2', 'Second'))"
    with_pushes(
        made,
        address=push("crm.contacts", f"{by_address} as t(email, name, job_title)", mode="mirror", key="email"),
        own_id=push("crm.contacts", f"{by_id} as t(unique_external_id, name)", mode="mirror", key="unique_external_id"),
    )
    for name in ("address", "own_id"):
        first, second = made.acme.push(name), made.acme.push(name)
        assert (first.created, first.updated, first.troubles) == (1, 1, ()), first.notes
        assert second.written == 0
    # what somebody makes between our read and our write is not made twice
    vendor.mutate("create", "contacts", None, {"name": "Meanwhile", "unique_external_id": "P-3"})
    with_pushes(made, own_id=push("crm.contacts", by_id.replace("P-2", "P-3") + " as t(unique_external_id, name)",
                                  mode="mirror", key="unique_external_id", gone="keep"))  # fmt: skip
    (refused,) = made.acme.push("own_id").notes
    assert (refused.row, refused.code) == ("p-3", "duplicate_value")
    there = {each["name"]: each for each in vendor.dump("contacts")}
    assert (there["New"]["job_title"], there["Known"]["job_title"]) == ("Buyer", "Boss")
    assert (there["Renamed"]["unique_external_id"], there["Second"]["unique_external_id"]) == ("P-1", "P-2")


def test_tickets_made_by_a_push_are_known_by_what_their_answers_told(has_run: Callable[..., Bench]) -> None:
    made = has_run(crm=("freshdesk", {"contacts": {}, "tickets": {}}))
    vendor = made.simulators["crm"]
    asks = sorted(key for key, each in truth(made, "contacts").items() if not each["_deleted"])[0]
    select = (
        f"select 'r' || n as ref, 'Told ' || n as subject, '<p>A word</p>' as description, 2 as status, 3 as priority,"
        f" 2 as source, '{asks}' as requester_id from range(3) t(n)"
    )
    with_pushes(made, told=push("crm.tickets", select, mode="create", key="ref"))
    vendor.fault("429", method="POST", path="/api/v2/tickets", count=1)
    first, second = made.acme.push("told"), made.acme.push("told")
    assert (first.created, first.troubles, second.written) == (3, (), 0), first.notes
    told = [each for each in truth(made, "tickets").values() if each["subject"].startswith("Told ")]
    assert {str(each["requester_id"]) for each in told} == {str(asks)}
