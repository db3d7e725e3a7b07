"""Trouble on demand: an ASGI layer round a vendor's routes that injects faults and logs what arrives."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backhaul.sandbox.vendor import Refused, Vendor

KINDS = (
    "429",
    "500",
    "503",
    "html",
    "cut_body",
    "truncated_json",
    "slow",
    "lost_answer",
    "late_answer",
    "half_applied",
    "edit",
    "expired_token",
    "revoked_token",
    "latency",
)
PAGE_OF_A_PROXY = (
    "<html><head><title>Service unavailable</title></head><body><h1>We'll be right back</h1></body></html>"
)


@dataclass(slots=True)
class Fault:
    """One kind of trouble for the next `count` matching requests (None: until cleared), after the first `after`."""

    kind: str
    count: int | None = 1
    method: str | None = None
    path: str | None = None
    body: str | None = None
    after: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault {self.kind!r} is none of {', '.join(KINDS)}")
        if self.kind == "latency":
            self.count = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fault:
        """`{"kind", "count", "match": {"method", "path", "body"}, "after", "options": {}}`."""
        unknown = set(data) - {"kind", "count", "match", "after", "options"}
        match = data.get("match") or {}
        unknown |= set(match) - {"method", "path", "body"}
        if unknown:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        return cls(
            kind=str(data["kind"]),
            count=data.get("count", 1),
            method=match.get("method"),
            path=match.get("path"),
            body=match.get("body"),
            after=int(data.get("after", 0)),
            options=dict(data.get("options") or {}),
        )

    def strikes(self, method: str, path: str, body: bytes) -> bool:
        """Count a matching request and say whether it is hit. `path` and `body` are searched by pattern."""
        if self.method is not None and self.method.upper() != method:
            return False
        if self.path is not None and not re.search(self.path, path):
            return False
        if self.body is not None and not re.search(self.body.encode(), body):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.count is not None and self.hits >= self.count):
            return False
        self.hits += 1
        return True


@dataclass(slots=True)
class Received:
    """One request as it arrived. `status` is None when the client got no answer."""

    n: int
    time: str
    method: str
    path: str
    query: str
    status: int | None
    rows: int | None
    body_sha256: str
    authorization: str | None
    fault: str | None


class FaultLayer:
    """Wraps the vendor's router: every endpoint can fail in every way, and every request is logged."""

    def __init__(self, app: ASGIApp, vendor: Vendor) -> None:
        self._app = app
        self._vendor = vendor
        self.faults: list[Fault] = []
        self.received: list[Received] = []

    def describe(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.faults]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        method, path = scope["method"], scope["path"]
        entry = self._log(scope, body)
        fault: Fault | None = None
        for candidate in self.faults:
            if candidate.kind == "latency":
                if candidate.strikes(method, path, body):
                    await asyncio.sleep(float(candidate.options.get("ms", 100)) / 1000)
            elif fault is None and candidate.strikes(method, path, body):
                fault = candidate
        if fault is None:
            await self._run(scope, body, self._noting(send, entry), entry)
            return
        entry.fault = fault.kind
        if fault.kind == "edit":
            # somebody changes a record just before this request is handled: options are those of a mutation
            edit = fault.options
            self._vendor.mutate(edit["op"], edit["object"], str(edit["id"]), edit.get("values") or {})
            await self._run(scope, body, self._noting(send, entry), entry)
        elif fault.kind == "late_answer":
            await self._late(float(fault.options.get("seconds", 5)), scope, body, self._noting(send, entry), entry)
        elif fault.kind == "half_applied":
            await self._spoil("lost_answer", scope, _first_half(body), send, entry)
        elif fault.kind == "slow":
            await asyncio.sleep(float(fault.options.get("seconds", 5)))
            await self._run(scope, body, self._noting(send, entry), entry)
        elif fault.kind in ("lost_answer", "cut_body", "truncated_json"):
            await self._spoil(fault.kind, scope, body, send, entry)
        else:
            response = self._instead(fault)
            await response(scope, receive, self._noting(send, entry))

    async def _run(self, scope: Scope, body: bytes, send: Send, entry: Received) -> None:
        replay = _replay(body)
        try:
            await self._app(scope, replay, send)
        except Refused as refused:
            await refused.response(scope, replay, send)
        entry.rows = scope.get("rows_served")

    async def _late(self, seconds: float, scope: Scope, body: bytes, send: Send, entry: Received) -> None:
        """Do the work at once and answer long after, as a vendor under load does."""
        messages: list[Message] = []

        async def hold(message: Message) -> None:
            messages.append(message)

        await self._run(scope, body, hold, entry)
        await asyncio.sleep(seconds)
        for message in messages:
            await send(message)

    async def _spoil(self, kind: str, scope: Scope, body: bytes, send: Send, entry: Received) -> None:
        """Let the handler do its work, then keep the client from getting the whole answer."""
        start: Message = {}
        chunks: list[bytes] = []

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        await self._run(scope, body, hold, entry)
        if kind == "lost_answer":
            await _drop(scope)
            return
        whole = b"".join(chunks)
        half = whole[: len(whole) // 2]
        length = len(half) if kind == "truncated_json" else len(whole)
        headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
        start["headers"] = [*headers, (b"content-length", str(length).encode())]
        send = self._noting(send, entry)
        await send(start)
        # The server closes the connection of an answer that was promised longer than it turned out.
        await send({"type": "http.response.body", "body": half, "more_body": kind == "cut_body"})

    def _instead(self, fault: Fault) -> Response:
        match fault.kind:
            case "429":
                return _asking(self._vendor.too_many(fault.options), fault)
            case "expired_token":
                return self._vendor.expired_token()
            case "revoked_token":
                return self._vendor.revoked_token()
            case "html":
                return HTMLResponse(PAGE_OF_A_PROXY, int(fault.options.get("status", 502)))
            case _:
                return _asking(self._vendor.broken(int(fault.kind)), fault)

    def _noting(self, send: Send, entry: Received) -> Send:
        """Note the answer's status, and date it by the simulator's own clock."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                date = formatdate(self._vendor.clock.now().timestamp(), usegmt=True)
                message = {**message, "headers": [*message["headers"], (b"date", date.encode())]}
            await send(message)

        return noting

    def _log(self, scope: Scope, body: bytes) -> Received:
        authorization = next((value for name, value in scope["headers"] if name == b"authorization"), None)
        entry = Received(
            n=len(self.received) + 1,
            time=self._vendor.clock.now().isoformat(),
            method=scope["method"],
            path=scope["path"],
            query=unquote_to_bytes(scope["query_string"]).decode(errors="replace"),
            status=None,
            rows=None,
            body_sha256=hashlib.sha256(body).hexdigest(),
            authorization=None if authorization is None else authorization.split(b" ", 1)[0].decode() + " ***",
            fault=None,
        )
        self.received.append(entry)
        return entry


def _asking(response: Response, fault: Fault) -> Response:
    """With the wait that the fault's `retry_after` asks for."""
    if "retry_after" in fault.options:
        response.headers["Retry-After"] = str(fault.options["retry_after"])
    return response


async def _read(receive: Receive) -> bytes:
    message = await receive()
    if not message.get("more_body"):
        return bytes(message.get("body", b""))
    chunks = [message.get("body", b"")]
    while message.get("more_body"):
        message = await receive()
        chunks.append(message.get("body", b""))
    return b"".join(chunks)


def _first_half(body: bytes) -> bytes:
    """A batch with the first half of its rows: what a vendor has done when it dies in the middle."""
    content = msgspec.json.decode(body)
    for name, value in content.items():
        if isinstance(value, list) and value:
            return msgspec.json.encode({**content, name: value[: max(1, len(value) // 2)]})
    return body


def _replay(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


async def _drop(scope: Scope) -> None:
    """Cut the connection; `scope["transport"]` is put there by our server."""
    transport = scope["transport"]
    transport.abort()
    # Two turns of the loop: the server must learn of the lost connection before we return to it.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
