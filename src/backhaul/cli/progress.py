"""A run's events as they come: drawn on a terminal, told in plain lines elsewhere. All of it on the error stream."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backhaul.cli.output import many
from backhaul.cli.times import clock, span
from backhaul.telemetry.progress import (
    Event,
    ObjectDone,
    ObjectStarted,
    PageRead,
    PartLoaded,
    Progress,
    RowsWritten,
    StageDone,
    StageStarted,
    Waiting,
    Withheld,
)

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

_RATE_OVER = 10.0
_TELL_EVERY = 10.0
_WORTH_A_LINE = 5.0
_MOST_LINES = 12

Place = tuple[str, str, str]


@dataclass
class Reading:
    """One object that is being read."""

    began: float
    rows: int = 0
    pages: int = 0
    expected: int | None = None
    waiting: str = ""
    waits_until: float = 0.0
    told_at: float = 0.0
    recent: deque[tuple[float, int]] = field(default_factory=deque)

    def page(self, rows: int, now: float) -> None:
        self.rows += rows
        self.pages += 1
        self.recent.append((now, self.rows))
        while self.recent[0][0] < now - _RATE_OVER and len(self.recent) > 2:
            self.recent.popleft()

    def rate(self) -> float:
        """Rows a second, of late."""
        if not self.recent:
            return 0.0
        at, rows = self.recent[0] if len(self.recent) > 1 else (self.began, 0)
        last, total = self.recent[-1]
        return (total - rows) / max(last - at, 0.001)

    def left(self) -> float | None:
        """Seconds to go, where the vendor told how many there are."""
        if self.expected is None or self.rate() <= 0 or self.rows >= self.expected:
            return None
        return (self.expected - self.rows) / self.rate()


@dataclass
class Tally:
    """What has happened so far, over all customers."""

    reading: dict[Place, Reading] = field(default_factory=dict)
    waiting: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    stages: dict[str, tuple[str, float]] = field(default_factory=dict)
    objects: int = 0
    rows: int = 0
    loaded: int = 0
    written: int = 0
    refused: int = 0

    def take(self, event: Event, now: float) -> None:
        place = (event.customer, event.connection, event.object)
        match event:
            case StageStarted():
                self.stages[event.customer] = (event.stage, now)
            case StageDone():
                self.stages.pop(event.customer, None)
            case ObjectStarted():
                one = self.reading.setdefault(place, Reading(now, told_at=now))
                one.expected = event.expected if event.expected is not None else one.expected
            case PageRead():
                one = self.reading.setdefault(place, Reading(now, told_at=now))
                one.page(event.rows, now)
                one.expected = event.expected if event.expected is not None else one.expected
                one.waiting = ""
                self.rows += event.rows
                self.waiting.pop(place[:2], None)
            case ObjectDone():
                self.reading.pop(place, None)
                self.objects += 1
            case PartLoaded():
                self.loaded += event.rows
            case RowsWritten():
                self.written += event.written
                self.refused += event.refused
            case Waiting():
                if place in self.reading:
                    self.reading[place].waiting = event.reason
                    self.reading[place].waits_until = now + event.seconds
                else:
                    self.waiting[place[:2]] = (event.reason, now + event.seconds)


class Plain:
    """A line when a stage begins or an object is done; for long ones, a line every ten seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tally = Tally()

    def on(self, event: Event) -> None:
        now = time.monotonic()
        with self._lock:
            before = self._tally.reading.get((event.customer, event.connection, event.object))
            self._tally.take(event, now)
            line = self._line(event, before, now)
        if line:
            self._print(f"{_who(event)}: {line}")

    def _line(self, event: Event, before: Reading | None, now: float) -> str:
        match event:
            case StageStarted():
                return f"{event.stage} begins"
            case StageDone():
                return f"{event.stage} done in {span(event.seconds)}" + (f", {event.note}" if event.note else "")
            case ObjectDone():
                took = f" in {span(now - before.began)}" if before is not None else ""
                return f"failed: {event.failed}" if event.failed else f"{many(event.rows, 'row')} read{took}"
            case PageRead() if before is not None and now - before.told_at >= _TELL_EVERY:
                before.told_at = now
                return _so_far(before)
            case Waiting() if event.seconds >= _WORTH_A_LINE:
                return f"waiting {span(event.seconds)}: {event.reason}"
            case Withheld():
                return f"reads will be refused: {event.why}"
            case RowsWritten():
                return f"{many(self._tally.written, 'row')} written, {self._tally.refused:,} refused"
        return ""

    def _print(self, line: str) -> None:
        import sys

        from backhaul.telemetry import redact

        print(redact.registered(line), file=sys.stderr, flush=True)


