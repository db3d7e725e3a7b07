"""QuickBooks Online, served: its routes, its gate (token, company, limits), and what it leaves open as variants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.quickbooks import answers
from backhaul.sandbox.quickbooks.answers import gateway, reply
from backhaul.sandbox.quickbooks.api import Api
from backhaul.sandbox.quickbooks.backdoor import Backdoor
from backhaul.sandbox.quickbooks.company import REALM, Company
from backhaul.sandbox.quickbooks.limits import Limits
from backhaul.sandbox.quickbooks.oauth import OAuth
from backhaul.sandbox.quickbooks.seed import Seeder
from backhaul.sandbox.vendor import Refused, Vendor
from backhaul.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]


class QuickBooks(Vendor):
    source = "quickbooks"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # `Id > '9'` and `orderby Id`: ids as numbers, or as text. Both are asked alike, so that keys page either way.
        "id_order": ("number", "text"),
        # `select Id from`: the fields that were asked for, or whole records (as the documentation has it).
        "projection": ("honoured", "whole"),
        # The name of an inactive record ends with " (deleted)", or stays as it was.
        "inactive_names": ("suffix", "plain"),
        # Of more than a thousand changes, which are left out of the answer.
        "changes_cut": ("newest left out", "oldest left out"),
        # Results of a batch come in the order of its items, or in another.
        "batch_order": ("input", "backwards"),
        # A request id that was used before: its first answer again, or error 600.
        "repeated_request": ("first answer", "600"),
        # Too many requests: a 429, with or without Retry-After, or a 503 as of old.
        "throttled": ("429", "429 with Retry-After", "503"),
        # A refresh token is replaced at each renewal, or stays for a day.
        "refresh_tokens": ("rotate", "stay"),
        # Parameters that the API does not have. It seems to ignore them; refusing finds our slips.
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
            "limit_minute": 500,
            "limit_batches": 40,
            "limit_at_once": 10,
            "unique_numbers": True,
            "suspended": False,
        }
        self._company = Company(self.clock, self.variants, self.controls)
        self.tables = self._company.tables
        Seeder(self._company, world).plant()
        self._limits = Limits(self.controls)
        self.oauth = OAuth(self._company, self.controls, seed)
        self.credentials = dict(self.oauth.client)
        self._api = Api(self._company, self.controls)
        self._backdoor = Backdoor(self._company)

    def routes(self) -> list[BaseRoute]:
        api, company = self._api, "/v3/company/{realm}"
        self.settings = {"app_url": self.base_url, "token_host": self.base_url}
        return [
            *self.oauth.routes(),
            self._route(["GET", "POST"], f"{company}/query", api.query),
            self._route(["GET"], f"{company}/cdc", api.changes),
            self._route(["POST"], f"{company}/batch", api.batch),
            self._route(["GET"], f"{company}/companyinfo/{{id}}", api.info),
            self._route(["GET"], f"{company}/preferences", api.preferences),
            self._route(["GET"], f"{company}/{{entity}}/{{id}}", api.one),
            self._route(["POST"], f"{company}/{{entity}}", api.write),
        ]

    def _route(self, methods: list[str], path: str, handler: Handler) -> BaseRoute:
        async def gated(request: Request) -> Response:
            try:
                self._admit(request, batch=path.endswith("/batch"))
                self._limits.inside += 1
                try:
                    await self.work()
                    return await handler(request)
                finally:
                    self._limits.inside -= 1
            except Refused as refused:
                return refused.response

        return Route(path, gated, methods=methods)

    def _admit(self, request: Request, *, batch: bool) -> None:
        """What stands before every endpoint, in the vendor's order."""
        if not self.oauth.admits(request.headers.get("authorization", "")):
            raise Refused(self._unauthorised())
        if request.path_params["realm"] != REALM:
            raise Refused(
                self._refusal(
                    403, "ApplicationAuthorizationFailed", "003100", "The app may not see this company", "AUTHORIZATION"
                )
            )
        if not self._limits.admit(self.clock.now(), batch=batch):
            raise Refused(self.too_many({}))
        if "application/json" not in request.headers.get("accept", ""):
            # without it the answer is XML, which nobody here reads
            raise Refused(PlainTextResponse("<IntuitResponse/>", 200, media_type="application/xml"))
        if self.controls["suspended"]:
            message = "Subscription period has ended or canceled or there was a billing problem"
            detail = f"Subscription ended : {message}"
            raise answers.Problem("6190", message, detail).refused(self.clock.now(), 403)

    def _refusal(self, status: int, name: str, code: str, detail: str, type: str, **headers: str) -> Response:
        return reply(gateway(status, name, code, detail, type, self.clock.now()), status, headers)

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        how = self.variants["throttled"]
        headers = {"Retry-After": str(options.get("retry_after", 1))} if "Retry-After" in how else {}
        detail = "You have exceeded the number of requests allowed at a time"
        return self._refusal(503 if how == "503" else 429, "ThrottleExceeded", "003001", detail, "SERVICE", **headers)

    def broken(self, status: int) -> Response:
        message = "An application error has occurred while processing your request"
        problem = answers.Problem("10000", message, "System Failure Error: please try again", type="SystemFault")
        return problem.refused(self.clock.now(), status).response

    def expired_token(self) -> Response:
        self.oauth.forget()
        return self._unauthorised()

    def _unauthorised(self) -> Response:
        detail = "Token expired: eyJlbmMi"
        response = self._refusal(401, "AuthenticationFailed", "003200", detail, "AUTHENTICATION")
        response.headers["WWW-Authenticate"] = 'Bearer realm="Intuit", error="invalid_token"'
        return response

    def revoked_token(self) -> Response:
        self.oauth.revoke()
        return self._unauthorised()

    async def not_found(self, request: Request) -> Response:
        return answers.unsupported(f"{request.method} {request.url.path}").refused(self.clock.now(), 404).response
