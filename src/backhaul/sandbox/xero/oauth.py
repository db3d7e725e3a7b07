"""Xero's sign-in: a consent serves every organisation that the person connected; refresh tokens are taken once, and a
spent one is good for thirty minutes more, for those whose answer was lost.

An app may also have one organisation of its own (a custom connection) and get tokens by its credentials alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.consent import ConsentRefused, Consents, Grant, form_of
from backhaul.sandbox.xero.answers import reply

LIFE = timedelta(minutes=30)
GRACE = 1800.0  # seconds
_NARROW = (
    "invoices", "payments", "banktransactions", "manualjournals", "contacts", "settings", "attachments", "budgets",
    "journals", "reports.aged", "reports.balancesheet",
)  # fmt: skip
SCOPES = frozenset(
    {"openid", "profile", "email", "offline_access"}
    | {f"accounting.{name}" for name in _NARROW}
    | {f"accounting.{name}.read" for name in _NARROW}
)
_ASKED = {
    "client_id", "response_type", "scope", "redirect_uri", "state", "code_challenge", "code_challenge_method", "nonce",
}  # fmt: skip
_FORM = {
    "authorization_code": {"code", "redirect_uri", "code_verifier"},
    "refresh_token": {"refresh_token", "scope"},
    "client_credentials": {"scope"},
}


class OAuth:
    """The app of the sandbox. A token that was forgotten is as good as expired."""

    def __init__(self, clock: Clock, controls: dict[str, object], seed: int) -> None:
        digest = hashlib.sha256(f"xero app {seed}".encode()).hexdigest()
        self.client = {"client_id": digest[:32].upper(), "client_secret": f"{digest[20:]}-{digest[:4]}"}
        self._clock = clock
        self.consents = Consents(clock, controls, **self.client, prefix="", rotates=True)
        controls["grace"] = GRACE
        self._access: dict[str, tuple[Grant, datetime]] = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/identity/connect/authorize", self._authorize, methods=["GET"]),
            Route("/connect/token", self._token, methods=["GET", "POST"]),
            Route("/connect/revocation", self._revocation, methods=["POST"]),
        ]

    async def _authorize(self, request: Request) -> Response:
        try:
            _check_names(request.query_params, _ASKED)
            _check_scopes(request.query_params.get("scope", ""))
            url = self.consents.page(request.query_params.multi_items(), scopes_required=True)
        except ConsentRefused as refused:
            return HTMLResponse(f"<html><h1>Sorry, something went wrong</h1><p>{refused.error}</p></html>", 400)
        return RedirectResponse(url, 302)

    async def _token(self, request: Request) -> Response:
        try:
            form = await self._form(request)
            return self._answer(self._grant(form))
        except ConsentRefused as refused:
            client = refused.error.startswith("invalid_client")
            return reply({"error": "invalid_client" if client else refused.error}, 400)

    async def _revocation(self, request: Request) -> Response:
        try:
            form = await self._form(request)
        except ConsentRefused as refused:
            return reply({"error": refused.error}, 400)
        for grant, _ in list(self._access.values()):
            if grant.refresh == form.get("token"):
                grant.live = False
        return Response(status_code=200)

    async def _form(self, request: Request) -> dict[str, str]:
        """The form of an app that proves itself, by HTTP Basic or within it."""
        query = request.scope["query_string"].decode("latin-1")
        form = form_of(request.method, request.headers.get("content-type", ""), query, await request.body())
        given = _basic(request.headers.get("authorization", ""))
        self.consents.check_client(*(given or (form.pop("client_id", ""), form.pop("client_secret", ""))))
        return form

    def _grant(self, form: Mapping[str, str]) -> Grant:
        kind = form.get("grant_type", "")
        if kind not in _FORM:
            raise ConsentRefused("unsupported_grant_type", f"grant_type {kind or 'missing'}")
        _check_names(form, _FORM[kind] | {"grant_type"})
        if kind == "authorization_code":
            return self.consents.redeem(form)
        if kind == "refresh_token":
            return self.consents.renew(form.get("refresh_token", ""))
        scopes = form.get("scope", "")
        _check_scopes(scopes)
        if "offline_access" in scopes.split():
            raise ConsentRefused("invalid_scope", "there is nobody who could be offline")
        return Grant(tuple(scopes.split()))

    def _answer(self, grant: Grant) -> Response:
        access = f"eyJ{secrets.token_urlsafe(90)}"
        self._access[access] = (grant, self._clock.now() + LIFE)
        refresh = {"refresh_token": grant.refresh} if grant.refresh and "offline_access" in grant.scopes else {}
        return reply(
            {
                "access_token": access,
                "expires_in": int(LIFE.total_seconds()),
                "token_type": "Bearer",
                **refresh,
                "scope": " ".join(grant.scopes),
            }
        )

    def granted(self, authorization: str) -> tuple[str, ...] | None:
        """The scopes of a living token, else None."""
        grant, ends = self._access.get(authorization.removeprefix("Bearer "), (None, None))
        if grant is None or ends is None or not grant.live or self._clock.now() >= ends:
            return None
        return grant.scopes

    def forget(self) -> None:
        """Every access token ends; refresh tokens stay good."""
        self._access.clear()

    def revoke(self) -> None:
        """The app is disconnected in the organisation's own settings."""
        self.consents.revoke()
        self.forget()


def _check_names(given: Iterable[str], known: set[str]) -> None:
    unknown = set(given) - known
    if unknown:
        raise ConsentRefused("invalid_request", f"unknown parameter {min(unknown)}")


def _check_scopes(text: str) -> None:
    unknown = set(text.split()) - SCOPES
    if unknown or not text.split():
        raise ConsentRefused("invalid_scope", f"the app has no scope {min(unknown, default='')}")


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise ConsentRefused("invalid_client", "the client is not authenticated") from None
    return id, secret
