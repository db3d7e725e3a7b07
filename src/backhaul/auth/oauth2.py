"""OAuth 2 tokens, fetched when needed, held in memory, replaced before they expire."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from backhaul.auth.assertion import signed
from backhaul.auth.specs import OAuth2Spec
from backhaul.errors import Reauthorise
from backhaul.http.client import Transport
from backhaul.http.clock import SYSTEM, Clock
from backhaul.http.request import Request
from backhaul.http.rules import ErrorRule
from backhaul.telemetry import redact

_LIFE_UNKNOWN = 30 * 60.0
_SPENT = 0.8  # of a token's life; the rest is for requests on their way and clocks that differ
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _asks_for_patience(status: int, headers: Mapping[str, str], body: Any) -> bool:
    code = str(body.get("error", "")) if isinstance(body, Mapping) else ""
    said = str(body.get("error_description", "")) if isinstance(body, Mapping) else ""
    return status < 500 and ("rate" in f"{code} {said}".lower().replace("_", " ").split() or code == "slow_down")


def _is_refusal(status: int, headers: Mapping[str, str], body: Any) -> bool:
    return status in (400, 401, 403)


TOKEN_RULES = (
    ErrorRule(when=_asks_for_patience, then="wait", wait=5.0),
    ErrorRule(when=lambda status, headers, body: status == 429, then="wait", wait=1.0),
    ErrorRule(when=_is_refusal, then="reauthorise"),
)
"""What a token endpoint's answers mean, for the transport that token requests go through."""


@dataclass(frozen=True, slots=True)
class _Token:
    header: str = field(repr=False)
    facts: Mapping[str, str]
    renew_at: float


class OAuth2:
    """Signs with a minted token. One fetch serves all threads."""

    def __init__(self, spec: OAuth2Spec, transport: Transport, clock: Clock = SYSTEM) -> None:
        """transport: a plain one, without a signer, with TOKEN_RULES."""
        redact.register(spec.client_secret)
        if spec.assertion is not None:
            redact.register(spec.assertion.key)
        self._spec = spec
        self._transport = transport
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None

    def sign(self, request: Request) -> Request:
        return request.with_header("Authorization", self._current().header)

    def refresh(self, refused: Request) -> bool:
        with self._lock:
            # Another thread may have replaced it while this one waited for its answer.
            if self._token is not None and self._token.header == refused.headers.get("Authorization"):
                self._token = None
            if self._token is None:
                self._token = self._fetch()
        return True

    @property
    def facts(self) -> Mapping[str, str]:
        return self._current().facts

    def _current(self) -> _Token:
        token = self._token
        if token is not None and self._clock.now() < token.renew_at:
            return token
        with self._lock:
            token = self._token
            if token is None or self._clock.now() >= token.renew_at:
                token = self._token = self._fetch()
            return token

    def _fetch(self) -> _Token:
        asked_at = self._clock.now()
        response = self._transport.send(self._token_request(asked_at))
        answer = response.json()
        access = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(access, str) or not access:
            raise Reauthorise("the token endpoint answered without an access_token")
        redact.register(access)
        kind = str(answer.get("token_type") or "Bearer")
        life = _seconds(answer.get("expires_in")) or self._spec.expires or _LIFE_UNKNOWN
        return _Token(
            # RFC 6750 spells it so; vendors answer "bearer" and some refuse it in lower case.
            header=f"{'Bearer' if kind.lower() == 'bearer' else kind} {access}",
            facts={name: str(value) for name, value in self._spec.keep(answer).items()},
            renew_at=asked_at + _SPENT * life,
        )

    def _token_request(self, now: float) -> Request:
        spec = self._spec
        form = dict(spec.form)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if spec.scopes:
            form["scope"] = " ".join(spec.scopes)
        if spec.grant == "jwt_bearer" and spec.assertion is not None:
            form |= {"grant_type": _JWT_BEARER, "assertion": signed(spec.assertion, now)}
        else:
            form["grant_type"] = "client_credentials"
            headers |= self._prove_client(form, now)
        return Request(
            method="POST",
            url=spec.token_url,
            headers=headers,
            body=urlencode(form).encode(),
            role="token",
            # A token too many does no harm; without one nothing goes on.
            repeatable=True,
            max_bytes=1024 * 1024,
            timeout=30.0,
        )

    def _prove_client(self, form: dict[str, str], now: float) -> dict[str, str]:
        spec = self._spec
        if spec.client_auth == "basic":
            # RFC 6749, 2.3.1: both halves are form-encoded before they are joined.
            pair = f"{quote(spec.client_id, safe='')}:{quote(spec.client_secret, safe='')}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        if spec.client_auth == "form":
            form |= {"client_id": spec.client_id, "client_secret": spec.client_secret}
        elif spec.assertion is not None:
            form |= {"client_assertion_type": _CLIENT_ASSERTION, "client_assertion": signed(spec.assertion, now)}
        return {}


def _seconds(text: Any) -> float | None:
    """`expires_in` as a number; some vendors write it as text, some leave it out."""
    try:
        seconds = float(text)
    except (TypeError, ValueError):
        return None
    return seconds if seconds > 0 else None
