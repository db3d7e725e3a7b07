"""One simulator on a port of 127.0.0.1: in a thread for tests, or in a process of its own."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from argparse import ArgumentParser
from asyncio import Transport
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import msgspec
import uvicorn
from starlette.requests import Request
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from backhaul.sandbox.control import Control
from backhaul.sandbox.faults import FaultLayer
from backhaul.sandbox.remote import Remote
from backhaul.sandbox.simulators import build
from backhaul.sandbox.vendor import Vendor


class _Connection(H11Protocol):
    """Hands each request its transport, so that a fault can cut the connection."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope["transport"] = transport
            with suppress(asyncio.CancelledError):  # the server closes while a slow answer is on its way
                await inner(scope, receive, send)

        self.app = app


def application(vendor: Vendor) -> ASGIApp:
    """The vendor's routes behind the fault layer, and the control API beside them."""
    layer = FaultLayer(Router(vendor.routes(), redirect_slashes=False, default=_default(vendor)), vendor)
    control = Control(vendor, layer).router()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        chosen: ASGIApp = control if scope["path"].startswith("/_control/") else layer
        await chosen(scope, receive, send)

    return app


def _default(vendor: Vendor) -> ASGIApp:
    async def default(scope: Scope, receive: Receive, send: Send) -> None:
        response = await vendor.not_found(Request(scope, receive))
        await response(scope, receive, send)

    return default


class Running(Remote):
    """A simulator being served from a thread of this process."""

    def __init__(self, vendor: Vendor, port: int = 0) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        self.port: int = listener.getsockname()[1]
        self.base_url = vendor.base_url = f"http://127.0.0.1:{self.port}"
        super().__init__(f"{self.base_url}/_control")
        self.vendor = vendor
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete,
            args=(self._serve(listener, started),),
            name=f"sandbox-{vendor.source}",
            daemon=True,
        )
        self._thread.start()
        started.result(timeout=60)

    async def _serve(self, listener: socket.socket, started: Future[None]) -> None:
        config = uvicorn.Config(
            application(self.vendor),
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=60,
        )
        state = ServerState()
        try:
            config.load()
            server = await self._loop.create_server(
                lambda: _Connection(config=config, server_state=state, app_state={}, _loop=self._loop), sock=listener
            )
        except BaseException as error:
            started.set_exception(error)
            raise
        started.set_result(None)
        await self._stopped.wait()
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        tasks = list(state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def credentials(self) -> dict[str, Any]:
        return self.vendor.credentials

    @property
    def settings(self) -> dict[str, Any]:
        return self.vendor.settings

    def wait(self) -> None:
        """Until the server stops."""
        self._thread.join()

    def close(self) -> None:
        super().close()
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(vendor: Vendor, port: int = 0) -> Running:
    """Serve from a thread; returns once connections are accepted."""
    return Running(vendor, port)


def main(arguments: list[str] | None = None) -> None:
    """`python -m backhaul.sandbox.server`: serve until stopped, after one JSON line on standard output."""
    parser = ArgumentParser(prog="python -m backhaul.sandbox.server")
    parser.add_argument("--source", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--variant", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when the parent process is gone")
    options = parser.parse_args(arguments)
    variants = dict(part.split("=", 1) for part in options.variant)
    with serve(
        build(options.source, scale=options.scale, seed=options.seed, variants=variants), options.port
    ) as running:
        line = {
            "source": options.source,
            "base_url": running.base_url,
            "credentials": running.credentials,
            "settings": running.settings,
            "control_url": running.control_url,
        }
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()
        try:
            if options.until_stdin_closes:
                sys.stdin.read()
            else:
                running.wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
