"""What the spool holds: windows of a read, and the typed Parquet parts they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

Kind = Literal["rows", "deletes", "parents", "rejects", "keys", "positions"]


@dataclass(frozen=True, slots=True)
class WindowId:
    """One window of a read. `name` is unique among the windows of its object: `all`, or its bounds."""

    connection: str
    object: str
    name: str


@dataclass(frozen=True, slots=True)
class WindowMeta:
    """What a window was opened with. A resumed window keeps the meta of its first opening."""

    read: str
    fingerprint: str
    """Of the chosen fields and their types. A window begun with others is thrown away."""
    run_id: str
    started_at: datetime
    lower: datetime | None = None
    upper: datetime | None = None
    token: str | None = None
    """The vendor's own position at which it begins."""


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file whose manifest line is on disk.

    page_token: where the page after this part starts; None: unknown, or there is none.
    last_key: the keyset position after this part. last: it ends its window.
    read_at: the earliest `_read_at` of its rows.
    """

    window: WindowId
    kind: Kind
    path: Path
    rows: int
    bytes: int
    page_token: str | None
    last_key: str | None
    first_changed: datetime | None
    last_changed: datetime | None
    read_at: datetime
    last: bool


@dataclass(frozen=True, slots=True)
class Resume:
    """Where a window goes on. Nothing read yet: all None, zero and False."""

    page_token: str | None
    last_key: str | None
    last_changed: datetime | None
    parts: int
    rows: int
    finished: bool


@dataclass(frozen=True, slots=True)
class WindowState:
    """One window as its manifest tells it. `parts` are those that still wait to be loaded."""

    window: WindowId
    meta: WindowMeta
    notes: Mapping[str, str]
    parts: tuple[Part, ...]
    resume: Resume
