"""The kit says what works of every source of the catalog, and notices what does not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from backhaul.cli.app import app
from backhaul.config.catalog import catalog_root
from backhaul.conformance.kit import check
from backhaul.conformance.report import POINTS, Cell, spans
from docs.generate import conformance
from tests.conformance.mutants import mutants, red

SOURCES = conformance.names()
OBJECTS = 3
"""Few, for the time that it takes; `make conformance` takes six."""


def written(source: str) -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((catalog_root() / "sources" / source / "source.yaml").read_text("utf-8"))
    return made


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("source", SOURCES)
def test_every_point_of_every_source_holds_or_cannot_exist(source: str) -> None:
    report = check(written(source), objects=OBJECTS)
    assert [f"{cell.point}: {cell.why}" for cell in report.failed] == []
    assert [cell.point for cell in report.cells] == list(POINTS)
    assert all(cell.requests for cell in report.cells if cell.state == "works")
    assert all(cell.why for cell in report.cells if cell.state == "cannot")


def test_the_committed_table_has_every_source_of_the_catalog_and_every_point_and_nothing_red() -> None:
    page = conformance.PATH.read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.split("## Points")[0].splitlines() if line.startswith("| ")]
    titles = [str(written(source)["title"]) for source in SOURCES]
    assert sorted(row[0] for row in rows[1:]) == sorted(titles)
    assert rows[0][1:] == list(POINTS)
    assert not [row for row in rows[1:] if conformance.SIGNS["fails"] in row]


def test_the_committed_table_says_by_which_requests_a_point_was_proven_or_why_it_cannot_exist() -> None:
    for line in conformance.PATH.read_text("utf-8").splitlines():
        cells = [each.strip() for each in line.strip("|").split("|")]
        if len(cells) == 4 and cells[1] == conformance.SIGNS["works"]:
            assert re.fullmatch(r"[\d, -]+", cells[3]), line
        if len(cells) == 4 and cells[1] == conformance.SIGNS["cannot"]:
            assert cells[2], line


def test_a_mutant_is_the_same_for_the_same_seed() -> None:
    assert [str(each) for each in mutants("pipedrive", 10)] == [str(each) for each in mutants("pipedrive", 10)]


@pytest.mark.slow
def test_a_seeded_edit_of_a_definition_turns_a_point_red() -> None:
    """A small sample; `make mutants` tries ten of each source."""
    for mutant in mutants("hubspot", 2):
        assert red(mutant), f"{mutant} is noticed by nothing"


def test_a_cell_is_not_green_without_a_request() -> None:
    with pytest.raises(ValueError, match="no request proves it"):
        Cell("late", "works", "said so")


def test_numbers_of_requests_are_shown_as_spans() -> None:
    assert spans([4, 3, 9, 5]) == "3-5, 9"
    assert spans([]) == ""


def test_the_command_shows_the_points_that_it_was_asked_for() -> None:
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
