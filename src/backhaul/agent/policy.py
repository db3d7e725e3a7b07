"""What one role of agents may see and propose: the customer's rules and the role's, put together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from backhaul.config.agent import EVERY, Agent, AgentRules
from backhaul.config.problems import closest
from backhaul.errors import ConfigError

FIXED = ("id", "source", "connection_id", "source_object", "is_deleted")
"""Without these no answer could say where its values come from; they are never hidden."""
BOOKKEEPING = ("customer_id", "synced_at", "sync_run_id")
"""Ours, of no use to agents: every answer says as_of instead."""


@dataclass(frozen=True, slots=True)
class Policy:
    """By entity. hide: None is the whole of it; `*` of hide and mask is every entity."""

    hide: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    mask: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """All of the conditions hold."""
    propose: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Nothing is kept back."""
        return not (self.hide or self.mask or self.rows)

    @property
    def fingerprint(self) -> str:
        """Of what decides which data is seen."""
        hide = {name: None if columns is None else sorted(columns) for name, columns in self.hide.items()}
        mask = {name: sorted(columns) for name, columns in self.mask.items()}
        content = [sorted(hide.items()), sorted(mask.items()), sorted(self.rows.items())]
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:12]

    def names(self, table: str) -> bool:
        """Whether any rule is about the table itself."""
        return table in self.hide or table in self.mask or table in self.rows

    def hidden(self, table: str) -> frozenset[str] | None:
        """Columns of a table that are not seen; None: all of it."""
        here, everywhere = self.hide.get(table, frozenset()), self.hide.get(EVERY, frozenset())
        return None if here is None or everywhere is None else here | everywhere

    def masked(self, table: str) -> frozenset[str]:
        return self.mask.get(table, frozenset()) | self.mask.get(EVERY, frozenset())


def policy_of(agent: Agent | None, role: str | None, customer: str) -> Policy:
    """Raises ConfigError where the pipeline has no such role."""
    if agent is None:
        agent = Agent()
    layers: list[AgentRules] = [agent]
    if role is not None:
        if role not in agent.roles:
            near = closest(role, agent.roles)
            there = ", ".join(agent.roles) or "none"
            raise ConfigError(
                f"there is no role {role} for agents; " + (f"did you mean {near}?" if near else f"there is {there}"),
                next_step=f"name one of `agent.roles` in pipelines/{customer}.yaml",
                customer=customer,
            )
        layers.append(agent.roles[role])
    return Policy(
        hide={name: _hidden(layers, name) for name in _named(layers, "hide")},
        mask={
            name: frozenset(column for each in layers for column in each.mask.get(name, ()))
            for name in _named(layers, "mask")
        },
        rows={name: tuple(each.rows[name] for each in layers if name in each.rows) for name in _named(layers, "rows")},
        propose={name: frozenset(columns) for name, columns in layers[-1].propose.items()},
    )


def _hidden(layers: Iterable[AgentRules], name: str) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for each in layers:
        columns = each.hide.get(name, [])
        if columns == "all":
            return None
        found |= frozenset(columns)
    return found


def _named(layers: Iterable[AgentRules], kind: str) -> list[str]:
    return sorted({name for each in layers for name in getattr(each, kind)})
