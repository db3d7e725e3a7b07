"""What a definition may say and this version does not run: told when a connection is opened, never met half-way."""

from __future__ import annotations

from collections.abc import Iterator

from backhaul.config.base import Model
from backhaul.config.source import (
    AuthSession,
    Call,
    ChangedField,
    ChangedToken,
    Next,
    ObjectDefinition,
    Read,
    Source,
)
from backhaul.errors import ConfigError


def unsupported(source: Source) -> tuple[str, ...]:
    """The kinds that the definition uses and that do not run yet, each with the first place that uses it."""
    found: dict[str, str] = {}
    for what, where in _uses(source):
        found.setdefault(what, where)
    return tuple(f"{what} ({where})" for what, where in found.items())


def refuse_unsupported(source: Source, customer: str, name: str) -> None:
    """Raise ConfigError where the definition needs a kind that does not run yet."""
    missing = unsupported(source)
    if missing:
        raise ConfigError(
            f"the source {source.source} uses {', '.join(missing)}, which this version cannot run",
            next_step="use a later version of backhaul for this source",
            customer=customer,
            connection=name,
        )


def _uses(source: Source) -> Iterator[tuple[str, str]]:
    for where, call in _calls(source, "source"):
        if call.xml is not None or call.format == "xml":
            yield "XML", where
    if any(limit.scope == "parent" for limit in source.limits):
        yield "limits of a single parent", "limits"
    for name, definition in source.objects.items():
        for what, where in _of_object(source, definition):
            yield what, f"objects.{name}{where}"
    for where, step in _pages_of_discovery(source):
        if step.type != "token":
            yield f"discovery with pages by {step.type}", where


def _of_object(source: Source, definition: ObjectDefinition) -> Iterator[tuple[str, str]]:
    if isinstance(definition.changed, ChangedToken):
        yield "change tokens", ".changed"
    parent = definition.parent
    if parent is not None:
        above = source.objects[parent.object]
        if above.parent is not None:
            yield "children of children", ".parent"
        if parent.shared:
            yield "shared children", ".parent.shared"
        if isinstance(definition.changed, ChangedField | ChangedToken):
            yield "children that tell change themselves", ".changed"
        if definition.deletes:
            yield "deletions of single children", ".deletes"
    for role in type(definition.reads).model_fields:
        for read in getattr(definition.reads, role):
            for what in _of_read(read):
                yield what, f".reads.{role}"
    for mode in type(definition.writes).model_fields:
        for write in getattr(definition.writes, mode):
            for results in write.job.results if write.job is not None else ():
                if results.result.type != "echo" or results.format != "csv":
                    yield "job results other than CSV that echoes the rows", f".writes.{mode}"
            if write.result is not None and write.result.type == "order" and write.result.id is not None:
                yield "results by a place that they tell", f".writes.{mode}"


def _of_read(read: Read) -> Iterator[str]:
    if read.spread is not None:
        yield "fields that stand apart"
    if read.hydrate:
        yield "reads that give keys only"
    if isinstance(read.each, str):
        yield "`each` over a setting"


def _calls(part: Model, where: str) -> Iterator[tuple[str, Call]]:
    """Every request within, with its place; a login is left to the way in that needs it."""
    if isinstance(part, Call):
        yield where.removeprefix("source."), part
    if isinstance(part, AuthSession):
        return
    for name in type(part).model_fields:
        yield from _within(getattr(part, name), f"{where}.{name}")


def _within(value: object, where: str) -> Iterator[tuple[str, Call]]:
    if isinstance(value, Model):
        yield from _calls(value, where)
    elif isinstance(value, list):
        for item in value:
            yield from _within(item, where)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _within(item, f"{where}.{key}")


def _pages_of_discovery(source: Source) -> Iterator[tuple[str, Next]]:
    for where, call in _calls(source, "source"):
        step = getattr(call, "next", None)
        if "discovery" in where.split(".") and step is not None:
            yield where, step
