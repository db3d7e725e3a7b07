"""Pipedrive, served: its routes, its gate (token, limits), and what it leaves open as variants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.pipedrive import answers
from backhaul.sandbox.pipedrive.backdoor import Backdoor
from backhaul.sandbox.pipedrive.company import Company
from backhaul.sandbox.pipedrive.limits import Limits
from backhaul.sandbox.pipedrive.lists import Lists
from backhaul.sandbox.pipedrive.new_fields import NewFields
from backhaul.sandbox.pipedrive.seed import Seeder
from backhaul.sandbox.pipedrive.shapes import KINDS
from backhaul.sandbox.pipedrive.writes import Writes
from backhaul.sandbox.vendor import Refused, Vendor
from backhaul.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]
TOKEN = "5b7c0de1f2a3948576e5d4c3b2a19080f7e6d5c4"
_FIELDS = {"deals": "dealFields", "persons": "personFields", "organizations": "organizationFields",
           "products": "productFields"}  # fmt: skip


class Pipedrive(Vendor):
    source = "pipedrive"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # The end of a list by cursor: null, or nothing.
        "cursor_end": ("null", "absent"),
        # What version 1 says where there is nothing.
        "empty_data": ("null", "list"),
        # The day's budget in the headers, which the vendor's staff call optional.
        "daily_headers": ("present", "absent"),
        # Whether deleting a record moves its update_time.
        "deleted_update_time": ("moves", "stays"),
        # Version 2 refuses the token in the query, as a guide says.
        "token_in_query": ("version 1", "both"),
        # Parameters and fields that the API does not have.
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
        self.credentials = {"token": TOKEN}
        self.controls |= {"limit_burst": 120, "limit_tokens": 630_000, "forbidden": []}
        self._company = Company(self.clock, self.variants, self.controls)
        self.tables = self._company.tables
        Seeder(self._company, world).plant()
        self._limits = Limits(self.controls)
        self._backdoor = Backdoor(self._company)

    def routes(self) -> list[BaseRoute]:
        lists, writes = Lists(self._company), Writes(self._company)
        new_field = NewFields(self._company).create
        merged = ("deals", "persons", "organizations")
        return [
            *self._old(("users",), "GET", "/users/me", lists.me),
            *self._old(("users",), "GET", "/users", lists.users),
            *self._old(("users",), "GET", "/users/{id:int}", lists.old_one),
            *self._old(("leads",), "GET", "/leads/archived", lists.old),
            *self._old(("leads", "notes"), "GET", "/{name}", lists.old),
            *self._old(("leads", "notes"), "POST", "/{name}", writes.create_old),
            *self._old(("leads", "notes"), "GET", "/{name}/{id}", lists.old_one),
            *self._old(("notes",), "PUT", "/{name}/{id}", writes.update_old),
            *self._old(("leads",), "PATCH", "/{name}/{id}", writes.update_old),
            *self._old(("leads", "notes"), "DELETE", "/{name}/{id}", writes.delete_old),
            *self._old(merged, "PUT", "/{name}/{id}/merge", writes.merge),
            *self._old(("recents",), "GET", "/recents", lists.recents),
            *[self._route("GET", f"/api/v2/{path}", _named(name, lists.field_list)) for name, path in _FIELDS.items()],
            *[self._route("POST", f"/api/v2/{path}", _named(name, new_field)) for name, path in _FIELDS.items()],
            self._route("GET", "/api/v2/deals/archived", lists.archived),
            self._route("GET", "/api/v2/deals/products", lists.deal_products),
            *self._new("GET", "/{name}", lists.listed),
            *self._new("POST", "/{name}", writes.create),
            *self._new("GET", "/{name}/{id}", lists.one),
            *self._new("PATCH", "/{name}/{id}", writes.update),
            *self._new("DELETE", "/{name}/{id}", writes.delete),
        ]

    def _old(self, names: Iterable[str], method: str, path: str, handler: Handler) -> list[BaseRoute]:
        """Version 1, under both of its addresses."""
        return [
            self._route(method, f"{base}{path.replace('{name}', name)}", _named(name, handler))
            for name in names
            for base in ("/v1", "/api/v1")
        ]

    def _new(self, method: str, path: str, handler: Handler) -> list[BaseRoute]:
        return [self._route(method, f"/api/v2{path.replace('{name}', name)}", _named(name, handler)) for name in KINDS]

    def _route(self, method: str, path: str, handler: Handler) -> BaseRoute:
        async def gated(request: Request) -> Response:
            try:
                self._admit(request)
                response = await handler(request)
            except Refused as refused:
                response = refused.response
            daily = self.variants["daily_headers"] == "present"
            response.headers.update(self._limits.headers(self.clock.now(), daily=daily))
            return response

        return Route(path, gated, methods=[method])

    def _admit(self, request: Request) -> None:
        in_query = "/v2/" not in request.url.path or self.variants["token_in_query"] == "both"
        given = request.headers.get("x-api-token") or (request.query_params.get("api_token") if in_query else None)
        if given != TOKEN:
            raise Refused(answers.unauthorized())
        if not self._limits.admit(request, self.clock.now()):
            raise Refused(answers.over_limit())
        if f"{request.method} {request.url.path}" in self.controls["forbidden"]:
            raise Refused(answers.no_scope())

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        """`daily`: the day's budget is used up."""
        response = answers.over_limit()
        response.headers.update({"x-ratelimit-reset": "2", "x-ratelimit-remaining": "0"})
        if options.get("daily"):
            response.headers["x-daily-ratelimit-token-remaining"] = "0"
        return response

    def broken(self, status: int) -> Response:
        return answers.error(status, "Internal server error" if status == 500 else "Service unavailable")

    def expired_token(self) -> Response:
        return answers.unauthorized()

    def revoked_token(self) -> Response:
        return answers.unauthorized()

    async def not_found(self, request: Request) -> Response:
        return answers.error(404, "Unknown method .")


def _named(name: str, handler: Handler) -> Handler:
    async def named(request: Request) -> Response:
        request.scope["path_params"]["name"] = name
        return await handler(request)

    return named
