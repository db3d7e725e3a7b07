"""Signs with the tokens of a person's consent, and renews them: ahead of their end or when refused, by one process.

Whoever renews marks first, durably, that the refresh token is about to be sent. Where the vendor takes one only once
and a process dies between the vendor's answer and its being kept, the mark is what is left. Within the vendor's grace
the old token is sent again; without one it is not: the vendor may take it for a theft, and nothing but a new consent
helps anyhow.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from backhaul.auth.oauth2 import LIFE_UNKNOWN, SPENT
from backhaul.auth.specs import OAuth2Spec
from backhaul.auth.token_endpoint import ask
from backhaul.errors import Reauthorise, VendorDown, Wait
from backhaul.http.client import Transport
from backhaul.http.clock import SYSTEM, Clock
from backhaul.http.refusals import AnswerLost, Stopped
from backhaul.http.request import Request
from backhaul.telemetry import redact
from backhaul.telemetry.log import Logger
from backhaul.vault.tokens import Keeper, Tokens

_log = Logger("auth")
_POLL = 0.05
_PATIENCE = 90.0  # seconds for another process to renew; a vendor's token endpoint answers in one or two
_TRIES = 3  # of a renewal whose answer was lost, where it may be sent again


class Authorized:
    """Threads share it; one renewal serves them all, and all other processes."""

    def __init__(self, spec: OAuth2Spec, keeper: Keeper, transport: Transport, clock: Clock = SYSTEM) -> None:
        """transport: a plain one, without a signer, with TOKEN_RULES."""
        redact.register(spec.client_secret)
        self._spec = spec
        self._keeper = keeper
        self._transport = transport
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None

    def sign(self, request: Request) -> Request:
        return request.with_header("Authorization", self._current().header)

    def refresh(self, refused: Request) -> bool:
        header = refused.headers.get("Authorization")
        with self._lock:
            # another thread may have renewed them while this one waited for its answer
            if self._tokens is None or self._tokens.header == header:
                renewed = self._renewed(lambda tokens: tokens.header != header and self._is_good(tokens))
                if renewed is None:
                    return False
                self._tokens = renewed
        return True

    @property
    def facts(self) -> Mapping[str, str]:
        return self._current().facts

    def _current(self) -> Tokens:
        tokens = self._tokens
        if tokens is not None and self._is_good(tokens):
            return tokens
        with self._lock:
            if self._tokens is None or not self._is_good(self._tokens):
                renewed = self._renewed(self._is_good)
                if renewed is None:
                    raise Reauthorise("the access token has ended, and the vendor gave none to renew it with")
                self._tokens = renewed
            return self._tokens

    def _is_good(self, tokens: Tokens) -> bool:
        return self._clock.now() < self._renew_at(tokens)

    def _renew_at(self, tokens: Tokens) -> float:
        life = tokens.life
        if life is None:
            if not tokens.refresh:
                return math.inf
            life = LIFE_UNKNOWN
        ahead = self._spec.ahead
        return tokens.given_at + (SPENT * life if ahead is None or ahead >= life else life - ahead)

    def _renewed(self, is_good: Callable[[Tokens], bool]) -> Tokens | None:
        """Tokens that are good: another process's, or renewed here. None where they cannot be renewed."""
        deadline = self._clock.now() + _PATIENCE
        while True:
            tokens = self._read()
            if is_good(tokens):
                return tokens
            if not tokens.refresh:
                return None
            with self._keeper.claim() as ours:
                if ours:
                    # it may have been renewed between the look and the claim
                    tokens = self._read()
                    return tokens if is_good(tokens) else self._renew(tokens)
            if self._clock.now() >= deadline:
                raise Wait("another process has been renewing the tokens for long", seconds=_PATIENCE)
            self._clock.sleep(_POLL)

    def _read(self) -> Tokens:
        tokens = self._keeper.read()
        if tokens is None:
            raise Reauthorise("nobody has consented yet: the vault holds no tokens")
        return tokens

    def _renew(self, tokens: Tokens) -> Tokens:
        """Claimed: nobody else does. The new refresh token is kept before anyone may use what came with it."""
        spec, before = self._spec, tokens.spending_since
        now = self._clock.now()
        if spec.rotates:
            if before is not None and not (spec.grace is not None and now < before + spec.grace):
                raise _in_doubt()
            if before is None:
                self._keeper.write(replace(tokens, spending_since=now))
        try:
            given = self._ask(tokens)
        except AnswerLost as lost:
            if lost.status < 400:
                if spec.rotates and spec.grace is None:
                    raise _in_doubt() from lost
                raise
            # the vendor did answer, that it failed: it gave nothing, and the token is as good as before
            self._unmark(tokens)
            raise VendorDown(lost.what) from lost
        except (VendorDown, Wait, Stopped):
            self._unmark(tokens)  # it never left
            raise
        renewed = replace(
            given,
            refresh=given.refresh or tokens.refresh,
            scopes=given.scopes or tokens.scopes,
            facts={**tokens.facts, **given.facts},
        )
        self._keeper.write(renewed)
        _log.info("tokens renewed", customer=self._transport.who.customer, connection=self._transport.who.connection)
        return renewed

    def _ask(self, tokens: Tokens) -> Tokens:
        spec = self._spec
        again = spec.grace is not None or not spec.rotates
        tried = 0
        while True:
            try:
                return ask(
                    spec,
                    self._transport,
                    {"grant_type": "refresh_token", "refresh_token": tokens.refresh},
                    self._clock.now(),
                    role="renew",
                    repeatable=False,
                )
            except AnswerLost as lost:
                tried += 1
                if tried == _TRIES or (not again and lost.status < 400):
                    raise
                self._clock.sleep(0.2 * tried)

    def _unmark(self, tokens: Tokens) -> None:
        if self._spec.rotates and tokens.spending_since is None:
            self._keeper.write(tokens)


def _in_doubt() -> Reauthorise:
    return Reauthorise(
        "a renewal was cut off before its answer was kept; the vendor takes a refresh token only once, and this one "
        "may be spent"
    )
