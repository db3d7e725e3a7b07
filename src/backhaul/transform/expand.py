"""Resolve one expression of a staging file against the raw tables that are there, and expand its macros."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from backhaul.transform.contracts import ColumnType
from backhaul.transform.convert import TEXT, as_text, convert, never_fits, wide_decimal
from backhaul.transform.sql import MACROS, call, cast, column

SYSTEM_FIELDS: Mapping[str, str] = {
    "_key": TEXT,
    "_parent_key": TEXT,
    "_changed_at": "TIMESTAMP WITH TIME ZONE",
    "_read_at": "TIMESTAMP WITH TIME ZONE",
    "_deleted_at": "TIMESTAMP WITH TIME ZONE",
    "_merged_into": TEXT,
    "_run_id": TEXT,
}

_GIVES: Mapping[str, tuple[ColumnType, ...]] = {
    "to_decimal": ("number", "money", "integer"),
    "to_date": ("date",),
    "to_timestamp": ("timestamp",),
    "to_boolean": ("boolean",),
}
"""The column types that a macro converts to by itself, without a second cast."""


class Unresolvable(Exception):
    """An expression that cannot be compiled; the text says why, for whoever knows where it stands."""


class NoField(Unresolvable):
    """A field that nobody knows."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation of a staging file: the columns its raw table has, and those that only discovery knows."""

    types: Mapping[str, str]
    known: frozenset[str] = frozenset()

    def spelt(self, name: str) -> str | None:
        """The field as the raw table spells it; None where the table lacks it."""
        if name in self.types:
            return name
        return next((each for each in self.types if each.lower() == name.lower()), None)

    def knows(self, name: str) -> bool:
        return self.spelt(name) is not None or name.lower() in {each.lower() for each in self.known}

    def closest(self, name: str) -> list[str]:
        by_lower = {each.lower(): each for each in (*self.types, *self.known) if not each.startswith("_")}
        found = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)
        return [f"{by_lower[each]} ({self.types.get(by_lower[each], 'not loaded')})" for each in found]


@dataclass(frozen=True, slots=True)
class Conversion:
    """A value that may turn out not to fit: then `result` is NULL although `argument` is not."""

    argument: exp.Expr
    result: exp.Expr
    field: str
    reason: str


