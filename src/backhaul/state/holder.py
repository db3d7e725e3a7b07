"""Who holds a lease: a process on a host, and whether it still lives."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Holder:
    """A process. `started` tells it from a later one with the same number; 0 where the system does not say."""

    host: str
    pid: int
    started: int
    mark: str

    @classmethod
    def here(cls) -> Self:
        pid = os.getpid()
        return cls(_host(), pid, _started(pid), secrets.token_hex(4))

    @classmethod
    def parse(cls, text: str) -> Self:
        host, pid, started, mark = text.rsplit("|", 3)
        return cls(host, int(pid), int(started), mark)

    def __str__(self) -> str:
        return f"{self.host}|{self.pid}|{self.started}|{self.mark}"

    @property
    def is_gone(self) -> bool:
        """Known to have ended. A process on another host is never known to have."""
        if self.host != _host():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False  # it lives, and is somebody else's
        now_started = _started(self.pid)
        return bool(self.started and now_started and now_started != self.started)


def _host() -> str:
    """The host's name, and its process namespace: containers may share a name and a disk but not their processes."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        space = ""
    return f"{socket.gethostname()}/{space}" if space else socket.gethostname()


def _started(pid: int) -> int:
    """Clock ticks between the start of the system and of the process; 0 where that cannot be told."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    # The name in parentheses may hold spaces; the 22nd field is the 20th behind it.
    fields = stat.rpartition(")")[2].split()
    if fields[0] == "Z":
        return -1  # ended, only not yet noticed by its parent
    return int(fields[19])
