"""Connections to simulators, and a place for the schemas that discovery finds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import AUTH, NEEDED

from backhaul.config.pipeline import Connection as ConnectionConfig
from backhaul.config.project import ProjectConfig
from backhaul.protocol.connection import Connection
from backhaul.protocol.opening import open_connection
from backhaul.sandbox.server import Running
from backhaul.state.schemas import Schemas
from backhaul.state.store import ControlStore


@pytest.fixture
def connect() -> Iterator[Callable[[Running], Connection]]:
    """Opens and proves a connection to a simulator."""
    opened: list[Connection] = []

    def open_one(simulator: Running) -> Connection:
        source = simulator.vendor.source
        connection = open_connection(
            customer="acme",
            name="crm",
            source=ProjectConfig.open(os.curdir).source(source),
            config=ConnectionConfig(
                source=source,
                auth=AUTH[source],
                settings=dict(simulator.settings),
                base_url=None if source == "salesforce" else simulator.base_url,
            ),
            credentials={name: str(simulator.credentials[name]) for name in NEEDED[source]},
            run_id="r1",
            buckets=None,
        )
        opened.append(connection)
        connection.probe()
        return connection

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def schemas(tmp_path: Path) -> Iterator[Schemas]:
    with ControlStore(tmp_path / "control.sqlite") as store:
        yield Schemas(store)
