"""One exchange over the network. The only file that knows the HTTP library.

Tells apart what never left (always safe to send again) from what left without a whole answer.
"""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from backhaul.errors import FixDefinition
from backhaul.http.request import Request
from backhaul.telemetry import redact

_AGENT = "backhaul/0.1"


class NotSent(Exception):
    """The request did not leave: nothing can have happened at the vendor."""


class NoAnswer(Exception):
    """The request left; its answer, or the rest of it, did not come."""


class TooLarge(Exception):
    """The answer's body is larger than the request allows."""


class Wire:
    """A pool of kept-alive connections, shared by threads."""

    def __init__(self, *, connections: int = 64, connect_timeout: float = 10.0, verify: bool = True) -> None:
        self._limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._verify: ssl.SSLContext | bool = verify
        self._connect_timeout = connect_timeout
        self._pools: dict[str, httpx.HTTPTransport] = {}
        self._proxies = getproxies()

    def _pool(self, url: str) -> httpx.HTTPTransport:
        proxy = ""
        if self._proxies:
            parts = urlsplit(url)
            if not proxy_bypass(parts.hostname or ""):
                proxy = self._proxies.get(parts.scheme) or self._proxies.get("all", "")
        pool = self._pools.get(proxy)
        if pool is None:
            if self._verify is True:
                self._verify = httpx.create_ssl_context()
            pool = httpx.HTTPTransport(verify=self._verify, limits=self._limits, proxy=proxy or None)
            pool = self._pools.setdefault(proxy, pool)
        return pool

    def open(self, request: Request, on_sent: Callable[[], None] | None = None) -> Exchange:
        """Send and return once the answer's headers are there. Raises NotSent or NoAnswer."""
        timeouts = {
            "connect": self._connect_timeout,
            "pool": request.timeout,
            "read": request.timeout,
            "write": request.timeout,
        }
        left = _Left(on_sent)
        headers = {
            "User-Agent": _AGENT,
            "Accept-Encoding": "gzip",
            "Accept": _ACCEPT[request.expects],
            **request.headers,
        }
        url = request.full_url
        _check(url)
        try:
            wired = httpx.Request(
                request.method,
                url,
                headers=headers,
                content=request.body,
                extensions={"timeout": timeouts, "trace": left},
            )
            answer = self._pool(url).handle_request(wired)
        except (httpx.InvalidURL, httpx.LocalProtocolError) as error:
            raise FixDefinition(f"the request cannot be sent: {redact.text(str(error))}") from error
        except httpx.TransportError as error:
            if not left.started:
                raise NotSent(_reason(error, request.timeout)) from error
            left.finish()
            raise NoAnswer(_reason(error, request.timeout)) from error
        deadline = time.monotonic() + 5 * request.timeout
        return Exchange(answer, left.sent_at or datetime.now(UTC), request.max_bytes, deadline)

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


_ACCEPT: Mapping[str, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "xml": "application/xml, text/xml",
    "text": "text/plain, */*",
    "any": "*/*",
}


def _check(url: str) -> None:
    """Raise FixDefinition where it is no address: nothing would ever come of trying."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FixDefinition(f"the request cannot be sent: {redact.text(url)} is no web address")


class _Left:
    """Listens to the library for the moment when bytes begin to leave, and when the last one has left."""

    __slots__ = ("_on_sent", "sent_at", "started")

    def __init__(self, on_sent: Callable[[], None] | None) -> None:
        self._on_sent = on_sent
        self.started = False
        self.sent_at: datetime | None = None

    def __call__(self, name: str, info: Mapping[str, Any]) -> None:
        if name.endswith("send_request_headers.started"):
            self.started = True
        elif name.endswith("send_request_body.complete"):
            self.finish()

    def finish(self) -> None:
        """It has left, or as much of it as ever will: the vendor may count it."""
        if self.sent_at is None:
            self.sent_at = datetime.now(UTC)
            if self._on_sent is not None:
                self._on_sent()


def _reason(error: Exception, timeout: float) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpx.PoolTimeout):
        return "no free connection in time"
    if isinstance(error, httpx.TimeoutException):
        return f"nothing came for {timeout:g} s"
    return redact.text(str(error)) or type(error).__name__


class Exchange:
    """An answer whose body is still to be read. Close it, or use it as a context manager."""

    def __init__(self, answer: httpx.Response, sent_at: datetime, max_bytes: int, deadline: float) -> None:
        self.status = answer.status_code
        self.headers = _lower(answer.headers.raw)
        self.sent_at = sent_at
        self._answer = answer
        self._max_bytes = max_bytes
        self._deadline = deadline

    @property
    def is_html(self) -> bool:
        return "text/html" in self.headers.get("content-type", "")

    def read(self) -> bytes:
        """The whole body. Raises NoAnswer where it is cut or too slow, TooLarge."""
        return b"".join(self.chunks(bounded=True))

    def chunks(self, *, bounded: bool = False) -> Iterator[bytes]:
        """The body, decompressed, as it comes. Raises NoAnswer where it is cut."""
        size = 0
        limit = self._max_bytes
        try:
            for chunk in self._decoded():
                size += len(chunk)
                if size > limit:
                    raise TooLarge(f"more than {limit} bytes")
                if bounded and time.monotonic() > self._deadline:
                    raise NoAnswer("the body came too slowly")
                yield chunk
        except httpx.TransportError as error:
            raise NoAnswer(f"the body was cut: {error}") from error
        except zlib.error as error:
            raise NoAnswer(f"the body is damaged: {error}") from error

    def _decoded(self) -> Iterator[bytes]:
        encoding = self.headers.get("content-encoding", "identity").lower()
        if encoding in ("identity", ""):
            return self._answer.iter_raw()
        if encoding in ("gzip", "x-gzip"):
            return _gunzip(self._answer.iter_raw())
        raise NoAnswer(f"the body is encoded as {encoding}, which was not asked for")

    def close(self) -> None:
        self._answer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress; a stream that ends early is an error, which the library's own decoder lets pass."""
    decoder = _decoder()
    fed = False
    for chunk in chunks:
        fed = True
        pending = chunk
        while True:
            # Bounded output a step: a small body may unpack to gigabytes.
            out = decoder.decompress(pending, _STEP)
            if out:
                yield out
            if decoder.eof:
                pending = decoder.unused_data
                if not pending:
                    break
                decoder = _decoder()
            else:
                pending = decoder.unconsumed_tail
                if not pending and len(out) < _STEP:
                    break
    if fed and not decoder.eof:
        raise NoAnswer("the body was cut: the compressed stream ends early")


_STEP = 1 << 20


def _decoder() -> zlib._Decompress:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


def _lower(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers
