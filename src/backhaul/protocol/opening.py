"""Opens a connection: a definition's limits, error rules and way in become what the rooms http and auth take."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from backhaul.auth import specs
from backhaul.auth.signer import signer_of
from backhaul.auth.token_endpoint import TOKEN_RULES
from backhaul.config import paths
from backhaul.config.auth import Assertion, AuthApiKey, AuthBasic, AuthBearer, AuthOAuth1, AuthOAuth2, AuthSession
from backhaul.config.calls import Cut
from backhaul.config.paths import MISSING, Answer
from backhaul.config.pipeline import App
from backhaul.config.pipeline import Connection as ConnectionConfig
from backhaul.config.source import Limit, Source
from backhaul.errors import ConfigError
from backhaul.http.client import Behaviour, Transport, Who
from backhaul.http.clock import SYSTEM, Clock
from backhaul.http.limits import LimitSpec, ReadNumber
from backhaul.http.patience import Patience
from backhaul.http.refusals import ErrorFacts
from backhaul.http.request import Request
from backhaul.http.rules import ErrorRule, parse_json
from backhaul.protocol import render, xml
from backhaul.protocol.conditions import holds
from backhaul.protocol.connection import Connection
from backhaul.protocol.read_answer import read, read_error, scopes_in
from backhaul.protocol.render import UNBOUND, Bindings
from backhaul.state.budgets import Buckets, Priority
from backhaul.state.usage import NO_METER, Meter
from backhaul.telemetry.progress import SILENT, Progress
from backhaul.vault.tokens import Keeper

USUAL = Patience()


def open_connection(
    *,
    customer: str,
    name: str,
    source: Source,
    config: ConnectionConfig,
    credentials: Mapping[str, str],
    app: App | None = None,
    tokens: Keeper | None = None,
    run_id: str,
    buckets: Buckets | None,
    meter: Meter = NO_METER,
    progress: Progress = SILENT,
    priority: Priority = "bulk",
    patience: Patience = USUAL,
    account: Mapping[str, str] | None = None,
    granted: Sequence[str] = (),
    stop: threading.Event | None = None,
    clock: Clock = SYSTEM,
) -> Connection:
    """A connection that is ready to send. Nothing is sent yet.

    app: the product's registration, and tokens: where those of a person's consent are, for ways in that need one.
    granted: the scopes that the vendor told with its tokens.
    account: what an earlier probe kept; without it, call `probe` before anything that hangs on the account.
    clock: whose time signatures carry and whose sleep waits.
    Raises ConfigError where a credential or setting is missing.
    """
    settings = _settings(source, config)
    who = Who(source.source, customer, name)
    plain = Transport(
        who, behaviour=Behaviour(rules=TOKEN_RULES), patience=patience, progress=progress, stop=stop, clock=clock
    )
    spec = spec_of(source, config, credentials, customer=customer, name=name, app=app, run_id=run_id)
    signer = signer_of(spec, plain, clock, tokens)
    share = int(config.budget.removesuffix("%")) / 100
    zone = (account or {}).get("time_zone")
    transport = Transport(
        who,
        signer=signer,
        behaviour=Behaviour(
            rules=[_rule(each) for each in source.on_error], read_error=_facts_reader(source), parse=_looked_at
        ),
        limits=[_limit(each, share, zone) for each in source.limits],
        buckets=buckets,
        meter=meter,
        patience=patience,
        priority=priority,
        progress=progress,
        stop=stop,
        clock=clock,
    )
    return Connection(
        customer=customer,
        name=name,
        source=source,
        settings=settings,
        credentials=credentials,
        transport=transport,
        run_id=run_id,
        base_url=config.base_url,
        account=account,
        grants=getattr(source.auth[source.way_in(config.auth) or ""], "grants", None),
        granted=granted,
        stop=stop,
        clock=clock,
    )


def token_transport(customer: str, name: str, source: Source) -> Transport:
    """A way to the token endpoint alone, for the exchange of a consent."""
    return Transport(Who(source.source, customer, name), behaviour=Behaviour(rules=TOKEN_RULES), patience=USUAL)


def _settings(source: Source, config: ConnectionConfig) -> dict[str, Any]:
    return {key: setting.default for key, setting in source.settings.items()} | config.settings


def spec_of(
    source: Source,
    config: ConnectionConfig,
    credentials: Mapping[str, str],
    *,
    customer: str,
    name: str,
    app: App | None = None,
    run_id: str = "",
) -> specs.Spec:
    """The connection's way in, filled in. Raises ConfigError where something of it is not given."""
    names: dict[str, Any] = {f"settings.{key}": value for key, value in _settings(source, config).items()}
    names.update({f"credentials.{key}": value for key, value in credentials.items()})
    names["run.id"] = run_id
    bindings = Bindings(names)
    way = source.way_in(config.auth)
    auth = source.auth.get(way or "")
    if auth is None:
        raise ConfigError(
            f"the connection must say which way in it uses: {', '.join(source.auth)}",
            next_step="add `auth:` to the connection",
            customer=customer,
            connection=name,
        )

    def fill(template: str) -> str:
        value = render.text(template, bindings)
        if value is UNBOUND:
            raise ConfigError(
                f"the way in {way} needs {template}, which the connection does not give",
                next_step="add it under credentials or settings of the connection",
                customer=customer,
                connection=name,
            )
        return str(value)

    match auth:
        case AuthBearer():
            return specs.BearerSpec(fill(auth.token))
        case AuthApiKey():
            place = "header" if auth.header else "param"
            more = {name: fill(each) for name, each in auth.headers.items()}
            return specs.ApiKeySpec(auth.header or auth.param or "", fill(auth.value), place, more)  # type: ignore[arg-type]
        case AuthBasic():
            return specs.BasicSpec(fill(auth.user), fill(auth.password))
        case AuthOAuth1():
            return specs.OAuth1Spec(
                consumer_key=fill("{credentials.consumer_key}"),
                consumer_secret=fill("{credentials.consumer_secret}"),
                token=fill("{credentials.token_id}"),
                token_secret=fill("{credentials.token_secret}"),
                realm=fill(auth.realm) if auth.realm else None,
            )
        case AuthSession():
            return _session(source, config, auth, bindings)
        case AuthOAuth2():
            base_url = config.base_url or source.base_url
            token_url = fill(_below(base_url, auth.token_url))
            bindings = bindings.with_(auth__token_url=token_url)
            secret = auth.assertion is None and auth.client_auth != "none"
            scopes = app.scopes if app is not None and app.scopes is not None else auth.scopes
            return specs.OAuth2Spec(
                grant=auth.grant,
                token_url=token_url,
                client_id="" if auth.grant == "jwt_bearer" else fill("{credentials.client_id}"),
                client_secret=fill("{credentials.client_secret}") if secret else "",
                client_auth=auth.client_auth,
                user=_person(fill) if auth.grant == "password" else None,
                scopes=tuple(fill(each) for each in scopes),
                scope_separator=auth.scope_separator,
                granted=_granted(auth.granted),
                consent=_consent(auth, app, fill, base_url) if auth.grant == "authorization_code" else None,
                rotates=auth.rotates,
                grace=_seconds(auth.grace),
                ahead=_seconds(auth.refresh_ahead),
                assertion=_assertion(auth.assertion, fill) if auth.assertion is not None else None,
                expires=_seconds(auth.expires),
                keep=_keeper(auth.keep),
                form={name: fill(each) if isinstance(each, str) else each for name, each in auth.token_params.items()},
            )


