"""Fields of our own: the custom fields that a push declares, made where the account lacks them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backhaul.config import placeholders
from backhaul.config.calls import Call
from backhaul.config.objects import CreateField
from backhaul.config.push import OwnField
from backhaul.errors import BackhaulError, ConfigError, FixDefinition
from backhaul.http.request import Response
from backhaul.protocol import render
from backhaul.protocol.connection import Connection
from backhaul.protocol.read_answer import read
from backhaul.protocol.render import UNBOUND, Bindings
from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.push.plan import PlanRow
from backhaul.push.target import NewField, Object

_HOLDS = {"integer": ("decimal", "float"), "decimal": ("float",)}
"""Declared type -> what else may hold it: many vendors have one kind of number."""


def found_again(
    schema: ObjectSchema, declared: Mapping[str, OwnField], definition: CreateField | None
) -> dict[str, str]:
    """Declared name -> the vendor's, of fields whose names the vendor chose: they are known by their labels.

    Raises ConfigError where a label does not tell which field is meant.
    """
    if definition is None or definition.key is None:
        return {}
    found: dict[str, str] = {}
    labels: dict[str, str] = {}
    for name, each in declared.items():
        if name in schema.fields:
            continue
        label = each.label or name
        if label in labels:
            raise ConfigError(
                f"{labels[label]} and {name} are both labelled {label}, and fields of {schema.name} are told apart by "
                "their labels",
                next_step="give each of own_fields a label of its own",
                object=schema.name,
            )
        labels[label] = name
        there = [field.name for field in schema.fields.values() if field.custom and field.label == label]
        if len(there) > 1:
            raise ConfigError(
                f"{schema.name} has {len(there)} fields labelled {label}: {', '.join(there)}",
                next_step=f"rename all but one at the vendor, or name the one that is meant in place of {name}",
                object=schema.name,
            )
        if there:
            found[name] = there[0]
    return found


def missing_fields(
    schema: ObjectSchema,
    declared: Mapping[str, OwnField],
    definition: CreateField | None,
    own: Mapping[str, str] | None = None,
) -> tuple[NewField, ...]:
    """Those of the declared fields that the object lacks. own: the vendor's names of those it named itself.

    Raises ConfigError where they cannot be made.
    """
    found: list[NewField] = []
    for name, each in declared.items():
        there = schema.fields.get((own or {}).get(name, name))
        if there is not None:
            if there.type != each.type and there.type not in _HOLDS.get(each.type, ()):
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
        _check(name, each, definition, schema.name)
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


def _check(name: str, field: OwnField, definition: CreateField, object: str) -> None:
    """Raises ConfigError where the vendor has no such field."""
    kind = "options" if field.options else field.type
    if kind not in definition.types:
        raise ConfigError(
            f"the field {name} cannot be made: there is no type {kind} here",
            next_step=f"declare it as one of {', '.join(definition.types)}",
            object=object,
        )
    if re.fullmatch(definition.name, name) is None:
        raise ConfigError(
            f"the field {name} cannot be made: names of custom fields here are like {definition.name}",
            next_step="declare it under another name",
            object=object,
        )
    takes = {each.name for text in placeholders.texts(definition.json_body) for each in placeholders.parse(text).names}
    unique_here = "field.unique" in takes and definition.types[kind].get("unique", True) is not None
    for asked, can, what in (
        (field.unique, unique_here, "be unique"),
        (field.group, "field.group" in takes, "have a group"),
    ):
        if asked and not can:
            raise ConfigError(
                f"the field {name} cannot be made: fields of type {kind} cannot {what} here",
                next_step=f"declare own_fields.{name} without it",
                object=object,
            )


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


def make_fields(connection: Connection, object: Object, fields: Sequence[NewField]) -> dict[str, str]:
    """Make them; their names, and what the vendor calls each.

    Raises ConfigError where the vendor refuses, with the permission it takes.
    """
    definition = connection.source.create_field(object.definition)
    if definition is None:
        return {}
    made: dict[str, str] = {}
    for each in fields:
        bound = _bound(connection, object, definition, each)
        try:
            for call in definition.also:
                if (lacking := _unbound(call, bound)) is not None:
                    raise FixDefinition(f"the connection does not give {lacking}")
            answer = _send(connection, object, definition, bound)
            for call in definition.also:
                _send(connection, object, call, bound)
            made[each.name] = _named(connection, definition, each, answer)
        except BackhaulError as error:
            needs = f"; it takes {definition.needs}" if definition.needs else ""
            raise ConfigError(
                f"the field {object.place}.{each.name} could not be made: {error.what}",
                next_step=f"grant the connection the right to make fields{needs}, or make it at the vendor",
                connection=object.connection,
                object=object.name,
            ) from error
    return made


def _send(connection: Connection, object: Object, call: Call, bound: Bindings) -> Response:
    return connection.call(call, bound, role="create_field", object=object.name, repeatable=False)


def _named(connection: Connection, definition: CreateField, field: NewField, response: Response) -> str:
    """What the vendor calls the field. Raises FixDefinition where its answer does not say."""
    if definition.key is None:
        return field.name
    name = read(definition.key, connection.answer(response))
    if name is None:
        raise FixDefinition(f"it was made, and the answer does not tell its name at {definition.key}")
    return str(name)


def under_their_names(
    object: Object, rows: Sequence[PlanRow], made: Mapping[str, str]
) -> tuple[Object, Sequence[PlanRow]]:
    """The object and the planned rows, with the vendor's names of the fields that it named itself."""
    own = {**object.own, **{name: given for name, given in made.items() if given != name}}
    if not own:
        return object, rows
    fields = {
        own.get(name, name): replace(each, name=own.get(name, name)) for name, each in object.schema.fields.items()
    }
    guards = {own.get(name, name): rule for name, rule in object.guards.items()}
    renamed = replace(object, schema=replace(object.schema, fields=fields), guards=guards, own=own)
    return renamed, [
        replace(
            row,
            changes=tuple(replace(each, field=own.get(each.field, each.field)) for each in row.changes),
            match=(own.get(row.match[0], row.match[0]), row.match[1]) if row.match is not None else None,
        )
        for row in rows
    ]


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
    spelt = re.fullmatch(definition.name, field.name)
    facts = {
        "name": spelt[1] if spelt is not None else field.name,
        "label": field.label,
        "group": group,
        "description": field.description or None,
        "unique": field.unique,
        "options": [render.body(option, Bindings({"each": each})) if option else each for each in field.options]
        or None,
        **definition.types["options" if field.options else field.type],
    }
    return bound.with_(**{f"field__{name}": value for name, value in facts.items()})
