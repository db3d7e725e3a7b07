"""The local port that a vendor sends a person's browser back to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from backhaul.errors import ConfigError

_LOCAL = ("localhost", "127.0.0.1", "::1")
_DONE = b"<!doctype html><title>backhaul</title><p>Done. You may close this window and go back to the terminal.</p>"
_LONGEST = 8192


def is_local(redirect_uri: str) -> bool:
    """Whether this machine can answer there."""
    split = urlsplit(redirect_uri)
    return split.scheme == "http" and split.hostname in _LOCAL


class Callback:
    """Waits for the answer to one consent; anything else that comes is turned away."""

    def __init__(self, redirect_uri: str, state: str) -> None:
        self._uri = urlsplit(redirect_uri)
        self._state = state
        self._address: str | None = None
        self._came = threading.Event()

    def wait(self, seconds: float) -> str | None:
        """The address that the browser was sent to; None where none came in time."""
        self._came.wait(seconds)
        return self._address

    def take(self, path: str) -> bool:
        """Whether a request's path (with its query) answers the consent."""
        split = urlsplit(path)
        if len(path) > _LONGEST or split.path != (self._uri.path or "/"):
            return False
        if parse_qs(split.query).get("state") != [self._state]:
            return False
        self._address = f"{self._uri.scheme}://{self._uri.netloc}{path}"
        self._came.set()
        return True


@contextmanager
def listening(redirect_uri: str, state: str) -> Iterator[Callback]:
    """Answer at the address until the block ends. Raises ConfigError where its port is taken."""
    callback = Callback(redirect_uri, state)

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            found = callback.take(self.path)
            body = _DONE if found else b"not here"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the line would hold the code."""

    port = urlsplit(redirect_uri).port or 80
    try:
        server = HTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise ConfigError(
            f"the port of {redirect_uri} cannot be opened: {error.strerror}",
            next_step="end what uses it, or connect with --no-browser",
        ) from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield callback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
