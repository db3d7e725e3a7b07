"""SuiteQL expressions, compiled to functions of a row: typed, with NULL as SQL has it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from backhaul.sandbox.netsuite import dates
from backhaul.sandbox.netsuite.suiteql import Binary, Call, Column, Expression, In, IsNull, Like, Literal, Not, Star

Getter = Callable[[Any], Any]
NUMBERS = frozenset({"integer", "decimal"})
MOMENTS = frozenset({"date", "timestamp"})
AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX"})
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class BadExpression(ValueError):
    """The text is SuiteQL, but means nothing here."""


@dataclass(frozen=True, slots=True)
class Session:
    """What one user's session makes of dates and times."""

    zone: ZoneInfo
    zone_name: str
    date_format: str
    now: datetime

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def moment(self, local: datetime) -> datetime:
        return local.replace(tzinfo=self.zone).astimezone(UTC)

    def shown(self, value: date) -> str:
        """As a session shows a date nobody formatted: no time of day."""
        moment = self.local(value) if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
        return dates.SESSION_FORMATS[self.date_format][0](moment)


@dataclass(frozen=True, slots=True)
class Typed:
    """A compiled expression: its kind (integer, decimal, text, boolean, date, timestamp, null) and its value."""

    kind: str
    get: Getter
    constant: bool = False
    # For BUILTIN.DF: how a column of a row is displayed.
    display: Getter | None = None

    def value(self) -> Any:
        return self.get({})


class Scope(Protocol):
    """What names mean in one query."""

    def column(self, column: Column) -> Typed: ...


