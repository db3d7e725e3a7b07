"""The project that is killed: customer acme in an empty folder, its sources as shipped but for size and patience."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from backhaul.config.catalog import catalog_root
from backhaul.config.layout import Layout
from backhaul.telemetry.crashpoints import VARIABLE
from tests import forks
from tests.conftest import AUTH, NEEDED
from tests.crash.changes import OBJECTS
from tests.crash.served import EAGER_ROWS, PAGE_ROWS, PARENTS, PART_ROWS
from tests.crash.simulator import Simulator

MOMENT, MID_BODY = "any_moment", "mid_body"
LONGEST = 150.0
WORKER = "from tests.crash.worker import main; main()"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a worker ended. told: what it said of its run; None when it was killed."""

    killed: bool
    told: dict[str, Any] | None
    seconds: float


class Patient:
    """The project of one customer, and its runs."""

    def __init__(
        self, root: Path, simulators: Mapping[str, Simulator], *, bulk: bool, pushes: Mapping[str, Any]
    ) -> None:
        self.root = root
        self.layout = Layout(root)
        self.simulators = simulators
        (root / "pipelines").mkdir(parents=True)
        connections = {name: self._connection(each) for name, each in simulators.items()}
        document = {"customer": "acme", "connections": connections, "push": dict(pushes)}
        (root / "pipelines" / "acme.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        for source in {each.source for each in simulators.values()}:
            folder = root / "sources" / source
            folder.mkdir(parents=True)
            (folder / "source.yaml").write_text(yaml.safe_dump(_small(source, bulk=bulk), sort_keys=False))

    def _connection(self, simulator: Simulator) -> dict[str, Any]:
        for each in NEEDED[simulator.source]:
            os.environ[_variable(simulator, each)] = str(simulator.credentials[each])
        block: dict[str, Any] = {
            "source": simulator.source,
            "auth": AUTH[simulator.source],
            "credentials": {each: f"${{{_variable(simulator, each)}}}" for each in NEEDED[simulator.source]},
            "settings": dict(simulator.settings),
            "objects": OBJECTS[simulator.source],
        }
        if simulator.source != "salesforce":
            block["base_url"] = simulator.base_url
        return block

    def run(
        self,
        point: str = "",
        passing: int = 1,
        *,
        check_deletes: bool = True,
        census: bool = False,
        push: str = "",
        after: float = 0.0,
    ) -> Ended:
        """Start a worker that is to die at a point, at its `passing`-th passing of it; `after` seconds for MOMENT."""
        asked = {
            "root": str(self.root), "part_rows": PART_ROWS, "eager_rows": EAGER_ROWS, "check_deletes": check_deletes,
            "census": census, "push": push,
        }  # fmt: skip
        environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
        if point and point not in (MOMENT, MID_BODY):
            environment[VARIABLE] = f"{point}:{passing}"
        stalling = list(self.simulators.values())[passing % len(self.simulators)]
        if point == MID_BODY:
            stalling.stall(passing)
        began = time.monotonic()
        try:
            with forks.Running(WORKER, json.dumps(asked), environment=environment) as worker:
                if point == MOMENT:
                    _wait(worker, lambda: time.monotonic() - began > after)
                elif point == MID_BODY:
                    _wait(worker, lambda: stalling.stalled)
                if point in (MOMENT, MID_BODY):
                    worker.kill()
                _wait(worker, lambda: False)
                if not worker.ended:
                    raise AssertionError(f"the worker goes on for more than {LONGEST:g} s")
                done = worker.wait()
        finally:
            if point == MID_BODY:
                stalling.stall(-1)
        seconds = time.monotonic() - began
        if done.returncode == -signal.SIGKILL:
            return Ended(True, None, seconds)
        if done.returncode != 0:
            raise AssertionError(f"the worker failed by itself:\n{done.stderr}")
        return Ended(False, json.loads(done.stdout.splitlines()[-1]), seconds)


def _variable(simulator: Simulator, name: str) -> str:
    return f"CRASH_{simulator.source}_{name}".upper()


def _wait(worker: forks.Running, until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST
    while not worker.ended and time.monotonic() < deadline and not until():
        time.sleep(0.01)


def _small(source: str, *, bulk: bool) -> dict[str, Any]:
    """The shipped definition, with small batches of parents and no limits, which would only make us wait."""
    text = (catalog_root() / "sources" / source / "source.yaml").read_text()
    definition: dict[str, Any] = yaml.safe_load(text)
    definition["limits"] = []
    templates = definition["templates"]
    for name in ("association", "lines"):
        if name in templates:
            templates[name]["reads"]["by_parent"]["batch"] = PARENTS
    if source == "netsuite":
        templates["page"]["size"] = PAGE_ROWS
    if "bulk" in templates:
        templates["bulk"]["at_least"] = 30 if bulk else 1 << 40
        templates["bulk"]["job"]["poll"]["every"] = "100ms"
        templates["bulk"]["job"]["results"]["size"] = PAGE_ROWS
    return definition
