"""Writing one record: create, change, archive, merge, forget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.hubspot import asked
from backhaul.sandbox.hubspot.answers import error, not_found, raw, refuse, reply
from backhaul.sandbox.hubspot.associations import Spec
from backhaul.sandbox.hubspot.portal import Portal
from backhaul.sandbox.hubspot.reads import Reads
from backhaul.sandbox.hubspot.shapes import ObjectType
from backhaul.sandbox.hubspot.values import Invalid, accepted
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import Refused

# The stage that a record starts in when its maker names none.
FIRST_STAGE = {
    "deals": {"pipeline": "default"},
    "tickets": {"hs_pipeline": "0"},
    "leads": {"hs_pipeline": "lead-pipeline-id", "hs_pipeline_stage": "new-stage-id"},
}


class Conflict(Exception):
    """A unique value that another record holds."""

    def __init__(self, of: ObjectType, name: str, value: str, holder: Row) -> None:
        super().__init__(name, value, holder.id)
        self.existing = holder.id
        self.short = (
            f"{of.singular.capitalize()} already exists"
            if name == "email"
            else f"Propery {name} has a unique value of {value} that already exists"
        )
        self.message = f"{self.short}. Existing ID: {holder.id}"


class Writes:
    def __init__(self, portal: Portal, reads: Reads) -> None:
        self._portal = portal
        self._reads = reads

    # -- what single and batch requests share ------------------------------------------------------------------

    def values(self, of: ObjectType, given: object, row: Row | None) -> dict[str, str | None]:
        """Checked values; raises Invalid or Conflict."""
        if not isinstance(given, dict) or not given:
            refuse("No properties found to update, please provide at least one.", context={"properties": ["{}"]})
        kept = accepted(self._portal, of, given, row)
        if row is None:
            missing = [prop.name for prop in of.properties.values() if prop.required and not kept.get(prop.name)]
            if missing:
                words = f"Error creating {of.singular}. Some required properties were not set."
                raise Invalid([("MISSING_REQUIRED_PROPERTY", name, words) for name in missing])
        for name, value in kept.items():
            if value and of.properties[name].unique:
                holder = self._portal.by_unique(of, name, value)
                if holder is not None and holder is not row:
                    raise Conflict(of, name, value, holder)
        return kept

    def links(self, of: ObjectType, given: object) -> list[tuple[ObjectType, str, tuple[Spec, ...]]]:
        """The associations that a new record asks for; refuses wrong ones before anything is written."""
        if given is None:
            return []
        if not isinstance(given, list):
            refuse("Invalid input JSON on line 1, column 1: associations is a list")
        return [self._link(of, one) for one in given]

    def _link(self, of: ObjectType, given: Mapping[str, Any]) -> tuple[ObjectType, str, tuple[Spec, ...]]:
        given = asked.checked(self._portal, given, "to", "types")
        to = asked.identifier((given.get("to") or {}).get("id"))
        wanted = {
            (one.get("associationCategory"), one.get("associationTypeId"))
            for one in given.get("types") or []
            if isinstance(one, dict)
        }
        for other in self._portal.types.values():
            specs = self._known(of, other)
            chosen = tuple(spec for spec in specs if (spec.category, spec.type_id) in wanted)
            if chosen:
                row = self._portal.tables[other.name].get(to)
                if row is None or not row.live:
                    refuse(f"{other.singular} {to} is not valid", context={"id": [to]})
                return other, to, chosen
        return refuse(f"Invalid association types for {of.singular}: {sorted(map(str, wanted))}")

    def _known(self, of: ObjectType, other: ObjectType) -> tuple[Spec, ...]:
        try:
            plain, primary = self._portal.links.specs((of.name, other.name))
        except Refused:
            return ()
        return (plain,) if primary is None else (plain, primary)

    def create(
        self, of: ObjectType, values: Mapping[str, str | None], links: list[tuple[ObjectType, str, tuple[Spec, ...]]]
    ) -> Row:
        portal = self._portal
        row = portal.insert(of, {**FIRST_STAGE.get(of.name, {}), **values}, portal.clock.now())
        for other, to, specs in links:
            portal.links.add((of.name, other.name), row.id, to, specs)
        return row

    # -- single requests ---------------------------------------------------------------------------------------

    def shown(self, of: ObjectType, row: Row, given: Mapping[str, Any]) -> bytes:
        """A written record: what was set, and what is always shown."""
        return self._portal.shown(row, self._portal.projection(of, (*of.default, *given)))

    def refused(self, problem: Invalid | Conflict) -> Response:
        if isinstance(problem, Conflict):
            return error(409, problem.message, "CONFLICT")
        return error(400, problem.message, "VALIDATION_ERROR", errors=problem.details)

    async def post(self, request: Request) -> Response:
        of = self._portal.type(request.path_params["type"])
        asked.parameters(self._portal, request)
        found = await asked.body(self._portal, request, "properties", "associations", "objectWriteTraceId")
        try:
            values = self.values(of, found.get("properties"), None)
        except (Invalid, Conflict) as problem:
            return self.refused(problem)
        row = self.create(of, values, self.links(of, found.get("associations")))
        return raw(self.shown(of, row, values), 201)

    async def patch(self, request: Request) -> Response:
        of, row = await self._reads.present(request)
        found = await asked.body(self._portal, request, "properties", "objectWriteTraceId")
        try:
            values = self.values(of, found.get("properties"), row)
        except (Invalid, Conflict) as problem:
            return self.refused(problem)
        self._portal.update(of, row, values, self._portal.clock.now())
        return raw(self.shown(of, row, values))

    async def delete(self, request: Request) -> Response:
        of = self._portal.type(request.path_params["type"])
        asked.parameters(self._portal, request)
        self.archive(of, request.path_params["id"])
        return Response(status_code=204)

    def archive(self, of: ObjectType, id: str) -> None:
        """Archiving what is archived, or never was, is no mistake."""
        table = self._portal.tables[of.name]
        row = table.get(id)
        if row is not None and row.live:
            table.delete(id, self._portal.clock.now())

    async def merge(self, request: Request) -> Response:
        portal = self._portal
        of = portal.type(request.path_params["type"])
        found = await asked.body(portal, request, "primaryObjectId", "objectIdToMerge")
        ids = [asked.identifier(found.get(key)) for key in ("primaryObjectId", "objectIdToMerge")]
        primary, loser = (portal.winner(of, id) for id in ids)
        if primary is None or not primary.live:
            return not_found(ids[0])
        if loser is None or not loser.live:
            return not_found(ids[1])
        if primary is loser:
            refuse("A record cannot be merged with itself")
        kept = self.merged(of, primary, loser)
        return raw(self.shown(of, kept, {}))

    def merged(self, of: ObjectType, primary: Row, loser: Row) -> Row:
        """The primary's values win where it has any; links and older losers go with the winner."""
        portal, now = self._portal, self._portal.clock.now()
        table = portal.tables[of.name]
        values = {**loser.values, **{name: value for name, value in primary.values.items() if value not in (None, "")}}
        before = [id for row in (primary, loser) for id in (row.values.get("hs_merged_object_ids") or "").split(";")]
        kept, gone = primary, [loser]
        if portal.variants["merge_winner"] == "new_id":
            kept, gone = portal.insert(of, {}, now), [primary, loser]
        values["hs_merged_object_ids"] = ";".join(filter(None, [*before, *(row.id for row in gone)]))
        for row in gone:
            table.merge(row.id, kept.id, now)
            portal.links.move(of.name, row.id, kept.id)
        portal.update(of, kept, values, now)
        portal.forget_unique(of)
        return kept

    async def gdpr_delete(self, request: Request) -> Response:
        portal = self._portal
        of = portal.type(request.path_params["type"])
        found = await asked.body(portal, request, "objectId", "idProperty")
        row = self._reads.find(of, asked.identifier(found.get("objectId")), found.get("idProperty"))
        if row is None:
            return reply({"status": "error", "message": "resource not found"}, 404)
        portal.tables[of.name].purge(row.id)
        portal.forget_unique(of)
        return Response(status_code=204)
