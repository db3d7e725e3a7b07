"""What is to be read of a connection in this run: chosen objects, their fields, where they stand, what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from backhaul.config.durations import parse_duration
from backhaul.config.objects import Changed, ChangedNone, ObjectDefinition
from backhaul.config.pipeline import ObjectChoice
from backhaul.config.source import Source
from backhaul.errors import ConfigError
from backhaul.extract.deletions import FEED, WINDOW_OF
from backhaul.extract.parents import fields_of_parent
from backhaul.extract.task import Standing, Task
from backhaul.load.landed import Landed, Needed
from backhaul.load.tables import WatermarkRow
from backhaul.protocol.schema import Field, ObjectSchema, Schema

_OF_PARENT = "of:"
CHANGES = "changes"
"""The window under which an object's own watermark is kept."""

Marks = Mapping[tuple[str, str], WatermarkRow]
"""(object, window) -> where it stands, of one connection."""


def tasks_of(
    source: Source,
    schema: Schema,
    choices: Mapping[str, ObjectChoice],
    marks: Marks,
    now: datetime,
    *,
    only: Sequence[str] = (),
    full: bool = False,
    since: datetime | None = None,
    check_deletes: bool = False,
    census: bool = False,
    parents: Landed = MappingProxyType({}),
) -> list[Task]:
    """The tasks of a run, parents with their children. Raises ConfigError for a child without its parent.

    parents: what has landed of those whose children are asked for by what is here already.
    """
    children: dict[str, list[tuple[str, ObjectChoice, ObjectDefinition]]] = {}
    top: list[tuple[str, ObjectChoice, ObjectDefinition]] = []
    for name, choice in choices.items():
        definition = _definition(source, name, choice)
        if name not in schema.objects:
            continue
        if definition.parent is None:
            top.append((name, choice, definition))
        elif definition.parent.object not in choices:
            raise ConfigError(
                f"{name} is read with its parent {definition.parent.object}, which the pipeline does not name",
                next_step=f"add {definition.parent.object} to the connection's objects",
                connection=schema.connection,
                object=name,
            )
        else:
            children.setdefault(definition.parent.object, []).append((name, choice, definition))

    def below(name: str) -> tuple[Task, ...]:
        key = schema.objects[name].key if name in schema.objects else ()
        return tuple(
            Task(
                schema.objects[child],
                definition,
                choice,
                _fields(schema.objects[child], definition, choice),
                children=below(child),
                full=full,
                since=since,
                parent_key=key,
                landed=parents.get(needed(schema.connection, definition), {}),
                positions=_positions(marks, child),
            )
            for child, choice, definition in children.get(name, ())
        )

    tasks = []
    for name, choice, definition in top:
        within = below(name)
        if (
            only
            and name not in only
            and not any(each.name in only for child in within for each in (child, *child.below))
        ):
            continue
        tasks.append(
            Task(
                schema=schema.objects[name],
                definition=definition,
                choice=choice,
                fields=_fields(schema.objects[name], definition, choice),
                children=within,
                watermark=_time(marks, name, CHANGES),
                token=mark.token if (mark := marks.get((name, CHANGES))) is not None else None,
                delete_watermark=_time(marks, name, FEED),
                deletes_due=_due(definition, name, marks, now, check=check_deletes, census=census),
                census=census,
                full=full,
                since=since,
            )
        )
    return tasks


def needed(connection: str, definition: ObjectDefinition) -> Needed:
    """What of a child's parents must be known before a run."""
    parent = definition.parent.object if definition.parent is not None else ""
    return Needed(connection, parent, fields_of_parent(definition))


def needs_landed(definition: ObjectDefinition) -> bool:
    """Whether a child is asked for by what is known of its parents, beside what a run reads of them."""
    parent = definition.parent
    if parent is None or parent.at is not None:
        return False
    return parent.shared or bool(parent.when_changed) or not isinstance(definition.changed, ChangedNone)


def of_parent(parent: str) -> str:
    """The window under which the position of one parent's children is kept."""
    return f"{_OF_PARENT}{parent}"


def _positions(marks: Marks, object: str) -> dict[str, Standing]:
    return {
        window.removeprefix(_OF_PARENT): Standing(row.watermark, row.token)
        for (name, window), row in marks.items()
        if name == object and window.startswith(_OF_PARENT)
    }


def _time(marks: Marks, object: str, window: str) -> datetime | None:
    mark = marks.get((object, window))
    return mark.watermark if mark is not None else None


def _definition(source: Source, name: str, choice: ObjectChoice) -> ObjectDefinition:
    definition = source.definition(name)
    if definition is None:
        raise ConfigError(f"the source {source.source} has no object {name}", object=name)
    if choice.changed is None:
        return definition
    from pydantic import TypeAdapter

    changed: Changed = TypeAdapter(Changed).validate_python(choice.changed)
    return definition.model_copy(update={"changed": changed})


def _fields(schema: ObjectSchema, definition: ObjectDefinition, choice: ObjectChoice) -> tuple[Field, ...]:
    """The chosen fields, with those that reading itself needs: the key, the change field, what tells of deletion."""
    if choice.fields == "all":
        left_out = choice.contract == "discard"
        return tuple(each for each in schema.fields.values() if each.readable and not (each.new and left_out))
    unknown = [name for name in choice.fields if name not in schema.fields]
    if unknown:
        import difflib

        near = {name: difflib.get_close_matches(name, schema.fields, n=1) for name in unknown}
        raise ConfigError(
            f"{schema.name} has no field {', '.join(unknown)}",
            problems=tuple(f"{name}: did you mean {match[0]}?" for name, match in near.items() if match),
            next_step="correct the pipeline, or see `backhaul discover` for what there is",
            object=schema.name,
        )
    wanted = {*choice.fields, *schema.key, *([schema.change_field] if schema.change_field else [])}
    for delete in definition.deletes:
        if delete.type == "flag":
            wanted |= set(delete.when)
        elif delete.type == "merge":
            wanted |= {*(delete.when or ()), delete.winner, delete.loser}
    return tuple(each for name, each in schema.fields.items() if name in wanted and each.readable)


def _due(
    definition: ObjectDefinition, name: str, marks: Marks, now: datetime, *, check: bool, census: bool
) -> frozenset[str]:
    """The kinds of deletion to look for now."""
    due: set[str] = set()
    for delete in definition.deletes:
        window = WINDOW_OF.get(delete.type)
        if window is None:
            continue
        last = _time(marks, name, window)
        every = parse_duration(getattr(delete, "every", "1d"))
        if last is None or now - last >= every or (census if delete.type == "census" else check):
            due.add(delete.type)
    return frozenset(due)
