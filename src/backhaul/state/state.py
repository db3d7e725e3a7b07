"""The control store, by what it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from backhaul.state.budgets import Buckets
from backhaul.state.connections import Connections
from backhaul.state.leases import Leases
from backhaul.state.proposals import Proposals
from backhaul.state.runs import Runs
from backhaul.state.schemas import Schemas
from backhaul.state.store import ControlStore
from backhaul.state.tokens import Tokens
from backhaul.state.usage import Usage


@dataclass
class State:
    """Each part is made when it is first asked for: `status` needs little of it."""

    store: ControlStore

    @cached_property
    def buckets(self) -> Buckets:
        return Buckets(self.store)

    @cached_property
    def connections(self) -> Connections:
        return Connections(self.store)

    @cached_property
    def leases(self) -> Leases:
        return Leases(self.store)

    @cached_property
    def proposals(self) -> Proposals:
        return Proposals(self.store)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.store)

    @cached_property
    def schemas(self) -> Schemas:
        return Schemas(self.store)

    @cached_property
    def usage(self) -> Usage:
        return Usage(self.store)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self.store)
