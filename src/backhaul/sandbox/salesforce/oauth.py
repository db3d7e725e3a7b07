"""OAuth: tokens by consent, signed assertion or client credentials, sessions that slide, userinfo and revoke."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import jwt

from backhaul.sandbox.consent import ConsentRefused, Consents, Grant
from backhaul.sandbox.salesforce.calls import Answer, Refusal, reply

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from backhaul.sandbox.salesforce.org import Org

AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIFE = timedelta(minutes=3)
SKEW = timedelta(seconds=30)
ORG_ID = "00D5g000000EXMPEA4"


class GrantRefused(Exception):
    """OAuth's own errors are objects, not arrays."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.answer = reply({"error": error, "error_description": description}, 400)


class OAuth:
    """The sessions of one connected app, whose calls all run as one user."""

    def __init__(self, org: Org, credentials: Mapping[str, str], key: RSAPublicKey, consents: Consents) -> None:
        self._org = org
        self._credentials = credentials
        self._key = key
        self._sessions: dict[str, datetime] = {}  # token -> when it was last used
        self._minted = 0
        self.consents = consents
        self.base_url = ""

    def authorize(self, query: str) -> Answer:
        try:
            url = self.consents.page(parse_qsl(query, keep_blank_values=True), scopes_required=False)
        except ConsentRefused as refused:
            text = f"error={refused.error}&error_description={refused.description}"
            return Answer(400, text.encode(), "text/html; charset=UTF-8")
        return Answer(302, media_type=None, headers={"Location": url})

    def token(self, method: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            return self._grant(method, headers, body)
        except GrantRefused as refused:
            return refused.answer
        except ConsentRefused as refused:
            words = "expired access/refresh token" if "refresh token" in refused.description else refused.description
            return GrantRefused(refused.error, words).answer

    def _grant(self, method: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if method != "POST":
            raise GrantRefused("invalid_request", "must use HTTP POST")
        if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise GrantRefused("invalid_request", "content type must be application/x-www-form-urlencoded")
        form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        match form.get("grant_type"):
            case "client_credentials":
                self._check_client(form, headers)
            case kind if kind == JWT_BEARER:
                self._check_assertion(form.get("assertion", ""))
            case "authorization_code":
                self._check_client(form, headers)
                return self._consented(self.consents.redeem(form), refresh=True)
            case "refresh_token":
                self._check_client(form, headers)
                grant = self.consents.renew(form.get("refresh_token", ""))
                return self._consented(grant, refresh=bool(self._org.controls["rotates"]))
            case None | "":
                raise GrantRefused("unsupported_grant_type", "grant type not supported")
            case _:
                raise GrantRefused("unsupported_grant_type", "grant type not supported")
        if self._org.controls["revoked"]:
            raise GrantRefused("invalid_grant", "user hasn't approved this consumer")
        return self._mint()

    def _check_client(self, form: Mapping[str, str], headers: Mapping[str, str]) -> None:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, encoded = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise GrantRefused("invalid_client", "invalid client credentials") from None
        if client != self._credentials["client_id"]:
            raise GrantRefused("invalid_client_id", "client identifier invalid")
        if secret != self._credentials["client_secret"]:
            raise GrantRefused("invalid_client", "invalid client credentials")

    def _check_assertion(self, assertion: str) -> None:
        try:
            if jwt.get_unverified_header(assertion).get("alg") != "RS256":
                raise GrantRefused("invalid_grant", "algorithm not supported")
            # The simulator's clock, not this machine's, says what is expired; the audience has its own words.
            claims: dict[str, Any] = jwt.decode(
                assertion,
                self._key,
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.PyJWTError:
            raise GrantRefused("invalid_grant", "invalid assertion") from None
        if claims.get("iss") != self._credentials["client_id"]:
            raise GrantRefused("invalid_client_id", "client identifier invalid")
        if claims.get("aud") not in (*AUDIENCES, self.base_url):
            raise GrantRefused("invalid_grant", "audience is invalid")
        try:
            expires = datetime.fromtimestamp(float(claims["exp"]), self._org.clock.now().tzinfo)
        except (KeyError, TypeError, ValueError):
            raise GrantRefused("invalid_grant", "invalid assertion") from None
        left = expires - self._org.clock.now()
        if left < -SKEW:
            raise GrantRefused("invalid_grant", "expired authorization code")
        if left > ASSERTION_LIFE + SKEW:
            raise GrantRefused("invalid_grant", "assertion expires too far in the future")
        if claims.get("sub") != self._credentials["username"]:
            raise GrantRefused("invalid_grant", "user hasn't approved this consumer")

    def _consented(self, grant: Grant, *, refresh: bool) -> Answer:
        """A token of a person's; with a refresh token where its scopes ask for one, and a renewal only rotates it."""
        if self._org.controls["revoked"]:
            raise GrantRefused("invalid_grant", "expired access/refresh token")
        scopes = grant.scopes or ("full",)
        lasting = {"refresh_token", "offline_access"} & set(scopes)
        more = {"refresh_token": grant.refresh} if refresh and lasting else {}
        return self._mint(scope=" ".join(scopes), **more)

    def _mint(self, **more: str) -> Answer:
        self._minted += 1
        now = self._org.clock.now()
        noise = hashlib.sha256(f"{self._minted}-{now.timestamp()}".encode()).digest()
        token = f"{ORG_ID[:15]}!AQ{base64.b64encode(noise + noise, b'._').decode().rstrip('=')}"
        self._sessions[token] = now
        return reply(
            {
                "access_token": token,
                "scope": "api",
                "instance_url": self.base_url,
                "id": f"{self.base_url}/id/{ORG_ID}/{self._org.user}",
                "token_type": "Bearer",
                "issued_at": str(int(now.timestamp() * 1000)),
                "api_instance_url": self.base_url,
                **more,
            }
        )

    def forget(self) -> None:
        """Every session ends."""
        self._sessions.clear()

    def known(self, headers: Mapping[str, str]) -> bool:
        """Is the bearer's session alive? Each use gives it its whole time again."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        used = self._sessions.get(token) if scheme.lower() in ("bearer", "oauth") else None
        now = self._org.clock.now()
        if used is None or now - used > timedelta(seconds=float(self._org.controls["session_seconds"])):
            return False
        self._sessions[token] = now
        return True

    def check(self, headers: Mapping[str, str]) -> None:
        if not self.known(headers):
            raise self.expired()

    def expired(self) -> Refusal:
        status = int(self._org.variants["invalid_session_status"])
        return Refusal(status, "INVALID_SESSION_ID", "Session expired or invalid")

    def userinfo(self, headers: Mapping[str, str]) -> Answer:
        if not self.known(headers):
            if self._org.variants["userinfo_refusal"] == "array":
                return self.expired().answer()
            missing = "authorization" not in headers
            text = b"Missing_OAuth_Token" if missing else b"Bad_OAuth_Token"
            return Answer(403, text, "text/html; charset=UTF-8")
        user = self._org.lookup(self._org.user)
        values = {} if user is None else user.values
        return reply(
            {
                "sub": f"{self.base_url}/id/{ORG_ID}/{self._org.user}",
                "user_id": self._org.user,
                "organization_id": ORG_ID,
                "preferred_username": values.get("Username"),
                "nickname": values.get("Alias"),
                "name": values.get("Name"),
                "email": values.get("Email"),
                "email_verified": True,
                "given_name": values.get("FirstName"),
                "family_name": values.get("LastName"),
                "zoneinfo": values.get("TimeZoneSidKey"),
                "user_type": "STANDARD",
                "language": "en_US",
                "locale": "en_US",
                "utcOffset": -28800000,
                "updated_at": str(values.get("LastModifiedDate", ""))[:-5] + "Z",
                "active": True,
                "urls": {"rest": f"{self.base_url}/services/data/v{{version}}/"},
            }
        )

    def revoke(self, method: str, params: Mapping[str, str], body: bytes) -> Answer:
        token = params.get("token") or dict(parse_qsl(body.decode(errors="replace"))).get("token")
        if not token or self._sessions.pop(token, None) is None:
            return reply({"error": "invalid_token", "error_description": "invalid token: " + (token or "")[:4]}, 400)
        return Answer(200, media_type=None)
