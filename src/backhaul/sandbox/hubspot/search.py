"""Searching records: filters, one sort, the index that lags, and the 10,000 rows that one query can reach."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backhaul.sandbox.hubspot import asked
from backhaul.sandbox.hubspot.answers import encode, raw, refuse
from backhaul.sandbox.hubspot.portal import Portal
from backhaul.sandbox.hubspot.shapes import ObjectType, Property
from backhaul.sandbox.hubspot.values import parsed
from backhaul.sandbox.tables import Row
from backhaul.sandbox.vendor import served

PAGE, MOST, REACH = 10, 200, 10_000
# Sources differ on the caps; these are the lowest that any names.
GROUPS, FILTERS, FILTERS_IN_ALL, QUERY = 5, 6, 18, 3000
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda held, given: held == given,
    "LT": lambda held, given: held < given,
    "LTE": lambda held, given: held <= given,
    "GT": lambda held, given: held > given,
    "GTE": lambda held, given: held >= given,
}
OPERATORS = (
    *COMPARE,
    "NEQ",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
)
Test = Callable[[Row], bool]
Get = Callable[[Row], Any]


class Search:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        # The rows of recent queries, good as long as the table is as it was.
        self._found: dict[bytes, tuple[int, list[Row]]] = {}

    async def __call__(self, request: Request) -> Response:
        portal = self._portal
        of = portal.type(request.path_params["type"])
        asked.parameters(portal, request)
        found = await asked.body(portal, request, "filterGroups", "sorts", "properties", "limit", "after", "query")
        limit = asked.size(portal, found.get("limit"), PAGE, MOST)
        after = str(found.get("after") or "0")
        if not after.isdigit():
            refuse(f'Cannot deserialize value of type `int` from String "{after}": not a valid `int` value')
        first = int(after)
        if first + limit > REACH:
            refuse(
                f"The maximum number of results that can be paged through is {REACH}; after {first} with limit "
                f"{limit} goes beyond it",
                context={"after": [after]},
            )
        rows = self._rows(of, found)
        page = rows[first : min(first + limit, REACH)]
        served(request, len(page))
        projection = portal.projection(of, self._names(found.get("properties")))
        results = b",".join(portal.shown(row, projection) for row in page)
        paging = b""
        if first + len(page) < len(rows):
            paging = b',"paging":' + encode({"next": {"after": str(first + len(page))}})
        return raw(b'{"total":%d,"results":[' % len(rows) + results + b"]" + paging + b"}")

    def _names(self, given: object) -> tuple[str, ...]:
        if given is None:
            return ()
        if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
            refuse("Invalid input JSON on line 1, column 1: properties is a list of names")
        return tuple(given)

    def _rows(self, of: ObjectType, found: dict[str, Any]) -> list[Row]:
        groups = self._groups(of, found.get("filterGroups"))
        sort = self._sort(of, found.get("sorts"))
        words = found.get("query") or ""
        if not isinstance(words, str) or len(words) > QUERY:
            refuse(f"query is a text of at most {QUERY} characters")
        table, now = self._portal.tables[of.name], self._portal.clock.now()
        # Whether a change is in the index yet depends on the time, so only a settled table is remembered.
        settled = float(self._portal.controls["index_lag"]) == 0
        key = of.name.encode() + msgspec.json.encode([found.get("filterGroups"), found.get("sorts"), words])
        held = self._found.get(key)
        if settled and held is not None and held[0] == table.version:
            return held[1]
        start, tests = groups
        order = table.order
        waiting = False
        rows: list[Row] = []
        for n in range(start, len(order)):
            row = order[n]
            if row.deleted_at is not None or row.purged:
                continue
            if tests and not any(all(test(row) for test in group) for group in tests):
                continue
            if self._portal.searchable_at(row) > now:
                waiting = True
                continue
            rows.append(row)
        if words:
            rows = [row for row in rows if self._mentions(of, row, words)]
        if sort is not None:
            get, descending = sort
            # What has no value comes last, whichever way the rest goes.
            valued = sorted((row for row in rows if get(row) is not None), key=get, reverse=descending)
            rows = valued + [row for row in rows if get(row) is None]
        if settled and not waiting:
            if len(self._found) >= 32:
                self._found.pop(next(iter(self._found)))
            self._found[key] = (table.version, rows)
        return rows

    def _mentions(self, of: ObjectType, row: Row, words: str) -> bool:
        text = " ".join(str(row.values.get(prop.name) or "") for prop in of.properties.values() if prop.searchable)
        return all(word in text.lower() for word in words.lower().split())

    def _sort(self, of: ObjectType, given: object) -> tuple[Get, bool] | None:
        if not given:
            return None
        if not isinstance(given, list):
            refuse("Invalid input JSON on line 1, column 1: sorts is a list")
        if len(given) > 1:
            refuse("Only one sort is allowed")
        one = given[0]
        if isinstance(one, str):
            return _getter(of, self._property(of, one.removeprefix("-"))), one.startswith("-")
        one = asked.checked(self._portal, one, "propertyName", "direction")
        direction = one.get("direction", "ASCENDING")
        if direction not in ("ASCENDING", "DESCENDING"):
            refuse(f'Invalid sort direction "{direction}"')
        return _getter(of, self._property(of, one.get("propertyName"))), direction == "DESCENDING"

    def _property(self, of: ObjectType, name: object) -> Property:
        prop = of.properties.get(name) if isinstance(name, str) else None
        if prop is None:
            refuse(
                f"There was a problem with the request: property {name} does not exist on {of.type_id}",
                context={"propertyName": [str(name)]},
            )
        return prop

    def _groups(self, of: ObjectType, given: object) -> tuple[int, list[list[Test]]]:
        """Where in the table to begin, and the tests: any group, and all of its own."""
        if given is None:
            return 0, []
        if not isinstance(given, list) or not all(isinstance(group, dict) for group in given):
            refuse("Invalid input JSON on line 1, column 1: filterGroups is a list")
        if len(given) > GROUPS:
            refuse(f"The maximum number of filter groups is {GROUPS}, got {len(given)}")
        start, tests, total = 0, [], 0
        for group in given:
            filters = asked.checked(self._portal, group, "filters").get("filters") or []
            if len(filters) > FILTERS:
                refuse(f"The maximum number of filters in a group is {FILTERS}, got {len(filters)}")
            total += len(filters)
            tests.append([self._test(of, one) for one in filters])
            if len(given) == 1:
                start = max([0, *(self._beginning(of, one) for one in filters)])
        if total > FILTERS_IN_ALL:
            refuse(f"The maximum number of filters is {FILTERS_IN_ALL}, got {total}")
        return start, tests

    def _beginning(self, of: ObjectType, given: dict[str, Any]) -> int:
        """Rows stand in the order of their ids: a search above an id need not look below it."""
        if given.get("propertyName") == "hs_object_id" and given.get("operator") in ("GT", "GTE"):
            return self._portal.start_after(of, int(given["value"]))
        return 0

    def _test(self, of: ObjectType, given: dict[str, Any]) -> Test:
        given = asked.checked(self._portal, given, "propertyName", "operator", "value", "values", "highValue")
        prop = self._property(of, given.get("propertyName"))
        operator = given.get("operator")
        if operator not in OPERATORS:
            refuse(f'Invalid operator "{operator}"')
        get = _getter(of, prop)
        if operator == "HAS_PROPERTY":
            return lambda row: get(row) is not None
        if operator == "NOT_HAS_PROPERTY":
            return lambda row: get(row) is None
        if operator in ("IN", "NOT_IN"):
            values = given.get("values")
            if not isinstance(values, list) or not values:
                refuse(f"{operator} needs values", context={"propertyName": [prop.name]})
            among = {_given(prop, value) for value in values}
            if operator == "IN":
                return lambda row: get(row) in among
            return lambda row: (held := get(row)) is not None and held not in among
        value = _given(prop, given.get("value"))
        if operator == "BETWEEN":
            high = _given(prop, given.get("highValue"))
            return lambda row: (held := get(row)) is not None and value <= held <= high
        if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
            token, wanted = str(given["value"]).strip("*").lower(), operator == "CONTAINS_TOKEN"
            return lambda row: (token in str(row.values.get(prop.name) or "").lower()) == wanted
        if operator == "NEQ":
            return lambda row: (held := get(row)) is not None and held != value
        compare = COMPARE[operator]
        return lambda row: (held := get(row)) is not None and compare(held, value)


def _getter(of: ObjectType, prop: Property) -> Get:
    """How a row's value is read for comparing; None where there is none."""
    name = prop.name
    if name == "hs_object_id":
        return lambda row: int(row.id)
    if name == of.changed:
        return lambda row: row.changed_at
    if name == of.created:
        return lambda row: row.created_at
    if prop.type == "number":
        return lambda row: _number(row.values.get(name))
    if prop.type in ("datetime", "date"):
        return lambda row: parsed(row.values.get(name) or "")
    return lambda row: (row.values.get(name) or "").lower() or None


def _given(prop: Property, value: object) -> Any:
    """A filter's value in the property's own kind."""
    if value is None or value == "" or isinstance(value, dict | list):
        refuse(f"Filter value for {prop.name} must not be empty", context={"propertyName": [prop.name]})
    text = str(value)
    if prop.name == "hs_object_id":
        if not text.isdigit():
            refuse(f'Cannot deserialize value of type `long` from String "{text}": not a valid `long` value')
        return int(text)
    if prop.type == "number":
        number = _number(text)
        if number is None:
            refuse(f'"{text}" was not a valid number.', context={"propertyName": [prop.name]})
        return number
    if prop.type in ("datetime", "date"):
        moment: datetime | None = parsed(text)
        if moment is None:
            refuse(f'"{text}" was not a valid date.', context={"propertyName": [prop.name]})
        return moment
    return text.lower()


def _number(text: object) -> Decimal | None:
    if text is None or text == "":
        return None
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return None
