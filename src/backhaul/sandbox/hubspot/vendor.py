"""HubSpot, served: its routes, its gate (token, limits, scopes), and what it leaves open as variants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.hubspot import answers
from backhaul.sandbox.hubspot.backdoor import Backdoor
from backhaul.sandbox.hubspot.batches import Batches
from backhaul.sandbox.hubspot.catalogue import PORTAL_ID
from backhaul.sandbox.hubspot.limits import MESSAGES, Limits, refusal
from backhaul.sandbox.hubspot.links import Links
from backhaul.sandbox.hubspot.oauth import PRIVATE_APP, OAuth
from backhaul.sandbox.hubspot.portal import Portal
from backhaul.sandbox.hubspot.reads import Reads
from backhaul.sandbox.hubspot.search import Search
from backhaul.sandbox.hubspot.seed import Seeder
from backhaul.sandbox.hubspot.setup import Setup
from backhaul.sandbox.hubspot.writes import Writes
from backhaul.sandbox.vendor import Refused, Vendor
from backhaul.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]
URL_LIMIT = 16_000
# Scopes that grant the same thing under an older name.
ALIASES = {
    "products": ("e-commerce", "crm.objects.products.read"),
    "line_items": ("e-commerce", "crm.objects.line_items.read"),
    "tickets": ("tickets", "crm.objects.tickets.read"),
}


class HubSpot(Vendor):
    source = "hubspot"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # Batch writes echo each input's trace id in the results that went well, or only in errors.
        "success_trace_ids": ("present", "absent"),
        # An id that is not there, in batch/update: its error carries the trace id too, or only `context.ids`.
        "absent_trace_ids": ("present", "absent"),
        # Results of a batch stand in the order of its inputs, or in none.
        "batch_order": ("input", "shuffled"),
        # batch/read leaves ids that are not there out of a 200, or lists them in the errors of a 207.
        "batch_read_absent": ("omitted", "errors"),
        # Reading links of records that have none: errors in a 207, or left out of a 200.
        "unlinked": ("errors", "omitted"),
        # The record that two are merged into keeps the primary's id, or gets a new one (contacts since 2025).
        "merge_winner": ("keeps_id", "new_id"),
        # A merged record is not listed any more, or is listed among the archived.
        "merge_loser": ("gone", "archived"),
        # A property cleared by "" is shown as null afterwards, or as "".
        "cleared_reads_as": ("null", "empty"),
        # Archived records are shown with all the properties asked for, or only with those always shown.
        "archived_properties": ("full", "reduced"),
        # Rate headers on answers to searches.
        "search_rate_headers": ("absent", "present"),
        # Searches in a second.
        "search_rps": ("5", "4"),
        # A batch read by a unique property: of the records as they are, or of the index that search reads.
        "unique_read": ("current", "indexed"),
        # Lists go up by id, or in an order of their own.
        "list_order": ("by_id", "none"),
        # Parameters and fields that the API does not have. HubSpot seems to ignore most; refusing finds our slips.
        "unknown_parameters": ("refused", "ignored"),
        # An answer's refresh token is the one that was sent, or the next one.
        "refresh_token": ("stays", "rotates"),
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
        self.credentials = {"token": PRIVATE_APP}
        self.controls |= {
            "limit_10s": 190,
            "limit_search": int(self.variants["search_rps"]),
            "limit_daily": 1_000_000,
            "missing_scopes": [],
            "portal_id": PORTAL_ID,
        }
        self._portal = Portal(self.clock, self.variants, self.controls, seed)
        rotates = self.variants["refresh_token"] == "rotates"
        self.oauth = OAuth(self._portal, self.controls, seed, rotates=rotates)
        self.credentials |= self.oauth.client
        self.tables = self._portal.tables
        Seeder(self._portal, world).plant()
        self._limits = Limits(self.controls)
        self._reads = Reads(self._portal)
        self._writes = Writes(self._portal, self._reads)
        self._backdoor = Backdoor(self._portal, self._writes)

    def routes(self) -> list[BaseRoute]:
        # Where people consent is another host of the vendor's; here it is the same.
        self.settings = {"app_url": self.base_url}
        reads, writes = self._reads, self._writes
        batches = Batches(self._portal, reads, writes)
        search, links, setup = Search(self._portal), Links(self._portal), Setup(self._portal)
        objects, pair = "/crm/v3/objects/{type}", "/crm/v4/associations/{from}/{to}"
        of_one = "/crm/v4/objects/{from}/{id}/associations/{to}"
        return [
            *self.oauth.routes(),
            self._route("GET", "/account-info/v3/details", setup.account),
            self._route("GET", "/crm/v3/schemas", setup.schemas, "crm.schemas.custom.read"),
            self._route("GET", "/crm/v3/schemas/{type}", setup.schema, "crm.schemas.custom.read"),
            self._route("GET", "/crm-object-schemas/v3/schemas", setup.schemas, "crm.schemas.custom.read"),
            self._route("GET", "/crm-object-schemas/v3/schemas/{type}", setup.schema, "crm.schemas.custom.read"),
            self._route("GET", "/crm/v3/properties/{type}", setup.properties, "read"),
            self._route("POST", "/crm/v3/properties/{type}", setup.create_property, "schema"),
            self._route("GET", "/crm/v3/properties/{type}/{name}", setup.property, "read"),
            self._route("GET", "/crm/v3/pipelines/{type}", setup.pipelines, "read"),
            self._route("GET", "/crm/v3/owners", setup.owners, "crm.objects.owners.read"),
            self._route("GET", "/crm/v3/owners/", setup.owners, "crm.objects.owners.read"),
            self._route("GET", "/crm/v3/owners/{id}", setup.owner, "crm.objects.owners.read"),
            self._route("POST", f"{objects}/search", search, "read"),
            self._route("POST", f"{objects}/batch/read", reads.batch, "read"),
            self._route("POST", f"{objects}/batch/create", batches.create, "write"),
            self._route("POST", f"{objects}/batch/update", batches.update, "write"),
            self._route("POST", f"{objects}/batch/upsert", batches.upsert, "write"),
            self._route("POST", f"{objects}/batch/archive", batches.archive, "write"),
            self._route("POST", f"{objects}/merge", writes.merge, "write"),
            self._route("POST", f"{objects}/gdpr-delete", writes.gdpr_delete, "write"),
            self._route("GET", objects, reads.page, "read"),
            self._route("POST", objects, writes.post, "write"),
            self._route("GET", f"{objects}/{{id}}", reads.one, "read"),
            self._route("PATCH", f"{objects}/{{id}}", writes.patch, "write"),
            self._route("DELETE", f"{objects}/{{id}}", writes.delete, "write"),
            self._route("POST", f"{pair}/batch/read", links.batch_read, "read"),
            self._route("POST", f"{pair}/batch/create", links.batch_create, "write"),
            self._route("POST", f"{pair}/batch/associate/default", links.batch_default, "write"),
            self._route("POST", f"{pair}/batch/archive", links.batch_archive, "write"),
            self._route("GET", f"{pair}/labels", links.labels, "read"),
            self._route("GET", of_one, links.of_one, "read"),
        ]

    def _route(self, method: str, path: str, handler: Handler, scope: str | None = None) -> BaseRoute:
        is_search = path.endswith("/search")

        async def gated(request: Request) -> Response:
            try:
                self._admit(request, scope, search=is_search)
                response = await handler(request)
            except Refused as refused:
                response = refused.response
            if not is_search or self.variants["search_rate_headers"] == "present":
                response.headers.update(self._limits.headers(self.clock.now()))
            return response

        return Route(path, gated, methods=[method])

    def _admit(self, request: Request, scope: str | None, *, search: bool) -> None:
        """What stands before every endpoint, in the vendor's order."""
        if len(request.scope["query_string"]) > URL_LIMIT:
            raise Refused(HTMLResponse("<html><head><title>414 Request-URI Too Large</title></head></html>", 414))
        granted = self.oauth.scopes(request)
        policy = self._limits.admit(self.clock.now(), search=search)
        if policy is not None:
            raise Refused(refusal(policy))
        needed = self._scopes(request, scope)
        missing = set(self.controls["missing_scopes"]) | (set(needed) - set(granted) if granted is not None else set())
        if needed and set(needed) <= missing:
            raise Refused(answers.missing_scopes(needed))

    def _scopes(self, request: Request, scope: str | None) -> tuple[str, ...]:
        """Any one of these is enough."""
        if scope is None or "." in scope:
            return (scope,) if scope else ()
        of = self._portal.type(request.path_params.get("type") or request.path_params["from"])
        if scope == "read" and of.scope in ALIASES:
            return ALIASES[of.scope]
        if scope == "schema":
            return (f"crm.schemas.{of.scope}.write",)
        return (f"crm.objects.{of.scope}.{scope}",)

    def configure(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        found = super().configure(settings)
        self._portal.id = int(found["portal_id"])
        return found

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        """`policy` is TEN_SECONDLY_ROLLING, SECONDLY or DAILY."""
        policy = str(options.get("policy", "SECONDLY" if options.get("soon") else "TEN_SECONDLY_ROLLING"))
        if policy not in MESSAGES:
            raise ValueError(f"HubSpot has no policy {policy}; it has {', '.join(MESSAGES)}")
        response = refusal(policy)
        headers = self._limits.headers(self.clock.now())
        headers["X-HubSpot-RateLimit-Daily-Remaining" if policy == "DAILY" else "X-HubSpot-RateLimit-Remaining"] = "0"
        if policy != "SECONDLY":
            response.headers.update(headers)
        return response

    def broken(self, status: int) -> Response:
        return answers.error(status, "internal error" if status == 500 else "Service Unavailable", "INTERNAL_ERROR")

    def expired_token(self) -> Response:
        self.oauth.forget()
        return answers.expired_token()

    def revoked_token(self) -> Response:
        self.oauth.revoke()
        return answers.wrong_token()

    async def not_found(self, request: Request) -> Response:
        return answers.error(404, f"No route found for {request.method} {request.url.path}")
