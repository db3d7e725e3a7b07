"""The simulators' clock: real time plus an offset that the control API can move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Aware UTC times in whole milliseconds, which is what the vendors' stamps hold."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        moment = datetime.now(UTC) + self._offset
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def advance(self, seconds: float) -> None:
        self._offset += timedelta(seconds=seconds)
