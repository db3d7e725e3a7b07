"""Asking a token endpoint, and what its answers mean (RFC 6749, sections 4 to 6)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from backhaul.auth.assertion import signed
from backhaul.auth.specs import OAuth2Spec
from backhaul.errors import ConfigError, Reauthorise
from backhaul.http.client import Transport
from backhaul.http.refusals import Refused
from backhaul.http.request import Request
from backhaul.http.rules import ErrorRule
from backhaul.telemetry import redact
from backhaul.vault.tokens import Tokens

_CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_OF_THE_APP = frozenset({"invalid_client", "invalid_client_id", "unauthorized_client", "bad_client_secret"})
"""Errors that no person's consent cures: the registration of the app is wrong."""

BY_CONSENT = frozenset({"exchange", "renew"})
"""Roles of requests for tokens to which a person consented: there the client is the product's app."""


def _asks_for_patience(status: int, headers: Mapping[str, str], body: Any) -> bool:
    code = str(body.get("error", "")) if isinstance(body, Mapping) else ""
    said = str(body.get("error_description", "")) if isinstance(body, Mapping) else ""
    return status < 500 and ("rate" in f"{code} {said}".lower().replace("_", " ").split() or code == "slow_down")


def _is_refusal(status: int, headers: Mapping[str, str], body: Any) -> bool:
    return status in (400, 401, 403)


def _is_of_the_app(status: int, headers: Mapping[str, str], body: Any) -> bool:
    return isinstance(body, Mapping) and body.get("error") in _OF_THE_APP


TOKEN_RULES = (
    ErrorRule(when=_asks_for_patience, then="wait", wait=5.0),
    ErrorRule(when=lambda status, headers, body: status == 429, then="wait", wait=1.0),
    ErrorRule(when=_is_of_the_app, then="reject", only=BY_CONSENT),
    ErrorRule(when=_is_refusal, then="reauthorise"),
)
"""What a token endpoint's answers mean, for the transport that token requests go through."""


def ask(
    spec: OAuth2Spec, transport: Transport, parameters: Mapping[str, str], now: float, *, role: str, repeatable: bool
) -> Tokens:
    """One grant. `parameters`: of the grant itself; how the client proves itself is added.

    Raises Reauthorise where the grant is refused, ConfigError where the app is, AnswerLost, VendorDown, Wait, Stopped.
    """
    try:
        response = transport.send(_request(spec, parameters, now, role=role, repeatable=repeatable))
    except Refused as refused:
        raise _app_is_refused(transport, refused.what) from refused
    answer = response.json()
    access = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(access, str) or not access:
        error = answer.get("error") if isinstance(answer, dict) else None
        if error in _OF_THE_APP and role in BY_CONSENT:
            raise _app_is_refused(transport, f"the token endpoint says {error}")
        reason = f": {redact.text(str(error))}" if error else ""
        raise Reauthorise(f"the token endpoint answered without an access_token{reason}")
    kind = str(answer.get("token_type") or "Bearer")
    return Tokens(
        access=access,
        given_at=now,
        life=_seconds(answer.get("expires_in")) or spec.expires,
        refresh=str(answer.get("refresh_token") or ""),
        # RFC 6750 spells it so; vendors answer "bearer" or "bot", and some refuse it in lower case
        kind="Bearer" if kind.lower() in ("bearer", "bot", "user") else kind,
        scopes=spec.granted(answer),
        facts={name: str(value) for name, value in spec.keep(answer).items()},
    ).registered()


def _request(spec: OAuth2Spec, parameters: Mapping[str, str], now: float, *, role: str, repeatable: bool) -> Request:
    sent: dict[str, str | int] = {**spec.form, **parameters}
    headers = _prove_client(spec, sent, now)
    if spec.client_auth == "json":
        headers["Content-Type"] = "application/json"
        body = msgspec.json.encode(sent)
    else:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(sent).encode()
    return Request(
        method="POST",
        url=spec.token_url,
        headers=headers,
        body=body,
        role=role,
        repeatable=repeatable,
        max_bytes=1024 * 1024,
        timeout=30.0,
    )


def _prove_client(spec: OAuth2Spec, sent: dict[str, str | int], now: float) -> dict[str, str]:
    """Adds to what is sent, and gives the headers."""
    if "assertion" in sent:
        return {}  # the grant is an assertion itself, and proves the client, too
    if spec.client_auth == "basic":
        # RFC 6749, 2.3.1: both halves are form-encoded before they are joined.
        pair = f"{quote(spec.client_id, safe='')}:{quote(spec.client_secret, safe='')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    if spec.client_auth in ("form", "json"):
        sent |= {"client_id": spec.client_id, "client_secret": spec.client_secret}
    elif spec.client_auth == "none":
        sent["client_id"] = spec.client_id
    elif spec.assertion is not None:
        sent |= {"client_assertion_type": _CLIENT_ASSERTION, "client_assertion": signed(spec.assertion, now)}
    return {}


def _app_is_refused(transport: Transport, what: str) -> ConfigError:
    source = transport.who.source
    return ConfigError(
        f"{source} does not know the app, or not by this secret: {what}",
        next_step=f"correct client_id and client_secret of `apps: {source}`; customers need not consent again",
    )


def _seconds(text: Any) -> float | None:
    """`expires_in` as a number; some vendors write it as text, some leave it out."""
    try:
        seconds = float(text)
    except (TypeError, ValueError):
        return None
    return seconds if seconds > 0 else None
