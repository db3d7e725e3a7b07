"""OAuth 2 without a person: tokens fetched when needed, held in memory, replaced before they expire."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from backhaul.auth.assertion import signed
from backhaul.auth.specs import OAuth2Spec
from backhaul.auth.token_endpoint import ask
from backhaul.http.client import Transport
from backhaul.http.clock import SYSTEM, Clock
from backhaul.http.request import Request
from backhaul.telemetry import redact
from backhaul.vault.tokens import Tokens

LIFE_UNKNOWN = 30 * 60.0
SPENT = 0.8  # of a token's life; the rest is for requests on their way and clocks that differ
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class OAuth2:
    """Signs with a minted token. One fetch serves all threads."""

    def __init__(self, spec: OAuth2Spec, transport: Transport, clock: Clock = SYSTEM) -> None:
        """transport: a plain one, without a signer, with TOKEN_RULES."""
        redact.register(spec.client_secret)
        if spec.assertion is not None:
            redact.register(spec.assertion.key)
        if spec.user is not None:
            redact.register(spec.user.password)
        self._spec = spec
        self._transport = transport
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Tokens | None = None

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

    def _current(self) -> Tokens:
        token = self._token
        if token is not None and self._is_good(token):
            return token
        with self._lock:
            token = self._token
            if token is None or not self._is_good(token):
                token = self._token = self._fetch()
            return token

    def _is_good(self, token: Tokens) -> bool:
        return self._clock.now() < token.given_at + SPENT * (token.life or LIFE_UNKNOWN)

    def _fetch(self) -> Tokens:
        spec, now = self._spec, self._clock.now()
        grant = {"scope": spec.scope_separator.join(spec.scopes)} if spec.scopes else {}
        if spec.grant == "jwt_bearer" and spec.assertion is not None:
            grant |= {"grant_type": _JWT_BEARER, "assertion": signed(spec.assertion, now)}
        elif spec.user is not None:
            grant |= {"grant_type": "password", "username": spec.user.user, "password": spec.user.password}
        else:
            grant["grant_type"] = "client_credentials"
        # A token too many does no harm; without one nothing goes on.
        return ask(spec, self._transport, grant, now, role="token", repeatable=True)
