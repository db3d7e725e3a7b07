"""Fills an organization from the shared world, each table when it is first looked at."""

from __future__ import annotations

from collections.abc import Callable

from backhaul.sandbox.dynamics365.ground import Ground
from backhaul.sandbox.dynamics365.organization import Organization
from backhaul.sandbox.dynamics365.seed_service import Service
from backhaul.sandbox.dynamics365.seed_trade import Trade
from backhaul.sandbox.tables import Table
from backhaul.sandbox.world import World


def plant(organization: Organization, world: World) -> None:
    ground = Ground(organization, world)
    trade, service = Trade(ground, world), Service(ground, organization, world)
    for name in organization.definitions:
        fill: Callable[[Table], None] | None = getattr(trade, name, None) or getattr(service, name, None)
        organization.tables[name] = Table(name, fill)
    organization.me = ground.id("systemuser", len(world.sellers))
