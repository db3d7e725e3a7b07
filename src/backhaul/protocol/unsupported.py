"""What a definition may say and this version does not run: told when a connection is opened, never met half-way."""

from __future__ import annotations

from collections.abc import Iterator

from backhaul.config.source import Source
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
    if any(limit.scope == "parent" for limit in source.limits):
        yield "limits of a single parent", "limits"