@dataclass(frozen=True, slots=True)
class Compiler:
    scope: Scope
    session: Session

    def compile(self, node: Expression) -> Typed:
        match node:
            case Column():
                return self.scope.column(node)
            case Literal(value):
                kind = "null" if value is None else "text" if isinstance(value, str) else "decimal"
                return _constant(kind, value)
            case Binary("AND" | "OR", left, right):
                return self._logical(node.sign, self.compile(left), self.compile(right))
            case Binary(sign, left, right) if sign in _SIGNS:
                return self._compared(sign, self.compile(left), self.compile(right))
            case Binary(sign, left, right):
                return self._calculated(sign, self.compile(left), self.compile(right))
            case Not(operand):
                inner = self.compile(operand).get
                return Typed("truth", lambda row: None if (v := inner(row)) is None else not v)
            case IsNull(operand):
                inner = self.compile(operand).get
                return Typed("truth", lambda row: inner(row) is None)
            case In(operand, options):
                return self._in(self.compile(operand), [self.compile(option) for option in options])
            case Like(operand, pattern):
                return self._like(self.compile(operand), self.compile(pattern))
            case Call():
                return self._call(node)
            case Star():
                raise BadExpression("Invalid or unsupported search: * stands in the wrong place")

    def condition(self, node: Expression) -> Getter:
        typed = self.compile(node)
        if typed.kind != "truth":
            raise BadExpression("Invalid or unsupported search: WHERE needs a condition")
        return typed.get

    def _logical(self, sign: str, left: Typed, right: Typed) -> Typed:
        if left.kind != "truth" or right.kind != "truth":
            raise BadExpression(f"Invalid or unsupported search: {sign} needs conditions on both sides")
        a, b = left.get, right.get

        def both(row: Any) -> bool | None:
            first = a(row)
            if first is False:
                return False
            second = b(row)
            return False if second is False else None if first is None or second is None else True

        def either(row: Any) -> bool | None:
            first = a(row)
            if first is True:
                return True
            second = b(row)
            return True if second is True else None if first is None or second is None else False

        return Typed("truth", both if sign == "AND" else either)

    def _compared(self, sign: str, left: Typed, right: Typed) -> Typed:
        if left.constant and not right.constant:
            return self._compared(_FLIPPED[sign], right, left)
        left, right = self.alike(left, right)
        a, b, test = left.get, right.get, _SIGNS[sign]
        if right.constant:
            fixed = right.value()
            if fixed is None:
                return Typed("truth", lambda row: None)
            return Typed("truth", lambda row: None if (v := a(row)) is None else test(v, fixed))
        return Typed("truth", lambda row: None if (v := a(row)) is None or (w := b(row)) is None else test(v, w))

    def _in(self, operand: Typed, options: list[Typed]) -> Typed:
        pairs = [self.alike(operand, option) for option in options]
        get = pairs[0][0].get
        if not all(option.constant for _, option in pairs):
            raise BadExpression("Invalid or unsupported search: IN takes a list of values")
        values = frozenset(option.value() for _, option in pairs)
        unknown = None if None in values else False
        return Typed("truth", lambda row: None if (v := get(row)) is None else True if v in values else unknown)

    def _like(self, operand: Typed, pattern: Typed) -> Typed:
        if not pattern.constant or pattern.kind != "text":
            raise BadExpression("Invalid or unsupported search: LIKE takes a text")
        text = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern.value())
        matches, get = re.compile(text, re.DOTALL).fullmatch, self._text(operand).get
        return Typed("truth", lambda row: None if (v := get(row)) is None else matches(v) is not None)

    def alike(self, left: Typed, right: Typed) -> tuple[Typed, Typed]:
        """Both sides of a comparison in one kind, converted as Oracle converts; errors where it would."""
        kinds = {left.kind, right.kind}
        if len(kinds) == 1 or "null" in kinds or kinds <= NUMBERS:
            return (self._text(left), self._text(right)) if kinds == {"boolean"} else (left, right)
        if kinds <= MOMENTS:
            return self._moment(left), self._moment(right)
        if "truth" in kinds:
            raise BadExpression("Invalid or unsupported search: a condition is no value")
        if "text" not in kinds:
            raise BadExpression(f"Invalid or unsupported search: inconsistent types {left.kind} and {right.kind}")
        other = next(iter(kinds - {"text"}))
        if other == "boolean":
            return self._text(left), self._text(right)
        if other in NUMBERS:
            return self._number(left), self._number(right)
        return self._from_session_text(left), self._from_session_text(right)

    def _text(self, typed: Typed) -> Typed:
        if typed.kind in ("text", "null"):
            return typed
        render, get = self.renderer(typed.kind), typed.get
        return Typed("text", lambda row: None if (v := get(row)) is None else render(v), typed.constant)

    def _number(self, typed: Typed) -> Typed:
        if typed.kind != "text":
            return typed
        if typed.constant:
            return _constant("decimal", _decimal(typed.value()))
        get = typed.get
        return Typed("decimal", lambda row: None if (v := get(row)) is None else _decimal(v))

    def _moment(self, typed: Typed) -> Typed:
        if typed.kind != "date":
            return typed
        moment, get = self.session.moment, typed.get

        def midnight(row: Any) -> datetime | None:
            v = get(row)
            return None if v is None else moment(datetime(v.year, v.month, v.day))  # noqa: DTZ001

        return _constant("timestamp", midnight({})) if typed.constant else Typed("timestamp", midnight)

    def _from_session_text(self, typed: Typed) -> Typed:
        """A bare text beside a date is read in the session's own date format, or refused."""
        if typed.kind != "text":
            return self._moment(typed)
        if not typed.constant:
            raise BadExpression("Invalid or unsupported search: a text column is compared with a date")
        read = self._read(typed.value(), dates.SESSION_FORMATS[self.session.date_format][1])
        return _constant("timestamp", self.session.moment(read))

    def _calculated(self, sign: str, left: Typed, right: Typed) -> Typed:
        a, b = left.get, right.get
        if sign == "||":
            a, b = self._text(left).get, self._text(right).get
            return Typed("text", lambda row: ((a(row) or "") + (b(row) or "")) or None)
        if left.kind in MOMENTS and right.kind in NUMBERS and sign in "+-":
            turn = 1 if sign == "+" else -1
            start = self._moment(left).get

            def moved(row: Any) -> datetime | None:
                v, days = start(row), b(row)
                return None if v is None or days is None else v + turn * timedelta(days=float(days))

            constant = left.constant and right.constant
            return Typed("timestamp", moved, constant)
        if not {left.kind, right.kind} <= NUMBERS:
            raise BadExpression(f"Invalid or unsupported search: {left.kind} {sign} {right.kind}")
        do = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[sign]

        def done(row: Any) -> Any:
            v, w = a(row), b(row)
            return None if v is None or w is None or (sign == "/" and not w) else do(Decimal(v), Decimal(w))

        return Typed("decimal", done, left.constant and right.constant)

    def _call(self, call: Call) -> Typed:
        session = self.session
        match call.name, call.arguments:
            case "SESSIONTIMEZONE", ():
                return _constant("text", session.zone_name)
            case "SYSDATE" | "CURRENT_DATE" | "CURRENT_TIMESTAMP", ():
                return _constant("timestamp", session.now)
            case "BUILTIN.DF", (Column() as column,):
                typed = self.scope.column(column)
                return Typed("text", typed.display) if typed.display else self._text(typed)
            case "TO_CHAR", (operand,):
                return self._text(self.compile(operand))
            case "TO_CHAR", (operand, Literal(str() as format)):
                return self._to_char(self.compile(operand), format)
            case (("TO_TIMESTAMP" | "TO_DATE"), (Literal(str() as text), Literal(str() as format))):
                return _constant("timestamp", session.moment(self._read(text, format)))
            case "TO_NUMBER", (operand,):
                return self._number(self.compile(operand))
            case ("UPPER" | "LOWER" | "TRIM") as name, (operand,):
                get = self._text(self.compile(operand)).get
                changes: dict[str, Callable[[str], str]] = {"UPPER": str.upper, "LOWER": str.lower, "TRIM": str.strip}
                change = changes[name]
                return Typed("text", lambda row: None if (v := get(row)) is None else change(v))
            case "NVL", (operand, fallback):
                left, right = self.alike(self.compile(operand), self.compile(fallback))
                a, b = left.get, right.get
                return Typed(left.kind, lambda row: b(row) if (v := a(row)) is None else v)
            case name, _ if name in AGGREGATES:
                raise BadExpression(f"Invalid or unsupported search: {name} is not allowed here")
        raise BadExpression(f"Invalid or unsupported search: unknown function {call.name} or wrong arguments")

    def _to_char(self, operand: Typed, format: str) -> Typed:
        if operand.kind not in MOMENTS:
            raise BadExpression(f"Invalid or unsupported search: TO_CHAR with a format of a {operand.kind} value")
        try:
            write = dates.writer(format)
        except dates.BadFormat as error:
            raise BadExpression(str(error)) from error
        get, local = operand.get, self.session.local
        if operand.kind == "date":
            return Typed(
                "text",
                lambda row: None if (v := get(row)) is None else write(datetime(v.year, v.month, v.day)),  # noqa: DTZ001
            )
        return Typed("text", lambda row: None if (v := get(row)) is None else write(local(v)), operand.constant)

    def _read(self, text: str, format: str) -> datetime:
        try:
            return dates.read(text, format)
        except dates.BadFormat as error:
            raise BadExpression(str(error)) from error

    def renderer(self, kind: str) -> Callable[[Any], str]:
        """How a value of this kind is spelt in an answer."""
        if kind in MOMENTS:
            return self.session.shown
        if kind == "boolean":
            return lambda value: "T" if value else "F"
        return _plain if kind in NUMBERS else str