@dataclass
class Expander:
    """What one column's expression needs and finds on the way. One instance a projection."""

    relations: Mapping[str, Relation | None]
    """By alias; None is a relation whose raw table does not exist."""
    prefix: Callable[[str, str | None], str]
    """(entity, object or None) -> `connection:object:`; raises Unresolvable."""
    strict: bool = False
    """A customer's mapping: a field that nobody knows is an error, not a NULL."""
    conversions: list[Conversion] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    prefixes: list[str] = field(default_factory=list)
    """What stands before the key in each reference that was expanded."""

    def projection(self, tree: exp.Expr, to: ColumnType) -> exp.Expr:
        """The expression of one column, of the column's type."""
        macro = macro_of(tree)
        if macro is not None and to in _GIVES.get(macro, ()):
            return self._converted(self._only(tree), to)
        value = self.expression(tree)
        if isinstance(value, exp.Null):
            return value
        raw_type = self._type(tree)
        self._refuse_other_kinds(tree, raw_type, to)
        result, fallible = convert(value, raw_type, to)
        if fallible:
            self.conversions.append(Conversion(value, result, self._spell(tree), f"is no {to}"))
        return result

    def expression(self, tree: exp.Expr) -> exp.Expr:
        """The expression with its fields resolved, macros expanded and casts made safe."""
        return _fold(tree.copy().transform(self._node, copy=False))

    def _node(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            return self._field(node)
        if isinstance(node, exp.EQ):
            return self._comparison(node)
        if type(node) is exp.Cast:
            return exp.TryCast(this=self.expression(node.this), to=node.args["to"].copy())
        macro = macro_of(node)
        return self._expand(macro, node) if macro is not None else node

    def _comparison(self, node: exp.EQ) -> exp.Expr:
        """Keys that two objects spell in different types are compared as text: a cast could stop the build."""
        types = [self._type(side) for side in (node.left, node.right)]
        sides = [self.expression(side) for side in (node.left, node.right)]
        if types[0] != types[1] and TEXT in types and None not in types:
            sides = [as_text(side, type_) for side, type_ in zip(sides, types, strict=True)]
        return exp.EQ(this=sides[0], expression=sides[1])

    def _expand(self, macro: str, node: exp.Expr) -> exp.Expr:
        if macro == "ref":
            return self._reference(node)
        if macro == "json_text":
            return self._json_text(node)
        if macro == "to_decimal":
            argument = self._only(node)
            value = self.expression(argument)
            result = wide_decimal(value)
            self.conversions.append(Conversion(value, result, self._spell(argument), "is no decimal"))
            return result
        return self._converted(self._only(node), _GIVES[macro][0])

    def _converted(self, argument: exp.Expr, to: ColumnType) -> exp.Expr:
        value = self.expression(argument)
        if isinstance(value, exp.Null):
            return value
        self._refuse_other_kinds(argument, self._type(argument), to)
        result, fallible = convert(value, self._type(argument), to)
        if fallible:
            self.conversions.append(Conversion(value, result, self._spell(argument), f"is no {to}"))
        return result

    def _refuse_other_kinds(self, tree: exp.Expr, raw_type: str | None, to: ColumnType) -> None:
        """A mapping of a field none of whose values could ever fit is a mistake; every one would be a reject."""
        if self.strict and never_fits(raw_type, to):
            raise Unresolvable(f"{self._spell(tree)} is {raw_type} and cannot become {to}")

    def _only(self, node: exp.Expr) -> exp.Expr:
        if len(node.expressions) != 1:
            raise Unresolvable(f"{node.name}() takes one argument")
        argument: exp.Expr = node.expressions[0]
        return argument

    def _reference(self, node: exp.Expr) -> exp.Expr:
        arguments = node.expressions
        names = [each.name for each in arguments[:-1] if isinstance(each, exp.Column) and not each.table]
        if len(arguments) not in (2, 3) or len(names) != len(arguments) - 1:
            raise Unresolvable("it is ref(entity, key) or ref(entity, object, key)")
        prefix = self.prefix(names[0], names[1] if len(names) == 2 else None)
        self.prefixes.append(prefix)
        value = self.expression(arguments[-1])
        if isinstance(value, exp.Null):
            return value
        text = as_text(value, self._type(arguments[-1]))
        return exp.Paren(this=exp.DPipe(this=exp.Literal.string(prefix), expression=text))

    def _json_text(self, node: exp.Expr) -> exp.Expr:
        arguments = node.expressions
        if len(arguments) != 2 or not arguments[1].is_string:
            raise Unresolvable("it is json_text(field, 'path.to.value')")
        value = self.expression(arguments[0])
        if isinstance(value, exp.Null):
            return value
        path = arguments[1].name
        path = path if path.startswith("$") else f"$.{path}"
        # a text that is not JSON would raise in the middle of the build
        text = call("json_extract_string", value, exp.Literal.string(path))
        return exp.Case(ifs=[exp.If(this=call("json_valid", cast(value.copy(), TEXT)), true=text)])

    def _field(self, node: exp.Column) -> exp.Expr:
        alias = node.table or self._alias_of(node.name)
        if alias not in self.relations:
            raise Unresolvable(f"{alias}.{node.name}: there is no relation {alias} here")
        relation = self.relations[alias]
        if relation is None:
            return exp.Null()
        spelt = relation.spelt(node.name)
        if spelt is not None:
            if alias == "src":
                self.used.add(spelt)
            return column(alias, spelt)
        if self.strict and not relation.knows(node.name):
            near = relation.closest(node.name)
            raise NoField(f"there is no field {node.name}" + (f"; closest: {', '.join(near)}" if near else ""))
        self.missing.add(node.name if alias == "src" else f"{alias}.{node.name}")
        return exp.Null()

    def _alias_of(self, name: str) -> str:
        holders = [alias for alias, relation in self.relations.items() if relation and relation.spelt(name)]
        return "src" if "src" in holders or len(holders) != 1 else holders[0]

    def _type(self, tree: exp.Expr) -> str | None:
        """The raw type of a bare field or a literal; other expressions are left to DuckDB."""
        if isinstance(tree, exp.Column):
            relation = self.relations.get(tree.table or self._alias_of(tree.name))
            spelt = relation.spelt(tree.name) if relation else None
            return relation.types[spelt] if relation and spelt else None
        if isinstance(tree, exp.Literal):
            return TEXT if tree.is_string else None
        return TEXT if macro_of(tree) in ("ref", "json_text") else None

    def _spell(self, tree: exp.Expr) -> str:
        macro = macro_of(tree)
        if macro is not None and tree.expressions:
            return self._spell(tree.expressions[-1 if macro == "ref" else 0])
        return tree.name if isinstance(tree, exp.Column) else tree.sql(dialect="duckdb")


def _fold(tree: exp.Expr) -> exp.Expr:
    """Arithmetic with a missing field is NULL; DuckDB would ask which type the missing one has."""
    for node in reversed(list(tree.find_all(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg))):
        if any(isinstance(each.unnest(), exp.Null) for each in (node.this, node.expression) if each is not None):
            if node is tree:
                return exp.Null()
            node.replace(exp.Null())
    return tree


def macro_of(node: exp.Expr) -> str | None:
    """The name of the macro that the expression calls; None where it calls none."""
    if isinstance(node, exp.Anonymous) and isinstance(node.this, str) and node.this.lower() in MACROS:
        return node.this.lower()
    return None
