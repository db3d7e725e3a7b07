"""Which version of a record stays, whatever order the versions arrive in."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def row(key: str, name: str, *, changed: float | None, read: float, **more: Any) -> dict[str, Any]:
    return {"key": key, "name": name, "changed": changed, "read": read, **more}


@pytest.fixture
def contacts(customer: Any) -> Any:
    customer.has(name="text")
    return customer


def test_rows_of_an_empty_table_are_all_inserted(contacts: Any) -> None:
    result = contacts.load_one(contacts.rows(row("1", "Ada", changed=1, read=5), row("2", "Bob", changed=2, read=5)))
    assert (result.inserted, result.updated, result.unchanged, result.older) == (2, 0, 0, 0)
    assert contacts.values("name") == {"1": "Ada", "2": "Bob"}


def test_the_same_parts_again_change_nothing_and_need_no_commit(contacts: Any) -> None:
    part = contacts.rows(row("1", "Ada", changed=1, read=5), row("2", "Bob", changed=2, read=5))
    contacts.load(part)
    again = contacts.load(part)
    assert again.load_id is None
    assert again.of("crm", "contacts").unchanged == 2


def test_a_later_change_replaces_and_new_records_join(contacts: Any) -> None:
    contacts.load(contacts.rows(row("1", "Ada", changed=1, read=5), row("2", "Bob", changed=2, read=5)))
    result = contacts.load_one(
        contacts.rows(row("1", "Ada Lovelace", changed=7, read=8), row("3", "Eve", changed=3, read=8))
    )
    assert (result.inserted, result.updated) == (1, 1)
    assert contacts.values("name") == {"1": "Ada Lovelace", "2": "Bob", "3": "Eve"}


def test_an_older_row_never_overwrites_a_newer(contacts: Any) -> None:
    contacts.load(contacts.rows(row("1", "new", changed=9, read=10)))
    result = contacts.load_one(contacts.rows(row("1", "old", changed=3, read=20)))
    assert (result.older, result.updated) == (1, 0)
    assert contacts.values("name") == {"1": "new"}


def test_of_two_reads_of_one_change_the_later_read_wins(contacts: Any) -> None:
    contacts.load(contacts.rows(row("1", "formula 1", changed=3, read=10)))
    contacts.load(contacts.rows(row("1", "formula 2", changed=3, read=12)))
    contacts.load(contacts.rows(row("1", "formula 1", changed=3, read=11)))
    assert contacts.values("name") == {"1": "formula 2"}


def test_without_a_change_time_the_read_decides(contacts: Any) -> None:
    contacts.load(contacts.rows(row("1", "second", changed=None, read=10)))
    assert contacts.load_one(contacts.rows(row("1", "first", changed=4, read=9))).older == 1
    assert contacts.load_one(contacts.rows(row("1", "third", changed=4, read=11))).updated == 1
    assert contacts.values("name") == {"1": "third"}


def test_duplicates_in_one_load_are_reduced_to_the_newest(contacts: Any) -> None:
    result = contacts.load_one(
        contacts.rows(row("1", "b", changed=2, read=5), row("1", "c", changed=3, read=4)),
        contacts.rows(row("1", "a", changed=1, read=9)),
    )
    assert (result.inserted, result.older) == (1, 2)
    assert contacts.values("name") == {"1": "c"}


def test_a_tombstone_keeps_the_values(contacts: Any) -> None:
    contacts.load(contacts.rows(row("1", "Ada", changed=1, read=5), row("2", "Bob", changed=1, read=5)))
    result = contacts.load_one(contacts.deletes({"key": "1", "deleted": 7, "read": 8, "merged": "2"}))
    assert result.deleted == 1
    assert contacts.live() == {"2"}
    assert contacts.values("name") == {"1": "Ada", "2": "Bob"}
    assert contacts.values("_merged_into") == {"1": "2", "2": None}


def test_a_merge_that_is_told_again_by_every_read_of_the_winner_is_no_change(contacts: Any) -> None:
    contacts.load(contacts.rows(row("1", "Ada", changed=5, read=6)))
    contacts.load(contacts.deletes({"key": "1", "deleted": 8, "read": 8, "merged": "2"}))
    again = contacts.load(contacts.deletes({"key": "1", "deleted": 9, "read": 9, "merged": "2"}))
    assert again.load_id is None
    result = contacts.load_one(contacts.deletes({"key": "1", "deleted": 10, "read": 10, "merged": "3"}))
    assert (result.updated, contacts.values("_merged_into")) == (1, {"1": "3"})


def test_a_bulk_row_read_before_the_tombstone_does_not_bring_the_record_back(contacts: Any) -> None:
    contacts.load(contacts.rows(row("1", "Ada", changed=1, read=2)))
    contacts.load(contacts.deletes({"key": "1", "deleted": 7, "read": 8}))
    result = contacts.load_one(contacts.rows(row("1", "Ada (edited)", changed=5, read=6)))
    assert contacts.live() == set()
    assert result.restored == 0
    assert contacts.values("name") == {"1": "Ada (edited)"}


def test_a_later_change_restores(contacts: Any) -> None:
    contacts.load(contacts.rows(row("1", "Ada", changed=1, read=2)))
    contacts.load(contacts.deletes({"key": "1", "deleted": 7, "read": 20, "merged": "2"}))
    result = contacts.load_one(contacts.rows(row("1", "Ada", changed=9, read=15)))
    assert result.restored == 1
    assert contacts.live() == {"1"}
    assert contacts.values("_merged_into") == {"1": None}


def test_a_later_read_that_shows_the_record_alive_restores(contacts: Any) -> None:
    contacts.load(contacts.rows(row("1", "Ada", changed=1, read=2)))
    contacts.load(contacts.deletes({"key": "1", "deleted": 7, "read": 8}))
    assert contacts.load_one(contacts.rows(row("1", "Ada", changed=1, read=9))).restored == 1
    assert contacts.live() == {"1"}


def test_a_tombstone_older_than_the_last_read_does_nothing(contacts: Any) -> None:
    contacts.load(contacts.rows(row("1", "Ada", changed=1, read=10)))
    assert contacts.load_one(contacts.deletes({"key": "1", "deleted": 8, "read": 9})).deleted == 0
    assert contacts.live() == {"1"}


def test_a_tombstone_that_comes_first_is_remembered(contacts: Any) -> None:
    contacts.load(contacts.deletes({"key": "1", "deleted": 7, "read": 8}))
    contacts.load(contacts.rows(row("1", "Ada", changed=1, read=2)))
    assert contacts.live() == set()
    assert contacts.values("name") == {"1": "Ada"}


def test_rows_and_tombstones_of_one_load_meet_too(contacts: Any) -> None:
    result = contacts.load_one(
        contacts.rows(
            row("gone", "a", changed=1, read=2),
            row("back", "b", changed=9, read=10),
            row("kept", "c", changed=1, read=2),
        ),
        contacts.deletes({"key": "gone", "deleted": 5, "read": 6}, {"key": "back", "deleted": 5, "read": 6}),
    )
    assert contacts.live() == {"back", "kept"}
    assert result.inserted == 3


def test_a_row_with_its_own_deletion_deletes(contacts: Any) -> None:
    contacts.load(contacts.rows(row("1", "Ada", changed=1, read=2)))
    result = contacts.load_one(contacts.rows(row("1", "Ada", changed=5, read=6, deleted=5, merged="2")))
    assert result.deleted == 1
    assert contacts.live() == set()
    assert contacts.values("_merged_into") == {"1": "2"}


def test_children_that_a_complete_read_of_their_parent_no_longer_shows_are_gone(customer: Any) -> None:
    customer.has("lines", parent="invoices", item="text")

    def line(key: str, parent: str, item: str, read: float) -> dict[str, Any]:
        return {"key": key, "parent": parent, "item": item, "read": read}

    customer.load(
        customer.rows(
            line("1:1", "1", "bolt", 5), line("1:2", "1", "nut", 5), line("2:1", "2", "cog", 5), object="lines"
        ),
        customer.parents("1", "2", read=5, object="lines"),
    )
    assert customer.live("lines") == {"1:1", "1:2", "2:1"}
    result = customer.load_one(
        customer.rows(line("1:1", "1", "bolt", 9), line("1:3", "1", "pin", 9), object="lines"),
        customer.parents("1", read=9, object="lines"),
        object="lines",
    )
    assert (result.deleted, result.inserted, result.unchanged) == (1, 1, 1)
    assert customer.live("lines") == {"1:1", "1:3", "2:1"}
    customer.load(customer.parents("2", read=12, object="lines"))
    assert customer.live("lines") == {"1:1", "1:3"}
    late = customer.load_one(customer.parents("1", read=7, object="lines"), object="lines")
    assert late.deleted == 1
    assert customer.live("lines") == {"1:3"}


def test_a_child_removed_between_two_reads_of_its_parent_in_one_window_is_gone(customer: Any) -> None:
    customer.has("lines", parent="invoices", item="text")
    customer.load(
        customer.rows({"key": "1:2", "parent": "1", "item": "nut", "read": 5}, object="lines", window="w"),
        customer.parents("1", read=5, object="lines", window="w"),
        customer.rows({"key": "1:1", "parent": "1", "item": "bolt", "read": 9}, object="lines", window="w"),
        customer.parents("1", read=9, object="lines", window="w"),
    )
    assert customer.live("lines") == {"1:1"}


# A record's true life: at each step it is changed, deleted or restored, and read or not. What was read arrives in any
# order, several times, spread over any number of loads.
steps = st.lists(st.sampled_from(["change", "delete", "restore", "read", "census"]), min_size=1, max_size=9)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives=st.lists(steps, min_size=1, max_size=3), data=st.data())
def test_any_order_of_loads_converges_to_the_newest_of_each_record(
    new_customer: Callable[[Path], Any], lives: list[list[str]], data: st.DataObject
) -> None:
    events: list[tuple[str, dict[str, Any]]] = []
    expected: dict[str, tuple[str | None, bool]] = {}
    for number, life in enumerate(lives):
        key, clock, changed, deleted, version = str(number), 10.0 * number, 10.0 * number, None, 0
        for step in life:
            clock += 1
            if step in ("change", "restore"):
                version, changed, deleted = version + 1, clock, None
            elif step == "delete" and deleted is None:
                deleted = clock
            elif step == "read" and deleted is None:
                events.append(("row", row(key, f"v{version}", changed=changed, read=clock)))
                expected[key] = (f"v{version}", False)
            elif step == "census" and deleted is not None:
                events.append(("delete", {"key": key, "deleted": deleted, "read": clock}))
                expected[key] = (expected.get(key, (None, False))[0], True)
    if not events:
        return
    again = data.draw(st.lists(st.sampled_from(events), max_size=4))
    shuffled = data.draw(st.permutations(events + again))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    with tempfile.TemporaryDirectory() as name:
        customer = new_customer(Path(name))
        customer.has(name="text")
        for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True):
            rows = [event for kind, event in shuffled[start:end] if kind == "row"]
            tombstones = [event for kind, event in shuffled[start:end] if kind == "delete"]
            parts = [customer.rows(*rows)] if rows else []
            parts += [customer.deletes(*tombstones)] if tombstones else []
            customer.load(*parts)
        found = customer.ask('SELECT _key, name, _deleted_at IS NOT NULL FROM raw."crm__contacts"')
    assert {key: (value, gone) for key, value, gone in found} == expected
    assert len(found) == len(expected)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    reads=st.lists(st.tuples(st.sampled_from("AB"), st.sets(st.sampled_from("xyz"))), min_size=1, max_size=6),
    together=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_a_parents_children_are_those_of_its_last_complete_read(
    new_customer: Callable[[Path], Any], reads: list[tuple[str, set[str]]], together: list[bool]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        customer = new_customer(Path(name))
        customer.has("lines", parent="invoices", item="text")
        waiting: list[Any] = []
        for moment, (parent, children) in enumerate(reads):
            lines = [
                {"key": f"{parent}:{child}", "parent": parent, "item": child, "read": moment}
                for child in sorted(children)
            ]
            waiting += [customer.rows(*lines, object="lines")] if lines else []
            waiting.append(customer.parents(parent, read=moment, object="lines"))
            if not together[moment]:
                customer.load(*waiting)
                customer.load(*waiting)
                waiting = []
        customer.load(*waiting)
        last = dict(reads)
        assert customer.live("lines") == {f"{parent}:{child}" for parent, kids in last.items() for child in kids}
