"""SOQL: text to a tree, as strict as the vendor about quotes, brackets and the order of clauses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from backhaul.sandbox.salesforce.calls import Refusal


class SoqlError(Refusal):
    """A refused query; the message holds the place, as the vendor's does."""

    def __init__(self, query: str, position: int, code: str, message: str) -> None:
        start = max(0, position - 20)
        snippet = query[start : position + 20].replace("\n", " ")
        row = query.count("\n", 0, position) + 1
        column = position - (query.rfind("\n", 0, position) + 1) + 1
        place = f"\n{snippet}\n{' ' * (position - start)}^\nERROR at Row:{row}:Column:{column}\n"
        super().__init__(400, code, place + message)


@dataclass(frozen=True, slots=True)
class Path:
    """A field, or a parent's field: `Owner.Name`."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    """`kind` is string, number, boolean, null, date, datetime or days (a date word such as LAST_N_DAYS:7)."""

    kind: str
    value: str | float | bool | date | datetime | None
    at: int
    days: tuple[int, int] = (0, 0)  # of a date word: its first day, and the one after its last, from today


@dataclass(frozen=True, slots=True)
class Comparison:
    path: Path
    operator: str  # = != < <= > >= LIKE IN NOT IN
    literals: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """AND or OR of several conditions, or NOT of one."""

    operator: str
    items: tuple[Comparison | Logic, ...]


Condition = Comparison | Logic


@dataclass(frozen=True, slots=True)
class Sort:
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(slots=True)
class Query:
    """`count` is `` (none), `()` or the field counted. `beyond` names what is valid SOQL but not simulated."""

    text: str
    select: list[Path] = field(default_factory=list)
    all_fields: str = ""  # ALL, STANDARD or CUSTOM of FIELDS(...)
    count: str = ""
    object: str = ""
    object_at: int = 0
    where: Condition | None = None
    order: list[Sort] = field(default_factory=list)
    limit: int | None = None
    offset: int | None = None
    beyond: list[str] = field(default_factory=list)


_TOKEN = re.compile(
    r"\s*(?:(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d)(?![\w:])"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w:])"
    r"|(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<word>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*(?::\d+)?)"
    r"|(?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,))",
    re.S,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_RESERVED = frozenset({
    "AND", "ASC", "BY", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST", "LIKE",
    "LIMIT", "NOT", "NULL", "NULLS", "OFFSET", "OR", "ORDER", "SELECT", "USING", "WHERE", "WITH",
})  # fmt: skip
_DAYS = {"TODAY": (0, 1), "YESTERDAY": (-1, 0), "TOMORROW": (1, 2)}
_AGGREGATES = frozenset({"SUM", "AVG", "MIN", "MAX", "COUNT_DISTINCT"})


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Query:
    """The tree of one query; SoqlError when it is none."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._next = 0

    def _split(self) -> list[_Token]:
        found: list[_Token] = []
        place = 0
        while place < len(self._text):
            match = _TOKEN.match(self._text, place)
            if match is None or match.end() == place:
                rest = self._text[place:]
                if not rest.strip():
                    break
                at = place + len(rest) - len(rest.lstrip())
                raise self._error(at, f"unexpected token: '{self._text[at : at + 1]}'")
            kind = match.lastgroup or ""
            found.append(_Token(kind, match.group(kind), match.start(kind)))
            place = match.end()
        found.append(_Token("end", "<EOF>", len(self._text)))
        return found

    def _error(self, at: int, message: str, code: str = "MALFORMED_QUERY") -> SoqlError:
        return SoqlError(self._text, at, code, message)

    def _unexpected(self) -> SoqlError:
        token = self._peek()
        return self._error(token.at, f"unexpected token: '{token.text}'")

    def _peek(self, ahead: int = 0) -> _Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> _Token:
        token = self._peek()
        self._next += 1
        return token

    def _is(self, *words: str) -> bool:
        """Do these come next?"""
        return all(self._peek(n).text.upper() == word for n, word in enumerate(words))

    def _accept(self, *words: str) -> bool:
        if not self._is(*words):
            return False
        self._next += len(words)
        return True

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self._unexpected()

    def query(self) -> Query:
        query = Query(self._text)
        self._expect("SELECT")
        self._select(query)
        self._expect("FROM")
        query.object_at = self._peek().at
        # Order and Group are objects, though the words are reserved everywhere else.
        query.object = self._take().text if self._is("ORDER") or self._is("GROUP") else self._word()
        if self._accept("USING", "SCOPE"):
            self._word()
            query.beyond.append("USING SCOPE")
        if self._accept("WHERE"):
            query.where = self._condition()
        if self._accept("WITH"):
            self._word()
            query.beyond.append("WITH")
        if self._accept("GROUP", "BY"):
            query.beyond.append("GROUP BY")
            self._skip_list()
        if self._accept("ORDER", "BY"):
            query.order.append(self._sort())
            while self._accept(","):
                query.order.append(self._sort())
        if self._accept("LIMIT"):
            query.limit = self._count()
        if self._accept("OFFSET"):
            query.offset = self._count()
        if self._accept("FOR"):
            query.beyond.append("FOR " + self._word().upper())
        if self._peek().kind != "end":
            raise self._unexpected()
        return query

    def _select(self, query: Query) -> None:
        while True:
            if self._is("("):
                query.beyond.append("child subquery")
                self._skip_brackets()
            elif self._is("TYPEOF"):
                query.beyond.append("TYPEOF")
                while not self._accept("END"):
                    if self._take().kind == "end":
                        raise self._unexpected()
            elif self._is("FIELDS", "("):
                self._next += 2
                query.all_fields = self._word().upper()
                if query.all_fields not in ("ALL", "STANDARD", "CUSTOM"):
                    raise self._error(self._peek(-1).at, f"unexpected token: '{query.all_fields}'")
                self._expect(")")
            elif self._is("COUNT", "("):
                self._next += 2
                query.count = "()" if self._is(")") else self._path().text
                self._expect(")")
            elif self._peek().text.upper() in _AGGREGATES and self._peek(1).text == "(":
                query.beyond.append("aggregate function")
                self._take()
                self._skip_brackets()
            else:
                query.select.append(self._path())
            if not self._accept(","):
                break
        if query.count and (query.select or query.all_fields):
            query.beyond.append("GROUP BY")

    def _skip_brackets(self) -> None:
        depth = 0
        while True:
            token = self._take()
            if token.kind == "end":
                raise self._unexpected()
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0:
                return

    def _skip_list(self) -> None:
        self._path()
        while self._accept(","):
            self._path()

    def _word(self) -> str:
        token = self._peek()
        if token.kind != "word" or token.text.upper() in _RESERVED:
            raise self._unexpected()
        return self._take().text

    def _path(self) -> Path:
        at = self._peek().at
        text = self._word()
        if ":" in text:
            raise self._error(at, f"unexpected token: '{text}'")
        return Path(text, at)

    def _count(self) -> int:
        token = self._take()
        if token.kind != "number" or not token.text.isdigit():
            raise self._error(token.at, f"unexpected token: '{token.text}'")
        return int(token.text)

    def _sort(self) -> Sort:
        path = self._path()
        descending = self._accept("DESC")
        if not descending:
            self._accept("ASC")
        last = False
        if self._accept("NULLS"):
            last = self._accept("LAST")
            if not last:
                self._expect("FIRST")
        return Sort(path, descending, last)

    def _condition(self) -> Condition:
        """AND and OR do not mix without brackets, and NOT stands first, alone, with one condition after it."""
        if self._accept("NOT"):
            return Logic("NOT", (self._simple(),))
        first = self._simple()
        for word in ("AND", "OR"):
            if self._is(word):
                items = [first]
                while self._accept(word):
                    items.append(self._simple())
                return Logic(word, tuple(items))
        return first

    def _simple(self) -> Condition:
        if self._accept("("):
            found = self._condition()
            self._expect(")")
            return found
        path = self._path()
        token = self._take()
        operator = "!=" if token.text == "<>" else token.text.upper()
        if operator == "NOT" and self._accept("IN"):
            operator = "NOT IN"
        if operator in ("IN", "NOT IN"):
            return Comparison(path, operator, self._list())
        if operator in ("=", "!=", "<", "<=", ">", ">=", "LIKE"):
            return Comparison(path, operator, (self._literal(),))
        raise self._error(token.at, f"unexpected token: '{token.text}'")

    def _list(self) -> tuple[Literal, ...]:
        self._expect("(")
        if self._is("SELECT"):
            raise self._error(self._peek().at, "semi joins are not simulated", "NOT_SIMULATED")
        found = [self._literal()]
        while self._accept(","):
            found.append(self._literal())
        self._expect(")")
        return tuple(found)

    def _literal(self) -> Literal:
        token = self._take()
        match token.kind:
            case "string":
                return Literal("string", self._unescaped(token), token.at)
            case "number":
                return Literal("number", float(token.text), token.at)
            case "date" | "datetime":
                try:
                    moment = datetime.fromisoformat(token.text)
                except ValueError:
                    raise self._error(token.at, f"Invalid date: {token.text}", "INVALID_FIELD") from None
                if token.kind == "date":
                    return Literal("date", moment.date(), token.at)
                return Literal("datetime", moment.astimezone(UTC), token.at)
            case "word":
                word = token.text.upper()
                if word in ("TRUE", "FALSE"):
                    return Literal("boolean", word == "TRUE", token.at)
                if word == "NULL":
                    return Literal("null", None, token.at)
                if word in _DAYS:
                    return Literal("days", None, token.at, _DAYS[word])
                name, _, number = word.partition(":")
                if name == "LAST_N_DAYS" and number:
                    return Literal("days", None, token.at, (-int(number), 1))
                if name == "NEXT_N_DAYS" and number:
                    return Literal("days", None, token.at, (1, int(number) + 1))
        raise self._error(token.at, f"unexpected token: '{token.text}'")

    def _unescaped(self, token: _Token) -> str:
        body = token.text[1:-1]
        if "\\" not in body:
            return body
        found: list[str] = []
        letters = iter(range(len(body)))
        for place in letters:
            if body[place] != "\\":
                found.append(body[place])
                continue
            escape = body[next(letters)]
            if escape in "_%":
                # Kept for LIKE, which tells an escaped wildcard from a bare one.
                found.append("\\" + escape)
            elif escape in _ESCAPES:
                found.append(_ESCAPES[escape])
            else:
                raise self._error(token.at, f"Invalid string literal '{body}'. Illegal character sequence '\\{escape}'")
        return "".join(found)
