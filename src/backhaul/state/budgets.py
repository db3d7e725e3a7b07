"""Limits shared by all processes and threads of a project: rates, slots, quotas.

A process leases about a second's worth from the control store and hands it out to its threads; the store is touched
about once a second a bucket, not once a request.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from backhaul.state.buckets import Bucket, QuotaBucket, RateBucket, Row, SlotBucket
from backhaul.state.quotas import DOUBT_AFTER, Quota, ours
from backhaul.state.rates import Rate
from backhaul.state.slots import Slots
from backhaul.state.store import ControlStore

Kind = Literal["rate", "concurrency", "quota"]
Priority = Literal["interactive", "webhook", "bulk"]


@dataclass(frozen=True, slots=True)
class BucketSpec:
    """A limit. `name` is unique for its owner. `share`: the part of a quota that is ours, 0 to 1."""

    name: str
    kind: Kind
    amount: int
    per: float = 1.0
    resets: str | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a vendor's answer said of a limit."""

    remaining: float | None = None
    used: float | None = None
    maximum: float | None = None


class Grant:
    """Leave for one request. Threads do not share it."""

    __slots__ = ("_bucket", "_state")

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._state = 0

    def sent(self) -> None:
        """Its last byte left just now."""
        if self._state == 0:
            self._state = 1
            self._bucket.sent()

    def done(self) -> None:
        """It was answered, or is given up. One that was never sent does not count."""
        if self._state == 2:
            return
        was, self._state = self._state, 2
        self._bucket.done(was == 1)


@dataclass(frozen=True, slots=True)
class BucketFigures:
    """One bucket as people see it."""

    owner: str
    name: str
    kind: Kind
    amount: int | None
    """The vendor's own figure, where it told one."""
    used: int
    open: int
    in_doubt: int
    closed_until: float | None


class Buckets:
    """All limits, through one control store."""

    def __init__(self, store: ControlStore, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Bucket] = {}
        # Two of these in one process lease apart from each other.
        self._holder = str(replace(store.holder, mark=secrets.token_hex(4)))
        store.keeper.keep(self._beat, self._close)

    def take(self, spec: BucketSpec, owner: str, priority: Priority = "bulk") -> Grant | float:
        """Leave to send one request now, or the seconds after which to ask again."""
        bucket = self._bucket(spec, owner)
        wait = bucket.take(priority != "bulk")
        return Grant(bucket) if wait is None else wait

    def observe(self, spec: BucketSpec, owner: str, seen: Seen) -> None:
        """Believe the vendor's figures over ours."""
        self._bucket(spec, owner).observe(seen.remaining, seen.used, seen.maximum)

    def pause(self, spec: BucketSpec, owner: str, seconds: float) -> float:
        """Nothing through this limit for so long, for any process. A quota is closed until it starts anew.

        Gives the seconds that it is closed for.
        """
        return self._bucket(spec, owner).pause(seconds)

    def figures(self) -> list[BucketFigures]:
        """All buckets of the project. A process's last half second is not in them yet."""
        return [_figures(row["key"], row["kind"], row["state"], self._now()) for row in self._store.read(_ALL)]

    def _bucket(self, spec: BucketSpec, owner: str) -> Bucket:
        key = (owner, spec.name)
        bucket = self._known.get(key)
        if bucket is None:
            with self._lock:
                bucket = self._known.get(key)
                if bucket is None:
                    bucket = self._known[key] = self._make(spec, f"{owner}|{spec.name}")
        return bucket

    def _make(self, spec: BucketSpec, key: str) -> Bucket:
        row = Row(self._store, key, self._holder, self._now)
        if spec.kind == "rate":
            return RateBucket(row, spec.amount, spec.per)
        if spec.kind == "concurrency":
            return SlotBucket(row, spec.amount)
        return QuotaBucket(row, spec.amount, spec.per, spec.resets, spec.share)

    def _beat(self) -> None:
        for bucket in tuple(self._known.values()):
            bucket.beat()

    def _close(self) -> None:
        for bucket in tuple(self._known.values()):
            bucket.close()


_ALL = "select key, kind, state from buckets order by key"


def _figures(key: str, kind: Kind, text: str, now: float) -> BucketFigures:
    owner, _, name = key.rpartition("|")
    if kind == "rate":
        rate = msgspec.json.decode(text, type=Rate)
        used, open_ = sum(count for _, count in rate.used), sum(count for count, _ in rate.out.values())
        return BucketFigures(owner, name, kind, rate.cap or None, used, open_, 0, rate.paused_until or None)
    if kind == "concurrency":
        slots = msgspec.json.decode(text, type=Slots)
        held = sum(count for count, _ in slots.held.values())
        return BucketFigures(owner, name, kind, None, held, held, 0, None)
    quota = msgspec.json.decode(text, type=Quota)
    doubt = sum(count for count, _ in quota.in_doubt.values())
    silent = sum(count for count, heard in quota.out.values() if now - heard > DOUBT_AFTER)
    open_ = sum(count for count, _ in quota.out.values()) - silent
    closed = quota.closed_until or None
    return BucketFigures(owner, name, kind, quota.cap or None, ours(quota), open_, doubt + silent, closed)