def _person(fill: Callable[[str], str]) -> specs.BasicSpec:
    return specs.BasicSpec(fill("{credentials.user}"), fill("{credentials.password}"))


def _below(base_url: str, address: str) -> str:
    """A path is below the base URL, a whole URL stays."""
    return base_url + address if address.startswith("/") else address


def _consent(auth: AuthOAuth2, app: App | None, fill: Callable[[str], str], base_url: str) -> specs.ConsentSpec:
    if app is None:
        raise ConfigError("a person consents to an app, and there is none", next_step="add it to `apps:` of the base")
    return specs.ConsentSpec(
        url=fill(_below(base_url, auth.authorize_url or "")),
        redirect_uri=app.redirect_uri,
        pkce=auth.pkce,
        params={name: fill(text) for name, text in auth.authorize_params.items()},
        keep=auth.from_redirect,
    )


def _seconds(span: timedelta | None) -> float | None:
    return span.total_seconds() if span is not None else None


def _granted(path: str) -> specs.Granted:
    def granted(answer: Any) -> tuple[str, ...]:
        return scopes_in(path, Answer(answer)) or ()

    return granted


def _session(source: Source, config: ConnectionConfig, auth: AuthSession, bindings: Bindings) -> specs.SessionSpec:
    base_url = config.base_url or render.text(source.base_url, bindings)
    rendered = render.call(auth.login, bindings, "" if base_url is UNBOUND else str(base_url), source.headers)

    def outcome(status: int, headers: Mapping[str, str], body: bytes) -> tuple[Mapping[str, str], str]:
        answer = Answer(_parsed(body, headers), headers, status)
        found = {name: paths.first(path, answer) for name, path in auth.keep.items()}
        said = read_error(source.error, answer)
        if any(value in (MISSING, None, "") for value in found.values()):
            return {}, ": ".join(text for name in ("code", "message") if (text := said.get(name, "")))
        return {name: str(value) for name, value in found.items()}, ""

    login = Request(
        rendered.method, rendered.url, rendered.params, rendered.headers, rendered.body, role="token",
        expects=auth.login.format, max_bytes=1024 * 1024, timeout=30.0,
    )  # fmt: skip
    credentials = {name: value for name, value in bindings.names.items() if name.startswith("credentials.")}
    return specs.SessionSpec(login, outcome, tuple(str(value) for value in credentials.values()))


