"""Help is quick and complete."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from backhaul.cli.app import SUMMARIES, app
from tests.cli.conftest import Call

HEAVY = {"duckdb", "dlt", "pyarrow", "pydantic", "rich", "httpx", "sqlglot", "yaml", "sqlite3", "msgspec", "starlette"}


def modules_after(*arguments: str) -> set[str]:
    """The modules that a fresh process has imported when the command has ended."""
    program = (
        "import sys, json\n"
        "from backhaul.cli.app import app\n"
        "try:\n    app(sys.argv[1:])\n"
        "except SystemExit:\n    sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_imports_nothing_heavy() -> None:
    assert not modules_after("--help") & HEAVY


def test_status_opens_no_database_of_data_and_needs_no_models(acme: object) -> None:
    found = modules_after("status")
    assert not found & {"duckdb", "dlt", "pyarrow", "httpx", "sqlglot", "starlette", "backhaul.config.source"}
    assert "backhaul.fleet.status" in found


@pytest.mark.parametrize("name", SUMMARIES)
def test_each_command_begins_with_its_summary(name: str) -> None:
    command = app.get_command(click.Context(app), name)
    assert command is not None
    assert (command.help or "").splitlines()[0] == SUMMARIES[name]


@pytest.mark.parametrize("name", SUMMARIES)
def test_each_command_speaks_json(name: str) -> None:
    command = app.get_command(click.Context(app), name)
    commands = list(command.commands.values()) if isinstance(command, click.Group) else [command]
    for each in commands:
        assert each is not None
        assert any("--json" in param.opts for param in each.params), each.name


def test_a_mistyped_command_gets_the_nearest_one(backhaul: Call) -> None:
    said = backhaul("snyc")
    assert said.code == 2
    assert "Did you mean sync?" in said.err


def test_the_options_of_the_group_stand_behind_the_command_too(
    backhaul: Call, acme: object, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert backhaul("status").code == 2
    assert backhaul("-C", str(root), "status").code == 0
    assert backhaul("status", "-C", str(root)).code == 0


def test_a_project_is_found_from_a_folder_within(
    backhaul: Call, acme: object, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "pipelines")
    assert "acme crm" in backhaul("status").out


def test_the_version_is_told(backhaul: Call) -> None:
    assert backhaul("--version").out.startswith("backhaul ")
