"""A rate limit as a sliding log: never more than its amount in any window, and hardly less.

Pure: a state, the time, who asks. The state is shared by processes through the control store; each leases a few
tokens at a time, and tells afterwards when it used them.
"""

from __future__ import annotations

import math

import msgspec

SLOTS = 100  # a window's uses are remembered by the hundredth
URGENT_SHARE = 0.05  # of a long window is left for those who cannot wait


class Rate(msgspec.Struct, omit_defaults=True):
    """What is known of one bucket."""

    used: list[tuple[float, int]] = []
    """How many were sent by when (end of slot, count), oldest first."""
    out: dict[str, tuple[int, float]] = {}
    """By holder: tokens leased or on their way, and when they count as used if nothing more is heard."""
    cap: int = 0
    """The vendor's own figure of the amount; 0: it never said."""
    foreign: int = 0
    foreign_until: float = 0.0
    """Uses that the vendor counts and we did not make."""
    paused_until: float = 0.0
    urgent_until: float = 0.0
    """Somebody who cannot wait is waiting: bulk stands back."""


def slot_end(at: float, per: float) -> float:
    """The end of the slot that a use at this time falls into."""
    width = per / SLOTS
    return (math.floor(at / width) + 1) * width


def window(per: float) -> float:
    """How long a use counts: the vendor's window, and a little for requests that travel at uneven speed."""
    return per * 1.02 + 0.02


def lease_time(per: float) -> float:
    """How long leased tokens may be used: at most a second, and a small part of the window."""
    return min(1.0, per / 20)


def capacity(state: Rate, amount: int) -> int:
    return state.cap or amount


def settle(state: Rate, holder: str, uses: list[tuple[float, int]], pending: int, now: float, per: float) -> None:
    """Book a holder's uses (slot ends and counts), and replace what it had leased by what is still on its way."""
    horizon = now - window(per)
    merged = dict(state.used)
    for end, count in uses:
        merged[end] = merged.get(end, 0) + count
    state.used = sorted((end, count) for end, count in merged.items() if end > horizon)
    state.out.pop(holder, None)
    if pending:
        state.out[holder] = (pending, now + lease_time(per))
    state.out = {name: held for name, held in state.out.items() if held[1] > horizon}


def observe(state: Rate, amount: int, remaining: float | None, maximum: float | None, now: float, per: float) -> None:
    """Believe the vendor: its amount, and the uses it counts beyond ours (other programs share the account)."""
    if maximum is not None and maximum >= 1:
        state.cap = int(maximum)
    if remaining is None:
        return
    if remaining > capacity(state, amount):
        state.cap = int(remaining)
    ours = sum(count for _, count in state.used) + sum(count for count, _ in state.out.values())
    state.foreign = max(0, capacity(state, amount) - int(remaining) - ours)
    state.foreign_until = now + window(per) if state.foreign else 0.0


def lease(state: Rate, holder: str, amount: int, per: float, now: float, *, urgent: bool) -> tuple[int, float]:
    """Tokens for this holder and until when it may use them; or none, and the seconds until there may be some.

    Call `settle` first: it drops what no longer counts.
    """
    if state.paused_until > now:
        return 0, state.paused_until - now
    if not urgent and state.urgent_until > now:
        return 0, state.urgent_until - now
    cap = capacity(state, amount)
    reserve = 0 if urgent or per <= 2 or cap < 20 else math.ceil(cap * URGENT_SHARE)
    free = cap - reserve - _counted(state, now)
    if free > 0:
        tokens = min(free, max(1, int(cap * min(1.0, per / 4) / per)))
        expires = now + lease_time(per)
        held = state.out.get(holder, (0, 0.0))[0]
        state.out[holder] = (held + tokens, expires)
        return tokens, expires
    wait = _until_free(state, 1 - free, now, per)
    if urgent:
        state.urgent_until = now + min(wait, 1.0) + 0.1
    return 0, wait


def _counted(state: Rate, now: float) -> int:
    ours = sum(count for _, count in state.used) + sum(count for count, _ in state.out.values())
    return ours + (state.foreign if state.foreign_until > now else 0)


def _until_free(state: Rate, needed: int, now: float, per: float) -> float:
    """Seconds until so many uses have left the window. Others may give back unused tokens before."""
    counts = window(per)
    leaving = [(end + counts, count) for end, count in state.used]
    leaving += [(expires + counts, count) for count, expires in state.out.values()]
    leaving.append((state.foreign_until, state.foreign if state.foreign_until > now else 0))
    at = now + counts
    for when, count in sorted(leaving):
        needed -= count
        if needed <= 0:
            at = when
            break
    wait = max(0.005, at - now)
    return min(wait, max(0.05, lease_time(per))) if state.out else wait
