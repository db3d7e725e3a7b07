"""Sums of money over several currencies: found on the syntax tree, before a query runs.

Which columns hold money, and which of them stand in a base currency, follows from names alone: `<money>_base` is the
base amount of `<money>`. Whoever asks says which columns hold money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

CURRENCY = "currency"
RATE = "fx_rate"
_ADDS_UP = (exp.Sum, exp.Avg)


@dataclass(frozen=True, slots=True)
class Mixture:
    """A sum that may add up amounts of several currencies."""

    table: str
    column: str
    sql: str
    """The aggregate as it is written."""
    base: str | None
    """The column to sum instead, where there is one."""

    def __str__(self) -> str:
        instead = f"sum {self.base} instead, or " if self.base else ""
        return (
            f"{self.sql} adds up {self.table}.{self.column} over several currencies; {instead}"
            f"group by {self.table}.{CURRENCY}, or keep one currency with a where"
        )


def mixtures(tree: exp.Expr, money: Mapping[str, Mapping[str, bool]]) -> list[Mixture]:
    """Every sum or average of a money column in its own currency that neither groups by currency nor keeps to one.

    money: table -> its columns -> whether it holds money in the row's own currency.
    """
    found: dict[str, Mixture] = {}
    try:
        scopes = traverse_scope(tree)
    except SqlglotError:
        return []
    for scope in scopes:
        select = scope.expression
        if not isinstance(select, exp.Select):
            continue
        for aggregate in select.find_all(*_ADDS_UP):
            converted = any(column.name.lower() == RATE for column in aggregate.find_all(exp.Column))
            if aggregate.find_ancestor(exp.Select) is not select or converted:
                continue
            for column in aggregate.find_all(exp.Column):
                origin = _origin(scope, column, money)
                if origin is None:
                    continue
                holder, table, name = origin
                if not _one_currency(scope, select, aggregate, holder):
                    base = f"{name}_base" if f"{name}_base" in money[table] else None
                    mixture = Mixture(table, name, aggregate.sql(dialect="duckdb"), base)
                    found[str(mixture)] = mixture
    return list(found.values())


def _origin(scope: Scope, column: exp.Column, money: Mapping[str, Mapping[str, bool]]) -> tuple[str, str, str] | None:
    """(alias in this scope, table, column) of the money that a column is, through any selects in between."""
    for alias, source in scope.sources.items():
        if column.table and column.table.lower() != alias.lower():
            continue
        traced = _in_source(source, column.name, money)
        if traced is not None:
            return alias, *traced
    return None


def _in_source(source: exp.Expr | Scope, name: str, money: Mapping[str, Mapping[str, bool]]) -> tuple[str, str] | None:
    if isinstance(source, exp.Table):
        table = source.name.lower()
        holds = money.get(table, {}).get(name.lower())
        return (table, name.lower()) if holds else None
    if not isinstance(source, Scope):
        return None
    inner = source.expression
    if isinstance(inner, exp.SetOperation):
        return next((t for each in source.set_operation_scopes or () if (t := _in_source(each, name, money))), None)
    if not isinstance(inner, exp.Select):
        return None
    if any(isinstance(each, exp.Star) or (isinstance(each, exp.Column) and isinstance(each.this, exp.Star))
           for each in inner.expressions):  # fmt: skip
        found = _origin(source, exp.column(name), money)
        if found is not None:
            return found[1:]
    for each in inner.expressions:
        if each.alias_or_name.lower() != name.lower():
            continue
        # an aggregate is judged where it stands
        if each.find(*_ADDS_UP) is not None and not _grouped_by_currency(inner):
            return None
        for column in each.find_all(exp.Column):
            origin = _origin(source, column, money)
            if origin is not None and not _kept_to_one(inner, origin[0]):
                return origin[1:]
    return None


def _one_currency(scope: Scope, select: exp.Select, aggregate: exp.Expr, holder: str) -> bool:
    window = aggregate.parent
    while isinstance(window, exp.Filter):
        kept = window.expression
        if _says_one(kept.this if isinstance(kept, exp.Where) else kept, holder):
            return True
        window = window.parent
    if isinstance(window, exp.Window):
        return any(_is_currency(each, holder) for each in window.args.get("partition_by") or ())
    condition = aggregate.find(exp.If)
    if condition is not None and _says_one(condition.this, holder):
        return True
    return _grouped_by_currency(select) or _kept_to_one(select, holder)


def _grouped_by_currency(select: exp.Select) -> bool:
    group = select.args.get("group")
    if group is None:
        return False
    if group.args.get("all"):
        return any(_is_currency(each.unalias(), None) for each in select.expressions)
    for each in group.expressions:
        key = each
        if isinstance(each, exp.Literal) and not each.is_string:
            place = int(each.name) - 1
            key = select.expressions[place].unalias() if 0 <= place < len(select.expressions) else each
        elif isinstance(each, exp.Column) and not each.table:
            key = next((p.unalias() for p in select.expressions if p.alias_or_name == each.name), each)
        if _is_currency(key, None) or _is_currency(each, None):
            return True
    return False


def _kept_to_one(select: exp.Select, holder: str) -> bool:
    conditions = [select.args["where"].this] if select.args.get("where") else []
    conditions += [join.args["on"] for join in select.args.get("joins") or () if join.args.get("on")]
    return any(_says_one(each, holder) for each in conditions)


def _says_one(condition: exp.Expr, holder: str) -> bool:
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    for part in parts:
        unnested = part.unnest()
        if isinstance(unnested, exp.EQ):
            for one, other in ((unnested.left, unnested.right), (unnested.right, unnested.left)):
                if _is_currency(one, holder) and not other.find(exp.Column):
                    return True
        if isinstance(unnested, exp.And) and _says_one(unnested, holder):
            return True
    return False


def _is_currency(node: exp.Expr, holder: str | None) -> bool:
    """The currency column itself, or a function of it, as coalesce(currency, 'USD')."""
    return any(
        column.name.lower() == CURRENCY
        and (not column.table or holder is None or column.table.lower() == holder.lower())
        for column in ([node] if isinstance(node, exp.Column) else node.find_all(exp.Column))
    )


__all__ = ["Mixture", "mixtures"]
