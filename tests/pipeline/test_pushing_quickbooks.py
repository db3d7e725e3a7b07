"""Pushes to QuickBooks: batches of thirty with an outcome for each row, and one record alone by its request id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import push, truth, with_pushes

NEW = push(
    "books.Customer",
    """select 'Company ' || n as "DisplayName", 'from elsewhere' as "Notes" from range(35) t(n)""",
    mode="create",
    key="DisplayName",
)


@pytest.fixture
def quickbooks(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(**pushes: dict[str, Any]) -> Bench:
        return has_run(books=("quickbooks", {"Customer": {}}), extra={"push": pushes})

    return make


def batches(made: Bench) -> int:
    return [each["path"].rpartition("/")[2] for each in made.simulators["books"].received()].count("batch")


def test_records_are_made_thirty_a_call_and_once(quickbooks: Callable[..., Bench]) -> None:
    made = quickbooks(new=NEW)
    before = len(truth(made, "Customer", "books", "Id"))
    report = made.acme.push("new")
    assert (report.created, report.refused, report.exit_code) == (35, 0, 0), report
    assert batches(made) == 2
    assert len(truth(made, "Customer", "books", "Id")) == before + 35
    assert made.acme.push("new").created == 0


def test_a_row_that_is_refused_holds_back_no_other(quickbooks: Callable[..., Bench]) -> None:
    made = quickbooks(new=NEW)
    made.simulators["books"].mutate("create", "Vendor", values={"DisplayName": "Company 7"})
    report = made.acme.push("new")
    assert (report.created, report.refused, report.exit_code) == (34, 1, 1), report


def test_a_batch_whose_answer_is_lost_is_not_sent_again_blindly(quickbooks: Callable[..., Bench]) -> None:
    made = quickbooks(new=NEW)
    before = len(truth(made, "Customer", "books", "Id"))
    made.simulators["books"].fault("lost_answer", method="POST", path="/batch$", count=1)
    made.acme.push("new")
    made.acme.push("new")
    names = [each["DisplayName"] for each in truth(made, "Customer", "books", "Id").values()]
    assert len(names) == len(set(names)) == before + 35


CHANGED = push(
    "books.Customer",
    """select source_id as "Id", 'Ours' as "Notes" from accounts
    where source_object = 'Customer' and not is_deleted order by source_id limit 3""",
    key="Id",
)


def edited(made: Bench, key: str, **values: Any) -> None:
    """A person's edit after our look at the records, and just before our batch arrives."""
    made.simulators["books"].fault(
        "edit", method="POST", path="/batch$", op="update", object="Customer", id=key, values=values
    )


def test_a_change_names_the_token_of_the_record_as_it_was_just_read(quickbooks: Callable[..., Bench]) -> None:
    made = quickbooks(notes=CHANGED)
    key = min(truth(made, "Customer", "books", "Id"))
    made.simulators["books"].mutate("update", "Customer", key, {"CompanyName": "Changed since the last run"})
    report = made.acme.push("notes")
    assert (report.updated, report.conflicts, report.refused, report.window) == (3, 0, 0, 0.0), report
    assert truth(made, "Customer", "books", "Id")[key]["Notes"] == "Ours"


def test_an_edit_between_our_look_and_our_batch_is_never_lost(quickbooks: Callable[..., Bench]) -> None:
    made = quickbooks(notes=CHANGED)
    key = min(truth(made, "Customer", "books", "Id"))
    edited(made, key, Notes="Theirs")
    report = made.acme.push("notes")
    assert truth(made, "Customer", "books", "Id")[key]["Notes"] == "Theirs"
    assert (report.updated, report.conflicts, report.refused) == (2, 1, 0), report


def test_an_edit_of_another_field_costs_one_more_look(quickbooks: Callable[..., Bench]) -> None:
    made = quickbooks(notes=CHANGED)
    key = min(truth(made, "Customer", "books", "Id"))
    edited(made, key, CompanyName="Theirs")
    report = made.acme.push("notes")
    one = truth(made, "Customer", "books", "Id")[key]
    assert (one["Notes"], one["CompanyName"]) == ("Ours", "Theirs")
    assert (report.updated, report.conflicts, batches(made)) == (3, 0, 2), report


def test_a_mirror_takes_away_what_it_made(quickbooks: Callable[..., Bench]) -> None:
    def mirror(rows: int) -> dict[str, Any]:
        select = f"""select 'row-' || n as ref, 'Mirrored ' || n as "DisplayName" from range({rows}) t(n)"""
        return push("books.Customer", select, mode="mirror", key="ref", min_share="0%")

    made = quickbooks(mirrored=mirror(4))
    assert made.acme.push("mirrored").created == 4
    with_pushes(made, mirrored=mirror(2))
    report = made.acme.push("mirrored")
    assert (report.deleted, report.refused, report.exit_code) == (2, 0, 0), report
    left = {each["DisplayName"] for each in truth(made, "Customer", "books", "Id").values()}
    assert {name for name in left if name.startswith("Mirrored")} == {"Mirrored 0", "Mirrored 1"}
