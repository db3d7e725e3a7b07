"""A project of several customers, and a fleet over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from backhaul.config.project import ProjectConfig
from backhaul.fleet.runs import Fleet
from backhaul.sandbox.server import Running
from backhaul.state.state import State
from backhaul.state.store import ControlStore
from tests.conftest import connection_to

Write = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "pipelines").mkdir(parents=True)
    return root


@pytest.fixture
def write(root: Path) -> Write:
    """Writes a customer's pipeline: a text as it is, or `write("acme", crm=block)`."""

    def _write(name: str, text: str | None = None, *, extra: dict[str, Any] | None = None, **connections: Any) -> Path:
        path = root / "pipelines" / f"{name}.yaml"
        document = {"customer": name, "connections": connections, **(extra or {})}
        path.write_text(yaml.safe_dump(document, sort_keys=False) if text is None else text)
        return path

    return _write


@pytest.fixture
def hubspot(simulator: Callable[..., Running]) -> Running:
    return simulator("hubspot")


@pytest.fixture
def block(hubspot: Running) -> dict[str, Any]:
    """One small connection, on a schedule."""
    return connection_to(hubspot, {"owners": {}}, schedule="every 1h")


@pytest.fixture
def fleet(root: Path, block: dict[str, Any]) -> Iterator[Fleet]:
    # after the block, whose secrets it finds in the environment
    config = ProjectConfig.open(root)
    with ControlStore(config.layout.control) as store:
        yield Fleet(config, State(store), lease_wait=0.0)
