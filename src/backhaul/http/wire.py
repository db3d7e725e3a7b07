"""One exchange over the network. The only file that knows the HTTP library.

Tells apart what never left (always safe to send again) from what left without a whole answer.
"""

from __future__ import annotations

import os
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore

from backhaul.errors import FixDefinition
from backhaul.http.request import Request
from backhaul.telemetry import redact

_AGENT = "backhaul/0.1"
_TROUBLES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


# Raised while there is no connection yet. Any other trouble may come after the first byte has left.
_BEFORE = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


class NotSent(Exception):
    """The request did not leave: nothing can have happened at the vendor."""


class NoAnswer(Exception):
    """The request left; its answer, or the rest of it, did not come."""


class TooLarge(Exception):
    """The answer's body is larger than the request allows."""


class Wire:
    """A pool of kept-alive connections, shared by threads."""

    def __init__(self, *, connections: int = 64, connect_timeout: float = 10.0, verify: bool = True) -> None:
        self._connections = connections
        self._verify: ssl.SSLContext | bool = verify
        self._connect_timeout = connect_timeout
        self._pools: dict[tuple[str, str], httpcore.ConnectionPool] = {}
        self._proxies = getproxies()

    def _pool(self, scheme: str, host: str) -> httpcore.ConnectionPool:
        proxy = ""
        if self._proxies and not proxy_bypass(host):
            proxy = self._proxies.get(scheme) or self._proxies.get("all", "")
        pool = self._pools.get((scheme, proxy))
        if pool is None:
            # Certificates take longer to load than all else here: only where they are needed.
            tls = self._tls() if scheme == "https" else None
            pool = self._pools.setdefault((scheme, proxy), _new_pool(proxy, tls, self._connections))
        return pool

    def _tls(self) -> ssl.SSLContext:
        if not isinstance(self._verify, ssl.SSLContext):
            self._verify = _tls_context() if self._verify else _trusting()
        return self._verify

    def open(self, request: Request, on_sent: Callable[[], None] | None = None) -> Exchange:
        """Send and return once the answer's headers are there. Raises NotSent or NoAnswer."""
        timeouts = {
            "connect": self._connect_timeout,
            "pool": request.timeout,
            "read": request.timeout,
            "write": request.timeout,
        }
        leaving = _Leaving(request.body, on_sent)
        headers = {
            "User-Agent": _AGENT,
            "Accept-Encoding": "gzip",
            "Accept": _ACCEPT[request.expects],
            **request.headers,
        }
        address = _Address(request.full_url)
        try:
            wired = httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=address.scheme.encode(),
                    host=address.host.encode(),
                    port=address.port,
                    target=address.target.encode(),
                ),
                headers=[
                    *address.headers(request),
                    *((name.encode(), value.encode()) for name, value in headers.items()),
                ],
                content=leaving,
                extensions={"timeout": timeouts},
            )
            answer = self._pool(address.scheme, address.host).handle_request(wired)
        except httpcore.LocalProtocolError as error:
            raise FixDefinition(f"the request cannot be sent: {redact.text(str(error))}") from error
        except _BEFORE as error:
            raise NotSent(_reason(error, request.timeout)) from error
        except _TROUBLES as error:
            leaving.finish()
            raise NoAnswer(_reason(error, request.timeout)) from error
        deadline = time.monotonic() + 5 * request.timeout
        return Exchange(answer, leaving.sent_at or datetime.now(UTC), request.max_bytes, deadline)

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