def aggregated(name: str, values: Sequence[Any]) -> Any:
    """COUNT, SUM, MIN or MAX of what is not NULL."""
    present = [value for value in values if value is not None]
    match name:
        case "COUNT":
            return len(present)
        case "SUM":
            return sum(present) if present else None
        case "MIN":
            return min(present, default=None)
    return max(present, default=None)


def conjuncts(node: Expression | None) -> list[Expression]:
    """The conditions that must all hold."""
    if node is None:
        return []
    if isinstance(node, Binary) and node.sign == "AND":
        return conjuncts(node.left) + conjuncts(node.right)
    return [node]


def columns_of(node: object) -> set[str]:
    """The names of the columns that a tree mentions."""
    if isinstance(node, Column):
        return {node.name}
    if isinstance(node, Mapping | str) or not hasattr(node, "__dataclass_fields__"):
        return set().union(*(columns_of(part) for part in node)) if isinstance(node, tuple) else set()
    return set().union(*(columns_of(getattr(node, name)) for name in node.__dataclass_fields__))


def _constant(kind: str, value: Any) -> Typed:
    return Typed(kind, lambda row: value, constant=True)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise BadExpression("Invalid or unsupported search. ORA-01722: invalid number") from error


def _plain(value: Any) -> str:
    """A number without exponent or trailing zeros: 12.50 is shown as 12.5."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
