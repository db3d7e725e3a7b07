"""What access each connection has, from what is written down: no vendor is asked, no secret is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from backhaul.config.auth import AuthOAuth2
from backhaul.config.pipeline import Pipeline
from backhaul.config.project import ProjectConfig
from backhaul.errors import ConfigError
from backhaul.fleet.status import status
from backhaul.state.state import State


@dataclass(frozen=True, slots=True)
class Access:
    """One connection's. `kept`: where its credentials are."""

    customer: str
    connection: str
    source: str
    state: Literal["new", "ok", "needs_reauth", "broken"]
    since: datetime | None = None
    reason: str = ""
    auth: str = ""
    kept: Literal["", "environment", "vault"] = ""
    account: str = ""
    scopes_needed: tuple[str, ...] = ()
    scopes_granted: tuple[str, ...] = ()
    scopes_missing: tuple[str, ...] = ()
    """Needed, and not among those granted; none where the vendor was not asked yet."""
    token_at: datetime | None = None
    """When the access token was given, of a connection by consent."""
    probed_at: datetime | None = None
    quota_left: int | None = None
    """Calls of today's quota that are left to us; None where the vendor has none."""


def accesses(config: ProjectConfig, state: State, customers: Sequence[str] = ()) -> list[Access]:
    """Of these customers, or of all. Raises ConfigError for a customer that there is not."""
    found: list[Access] = []
    pipelines: dict[str, Pipeline | None] = {}
    for each in status(config, state, customers):
        if each.customer not in pipelines:
            pipelines[each.customer] = _pipeline(config, each.customer)
        pipeline = pipelines[each.customer]
        known = state.connections.get(each.customer, each.connection)
        auth, kept, needed = _way(config, pipeline, each.connection)
        granted = known.granted if known is not None else ()
        connected = known is not None and known.token_at is not None
        found.append(
            Access(
                customer=each.customer,
                connection=each.connection,
                source=each.source,
                state=each.state,
                since=each.since,
                reason=each.reason,
                auth=auth,
                kept=kept,
                account=each.account,
                scopes_needed=needed,
                scopes_granted=granted,
                scopes_missing=tuple(scope for scope in needed if scope not in granted) if connected else (),
                token_at=known.token_at if known is not None else None,
                probed_at=known.probed_at if known is not None else None,
                quota_left=each.budget_left,
            )
        )
    return found


def _pipeline(config: ProjectConfig, customer: str) -> Pipeline | None:
    """None where a file is wrong: `status` has told that, or `validate` will."""
    try:
        return config.pipeline(customer)
    except ConfigError:
        return None


def _way(
    config: ProjectConfig, pipeline: Pipeline | None, connection: str
) -> tuple[str, Literal["", "environment", "vault"], tuple[str, ...]]:
    """The way in, where its credentials are kept, and the scopes that are asked for."""
    given = pipeline.connections.get(connection) if pipeline is not None else None
    if given is None or pipeline is None:
        return "", "", ()
    source = config.source(given.source)
    auth = source.way_in(given.auth)
    if auth is None:
        return "", "", ()
    definition = source.auth[auth]
    app = pipeline.apps.get(given.source)
    scopes: Sequence[str] = ()
    if isinstance(definition, AuthOAuth2) and definition.grant == "authorization_code":
        scopes = app.scopes if app is not None and app.scopes is not None else definition.scopes
    return auth, "vault" if given.credentials == "vault" else "environment", tuple(scopes)
