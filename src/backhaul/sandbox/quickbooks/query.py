"""QuickBooks' query language: `select * from Invoice where TxnDate >= '2026-01-01' orderby Id maxresults 9`.

One entity, conditions joined by AND, no functions but count(*). Values stand in single quotes, `\\'` within them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from backhaul.sandbox.quickbooks.answers import ZONE, invalid_query, parse_error
from backhaul.sandbox.quickbooks.company import Company
from backhaul.sandbox.quickbooks.entities import Entity, entity
from backhaul.sandbox.tables import Row

MOST, USUAL = 1000, 100
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w.]*)|(?P<sign><=|>=|[=<>(),*]))"
)
_OPERATORS = ("=", "<", ">", "<=", ">=", "in", "like")


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Select:
    """A parsed statement. fields: None for all."""

    of: Entity
    count: bool
    fields: frozenset[str] | None
    where: tuple[Condition, ...]
    order: tuple[tuple[str, bool], ...]
    start: int
    most: int


def parse(text: str) -> Select:
    """Raises Problem: 4000 where it is no statement, 4001 for what the entity does not have."""
    return _Parser(text).select()


class _Parser:
    def __init__(self, text: str) -> None:
        self._words = list(_tokens(text))
        self._place = 0

    def select(self) -> Select:
        self._expect("select")
        count, fields = self._projection()
        self._expect("from")
        named = self._name()
        of = entity(named)
        if of is None:
            raise invalid_query(f"Entity {named} not found")
        where: list[Condition] = []
        if self._is("where"):
            where.append(self._condition(of))
            while self._is("and"):
                where.append(self._condition(of))
        order = self._order(of)
        start = self._count_after("startposition", 1)
        most = min(self._count_after("maxresults", USUAL), MOST)
        if self._place < len(self._words):
            raise self._stuck()
        if fields is not None:
            for name in fields:
                if name.partition(".")[0] not in {*of.fields, "Id", "SyncToken", "MetaData"}:
                    raise invalid_query(f"Property {name} not found for Entity {of.name}")
        return Select(of, count, fields, tuple(where), order, start, most)

    def _projection(self) -> tuple[bool, frozenset[str] | None]:
        if self._is("*"):
            return False, None
        names = [self._name()]
        if names[0].lower() == "count" and self._is("("):
            self._expect("*")
            self._expect(")")
            return True, None
        while self._is(","):
            names.append(self._name())
        return False, frozenset(names)

    def _condition(self, of: Entity) -> Condition:
        field = self._field(of, "queryable")
        operator = self._word().lower()
        if operator not in _OPERATORS:
            self._place -= 1
            raise self._stuck()
        if operator != "in":
            return Condition(field, operator, (self._value(),))
        self._expect("(")
        values = [self._value()]
        while self._is(","):
            values.append(self._value())
        self._expect(")")
        return Condition(field, operator, tuple(values))

    def _order(self, of: Entity) -> tuple[tuple[str, bool], ...]:
        if self._is("order"):
            self._expect("by")
        elif not self._is("orderby"):
            return ()
        found = [self._ordered(of)]
        while self._is(","):
            found.append(self._ordered(of))
        return tuple(found)

    def _ordered(self, of: Entity) -> tuple[str, bool]:
        field = self._field(of, "sortable")
        down = self._is("desc")
        if not down:
            self._is("asc")
        return field, down

    def _field(self, of: Entity, able: str) -> str:
        name = self._name()
        known = {each.lower(): each for each in of.queryable}
        if name.lower() in known:
            return known[name.lower()]
        if name.partition(".")[0] in of.fields:
            raise invalid_query(f"property '{name}' is not {able}")
        raise invalid_query(f"Property {name} not found for Entity {of.name}")

    def _count_after(self, word: str, usual: int) -> int:
        if not self._is(word):
            return usual
        kind, text = self._next()
        if kind != "number" or not text.isdecimal():
            self._place -= 1
            raise self._stuck()
        return int(text)

    def _value(self) -> str:
        kind, text = self._next()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number" or text.lower() in ("true", "false"):
            return text
        self._place -= 1
        raise self._stuck()

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name":
            self._place -= 1
            raise self._stuck()
        return text

    def _word(self) -> str:
        return self._next()[1]

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._words):
            raise parse_error('Encountered "<EOF>"')
        self._place += 1
        return self._words[self._place - 1]

    def _is(self, word: str) -> bool:
        if self._place < len(self._words) and self._words[self._place][1].lower() == word:
            self._place += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._is(word):
            raise self._stuck()

    def _stuck(self) -> Exception:
        found = self._words[self._place][1] if self._place < len(self._words) else "<EOF>"
        return parse_error(f'Encountered "{found}" at word {self._place + 1}')


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise parse_error(f'Lexical error at column {at + 1}. Encountered: "{text[at]}"')
        at = match.end()
        yield str(match.lastgroup), match.group(str(match.lastgroup))


# Running one


def run(company: Company, select: Select) -> dict[str, Any]:
    """The `QueryResponse`. Without records it holds nothing at all."""
    rows = [row for row in company.live(select.of) if _holds(company, select, row)]
    if select.count:
        return {"totalCount": len(rows)}
    for field, down in reversed(select.order or (("Id", False),)):
        rows.sort(key=lambda row: _sortable(company, select.of, row, field), reverse=down)
    page = rows[max(select.start, 1) - 1 :][: select.most]
    if not page:
        return {}
    only = select.fields if company.variants["projection"] == "honoured" else None
    shown = [company.shown(select.of, row, only) for row in page]
    return {select.of.key: shown, "startPosition": max(select.start, 1), "maxResults": len(page)}


def _holds(company: Company, select: Select, row: Row) -> bool:
    # a list shows its inactive records only to a query that speaks of Active
    if select.of.listed and not row.values.get("Active", True) and all(c.field != "Active" for c in select.where):
        return False
    return all(_matches(company, select.of, row, each) for each in select.where)


def _value_of(of: Entity, row: Row, field: str) -> Any:
    if field == "Id":
        return row.id
    if field.startswith("MetaData."):
        at = row.created_at if field.endswith("CreateTime") else row.changed_at
        return at.replace(microsecond=0)
    value = row.values.get(field)
    if of.fields[field].kind == "ref" and value is not None:
        return value["value"]
    return value


def _matches(company: Company, of: Entity, row: Row, condition: Condition) -> bool:
    value = _value_of(of, row, condition.field)
    if value is None:
        return False
    if condition.operator == "like":
        pattern = ".*".join(re.escape(part) for part in condition.values[0].split("%"))
        return re.fullmatch(pattern, str(value), re.IGNORECASE) is not None
    read = _reader(company, of, condition.field)
    asked = [read(each) for each in condition.values]
    mine = read(value)
    match condition.operator:
        case "in":
            return mine in asked
        case "=":
            return bool(mine == asked[0])
        case "<":
            return bool(mine < asked[0])
        case ">":
            return bool(mine > asked[0])
        case "<=":
            return bool(mine <= asked[0])
    return bool(mine >= asked[0])


def _reader(company: Company, of: Entity, field: str) -> Callable[[Any], Any]:
    if field == "Id":
        return lambda value: _id(company, str(value))
    if field.startswith("MetaData."):
        return moment
    kind = of.fields[field].kind
    if kind == "boolean":
        return lambda value: str(value).lower() == "true"
    if kind == "number":
        return _number
    return lambda value: str(value).lower()


def _id(company: Company, id: str) -> tuple[int, str]:
    """Ids are compared as numbers, or as text; those that are no numbers come last."""
    if company.variants["id_order"] == "text" or not id.lstrip("-").isdecimal():
        return (1, id)
    return (0, f"{int(id) + 10**18:020d}")


def _sortable(company: Company, of: Entity, row: Row, field: str) -> Any:
    value = _value_of(of, row, field)
    if value is None:
        return (0,)
    return (1, _reader(company, of, field)(value))


def _number(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise invalid_query(f"value '{value}' is no number") from None


def moment(value: Any) -> datetime:
    """A time of a query or a parameter: ISO 8601; without an offset it is the company's own. Raises Problem."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    try:
        if len(str(value)) == 10:
            day = date.fromisoformat(str(value))
            return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise invalid_query(f"Invalid DateTime value '{value}'") from None
    return (at if at.tzinfo is not None else at.replace(tzinfo=ZONE)).astimezone(UTC)
