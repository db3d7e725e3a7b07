"""What vendors share of consent: an app's registration, codes, refresh tokens; as strict as RFC 6749 and 7636 allow.

Each vendor has its own paths, errors and access tokens. There is nobody to click: whoever opens the page consents, or,
where the setting `consent` says `deny`, does not. Other settings: `redirect_uris`, of the app; `rotates`, whether a
refresh token is taken once; `grace`, the seconds in which one that was taken may be sent again.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from backhaul.sandbox.clock import Clock

CODE_LIFE = timedelta(minutes=10)


class ConsentRefused(Exception):
    """An error of RFC 6749, which each vendor words in its own way."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(slots=True)
class Grant:
    """What a person granted to the app, and the refresh token that stands for it now."""

    scopes: tuple[str, ...]
    refresh: str = ""
    live: bool = True


@dataclass(frozen=True, slots=True)
class _Code:
    grant: Grant
    redirect_uri: str
    challenge: str
    given_at: datetime


class Consents:
    """One app's consents at one vendor. `counts`: exchanges, renewals, replays (a spent token within the grace), and
    refused ones."""

    def __init__(
        self, clock: Clock, controls: dict[str, Any], client_id: str, client_secret: str, *, prefix: str, rotates: bool
    ) -> None:
        controls |= {
            "consent": "grant",
            "redirect_uris": ["http://localhost:8712/callback"],
            "rotates": rotates,
            "grace": 0.0,
        }
        self._clock = clock
        self._controls = controls
        self._client = (client_id, client_secret)
        self._prefix = prefix
        self._codes: dict[str, _Code | Grant] = {}  # a code that was used leaves its grant behind
        self._refresh: dict[str, Grant] = {}
        self._spent: dict[str, tuple[Grant, datetime]] = {}
        self.counts: Counter[str] = Counter()

    def page(self, query: Sequence[tuple[str, str]], *, scopes_required: bool) -> str:
        """The address that the person is sent on to. Raises ConsentRefused for what the vendor shows a page about."""
        asked = _once(query)
        if asked.get("client_id") != self._client[0]:
            raise ConsentRefused("invalid_client", "no app has this client id")
        redirect_uri = asked.get("redirect_uri", "")
        if redirect_uri not in self._controls["redirect_uris"]:
            raise ConsentRefused("invalid_request", "redirect_uri does not match one that the app is registered with")
        answer = {"state": asked["state"]} if "state" in asked else {}
        try:
            answer["code"] = self._code(asked, redirect_uri, scopes_required)
        except ConsentRefused as refused:
            answer |= {"error": refused.error, "error_description": refused.description}
        return f"{redirect_uri}?{urlencode(answer)}"

    def _code(self, asked: Mapping[str, str], redirect_uri: str, scopes_required: bool) -> str:
        if asked.get("response_type") != "code":
            raise ConsentRefused("unsupported_response_type", "response_type must be code")
        scopes = tuple(asked.get("scope", "").split())
        if scopes_required and not scopes:
            raise ConsentRefused("invalid_scope", "scope is missing")
        challenge, method = asked.get("code_challenge", ""), asked.get("code_challenge_method", "")
        if bool(challenge) != bool(method) or (method and method != "S256"):
            raise ConsentRefused("invalid_request", "code_challenge needs code_challenge_method S256")
        if self._controls["consent"] != "grant":
            raise ConsentRefused("access_denied", "the user denied the request")
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(Grant(scopes), redirect_uri, challenge, self._clock.now())
        return code

    def check_client(self, client_id: str | None, client_secret: str | None) -> None:
        if client_id != self._client[0]:
            raise ConsentRefused("invalid_client_id", "client identifier invalid")
        if client_secret != self._client[1]:
            raise ConsentRefused("invalid_client", "invalid client credentials")

    def redeem(self, form: Mapping[str, str]) -> Grant:
        """The grant of a code, which is good once: a second use takes back what the first one gave."""
        held = self._codes.get(form.get("code", ""))
        if isinstance(held, Grant):
            held.live = False
            raise self._refused("the code was used before")
        if held is None or self._clock.now() - held.given_at > CODE_LIFE:
            raise self._refused("the code is not known, or expired")
        if form.get("redirect_uri") != held.redirect_uri:
            raise self._refused("redirect_uri is not the one that the code was given for")
        verifier = form.get("code_verifier", "")
        if held.challenge != (_challenge(verifier) if verifier else ""):
            raise self._refused("code_verifier does not match the challenge")
        self._codes[form["code"]] = held.grant
        self.counts["exchanges"] += 1
        return self._with_refresh(held.grant)

    def renew(self, refresh: str) -> Grant:
        """The grant of a refresh token; where they rotate, with the next one."""
        spent = self._spent.get(refresh)
        if spent is not None:
            grant, at = spent
            if not grant.live or self._clock.now() - at > timedelta(seconds=float(self._controls["grace"])):
                raise self._refused("the refresh token was used before")
            self.counts["replays"] += 1
            return self._with_refresh(grant)
        known = self._refresh.get(refresh)
        if known is None or not known.live:
            raise self._refused("the refresh token is not known, or was revoked")
        self.counts["renewals"] += 1
        if self._controls["rotates"]:
            self._spent[refresh] = (known, self._clock.now())
            return self._with_refresh(known)
        return known

    def revoke(self) -> None:
        """Every grant ends."""
        for grant in self._refresh.values():
            grant.live = False

    def _with_refresh(self, grant: Grant) -> Grant:
        self._refresh.pop(grant.refresh, None)
        grant.refresh = f"{self._prefix}{secrets.token_urlsafe(32)}"
        self._refresh[grant.refresh] = grant
        return grant

    def _refused(self, description: str) -> ConsentRefused:
        self.counts["refused"] += 1
        return ConsentRefused("invalid_grant", description)


def form_of(method: str, content_type: str, query: str, body: bytes) -> dict[str, str]:
    """The parameters of a token request. Raises ConsentRefused where it is none as RFC 6749 has it."""
    if method != "POST":
        raise ConsentRefused("invalid_request", "must use HTTP POST")
    if query:
        raise ConsentRefused("invalid_request", "parameters belong into the body")
    if not content_type.startswith("application/x-www-form-urlencoded"):
        raise ConsentRefused("invalid_request", "content type must be application/x-www-form-urlencoded")
    return _once(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def _once(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ConsentRefused("invalid_request", "a parameter is given twice")
    return found


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
