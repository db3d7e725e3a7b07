"""What tests of whole runs share: a project in an empty folder, and the simulators that its customers read."""

from __future__ import annotations

import faulthandler
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import settings

from backhaul.config.catalog import catalog_root
from backhaul.conformance.bench import unhurried
from backhaul.project import Customer, Project
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build
from backhaul.telemetry import redact
from backhaul.vault.master import new_master_key
from tests.little import Answer, Little
from tests.postgres import Server, server

AUTH = {
    "hubspot": "private_app",
    "salesforce": "client",
    "netsuite": "tba",
    "zendesk": "api_token",
    "pipedrive": "api_token",
    "quickbooks": "oauth",
    "dynamics365": "application",
    "slack": "bot_token",
    "xero": "oauth",
    "freshdesk": "api_key",
    "servicenow": "basic",
    "intercom": "access_token",
    "sage_intacct": "web_services",
}
NEEDED = {
    "hubspot": ("token",),
    "salesforce": ("client_id", "client_secret"),
    "netsuite": ("consumer_key", "consumer_secret", "token_id", "token_secret"),
    "zendesk": ("email", "token"),
    "pipedrive": ("token",),
    "dynamics365": ("client_id", "client_secret"),
    "slack": ("token",),
    "freshdesk": ("key",),
    "servicenow": ("user", "password"),
    "intercom": ("token",),
    "sage_intacct": ("sender_id", "sender_password", "company_id", "user_id", "user_password"),
}
# A test reads more often in a minute than the vendor allows.
LOOSE: dict[str, dict[str, Any]] = {
    "zendesk": {"limit_exports": 10_000},
    "slack": {"limits": False},
    "xero": {"limit_minute": 10_000},
    "freshdesk": {"limit_account": 100_000, "limit_ticket_list": 10_000, "limit_contact_list": 10_000},
    "intercom": {"limit_window": 10_000},
}
# Vendors whose answers do not tell of limits: ours must be told that there are none.
UNTOLD = ("slack",)
# Those that a person consents to: the app's credentials, which the pipeline has under `apps`.
CONSENTED = {"quickbooks": ("client_id", "client_secret"), "xero": ("client_id", "client_secret")}

_stderr = os.fdopen(os.dup(2), "w")
"""As it is before any test captures it."""


