"""A process's side of one shared limit: what it holds now, and when to go back to the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import msgspec

from backhaul.state import quotas, rates, slots
from backhaul.state.store import ControlStore

S = TypeVar("S", bound=msgspec.Struct)


class Bucket(Protocol):
    """What threads of this process ask. All of it is quick but where the store must be touched."""

    def take(self, urgent: bool) -> float | None:
        """None: go. Else the seconds after which to ask again."""
        ...

    def sent(self) -> None: ...

    def done(self, was_sent: bool) -> None: ...

    def observe(self, remaining: float | None, used: float | None, maximum: float | None) -> None: ...

    def pause(self, seconds: float) -> float: ...

    def beat(self) -> None:
        """Tell the store what happened since, about twice a second."""
        ...

    def close(self) -> None:
        """Give back what is not used."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """Where a bucket's state stands, who leases from it, by which clock."""

    store: ControlStore
    key: str
    holder: str
    now: Callable[[], float]


class _Shared(Generic[S]):
    """The bucket's row in the store, read and written back in one transaction."""

    kind: str
    state_type: type[S]

    def __init__(self, row: Row) -> None:
        self._store = row.store
        self._key = row.key
        self._holder = row.holder
        self._now = row.now
        self._lock = threading.Lock()

    @contextmanager
    def _state(self) -> Iterator[S]:
        with self._store.write() as sql:
            row = sql.execute("select state from buckets where key = ?", (self._key,)).fetchone()
            state = msgspec.json.decode(row["state"], type=self.state_type) if row else self.state_type()
            yield state
            sql.execute(
                "insert into buckets (key, kind, state, changed_at) values (?, ?, ?, ?)"
                " on conflict (key) do update set state = excluded.state, changed_at = excluded.changed_at",
                (self._key, self.kind, msgspec.json.encode(state).decode(), self._now()),
            )


class RateBucket(_Shared[rates.Rate]):
    """Tokens of a rate limit."""

    kind = "rate"
    state_type = rates.Rate

    def __init__(self, row: Row, amount: int, per: float) -> None:
        super().__init__(row)
        self._amount = amount
        self._per = per
        self._tokens = 0
        self._expires = 0.0
        self._pending = 0
        self._uses: dict[float, int] = {}
        self._seen: tuple[float | None, float | None] | None = None
        self._sent_since = 0
        self._flying = 0
        self._told_cap: float | None = None
        self._closed_until = {False: 0.0, True: 0.0}

    def take(self, urgent: bool) -> float | None:
        with self._lock:
            now = self._now()
            if self._tokens == 0 or now >= self._expires:
                if now < self._closed_until[urgent]:
                    return self._closed_until[urgent] - now
                wait = self._lease(now, urgent)
                if wait is not None:
                    return wait
            self._tokens -= 1
            self._pending += 1
            return None

    def _lease(self, now: float, urgent: bool) -> float | None:
        with self._state() as state:
            self._settle(state, now)
            tokens, answer = rates.lease(state, self._holder, self._amount, self._per, now, urgent=urgent)
        self._settled()
        if tokens:
            self._tokens, self._expires = tokens, answer
            return None
        self._closed_until[urgent] = now + answer
        return answer

    def _settle(self, state: rates.Rate, now: float) -> None:
        rates.settle(state, self._holder, list(self._uses.items()), self._pending, now, self._per)
        if self._seen is not None:
            remaining, maximum = self._seen
            if remaining is not None:
                remaining -= self._sent_since
            rates.observe(state, self._amount, remaining, maximum, now, self._per)

    def _settled(self) -> None:
        """The store knows: only now may this side forget."""
        self._uses.clear()
        self._tokens, self._seen = 0, None

    def sent(self) -> None:
        with self._lock:
            self._pending -= 1
            end = rates.slot_end(self._now(), self._per)
            self._uses[end] = self._uses.get(end, 0) + 1
            self._sent_since += 1
            self._flying += 1

    def done(self, was_sent: bool) -> None:
        with self._lock:
            if was_sent:
                self._flying -= 1
            else:
                self._pending -= 1
                self._tokens += 1

    def observe(self, remaining: float | None, used: float | None, maximum: float | None) -> None:
        if remaining is None and used is not None:
            remaining = max(0.0, (maximum or self._amount) - used)
        with self._lock:
            if maximum is not None and maximum != self._told_cap:
                self._told_cap = maximum
                self._closed_until = {False: 0.0, True: 0.0}
            # what else is on its way may have come after this answer was made
            self._seen, self._sent_since = (remaining, maximum), max(0, self._flying - 1)
            if remaining is not None and remaining < self._tokens + self._pending:
                # Another program uses the account: what we leased is not there any more.
                self._expires = 0.0

    def pause(self, seconds: float) -> float:
        with self._lock:
            now = self._now()
            with self._state() as state:
                self._settle(state, now)
                state.paused_until = max(state.paused_until, now + seconds)
            self._settled()
            return state.paused_until - now

    def beat(self) -> None:
        with self._lock:
            now = self._now()
            if self._uses or self._pending or (self._tokens and now >= self._expires):
                self._give_back(now, self._tokens if now < self._expires else 0)

    def close(self) -> None:
        with self._lock:
            if self._uses or self._tokens or self._pending:
                self._give_back(self._now(), 0)

    def _give_back(self, now: float, kept: int) -> None:
        """Book the uses; tokens that are kept, and those on their way, stay leased."""
        with self._state() as state:
            self._settle(state, now)
            if kept or self._pending:
                state.out[self._holder] = (kept + self._pending, max(now, self._expires))
        self._settled()
        self._tokens = kept


