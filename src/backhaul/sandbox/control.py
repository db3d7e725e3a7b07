"""The control API, `/_control` on the simulator's own port: make trouble, change records, read what arrived."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from backhaul.sandbox.faults import Fault, FaultLayer
from backhaul.sandbox.vendor import OPERATIONS, Vendor


def _answer(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


async def _json(request: Request) -> Any:
    body = await request.body()
    try:
        return msgspec.json.decode(body) if body else {}
    except msgspec.DecodeError as error:
        raise ValueError(f"the body is no JSON: {error}") from error


def _explained(error: Exception) -> Response:
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return _answer({"error": text}, 400)


class Control:
    """Handlers of the control API for one vendor and its fault layer."""

    def __init__(self, vendor: Vendor, layer: FaultLayer) -> None:
        self._vendor = vendor
        self._layer = layer

    def router(self) -> Router:
        return Router(
            [
                Route("/_control/health", self.health),
                Route("/_control/faults", self.faults, methods=["GET", "POST", "DELETE"]),
                Route("/_control/mutate", self.mutate, methods=["POST"]),
                Route("/_control/received", self.received),
                Route("/_control/objects", self.objects),
                Route("/_control/dump/{object:path}", self.dump),
                Route("/_control/clock", self.clock, methods=["GET", "POST"]),
                Route("/_control/settings", self.settings, methods=["GET", "POST"]),
            ],
            redirect_slashes=False,
        )

    async def health(self, request: Request) -> Response:
        vendor = self._vendor
        return _answer(
            {"source": vendor.source, "variants": vendor.variants, "scale": vendor.scale, "seed": vendor.seed}
        )

    async def faults(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                asked = await _json(request)
                self._layer.faults += [Fault.from_json(one) for one in (asked if isinstance(asked, list) else [asked])]
            except (KeyError, ValueError, TypeError, re.error) as error:
                return _explained(error)
        elif request.method == "DELETE":
            self._layer.faults.clear()
        return _answer({"faults": self._layer.describe()})

    async def mutate(self, request: Request) -> Response:
        try:
            asked = await _json(request)
            results = [self._change(change) for change in (asked if isinstance(asked, list) else [asked])]
        except (KeyError, ValueError, TypeError) as error:
            return _explained(error)
        return _answer({"results": results})

    def _change(self, change: dict[str, Any]) -> dict[str, Any]:
        op, id = change["op"], change.get("id")
        if op not in OPERATIONS:
            raise ValueError(f"op {op!r} is none of {', '.join(OPERATIONS)}")
        return self._vendor.mutate(op, change["object"], None if id is None else str(id), change.get("values") or {})

    async def received(self, request: Request) -> Response:
        since = int(request.query_params.get("since", 0))
        return _answer({"received": self._layer.received[since:]})

    async def objects(self, request: Request) -> Response:
        tables = self._vendor.tables
        return _answer({"objects": {name: sum(1 for _ in tables[name].live()) for name in tables}})

    async def dump(self, request: Request) -> Response:
        try:
            records = self._vendor.dump(request.path_params["object"])
        except KeyError as error:
            return _explained(error)
        return _answer({"records": records})

    async def clock(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                self._vendor.clock.advance(float((await _json(request))["advance"]))
            except (KeyError, ValueError, TypeError) as error:
                return _explained(error)
        return _answer({"now": self._vendor.clock.now()})

    async def settings(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                return _answer({"settings": self._vendor.configure(await _json(request))})
            except (KeyError, ValueError, TypeError) as error:
                return _explained(error)
        return _answer({"settings": self._vendor.controls})
