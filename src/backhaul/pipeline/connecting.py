"""Connecting: credentials are proven at the vendor, found to be of the same account as before, and only then kept.

A connection keeps its name, watermarks, mappings and history, whatever credentials it has: nothing is read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from backhaul.auth import consent as consents
from backhaul.auth.consent import Consent
from backhaul.auth.specs import OAuth2Spec
from backhaul.config import paths
from backhaul.config.auth import AuthOAuth2, needs
from backhaul.config.problems import closest
from backhaul.errors import BackhaulError, Bug, ConfigError, Reauthorise
from backhaul.pipeline.context import Context
from backhaul.protocol.conditions import holds
from backhaul.protocol.connection import Connection
from backhaul.protocol.opening import spec_of, token_transport
from backhaul.telemetry import redact
from backhaul.vault.tokens import NAME as TOKENS
from backhaul.vault.tokens import Held, Tokens, lease_name, spelt

_PATIENCE = 60.0  # seconds for a renewal that is going on


@dataclass(frozen=True, slots=True)
class Way:
    """How a connection is connected.

    consent: a person consents at the vendor. asked: secrets are entered, `names`. given: they stand in the
    environment, or in a vault that others fill; there is nothing to enter, only to prove.
    """

    kind: Literal["consent", "asked", "given"]
    auth: str
    names: tuple[str, ...] = ()
    redirect_uri: str = ""


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection that was proven."""

    customer: str
    connection: str
    source: str
    account: Mapping[str, str]
    """What the probe tells: the account's id, its time zone."""
    granted: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Scopes that are needed and were not granted."""
    before: str = ""
    """The account that it was connected to before, where that was another one."""


def way_of(context: Context, name: str) -> Way:
    """How the connection is connected. Raises ConfigError for one that is not there, or whose files are wrong."""
    connections = context.pipeline.connections
    if name not in connections:
        near = closest(name, connections)
        hint = f"did you mean {near}?" if near else f"there are {', '.join(connections)}"
        raise ConfigError(
            f"{context.customer} has no connection {name}; {hint}",
            next_step="name one of them",
            customer=context.customer,
        )
    source = context.source_of(name)
    config = connections[name]
    auth = source.way_in(config.auth)
    if auth is None:
        raise ConfigError(
            f"the connection must say which way in it uses: {', '.join(source.auth)}",
            next_step="add `auth:` to the connection",
            customer=context.customer,
            connection=name,
        )
    # of the app, whose secrets must be at hand whatever the way
    given = context.config.credentials(context.customer, name)
    definition = source.auth[auth]
    if isinstance(definition, AuthOAuth2) and definition.grant == "authorization_code":
        if not context.vault.writable:
            raise ConfigError(
                f"{name} is connected by consent, whose tokens must be kept, and the vault is only read",
                next_step="use another vault: leave BACKHAUL_VAULT out, and the control store keeps them, sealed",
                customer=context.customer,
                connection=name,
            )
        return Way("consent", auth, redirect_uri=context.pipeline.apps[config.source].redirect_uri)
    if config.credentials != "vault" or not context.vault.writable:
        return Way("given", auth)
    return Way("asked", auth, tuple(each for each in needs(definition) if each not in given))


def begin_consent(context: Context, name: str) -> Consent:
    """A consent to ask a person for. Nothing is sent. Raises ConfigError."""
    return consents.begin(_consent_spec(context, name))


def finish_consent(
    context: Context, name: str, consent: Consent, address: str, *, other_account: bool = False
) -> Connected:
    """Keep what a person consented to. address: the one that the vendor sent the person back to.

    Raises Reauthorise where the consent was not given, or does not work; ConfigError where the address does not answer
    it, the app is wrong, or the account is another one; VendorDown. Nothing is kept then.
    """
    spec = _consent_spec(context, name)
    parameters = consents.returned(consent, address)
    transport = token_transport(context.customer, name, context.source_of(name))
    try:
        tokens = consents.exchange(spec, consent, parameters, transport)
    finally:
        transport.close()
    held = Held(tokens)
    credentials = context.config.credentials(context.customer, name)
    account = _proven(context, name, credentials, held)
    connected = _connected(context, name, account, other_account, held.tokens, spec)
    _keep(context, name, connected, {TOKENS: spelt(held.tokens)})
    context.state.connections.given_tokens(context.customer, name, held.tokens.scopes, held.tokens.given_at)
    return connected


def connect_with(context: Context, name: str, entered: Mapping[str, str], *, other_account: bool = False) -> Connected:
    """Keep credentials that were entered, once they are proven. Raises Reauthorise, ConfigError, VendorDown."""
    way = way_of(context, name)
    wrong = [f"{each} is missing" for each in way.names if not entered.get(each)]
    wrong += [f"{each} is not asked for" for each in entered if each not in way.names]
    if way.kind != "asked" or wrong:
        raise ConfigError(
            f"auth {way.auth} is not connected with these credentials",
            problems=tuple(wrong),
            next_step=f"give {', '.join(way.names)}" if way.names else "see `backhaul connect --help`",
            customer=context.customer,
            connection=name,
        )
    credentials = {**context.config.credentials(context.customer, name), **entered}
    account = _proven(context, name, credentials)
    connected = _connected(context, name, account, other_account)
    _keep(context, name, connected, entered)
    return connected


def connect_given(context: Context, name: str, *, other_account: bool = False) -> Connected:
    """Prove credentials that stand in the environment, or in a vault that others fill."""
    account = _proven(context, name, context.credentials(name))
    connected = _connected(context, name, account, other_account)
    _keep(context, name, connected, None)
    return connected


def _consent_spec(context: Context, name: str) -> OAuth2Spec:
    config = context.pipeline.connections[name]
    spec = spec_of(
        context.source_of(name),
        config,
        context.config.credentials(context.customer, name),
        customer=context.customer,
        name=name,
        app=context.pipeline.apps.get(config.source),
    )
    if not isinstance(spec, OAuth2Spec) or spec.consent is None:
        raise Bug(f"{name} asks nobody for consent")
    redact.register(spec.client_secret)
    return spec


def _proven(context: Context, name: str, credentials: Mapping[str, str], held: Held | None = None) -> Mapping[str, str]:
    """What the vendor tells of the account that these credentials open."""
    connection = context.opened(name, credentials, held or context.tokens(name), priority="interactive")
    try:
        return connection.probe()
    except Reauthorise as refused:
        raise _chosen_otherwise(connection) or refused from refused
    finally:
        connection.close()


def _chosen_otherwise(connection: Connection) -> ConfigError | None:
    """Where a setting has none of the values that the vendor gives to choose from: which those are."""
    for name, setting in connection.source.settings.items():
        if setting.choices is None:
            continue
        try:
            answer = connection.answer(
                connection.call(setting.choices, connection.bindings(None, None), role="choices")
            )
        except BackhaulError:
            return None  # it is the credentials, then, that are refused
        found = [
            (str(paths.first(setting.choices.value, each)), paths.first(setting.choices.label or ".", each))
            for each in paths.each(setting.choices.records, answer)
            if setting.choices.only is None or holds(setting.choices.only, each)
        ]
        given = str(connection.settings.get(name, ""))
        if found and given not in [value for value, _ in found]:
            return ConfigError(
                f"the credentials are good, and {given or 'nothing'} is none of what they open",
                problems=tuple(f"{value}  {label if setting.choices.label else ''}".rstrip() for value, label in found),
                next_step=f"put one of these into the connection's settings, as `{name}`, and connect again",
                customer=connection.customer,
                connection=connection.name,
            )
    return None


def _connected(
    context: Context,
    name: str,
    account: Mapping[str, str],
    other_account: bool,
    tokens: Tokens | None = None,
    spec: OAuth2Spec | None = None,
) -> Connected:
    known = context.state.connections.get(context.customer, name)
    before = known.account if known is not None and known.account not in ("", account["id"]) else ""
    if before and not other_account:
        raise ConfigError(
            f"these credentials open the account {account['id']}; {name} has been connected to {before}, and all that "
            "was read is of that one",
            next_step="log in to that account; or give the other one a connection of its own; or, where it does take "
            "the old one's place, say so with --other-account and read it anew: "
            f"`backhaul sync {context.customer} --full`",
            customer=context.customer,
            connection=name,
        )
    granted = tokens.scopes if tokens is not None else ()
    missing = tuple(each for each in spec.scopes if each not in granted) if spec is not None else ()
    source = context.pipeline.connections[name].source
    return Connected(context.customer, name, source, dict(account), granted, missing, before)


def _keep(context: Context, name: str, connected: Connected, values: Mapping[str, str] | None) -> None:
    if values is not None:
        # who renews the tokens that were there must not put them over these
        with context.state.leases.lease(lease_name(context.customer, name), run=context.run_id, wait=_PATIENCE):
            context.vault.put(context.customer, name, values)
    account = connected.account
    context.state.connections.probed(context.customer, name, account["id"], account)
