"""Consent to an app, its tokens with or without rotation, and who a bearer is."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.consent import ConsentRefused, Consents, Grant, form_of
from backhaul.sandbox.slack import answers
from backhaul.sandbox.slack.methods import SCOPES
from backhaul.sandbox.slack.workspace import APP, BOT_USER, TEAM, TEAM_NAME, Workspace
from backhaul.sandbox.vendor import Refused

TOKEN = "xoxb-2153180705-5834970321-aBcDeFgHiJkLmNoPqRsTuVwX"
LIFE = timedelta(hours=12)
AT_ONCE = 2
"""Access tokens of an installation that live at a time, where they rotate."""
_NAMES = {"invalid_client": "bad_client_secret", "invalid_client_id": "invalid_client_id",
          "unsupported_grant_type": "invalid_grant_type"}  # fmt: skip


class OAuth:
    """The app of the sandbox, and the token of an installation that was made by hand."""

    def __init__(self, workspace: Workspace, controls: dict[str, Any], seed: int) -> None:
        self.client = {
            "client_id": f"2153180705.{seed:013d}",
            "client_secret": hashlib.sha256(f"slack app {seed}".encode()).hexdigest()[:32],
        }
        self._at = workspace
        self._controls = controls
        self._rotates = workspace.variants["token_rotation"] == "on"
        self.consents = Consents(workspace.clock, controls, **self.client, prefix="xoxe-1-", rotates=True)
        self._access: dict[str, tuple[Grant, datetime | None]] = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth/v2/authorize", self._authorize, methods=["GET"]),
            Route("/api/oauth.v2.access", self._token, methods=["GET", "POST"]),
        ]

    async def _authorize(self, request: Request) -> Response:
        """Scopes are parted by commas; no `response_type` is asked for."""
        asked = dict(request.query_params)
        asked["scope"] = asked.get("scope", "").replace(",", " ")
        unknown = sorted(set(asked["scope"].split()) - set(SCOPES))
        if unknown:
            return HTMLResponse(f"<html><h1>Invalid permissions requested</h1><p>{unknown[0]}</p></html>", 400)
        asked.setdefault("response_type", "code")
        asked.pop("user_scope", None)
        try:
            url = self.consents.page(list(asked.items()), scopes_required=True)
        except ConsentRefused as refused:
            return HTMLResponse(f"<html><h1>{refused.error}</h1><p>{refused.description}</p></html>", 400)
        return RedirectResponse(url, 302)

    async def _token(self, request: Request) -> Response:
        try:
            content_type = request.headers.get("content-type", "")
            query = request.scope["query_string"].decode("latin-1")
            form = form_of(request.method, content_type, query, await request.body())
            self.consents.check_client(*_client(request, form))
            return self._answer(self._grant(form))
        except ConsentRefused as refused:
            return answers.error(self._name(refused))

    def _name(self, refused: ConsentRefused) -> str:
        if refused.error == "invalid_grant":
            return "invalid_refresh_token" if "refresh" in refused.description else "invalid_code"
        return _NAMES.get(refused.error, "invalid_arguments")

    def _grant(self, form: dict[str, str]) -> Grant:
        kind = form.get("grant_type", "authorization_code")
        if kind == "authorization_code":
            return self.consents.redeem(form)
        if kind != "refresh_token":
            raise ConsentRefused("unsupported_grant_type", kind)
        if not self._rotates:
            raise ConsentRefused("invalid_grant", "refresh tokens are of apps whose tokens rotate")
        return self.consents.renew(form.get("refresh_token", ""))

    def _answer(self, grant: Grant) -> Response:
        access = f"{'xoxe.' if self._rotates else ''}xoxb-{secrets.token_urlsafe(40)}"
        now = self._at.clock.now()
        self._access[access] = (grant, now + LIFE if self._rotates else None)
        mine = [token for token, (held, _) in self._access.items() if held is grant]
        for token in mine[: -AT_ONCE if self._rotates else 0]:
            self._access[token] = (grant, now)
        told: dict[str, Any] = {
            "app_id": APP, "authed_user": {"id": "U00000100"}, "scope": ",".join(grant.scopes), "token_type": "bot",
            "access_token": access, "bot_user_id": BOT_USER, "team": {"id": TEAM, "name": TEAM_NAME},
            "enterprise": None, "is_enterprise_install": False,
        }  # fmt: skip
        if self._rotates:
            told |= {"refresh_token": grant.refresh, "expires_in": int(LIFE.total_seconds())}
        return answers.reply(**told)

    def scopes(self, request: Request, token: str) -> tuple[str, ...]:
        """Of the bearer. Raises Refused for one that is not let in."""
        missing = set(self._controls["missing_scopes"])
        bearer = request.headers.get("authorization", "")
        if not bearer and not token:
            answers.refuse("not_authed")
        found = bearer.removeprefix("Bearer ") if bearer else token
        if found == TOKEN:
            return tuple(each for each in SCOPES if each not in missing)
        grant, ends = self._access.get(found, (None, None))
        if grant is None:
            answers.refuse("invalid_auth")
        if not grant.live:
            answers.refuse("token_revoked")
        if ends is not None and self._at.clock.now() >= ends:
            raise Refused(answers.error("token_expired"))
        return tuple(each for each in grant.scopes if each not in missing)

    def forget(self) -> None:
        """Every access token ends; the refresh tokens stay good."""
        now = self._at.clock.now()
        self._access = {token: (grant, now) for token, (grant, _) in self._access.items()}

    def revoke(self) -> None:
        """The app is uninstalled."""
        self.consents.revoke()


def _client(request: Request, form: dict[str, str]) -> tuple[str | None, str | None]:
    """By HTTP Basic, as Slack prefers, or in the form."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id"), form.get("client_secret")
    try:
        id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    return id, secret
