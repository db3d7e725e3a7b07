"""What the client asks of a way to authenticate. The kinds are in the room `auth`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from backhaul.http.request import Request


class Signer(Protocol):
    """Adds credentials to requests. Shared by threads."""

    def sign(self, request: Request) -> Request:
        """The same request with credentials. Called for each try; may fetch a token first."""
        ...

    def refresh(self, refused: Request) -> bool:
        """Replace what the vendor refused in this signed request.

        True: sign and send again (another thread may have replaced it already). False: this kind has nothing newer.
        """
        ...

    @property
    def facts(self) -> Mapping[str, str]:
        """What the vendor told when it gave the token, as `{auth.x}` in requests. May fetch a token first."""
        ...


class Unsigned:
    """No credentials: token requests, and vendors that need none."""

    def sign(self, request: Request) -> Request:
        return request

    def refresh(self, refused: Request) -> bool:
        return False

    @property
    def facts(self) -> Mapping[str, str]:
        return {}
