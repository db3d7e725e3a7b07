"""MCP over HTTP: the token in a request says whose data it is about; nothing else in the request does.

Each token has a server, sessions and a contained worker of its own, so that nothing of one leads to another's. The
token is looked up at every request: a revoked one ends at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from backhaul.agent.reader import Reader
from backhaul.errors import BackhaulError

PATH = "/mcp"
BIGGEST = 1 << 20
"""Bytes of a request at most."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What one token opens."""

    server: MCPServer[Any]
    reader: Reader


class Desks:
    """One desk a token, opened when it is first used.

    find: a token's text -> its id; None for one that opens nothing. open: an id's desk.
    """

    def __init__(self, find: Callable[[str], str | None], open: Callable[[str], Desk]) -> None:
        self._find = find
        self._open = open
        self._apps: dict[str, ASGIApp] = {}
        self._opening = anyio.Lock()
        self._tasks: TaskGroup | None = None

    @asynccontextmanager
    async def running(self, app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            yield
            tasks.cancel_scope.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        kind, _, text = Headers(scope=scope).get("authorization", "").partition(" ")
        id = await anyio.to_thread.run_sync(self._find, text.strip()) if kind.lower() == "bearer" and text else None
        if id is None:
            answer = JSONResponse(
                {"error": "give a token: Authorization: Bearer ...; `backhaul tokens make` makes one"},
                401,
                {"WWW-Authenticate": "Bearer"},
            )
            await answer(scope, receive, send)
            return
        try:
            app = await self._app(id)
        except BackhaulError:
            # what is wrong is for whoever runs the server; it is in the log
            await JSONResponse({"error": "the data cannot be read now; try again later"}, 503)(scope, receive, send)
            return
        await app(scope, receive, send)

    async def _app(self, id: str) -> ASGIApp:
        async with self._opening:
            if id not in self._apps:
                assert self._tasks is not None  # noqa: S101  requests come while it runs
                desk = await anyio.to_thread.run_sync(self._open, id)
                self._apps[id] = await self._tasks.start(self._serve, desk)
            return self._apps[id]

    async def _serve(self, desk: Desk, *, task_status: TaskStatus[ASGIApp]) -> None:
        app = desk.server.streamable_http_app(
            streamable_http_path=PATH,
            json_response=True,
            max_request_body_size=BIGGEST,
            # a page that rebinds a name has no token to send; behind a proxy the host is the proxy's
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        try:
            async with desk.server.session_manager.run():
                task_status.started(app)
                await anyio.sleep_forever()
        finally:
            desk.reader.close()


def make_app(desks: Desks) -> Starlette:
    """The ASGI application; clients speak to `/mcp`."""
    return Starlette(routes=[Mount("/", app=desks)], lifespan=desks.running)
