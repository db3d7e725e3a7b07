"""Consent to an app, and who a bearer is. Tokens have no end and are not renewed."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.consent import ConsentRefused, Consents, Grant, form_of
from backhaul.sandbox.intercom import answers
from backhaul.sandbox.vendor import Refused

TOKEN = "dG9rOjFhMmIzYzRkXzVlNmZfNzg5MF9hYmNkX2VmMDEyMzQ1Njc4OToxOjA="


class OAuth:
    """The app of the sandbox, and the access token of the workspace's own app."""

    def __init__(self, clock: Clock, controls: dict[str, Any], seed: int) -> None:
        digest = hashlib.sha256(f"intercom app {seed}".encode()).hexdigest()
        self.client = {"client_id": f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}",
                       "client_secret": f"{digest[32:]}"}  # fmt: skip
        self.consents = Consents(clock, controls, **self.client, prefix="unused-", rotates=False)
        self._access: dict[str, Grant] = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth", self._authorize, methods=["GET"]),
            Route("/auth/eagle/token", self._token, methods=["POST"]),
        ]

    async def _authorize(self, request: Request) -> Response:
        """What the app may do is said where it is registered, not here."""
        asked = dict(request.query_params)
        asked.setdefault("response_type", "code")
        try:
            url = self.consents.page(list(asked.items()), scopes_required=False)
        except ConsentRefused as refused:
            return HTMLResponse(f"<html><h1>{refused.error}</h1><p>{refused.description}</p></html>", 400)
        return RedirectResponse(url, 302)

    async def _token(self, request: Request) -> Response:
        try:
            form = await _given(request)
            self.consents.check_client(form.get("client_id"), form.get("client_secret"))
            grant = self.consents.redeem(form)
        except ConsentRefused as refused:
            code = "parameter_invalid" if refused.error == "invalid_request" else "unauthorized"
            return answers.error(400 if code == "parameter_invalid" else 401, code, refused.description)
        access = f"dG9rO{secrets.token_urlsafe(40)}"
        self._access[access] = grant
        return answers.reply({"token_type": "Bearer", "token": access, "access_token": access})

    def check(self, request: Request) -> None:
        """Raises Refused for a bearer that is not let in."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer == TOKEN:
            return
        grant = self._access.get(bearer)
        if grant is None:
            raise Refused(answers.unauthorized())
        if not grant.live:
            raise Refused(answers.error(401, "token_revoked", "Access Token Revoked"))

    def revoke(self) -> None:
        """The app is uninstalled."""
        for grant in self._access.values():
            grant.live = False


async def _given(request: Request) -> dict[str, str]:
    """The parameters, in a form or in JSON."""
    content_type, body = request.headers.get("content-type", ""), await request.body()
    if content_type.split(";")[0].strip().lower() == "application/json":
        try:
            return {name: str(value) for name, value in msgspec.json.decode(body, type=dict[str, Any]).items()}
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise ConsentRefused("invalid_request", "the body is no JSON") from None
    return form_of(request.method, content_type, request.scope["query_string"].decode("latin-1"), body)
