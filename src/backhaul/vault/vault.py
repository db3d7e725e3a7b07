"""What a vault does, and which one a project has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol

from backhaul.errors import ConfigError
from backhaul.state.store import ControlStore

PLACE = "BACKHAUL_VAULT"
GROUP = "backhaul.vaults"
"""Entry points of this group add vaults: a scheme, and a function of (address, environment) that gives a Vault."""

_KNOWN = {
    "file": "backhaul.vault.folder:opened",
    "hashicorp+https": "backhaul.vault.hashicorp:opened",
    "hashicorp+http": "backhaul.vault.hashicorp:opened",
}


class Vault(Protocol):
    """Keeps each connection's credentials: texts by name. Threads share it."""

    writable: bool
    """False where others put credentials there, and `put` and `drop` are refused."""

    def get(self, customer: str, connection: str) -> dict[str, str]:
        """All of a connection; empty where there are none. Raises ConfigError, StorageError, VendorDown."""
        ...

    def put(self, customer: str, connection: str, values: Mapping[str, str]) -> None:
        """From now on these and no others; they are safe when it returns. Raises as `get`."""
        ...

    def drop(self, customer: str, connection: str) -> None:
        """Keep none. Raises as `get`."""
        ...


Opened = Callable[[str, Mapping[str, str]], Vault]


def open_vault(environ: Mapping[str, str], store: ControlStore) -> Vault:
    """The vault that BACKHAUL_VAULT tells; without it, the control store, sealed. Raises ConfigError."""
    address = environ.get(PLACE, "")
    if not address:
        from backhaul.vault.sealed import SealedVault

        return SealedVault(store, environ)
    scheme = address.partition(":")[0]
    if scheme in _KNOWN:
        module, _, name = _KNOWN[scheme].partition(":")
        opened: Opened = getattr(import_module(module), name)
        return opened(address, environ)
    for entry in entry_points(group=GROUP, name=scheme):
        found: Opened = entry.load()
        return found(address, environ)
    others = sorted({entry.name for entry in entry_points(group=GROUP)})
    raise ConfigError(
        f"{PLACE} names a vault of kind {scheme!r}; there are {', '.join([*_KNOWN, *others])}",
        next_step=f"correct {PLACE}, or leave it out: the control store keeps credentials, sealed",
    )
