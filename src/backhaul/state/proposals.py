"""What agents propose to change, what a person decided, and what came of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec

from backhaul.state.store import ControlStore, Row

Status = Literal["pending", "approved", "applied", "failed", "rejected"]
"""approved: being written. failed: it was not written, for the reason in `outcome`; it may be approved again."""


class Diff(msgspec.Struct, frozen=True):
    """One field that would be written. field: the vendor's; before: what it held when the change was proposed."""

    column: str
    field: str
    before: str | None
    after: str | None


class Proposal(msgspec.Struct, frozen=True):
    """One record's new values. version: the snapshot that the agent looked at."""

    id: str
    customer: str
    entity: str
    record: str
    changes: Mapping[str, str | None]
    diff: tuple[Diff, ...]
    reason: str
    version: int
    status: Status
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str | None
    run: str | None
    outcome: str


class Proposals:
    """Written by agents, decided by people."""

    def __init__(self, store: ControlStore, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def add(
        self, customer: str, entity: str, record: str, changes: Mapping[str, str | None], diff: tuple[Diff, ...], *,
        reason: str, version: int, who: str,
    ) -> Proposal:  # fmt: skip
        id = secrets.token_hex(4)
        with self._store.write() as sql:
            sql.execute(
                "insert into proposals (id, customer, entity, record, changes, diff, reason, version, status,"
                " proposed_at, proposed_by) values (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)",
                (id, customer, entity, record, _text(changes), _text(diff), reason, version, self._now(), who),
            )
        return self._there(customer, id)

    def get(self, customer: str, id: str) -> Proposal | None:
        rows = self._store.read("select * from proposals where customer = ? and id = ?", (customer, id))
        return _proposal(rows[0]) if rows else None

    def all(self, customer: str, status: Status | None = None, limit: int = 100) -> list[Proposal]:
        """The newest first."""
        rows = self._store.read(
            "select * from proposals where customer = ? and (? is null or status = ?)"
            " order by proposed_at desc, id limit ?",
            (customer, status, status, limit),
        )
        return [_proposal(row) for row in rows]

    def pending(self, customer: str) -> int:
        row = self._store.read("select count(*) from proposals where customer = ? and status = 'pending'", (customer,))[
            0
        ]
        return int(row[0])

    def decide(self, customer: str, id: str, status: Literal["approved", "rejected"], who: str, note: str = "") -> bool:
        """Take it up, if nobody else has: False where it is decided already.

        What failed may be approved again, and so may what was being written when a process ended.
        """
        open_for = ("pending", "failed", "approved") if status == "approved" else ("pending", "failed")
        marks = ", ".join("?" for _ in open_for)
        with self._store.write() as sql:
            changed = sql.execute(
                "update proposals set status = ?, decided_at = ?, decided_by = ?, outcome = ?"
                f" where customer = ? and id = ? and status in ({marks})",
                (status, self._now(), who, note, customer, id, *open_for),
            )
            return bool(changed.rowcount > 0)

    def ended(self, customer: str, id: str, status: Literal["applied", "failed"], outcome: str, run: str) -> None:
        with self._store.write() as sql:
            sql.execute(
                "update proposals set status = ?, outcome = ?, run = ? where customer = ? and id = ?",
                (status, outcome, run, customer, id),
            )

    def _there(self, customer: str, id: str) -> Proposal:
        found = self.get(customer, id)
        assert found is not None  # noqa: S101  it was just written
        return found


def _text(content: object) -> str:
    return msgspec.json.encode(content).decode()


def _proposal(row: Row) -> Proposal:
    decided = row["decided_at"]
    return Proposal(
        id=row["id"],
        customer=row["customer"],
        entity=row["entity"],
        record=row["record"],
        changes=msgspec.json.decode(row["changes"], type=dict[str, str | None]),
        diff=msgspec.json.decode(row["diff"], type=tuple[Diff, ...]),
        reason=row["reason"],
        version=row["version"],
        status=row["status"],
        proposed_at=datetime.fromtimestamp(row["proposed_at"], UTC),
        proposed_by=row["proposed_by"],
        decided_at=None if decided is None else datetime.fromtimestamp(decided, UTC),
        decided_by=row["decided_by"],
        run=row["run"],
        outcome=row["outcome"],
    )
