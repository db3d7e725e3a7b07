"""A session: a login by a request of the definition's own, whose outcome stands in later requests as `{auth.*}`."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from xml.sax.saxutils import escape

from backhaul.auth.specs import SessionSpec
from backhaul.errors import Reauthorise
from backhaul.http.client import Transport
from backhaul.http.request import Request
from backhaul.telemetry import redact


class Session:
    """Logs in when first needed, and again when the vendor says that the session is over. One login serves all threads.

    Requests are written with what the login kept; one that was written before a new login is brought up to date when
    it is signed.
    """

    def __init__(self, spec: SessionSpec, transport: Transport) -> None:
        """transport: a plain one, without a signer, with TOKEN_RULES."""
        redact.register(*spec.secrets)
        self._spec = spec
        self._transport = transport
        self._lock = threading.Lock()
        self._facts: Mapping[str, str] | None = None
        self._past: list[Mapping[str, str]] = []

    @property
    def facts(self) -> Mapping[str, str]:
        with self._lock:
            if self._facts is None:
                self._facts = self._login()
            return self._facts

    def sign(self, request: Request) -> Request:
        facts = self.facts
        for past in self._past:
            for name, old in past.items():
                new = facts.get(name, old)
                if old != new:
                    request = _with(request, old, new)
        return request

    def refresh(self, refused: Request) -> bool:
        with self._lock:
            # another thread may have logged in while this one waited for its answer
            if self._facts is not None and _holds(refused, self._facts):
                self._past.append(self._facts)
                self._facts = None
            if self._facts is None:
                self._facts = self._login()
        return True

    def _login(self) -> Mapping[str, str]:
        response = self._transport.send(self._spec.login)
        found, said = self._spec.read(response.status, response.headers, response.body)
        if not found:
            raise Reauthorise(f"the login was refused: {said or 'its answer holds no session'}")
        redact.register(*(value for value in found.values() if not value.startswith(("http://", "https://"))))
        return found


def _holds(request: Request, facts: Mapping[str, str]) -> bool:
    return any(_with(request, value, "") is not request for value in facts.values() if value)


def _with(request: Request, old: str, new: str) -> Request:
    """The request with one text in place of another; itself where it does not hold it."""
    url = request.url.replace(old, new)
    params = tuple((name, value.replace(old, new)) for name, value in request.params)
    headers = {name: value.replace(old, new) for name, value in request.headers.items()}
    body = request.body
    if body is not None:
        body = body.replace(old.encode(), new.encode()).replace(escape(old).encode(), escape(new).encode())
    if (url, params, headers, body) == (request.url, request.params, dict(request.headers), request.body):
        return request
    return replace(request, url=url, params=params, headers=headers, body=body)
