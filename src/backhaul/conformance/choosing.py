"""Which objects, records and fields of a source the kit works with: found from discovery, the definition, the dump."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backhaul.config.objects import ObjectDefinition
from backhaul.config.source import Source
from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.sandbox.remote import Remote

ROOM = 40
"""Characters that our texts take at most."""
FEW = 8
"""Words of a text that many records have, and that are no more than these, are a choice."""
FORMED = re.compile(r"\S+[@/]\S+|[-+().\d\s]+")
"""E-mail addresses, links, telephone numbers."""
MODES = ("create", "update", "upsert", "delete")
ENOUGH = 150
"""Records that make several pages."""


def representatives(source: Source, vendor: Remote, found: Sequence[str], most: int) -> tuple[str, ...]:
    """One object a shape of definition: those that are changed and written in more ways first, parents with children.

    found: every object that the account has. Of those of one shape, the smallest that has several pages.
    """
    held = {name: count for name in found if (count := records_of(vendor, name))}
    by_shape: dict[str, list[str]] = {}
    for name in sorted(held):
        definition = source.definition(name)
        if definition is not None:
            listed = name in source.objects
            by_shape.setdefault(f"{listed} {_shape(definition)}", []).append(name)
    best = [min(names, key=lambda name: (held[name] < ENOUGH, held[name], name)) for names in by_shape.values()]
    best.sort(key=lambda name: (-_interest(_definition(source, name)), held[name] < ENOUGH, name))
    chosen: dict[str, None] = {}
    for name in best:
        family = [*_parents(source, name), name]
        if len({*chosen, *family}) <= most and all(each in held for each in family):
            chosen |= dict.fromkeys(family)
    # a way of writing that only others have is worth one more
    for mode in MODES:
        able = [name for name in best if getattr(_definition(source, name).writes, mode)]
        if able and not any(getattr(_definition(source, name).writes, mode) for name in chosen):
            chosen |= dict.fromkeys([*_parents(source, able[0]), able[0]])
    return tuple(chosen)


def records_of(vendor: Remote, name: str) -> int:
    """How many records the simulator tells of; 0 where it tells of none by that name."""
    try:
        return sum(not each.get("_deleted") for each in vendor.dump(name))
    except ValueError:
        return 0


def _definition(source: Source, name: str) -> ObjectDefinition:
    return source.definition(name) or ObjectDefinition()


def _shape(definition: ObjectDefinition) -> str:
    """What of a definition decides which parts of the engine read and write it."""
    parent = definition.parent
    return json.dumps(
        {
            "changed": [definition.changed.type, getattr(definition.changed, "field", None)],
            "reads": {role: [_kind(each) for each in reads] for role, reads in definition.reads if reads},
            "deletes": [each.type for each in definition.deletes],
            "writes": {mode: [_kind(each) for each in writes] for mode, writes in definition.writes if writes},
            "parent": parent and (parent.at is None, parent.shared),
            "discovery": [definition.fields is not None, definition.discovery is not None],
        },
        sort_keys=True,
    )


def _kind(each: Any) -> list[Any]:
    following = getattr(each, "next", None)
    return [each.method, following and following.type, each.job is not None, getattr(each, "each", None) is not None]


def _interest(definition: ObjectDefinition) -> int:
    modes = sum(bool(writes) for _, writes in definition.writes)
    tells = definition.changed.type != "none" or definition.parent is not None
    return 4 * tells + 2 * bool(modes) + len(definition.deletes)


def families(source: Source, names: Sequence[str]) -> tuple[str, ...]:
    """These objects, each behind what it is a child of."""
    return tuple(dict.fromkeys(each for name in names for each in (*_parents(source, name), name)))


def _parents(source: Source, name: str) -> Iterator[str]:
    parent = _definition(source, name).parent
    if parent is not None:
        yield from _parents(source, parent.object)
        yield parent.object


def live(records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Keys of records that are there, in order."""
    return sorted(key for key, each in records.items() if not each.get("_deleted"))


def texts(schema: ObjectSchema, records: Mapping[str, Mapping[str, Any]]) -> list[Field]:
    """Fields of free text that somebody may edit, those first that most records fill."""
    filled = [records[key] for key in live(records)]

    def used(field: Field) -> int:
        return sum(isinstance(each.get(field.name), str) and bool(each[field.name]) for each in filled)

    def prose(field: Field) -> bool:
        """Neither one of a few choices nor of a form of its own, as addresses and numbers are."""
        values = [each[field.name] for each in filled if isinstance(each.get(field.name), str) and each[field.name]]
        few = len(values) > 2 * FEW and len(set(values)) <= FEW and not any(" " in each for each in values)
        return bool(values) and not few and not all(FORMED.fullmatch(each) for each in values)

    def free(field: Field) -> bool:
        ours = field.type == "text" and not field.options and (field.length or ROOM) >= ROOM
        bound = field.unique or field.references is not None or field.name in schema.key
        return ours and not bound and field.updatable and field.readable and prose(field)

    found = [each for each in schema.fields.values() if free(each)]
    return sorted(found, key=lambda each: (-used(each), each.custom, each.name))
