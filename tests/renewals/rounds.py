"""The rounds: in each the access token ends, all processes want one at once, and the vendor's count is looked at."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import yaml

from backhaul.config.catalog import catalog_root
from backhaul.project import Project
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build
from backhaul.vault.master import new_master_key
from backhaul.vault.tokens import Kept

PROCESSES = 8
_TOKEN = "/oauth/2026-03/token"


@dataclass
class Outcome:
    """What happened; `wrong` tells every round that was not as it must be."""

    rounds: int = 0
    kills: int = 0
    recovered: int = 0
    needs_reauth: int = 0
    wrong: list[str] = field(default_factory=list)


class Process:
    """A worker, started anew when it was killed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._start()

    def _start(self) -> None:
        command = [sys.executable, "-m", "tests.renewals.worker", str(self._root)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def said(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            assert self._process.wait() == -9
            self.close()
            self._start()
            return "killed"
        return line.strip()

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


@contextmanager
def _project(folder: Path, vendor: Running, grace: bool, control: str = "") -> Iterator[Project]:
    """The catalog's source, whose vendor rotates in this story, and is asked as often as it takes."""
    definition = yaml.safe_load((catalog_root() / "sources" / "hubspot" / "source.yaml").read_text())
    definition["auth"]["oauth"] |= {"rotates": True, **({"grace": "30m"} if grace else {})}
    definition["limits"] = []
    (folder / "sources" / "hubspot").mkdir(parents=True)
    (folder / "sources" / "hubspot" / "source.yaml").write_text(yaml.safe_dump(definition))
    (folder / "pipelines").mkdir()
    app = {"client_id": vendor.credentials["client_id"], "client_secret": "${APP_SECRET}"}
    crm = {"source": "hubspot", "auth": "oauth", "credentials": "vault", "base_url": vendor.base_url,
           "settings": dict(vendor.settings), "objects": {"owners": {}}}  # fmt: skip
    document = {"customer": "acme", "apps": {"hubspot": app}, "connections": {"crm": crm}}
    (folder / "pipelines" / "acme.yaml").write_text(yaml.safe_dump(document))
    environ = {"APP_SECRET": vendor.credentials["client_secret"], "BACKHAUL_MASTER_KEY": new_master_key()}
    if control:
        environ["BACKHAUL_CONTROL"] = control
    before = {name: os.environ.get(name) for name in environ}
    os.environ.update(environ)
    try:
        with Project(folder) as project:
            yield project
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def run(
    folder: Path, rounds: int, *, grace: bool, kill_every: int, say: Callable[[str], None], control: str = ""
) -> Outcome:
    """`rounds` rounds, a kill in every `kill_every`th. control: the control store's URL; empty: the project's file."""
    found = Outcome()
    with (
        serve(build("hubspot", variants={"refresh_token": "rotates"})) as vendor,
        _project(folder, vendor, grace, control) as project,
    ):
        vendor.configure(grace=1800.0 if grace else 0.0, limit_10s=1_000_000)
        _consent(project)
        processes = [Process(folder) for _ in range(PROCESSES)]
        try:
            for number in range(1, rounds + 1):
                kill = number % kill_every == 0
                _end_token(project, vendor, refused=number % 2 == 0)
                _round(found, number, vendor, project, processes, grace=grace, kill=kill)
                if number % 20 == 0:
                    say(f"{number} rounds, {found.kills} kills, {len(found.wrong)} wrong")
        finally:
            for each in processes:
                each.close()
    return found


def _consent(project: Project) -> None:
    acme = project.customer("acme")
    consent = acme.begin_consent("crm")
    acme.finish_consent("crm", consent, httpx.get(consent.url).headers["location"])


def _end_token(project: Project, vendor: Running, *, refused: bool) -> None:
    """The vendor forgets it, and will refuse it; or it is as old as it may get, and everyone can tell."""
    if refused:
        vendor.vendor.oauth.forget()  # type: ignore[attr-defined]
        return
    with project.customer("acme").context() as context:
        kept = Kept(context.vault, context.state.leases, context.state.connections, "acme", "crm")
        tokens = kept.read()
        assert tokens is not None
        kept.write(replace(tokens, given_at=tokens.given_at - 3600))


def _round(
    found: Outcome, number: int, vendor: Running, project: Project, processes: list[Process], *, grace: bool, kill: bool
) -> None:
    counts = vendor.vendor.oauth.consents.counts  # type: ignore[attr-defined]
    counts.clear()
    asked = _token_requests(vendor)
    if kill:
        (project.config.root / "armed").touch()
    for each in processes:
        each.go()
    said = sorted(each.said() for each in processes)
    sent = _token_requests(vendor) - asked
    found.rounds += 1
    ok = ["ok"] * PROCESSES
    expected: tuple[list[str], dict[str, int], int] = (ok, {"renewals": 1}, 1)
    if kill and grace:
        # one of those who are left sends the old token once more, and all have the one that it gets
        expected = (["killed", *ok[1:]], {"renewals": 1, "replays": 1}, 2)
    elif kill:
        expected = (["killed"] + ["reauth"] * (PROCESSES - 1), {"renewals": 1}, 1)
    if (said, dict(counts), sent) != expected:
        found.wrong.append(f"round {number}: {said}, {dict(counts)}, {sent} token requests; expected {expected}")
    if not kill:
        return
    found.kills += 1
    if grace:
        found.recovered += said.count("ok") > 0
        return
    found.needs_reauth += 1
    state = project.state.connections.get("acme", "crm")
    if state is None or state.status != "needs_reauth":
        found.wrong.append(f"round {number}: the connection is {state}, not needs_reauth")
    before = len(vendor.received())
    for each in processes:
        each.go()
    if {each.said() for each in processes} != {"reauth"} or len(vendor.received()) != before:
        found.wrong.append(f"round {number}: the vendor was asked again before anyone connected")
    _consent(project)


def _token_requests(vendor: Running) -> int:
    return sum(each["path"] == _TOKEN for each in vendor.received())


def described(found: Outcome, grace: bool) -> dict[str, Any]:
    """For the harness's last lines."""
    return {"grace": grace, **{name: getattr(found, name) for name in ("rounds", "kills", "recovered", "needs_reauth")}}
