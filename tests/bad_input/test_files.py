"""Wrong files: every error with its place and the nearest name, before any vendor is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backhaul.errors import ConfigError
from backhaul.project import Project
from tests.bad_input.runs import connections, landed, run, the_failure
from tests.conftest import Bench


def test_malformed_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "acme.yaml").write_text("connections:\n\n  crm: {source: hubspot\n  erp: [\n")
    with Project(tmp_path) as project, pytest.raises(ConfigError) as told:
        project.customer("acme").run()
    assert told.value.exit_code == 2
    assert "acme.yaml:4" in str(told.value)
    assert "backhaul validate" in told.value.next_step


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "acme.yaml").write_text(
        "customer: acme\nconnections:\n  crm:\n    source: hubspott\n    schedul: hourly\n    budget: lots\n"
    )
    with Project(tmp_path) as project, pytest.raises(ConfigError) as told:
        project.customer("acme").run()
    text = str(told.value)
    assert "acme.yaml:5" in text
    assert "schedule" in text
    assert "acme.yaml:6" in text


def test_a_source_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "acme.yaml").write_text("customer: acme\nconnections: {crm: {source: hubspott}}\n")
    with Project(tmp_path) as project, pytest.raises(ConfigError) as told:
        project.customer("acme").run()
    assert "hubspot" in str(told.value).replace("hubspott", "")


@pytest.mark.parametrize(
    ("connection", "wrong", "right"),
    [("crm", "companys", "companies"), ("sf", "Acount", "Account"), ("erp", "custommer", "customer")],
)
def test_an_object_that_is_not_there_is_told_with_the_nearest(
    connection: str, wrong: str, right: str, bench: Callable[..., Bench]
) -> None:
    other = "erp" if connection != "erp" else "crm"
    asked = connections(connection, other)
    asked[connection] = (asked[connection][0], {wrong: {}, right: {}})
    made = bench(**asked)
    report = run(made)
    told = the_failure(report, connection, wrong)
    assert right in told.what
    assert report.exit_code == 2
    landed(made, other)
    landed(made, connection, right)


def test_a_field_that_is_not_there_is_told_with_the_nearest(bench: Callable[..., Bench]) -> None:
    asked = connections("crm", "erp")
    asked["crm"] = ("hubspot", {"companies": {"fields": ["name", "citty"]}, "contacts": {}})
    made = bench(**asked)
    report = run(made)
    told = the_failure(report, "crm", "companies")
    assert "citty" in told.what
    assert "city" in told.what.replace("citty", "")
    assert report.exit_code == 2
    landed(made, "erp")
    landed(made, "crm", "contacts")


def test_a_child_without_its_parent_is_told(bench: Callable[..., Bench]) -> None:
    made = bench(erp=("netsuite", {"invoice_lines": {}, "currency": {}}))
    report = run(made)
    told = the_failure(report, "erp", "invoice_lines")
    assert "invoice" in told.next_step
    landed(made, "erp", "currency")
