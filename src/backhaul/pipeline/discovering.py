"""Discovery on request: what an account has, what the pipeline asks of it, and how the two fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backhaul.config.pipeline import ObjectChoice
from backhaul.config.problems import closest
from backhaul.config.push import Push
from backhaul.discovery.cache import schema_of
from backhaul.discovery.discover import Found, list_objects
from backhaul.errors import ConfigError
from backhaul.pipeline.context import Context
from backhaul.protocol.schema import Schema
from backhaul.protocol.writes import PARTS, Mode
from backhaul.state.schemas import Drift


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that the pipeline asks for and the account does not give. `field` is empty for a whole object."""

    object: str
    field: str
    what: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Discovery:
    """One connection's account."""

    customer: str
    connection: str
    source: str
    account: Mapping[str, str]
    """What the probe tells: the account's id, its time zone."""
    objects: tuple[Found, ...]
    """All that the account has."""
    chosen: tuple[str, ...]
    """Those that the pipeline reads."""
    schema: Schema
    """The fields of those chosen or asked for."""
    drift: tuple[Drift, ...]
    lacks: tuple[Lack, ...]


def discover_connection(context: Context, name: str, objects: Sequence[str] = ()) -> Discovery:
    """Ask the vendor anew. objects: look at these, too, whether the pipeline reads them or not.

    Raises ConfigError for a connection or object that is not there, Reauthorise, VendorDown.
    """
    choices = context.pipeline.connections.get(name)
    if choices is None:
        near = closest(name, context.pipeline.connections)
        hint = f"did you mean {near}?" if near else f"there are {', '.join(context.pipeline.connections)}"
        raise ConfigError(
            f"{context.customer} has no connection {name}; {hint}",
            next_step="name one of them",
            customer=context.customer,
        )
    connection = context.open(name, priority="interactive")
    try:
        account = connection.account
        found = list_objects(connection)
        names = {each.name for each in found}
        chosen: Mapping[str, ObjectChoice] = (
            {each: ObjectChoice() for each in sorted(one.name for one in found if one.readable)}
            if choices.objects == "all"
            else choices.objects
        )
        lacks = [_no_object(each, choice, names) for each, choice in chosen.items() if each not in names]
        pushes = {push: each for push, each in context.pipeline.push.items() if each.to.partition(".")[0] == name}
        pushed = [each.to.partition(".")[2] for each in pushes.values()]
        wanted = dict.fromkeys([*(each for each in (*chosen, *pushed) if each in names), *objects])
        # of `all` only what is asked for by name is looked into: an account may have a thousand objects
        looked_at = [*objects, *pushed] if choices.objects == "all" else list(wanted)
        schema, drift, refused = schema_of(
            connection, context.state.schemas, looked_at, run=context.run_id, force=True,
            contracts={each: choice.contract for each, choice in chosen.items()},
        )  # fmt: skip
        for each, reason in refused.items():
            required = each in chosen and chosen[each].required
            lacks.append(Lack(each, "", f"the account does not give it: {reason}", required))
        for each, choice in chosen.items():
            lacks += _no_fields(each, choice, schema)
            if each in schema.objects and (why := schema.objects[each].denied.get("read")):
                lacks.append(Lack(each, "", f"reads of it will be refused: {why}", choice.required))
        lacks += _no_right_to_push(pushes, schema)
        return Discovery(
            customer=context.customer,
            connection=name,
            source=choices.source,
            account=dict(account),
            objects=tuple(sorted(found, key=lambda one: one.name)),
            chosen=tuple(chosen),
            schema=schema,
            drift=tuple(drift),
            lacks=tuple(lacks),
        )
    finally:
        connection.close()


def _no_object(name: str, choice: ObjectChoice, names: set[str]) -> Lack:
    near = closest(name, names)
    return Lack(
        name, "", "the account has no such object" + (f"; did you mean {near}?" if near else ""), choice.required
    )


_WRITES: Mapping[str, tuple[Mode, ...]] = {
    "create": ("create",), "update": ("update",), "upsert": ("upsert",), "mirror": ("upsert", "delete"),
    "append": ("create",), "associate": ("create",),
}  # fmt: skip
"""Mode of a push -> the writes that it is made of."""


def _no_right_to_push(pushes: Mapping[str, Push], schema: Schema) -> list[Lack]:
    lacks = []
    for name, push in pushes.items():
        object = push.to.partition(".")[2]
        denied = schema.objects[object].denied if object in schema.objects else {}
        parts = [each for write in _WRITES[push.mode] for each in PARTS[write]]
        why = next((denied[each] for each in parts if each in denied), "")
        if why:
            lacks.append(Lack(object, "", f"the push {name} will be refused: {why}"))
    return lacks


def _no_fields(name: str, choice: ObjectChoice, schema: Schema) -> list[Lack]:
    known = schema.objects.get(name)
    if known is None:
        return []
    asked = dict.fromkeys([*(choice.fields if choice.fields != "all" else ()), *choice.private])
    lacks = []
    for field in asked:
        if field not in known.fields:
            near = closest(field, known.fields)
            hint = f"; did you mean {near}?" if near else ""
            lacks.append(Lack(name, field, f"the object has no such field{hint}"))
        elif not known.fields[field].readable:
            lacks.append(Lack(name, field, "reads that ask for the field are refused"))
    return lacks
