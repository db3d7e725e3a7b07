"""What a read asks for: `$select`, `$orderby`, `$filter`, and what `Prefer` says."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

import msgspec
from starlette.requests import Request

from backhaul.sandbox.dynamics365.answers import bad, moment_of, no_property
from backhaul.sandbox.dynamics365.columns import Column
from backhaul.sandbox.dynamics365.definitions import TableDefinition
from backhaul.sandbox.dynamics365.organization import Organization
from backhaul.sandbox.tables import Row

Test = Callable[[Row], bool]
OPTIONS = {"$select", "$filter", "$orderby", "$top", "$count", "$skiptoken", "$deltatoken", "$expand"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """The header `Prefer`."""

    size: int | None = None
    annotations: tuple[str, ...] = ()
    track: bool = False
    whole: bool = False

    @classmethod
    def of(cls, request: Request) -> Preferences:
        text = ",".join(request.headers.getlist("prefer"))
        size = re.search(r"odata\.maxpagesize=(\d+)", text)
        terms = re.search(r'odata\.include-annotations="?([^";]*)"?', text)
        return cls(
            int(size[1]) if size else None,
            tuple(each.strip() for each in terms[1].split(",")) if terms else (),
            "odata.track-changes" in text,
            "return=representation" in text,
        )


def parameters(request: Request) -> dict[str, str]:
    """The query options; one that OData does not have is refused. Aliases begin with `@`."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in OPTIONS and not name.startswith("@") and name != "tag":
            bad(f"The query parameter '{name}' is not supported.")
        found[name] = value
    return found


def selected(table: TableDefinition, found: Mapping[str, str]) -> dict[str, Column]:
    """The columns asked for by the names that they are read under; all of them where none is named."""
    readable = table.reads()
    if "$select" not in found:
        return readable
    names = [each.strip() for each in found["$select"].split(",") if each.strip()]
    for name in names:
        if name not in readable:
            no_property(name, table.name)
    return {name: readable[name] for name in names}


def ordered(organization: Organization, table: TableDefinition, rows: list[Row], text: str) -> list[Row]:
    for each in reversed([part.split() for part in text.split(",")]):
        name, direction = each[0], each[1] if len(each) > 1 else "asc"
        if name not in table.reads():
            no_property(name, table.name)
        if direction not in ("asc", "desc"):
            bad(f"Syntax error at position {len(name)} in '{text}'.")

        def place(row: Row, name: str = name) -> tuple[bool, Any]:
            value = organization.value(table, row, name)
            return value is not None, value if value is not None else ""

        rows = sorted(rows, key=place, reverse=direction == "desc")
    return rows


_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le
}  # fmt: skip
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<open>\()|(?P<close>\))|(?P<comma>,)|(?P<list>\[[^\]]*\])"
    r"|(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))|(?P<day>\d{4}-\d\d-\d\d)"
    r"|(?P<guid>[0-9a-fA-F]{8}-[0-9a-fA-F-]{27})|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>@?[A-Za-z_][\w.=/]*))"
)


class Filter:
    """A `$filter`: comparisons, `and`, `or`, `not`, brackets, `contains`, `startswith`, and the function `In`."""

    def __init__(
        self, organization: Organization, table: TableDefinition, text: str, aliases: Mapping[str, str]
    ) -> None:
        self._organization = organization
        self._table = table
        self._text = text
        self._aliases = aliases
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                self._wrong(at)
            self._tokens.append((match.lastgroup, str(match[match.lastgroup])))
            at = match.end()
        self._at = 0
        self.test = self._or()
        if self._at != len(self._tokens):
            self._wrong(len(text))

    def _wrong(self, at: int) -> NoReturn:
        bad(f"Syntax error at position {at} in '{self._text}'.")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, kind: str | None = None) -> str:
        found = self._peek()
        if found[0] == "end" or (kind is not None and found[0] != kind):
            self._wrong(len(self._text))
        self._at += 1
        return found[1]

    def _or(self) -> Test:
        tests = [self._and()]
        while self._peek() == ("word", "or"):
            self._take()
            tests.append(self._and())
        return lambda row: any(test(row) for test in tests)

    def _and(self) -> Test:
        tests = [self._one()]
        while self._peek() == ("word", "and"):
            self._take()
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        kind, word = self._peek()
        if kind == "open":
            self._take()
            inner = self._or()
            self._take("close")
            return inner
        if (kind, word) == ("word", "not"):
            self._take()
            negated = self._one()
            return lambda row: not negated(row)
        name = self._take("word")
        if self._peek()[0] == "open":
            return self._function(name)
        column = self._column(name)
        comparison = self._take("word")
        if comparison not in _COMPARED:
            self._wrong(self._at)
        return self._compared(name, column, comparison, self._value())

    def _column(self, name: str) -> Column:
        readable = self._table.reads()
        if name not in readable:
            no_property(name, self._table.name)
        return readable[name]

    def _value(self) -> Any:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")
        self._at += 1
        match kind:
            case "text":
                return text[1:-1].replace("''", "'")
            case "time":
                return moment_of(text)
            case "number":
                return float(text)
            case "day" | "guid":
                return text.lower()
            case "word" if text in ("null", "true", "false"):
                return {"null": None, "true": True, "false": False}[text]
            case "word" if text.startswith("@"):
                return self._aliases.get(text, "").strip("'").replace("''", "'")
        return self._wrong(len(self._text))

    def _compared(self, name: str, column: Column, how: str, wanted: Any) -> Test:
        timed = column.kind == "time"
        if timed and not isinstance(wanted, datetime) and wanted is not None:
            bad(f"A binary operator with incompatible types was detected for '{name}'.")
        if column.kind in ("int", "money", "decimal", "pick", "state", "status") and isinstance(wanted, str):
            bad(f"A binary operator with incompatible types was detected for '{name}'.")

        def test(row: Row) -> bool:
            held = self._organization.value(self._table, row, name)
            if wanted is None or held is None:
                return (held == wanted) if how == "eq" else (held != wanted) if how == "ne" else False
            one: Any = moment_of(held) if timed else held.lower() if isinstance(held, str) else held
            other: Any = wanted.lower() if isinstance(wanted, str) else wanted
            return bool(_COMPARED[how](one, other))

        return test

    def _function(self, name: str) -> Test:
        self._take("open")
        if name in ("contains", "startswith", "endswith"):
            column = self._take("word")
            self._column(column)
            self._take("comma")
            text = str(self._value()).lower()
            self._take("close")

            def found(row: Row) -> bool:
                held = str(self._organization.value(self._table, row, column) or "").lower()
                return {"contains": text in held, "startswith": held.startswith(text), "endswith": held.endswith(text)}[
                    name
                ]

            return found
        if name != "Microsoft.Dynamics.CRM.In":
            bad(f"An unknown function with name '{name}' was found.")
        return self._in()

    def _in(self) -> Test:
        if self._take("word") != "PropertyName=":
            self._wrong(self._at)
        name = str(self._value())
        self._column(name)
        self._take("comma")
        if self._take("word") != "PropertyValues=":
            self._wrong(self._at)
        try:
            values = {str(each).lower() for each in msgspec.json.decode(self._take("list"))}
        except msgspec.DecodeError:
            self._wrong(self._at)
        self._take("close")
        return lambda row: str(self._organization.value(self._table, row, name)).lower() in values
