"""Slack, served: its methods, its gate (token, limit, scope, arguments), and what it leaves open as variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.slack import answers
from backhaul.sandbox.slack.asked import Asked, checked, given
from backhaul.sandbox.slack.backdoor import Backdoor
from backhaul.sandbox.slack.limits import Limits
from backhaul.sandbox.slack.methods import METHODS
from backhaul.sandbox.slack.oauth import TOKEN, OAuth
from backhaul.sandbox.slack.reads import Reads
from backhaul.sandbox.slack.seed import Seeder
from backhaul.sandbox.slack.workspace import KINDS, Workspace
from backhaul.sandbox.slack.writes import Writes
from backhaul.sandbox.vendor import Refused, Vendor, served
from backhaul.sandbox.world import World


class Slack(Vendor):
    source = "slack"
    VARIANTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # Whose app it is: of those that are sold outside the Marketplace history goes slowly, 15 messages a call.
        "app": ("internal", "commercial"),
        # Whether the app's tokens rotate.
        "token_rotation": ("on", "off"),
        # A page holds as many as were asked for, or fewer, or none, and others follow.
        "pages": ("full", "short"),
        # The end of a list by cursor: an empty text, or no word.
        "last_cursor": ("empty", "absent"),
        # What a 429 calls itself.
        "throttled": ("ratelimited", "rate_limited"),
        # Whether a bot may read threads of channels; a page of the reference says that it may not.
        "replies_of_channels": ("served", "refused"),
        # Arguments that a method does not have. Slack seems to pass over them; refusing finds our slips.
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
        # `limits`: whether calls are counted. `missing_scopes`: those that nobody granted.
        self.controls |= {"limits": True, "missing_scopes": []}
        self._at = Workspace(self.clock, self.variants, self.controls)
        self.tables = self._at.tables
        seeder = Seeder(self._at, world)
        seeder.plant()
        self._limits = Limits(self.controls, commercial=self.variants["app"] == "commercial")
        self.oauth = OAuth(self._at, self.controls, seed)
        self.credentials = {"token": TOKEN, **self.oauth.client}
        self._reading, self._writing = _reading(Reads(self._at)), _writing(Writes(self._at))
        self._backdoor = Backdoor(self._at, seeder)

    def routes(self) -> list[BaseRoute]:
        self.settings = {"app_url": self.base_url}
        return [*self.oauth.routes(), Route("/api/{method}", self._call, methods=["GET", "POST"])]

    async def _call(self, request: Request) -> Response:
        name = request.path_params["method"]
        method = METHODS.get(name)
        if method is None:
            return answers.error("unknown_method", req_method=name)
        scopes: tuple[str, ...] = ()
        try:
            sent, warnings = await given(request)
            scopes = self.oauth.scopes(request, str(sent.get("token", "")) if request.method == "POST" else "")
            wait = self._limits.admit(method, str(sent.get("channel", "")), self.clock.now())
            if wait is not None:
                response = self.too_many({"retry_after": wait})
            else:
                strict = self.variants["unknown_parameters"] == "refused"
                asked = Asked(method, checked(method, sent, strict=strict), scopes, warnings)
                self._permit(asked)
                response = self._do(request, asked)
        except Refused as refused:
            response = refused.response
        if scopes:
            response.headers["x-oauth-scopes"] = ",".join(scopes)
            response.headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
        return response

    def _permit(self, asked: Asked) -> None:
        """The scope that the method asks for; of conversations, those of their types."""
        needed = asked.method.scopes
        if len(needed) > 1:
            row = self._at.conversation(asked.text("channel"))
            kinds = [self._at.kind(row)] if row is not None else asked.arguments.get("types") or []
            words = [KINDS[each] for each in kinds if each in KINDS]
            needed = tuple(each for each in needed if each.split(":")[0] in words)
        lacking = [each for each in needed if each not in asked.scopes]
        if lacking:
            answers.refuse("missing_scope", needed=lacking[0], provided=",".join(asked.scopes))

    def _do(self, request: Request, asked: Asked) -> Response:
        name = asked.method.name
        if name in self._reading:
            told, rows = self._reading[name](asked)
            served(request, rows)
        else:
            told = self._writing[name](asked)
        if asked.warnings:
            warned = {**told.get("response_metadata", {}), "warnings": list(asked.warnings)}
            told = {**told, "warning": ",".join(asked.warnings), "response_metadata": warned}
        return answers.reply(**told)

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        return self._backdoor.do(op, object, id, values)

    def dump(self, object: str) -> list[dict[str, Any]]:
        return self._backdoor.dump(object)

    def too_many(self, options: Mapping[str, Any]) -> Response:
        response = answers.error(self.variants["throttled"], status=429)
        response.headers["Retry-After"] = str(options.get("retry_after", 1))
        return response

    def broken(self, status: int) -> Response:
        return answers.error("internal_error", status=status)

    def expired_token(self) -> Response:
        self.oauth.forget()
        return answers.error("token_expired")

    def revoked_token(self) -> Response:
        self.oauth.revoke()
        return answers.error("token_revoked")

    async def not_found(self, request: Request) -> Response:
        return Response("Not found", 404, media_type="text/html")


def _reading(reads: Reads) -> Mapping[str, Callable[[Asked], tuple[dict[str, Any], int]]]:
    return {
        "auth.test": reads.auth_test,
        "team.info": reads.team_info,
        "team.profile.get": reads.team_profile,
        "users.list": reads.users,
        "users.info": reads.user,
        "users.profile.get": reads.profile,
        "usergroups.list": reads.groups,
        "conversations.list": reads.conversations,
        "conversations.info": reads.conversation,
        "conversations.members": reads.members,
        "conversations.history": reads.history,
        "conversations.replies": reads.replies,
        "pins.list": reads.pins,
        "bookmarks.list": reads.bookmarks,
        "files.list": reads.files,
        "files.info": reads.file,
    }


def _writing(writes: Writes) -> Mapping[str, Callable[[Asked], dict[str, Any]]]:
    return {
        "chat.postMessage": writes.post,
        "chat.update": writes.update,
        "chat.delete": writes.delete,
        "conversations.create": writes.create,
        "conversations.rename": writes.rename,
        "conversations.archive": writes.archive,
        "usergroups.create": writes.create_group,
        "usergroups.update": writes.update_group,
        "usergroups.disable": writes.disable_group,
    }
