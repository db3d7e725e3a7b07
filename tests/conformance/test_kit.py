"""The kit says what works of every source of the catalog, and notices what does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from backhaul.cli.app import app
from backhaul.config.catalog import catalog_root
from backhaul.conformance.kit import check
from backhaul.conformance.report import POINTS, Cell, spans
from tests.conformance.mutants import mutants

# Those of the catalog that the kit can prove whole: it does not yet go through a consent, nor read a version before it
# writes, as QuickBooks and Salesforce ask; Pipedrive and Zendesk have not been gone through point by point.
SOURCES = ("hubspot", "netsuite")


def written(source: str) -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((catalog_root() / "sources" / source / "source.yaml").read_text("utf-8"))
    return made


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("source", SOURCES)
def test_every_point_of_every_source_holds_or_cannot_exist(source: str) -> None:
    report = check(written(source), objects=3)
    assert [f"{cell.point}: {cell.why}" for cell in report.failed] == []
    assert [cell.point for cell in report.cells] == list(POINTS)
    assert all(cell.requests for cell in report.cells if cell.state == "works")
    assert all(cell.why for cell in report.cells if cell.state == "cannot")


def test_a_mutant_is_the_same_for_the_same_seed() -> None:
    assert [str(each) for each in mutants("hubspot", 10)] == [str(each) for each in mutants("hubspot", 10)]


def test_a_cell_is_not_green_without_a_request() -> None:
    with pytest.raises(ValueError, match="no request proves it"):
        Cell("late", "works", "said so")


def test_numbers_of_requests_are_shown_as_spans() -> None:
    assert spans([4, 3, 9, 5]) == "3-5, 9"
    assert spans([]) == ""


def test_a_point_that_does_not_hold_says_what_was_seen_and_ends_with_1() -> None:
    told = CliRunner().invoke(app, ["source", "check", "hubspot", "--point", "probe", "--json"])
    assert told.exception is None, told.output
    found = json.loads(told.stdout)
    cells = {each["point"]: each for each in found["cells"]}
    assert cells["probe"]["state"] == "works"
    assert cells["probe"]["requests"]


def test_a_wrong_account_of_the_probe_is_said() -> None:
    wrong = written("hubspot")
    wrong["probe"]["keep"]["id"] = "nothing"
    report = check(wrong, points=("probe",), until_red=True)
    assert report.cell("probe").state == "fails"
    assert "whose account" in report.cell("probe").why


def test_a_source_without_a_simulator_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no simulator"):
        check({**written("hubspot"), "source": "unheard_of"})
