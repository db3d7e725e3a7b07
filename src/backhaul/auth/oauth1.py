"""OAuth 1.0a: each try signed anew, its query included (RFC 5849; HMAC-SHA256)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, cast
from urllib.parse import quote

from oauthlib.oauth1 import Client

from backhaul.auth.specs import OAuth1Spec
from backhaul.http.request import Request
from backhaul.telemetry import redact

_Method = Literal["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]
_KEPT = "%=&;:+~,*@!()/?'$"  # what the signing library accepts in a query; page links of vendors may hold more


class OAuth1:
    """Signs with a stored token, which does not expire: there is nothing to refresh."""

    def __init__(self, spec: OAuth1Spec) -> None:
        redact.register(spec.consumer_secret, spec.token_secret, spec.consumer_key, spec.token)
        self._client = Client(
            spec.consumer_key,
            client_secret=spec.consumer_secret,
            resource_owner_key=spec.token,
            resource_owner_secret=spec.token_secret,
            signature_method=spec.algorithm,
            realm=spec.realm,
        )

    def sign(self, request: Request) -> Request:
        # The body stays out: only form bodies are part of a signature, and none is sent to such an API.
        base, question, query = request.full_url.partition("?")
        url = base + question + quote(query, safe=_KEPT)
        _, headers, _ = self._client.sign(url, http_method=cast("_Method", request.method.upper()))
        # Sent as it was signed: nothing may spell the query another way afterwards.
        return replace(request, url=url, params=(), headers={**request.headers, **headers})

    def refresh(self, refused: Request) -> bool:
        return False

    @property
    def facts(self) -> Mapping[str, str]:
        return {}
