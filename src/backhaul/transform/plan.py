"""Compile everything for one customer: for each entity its shape and its slices. Every problem is told at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from backhaul.config.problems import closest
from backhaul.errors import ConfigError
from backhaul.transform.compile import (
    LacksField,
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
from backhaul.transform.inputs import Columns, Customer, Mappings
from backhaul.transform.mappings import MappedColumn, added_columns, check_entities, read_column, wrong_with_any_fields
from backhaul.transform.marts import check_money
from backhaul.transform.models import Models
from backhaul.transform.results import Missing
from backhaul.transform.seen import CHANGES, with_history
from backhaul.transform.staging import Staging, picked

_WORD = re.compile(r"[\w.-]+")


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
    plans, problems = _plans(models, customer, tables, scalar_functions, models.contracts)
    shapes = {each.shape.name: each.shape for each in plans}
    try:
        check_money(models.marts, shapes)
        decide(models.identity, customer.identity, shapes)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError("the models do not fit this customer", problems=tuple(problems), customer=customer.name)
    return _historied(plans)


def compile_mapped(
    models: Models,
    customer: Customer,
    tables: Mapping[str, Mapping[str, str]],
    scalar_functions: frozenset[str],
) -> tuple[EntityPlan, ...]:
    """Those entities alone of which the customer maps something. Raises ConfigError where a mapping does not fit."""
    plans, problems = _plans(models, customer, tables, scalar_functions, customer.mappings)
    if problems:
        raise ConfigError("the mappings do not fit", problems=tuple(problems), customer=customer.name)
    return tuple(plans)


def _plans(
    models: Models,
    customer: Customer,
    tables: Mapping[str, Mapping[str, str]],
    scalar_functions: frozenset[str],
    entities: Collection[str],
) -> tuple[list[EntityPlan], list[str]]:
    """The plans of these entities, and every problem on the way."""
    check_entities(customer.mappings, models.contracts)
    around = {
        name: Surroundings(
            customer.name,
            connection,
            tables,
            fillers := models.fillers(connection.source),
            scalar_functions,
            picked_objects(customer.mappings, name, fillers),
        )
        for name, connection in customer.connections.items()
    }
    plans = []
    problems: list[str] = []
    for contract in (each for name, each in models.contracts.items() if name in entities):
        try:
            plans.append(_entity(contract, models, customer, around))
        except ConfigError as error:
            problems += error.problems
    return plans, problems


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
        source = surroundings.connection.source
        files = [each for each in models.staging if (each.entity, each.source) == (entity, source)]
        problems += _strangers(entity, surroundings, mapped, [each.object for each in files])
        files += [picked(source, entity, each) for each in surroundings.picked.get(entity, ())]
        if mapped.get(name) and not files:
            problems.append(
                f"mappings.{entity}.{name}: {source} fills no {entity}; an object of it does where the mapping stands"
                f" under {name}.<object>"
            )
        there = [
            each
            for each in files
            if raw_table(name, each.object) in surroundings.tables
            and entity in surroundings.connection.fills.get(each.object, (entity,))
        ]
        problems += _unreadable(shaped, surroundings, mapped, frozenset(each.object for each in there))
        found, wrong = _connection(shaped, there, surroundings, mapped)
        slices += found
        problems += wrong
    if problems:
        raise ConfigError(f"{entity} cannot be compiled", problems=tuple(problems))
    return EntityPlan(shaped, tuple(slices))


def picked_objects(
    mappings: Mappings, connection: str, fillers: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Entity -> objects of the connection that fill it because a mapping says so, and no staging file does."""
    found: dict[str, tuple[str, ...]] = {}
    for entity, places in mappings.items():
        own = [place.removeprefix(f"{connection}.") for place in places if place.startswith(f"{connection}.")]
        found[entity] = tuple(each for each in own if each not in fillers.get(entity, ()))
    return found


