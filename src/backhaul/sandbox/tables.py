"""What a simulator remembers: one table an object, rows by id in the order they were made."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Row:
    """One record. `deleted_at` is a soft delete; a purged row left nothing behind."""

    id: str
    values: dict[str, Any]
    created_at: datetime
    changed_at: datetime
    deleted_at: datetime | None = None
    merged_into: str | None = None
    purged: bool = False
    # When a search index shows the row's latest change; None means: as the vendor's index lag says.
    indexed_at: datetime | None = None
    # Place in `Table.order`: where a page that starts after this row begins.
    n: int = 0
    # A vendor's encoded answer for this row; every change drops it.
    encoded: Any = None

    @property
    def live(self) -> bool:
        return self.deleted_at is None and not self.purged


class Table:
    """The rows of one object. Methods raise KeyError for an id that is not there.

    A table given a `seed` is filled when it is first looked at: a large world costs only what is read of it.
    """

    __slots__ = ("_order", "_rows", "_seed", "name", "version")

    def __init__(self, name: str, seed: Callable[[Table], None] | None = None) -> None:
        self.name = name
        # Counts changes, so that whoever derives something from the table knows when it is stale.
        self.version = 0
        self._rows: dict[str, Row] = {}
        self._order: list[Row] = []
        self._seed = seed

    @property
    def rows(self) -> dict[str, Row]:
        if self._seed is not None:
            self._fill()
        return self._rows

    @property
    def order(self) -> list[Row]:
        if self._seed is not None:
            self._fill()
        return self._order

    def _fill(self) -> None:
        seed, self._seed = self._seed, None
        assert seed is not None  # the caller looked
        # Collecting garbage among millions of rows that all stay is what would take the time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            seed(self)
        finally:
            if collecting:
                gc.enable()
        if len(self._order) > 100_000:
            gc.freeze()

    def live(self) -> Iterator[Row]:
        return (row for row in self.order if row.live)

    def get(self, id: str) -> Row | None:
        """The row, deleted or not; None for an unknown or purged one."""
        row = self.rows.get(id)
        return None if row is None or row.purged else row

    def require(self, id: str) -> Row:
        row = self.get(id)
        if row is None:
            raise KeyError(f"{self.name} {id} does not exist")
        return row

    def after(self, n: int) -> Iterator[Row]:
        """Rows made after the n-th, in order."""
        order = self.order
        return (order[i] for i in range(n + 1, len(order)))

    def insert(self, values: dict[str, Any], *, id: str, at: datetime, changed_at: datetime | None = None) -> Row:
        if id in self.rows:
            raise KeyError(f"{self.name} {id} exists already")
        row = Row(id, values, at, changed_at or at, n=len(self.order))
        self.rows[id] = row
        self.order.append(row)
        self.version += 1
        return row

    def update(self, id: str, values: Mapping[str, Any], at: datetime) -> Row:
        row = self.require(id)
        row.values.update(values)
        return self._changed(row, at)

    def delete(self, id: str, at: datetime) -> Row:
        row = self.require(id)
        row.deleted_at = at
        return self._changed(row, at)

    def restore(self, id: str, at: datetime) -> Row:
        row = self.require(id)
        row.deleted_at = None
        row.merged_into = None
        return self._changed(row, at)

    def merge(self, loser: str, winner: str, at: datetime) -> Row:
        """The loser is deleted and points at the winner, which counts as changed."""
        kept = self.require(winner)
        gone = self.require(loser)
        gone.deleted_at = at
        gone.merged_into = winner
        self._changed(gone, at)
        return self._changed(kept, at)

    def purge(self, id: str) -> Row:
        row = self.require(id)
        row.purged = True
        row.values = {}
        row.encoded = None
        self.version += 1
        return row

    def _changed(self, row: Row, at: datetime) -> Row:
        # A vendor's stamp never goes back, and two changes in one millisecond share it.
        row.changed_at = max(at, row.changed_at)
        row.indexed_at = None
        row.encoded = None
        self.version += 1
        return row
