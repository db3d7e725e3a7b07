"""A vendor made of real sockets: it answers what the test says, byte by byte where that matters."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from backhaul.http.client import Transport
from backhaul.http.patience import Patience


@dataclass
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float
    connection: int


@dataclass
class Reply:
    """One answer. `cut`: promise more than is sent, then hang up. `close`: hang up after it. `hang_up`: no answer."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    type: str = "application/json"
    cut: int = 0
    chunked: bool = False
    hang_up: bool = False
    delay: float = 0.0
    close: bool = False


def reply(status: int = 200, value: Any = None, **options: Any) -> Reply:
    body = options.pop("body", None)
    return Reply(
        status, body if body is not None else json.dumps(value if value is not None else {}).encode(), **options
    )


class Vendor:
    """Gives the scripted replies in turn, then the last one for ever; or what `handler` returns."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.received: list[Received] = []
        self.replies: list[Reply] = [Reply()]
        self.handler: Callable[[Received], Reply] | None = None
        self.connections = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def script(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                number = self.connections
            threading.Thread(target=self._talk, args=(peer, number), daemon=True).start()

    def _talk(self, peer: socket.socket, number: int) -> None:
        # A client that has read enough hangs up; that is its right.
        with contextlib.suppress(ConnectionError), peer, peer.makefile("rb") as stream:
            while line := stream.readline():
                method, target, _ = line.decode().split(" ", 2)
                headers = {}
                while (text := stream.readline().decode().strip()) != "":
                    name, _, value = text.partition(":")
                    headers[name.strip().lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                received = Received(method, target, headers, body, time.time(), number)
                with self._lock:
                    self.received.append(received)
                    if self.handler is None:
                        answer = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                if self.handler is not None:
                    answer = self.handler(received)
                if not self._answer(peer, answer):
                    return

    def _answer(self, peer: socket.socket, answer: Reply) -> bool:
        time.sleep(answer.delay)
        if answer.hang_up:
            return False
        head = {"content-type": answer.type, "date": "Tue, 03 Mar 2026 10:00:00 GMT", **answer.headers}
        if answer.chunked:
            head["transfer-encoding"] = "chunked"
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in _thirds(answer.body))
            body += b"" if answer.cut else b"0\r\n\r\n"
        else:
            head["content-length"] = str(len(answer.body) + answer.cut)
            body = answer.body
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        peer.sendall(f"HTTP/1.1 {answer.status} X\r\n{lines}\r\n".encode() + body)
        return not (answer.cut or answer.close)


def _thirds(body: bytes) -> list[bytes]:
    size = max(1, len(body) // 3)
    return [body[at : at + size] for at in range(0, len(body), size)]


class InstantClock:
    """Sleeps by moving its own time; remembers each sleep."""

    def __init__(self) -> None:
        self.time = time.time()
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
        self.slept.append(seconds)
        self.time += seconds
        return stop.is_set() if stop is not None else False


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    server = Vendor()
    yield server
    server.close()


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock()


@pytest.fixture
def connect(clock: InstantClock) -> Iterator[Callable[..., Transport]]:
    """Makes transports that wait without waiting; closes them."""
    made: list[Transport] = []

    def make(**options: Any) -> Transport:
        options.setdefault("clock", clock)
        options.setdefault("patience", Patience(tries=4, longest_wait=120.0))
        transport = Transport(**options)
        made.append(transport)
        return transport

    yield make
    for transport in made:
        transport.close()


@pytest.fixture
def answers() -> Callable[..., Reply]:
    return reply
