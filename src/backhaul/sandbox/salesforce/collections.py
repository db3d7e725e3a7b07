"""Up to two hundred records a call: each has its own result, in the order they came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, TypeGuard

from backhaul.sandbox.salesforce.calls import Answer, BadRecord, Call, Problem, Refusal, reply
from backhaul.sandbox.salesforce.describe import Field, SObject
from backhaul.sandbox.salesforce.encode import Projections
from backhaul.sandbox.salesforce.ids import full_id
from backhaul.sandbox.salesforce.org import Org, Saved
from backhaul.sandbox.salesforce.records import (
    columns_of,
    external_field,
    matches,
    object_of,
    problems_json,
    values_of,
)

MOST, MOST_READ, MOST_READ_IN_URL, MOST_RUNS = 200, 2000, 800, 10
ROLLED_BACK = Problem(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
Work = Callable[[], Saved]


class Collections:
    """The handlers of `/composite/sobjects`."""

    def __init__(self, org: Org, projections: Projections) -> None:
        self._org = org
        self._projections = projections

    def create(self, call: Call) -> Answer:
        all_or_none, records = self._records(call)
        return self._done(all_or_none, [self._creation(self._typed(record), record) for record in records])

    def update(self, call: Call) -> Answer:
        all_or_none, records = self._records(call)
        objects = [self._typed(record) for record in records]
        ids = [_id_of(record) for record in records]
        return self._done(
            all_or_none,
            [
                self._change(object, record, id, twice)
                for object, record, id, twice in zip(objects, records, ids, self._repeated(ids), strict=True)
            ],
        )

    def upsert(self, call: Call, name: str, field_name: str) -> Answer:
        object = object_of(self._org, name)
        field = external_field(object, field_name)
        all_or_none, records = self._records(call)
        for record in records:
            if self._typed(record) is not object:
                raise Refusal(400, "INVALID_INPUT", f"All records must be of the type {object.name}", ())
        folded = [{key.lower(): value for key, value in record.items()} for record in records]
        keys = [one.get(field.name.lower()) for one in folded]
        work = [
            self._upserting(object, field, record, key, twice)
            for record, key, twice in zip(records, keys, self._repeated(keys), strict=True)
        ]
        return self._done(all_or_none, work, upsert=True)

    def delete(self, call: Call) -> Answer:
        ids = [id.strip() for id in call.params.get("ids", "").split(",") if id.strip()]
        if not ids:
            raise Refusal(400, "MISSING_ARGUMENT", "The ids parameter is required", ())
        if len(ids) > MOST:
            raise self._too_many(len(ids))
        return self._done(call.params.get("allOrNone", "false").lower() == "true", [self._deleting(id) for id in ids])

    def read(self, call: Call, name: str) -> Answer:
        """Records by their ids, in the ids' order; null stands for what is not there."""
        object = object_of(self._org, name)
        if call.method == "POST":
            body = call.object_body()
            unknown = set(body) - {"ids", "fields"}
            if unknown:
                raise Refusal(400, "JSON_PARSER_ERROR", f'Unrecognized field "{min(unknown)}" at [line:1, column:2]')
            ids, names, most = body.get("ids"), body.get("fields"), MOST_READ
        else:
            ids, names = call.params.get("ids", "").split(","), call.params.get("fields", "").split(",")
            most = MOST_READ_IN_URL
        if not (_texts(ids) and _texts(names)):
            raise Refusal(400, "MISSING_ARGUMENT", "Both ids and fields must be given, as lists of strings")
        if len(ids) > most:
            raise Refusal(400, "EXCEEDED_ID_LIMIT", f"Cannot retrieve more than {most} records in this request")
        encode = self._projections.json(object.name, columns_of(self._org, object, names), call.version)
        found: list[bytes] = []
        for id in ids:
            whole = full_id(id)
            if whole is None or not whole.startswith(object.prefix):
                raise Refusal(400, "MALFORMED_ID", f"malformed id {id}")
            row = self._org.tables[object.name].get(whole)
            if row is not None and row.live:
                found.append(encode(row))
            elif self._org.variants["missing_in_retrieve"] == "null":
                found.append(b"null")
        return Answer(200, b"[" + b",".join(found) + b"]", rows=len(found))

    def _records(self, call: Call) -> tuple[bool, list[dict[str, Any]]]:
        body = call.object_body()
        unknown = set(body) - {"allOrNone", "records"}
        if unknown:
            raise Refusal(400, "JSON_PARSER_ERROR", f'Unrecognized field "{min(unknown)}" at [line:1, column:2]')
        records = body.get("records")
        if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
            raise Refusal(400, "MISSING_ARGUMENT", "The records field must be a list of objects", ())
        if len(records) > MOST:
            raise self._too_many(len(records))
        runs = sum(1 for _ in groupby(records, key=lambda record: str(record.get("attributes"))))
        if runs > MOST_RUNS:
            raise Refusal(400, "INVALID_INPUT", f"Too many chunks of different types: {runs}; at most {MOST_RUNS}", ())
        all_or_none = body.get("allOrNone", False)
        if not isinstance(all_or_none, bool):
            raise Refusal(400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of boolean from {all_or_none!r}")
        return all_or_none, records

    def _too_many(self, count: int) -> Refusal:
        message = f"record limit reached. cannot submit more than {MOST} records in this request"
        return Refusal(400, "EXCEEDED_ID_LIMIT", message, ())

    def _typed(self, record: dict[str, Any]) -> SObject:
        attributes = record.get("attributes")
        name = attributes.get("type") if isinstance(attributes, dict) else None
        if not isinstance(name, str):
            raise Refusal(400, "INVALID_INPUT", "Each record must have attributes with a type", ())
        found = self._org.find(name)
        if found is None or not found.queryable:
            raise Refusal(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.", ())
        return found

    def _repeated(self, keys: Sequence[Any]) -> list[bool]:
        """Which keys came before in this call, under the variant that minds."""
        if self._org.variants["same_id_twice"] == "applied":
            return [False] * len(keys)
        seen: set[str] = set()
        found: list[bool] = []
        for key in keys:
            folded = str(key).lower()
            found.append(key is not None and folded in seen)
            seen.add(folded)
        return found

    def _values(self, object: SObject, record: dict[str, Any], *, without: Sequence[str] = ()) -> dict[str, Any]:
        """What the parser refuses fails the whole call, or, under the variant, its record."""
        try:
            return values_of(object, record, without=without)
        except Refusal as refusal:
            if self._org.variants["collection_bad_field"] == "whole_call":
                raise
            raise BadRecord.of(refusal.problems) from None

    def _prepared(self, prepare: Callable[[], dict[str, Any]], write: Callable[[dict[str, Any]], Saved]) -> Work:
        """Parse now, since that may refuse the whole call; write when its turn comes."""
        try:
            given = prepare()
        except BadRecord as error:
            problems = error.problems

            def refuse() -> Saved:
                raise BadRecord.of(problems)

            return refuse
        return lambda: write(given)

    def _creation(self, object: SObject, record: dict[str, Any]) -> Work:
        return self._prepared(lambda: self._values(object, record), lambda given: self._org.create(object, given))

    def _change(self, object: SObject, record: dict[str, Any], id: str | None, twice: bool) -> Work:
        def prepare() -> dict[str, Any]:
            given = self._values(object, record, without=("id",))
            if id is None:
                raise BadRecord("MISSING_ARGUMENT", "Id not specified in an update call", "Id")
            if twice:
                raise BadRecord("DUPLICATE_VALUE", f"duplicate id in list: {id}", "Id")
            return given

        return self._prepared(prepare, lambda given: self._org.update(object, str(id), given))

    def _upserting(self, object: SObject, field: Field, record: dict[str, Any], key: Any, twice: bool) -> Work:
        def prepare() -> dict[str, Any]:
            given = self._values(object, record, without=(field.name.lower(), "id"))
            if key is None or key == "":
                raise BadRecord("MISSING_ARGUMENT", f"{field.name} not specified", field.name)
            if twice:
                raise BadRecord("DUPLICATE_VALUE", f"Duplicate external id specified: {key}", field.name)
            return given

        def write(given: dict[str, Any]) -> Saved:
            found = matches(self._org, object, field, str(key))
            if len(found) > 1:
                message = f"{field.name}: more than one record found for external id field: {[one.id for one in found]}"
                raise BadRecord("DUPLICATE_EXTERNAL_ID", message)
            if found:
                return self._org.update(object, found[0].id, given)
            return self._org.create(object, {**given, field.name: str(key)})

        return self._prepared(prepare, write)

    def _deleting(self, id: str) -> Work:
        def work() -> Saved:
            object = self._org.by_id(id)
            if full_id(id) is None or object is None:
                raise BadRecord("MALFORMED_ID", f"malformed id {id}")
            return self._org.delete(object, id)

        return work

    def _done(self, all_or_none: bool, work: Sequence[Work], *, upsert: bool = False) -> Answer:
        results: list[Saved | BadRecord] = []
        for one in work:
            try:
                results.append(one())
            except BadRecord as bad:
                results.append(bad)
        if all_or_none and any(isinstance(result, BadRecord) for result in results):
            for result in reversed(results):
                if isinstance(result, Saved):
                    result.undo()
            rolled_back = BadRecord.of([ROLLED_BACK])
            results = [rolled_back if isinstance(result, Saved) else result for result in results]
        return reply([_result(result, upsert) for result in results], rows=0)


def _result(result: Saved | BadRecord, upsert: bool) -> dict[str, Any]:
    if isinstance(result, BadRecord):
        return {"success": False, "errors": problems_json(result.problems)}
    shown: dict[str, Any] = {"id": result.id, "success": True, "errors": []}
    if upsert:
        shown["created"] = result.created
    return shown


def _id_of(record: dict[str, Any]) -> str | None:
    found = next((value for key, value in record.items() if key.lower() == "id"), None)
    return full_id(found) or found if isinstance(found, str) else None


def _texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) and one for one in value)
