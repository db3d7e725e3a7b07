"""Moments and spans in words: `3 min ago`, `in 2 h`, `1 min 12 s`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def span(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min`, `5 h`, `2 d`: one unit, the largest that fits."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds / size)} {unit}"
    return "0 s"


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    if moment is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    return "now" if seconds < 1 else f"{span(int(seconds)) if seconds >= 10 else f'{int(seconds)} s'} ago"


def ahead(moment: datetime | None, now: datetime | None = None) -> str:
    if moment is None:
        return ""
    seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return "now" if seconds < 1 else f"in {span(int(seconds)) if seconds >= 10 else f'{int(seconds)} s'}"


class Moment(click.ParamType[datetime]):
    """A date or a moment on the command line: 2026-01-31, 2026-01-31T08:00, with or without a zone (else UTC)."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no date or moment: write 2026-01-31, or 2026-01-31T08:00", param, ctx)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
