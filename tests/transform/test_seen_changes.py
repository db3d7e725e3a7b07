"""Where a vendor keeps no history, the old value of a tracked column is kept when a record changes."""

from __future__ import annotations

import pytest
from workdb import CONTRACTS, STAGING, Work

from backhaul.transform.models import read_models

CHANGES = """
entity: field_changes
columns: {entity: {type: text}, record_id: {type: text}, field: {type: text}, old_value: {type: text},
          new_value: {type: text}, changed_at: {type: timestamp}, method: {type: text}}
"""
HISTORY = "select 'accounts' as entity, src.a as record_id, 'x' as field from tasks as src"
TRACKING = CONTRACTS["accounts"].replace("columns:\n", "tracked: [owner_id, annual_revenue, region]\ncolumns:\n")


@pytest.fixture
def tracking(work: Work) -> Work:
    work.models = read_models({**CONTRACTS, "accounts": TRACKING, "field_changes": CHANGES}, STAGING)
    work.put("companies", "1", owner="7", revenue="10.50", name="A")
    work.transform()
    return work


def changes(work: Work) -> list[tuple[object, ...]]:
    return work.rows("field_changes", "record_id, field, old_value, new_value, method")


def test_a_changed_owner_and_amount_are_kept_with_their_old_values(tracking: Work) -> None:
    tracking.put("companies", "1", run="run2", owner="8", revenue="12", name="B")
    tracking.transform("run2")
    assert changes(tracking) == [
        ("crm:companies:1", "annual_revenue", "10.5", "12", "syncs"),
        ("crm:companies:1", "owner_id", "crm:owners:7", "crm:owners:8", "syncs"),
    ]
    when, changed = tracking.row("accounts", "source_updated_at, (SELECT min(changed_at) FROM entities.field_changes)")
    assert when == changed


def test_a_new_record_a_deletion_and_a_read_without_a_change_are_no_changes(tracking: Work) -> None:
    tracking.put("companies", "2", run="run2", owner="8")
    tracking.read_again("companies", "1", "run2")
    tracking.tombstone("companies", "1", "run3")
    tracking.transform("run3")
    assert changes(tracking) == []


def test_another_mapping_or_another_joined_row_is_no_change_at_the_vendor(tracking: Work) -> None:
    tracking.mappings = {"accounts": {"crm": {"annual_revenue": "headcount"}}}
    tracking.put("owners", "7", run="run2", id="7", region="north")
    tracking.transform("run2")
    assert tracking.row("accounts", "region") == ("north",)
    assert changes(tracking) == []


def test_what_was_seen_outlives_a_full_transform(tracking: Work) -> None:
    tracking.put("companies", "1", run="run2", owner="8", revenue="10.50", name="A")
    tracking.transform("run2")
    before = changes(tracking)
    tracking.transform("run3", full=True)
    assert changes(tracking) == before != []


def test_nothing_is_kept_of_what_the_vendor_remembers_itself(work: Work) -> None:
    contracts = {**CONTRACTS, "accounts": TRACKING, "field_changes": CHANGES}
    work.models = read_models(contracts, {**STAGING, ("hub", "field_changes.tasks"): HISTORY})
    work.put("companies", "1", owner="7")
    work.transform()
    work.put("companies", "1", run="run2", owner="8")
    work.transform("run2")
    assert changes(work) == []
