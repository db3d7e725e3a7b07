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


@dataclass(frozen=True, slots=True)
class BearerSpec:
    """`Authorization: Bearer <token>`, a token that does not expire."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApiKeySpec:
    """A key in a header, or in a parameter of the query."""

    name: str
    value: str = field(repr=False)
    place: Literal["header", "param"] = "header"


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
class OAuth2Spec:
    """OAuth 2 without a person: by the client's own credentials, or by a signed assertion (RFC 7523)."""

    grant: Literal["client_credentials", "jwt_bearer"]
    token_url: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    client_auth: Literal["form", "basic", "assertion"] = "form"
    """How the client proves itself: id and secret in the form, in a Basic header, or by the signed assertion."""
    scopes: tuple[str, ...] = ()
    assertion: AssertionSpec | None = None
    expires: float | None = None
    """Seconds that a token lives where the answer does not say."""
    keep: Keep = keep_nothing
    form: Mapping[str, str] = field(default_factory=dict)
    """More parameters of the token request."""

    def __post_init__(self) -> None:
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
