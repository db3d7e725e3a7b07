"""The schema of a connection, asked of the vendor when the one at hand is old or lacks an object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import msgspec

from backhaul.config.source import Source
from backhaul.discovery.discover import change_field, discover, fingerprint, key_of
from backhaul.discovery.drift import drift_between
from backhaul.protocol.connection import Connection
from backhaul.protocol.schema import ObjectSchema, Schema
from backhaul.state.schemas import Drift, Schemas

FRESH = timedelta(minutes=10)


def known_schema(schemas: Schemas, customer: str, connection: str) -> Schema | None:
    """The schema that the last discovery found."""
    stored = schemas.latest(customer, connection)
    return None if stored is None else msgspec.json.decode(stored.body, type=Schema)


def schema_of(
    connection: Connection,
    schemas: Schemas,
    objects: Sequence[str],
    *,
    run: str,
    force: bool = False,
    contracts: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Schema, list[Drift], dict[str, str]]:
    """The schema of these objects, what drifted since the last one, and the objects that the account does not give.

    force: ask the vendor, however young the one at hand is. contracts: what becomes of new fields, by object.
    Raises what `discover` raises.
    """
    before = known_schema(schemas, connection.customer, connection.name)
    if before is not None and not force and _is_fresh(before, objects):
        return before, [], {}
    found = discover(connection, objects)
    after = found.schema
    if before is not None:
        kept = {
            name: each
            for name, each in before.objects.items()
            if name not in after.objects and name not in found.not_served
        }
        found_now = (
            {name: _unreadable_as_before(each, before) for name, each in after.objects.items()} if not force else {}
        )
        objects_now = {
            name: _told_new(each, before.objects.get(name), contracts.get(name, "evolve"), force)
            for name, each in {**after.objects, **found_now}.items()
        }
        after = Schema(after.connection, {**kept, **objects_now}, "", after.discovered_at)
    after = Schema(after.connection, after.objects, fingerprint(after.objects.values()), after.discovered_at)
    drift = drift_between(before, after, run) if before is not None else []
    schemas.put(connection.customer, connection.name, after.fingerprint, msgspec.json.encode(after).decode(), drift)
    return after, drift, dict(found.not_served)


def _unreadable_as_before(now: ObjectSchema, before: Schema) -> ObjectSchema:
    """What reads were refused stays left out, until a discovery that is asked for by hand."""
    then = before.objects.get(now.name)
    refused = {name for name, each in then.fields.items() if not each.readable} if then is not None else set()
    fields = {name: replace(each, readable=each.readable and name not in refused) for name, each in now.fields.items()}
    return replace(now, fields=fields)


def _told_new(now: ObjectSchema, then: ObjectSchema | None, contract: str, force: bool) -> ObjectSchema:
    """Fields that were not there before are marked, where they are not simply taken.

    A discovery that is asked for by hand accepts what a frozen object has now.
    """
    if then is None or contract == "evolve" or (contract == "freeze" and force):
        return now
    was = then.fields
    fields = {name: replace(each, new=name not in was or was[name].new) for name, each in now.fields.items()}
    return replace(now, fields=fields)


def leave_out(schemas: Schemas, customer: str, connection: str, object: str, fields: Sequence[str]) -> None:
    """Remember fields that reads may not ask for."""
    known = known_schema(schemas, customer, connection)
    if known is None or object not in known.objects:
        return
    each = known.objects[object]
    marked = {name: replace(one, readable=one.readable and name not in fields) for name, one in each.fields.items()}
    objects = {**known.objects, object: replace(each, fields=marked)}
    after = Schema(known.connection, objects, known.fingerprint, known.discovered_at)
    schemas.put(customer, connection, after.fingerprint, msgspec.json.encode(after).decode())


def distrust(schemas: Schemas, customer: str, connection: str) -> None:
    """Pages showed another schema than the one at hand: the next run asks the vendor."""
    known = known_schema(schemas, customer, connection)
    if known is not None:
        old = Schema(known.connection, known.objects, known.fingerprint, datetime.fromtimestamp(0, UTC).isoformat())
        schemas.put(customer, connection, old.fingerprint, msgspec.json.encode(old).decode())


def _is_fresh(schema: Schema, objects: Sequence[str]) -> bool:
    age = datetime.now(UTC) - datetime.fromisoformat(schema.discovered_at)
    return age < FRESH and all(name in schema.objects for name in objects)


def with_definition(schema: Schema, source: Source) -> Schema:
    """The schema as the definition reads it now: its key and change fields may have been edited since."""
    objects: dict[str, ObjectSchema] = {}
    for name, each in schema.objects.items():
        definition = source.definition(name)
        if definition is not None:
            objects[name] = ObjectSchema(
                each.name, key_of(definition, name, each.facts), each.fields, each.label, each.custom,
                change_field(definition, each.fields), each.facts, each.denied,
            )  # fmt: skip
    return Schema(schema.connection, objects, schema.fingerprint, schema.discovered_at)
