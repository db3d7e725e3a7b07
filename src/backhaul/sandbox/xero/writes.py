"""PUT, POST and DELETE: elements one after the other, each with its own outcome; a request that comes again."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import Refused
from backhaul.sandbox.xero.answers import NOBODY, Invalid, bad_body, bad_query, envelope, exception, reply, validation
from backhaul.sandbox.xero.elements import elements_of
from backhaul.sandbox.xero.kinds import Kind
from backhaul.sandbox.xero.organisation import Organisation
from backhaul.sandbox.xero.reads import Reads, places_of
from backhaul.sandbox.xero.writing import Writer

REMEMBERED = timedelta(minutes=6)
LONGEST_KEY = 128
MOST_BYTES = 10_000_000


class Writes:
    """Handlers of one organisation's writes."""

    def __init__(self, organisation: Organisation, reads: Reads) -> None:
        self._org = organisation
        self._reads = reads
        self._writer = Writer(organisation)
        # Idempotency key -> when it came first, with which request, and what was answered.
        self._answered: dict[str, tuple[datetime, str, Response]] = {}

    async def several(self, request: Request, of: Kind) -> Response:
        """PUT makes records; POST changes those that it names, and makes the others."""
        self._reads.known(request, frozenset({"summarizeErrors"}) | (of.params & {"unitdp"}))
        return await self._once(request, lambda body: self._batch(request, of, body))

    async def single(self, request: Request, of: Kind) -> Response:
        """POST to one record."""
        self._reads.known(request, of.params & {"unitdp"})
        row = self._reads.named(of, request.path_params["id"])

        def write(body: bytes) -> Response:
            elements = self._elements(of, body)
            if len(elements) != 1:
                raise bad_body(f"one of {of.name} belongs here")
            shown, good = self._written(of, elements[0], request, creates=False, id=row.id)
            return self._answer(of, [shown]) if good else validation([shown])

        return await self._once(request, write)

    async def remove(self, request: Request, of: Kind) -> Response:
        self._reads.known(request, frozenset())
        row = self._reads.named(of, request.path_params["id"])
        try:
            self._writer.remove(of, row)
        except Invalid as wrong:
            return validation([self._failed(of, {of.id: row.id}, wrong)])
        return self._answer(of, [self._org.shown(of, row)]) if of.name == "Accounts" else Response(status_code=204)

    async def _once(self, request: Request, write: Any) -> Response:
        """Do it, or answer as the first time: for six minutes a key stands for its first request, errors included."""
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise bad_body("Content-Type must be application/json")
        body = await request.body()
        if len(body) > MOST_BYTES:
            return reply(exception(0, "RequestTooLarge", "The request is larger than 10 MB"), 413)
        key = request.headers.get("idempotency-key", "")
        if len(key) > LONGEST_KEY:
            raise bad_query(f"Idempotency Key must not exceed {LONGEST_KEY} characters")
        now = self._org.clock.now()
        same = hashlib.sha256(f"{request.method} {request.url} ".encode() + body).hexdigest()
        at, was, answered = self._answered.get(key, (None, "", Response()))
        if key and at is not None and now - at < REMEMBERED:
            if was != same:
                raise bad_query(f"Idempotency Key {key} is used with a different request.")
            return answered
        try:
            response: Response = write(body)
        except Refused as refused:
            response = refused.response
        if key:
            self._answered[key] = (now, same, response)
        return response

    def _batch(self, request: Request, of: Kind, body: bytes) -> Response:
        elements = self._elements(of, body)
        if "single" in of.writes and len(elements) > 1:
            raise bad_body(f"one of {of.name} a request")
        told = request.query_params.get("summarizeErrors", self._org.variants["summarize_errors"]).lower()
        if told not in ("true", "false"):
            raise bad_query("summarizeErrors is true or false")
        before = copy.deepcopy(self._org.tables) if told == "true" else None
        results = [self._written(of, each, request, creates=request.method == "PUT") for each in elements]
        shown = [each for each, _ in results]
        if before is not None and not all(good for _, good in results):
            self._org.tables.update(before)
            return validation([each for each, good in results if not good])
        return self._answer(of, shown)

    def _written(
        self, of: Kind, element: dict[str, Any], request: Request, *, creates: bool, id: str = ""
    ) -> tuple[dict[str, Any], bool]:
        """The element after the write, and whether it went well."""
        places = places_of(of, request.query_params)
        try:
            row: Row = self._writer.write(of, element, creates=creates, id=id, places=places)
        except Invalid as wrong:
            return self._failed(of, element, wrong), False
        return {**self._org.shown(of, row, places=places), "StatusAttributeString": "OK"}, True

    def _failed(self, of: Kind, element: Mapping[str, Any], wrong: Invalid) -> dict[str, Any]:
        """The element as it was sent, with what is wrong; the zero id where nothing was made."""
        word = self._org.variants["errors_under"]
        return {
            **element,
            of.id: element.get(of.id, NOBODY),
            "StatusAttributeString": "ERROR",
            "HasErrors": True,
            "ValidationErrors": [{word: message} for message in wrong.messages],
        }

    def _elements(self, of: Kind, body: bytes) -> list[dict[str, Any]]:
        elements = elements_of(of, body, strict=self._org.variants["unknown"] == "refused")
        if not elements:
            raise bad_body(f"No {of.name} to process")
        return elements

    def _answer(self, of: Kind, shown: list[dict[str, Any]]) -> Response:
        return reply(envelope(of.name, shown, self._org.clock.now()))
