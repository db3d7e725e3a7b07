"""Microsoft's sign-in, version 2: tokens for an application, and for a person who consented; a tenant each."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.consent import ConsentRefused, Consents, Grant, form_of

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
HOST = "acme.crm4.dynamics.com"
LIFE = timedelta(seconds=3599)
_ANY = ("common", "organizations")
_ASKED = frozenset({"client_id", "response_type", "redirect_uri", "response_mode", "scope", "state", "code_challenge",
                    "code_challenge_method", "prompt", "login_hint", "domain_hint"})  # fmt: skip
_FORM = {
    "client_credentials": {"scope"},
    "authorization_code": {"code", "redirect_uri", "code_verifier", "scope"},
    "refresh_token": {"refresh_token", "scope"},
}
_ALWAYS = {
    "grant_type",
    "client_id",
    "client_secret",
    "client_info",
    "claims",
}  # Microsoft's own libraries send the last
# What goes wrong -> the number that every message begins with, and the status.
_NUMBERS = {
    "invalid_client": (7000215, 401), "invalid_client_id": (700016, 400), "invalid_grant": (70008, 400),
    "invalid_scope": (70011, 400), "unsupported_grant_type": (70003, 400), "invalid_request": (900144, 400),
    "unauthorized_client": (700016, 400), "invalid_tenant": (90002, 400),
}  # fmt: skip


class OAuth:
    """The app of the sandbox, which is an application user of the environment, too."""

    def __init__(self, clock: Clock, controls: dict[str, Any], seed: int, *, rotates: bool) -> None:
        digest = hashlib.sha256(f"dynamics365 app {seed}".encode()).hexdigest()
        self.client = {
            "client_id": f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}",
            "client_secret": f"{digest[32:35]}8Q~{digest[35:]}",
        }
        self._clock = clock
        self.consents = Consents(clock, controls, **self.client, prefix="1.AXoAv", rotates=rotates)
        self._access: dict[str, tuple[Grant | None, datetime]] = {}
        self.revoked = False

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/{tenant}/oauth2/v2.0/authorize", self._authorize, methods=["GET"]),
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["GET", "POST"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._discovery, methods=["GET"]),
        ]

    async def _discovery(self, request: Request) -> Response:
        login = f"https://login.microsoftonline.com/{request.path_params['tenant']}"
        found = {
            "issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0",
            "authorization_endpoint": f"{login}/oauth2/v2.0/authorize",
            "token_endpoint": f"{login}/oauth2/v2.0/token",
        }
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def _authorize(self, request: Request) -> Response:
        try:
            self._check_tenant(request, application=False)
            _check_names(request.query_params, _ASKED)
            _check_scope(request.query_params.get("scope", ""), f"https://{HOST}/user_impersonation")
            url = self.consents.page(request.query_params.multi_items(), scopes_required=True)
        except ConsentRefused as refused:
            return HTMLResponse(f"<html><h1>Sign in</h1><p>{self._worded(refused)}</p></html>", 400)
        return RedirectResponse(url, 302)

    async def _token(self, request: Request) -> Response:
        try:
            query = request.scope["query_string"].decode("latin-1")
            form = form_of(request.method, request.headers.get("content-type", ""), query, await request.body())
            kind = _kind(form)
            self._check_tenant(request, application=kind == "client_credentials")
            _check_names(form, _FORM[kind] | _ALWAYS)
            self.consents.check_client(form.get("client_id"), form.get("client_secret"))
            return self._answer(kind, form)
        except ConsentRefused as refused:
            number, status = _NUMBERS.get(refused.error, (900144, 400))
            name = {"invalid_client_id": "unauthorized_client", "invalid_tenant": "invalid_request"}.get(
                refused.error, refused.error
            )
            told = {
                "error": name,
                "error_description": self._worded(refused),
                "error_codes": [number],
                "timestamp": self._clock.now().strftime("%Y-%m-%d %H:%M:%SZ"),
                "trace_id": "0d7a4a9c-6a6f-4a0c-8a8c-6e4a9d6c5b00",
                "correlation_id": "5c1d9a52-6cb3-4a39-90a0-4cd2b7b4f0b1",
            }
            return Response(msgspec.json.encode(told), status, media_type="application/json; charset=utf-8")

    def _worded(self, refused: ConsentRefused) -> str:
        number, _ = _NUMBERS.get(refused.error, (900144, 400))
        return f"AADSTS{number}: {refused.description} Timestamp: {self._clock.now():%Y-%m-%d %H:%M:%SZ}"

    def _check_tenant(self, request: Request, *, application: bool) -> None:
        tenant = request.path_params["tenant"]
        if tenant != TENANT and (application or tenant not in _ANY):
            raise ConsentRefused("invalid_tenant", f"Tenant '{tenant}' not found.")

    def _answer(self, kind: str, form: Mapping[str, str]) -> Response:
        grant: Grant | None = None
        if kind == "client_credentials":
            _check_scope(form.get("scope", ""), f"https://{HOST}/.default")
        else:
            grant = (
                self.consents.redeem(form)
                if kind == "authorization_code"
                else self.consents.renew(form.get("refresh_token", ""))
            )
        access = f"eyJ0eXAiOiJKV1Qi{secrets.token_urlsafe(90)}"
        self._access[access] = (grant, self._clock.now() + LIFE)
        seconds = int(LIFE.total_seconds())
        told: dict[str, Any] = {
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": access,
        }
        if grant is not None:
            told |= {"scope": f"https://{HOST}/user_impersonation", "refresh_token": grant.refresh}
        return Response(msgspec.json.encode(told), media_type="application/json; charset=utf-8")

    def admits(self, authorization: str) -> bool:
        """Whether a bearer is a living token."""
        grant, ends = self._access.get(authorization.removeprefix("Bearer "), (None, None))
        return not self.revoked and ends is not None and (grant is None or grant.live) and self._clock.now() < ends

    def forget(self) -> None:
        """Every access token ends; refresh tokens stay good."""
        self._access.clear()

    def revoke(self) -> None:
        """The app's secret and every consent end."""
        self._access.clear()
        self.consents.revoke()
        self.revoked = True

    def challenge(self, base_url: str) -> str:
        login = f"https://login.microsoftonline.com/{TENANT}/oauth2/authorize"
        return f"Bearer authorization_uri={login}, resource_id={quote(f'https://{HOST}/', safe=':/')}"


def _check_scope(text: str, needed: str) -> None:
    if needed not in text.split():
        raise ConsentRefused("invalid_scope", f"The provided value for scope {text or 'missing'} is not valid.")


def _check_names(given: Iterable[str], known: Set[str]) -> None:
    for name in given:
        if name not in known:
            raise ConsentRefused("invalid_request", f"unknown parameter {name}")


def _kind(form: Mapping[str, str]) -> str:
    kind = form.get("grant_type", "")
    if kind not in _FORM:
        raise ConsentRefused("unsupported_grant_type", f"The app requested an unsupported grant type '{kind}'.")
    return kind
