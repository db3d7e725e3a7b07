"""Several simulators at once, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from backhaul.sandbox.simulators import SIMULATORS, simulator


@dataclass(frozen=True, slots=True)
class Served:
    """One simulator that is being served."""

    source: str
    base_url: str
    credentials: dict[str, Any]
    settings: dict[str, Any]
    control_url: str
    pid: int


@contextmanager
def serve_all(
    sources: Sequence[str] = (),
    *,
    scale: int = 1,
    seed: int = 7,
    port: int = 0,
    variants: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    keep: Path | None = None,
) -> Iterator[tuple[Served, ...]]:
    """Serve the sources (all, when none is named) until the block ends, or, with `keep`, until they are killed.

    keep: the file that takes what those that stay have to say. The caller's own streams would never end otherwise, and
    whoever reads them to their end (a pipe, CI) would wait for the simulators.
    Ports are `port`, `port + 1`, ... in the order of the sources; 0 lets the system choose. `variants` is by source.
    """
    chosen = tuple(sources) or tuple(SIMULATORS)
    for source in (*chosen, *variants):
        simulator(source)  # an unknown name is said before anything starts
    started: list[subprocess.Popen[bytes]] = []
    stay = keep is not None
    words = keep.open("ab") if keep is not None else None
    try:
        for place, source in enumerate(chosen):
            command = [sys.executable, "-m", "backhaul.sandbox.server", "--source", source]
            command += ["--port", str(port + place if port else 0), "--scale", str(scale), "--seed", str(seed)]
            for name, value in variants.get(source, {}).items():
                command += ["--variant", f"{name}={value}"]
            if not stay:
                command.append("--until-stdin-closes")
            started.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL if stay else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=words,
                    start_new_session=stay,
                )
            )
        yield tuple(_announced(source, process, keep) for source, process in zip(chosen, started, strict=True))
    except BaseException:
        stay = False  # a failed start leaves nothing behind
        raise
    finally:
        for process in started:
            if not stay:
                process.terminate()
        for process in started:
            if not stay:
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        if words is not None:
            words.close()


def _announced(source: str, process: subprocess.Popen[bytes], words: Path | None) -> Served:
    assert process.stdout is not None  # it was opened as a pipe
    line = process.stdout.readline()
    if not line:
        where = f"in {words}" if words is not None else "above"
        raise RuntimeError(f"the {source} simulator did not start (exit {process.wait()}); its words are {where}")
    return Served(**msgspec.json.decode(line), pid=process.pid)
