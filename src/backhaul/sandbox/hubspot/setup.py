"""What a portal says about itself: the account, schemas, properties, owners and pipelines."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.hubspot import asked
from backhaul.sandbox.hubspot.answers import encode, error, not_found, raw, refuse, reply, stamp
from backhaul.sandbox.hubspot.limits import ZONE
from backhaul.sandbox.hubspot.pipelines import PIPELINES
from backhaul.sandbox.hubspot.portal import Portal
from backhaul.sandbox.hubspot.shapes import Property
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served

OWNERS, MOST_OWNERS = 100, 500
FORMS = {
    "string": ("text", "textarea", "phonenumber", "html"),
    "number": ("number", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "bool": ("booleancheckbox",),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox"),
}


class Setup:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    async def account(self, request: Request) -> Response:
        asked.parameters(self._portal, request)
        offset = self._portal.clock.now().astimezone(ZONE).utcoffset()
        assert offset is not None  # a zone always has one
        seconds = int(offset.total_seconds())
        return reply(
            {
                "portalId": self._portal.id,
                "accountType": "STANDARD",
                "timeZone": "US/Eastern",
                "companyCurrency": "USD",
                "additionalCurrencies": ["EUR"],
                "utcOffset": f"{'-' if seconds < 0 else '+'}{abs(seconds) // 3600:02d}:00",
                "utcOffsetMilliseconds": seconds * 1000,
                "uiDomain": "app.hubspot.com",
                "dataHostingLocation": "na1",
            }
        )

    async def schemas(self, request: Request) -> Response:
        found = asked.parameters(self._portal, request, "archived", "includePropertyDefinitions")
        custom = [] if asked.flag(found, "archived") else [of for of in self._portal.types.values() if of.custom]
        return reply({"results": [of.schema(self._portal.id) for of in custom]})

    async def schema(self, request: Request) -> Response:
        of = self._portal.type(request.path_params["type"])
        return reply(of.schema(self._portal.id)) if of.custom else not_found(of.name)

    async def properties(self, request: Request) -> Response:
        of = self._portal.type(request.path_params["type"])
        found = asked.parameters(self._portal, request, "archived", "dataSensitivity", "locale", "properties")
        if asked.flag(found, "archived"):
            return reply({"results": []})
        if of.shown is None:
            of.shown = encode({"results": [prop.shown() for prop in of.properties.values()]})
        return raw(of.shown)

    async def create_property(self, request: Request) -> Response:
        """A property of the portal's own."""
        of = self._portal.type(request.path_params["type"])
        asked.parameters(self._portal, request)
        given = await asked.body(
            self._portal, request, "name", "label", "groupName", "description", "type", "fieldType", "hasUniqueValue",
            "options",
        )  # fmt: skip
        lacking = [each for each in ("name", "label", "groupName", "type", "fieldType") if not given.get(each)]
        if lacking:
            refuse(f"Invalid input JSON on line 1, column 1: Some required fields were not set: [{', '.join(lacking)}]")
        name, kind = str(given["name"]), str(given["type"])
        if re.fullmatch(r"[a-z][a-z0-9_]*", name) is None:
            refuse(f"Property name {name} must start with a letter and hold lowercase letters, numbers and underscores")
        if given["fieldType"] not in FORMS.get(kind, ()):
            refuse(f"Invalid field type {given['fieldType']} for type {kind}")
        if name in of.properties:
            message = f"A property named '{name}' already exists."
            return error(409, message, "OBJECT_ALREADY_EXISTS")
        options = tuple((str(one["label"]), str(one["value"])) for one in given.get("options") or ())
        made = Property(
            name, kind, str(given["fieldType"]), str(given["label"]), options, custom=True,
            unique=bool(given.get("hasUniqueValue")),
        )  # fmt: skip
        of.add(made)
        return reply(made.shown(), 201)

    async def property(self, request: Request) -> Response:
        of = self._portal.type(request.path_params["type"])
        prop = of.properties.get(request.path_params["name"])
        if prop is None:
            return error(404, f"Property '{request.path_params['name']}' does not exist", "OBJECT_NOT_FOUND")
        return reply(prop.shown())

    async def pipelines(self, request: Request) -> Response:
        of = self._portal.type(request.path_params["type"])
        asked.parameters(self._portal, request)
        found = PIPELINES.get(of.name)
        if found is None:
            refuse(f"Object type {of.type_id} does not have pipelines")
        return reply({"results": [pipeline.shown(place) for place, pipeline in enumerate(found)]})

    async def owners(self, request: Request) -> Response:
        portal = self._portal
        found = asked.parameters(portal, request, "limit", "after", "email", "archived")
        limit = asked.size(portal, found.get("limit"), OWNERS, MOST_OWNERS)
        archived, email = asked.flag(found, "archived"), found.get("email")
        after = found.get("after") or "0"
        if not after.isdigit():
            refuse(f'Invalid "after": {after}')
        rows = [
            row
            for row in portal.tables["owners"].order
            if not row.purged
            and (row.deleted_at is not None) == archived
            and (email is None or row.values.get("email") == email)
        ]
        page = rows[int(after) : int(after) + limit]
        served(request, len(page))
        answer: dict[str, Any] = {"results": [owner(row) for row in page]}
        if int(after) + limit < len(rows):
            answer["paging"] = {"next": {"after": str(int(after) + limit)}}
        return reply(answer)

    async def owner(self, request: Request) -> Response:
        found = asked.parameters(self._portal, request, "archived", "idProperty")
        row = self._portal.tables["owners"].get(request.path_params["id"])
        if row is None or (row.deleted_at is not None) != asked.flag(found, "archived"):
            return error(404, "resource not found", "OBJECT_NOT_FOUND")
        return reply(owner(row))


def owner(row: Row) -> dict[str, Any]:
    """An owner as HubSpot shows one."""
    values, archived = row.values, row.deleted_at is not None
    shown = {
        "id": row.id,
        "email": values.get("email"),
        "type": "PERSON",
        "firstName": values.get("firstName"),
        "lastName": values.get("lastName"),
        "createdAt": stamp(row.created_at),
        "updatedAt": stamp(row.changed_at),
        "archived": archived,
        "userIdIncludingInactive": values.get("userId"),
        "teams": values.get("teams") or [],
    }
    # Somebody who has left has no user any more.
    if not archived:
        shown["userId"] = values.get("userId")
    return shown
