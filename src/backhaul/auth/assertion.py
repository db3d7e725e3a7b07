"""A signed JWT as proof of identity (RFC 7523)."""

from __future__ import annotations

import uuid

from backhaul.auth.specs import AssertionSpec
from backhaul.errors import Reauthorise
from backhaul.telemetry import redact


def signed(spec: AssertionSpec, now: float) -> str:
    """A fresh JWT, valid for the spec's lifetime from now."""
    import jwt  # drags in the whole of cryptography: only runs that need it pay

    issued = int(now)
    claims = {**spec.claims, "iat": issued, "exp": issued + int(spec.lifetime), "jti": str(uuid.uuid4())}
    try:
        token: str = jwt.encode(claims, spec.key, algorithm=spec.algorithm, headers={**spec.headers} or None)
    except (ValueError, TypeError, jwt.exceptions.PyJWTError) as error:
        # The library's own text may quote the key.
        raise Reauthorise(
            f"the private key cannot sign {spec.algorithm}: it is not a PEM key of the right kind",
            next_step="give the connection a private key in PEM form, the one whose certificate the vendor holds",
        ) from error
    redact.register(token)
    return token
