"""Intuit's sign-in: one consent is one company, whose realm comes back with the code; tokens by HTTP Basic."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.consent import ConsentRefused, Consents, Grant, form_of
from backhaul.sandbox.quickbooks.answers import reply
from backhaul.sandbox.quickbooks.company import REALM, Company

SCOPE = "com.intuit.quickbooks.accounting"
LIFE = timedelta(seconds=3600)
REFRESH_LIFE = 8_726_400  # seconds: about a hundred and one days
_ASKED = frozenset({"client_id", "response_type", "scope", "redirect_uri", "state"})
_FORM = {"authorization_code": {"code", "redirect_uri"}, "refresh_token": {"refresh_token"}}


class OAuth:
    """The app of the sandbox. A token that was forgotten is as good as expired."""

    def __init__(self, company: Company, controls: dict[str, object], seed: int) -> None:
        self.client = {
            "client_id": f"ABw0VIWgSbIoBpMnWqhgcaGDR3Ql{seed:08d}",
            "client_secret": hashlib.sha256(f"quickbooks app {seed}".encode()).hexdigest()[:40],
        }
        self._company = company
        rotates = company.variants["refresh_tokens"] == "rotate"
        self.consents = Consents(company.clock, controls, **self.client, prefix="AB1", rotates=rotates)
        self._access: dict[str, tuple[Grant, datetime]] = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/connect/oauth2", self._authorize, methods=["GET"]),
            Route("/oauth2/v1/tokens/bearer", self._token, methods=["GET", "POST"]),
            Route("/.well-known/openid_configuration", self._discovery, methods=["GET"]),
        ]

    async def _discovery(self, request: Request) -> Response:
        at = str(request.base_url).rstrip("/")
        return reply(
            {
                "issuer": "https://oauth.platform.intuit.com/op/v1",
                "authorization_endpoint": f"{at}/connect/oauth2",
                "token_endpoint": f"{at}/oauth2/v1/tokens/bearer",
                "userinfo_endpoint": f"{at}/v1/openid_connect/userinfo",
                "revocation_endpoint": f"{at}/v2/oauth2/tokens/revoke",
                "jwks_uri": f"{at}/op/v1/jwks",
            }
        )

    async def _authorize(self, request: Request) -> Response:
        try:
            _check(request.query_params)
            url = self.consents.page(request.query_params.multi_items(), scopes_required=True)
        except ConsentRefused as refused:
            return HTMLResponse(f"<html><h1>{refused.error}</h1><p>{refused.description}</p></html>", 400)
        return RedirectResponse(f"{url}&{urlencode({'realmId': REALM})}" if "code=" in url else url, 302)

    async def _token(self, request: Request) -> Response:
        try:
            content_type = request.headers.get("content-type", "")
            query = request.scope["query_string"].decode("latin-1")
            form = form_of(request.method, content_type, query, await request.body())
            self.consents.check_client(*_basic(request.headers.get("authorization", "")))
            return self._answer(self._grant(form))
        except ConsentRefused as refused:
            client = refused.error.startswith("invalid_client")
            error = "invalid_client" if client else refused.error
            return reply({"error": error, "error_description": refused.description}, 401 if client else 400)

    def _grant(self, form: Mapping[str, str]) -> Grant:
        kind = form.get("grant_type", "")
        if kind not in _FORM:
            raise ConsentRefused("unsupported_grant_type", f"grant_type {kind or 'missing'}")
        for name in form:
            if name not in _FORM[kind] | {"grant_type"}:
                raise ConsentRefused("invalid_request", f"unknown parameter {name}")
        return (
            self.consents.redeem(form)
            if kind == "authorization_code"
            else self.consents.renew(form.get("refresh_token", ""))
        )

    def _answer(self, grant: Grant) -> Response:
        access = f"eyJ{secrets.token_urlsafe(90)}"
        self._access[access] = (grant, self._company.clock.now() + LIFE)
        return reply(
            {
                "token_type": "bearer",
                "access_token": access,
                "expires_in": int(LIFE.total_seconds()),
                "refresh_token": grant.refresh,
                "x_refresh_token_expires_in": REFRESH_LIFE,
            }
        )

    def admits(self, authorization: str) -> bool:
        """Whether a bearer is a living token."""
        grant, ends = self._access.get(authorization.removeprefix("Bearer "), (None, None))
        return grant is not None and ends is not None and grant.live and self._company.clock.now() < ends

    def forget(self) -> None:
        """Every access token ends; refresh tokens stay good."""
        self._access.clear()

    def revoke(self) -> None:
        """The app is disconnected in the company's own settings."""
        self.consents.revoke()


def _check(asked: Mapping[str, str]) -> None:
    for name in asked:
        if name not in _ASKED:
            raise ConsentRefused("invalid_request", f"unknown parameter {name}")
    if asked.get("scope") != SCOPE:
        raise ConsentRefused("invalid_scope", "the app has no such scope")


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise ConsentRefused("invalid_client", "the client is not authenticated") from None
    if scheme.lower() != "basic":
        raise ConsentRefused("invalid_client", "the client is not authenticated")
    return id, secret