class Drawn:
    """What is being read now, a line each, with rate and time left; redrawn some times a second."""

    def __init__(self, console: Console) -> None:
        self._lock = threading.Lock()
        self._tally = Tally()
        self._console = console
        self._live: Live | None = None
        self.last_line = ""

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Draw until the block ends, then leave nothing behind."""
        from rich.live import Live

        # what others print is not redirected: results must reach the output, wherever that leads
        self._live = Live(
            self, console=self._console, refresh_per_second=8, transient=True, redirect_stdout=False,
            redirect_stderr=False,
        )  # fmt: skip
        with self._live:
            yield

    @contextmanager
    def away(self) -> Iterator[None]:
        """Leave the screen to others until the block ends."""
        if self._live is None:
            yield
            return
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def on(self, event: Event) -> None:
        with self._lock:
            self._tally.take(event, time.monotonic())
        if isinstance(event, Withheld):
            place = f"{event.connection}.{event.object}"
            self._console.print(f"{place}: reads will be refused: {event.why}", style="yellow")

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        now = time.monotonic()
        with self._lock:
            tally = self._tally
            stages = [(customer, stage, now - began) for customer, (stage, began) in tally.stages.items()]
            reading = sorted(tally.reading.items(), key=lambda each: -each[1].rows)
            waits = {(place[1], reason): until - now for place, (reason, until) in tally.waiting.items() if until > now}
            waits |= {
                (place[1], one.waiting): one.waits_until - now
                for place, one in reading
                if one.waiting and one.waits_until > now
            }
            lines: list[RenderableType] = []
            for customer, stage, seconds in stages[:_MOST_LINES]:
                lines.append(Text.assemble((customer, "bold"), f"  {stage}", (f"  {clock(seconds)}", "dim")))
            grid = Table.grid(padding=(0, 2, 0, 0))
            # a long name takes a second line before a figure is cut
            grid.add_column(overflow="fold", max_width=30)
            for _ in range(3):
                grid.add_column(justify="right", no_wrap=True)
            grid.add_column(no_wrap=True)
            several = len({place[0] for place, _ in reading}) > 1
            for (customer, connection, object_name), one in reading[:_MOST_LINES]:
                name = f"  {customer + ' ' if several else ''}{connection}.{object_name}"
                grid.add_row(name, *_figures(one, now))
            lines.append(grid)
            for (connection, reason), seconds in list(waits.items())[:3]:
                lines.append(Text(f"  {connection}  waiting {span(seconds)}: {reason}", style="yellow"))
            if summary := _summary(tally, len(reading)):
                lines.append(Text(summary, style="dim"))
            if self.last_line:
                lines.append(Text(self.last_line, style="yellow"))
        return Group(*lines)


def _figures(one: Reading, now: float) -> tuple[RenderableType, ...]:
    from rich.text import Text

    if one.waiting and one.waits_until > now:
        return (f"{one.rows:,}", "", "", Text("waiting", style="yellow"))
    total = f"{one.rows:,}" if one.expected is None else f"{one.rows:,} of {one.expected:,}"
    rate = f"{one.rate():,.0f}/s" if one.rows else ""
    left = one.left()
    return (total, rate, f"{clock(left)} left" if left is not None else "", _bar(one))


def _bar(one: Reading) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    if not one.expected:
        return Text(many(one.pages, "page") if one.pages else "", style="dim")
    return ProgressBar(total=one.expected, completed=min(one.rows, one.expected), width=10)


def _summary(tally: Tally, reading: int) -> str:
    parts = []
    if tally.objects or reading:
        parts.append(f"{many(tally.objects, 'object')} read")
        if reading > _MOST_LINES:
            parts.append(f"{reading} being read")
        parts.append(many(tally.rows, "row"))
    if tally.loaded:
        parts.append(f"{tally.loaded:,} loaded")
    if tally.written or tally.refused:
        parts.append(f"{tally.written:,} written, {tally.refused:,} refused")
    return "  " + ", ".join(parts) if parts else ""


def _so_far(one: Reading) -> str:
    total = f"{one.rows:,}" if one.expected is None else f"{one.rows:,} of {one.expected:,}"
    left = one.left()
    return f"{total} rows, {one.rate():,.0f}/s" + (f", {span(left)} left" if left is not None else "")


def _who(event: Event) -> str:
    place = f"{event.connection}.{event.object}" if event.object else event.connection
    return f"{event.customer} {place}".strip()


@contextmanager
def listening() -> Iterator[Progress]:
    """The listener that fits the error stream, drawing until the block ends."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal or console.is_dumb_terminal:
        yield Plain()
        return
    drawn = Drawn(console)
    with drawn.drawing():
        yield drawn
