"""A YAML file as a tree that knows where each key and value stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from backhaul.config.problems import KeyPath, Place, Problem
from backhaul.config.secret import Secret

Scalar = str | int | float | bool | None | Secret


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its place: a scalar, a list of nodes, or a map of entries."""

    value: Scalar | tuple[Node, ...] | dict[str, Entry]
    place: Place

    def plain(self) -> Any:
        """The value as dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: entry.node.plain() for key, entry in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    def child(self, step: str | int) -> Node | None:
        if isinstance(self.value, dict):
            entry = self.value.get(step) if isinstance(step, str) else None
            return entry.node if entry else None
        if isinstance(self.value, tuple) and isinstance(step, int) and step < len(self.value):
            return self.value[step]
        return None

    def find(self, path: KeyPath) -> Node | None:
        node: Node | None = self
        for step in path:
            node = node.child(step) if node else None
        return node

    def place_of(self, path: KeyPath) -> Place:
        """Where the value at the path stands; for what is not there, the innermost value around it."""
        node = self
        for step in path:
            inner = node.child(step)
            if inner is None:
                break
            node = inner
        return node.place

    def place_of_key(self, path: KeyPath) -> Place:
        """Where the last key of the path stands; like `place_of` where it is none."""
        above = self.find(path[:-1]) if path else None
        if above is not None and isinstance(above.value, dict) and isinstance(path[-1], str):
            entry = above.value.get(path[-1])
            if entry is not None:
                return entry.place
        return self.place_of(path)

    def leaves(self, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Node]]:
        """Each scalar and each empty container, with its path."""
        if isinstance(self.value, dict) and self.value:
            for key, entry in self.value.items():
                yield from entry.node.leaves((*path, key))
        elif isinstance(self.value, tuple) and self.value:
            for index, node in enumerate(self.value):
                yield from node.leaves((*path, index))
        else:
            yield path, self


@dataclass(frozen=True, slots=True)
class Entry:
    """A map's value, and the place of its key."""

    node: Node
    place: Place


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read. `root` is a map; it is None where the file cannot be read at all."""

    file: str
    root: Node | None
    problems: tuple[Problem, ...] = ()
