"""Asks a connection what objects and fields it has, and makes a typed schema of the answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from backhaul.config import paths
from backhaul.config.calls import Cut, OurType
from backhaul.config.objects import ChangedField, ChangedNone, ChangedToken, Discover, ObjectDefinition
from backhaul.config.paths import MISSING, Answer
from backhaul.discovery.preflight import RIGHTS, denied
from backhaul.errors import ConfigError, FixDefinition
from backhaul.http.refusals import Refused
from backhaul.protocol import render
from backhaul.protocol.conditions import holds
from backhaul.protocol.connection import Connection
from backhaul.protocol.paging import Position, Served, following, page_of
from backhaul.protocol.read_answer import read
from backhaul.protocol.reads import Ask, NextRead, NotServed, TooMany, read_pages
from backhaul.protocol.render import Bindings
from backhaul.protocol.schema import Field, ObjectSchema, Schema, Type, type_of
from backhaul.protocol.spread import spreader_of
from backhaul.telemetry.context import carried

SIDE_BY_SIDE = 8
"""Objects that are asked about at a time."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object that the account has."""

    name: str
    label: str
    custom: bool
    facts: Mapping[str, str]
    rights: Mapping[str, bool] = field(default_factory=dict)
    """What the vendor tells of our rights to it: readable, creatable, updatable, deletable."""

    @property
    def readable(self) -> bool:
        return self.rights.get("readable", True)


@dataclass(frozen=True, slots=True)
class Discovered:
    """A schema, and what was noticed on the way."""

    schema: Schema
    unknown_types: Mapping[str, str]
    """`object.field` -> the vendor's type that the definition does not know; taken as text."""
    not_served: Mapping[str, str]
    """Objects that were asked for and that the account does not give, with the vendor's reason."""


def list_objects(connection: Connection) -> tuple[Found, ...]:
    """Every object the account has: what discovery finds, and what the definition lists by name."""
    definition = connection.source.discovery.objects
    found: dict[str, Found] = {}
    if definition is not None:
        try:
            for record in _records(connection, definition, connection.bindings(None, None), "objects", None):
                kept = _kept(definition, record)
                name = str(kept.pop("name"))
                rights = {each: told for each in RIGHTS if isinstance(told := kept.pop(each, None), bool)}
                found[name] = Found(
                    name,
                    str(kept.pop("label", None) or name),
                    bool(kept.pop("custom", False)),
                    {key: str(value) for key, value in kept.items() if value is not None},
                    rights,
                )
        except Refused as refused:
            # the right to see custom objects may be missing where the account has none
            if refused.outcome != "skip":
                raise
    for name in _named(connection):
        found.setdefault(name, Found(name, name, True, {}))
    for name in connection.source.objects:
        if name != "*" and name not in found:
            found[name] = Found(name, name, False, {})
    return tuple(found.values())


def _named(connection: Connection) -> list[str]:
    """Objects that a setting names, because the vendor lists none of them."""
    named = connection.source.discovery.named
    text = render.text(named, connection.bindings(None, None)) if named is not None else None
    return [each.strip() for each in str(text).split(",") if each.strip()] if text not in (None, render.UNBOUND) else []


def discover(connection: Connection, objects: Iterable[str]) -> Discovered:
    """The schema of these objects (and of the parents of those that are children), several asked about at a time.

    Raises ConfigError for a name that the account does not have, with the nearest that it has, before any is asked
    about; else the first error of an object, in their order.
    """
    granted = connection.scopes()
    known = {each.name: each for each in list_objects(connection)}
    wanted: dict[str, tuple[Found, ObjectDefinition]] = {}
    for name in dict.fromkeys(objects):
        definition = connection.source.definition(name)
        if definition is None or (name not in known and name not in connection.source.objects):
            raise _no_such_object(connection, name, known)
        wanted[name] = known.get(name) or Found(name, name, False, {}), definition

    def look(found: Found, definition: ObjectDefinition) -> _Looked:
        return _look(connection, found, definition, granted)

    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix=f"discover-{connection.name}") as pool:
        futures = [pool.submit(carried(look), *each) for each in wanted.values()]
        try:
            looked = dict(zip(wanted, (each.result() for each in futures), strict=True))
        finally:
            for future in futures:
                future.cancel()
    result = {
        name: replace(each.schema, fields=_referring(connection, each.schema.fields, known))
        for name, each in looked.items()
        if each.schema is not None
    }
    return Discovered(
        Schema(connection.name, result, fingerprint(result.values()), datetime.now(UTC).isoformat()),
        {name: kind for each in looked.values() for name, kind in each.unknown_types.items()},
        {name: each.not_served for name, each in looked.items() if each.schema is None},
    )


@dataclass(frozen=True, slots=True)
class _Looked:
    """What one object is; or, without a schema, why the account does not give it."""

    schema: ObjectSchema | None
    not_served: str = ""
    unknown_types: Mapping[str, str] = field(default_factory=dict)


