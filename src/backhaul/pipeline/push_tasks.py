"""A push as the pipeline says it, made into what decides over each row: its objects, their fields, guards and ways."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import replace

from backhaul.config.push import Push
from backhaul.config.source import Source
from backhaul.discovery.cache import distrust, known_schema, schema_of, with_definition
from backhaul.errors import ConfigError
from backhaul.pipeline.context import Context
from backhaul.pipeline.transforming import customer_of, models_of
from backhaul.protocol.connection import Connection
from backhaul.protocol.schema import ObjectSchema
from backhaul.publish.query import open_snapshot
from backhaul.push.own_fields import found_again, missing_fields, with_fields
from backhaul.push.rules import Rules, guards_for
from backhaul.push.target import Column, NewField, Object, Task

_MOST_LANES = 16

Open = Callable[[str], Connection]


def push_named(context: Context, name: str) -> Push:
    """Raises ConfigError, with the nearest name, where there is none."""
    push = context.pipeline.push.get(name)
    if push is not None:
        return push
    near = difflib.get_close_matches(name, context.pipeline.push, n=1)
    there = ", ".join(context.pipeline.push) or "none"
    raise ConfigError(
        f"{context.customer} has no push {name}; " + (f"did you mean {near[0]}?" if near else f"it has {there}"),
        next_step=f"name one of `push:` in pipelines/{context.customer}.yaml",
        customer=context.customer,
    )


def task_of(context: Context, name: str, push: Push, open: Open, *, overwrite: bool = False) -> Task:
    """The push, with the objects that it may write. Raises ConfigError where it names what is not there."""
    connection, dot, object_name = push.to.partition(".")
    if dot:
        objects: tuple[Object, ...] = (object_of(context, open, name, connection, object_name, push),)
    else:
        objects = _entity(context, open, push.to, name)
    return Task(
        customer=context.customer,
        name=name,
        select=push.select,
        mode=push.mode,
        key=push.key,
        conflict="overwrite" if overwrite else push.conflict,
        objects=objects,
        entity=None if dot else push.to,
        rules=Rules.of(push),
    )


def _entity(context: Context, open: Open, entity: str, name: str) -> tuple[Object, ...]:
    """Every object that fills the entity, with the way back of each of its columns."""
    from backhaul.transform.inverse import Inverse, inverse
    from backhaul.transform.plan import compile_entities
    from backhaul.transform.work import scalar_functions

    with open_snapshot(context.layout, context.customer, raw=True) as raw:
        rows = raw.execute("SELECT table_name, column_name, data_type FROM duckdb_columns()").fetchall()
        tables: dict[str, dict[str, str]] = {}
        for table, column, kind in rows:
            tables.setdefault(str(table), {})[str(column)] = str(kind)
        functions = scalar_functions()
    plans = compile_entities(models_of(context), customer_of(context), tables, functions)
    plan = next((each for each in plans if each.shape.name == entity), None)
    if plan is None:
        raise ConfigError(
            f"the push {name} goes to {entity}, which is no entity",
            next_step=f"name one of {', '.join(each.shape.name for each in plans)}, or connection.object",
            customer=context.customer,
        )
    objects: list[Object] = []
    for part in plan.slices:
        found = {column: inverse(part, column) for column in plan.shape.columns}
        ways = {
            column: Column(column, way.field, way.spells_text, way.values, way.prefix)
            for column, way in found.items()
            if isinstance(way, Inverse)
        }
        no_way = {
            column: f"{entity}.{column} cannot be written to {part.connection}.{part.object}: {way.reason}"
            for column, way in found.items()
            if not isinstance(way, Inverse)
        }
        plain = object_of(context, open, name, part.connection, part.object)
        objects.append(replace(plain, ways=ways, no_way=no_way))
    return tuple(objects)


def object_of(
    context: Context, open: Open, name: str, connection: str, object_name: str, push: Push | None = None
) -> Object:
    """One object as the push may write it. push: where it declares fields of its own. Raises ConfigError."""
    if connection not in context.pipeline.connections:
        raise ConfigError(
            f"the push {name} goes to {connection}.{object_name}, and there is no connection {connection}",
            next_step=f"name one of {', '.join(context.pipeline.connections)}",
            customer=context.customer,
        )
    schema = _schema(context, open, connection, object_name)
    source = context.source_of(connection)
    definition = source.definition(object_name)
    if definition is None:
        raise ConfigError(f"{connection} has no object {object_name}", customer=context.customer)
    new_fields: tuple[NewField, ...] = ()
    own: Mapping[str, str] = {}
    way = source.create_field(definition)
    if push is not None and push.own_fields:
        try:
            own = found_again(schema, push.own_fields, way)
            if any(own.get(each, each) not in schema.fields for each in push.own_fields):
                # it may have been made since the account was last asked
                distrust(context.state.schemas, context.customer, connection)
                schema = _schema(context, open, connection, object_name)
                own = found_again(schema, push.own_fields, way)
            new_fields = missing_fields(schema, push.own_fields, way, own)
        except ConfigError as error:
            error.within(customer=context.customer, connection=connection)
            raise
        schema = with_fields(schema, new_fields)
    chosen = context.pipeline.connections[connection].objects
    private = chosen[object_name].private if chosen != "all" and object_name in chosen else {}
    return Object(
        connection,
        schema,
        definition,
        private=frozenset(private),
        guards=guards_for(context.pipeline.guards, source.source, object_name, schema.fields, own),
        day=_day(context, connection),
        lanes=_lanes(source),
        new_fields=new_fields,
        own=own,
    )


def _lanes(source: Source) -> int:
    """As many as the vendor answers at a time; a fair number where it names none."""
    stated = [each.requests for each in source.limits if each.type == "concurrency" and not each.only]
    return min([*stated, _MOST_LANES]) if stated else 8


def _schema(context: Context, open: Open, connection: str, object_name: str) -> ObjectSchema:
    schemas = context.state.schemas
    schema = known_schema(schemas, context.customer, connection)
    asked_of_old = schema is not None and schema.discovered_at.startswith("1970")
    if schema is None or object_name not in schema.objects or asked_of_old:
        schema, _, refused = schema_of(open(connection), schemas, [object_name], run=context.run_id)
        if object_name in refused:
            raise ConfigError(
                f"the account does not give the object: {refused[object_name]}",
                next_step="grant the right to it",
                customer=context.customer,
                connection=connection,
                object=object_name,
            )
    return with_definition(schema, context.source_of(connection)).objects[object_name]


def _day(context: Context, connection: str) -> int | None:
    """The calls a day that the vendor's answers tell of, or else the definition; None where neither knows any."""
    limits = [each for each in context.source_of(connection).limits if each.type == "quota" and not each.only]
    if not limits:
        return None
    known = context.state.connections.get(context.customer, connection)
    owner = f"account={context.source_of(connection).source}/{known.account}" if known else ""
    told = [
        each.amount for each in context.state.buckets.figures() if each.kind == "quota" and each.owner == owner
    ]  # fmt: skip
    return next((amount for amount in told if amount), limits[0].requests)
