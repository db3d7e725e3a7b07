"""Record ids: 15 characters that mind case, and three more that let others ignore it."""

from __future__ import annotations

import re
from functools import lru_cache

# In ASCII's order, so that ids made later sort later.
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?\Z")
_POD = "5g0"


def checksum(id15: str) -> str:
    """Three characters that say which of the fifteen are capitals."""
    return _capitals(id15[:5]) + _capitals(id15[5:10]) + _capitals(id15[10:])


@lru_cache(4096)
def _capitals(five: str) -> str:
    bits = 0
    for place, letter in enumerate(five):
        if "A" <= letter <= "Z":
            bits |= 1 << place
    return _SUFFIX[bits]


def make_id(prefix: str, number: int) -> str:
    """The 18-character id of the number-th record under a key prefix."""
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = DIGITS[rest] + digits
    id15 = f"{prefix}{_POD}{digits:0>9}"
    return id15 + checksum(id15)


def full_id(text: str) -> str | None:
    """The 18-character form of an id of either length; None for what is no id or has a wrong suffix."""
    if not _SHAPE.match(text):
        return None
    id15 = text[:15]
    if len(text) == 15:
        return id15 + checksum(id15)
    return text if checksum(id15) == text[15:] else None
