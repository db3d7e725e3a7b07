"""The command line as a test calls it, on a project whose customer reads simulators."""

from __future__ import annotations

import json
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
