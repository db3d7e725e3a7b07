"""Freshdesk's simulator: the Support Desk API, version 2."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.freshdesk import answers
from backhaul.sandbox.freshdesk.account import Account
from backhaul.sandbox.freshdesk.backdoor import Backdoor
from backhaul.sandbox.freshdesk.custom_objects import CustomObjects
from backhaul.sandbox.freshdesk.jobs import Jobs
from backhaul.sandbox.freshdesk.kinds import KINDS, NESTED
from backhaul.sandbox.freshdesk.limits import Limits
from backhaul.sandbox.freshdesk.lists import Lists
from backhaul.sandbox.freshdesk.seed import Seeder
from backhaul.sandbox.freshdesk.writes import Writes
from backhaul.sandbox.vendor import Refused, Vendor
from backhaul.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]
DOMAIN = "acme"
KEY = "Fd0sandbox0key00000K"
FIELDS_OF = {"ticket_fields": "tickets", "contact_fields": "contacts", "company_fields": "companies"}


class Freshdesk(Vendor):
    source = "freshdesk"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # Parameters and fields that the API does not have.
        "unknown": ("refused", "ignored"),
        # In which order contacts are listed, of which nothing is written.
        "contacts_order": ("id", "name"),
        # `_updated_since` of contacts, which one guide spells without the first underscore.
        "contacts_since": ("taken", "ignored"),
        # Whether contacts that were merged away are shown as deleted.
        "merged_contacts": ("deleted", "gone"),
        # What is answered where a ticket in the trash is asked for by its id.
        "deleted_ticket": ("shown", "absent"),
        # Choices of a field: a list, or a map by name.
        "choices": ("list", "map"),
        # Whose figures the headers of limited endpoints tell.
        "limit_headers": ("endpoint", "account"),
        # What a 429 says beside its header.
        "too_many": ("nothing", "message"),
        # How the states of a job are written.
        "job_words": ("upper", "lower"),
        # The next link of the last page of custom objects.
        "last_page": ("absent", "null"),
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
        self.credentials = {"key": KEY}
        self.settings = {"domain": DOMAIN}
        # `forbidden`: what the plan does not have: `GET /surveys`
        self.controls |= {"limit_account": 700, "limit_ticket_list": 200, "limit_contact_list": 200,
                          "limit_ticket_create": 280, "limit_ticket_update": 280, "job_seconds": 0.0,
                          "forbidden": []}  # fmt: skip
        self._account = Account(self.clock, self.variants, self.controls)
        self.tables = self._account.tables
        Seeder(self._account, world).plant()
        self._limits = Limits(self.controls, own_headers=self.variants["limit_headers"] == "endpoint")
        self._backdoor = Backdoor(self._account)

    def routes(self) -> list[BaseRoute]:
        account = self._account
        lists, writes, custom = Lists(account), Writes(account), CustomObjects(account)
        jobs = Jobs(account, writes)
        written = ("tickets", "contacts", "companies", "groups")
        records = "/custom_objects/schemas/{schema}/records"
        return [
            self._route("GET", "/agents/me", lists.me),
            self._route("GET", "/settings/helpdesk", lists.helpdesk),
            *[self._route("GET", f"/{path}", _named(name, lists.fields)) for path, name in FIELDS_OF.items()],
            self._route("POST", "/tickets/bulk_delete", jobs.delete),
            self._route("POST", "/tickets/bulk_update", jobs.update),
            self._route("GET", "/jobs/{id}", jobs.show),
            self._route("POST", "/contacts/merge", writes.merge),
            self._route("DELETE", "/contacts/{id:int}/hard_delete", writes.hard_delete),
            *self._of(("tickets", "contacts"), "PUT", "/{id:int}/restore", writes.restore),
            self._route("POST", "/tickets/{id:int}/notes", writes.note),
            self._route("POST", "/tickets/{id:int}/reply", writes.reply),
            self._route("POST", "/tickets/{id:int}/time_entries", writes.log_time),
            self._route("PUT", "/conversations/{id:int}", writes.edit),
            self._route("DELETE", "/conversations/{id:int}", writes.unsay),
            *[self._route("GET", path, _named(name, lists.of_parent)) for name, (path, _) in NESTED.items()],
            *self._of(KINDS, "GET", "", lists.listed),
            *self._of(written, "POST", "", writes.create),
            *self._of(KINDS, "GET", "/{id:int}", lists.one),
            *self._of((*written, "time_entries"), "PUT", "/{id:int}", writes.update),
            *self._of((*written, "time_entries"), "DELETE", "/{id:int}", writes.delete),
            self._route("GET", "/custom_objects/schemas", custom.schemas),
            self._route("GET", "/custom_objects/schemas/{schema}", custom.schema),
            self._route("GET", records, custom.records),
            self._route("POST", records, custom.create),
            self._route("GET", f"{records}/{{id}}", custom.one),
            self._route("PUT", f"{records}/{{id}}", custom.update),
            self._route("DELETE", f"{records}/{{id}}", custom.delete),
        ]

    def _of(self, names: Iterable[str], method: str, path: str, handler: Handler) -> list[BaseRoute]:
        """A route for each of these objects, which the handler finds as `name`."""
        return [self._route(method, f"{KINDS[name].path}{path}", _named(name, handler)) for name in names]

    def _route(self, method: str, path: str, handler: Handler) -> BaseRoute:
        async def gated(request: Request) -> Response:
            self._account.url = self.base_url
            try:
                self._admit(request)
                response = await handler(request)
            except Refused as refused:
                response = refused.response
            response.headers.update(self._limits.headers(request, self.clock.now()))
            response.headers["X-Freshdesk-API-Version"] = "latest=v2; requested=v2"
            return response

        return Route(f"/api/v2{path}", gated, methods=[method])

    def _admit(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if _user(given) != KEY:
            raise Refused(answers.unauthorized())
        wait = self._limits.admit(request, self.clock.now())
        if wait is not None:
            raise Refused(self._over(wait))
        if f"{request.method} {request.url.path.removeprefix('/api/v2')}" in self.controls["forbidden"]:
            raise Refused(answers.forbidden())

    def _over(self, seconds: int) -> Response:
        response = Response(b"", 429)
        if self.variants["too_many"] == "message":
            response = answers.reply({"message": "You have exceeded the limit of requests per minute"}, 429)
        response.headers["Retry-After"] = str(seconds)
        return response

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        """`seconds`: to wait."""
        return self._over(int(options.get("seconds", 1)))

    def broken(self, status: int) -> Response:
        return answers.reply({"message": "We're sorry, but something went wrong."}, status)

    def expired_token(self) -> Response:
        return answers.unauthorized()

    def revoked_token(self) -> Response:
        return answers.unauthorized()

    async def not_found(self, request: Request) -> Response:
        return answers.not_found()


def _user(header: str) -> str:
    """The user of HTTP Basic, which is the key; the password may be anything."""
    kind, _, given = header.partition(" ")
    try:
        user, colon, _ = base64.b64decode(given).decode().partition(":")
    except ValueError:
        return ""
    return user if kind == "Basic" and colon else ""


def _named(name: str, handler: Handler) -> Handler:
    async def named(request: Request) -> Response:
        request.scope["path_params"]["name"] = name
        return await handler(request)

    return named