settings.register_profile("tests", deadline=None)  # a busy machine is no fault
settings.load_profile("tests")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two a processor: half of a test's time goes into waiting, for a vendor's limits and for other processes."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The slow ones first, and as many to each worker: none is left to run alone at the end."""
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    slow = sorted((each for each in items if each.get_closest_marker("slow")), key=_limit, reverse=True)
    quick = [each for each in items if not each.get_closest_marker("slow")]
    share = -(-len(quick) // workers)
    items[:] = [
        each
        for worker in range(workers)
        for each in (*slow[worker::workers], *quick[worker * share : (worker + 1) * share])
    ]


def _limit(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark is not None else 0.0


def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool:
    """A test that hangs in a library never comes to Python's signal handlers: all stacks are told, the process ends."""
    faulthandler.dump_traceback_later(settings.timeout, exit=True, file=_stderr)
    return True


def pytest_timeout_cancel_timer(item: pytest.Item) -> bool:
    faulthandler.cancel_dump_traceback_later()
    return True


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> None:
    """A word that was a password in one test is a word in the next."""
    redact._variants.clear()
    redact._registered = None


@dataclass
class Bench:
    """A project whose customer `acme` has one connection a simulator."""

    root: Path
    project: Project
    simulators: dict[str, Running] = field(default_factory=dict)

    @property
    def acme(self) -> Customer:
        return self.project.customer("acme")

    def raw(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """Rows of a raw table, straight from work.duckdb."""
        import duckdb

        with duckdb.connect(str(self.project.config.layout.work("acme")), read_only=True) as connection:
            return connection.execute(f'select {columns} from raw."{table}" order by _key').fetchall()


def secrets_of(simulator: Running, names: Sequence[str]) -> dict[str, str]:
    """The simulator's credentials, put into the environment: what a file says in their place."""
    source = simulator.vendor.source.upper()
    for name in names:
        os.environ[f"BENCH_{source}_{name.upper()}"] = str(simulator.vendor.credentials[name])
    return {name: f"${{BENCH_{source}_{name.upper()}}}" for name in names}


def consent(project: Project, connection: str) -> None:
    """Whoever opens a simulator's page of consent consents; the tokens go into the vault."""
    acme = project.customer("acme")
    begun = acme.begin_consent(connection)
    answer = httpx.get(begun.url, trust_env=False)
    acme.finish_consent(connection, begun, answer.headers["location"])


def without_rates(root: Path, source: str) -> None:
    """The project's own definition of a source: the catalog's, but that nobody counts requests."""
    own = root / "sources" / source / "source.yaml"
    own.parent.mkdir(parents=True, exist_ok=True)
    written = yaml.safe_load((catalog_root() / "sources" / source / "source.yaml").read_text(encoding="utf-8"))
    own.write_text(yaml.safe_dump(unhurried(written), sort_keys=False), encoding="utf-8")


def connection_to(simulator: Running, objects: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A pipeline's connection block for a simulator; its secrets go to the environment."""
    source = simulator.vendor.source
    block: dict[str, Any] = {
        "source": source,
        "auth": AUTH[source],
        "credentials": "vault" if source in CONSENTED else secrets_of(simulator, NEEDED[source]),
        "settings": dict(simulator.vendor.settings),
        "objects": objects,
    }
    if source != "salesforce":
        block["base_url"] = simulator.base_url
    return {**block, **more}


@pytest.fixture
def simulator() -> Iterator[Callable[..., Running]]:
    """Starts simulators that end with the test."""
    running: list[Running] = []

    def start(source: str, *, scale: int = 1, **more: Any) -> Running:
        running.append(serve(build(source, scale=scale, **more)))
        running[-1].configure(**LOOSE.get(source, {}))
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.fixture
def bench(tmp_path: Path, simulator: Callable[..., Running]) -> Iterator[Callable[..., Bench]]:
    """Makes the project: `bench(crm=("hubspot", {"companies": {}}))`."""
    opened: list[Project] = []

    def make(
        *,
        extra: dict[str, Any] | None = None,
        variants: dict[str, str] | None = None,
        scale: int = 1,
        filled: Path | None = None,
        **connections: Any,
    ) -> Bench:
        """filled: a project like this one whose files, but for its configuration, are copied."""
        root = tmp_path / "project"
        if filled is not None:
            shutil.copytree(filled, root, symlinks=True)
        (root / "pipelines").mkdir(parents=True, exist_ok=True)
        simulators: dict[str, Running] = {}
        blocks: dict[str, Any] = {}
        for name, (source, objects) in connections.items():
            if source in UNTOLD:
                without_rates(root, source)
            simulators[name] = simulator(source, variants=variants or {}, scale=scale)
            blocks[name] = connection_to(simulators[name], objects)
        apps = {
            each.vendor.source: secrets_of(each, CONSENTED[each.vendor.source])
            for each in simulators.values()
            if each.vendor.source in CONSENTED
        }
        document = {"customer": "acme", "connections": blocks, **({"apps": apps} if apps else {}), **(extra or {})}
        (root / "pipelines" / "acme.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        os.environ.setdefault("BACKHAUL_MASTER_KEY", new_master_key())
        project = Project(root)
        opened.append(project)
        for name, (source, _) in connections.items():
            if source in CONSENTED:
                consent(project, name)
        return Bench(root, project, simulators)

    yield make
    for project in opened:
        project.close()


@pytest.fixture(scope="session")
def first_runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Where the files of a project that ran once are kept, by what was asked for. It is empty where nobody did yet."""
    kept: dict[str, Path] = {}

    def place(asked: str) -> Path:
        if asked not in kept:
            kept[asked] = tmp_path_factory.mktemp("first-run") / "project"
        return kept[asked]

    return place


@pytest.fixture
def has_run(bench: Callable[..., Bench], first_runs: Callable[[str], Path]) -> Callable[..., Bench]:
    """As `bench`, once acme's first run is done: for tests of what comes after it.

    The first test that asks runs; the next get a copy of what it left, and simulators that are as fresh as its were.
    What they were asked by that run is not in their logs then.
    """

    def make(*, extra: dict[str, Any] | None = None, **asked: Any) -> Bench:
        # a push that nothing sets off has no part in a run
        triggered = {name: push for name, push in (extra or {}).get("push", {}).items() if push.get("trigger")}
        told = {name: each for name, each in {**(extra or {}), **asked, "push": triggered}.items() if each}
        kept = first_runs(json.dumps(told, sort_keys=True))
        if kept.exists():
            return bench(extra=extra, filled=kept, **asked)
        made = bench(extra=extra, **asked)
        report = made.acme.run()
        assert report.exit_code == 0, report.all_failures
        if not report.pushes:  # else the vendor is no longer as fresh
            made.project.close()
            shutil.copytree(made.root, kept, symlinks=True)
            made.project = Project(made.root)
        return made

    return make


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with server() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a control store may be made, in each of the databases that it may be in."""
    if request.param == "sqlite":
        return tmp_path / "control.sqlite"
    found: Server = request.getfixturevalue("postgres")
    return found.database()


@pytest.fixture(name="serve")
def serve_function() -> Iterator[Callable[[Answer], Little]]:
    """Serves a function as a vendor of the test's own; ends with the test."""
    running: list[Little] = []

    def start(answer: Answer, *, one_by_one: bool = True) -> Little:
        running.append(Little(answer, one_by_one=one_by_one))
        return running[-1]

    yield start
    for each in running:
        each.close()
