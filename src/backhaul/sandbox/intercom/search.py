"""Search: filters that nest, dates that are whole days or whole seconds, a cursor through what was found."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from backhaul.sandbox.intercom.answers import invalid, moment_of, refuse, seconds
from backhaul.sandbox.intercom.workspace import ZONE
from backhaul.sandbox.tables import Row

NESTED, GROUP = 2, 15
_TEXT = ("=", "!=", "IN", "NIN", "~", "!~", "^", "$")
_NUMBER = ("=", "!=", "IN", "NIN", ">", "<", ">=", "<=")
_DAY = ("=", ">", "<")
Value = Callable[[Row, str], Any]


class Fields:
    """What may be searched for: name -> its kind. by_day: dates are whole days of the workspace's zone."""

    def __init__(self, kinds: Mapping[str, str], value: Value, *, by_day: bool, prefixes: Mapping[str, str]) -> None:
        self._kinds = kinds
        self._value = value
        self._by_day = by_day
        self._prefixes = prefixes

    def kind(self, name: object) -> str:
        if not isinstance(name, str):
            invalid("field must be a text", "field")
        found = self._kinds.get(name)
        if found is None:
            found = next((kind for prefix, kind in self._prefixes.items() if name.startswith(prefix)), None)
        if found is None:
            invalid(f"{name} is not a searchable field", "field")
        return found

    def test(self, query: Any, depth: int = 0) -> Callable[[Row], bool]:
        """Whether a row holds a query. Raises Refused for one that is none."""
        if not isinstance(query, dict) or "operator" not in query or "value" not in query:
            refuse(400, "bad_request", "query needs an operator and a value")
        if query["operator"] in ("AND", "OR"):
            return self._group(query, depth)
        return self._single(query)

    def _group(self, query: Mapping[str, Any], depth: int) -> Callable[[Row], bool]:
        inner = query["value"]
        if set(query) != {"operator", "value"} or not isinstance(inner, list) or not inner:
            refuse(400, "bad_request", "a group holds a list of filters")
        if depth >= NESTED:
            refuse(400, "bad_request", f"Filters nest at most {NESTED} deep")
        if len(inner) > GROUP:
            refuse(400, "bad_request", f"A group holds at most {GROUP} filters")
        tests = [self.test(each, depth + 1) for each in inner]
        every = all if query["operator"] == "AND" else any
        return lambda row: every(test(row) for test in tests)

    def _single(self, query: Mapping[str, Any]) -> Callable[[Row], bool]:
        if set(query) != {"field", "operator", "value"}:
            refuse(400, "bad_request", "a filter has a field, an operator and a value")
        name, operator, wanted = query["field"], query["operator"], query["value"]
        kind = self.kind(name)
        allowed = {"date": _DAY if self._by_day else _NUMBER, "integer": _NUMBER}.get(kind, _TEXT)
        if operator not in allowed:
            invalid(f"{operator} is not supported for the field {name}", "operator")
        if kind == "date":
            compare = self._date(operator, wanted)
            return lambda row: (found := self._value(row, name)) is not None and compare(found)
        held = wanted if isinstance(wanted, list) else [wanted]
        if (operator in ("IN", "NIN")) != isinstance(wanted, list):
            invalid(f"{operator} with this value", "value")
        texts = [_plain(each) for each in held]
        return lambda row: _compares(operator, self._value(row, name), texts)

    def _date(self, operator: str, wanted: Any) -> Callable[[Any], bool]:
        held = wanted if isinstance(wanted, list) else [wanted]
        try:
            moments = [moment_of(each) for each in held]
        except ValueError as fault:
            invalid(str(fault), "value")
        if not self._by_day:
            numbers = [seconds(each) for each in moments]
            return lambda found: _number(operator, int(found), numbers)
        zone = ZoneInfo(ZONE)
        day = moments[0].astimezone(zone).date()

        def compare(found: Any) -> bool:
            theirs = datetime.fromtimestamp(int(found), UTC).astimezone(zone).date()
            return {"=": theirs == day, ">": theirs > day, "<": theirs < day}[operator]

        return compare


def _number(operator: str, found: int, wanted: Sequence[int]) -> bool:
    """Greater and lower mean "or equal", as the vendor words it for conversations and tickets."""
    match operator:
        case ">" | ">=":
            return found >= wanted[0]
        case "<" | "<=":
            return found <= wanted[0]
        case "=" | "IN":
            return found in wanted
    return found not in wanted


def _plain(value: Any) -> str:
    return str(value).lower()


def _compares(operator: str, found: Any, wanted: Sequence[str]) -> bool:
    if isinstance(found, list):
        return any(_compares(operator, each, wanted) for each in found)
    text = "" if found is None else _plain(found)
    match operator:
        case "=" | "IN":
            return text in wanted
        case "!=" | "NIN":
            return text not in wanted
        case "~":
            return wanted[0] in text
        case "!~":
            return wanted[0] not in text
        case "^":
            return text.startswith(wanted[0])
        case "$":
            return text.endswith(wanted[0])
    number, theirs = float(wanted[0]), float(found or 0)
    return {">": theirs > number, "<": theirs < number, ">=": theirs >= number, "<=": theirs <= number}[operator]


def page_of(
    rows: Sequence[Row], at: Callable[[Row], tuple[Any, str]], after: str | None, size: int, *, of: object, down: bool
) -> tuple[list[Row], str | None]:
    """A page of rows in order, and the cursor behind it, which is good for what it was given for."""
    digest = hashlib.sha256(repr(of).encode()).hexdigest()[:8]
    rows = sorted(rows, key=at, reverse=down)
    if after is not None:
        place = _read(after, digest)
        rows = [row for row in rows if (at(row) < place if down else at(row) > place)]
    page = rows[:size]
    cursor = msgspec.json.encode([*at(page[-1]), digest]) if len(rows) > size else None
    return page, None if cursor is None else base64.b64encode(cursor).decode()


def _read(cursor: str, digest: str) -> tuple[Any, str]:
    try:
        value, id, of = msgspec.json.decode(base64.b64decode(cursor.encode(), validate=True))
    except (ValueError, TypeError, binascii.Error, msgspec.DecodeError):
        invalid("starting_after is invalid", "starting_after")
    if of != digest:
        invalid("starting_after belongs to another query", "starting_after")
    return value, id
