"""What is Zendesk's own: comments in one stream, changes that move no stamp, users switched off, custom objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conftest import Bench
from tests.sources.test_variants import sync
from tests.truth import differences


def untrue(made: Bench, *objects: str) -> list[str]:
    dumps = {name: made.simulators["crm"].dump(name) for name in objects}
    return list(differences(made.project.config.layout.work("acme"), "crm", dumps, winners=False))


def asked(made: Bench, since: int) -> list[str]:
    return [each["path"] for each in made.simulators["crm"].received() if each["n"] > since]


def test_comments_come_with_the_stream_and_not_by_ticket(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("zendesk", {"tickets": {}, "ticket_comments": {}}))
    vendor = made.simulators["crm"]
    sync(made)
    vendor.advance(3600)
    ticket = str(vendor.dump("tickets")[3]["id"])
    vendor.mutate("create", "ticket_comments", values={"ticket_id": int(ticket), "body": "One more thing"})
    vendor.mutate("update", "tickets", str(vendor.dump("tickets")[8]["id"]), {"_system": True})
    vendor.mutate(
        "merge", "tickets", str(vendor.dump("tickets")[10]["id"]), {"loser": vendor.dump("tickets")[11]["id"]}
    )
    vendor.advance(3600)
    seen = len(vendor.received())
    report = sync(made)
    assert untrue(made, "tickets", "ticket_comments") == []
    assert report.lines["crm", "ticket_comments"].inserted == 3
    assert report.lines["crm", "tickets"].read == 4, (
        "what the system changed comes again, though its stamp stands still"
    )
    assert report.lines["crm", "tickets"].deleted == 0, "a ticket that was merged is closed, not gone"
    assert [path for path in asked(made, seen) if path.endswith("/comments")] == []


def test_users_and_records_that_go_are_gone_here(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("zendesk", {"users": {}, "device": {}}))
    vendor = made.simulators["crm"]
    vendor.configure(page_size_cap=50)
    sync(made)
    vendor.advance(3600)
    users, devices = vendor.dump("users"), vendor.dump("device")
    vendor.mutate("delete", "users", str(users[0]["id"]))
    vendor.mutate("merge", "users", str(users[1]["id"]), {"loser": str(users[2]["id"])})
    vendor.mutate("delete", "device", devices[0]["id"])
    vendor.mutate("update", "device", devices[1]["id"], {"cf_price": "1.50", "name": "Renamed"})
    vendor.mutate("add_field", "users", values={"name": "shoe", "type": "integer"})
    vendor.mutate("update", "users", str(users[5]["id"]), {"cf_shoe": 44})
    vendor.advance(25 * 3600)
    report = sync(made)
    assert untrue(made, "users", "device") == []
    assert report.lines["crm", "users"].deleted == 2
    assert report.lines["crm", "device"].deleted == 1
    assert ("cf_shoe", "added") in [(each.field, each.kind) for _, each in report.drift]


def test_what_the_role_may_not_see_is_left_out_and_told(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("zendesk", {"groups": {}, "suspended_tickets": {}}))
    sync(made)
    made.simulators["crm"].configure(forbidden=["GET /suspended_tickets"])
    report: Any = made.acme.sync()
    assert report.exit_code == 0, report.all_failures
    assert report.sync.lines["crm", "suspended_tickets"].not_served
    assert untrue(made, "groups") == []


def test_limits_told_in_any_words_are_waited_for(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("zendesk", {"tickets": {}, "groups": {}}))
    vendor = made.simulators["crm"]
    vendor.fault("429", count=1, path="/incremental/tickets", text=True)
    vendor.fault("429", count=1, path="/groups")
    vendor.fault("503", count=1, path="/incremental/tickets", after=1)
    sync(made)
    assert untrue(made, "tickets", "groups") == []
