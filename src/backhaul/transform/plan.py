"""Compile everything for one customer: for each entity its shape and its slices. Every problem is told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from backhaul.errors import ConfigError
from backhaul.transform.compile import (
    MappingProblem,
    Surroundings,
    Unresolvable,
    check_mapping,
    compile_slice,
    raw_table,
)
from backhaul.transform.compiled import Slice
from backhaul.transform.contracts import Contract, EntityShape, shape
from backhaul.transform.identity import decide
from backhaul.transform.inputs import Customer
from backhaul.transform.mappings import MappedColumn, added_columns, check_entities, read_column
from backhaul.transform.marts import check_money
from backhaul.transform.models import Models
from backhaul.transform.results import Missing
from backhaul.transform.seen import CHANGES, with_history
from backhaul.transform.staging import Staging


@dataclass(frozen=True, slots=True)
class EntityPlan:
    """One entity for one customer."""

    shape: EntityShape
    slices: tuple[Slice, ...]
    history: frozenset[str] = frozenset()
    """Connections whose vendor keeps the history of this entity's changes itself."""

    def tracked(self, connection: str) -> tuple[str, ...]:
        """Columns whose changes are to be kept because nobody else keeps them."""
        return () if connection in self.history else self.shape.contract.tracked

    @property
    def missing(self) -> tuple[Missing, ...]:
        return tuple(each for part in self.slices for each in part.missing)


def compile_entities(
    models: Models,
    customer: Customer,
    tables: Mapping[str, Mapping[str, str]],
    scalar_functions: frozenset[str],
) -> tuple[EntityPlan, ...]:
    """tables: each raw table's columns and DuckDB types. An object whose raw table is not there gives no slice."""
    check_entities(customer.mappings, models.contracts)
    around = {
        name: Surroundings(customer.name, connection, tables, models.fillers(connection.source), scalar_functions)
        for name, connection in customer.connections.items()
    }
    plans = []
    problems: list[str] = []
    for contract in models.contracts.values():
        try:
            plans.append(_entity(contract, models, customer, around))
        except ConfigError as error:
            problems += error.problems
    shapes = {each.shape.name: each.shape for each in plans}
    try:
        check_money(models.marts, shapes)
        decide(models.identity, customer.identity, shapes)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError("the models do not fit this customer", problems=tuple(problems), customer=customer.name)
    return _historied(plans)


def _historied(plans: list[EntityPlan]) -> tuple[EntityPlan, ...]:
    changes = next((plan for plan in plans if plan.shape.name == CHANGES), None)
    if changes is None:
        # nowhere to keep them
        return tuple(replace(plan, history=frozenset(part.connection for part in plan.slices)) for plan in plans)
    known = with_history(changes.slices)
    return tuple(
        replace(plan, history=frozenset(name for name, entity in known if entity == plan.shape.name)) for plan in plans
    )


def _entity(contract: Contract, models: Models, customer: Customer, around: Mapping[str, Surroundings]) -> EntityPlan:
    entity = contract.entity
    mapped = customer.mappings.get(entity, {})
    filled = models.staged_columns(entity) | {name for columns in mapped.values() for name in columns}
    shaped = shape(contract, filled, added_columns(contract, mapped))
    slices: list[Slice] = []
    problems: list[str] = []
    for name, surroundings in around.items():
        files = [
            each
            for each in models.staging
            if each.entity == entity
            and each.source == surroundings.connection.source
            and raw_table(name, each.object) in surroundings.tables
        ]
        columns = {column: read_column(value) for column, value in mapped.get(name, {}).items()}
        if columns and not files and not _has_any(models, entity, surroundings.connection.source):
            problems.append(f"mappings.{entity}.{name}: {surroundings.connection.source} fills no {entity}")
        found, wrong = _connection(shaped, files, surroundings, columns)
        slices += found
        problems += wrong
    if problems:
        raise ConfigError(f"{entity} cannot be compiled", problems=tuple(problems))
    return EntityPlan(shaped, tuple(slices))


def _has_any(models: Models, entity: str, source: str) -> bool:
    return any(each.entity == entity and each.source == source for each in models.staging)


def _connection(
    shaped: EntityShape, files: list[Staging], around: Surroundings, columns: Mapping[str, MappedColumn]
) -> tuple[list[Slice], list[str]]:
    """A mapping holds for each object that has its fields; where no object has them it is wrong."""
    slices: list[Slice] = []
    problems: list[str] = []
    wrong: dict[str, list[str]] = {column: [] for column in columns}
    for staging in files:
        fitting: dict[str, MappedColumn] = {}
        for name, mapped in columns.items():
            try:
                check_mapping(staging, shaped, around, name, mapped)
            except MappingProblem as problem:
                wrong[name].append(f"{around.connection.name}.{staging.object}: {problem}")
            else:
                fitting[name] = mapped
        try:
            slices.append(compile_slice(staging, shaped, around, fitting))
        except Unresolvable as problem:
            problems.append(f"{staging.path} ({around.connection.name}): {problem}")
    for name, found in wrong.items():
        if files and len(found) == len(files):
            problems.append(f"mappings.{shaped.name}.{around.connection.name}.{name}: {'; '.join(found)}")
    return slices, problems


__all__ = ["Customer", "EntityPlan", "compile_entities"]
