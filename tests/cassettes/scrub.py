"""What of an exchange may be written down: no secret, no host of one's own, no header that nobody reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

SECRET = "hidden"
SALESFORCE_LOGIN = "https://login.salesforce.com"
PUBLIC = {
    "hubspot": "https://api.hubapi.com",
    "salesforce": "https://example.my.salesforce.com",
    "netsuite": "https://1234567-sb1.suitetalk.api.netsuite.com",
}
"""The address that stands in cassettes, whatever was recorded: a simulator's or one's own account's."""

SECRET_PARAMETERS = frozenset({"client_id", "client_secret", "assertion", "refresh_token", "username", "password"})
SECRET_MEMBERS = frozenset({"access_token", "refresh_token", "id_token", "signature", "id"})
"""Of a token endpoint's answer. Its `id` is an address that names the account."""
PROBED = frozenset({"organization_id", "user_id", "zoneinfo"})
"""What stays of Salesforce's userinfo: the rest describes a person."""

KEPT_OF_REQUESTS = frozenset({"accept", "content-type", "prefer"})
KEPT_OF_ANSWERS = re.compile(
    r"content-type|content-encoding|content-length|location|retry-after|sforce-.*|x-hubspot-ratelimit-.*"
)
_INSTANCE = re.compile(r"https://(?!login\.)[A-Za-z0-9.-]+\.salesforce\.com")


@dataclass
class Scrubber:
    """The filters of one test's cassette. `origins`: addresses that were really called, and whose they stand for."""

    origins: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)

    def request(self, request: Any) -> Any:
        """A request as it is written and matched; None: it is no part of the exchange."""
        parts = urlsplit(request.uri)
        if parts.path.startswith("/_control"):
            return None
        uri = self._text(request.uri)
        if parts.path.endswith("/oauth2/token"):
            uri = SALESFORCE_LOGIN + urlunsplit(("", "", parts.path, parts.query, ""))
            request.body = _form(request.body)
        elif request.body:
            request.body = self._text(request.body.decode()).encode()
        request.uri = uri
        scheme = str(request.headers.get("authorization", "")).split(" ")[0]
        kept = {name: value for name, value in request.headers.items() if name.lower() in KEPT_OF_REQUESTS}
        request.headers = {**kept, "authorization": f"{scheme} {SECRET}"} if scheme else kept
        return request

    def answer(self, response: dict[str, Any]) -> dict[str, Any]:
        """An answer as it is written. It is still compressed only where it cannot be read."""
        body: bytes = response["body"]["string"]
        text = self._text(_members(body.decode()))
        response["body"]["string"] = text.encode()
        headers = {
            name.lower(): [self._text(value) for value in values]
            for name, values in response["headers"].items()
            if KEPT_OF_ANSWERS.fullmatch(name.lower())
        }
        if "content-length" in headers:
            headers["content-length"] = [str(len(response["body"]["string"]))]
        response["headers"] = headers
        return response

    def _text(self, text: str) -> str:
        for origin, public in self.origins.items():
            text = text.replace(origin, public)
        text = _INSTANCE.sub(PUBLIC["salesforce"], text)
        for secret in self.secrets:
            text = text.replace(secret, SECRET)
        return text


def _form(body: bytes | None) -> bytes:
    pairs = parse_qsl((body or b"").decode(), keep_blank_values=True)
    return urlencode([(name, SECRET if name in SECRET_PARAMETERS else value) for name, value in pairs]).encode()


def _members(text: str) -> str:
    """The answers that are secret or personal by nature; all others stay as they came, to the byte."""
    if "access_token" not in text and "organization_id" not in text:
        return text
    try:
        document = json.loads(text)
    except ValueError:
        return text
    if not isinstance(document, Mapping):
        return text
    if "access_token" in document:
        document = {name: SECRET if name in SECRET_MEMBERS else value for name, value in document.items()}
    elif "organization_id" in document:
        document = {name: value for name, value in document.items() if name in PROBED}
    return json.dumps(document)
