"""ServiceNow, served: its routes, its gate (user, limits), and what it leaves open as variants."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.servicenow.answers import Told, Unfit, failure, refuse
from backhaul.sandbox.servicenow.backdoor import Backdoor
from backhaul.sandbox.servicenow.limits import Limits
from backhaul.sandbox.servicenow.oauth import OAuth
from backhaul.sandbox.servicenow.reads import Reads
from backhaul.sandbox.servicenow.seed import plant
from backhaul.sandbox.servicenow.store import Store
from backhaul.sandbox.servicenow.writes import Writes
from backhaul.sandbox.vendor import Refused, Vendor, served
from backhaul.sandbox.world import World

Handler = Callable[[Request, Mapping[str, str]], Awaitable[Told]]
HOST = "acme.service-now.com"


class ServiceNow(Vendor):
    source = "servicenow"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # The zone of the integration user, in which moments of a query are understood.
        "user_time_zone": ("GMT", "America/Los_Angeles", "Europe/Berlin"),
        # A moment of the hour that comes twice in autumn: of the first, or of the second.
        "hour_that_comes_twice": ("earlier", "later"),
        # A term that names no column: nothing is found (a property of the instance), or the term is left out.
        "invalid_query": ("no rows", "ignored"),
        # A table that the user may not read: refused, or every row of it is hidden.
        "without_rights": ("403", "empty"),
        # A record that comes back from the list of deleted ones: changed then, or with the stamp that it had.
        "restored_stamp": ("moves", "stays"),
        # Mandatory columns: checked by a data policy, or by forms alone.
        "mandatory": ("refused", "free"),
        # Parameters that there are not. They are passed over; refusing finds our slips.
        "unknown_parameters": ("refused", "ignored"),
    }

    def __init__(
        self,
        world: World,
        *,
        clock: Clock | None = None,
        scale: int = 1,
        seed: int = 7,
        variants: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(world, clock=clock, scale=scale, seed=seed, variants=variants or {})
        self.controls |= {
            "limit_hour": None,
            "limit_at_once": 4,
            # Rights that the user lacks (`Read sys_audit_delete`); rows and columns (`incident.severity`) that are
            # hidden from it.
            "forbidden": [],
            "hidden": [],
            "hidden_columns": [],
            # Columns that a rule keeps from being written, without a word.
            "dropped": [],
            # How many rows a transaction has the time for, and how many requests a batch has.
            "rows_in_time": None,
            "batch_serves": 75,
            # A developer's instance sleeps until somebody wakes it.
            "hibernating": False,
        }
        self._store = Store(self.clock, self.variants, self.controls)
        self.tables = self._store.tables
        plant(self._store, world)
        self._limits = Limits(self.controls, self.span)
        self.oauth = OAuth(self.clock, self.controls, seed)
        self.credentials = {**self.oauth.client, **self.oauth.person, "key": self.oauth.key}
        self._reads = Reads(self._store, self.controls)
        self._writes = Writes(self._store, self._reads, self.controls)
        self._backdoor = Backdoor(self._store)

    def routes(self) -> list[BaseRoute]:
        self.settings = {"host": HOST}
        self._reads.base_url = self.base_url
        found: list[BaseRoute] = list(self.oauth.routes())
        for version in ("", "v1/", "v2/"):
            api = f"/api/now/{version}"
            found += [
                self._route(["GET", "POST"], f"{api}table/{{table}}", self._several),
                self._route(["GET", "PUT", "PATCH", "DELETE"], f"{api}table/{{table}}/{{id}}", self._one),
                self._route(["GET"], f"{api}stats/{{table}}", self._stats),
                self._route(["POST"], f"{api}batch", self._batch),
            ]
        return found

    async def _several(self, request: Request, params: Mapping[str, str]) -> Told:
        name = request.path_params["table"]
        if request.method == "POST":
            return self._writes.create(name, params, await self._json(request))
        return self._reads.listed(name, params)

    async def _one(self, request: Request, params: Mapping[str, str]) -> Told:
        name, id = request.path_params["table"], request.path_params["id"]
        if request.method == "GET":
            return self._reads.one(name, id, params)
        if request.method == "DELETE":
            return self._writes.delete(name, id, params)
        return self._writes.change(name, id, params, await self._json(request))

    async def _stats(self, request: Request, params: Mapping[str, str]) -> Told:
        return self._reads.counted(request.path_params["table"], params)

    async def _batch(self, request: Request, params: Mapping[str, str]) -> Told:
        return self._writes.batch(await self._json(request))

    async def _json(self, request: Request) -> bytes:
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise Unfit(failure(415, "Unsupported media type", "Content-Type is not supported."))
        return await request.body()

    def _route(self, methods: list[str], path: str, handler: Handler) -> BaseRoute:
        async def gated(request: Request) -> Response:
            try:
                self._admit(request)
                self._limits.inside += 1
                try:
                    await self.work()
                    told = await handler(request, dict(request.query_params))
                finally:
                    self._limits.inside -= 1
                served(request, told.rows)
                response = told.response()
            except Unfit as unfit:
                response = unfit.told.response()
            except Refused as refused:
                response = refused.response
            response.headers.update(self._limits.headers(self.clock.now()))
            return response

        return Route(path, gated, methods=methods)

    def _admit(self, request: Request) -> None:
        """What stands before every endpoint, in the vendor's order."""
        if self.controls["hibernating"]:
            raise Refused(HTMLResponse("<html><title>Instance Hibernating page</title></html>"))
        if not self._knows(request):
            raise Refused(self._unauthorised())
        refused = self._limits.admit(self.clock.now())
        if refused is not None:
            refuse(refused)
        accepted = request.headers.get("accept", "*/*")
        if not any(each in accepted for each in ("application/json", "*/*")):
            refuse(failure(406, "Not acceptable", "Accept header is not supported."))

    def _knows(self, request: Request) -> bool:
        key = request.headers.get("x-sn-apikey")
        if key is not None:
            return key == self.oauth.key and not self.oauth.revoked
        kind, _, rest = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            try:
                user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return False
            return {"user": user, "password": password} == self.oauth.person and not self.oauth.revoked
        return kind == "Bearer" and self.oauth.admits(f"Bearer {rest}")

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        return self._limits.exceeded(int(options.get("retry_after", 1))).response()

    def broken(self, status: int) -> Response:
        return failure(status, "Internal error", "the transaction could not be completed").response()

    def expired_token(self) -> Response:
        self.oauth.forget()
        return self._unauthorised()

    def revoked_token(self) -> Response:
        self.oauth.revoke()
        return self._unauthorised()

    def _unauthorised(self) -> Response:
        challenge = {"WWW-Authenticate": 'Basic realm="Service-now"'}
        return failure(401, "User Not Authenticated", "Required to provide Auth information", challenge).response()

    async def not_found(self, request: Request) -> Response:
        return failure(400, "Requested URI does not represent any resource", None).response()
