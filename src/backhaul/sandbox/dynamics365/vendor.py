"""Dynamics 365, served: its routes, its gate (token, limits, rights), and what it leaves open as variants."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.dynamics365 import answers
from backhaul.sandbox.dynamics365.backdoor import Backdoor
from backhaul.sandbox.dynamics365.definitions import TableDefinition
from backhaul.sandbox.dynamics365.limits import MESSAGES, REQUESTS, TIME, Limits
from backhaul.sandbox.dynamics365.metadata import Metadata
from backhaul.sandbox.dynamics365.oauth import HOST, TENANT, OAuth
from backhaul.sandbox.dynamics365.organization import Organization
from backhaul.sandbox.dynamics365.reads import Reads
from backhaul.sandbox.dynamics365.seed import plant
from backhaul.sandbox.dynamics365.writes import Writes
from backhaul.sandbox.vendor import Refused, Vendor
from backhaul.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]
API = "/api/data/v9.2"
ACTIONS = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple", "DeleteMultiple")


class Dynamics365(Vendor):
    source = "dynamics365"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # What a table without change tracking says to who asks for it. A preference may be passed over, too.
        "untracked_tables": ("change tracking", "Change Tracking", "ignored"),
        # The status of an expired delta token; its code is known.
        "expired_token_status": ("400", "410", "500"),
        # How an ETag is made: clients are not to look into it.
        "etags": ("row version", "opaque"),
        # The code of a version that does not match; the documentation shows none.
        "version_code": ("none", "given"),
        # A duplicate that a rule found: 500 in the documentation, 412 as others report.
        "duplicate_status": ("500", "412"),
        # Columns that forms require: the platform itself takes records without most of them.
        "required_columns": ("free", "checked"),
        # When a new column can be used: once it is published, or at once.
        "new_columns": ("published", "at once"),
        # A refresh token is replaced at each renewal; the old one stays good for a while.
        "refresh_tokens": ("stay", "rotate"),
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
            "limit_requests": 6000,
            "limit_seconds": 1200,
            "limit_at_once": 52,
            "forbidden": [],
            "untracked": [],
            "expire_change_tracking_days": 7,
            "application_user": True,
        }
        self._organization = Organization(self.clock, self.variants, self.controls)
        self.tables = self._organization.tables
        plant(self._organization, world)
        self._limits = Limits(self.controls)
        self.oauth = OAuth(self.clock, self.controls, seed, rotates=self.variants["refresh_tokens"] == "rotate")
        self.credentials = dict(self.oauth.client)
        self._reads = Reads(self._organization)
        self._writes = Writes(self._organization, self._reads)
        self._backdoor = Backdoor(self._organization)

    def routes(self) -> list[BaseRoute]:
        self._organization.base_url = self.base_url
        self.settings = {"host": HOST, "tenant": TENANT, "login_url": self.base_url}
        metadata, of = Metadata(self._organization), f"{API}/EntityDefinitions({{key}})"
        return [
            *self.oauth.routes(),
            self._route(["GET"], f"{API}/WhoAmI", self._reads.who_am_i),
            self._route(["POST"], f"{API}/PublishXml", metadata.publish),
            self._route(["GET"], f"{API}/EntityDefinitions", metadata.tables),
            self._route(["GET"], of, metadata.table),
            self._route(["GET"], f"{of}/Attributes", metadata.columns),
            self._route(["POST"], f"{of}/Attributes", metadata.create_column),
            self._route(["GET"], f"{of}/Attributes/{{kind}}", metadata.of_kind),
            self._route(["GET"], f"{of}/Keys", metadata.keys),
            self._route(["GET"], f"{of}/ManyToOneRelationships", metadata.relations),
            self._route(["GET"], f"{API}/{{set}}/$count", self._counted),
            self._route(["POST"], f"{API}/{{set}}/Microsoft.Dynamics.CRM.{{action}}", self._many),
            self._route(["GET", "PATCH", "DELETE"], f"{API}/{{set}}({{key}})", self._one),
            self._route(["GET", "POST"], f"{API}/{{set}}", self._all),
        ]

    async def _all(self, request: Request) -> Response:
        table = self._table(request)
        if request.method == "POST":
            return await self._writes.create(request, table)
        return await self._reads.listed(request, table)

    async def _one(self, request: Request) -> Response:
        table, key = self._table(request), request.path_params["key"]
        if request.method == "GET":
            return await self._reads.one(request, table, key)
        do = self._writes.patch if request.method == "PATCH" else self._writes.delete
        return await do(request, table, key)

    async def _counted(self, request: Request) -> Response:
        return await self._reads.count(request, self._table(request))

    async def _many(self, request: Request) -> Response:
        action = request.path_params["action"]
        if action not in ACTIONS:
            return answers.no_segment(f"Microsoft.Dynamics.CRM.{action}")
        return await self._writes.many(request, self._table(request), action)

    def _table(self, request: Request) -> TableDefinition:
        name = request.path_params["set"]
        table = self._organization.sets.get(name)
        if table is None:
            raise Refused(answers.no_segment(name))
        right = {"GET": "Read", "POST": "Create", "PATCH": "Write", "DELETE": "Delete"}[request.method]
        if f"{right} {table.name}" in self.controls["forbidden"]:
            who = f"Principal user (Id={self._organization.me}, type=8)"
            answers.refuse(403, answers.PRIVILEGE, f"{who} is missing prv{right}{table.name.capitalize()} privilege")
        return table

    def _route(self, methods: list[str], path: str, handler: Handler) -> BaseRoute:
        async def gated(request: Request) -> Response:
            now = self.clock.now()
            try:
                self._admit(request)
                self._limits.inside += 1
                try:
                    response = await handler(request)
                finally:
                    self._limits.inside -= 1
            except Refused as refused:
                response = refused.response
            # what it would take there: a little for the request, more for every record
            rows = int(request.scope.get("rows_served") or 0)
            self._limits.count(now, 0.02 + 0.0005 * rows)
            response.headers.update(self._limits.headers(now))
            response.headers["x-ms-service-request-id"] = response.headers["REQ_ID"] = str(uuid.uuid4())
            return response

        return Route(path, gated, methods=methods)

    def _admit(self, request: Request) -> None:
        """What stands before every endpoint, in the vendor's order."""
        if not self.oauth.admits(request.headers.get("authorization", "")):
            raise Refused(self._unauthorised())
        if not self.controls["application_user"]:
            answers.refuse(403, "0x80072560", "The user is not a member of the organization.")
        code = self._limits.exceeded(self.clock.now())
        if code is not None:
            wait = {"Retry-After": str(self._limits.wait(self.clock.now()))}
            raise Refused(answers.error(429, code, self._limits.message(code), wait))
        for name in ("odata-version", "odata-maxversion"):
            if request.headers.get(name, "4.0") != "4.0":
                answers.refuse(400, "0x0", f"The header {name} must be 4.0.")

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        """`time`: of the execution time; else of the requests."""
        code = TIME if options.get("time") else REQUESTS
        limit = 1_200_000 if options.get("time") else 6000
        return answers.error(429, code, MESSAGES[code].format(limit=limit), {"Retry-After": "1"})

    def broken(self, status: int) -> Response:
        code = "0x80044151" if status == 500 else "0x80040216"
        return answers.error(
            status, code, "SQL timeout expired." if status == 500 else "The service is temporarily unavailable."
        )

    def expired_token(self) -> Response:
        self.oauth.forget()
        return self._unauthorised()

    def revoked_token(self) -> Response:
        self.oauth.revoke()
        return self._unauthorised()

    def _unauthorised(self) -> Response:
        return Response(status_code=401, headers={"WWW-Authenticate": self.oauth.challenge(self.base_url)})

    async def not_found(self, request: Request) -> Response:
        return answers.no_segment(request.url.path.rpartition("/")[2])
