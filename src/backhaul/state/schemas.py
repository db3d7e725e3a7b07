"""The schemas that discovery found, and how they drifted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from backhaul.state.store import ControlStore

Change = Literal["added", "removed", "retyped"]


@dataclass(frozen=True, slots=True)
class StoredSchema:
    """A schema as its room wrote it (JSON), by fingerprint."""

    fingerprint: str
    body: str
    discovered_at: datetime


@dataclass(frozen=True, slots=True)
class Drift:
    """One change of a connection's schema. `field` is empty where the whole object came or went."""

    object: str
    field: str
    change: Change
    before: str = ""
    after: str = ""
    run: str = ""
    seen_at: datetime | None = None
    """Set by the store."""


class Schemas:
    """Every schema a connection has had, and the drift between them."""

    def __init__(self, store: ControlStore, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def put(self, customer: str, connection: str, fingerprint: str, body: str, drift: Sequence[Drift] = ()) -> None:
        """Keep what was just discovered, with what differs from before, in one step."""
        now = self._now()
        with self._store.write() as sql:
            sql.execute(
                "insert into schemas (customer, connection, fingerprint, body, discovered_at) values (?, ?, ?, ?, ?)"
                " on conflict (customer, connection, fingerprint) do update set"
                " body = excluded.body, discovered_at = excluded.discovered_at",
                (customer, connection, fingerprint, body, now),
            )
            sql.executemany(_DRIFT, [(customer, connection, *_columns(each), now) for each in drift])

    def latest(self, customer: str, connection: str) -> StoredSchema | None:
        rows = self._store.read(
            "select fingerprint, body, discovered_at from schemas where customer = ? and connection = ?"
            " order by discovered_at desc limit 1",
            (customer, connection),
        )
        if not rows:
            return None
        return StoredSchema(rows[0][0], rows[0][1], datetime.fromtimestamp(rows[0][2], UTC))

    def note_drift(self, customer: str, connection: str, drift: Sequence[Drift]) -> None:
        """Drift that was seen outside of discovery: an unknown field in a page."""
        now = self._now()
        with self._store.write() as sql:
            sql.executemany(_DRIFT, [(customer, connection, *_columns(each), now) for each in drift])

    def drift(self, customer: str, connection: str, since: datetime | None = None) -> list[Drift]:
        """Newest first."""
        rows = self._store.read(
            "select object, field, change, before, after, run, seen_at from drift"
            " where customer = ? and connection = ? and seen_at >= ? order by seen_at desc, id desc",
            (customer, connection, since.timestamp() if since else 0.0),
        )
        return [
            Drift(
                object=row["object"],
                field=row["field"],
                change=row["change"],
                before=row["before"],
                after=row["after"],
                run=row["run"],
                seen_at=datetime.fromtimestamp(row["seen_at"], UTC),
            )
            for row in rows
        ]


_DRIFT = (
    "insert into drift (customer, connection, object, field, change, before, after, run, seen_at)"
    " values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def _columns(drift: Drift) -> tuple[str, ...]:
    return (drift.object, drift.field, drift.change, drift.before, drift.after, drift.run)
