"""What every step of one customer's run shares."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec

from backhaul.config.destination import Destination
from backhaul.config.layout import Layout
from backhaul.config.pipeline import Pipeline
from backhaul.config.project import ProjectConfig
from backhaul.config.source import Source
from backhaul.errors import Reauthorise
from backhaul.extract.room import Room
from backhaul.http.patience import Patience
from backhaul.protocol.connection import Connection
from backhaul.protocol.opening import open_connection
from backhaul.state.budgets import Priority
from backhaul.state.state import State as State
from backhaul.state.usage import Meter
from backhaul.telemetry.progress import SILENT, Progress
from backhaul.vault.tokens import NAME as TOKENS
from backhaul.vault.tokens import Keeper, Kept
from backhaul.vault.vault import Vault, open_vault


@dataclass
class Context:
    """One run of one customer."""

    config: ProjectConfig
    state: State
    customer: str
    run_id: str
    progress: Progress = SILENT
    stop: threading.Event = field(default_factory=threading.Event)
    patience: Patience = field(default_factory=Patience)
    lease_wait: float = 30.0
    room: Room = field(default_factory=Room)
    """What its reads may hold in memory, all connections together."""

    @cached_property
    def pipeline(self) -> Pipeline:
        return self.config.pipeline(self.customer)

    @cached_property
    def destination(self) -> Destination:
        return self.config.destination(self.pipeline.destination)

    @property
    def layout(self) -> Layout:
        return self.config.layout

    @property
    def work(self) -> Path:
        return self.layout.work(self.customer)

    def source_of(self, connection: str) -> Source:
        return self.config.source(self.pipeline.connections[connection].source)

    @cached_property
    def vault(self) -> Vault:
        return open_vault(self.config.environ, self.state.store)

    def credentials(self, name: str) -> dict[str, str]:
        """A connection's secrets, of its app, of the environment or of the vault. Raises ConfigError, StorageError."""
        given = self.config.credentials(self.customer, name)
        if self.pipeline.connections[name].credentials != "vault":
            return given
        kept = self.vault.get(self.customer, name)
        if not kept:
            raise Reauthorise(f"{name} is not connected yet: the vault holds nothing of it", next_step=self._cure(name))
        kept.pop(TOKENS, None)
        return {**given, **kept}

    def tokens(self, name: str) -> Keeper | None:
        """Where the tokens of a person's consent are; None where no vault keeps anything of the connection."""
        if self.pipeline.connections[name].credentials != "vault":
            return None
        return Kept(self.vault, self.state.leases, self.state.connections, self.customer, name)

    def open(self, name: str, *, priority: Priority = "bulk") -> Connection:
        """Open a connection and prove it. What the probe tells is kept for `status`.

        A connection whose credentials were refused is not tried again before it has others. Raises Reauthorise (and
        keeps that), ConfigError, VendorDown.
        """
        credentials = self.credentials(name)
        self._not_refused_before(name, credentials)
        connection = self.opened(name, credentials, self.tokens(name), priority=priority)
        try:
            account = connection.probe()
        except Reauthorise as error:
            connection.close()
            raise self.refused(name, error) from error
        except BaseException:
            connection.close()
            raise
        self.state.connections.probed(self.customer, name, account["id"], account)
        return connection

    def opened(
        self, name: str, credentials: Mapping[str, str], tokens: Keeper | None, *, priority: Priority = "bulk",
        meter: Meter | None = None,
    ) -> Connection:  # fmt: skip
        """The connection with these credentials, not proven yet. meter: in place of the customer's own."""
        pipeline = self.pipeline
        config = pipeline.connections[name]
        return open_connection(
            customer=self.customer,
            name=name,
            source=self.source_of(name),
            config=config,
            credentials=credentials,
            app=pipeline.apps.get(config.source),
            tokens=tokens,
            run_id=self.run_id,
            buckets=self.state.buckets,
            meter=meter or self.state.usage.meter(self.customer, name),
            progress=self.progress,
            granted=known.granted if (known := self.state.connections.get(self.customer, name)) is not None else (),
            priority=priority,
            patience=self.patience,
            stop=self.stop,
        )

    def refused(self, name: str, error: Reauthorise) -> Reauthorise:
        """The vendor does not take a connection's credentials: keep that, and say what helps. Gives the error."""
        self.state.connections.needs_reauth(self.customer, name, error.what, self._digest(self.credentials(name)))
        error.next_step = self._cure(name)
        return error

    def _not_refused_before(self, name: str, credentials: Mapping[str, str]) -> None:
        known = self.state.connections.get(self.customer, name)
        if known is None or known.status != "needs_reauth":
            return
        in_vault = self.pipeline.connections[name].credentials == "vault"
        # others in the environment are worth a try; what is in the vault is proven when it is put there
        if in_vault or known.refused == self._digest(credentials):
            raise Reauthorise(
                f"{known.reason} (since {known.since:%Y-%m-%d %H:%M} UTC; not asked again)",
                next_step=self._cure(name),
                customer=self.customer,
                connection=name,
            )

    def _cure(self, name: str) -> str:
        command = f"`backhaul connect {self.customer} {name}`"
        given = self.pipeline.connections[name].credentials
        if given == "vault":
            return f"connect it: {command}"
        written = ", ".join(secret.written for secret in given.values() if secret.written)
        return f"put valid credentials into {written or 'the environment'} and run it again, or prove them: {command}"

    def _digest(self, credentials: Mapping[str, str]) -> str:
        """Tells credentials from others, for those who have the project's key, and nothing else of them."""
        spelt = msgspec.json.encode(sorted(credentials.items()))
        return hmac.new(self.hash_key, spelt, hashlib.sha256).hexdigest()

    @cached_property
    def hash_key(self) -> bytes:
        """The project's key for hashed private fields; made when first needed, readable by its owner alone."""
        path = self.layout.hidden / "hash.key"
        try:
            return path.read_bytes()
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.urandom(32))
            return path.read_bytes()
