"""Reading records: by list, by id, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.chance import mix
from backhaul.sandbox.hubspot import asked
from backhaul.sandbox.hubspot.answers import encode, not_found, raw, refuse, stamp
from backhaul.sandbox.hubspot.portal import Portal, Projection
from backhaul.sandbox.hubspot.shapes import ObjectType
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import Refused, served

PAGE, MOST = 10, 100


class Reads:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    async def page(self, request: Request) -> Response:
        portal = self._portal
        of = portal.type(request.path_params["type"])
        found = asked.parameters(portal, request, "limit", "after", "properties", "associations", "archived")
        limit = asked.size(portal, found.get("limit"), PAGE, MOST)
        archived = asked.flag(found, "archived")
        others = [portal.type(name) for name in asked.names(found.get("associations"))]
        projection = portal.projection(of, asked.names(found.get("properties")))
        rows = self._rows(of, found.get("after"), archived=archived)
        page: list[bytes] = []
        following: str | None = None
        for place, row in rows:
            if len(page) == limit:
                following = place
                break
            page.append(self._record(of, row, projection, others))
        served(request, len(page))
        paging = b""
        if following is not None:
            query = urlencode([*(pair for pair in request.query_params.multi_items() if pair[0] != "after")])
            link = f"{request.url.replace(query='')}?{query}&after={following}"
            paging = b',"paging":' + encode({"next": {"after": following, "link": link}})
        return raw(b'{"results":[' + b",".join(page) + b"]" + paging + b"}")

    def _rows(self, of: ObjectType, after: str | None, *, archived: bool) -> Iterator[tuple[str, Row]]:
        """Rows of a list with where each starts, from `after` on."""
        if after and not after.isdigit():
            refuse(f'Cannot deserialize value of type `long` from String "{after}": not a valid `long` value')
        first = int(after or 0)
        portal = self._portal
        if portal.variants["list_order"] == "by_id":
            order = portal.tables[of.name].order
            places: Iterator[tuple[str, Row]] = (
                (order[n].id, order[n]) for n in range(portal.start_after(of, first), len(order))
            )
        else:
            places = ((str(place), row) for place, row in portal.shuffled(of) if place >= first)
        return ((place, row) for place, row in places if self._listed(row, archived=archived))

    def _listed(self, row: Row, *, archived: bool) -> bool:
        if row.purged or (row.deleted_at is not None) != archived:
            return False
        return row.merged_into is None or self._portal.variants["merge_loser"] == "archived"

    def _record(self, of: ObjectType, row: Row, projection: Projection, others: list[ObjectType]) -> bytes:
        shown = self._portal.shown(row, projection)
        linked: dict[str, Any] = {}
        for other in others:
            links = self._portal.links.of((of.name, other.name), row.id)
            if links:
                name = f"{of.singular.lower()}_to_{other.singular.lower()}"
                linked[other.name] = {"results": [{"id": id, "type": name} for id in links]}
        return shown[:-1] + b',"associations":' + encode(linked) + b"}" if linked else shown

    async def one(self, request: Request) -> Response:
        portal = self._portal
        of = portal.type(request.path_params["type"])
        found = asked.parameters(portal, request, "properties", "associations", "archived", "idProperty")
        archived = asked.flag(found, "archived")
        id = request.path_params["id"]
        row = self.find(of, id, found.get("idProperty"))
        if row is None or (row.deleted_at is not None) != archived:
            return not_found(id)
        served(request, 1)
        others = [portal.type(name) for name in asked.names(found.get("associations"))]
        return raw(self._record(of, row, portal.projection(of, asked.names(found.get("properties"))), others))

    def find(self, of: ObjectType, id: str, id_property: str | None) -> Row | None:
        """By id, or by the value of a unique property; a merged record leads to its winner."""
        if id_property in (None, "", "hs_object_id"):
            return self._portal.winner(of, id)
        self.unique(of, str(id_property))
        return self._portal.by_unique(of, str(id_property), id)

    def indexed(self, row: Row | None, id_property: str | None) -> Row | None:
        """Under the variant, what was just made is not found by a unique value before the index has it."""
        if (
            row is None
            or id_property in (None, "", "hs_object_id")
            or self._portal.variants["unique_read"] == "current"
        ):
            return row
        lag = timedelta(seconds=float(self._portal.controls["index_lag"]))
        return row if row.created_at + lag <= self._portal.clock.now() else None

    def unique(self, of: ObjectType, name: str) -> None:
        """Refuse a property that cannot tell records apart."""
        prop = of.properties.get(name)
        if prop is None or not prop.unique:
            refuse(
                f"Unable to perform update/upsert by non-unique {of.type_id} property {name} "
                f"in portal ID {self._portal.id}"
            )

    async def batch(self, request: Request) -> Response:
        portal = self._portal
        of = portal.type(request.path_params["type"])
        archived = asked.flag(asked.parameters(portal, request, "archived"), "archived")
        found = await asked.body(portal, request, "inputs", "properties", "propertiesWithHistory", "idProperty")
        inputs = asked.listed(portal, found, "id")
        if found.get("propertiesWithHistory"):
            refuse("propertiesWithHistory is not supported by this simulator")
        started = stamp(portal.clock.now())
        wanted = found.get("properties") or []
        if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
            refuse("Invalid input JSON on line 1, column 1: properties is a list of names")
        projection = portal.projection(of, wanted)
        rows: dict[str, Row] = {}
        absent: list[str] = []
        for one in inputs:
            id = asked.identifier(one.get("id"))
            row = self.indexed(self.find(of, id, found.get("idProperty")), found.get("idProperty"))
            if row is None or (row.deleted_at is not None) != archived:
                absent.append(id)
            else:
                rows[row.id] = row
        ordered = list(rows.values())
        if portal.variants["batch_order"] == "shuffled":
            ordered.sort(key=lambda row: mix(portal.seed, int(row.id)))
        served(request, len(ordered))
        results = b",".join(portal.shown(row, projection) for row in ordered)
        rest: dict[str, Any] = {"status": "COMPLETE", "startedAt": started, "completedAt": stamp(portal.clock.now())}
        partial = bool(absent) and portal.variants["batch_read_absent"] == "errors"
        if partial:
            rest["errors"] = [absent_error(of, absent)]
            rest["numErrors"] = 1
        return raw(b'{"results":[' + results + b"]," + encode(rest)[1:], 207 if partial else 200)

    async def present(self, request: Request) -> tuple[ObjectType, Row]:
        """The live record of a path with an id; refuses when there is none."""
        of = self._portal.type(request.path_params["type"])
        found = asked.parameters(self._portal, request, "idProperty")
        row = self.find(of, request.path_params["id"], found.get("idProperty"))
        if row is None or not row.live:
            raise Refused(not_found(request.path_params["id"]))
        return of, row


def absent_error(of: ObjectType, ids: list[str]) -> dict[str, Any]:
    """One entry of `errors` for all ids of a batch that led nowhere."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {of.singular} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        "context": {"ids": ids},
    }
