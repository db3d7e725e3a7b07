"""The condition of a legacy readByQuery: `FIELD operator 'value'`, with AND, OR, NOT and parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from backhaul.sandbox.sage_intacct.answers import NO_READ, Failed, Fault
from backhaul.sandbox.sage_intacct.company import Company, read_value
from backhaul.sandbox.sage_intacct.filters import Test, like
from backhaul.sandbox.sage_intacct.kinds import Field, Kind

_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.)*'|<=|>=|[<>=(),]|[A-Za-z_][\w.]*|-?\d+(?:\.\d+)?)")
_COMPARES: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a is not None and a < b,
    "<=": lambda a, b: a is not None and a <= b,
    ">": lambda a, b: a is not None and a > b,
    ">=": lambda a, b: a is not None and a >= b,
}


def condition(company: Company, kind: Kind, text: str) -> Test:
    """Raises Failed where it cannot be read."""
    if not text.strip():
        return lambda row: True
    return _Parser(company, kind, list(_tokens(text))).whole()


def wrong(said: str) -> Failed:
    return Failed(Fault(NO_READ, said, "There was an error processing the request."))


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise wrong(f"Invalid query near '{text[at:][:20].strip()}'")
        yield match[1]
        at = match.end()


class _Parser:
    def __init__(self, company: Company, kind: Kind, tokens: list[str]) -> None:
        self._company, self._kind, self._tokens = company, kind, tokens

    def whole(self) -> Test:
        test = self._any()
        if self._tokens:
            raise wrong(f"Invalid query near '{self._tokens[0]}'")
        return test

    def _next(self) -> str:
        if not self._tokens:
            raise wrong("The query ends too early")
        return self._tokens.pop(0)

    def _word(self, *words: str) -> bool:
        if self._tokens and self._tokens[0].upper() in words:
            self._tokens.pop(0)
            return True
        return False

    def _any(self) -> Test:
        tests = [self._all()]
        while self._word("OR"):
            tests.append(self._all())
        return lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._word("AND"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._word("NOT"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._word("("):
            inner = self._any()
            if not self._word(")"):
                raise wrong("A parenthesis is not closed")
            return inner
        return self._compared(self._next())

    def _compared(self, name: str) -> Test:
        field = self._kind.fields.get(name.upper()) or self._kind.fields.get(name)
        if field is None:
            raise wrong(f"The field {name} is not valid for {self._kind.name}")
        company, kind = self._company, self._kind

        def value_of(row: Any) -> Any:
            return company.value(kind, row, field.name)

        if self._word("IS"):
            wanted = not self._word("NOT")
            if not self._word("NULL"):
                raise wrong("IS is followed by NULL or NOT NULL")
            return lambda row: (value_of(row) is None) == wanted
        turned = self._word("NOT")
        if self._word("LIKE"):
            pattern = like(_unquoted(self._next()), folded=False)
            return lambda row: (pattern.fullmatch(str(value_of(row) or "")) is not None) != turned
        if self._word("IN"):
            among = set(self._listed(field))
            return lambda row: (value_of(row) in among) != turned
        operator = self._next()
        if operator not in _COMPARES or turned:
            raise wrong(f"The operator {operator} is not supported")
        value, holds = self._value(field, self._next()), _COMPARES[operator]
        return lambda row: holds(value_of(row), value)

    def _listed(self, field: Field) -> Iterator[Any]:
        if not self._word("("):
            raise wrong("IN is followed by a list")
        while True:
            yield self._value(field, self._next())
            if self._word(")"):
                return
            if not self._word(","):
                raise wrong("A list is parted by commas")

    def _value(self, field: Field, token: str) -> Any:
        try:
            return read_value(Field(field.name, field.type, field.label), _unquoted(token), self._company.zone)
        except ValueError as error:
            raise wrong(str(error)) from None


def _unquoted(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith("'") else token
