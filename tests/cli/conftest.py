"""The command line as a test calls it, on a project whose customer reads simulators."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from backhaul.cli.app import app
from backhaul.sandbox.server import Running
from backhaul.telemetry import log
from tests.conftest import connection_to

SMALL = {"companies": {}, "owners": {}, "pipelines": {}, "pipeline_stages": {}}


@dataclass(frozen=True)
class Said:
    """What one call said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Call = Callable[..., Said]


@pytest.fixture
def backhaul(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Calls the command line in the test's project folder."""
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)

    def call(*arguments: str, **options: Any) -> Said:
        result = CliRunner().invoke(app, list(arguments), **options)
        assert "Traceback" not in result.output, result.output
        return Said(result.exit_code, result.stdout, result.stderr)

    yield call
    log.set_up()


@pytest.fixture
def root(backhaul: Call) -> Path:
    return Path.cwd()


@pytest.fixture
def customer(root: Path) -> Callable[..., Path]:
    """Writes a customer's pipeline: `customer("acme", crm=block)`."""

    def write(name: str, *, extra: dict[str, Any] | None = None, **connections: Any) -> Path:
        path = root / "pipelines" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        document = {"customer": name, "connections": connections, **(extra or {})}
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return path

    return write


@pytest.fixture
def hubspot(simulator: Callable[..., Running]) -> Running:
    return simulator("hubspot")


@pytest.fixture
def acme(hubspot: Running, customer: Callable[..., Path]) -> Running:
    """A customer with one small connection."""
    customer("acme", crm=connection_to(hubspot, SMALL, schedule="every 15m"))
    return hubspot


@pytest.fixture
def published(backhaul: Call, acme: Running, root: Path, first_runs: Callable[[str], Path]) -> Running:
    """Acme after its first run: a copy of one where a test before made it."""
    kept = first_runs("the command line's acme")
    if kept.exists():
        shutil.copytree(kept, root, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("pipelines"))
        return acme
    assert backhaul("run", "acme").code == 0
    shutil.copytree(root, kept, symlinks=True)
    return acme
