"""Sums of money over several currencies: found on the syntax tree, before a query runs.

Which columns hold money, and which of them stand in a base currency, follows from names alone: `<money>_base` is the
base amount of `<money>`. Whoever asks says which columns hold money.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

CURRENCY = "currency"
RATE = "fx_rate"
KEY = "id"
_ADDS_UP = (exp.Sum, exp.Avg)
_ADDS_UP_TOO = frozenset({"mean", "fsum", "favg", "kahan_sum", "sumkahan", "sum_no_overflow"})
"""DuckDB's, which sqlglot knows only as names."""
_MIXING_GROUPS = (exp.Rollup, exp.Cube, exp.GroupingSets)
"""They give totals over what they name, too."""

Money = Mapping[str, Mapping[str, bool]]
"""Table -> its columns -> whether it holds money in the row's own currency."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """A sum that may add up amounts of several currencies."""

    table: str
    column: str
    sql: str
    """The aggregate as it is written."""
    base: str | None
    """The column to sum instead, where there is one."""
    apart: bool = True
    """The table has a column `currency`, by which amounts can be told apart."""

    def __str__(self) -> str:
        ways = [f"sum {self.base} instead"] if self.base else []
        if self.apart:
            ways += [f"group by {self.table}.{CURRENCY}", "keep one currency with a where"]
        listed = f"{', '.join(ways[:-1])}, or {ways[-1]}" if len(ways) > 1 else "".join(ways)
        instead = listed or "its currencies are not to be seen here"
        return f"{self.sql} adds up {self.table}.{self.column} over several currencies; {instead}"


def mixtures(tree: exp.Expr, money: Money) -> list[Mixture]:
    """Every sum or average of a money column in its own currency that neither groups by currency nor keeps to one."""
    try:
        scopes = traverse_scope(tree)
    except SqlglotError:
        return []
    finder = _Finder(money)
    found = {str(each): each for scope in scopes for each in finder.mixtures(scope)}
    return list(found.values())


def money_of(tree: exp.Expr, money: Money) -> dict[str, bool]:
    """The columns that a select gives, and which of them hold money in the currency that the select gives beside it."""
    try:
        (*_, root) = traverse_scope(tree)
    except (SqlglotError, ValueError):
        return {}
    finder = _Finder(money)
    query = root.expression
    names = [name.lower() for name in query.named_selects] if isinstance(query, exp.Query) else []
    told = CURRENCY in names
    return {name: told and finder.in_source(root, name) is not None for name in names}


@dataclass(frozen=True, slots=True)
class _Origin:
    """The money that a value is: the source in this scope that it comes from, the table and column that hold it."""

    alias: str
    table: str
    column: str


class _Finder:
    """Traces columns through selects. One instance a statement: what was traced once is known."""

    def __init__(self, money: Money) -> None:
        self._money = money
        self._known: dict[tuple[int, str], tuple[str, str] | None] = {}
        self._currencies: dict[tuple[int, str], bool] = {}

    def mixtures(self, scope: Scope) -> Iterator[Mixture]:
        select = scope.expression
        if not isinstance(select, exp.Select):
            return
        for aggregate in select.find_all(*_ADDS_UP, exp.Anonymous):
            if not _adds_up(aggregate) or aggregate.find_ancestor(exp.Select) is not select:
                continue
            origin = self._of_any(scope, aggregate.iter_expressions())
            if origin is None or self._is_converted(scope, aggregate):
                continue
            if self._one_currency(scope, select, aggregate, origin):
                continue
            columns = self._money[origin.table]
            base = f"{origin.column}_base" if f"{origin.column}_base" in columns else None
            yield Mixture(origin.table, origin.column, aggregate.sql(dialect="duckdb"), base, CURRENCY in columns)

    # -- which money a value is -------------------------------------------------------------------------------------

    def _of(self, scope: Scope, value: exp.Expr) -> _Origin | None:
        """The money that the value is an amount of; None where it is none, as what compares or counts it."""
        match value:
            case exp.Column():
                return self._of_column(scope, value)
            case exp.Case():
                branches = [each.args.get("true") for each in value.args.get("ifs") or ()]
                return self._of_any(scope, [*branches, value.args.get("default")])
            case exp.If():
                return self._of_any(scope, [value.args.get("true"), value.args.get("false")])
            case exp.Div() | exp.IntDiv():
                # a share of one amount in another has no currency
                return self._of(scope, value.left) if self._of(scope, value.right) is None else None
            case exp.Window():
                return self._of(scope, value.this)
            case exp.Predicate() | exp.Connector() | exp.Not() | exp.Count() | exp.CountIf() | exp.Query():
                return None
        if _adds_up(value):
            # judged where it stands; what it gives is money again where it keeps currencies apart
            select = scope.expression
            kept = isinstance(select, exp.Select) and self._grouped_by_currency(scope, select)
            return self._of_any(scope, value.iter_expressions()) if kept else None
        return self._of_any(scope, value.iter_expressions())

    def _of_any(self, scope: Scope, values: Iterable[exp.Expr | None]) -> _Origin | None:
        return next((found for each in values if each is not None and (found := self._of(scope, each))), None)

    def _of_column(self, scope: Scope, column: exp.Column) -> _Origin | None:
        for alias, source in _sources(scope, column):
            found = self.in_source(source, column.name.lower())
            if found is not None:
                return _Origin(alias, *found)
        return None

    def in_source(self, source: exp.Expr | Scope, name: str) -> tuple[str, str] | None:
        """(table, column) of the money that a table's or select's column is; None of others, and of one currency."""
        if isinstance(source, exp.Table):
            table = source.name.lower()
            return (table, name) if self._money.get(table, {}).get(name) else None
        if not isinstance(source, Scope):
            return None
        place = (id(source), name)
        if place not in self._known:
            # a recursive select reads itself
            self._known[place] = None
            self._known[place] = self._in_select(source, name)
        return self._known[place]

    def _in_select(self, source: Scope, name: str) -> tuple[str, str] | None:
        inner = source.expression
        if isinstance(inner, exp.SetOperation):
            return next((t for each in source.set_operation_scopes or () if (t := self.in_source(each, name))), None)
        if not isinstance(inner, exp.Select):
            return None
        for value in _projected(inner, name):
            origin = self._of(source, value)
            if origin is not None and not self._kept_to_one(source, inner):
                return origin.table, origin.column
        return None

    # -- whether it is of one currency ------------------------------------------------------------------------------

    def _is_converted(self, scope: Scope, aggregate: exp.Expr) -> bool:
        """By a rate, or by what the author makes of the currency; or by a table of rates that is joined by currency."""
        columns = list(aggregate.find_all(exp.Column))
        if any(each.name.lower() == RATE or self._is_currency(scope, each) for each in columns):
            return True
        used = {each.table.lower() for each in columns}
        if len(used) < 2:
            return False
        for join in scope.expression.args.get("joins") or ():
            by = [each for each in (join.args.get("on"),) if each is not None]
            pairs = [pair for each in by for pair in each.find_all(exp.EQ)]
            for pair in pairs:
                sides = [list(side.find_all(exp.Column)) for side in (pair.left, pair.right)]
                if all(sides) and any(self._is_currency(scope, each) for side in sides for each in side):
                    return {each.table.lower() for side in sides for each in side} <= used
        return False

    def _one_currency(self, scope: Scope, select: exp.Select, aggregate: exp.Expr, origin: _Origin) -> bool:
        outer = aggregate.parent
        while isinstance(outer, exp.Filter):
            kept = outer.expression
            if self._says_one(scope, kept.this if isinstance(kept, exp.Where) else kept):
                return True
            outer = outer.parent
        if isinstance(outer, exp.Window):
            parts = list(outer.args.get("partition_by") or ())
            for each in select.args.get("windows") or ():
                if outer.alias and each.name.lower() == outer.alias.lower():
                    parts += each.args.get("partition_by") or ()
            return any(self._keeps_apart(scope, each, origin) for each in parts) or self._kept_to_one(scope, select)
        return self._grouped_by_currency(scope, select, origin) or self._kept_to_one(scope, select)

    def _grouped_by_currency(self, scope: Scope, select: exp.Select, origin: _Origin | None = None) -> bool:
        group = select.args.get("group")
        if group is None:
            return False
        keys = list(select.expressions) if group.args.get("all") else list(group.expressions)
        for each in keys:
            key = each.unalias()
            if isinstance(key, exp.Literal) and not key.is_string:
                place = int(key.name) - 1
                key = select.expressions[place].unalias() if 0 <= place < len(select.expressions) else key
            elif isinstance(key, exp.Column) and not key.table and not group.args.get("all"):
                key = next((p.unalias() for p in select.expressions if p.alias_or_name == key.name), key)
            if isinstance(key, _MIXING_GROUPS) or any(_adds_up(inner) for inner in key.walk()):
                continue
            if self._keeps_apart(scope, key, origin):
                return True
        return False

    def _keeps_apart(self, scope: Scope, key: exp.Expr, origin: _Origin | None) -> bool:
        """Rows that are alike in the key are of one currency: it is a currency's, or the amount's own record's."""
        if origin is not None and isinstance(key, exp.Column) and key.name.lower() == KEY:
            own = dict(_sources(scope, key)).get(origin.alias)
            if isinstance(own, exp.Table) and (key.table or len(scope.sources) == 1):
                return True
        return any(self._is_currency(scope, each) for each in key.find_all(exp.Column))

    def _kept_to_one(self, scope: Scope, select: exp.Select) -> bool:
        conditions = [select.args[key].this for key in ("where", "having", "qualify") if select.args.get(key)]
        conditions += [join.args["on"] for join in select.args.get("joins") or () if join.args.get("on")]
        return any(self._says_one(scope, each) for each in conditions)

    def _says_one(self, scope: Scope, condition: exp.Expr) -> bool:
        part = condition.unnest()
        if isinstance(part, exp.And):
            return any(self._says_one(scope, each) for each in (part.left, part.right))
        if isinstance(part, exp.In):
            return len(part.expressions) == 1 and self._names_currency(scope, part.this)
        if isinstance(part, exp.Is):
            return isinstance(part.expression, exp.Null) and self._names_currency(scope, part.this)
        if isinstance(part, exp.EQ):
            for one, other in ((part.left, part.right), (part.right, part.left)):
                if self._names_currency(scope, one) and self._is_one_value(scope, other):
                    return True
        return False

    def _names_currency(self, scope: Scope, value: exp.Expr) -> bool:
        return any(self._is_currency(scope, each) for each in value.find_all(exp.Column))

    @staticmethod
    def _is_one_value(scope: Scope, value: exp.Expr) -> bool:
        """The same for all rows of the select: a constant, what a select gives, or an outer row's."""
        if isinstance(value.unnest(), exp.Query):
            return True
        return all(each.table and each.table.lower() not in {a.lower() for a in scope.sources}
                   for each in value.find_all(exp.Column))  # fmt: skip

    def _is_currency(self, scope: Scope, column: exp.Column) -> bool:
        """A currency, whatever it is called here, or a function of it, as coalesce(currency, 'USD')."""
        sources = list(_sources(scope, column))
        if not sources:
            return column.name.lower() == CURRENCY
        return any(self._currency_in(source, column.name.lower()) for _, source in sources)

    def _currency_in(self, source: exp.Expr | Scope, name: str) -> bool:
        if not isinstance(source, Scope):
            return name == CURRENCY
        place = (id(source), name)
        if place not in self._currencies:
            self._currencies[place] = False
            self._currencies[place] = self._currency_in_select(source, name)
        return self._currencies[place]

    def _currency_in_select(self, source: Scope, name: str) -> bool:
        inner = source.expression
        if isinstance(inner, exp.SetOperation):
            return any(self._currency_in(each, name) for each in source.set_operation_scopes or ())
        if not isinstance(inner, exp.Select):
            return name == CURRENCY
        # what a query makes up itself and calls so is meant so
        return name == CURRENCY or any(
            self._is_currency(source, each) for value in _projected(inner, name) for each in value.find_all(exp.Column)
        )


