"""Logins and sessions: a sender's licence and a company's user at once, or a session that slides with every call."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.sage_intacct.answers import SIGN_IN, Fault, Turned
from backhaul.sandbox.sage_intacct.xmlish import Element, Markup, tag, text_of

_WRONG = Fault(SIGN_IN, "Sign-in information is incorrect", "Sign-in failure", "Please check the sign-in information")


@dataclass(slots=True)
class Session:
    """Of one user. cursors: where each legacy query stands, by its resultId."""

    id: str
    location: str
    since: datetime
    until: datetime
    cursors: dict[str, Any] = field(default_factory=dict)


class Sessions:
    def __init__(self, clock: Clock, controls: Mapping[str, Any], variants: Mapping[str, str], seed: int) -> None:
        self._clock, self._controls, self._variants, self._seed = clock, controls, variants, seed
        self._held: dict[str, Session] = {}
        self._made = 0
        self.company, self.user = "maven-computing", "xml_gateway"
        self.credentials = {
            "sender_id": "backhaul",
            "sender_password": self._secret("sender"),
            "company_id": self.company,
            "user_id": self.user,
            "user_password": self._secret("user"),
        }

    def _secret(self, of: str) -> str:
        return hashlib.sha256(f"sage intacct {self._seed} {of}".encode()).hexdigest()[:24]

    def licence(self, control: Element) -> None:
        """The sender's own id and password. Raises Turned."""
        told = text_of(control, "senderid"), text_of(control, "password")
        if told != (self.credentials["sender_id"], self.credentials["sender_password"]):
            raise Turned(Fault(SIGN_IN, "Incorrect Intacct XML Partner ID or password.", "Sign-in failure"))

    def sign_in(self, authentication: Element) -> Session:
        """By login or by session. Raises Turned."""
        login = authentication.find("login")
        if login is not None:
            asked = {name: text_of(login, name) for name in ("userid", "companyid", "password")}
            held = {"userid": self.user, "companyid": self.company, "password": self.credentials["user_password"]}
            if asked != held or self._controls["locked"]:
                raise Turned(_WRONG, "operation")
            return self.open(text_of(login, "locationid") or "")
        session = self._held.get(text_of(authentication, "sessionid") or "")
        now = self._clock.now()
        if session is None or now > session.until:
            raise Turned(self._over, "operation")
        session.until = now + self._life
        return session

    @property
    def _over(self) -> Fault:
        """What a session that ended is told by."""
        if self._variants["session_end"] == "own words":
            return Fault(SIGN_IN, "Session has timed out. Sign in again.", "Sign-in failure")
        return _WRONG

    @property
    def _life(self) -> timedelta:
        return timedelta(minutes=float(self._controls["session_minutes"]))

    def open(self, location: str) -> Session:
        self._made += 1
        now = self._clock.now()
        id = hashlib.sha256(f"session {self._seed} {self._made}".encode()).hexdigest()[:40] + "..@"
        self._held[id] = Session(id, location, now, now + self._life)
        return self._held[id]

    def forget(self) -> None:
        """Every session is over."""
        self._held.clear()

    def told(self, session: Session) -> Markup:
        return tag(
            "authentication", tag("status", "success"), tag("userid", self.user), tag("companyid", self.company),
            tag("locationid", session.location), tag("sessiontimestamp", _iso(session.since)),
            tag("sessiontimeout", _iso(session.until)),
        )  # fmt: skip


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}+00:00"
