"""Fields of our own: the custom fields that a push declares, made where the account lacks them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from backhaul.config import placeholders
from backhaul.config.calls import Call
from backhaul.config.push import OwnField
from backhaul.config.source import CreateField
from backhaul.errors import BackhaulError, ConfigError, FixDefinition
from backhaul.protocol import render
from backhaul.protocol.connection import Connection
from backhaul.protocol.render import UNBOUND, Bindings
from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.push.target import NewField, Object


def missing_fields(
    schema: ObjectSchema, declared: Mapping[str, OwnField], definition: CreateField | None
) -> tuple[NewField, ...]:
    """Those of the declared fields that the object lacks. Raises ConfigError where they cannot be made."""
    found: list[NewField] = []
    for name, each in declared.items():
        there = schema.fields.get(name)
        if there is not None:
            if there.type != each.type:
                raise ConfigError(
                    f"{schema.name} has a field {name} of type {there.type}, and the push declares it as {each.type}",
                    next_step="declare it as it is, or under another name",
                    object=schema.name,
                )
            continue
        if definition is None:
            raise ConfigError(
                f"{schema.name} has no field {name}, and this source's definition does not say how fields are made",
                next_step=f"make the field {name} at the vendor, then `backhaul discover`",
                object=schema.name,
            )
        kind = "options" if each.options else each.type
        if kind not in definition.types:
            raise ConfigError(
                f"the field {name} cannot be made: there is no type {kind} here",
                next_step=f"declare it as one of {', '.join(definition.types)}",
                object=schema.name,
            )
        if re.fullmatch(definition.name, name) is None:
            raise ConfigError(
                f"the field {name} cannot be made: names of custom fields here are like {definition.name}",
                next_step="declare it under another name",
                object=schema.name,
            )
        found.append(
            NewField(
                name,
                each.type,
                each.label or name,
                each.group,
                each.description,
                each.unique,
                tuple(each.options),
                definition.needs,
            )
        )
    return tuple(found)


def with_fields(schema: ObjectSchema, fields: Sequence[NewField]) -> ObjectSchema:
    """The schema as it will be when they are made."""
    more = {
        each.name: Field(
            each.name,
            each.type,
            label=each.label,
            custom=True,
            unique=each.unique,
            options=each.options,
        )
        for each in fields
    }
    return ObjectSchema(
        schema.name, schema.key, {**schema.fields, **more}, schema.label, schema.custom, schema.change_field,
        schema.facts,
    )  # fmt: skip


def make_fields(connection: Connection, object: Object, fields: Sequence[NewField]) -> list[str]:
    """Make them; their full names. Raises ConfigError where the vendor refuses, with the permission it takes."""
    definition = connection.source.discovery.create_field
    if definition is None:
        return []
    made: list[str] = []
    for each in fields:
        bound = _bound(connection, object, definition, each)
        try:
            for call in definition.also:
                if (lacking := _unbound(call, bound)) is not None:
                    raise FixDefinition(f"the connection does not give {lacking}")
            for call in (definition, *definition.also):
                connection.call(call, bound, role="create_field", object=object.name, repeatable=False)
        except BackhaulError as error:
            needs = f"; it takes {definition.needs}" if definition.needs else ""
            raise ConfigError(
                f"the field {object.place}.{each.name} could not be made: {error.what}",
                next_step=f"grant the connection the right to make fields{needs}, or make it at the vendor",
                connection=object.connection,
                object=object.name,
            ) from error
        made.append(f"{object.place}.{each.name}")
    return made


def _unbound(call: Call, bound: Bindings) -> str | None:
    """A setting that the request needs and the connection does not give."""
    for text in placeholders.texts(call.json_body):
        for each in placeholders.parse(text).names:
            if each.root == "settings" and bound.get(each) in (UNBOUND, ""):
                return each.name
    return None


def _bound(connection: Connection, object: Object, definition: CreateField, field: NewField) -> Bindings:
    bound = connection.bindings(object.schema, object.definition)
    group: Any = field.group
    if group is None and definition.group is not None:
        group = render.text(definition.group, bound)
        if group is UNBOUND:
            raise ConfigError(
                f"the field {object.place}.{field.name} cannot be made: nothing says which group it belongs to",
                next_step=f"add `group` to own_fields.{field.name}",
                connection=object.connection,
                object=object.name,
            )
    option = definition.option
    facts = {
        "name": field.name,
        "label": field.label,
        "group": group,
        "description": field.description or None,
        "unique": field.unique,
        "options": [render.body(option, Bindings({"each": each})) if option else each for each in field.options]
        or None,
        **definition.types["options" if field.options else field.type],
    }
    return bound.with_(**{f"field__{name}": value for name, value in facts.items()})
