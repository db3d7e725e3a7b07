"""The ways in to a vendor."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from backhaul.config import placeholders
from backhaul.config.base import Duration, Model
from backhaul.config.calls import Call, PathText, Template


class Grants(Call):
    """Asks the vendor which scopes the credentials have."""

    scopes: PathText = Field(description="Where the answer lists them.")


class AuthBearer(Model):
    """A token, sent as it is."""

    type: Literal["bearer"]
    token: Template = Field(default="{credentials.token}", description="What stands behind `Authorization: Bearer`.")
    grants: Grants | None = Field(default=None, description="How to ask for the token's scopes.")


class AuthApiKey(Model):
    """A key in a header or a parameter; where a vendor asks for two, the other one in `headers`."""

    type: Literal["api_key"]
    header: str | None = Field(default=None, description="The header that carries it.")
    param: str | None = Field(default=None, description="Or the query parameter.")
    value: Template = Field(default="{credentials.key}", description="What is sent there.")
    headers: dict[str, Template] = Field(
        default_factory=dict, description="More headers that prove who asks, such as an application's own key."
    )
    grants: Grants | None = Field(default=None, description="How to ask for the key's scopes.")

    @model_validator(mode="after")
    def _one_place(self) -> AuthApiKey:
        if (self.header is None) == (self.param is None):
            raise ValueError("a key stands in a `header` or in a `param`: give one of them")
        return self


class AuthBasic(Model):
    """A user and a password."""

    type: Literal["basic"]
    user: Template = Field(default="{credentials.user}", description="The user's name.")
    password: Template = Field(
        default="{credentials.password}", description="The password, or the token that stands for one."
    )


class Assertion(Model):
    """The JWT that a client signs; iat, exp and jti are added. `{auth.token_url}` is the address that it is sent to."""

    algorithm: Literal["RS256", "PS256", "ES256"] = Field(description="What signs it, with `credentials.private_key`.")
    expires: Duration = Field(default="180s", validate_default=True, description="How long it is good for.")
    claims: dict[str, Template] = Field(description="Its claims.")
    headers: dict[str, Template] = Field(default_factory=dict, description="More of the JWT's header: `kid`, `x5t`.")


class AuthOAuth2(Model):
    """OAuth 2 (RFC 6749). With `authorization_code` a person consents, by `backhaul connect`, to what the product's
    app asks for; the tokens are kept in the vault and renewed there, one process at a time."""

    type: Literal["oauth2"]
    grant: Literal["authorization_code", "client_credentials", "jwt_bearer", "password"] = Field(
        description="How tokens are got. password: by `credentials.user` and `credentials.password` beside the "
        "client's own, of vendors that still have that."
    )
    token_url: Template = Field(description="A path below `base_url`, or a whole URL.")
    authorize_url: Template | None = Field(default=None, description="Where a person consents; a path as `token_url`.")
    authorize_params: dict[str, Template] = Field(default_factory=dict, description="More parameters of that address.")
    token_params: dict[str, Template | int] = Field(default_factory=dict, description="More of every token request.")
    client_auth: Literal["form", "json", "basic", "assertion", "none"] = Field(
        default="form",
        description="How the client proves itself: `credentials.client_id` and `client_secret` in a form, in a JSON "
        "body, or as HTTP Basic; by the assertion; or not at all, a public client, which sends its id alone.",
    )
    pkce: bool = Field(default=False, description="Bind the code to who asked for it (RFC 7636, S256).")
    rotates: bool = Field(default=False, description="A refresh token is taken once: the answer holds the next one.")
    grace: Duration | None = Field(
        default=None, description="How long a refresh token that was taken may be sent again, when its answer was lost."
    )
    refresh_ahead: Duration | None = Field(
        default=None, description="Renewed so long before the end; else when a fifth of its life is left."
    )
    scopes: list[Template] = Field(default_factory=list, description="What is asked for.")
    scope_separator: Literal[" ", ","] = Field(default=" ", description="What stands between them.")
    granted: PathText = Field(default="scope", description="Where the token answer tells the scopes that were granted.")
    expires: Duration | None = Field(default=None, description="A token's life where the answer does not say.")
    assertion: Assertion | None = Field(default=None, description="The JWT that stands for a secret.")
    keep: dict[str, PathText] = Field(default_factory=dict, description="Kept of the token answer, as `{auth.x}`.")
    from_redirect: dict[str, str] = Field(
        default_factory=dict, description="Kept of the parameters that the consent comes back with, as `{auth.x}`."
    )

    @model_validator(mode="after")
    def _what_the_grant_needs(self) -> AuthOAuth2:
        if (self.grant == "jwt_bearer" or self.client_auth == "assertion") and self.assertion is None:
            raise ValueError("a signed assertion is needed: give `assertion`")
        consent = ("authorize_url", "authorize_params", "pkce", "rotates", "grace", "refresh_ahead", "from_redirect")
        if self.grant != "authorization_code":
            given = [name for name in consent if getattr(self, name)]
            if given:
                raise ValueError(f"{', '.join(given)} are for grant authorization_code")
        elif self.authorize_url is None:
            raise ValueError("grant authorization_code needs `authorize_url`")
        if self.grace is not None and not self.rotates:
            raise ValueError("`grace` is for refresh tokens that rotate: say `rotates: true`")
        return self


class AuthOAuth1(Model):
    """Each request signed with HMAC-SHA256, by `credentials.consumer_key`, `consumer_secret`, `token_id` and
    `token_secret`."""

    type: Literal["oauth1"]
    realm: Template | None = Field(
        default=None, description="Stands in the Authorization header, outside the signature."
    )


class AuthSession(Model):
    """Logs in by a request; what it keeps stands in the other requests as `{auth.*}`. Where the vendor says that the
    session is over (`then: refresh`) it logs in anew, and the request that was refused is sent again with that."""

    type: Literal["session"]
    login: Call = Field(description="The request that logs in.")
    keep: dict[str, PathText] = Field(description="Kept of its answer, as `{auth.x}`.")


Auth = Annotated[
    AuthBearer | AuthApiKey | AuthBasic | AuthOAuth2 | AuthOAuth1 | AuthSession, Field(discriminator="type")
]


def needs(auth: Auth) -> tuple[str, ...]:
    """The credentials that a way in asks for, by name."""
    found = {
        placeholder.name.partition(".")[2]
        for text in placeholders.texts(auth.model_dump(mode="json", exclude_none=True))
        for placeholder in placeholders.parse(text).names
        if placeholder.root == "credentials"
    }
    match auth:
        case AuthOAuth1():
            found |= {"consumer_key", "consumer_secret", "token_id", "token_secret"}
        case AuthOAuth2(grant="password"):
            found |= {"client_id", "client_secret", "user", "password"}
        case AuthOAuth2(client_auth="none"):
            found.add("client_id")
        case AuthOAuth2(assertion=None):
            found |= {"client_id", "client_secret"}
        case AuthOAuth2(grant="jwt_bearer"):
            found.add("private_key")
        case AuthOAuth2():
            found |= {"client_id", "private_key"}
        case _:
            pass
    return tuple(sorted(found))
