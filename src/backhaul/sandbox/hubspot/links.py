"""The association endpoints, version 4."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.hubspot import asked
from backhaul.sandbox.hubspot.answers import not_found, refuse, reply, stamp
from backhaul.sandbox.hubspot.associations import Spec, Specs
from backhaul.sandbox.hubspot.portal import Portal
from backhaul.sandbox.hubspot.shapes import ObjectType
from backhaul.sandbox.vendor import served

READ, WRITTEN, PAGE = 1000, 2000, 500


class Links:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def _pair(self, request: Request) -> tuple[ObjectType, ObjectType]:
        asked.parameters(self._portal, request)
        left, right = (self._portal.type(request.path_params[name]) for name in ("from", "to"))
        self._portal.links.specs((left.name, right.name))
        return left, right

    async def batch_read(self, request: Request) -> Response:
        left, right = self._pair(request)
        inputs = await asked.inputs(self._portal, request, "id", "after", most=READ)
        started = stamp(self._portal.clock.now())
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for one in inputs:
            id = asked.identifier(one.get("id"))
            linked = self._portal.links.of((left.name, right.name), id)
            if linked:
                results.append(self._linked(id, linked, str(one.get("after") or "0")))
            else:
                errors.append(_none(left, right, id))
        served(request, sum(len(result["to"]) for result in results))
        answer: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": started}
        answer["completedAt"] = stamp(self._portal.clock.now())
        partial = bool(errors) and self._portal.variants["unlinked"] == "errors"
        if partial:
            answer |= {"errors": errors, "numErrors": len(errors)}
        return reply(answer, 207 if partial else 200)

    def _linked(self, id: str, linked: dict[str, Specs], after: str) -> dict[str, Any]:
        if not after.isdigit():
            refuse(f'Invalid "after": {after}')
        everything = list(linked.items())
        page = everything[int(after) : int(after) + PAGE]
        result: dict[str, Any] = {
            "from": {"id": id},
            "to": [{"toObjectId": int(to), "associationTypes": [spec.shown() for spec in specs]} for to, specs in page],
        }
        if int(after) + PAGE < len(everything):
            result["paging"] = {"next": {"after": str(int(after) + PAGE), "link": "?after=" + str(int(after) + PAGE)}}
        return result

    async def batch_create(self, request: Request) -> Response:
        left, right = self._pair(request)
        inputs = await asked.inputs(self._portal, request, "from", "to", "types", most=WRITTEN)
        plain, primary = self._portal.links.specs((left.name, right.name))
        wanted: list[tuple[str, str, Specs]] = []
        for one in inputs:
            specs = tuple(self._spec(given, plain, primary) for given in one.get("types") or [])
            if not specs:
                refuse("Invalid input JSON on line 1, column 1: Some required fields were not set: [types]")
            wanted.append((*self._ends(left, right, one), specs))
        results = []
        for id, to, specs in wanted:
            held = self._portal.links.add((left.name, right.name), id, to, specs)
            results.append(
                {
                    "fromObjectTypeId": left.type_id,
                    "fromObjectId": int(id),
                    "toObjectTypeId": right.type_id,
                    "toObjectId": int(to),
                    "labels": [spec.label for spec in held if spec.label],
                }
            )
        return self._complete(results, 201)

    def _spec(self, given: dict[str, Any], plain: Spec, primary: Spec | None) -> Spec:
        given = asked.checked(self._portal, given, "associationCategory", "associationTypeId")
        for spec in (plain, primary):
            if spec and (spec.category, spec.type_id) == (
                given.get("associationCategory"),
                given.get("associationTypeId"),
            ):
                return spec
        return refuse(f"Invalid association type: {given.get('associationCategory')} {given.get('associationTypeId')}")

    async def batch_default(self, request: Request) -> Response:
        left, right = self._pair(request)
        inputs = await asked.inputs(self._portal, request, "from", "to", most=WRITTEN)
        plain, _ = self._portal.links.specs((left.name, right.name))
        wanted = [self._ends(left, right, one) for one in inputs]
        results = []
        for id, to in wanted:
            self._portal.links.add((left.name, right.name), id, to)
            spec = {"associationCategory": plain.category, "associationTypeId": plain.type_id}
            results.append({"from": {"id": id}, "to": {"id": to}, "associationSpec": spec})
        return self._complete(results, 200)

    async def batch_archive(self, request: Request) -> Response:
        left, right = self._pair(request)
        inputs = await asked.inputs(self._portal, request, "from", "to", most=WRITTEN)
        for one in inputs:
            id = asked.identifier((one.get("from") or {}).get("id"))
            for to in one.get("to") or []:
                self._portal.links.remove((left.name, right.name), id, asked.identifier(to.get("id")))
        return Response(status_code=204)

    async def labels(self, request: Request) -> Response:
        left, right = self._pair(request)
        specs = self._portal.links.specs((left.name, right.name))
        return reply({"results": [spec.shown() for spec in specs if spec is not None]})

    async def of_one(self, request: Request) -> Response:
        """What one record is linked to, page by page."""
        portal = self._portal
        left, right = portal.type(request.path_params["from"]), portal.type(request.path_params["to"])
        found = asked.parameters(portal, request, "limit", "after")
        limit = asked.size(portal, found.get("limit"), PAGE, PAGE)
        row = portal.tables[left.name].get(request.path_params["id"])
        if row is None or not row.live:
            return not_found(request.path_params["id"])
        after = found.get("after", "0")
        if not after.isdigit():
            refuse(f'Invalid "after": {after}')
        linked = self._linked(row.id, portal.links.of((left.name, right.name), row.id), after)
        page: dict[str, Any] = {"results": linked["to"][:limit]}
        if len(linked["to"]) > limit or "paging" in linked:
            page["paging"] = {"next": {"after": str(int(after) + min(limit, len(linked["to"])))}}
        served(request, len(page["results"]))
        return reply(page)

    def _ends(self, left: ObjectType, right: ObjectType, one: dict[str, Any]) -> tuple[str, str]:
        ends = []
        for side, of in (("from", left), ("to", right)):
            id = asked.identifier((one.get(side) or {}).get("id"))
            row = self._portal.tables[of.name].get(id)
            if row is None or not row.live:
                refuse(
                    f"{of.singular} {id} is not valid", status=404, category="OBJECT_NOT_FOUND", context={"id": [id]}
                )
            ends.append(id)
        return ends[0], ends[1]

    def _complete(self, results: list[dict[str, Any]], status: int) -> Response:
        now = stamp(self._portal.clock.now())
        return reply({"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}, status)


def _none(left: ObjectType, right: ObjectType, id: str) -> dict[str, Any]:
    one, other = left.singular.lower(), right.singular.lower()
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {other} is associated with {one} {id}.",
        "context": {"fromObjectId": [id], "fromObjectType": [one], "toObjectType": [other]},
    }
