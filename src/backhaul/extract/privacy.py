"""Private fields: dropped, hashed or masked before anything of them reaches the disk."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

import pyarrow as pa

from backhaul.protocol.schema import Field


def kept_fields(fields: tuple[Field, ...], private: Mapping[str, str]) -> tuple[Field, ...]:
    """The fields to ask for: dropped ones are not even read; hashed and masked ones land as text."""
    from dataclasses import replace

    kept = (each for each in fields if private.get(each.name) != "drop")
    return tuple(replace(each, type="text") if private.get(each.name) in ("hash", "mask") else each for each in kept)


def hide(column: pa.Array, how: str, key: bytes) -> pa.Array:
    """A text column hashed (keyed, so that it cannot be looked up elsewhere; equal values stay equal) or masked."""
    if how == "hash":
        texts = [None if text is None else _hash(text, key) for text in column.to_pylist()]
    else:
        texts = [None if text is None else _mask(text) for text in column.to_pylist()]
    return pa.array(texts, pa.string())


def _hash(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _mask(text: str) -> str:
    """`anna@acme.example` to `a***@acme.example`, `+44 20 7946` to `+***`."""
    name, at, domain = text.rpartition("@")
    if at:
        return f"{name[:1]}***@{domain}"
    return f"{text[:1]}***" if text else text
