"""Intercom, served: its routes, its gate (token, version, limit), and what it leaves open as variants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.intercom import answers
from backhaul.sandbox.intercom.asked import Reader, version
from backhaul.sandbox.intercom.backdoor import Backdoor
from backhaul.sandbox.intercom.limits import CALLS, Limits
from backhaul.sandbox.intercom.oauth import TOKEN, OAuth
from backhaul.sandbox.intercom.reads import Reads
from backhaul.sandbox.intercom.seed import Seeder
from backhaul.sandbox.intercom.workspace import SMALL, Workspace
from backhaul.sandbox.intercom.writes import Writes
from backhaul.sandbox.vendor import Refused, Vendor
from backhaul.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]
_PATHS = {"collections": "help_center/collections"}


class Intercom(Vendor):
    source = "intercom"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # Whether dates of conversations and tickets are matched by the second, or by the day as those of contacts.
        "conversation_dates": ("seconds", "days"),
        # How many contacts or tickets a page holds at most: nobody says.
        "largest_pages": ("60", "150"),
        # Reading a contact that was merged away: two pages of the papers differ.
        "merged_contact": ("410", "404"),
        # Lists leave out companies that nobody belongs to; whether the scroll does is not said.
        "companies_without_users": ("hidden", "shown"),
        # The companies of a contact: the papers say one in their schema, the other in their example.
        "companies_of_a_contact": ("data", "companies"),
        # The words of too many calls are not told.
        "too_many": ("rate_limit_exceeded", "too_many_requests"),
        # The vendor seems to pass over them; refusing finds our slips.
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
        # `limit_window`: calls in ten seconds. `forbidden`: paths that the plan does not have.
        self.controls |= {"limit_window": CALLS, "forbidden": []}
        self._at = Workspace(self.clock, self.variants, self.controls)
        self.tables = self._at.tables
        seeder = Seeder(self._at, world)
        seeder.plant()
        self._limits = Limits(self.controls)
        self.oauth = OAuth(self.clock, self.controls, seed)
        self.credentials = {"token": TOKEN, **self.oauth.client}
        reader = Reader(self.controls, strict=self.variants["unknown_parameters"] == "refused")
        self._reads = Reads(self._at, reader)
        self._writes = Writes(self._at, reader, self._reads, seeder)
        self._backdoor = Backdoor(self._at, seeder, self._writes)

    def routes(self) -> list[BaseRoute]:
        self.settings = {"app_url": self.base_url, "custom_objects": "Subscription"}
        return [*self.oauth.routes(), *self._reading(), *self._writing()]

    def _reading(self) -> list[BaseRoute]:
        reads, at = self._reads, self._route
        small = [at("GET", f"/{_PATHS.get(name, name)}", reads.small, name=name) for name in SMALL]
        one = [at("GET", f"/{_PATHS.get(name, name)}/{{id}}", reads.one, name=name)
               for name in ("admins", "teams", "tags", "segments", "articles", "collections", "brands")]  # fmt: skip
        return [
            at("GET", "/me", reads.me),
            *small,
            *one,
            at("GET", "/contacts", reads.listed, name="contacts"),
            at("POST", "/contacts/search", reads.searched, name="contacts"),
            at("GET", "/contacts/find_by_external_id/{external_id}", reads.by_external_id),
            at("GET", "/contacts/{id}", reads.one, name="contacts"),
            at("GET", "/contacts/{id}/merge_history", reads.merge_history),
            *[at("GET", f"/contacts/{{id}}/{kind}", reads.hanging, name="contacts", kind=kind)
              for kind in ("companies", "tags", "segments", "notes")],
            at("GET", "/companies", reads.companies),
            at("POST", "/companies/list", reads.company_list),
            at("GET", "/companies/scroll", reads.scroll),
            at("GET", "/companies/{id}", reads.one, name="companies"),
            at("GET", "/companies/{id}/notes", reads.hanging, name="companies", kind="notes"),
            at("GET", "/notes/{id}", reads.note),
            at("GET", "/conversations", reads.listed, name="conversations"),
            at("POST", "/conversations/search", reads.searched, name="conversations"),
            at("GET", "/conversations/deleted", reads.deleted),
            at("GET", "/conversations/attributes", reads.conversation_attributes),
            at("GET", "/conversations/{id}", reads.one, name="conversations"),
            at("POST", "/tickets/search", reads.searched, name="tickets"),
            at("GET", "/tickets/{id}", reads.one, name="tickets"),
            at("GET", "/data_attributes", reads.data_attributes),
            at("GET", "/custom_object_instances/{type}", reads.instances),
            at("GET", "/custom_object_instances/{type}/{id}", reads.instance),
        ]  # fmt: skip

    def _writing(self) -> list[BaseRoute]:
        writes, at = self._writes, self._route
        return [
            at("POST", "/contacts", writes.create_contact),
            at("POST", "/contacts/merge", writes.merge),
            at("PUT", "/contacts/{id}", writes.update_contact),
            at("DELETE", "/contacts/{id}", writes.delete_contact),
            at("POST", "/contacts/{id}/archive", writes.archive),
            at("POST", "/contacts/{id}/unarchive", writes.unarchive),
            *[at("POST", f"/contacts/{{id}}/{kind}", writes.attach, kind=kind) for kind in ("companies", "tags")],
            *[at("DELETE", f"/contacts/{{id}}/{kind}/{{other}}", writes.detach, kind=kind)
              for kind in ("companies", "tags")],
            *[at("POST", f"/{name}/{{id}}/notes", writes.add_note, name=name) for name in ("contacts", "companies")],
            at("POST", "/companies", writes.upsert_company),
            at("PUT", "/companies/{id}", writes.update_company),
            at("DELETE", "/companies/{id}", writes.delete_company),
            at("POST", "/conversations", writes.create_conversation),
            at("PUT", "/conversations/{id}", writes.update_conversation),
            at("DELETE", "/conversations/{id}", writes.delete_conversation),
            *[at("POST", f"/{name}/{{id}}/reply", writes.answer, name=name) for name in ("conversations", "tickets")],
            at("POST", "/conversations/{id}/parts", writes.manage),
            at("POST", "/tickets", writes.create_ticket),
            at("PUT", "/tickets/{id}", writes.update_ticket),
            at("DELETE", "/tickets/{id}", writes.delete_ticket),
            at("POST", "/tags", writes.write_tag),
            at("DELETE", "/tags/{id}", writes.delete_tag),
            at("POST", "/data_attributes", writes.create_attribute),
            at("POST", "/custom_object_instances/{type}", writes.upsert_instance),
            at("DELETE", "/custom_object_instances/{type}/{id}", writes.delete_instance),
        ]  # fmt: skip

    def _route(self, method: str, path: str, handler: Handler, **names: str) -> BaseRoute:
        async def gated(request: Request) -> Response:
            request.scope["path_params"] |= names
            try:
                self._admit(request)
                await self.work()
                response = await handler(request)
            except Refused as refused:
                response = refused.response
            response.headers.update(self._limits.headers(self.clock.now()))
            return response

        return Route(path, gated, methods=[method])

    def _admit(self, request: Request) -> None:
        self.oauth.check(request)
        if not self._limits.admit(self.clock.now()):
            raise Refused(self.too_many({}))
        accepted = request.headers.get("accept", "*/*")
        if "application/json" not in accepted and "*/*" not in accepted:
            answers.refuse(
                406, "media_type_not_acceptable", "The Accept header should send a media type of application/json"
            )
        request.scope["intercom_version"] = version(request)
        if request.url.path in self.controls["forbidden"]:
            answers.refuse(403, "api_plan_restricted", "Active subscription needed.")

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        most = self.controls["limit_window"]
        response = answers.error(429, self.variants["too_many"], f"Exceeded rate limit of {most} in 10_seconds")
        response.headers["X-RateLimit-Remaining"] = "0"
        return response

    def broken(self, status: int) -> Response:
        if status == 500:
            return answers.error(500, "server_error", "Request failed due to an internal network error. "
                                 "Please restart the scroll operation.")  # fmt: skip
        return answers.error(status, "service_unavailable", "Sorry, the API service is temporarily unavailable")

    def expired_token(self) -> Response:
        return answers.unauthorized()

    def revoked_token(self) -> Response:
        self.oauth.revoke()
        return answers.unauthorized()

    async def not_found(self, request: Request) -> Response:
        return answers.error(404, "not_found", "The requested resource was not found")