def _new_pool(proxy: str, tls: ssl.SSLContext | None, connections: int) -> httpcore.ConnectionPool:
    sizes: dict[str, Any] = {
        "ssl_context": tls,
        "max_connections": connections,
        "max_keepalive_connections": connections,
        "keepalive_expiry": 5.0,
    }
    if not proxy:
        return httpcore.ConnectionPool(**sizes)
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    default = {"http": 80, "https": 443}.get(parts.scheme, 1080)
    if parts.scheme not in ("http", "https", "socks5", "socks5h") or not parts.hostname:
        raise FixDefinition(f"the proxy {redact.text(proxy)} of the environment is none that can be used")
    address = httpcore.URL(
        scheme=parts.scheme.encode(), host=parts.hostname.encode(), port=parts.port or default, target=b"/"
    )
    if parts.scheme.startswith("socks"):
        return httpcore.SOCKSProxy(proxy_url=address, proxy_auth=auth, **sizes)
    proxy_tls = _tls_context() if parts.scheme == "https" else None
    return httpcore.HTTPProxy(proxy_url=address, proxy_auth=auth, proxy_ssl_context=proxy_tls, **sizes)


def _tls_context() -> ssl.SSLContext:
    """Whom to believe: the authorities that the environment names, as other tools take them, else certifi's."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        import certifi

        file = certifi.where()
    return ssl.create_default_context(cafile=file or None, capath=folder or None)


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_ACCEPT: Mapping[str, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "xml": "application/xml, text/xml",
    "text": "text/plain, */*",
    "any": "*/*",
}


class _Address:
    """A URL as it goes over the wire. Raises FixDefinition where it is none: nothing would ever come of trying."""

    __slots__ = ("host", "port", "scheme", "target")

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            self.scheme, self.port = parts.scheme, parts.port
            self.host = (parts.hostname or "").encode("idna").decode()
        except ValueError:
            self.scheme, self.host = "", ""
        if self.scheme not in ("http", "https") or not self.host:
            raise FixDefinition(f"the request cannot be sent: {redact.text(url)} is no web address")
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        # What is escaped already stays; only what no request line may hold is escaped here.
        self.target = quote(target, safe="%/?:@!$&'()*+,;=-._~[]|")

    def headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        """Those that HTTP itself wants."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        found = [(b"Host", (name if self.port is None else f"{name}:{self.port}").encode())]
        if request.body is not None or request.method in ("POST", "PUT", "PATCH"):
            found.append((b"Content-Length", str(len(request.body or b"")).encode()))
        return found


class _Leaving:
    """A request's body as it leaves: once it was taken whole, headers and all, the last byte is on its way."""

    __slots__ = ("_body", "_on_sent", "sent_at")

    def __init__(self, body: bytes | None, on_sent: Callable[[], None] | None) -> None:
        self._body = body
        self._on_sent = on_sent
        self.sent_at: datetime | None = None

    def __iter__(self) -> Iterator[bytes]:
        if self._body:
            yield self._body
        self.finish()

    def finish(self) -> None:
        """It has left, or as much of it as ever will: the vendor may count it."""
        if self.sent_at is None:
            self.sent_at = datetime.now(UTC)
            if self._on_sent is not None:
                self._on_sent()


def _reason(error: Exception, timeout: float) -> str:
    if isinstance(error, httpcore.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpcore.PoolTimeout):
        return "no free connection in time"
    if isinstance(error, httpcore.TimeoutException):
        return f"nothing came for {timeout:g} s"
    return redact.text(str(error)) or type(error).__name__


class Exchange:
    """An answer whose body is still to be read. Close it, or use it as a context manager."""

    def __init__(self, answer: httpcore.Response, sent_at: datetime, max_bytes: int, deadline: float) -> None:
        self.status = answer.status
        self.headers = _lower(answer.headers)
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
        except _TROUBLES as error:
            raise NoAnswer(f"the body was cut: {error}") from error
        except zlib.error as error:
            raise NoAnswer(f"the body is damaged: {error}") from error

    def _decoded(self) -> Iterator[bytes]:
        encoding = self.headers.get("content-encoding", "identity").lower()
        if encoding in ("identity", ""):
            return self._answer.iter_stream()
        if encoding in ("gzip", "x-gzip"):
            return _gunzip(self._answer.iter_stream())
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
