"""A Postgres server of the tests' own, where one is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import pytest


class Server:
    """Gives new databases."""

    def __init__(self, port: int) -> None:
        self._base = f"postgresql://tester@127.0.0.1:{port}"

    def database(self) -> str:
        """The URL of a new one."""
        import psycopg

        name = f"d{uuid4().hex[:12]}"
        with psycopg.connect(f"{self._base}/postgres", autocommit=True) as connection:
            connection.execute(f"create database {name}")
        return f"{self._base}/{name}"


def why_not() -> str:
    """Why there can be none here; empty where there can."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed"
    missing = [name for name in ("initdb", "postgres") if shutil.which(name) is None]
    return f"Postgres is not installed here: no {' and no '.join(missing)}" if missing else ""


@contextmanager
def server() -> Iterator[Server]:
    """A cluster below the system's folder for temporary files, gone afterwards. Skips the test where there is none."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    folder = Path(mkdtemp(prefix="backhaul-pg-"))
    # Postgres refuses to run as root
    user = _unprivileged() if os.getuid() == 0 else None
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    as_user = {"user": user.pw_uid, "group": user.pw_gid} if user is not None else {}
    environ = {**os.environ, "HOME": str(folder), "LC_ALL": "C"}
    data = folder / "data"
    command = ["initdb", "-D", str(data), "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, env=environ, cwd=folder, **as_user)  # type: ignore[call-overload]
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off",
               "max_connections": 200}  # fmt: skip
    command = [
        "postgres",
        "-D",
        str(data),
        *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ, cwd=folder, **as_user)  # type: ignore[call-overload]
    try:
        _wait(port, process, folder / "log")
        yield Server(port)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("Postgres does not run as root, and there is no other user here")


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"postgresql://tester@127.0.0.1:{port}/postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.05)
