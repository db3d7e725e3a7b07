"""What a model wants at a place, read off its annotations: allowed keys, and types in plain words."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from backhaul.config.nodes import Node
from backhaul.config.problems import listed
from backhaul.config.secret import Secret

_WORDS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    date: "a date such as 2024-01-31",
    datetime: "a time such as 2024-01-31T08:00:00Z",
    timedelta: "a duration such as 15m",
    Secret: "text",
}


def members(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of a union without None; of anything else, itself."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(m for a in get_args(annotation) if a is not type(None) for m in members(a))
    return (annotation,)


def is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def keys(model: type[BaseModel]) -> dict[str, Any]:
    """The keys of a model as YAML spells them, with their annotations."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def kinds(model: Any) -> tuple[str, ...]:
    """The values of `type` that pick this model out of a union; none where it has no such field."""
    field = model.model_fields.get("type") if is_model(model) else None
    return get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()


def inner(annotation: Any, step: str | int) -> Any | None:
    """The annotation one step further in; None where there is none."""
    if is_model(annotation):
        known = keys(annotation)
        field = known.get(str(step))
        return field if field is not None else getattr(annotation.model_fields.get(str(step)), "annotation", None)
    arguments = get_args(annotation)
    if get_origin(annotation) in (dict, list) and arguments:
        return arguments[-1]
    if get_origin(annotation) is tuple and arguments:
        return arguments[step] if isinstance(step, int) and step < len(arguments) else arguments[0]
    return None


def named_by(label: str, alternatives: Iterable[Any]) -> tuple[Any, ...]:
    """The alternatives that pydantic means by a label in an error's location: a tag, a class, `list[str]`."""
    words = re.findall(r"\w+", label)
    # `function-after[check(), str]` is called by what it wraps, `list[str]` by what it is
    name = words[-1 if label.startswith("function-") else 0] if words else ""
    return tuple(a for a in alternatives if label == _name(a) or name.lower() == _name(a).lower() or label in kinds(a))


def _name(annotation: Any) -> str:
    origin = get_origin(annotation) or annotation
    return str(getattr(origin, "__name__", origin))


def takes(annotation: Any, node: Node | None) -> bool:
    """Whether a value of that kind, a map, a list or a scalar, can be of the annotation at all."""
    if node is None:
        return True
    if isinstance(node.value, dict):
        if not is_model(annotation):
            return get_origin(annotation) is dict or annotation is Any
        wanted = node.child("type")
        tags = kinds(annotation)
        default = annotation.model_fields["type"].default if tags else None
        return not tags or (wanted.value if wanted else default) in tags
    if isinstance(node.value, tuple):
        return get_origin(annotation) in (list, tuple) or annotation is Any
    return not is_model(annotation) and get_origin(annotation) not in (dict, list, tuple)


def in_words(annotation: Any) -> str:
    """`text`, `a list of text`, `all or a map`."""
    parts: list[str] = []
    for alternative in members(annotation):
        origin = get_origin(alternative)
        if origin is Literal:
            part = listed(str(value) for value in get_args(alternative))
        elif origin in (list, tuple):
            part = "a list of " + in_words(get_args(alternative)[0])
        elif origin is dict or is_model(alternative):
            part = "a map"
        else:
            part = _WORDS.get(alternative, getattr(alternative, "__name__", "a value"))
        if part not in parts:
            parts.append(part)
    return " or ".join(parts)
