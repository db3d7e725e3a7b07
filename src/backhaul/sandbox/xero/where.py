"""The filter language of `where=` and `order=`: comparisons of fields with strings, numbers, guid() and DateTime()."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w.]*)"""
    r"""|(?P<sign>==|!=|<>|<=|>=|&&|\|\||[=<>(),!]))"""
)
Record = Mapping[str, Any]
Test = Callable[[Record], bool]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class BadQuery(Exception):
    """The text is none of the language, or names a field that records do not have."""


def compile_where(text: str, known: Callable[[str], bool]) -> Test:
    """known: whether records have a field. Raises BadQuery."""
    parser = _Parser(_tokens(text), known)
    test = parser.either()
    parser.end()
    return test


def compile_order(text: str, known: Callable[[str], bool]) -> list[tuple[str, bool]]:
    """The fields to sort by, each with whether it descends. Raises BadQuery."""
    found = []
    for part in text.split(","):
        name, _, way = part.strip().partition(" ")
        if not known(name):
            raise BadQuery(f"No property or field '{name}' exists")
        if way.strip().upper() not in ("", "ASC", "DESC"):
            raise BadQuery(f"Syntax error in '{part.strip()}'")
        found.append((name, way.strip().upper() == "DESC"))
    return found


def value_of(record: Record, name: str) -> Any:
    """A field of a record, or of what it points at: `Contact.ContactID`."""
    value: Any = record
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def sortable(value: Any) -> tuple[bool, Any]:
    """Nothing sorts first."""
    return value is not None, value if value is not None else ""


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadQuery(f"Syntax error at index {at}")
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: Sequence[tuple[str, str]], known: Callable[[str], bool]) -> None:
        self._tokens = tokens
        self._known = known
        self._at = 0

    def either(self) -> Test:
        tests = [self._both()]
        while self._word("OR", "||"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._word("AND", "&&"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def _one(self) -> Test:
        if self._word("("):
            test = self.either()
            self._need(")")
            return test
        left = self._value()
        kind, sign = self._next()
        if kind != "sign" or sign not in _COMPARE:
            raise BadQuery(f"Syntax error near '{sign}'")
        right = self._value()

        def test_(record: Record) -> bool:
            a, b = _alike(left(record), right(record))
            if a is None or b is None:
                return _COMPARE[sign](a, b) if sign in ("=", "==", "!=", "<>") else False
            try:
                return _COMPARE[sign](a, b)
            except TypeError:
                raise BadQuery(f"Operator '{sign}' incompatible with operand types") from None

        return test_

    def _value(self) -> Callable[[Record], Any]:
        kind, word = self._next()
        if kind == "text":
            text = re.sub(r"\\(.)", r"\1", word[1:-1])
            return lambda record: text
        if kind == "number":
            number = Decimal(word)
            return lambda record: number
        if kind == "name" and self._word("("):
            return self._call(word)
        if word.lower() in ("true", "false", "null"):
            constant = {"true": True, "false": False, "null": None}[word.lower()]
            return lambda record: constant
        if kind != "name" or not self._known(word.split(".")[0]):
            raise BadQuery(f"No property or field '{word}' exists")
        return lambda record: value_of(record, word)

    def _call(self, name: str) -> Callable[[Record], Any]:
        arguments: list[str] = []
        while not self._word(")"):
            kind, word = self._next()
            if kind not in ("text", "number"):
                raise BadQuery(f"Syntax error near '{word}'")
            arguments.append(word)
            self._word(",")
        if name.lower() == "guid" and len(arguments) == 1 and arguments[0].startswith('"'):
            guid = arguments[0].strip('"').lower()
            return lambda record: guid
        if name == "DateTime" and len(arguments) in (3, 6):
            try:
                moment = datetime(*map(int, arguments), tzinfo=UTC)  # type: ignore[arg-type,misc]
            except ValueError:
                raise BadQuery("Year, Month, and Day parameters describe an un-representable DateTime.") from None
            return lambda record: moment
        raise BadQuery(f"No applicable method '{name}' exists")

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise BadQuery(f"Syntax error near '{self._tokens[self._at][1]}'")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise BadQuery("Unexpected end of expression")
        self._at += 1
        return self._tokens[self._at - 1]

    def _word(self, *words: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][1].upper() in words:
            self._at += 1
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._word(word):
            raise BadQuery(f"'{word}' expected")


def _alike(a: Any, b: Any) -> tuple[Any, Any]:
    """Text without regard to case, days as moments, numbers as decimals."""
    if isinstance(a, str) and isinstance(b, datetime):
        return _moment(a), b
    if isinstance(b, str) and isinstance(a, datetime):
        return a, _moment(b)
    if isinstance(a, str) and isinstance(b, str):
        return a.casefold(), b.casefold()
    return a, b


def _moment(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text[:10]), datetime.min.time(), UTC)
    except ValueError:
        return None
