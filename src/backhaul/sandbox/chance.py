"""Deterministic chance: numbers that depend only on what is asked, so that row i needs no row before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


def mix(seed: int, *parts: int) -> int:
    """A well-spread 64-bit number out of small ones (the finaliser of splitmix64)."""
    state = seed & _MASK
    for part in parts:
        state = (state + 0x9E3779B97F4A7C15 * (part + 1)) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def pick(choices: Sequence[T], seed: int, *parts: int) -> T:
    """One of the choices, always the same for the same numbers."""
    return choices[mix(seed, *parts) % len(choices)]
