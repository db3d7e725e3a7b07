"""A quota: so many calls a day, ours a share of it.

Pure: a state, the time, who asks. A call is counted when it is reserved and settled when it is answered. What a
killed process left open stays counted, and is shown as in doubt.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

URGENT_SHARE = 0.05  # of the budget is left for those who cannot wait
DOUBT_AFTER = 60.0  # seconds without word from a holder
_SLOTS = 48
_MOST_AT_ONCE = 20


class Quota(msgspec.Struct, omit_defaults=True):
    """What is known of one quota."""

    used: list[tuple[float, int]] = []
    """Answered calls: (start of slot, count), oldest first. A quota that resets has one slot, its day."""
    out: dict[str, tuple[int, float]] = {}
    """By holder: calls reserved and not yet answered, and since when nothing was heard."""
    in_doubt: dict[str, tuple[int, float]] = {}
    cap: int = 0
    seen_used: int = 0
    seen_ours: int = 0
    seen_at: float = 0.0
    """The vendor's count of the whole account when it last told, and ours at that time."""
    closed_until: float = 0.0


def period_start(now: float, per: float, resets: str | None) -> float:
    """Since when calls count: the last midnight of the zone, or `per` seconds ago."""
    return now - per if resets is None else _midnight(now, resets, 0)


def next_start(now: float, resets: str) -> float:
    """The next midnight of the zone."""
    return _midnight(now, resets, 1)


def _midnight(now: float, zone: str, days: int) -> float:
    try:
        place = ZoneInfo(zone)
    except (ValueError, OSError):  # also not found; a vendor may spell a zone in a way of its own
        place = ZoneInfo("UTC")
    day = datetime.fromtimestamp(now, UTC).astimezone(place).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=place).timestamp()


def settle(state: Quota, holder: str, answered: int, open_: int, now: float, per: float, resets: str | None) -> None:
    """Book a holder's answered calls and replace what it had reserved by what is still open; drop what is past."""
    start = period_start(now, per, resets)
    width = per / _SLOTS
    slot = start if resets is not None else math.floor(now / width) * width
    merged = dict(state.used)
    if answered:
        merged[slot] = merged.get(slot, 0) + answered
    oldest = start if resets is not None else start - width
    state.used = sorted((at, count) for at, count in merged.items() if at >= oldest)
    state.out.pop(holder, None)
    state.in_doubt.pop(holder, None)
    if open_:
        state.out[holder] = (open_, now)
    for name, (count, heard) in list(state.out.items()):
        if now - heard > DOUBT_AFTER:
            del state.out[name]
            state.in_doubt[name] = (count, heard)
    state.in_doubt = {name: doubt for name, doubt in state.in_doubt.items() if doubt[1] >= start}
    if state.seen_at < start:
        state.seen_used = state.seen_ours = 0


def ours(state: Quota) -> int:
    """Calls of ours in the period: answered, open, in doubt."""
    held = sum(count for count, _ in state.out.values()) + sum(count for count, _ in state.in_doubt.values())
    return held + sum(count for _, count in state.used)


def observe(
    state: Quota, amount: int, remaining: float | None, used: float | None, maximum: float | None, now: float
) -> None:
    """Believe the vendor's figures for the whole account."""
    if maximum is not None and maximum >= 1:
        state.cap = int(maximum)
    if used is None and remaining is not None:
        used = max(0.0, (state.cap or amount) - remaining)
    if used is not None:
        state.seen_used, state.seen_ours, state.seen_at = int(used), ours(state), now


def left(state: Quota, amount: int, share: float, *, urgent: bool) -> int:
    """Calls that may still be made: within our share of the budget, and within what the whole account has left."""
    cap = state.cap or amount
    budget = int(cap * share)
    reserve = 0 if urgent else int(budget * URGENT_SHARE)
    mine = ours(state)
    everyone = max(mine, state.seen_used + max(0, mine - state.seen_ours)) if state.seen_at else mine
    return min(budget - mine, cap - everyone) - reserve


def lease(
    state: Quota,
    holder: str,
    amount: int,
    per: float,
    resets: str | None,
    share: float,
    now: float,
    *,
    urgent: bool,
) -> tuple[int, float]:
    """Calls reserved for this holder; or none, and the seconds until there may be some. Call `settle` first."""
    if state.closed_until > now:
        return 0, state.closed_until - now
    free = left(state, amount, share, urgent=urgent)
    if free > 0:
        calls = max(1, min(_MOST_AT_ONCE, free // 100))
        held = state.out.get(holder, (0, 0.0))[0]
        state.out[holder] = (held + calls, now)
        return calls, 0.0
    if resets is not None:
        return 0, next_start(now, resets) - now
    return 0, _until_one_leaves(state, now, per)


def close(state: Quota, now: float, seconds: float, per: float, resets: str | None) -> float:
    """The vendor says that it is used up: nothing until it starts anew. Gives the seconds."""
    wait = next_start(now, resets) - now if resets is not None else seconds or min(per, 3600.0)
    state.closed_until = now + wait
    return wait


def _until_one_leaves(state: Quota, now: float, per: float) -> float:
    """A rolling quota frees a slot at a time; where others used it up, ask again in a quarter of an hour."""
    if not state.used:
        return 900.0
    return max(1.0, state.used[0][0] + per / _SLOTS + per - now)
