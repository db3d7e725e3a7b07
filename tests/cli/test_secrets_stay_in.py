"""Secrets appear nowhere: not in output, errors, JSON, logs or any other file."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from backhaul.sandbox.server import Running
from tests.cli.conftest import Call
from tests.conftest import NEEDED, connection_to


def spellings(secret: str) -> list[bytes]:
    return [secret.encode(), base64.b64encode(secret.encode()).rstrip(b"=")]


def files_with(root: Path, secrets: list[str]) -> list[str]:
    wanted = [each for secret in secrets for each in spellings(secret)]
    found = []
    for path in root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [f"{path.name}: {each!r}" for each in wanted if each in content]
    return found


@pytest.mark.parametrize("source", ["hubspot", "salesforce", "netsuite"])
def test_neither_right_nor_wrong_credentials_are_ever_shown(
    backhaul: Call,
    root: Path,
    simulator: Callable[..., Running],
    customer: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    source: str,
) -> None:
    objects = {"hubspot": ["owners"], "salesforce": ["User"], "netsuite": ["employee"]}[source]
    running = simulator(source)
    block = connection_to(running, {name: {} for name in objects})
    if source == "salesforce":
        block["settings"] = {"login_url": running.base_url}
    customer("acme", crm=block)
    secrets = [str(running.credentials[name]) for name in NEEDED[source]]
    said = [backhaul("run", "acme", "--log-level", "debug")]
    assert said[0].code == 0, said[0].err
    wrong = []
    for name in NEEDED[source]:
        wrong.append(f"CANARY-{name}-0123456789")
        monkeypatch.setenv(f"BENCH_{source.upper()}_{name.upper()}", wrong[-1])
    commands = (
        ("run", "acme", "--log-level", "debug"),
        ("run", "acme", "--json"),
        ("discover", "acme", "crm", "--json"),
        ("validate", "acme", "--explain"),
        ("validate", "acme", "--explain", "--json"),
        ("status", "acme", "--json"),
        ("runs", "--json"),
        ("logs", "--level", "debug", "--limit", "1000", "--json"),
    )
    said += [backhaul(*each) for each in commands]
    assert said[1].code == 4
    shown = "".join(each.out + each.err for each in said).encode()
    for secret in [*secrets, *wrong]:
        for each in spellings(secret):
            assert each not in shown
    assert files_with(root, [*secrets, *wrong]) == []
