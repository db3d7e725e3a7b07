"""A batch that the vendor refuses as a whole: its bad rows are found, and all the others are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import Bench
from tests.pipeline.pushes import arrived, defined_otherwise, ledger, push, sent, truth, with_pushes

SELECT = "select 'p' || n || '@new.example' as email, 'Person' as firstname from range(560) t(n)"


def without_trace_ids(definition: dict[str, Any]) -> None:
    """Without them HubSpot answers 409 for the whole batch when one of its rows is at fault."""
    for write in ("create", "update", "upsert"):
        del definition["templates"]["crm_object"]["writes"][write]["item"]["objectWriteTraceId"]


@pytest.mark.parametrize("bad", [(300,), (0, 99, 100, 559), (7, 8)])
def test_of_560_rows_all_but_the_bad_ones_land(has_run: Callable[..., Bench], bad: tuple[int, ...]) -> None:
    made = has_run(crm=("hubspot", {"contacts": {}}))
    defined_otherwise(made, "hubspot", without_trace_ids)
    with_pushes(made, people=push("crm.contacts", SELECT, mode="create", key="email"))
    before = len(truth(made, "contacts"))
    for n in bad:
        # a person's record that our snapshot does not know of
        made.simulators["crm"].mutate("create", "contacts", None, {"email": f"p{n}@new.example"})
    at = arrived(made)
    report = made.acme.push("people")
    assert (report.created, report.refused, report.unknown, report.left) == (560 - len(bad), len(bad), 0, 0)
    assert len(truth(made, "contacts")) == before + 560
    with ledger(made) as kept:
        letters = kept.dead.all()
    assert {each.row for each in letters} == {f"p{n}@new.example" for n in bad}
    assert {each.code for each in letters} == {"CONFLICT"}
    assert all(each.message for each in letters), "with the vendor's own words"
    assert len(sent(made, since=at)) <= 6 + len(bad) * 14, "halving, not row by row"


def test_a_lost_answer_in_the_middle_of_halving_doubles_nothing(has_run: Callable[..., Bench]) -> None:
    made = has_run(crm=("hubspot", {"contacts": {}}))
    defined_otherwise(made, "hubspot", without_trace_ids)
    with_pushes(made, people=push("crm.contacts", SELECT.replace("560", "100"), mode="create", key="email"))
    made.simulators["crm"].mutate("create", "contacts", None, {"email": "p70@new.example"})
    made.simulators["crm"].fault("lost_answer", path="batch/create", after=1, count=1)
    report = made.acme.push("people")
    emails = [each["email"] for each in truth(made, "contacts").values() if str(each["email"]).startswith("p")]
    assert len(emails) == len(set(emails))
    assert (report.refused, report.created) == (1, 99)