class SlotBucket(_Shared[slots.Slots]):
    """Slots of a concurrency limit."""

    kind = "concurrency"
    state_type = slots.Slots

    def __init__(self, row: Row, amount: int) -> None:
        super().__init__(row)
        self._amount = amount
        self._held = 0
        self._busy = 0
        self._share: int | None = None
        self._ask_at = 0.0
        self._idle_since = 0.0

    def take(self, urgent: bool) -> float | None:
        with self._lock:
            if self._share is not None and self._busy >= self._share:
                return 0.05
            if self._busy < self._held:
                self._busy += 1
                return None
            if self._held >= self._amount:
                return 0.02  # all slots are this process's own: one is free when a thread is done
            now = self._now()
            if now < self._ask_at:
                return self._ask_at - now
            with self._state() as state:
                slots.clean(state, now)
                given = slots.ask(state, self._holder, self._amount, now)
            if not given:
                self._ask_at = now + 0.1
                return 0.1
            self._held += 1
            self._busy += 1
            return None

    def sent(self) -> None:
        """A slot counts from when it is taken."""

    def done(self, was_sent: bool) -> None:
        with self._lock:
            self._busy -= 1
            self._idle_since = self._now()
            if self._share is not None and self._held > max(self._busy, self._share):
                self._hold(max(self._busy, self._share))

    def _hold(self, count: int) -> None:
        now = self._now()
        with self._state() as state:
            slots.hold(state, self._holder, count, now)
            slots.clean(state, now)
            self._share = slots.fair_share(state, self._holder, self._amount)
        self._held = count

    def observe(self, remaining: float | None, used: float | None, maximum: float | None) -> None:
        if maximum is not None and maximum >= 1:
            with self._lock:
                self._amount = int(maximum)

    def pause(self, seconds: float) -> float:
        """A full vendor is not helped by idle slots: each request backs off by itself."""
        return seconds

    def beat(self) -> None:
        with self._lock:
            if self._held:
                idle = self._now() - self._idle_since > 1.0
                excess = self._share is not None and self._held > self._share
                self._hold(self._busy if idle or excess else self._held)

    def close(self) -> None:
        with self._lock:
            if self._held:
                self._hold(0)


class QuotaBucket(_Shared[quotas.Quota]):
    """Calls of a quota."""

    kind = "quota"
    state_type = quotas.Quota

    def __init__(self, row: Row, amount: int, per: float, resets: str | None, share: float) -> None:
        super().__init__(row)
        self._amount = amount
        self._per = per
        self._resets = resets
        self._share = share
        self._calls = 0
        self._open = 0
        self._answered = 0
        self._reserved = 0
        self._seen: tuple[float | None, float | None, float | None] | None = None
        self._closed_until = {False: 0.0, True: 0.0}
        self._idle_since = 0.0

    def take(self, urgent: bool) -> float | None:
        with self._lock:
            if self._calls == 0:
                wait = self._reserve(self._now(), urgent)
                if wait is not None:
                    return wait
            self._calls -= 1
            self._open += 1
            return None

    def _reserve(self, now: float, urgent: bool) -> float | None:
        if now < self._closed_until[urgent]:
            return self._closed_until[urgent] - now
        limit = (self._amount, self._per, self._resets, self._share)
        with self._state() as state:
            self._settle(state, now, 0)
            calls, wait = quotas.lease(state, self._holder, *limit, now, urgent=urgent)
        self._settled(self._open + calls)
        self._calls = calls
        if calls:
            return None
        # Another process may give back what it reserved: ask the store again before the day is over.
        self._closed_until[urgent] = now + min(wait, 5.0)
        return wait

    def _settle(self, state: quotas.Quota, now: float, kept: int) -> None:
        held = self._open + kept
        quotas.settle(state, self._holder, self._answered, held, now, self._per, self._resets)
        if self._seen is not None:
            quotas.observe(state, self._amount, *self._seen, now)

    def _settled(self, held: int) -> None:
        """The store knows: only now may this side forget."""
        self._answered, self._seen = 0, None
        self._reserved = held

    def sent(self) -> None:
        """A call counts from when it is reserved."""

    def done(self, was_sent: bool) -> None:
        with self._lock:
            self._open -= 1
            self._idle_since = self._now()
            if was_sent:
                self._answered += 1
            else:
                self._calls += 1

    def observe(self, remaining: float | None, used: float | None, maximum: float | None) -> None:
        with self._lock:
            self._seen = (remaining, used, maximum)
            if remaining is not None and remaining < self._calls:
                self._calls = 0

    def pause(self, seconds: float) -> float:
        with self._lock:
            now = self._now()
            with self._state() as state:
                self._settle(state, now, 0)
                wait = quotas.close(state, now, seconds, self._per, self._resets)
            self._settled(self._open)
            self._calls = 0
            return wait

    def beat(self) -> None:
        with self._lock:
            now = self._now()
            if self._open == 0 and now - self._idle_since > 1.0:
                self._calls = 0
            if self._answered or self._reserved:
                self._tell(now)

    def close(self) -> None:
        with self._lock:
            self._calls = 0
            if self._answered or self._reserved:
                self._tell(self._now())

    def _tell(self, now: float) -> None:
        with self._state() as state:
            self._settle(state, now, self._calls)
        self._settled(self._open + self._calls)
