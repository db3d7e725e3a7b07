"""How often to try and how long to wait."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Patience:
    """Bounds of one request. Waits are those the vendor asks for; queueing for our own limits does not count."""

    tries: int = 6
    """Sends that may fail (lost connections, 5xx, garbled bodies) before the vendor counts as down."""
    first_backoff: float = 0.5
    longest_backoff: float = 30.0
    longest_wait: float = 120.0
    """A longer single wait, or more waiting in all for one request, ends it with `Wait`."""


PATIENCE = Patience()


def backoff(failures: int, patience: Patience) -> float:
    """Seconds before the next try: doubling, with full jitter, so that many clients spread out."""
    ceiling = min(patience.longest_backoff, patience.first_backoff * 2.0 ** (failures - 1))
    return random.uniform(0.0, ceiling)


def asked_wait(at_least: float, waits: int, patience: Patience) -> float:
    """Seconds for a `wait` without Retry-After: doubled each time, with a little jitter on top, never below."""
    seconds = min(at_least * 2.0 ** (waits - 1), max(at_least, patience.longest_backoff))
    return seconds * random.uniform(1.0, 1.25)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The header as seconds from now: a number, or a date."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        at = parse_http_date(text)
    # The vendor's clock may differ from ours; against its own Date header it does not.
    reference = parse_http_date(headers.get("date", ""))
    return None if at is None else max(0.0, at.timestamp() - (reference.timestamp() if reference else now))


@lru_cache(maxsize=64)
def parse_http_date(text: str) -> datetime | None:
    """An HTTP date, or None where it is none."""
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
