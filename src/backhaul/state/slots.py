"""A concurrency limit as slots that expire: so many requests at a time, over all processes.

Pure: a state, the time, who asks. A process keeps its slots from one request to the next, and gives up its excess
as soon as another waits.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from backhaul.state.holder import Holder

LIFE = 15.0  # a holder that is not heard of for so long has lost its slots
_WAITING = 1.0  # a waiter that does not ask again has gone


class Slots(msgspec.Struct, omit_defaults=True):
    """Who holds how many, until when; who waits, until when that counts."""

    held: dict[str, tuple[int, float]] = {}
    wanted: dict[str, float] = {}


def is_gone(holder: str) -> bool:
    return Holder.parse(holder).is_gone


def clean(state: Slots, now: float, gone: Callable[[str], bool] = is_gone) -> None:
    """Forget holders that expired or died, and waiters that went away."""
    state.held = {name: held for name, held in state.held.items() if held[0] > 0 and held[1] > now and not gone(name)}
    state.wanted = {name: until for name, until in state.wanted.items() if until > now}


def ask(state: Slots, holder: str, amount: int, now: float) -> bool:
    """One slot more for this holder; or its name on the list of those who wait."""
    mine = state.held.get(holder, (0, 0.0))[0]
    free = amount - sum(count for count, _ in state.held.values())
    # A waiter that holds nothing goes first: otherwise a busy process takes back whatever it gave up.
    starved = [name for name in state.wanted if name != holder and name not in state.held]
    if free > len(starved) or (free > 0 and not mine):
        state.held[holder] = (mine + 1, now + LIFE)
        state.wanted.pop(holder, None)
        return True
    state.wanted[holder] = now + _WAITING
    return False


def hold(state: Slots, holder: str, count: int, now: float) -> None:
    """Hold exactly so many from now on: fewer gives slots back, the same keeps them alive."""
    if count:
        state.held[holder] = (count, now + LIFE)
    else:
        state.held.pop(holder, None)


def fair_share(state: Slots, holder: str, amount: int) -> int | None:
    """How many this holder may keep while others wait; None: nobody waits."""
    if not any(name != holder for name in state.wanted):
        return None
    return max(1, amount // len({holder, *state.held, *state.wanted}))
