"""Encoded queries, `state=1^ORstate=2^sys_id>0^ORDERBYsys_id`: parsed, and tried on records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from backhaul.sandbox.servicenow.answers import moment_of, stamp
from backhaul.sandbox.servicenow.columns import Column

_TERM = re.compile(
    r"([a-z_][a-z0-9_.]*)(NOT IN|!=|>=|<=|=|>|<|IN|STARTSWITH|ENDSWITH|LIKE|ISNOTEMPTY|ISEMPTY|BETWEEN)(.*)", re.DOTALL
)
Record = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Term:
    column: Column
    path: str
    operator: str
    value: str

    def holds(self, found: str) -> bool:
        match self.operator:
            case "=":
                return found.lower() == self.value.lower()
            case "!=":
                return found.lower() != self.value.lower()
            case "IN":
                return found.lower() in self.value.lower().split(",")
            case "NOT IN":
                return found.lower() not in self.value.lower().split(",")
            case "STARTSWITH":
                return found.lower().startswith(self.value.lower())
            case "ENDSWITH":
                return found.lower().endswith(self.value.lower())
            case "LIKE":
                return self.value.lower() in found.lower()
            case "ISEMPTY":
                return found == ""
            case "ISNOTEMPTY":
                return found != ""
            case "BETWEEN":
                low, _, high = self.value.partition("@")
                return self._compares(found, low, lambda a, b: a >= b) and self._compares(
                    found, high, lambda a, b: a <= b
                )
            case ">":
                return self._compares(found, self.value, lambda a, b: a > b)
            case ">=":
                return self._compares(found, self.value, lambda a, b: a >= b)
            case "<":
                return self._compares(found, self.value, lambda a, b: a < b)
            case _:
                return self._compares(found, self.value, lambda a, b: a <= b)

    def _compares(self, found: str, wanted: str, how: Callable[[Any, Any], bool]) -> bool:
        one, other = self.column.compared(found), self.column.compared(wanted)
        return one is not None and other is not None and how(one, other)


@dataclass(frozen=True, slots=True)
class Parsed:
    """queries: any of them, each of groups that all hold, each of terms of which one does. order: column, descending.

    unknown: terms that name no column here, or are none.
    """

    queries: tuple[tuple[tuple[Term, ...], ...], ...]
    order: tuple[tuple[str, bool], ...]
    unknown: tuple[str, ...]

    def holds(self, walk: Callable[[str], str]) -> bool:
        return any(all(any(each.holds(walk(each.path)) for each in group) for group in query) for query in self.queries)


def parse(
    text: str,
    find: Callable[[str], Column | None],
    script: Callable[[str], str | None],
    zone: str,
    *,
    later: bool = False,
) -> Parsed:
    """find: the column that a path leads to. script: what a value that is a script gives. zone: of the user.

    later: of an hour that comes twice there, the second is meant."""
    queries: list[list[list[Term]]] = [[]]
    order: list[tuple[str, bool]] = []
    unknown: list[str] = []
    for piece in _pieces(text):
        if piece in ("", "EQ"):
            continue
        if piece.startswith("ORDERBY"):
            path = piece.removeprefix("ORDERBY").removeprefix("DESC")
            if find(path) is None:
                unknown.append(piece)
            else:
                order.append((path, piece.startswith("ORDERBYDESC")))
            continue
        rest = piece
        if rest.startswith("NQ"):
            queries.append([])
            rest = rest[2:]
        either = rest.startswith("OR")
        term = _term(rest[2:] if either else rest, find, script, zone, later=later)
        if term is None:
            unknown.append(piece)
        elif either and queries[-1]:
            queries[-1][-1].append(term)
        else:
            queries[-1].append([term])
    return Parsed(tuple(tuple(map(tuple, each)) for each in queries), tuple(order), tuple(unknown))


def _pieces(text: str) -> Iterable[str]:
    """Parted by carets; two of them are one that stands in a value."""
    return (each.replace("\0", "^") for each in text.replace("^^", "\0").split("^"))


def _term(
    text: str, find: Callable[[str], Column | None], script: Callable[[str], str | None], zone: str, *, later: bool
) -> Term | None:
    match = _TERM.fullmatch(text)
    column = find(match[1]) if match is not None else None
    if match is None or column is None:
        return None
    value: str | None = match[3]
    if match[3].startswith("javascript:"):
        value = script(match[3].removeprefix("javascript:"))
    elif column.kind in ("glide_date_time", "due_date") and match[2] in ("=", "!=", ">", ">=", "<", "<="):
        value = _in_utc(match[3], zone, later=later)
    return None if value is None else Term(column, match[1], match[2], value)


def _in_utc(text: str, zone: str, *, later: bool) -> str | None:
    """A moment of the user's zone. later: of an hour that comes twice, the second is meant."""
    if text == "":
        return ""
    local = moment_of(text)
    if local is None:
        return None
    moment = local.replace(tzinfo=ZoneInfo(zone), fold=int(later))
    return stamp(moment.astimezone(UTC))
