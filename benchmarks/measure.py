"""Runs a program in a process of its own and measures it from outside."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figures:
    """One process, start-up included: seconds by the clock, seconds of processor (its own children included), and
    the peak of its memory in MB (of the largest of its processes, where it starts more than one)."""

    wall: float
    cpu: float
    peak_mb: float


class Failed(Exception):
    """A contender did not do its work."""


def run(arguments: Sequence[str], *, folder: Path) -> Figures:
    """Run `python ARGUMENTS`, or `backhaul ...`, to its end; its output goes to a file in the folder. Raises Failed."""
    python = Path(sys.executable)
    whole = arguments[0] == "backhaul"
    command = [str(python.with_name("backhaul")), *arguments[1:]] if whole else [str(python), *arguments]
    log = folder / "output.txt"
    # an installed program keeps its byte code; without it each run would compile what it imports
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # This process stays small: a child's peak is never less than what its parent held when it was started.
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(f"{' '.join(arguments)} ended with {process.returncode}:\n{log.read_text()[-2000:]}")
    per_mb = 1024 if sys.platform == "linux" else 1024 * 1024
    return Figures(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_mb)


def median(figures: Sequence[Figures]) -> Figures:
    return Figures(
        statistics.median(each.wall for each in figures),
        statistics.median(each.cpu for each in figures),
        max(each.peak_mb for each in figures),
    )


def in_turns(contenders: dict[str, Callable[[int], Figures]], rounds: int) -> dict[str, Figures]:
    """Every contender once, then all again: what else the machine does then strikes them alike."""
    found: dict[str, list[Figures]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, measure in contenders.items():
            print(f"  {name}, {number + 1} of {rounds} ...", file=sys.stderr, flush=True)
            found[name].append(measure(number))
    return {name: median(figures) for name, figures in found.items()}


@contextmanager
def page_server(records: int, *, latency_ms: float = 0, query: bool = False) -> Iterator[str]:
    """The address of a page server in its own process."""
    arguments = ["--records", str(records), "--latency-ms", str(latency_ms), *(["--query"] if query else [])]
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            url = process.stdout.readline().decode().strip()
            if not url:
                raise Failed("the page server did not start")
            yield url
        finally:
            process.stdin.close()
