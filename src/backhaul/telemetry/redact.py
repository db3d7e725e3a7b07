"""Secrets never leave: every text that is logged, raised or shown passes here first.

Two nets. Values that were registered (credentials, minted tokens) are replaced wherever they stand,
also when base64, URL or JSON spelt them differently. Names that usually hold a secret lose their value.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"

_SHORTEST = 4  # below this a "secret" is a word like "abc" that would blank half of every text
_MOST = 5_000  # minted tokens come and go; the oldest variants are forgotten first

_NAMES = (
    r"authorization|proxy[-_]authorization|cookie|set[-_]cookie|"
    r"(?:access|refresh|id|auth|api|bearer|session|security|csrf|bot)[-_]?token|token[-_](?:secret|id|key)|"
    r"client[-_]?secret|consumer[-_]?(?:secret|key)|secret(?:[-_]?key)?|"
    r"pass(?:word|wd|phrase)?|pwd|api[-_]?key|hapikey|private[-_]?key|signing[-_]?key|encryption[-_]?key|"
    r"client[-_]?assertion|assertion|code[-_]verifier|oauth_(?:token|signature|consumer_key|nonce)|"
    r"x[-_]api[-_]key|credentials?|session[-_]?id|sessionid"
)
_NAME = re.compile(rf"(?:{_NAMES}|token|signature)\Z", re.IGNORECASE)
_IN_TEXT = re.compile(
    rf"""(?P<name>\b(?:{_NAMES}|token)["']?\s*[=:]\s*["']?)(?P<scheme>(?:Bearer|Basic|OAuth)\s+)?(?P<value>[^\s"'&,;}}\]]+)"""
    r"|(?P<bearer>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{6,}"
    r"|\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"
    r"|(?P<user>://)[^/\s:@]+:[^/\s@]+@",
    re.IGNORECASE,
)
_HINT = re.compile(r"eyJ|://[^/\s]*@|bearer|basic|[=:]", re.IGNORECASE)

_lock = threading.Lock()
_variants: dict[str, None] = {}
_registered: re.Pattern[str] | None = None


def register(*secrets: str) -> None:
    """Blank these values in everything that passes from now on."""
    global _registered
    with _lock:
        before = len(_variants)
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                _variants.update(dict.fromkeys(_spellings(secret)))
        if len(_variants) == before:
            return
        while len(_variants) > _MOST:
            del _variants[next(iter(_variants))]
        longest_first = sorted(_variants, key=len, reverse=True)
        _registered = re.compile("|".join(re.escape(each) for each in longest_first))


def _spellings(secret: str) -> set[str]:
    """The secret as a URL, a JSON text or a Basic header would carry it."""
    raw = secret.encode()
    spelt = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    spelt.add(json.dumps(secret, ensure_ascii=False)[1:-1])
    spelt |= {base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    return {each for each in spelt if len(each) >= _SHORTEST}


def registered(value: str) -> str:
    """The same text without registered secrets: for words of our own, which may well say `the token: ...`."""
    return value if _registered is None else _registered.sub(MASK, value)


def text(value: str) -> str:
    """The same text without secrets."""
    value = registered(value)
    return _IN_TEXT.sub(_blank, value) if _HINT.search(value) else value


def _blank(match: re.Match[str]) -> str:
    name = match["name"]
    if name:
        return name + (match["scheme"] or "") + MASK
    if match["user"]:
        return f"{match['user']}{MASK}@"
    return (match["bearer"] or "") + MASK


def is_secret_name(name: str) -> bool:
    """Whether a field or parameter of this name usually holds a secret."""
    return _NAME.match(name) is not None


def value(given: Any) -> Any:
    """The same plain value (maps and lists included) without secrets."""
    if isinstance(given, str):
        return text(given)
    if isinstance(given, bytes):
        return text(given.decode("utf-8", "replace"))
    if isinstance(given, Mapping):
        return fields(given)
    if isinstance(given, list | tuple | set | frozenset):
        return [value(each) for each in given]
    return given if isinstance(given, int | float | bool | None) else text(str(given))


def fields(given: Mapping[Any, Any]) -> dict[str, Any]:
    """The same map: values under secret names blanked, all others searched."""
    return {
        str(name): MASK if isinstance(name, str) and is_secret_name(name) and each is not None else value(each)
        for name, each in given.items()
    }
