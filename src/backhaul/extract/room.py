"""How much may wait in memory, over all that is read at a time: whoever holds most of it makes room first."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass, field
from typing import Protocol


class Holder(Protocol):
    """Something that waits, and how large it is now. Compared by identity; gone from the sum when nobody has it."""

    bytes: int


class Share:
    """A bound on what many holders have together. Threads share it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._holders: weakref.WeakSet[Holder] = weakref.WeakSet()

    def join(self, holder: Holder) -> None:
        with self._lock:
            self._holders.add(holder)

    @property
    def crowded(self) -> bool:
        return sum(self._held()) > self._limit

    def is_due(self, holder: Holder) -> bool:
        """It is crowded, and this one holds no less than the average: of all who hold, somebody always does."""
        held = [each for each in self._held() if each]
        return sum(held) > self._limit and holder.bytes * len(held) >= sum(held)

    def _held(self) -> list[int]:
        with self._lock:
            return [each.bytes for each in self._holders]


@dataclass(frozen=True, slots=True)
class Room:
    """What one run may hold. pages: as they came, in bytes of the answers; typed pages: rows, in bytes of Arrow."""

    pages: Share = field(default_factory=lambda: Share(8 * 1024 * 1024))
    rows: Share = field(default_factory=lambda: Share(64 * 1024 * 1024))
