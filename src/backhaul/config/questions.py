"""What the product asks of a customer: prompts of mappings without an answer, and how one gets into the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backhaul.config import documents
from backhaul.config.nodes import Node
from backhaul.config.pipeline import Mapped, Pipeline
from backhaul.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Question:
    """Which of the customer's own fields plays a part. place: a connection, or `connection.object`."""

    entity: str
    place: str
    column: str
    prompt: str
    required: bool

    @property
    def name(self) -> str:
        """As the command line and Python call it: `accounts.crm.tier`."""
        return f"{self.entity}.{self.place}.{self.column}"

    @property
    def path(self) -> tuple[str, ...]:
        return ("mappings", self.entity, self.place, self.column)


def open_questions(pipeline: Pipeline) -> Iterator[Question]:
    """Those of connections that the customer has."""
    for entity, places in pipeline.mappings.items():
        for place, columns in places.items():
            if place.partition(".")[0] not in pipeline.connections:
                continue
            for column, value in columns.items():
                if isinstance(value, Mapped) and value.is_open:
                    yield Question(entity, place, column, value.prompt or "", value.required)


def answered(text: str, path: Sequence[str], field: str, file: str) -> str:
    """The customer's file with the answer in it; every other line stays as it is.

    Raises ConfigError where the file is laid out in a way that this cannot write into.
    """
    document = documents.parse(text.encode(), file)
    if document.root is None or document.problems:
        raise ConfigError(f"{file} cannot be read", problems=tuple(str(each) for each in document.problems))
    node, depth = document.root, 0
    while depth < len(path) and (inner := node.child(path[depth])) is not None and isinstance(inner.value, dict):
        node, depth = inner, depth + 1
    # a block of the customer's own file gets the answer as its `from`
    left = list(path[depth:]) or ["from"]
    if node.child(left[0]) is None:
        written = _inserted(text, node, left, field) if depth else f"{text.rstrip()}\n{_block(left, field, 0)}\n"
        found = documents.parse(written.encode(), file)
        wanted = _with(document.root.plain(), [*path[:depth], *left], field)
        if found.root is not None and not found.problems and found.root.plain() == wanted:
            return written
    raise ConfigError(
        f"{file} has something else at {'.'.join(path[: depth + 1])}, or is laid out in an unusual way",
        next_step=f"write it into the file: {'.'.join(path)}: {_scalar(field)}",
    )


def _inserted(text: str, around: Node, keys: list[str], field: str) -> str:
    """The text with one more entry in a map that is there, before its first one."""
    lines = text.split("\n")
    row, column = around.place.line - 1, around.place.column - 1
    entries = list(around.value.values()) if isinstance(around.value, dict) else []
    if lines[row][column : column + 1] == "{":
        inner = f"{_scalar(keys[-1])}: {_scalar(field)}"
        for key in reversed(keys[:-1]):
            inner = f"{_scalar(key)}: {{{inner}}}"
        lines[row] = f"{lines[row][: column + 1]}{inner}{', ' if entries else ''}{lines[row][column + 1 :]}"
    else:
        first = entries[0].place
        lines.insert(first.line - 1, _block(keys, field, first.column - 1))
    return "\n".join(lines)


def _block(keys: Sequence[str], field: str, indent: int) -> str:
    lines = [f"{' ' * (indent + 2 * level)}{_scalar(key)}:" for level, key in enumerate(keys)]
    return "\n".join(lines) + f" {_scalar(field)}"


def _with(tree: Any, path: Sequence[str], value: str) -> dict[str, Any]:
    inner = dict(tree or {})
    inner[path[0]] = value if len(path) == 1 else _with(inner.get(path[0]), path[1:], value)
    return inner


def _scalar(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", text) and text.lower() not in ("true", "false", "null")
    return text if plain else json.dumps(text, ensure_ascii=False)
