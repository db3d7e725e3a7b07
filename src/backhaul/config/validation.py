"""From a tree to a model, or to every problem that stands between them, in the words of the file's reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from backhaul.config import shapes
from backhaul.config.nodes import Node
from backhaul.config.problems import KeyPath, Place, Problem, closest, listed, spell
from backhaul.config.secret import Secret

M = TypeVar("M", bound=BaseModel)
Follow = Callable[[Node, str], tuple[KeyPath, Node] | None]
"""Where a step leads that a map does not hold itself, as by a source's `use`: the path to say, and the node."""


def validate(
    model: type[M],
    data: Any,
    root: Node,
    *,
    follow: Follow | None = None,
    hidden: Callable[[KeyPath], bool] | None = None,
) -> tuple[M | None, list[Problem]]:
    """The model made of `data`, or the problems, placed in the tree that the data came from.

    hidden: tells the paths whose values are not shown.
    """
    try:
        return model.model_validate(data), []
    except ValidationError as failure:
        found = [_trace(model, root, details, follow) for details in failure.errors(include_url=False)]
        return None, _explain(found, hidden or (lambda _: False))


_SAYS_MORE = frozenset({"value_error", "extra_forbidden", "missing"})
_NOT_MEANT = 1_000_000


@dataclass(frozen=True, slots=True)
class _Choice:
    """Where pydantic tried one of several alternatives."""

    path: KeyPath
    said: KeyPath
    label: str
    suits: bool
    """Whether the value is of a kind that the alternative takes."""
    alternatives: tuple[Any, ...]
    node: Node


@dataclass(frozen=True, slots=True)
class _Trace:
    """An error followed through the tree and the model at the same time."""

    path: KeyPath
    said: KeyPath
    """The path to say: into the template where the text stands there."""
    place: Place
    key_place: Place
    node: Node | None
    wanted: tuple[Any, ...]
    """The annotations that the value could have been of."""
    siblings: tuple[str, ...]
    """The keys that the model around the value knows."""
    choices: tuple[_Choice, ...]
    details: ErrorDetails
    of_key: bool = False


def _trace(model: type[BaseModel], root: Node, details: ErrorDetails, follow: Follow | None) -> _Trace:
    path: KeyPath = ()
    said: KeyPath = ()
    node: Node | None = root
    around = root
    key_place = root.place
    wanted: tuple[Any, ...] = (model,)
    siblings: tuple[str, ...] = ()
    choices: list[_Choice] = []
    of_key = False
    for step in details["loc"]:
        if step == "[key]":
            of_key = True
            continue
        if len(wanted) > 1:
            label = str(step)
            chosen = shapes.named_by(label, wanted)
            # a tag is pydantic's own choice, by a `type` that may come from a template
            suits = any(label in shapes.kinds(each) or shapes.takes(each, node) for each in chosen)
            choices.append(_Choice(path, said, label, suits, wanted, node or around))
            if chosen:
                wanted = chosen
                continue
        siblings = tuple(key for model in wanted if shapes.is_model(model) for key in shapes.keys(model))
        wanted = tuple(m for w in wanted for m in shapes.members(shapes.inner(w, step)) if m is not None)
        if isinstance(step, int) and node is not None and not isinstance(node.value, tuple):
            # the model takes one value for a list of one
            continue
        path, said = (*path, step), (*said, step)
        if node is None:
            continue
        child = node.child(step)
        if child is None and follow and isinstance(step, str) and (followed := follow(node, step)):
            said, child = followed
        if child is not None:
            key_place = _place_of_key(node, step, child)
            around = child
        node = child
    return _Trace(path, said, around.place, key_place, node, wanted, siblings, tuple(choices), details, of_key)


def _place_of_key(node: Node, step: str | int, child: Node) -> Place:
    entry = node.value.get(str(step)) if isinstance(node.value, dict) else None
    return entry.place if entry else child.place


def _explain(traces: list[_Trace], hidden: Callable[[KeyPath], bool]) -> list[Problem]:
    """One problem for each error; of a union's errors, only those of the alternative that was meant."""
    problems: dict[Problem, None] = {}
    meant = _meant(traces)
    for trace in traces:
        other = next((choice for choice in trace.choices if meant[choice.path] != choice.label), None)
        if other is None:
            problems[_problem(trace, hidden(trace.path))] = None
        elif meant[other.path] is None:
            words = " or ".join(dict.fromkeys(shapes.in_words(each) for each in other.alternatives))
            what = f"expected {words}{_found(other.node, hidden(other.path))}"
            problems[Problem(other.node.place, spell(other.said), what)] = None
    return list(problems)


