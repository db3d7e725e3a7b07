"""Pushes to Sage Intacct: a hundred functions a call with an outcome for each, and journal entries with their lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import push, truth, with_pushes

NEW = push(
    "books.CUSTOMER",
    """select 'K' || n as "CUSTOMERID", 'Company ' || n as "NAME", 'Company ' || n as "DISPLAYCONTACT.PRINTAS",
              'Oslo' as "DISPLAYCONTACT.MAILADDRESS.CITY" from range(130) t(n)""",
    mode="create",
    key="CUSTOMERID",
)
ENTRIES = push(
    "books.GLBATCH",
    """select 'Accrual ' || n as "BATCH_TITLE", 'GJ' as "JOURNAL", date '2026-06-30' as "BATCH_DATE",
              'REF-' || n as "REFERENCENO",
              to_json({'GLENTRY': [{'ACCOUNTNO': '6000', 'TR_TYPE': '1', 'AMOUNT': '10'},
                                   {'ACCOUNTNO': '6100', 'TR_TYPE': '-1', 'AMOUNT': if(n = 2, '9', '10')}]
              }) as "ENTRIES" from range(4) t(n)""",
    mode="create",
    key="REFERENCENO",
)


@pytest.fixture
def intacct(has_run: Callable[..., Bench]) -> Callable[..., Bench]:
    def make(**pushes: dict[str, Any]) -> Bench:
        return has_run(books=("sage_intacct", {"CUSTOMER": {}, "GLBATCH": {}, "GLENTRY": {}}), extra={"push": pushes})

    return make


def named(made: Bench, id: str) -> list[dict[str, Any]]:
    return [each for each in truth(made, "CUSTOMER", "books", "RECORDNO").values() if each["CUSTOMERID"] == id]


def test_records_are_made_a_hundred_a_call_and_once(intacct: Callable[..., Bench]) -> None:
    made = intacct(new=NEW)
    report = made.acme.push("new")
    assert (report.created, report.refused, report.exit_code) == (130, 0, 0), report
    assert named(made, "K7")[0]["DISPLAYCONTACT.MAILADDRESS.CITY"] == "Oslo"
    assert made.acme.push("new").created == 0


def test_a_function_that_fails_holds_back_no_other(intacct: Callable[..., Bench]) -> None:
    made = intacct(new=NEW)
    made.simulators["books"].mutate("create", "CUSTOMER", values={"CUSTOMERID": "K7", "NAME": "Here before"})
    report = made.acme.push("new")
    assert (report.created, report.refused, report.exit_code) == (129, 1, 1), report
    assert [each["NAME"] for each in named(made, "K7")] == ["Here before"]


def test_functions_whose_answer_is_lost_are_looked_for_and_not_executed_twice(intacct: Callable[..., Bench]) -> None:
    made = intacct(new=NEW)
    made.simulators["books"].fault("lost_answer", body="<create>", count=1)
    made.acme.push("new")
    made.acme.push("new")
    ids = [each["CUSTOMERID"] for each in truth(made, "CUSTOMER", "books", "RECORDNO").values()]
    assert len(ids) == len(set(ids))
    assert {f"K{n}" for n in range(130)} <= set(ids)


def test_what_a_mirror_takes_away_is_made_anew_by_a_later_run(intacct: Callable[..., Bench]) -> None:
    """The gateway remembers the control ids of functions that it executed; those of another run are others."""
    mirror = {**NEW, "mode": "mirror"}
    made = intacct(new=mirror)
    assert made.acme.push("new").created == 130
    with_pushes(made, new={**mirror, "select": f"{mirror['select']} where n <> 7"})
    assert made.acme.push("new").deleted == 1
    with_pushes(made, new=mirror)
    report = made.acme.push("new")
    assert (report.created, report.refused) == (1, 0), report
    assert len(named(made, "K7")) == 1


def test_journal_entries_are_appended_with_their_lines(intacct: Callable[..., Bench]) -> None:
    made = intacct(entries=ENTRIES)
    report = made.acme.push("entries")
    assert (report.created, report.refused) == (3, 1), report.notes
    assert "do not balance" in report.notes[0].message
    made.simulators["books"].advance(3600)
    assert made.acme.sync().exit_code == 0
    batches = {key for key, title in made.raw("books__GLBATCH", '_key, "BATCH_TITLE"') if title == "Accrual 1"}
    lines = [each for each in made.raw("books__GLENTRY", '"BATCHNO", "TR_TYPE", "AMOUNT"') if str(each[0]) in batches]
    assert [(int(side), float(amount)) for _, side, amount in lines] == [(1, 10.0), (-1, 10.0)]
