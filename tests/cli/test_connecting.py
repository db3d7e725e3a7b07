"""`connect`, `connections` and `vault`, as a person calls them."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from backhaul.cli.callback import listening
from backhaul.errors import ConfigError
from backhaul.sandbox.server import Running
from backhaul.vault.master import new_master_key
from tests.cli.conftest import SMALL, Call
from tests.conftest import connection_to

Consents = Callable[..., Running]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number: int = found.getsockname()[1]
    return number


@pytest.fixture
def consents(hubspot: Running, customer: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, port: int) -> Running:
    """A customer whose connection waits for a person's consent."""
    monkeypatch.setenv("BACKHAUL_MASTER_KEY", new_master_key())
    monkeypatch.setenv("APP_SECRET", hubspot.credentials["client_secret"])
    redirect = f"http://localhost:{port}/callback"
    hubspot.configure(redirect_uris=[redirect])
    app = {"client_id": hubspot.credentials["client_id"], "client_secret": "${APP_SECRET}", "redirect_uri": redirect}
    block = connection_to(hubspot, SMALL) | {"auth": "oauth", "credentials": "vault"}
    customer("acme", crm=block, extra={"apps": {"hubspot": app}})
    return hubspot


@pytest.fixture
def entered(hubspot: Running, customer: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Running:
    """A customer whose connection waits for a token."""
    monkeypatch.setenv("BACKHAUL_MASTER_KEY", new_master_key())
    customer("acme", crm=connection_to(hubspot, SMALL) | {"credentials": "vault"})
    return hubspot


def browsing(monkeypatch: pytest.MonkeyPatch, *before: str) -> list[httpx.Response]:
    """A browser that consents at once; `before` are addresses that it also asks the callback for."""
    pages: list[httpx.Response] = []

    def browse(url: str) -> bool:
        def go() -> None:
            callback = httpx.get(url).headers["location"]
            pages.extend(httpx.get(httpx.URL(callback).join(each)) for each in before)
            pages.append(httpx.get(callback))

        threading.Thread(target=go, daemon=True).start()
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    return pages


def test_a_browser_consents_and_comes_back_to_a_local_port(
    consents: Running, backhaul: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = browsing(monkeypatch, "/favicon.ico", "/callback?code=guess&state=guess", "/callback")
    said = backhaul("connect", "acme", "crm")
    assert said.code == 0, said.err
    assert "acme crm is connected: hubspot account 48291034" in said.out
    assert [page.status_code for page in pages] == [404, 404, 404, 200]
    assert backhaul("sync", "acme", "--json").code == 0


def test_a_headless_machine_prints_the_address_and_takes_the_one_it_ends_at(
    consents: Running, backhaul: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    import click

    def prompt(text: str, **options: Any) -> str:
        assert text == "Paste that whole address"
        assert options["hide_input"], "the address holds a code"
        return str(httpx.get(printed[-1]).headers["location"])

    printed: list[str] = []
    echo = click.echo
    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.setattr(click, "echo", lambda text="", **more: (printed.append(str(text).strip()), echo(text, **more))
                        if "/oauth/authorize" in str(text) else echo(text, **more))  # fmt: skip
    said = backhaul("connect", "acme", "crm", "--no-browser", "--json")
    assert said.code == 0, said.err
    assert said.json["account"]["id"] == "48291034"
    assert "code_challenge_method=S256" in printed[0]
    assert said.json["scopes_missing"] == []


def test_secrets_are_asked_for_without_showing_them_and_wrong_ones_are_not_kept(
    entered: Running, backhaul: Call
) -> None:
    wrong = backhaul("connect", "acme", "crm", input="a-wrong-token-0815\n")
    assert wrong.code == 4
    assert "does not accept the credentials" in wrong.err
    assert "0815" not in wrong.out + wrong.err
    assert backhaul("sync", "acme").code == 4
    right = backhaul("connect", "acme", "crm", input=f"{entered.credentials['token']}\n")
    assert right.code == 0, right.err
    assert entered.credentials["token"] not in right.out + right.err
    assert backhaul("sync", "acme").code == 0


def test_secrets_are_taken_from_the_environment(
    entered: Running, backhaul: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = backhaul("connect", "acme", "crm", "--from-env")
    assert (missing.code, "ACME_CRM_TOKEN" in missing.err) == (2, True)
    monkeypatch.setenv("ACME_CRM_TOKEN", entered.credentials["token"])
    assert backhaul("connect", "acme", "crm", "--from-env").code == 0
    monkeypatch.delenv("ACME_CRM_TOKEN")
    assert backhaul("sync", "acme").code == 0


def test_a_dead_connection_is_told_with_the_command_that_cures_it(
    consents: Running, backhaul: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    browsing(monkeypatch)
    assert backhaul("connect", "acme", "crm").code == 0
    consents.fault("revoked_token", count=1)
    ran = backhaul("run", "acme")
    assert ran.code == 4
    assert "backhaul connect acme crm" in ran.out
    for command in ("status", "connections"):
        shown = backhaul(command)
        assert "no access since" in shown.out
        assert "backhaul connect acme crm" in shown.out
    browsing(monkeypatch)
    assert backhaul("connect", "acme", "crm").code == 0
    assert "no access" not in backhaul("status").out
    assert backhaul("run", "acme").code == 0


def test_connections_tell_of_scopes_tokens_and_quota(
    consents: Running, backhaul: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    (new,) = backhaul("connections", "--json").json["connections"]
    assert (new["state"], new["token_at"], new["scopes_missing"]) == ("new", None, [])
    browsing(monkeypatch)
    backhaul("connect", "acme", "crm")
    backhaul("sync", "acme")
    (known,) = backhaul("connections", "acme", "--json").json["connections"]
    assert (known["state"], known["auth"], known["kept"], known["account"]) == ("ok", "oauth", "vault", "48291034")
    assert known["scopes_granted"] == known["scopes_needed"]
    assert known["token_at"]
    assert known["probed_at"]
    assert known["quota_left"] > 0
    shown = backhaul("connections")
    needed = len(known["scopes_needed"])
    assert f"{needed} of {needed}" in shown.out


def test_the_port_of_the_callback_may_be_taken(port: int) -> None:
    uri = f"http://localhost:{port}/callback"
    with listening(uri, "state"), pytest.raises(ConfigError, match="cannot be opened") as caught, listening(uri, "x"):
        pass
    assert "--no-browser" in caught.value.next_step


def test_a_master_key_is_made_and_rotated(entered: Running, backhaul: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    assert backhaul("connect", "acme", "crm", input=f"{entered.credentials['token']}\n").code == 0
    old = os.environ["BACKHAUL_MASTER_KEY"]
    name, _, new = backhaul("vault", "key").out.strip().partition("=")
    assert name == "BACKHAUL_MASTER_KEY"
    monkeypatch.setenv(name, f"{new},{old}")
    assert backhaul("vault", "rotate").out.strip() == "the credentials of 1 customer are sealed anew"
    monkeypatch.setenv(name, new)
    assert backhaul("sync", "acme").code == 0
    monkeypatch.setenv(name, old)
    lost = backhaul("sync", "acme")
    assert lost.code == 2
    assert "sealed with the master key" in lost.out + lost.err
    monkeypatch.delenv(name)
    none = backhaul("sync", "acme")
    assert none.code == 2
    assert "backhaul vault key" in none.out + none.err


def test_a_connection_that_is_not_there_is_told_with_the_nearest(entered: Running, backhaul: Call) -> None:
    said = backhaul("connect", "acme", "cmr")
    assert (said.code, "did you mean crm?" in said.err) == (2, True)