def _meant(traces: Iterable[_Trace]) -> dict[KeyPath, str | None]:
    """For each union the one alternative that the value was meant for, or None where it suits none of them."""
    costs: dict[KeyPath, dict[str, int]] = {}
    for trace in traces:
        for choice in trace.choices:
            labels = costs.setdefault(choice.path, {})
            # an error further in, or a check's own words, means that the value was understood up to there
            further = len(trace.path) > len(choice.path) or trace.details["type"] in _SAYS_MORE
            labels[choice.label] = labels.get(choice.label, 0) + (1 if choice.suits and further else _NOT_MEANT)
    best = {path: min(labels.items(), key=lambda item: item[1]) for path, labels in costs.items()}
    return {path: label if cost < _NOT_MEANT else None for path, (label, cost) in best.items()}


def _found(node: Node | None, hidden: bool) -> str:
    """`, found 5`; a value that is long or secret is told by its kind."""
    if node is None:
        return ""
    value = node.value
    if isinstance(value, dict):
        return ", found a map"
    if isinstance(value, tuple):
        return ", found a list"
    if value is None:
        return ", found nothing"
    if hidden or isinstance(value, Secret):
        return ", found something else"
    if isinstance(value, str):
        return f", found {value!r}" if len(value) <= 60 else ", found a longer text"
    return f", found {str(value).lower() if isinstance(value, bool) else value}"


def _problem(trace: _Trace, hidden: bool) -> Problem:
    details, path = trace.details, spell(trace.said)
    kind, context = details["type"], details.get("ctx") or {}
    place = trace.key_place if trace.of_key else trace.place
    found = _found(trace.node, hidden)
    if kind == "missing":
        return Problem(place, path, "is missing")
    if kind == "extra_forbidden":
        return _unknown_key(trace, path)
    if kind in ("literal_error", "enum"):
        allowed = _literals(trace.wanted)
        what = f"expected {' or '.join(allowed)}" if len(allowed) < 3 else f"expected one of {', '.join(allowed)}"
        near = None if hidden else closest(details["input"], allowed)
        return Problem(place, path, what + found, near)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_kind(trace, path)
    if kind == "value_error":
        return Problem(place, path, str(context.get("error") or details["msg"]))
    if kind == "string_pattern_mismatch":
        return Problem(place, path, f"does not look as it should ({context.get('pattern')}){found}")
    if kind.endswith(("_type", "_parsing")) or kind in ("is_instance_of", "int_from_float"):
        words = " or ".join(dict.fromkeys(shapes.in_words(w) for w in trace.wanted)) or details["msg"]
        scalar = trace.node is not None and isinstance(trace.node.value, int | float) and words == "text"
        return Problem(place, path, f"expected {words}{found}" + ("; put it in quotes" if scalar else ""))
    message = details["msg"].removeprefix("Input ").removeprefix("Value error, ")
    return Problem(place, path, f"{message[:1].lower()}{message[1:]}{found}")


def _literals(wanted: Iterable[Any]) -> list[str]:
    return [str(value) for w in wanted for value in get_args(w) if get_origin(w) is not dict]


def _unknown_key(trace: _Trace, path: str) -> Problem:
    near = closest(trace.path[-1] if trace.path else "", trace.siblings)
    what = "unknown key" if near else f"unknown key; there are {listed(trace.siblings)}"
    return Problem(trace.key_place, path, what, near)


def _unknown_kind(trace: _Trace, path: str) -> Problem:
    allowed = [kind for model in trace.wanted if shapes.is_model(model) for kind in shapes.kinds(model)]
    kind = trace.node.child("type") if trace.node else None
    path = f"{path}.type" if path else "type"
    if kind is None or kind.value is None:
        return Problem(trace.place, path, f"is missing; it is one of {', '.join(allowed)}")
    return Problem(
        kind.place, path, f"expected one of {', '.join(allowed)}{_found(kind, False)}", closest(kind.value, allowed)
    )
