"""Software of others that a page needs: it runs while the test does, or the test says that it is not installed."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest


@pytest.fixture
def kinto(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty Kinto, also in the environment, as a reader of the page has it."""
    if importlib.util.find_spec("kinto") is None:
        pytest.skip("Kinto is not installed: pip install kinto")
    folder = tmp_path_factory.mktemp("kinto")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("kinto")
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    made = [program, "init", "--ini", "kinto.ini", "--backend", "memory", "--cache-backend", "memory"]
    subprocess.run(made, cwd=folder, env=environment, check=True, capture_output=True)
    url = f"http://127.0.0.1:{port}/v1"
    with (folder / "log").open("wb") as log:
        started = [program, "start", "--ini", "kinto.ini", "--port", str(port)]
        server = subprocess.Popen(started, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        _wait(url, server, folder / "log")
        monkeypatch.setenv("KINTO_URL", url)
        monkeypatch.setenv("KINTO_USER", "admin")
        monkeypatch.setenv("KINTO_PASSWORD", "secret")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert server.poll() is None, log.read_text()
        try:
            httpx.get(f"{url}/__heartbeat__", timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"Kinto does not answer: {log.read_text()}")
