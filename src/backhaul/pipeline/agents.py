"""Agents: what each role of a customer reads, brought up to the published version, and the readers over it."""

from __future__ import annotations

from importlib.util import find_spec

from backhaul.agent.catalogue import Column, Entity
from backhaul.agent.policy import Policy, policy_of
from backhaul.agent.reader import Reader
from backhaul.agent.view import Opened, Snapshot, bring_up
from backhaul.config.layout import Layout
from backhaul.errors import ConfigError
from backhaul.pipeline.context import Context
from backhaul.pipeline.transforming import models_of
from backhaul.publish.query import current_snapshot
from backhaul.telemetry.log import Logger
from backhaul.transform.contracts import COMMON, CURRENCY
from backhaul.transform.mappings import customer_columns
from backhaul.transform.marts import own_money

_INSTALL = "pip install 'backhaul[agent]'"


def serve_agents(context: Context) -> str:
    """After a publish: the views of all roles, so that no agent waits for one. Gives the words for the stage's note.

    Raises ConfigError for rules that name what is not there, StorageError.
    """
    agent = context.pipeline.agent
    if not is_installed():
        Logger("pipeline").warning("agents_not_served", next=_INSTALL)
        return f"; agents are not served: {_INSTALL}"
    entities = entities_of(context)
    for role in (None, *(agent.roles if agent is not None else ())):
        _open(context, policy_of(agent, role, context.customer), role, entities)
    return ""


def reader_for(context: Context, role: str | None = None) -> Reader:
    """Answers for agents of this role. Raises ConfigError where nothing is published, or there is no such role."""
    need_extra()
    policy = policy_of(context.pipeline.agent, role, context.customer)
    entities = entities_of(context)
    current = _Current(context, policy, role, entities)
    current()
    models = models_of(context)
    money = own_money(models.marts, customer_columns(models.contracts, context.pipeline.mappings))
    return Reader(context.customer, current, entities, policy, money=money)


def is_installed() -> bool:
    return all(find_spec(name) is not None for name in ("mcp", "tantivy"))


def need_extra() -> None:
    """Raises ConfigError where the packages that agents need are not installed."""
    if not is_installed():
        raise ConfigError("serving agents needs packages that are not installed", next_step=_INSTALL)


def entities_of(context: Context) -> dict[str, Entity]:
    """Every contract as agents are told of it."""
    found: dict[str, Entity] = {}
    for name, contract in models_of(context).contracts.items():
        columns = {**COMMON, **contract.columns}
        if contract.holds_money:
            columns.setdefault("currency", CURRENCY)
        told = {n: Column(c.type, c.description, c.references, c.enum) for n, c in columns.items()}
        found[name] = Entity(contract.description, told)
    return found


class _Current:
    """The view of the version that is current now; what is current is looked up each time, at the cost of a link."""

    def __init__(self, context: Context, policy: Policy, role: str | None, entities: dict[str, Entity]) -> None:
        self._context = context
        self._policy = policy
        self._role = role
        self._entities = entities
        self._seen: tuple[str, Opened] | None = None

    def __call__(self) -> Opened:
        pointer = _pointer(self._context.layout, self._context.customer)
        if self._seen is None or self._seen[0] != pointer:
            opened = _open(self._context, self._policy, self._role, self._entities)
            self._seen = (pointer, opened)
        return self._seen[1]


def _pointer(layout: Layout, customer: str) -> str:
    """Changes when a publish is done, or a version's freshness was noted anew."""
    current = layout.versions(customer) / "current.json"
    try:
        return f"{current.readlink()} {current.stat().st_mtime_ns}"
    except OSError:
        return ""


def _open(context: Context, policy: Policy, role: str | None, entities: dict[str, Entity]) -> Opened:
    manifest = current_snapshot(context.layout, context.customer)
    snapshot = Snapshot(
        customer=context.customer,
        path=context.layout.versions(context.customer) / manifest.entities,
        version=manifest.version,
        published_at=manifest.published_at,
        as_of=manifest.as_of,
        lineage=manifest.work_id,
    )
    return bring_up(snapshot, context.layout.agent(context.customer, role), policy, entities)
