"""The first steps: init, schema, validate."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from backhaul.sandbox.server import Running
from tests.cli.conftest import Call

TOKEN = "EXAMPLE_HUBSPOT_TOKEN"
URL = "EXAMPLE_HUBSPOT_URL"


def test_init_makes_a_project_that_is_valid_once_its_secret_is_there(
    backhaul: Call, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backhaul("init").code == 0
    said = backhaul("validate")
    assert said.code == 2
    assert f"the environment variable {TOKEN} is not set" in said.out
    assert f"{TOKEN}=\n" in (root / ".env.example").read_text()
    monkeypatch.setenv(TOKEN, "pat-1")
    assert backhaul("validate").code == 0


def test_a_copied_env_file_without_its_secret_is_told_as_empty(backhaul: Call, root: Path) -> None:
    backhaul("init")
    (root / ".env").write_text((root / ".env.example").read_text())
    said = backhaul("validate")
    assert said.code == 2
    assert f"the environment variable {TOKEN} is empty\n" in said.out
    assert "did you mean" not in said.out


def test_every_command_that_init_names_works_with_a_simulators_address_and_token(
    backhaul: Call, root: Path, hubspot: Running
) -> None:
    said = backhaul("init")
    steps = [shlex.split(line) for line in said.out.splitlines() if line.startswith("  backhaul ")]
    commands = [step[1:] for step in steps if step[1] != "sandbox"]
    assert [command[0] for command in commands] == ["validate", "discover", "run", "query"]
    text = (root / ".env.example").read_text()
    text = text.replace(f"# {URL}=https://api.hubapi.com", f"{URL}={hubspot.base_url}")
    text = text.replace(f"{TOKEN}=", f"{TOKEN}={hubspot.vendor.credentials['token']}")
    (root / ".env").write_text(text)
    for command in commands:
        # what stands behind a command says why it is the next
        words = command[: {"validate": 1, "query": 3}.get(command[0], 2)]
        assert backhaul(*words).code == 0, words


def test_what_stands_commented_in_the_example_is_valid_too(
    backhaul: Call, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backhaul("init")
    monkeypatch.setenv(TOKEN, "pat-1")
    monkeypatch.setenv("EXAMPLE_FAILURE_WEBHOOK", "https://example.com/hook")
    path = root / "pipelines" / "example.yaml"
    lines = [re.sub(r"^# (?=[a-z_]+:|  )", "", line) for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    said = backhaul("validate", "--explain")
    assert said.code == 0, said.out
    assert "push.scores.select" in said.out
    assert "mappings.accounts.crm.tier.from" in said.out


def test_init_into_a_named_folder_says_what_it_wrote(backhaul: Call, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "new"
    said = backhaul("init", str(folder), "--json")
    assert said.code == 0
    for name in said.json["written"]:
        assert (folder / name).is_file()
    ignored = (folder / ".gitignore").read_text().splitlines()
    assert {".backhaul/", "published/", ".env"} <= set(ignored)


def test_init_leaves_what_is_there(backhaul: Call, root: Path) -> None:
    (root / "pipelines").mkdir()
    (root / "pipelines" / "example.yaml").write_text("mine: 1\n")
    said = backhaul("init", "--json")
    assert said.json["kept"] == ["pipelines/example.yaml"]
    assert (root / "pipelines" / "example.yaml").read_text() == "mine: 1\n"


def test_the_editors_hint_of_the_example_leads_to_a_schema(backhaul: Call, root: Path) -> None:
    backhaul("init")
    for path in (root / "pipelines").glob("*.yaml"):
        hint = path.read_text().splitlines()[0].partition("$schema=")[2]
        assert json.loads((path.parent / hint).read_text())["title"] == "backhaul pipeline"


def test_init_where_no_folder_can_be_is_told(backhaul: Call, root: Path) -> None:
    (root / "file").write_text("")
    said = backhaul("init", "file/below")
    assert said.code == 2
    assert "cannot become a project" in said.err


@pytest.mark.parametrize("kind", ["source", "pipeline", "destination"])
def test_schemas_are_printed(backhaul: Call, kind: str) -> None:
    assert json.loads(backhaul("schema", kind).out)["title"] == f"backhaul {kind}"


def test_validate_tells_every_problem_with_its_place(backhaul: Call, customer: Callable[..., Path], root: Path) -> None:
    customer("acme", crm={"source": "hubspott", "objets": {}})
    customer("globex", crm={"source": "salesforce", "schedule": "now and then"})
    said = backhaul("validate", "--json")
    assert said.code == 2
    found = {(each["file"], each["path"]) for each in said.json["problems"]}
    assert ("pipelines/acme.yaml", "connections.crm.objets") in found
    assert ("pipelines/globex.yaml", "connections.crm.schedule") in found
    assert all(each["line"] for each in said.json["problems"])


def test_explain_tells_where_each_value_comes_from(backhaul: Call, acme: object) -> None:
    said = backhaul("validate", "acme", "--explain", "--json")
    assert said.code == 0
    values = {each["path"]: each for each in said.json["values"]["acme"]}
    assert values["connections.crm.source"]["value"] == "hubspot"
    assert values["connections.crm.source"]["from"].startswith("pipelines/acme.yaml:")
    assert values["connections.crm.credentials.token"]["value"].startswith("${")
    assert values["connections.crm.budget"]["from"] is None
    assert "connections.crm.source" in backhaul("validate", "acme", "--explain").out
