"""Our definition of Salesforce against the simulator, also where every open question has its other answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests import conftest
from tests.conftest import Bench
from tests.pipeline.pushes import defined_otherwise
from tests.pipeline.test_truth import assert_holds_the_truth

from backhaul.sandbox.salesforce.vendor import Salesforce

USUAL: dict[str, str] = {}
OTHERWISE = {name: answers[-1] for name, answers in Salesforce.VARIANTS.items()}


@pytest.mark.parametrize("variants", [USUAL, OTHERWISE], ids=["usual", "otherwise"])
def test_reads_by_rest_hold_the_truth(bench: Callable[..., Bench], variants: dict[str, str]) -> None:
    objects = ("Account", "Case", "Task", "OpportunityStage", "Quote")
    made = bench(crm=("salesforce", {name: {} for name in objects}), variants=variants)
    org = made.simulators["crm"]
    assert made.acme.sync().exit_code == 0
    org.mutate("merge", "Account", "0015g0000000003AAA", {"loser": "0015g0000000004AAA"})
    org.mutate("delete", "Case", "5005g0000000005AAA")
    org.advance(3600)
    org.fault("expired_token", after=2)
    report = made.acme.sync()
    assert report.exit_code == 0, report.all_failures
    assert_holds_the_truth(made, "crm", list(objects))


@pytest.mark.slow
def test_a_large_object_is_read_in_bulk_and_holds_the_truth(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = conftest.build

    def large(source: str, *, scale: int = 1, **more: Any) -> Any:
        return small(source, scale=51, **more)

    monkeypatch.setattr(conftest, "build", large)
    reads_in_bulk(bench(crm=("salesforce", {"Contact": {}})), 400 * 51)


def test_bulk_holds_the_truth_where_every_open_question_has_its_other_answer(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("salesforce", {"Contact": {}}), variants=OTHERWISE)
    defined_otherwise(made, "salesforce", sooner)
    reads_in_bulk(made, 400)


def reads_in_bulk(made: Bench, rows: int) -> None:
    report = made.acme.sync()
    assert report.exit_code == 0, report.all_failures
    results = [entry for entry in made.simulators["crm"].received() if entry["path"].endswith("/results")]
    assert [entry["rows"] for entry in results] == [rows]
    assert_holds_the_truth(made, "crm", ["Contact"])


def sooner(definition: dict[str, Any]) -> None:
    """In bulk from 400 rows on: answers do not hang on how many rows there are."""
    definition["templates"]["bulk"]["at_least"] = 400
