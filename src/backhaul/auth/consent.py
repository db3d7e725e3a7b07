"""A person's consent: the address where it is given, and what comes back from there (RFC 6749, 4.1; PKCE, RFC 7636)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from oauthlib.oauth2 import WebApplicationClient

from backhaul.auth.specs import OAuth2Spec
from backhaul.auth.token_endpoint import ask
from backhaul.errors import Bug, ConfigError, Reauthorise
from backhaul.http.client import Transport
from backhaul.http.clock import SYSTEM, Clock
from backhaul.telemetry import redact
from backhaul.vault.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Consent:
    """One that is asked for. `url`: where the person goes; the rest proves that what comes back is the answer to it."""

    url: str
    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(default="", repr=False)


def begin(spec: OAuth2Spec) -> Consent:
    """Ask for a consent. Nothing is sent."""
    page = spec.consent
    if page is None:
        raise Bug("this way in asks nobody for consent")
    client = WebApplicationClient(spec.client_id)
    state = secrets.token_urlsafe(32)
    parameters = {
        "response_type": "code",
        "client_id": spec.client_id,
        "redirect_uri": page.redirect_uri,
        "state": state,
        **({"scope": spec.scope_separator.join(spec.scopes)} if spec.scopes else {}),
        **page.params,
    }
    verifier = ""
    if page.pkce:
        verifier = client.create_code_verifier(64)
        parameters["code_challenge"] = client.create_code_challenge(verifier, "S256")
        parameters["code_challenge_method"] = "S256"
        redact.register(verifier)
    joint = "&" if urlsplit(page.url).query else "?"
    return Consent(f"{page.url}{joint}{urlencode(parameters)}", page.redirect_uri, state, verifier)


def returned(consent: Consent, address: str) -> Mapping[str, str]:
    """The parameters of the address that the person was sent back to, once they are known to answer this consent.

    Raises ConfigError where they answer another one, Reauthorise where the person or the vendor said no.
    """
    parameters = dict(parse_qsl(urlsplit(address.strip()).query))
    redact.register(parameters.get("code", ""))
    if not hmac.compare_digest(parameters.get("state", "").encode(), consent.state.encode()):
        raise ConfigError(
            "the address that came back does not answer this consent: its `state` is another one",
            next_step="begin again, and paste the whole address that the browser ends at",
        )
    if "error" in parameters:
        said = " ".join(parameters[name] for name in ("error", "error_description") if name in parameters)
        raise Reauthorise(
            f"the consent was not given: {redact.text(said)[:300]}",
            next_step="connect again, and consent with an account that may grant what is asked for",
        )
    if not parameters.get("code"):
        raise ConfigError(
            "the address that came back holds no code", next_step="paste the whole address that the browser ends at"
        )
    return parameters


def exchange(
    spec: OAuth2Spec, consent: Consent, parameters: Mapping[str, str], transport: Transport, clock: Clock = SYSTEM
) -> Tokens:
    """The tokens for what came back. A code is good once: nothing is sent twice.

    Raises as `ask`, and Reauthorise where the vendor gives a token that ends and none to renew it with.
    """
    page = spec.consent
    if page is None:
        raise Bug("this way in asks nobody for consent")
    grant = {"grant_type": "authorization_code", "code": parameters["code"], "redirect_uri": consent.redirect_uri}
    if consent.verifier:
        grant["code_verifier"] = consent.verifier
    tokens = ask(spec, transport, grant, clock.now(), role="exchange", repeatable=False)
    kept = {name: parameters[parameter] for name, parameter in page.keep.items() if parameter in parameters}
    # RFC 6749, 5.1: an answer that does not tell the scopes grants all that were asked for
    return replace(tokens, scopes=tokens.scopes or spec.scopes, facts={**tokens.facts, **kept})
