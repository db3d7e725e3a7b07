"""Single records written: created, changed, created or changed, deleted; a ticket's deletion undone."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.tables import Row
from backhaul.sandbox.zendesk import asked
from backhaul.sandbox.zendesk.account import Account
from backhaul.sandbox.zendesk.answers import Invalid, conflict, error, not_found, refuse, reply
from backhaul.sandbox.zendesk.kinds import WRITTEN
from backhaul.sandbox.zendesk.writing import Conflicting, NotThere, Writing

REMEMBERED = timedelta(hours=2)
"""How long an idempotency key is."""


class Writes:
    def __init__(self, account: Account, writing: Writing) -> None:
        self._account = account
        self._writing = writing
        self._keys: dict[str, tuple[str, str, datetime]] = {}

    def _shown(self, name: str, row: Row, status: int = 200) -> Response:
        kind = self._account.kind(name)
        told = {kind.singular: self._account.shown(name, row)}
        if name == "tickets":
            audits = self._account.of_ticket("ticket_audits", row.id)
            told["audit"] = {"id": int(audits[-1].id), "ticket_id": int(row.id)} if audits else {}
        return reply(told, status)

    async def create(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in WRITTEN:
            return not_found()
        asked.parameters(self._account.variants, request, "async")
        given = await asked.wrapped(request, WRITTEN[name].singular)
        key = request.headers.get("idempotency-key") if name == "tickets" else None
        if key is None:
            try:
                return self._shown(name, self._writing.create(name, given), 201)
            except Invalid as invalid:
                return invalid.answer()
        return self._create_once(name, given, key, hashlib.sha256(await request.body()).hexdigest())

    def _create_once(self, name: str, given: dict[str, object], key: str, digest: str) -> Response:
        """The same key with the same body gets the ticket that it made."""
        if len(key) > 255:
            refuse(400, "IdempotentRequestError", "Idempotency-Key is longer than 255 characters")
        now = self._account.clock.now()
        body, id, at = self._keys.get(key, ("", "", now - REMEMBERED))
        if now - at < REMEMBERED:
            if body != digest:
                words = "Request parameters do not match the ones that the idempotency key was used with"
                return error(400, "IdempotentRequestError", words)
            answer = self._shown(name, self._account.tables[name].require(id), 201)
            answer.headers["x-idempotency-lookup"] = "hit"
            return answer
        try:
            row = self._writing.create(name, given)
        except Invalid as invalid:
            return invalid.answer()
        self._keys[key] = (digest, row.id, now)
        answer = self._shown(name, row, 201)
        answer.headers["x-idempotency-lookup"] = "miss"
        return answer

    async def update(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in WRITTEN:
            return not_found()
        asked.parameters(self._account.variants, request)
        given = await asked.wrapped(request, WRITTEN[name].singular)
        return self._updated(name, request.path_params["id"], given)

    def _updated(self, name: str, id: str, given: dict[str, object]) -> Response:
        try:
            return self._shown(name, self._writing.update(name, id, given))
        except NotThere:
            return not_found()
        except Conflicting:
            return conflict()
        except Invalid as invalid:
            return invalid.answer()

    async def create_or_update(self, request: Request) -> Response:
        name = request.path_params["name"]
        asked.parameters(self._account.variants, request)
        given = await asked.wrapped(request, self._account.kind(name).singular)
        fields = ("external_id", "email") if name == "users" else ("external_id",)
        try:
            if name == "organizations" and given.get("id"):
                return self._shown(name, self._writing.update(name, given["id"], given))
            if not any(given.get(field) for field in fields):
                return self._shown(name, self._writing.create(name, given), 201)
            row, made = self._writing.upsert(name, given, *fields)
        except NotThere:
            return not_found()
        except Invalid as invalid:
            return invalid.answer()
        return self._shown(name, row, 201 if made else 200)

    async def delete(self, request: Request) -> Response:
        """A deleted user is shown once more; of the others there is nothing to show."""
        name = request.path_params["name"]
        if name not in WRITTEN:
            return not_found()
        asked.parameters(self._account.variants, request)
        try:
            row = self._writing.delete(name, request.path_params["id"])
        except NotThere:
            return not_found()
        return self._shown(name, row) if name == "users" else Response(status_code=204)

    async def restore(self, request: Request) -> Response:
        asked.parameters(self._account.variants, request)
        row = self._account.tables["tickets"].get(request.path_params["id"])
        if row is None or row.live:
            return not_found()
        now = self._account.clock.now()
        self._account.tables["tickets"].restore(row.id, now)
        self._account.touch("tickets", row, now)
        return reply({})

    # -- custom objects -----------------------------------------------------------------------------------------

    async def create_record(self, request: Request) -> Response:
        name = request.path_params["key"]
        if name not in self._account.objects:
            return not_found()
        given = await asked.wrapped(request, "custom_object_record")
        try:
            return self._shown(name, self._writing.create(name, given), 201)
        except Invalid as invalid:
            return invalid.answer()

    async def upsert_record(self, request: Request) -> Response:
        name = request.path_params["key"]
        found = asked.parameters(self._account.variants, request, "external_id")
        if name not in self._account.objects:
            return not_found()
        if not found.get("external_id"):
            refuse(400, "ParameterMissing", "Parameter external_id is required")
        given = {**await asked.wrapped(request, "custom_object_record"), "external_id": found["external_id"]}
        try:
            row, made = self._writing.upsert(name, given, "external_id")
        except Invalid as invalid:
            return invalid.answer()
        return self._shown(name, row, 201 if made else 200)

    async def update_record(self, request: Request) -> Response:
        name = request.path_params["key"]
        if name not in self._account.objects:
            return not_found()
        return self._updated(name, request.path_params["id"], await asked.wrapped(request, "custom_object_record"))

    async def delete_record(self, request: Request) -> Response:
        name = request.path_params["key"]
        if name not in self._account.objects:
            return not_found()
        try:
            self._writing.delete(name, request.path_params["id"])
        except NotThere:
            return not_found()
        return Response(status_code=204)
