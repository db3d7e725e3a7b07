"""How a configuration model is told to a reader: its name, its keys, the types of their values."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from backhaul.config import calls, objects, pipeline, reads, source, writes
from backhaul.config.base import Duration, Model, Name, ScheduleText
from backhaul.config.secret import Secret
from docs.generate.markdown import anchor, code

_WORDS: list[tuple[Any, str]] = [
    (calls.PathText, "path"),
    (calls.Template, "text with placeholders"),
    (calls.Condition, "[condition](#conditions)"),
    (source.Outcome, "[outcome](errors.md#outcomes)"),
    (ScheduleText, "schedule"),
    (calls.OurType, "[type](#types)"),
    (calls.VendorType, "[type](#types) or `skip`"),
    (Duration, "duration"),
    (Name, "name"),
    (Secret, "reference to the environment"),
    (str, "text"),
    (int, "integer"),
    (float, "number"),
    (bool, "boolean"),
    (date, "date"),
    (datetime, "time"),
    (Any, "any"),
]
_TITLES: dict[type[BaseModel], str] = {
    source.Source: "source",
    calls.Call: "request",
    objects.ObjectDefinition: "object",
    objects.Discover: "discovery request",
    source.Discovery: "discovery",
    reads.ErrorAt: "error",
    reads.JobCreate: "create",
    reads.ReadJob: "job of a read",
    writes.WriteJob: "job of a write",
    writes.WriteResults: "results of a write job",
    objects.ObjectReads: "reads",
    source.ErrorRule: "error rule",
    pipeline.ObjectChoice: "object",
    pipeline.Mapped: "mapped column",
    pipeline.FailureHook: "on_failure",
}
_FAMILIES = {"Next": "next", "Changed": "changed", "Delete": "deletes", "Auth": "auth"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a block, as a reader sees it."""

    name: str
    type: str
    default: str
    description: str


def title(model: type[BaseModel]) -> str:
    """What a reader calls it: `read`, `next: token`."""
    if model in _TITLES:
        return _TITLES[model]
    kind = kind_of(model)
    family = next((word for start, word in _FAMILIES.items() if model.__name__.startswith(start)), None)
    if kind and family:
        return f"{family}: {kind}"
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in model.__name__).strip()


def kind_of(model: type[BaseModel]) -> str | None:
    """The value of `type`, where a model is one kind of several."""
    field = model.model_fields.get("type")
    values = get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()
    return str(values[0]) if len(values) == 1 else None


def own_keys(model: type[BaseModel]) -> tuple[str, ...]:
    """The fields that a model does not have from the model it extends."""
    above = {name for base in model.__mro__[1:] if base is not Model for name in getattr(base, "model_fields", {})}
    return tuple(name for name in model.model_fields if name not in above)


def extends(model: type[BaseModel]) -> type[BaseModel] | None:
    base = model.__mro__[1]
    return base if base not in (Model, BaseModel) and issubclass(base, BaseModel) else None


def keys(model: type[BaseModel]) -> Iterator[Key]:
    hints = get_type_hints(model, include_extras=True)
    for name in own_keys(model):
        field = model.model_fields[name]
        told = field.description or _told_by(hints[name])
        if not told and name == "type" and kind_of(model):
            told = "This kind."
        yield Key(field.alias or name, spell(hints[name]), _default(field), told)


def parts(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The model and every model below it, each once, in the order of the keys."""
    found: dict[type[BaseModel], None] = {}

    def walk(each: type[BaseModel]) -> None:
        if each in found:
            return
        base = extends(each)
        if base is not None:
            walk(base)
        found[each] = None
        for hint in get_type_hints(each, include_extras=True).values():
            for inner in _models(hint):
                walk(inner)

    walk(model)
    return list(found)


def spell(hint: Any) -> str:
    """A type in words, with links to the blocks that it names."""
    for known, word in _WORDS:
        if hint is known or hint == known:
            return word
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return spell(inner[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(spell(each) for each in inner if each is not type(None)))
    if origin is Literal:
        return " ".join(code(value) for value in inner)
    if origin is list:
        return f"list of {spell(inner[0])}"
    if origin is tuple:
        return " and ".join(spell(each) for each in inner if each is not Ellipsis)
    if origin is dict:
        return f"map of {'' if inner[0] is str else spell(inner[0]) + ' to '}{spell(inner[1])}"
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return f"[{title(hint)}]({anchor(title(hint))})"
    raise TypeError(f"no words for the type {hint}")


def _models(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for inner in get_args(hint):
        yield from _models(inner)


def _told_by(hint: Any) -> str:
    """What a named type says of itself."""
    told = [each.description for each in getattr(hint, "__metadata__", ()) if isinstance(each, FieldInfo)]
    return next((each for each in told if each), "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        kind = kind_of(type(value))
        return code(f"type: {kind}") if kind else ""
    if value is None or value in ([], {}, ""):
        return ""
    if isinstance(value, bool | enum.Enum):
        return code(str(value).lower())
    return code(value)
