"""Consent to an app, its tokens, and who a bearer is: the portal's private app, or a person's app with its scopes."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.consent import ConsentRefused, Consents, Grant, form_of
from backhaul.sandbox.hubspot import answers
from backhaul.sandbox.hubspot.answers import reply
from backhaul.sandbox.hubspot.portal import Portal
from backhaul.sandbox.vendor import Refused

PRIVATE_APP = "pat-na1-5a4d80c3-9d1e-4c0b-8f57-2b6f0e8d31aa"
LIFE = timedelta(seconds=1800)
_AUTHORIZE = frozenset(
    {"client_id", "redirect_uri", "scope", "optional_scope", "state", "response_type", "code_challenge",
     "code_challenge_method"}
)  # fmt: skip
_FORM = {
    "authorization_code": {"code", "redirect_uri", "code_verifier"},
    "refresh_token": {"refresh_token", "scope"},
}


class OAuth:
    """The app of the sandbox, which people of the portal may install."""

    def __init__(self, portal: Portal, controls: dict[str, Any], seed: int, *, rotates: bool) -> None:
        self.client = {
            "client_id": f"5a4d80c3-9d1e-4c0b-8f57-{seed:012d}",
            "client_secret": hashlib.sha256(f"hubspot app {seed}".encode()).hexdigest()[:36],
        }
        self._portal = portal
        self._controls = controls
        self.consents = Consents(portal.clock, controls, **self.client, prefix="na1-", rotates=rotates)
        self._access: dict[str, tuple[Grant, datetime]] = {}
        self.minted: list[str] = []
        """Every code and token that was ever given, for tests that look where they went."""

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth/authorize", self._authorize, methods=["GET"]),
            Route("/oauth/2026-03/token", self._token, methods=["GET", "POST"]),
            Route("/oauth/v2/private-apps/get/access-token-info", self._private_app, methods=["POST"]),
        ]

    async def _authorize(self, request: Request) -> Response:
        try:
            _known(request.query_params, _AUTHORIZE)
            url = self.consents.page(request.query_params.multi_items(), scopes_required=True)
        except ConsentRefused as refused:
            return HTMLResponse(f"<html><h1>{refused.error}</h1><p>{refused.description}</p></html>", 400)
        return RedirectResponse(url, 302)

    async def _token(self, request: Request) -> Response:
        try:
            content_type = request.headers.get("content-type", "")
            query = request.scope["query_string"].decode("latin-1")
            return self._answer(self._grant(form_of(request.method, content_type, query, await request.body())))
        except ConsentRefused as refused:
            return _refusal(refused)

    async def _private_app(self, request: Request) -> Response:
        """https://developers.hubspot.com/docs/apps/legacy-apps/private-apps/overview: a token told about by itself."""
        try:
            told = json.loads(await request.body() or b"{}")
        except ValueError:
            return answers.error(400, "Invalid input JSON", "VALIDATION_ERROR")
        if not isinstance(told, dict) or told.get("tokenKey") != PRIVATE_APP:
            return answers.wrong_token()
        every = {f"crm.objects.{each.scope}.{do}" for each in self._portal.types.values() for do in ("read", "write")}
        every |= {f"crm.schemas.{each.scope}.{do}" for each in self._portal.types.values() for do in ("read", "write")}
        every |= {"oauth", "tickets", "e-commerce", "sales-email-read", "crm.objects.owners.read"}
        scopes = sorted(every - set(self._controls["missing_scopes"]))
        return reply({"userId": 9586504, "hubId": self._portal.id, "appId": 1160452, "scopes": scopes})

    def _grant(self, form: Mapping[str, str]) -> Grant:
        kind = form.get("grant_type", "")
        if kind not in _FORM:
            raise ConsentRefused("unsupported_grant_type", f"grant_type {kind or 'missing'}")
        _known(form, _FORM[kind] | {"grant_type", "client_id", "client_secret"})
        self.consents.check_client(form.get("client_id"), form.get("client_secret"))
        if kind == "authorization_code":
            return self.consents.redeem(form)
        return self.consents.renew(form.get("refresh_token", ""))

    def _answer(self, grant: Grant) -> Response:
        access = f"CN{secrets.token_urlsafe(120)}"
        self._access[access] = (grant, self._portal.clock.now() + LIFE)
        self.minted += [access, grant.refresh]
        return reply(
            {
                "token_type": "bearer",
                "access_token": access,
                "refresh_token": grant.refresh,
                "expires_in": int(LIFE.total_seconds()),
                "hub_id": self._portal.id,
                "user_id": 9586504,
                "scopes": list(grant.scopes),
                "token_use": "access_token",
            }
        )

    def scopes(self, request: Request) -> tuple[str, ...] | None:
        """Of the bearer; None: the private app, which has them all. Raises Refused for one that is not known."""
        bearer = request.headers.get("authorization", "")
        if bearer == f"Bearer {PRIVATE_APP}":
            return None
        grant, ends = self._access.get(bearer.removeprefix("Bearer "), (None, None))
        if grant is None or ends is None or not grant.live:
            raise Refused(answers.wrong_token())
        if self._portal.clock.now() >= ends:
            raise Refused(answers.expired_token())
        return grant.scopes

    def forget(self) -> None:
        """Every access token ends; the refresh tokens stay good."""
        now = self._portal.clock.now()
        self._access = {token: (grant, now) for token, (grant, _) in self._access.items()}

    def revoke(self) -> None:
        """The app is uninstalled."""
        self.consents.revoke()


def _known(given: Iterable[str], allowed: Set[str]) -> None:
    for name in given:
        if name not in allowed:
            raise ConsentRefused("invalid_request", f"unknown parameter {name}")


def _refusal(refused: ConsentRefused) -> Response:
    status = "BAD_REFRESH_TOKEN" if "refresh token" in refused.description else "BAD_REQUEST"
    return reply(
        {
            "status": status,
            "message": refused.description,
            "correlationId": str(uuid4()),
            "error": refused.error,
            "error_description": refused.description,
        },
        400,
    )
