"""Several simulators at once, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
    keep: bool = False,
) -> Iterator[tuple[Served, ...]]:
    """Serve the sources (all, when none is named) until the block ends, or, with `keep`, until they are killed.

    Ports are `port`, `port + 1`, ... in the order of the sources; 0 lets the system choose. `variants` is by source.
    """
    chosen = tuple(sources) or tuple(SIMULATORS)
    for source in (*chosen, *variants):
        simulator(source)  # an unknown name is said before anything starts
    started: list[subprocess.Popen[bytes]] = []
    try:
        for place, source in enumerate(chosen):
            command = [sys.executable, "-m", "backhaul.sandbox.server", "--source", source]
            command += ["--port", str(port + place if port else 0), "--scale", str(scale), "--seed", str(seed)]
            for name, value in variants.get(source, {}).items():
                command += ["--variant", f"{name}={value}"]
            if not keep:
                command.append("--until-stdin-closes")
            started.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL if keep else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    start_new_session=keep,
                )
            )
        yield tuple(_announced(source, process) for source, process in zip(chosen, started, strict=True))
    except BaseException:
        keep = False  # a failed start leaves nothing behind
        raise
    finally:
        for process in started:
            if not keep:
                process.terminate()
        for process in started:
            if not keep:
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def _announced(source: str, process: subprocess.Popen[bytes]) -> Served:
    assert process.stdout is not None  # it was opened as a pipe
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the {source} simulator did not start (exit {process.wait()}); its words are above")
    return Served(**msgspec.json.decode(line), pid=process.pid)
