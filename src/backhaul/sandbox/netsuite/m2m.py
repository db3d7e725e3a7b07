"""OAuth 2 between machines: a certificate that is mapped to a role, and the assertions that are signed with its key."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.consent import ConsentRefused, form_of
from backhaul.sandbox.keys import pem, private_key

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE = timedelta(minutes=60)
SKEW = timedelta(minutes=5)
_FORM = {"grant_type", "client_assertion_type", "client_assertion"}


class Machines:
    """One mapping: integration, role, certificate."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        key = private_key("netsuite", seed)
        self._public = key.public_key()
        digest = hashlib.sha256(f"netsuite m2m {seed}".encode()).hexdigest()
        self.credentials = {"client_id": digest, "certificate_id": digest[:20], "private_key": pem(key)}
        self.mapped = True
        self._tokens: dict[str, datetime] = {}

    def token(self, request: Request, body: bytes, url: str) -> Response:
        try:
            content_type = request.headers.get("content-type", "")
            form = form_of(request.method, content_type, request.scope["query_string"].decode("latin-1"), body)
            unknown = set(form) - _FORM
            if unknown or "authorization" in request.headers:
                return _refusal("invalid_request", f"unexpected {min(unknown, default='Authorization')}")
            if form.get("grant_type") != "client_credentials":
                return _refusal("unsupported_grant_type", "grant_type must be client_credentials")
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                return _refusal("invalid_request", "client_assertion_type is not a JWT's")
            self._check(form.get("client_assertion", ""), url)
        except ConsentRefused as refused:
            return _refusal(refused.error, refused.description)
        token = f"eyJ{secrets.token_urlsafe(24)}.{secrets.token_urlsafe(120)}.{secrets.token_urlsafe(64)}"
        self._tokens[token] = self._clock.now() + LIFE
        # the number is text here, and a number elsewhere
        answer = {"access_token": token, "expires_in": str(int(LIFE.total_seconds())), "token_type": "bearer"}
        return Response(msgspec.json.encode(answer), media_type="application/json")

    def _check(self, assertion: str, url: str) -> None:
        try:
            header = jwt.get_unverified_header(assertion)
            if header.get("alg") not in ALGORITHMS or header.get("kid") != self.credentials["certificate_id"]:
                raise ConsentRefused("invalid_client", "no certificate of this id, or an algorithm that is not taken")
            unchecked = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}
            claims = jwt.decode(assertion, self._public, algorithms=ALGORITHMS, options=unchecked)  # type: ignore[arg-type]
            issued, expires = (datetime.fromtimestamp(float(claims[name]), UTC) for name in ("iat", "exp"))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise ConsentRefused("invalid_client", "the assertion is not valid") from error
        now = self._clock.now()
        in_time = now - SKEW <= expires and issued <= now + SKEW and expires - issued < timedelta(minutes=60)
        if not in_time or claims.get("aud") != url or claims.get("iss") != self.credentials["client_id"]:
            raise ConsentRefused("invalid_client", "the assertion's time, audience or issuer is wrong")
        if "rest_webservices" not in _scopes(claims.get("scope")):
            raise ConsentRefused("invalid_scope", "scope lacks rest_webservices")
        if not self.mapped:
            raise ConsentRefused("invalid_grant", "no role is mapped to the certificate")

    def known(self, authorization: str) -> bool:
        ends = self._tokens.get(authorization.removeprefix("Bearer "))
        return ends is not None and self._clock.now() < ends

    def forget(self) -> None:
        """Every token ends; a new one is to be had."""
        self._tokens.clear()


def _scopes(given: Any) -> list[str]:
    return [str(each) for each in given] if isinstance(given, list) else str(given).replace(",", " ").split()


def _refusal(error: str, description: str) -> Response:
    status = 401 if error == "invalid_client" else 400
    body = msgspec.json.encode({"error": error, "error_description": description})
    return Response(body, status, media_type="application/json")
