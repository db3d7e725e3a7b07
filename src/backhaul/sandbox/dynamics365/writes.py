"""Writes: one record a request, and the actions that take many of a table at once."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.dynamics365.answers import (
    DUPLICATE,
    DUPLICATE_KEY,
    UNSUPPORTED,
    bad,
    no_property,
    not_there,
    nothing,
    refuse,
    reply,
)
from backhaul.sandbox.dynamics365.asked import Preferences, parameters, selected
from backhaul.sandbox.dynamics365.columns import LOOKUPS, is_guid
from backhaul.sandbox.dynamics365.definitions import TableDefinition
from backhaul.sandbox.dynamics365.organization import Organization
from backhaul.sandbox.dynamics365.reads import Reads, alternate
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import Refused

Given = Mapping[str, Any]
_BOUND = re.compile(r"/?(?:https?://[^?]*/)?([A-Za-z_0-9]+)\((.*)\)")
MOST_OF_ELASTIC = 1000


async def body(request: Request) -> dict[str, Any]:
    if not request.headers.get("content-type", "").startswith("application/json"):
        bad("The content type must be application/json.")
    try:
        given = msgspec.json.decode(await request.body())
    except msgspec.DecodeError:
        bad("An error has occurred: the JSON of the body is malformed.")
    if not isinstance(given, dict):
        bad("The body must be a JSON object.")
    return given


class Writes:
    def __init__(self, organization: Organization, reads: Reads) -> None:
        self._organization = organization
        self._reads = reads

    # -- one record ---------------------------------------------------------------------------------------------------

    async def create(self, request: Request, table: TableDefinition) -> Response:
        parameters(request)
        row = self._create(table, await body(request), self._suppressed(request))
        return self._written(request, table, row, made=True)

    async def patch(self, request: Request, table: TableDefinition, key: str) -> Response:
        """An update; without a guard an upsert."""
        found, given = parameters(request), await body(request)
        row = self._reads.by_address(table, key, found)
        match, none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
        if row is None:
            if match is not None:
                not_there(table.name, key)
            row = self._create(table, given, self._suppressed(request), *self._named(table, key, found))
            return self._written(request, table, row, made=True)
        if none_match == "*":
            refuse(412, DUPLICATE_KEY, "A record with matching key values already exists.")
        self._check_version(row, match)
        self._update(table, row, given, self._suppressed(request))
        return self._written(request, table, row, made=False)

    async def delete(self, request: Request, table: TableDefinition, key: str) -> Response:
        row = self._reads.by_address(table, key, parameters(request))
        if row is None:
            not_there(table.name, key)
        self._check_version(row, request.headers.get("if-match"))
        self._organization.delete(table, row, self._organization.clock.now())
        return nothing()

    def _check_version(self, row: Row, match: str | None) -> None:
        if match not in (None, "*", self._organization.etag(row)):
            code = "0x80060882" if self._organization.variants["version_code"] == "given" else ""
            refuse(412, code, "The version of the existing record doesn't match the RowVersion property provided.")

    def _written(self, request: Request, table: TableDefinition, row: Row, *, made: bool) -> Response:
        entity = {"OData-EntityId": f"{self._organization.api}/{table.set}({row.id})"}
        prefer = Preferences.of(request)
        if not prefer.whole:
            return nothing(entity)
        told = self._organization.shown(table, row, selected(table, parameters(request)), prefer.annotations)
        context = {"@odata.context": f"{self._organization.api}/$metadata#{table.set}/$entity"}
        return reply(
            {**context, **told}, 201 if made else 200, {**entity, "Preference-Applied": "return=representation"}
        )

    def _named(self, table: TableDefinition, key: str, found: Mapping[str, str]) -> tuple[str | None, dict[str, Any]]:
        """The id, or the alternate key, that a new record is made with."""
        if is_guid(key):
            return key, {}
        column, value = alternate(table, key, found)
        return None, {column: value}

    # -- many of a table ----------------------------------------------------------------------------------------------

    async def many(self, request: Request, table: TableDefinition, action: str) -> Response:
        parameters(request)
        if action == "DeleteMultiple" and table.kind != "Elastic":
            refuse(501, "0x80060888", "DeleteMultiple has not yet been implemented.")
        if not table.bulk:
            # `team` says the one, `queue` the other
            words = (
                f"{action} is not enabled on the entity {table.name}"
                if table.name == "team"
                else f"The '{action}' method does not support entities of type '{table.name}'."
            )
            refuse(400, UNSUPPORTED, words)
        given = await body(request)
        targets = given.get("Targets")
        if set(given) != {"Targets"} or not isinstance(targets, list) or not targets:
            refuse(400, "0x80040203", f"The required parameter 'Targets' is missing or empty in {action}.")
        do = {
            "CreateMultiple": self._create_one,
            "UpdateMultiple": self._update_one,
            "UpsertMultiple": self._upsert_one,
            "DeleteMultiple": self._delete_one,
        }[action]
        kind = f"Microsoft.Dynamics.CRM.{table.name}"
        for target in targets:
            if not isinstance(target, dict) or str(target.get("@odata.type", "")).lstrip("#") != kind:
                bad(f"An item of 'Targets' needs the annotation @odata.type '{kind}'.")
        suppressed = self._suppressed(request)
        ids = (
            self._elastic(request, table, targets, do)
            if table.kind == "Elastic"
            else self._all(table, targets, do, suppressed)
        )
        if action != "CreateMultiple":
            return nothing()
        context = f"{self._organization.api}/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse"
        return reply({"@odata.context": context, "Ids": ids})

    def _all(self, table: TableDefinition, targets: list[Given], do: Callable[..., str], suppressed: bool) -> list[str]:
        """All of them, or none: any error rolls back. Rows are put back as they were, row versions are not."""
        kept = self._organization.tables[table.name]
        rows = {id: (copy.copy(row), dict(row.values)) for id, row in kept.rows.items()}
        gone, count = list(self._organization.gone[table.name]), len(kept.order)
        try:
            return [do(table, target, suppressed) for target in targets]
        except Refused:
            for row in kept.order[count:]:
                del kept.rows[row.id]
            del kept.order[count:]
            for id, (row, values) in rows.items():
                held = kept.rows[id]
                held.values, held.changed_at, held.created_at = values, row.changed_at, row.created_at
                held.deleted_at, held.merged_into, held.purged = row.deleted_at, row.merged_into, row.purged
            self._organization.gone[table.name] = gone
            raise

    def _elastic(
        self, request: Request, table: TableDefinition, targets: list[Given], do: Callable[..., str]
    ) -> list[str]:
        """Each by itself; the error tells of each that failed, where it is asked to."""
        ids: list[str] = []
        failed: list[dict[str, Any]] = []
        first: Refused | None = None
        for place, target in enumerate(targets):
            try:
                ids.append(do(table, target, True))
            except Refused as refused:
                first = first or refused
                status = refused.response.status_code
                failed.append({"RequestIndex": place, "Id": str(target.get(table.key, "")), "StatusCode": status})
        if first is None:
            return ids
        told = msgspec.json.decode(bytes(first.response.body))["error"]
        if Preferences.of(request).annotations:
            name = "@Microsoft.PowerApps.CDS.ErrorDetails.Plugin.BulkApiErrorDetails"
            told[name] = msgspec.json.encode(failed).decode()
        raise Refused(reply({"error": told}, first.response.status_code))

    def _create_one(self, table: TableDefinition, target: Given, suppressed: bool) -> str:
        return self._create(table, target, suppressed).id

    def _update_one(self, table: TableDefinition, target: Given, suppressed: bool) -> str:
        id = target.get(table.key)
        if not is_guid(id):
            refuse(400, "0x80040203", f"Entity Id must be specified for Operation: {table.key}")
        row = self._organization.find(table.name, id)
        if row is None:
            not_there(table.name, str(id))
        self._update(table, row, target, suppressed)
        return row.id

    def _upsert_one(self, table: TableDefinition, target: Given, suppressed: bool) -> str:
        address = target.get("@odata.id")
        if address is None:
            key = str(target.get(table.key, ""))
        else:
            match = _BOUND.fullmatch(str(address))
            if match is None or match[1] != table.set:
                bad(f"The annotation @odata.id '{address}' names no record of {table.set}.")
            key = match[2]
        row = self._reads.by_address(table, key, {}) if key else None
        if row is not None:
            self._update(table, row, target, suppressed)
            return row.id
        named = self._named(table, key, {}) if key else (None, {})
        return self._create(table, target, suppressed, *named).id

    def _delete_one(self, table: TableDefinition, target: Given, suppressed: bool) -> str:
        row = self._organization.find(table.name, target.get(table.key))
        if row is None:
            not_there(table.name, str(target.get(table.key)))
        self._organization.delete(table, row, self._organization.clock.now())
        return row.id

    # -- checks -------------------------------------------------------------------------------------------------------

    def _suppressed(self, request: Request) -> bool:
        said = request.headers.get("mscrm.suppressduplicatedetection", "true").lower()
        if said not in ("true", "false"):
            bad("The header MSCRM.SuppressDuplicateDetection must be true or false.")
        return said == "true"

    def _create(
        self, table: TableDefinition, given: Given, suppressed: bool, id: str | None = None, named: Given | None = None
    ) -> Row:
        values = self._checked(table, given, made=True) | dict(named or {})
        for column in table.columns.values():
            if column.required and column.creatable and values.get(column.read_as) is None:
                if column.kind in LOOKUPS or column.name not in ("name", "lastname", "subject", "title", "new_name"):
                    continue  # required by forms, not by the platform
                if self._organization.variants["required_columns"] == "checked":
                    refuse(400, "0x80040203", f"Required field '{column.name}' is missing")
        id = id or (str(given[table.key]) if given.get(table.key) else None)
        if id is not None and self._organization.find(table.name, id) is not None:
            refuse(412, DUPLICATE_KEY, "Cannot insert duplicate key.")
        self._unique(table, values, None)
        self._duplicates(table, values, None, suppressed)
        return self._organization.insert(table, values, id, self._organization.clock.now())

    def _update(self, table: TableDefinition, row: Row, given: Given, suppressed: bool) -> None:
        values = self._checked(table, given, made=False)
        self._unique(table, values, row)
        self._duplicates(table, values, row, suppressed)
        self._organization.update(table, row, values, self._organization.clock.now())

    def _unique(self, table: TableDefinition, values: Given, row: Row | None) -> None:
        for column, state in table.keys.items():
            value = values.get(column)
            other = self._organization.by_key(table, column, value) if state == "Active" and value is not None else None
            if other is not None and other is not row:
                refuse(
                    412, DUPLICATE_KEY,
                    f"Entity Key {column} violated. A record with the same value for {column} already exists.",
                )  # fmt: skip

    def _duplicates(self, table: TableDefinition, values: Given, row: Row | None, suppressed: bool) -> None:
        """The rules of duplicates, which the header switches on."""
        for column in () if suppressed else table.duplicates:
            value = values.get(column)
            other = self._organization.by_key(table, column, value) if value else None
            if other is not None and other is not row:
                said = "A record was not created or updated because a duplicate of the current record already exists."
                refuse(int(self._organization.variants["duplicate_status"]), DUPLICATE, said)

    def _checked(self, table: TableDefinition, given: Given, *, made: bool) -> dict[str, Any]:
        values: dict[str, Any] = {}
        binds = {nav: column for column in table.columns.values() for nav in column.binds(table.name)}
        for name, value in given.items():
            if name in ("@odata.type", "@odata.id", table.key):
                if name == table.key and not is_guid(value):
                    bad(f"Cannot convert the literal '{value}' to the expected type 'Edm.Guid'.")
                continue
            if name.endswith("@odata.bind"):
                values |= self._bound(table, name, value, binds)
                continue
            if name.startswith("_"):
                bad(f"An error occurred while validating input parameters: Cannot write property '{name}'.")
            column = table.columns.get(name)
            if column is None or column.kind == "virtual":
                no_property(name, table.name)
            if column.kind in LOOKUPS:
                bad(
                    "CRM do not support direct update of Entity Reference properties, Use Navigation "
                    f"properties: {name}"
                )
            if not (column.creatable if made else column.updatable):
                continue  # read-only columns are passed over without a word
            fault = column.fault(value)
            if fault is not None:
                bad(fault)
            values[name] = value
        if values.get("statecode") == 1 and "statuscode" not in values and "statuscode" in table.columns:
            values["statuscode"] = table.columns["statuscode"].options[-1][0]
        return values

    def _bound(self, table: TableDefinition, name: str, value: Any, binds: Mapping[str, Any]) -> dict[str, Any]:
        nav = name.removesuffix("@odata.bind")
        column = binds.get(nav)
        if column is None:
            refuse(400, "0x80048d19", f"Error identified in Payload: an undeclared property '{nav}' was found.")
        if value is None:
            return {column.read_as: None, f"{column.read_as}@target": None}
        match = _BOUND.fullmatch(str(value))
        target = self._organization.sets.get(match[1]) if match is not None else None
        if match is None or target is None:
            bad(f"The value '{value}' of '{name}' is no address of a record.")
        allowed = column.targets if column.kind == "owner" else (column.binds(table.name)[nav],)
        if target.name not in allowed:
            bad(f"The navigation property '{nav}' does not lead to {target.name}.")
        row = self._reads.by_address(target, match[2], {})
        if row is None:
            not_there(target.name, match[2])
        return {column.read_as: row.id, f"{column.read_as}@target": target.name}
