"""What a customer's account has not granted is told before anything is read or written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import push, sent

from backhaul.errors import FixDefinition
from backhaul.telemetry.progress import Event, Withheld

SELECT = "select source_id as hs_object_id, 'x' as description from accounts where not is_deleted"


class Heard:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def on(self, event: Event) -> None:
        self.events.append(event)


def test_what_reads_and_pushes_lack_is_listed_by_discover(bench: Callable[..., Bench]) -> None:
    pushes = {"notes": push("crm.companies", SELECT, key="hs_object_id")}
    made = bench(crm=("hubspot", {"companies": {}, "deals": {}, "deals_contacts": {}}), extra={"push": pushes})
    missing = ["crm.objects.deals.read", "crm.objects.companies.write"]
    made.simulators["crm"].configure(missing_scopes=missing)
    lacks = {(each.object, each.what.partition(":")[0]) for each in made.acme.discover("crm").lacks}
    assert lacks == {
        ("deals", "the account does not give it"),
        ("deals_contacts", "reads of it will be refused"),
        ("companies", "the push notes will be refused"),
    }
    assert all(any(scope in each.what for scope in missing) for each in made.acme.discover("crm").lacks)


def test_a_run_says_so_before_it_reads(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("hubspot", {"contacts": {}, "deals": {}, "contacts_companies": {}}))
    made.simulators["crm"].configure(missing_scopes=["crm.objects.contacts.read"])
    heard = Heard()
    made.project.progress = heard
    made.acme.run()
    told = [each for each in heard.events if isinstance(each, Withheld)]
    assert [(each.object, each.why) for each in told] == [
        ("contacts_companies", "scope not granted: crm.objects.contacts.read")
    ]
    first_page = next(place for place, each in enumerate(heard.events) if type(each).__name__ == "PageRead")
    assert heard.events.index(told[0]) < first_page


def test_a_push_that_is_not_allowed_is_refused_before_anything_is_sent(bench: Callable[..., Bench]) -> None:
    pushes = {"notes": push("crm.companies", SELECT, key="hs_object_id")}
    made = bench(crm=("hubspot", {"companies": {}}), extra={"push": pushes})
    made.simulators["crm"].configure(missing_scopes=["crm.objects.companies.write"])
    assert made.acme.run().exit_code == 0
    with pytest.raises(FixDefinition, match="may not update companies: scope not granted"):
        made.acme.plan_push("notes")
    assert sent(made) == []
