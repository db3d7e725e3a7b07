"""Processes of their own that may be killed; a process that has imported everything once forks each of them."""

from __future__ import annotations

import atexit
import json
import os
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
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """As subprocess tells it: the code is minus the signal for one that was killed."""

    returncode: int
    stdout: str
    stderr: str


def run(program: str, *arguments: str, environment: Mapping[str, str]) -> Ended:
    """`python -c program arguments` in a process of its own, until it ends."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        out.touch()
        err.touch()
        asked = {
            "program": program, "arguments": arguments, "environment": dict(environment),
            "out": str(out), "err": str(err),
        }  # fmt: skip
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return Ended(code, out.read_text(), err.read_text())


@cache
def _server() -> subprocess.Popen[str]:
    """One a test process; it holds no file, thread or connection that a fork would share."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    atexit.register(server.communicate)
    return server
