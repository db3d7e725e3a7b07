"""Zendesk Support, served: its routes, its gate (credentials, limits), and what it leaves open as variants."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.vendor import Refused, Vendor
from backhaul.sandbox.world import World
from backhaul.sandbox.zendesk import answers
from backhaul.sandbox.zendesk.account import SUBDOMAIN, Account
from backhaul.sandbox.zendesk.backdoor import Backdoor
from backhaul.sandbox.zendesk.custom_objects import CustomObjects
from backhaul.sandbox.zendesk.exports import Exports
from backhaul.sandbox.zendesk.jobs import Jobs
from backhaul.sandbox.zendesk.kinds import FIELDS_OF, LISTED, WRITTEN
from backhaul.sandbox.zendesk.limits import Limits
from backhaul.sandbox.zendesk.new_fields import NewFields
from backhaul.sandbox.zendesk.reads import Reads
from backhaul.sandbox.zendesk.seed import Seeder
from backhaul.sandbox.zendesk.writes import Writes
from backhaul.sandbox.zendesk.writing import Writing

Handler = Callable[[Request], Awaitable[Response]]
EMAIL, TOKEN = "integrations@acme.example", "kP7uQ0sVb2xYt9LmA4dHcR1eWzF6gJ8n"


class Zendesk(Vendor):
    source = "zendesk"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # Every result of a job has its row's index and its success; or only creates and failures have the index, and
        # nothing but failures says that it failed.
        "job_results": ("indexed", "bare"),
        # A job none of whose rows went well is failed, results and all, or completed.
        "all_failed": ("completed", "failed"),
        # An export that has nothing to tell names a cursor all the same, or none.
        "empty_export": ("cursor", "nothing"),
        # The status of an export that begins too late.
        "too_recent": ("422", "400"),
        # Deleted organizations are in the export, with deleted_at, or gone without a trace.
        "deleted_organizations": ("gone", "exported"),
        # Deleted groups stay in the list, flagged, or are gone.
        "deleted_groups": ("listed", "gone"),
        # How users' and organizations' decimals and dates are shown.
        "decimals": ("text", "number"),
        "dates": ("day", "midnight"),
        # The body of a 429.
        "too_many": ("json", "text"),
        # Parameters and fields that the API does not have. Zendesk ignores most; refusing finds our slips.
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
        self.credentials = {"email": EMAIL, "token": TOKEN}
        self.settings = {"subdomain": SUBDOMAIN}
        # The Enterprise plan with the High Volume add-on.
        self.controls |= {
            "limit_minute": 2500,
            "limit_exports": 30,
            "limit_updates": 300,
            "limit_one_ticket": 30,
            "most_jobs": 30,
            "job_seconds": 0.0,
            "killed_jobs": [],
            "forbidden": [],
        }
        self._account = Account(self.clock, self.variants, self.controls, seed, lambda: self.base_url)
        self.tables = self._account.tables
        Seeder(self._account, world).plant()
        self._limits = Limits(self.controls)
        self._writing = Writing(self._account)
        self._backdoor = Backdoor(self._account, self._writing)

    def routes(self) -> list[BaseRoute]:
        reads, exports, objects = Reads(self._account), Exports(self._account), CustomObjects(self._account)
        fields = NewFields(self._account)
        writes, jobs = Writes(self._account, self._writing), Jobs(self._account, self._writing)
        record, records = "/custom_objects/{key}/records/{id}", "/custom_objects/{key}/records"
        bulk = ("tickets", "users", "organizations")
        lists = (*WRITTEN, *(name for name in LISTED if name not in ("articles", "sla_policies")))
        return [
            *self._route("GET", "/users/me", reads.me),
            *self._route("GET", "/incremental/ticket_events", exports.ticket_events),
            *self._route("GET", "/incremental/custom_objects/{key}/cursor", exports.of_custom_object),
            *self._route("GET", "/incremental/{name}/cursor", exports.by_cursor),
            *self._route("GET", "/incremental/{name}", exports.by_time),
            *self._route("GET", "/help_center/incremental/articles", exports.of_articles),
            *self._route("GET", "/help_center/articles", reads.articles),
            *self._route("GET", "/custom_objects", objects.objects),
            *self._route("GET", "/custom_objects/{key}", objects.one),
            *self._route("GET", "/custom_objects/{key}/fields", objects.fields),
            *self._route("POST", "/custom_objects/{key}/fields", fields.create_of_custom_object),
            *self._route("POST", "/custom_objects/{key}/jobs", jobs.of_custom_object),
            *self._route("GET", f"{records}/count", objects.count),
            *self._route("GET", records, objects.records),
            *self._route("POST", records, writes.create_record),
            *self._route("PATCH", records, writes.upsert_record),
            *self._route("GET", record, objects.record),
            *self._route("PATCH", record, writes.update_record),
            *self._route("DELETE", record, writes.delete_record),
            *self._route("GET", "/job_statuses", jobs.all),
            *self._route("GET", "/job_statuses/show_many", jobs.show_many),
            *self._route("GET", "/job_statuses/{id}", jobs.show),
            *self._route("GET", "/slas/policies", reads.sla_policies),
            *self._route("GET", "/tags", reads.tags),
            *self._route("GET", "/ticket_metrics", reads.ticket_metrics),
            *self._route("GET", "/deleted_tickets", reads.deleted_tickets),
            *self._route("GET", "/deleted_users", reads.deleted_users),
            *self._route("PUT", "/deleted_tickets/{id}/restore", writes.restore),
            *self._route("GET", "/search", reads.search),
            *self._route("GET", "/users/search", reads.search_users),
            *self._route("GET", "/organizations/search", reads.search_organizations),
            *self._named(FIELDS_OF, "GET", "/{name}", reads.field_list),
            *self._named(FIELDS_OF, "POST", "/{name}", fields.create),
            *self._named(bulk, "GET", "/{name}/show_many", reads.show_many),
            *self._named((*bulk, "groups"), "GET", "/{name}/count", reads.count),
            *self._named(bulk, "POST", "/{name}/create_many", jobs.create_many),
            *self._named(bulk, "PUT", "/{name}/update_many", jobs.update_many),
            *self._named(bulk, "DELETE", "/{name}/destroy_many", jobs.destroy_many),
            *self._named(("users",), "POST", "/{name}/create_or_update_many", jobs.create_or_update_many),
            *self._named(("users", "organizations"), "POST", "/{name}/create_or_update", writes.create_or_update),
            *self._named(("comments", "audits"), "GET", "/tickets/{id}/{name}", reads.of_ticket),
            *self._named(lists, "GET", "/{name}", reads.listed),
            *self._named(WRITTEN, "POST", "/{name}", writes.create),
            *self._named((*lists, *FIELDS_OF), "GET", "/{name}/{id}", reads.one),
            *self._named(WRITTEN, "PUT", "/{name}/{id}", writes.update),
            *self._named(WRITTEN, "DELETE", "/{name}/{id}", writes.delete),
        ]

    def _named(self, names: Iterable[str], method: str, path: str, handler: Handler) -> list[BaseRoute]:
        """A route for each of these names, which the handler finds as `name`."""

        def for_one(name: str) -> Handler:
            async def named(request: Request) -> Response:
                request.scope["path_params"]["name"] = name
                return await handler(request)

            return named

        return [route for name in names for route in self._route(method, path.replace("{name}", name), for_one(name))]

    def _route(self, method: str, path: str, handler: Handler) -> list[BaseRoute]:
        """With and without the `.json` that a path may end with."""

        async def gated(request: Request) -> Response:
            try:
                self._admit(request)
                response = await handler(request)
            except Refused as refused:
                response = refused.response
            response.headers.update(self._limits.headers(request, self.clock.now()))
            return response

        return [Route(f"/api/v2{path}{end}", gated, methods=[method]) for end in (".json", "")]

    def _admit(self, request: Request) -> None:
        given = base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {given}":
            raise Refused(answers.wrong_credentials())
        refused = self._limits.admit(request, self.clock.now())
        if refused is not None:
            raise Refused(answers.too_many(*refused, text=self.variants["too_many"] == "text"))
        # what this user may not do: `GET /brands`
        asked_for = f"{request.method} {request.url.path.removeprefix('/api/v2').removesuffix('.json')}"
        if asked_for in self.controls["forbidden"]:
            raise Refused(answers.forbidden("You do not have access to this page. Please contact the account owner."))

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        """`seconds`: to wait; `text`: a body that is no JSON."""
        text = bool(options.get("text", self.variants["too_many"] == "text"))
        return answers.too_many("limit_minute", int(options.get("seconds", 1)), text=text)

    def broken(self, status: int) -> Response:
        return answers.reply({"status": status, "error": "Internal Server Error"}, status)

    def expired_token(self) -> Response:
        return answers.invalid_token()

    def revoked_token(self) -> Response:
        return answers.wrong_credentials()

    async def not_found(self, request: Request) -> Response:
        return answers.no_endpoint()
