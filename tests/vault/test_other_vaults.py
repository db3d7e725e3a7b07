"""Vaults of others: a folder of mounted secrets, HashiCorp Vault, and whatever is plugged in."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from backhaul.errors import ConfigError
from backhaul.state.store import ControlStore
from backhaul.vault import vault as vaults
from backhaul.vault.vault import Vault, open_vault

TOKEN = "hvs.canary-token-of-the-vault"


class Fake:
    """KV version 2 as its API documents it, and as unforgiving: token, namespace, methods, body, check-and-set."""

    def __init__(self) -> None:
        self.secrets: dict[str, list[dict[str, str] | None]] = {}
        self.requests: list[tuple[str, str]] = []
        self.trouble: list[int] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status: int, body: dict[str, Any] | None = None) -> None:
                payload = json.dumps(body).encode() if body is not None else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fake.requests.append((self.command, self.path))
                if fake.trouble:
                    status = fake.trouble.pop(0)
                    self.answer(status, {"errors": ["Vault is sealed"]})
                elif self.headers.get("X-Vault-Token") != TOKEN:
                    self.answer(403, {"errors": ["permission denied"]})
                else:
                    self.answer(*fake.serve(self.command, self.path, body))

            do_GET = do_POST = do_PUT = do_DELETE = do

            def log_message(self, *arguments: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def serve(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any] | None]:
        match path.removeprefix("/v1/").split("/", 2):
            case ["secret", "data", name]:
                versions = self.secrets.get(name, [])
                if method == "GET":
                    if not versions:
                        return 404, {"errors": []}
                    metadata = {"version": len(versions), "destroyed": False}
                    status = 200 if versions[-1] is not None else 404
                    return status, {"data": {"data": versions[-1], "metadata": metadata}}
                asked = json.loads(body)
                if set(asked) - {"data", "options"} or not isinstance(asked.get("data"), dict):
                    return 400, {"errors": ["no data provided"]}
                cas = asked.get("options", {}).get("cas")
                if cas is not None and cas != len(versions):
                    return 400, {"errors": ["check-and-set parameter did not match the current version"]}
                self.secrets.setdefault(name, []).append(asked["data"])
                return 200, {"data": {"version": len(versions) + 1}}
            case ["secret", "metadata", name] if method == "DELETE":
                self.secrets.pop(name, None)
                return 204, None
        return 404, {"errors": [f'no handler for route "{path}"']}


@pytest.fixture
def fake() -> Iterator[Fake]:
    fake = Fake()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ControlStore]:
    with ControlStore(tmp_path / "control.sqlite") as store:
        yield store


def hashicorp(fake: Fake, store: ControlStore, path: str = "secret/backhaul/prod", token: str = TOKEN) -> Vault:
    return open_vault({"BACKHAUL_VAULT": f"hashicorp+{fake.url}/{path}", "VAULT_TOKEN": token}, store)


def test_hashicorp_keeps_one_secret_a_connection(fake: Fake, store: ControlStore) -> None:
    vault = hashicorp(fake, store)
    assert vault.get("acme", "crm") == {}
    vault.put("acme", "crm", {"token": "a", "client_secret": "b"})
    vault.put("acme", "crm", {"token": "c"})
    assert vault.get("acme", "crm") == {"token": "c"}
    assert list(fake.secrets) == ["backhaul/prod/acme/crm"]
    vault.drop("acme", "crm")
    assert vault.get("acme", "crm") == {}
    assert fake.secrets == {}, "older versions are gone, too"


def test_hashicorp_writes_onto_a_secret_whose_newest_version_was_deleted(fake: Fake, store: ControlStore) -> None:
    vault = hashicorp(fake, store)
    fake.secrets["backhaul/prod/acme/crm"] = [{"token": "a"}, None]
    assert vault.get("acme", "crm") == {}
    vault.put("acme", "crm", {"token": "b"})
    assert vault.get("acme", "crm") == {"token": "b"}


def test_hashicorp_refuses_a_write_onto_what_another_wrote_meanwhile(fake: Fake, store: ControlStore) -> None:
    vault = hashicorp(fake, store)
    serve, others = fake.serve, [True]

    def meanwhile(method: str, path: str, body: bytes) -> tuple[int, dict[str, Any] | None]:
        if method == "POST" and others:
            others.pop()
            fake.secrets["backhaul/prod/acme/crm"] = [{"token": "of another"}]
        return serve(method, path, body)

    fake.serve = meanwhile  # type: ignore[method-assign]
    with pytest.raises(ConfigError, match="check-and-set"):
        vault.put("acme", "crm", {"token": "ours"})
    assert vault.get("acme", "crm") == {"token": "of another"}


def test_hashicorps_refusal_says_what_to_check_and_shows_no_token(fake: Fake, store: ControlStore) -> None:
    vault = hashicorp(fake, store, token="hvs.wrong-canary-token")
    with pytest.raises(ConfigError, match="permission denied") as caught:
        vault.get("acme", "crm")
    assert "policy" in caught.value.next_step
    assert "canary" not in str(caught.value)


def test_hashicorp_is_asked_again_while_it_is_sealed(fake: Fake, store: ControlStore) -> None:
    fake.secrets["backhaul/prod/acme/crm"] = [{"token": "a"}]
    fake.trouble = [503]
    assert hashicorp(fake, store).get("acme", "crm") == {"token": "a"}


def test_a_vault_that_is_half_told_is_refused(fake: Fake, store: ControlStore) -> None:
    with pytest.raises(ConfigError, match="names no mount"):
        hashicorp(fake, store, path="")
    with pytest.raises(ConfigError, match="VAULT_TOKEN is not set"):
        hashicorp(fake, store, token="")
    with pytest.raises(ConfigError, match="kind 'nothing'"):
        open_vault({"BACKHAUL_VAULT": "nothing:here"}, store)


def test_mounted_files_are_read_and_never_written(tmp_path: Path, store: ControlStore) -> None:
    folder = tmp_path / "secrets" / "acme" / "crm"
    folder.mkdir(parents=True)
    (folder / "token").write_text("from a file\n")
    (folder / "..data").write_text("of the mount itself")
    vault = open_vault({"BACKHAUL_VAULT": f"file:{tmp_path / 'secrets'}"}, store)
    assert vault.get("acme", "crm") == {"token": "from a file"}
    assert vault.get("acme", "erp") == {}
    with pytest.raises(ConfigError, match="only read"):
        vault.put("acme", "crm", {"token": "b"})
    with pytest.raises(ConfigError, match="no names"):
        vault.get("..", "crm")
    with pytest.raises(ConfigError, match="is no folder"):
        open_vault({"BACKHAUL_VAULT": "file:/nowhere/at/all"}, store)


class _Plugged:
    writable = False

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, customer: str, connection: str) -> dict[str, str]:
        return {"token": f"{customer} {connection} of {self.address}"}


def plugged(address: str, environ: dict[str, str]) -> _Plugged:
    return _Plugged(address)


def test_another_vault_is_plugged_in_by_an_entry_point(store: ControlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("cloud", f"{__name__}:plugged", vaults.GROUP)

    def found(*, group: str, name: str | None = None) -> list[EntryPoint]:
        return [entry] if group == vaults.GROUP and name in (None, "cloud") else []

    monkeypatch.setattr(vaults, "entry_points", found)
    vault = open_vault({"BACKHAUL_VAULT": "cloud://eu/backhaul"}, store)
    assert vault.get("acme", "crm") == {"token": "acme crm of cloud://eu/backhaul"}
