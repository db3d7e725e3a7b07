"""Writing records by the hundred, with HubSpot's partial failures.

An input that fails alone is reported in a 207 when every input carries its own `objectWriteTraceId`. Without
them one bad value fails the whole batch: 400, or 409 for a value that another record holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.chance import mix
from backhaul.sandbox.hubspot import asked
from backhaul.sandbox.hubspot.answers import encode, error, raw, refuse, stamp
from backhaul.sandbox.hubspot.portal import Portal
from backhaul.sandbox.hubspot.reads import Reads, absent_error
from backhaul.sandbox.hubspot.shapes import ObjectType
from backhaul.sandbox.hubspot.values import Invalid
from backhaul.sandbox.hubspot.writes import Conflict, Writes
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served


@dataclass(slots=True)
class Outcome:
    """What became of a batch so far."""

    results: list[tuple[Row, bytes]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    absent_traces: list[str] = field(default_factory=list)


# One input checked: what it does when the batch goes through, and the record and values to show for it.
Do = Callable[[], tuple[Row, dict[str, str | None], dict[str, Any]]]


class Batches:
    def __init__(self, portal: Portal, reads: Reads, writes: Writes) -> None:
        self._portal = portal
        self._reads = reads
        self._writes = writes

    async def create(self, request: Request) -> Response:
        of = self._type(request)
        inputs = await asked.inputs(self._portal, request, "properties", "associations", "objectWriteTraceId")

        def prepare(one: dict[str, Any]) -> Do:
            links = self._writes.links(of, one.get("associations"))
            values = self._writes.values(of, one.get("properties"), None)
            return lambda: (self._writes.create(of, values, links), values, {})

        return self._run(request, of, inputs, prepare, 201)

    async def update(self, request: Request) -> Response:
        of = self._type(request)
        inputs = await asked.inputs(self._portal, request, "id", "idProperty", "properties", "objectWriteTraceId")
        self._no_duplicates(inputs)
        for one in inputs:
            if one.get("idProperty"):
                self._reads.unique(of, str(one["idProperty"]))

        def prepare(one: dict[str, Any]) -> Do | None:
            row = self._reads.find(of, str(one["id"]), one.get("idProperty"))
            if row is None or not row.live:
                return None
            values = self._writes.values(of, one.get("properties"), row)
            return lambda: (self._change(of, row, values), values, {})

        return self._run(request, of, inputs, prepare, 200)

    async def upsert(self, request: Request) -> Response:
        of = self._type(request)
        if not of.upsert:
            refuse(f"Batch upsert is not supported for object type {of.type_id}")
        inputs = await asked.inputs(self._portal, request, "id", "idProperty", "properties", "objectWriteTraceId")
        self._no_duplicates(inputs)
        if len({one.get("idProperty") for one in inputs}) > 1:
            refuse("All inputs of a batch must have the same idProperty")
        unique = str(inputs[0].get("idProperty") or "hs_object_id")
        self._reads.unique(of, unique)

        def prepare(one: dict[str, Any]) -> Do:
            value = str(one["id"])
            row = self._portal.by_unique(of, unique, value)
            given = one.get("properties")
            values = self._writes.values(of, {unique: value, **(given if isinstance(given, dict) else {})}, row)
            if row is None:
                return lambda: (self._writes.create(of, values, []), values, {"new": True})
            return lambda: (self._change(of, row, values), values, {"new": False})

        return self._run(request, of, inputs, prepare, 200)

    async def archive(self, request: Request) -> Response:
        of = self._type(request)
        for one in await asked.inputs(self._portal, request, "id"):
            self._writes.archive(of, asked.identifier(one.get("id")))
        return Response(status_code=204)

    def _type(self, request: Request) -> ObjectType:
        asked.parameters(self._portal, request)
        return self._portal.type(request.path_params["type"])

    def _no_duplicates(self, inputs: list[dict[str, Any]]) -> None:
        ids = [asked.identifier(one.get("id")).lower() for one in inputs]
        twice = sorted({id for id in ids if ids.count(id) > 1})
        if twice:
            refuse(
                f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique", context={"ids": twice}
            )

    def _change(self, of: ObjectType, row: Row, values: dict[str, str | None]) -> Row:
        self._portal.update(of, row, values, self._portal.clock.now())
        return row

    def _run(
        self,
        request: Request,
        of: ObjectType,
        inputs: list[dict[str, Any]],
        prepare: Callable[[dict[str, Any]], Do | None],
        status: int,
    ) -> Response:
        started = self._portal.clock.now()
        traces = [one.get("objectWriteTraceId") for one in inputs]
        if None in traces or len(set(map(str, traces))) < len(traces):
            return self._together(request, of, inputs, prepare, status, started)
        outcome = Outcome()
        for one in inputs:
            trace = str(one["objectWriteTraceId"])
            try:
                do = prepare(one)
            except Invalid as invalid:
                outcome.errors.append(_traced("VALIDATION_ERROR", invalid.message, trace, invalid.details))
                continue
            except Conflict as conflict:
                failed = _traced("CONFLICT", conflict.message, trace)
                failed["context"]["existingId"] = [conflict.existing]
                outcome.errors.append(failed)
                continue
            if do is None:
                outcome.absent.append(str(one["id"]))
                outcome.absent_traces.append(trace)
            else:
                outcome.results.append(self._done(of, do, trace))
        return self._answer(request, of, outcome, status, started)

    def _together(
        self,
        request: Request,
        of: ObjectType,
        inputs: list[dict[str, Any]],
        prepare: Callable[[dict[str, Any]], Do | None],
        status: int,
        started: datetime,
    ) -> Response:
        """No trace ids: everything is checked before anything is written."""
        ready: list[Do] = []
        outcome = Outcome()
        faults: list[tuple[str, str, str]] = []
        for one in inputs:
            try:
                do = prepare(one)
            except Invalid as invalid:
                faults += invalid.faults
                continue
            except Conflict as conflict:
                return error(409, conflict.short, "CONFLICT")
            if do is None:
                outcome.absent.append(str(one["id"]))
            else:
                ready.append(do)
        if faults:
            every = Invalid(faults)
            return error(400, every.message, "VALIDATION_ERROR", errors=every.details[:3])
        self._no_twins(of, inputs)
        outcome.results = [self._done(of, do, None) for do in ready]
        return self._answer(request, of, outcome, status, started)

    def _no_twins(self, of: ObjectType, inputs: list[dict[str, Any]]) -> None:
        """Two inputs of one batch cannot both have a unique value."""
        for prop in of.properties.values():
            if prop.unique:
                values = [
                    str(one["properties"][prop.name]).lower()
                    for one in inputs
                    if isinstance(one.get("properties"), dict) and one["properties"].get(prop.name)
                ]
                if len(set(values)) < len(values):
                    refuse(f"{of.singular.capitalize()} already exists", status=409, category="CONFLICT")

    def _done(self, of: ObjectType, do: Do, trace: str | None) -> tuple[Row, bytes]:
        row, values, more = do()
        shown = self._writes.shown(of, row, values)
        if trace is not None and self._portal.variants["success_trace_ids"] == "present":
            more = {**more, "objectWriteTraceId": trace}
        return row, shown[:-1] + b"," + encode(more)[1:] if more else shown

    def _answer(self, request: Request, of: ObjectType, outcome: Outcome, status: int, started: datetime) -> Response:
        portal = self._portal
        if outcome.absent:
            absent = absent_error(of, outcome.absent)
            if outcome.absent_traces and portal.variants["absent_trace_ids"] == "present":
                absent["context"]["objectWriteTraceId"] = outcome.absent_traces
            outcome.errors.append(absent)
        if portal.variants["batch_order"] == "shuffled":
            outcome.results.sort(key=lambda result: mix(portal.seed, int(result[0].id)))
        rest: dict[str, Any] = {
            "status": "COMPLETE",
            "startedAt": stamp(started),
            "completedAt": stamp(portal.clock.now()),
        }
        if outcome.errors:
            rest["errors"] = outcome.errors
            rest["numErrors"] = len(outcome.errors)
        served(request, len(outcome.results))
        results = b",".join(shown for _, shown in outcome.results)
        return raw(b'{"results":[' + results + b"]," + encode(rest)[1:], 207 if outcome.errors else status)


def _traced(category: str, message: str, trace: str, details: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "status": "error",
        "category": category,
        "message": message,
        "context": {"objectWriteTraceId": [trace]},
    }
    if details:
        found["errors"] = details
    return found
