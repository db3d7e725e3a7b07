"""What a transform is told about one customer. Light to import: nothing here parses SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backhaul.config.identity import EntityIdentity
from backhaul.config.pipeline import Mapped

Columns = Mapping[str, str | Mapped]
"""column -> what fills it, as the pipeline says it."""
Mappings = Mapping[str, Mapping[str, Columns]]
"""entity -> connection, or `connection.object` -> its columns."""


@dataclass(frozen=True, slots=True)
class RawField:
    """A field as discovery knows it. The raw table's own column decides its type."""

    name: str
    type: str
    custom: bool = False


@dataclass(frozen=True, slots=True)
class RawConnection:
    """One of the customer's connections: its source, and the fields of each object it reads."""

    name: str
    source: str
    objects: Mapping[str, tuple[RawField, ...]]
    fills: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Object -> the only entities that it is to fill; of those left out, all."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer: the connections, and what the pipeline says of mappings and of who is the same."""

    name: str
    connections: Mapping[str, RawConnection]
    mappings: Mappings
    identity: Mapping[str, EntityIdentity] = field(default_factory=dict)