def _assertion(definition: Assertion, fill: Callable[[str], str]) -> specs.AssertionSpec:
    return specs.AssertionSpec(
        key=fill("{credentials.private_key}"),
        claims={claim: fill(text) for claim, text in definition.claims.items()},
        algorithm=definition.algorithm,
        lifetime=definition.expires.total_seconds(),
        headers={header: fill(text) for header, text in definition.headers.items()},
    )


def _keeper(keep: Mapping[str, str]) -> specs.Keep:
    def kept(answer: Any) -> Mapping[str, str]:
        found = {name: paths.first(path, Answer(answer)) for name, path in keep.items()}
        return {name: str(value) for name, value in found.items() if value not in (MISSING, None)}

    return kept


def _parsed(body: bytes, headers: Mapping[str, str]) -> Any:
    """An answer, whatever the request expected. Raises ConfigError where it is XML, and the library for it missing."""
    if xml.is_xml(body, headers):
        with contextlib.suppress(ValueError):
            # what is no XML is text
            return xml.parse(body)
    return parse_json(body, headers)


def _looked_at(body: bytes, headers: Mapping[str, str]) -> Any:
    """As `_parsed`, for rules and errors. A source that speaks JSON may err in XML, without any need of the library."""
    with contextlib.suppress(ConfigError):
        return _parsed(body, headers)
    return parse_json(body, headers)


def _rule(definition: Any) -> ErrorRule:
    def when(status: int, headers: Mapping[str, str], body: Any) -> bool:
        return holds(definition.when, Answer(body, headers, status))

    statuses = definition.when.get("status")
    stated = statuses if isinstance(statuses, list) else [statuses]
    return ErrorRule(
        when=when,
        then=definition.then,
        wait=definition.wait.total_seconds() if definition.wait is not None else None,
        only=frozenset(definition.only),
        # a rule that names a good status wants to be looked at in good answers
        on_success=any(isinstance(each, int) and each < 300 for each in stated),
    )


def _facts_reader(source: Source) -> Callable[[int, Mapping[str, str], Any], ErrorFacts] | None:
    if source.error.code is None and source.error.message is None:
        return None

    def facts(status: int, headers: Mapping[str, str], body: Any) -> ErrorFacts:
        found = read_error(source.error, Answer(body, headers, status))
        return ErrorFacts(**found)

    return facts


def _limit(definition: Limit, share: float, zone: str | None) -> LimitSpec:
    resets: str | None = None
    if definition.resets is not None:
        filled = render.text(definition.resets, Bindings({"account.time_zone": zone}))
        resets = None if filled is UNBOUND else str(filled)
    return LimitSpec(
        type=definition.type,
        amount=definition.requests,
        per=definition.per.total_seconds() if definition.per is not None else 1.0,
        scope=definition.scope,
        only=frozenset(definition.only),
        objects=frozenset(definition.objects),
        resets=resets,
        share=share if definition.type == "quota" else 1.0,
        remaining=_number(definition.remaining),
        used=_number(definition.used),
        maximum=_number(definition.max),
    )


def _number(reader: str | Cut | None) -> ReadNumber | None:
    if reader is None:
        return None

    def number(headers: Mapping[str, str]) -> float | None:
        value = read(reader, Answer({}, headers))
        try:
            return float(value) if value is not None else None
        except ValueError:
            return None

    return number
