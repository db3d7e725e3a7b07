"""Processes of their own that may be killed; a process that has imported everything once forks each of them."""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SERVER = """
import json, os, sys, traceback
import backhaul.load.dlt_import, backhaul.pipeline.pushing, backhaul.pipeline.run, backhaul.project
from backhaul.telemetry import crashpoints

for line in sys.stdin:
    asked = json.loads(line)
    if not (child := os.fork()):
        code = 1
        try:
            for fd, path in ((1, asked["out"]), (2, asked["err"])):
                os.dup2(os.open(path, os.O_WRONLY), fd)
            os.environ.clear()
            os.environ.update(asked["environment"])
            crashpoints._target = crashpoints._armed()  # which is read at the start of a process
            sys.argv = ["-c", *asked["arguments"]]
            exec(compile(asked["program"], "<forked>", "exec"), {"__name__": "__main__"})
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """As subprocess tells it: the code is minus the signal for one that was killed."""

    returncode: int
    stdout: str
    stderr: str


class Running:
    """A process that goes on; one at a time. Use it as a context: it has ended, or is killed, when the block ends."""

    def __init__(self, program: str, *arguments: str, environment: Mapping[str, str]) -> None:
        self._server = _server()
        self._folder = Path(tempfile.mkdtemp(prefix="fork-"))
        self._out, self._err = self._folder / "out", self._folder / "err"
        self._out.touch()
        self._err.touch()
        self._code: int | None = None
        asked = {
            "program": program, "arguments": arguments, "environment": dict(environment),
            "out": str(self._out), "err": str(self._err),
        }  # fmt: skip
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(asked).encode() + b"\n")
        self.pid = int(self._line())

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        if self._code is None:
            self.kill()
            self.wait()
        shutil.rmtree(self._folder)

    @property
    def ended(self) -> bool:
        if self._code is None and select.select([self._server.stdout], [], [], 0)[0]:
            self._code = int(self._line())
        return self._code is not None

    def kill(self) -> None:
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> Ended:
        """Until it ends."""
        if self._code is None:
            self._code = int(self._line())
        return Ended(self._code, self._out.read_text(), self._err.read_text())

    def _line(self) -> bytes:
        assert self._server.stdout is not None
        return self._server.stdout.readline()


def run(program: str, *arguments: str, environment: Mapping[str, str]) -> Ended:
    """`python -c program arguments` in a process of its own, until it ends."""
    with Running(program, *arguments, environment=environment) as running:
        return running.wait()


@cache
def _server() -> subprocess.Popen[bytes]:
    """One a test process; it holds no file, thread or connection that a fork would share."""
    # unbuffered: whether it has said something is seen on its pipe alone
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=os.environ
    )
    atexit.register(server.communicate)
    return server
