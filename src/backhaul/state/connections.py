"""What is known of each connection: whose account it is, whether its credentials work, when it last ran."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec

from backhaul.state.store import ControlStore, Row, Sql

Status = Literal["new", "ok", "needs_reauth"]


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """`account`: the vendor's id of it; budgets hang on it. `facts`: what the probe keeps (time zone, currency)."""

    customer: str
    connection: str
    status: Status
    since: datetime
    """When the status last changed."""
    account: str
    facts: Mapping[str, str]
    probed_at: datetime | None
    reason: str
    refused: str = ""
    """Which credentials were refused, as a digest; empty where that is not known."""
    granted: tuple[str, ...] = ()
    """Scopes that the vendor says it granted."""
    token_at: datetime | None = None
    """When the access token was given, of a connection by consent."""


class Connections:
    """Written by probes and refusals, read by `status` and the scheduler."""

    def __init__(self, store: ControlStore, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def probed(self, customer: str, connection: str, account: str, facts: Mapping[str, str]) -> None:
        """The vendor knows us: the credentials work."""
        now = self._now()
        known = (account, msgspec.json.encode(facts).decode(), now)
        with self._store.write() as sql:
            self._set(sql, customer, connection, "ok", "", now)
            sql.execute(
                "update connections set account = ?, facts = ?, probed_at = ? where customer = ? and connection = ?",
                (*known, customer, connection),
            )

    def needs_reauth(self, customer: str, connection: str, reason: str, refused: str = "") -> None:
        """The vendor refuses the credentials. `reason`: for people, without secrets. `refused`: which, as a digest."""
        with self._store.write() as sql:
            self._set(sql, customer, connection, "needs_reauth", reason, self._now())
            sql.execute(
                "update connections set refused = ? where customer = ? and connection = ?",
                (refused, customer, connection),
            )

    def given_tokens(self, customer: str, connection: str, granted: Sequence[str], at: float) -> None:
        """The vendor gave tokens; the status stays as it is."""
        with self._store.write() as sql:
            sql.execute(
                "insert into connections (customer, connection, status, since, granted, token_at)"
                " values (?, ?, 'new', ?, ?, ?) on conflict (customer, connection)"
                " do update set granted = excluded.granted, token_at = excluded.token_at",
                (customer, connection, self._now(), " ".join(granted), at),
            )

    def _set(self, sql: Sql, customer: str, connection: str, status: str, reason: str, now: float) -> None:
        sql.execute(
            "insert into connections (customer, connection, status, since, reason) values (?, ?, ?, ?, ?)"
            " on conflict (customer, connection) do update set reason = excluded.reason,"
            " since = case when connections.status = excluded.status then connections.since else excluded.since end,"
            " status = excluded.status",
            (customer, connection, status, now, reason),
        )

    def get(self, customer: str, connection: str) -> ConnectionState | None:
        rows = self._store.read(
            "select * from connections where customer = ? and connection = ?", (customer, connection)
        )
        return _state(rows[0]) if rows else None

    def all(self, customer: str | None = None) -> list[ConnectionState]:
        rows = self._store.read(
            "select * from connections where ? is null or customer = ? order by customer, connection",
            (customer, customer),
        )
        return [_state(row) for row in rows]

    def last_due(self, customer: str, connection: str) -> datetime | None:
        """The due time that a scheduled run last served."""
        rows = self._store.read(
            "select last_due from schedules where customer = ? and connection = ?", (customer, connection)
        )
        return datetime.fromtimestamp(rows[0][0], UTC) if rows else None

    def served(self, customer: str, connection: str, due: datetime) -> None:
        """A run has served this due time; an earlier one never takes its place."""
        with self._store.write() as sql:
            sql.execute(
                "insert into schedules (customer, connection, last_due) values (?, ?, ?)"
                " on conflict (customer, connection) do update set last_due = case"
                " when excluded.last_due > schedules.last_due then excluded.last_due else schedules.last_due end",
                (customer, connection, due.timestamp()),
            )


def _state(row: Row) -> ConnectionState:
    probed = row["probed_at"]
    return ConnectionState(
        customer=row["customer"],
        connection=row["connection"],
        status=row["status"],
        since=datetime.fromtimestamp(row["since"], UTC),
        account=row["account"],
        facts=msgspec.json.decode(row["facts"]),
        probed_at=None if probed is None else datetime.fromtimestamp(probed, UTC),
        reason=row["reason"],
        refused=row["refused"],
        granted=tuple(row["granted"].split()),
        token_at=None if row["token_at"] is None else datetime.fromtimestamp(row["token_at"], UTC),
    )
