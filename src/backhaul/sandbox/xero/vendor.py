"""Xero, served: its routes, its gate (token, tenant, scopes, limits), and what it leaves open as variants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.vendor import Refused, Vendor
from backhaul.sandbox.world import World
from backhaul.sandbox.xero.answers import problem, reply
from backhaul.sandbox.xero.backdoor import Backdoor
from backhaul.sandbox.xero.kinds import KINDS, Kind
from backhaul.sandbox.xero.limits import Limits
from backhaul.sandbox.xero.oauth import OAuth
from backhaul.sandbox.xero.organisation import TENANT, Organisation
from backhaul.sandbox.xero.reads import Reads
from backhaul.sandbox.xero.seed import NAME, Seeder
from backhaul.sandbox.xero.writes import Writes

Handler = Callable[[Request, Kind], Awaitable[Response]]
_API = "/api.xro/2.0"


class Xero(Vendor):
    source = "xero"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # `order=InvoiceID`: guids as texts, or as the store behind may compare them.
        "id_order": ("text", "bytes"),
        # Whether pages tell how many there are.
        "pagination": ("told", "absent"),
        # If-Modified-Since: what changed in that very second is told, or only what came after it.
        "modified_since": ("from", "after"),
        # Nothing changed: an empty list, or 304 without a body.
        "unchanged": ("empty list", "304"),
        # Deleted documents stand in every list, or only in those with If-Modified-Since.
        "deleted_documents": ("listed", "only when changed"),
        # `UpdatedDateUTCString`, since July 2026.
        "stamps_as_text": ("present", "absent"),
        # Without summarizeErrors one bad element fails the request, or each has its own outcome.
        "summarize_errors": ("true", "false"),
        # POST without an id: the record of the same number or name, or a new one, which is refused as no longer unique.
        "matched_by": ("number and name", "id alone"),
        # The name of a validation error's text: documentation shows both.
        "errors_under": ("Message", "Description"),
        # The word for the limit that was met.
        "limit_words": ("minute", "Minute limit"),
        # What an expired token is told by.
        "expired": ("TokenExpired", "plain"),
        # Parameters and elements that Xero does not have. It seems to ignore them; refusing finds our slips.
        "unknown": ("refused", "ignored"),
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
            "limit_minute": 60,
            "limit_day": 5000,
            "limit_app": 10_000,
            "limit_at_once": 5,
            # The tier of the app that lets it read journals.
            "advanced": True,
            "connected": True,
        }
        self._org = Organisation(self.clock, self.variants, self.controls, seed)
        self.tables = self._org.tables
        Seeder(self._org, world).plant()
        self._limits = Limits(self.controls)
        self.oauth = OAuth(self.clock, self.controls, seed)
        self.credentials = dict(self.oauth.client)
        self._reads = Reads(self._org, self.controls)
        self._writes = Writes(self._org, self._reads)
        self._backdoor = Backdoor(self._org)

    def routes(self) -> list[BaseRoute]:
        self.settings = {"login_url": self.base_url, "token_host": self.base_url, "tenant": TENANT}
        # the vendor's own client asks for it with a capital
        connections = [Route(path, self._connections, methods=["GET"]) for path in ("/connections", "/Connections")]
        found: list[BaseRoute] = [*self.oauth.routes(), *connections]
        for of in KINDS.values():
            several, one = f"{_API}/{of.name}", f"{_API}/{of.name}/{{id}}"
            found.append(self._route("GET", several, of, self._reads.listed))
            if of.name not in ("Organisation", "Currencies"):
                found.append(self._route("GET", one, of, self._reads.one))
            if "put" in of.writes:
                found.append(self._route("PUT", several, of, self._writes.several))
            if "post" in of.writes:
                found.append(self._route("POST", several, of, self._writes.several))
            if "post_one" in of.writes:
                found.append(self._route("POST", one, of, self._writes.single))
            if "remove" in of.writes:
                found.append(self._route("DELETE", one, of, self._writes.remove))
        # of one path the first route that fits by path answers: those of one path stand together
        return _by_path(found)

    def _route(self, method: str, path: str, of: Kind, handler: Handler) -> Route:
        async def gated(request: Request) -> Response:
            try:
                self._admit(request, of)
                self._limits.inside += 1
                try:
                    await self.work()
                    response = await handler(request, of)
                finally:
                    self._limits.inside -= 1
            except Refused as refused:
                response = refused.response
            response.headers.update(self._limits.headers(self.clock.now()))
            return response

        return Route(path, gated, methods=[method])

    def _admit(self, request: Request, of: Kind) -> None:
        """What stands before every endpoint, in the vendor's order."""
        scopes = self.oauth.granted(request.headers.get("authorization", ""))
        if scopes is None:
            raise Refused(self._unauthorised())
        if request.headers.get("xero-tenant-id", "") != TENANT or not self.controls["connected"]:
            raise Refused(problem(403, "Forbidden", "AuthenticationUnsuccessful"))
        reading = request.method == "GET"
        if of.scope not in scopes and not (reading and f"{of.scope}.read" in scopes):
            told = {"WWW-Authenticate": "insufficient_scope"}
            raise Refused(problem(401, "Unauthorized", "AuthorizationUnsuccessful", told))
        if of.name == "Journals" and not self.controls["advanced"]:
            raise Refused(problem(401, "Unauthorized", "AuthorizationUnsuccessful"))
        refused = self._limits.admit(self.clock.now())
        if refused is not None:
            raise Refused(self._too_many(*refused))
        if "application/json" not in request.headers.get("accept", ""):
            # without it the answer is XML, which nobody here reads
            raise Refused(PlainTextResponse("<Response/>", 200, media_type="application/xml"))

    async def _connections(self, request: Request) -> Response:
        """The organisations that the person connected; there is no tenant yet."""
        if self.oauth.granted(request.headers.get("authorization", "")) is None:
            return self._unauthorised()
        one = {
            "id": "e1eede29-f875-4a5d-8470-17f6a29a88b1",
            "authEventId": "d99ecdfe-391d-43d2-b834-17636ba90e8d",
            "tenantId": TENANT,
            "tenantType": "ORGANISATION",
            "tenantName": NAME,
            "createdDateUtc": "2026-01-02T10:00:00.0000000",
            "updatedDateUtc": "2026-01-02T10:00:00.0000000",
        }
        return reply([one] if self.controls["connected"] else [])

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        response = self._too_many(str(options.get("limit", "minute")), int(options.get("retry_after", 1)))
        response.headers.update(self._limits.headers(self.clock.now()))
        return response

    def _too_many(self, limit: str, wait: int | None) -> Response:
        word = limit if self.variants["limit_words"] == "minute" else f"{limit.capitalize()} limit"
        told = {} if wait is None else {"Retry-After": str(wait)}
        return Response(status_code=429, headers={"X-Rate-Limit-Problem": word, **told})

    def broken(self, status: int) -> Response:
        title = "The Xero API is currently offline" if status == 503 else "An error occurred"
        return problem(
            status, title, "An error occurred in Xero. Check the API Status page for current service status."
        )

    def expired_token(self) -> Response:
        self.oauth.forget()
        return self._unauthorised()

    def _unauthorised(self) -> Response:
        now = f"{self.clock.now():%m/%d/%Y %H:%M:%S}"
        detail = (
            f"TokenExpired: token expired at {now}" if self.variants["expired"] == "TokenExpired" else "Unauthorized"
        )
        return problem(401, "Unauthorized", detail)

    def revoked_token(self) -> Response:
        self.oauth.revoke()
        return problem(403, "Forbidden", "AuthenticationUnsuccessful")

    async def not_found(self, request: Request) -> Response:
        return Response("The resource you're looking for cannot be found", 404, media_type="text/html")


def _by_path(routes: list[BaseRoute]) -> list[BaseRoute]:
    """One route a path, which tells its methods apart: any other method is answered 405."""
    handlers: dict[str, dict[str, Route]] = {}
    for each in routes:
        assert isinstance(each, Route)
        for method in (each.methods or set()) - {"HEAD"}:
            handlers.setdefault(each.path, {})[method] = each

    def together(path: str, by_method: Mapping[str, Route]) -> Route:
        async def endpoint(request: Request) -> Response:
            answer: Response = await by_method[request.method].endpoint(request)
            return answer

        return Route(path, endpoint, methods=list(by_method))

    return [together(path, by_method) for path, by_method in handlers.items()]
