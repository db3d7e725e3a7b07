"""`backhaul notebook`: which there are, whose they are, and what is started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backhaul.cli.app import app


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "acme.yaml").write_text(
        "customer: acme\nconnections:\n"
        "  crm: {source: hubspot, auth: private_app, credentials: vault, objects: {deals: {}}}\n"
    )
    return tmp_path


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that took over."""
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: commands.append(command))
    return commands


def called(project: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(project), "notebook", *words])


def test_without_a_name_they_are_listed_with_what_they_show(project: Path) -> None:
    said = called(project)
    assert [line.split()[0] for line in said.stdout.splitlines()] == ["notebook", "explore", "health", "overdue"]
    assert "What a customer has" in said.stdout


def test_one_opens_as_an_app_on_the_project_and_the_customer(project: Path, started: list[list[str]]) -> None:
    assert called(project, "explore", "acme", "--port", "2719", "--no-browser").exit_code == 0
    (command,) = started
    assert command[:4] == [sys.executable, "-m", "marimo", "run"]
    assert command[-5:] == ["--", "--project", str(project), "--customer", "acme"]
    assert "--headless" in command
    assert not (project / "notebooks").exists()


def test_edit_makes_it_the_projects_own_once_and_from_then_on_that_one_is_opened(
    project: Path, started: list[list[str]]
) -> None:
    assert called(project, "health", "--edit").exit_code == 0
    own = project / "notebooks" / "health.py"
    own.write_text('"""Mine."""\n')
    assert called(project, "health", "--edit").exit_code == 0
    assert called(project, "health").exit_code == 0
    assert own.read_text() == '"""Mine."""\n'
    assert [(each[3], each[4]) for each in started] == [("edit", str(own)), ("edit", str(own)), ("run", str(own))]
    assert "Mine." in called(project).stdout


def test_a_notebook_that_is_not_there_is_an_error_with_the_closest_name(project: Path) -> None:
    said = called(project, "exploer")
    assert said.exit_code == 2
    assert "did you mean explore?" in said.stderr


def test_a_customer_that_is_not_there_is_an_error_before_anything_starts(
    project: Path, started: list[list[str]]
) -> None:
    said = called(project, "explore", "acne")
    assert (said.exit_code, started) == (2, [])
    assert "did you mean acme?" in said.stderr


def test_without_marimo_the_command_that_installs_it_is_told(
    project: Path, started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "marimo", None)
    said = called(project, "explore", "acme")
    assert (said.exit_code, started) == (2, [])
    assert "pip install 'backhaul[notebook]'" in said.stderr


def test_a_file_that_is_no_python_is_told_in_the_list(project: Path) -> None:
    (project / "notebooks").mkdir()
    (project / "notebooks" / "mine.py").write_text("def (")
    assert "cannot be read" in called(project).stdout
