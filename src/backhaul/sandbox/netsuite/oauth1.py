"""Token-based authentication: OAuth 1.0a with HMAC-SHA256, checked from the request as it arrived."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

_PAIR = re.compile(r'\s*([a-z_]+)="([^"]*)"\s*')
_NONCE = re.compile(r"[A-Za-z0-9]{6,64}")
_REQUIRED = frozenset(
    {"realm", "oauth_consumer_key", "oauth_token", "oauth_nonce", "oauth_timestamp", "oauth_signature_method",
     "oauth_signature"}
)  # fmt: skip
MAX_SKEW = 300


class Rejected(Exception):
    """Why a signature was not accepted. The vendor tells its client nothing but INVALID_LOGIN."""


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")


def parsed(header: str) -> dict[str, str]:
    """The parameters of an Authorization header, decoded."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "oauth":
        raise Rejected(f"the scheme is {scheme or 'missing'}, not OAuth")
    found: dict[str, str] = {}
    for part in rest.split(","):
        match = _PAIR.fullmatch(part)
        if match is None:
            raise Rejected("the header is malformed")
        name, value = match.groups()
        if name in found:
            raise Rejected(f"{name} is given twice")
        found[name] = unquote(value)
    return found


def signature(
    method: str, url: str, query: str, oauth: Mapping[str, str], consumer_secret: str, token_secret: str
) -> str:
    """What RFC 5849 3.4 makes of a request. `url` has no query; `query` is as it was sent."""
    pairs = [(_encoded(name), _encoded(value)) for name, value in parse_qsl(query, keep_blank_values=True)]
    pairs += [(_encoded(k), _encoded(v)) for k, v in oauth.items() if k not in ("realm", "oauth_signature")]
    parameters = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    base = "&".join((method.upper(), _encoded(url), _encoded(parameters)))
    key = f"{_encoded(consumer_secret)}&{_encoded(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()


@dataclass(slots=True)
class Verifier:
    """One integration's token, and the nonces it has used in the last minutes."""

    realm: str
    consumer_key: str
    consumer_secret: str
    token_id: str
    token_secret: str
    _used: dict[tuple[str, str], float] = field(default_factory=dict)

    def verify(self, header: str | None, method: str, url: str, query: str) -> None:
        """Raises Rejected with the reason."""
        if not header:
            raise Rejected("there is no Authorization header")
        oauth = parsed(header)
        missing = _REQUIRED - oauth.keys()
        if missing:
            raise Rejected(f"missing: {', '.join(sorted(missing))}")
        if oauth["oauth_signature_method"] != "HMAC-SHA256":
            raise Rejected(f"the signature method {oauth['oauth_signature_method']} is not supported")
        if oauth.get("oauth_version", "1.0") != "1.0":
            raise Rejected("oauth_version is not 1.0")
        if oauth["realm"] != self.realm:
            raise Rejected(f"the realm {oauth['realm']} is not this account")
        if oauth["oauth_consumer_key"] != self.consumer_key or oauth["oauth_token"] != self.token_id:
            raise Rejected("unknown consumer key or token")
        self._check_time(oauth["oauth_timestamp"], oauth["oauth_nonce"])
        expected = signature(method, url, query, oauth, self.consumer_secret, self.token_secret)
        if not hmac.compare_digest(expected, oauth["oauth_signature"]):
            raise Rejected("the signature does not match the request")
        self._used[oauth["oauth_timestamp"], oauth["oauth_nonce"]] = time.time()

    def _check_time(self, stamp: str, nonce: str) -> None:
        if not _NONCE.fullmatch(nonce):
            raise Rejected("the nonce is not 6 to 64 letters and digits")
        # Real time, not the simulator's: moving its clock must not lock out clients that live in the present.
        now = time.time()
        if not stamp.isdigit() or abs(int(stamp) - now) > MAX_SKEW:
            raise Rejected("the timestamp is more than five minutes off")
        if (stamp, nonce) in self._used:
            raise Rejected("the nonce was used before")
        if len(self._used) > 50_000:
            self._used = {key: at for key, at in self._used.items() if now - at < 2 * MAX_SKEW}
