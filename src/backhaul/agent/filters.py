"""Filters of a question as SQL conditions with bound values; what cannot be meant is told before it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backhaul.agent.answers import Filter
from backhaul.agent.asking import Misasked, no_column
from backhaul.agent.catalogue import Column, Entity, Table

_SIGNS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_MOST = 200


def conditions_of(
    entity: str, table: Table, contract: Entity | None, filters: Sequence[Filter]
) -> tuple[list[str], list[Any]]:
    """The conditions and their parameters, in order. Raises Misasked for a column or value that cannot be."""
    conditions: list[str] = []
    parameters: list[Any] = []
    for each in filters:
        if each.column not in table.columns:
            raise no_column(entity, each.column, table.columns)
        known = contract.columns.get(each.column) if contract is not None else None
        values = _values(entity, each, known)
        conditions.append(_condition(each, table.columns[each.column], len(values)))
        parameters += values
    return conditions, parameters


def _values(entity: str, filter: Filter, known: Column | None) -> list[Any]:
    if filter.op in ("is_null", "is_not_null"):
        return []
    values = filter.value if isinstance(filter.value, list) else [filter.value]
    if filter.op == "in" and not 0 < len(values) <= _MOST:
        raise Misasked("`in` takes 1 to 200 values", "Give a list, or narrow by other filters.")
    if len(values) != 1 and filter.op != "in":
        raise Misasked(f"the filter on {filter.column} has several values", "Use the op `in` for a list.")
    if any(isinstance(value, list | dict) or value is None for value in values):
        raise Misasked(f"the filter on {filter.column} has no plain value", "Give one, or use is_null.")
    if known is not None and known.enum and filter.op in ("=", "!=", "in"):
        for value in values:
            if value not in known.enum:
                never = f"{entity}.{filter.column} is never {value!r}"
                raise Misasked(never, f"It is one of: {', '.join(known.enum)}.")
    return [value if isinstance(value, bool) else str(value) for value in values]


def _condition(filter: Filter, kind: str, count: int) -> str:
    column = '"' + filter.column.replace('"', '""') + '"'
    match filter.op:
        case "is_null":
            return f"{column} IS NULL"
        case "is_not_null":
            return f"{column} IS NOT NULL"
        case "in":
            return f"{column} IN ({', '.join(f'CAST(? AS {kind})' for _ in range(count))})"
        case "contains" | "starts_with":
            return f"{filter.op}(lower(CAST({column} AS VARCHAR)), lower(CAST(? AS VARCHAR)))"
        case _:
            return f"{column} {_SIGNS[filter.op]} CAST(? AS {kind})"
