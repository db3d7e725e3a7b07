"""What a query reads from: tables with their rows, what names mean among them, and joins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backhaul.sandbox.netsuite.catalog import TableType
from backhaul.sandbox.netsuite.expressions import BadExpression, Compiler, Getter, Session, Typed, conjuncts
from backhaul.sandbox.netsuite.suiteql import Binary, Column, Source
from backhaul.sandbox.tables import Row, Table

Joined = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """How answers are spelt, where the vendor's documentation leaves it open."""

    nulls: bool = False  # a NULL is null rather than left out
    numbers: bool = False  # numbers are bare rather than quoted
    timezone_key: str = "timezone"  # what becomes of the alias of SESSIONTIMEZONE
    unknown: str = "field"  # which of the vendor's two sentences names an unknown column


@dataclass(frozen=True, slots=True)
class Relation:
    """A table with its rows, and by which columns rows are found without looking at all of them."""

    type: TableType
    table: Table
    by: dict[str, Callable[[str], Iterable[Row]]] = field(default_factory=dict)
    # How BUILTIN.DF shows a column of a row; None: as it is spelt anyway.
    display: Callable[[str], Getter | None] = lambda column: None


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names of one query mean."""

    relations: tuple[tuple[str, Relation], ...]
    answers: Answers

    def column(self, column: Column) -> Typed:
        homes = [
            (i, relation)
            for i, (alias, relation) in enumerate(self.relations)
            if column.qualifier in (None, alias) and column.name in relation.type.columns
        ]
        if not homes:
            raise BadExpression(self._unknown(column))
        if len(homes) > 1:
            raise BadExpression(f"Invalid or unsupported search: column ambiguously defined: {column.name}")
        i, relation = homes[0]
        name = column.name
        stored, show = relation.type.columns[name].stored, relation.display(name)
        if len(self.relations) == 1:
            return Typed(stored, lambda row: row.get(name), display=show)
        return Typed(stored, lambda rows: rows[i].get(name), display=show and (lambda rows: show(rows[i])))

    def _unknown(self, column: Column) -> str:
        aliases = dict(self.relations)
        if column.qualifier is not None and column.qualifier not in aliases:
            known = ", ".join(f"{alias}={relation.type.name}" for alias, relation in aliases.items())
            return f"Unknown identifier '{column.qualifier}'. Available identifiers are: {{{known}}}"
        relation = aliases[column.qualifier] if column.qualifier else self.relations[0][1]
        table = relation.type
        if self.answers.unknown == "identifier":
            return f"Unknown identifier '{column.name}'. Available identifiers are: {{{table.name}={table.name}}}"
        reason = "REMOVED - Field is removed" if column.name in table.removed else "NOT_EXISTS - Field does not exist"
        return f"Field '{column.name}' for record '{table.name}' was not found. Reason: {reason}"


def joined(
    rows: list[Joined],
    relations: Sequence[tuple[str, Relation]],
    source: Source,
    answers: Answers,
    session: Session,
) -> list[Joined]:
    """Rows of all but the last relation, joined to it by the equality that its ON begins with."""
    alias, relation = relations[-1]
    compiler = Compiler(Scope(tuple(relations), answers), session)
    wheres = conjuncts(source.on)
    first = wheres[0]
    if not (isinstance(first, Binary) and first.sign == "="):
        raise BadExpression("Invalid or unsupported search: a join needs an equality first in its ON")
    sides = [side for side in (first.left, first.right) if isinstance(side, Column)]
    own = [side for side in sides if _belongs(side, alias, relation)]
    other = [side for side in sides if not _belongs(side, alias, relation)]
    if len(own) != 1 or len(other) != 1:
        raise BadExpression(
            f"Invalid or unsupported search: the join of {alias} does not compare a column of each side"
        )
    left, right = compiler.alike(compiler.compile(other[0]), compiler.compile(own[0]))
    blank: Mapping[str, Any] = {}
    padding: Joined = (blank,) * (len(relations) - 1)
    partners: dict[Any, list[Mapping[str, Any]]] = {}
    for row in relation.table.live():
        partners.setdefault(right.get((*padding, row.values)), []).append(row.values)
    partners.pop(None, None)
    tests = [compiler.condition(where) for where in wheres[1:]]
    found: list[Joined] = []
    for start in rows:
        matches: list[Joined] = [(*start, partner) for partner in partners.get(left.get((*start, blank)), ())]
        matches = [row for row in matches if all(test(row) for test in tests)]
        found += matches or ([(*start, blank)] if source.left else [])
    return found


def _belongs(column: Column, alias: str, relation: Relation) -> bool:
    return column.qualifier == alias or (column.qualifier is None and column.name in relation.type.columns)