def _look(
    connection: Connection, found: Found, definition: ObjectDefinition, granted: frozenset[str] | None
) -> _Looked:
    bindings = connection.bindings(ObjectSchema(found.name, (), {}, facts=found.facts), definition)
    withheld = denied(definition, bindings, granted, found.rights)
    if not found.readable:
        return _Looked(None, withheld["read"])
    unknown_types: dict[str, str] = {}
    try:
        schema = _object(connection, found, definition, unknown_types)
    except Refused as refused:
        if refused.outcome not in ("skip", "absent"):
            refused.within(object=found.name)
            raise
        return _Looked(None, _in_words(withheld, refused))
    except NotServed as unseen:
        return _Looked(None, _in_words(withheld, unseen.refused))
    return _Looked(replace(schema, denied=withheld), unknown_types=unknown_types)


def _in_words(withheld: Mapping[str, str], refused: Refused) -> str:
    return ": ".join([*([withheld["read"]] if "read" in withheld else []), refused.what])


def fingerprint(objects: Iterable[ObjectSchema]) -> str:
    """Of names and types: what decides whether a schema is another one."""
    content = sorted(
        (each.name, sorted((field.name, field.type) for field in each.fields.values())) for each in objects
    )
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]


def _object(
    connection: Connection, found: Found, definition: ObjectDefinition, unknown_types: dict[str, str]
) -> ObjectSchema:
    keys = key_of(definition, found.name, found.facts)
    fields = {name: _own(name, kind, definition.marks_of(name)) for name, kind in (definition.fields or {}).items()}
    if definition.discovery is not None or definition.fields is None:
        told = _fields(connection, found, definition, keys, unknown_types)
        fields |= {name: _marked(each, definition.marks_of(name)) for name, each in told.items()}
    else:
        fields |= _sampled(connection, found, definition, keys, fields)
    for key in keys:
        if key not in fields:
            fields = {key: Field(key, "text", vendor_type="key", creatable=False, updatable=False), **fields}
    keyed = {
        name: _as_key(each, given="create_only" in definition.marks_of(name)) if name in keys else each
        for name, each in fields.items()
    }
    return ObjectSchema(
        name=found.name,
        key=keys,
        fields=keyed,
        label=found.label,
        custom=found.custom,
        change_field=change_field(definition, keyed),
        facts=found.facts,
    )


def _own(name: str, kind: OurType, marks: frozenset[str]) -> Field:
    """A field that the definition itself declares."""
    return Field(
        name,
        kind,
        vendor_type=kind,
        required="required" in marks,
        unique="unique" in marks,
        creatable=not marks & {"read_only", "update_only"},
        updatable=not marks & {"read_only", "create_only"},
        readable="write_only" not in marks,
    )


def _marked(each: Field, marks: frozenset[str]) -> Field:
    """A field that the vendor tells of, with what the definition knows beside."""
    if not marks:
        return each
    return replace(
        each,
        required=each.required or "required" in marks,
        unique=each.unique or "unique" in marks,
        creatable=each.creatable and "read_only" not in marks,
        updatable=each.updatable and not marks & {"read_only", "create_only"},
    )


def key_of(definition: ObjectDefinition, name: str, facts: Mapping[str, str]) -> tuple[str, ...]:
    """The key fields, whose names may hang on what discovery kept of the object."""
    known = Bindings({"object": name, **{f"object.{fact}": value for fact, value in facts.items()}})
    keys = tuple(render.text(key, known) for key in definition.keys)
    if render.UNBOUND in keys:
        raise FixDefinition(f"the key {', '.join(definition.keys)} holds what discovery did not find", object=name)
    return keys


def _sampled(
    connection: Connection,
    found: Found,
    definition: ObjectDefinition,
    keys: tuple[str, ...],
    fields: Mapping[str, Field],
) -> dict[str, Field]:
    """Fields that the vendor sends beside the declared ones: where there is no discovery, a page is looked at."""
    if definition.parent is not None or not definition.reads.all:
        return {}
    first = definition.reads.all[0]
    schema = ObjectSchema(found.name, keys, fields, facts=found.facts)
    each = {"each": next(iter(connection.each(first)), None)}
    ask = Ask(schema, definition, first, "all", tuple(fields.values()), each)
    try:
        page = next(iter(read_pages(connection, ask)), None)
    except (NextRead, TooMany):
        return {}  # not by this read: what its pages hold beside the declared fields is seen when they come
    if page is None:
        return {}
    nested = connection.source.nested_in(found.name)
    spread = spreader_of(definition)

    def sampled(name: str, value: Any) -> Field:
        # what stands apart from the record's own fields is the account's own, and is written back there
        own = spread is not None and spread.inner(name) is not None
        return Field(name, type_of(value), vendor_type="sampled", custom=own, creatable=own, updatable=own)

    return {name: sampled(name, value) for name, value in page.unknown().items() if name not in nested}


def _as_key(each: Field, *, given: bool) -> Field:
    """given: whoever makes the record says this part of its key, as the channel of a message."""
    # a key is an identifier, however the vendor types it: leading zeros and 64-bit overflow must not matter
    return replace(each, type="text", creatable=given, updatable=False, unique=not given)


