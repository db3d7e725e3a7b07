"""A query bound to the org's objects: columns found, conditions compiled, rows chosen and sorted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backhaul.sandbox.salesforce.calls import Refusal
from backhaul.sandbox.salesforce.describe import IDS, NUMBERS, Field, SObject
from backhaul.sandbox.salesforce.ids import full_id
from backhaul.sandbox.salesforce.org import Org
from backhaul.sandbox.salesforce.soql import Comparison, Condition, Literal, Logic, Path, Query, SoqlError
from backhaul.sandbox.salesforce.values import stamp
from backhaul.sandbox.tables import Row

Values = dict[str, Any]
Get = Callable[[Values], Any]
Test = Callable[[Values], bool]
MAX_OFFSET = 2000


@dataclass(frozen=True, slots=True)
class Column:
    """A chosen field. `parent` is the reference field that a parent path goes through."""

    name: str
    field: Field
    parent: Field | None = None

    @property
    def header(self) -> str:
        return self.name if self.parent is None else f"{self.parent.relationship}.{self.name}"


@dataclass(frozen=True, slots=True)
class Sorting:
    get: Get
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """`count` is `` (none), `()` or `expr`."""

    object: SObject
    columns: tuple[Column, ...]
    count: str
    counted: Get | None
    test: Test | None
    order: tuple[Sorting, ...]
    limit: int | None
    offset: int

    def rows(self, org: Org, *, everything: bool) -> list[Row]:
        found = org.visible(self.object, everything=everything)
        test = self.test
        rows = list(found) if test is None else [row for row in found if test(row.values)]
        for sorting in reversed(self.order):
            _sort(rows, sorting)
        if self.offset or self.limit is not None:
            rows = rows[self.offset : None if self.limit is None else self.offset + self.limit]
        return rows


def bind(query: Query, org: Org) -> Plan:
    return _Binder(query, org).plan()


def _sort(rows: list[Row], sorting: Sorting) -> None:
    get = sorting.get
    empty = [row for row in rows if get(row.values) is None]
    if empty:
        full = [row for row in rows if get(row.values) is not None]
        full.sort(key=lambda row: get(row.values), reverse=sorting.descending)
        rows[:] = full + empty if sorting.nulls_last else empty + full
    else:
        rows.sort(key=lambda row: get(row.values), reverse=sorting.descending)


class _Binder:
    def __init__(self, query: Query, org: Org) -> None:
        self._query = query
        self._org = org
        found = org.find(query.object)
        if found is None or not found.queryable:
            message = f"sObject type '{query.object}' is not supported."
            if found is None:
                message += (
                    " If you are attempting to use a custom object, be sure to append the '__c' after the entity name."
                    " Please reference your WSDL or the describe call for the appropriate names."
                )
            raise self._error(query.object_at, "INVALID_TYPE", message)
        self._object = found

    def plan(self) -> Plan:
        query = self._query
        if query.beyond:
            raise Refusal(400, "NOT_SIMULATED", f"This is SOQL that the simulator does not run: {query.beyond[0]}")
        if query.offset is not None and query.offset > MAX_OFFSET:
            raise Refusal(400, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        counted: Get | None = None
        if query.count == "()" and query.order:
            raise self._error(query.order[0].path.at, "MALFORMED_QUERY", "Ordered field must be grouped or aggregated")
        if query.count not in ("", "()"):
            counted = self._get(self._column(Path(query.count, 0)))
        return Plan(
            self._object,
            tuple(self._columns()),
            "expr" if counted is not None else query.count,
            counted,
            None if query.where is None else self._test(query.where),
            tuple(Sorting(self._sortable(sort.path), sort.descending, sort.nulls_last) for sort in query.order),
            query.limit,
            query.offset or 0,
        )

    def _columns(self) -> list[Column]:
        query = self._query
        columns = [self._column(path) for path in query.select]
        if query.all_fields:
            if query.all_fields != "STANDARD" and (query.limit is None or query.limit > 200):
                raise self._error(0, "MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
            custom = {"STANDARD": (False,), "CUSTOM": (True,)}.get(query.all_fields, (False, True))
            columns += [Column(field.name, field) for field in self._object.fields.values() if field.custom in custom]
        seen: set[str] = set()
        for column in columns:
            if column.header in seen:
                raise Refusal(400, "INVALID_FIELD", f"duplicate field selected: {column.header}")
            seen.add(column.header)
        return columns

    def _error(self, at: int, code: str, message: str) -> SoqlError:
        return SoqlError(self._query.text, at, code, message)

    def _column(self, path: Path) -> Column:
        first, _, rest = path.text.partition(".")
        if not rest:
            field = self._object.find(first)
            if field is None:
                raise self._no_column(path, first, self._object.name)
            return Column(field.name, field)
        if first.lower() == self._object.name.lower():
            return self._column(Path(rest, path.at))
        parent = self._object.relation(first)
        if parent is None:
            message = (
                f"Didn't understand relationship '{first}' in field path. If you are attempting to use a custom"
                " relationship, be sure to append the '__r' after the custom relationship name. Please reference your"
                " WSDL or the describe call for the appropriate names."
            )
            raise self._error(path.at, "INVALID_FIELD", message)
        if "." in rest:
            raise Refusal(400, "NOT_SIMULATED", f"Parent paths of several levels are not simulated: {path.text}")
        for name in parent.refers_to:
            field = self._org.objects[name].find(rest)
            if field is not None:
                return Column(field.name, field, parent)
        raise self._no_column(path, rest, parent.refers_to[0] if len(parent.refers_to) == 1 else "Name")

    def _no_column(self, path: Path, name: str, entity: str) -> SoqlError:
        message = (
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to"
            " append the '__c' after the custom field name. Please reference your WSDL or the describe call for the"
            " appropriate names."
        )
        return self._error(path.at, "INVALID_FIELD", message)

    def _get(self, column: Column) -> Get:
        name = column.name
        if column.parent is None:
            return lambda values: values.get(name)
        through, lookup = column.parent.name, self._org.lookup

        def get(values: Values) -> Any:
            row = lookup(values.get(through))
            return None if row is None else row.values.get(name)

        return get

    def _sortable(self, path: Path) -> Get:
        column = self._column(path)
        if not column.field.sortable:
            raise self._error(path.at, "INVALID_FIELD", f"field '{column.name}' can not be sorted in a query call")
        get = self._get(column)
        return _folding(get) if _ignores_case(column.field) else get

    def _test(self, condition: Condition) -> Test:
        if isinstance(condition, Logic):
            tests = [self._test(item) for item in condition.items]
            if condition.operator == "NOT":
                only = tests[0]
                return lambda values: not only(values)
            if len(tests) == 2:
                one, two = tests
                if condition.operator == "AND":
                    return lambda values: one(values) and two(values)
                return lambda values: one(values) or two(values)
            if condition.operator == "AND":
                return lambda values: all(test(values) for test in tests)
            return lambda values: any(test(values) for test in tests)
        return self._comparison(condition)

    def _comparison(self, condition: Comparison) -> Test:
        column = self._column(condition.path)
        field, operator, at = column.field, condition.operator, condition.path.at
        if not field.filterable:
            raise self._error(at, "INVALID_FIELD", f"field '{field.name}' can not be filtered in a query call")
        get = self._get(column)
        if _ignores_case(field):
            get = _folding(get)
        literals = condition.literals
        if operator in ("IN", "NOT IN"):
            wanted = {self._value(field, literal) for literal in literals}
            if operator == "IN":
                return lambda values: get(values) in wanted
            return lambda values: get(values) not in wanted
        if operator == "LIKE":
            if not field.textual or field.type in ("date", "datetime") or literals[0].kind != "string":
                raise self._error(
                    at, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {field.type} field '{field.name}'"
                )
            match = _like(str(literals[0].value))
            return lambda values: (held := get(values)) is not None and match(held) is not None
        if literals[0].kind == "days":
            return self._in_days(field, operator, literals[0], get)
        unordered = field.type in ("boolean", "multipicklist") or literals[0].kind == "null"
        if operator not in ("=", "!=") and unordered:
            raise self._error(
                at, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {field.type} field '{field.name}'"
            )
        return _compared(operator, get, self._value(field, literals[0]))

    def _value(self, field: Field, literal: Literal) -> Any:
        """The literal as this field keeps it; the vendor minds quotes and kinds."""
        value = literal.value
        if literal.kind == "null":
            return None
        if field.type in IDS:
            if literal.kind != "string":
                raise self._mistyped(field, literal, "string", quoted=True)
            if value == "":
                return None
            whole = full_id(str(value))
            if whole is None:
                message = f"invalid ID field: {value}"
                raise self._error(literal.at, "INVALID_QUERY_FILTER_OPERATOR", message)
            return whole
        if field.type in NUMBERS:
            if literal.kind != "number":
                raise self._mistyped(field, literal, "int" if field.type == "int" else "double", quoted=False)
            return value
        if field.type == "boolean":
            if literal.kind != "boolean":
                raise self._mistyped(field, literal, "boolean", quoted=False)
            return value
        if field.type == "date":
            if literal.kind != "date":
                raise self._mistyped(field, literal, "date", quoted=False)
            return str(value)
        if field.type == "datetime":
            if literal.kind != "datetime" or not isinstance(value, datetime):
                raise self._mistyped(field, literal, "dateTime", quoted=False)
            return (
                stamp(value) if value.microsecond == 0 else stamp(value)[:-9] + f".{value.microsecond // 1000:03d}+0000"
            )
        if literal.kind != "string":
            raise self._mistyped(field, literal, "string", quoted=True)
        return str(value).lower() or None

    def _mistyped(self, field: Field, literal: Literal, kind: str, *, quoted: bool) -> SoqlError:
        should = "should be" if quoted else "should not be"
        message = (
            f"value of filter criterion for field '{field.name}' must be of type {kind} and {should} enclosed in quotes"
        )
        return self._error(literal.at, "INVALID_FIELD", message)

    def _in_days(self, field: Field, operator: str, literal: Literal, get: Get) -> Test:
        if field.type not in ("date", "datetime"):
            raise self._mistyped(field, literal, "string", quoted=True)
        today = self._org.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        first, end = (today + timedelta(days=days) for days in literal.days)
        low, high = (str(one.date()) if field.type == "date" else stamp(one) for one in (first, end))
        match operator:
            case "=":
                return lambda values: (held := get(values)) is not None and low <= held < high
            case "!=":
                return lambda values: (held := get(values)) is None or not low <= held < high
            case "<" | ">=":
                return _compared(operator, get, low)
            case _:
                return _compared({">": ">=", "<=": "<"}[operator], get, high)


def _compared(operator: str, get: Get, wanted: Any) -> Test:
    """Nulls equal nulls, differ from everything else, and are neither more nor less than anything."""
    if wanted is None and operator not in ("=", "!="):
        # The empty text, which is null to the vendor: everything is more.
        return lambda values: operator.startswith(">") and get(values) is not None
    match operator:
        case "=":
            return lambda values: get(values) == wanted
        case "!=":
            return lambda values: get(values) != wanted
        case "<":
            return lambda values: (held := get(values)) is not None and held < wanted
        case "<=":
            return lambda values: (held := get(values)) is not None and held <= wanted
        case ">":
            return lambda values: (held := get(values)) is not None and held > wanted
        case _:
            return lambda values: (held := get(values)) is not None and held >= wanted


def _ignores_case(field: Field) -> bool:
    return field.textual and field.type not in ("date", "datetime")


def _folding(get: Get) -> Get:
    def folded(values: Values) -> Any:
        held = get(values)
        return None if held is None else held.lower()

    return folded


def _like(pattern: str) -> Callable[[str], Any]:
    found = ""
    letters = iter(pattern.lower())
    for letter in letters:
        if letter == "\\":
            found += re.escape(next(letters, "\\"))
        else:
            found += {"%": ".*", "_": "."}.get(letter, re.escape(letter))
    return re.compile(found, re.S).fullmatch
