"""From a spec to the signer of its kind."""

from __future__ import annotations

from backhaul.auth.specs import OAuth1Spec, OAuth2Spec, SessionSpec, Spec
from backhaul.errors import Bug
from backhaul.http.client import Transport
from backhaul.http.clock import SYSTEM, Clock
from backhaul.http.signing import Signer
from backhaul.vault.tokens import Keeper


def signer_of(spec: Spec, tokens: Transport, clock: Clock = SYSTEM, keeper: Keeper | None = None) -> Signer:
    """The signer. `tokens`: the plain transport that token requests go through, with `TOKEN_RULES`.

    keeper: where the tokens of a person's consent are.
    """
    if isinstance(spec, OAuth2Spec) and spec.grant == "authorization_code":
        from backhaul.auth.authorized import Authorized

        if keeper is None:
            raise Bug("a connection by consent was opened without its tokens")
        return Authorized(spec, keeper, tokens, clock)
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
