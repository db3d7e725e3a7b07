"""SuiteQL's grammar: the part of it that integrations use, from text to a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, TypeAlias

_LEX = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)|(?P<string>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?|\.\d+)"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_$\#]*)|"(?P<quoted>[^"]+)"|(?P<sign><>|!=|<=|>=|\|\||[-+*/=<>(),.])""",
    re.DOTALL | re.VERBOSE,
)
_RESERVED = frozenset(
    {"SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "BETWEEN", "ORDER", "BY", "GROUP",
     "HAVING", "ASC", "DESC", "FETCH", "FIRST", "NEXT", "ROWS", "ROW", "ONLY", "JOIN", "INNER", "LEFT", "RIGHT", "FULL",
     "OUTER", "CROSS", "ON", "AS", "DISTINCT", "UNION", "LIMIT", "OFFSET", "WITH", "CASE"}
)  # fmt: skip
_KEYWORD_VALUES = ("SESSIONTIMEZONE", "SYSDATE", "CURRENT_DATE", "CURRENT_TIMESTAMP", "ROWNUM")


class BadSyntax(ValueError):
    """The text is no SuiteQL."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    qualifier: str | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | Decimal | None


@dataclass(frozen=True, slots=True)
class Star:
    qualifier: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Expression, ...]
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Binary:
    sign: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expression


@dataclass(frozen=True, slots=True)
class In:
    operand: Expression
    options: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Like:
    operand: Expression
    pattern: Expression


@dataclass(frozen=True, slots=True)
class IsNull:
    operand: Expression


Expression: TypeAlias = Column | Literal | Star | Call | Binary | Not | In | Like | IsNull


@dataclass(frozen=True, slots=True)
class Item:
    expression: Expression
    alias: str | None


@dataclass(frozen=True, slots=True)
class Source:
    table: str
    alias: str
    # None for the first table; else how it joins those before it.
    left: bool = False
    on: Expression | None = None


@dataclass(frozen=True, slots=True)
class Order:
    expression: Expression
    descending: bool


@dataclass(frozen=True, slots=True)
class Select:
    items: tuple[Item, ...]
    sources: tuple[Source, ...]
    distinct: bool = False
    where: Expression | None = None
    group: tuple[Expression, ...] = ()
    order: tuple[Order, ...] = ()
    first: int | None = None


def parse(text: str) -> Select:
    """The tree of one SELECT; BadSyntax says near what the text stops making sense."""
    return _Parser(text).select()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        place = 0
        while place < len(text):
            match = _LEX.match(text, place)
            if match is None or match.lastgroup is None:
                self._wrong(place)
            if match.lastgroup != "space":
                self._tokens.append((match.lastgroup, match[match.lastgroup], place))
            place = match.end()
        self._tokens.append(("end", "", len(text)))
        self._at = 0

    def _wrong(self, place: int | None = None) -> NoReturn:
        where = self._tokens[self._at][2] if place is None else place
        near = self._text[where : where + 40] or "end of text"
        raise BadSyntax(
            f"Invalid or unsupported search. Failed to parse SQL: syntax error at position {where}, near: {near}"
        )

    def _peek(self, *words: str) -> bool:
        kind, text, _ = self._tokens[self._at]
        return (kind == "name" and text.upper() in words) or (kind == "sign" and text in words)

    def _take(self, *words: str) -> str | None:
        if not self._peek(*words):
            return None
        self._at += 1
        return self._tokens[self._at - 1][1].upper()

    def _want(self, *words: str) -> str:
        taken = self._take(*words)
        if taken is None:
            self._wrong()
        return taken

    def _name(self) -> str:
        kind, text, _ = self._tokens[self._at]
        if kind not in ("name", "quoted") or (kind == "name" and text.upper() in _RESERVED):
            self._wrong()
        self._at += 1
        return text.lower()

    def select(self) -> Select:
        self._want("SELECT")
        distinct = bool(self._take("DISTINCT"))
        items = [self._item()]
        while self._take(","):
            items.append(self._item())
        self._want("FROM")
        sources = [self._source()]
        while (joined := self._join()) is not None:
            sources.append(joined)
        where = self._either() if self._take("WHERE") else None
        group: list[Expression] = []
        if self._take("GROUP"):
            self._want("BY")
            group.append(self._sum())
            while self._take(","):
                group.append(self._sum())
        order: list[Order] = []
        if self._take("ORDER"):
            self._want("BY")
            order.append(self._order())
            while self._take(","):
                order.append(self._order())
        first = self._fetch()
        if self._tokens[self._at][0] != "end":
            self._wrong()
        return Select(tuple(items), tuple(sources), distinct, where, tuple(group), tuple(order), first)

    def _item(self) -> Item:
        if self._take("*"):
            return Item(Star(), None)
        expression = self._sum()
        if isinstance(expression, Star):
            return Item(expression, None)
        if self._take("AS"):
            return Item(expression, self._name())
        kind, text, _ = self._tokens[self._at]
        bare = kind == "quoted" or (kind == "name" and text.upper() not in _RESERVED)
        return Item(expression, self._name() if bare else None)

    def _source(self) -> Source:
        table = self._name()
        self._take("AS")
        kind, text, _ = self._tokens[self._at]
        named = kind == "name" and text.upper() not in _RESERVED
        return Source(table, self._name() if named else table)

    def _join(self) -> Source | None:
        left = bool(self._take("LEFT"))
        if left:
            self._take("OUTER")
        elif not self._take("INNER") and not self._peek("JOIN"):
            return None
        self._want("JOIN")
        source = self._source()
        self._want("ON")
        return Source(source.table, source.alias, left, self._either())

    def _order(self) -> Order:
        expression = self._sum()
        return Order(expression, self._take("ASC", "DESC") == "DESC")

    def _fetch(self) -> int | None:
        if not self._take("FETCH"):
            return None
        self._want("FIRST", "NEXT")
        kind, text, _ = self._tokens[self._at]
        if kind != "number" or not text.isdigit():
            self._wrong()
        self._at += 1
        self._want("ROWS", "ROW")
        self._want("ONLY")
        return int(text)

    def _either(self) -> Expression:
        found = self._both()
        while self._take("OR"):
            found = Binary("OR", found, self._both())
        return found

    def _both(self) -> Expression:
        found = self._negation()
        while self._take("AND"):
            found = Binary("AND", found, self._negation())
        return found

    def _negation(self) -> Expression:
        return Not(self._negation()) if self._take("NOT") else self._comparison()

    def _comparison(self) -> Expression:
        left = self._sum()
        sign = self._take("=", "<>", "!=", "<", "<=", ">", ">=")
        if sign:
            return Binary("<>" if sign == "!=" else sign, left, self._sum())
        if self._take("IS"):
            negated = bool(self._take("NOT"))
            self._want("NULL")
            return Not(IsNull(left)) if negated else IsNull(left)
        negated = bool(self._take("NOT"))
        found: Expression
        if self._take("IN"):
            self._want("(")
            options = [self._sum()]
            while self._take(","):
                options.append(self._sum())
            self._want(")")
            # As Oracle does: a longer list is refused.
            if len(options) > 1000:
                raise BadSyntax(
                    "Invalid or unsupported search. ORA-01795: maximum number of expressions in a list is 1000"
                )
            found = In(left, tuple(options))
        elif self._take("LIKE"):
            found = Like(left, self._sum())
        elif self._take("BETWEEN"):
            low = self._sum()
            self._want("AND")
            found = Binary("AND", Binary(">=", left, low), Binary("<=", left, self._sum()))
        elif negated:
            self._wrong()
        else:
            return left
        return Not(found) if negated else found

    def _sum(self) -> Expression:
        found = self._product()
        while (sign := self._take("+", "-", "||")) is not None:
            found = Binary(sign, found, self._product())
        return found

    def _product(self) -> Expression:
        found = self._value()
        while (sign := self._take("*", "/")) is not None:
            found = Binary(sign, found, self._value())
        return found

    def _value(self) -> Expression:
        kind, text, _ = self._tokens[self._at]
        if self._take("-"):
            return Binary("-", Literal(Decimal(0)), self._value())
        if self._take("("):
            inner = self._either()
            self._want(")")
            return inner
        if kind == "string":
            self._at += 1
            # To Oracle the empty string is NULL.
            return Literal(text[1:-1].replace("''", "'") or None)
        if kind == "number":
            self._at += 1
            return Literal(Decimal(text))
        if self._take("NULL"):
            return Literal(None)
        if kind == "name" and text.upper() in _KEYWORD_VALUES:
            self._at += 1
            return Call(text.upper(), ())
        return self._reference()

    def _reference(self) -> Expression:
        name = self._name()
        if self._take("."):
            if self._take("*"):
                return Star(name)
            inner = self._name()
            if name == "builtin":
                return self._call(f"BUILTIN.{inner.upper()}")
            return Column(inner, name)
        return self._call(name.upper()) if self._peek("(") else Column(name)

    def _call(self, name: str) -> Call:
        self._want("(")
        if self._take(")"):
            return Call(name, ())
        if self._take("*"):
            self._want(")")
            return Call(name, (Star(),))
        distinct = bool(self._take("DISTINCT"))
        arguments = [self._sum()]
        while self._take(","):
            arguments.append(self._sum())
        self._want(")")
        return Call(name, tuple(arguments), distinct)
