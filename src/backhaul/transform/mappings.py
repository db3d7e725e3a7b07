"""A customer's mapping as a change of projections: fields, expressions and value maps, checked on the syntax tree."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

from sqlglot import exp
from sqlglot.errors import SqlglotError

from backhaul.config.pipeline import Mapped
from backhaul.errors import ConfigError
from backhaul.transform.contracts import COMMON, MAPPED_COMMON, Column, ColumnType, Contract, EntityShape, known_columns
from backhaul.transform.inputs import Columns, Mappings
from backhaul.transform.sql import MACROS, parse_expression

_RESTLESS = (exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime, exp.Rand, exp.Uuid)


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """What fills one column: an expression over the object's fields, and a value map on top of it."""

    text: str
    tree: exp.Expr | None
    """None: the text is no expression, but may be a field's name as it stands."""
    problem: str = ""
    values: Mapping[str, str] | None = None
    default: str | int | float | bool | None = None
    required: bool = True
    prompt: str = ""

    @property
    def is_open(self) -> bool:
        """Nobody has said which field it is."""
        return not self.text


def read_column(value: str | Mapped) -> MappedColumn:
    """Parse what the pipeline says of one column; what is wrong with it is told when it is compiled."""
    block = Mapped.model_validate({"from": value}) if isinstance(value, str) else value
    found = MappedColumn(block.source or "", None, "", block.values, block.default, block.required, block.prompt or "")
    if found.is_open:
        return found
    try:
        tree = parse_expression(found.text)
    except SqlglotError:
        return replace(found, problem="it is neither a field nor an expression")
    return replace(found, tree=tree, problem=_forbidden(tree))


def _forbidden(tree: exp.Expr) -> str:
    for node in tree.walk():
        if isinstance(node, exp.Query | exp.Table):
            return "a select or another table is not possible in a mapping"
        if isinstance(node, exp.AggFunc | exp.Window):
            return "aggregates and window functions are not possible in a mapping"
        if isinstance(node, exp.Unnest | exp.Explode):
            return "unnest is not possible in a mapping: a record is one row"
        if isinstance(node, exp.Star | exp.Parameter | exp.Placeholder):
            return "it must be a field or one expression of scalar functions"
        if isinstance(node, _RESTLESS):
            return "the clock and chance are not possible in a mapping: the same record must give the same row"
        if isinstance(node, exp.Column) and node.table not in ("", "src") and not _names_an_entity(node):
            return f"{node.table}.{node.name}: a mapping sees the fields of its own object, as src.<field>"
    if isinstance(tree, exp.Alias) or not isinstance(tree, exp.Condition):
        return "it must be a field or one expression of scalar functions"
    return ""


def _names_an_entity(node: exp.Column) -> bool:
    parent = node.parent
    return isinstance(parent, exp.Anonymous) and parent.name.lower() == "ref"


def unknown_functions(tree: exp.Expr, scalar: frozenset[str]) -> list[str]:
    """Functions that sqlglot does not know and DuckDB has no repeatable scalar function for, each with a suggestion."""
    found = []
    for node in tree.find_all(exp.Anonymous):
        name = node.name.lower()
        if name not in MACROS and name not in scalar:
            near = difflib.get_close_matches(name, [*MACROS, *scalar], n=1, cutoff=0.6)
            found.append(f"there is no scalar function {name}" + (f"; did you mean {near[0]}?" if near else ""))
    return found


def wrong_with_any_fields(shape: EntityShape, name: str, mapped: MappedColumn, scalar: frozenset[str]) -> str:
    """What is wrong with a parsed mapping of a column whatever fields there are; empty: nothing."""
    unknown = unknown_functions(mapped.tree, scalar) if mapped.tree is not None else []
    if unknown:
        return unknown[0]
    if isinstance(mapped.tree, exp.Null) and any(name in check.not_null for check in shape.contract.checks):
        return f"{shape.name}.{name} must not be NULL, says its contract"
    enum = shape.columns[name].enum
    for theirs, ours in (mapped.values or {}).items():
        if enum and ours not in enum:
            near = difflib.get_close_matches(ours, enum, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            return f"values.{theirs}: {ours} is none of {', '.join(enum)}{hint}"
    return ""


def added_columns(contract: Contract, by_connection: Mapping[str, Columns]) -> dict[str, Column]:
    """Columns that the customer's mappings add to the entity. Raises ConfigError for names that nobody knows."""
    added: dict[str, Column] = {}
    problems = []
    known = known_columns(contract)
    for connection, columns in by_connection.items():
        for name, value in columns.items():
            where = f"mappings.{contract.entity}.{connection}.{name}"
            if name in known or name in MAPPED_COMMON:
                continue
            if name in COMMON:
                problems.append(f"{where}: {name} is filled by the engine and cannot be mapped")
                continue
            kind = None if isinstance(value, str) else value.type or ("text" if value.values else None)
            if kind is None:
                near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
                hint = f"; closest: {', '.join(near)}" if near else ""
                problems.append(
                    f"{where}: {contract.entity} has no column {name}{hint}; "
                    f"to add one, write {{from: ..., type: text}}"
                )
            elif kind not in get_args(ColumnType):
                problems.append(f"{where}: {kind} is no type; it is one of {', '.join(get_args(ColumnType))}")
            elif name.startswith("_"):
                problems.append(f"{where}: a column's name does not start with an underscore")
            elif name in added and added[name].type != kind:
                problems.append(f"{where}: it is {added[name].type} in another connection's mapping, {kind} here")
            else:
                added[name] = Column.model_validate({"type": kind, "description": "The customer's own column."})
    if problems:
        raise ConfigError("the pipeline's mappings name columns that do not exist", problems=tuple(problems))
    return added


def customer_columns(contracts: Mapping[str, Contract], mappings: Mappings) -> dict[str, dict[str, Column]]:
    """Entity -> its columns for this customer: the contract's, and those that the mappings add. Raises ConfigError."""
    return {
        name: {**contract.columns, **added_columns(contract, mappings.get(name, {}))}
        for name, contract in contracts.items()
    }


def check_entities(mappings: Mappings, contracts: Mapping[str, Contract]) -> None:
    """Raise ConfigError for mappings of entities that have no contract."""
    problems = []
    for entity in mappings:
        if entity not in contracts:
            near = difflib.get_close_matches(entity, sorted(contracts), n=3, cutoff=0.5)
            hint = f"; closest: {', '.join(near)}" if near else ""
            problems.append(f"mappings.{entity}: there is no entity {entity}{hint}")
    if problems:
        raise ConfigError("the pipeline's mappings name entities that do not exist", problems=tuple(problems))
