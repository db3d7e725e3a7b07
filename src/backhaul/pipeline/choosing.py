"""Which chosen objects of a connection can be read: a wrong or frozen one keeps back itself and its children."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from backhaul.config.pipeline import ObjectChoice
from backhaul.config.source import Source
from backhaul.errors import ConfigError
from backhaul.pipeline.report import Failure, SyncReport
from backhaul.protocol.schema import Schema

T = TypeVar("T")
Choices = Mapping[str, ObjectChoice]


def tried(
    choices: Choices, source: Source, connection: str, report: SyncReport, attempt: Callable[[Choices], T]
) -> tuple[T, Choices]:
    """The attempt's outcome for the objects that it does not refuse, and those. Refused ones are in the report."""
    left = choices
    while True:
        try:
            return attempt(left), left
        except ConfigError as wrong:
            if wrong.object is None or wrong.object not in left:
                raise
            report.failures.append(Failure.of(wrong, connection))
            left = _without(left, source, {wrong.object})


def without_frozen(choices: Choices, source: Source, schema: Schema, connection: str, report: SyncReport) -> Choices:
    """The choices less the objects that have new fields against their contract."""
    frozen: set[str] = set()
    for name, choice in choices.items():
        known = schema.objects.get(name)
        new = [each.name for each in known.fields.values() if each.new] if known is not None else []
        if choice.contract == "freeze" and new:
            frozen.add(name)
            what = f"the vendor has new fields, and the contract of {name} is freeze: {', '.join(new)}"
            accept = f"accept them with `backhaul discover {report.customer} {connection}`, or set another contract"
            report.failures.append(Failure(connection, name, what, accept))
    return _without(choices, source, frozen)


def _without(choices: Choices, source: Source, refused: set[str]) -> Choices:
    def parent(name: str) -> str | None:
        definition = source.definition(name)
        return definition.parent.object if definition is not None and definition.parent is not None else None

    return {name: each for name, each in choices.items() if name not in refused and parent(name) not in refused}
