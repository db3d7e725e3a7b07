"""What every step of one customer's run shares."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from backhaul.config.destination import Destination
from backhaul.config.layout import Layout
from backhaul.config.pipeline import Pipeline
from backhaul.config.project import ProjectConfig
from backhaul.config.source import Source
from backhaul.http.patience import Patience
from backhaul.protocol.connection import Connection
from backhaul.protocol.opening import open_connection
from backhaul.state.budgets import Priority
from backhaul.state.state import State as State
from backhaul.telemetry.progress import SILENT, Progress


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

    def open(self, name: str, *, priority: Priority = "bulk") -> Connection:
        """Open a connection and prove it. What the probe tells is kept for `status`.

        Raises Reauthorise (and keeps that), ConfigError, VendorDown.
        """
        from backhaul.errors import Reauthorise

        connection = open_connection(
            customer=self.customer,
            name=name,
            source=self.source_of(name),
            config=self.pipeline.connections[name],
            credentials=self.config.credentials(self.customer, name),
            run_id=self.run_id,
            buckets=self.state.buckets,
            meter=self.state.usage.meter(self.customer, name),
            progress=self.progress,
            priority=priority,
            patience=self.patience,
            stop=self.stop,
        )
        try:
            account = connection.probe()
        except Reauthorise as error:
            self.state.connections.needs_reauth(self.customer, name, error.what)
            connection.close()
            raise
        except BaseException:
            connection.close()
            raise
        self.state.connections.probed(self.customer, name, account["id"], account)
        return connection

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
