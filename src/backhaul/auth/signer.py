"""From a spec to the signer of its kind."""

from __future__ import annotations

from backhaul.auth.specs import OAuth1Spec, OAuth2Spec, SessionSpec, Spec
from backhaul.http.client import Transport
from backhaul.http.clock import SYSTEM, Clock
from backhaul.http.signing import Signer


def signer_of(spec: Spec, tokens: Transport, clock: Clock = SYSTEM) -> Signer:
    """The signer. `tokens`: the plain transport that token requests go through, with `oauth2.TOKEN_RULES`."""
    if isinstance(spec, OAuth2Spec):
        from backhaul.auth.oauth2 import OAuth2

        return OAuth2(spec, tokens, clock)
    if isinstance(spec, OAuth1Spec):
        from backhaul.auth.oauth1 import OAuth1  # each kind's library is loaded by those who use it

        return OAuth1(spec)
    if isinstance(spec, SessionSpec):
        from backhaul.auth.session import Session

        return Session(spec, tokens)
    from backhaul.auth.stored import Stored

    return Stored(spec)
