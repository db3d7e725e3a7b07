"""Names, as the vendors of the world spell them: compared without case and separators, in one number."""

from __future__ import annotations

import re
from collections.abc import Iterable

RESERVED = ("use", "<<")
"""What a map of a definition cannot have as a key."""


def plain(name: str) -> str:
    """`last_modified`, `lastModified`, `Last-Modified` and `page[last_modified]`'s inside are one name."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def singular(word: str) -> str:
    """`companies` is of `company`; good enough to find one name in another."""
    lower = word.lower()
    if lower.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if lower.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1] if lower.endswith("s") and not lower.endswith(("ss", "us", "is")) else word


def snake(text: str) -> str:
    """A name for a template, setting or object of ours: small letters, digits, single underscores."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text).lower()
    joined = re.sub(r"[^a-z0-9]+", "_", parted).strip("_")
    ours = joined if joined and joined[0].isalpha() else f"x_{joined}".rstrip("_")
    return f"x_{ours}" if ours in RESERVED else ours


def first(names: Iterable[str], wanted: Iterable[str]) -> str | None:
    """The name that comes first among those wanted, which are plain."""
    by_plain: dict[str, str] = {}
    for name in names:
        by_plain.setdefault(plain(name), name)
    return next((by_plain[each] for each in wanted if each in by_plain), None)
