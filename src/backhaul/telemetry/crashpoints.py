"""Named places where a test may kill the process, to prove that nothing is lost there."""

from __future__ import annotations

import os
import signal
import threading

VARIABLE = "BACKHAUL_CRASH_AT"
"""`<name>:<n>`: the process kills itself at the n-th passing of that point. Read once, at start."""


def _armed() -> tuple[str, int] | None:
    name, _, passing = os.environ.get(VARIABLE, "").partition(":")
    return (name, int(passing or 1)) if name else None


_target = _armed()
_passed = 0
_lock = threading.Lock()


def crash_point(name: str) -> None:
    """Die here, with no chance to clean up, if the process was started to die here; else do nothing."""
    global _passed
    if _target is None or _target[0] != name:
        return
    with _lock:
        _passed += 1
        if _passed == _target[1]:
            os.kill(os.getpid(), signal.SIGKILL)
