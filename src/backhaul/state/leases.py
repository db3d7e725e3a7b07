"""The write lease: one process at a time loads, transforms and publishes a customer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from backhaul.errors import Busy
from backhaul.state.holder import Holder
from backhaul.state.store import ControlStore, Row, Sql

LIFE = 30.0
"""Seconds after which a holder on another host, not heard of, has lost its lease."""

_POLL = 0.1
_WAITER_LIFE = 5.0


class Lease:
    """Held until the block ends, the process dies, or another host takes it after long silence."""

    def __init__(self, leases: Leases, customer: str, run: str) -> None:
        self.customer = customer
        self.run = run
        self.lost = False
        self._leases = leases

    def check(self) -> None:
        """Raise Busy when it was lost: what would be written now would be written beside another run."""
        if self.lost:
            raise Busy(
                f"the write lease of {self.customer} was lost: this process was not heard of for {LIFE:.0f} s",
                seconds=LIFE,
                customer=self.customer,
            )

    def release(self) -> None:
        self._leases.release(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Leases:
    """Takes, keeps and gives back write leases."""

    def __init__(self, store: ControlStore, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now
        self._lock = threading.Lock()
        self._held: dict[str, Lease] = {}
        self._renewed_at = 0.0
        self._kept = False

    def lease(self, customer: str, *, run: str = "", wait: float = 0.0, stop: threading.Event | None = None) -> Lease:
        """The customer's lease, within `wait` seconds, first come first served. Raises Busy, naming the holder."""
        deadline = self._now() + wait
        ticket: int | None = None
        try:
            while True:
                lease, busy, ticket = self._attempt(customer, run, ticket, queue=wait > 0)
                if lease is not None:
                    return lease
                if self._now() >= deadline or (stop is not None and stop.is_set()):
                    raise busy
                time.sleep(_POLL)
        finally:
            if ticket is not None:
                with self._store.write() as sql:
                    sql.execute("delete from lease_waiters where ticket = ?", (ticket,))

    def _attempt(
        self, customer: str, run: str, ticket: int | None, *, queue: bool
    ) -> tuple[Lease | None, Busy, int | None]:
        now = self._now()
        with self._store.write() as sql:
            row = sql.execute("select * from leases where customer = ?", (customer,)).fetchone()
            held = row is not None and not _is_over(row, now)
            first = self._first_waiter(sql, customer, now)
            if not held and first in (None, ticket):
                sql.execute(
                    "insert into leases (customer, holder, run, since, expires) values (?, ?, ?, ?, ?)"
                    " on conflict (customer) do update set holder = excluded.holder, run = excluded.run,"
                    " since = excluded.since, expires = excluded.expires",
                    (customer, str(self._store.holder), run, now, now + LIFE),
                )
                lease = self._hold(customer, run, now)
                return lease, _busy(customer, row, now), ticket
            if queue:
                ticket = self._queue(sql, customer, ticket, now)
            return None, _busy(customer, row if held else None, now), ticket

    def _first_waiter(self, sql: Sql, customer: str, now: float) -> int | None:
        sql.execute("delete from lease_waiters where seen_at < ?", (now - _WAITER_LIFE,))
        row = sql.execute("select min(ticket) from lease_waiters where customer = ?", (customer,)).fetchone()
        first: int | None = row[0]
        return first

    def _queue(self, sql: Sql, customer: str, ticket: int | None, now: float) -> int | None:
        if ticket is not None:
            sql.execute("update lease_waiters set seen_at = ? where ticket = ?", (now, ticket))
            return ticket
        values = (customer, str(self._store.holder), now)
        row = sql.execute(
            "insert into lease_waiters (customer, holder, seen_at) values (?, ?, ?) returning ticket", values
        ).fetchone()
        new: int = row[0]
        return new

    def _hold(self, customer: str, run: str, now: float) -> Lease:
        with self._lock:
            lease = self._held[customer] = Lease(self, customer, run)
            self._renewed_at = now
            if not self._kept:
                self._store.keeper.keep(self._beat, self._release_all)
                self._kept = True
        return lease

    def _beat(self) -> None:
        now = self._now()
        with self._lock:
            if not self._held or now - self._renewed_at < LIFE / 6:
                return
            self._renewed_at = now
            held = list(self._held.values())
        with self._store.write() as sql:
            for lease in held:
                changed = sql.execute(
                    "update leases set expires = ? where customer = ? and holder = ?",
                    (now + LIFE, lease.customer, str(self._store.holder)),
                ).rowcount
                lease.lost = lease.lost or changed == 0

    def release(self, lease: Lease) -> None:
        with self._lock:
            if self._held.get(lease.customer) is not lease:
                return
            del self._held[lease.customer]
        with self._store.write() as sql:
            sql.execute(
                "delete from leases where customer = ? and holder = ?", (lease.customer, str(self._store.holder))
            )

    def _release_all(self) -> None:
        for lease in list(self._held.values()):
            self.release(lease)


def _is_over(row: Row, now: float) -> bool:
    """Its process has ended; or it is on another host, where that cannot be seen, and has been silent for long."""
    holder = Holder.parse(row["holder"])
    here = Holder.here()
    return holder.is_gone if holder.host == here.host else bool(row["expires"] < now)


def _busy(customer: str, row: Row | None, now: float) -> Busy:
    if row is None:
        return Busy(f"another run is next to write customer {customer}", seconds=_POLL, customer=customer)
    holder = Holder.parse(row["holder"])
    since = datetime.fromtimestamp(row["since"], UTC).strftime("%H:%M:%S UTC")
    run = f"run {row['run']}" if row["run"] else "another run"
    return Busy(
        f"{run} is writing customer {customer}: process {holder.pid} on {holder.host.partition('/')[0]}, since {since}",
        seconds=max(1.0, now - row["since"]),
        customer=customer,
    )