def change_field(definition: ObjectDefinition, fields: Mapping[str, Field]) -> str | None:
    """The first of the definition's change fields that the object has."""
    changed = definition.changed
    match changed:
        case ChangedField():
            candidates = [changed.field] if isinstance(changed.field, str) else changed.field
        case ChangedToken() | ChangedNone():
            candidates = [changed.field] if changed.field else []
    return next((name for name in candidates if name in fields), None)


def _fields(
    connection: Connection,
    found: Found,
    definition: ObjectDefinition,
    keys: tuple[str, ...],
    unknown_types: dict[str, str],
) -> dict[str, Field]:
    calls = definition.discovery or connection.source.discovery.fields
    if calls is None:
        return {}
    types = connection.source.discovery.types
    bindings = connection.bindings(ObjectSchema(found.name, keys, {}, facts=found.facts), definition)
    told: dict[str, dict[str, Any]] = {}
    for call in [calls] if isinstance(calls, Discover) else calls:
        for record in _records(connection, call, bindings, "fields", found.name):
            kept = _kept(call, record)
            name = str(kept.get("name"))
            if "option" in kept:
                # one value of a field that another request told of
                told.get(name, {}).setdefault("options", []).append(kept["option"])
            elif not name.startswith("$") and kept.get("name"):
                told.setdefault(name, {}).update(kept)
    fields: dict[str, Field] = {}
    for name, kept in told.items():
        vendor_type = _text(kept.get("type"))
        kind = types.get(vendor_type)
        if kind is None:
            unknown_types[f"{found.name}.{name}"] = vendor_type
            kind = "text"
        if kind != "skip":
            fields[name] = _field(name, kind, vendor_type, kept)
    return fields


def _field(name: str, kind: Type, vendor_type: str, kept: Mapping[str, Any]) -> Field:
    read_only = kept.get("read_only") is True
    options = kept.get("options")
    length = kept.get("length", 0)
    return Field(
        name=name,
        type=kind,
        vendor_type=vendor_type,
        label=_text(kept.get("label")),
        description=_text(kept.get("description")),
        custom=kept.get("custom") is True,
        creatable=kept.get("creatable", not read_only) is True,
        updatable=kept.get("updatable", not read_only) is True,
        required=kept.get("required") is True,
        unique=kept.get("unique") is True,
        length=int(length) if str(length).isdecimal() and int(length) > 0 else None,
        options=tuple(str(each) for each in options if each is not None) if isinstance(options, list) else (),
        references=_text(kept.get("references")) or None,
        open=kept.get("open") is True,
        written=written if (written := _text(kept.get("written"))) != name else "",
    )


def _referring(connection: Connection, fields: Mapping[str, Field], known: Mapping[str, Found]) -> Mapping[str, Field]:
    """The fields, those that name another object with how writes spell its key."""
    reference = connection.source.discovery.reference
    if reference is None:
        return fields
    spelt: dict[str, str] = {}
    for name, found in known.items():
        facts = {f"object.{fact}": value for fact, value in found.facts.items()}
        text = render.text(reference, Bindings({"object": name, "key": "{}", **facts}))
        if text is not render.UNBOUND:
            spelt[name] = text
    return {name: replace(each, spelt=spelt.get(each.references or "", "")) for name, each in fields.items()}


def _text(value: Any) -> str:
    return "" if value in (None, MISSING) else str(value)


def _kept(definition: Discover, record: Answer) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, reader in definition.keep.items():
        if isinstance(reader, bool):
            kept[name] = reader
        elif isinstance(reader, Cut | str):
            value = read(reader, record)
            if value is not None:
                kept[name] = value
        else:
            kept[name] = holds(reader, record)
    return kept


def _records(
    connection: Connection, definition: Discover, bindings: Bindings, role: str, object: str | None
) -> Iterator[Answer]:
    at: Position | None = Position()
    while at is not None:
        bound = bindings.with_(page=page_of(definition.next, at), last__key=at.last_key, size=definition.size)
        response = connection.follow(definition, bound, at, role=role, object=object)
        answer = connection.answer(response)
        records = paths.each(definition.records, answer)
        for record in records:
            if definition.only is None or holds(definition.only, record):
                yield record
        last = _kept(definition, records[-1]).get("name") if records else None
        served = Served(answer, len(records), response.url)
        at = following(definition.next, served, at, definition.size, lambda last=last: last)  # type: ignore[misc]


def _no_such_object(connection: Connection, name: str, known: Mapping[str, Found]) -> ConfigError:
    import difflib

    near = difflib.get_close_matches(name, known, n=3) or sorted(known)[:8]
    return ConfigError(
        f"the account has no object {name}",
        problems=(f"nearest: {', '.join(near)}",),
        next_step="correct the object's name in the pipeline, or see `backhaul discover` for what there is",
        customer=connection.customer,
        connection=connection.name,
        object=name,
    )
