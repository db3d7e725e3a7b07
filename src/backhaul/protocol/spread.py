"""Fields that stand apart from a record's own, in a map or in a list of pairs: read as fields, written back there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from backhaul.config import paths
from backhaul.config.objects import ObjectDefinition
from backhaul.config.paths import MISSING, Answer
from backhaul.config.reads import Spread
from backhaul.protocol import render
from backhaul.protocol.render import UNBOUND, Bindings


class Spreader:
    """Reads and writes the fields of one `spread`."""

    def __init__(self, definition: Spread) -> None:
        self.definition = definition
        self.at = definition.source
        self._before, _, self._behind = definition.wrap.partition("{}")

    def entries(self, holder: Any) -> Iterator[tuple[str, Any]]:
        """The fields that a record's map or list holds, called as they are called here."""
        if isinstance(holder, Mapping):
            for name, value in holder.items():
                yield self._wrapped(name), value
        elif isinstance(holder, list) and self.definition.name is not None:
            name_at, value_at = self.definition.name, self.definition.value or "value"
            for entry in holder:
                name, value = self._pair(entry, name_at, value_at)
                if name not in (MISSING, None):
                    yield self._wrapped(str(name)), value

    def _pair(self, entry: Any, name_at: str, value_at: str) -> tuple[Any, Any]:
        if self._are_names and isinstance(entry, Mapping):
            return entry.get(name_at), entry.get(value_at)
        answer = Answer(entry)
        value = paths.first(value_at, answer)
        return paths.first(name_at, answer), None if value is MISSING else value

    @cached_property
    def _are_names(self) -> bool:
        """Whether both paths are names, as they usually are: a look-up each, for every entry of every record."""
        return all(
            len(parsed) == 1 and parsed[0].plain == (text,)
            for text in (self.definition.name or "", self.definition.value or "value")
            if (parsed := paths.parse(text or "."))
        )

    def _wrapped(self, name: str) -> str:
        return f"{self._before}{name}{self._behind}"

    def fill(self, columns: dict[str, Any], wanted: Iterable[str], holders: Sequence[Any]) -> None:
        """Put the spread fields of these records into their columns. A field of the record's own stays what it is."""
        own = [name for name in wanted if self.inner(name) is not None]
        spread = {name: [None] * len(holders) for name in own}
        for row, holder in enumerate(holders):
            for name, value in self.entries(holder):
                column = spread.get(name)
                if column is not None:
                    column[row] = value
        for name, column in spread.items():
            if name not in columns or not any(value is not None for value in columns[name]):
                columns[name] = column

    def inner(self, name: str) -> str | None:
        """What the vendor calls a field within; None for a field that cannot stand there."""
        if not (name.startswith(self._before) and name.endswith(self._behind)):
            return None
        return name[len(self._before) : len(name) - len(self._behind)] or None

    def gathered(self, values: Mapping[str, Any], own: frozenset[str]) -> dict[str, Any]:
        """A row's values as the vendor takes them: those that stand apart in their place. own: fields that never do."""
        plain: dict[str, Any] = {}
        apart: dict[str, Any] = {}
        for name, value in values.items():
            inner = self.inner(name)
            if inner is None or name in own:
                plain[name] = value
            else:
                apart[inner] = value
        if apart:
            plain[self.at] = apart if self.definition.name is None else [self._entry(*pair) for pair in apart.items()]
        return plain

    def _entry(self, name: str, value: Any) -> dict[str, Any]:
        definition = self.definition
        as_read = {definition.name or "name": "{entry.name}", definition.value or "value": "{entry.value}"}
        bindings = Bindings({"entry.name": name, "entry.value": value})
        filled = {key: render.body(inner, bindings) for key, inner in (definition.entry or as_read).items()}
        return {key: None if inner is UNBOUND else inner for key, inner in filled.items()}


def spreader_of(definition: ObjectDefinition) -> Spreader | None:
    """How an object's fields are spread, as its reads say; None where they are not."""
    reads = definition.reads
    return next(
        (
            Spreader(read.spread)
            for role in (reads.all, reads.changes, reads.by_key, reads.by_parent)
            for read in role
            if read.spread is not None
        ),
        None,
    )