def _strangers(entity: str, around: Surroundings, mapped: Mapping[str, Columns], staged: list[str]) -> Iterator[str]:
    """Objects that the mappings name and nobody knows."""
    name = around.connection.name
    read = [table.removeprefix(f"{name}__") for table in around.tables if table.startswith(f"{name}__")]
    known = sorted({*staged, *around.connection.objects, *read})
    for place in mapped:
        connection, _, object_name = place.partition(".")
        if connection == name and object_name and object_name not in known:
            near = closest(object_name, known)
            hint = f"; did you mean {near}?" if near else ""
            yield f"mappings.{entity}.{place}: {object_name} is no object that is read{hint}"


def _unreadable(
    shaped: EntityShape, around: Surroundings, mapped: Mapping[str, Columns], there: frozenset[str]
) -> Iterator[str]:
    """What is wrong with mappings whatever the fields are, where no raw table tells those yet."""
    for place, columns in mapped.items():
        connection, _, object_name = place.partition(".")
        if connection != around.connection.name or (object_name in there if object_name else there):
            continue
        for name, value in columns.items():
            read = read_column(value)
            # one word that is no SQL may still be a field's name as it stands
            is_problem = read.tree is not None or not _WORD.fullmatch(read.text)
            wrong = read.problem if read.problem and is_problem else ""
            wrong = wrong or wrong_with_any_fields(shaped, name, read, around.scalar_functions)
            if wrong:
                yield f"mappings.{shaped.name}.{place}.{name}: {wrong}"


def _connection(
    shaped: EntityShape, files: list[Staging], around: Surroundings, places: Mapping[str, Columns]
) -> tuple[list[Slice], list[str]]:
    """A connection's mapping holds for each object that has its fields; where no object has them it is wrong.

    An object's own mapping comes before it, and is wrong where the object lacks a field.
    """
    slices: list[Slice] = []
    problems: list[str] = []
    connection = around.connection.name
    columns = {name: read_column(value) for name, value in places.get(connection, {}).items()}
    wrong: dict[str, list[str]] = {column: [] for column in columns}
    for staging in files:
        fitting: dict[str, MappedColumn] = {}
        place = f"{connection}.{staging.object}"
        own = {name: read_column(value) for name, value in places.get(place, {}).items()}
        for name, mapped in {**columns, **own}.items():
            try:
                fits = _fitting(staging, shaped, around, name, mapped)
            except MappingProblem as problem:
                if name in own:
                    problems.append(f"mappings.{shaped.name}.{place}.{name}: {problem}")
                else:
                    wrong[name].append(f"{place}: {problem}")
            else:
                fitting.update({name: fits} if fits is not None else {})
        try:
            slices.append(compile_slice(staging, shaped, around, fitting))
        except Unresolvable as problem:
            problems.append(f"{staging.path} ({around.connection.name}): {problem}")
    for name, found in wrong.items():
        if files and len(found) == len(files):
            told = _unanswered(columns[name]) if columns[name].is_open else "; ".join(found)
            problems.append(f"mappings.{shaped.name}.{connection}.{name}: {told}")
    return slices, problems


def _fitting(
    staging: Staging, shaped: EntityShape, around: Surroundings, name: str, mapped: MappedColumn
) -> MappedColumn | None:
    """What fills the column of this object; None where nothing is to be changed. Raises MappingProblem."""
    unfilled = replace(mapped, text="") if mapped.default is not None else None
    if mapped.is_open:
        if mapped.required:
            raise MappingProblem(_unanswered(mapped))
        return unfilled
    try:
        check_mapping(staging, shaped, around, name, mapped)
    except LacksField:
        if mapped.required:
            raise
        return unfilled
    return mapped


def _unanswered(mapped: MappedColumn) -> str:
    return f"nobody has said which field it is: {mapped.prompt}"


__all__ = ["Customer", "EntityPlan", "compile_entities", "compile_mapped"]
