"""Ways to authenticate, filled in: one small type a kind. Secrets in them are never shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from backhaul.errors import ConfigError
from backhaul.http.request import Request

Keep = Callable[[Any], Mapping[str, str]]
"""Picks facts from the vendor's token answer."""


def keep_nothing(answer: Any) -> Mapping[str, str]:
    return {}


Granted = Callable[[Any], tuple[str, ...]]
"""Reads the granted scopes from the vendor's token answer; empty where it does not tell."""


def granted_nothing(answer: Any) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class BearerSpec:
    """`Authorization: Bearer <token>`, a token that does not expire."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApiKeySpec:
    """A key in a header, or in a parameter of the query. more: other headers that go along, secrets too."""

    name: str
    value: str = field(repr=False)
    place: Literal["header", "param"] = "header"
    more: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class BasicSpec:
    """HTTP Basic."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AssertionSpec:
    """A JWT that we sign to prove who we are. iat, exp and jti are added to the claims."""

    key: str = field(repr=False)
    """The private key, PEM."""
    claims: Mapping[str, Any]
    algorithm: Literal["RS256", "PS256", "ES256"] = "RS256"
    lifetime: float = 180.0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConsentSpec:
    """Where a person consents, and where the answer comes back to."""

    url: str
    redirect_uri: str
    pkce: bool = False
    params: Mapping[str, str] = field(default_factory=dict)
    """More parameters of the address."""
    keep: Mapping[str, str] = field(default_factory=dict)
    """Fact -> the parameter of the redirect that tells it."""


@dataclass(frozen=True, slots=True)
class OAuth2Spec:
    """OAuth 2: by the client's own credentials, by a signed assertion (RFC 7523), by a person's consent or password."""

    grant: Literal["client_credentials", "jwt_bearer", "authorization_code", "password"]
    token_url: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    client_auth: Literal["form", "json", "basic", "assertion", "none"] = "form"
    """How the client proves itself: id and secret in the body, in a Basic header, by the assertion, or not at all."""
    user: BasicSpec | None = None
    """The person whose password stands for consent (RFC 6749, section 4.3)."""
    scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    granted: Granted = granted_nothing
    consent: ConsentSpec | None = None
    rotates: bool = False
    """A refresh token is taken once."""
    grace: float | None = None
    """Seconds in which one that was taken may be sent again."""
    ahead: float | None = None
    """Seconds before its end at which an access token is renewed."""
    assertion: AssertionSpec | None = None
    expires: float | None = None
    """Seconds that a token lives where the answer does not say."""
    keep: Keep = keep_nothing
    form: Mapping[str, str | int] = field(default_factory=dict)
    """More parameters of the token request."""

    def __post_init__(self) -> None:
        if self.grant == "authorization_code" and self.consent is None:
            raise ConfigError("a person consents to this way in, and it is not said where")
        if (self.grant == "password") != (self.user is not None):
            raise ConfigError("a user and a password belong to the grant password, and to no other")
        if self.assertion is None and (self.grant == "jwt_bearer" or self.client_auth == "assertion"):
            raise ConfigError("this way to authenticate signs an assertion, and none is given")


@dataclass(frozen=True, slots=True)
class OAuth1Spec:
    """OAuth 1.0a with a stored token, each request signed (RFC 5849)."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)
    realm: str | None = None
    algorithm: Literal["HMAC-SHA256"] = "HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """A login by a request of its own."""

    login: Request = field(repr=False)
    read: Callable[[int, Mapping[str, str], bytes], tuple[Mapping[str, str], str]]
    """Of the login's status, headers and body: what is kept, empty where it was refused; and what the vendor says."""
    secrets: tuple[str, ...] = field(default=(), repr=False)


Spec = BearerSpec | ApiKeySpec | BasicSpec | OAuth2Spec | OAuth1Spec | SessionSpec
