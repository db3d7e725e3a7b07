"""Running SuiteQL: a page of the rows that a query finds now, without sorting the world for every page."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from backhaul.sandbox.netsuite.catalog import TableType
from backhaul.sandbox.netsuite.expressions import BadExpression, Compiler, Session, columns_of, conjuncts
from backhaul.sandbox.netsuite.relations import Answers, Relation, Scope, joined
from backhaul.sandbox.netsuite.results import (
    aggregates,
    encode_rows,
    encoded,
    expanded,
    grouped,
    names,
    order_expression,
    projected,
    sorted_rows,
)
from backhaul.sandbox.netsuite.suiteql import Binary, Call, Column, Expression, In, Item, Literal, Order, Select, parse
from backhaul.sandbox.tables import Row, Table

_REMEMBERED = 8


@dataclass(frozen=True, slots=True)
class Page:
    items: list[bytes]
    total: int


@dataclass(frozen=True, slots=True)
class _Context:
    """What one query runs in. `lag`: seconds before a change can be found by its time."""

    compiler: Compiler
    answers: Answers
    lag: float


class Engine:
    """Runs queries over relations. Found rows are remembered until their table changes: the same as re-running."""

    def __init__(self, relation: Callable[[str], Relation]) -> None:
        self._relation = relation
        self._found: OrderedDict[object, tuple[int, list[Row], list[int]]] = OrderedDict()

    def page(self, text: str, session: Session, answers: Answers, *, limit: int, offset: int, lag: float = 0.0) -> Page:
        """BadSyntax, BadExpression, or the items of one page, encoded, and how many rows there are in all."""
        select = parse(text)
        if [source.table for source in select.sources] == ["dual"]:
            return _dual(select, session, answers)
        relations = tuple((source.alias, self._relation(source.table)) for source in select.sources)
        if len({alias for alias, _ in relations}) < len(relations):
            raise BadExpression("Invalid or unsupported search: the same alias is used twice")
        context = _Context(Compiler(Scope(relations, answers), session), answers, lag)
        select, most = _rownum(select)
        items = expanded(select, relations)
        summed = aggregates(select, items)
        if not summed and not select.distinct and len(relations) == 1 and most is None:
            return self._plain(select, items, relations[0][1], context, limit, offset)
        rows = self._rows(select, relations, context)[:most]
        make = grouped if summed else projected
        found = make(select, items, rows, context.compiler)[: select.first]
        labels, renders = names(items), [context.compiler.renderer(kind) for kind in found.kinds]
        part = found.rows[offset : offset + limit]
        return Page([encoded(labels, found.kinds, renders, row, answers) for row in part], len(found.rows))

    def _plain(
        self, select: Select, items: Sequence[Item], relation: Relation, context: _Context, limit: int, offset: int
    ) -> Page:
        """Columns of one table: what nearly every query is."""
        order = tuple(replace(one, expression=order_expression(one, items)) for one in select.order)
        rows, start = self._ordered(conjuncts(select.where), order, relation, context)
        total = len(rows) - start
        total = total if select.first is None else min(total, select.first)
        chosen = rows[start + offset : start + min(offset + limit, total)]
        return Page(encode_rows(chosen, items, context.compiler, context.answers), total)

    def _ordered(
        self, wheres: list[Expression], order: tuple[Order, ...], relation: Relation, context: _Context
    ) -> tuple[list[Row], int]:
        """The rows in order, and where those begin that a keyset condition asks for."""
        compiler = context.compiler
        lookup = _lookup(wheres, relation)
        if lookup is not None or context.lag:
            rows = _indexed(_matching(wheres, relation, compiler, lookup), wheres, relation, context)
            return sorted_rows(rows, order, compiler), 0
        after, rest = _keyset(order, wheres, relation)
        known = self._known(rest, order, relation, compiler, after is not None)
        if after is None:
            return known[1], 0
        sign, value = after
        return known[1], (bisect_right if sign == ">" else bisect_left)(known[2], value)

    def _known(
        self, wheres: list[Expression], order: tuple[Order, ...], relation: Relation, compiler: Compiler, by_id: bool
    ) -> tuple[int, list[Row], list[int]]:
        version = relation.table.version
        moving = any("SYSDATE" in repr(where) or "CURRENT_" in repr(where) for where in wheres)
        session = compiler.session
        key = (relation.type.name, tuple(wheres), order, session.zone_name, session.date_format, by_id)
        known = self._found.get(key)
        if known is None or known[0] != version or moving:
            rows = sorted_rows(_matching(wheres, relation, compiler, None), order, compiler)
            known = (version, rows, [row.values["id"] for row in rows] if by_id else [])
            self._found[key] = known
            if len(self._found) > _REMEMBERED:
                self._found.popitem(last=False)
        self._found.move_to_end(key)
        return known

    def _rows(self, select: Select, relations: Sequence[tuple[str, Relation]], context: _Context) -> list[Any]:
        """Rows of one table, or tuples of rows of several, filtered, not yet in order."""
        if len(relations) == 1:
            relation = relations[0][1]
            wheres = conjuncts(select.where)
            rows = _matching(wheres, relation, context.compiler, _lookup(wheres, relation))
            return [row.values for row in _indexed(rows, wheres, relation, context)]
        found: list[Any] = [(row.values,) for row in relations[0][1].table.live()]
        for place in range(1, len(relations)):
            part, source = relations[: place + 1], select.sources[place]
            found = joined(found, part, source, context.answers, context.compiler.session)
        test = context.compiler.condition(select.where) if select.where is not None else None
        return [row for row in found if test is None or test(row)]


def _matching(
    wheres: Sequence[Expression], relation: Relation, compiler: Compiler, lookup: Iterable[Row] | None
) -> list[Row]:
    tests = [compiler.condition(where) for where in wheres]
    found = [row for row in (relation.table.order if lookup is None else lookup) if row.live]
    for test in tests:
        found = [row for row in found if test(row.values)]
    return found


def _indexed(rows: list[Row], wheres: Sequence[Expression], relation: Relation, context: _Context) -> list[Row]:
    """A query by time of change does not find what changed only just now."""
    if not context.lag or not any(relation.type.changed in columns_of(where) for where in wheres):
        return rows
    horizon = context.compiler.session.now - timedelta(seconds=context.lag)
    return [row for row in rows if row.changed_at <= horizon]


def _dual(select: Select, session: Session, answers: Answers) -> Page:
    dual = Relation(TableType("dual", {}), Table("dual"))
    compiler = Compiler(Scope((("dual", dual),), answers), session)
    typed = [compiler.compile(item.expression) for item in select.items]
    labels = names(select.items)
    for i, item in enumerate(select.items):
        if item.expression == Call("SESSIONTIMEZONE", ()) and answers.timezone_key == "expr1":
            labels[i] = f"expr{i + 1}"
    kinds = [one.kind for one in typed]
    row = tuple(one.value() for one in typed)
    return Page([encoded(labels, kinds, [compiler.renderer(kind) for kind in kinds], row, answers)], 1)


def _rownum(select: Select) -> tuple[Select, int | None]:
    """Take `ROWNUM <= n` out of WHERE."""
    most: int | None = None
    rest: Expression | None = None
    for where in conjuncts(select.where):
        match where:
            case Binary("<=" | "<" as sign, Call("ROWNUM", ()), Literal(Decimal() as n)):
                most = int(n) - (sign == "<")
            case _:
                rest = where if rest is None else Binary("AND", rest, where)
    return replace(select, where=rest), most


def _lookup(wheres: Sequence[Expression], relation: Relation) -> list[Row] | None:
    """The only rows that can match, when a condition names them by an indexed column."""
    for where in wheres:
        values: list[str | Decimal | None] = []
        match where:
            case Binary("=", Column(name), Literal(value)) if name in relation.by:
                values = [value]
            case In(Column(name), options) if name in relation.by and all(isinstance(o, Literal) for o in options):
                values = [option.value for option in options if isinstance(option, Literal)]
            case _:
                continue
        wanted = dict.fromkeys(str(value) for value in values if value is not None)
        return [row for value in wanted for row in relation.by[name](value)]
    return None


def _keyset(
    order: Sequence[Order], wheres: list[Expression], relation: Relation
) -> tuple[tuple[str, int] | None, list[Expression]]:
    """`id > x` with ORDER BY id needs no search of its own: its rows are the end of the rows in order."""
    # Only where the id is the rows' own key: lines of different transactions share theirs.
    own = "id" in relation.type.columns and "transaction" not in relation.type.columns
    by_id = len(order) == 1 and not order[0].descending and getattr(order[0].expression, "name", None) == "id"
    if own and by_id:
        for where in wheres:
            match where:
                case Binary(">" | ">=" as sign, Column("id"), Literal(value)) if str(value).isdigit():
                    return (sign, int(str(value))), [other for other in wheres if other is not where]
    return None, wheres
