"""How one schema differs from the one before."""

from __future__ import annotations

from collections.abc import Iterator

from backhaul.protocol.schema import Schema
from backhaul.state.schemas import Drift


def drift_between(before: Schema, after: Schema, run: str = "") -> list[Drift]:
    """Fields added, removed and retyped in the objects that both schemas hold."""
    return list(_drift(before, after, run))


def _drift(before: Schema, after: Schema, run: str) -> Iterator[Drift]:
    for name, now in after.objects.items():
        then = before.objects.get(name)
        if then is None:
            continue
        for field in now.fields.values():
            old = then.fields.get(field.name)
            if old is None:
                yield Drift(name, field.name, "added", "", field.type, run)
            elif old.type != field.type:
                yield Drift(name, field.name, "retyped", old.type, field.type, run)
        for field in then.fields.values():
            if field.name not in now.fields:
                yield Drift(name, field.name, "removed", field.type, "", run)
