"""From rows to answers: projection, grouping, order, and the JSON that each row becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import msgspec

from backhaul.sandbox.netsuite.expressions import AGGREGATES, BadExpression, Compiler, Typed, aggregated
from backhaul.sandbox.netsuite.relations import Answers, Relation
from backhaul.sandbox.netsuite.suiteql import Call, Column, Expression, Item, Literal, Order, Select, Star
from backhaul.sandbox.tables import Row

GroupColumn = tuple[str, Callable[[tuple[Any, ...], list[Any]], Any]]


@dataclass(frozen=True, slots=True)
class Results:
    """Computed rows, before they are spelt."""

    kinds: list[str]
    rows: list[tuple[Any, ...]]

    def __getitem__(self, part: slice) -> Results:
        return replace(self, rows=self.rows[part])


def expanded(select: Select, relations: Sequence[tuple[str, Relation]]) -> list[Item]:
    """`*` spelt out."""
    items: list[Item] = []
    for item in select.items:
        if not isinstance(item.expression, Star):
            items.append(item)
            continue
        for alias, relation in relations:
            if item.expression.qualifier in (None, alias):
                items += [Item(Column(column, alias), None) for column in relation.type.columns]
    return items


def names(items: Sequence[Item]) -> list[str]:
    """The keys of an answer; what has no name is called by its place."""
    return [
        item.alias or (item.expression.name if isinstance(item.expression, Column) else f"expr{n}")
        for n, item in enumerate(items, 1)
    ]


def aggregates(select: Select, items: Sequence[Item]) -> bool:
    return bool(select.group) or any(isinstance(i.expression, Call) and i.expression.name in AGGREGATES for i in items)


def grouped(select: Select, items: Sequence[Item], rows: list[Any], compiler: Compiler) -> Results:
    keys = [compiler.compile(expression) for expression in select.group]
    groups: dict[tuple[Any, ...], list[Any]] = {} if select.group else {(): []}
    for row in rows:
        groups.setdefault(tuple(key.get(row) for key in keys), []).append(row)
    columns = [_group_column(item.expression, select.group, keys, compiler) for item in items]
    found = [tuple(make(key, members) for _, make in columns) for key, members in groups.items()]
    return _in_order(Results([kind for kind, _ in columns], found), select, items)


def _group_column(
    node: Expression, group: Sequence[Expression], keys: Sequence[Typed], compiler: Compiler
) -> GroupColumn:
    if node in group:
        place = group.index(node)
        return keys[place].kind, lambda key, members: key[place]
    if not (isinstance(node, Call) and node.name in AGGREGATES and len(node.arguments) == 1):
        raise BadExpression("Invalid or unsupported search: not a GROUP BY expression")
    if isinstance(node.arguments[0], Star):
        return "integer", lambda key, members: len(members)
    typed = compiler.compile(node.arguments[0])
    name, distinct = node.name, node.distinct

    def value(key: tuple[Any, ...], members: list[Any]) -> Any:
        values = [typed.get(member) for member in members]
        return aggregated(name, list(set(values)) if distinct else values)

    return "integer" if name == "COUNT" else typed.kind, value


def projected(select: Select, items: Sequence[Item], rows: list[Any], compiler: Compiler) -> Results:
    typed = [compiler.compile(item.expression) for item in items]
    kinds = [one.kind for one in typed]
    gets = [one.get for one in typed]
    if select.distinct:
        found = dict.fromkeys(tuple(get(row) for get in gets) for row in rows)
        return _in_order(Results(kinds, list(found)), select, items)
    for order in reversed(select.order):
        get = compiler.compile(order_expression(order, items)).get
        rows = sorted(rows, key=lambda row: _sort_key(get(row)), reverse=order.descending)
    return Results(kinds, [tuple(get(row) for get in gets) for row in rows])


def _in_order(results: Results, select: Select, items: Sequence[Item]) -> Results:
    """Order rows that exist only as results: by what was selected."""
    rows = results.rows
    for order in reversed(select.order):
        place = next((i for i, item in enumerate(items) if _means(order.expression, item, i)), None)
        if place is None:
            raise BadExpression("Invalid or unsupported search: ORDER BY item must be in the SELECT list")
        rows = sorted(rows, key=lambda row: _sort_key(row[place]), reverse=order.descending)
    return Results(results.kinds, rows)


def _means(expression: Expression, item: Item, place: int) -> bool:
    if expression in (item.expression, Literal(Decimal(place + 1))):
        return True
    return isinstance(expression, Column) and expression.qualifier is None and expression.name == item.alias


def _sort_key(value: Any) -> tuple[bool, Any]:
    # Oracle: NULLs last when ascending, first when descending.
    return (value is None, 0 if value is None else value)


def order_expression(order: Order, items: Sequence[Item]) -> Expression:
    """An ORDER BY by position or by alias means the selected expression."""
    return next(
        (item.expression for place, item in enumerate(items) if _means(order.expression, item, place)), order.expression
    )


def sorted_rows(rows: list[Row], order: Sequence[Order], compiler: Compiler) -> list[Row]:
    """Rows of one table; `order` holds expressions, no aliases."""
    for one in reversed(order):
        get = compiler.compile(one.expression).get
        rows = sorted(rows, key=lambda row: _sort_key(get(row.values)), reverse=one.descending)
    return rows


def encode_rows(rows: Sequence[Row], items: Sequence[Item], compiler: Compiler, answers: Answers) -> list[bytes]:
    """Each row's JSON, kept with the row until it changes."""
    typed = [compiler.compile(item.expression) for item in items]
    labels, kinds = names(items), [one.kind for one in typed]
    renders = [compiler.renderer(kind) for kind in kinds]
    gets = [one.get for one in typed]
    # What BUILTIN.DF shows depends on other rows, and SYSDATE on when it is asked.
    keep = all(isinstance(i.expression, Column) or getattr(i.expression, "name", "") == "TO_CHAR" for i in items)
    session = compiler.session
    key = hash((tuple(items), answers, session.zone_name, session.date_format, tuple(kinds)))
    found: list[bytes] = []
    for row in rows:
        kept = row.encoded
        if keep and kept is not None and kept[0] == key:
            found.append(kept[1])
            continue
        fresh = encoded(labels, kinds, renders, tuple(get(row.values) for get in gets), answers)
        if keep:
            row.encoded = (key, fresh)
        found.append(fresh)
    return found


def encoded(
    labels: Sequence[str],
    kinds: Sequence[str],
    renders: Sequence[Callable[[Any], str]],
    row: tuple[Any, ...],
    answers: Answers,
) -> bytes:
    item: dict[str, Any] = {"links": []}
    for label, kind, render, value in zip(labels, kinds, renders, row, strict=True):
        if value is None:
            if answers.nulls:
                item[label] = None
        elif answers.numbers and kind in ("integer", "decimal"):
            item[label] = msgspec.Raw(render(value).encode())
        else:
            item[label] = render(value)
    return msgspec.json.encode(item)
