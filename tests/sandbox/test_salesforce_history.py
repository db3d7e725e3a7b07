"""The org remembers changes of tracked fields as Salesforce does: in rows of their own, of references two."""

from __future__ import annotations

import pytest

from backhaul.sandbox.salesforce.vendor import Salesforce
from backhaul.sandbox.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


def changes(salesforce: Salesforce, history: str) -> list[tuple[object, ...]]:
    rows = salesforce.org.tables[history].order
    return [tuple(row.values.get(name) for name in ("Field", "OldValue", "NewValue")) for row in rows if row.live]


def test_a_change_of_stage_and_owner_is_remembered_the_owner_by_name_and_by_id(world: World) -> None:
    salesforce = Salesforce(world)
    org = salesforce.org
    deals, users = org.objects["Opportunity"], org.tables["User"].order
    deal = org.tables["Opportunity"].order[0]
    old, new = next((u, v) for u in users for v in users if u.id == deal.values["OwnerId"] and v is not u)
    stage = deal.values["StageName"]
    other = "Qualification" if stage != "Qualification" else "Prospecting"
    org.update(deals, deal.id, {"StageName": other, "OwnerId": new.id, "NextStep": "not tracked"})
    assert changes(salesforce, "OpportunityFieldHistory") == [
        ("StageName", stage, other),
        ("Owner", old.values["Name"], new.values["Name"]),
        ("Owner", old.id, new.id),
    ]


def test_what_is_undone_was_never_remembered(world: World) -> None:
    salesforce = Salesforce(world)
    org = salesforce.org
    case = org.tables["Case"].order[0]
    saved = org.update(
        org.objects["Case"], case.id, {"Priority": "Low" if case.values["Priority"] != "Low" else "High"}
    )
    assert len(changes(salesforce, "CaseHistory")) == 1
    saved.undo()
    assert changes(salesforce, "CaseHistory") == []
