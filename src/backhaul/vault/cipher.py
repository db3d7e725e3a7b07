"""Sealing texts: AES-256-GCM (NIST SP 800-38D) of the `cryptography` package, a fresh nonce each time.

What a sealed text is about (whose it is, its name) is authenticated with it: moved elsewhere, it does not open.
"""

from __future__ import annotations

import base64
import binascii
import os

import msgspec

KEY_BYTES = 32
_NONCE_BYTES = 12


class Unopened(Exception):
    """The key is another one, or the sealed text was changed or belongs elsewhere."""


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plain: bytes, *about: str) -> str:
    """The text as base64: nonce, then ciphertext and tag."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # a second of imports that most runs do without

    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plain, _associated(about))).decode()


def unseal(key: bytes, sealed: str, *about: str) -> bytes:
    """What was sealed about the same. Raises Unopened."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        whole = base64.b64decode(sealed, validate=True)
        return AESGCM(key).decrypt(whole[:_NONCE_BYTES], whole[_NONCE_BYTES:], _associated(about))
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise Unopened from error


def _associated(about: tuple[str, ...]) -> bytes:
    # JSON, so that ("ab", "c") and ("a", "bc") differ
    return msgspec.json.encode(["backhaul 1", *about])
