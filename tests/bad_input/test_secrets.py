"""Whatever goes wrong, no secret is in a file, on the screen or in --json: canaries say so."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import yaml

from backhaul.errors import BackhaulError
from backhaul.vault.master import new_master_key
from tests.bad_input.runs import connections, reopened, run
from tests.conftest import NEEDED, Bench

COMMANDS = (
    ("sync", "acme", "--json"),
    ("--log-level", "debug", "run", "acme"),
    ("discover", "acme", "--json"),
    ("status", "--json"),
    ("runs", "--json"),
    ("logs", "acme"),
    ("rejects", "acme", "--json"),
    ("usage", "--json"),
    ("validate", "--json"),
    ("query", "acme", "select * from accounts limit 3", "--json"),
)


def spellings(secret: str) -> set[bytes]:
    """A secret as it might stand somewhere: plain, quoted for a URL, in base64."""
    return {secret.encode(), quote(secret, safe="").encode(), base64.b64encode(secret.encode()).rstrip(b"=")}


def files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file() and path.name != ".env")


def test_no_secret_is_ever_written_or_shown(
    bench: Callable[..., Bench], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench(**connections("crm", "erp", "sf"))
    names = [
        f"BENCH_{each.vendor.source.upper()}_{name.upper()}"
        for each in made.simulators.values()
        for name in NEEDED[each.vendor.source]
        if name != "client_id"
    ]
    secrets = {os.environ[name] for name in names}
    (made.root / ".env").write_text("".join(f"{name}={os.environ[name]}\n" for name in names))

    minted: set[str] = set()

    class Remembering(dict[str, Any]):
        """The vendor's sessions: what was minted is a secret, too."""

        def __setitem__(self, token: str, used: Any) -> None:
            minted.add(token)
            super().__setitem__(token, used)

    made.simulators["sf"].vendor._oauth._sessions = Remembering()

    assert run(made, whole=True).exit_code == 0
    for each in made.simulators.values():
        each.advance(3600)
        for kind in ("html", "truncated_json", "500", "429", "cut_body", "expired_token", "lost_answer"):
            each.fault(kind, count=1)
    run(made, whole=True)
    made.simulators["sf"].fault("revoked_token", count=1, path="query")
    made.simulators["crm"].configure(missing_scopes=["crm.objects.contacts.read"])
    made.simulators["erp"].fault("500", count=None)
    run(made, whole=True)

    wrong = {}
    for name in names:
        wrong[name] = f"canary-of-{name.lower().replace('_', '-')}-0123456789"
        monkeypatch.setenv(name, wrong[name])
    secrets |= set(wrong.values())
    reopened(made)
    report = run(made, whole=True)
    assert {each.connection for each in report.all_failures} == {"crm", "erp", "sf"}
    try:
        made.acme.refetch("crm", "companies", ["1"])
    except BackhaulError as error:
        print(error)
    made.project.close()

    said = [f"{each}" for each in report.all_failures]
    shown = 0
    for arguments in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "backhaul", "--project", str(made.root), *arguments],
            capture_output=True, text=True, env=dict(os.environ), timeout=120, check=False,
        )  # fmt: skip
        shown += done.returncode != 2
        said += [done.stdout, done.stderr]
    assert shown >= 7, said
    captured = capfd.readouterr()
    everything = "\n".join([*said, captured.out, captured.err]).encode()
    assert len(minted) >= 2
    secrets |= minted
    searched = 0
    for secret in secrets:
        for spelt in spellings(secret):
            assert spelt not in everything
    for path in files(made.root):
        content = path.read_bytes()
        searched += 1
        for secret in secrets:
            for spelt in spellings(secret):
                assert spelt not in content, path
    assert searched > 5
    kinds = {path.suffix for path in files(made.root)}
    assert {".sqlite", ".duckdb", ".yaml"} <= kinds, kinds


def test_no_token_of_a_consent_leaves_the_vault(
    bench: Callable[..., Bench], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Codes, verifiers, tokens, the app's secret and the master key: through consent, renewal, refusal, a crash."""
    made = bench(**connections("crm"))
    vendor: Any = made.simulators["crm"].vendor
    secret = vendor.credentials["client_secret"]
    key = new_master_key()
    monkeypatch.setenv("APP_SECRET", secret)
    monkeypatch.setenv("BACKHAUL_MASTER_KEY", key)
    path = made.root / "pipelines" / "acme.yaml"
    document = yaml.safe_load(path.read_text())
    document["apps"] = {"hubspot": {"client_id": vendor.credentials["client_id"], "client_secret": "${APP_SECRET}"}}
    document["connections"]["crm"] |= {"auth": "oauth", "credentials": "vault"}
    path.write_text(yaml.safe_dump(document))
    reopened(made)
    secrets = {secret, key}
    said: list[str] = []

    def consented(change: dict[str, str]) -> None:
        consent = made.acme.begin_consent("crm")
        came = httpx.URL(httpx.get(consent.url).headers["location"])
        secrets.update({came.params["code"], consent.verifier})
        said.append(repr(consent).replace(consent.url, ""))
        try:
            made.acme.finish_consent("crm", consent, str(came.copy_merge_params(change)))
        except BackhaulError as error:
            said.append(f"{error!r} {error}")

    consented({"state": "of-another"})
    consented({"code": "canary-code-of-nobody"})
    consented({"error": "access_denied", "error_description": f"no, {secret}"})
    consented({})
    assert run(made, whole=True).exit_code == 0
    for kind in ("expired_token", "html", "truncated_json", "500", "lost_answer", "revoked_token"):
        made.simulators["crm"].fault(kind, count=1)
        made.simulators["crm"].fault(kind, count=1, path="/oauth/2026-03/token")
        said += [str(each) for each in run(made, whole=True).all_failures]
    made.simulators["crm"].clear_faults()
    consented({})
    secrets |= set(vendor.oauth.minted)
    made.project.close()
    for arguments in (*COMMANDS, ("connections", "--json"), ("connections",), ("vault", "rotate", "--json"),
                      ("connect", "acme", "crm", "--no-browser")):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "backhaul", "--project", str(made.root), *arguments],
            capture_output=True, text=True, env=dict(os.environ), timeout=120, check=False, input="nonsense\n",
        )  # fmt: skip
        said += [done.stdout, done.stderr]
    captured = capfd.readouterr()
    everything = "\n".join([*said, captured.out, captured.err]).encode()
    assert len(secrets) > 10
    assert b"oauth/authorize" in everything
    content = {path: path.read_bytes() for path in files(made.root)}
    assert any(path.name == "control.sqlite" for path in content)
    for each in secrets:
        for spelt in spellings(each):
            assert spelt not in everything
            assert [path for path, held in content.items() if spelt in held] == []
