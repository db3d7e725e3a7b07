"""Credentials in HashiCorp Vault, engine KV version 2: a secret a connection, `<mount>/<path>/<customer>/<connection>`.

API: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from backhaul.errors import ConfigError, VendorDown
from backhaul.http.client import Behaviour, Transport, Who
from backhaul.http.refusals import Refused
from backhaul.http.request import Request
from backhaul.http.rules import ErrorRule
from backhaul.telemetry import redact

_RULES = (
    ErrorRule(when=lambda status, headers, body: status == 404, then="absent"),
    ErrorRule(when=lambda status, headers, body: 400 <= status < 500 and status != 429, then="reject"),
)


def opened(address: str, environ: Mapping[str, str]) -> HashicorpVault:
    """`hashicorp+https://vault.example.com:8200/secret/backhaul`; VAULT_TOKEN and VAULT_NAMESPACE as its own tools."""
    split = urlsplit(address.removeprefix("hashicorp+"))
    mount, _, path = split.path.strip("/").partition("/")
    token = environ.get("VAULT_TOKEN", "")
    if not mount:
        raise ConfigError(
            f"BACKHAUL_VAULT {address} names no mount",
            next_step="write hashicorp+https://host:8200/<mount>/<path below it>",
        )
    if not token:
        raise ConfigError(
            "HashiCorp Vault needs a token, and VAULT_TOKEN is not set",
            next_step="log in as your Vault is set up for this machine, and set VAULT_TOKEN",
        )
    return HashicorpVault(f"{split.scheme}://{split.netloc}", mount, path, token, environ.get("VAULT_NAMESPACE", ""))


class HashicorpVault:
    """Another's vault. A write goes through only onto the version that was read just before it."""

    writable = True

    def __init__(self, base_url: str, mount: str, path: str, token: str, namespace: str = "") -> None:
        redact.register(token)
        self._base = f"{base_url}/v1/{quote(mount)}"
        self._path = quote(path)
        self._headers = {"X-Vault-Token": token, "X-Vault-Request": "true"}
        if namespace:
            self._headers["X-Vault-Namespace"] = namespace
        self._transport = Transport(Who("HashiCorp Vault"), behaviour=Behaviour(rules=_RULES))

    def get(self, customer: str, connection: str) -> dict[str, str]:
        return self._read(customer, connection)[0]

    def put(self, customer: str, connection: str, values: Mapping[str, str]) -> None:
        _, version = self._read(customer, connection)
        body = {"options": {"cas": version}, "data": dict(values)}
        self._send("POST", "data", customer, connection, body)

    def drop(self, customer: str, connection: str) -> None:
        # the metadata goes, and every version with it
        self._send("DELETE", "metadata", customer, connection)

    def _read(self, customer: str, connection: str) -> tuple[dict[str, str], int]:
        """The values and their version; 0 where there is nothing, nor ever was."""
        try:
            answer = self._send("GET", "data", customer, connection)
        except Refused as refused:
            # a secret whose newest version was deleted answers 404, and still tells that version
            return {}, _version(msgspec.json.decode(refused.body or b"{}"))
        held = answer.get("data", {}).get("data")
        if not isinstance(held, dict):
            raise VendorDown(f"HashiCorp Vault does not answer as KV version 2 at {self._base}")
        return {str(name): str(value) for name, value in held.items()}, _version(answer)

    def _send(self, method: str, part: str, customer: str, connection: str, body: object = None) -> dict[str, Any]:
        place = "/".join(each for each in (self._path, quote(customer, safe=""), quote(connection, safe="")) if each)
        request = Request(
            method=method,
            url=f"{self._base}/{part}/{place}",
            headers={**self._headers, **({"Content-Type": "application/json"} if body is not None else {})},
            body=msgspec.json.encode(body) if body is not None else None,
            role="vault",
            repeatable=method != "POST",
            max_bytes=4 * 1024 * 1024,
            timeout=15.0,
        )
        try:
            response = self._transport.send(request)
        except Refused as refused:
            if refused.outcome == "absent" and method == "GET":
                raise
            raise ConfigError(
                f"HashiCorp Vault refuses to {'read' if method == 'GET' else 'write'} {part}/{place}: "
                f"{_said(refused.body)}",
                next_step="check VAULT_TOKEN and its policy, and the mount and path in BACKHAUL_VAULT",
                customer=customer,
                connection=connection,
            ) from refused
        answer = msgspec.json.decode(response.body) if response.body else {}
        return answer if isinstance(answer, dict) else {}


def _version(answer: Any) -> int:
    data = answer.get("data") if isinstance(answer, dict) else None
    metadata = data.get("metadata") if isinstance(data, dict) else None
    version = metadata.get("version") if isinstance(metadata, dict) else None
    return version if isinstance(version, int) else 0


def _said(body: bytes) -> str:
    try:
        errors = msgspec.json.decode(body).get("errors", [])
    except (msgspec.DecodeError, AttributeError):
        errors = []
    return redact.text("; ".join(str(each) for each in errors)) or "no reason given"