def _adds_up(node: exp.Expr) -> bool:
    return isinstance(node, _ADDS_UP) or (isinstance(node, exp.Anonymous) and node.name.lower() in _ADDS_UP_TOO)


def _sources(scope: Scope, column: exp.Column) -> Iterator[tuple[str, exp.Expr | Scope]]:
    """The relations of the select that a column may be of."""
    for alias, source in scope.sources.items():
        if not column.table or column.table.lower() == alias.lower():
            yield alias, source


def _projected(select: exp.Select, name: str) -> Iterator[exp.Expr]:
    """What a select gives under a name; of `*`, the column of that name."""
    for each in select.expressions:
        if isinstance(each, exp.Star):
            yield exp.column(name)
        elif isinstance(each, exp.Column) and isinstance(each.this, exp.Star):
            yield exp.column(name, table=each.table)
        elif each.alias_or_name.lower() == name:
            yield each.unalias()


def found_in(
    sql: str, money: Mapping[str, frozenset[str]], tables: Mapping[str, Iterable[str]], alike: Callable[[str], bool]
) -> list[Mixture]:
    """Mixtures in a query of somebody's, over data that is there: where all amounts are of one currency there is none.

    money: table -> its columns that hold money in the row's own currency. tables: the columns that there are.
    alike: whether the select of one row that it is given says `true`. What sqlglot cannot read, it finds nothing in.
    """
    known = {table: {name: name in money.get(table, ()) for name in names} for table, names in tables.items()}
    try:
        found = mixtures(sqlglot.parse_one(sql, dialect="duckdb"), known)
    except (SqlglotError, RecursionError):
        return []
    return [each for each in found if not (each.apart and alike(_alike(each)))]


def _alike(each: Mixture) -> str:
    table, column = (exp.to_identifier(name, quoted=True).sql(dialect="duckdb") for name in (each.table, each.column))
    return f"SELECT count(DISTINCT coalesce({CURRENCY}, '')) <= 1 FROM {table} WHERE {column} <> 0"


__all__ = ["Mixture", "Money", "found_in", "mixtures", "money_of"]
