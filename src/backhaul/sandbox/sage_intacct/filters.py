"""What a query's filter means, and what is wrong with it: one condition, or `and`/`or` around two at least."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from backhaul.sandbox.sage_intacct.answers import NO_QUERY, Failed, Fault
from backhaul.sandbox.sage_intacct.company import Company, read_value
from backhaul.sandbox.sage_intacct.kinds import Field, Kind
from backhaul.sandbox.sage_intacct.xmlish import Element
from backhaul.sandbox.tables import Row

Test = Callable[[Row], bool]
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "equalto": lambda a, b: a == b,
    "lessthan": lambda a, b: a is not None and a < b,
    "lessthanorequalto": lambda a, b: a is not None and a <= b,
    "greaterthan": lambda a, b: a is not None and a > b,
    "greaterthanorequalto": lambda a, b: a is not None and a >= b,
    "notequalto": lambda a, b: a != b,
}
MOST_VALUES = 1000


class Filters:
    """Filters of one query."""

    def __init__(self, company: Company, kind: Kind, *, folded: bool) -> None:
        self._company, self._kind, self._folded = company, kind, folded

    def test(self, filter: Element | None) -> Test:
        """Raises Failed."""
        if filter is None:
            return lambda row: True
        if len(filter) != 1:
            raise refused("A filter holds one condition, or one of and, or")
        return self._one(filter[0])

    def _one(self, of: Element) -> Test:
        if of.tag in ("and", "or"):
            if len(of) < 2:
                raise refused(f"The operator {of.tag} needs two conditions at least")
            tests = [self._one(each) for each in of]
            together = all if of.tag == "and" else any
            return lambda row: together(test(row) for test in tests)
        field = self._field(of)
        texts = [(each.text or "").strip() for each in of.findall("value")]
        if strangers := [each.tag for each in of if each.tag not in ("field", "value")]:
            raise refused(f"Unknown element {strangers[0]} in {of.tag}")
        kind, company, name = self._kind, self._company, field.name

        def of_row(row: Row) -> Any:
            value = company.value(kind, row, name)
            return value.casefold() if self._folded and isinstance(value, str) else value

        match of.tag:
            case "isnull" | "isnotnull" if not texts:
                wanted = of.tag == "isnull"
                return lambda row: (of_row(row) is None) == wanted
            case "in" | "notin" if 0 < len(texts) <= MOST_VALUES:
                among = {self._value(field, text) for text in texts}
                inside = of.tag == "in"
                return lambda row: (of_row(row) in among) == inside
            case "between" if len(texts) == 2:
                low, high = (self._value(field, text) for text in texts)
                return lambda row: (value := of_row(row)) is not None and low <= value <= high
            case "like" | "notlike" if len(texts) == 1:
                pattern = like(texts[0], folded=self._folded)
                alike = of.tag == "like"
                return lambda row: (pattern.fullmatch(str(of_row(row) or "")) is not None) == alike
            case operator if operator in _ORDERED and len(texts) == 1:
                value, holds = self._value(field, texts[0]), _ORDERED[operator]
                return lambda row: holds(of_row(row), value)
        raise refused(f"The operator {of.tag} is not valid with {len(texts)} values")

    def _field(self, of: Element) -> Field:
        names = [(each.text or "").strip() for each in of.findall("field")]
        if len(names) != 1:
            raise refused(f"The operator {of.tag} takes one field")
        return field_of(self._company, self._kind, names[0])

    def _value(self, field: Field, text: str) -> Any:
        try:
            value = read_value(Field(field.name, field.type, field.label), text, self._company.zone)
        except ValueError as wrong:
            raise refused(str(wrong)) from None
        return value.casefold() if self._folded and isinstance(value, str) else value


def field_of(company: Company, kind: Kind, name: str) -> Field:
    """Raises Failed where the object has no such field."""
    found = kind.fields.get(name) or kind.fields.get(name.upper())
    if found is None:
        if company.variants["unknown_field"] == "quoted":
            raise refused(f"Error: there's no field '{name}' in the object {kind.name}")
        raise refused(f"Field {name} is not a valid field of the object {kind.name}")
    return found


def refused(said: str) -> Failed:
    return Failed(Fault(NO_QUERY, said, "Query failed", "Check the query and try again"))


@lru_cache(maxsize=256)
def like(text: str, *, folded: bool) -> re.Pattern[str]:
    """`%` is any text, `_` one letter."""
    parts = (".*" if each == "%" else "." if each == "_" else re.escape(each) for each in text)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL if folded else re.DOTALL)


def sortable(value: Any) -> Any:
    """Empty values first; kinds of values never meet in one column."""
    if isinstance(value, datetime):
        return (1, value.timestamp())
    if isinstance(value, date):
        return (1, value.toordinal())
    return (0, 0) if value is None else (1, value)
