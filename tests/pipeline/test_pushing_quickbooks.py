"""Pushes to QuickBooks: batches of thirty with an outcome for each row, and one record alone by its request id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import push, truth

NEW = push(
    "books.Customer",
    """select 'Company ' || n as "DisplayName", 'from elsewhere' as "Notes" from range(35) t(n)""",
    mode="create",
    key="DisplayName",
)


@pytest.fixture
def quickbooks(bench: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(**pushes: dict[str, Any]) -> Bench:
        made = bench(books=("quickbooks", {"Customer": {}}), extra={"push": pushes})
        assert made.acme.run().exit_code == 0
        return made

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
