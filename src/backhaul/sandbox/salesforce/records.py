"""Single records: read, create, update, upsert by an external id, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from backhaul.sandbox.salesforce.calls import Answer, BadRecord, Call, Problem, Refusal, nothing, reply
from backhaul.sandbox.salesforce.describe import Field, SObject
from backhaul.sandbox.salesforce.encode import Projections
from backhaul.sandbox.salesforce.org import GONE, Org, Values
from backhaul.sandbox.salesforce.select import Column
from backhaul.sandbox.salesforce.values import from_json, moment_of
from backhaul.sandbox.tables import Row

MISSING = ("NOT_FOUND", "The requested resource does not exist")


def object_of(org: Org, name: str) -> SObject:
    """The object in a path, whose name the vendor takes in any case."""
    found = org.find(name)
    if found is None or not found.queryable:
        raise Refusal(404, *MISSING)
    return found


def columns_of(org: Org, object: SObject, names: Sequence[str]) -> list[Column]:
    """The columns of a list of field names; Id comes whether asked for or not."""
    columns: dict[str, Column] = {}
    for name in names:
        field = object.find(name.strip())
        if field is None:
            message = f"No such column '{name.strip()}' on sobject of type {object.name}"
            raise Refusal(400, "INVALID_FIELD", message)
        columns[field.name] = Column(field.name, field)
    columns.setdefault("Id", Column("Id", object.fields["Id"]))
    return list(columns.values())


def external_field(object: SObject, name: str) -> Field:
    field = object.find(name)
    if field is None or not (field.external_id or field.id_lookup or field.type == "id"):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise Refusal(404, "NOT_FOUND", message)
    return field


def values_of(object: SObject, body: Mapping[str, Any], *, without: Sequence[str] = ()) -> Values:
    """The fields of a JSON record in their kept form; the parser refuses unknown ones and wrong kinds."""
    given: Values = {}
    for name, value in body.items():
        if name == "attributes" or name.lower() in without:
            continue
        field = object.find(name)
        if field is None:
            raise Refusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {object.name}")
        given[field.name] = from_json(field, value)
    return given


def matches(org: Org, object: SObject, field: Field, value: str) -> list[Row]:
    """The live records that an upsert by this field and value would meet."""
    if field.type == "id":
        return [org.require(object, value)]
    return org.matching(object, field.name, value)


def _refused(bad: BadRecord) -> Refusal:
    code = bad.problems[0].code
    if code == GONE.code and not bad.problems[0].fields:
        return Refusal(404, GONE.code, GONE.message, ())
    if code == "INVALID_CROSS_REFERENCE_KEY" and not bad.problems[0].fields:
        return Refusal(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible.")
    return Refusal.of(bad.problems)


class Records:
    """The handlers of `/sobjects/{object}` and below it."""

    def __init__(self, org: Org, projections: Projections) -> None:
        self._org = org
        self._projections = projections

    def create(self, call: Call, name: str) -> Answer:
        object = object_of(self._org, name)
        given = values_of(object, call.object_body())
        try:
            saved = self._org.create(object, given)
        except BadRecord as bad:
            raise Refusal.of(bad.problems) from None
        return reply({"id": saved.id, "success": True, "errors": []}, 201)

    def read(self, call: Call, name: str, id: str) -> Answer:
        object = object_of(self._org, name)
        try:
            row = self._org.require(object, id)
        except BadRecord as bad:
            if bad.problems[0].code == GONE.code:
                raise _refused(bad) from None
            raise Refusal(404, *MISSING) from None
        return self._shown(call, object, row)

    def read_by(self, call: Call, name: str, field: str, value: str) -> Answer:
        object = object_of(self._org, name)
        found = matches(self._org, object, external_field(object, field), value)
        if not found:
            raise Refusal(404, *MISSING)
        if len(found) > 1:
            return self._several(call, object, found)
        return self._shown(call, object, found[0])

    def update(self, call: Call, name: str, id: str) -> Answer:
        object = object_of(self._org, name)
        try:
            row = self._org.require(object, id)
            self._check_unmodified(call, row)
            self._org.update(object, row.id, values_of(object, call.object_body()))
        except BadRecord as bad:
            raise _refused(bad) from None
        return nothing()

    def upsert(self, call: Call, name: str, field_name: str, value: str) -> Answer:
        object = object_of(self._org, name)
        field = external_field(object, field_name)
        body = call.object_body()
        if any(given.lower() == field.name.lower() for given in body):
            message = f"The {field.name} field should not be specified in the sobject data."
            raise Refusal(400, "INVALID_FIELD", message, [field.name])
        given = values_of(object, body)
        try:
            found = matches(self._org, object, field, value)
            if len(found) > 1:
                return self._several(call, object, found)
            if found:
                self._check_unmodified(call, found[0])
                saved = self._org.update(object, found[0].id, given)
            elif call.params.get("updateOnly") == "true":
                raise Refusal(404, *MISSING)
            else:
                saved = self._org.create(object, {field.name: value, **given})
        except BadRecord as bad:
            raise _refused(bad) from None
        if not saved.created and self._org.variants["upsert_status"] == "204":
            return nothing()
        content = {"id": saved.id, "success": True, "errors": [], "created": saved.created}
        return reply(content, 201 if saved.created else 200)

    def delete(self, call: Call, name: str, id: str) -> Answer:
        object = object_of(self._org, name)
        try:
            self._org.delete(object, id)
        except BadRecord as bad:
            raise _refused(bad) from None
        return nothing()

    def _shown(self, call: Call, object: SObject, row: Row) -> Answer:
        asked = call.params.get("fields")
        names = list(object.fields) if asked is None else asked.split(",")
        encode = self._projections.json(object.name, columns_of(self._org, object, names), call.version)
        return Answer(200, encode(row), rows=1)

    def _several(self, call: Call, object: SObject, rows: Sequence[Row]) -> Answer:
        root = f"/services/data/v{call.version}.0/sobjects/{object.name}"
        return reply([f"{root}/{row.id}" for row in rows], 300)

    def _check_unmodified(self, call: Call, row: Row) -> None:
        header = call.headers.get("if-unmodified-since")
        if header is None or self._org.variants["if_unmodified_since"] == "ignored":
            return
        try:
            since = parsedate_to_datetime(header)
        except ValueError:
            raise Refusal(400, "INVALID_HTTP_HEADER", f"If-Unmodified-Since: {header}") from None
        changed = moment_of(row.values["SystemModstamp"])
        if changed is not None and changed > since:
            raise Refusal(412, "PRECONDITION_FAILED", "The record was modified since the time in If-Unmodified-Since")


def problems_json(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """As results of many records show them: `statusCode`, not `errorCode`."""
    return [
        {"statusCode": problem.code, "message": problem.message, "fields": list(problem.fields)} for problem in problems
    ]
