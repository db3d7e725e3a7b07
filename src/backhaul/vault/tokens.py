"""The tokens that a person's consent gave: what they are, and where all processes of a project find the newest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from backhaul.errors import Busy, StorageError
from backhaul.state.connections import Connections
from backhaul.state.leases import Leases
from backhaul.telemetry import redact
from backhaul.vault.vault import Vault

NAME = "tokens"
"""Under what they stand in the vault, beside what the connection was given."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token and the refresh token that gets the next one; empty where the vendor gives none."""

    access: str = field(repr=False)
    given_at: float
    life: float | None
    """Seconds; None: it does not expire."""
    refresh: str = field(default="", repr=False)
    kind: str = "Bearer"
    scopes: tuple[str, ...] = ()
    """Those that the vendor says it granted."""
    facts: dict[str, str] = field(default_factory=dict)
    spending_since: float | None = None
    """The refresh token was about to be sent then, and what came of it is not known yet."""

    @property
    def header(self) -> str:
        return f"{self.kind} {self.access}"

    def registered(self) -> Tokens:
        """The same; from now on no text shows them."""
        redact.register(self.access, self.refresh)
        return self


class Keeper(Protocol):
    """Keeps one connection's tokens. Threads share it."""

    def read(self) -> Tokens | None: ...

    def write(self, tokens: Tokens) -> None:
        """They are safe when it returns."""
        ...

    @contextmanager
    def claim(self) -> Iterator[bool]:
        """Whether the block may renew them: no other process or host does meanwhile."""
        ...


class Held:
    """Tokens that only this process knows: of a consent that is not proven yet."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens.registered()

    def read(self) -> Tokens:
        return self.tokens

    def write(self, tokens: Tokens) -> None:
        self.tokens = tokens.registered()

    @contextmanager
    def claim(self) -> Iterator[bool]:
        yield True


class Kept:
    """Tokens in the vault. The claim is a lease: it ends with its process, or with its host after a silence."""

    def __init__(self, vault: Vault, leases: Leases, connections: Connections, customer: str, connection: str) -> None:
        self._vault = vault
        self._leases = leases
        self._connections = connections
        self._place = (customer, connection)

    def read(self) -> Tokens | None:
        text = self._vault.get(*self._place).get(NAME)
        if text is None:
            return None
        try:
            return msgspec.json.decode(text, type=Tokens).registered()
        except msgspec.DecodeError as error:
            customer, connection = self._place
            raise StorageError(
                f"the vault holds something else than the tokens of {customer} {connection}",
                next_step=f"connect it again: `backhaul connect {customer} {connection}`",
            ) from error

    def write(self, tokens: Tokens) -> None:
        values = {**self._vault.get(*self._place), NAME: spelt(tokens)}
        self._vault.put(*self._place, values)
        self._connections.given_tokens(*self._place, tokens.scopes, tokens.given_at)

    @contextmanager
    def claim(self) -> Iterator[bool]:
        try:
            lease = self._leases.lease(lease_name(*self._place))
        except Busy:
            yield False
            return
        with lease:
            yield True


def lease_name(customer: str, connection: str) -> str:
    """Under what changing a connection's tokens is leased: no customer's name holds a space."""
    return f"{customer} {connection}"


def spelt(tokens: Tokens) -> str:
    """As the vault keeps them."""
    return msgspec.json.encode(tokens.registered()).decode()
