"""Tokens of the instance's own: for an app, for a person with a password, for one who consented."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.consent import ConsentRefused, Consents, Grant, form_of
from backhaul.sandbox.servicenow.store import ME

LIFE = timedelta(seconds=1800)
_KINDS = {
    "authorization_code": {"code", "redirect_uri", "code_verifier"},
    "refresh_token": {"refresh_token"},
    "password": {"username", "password"},
    "client_credentials": set(),
}
_ALWAYS = {"grant_type", "client_id", "client_secret", "scope"}


class OAuth:
    def __init__(self, clock: Clock, controls: dict[str, Any], seed: int) -> None:
        digest = hashlib.sha256(f"servicenow app {seed}".encode()).hexdigest()
        self.client = {"client_id": digest[:32], "client_secret": digest[32:44]}
        self.person = {"user": ME, "password": digest[44:60]}
        self.key = f"now_{digest[8:48]}"
        self._clock = clock
        self.consents = Consents(clock, controls, **self.client, prefix="", rotates=False)
        self._controls = controls
        # Token -> whose it is, and when it ends. While one of a person lives, the same text is given again.
        self._access: dict[str, tuple[object, datetime]] = {}
        self._refresh: dict[str, str] = {}
        self.revoked = False

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth_auth.do", self._authorize, methods=["GET"]),
            Route("/oauth_token.do", self._token, methods=["GET", "POST"]),
        ]

    async def _authorize(self, request: Request) -> Response:
        try:
            url = self.consents.page(request.query_params.multi_items(), scopes_required=False)
        except ConsentRefused as refused:
            return HTMLResponse(f"<html><p>{refused.description}</p></html>", 400)
        return RedirectResponse(url, 302)

    async def _token(self, request: Request) -> Response:
        try:
            query = request.scope["query_string"].decode("latin-1")
            form = form_of(request.method, request.headers.get("content-type", ""), query, await request.body())
            kind = self._checked({**_of_header(request.headers.get("authorization", "")), **form})
            return self._answer(kind, form)
        except ConsentRefused as refused:
            name = "invalid_client" if refused.error == "invalid_client_id" else refused.error
            told = {"error": name, "error_description": name if name == "access_denied" else refused.description}
            return Response(msgspec.json.encode(told), 401, media_type="application/json")

    def _checked(self, form: dict[str, str]) -> str:
        kind = form.get("grant_type", "")
        if kind not in _KINDS:
            raise ConsentRefused("unsupported_grant_type", "unsupported_grant_type")
        if strange := sorted(set(form) - _KINDS[kind] - _ALWAYS):
            raise ConsentRefused("invalid_request", f"unknown parameter {strange[0]}")
        self.consents.check_client(form.get("client_id"), form.get("client_secret"))
        if self.revoked:
            raise ConsentRefused("access_denied", "access_denied")
        return kind

    def _answer(self, kind: str, form: dict[str, str]) -> Response:
        whose: object = kind
        refresh: str | None = None
        if kind == "authorization_code":
            grant = self.consents.redeem(form)
            whose, refresh = grant, grant.refresh
        elif kind == "refresh_token" and form.get("refresh_token") in self._refresh:
            whose, refresh = "password", form["refresh_token"]
        elif kind == "refresh_token":
            grant = self.consents.renew(form.get("refresh_token", ""))
            whose, refresh = grant, grant.refresh
        elif kind == "password":
            if (form.get("username"), form.get("password")) != (self.person["user"], self.person["password"]):
                raise ConsentRefused("access_denied", "access_denied")
            refresh = next(iter(self._refresh), None) or secrets.token_urlsafe(64)
            self._refresh[refresh] = "password"
        access = self._given(whose)
        told: dict[str, Any] = {
            "access_token": access,
            "scope": "useraccount",
            "token_type": "Bearer",
            "expires_in": int(LIFE.total_seconds()) - 1,
        }
        if refresh is not None:
            told["refresh_token"] = refresh
        return Response(msgspec.json.encode(told), media_type="application/json")

    def _given(self, whose: object) -> str:
        """The same text for as long as it lives, with a new end."""
        now = self._clock.now()
        access = next((each for each, (of, ends) in self._access.items() if of == whose and now < ends), None)
        access = access or secrets.token_urlsafe(64)
        self._access[access] = (whose, now + LIFE)
        return access

    def admits(self, authorization: str) -> bool:
        whose, ends = self._access.get(authorization.removeprefix("Bearer "), (None, None))
        live = whose.live if isinstance(whose, Grant) else True
        return not self.revoked and ends is not None and live and self._clock.now() < ends

    def forget(self) -> None:
        """Every access token ends; refresh tokens stay good."""
        self._access.clear()

    def revoke(self) -> None:
        """The app's entry, the user's password, the key and every consent end."""
        self._access.clear()
        self.consents.revoke()
        self.revoked = True


def _of_header(authorization: str) -> dict[str, str]:
    """An app may prove itself as HTTP Basic, too."""
    kind, _, rest = authorization.partition(" ")
    if kind != "Basic":
        return {}
    try:
        name, _, secret = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": name, "client_secret": secret}
