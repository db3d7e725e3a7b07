"""What the vendor allows, obeyed before a request is sent, for all processes and threads of ours together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from backhaul.http.request import Use
from backhaul.state.budgets import Buckets, BucketSpec, Grant, Priority, Seen

ReadNumber = Callable[[Mapping[str, str]], float | None]
"""Finds a number in an answer's headers (names in lower case); None where it is not told."""

Scope = Literal["app", "account", "user", "connection", "parent"]


@dataclass(frozen=True, slots=True)
class LimitSpec:
    """One entry of `limits`. A rate: `amount` a `per` seconds, in any window. A concurrency: `amount` at a time.

    A quota: `amount` a `per` seconds, rolling, or from midnight to midnight in the zone `resets`.
    """

    type: Literal["rate", "concurrency", "quota"]
    amount: int
    per: float = 1.0
    scope: Scope = "account"
    only: frozenset[str] = frozenset()
    """Roles; empty: all."""
    objects: frozenset[str] = frozenset()
    """Empty: all."""
    resets: str | None = None
    share: float = 1.0
    """The part of a quota that is ours, 0 to 1."""
    name: str = ""
    remaining: ReadNumber | None = None
    used: ReadNumber | None = None
    maximum: ReadNumber | None = None
    """What the vendor's headers tell: believed over our own count."""

    @property
    def label(self) -> str:
        if self.name:
            return self.name
        per = "" if self.type == "concurrency" else f"/{self.per:g}s"
        only = ":" + "+".join(sorted(self.only)) if self.only else ""
        of = "@" + "+".join(sorted(self.objects)) if self.objects else ""
        return f"{self.type}:{self.amount}{per}{only}{of}"

    def is_for(self, role: str, object: str | None) -> bool:
        return (not self.only or role in self.only) and (not self.objects or object in self.objects)


@dataclass(frozen=True, slots=True)
class Closed:
    """A limit has nothing left now."""

    limit: str
    seconds: float
    quota: bool


class Pass:
    """Leave to send one request, under each limit that applies."""

    __slots__ = ("grants",)

    def __init__(self, grants: list[Grant]) -> None:
        self.grants = grants

    def sent(self) -> None:
        for grant in self.grants:
            grant.sent()

    def close(self) -> None:
        """It was answered, or its answer is lost, and counts; or it never left, and does not."""
        for grant in self.grants:
            grant.done()


class Gate:
    """All limits of one connection. `owners` names who each scope means: the account's id, the app, ..."""

    def __init__(
        self,
        limits: Sequence[LimitSpec],
        buckets: Buckets | None,
        owners: Mapping[str, str],
        priority: Priority = "bulk",
    ) -> None:
        self._limits = limits if buckets is not None else ()
        self._buckets = buckets
        self._priority: Priority = priority
        self._specs = [
            BucketSpec(
                name=each.label,
                kind=each.type,
                amount=each.amount,
                per=each.per,
                resets=each.resets,
                share=each.share,
            )
            for each in self._limits
        ]
        self._by_use: dict[tuple[str, str | None], list[int]] = {}
        self._account = ""
        self.identify(owners)

    def identify(self, owners: Mapping[str, str]) -> None:
        """Say whose limits these are; a scope that is not named falls to the connection."""
        fallback = owners.get("connection", "")
        self._account = f"account={owners.get('account', fallback)}"
        # a parent is one of the account's
        of = {each: "account" if each.scope == "parent" else each.scope for each in self._limits}
        self._owners = [f"{each.scope}={owners.get(of[each], fallback)}" for each in self._limits]

    def _owner(self, number: int, parent: str) -> str:
        """Whose limit it is; of one for a single parent, each parent's own."""
        owner = self._owners[number]
        return f"{owner}/{parent}" if self._limits[number].scope == "parent" else owner

    def _applying(self, use: Use) -> list[int]:
        found = self._for_use(use.role, use.object)
        return found if use.parent else [number for number in found if self._limits[number].scope != "parent"]

    def _for_use(self, role: str, object: str | None) -> list[int]:
        found = self._by_use.get((role, object))
        if found is None:
            # Slots first, rates last: a token is best taken right before it is used.
            order = {"concurrency": 0, "quota": 1, "rate": 2}
            numbers = [n for n, each in enumerate(self._limits) if each.is_for(role, object)]
            found = self._by_use[role, object] = sorted(numbers, key=lambda n: order[self._limits[n].type])
        return found

    def enter(self, use: Use) -> Pass | Closed:
        """Take from every limit that applies, or from none."""
        grants: list[Grant] = []
        if self._buckets is None:
            return Pass(grants)
        for number in self._applying(use):
            spec = self._specs[number]
            taken = self._buckets.take(spec, self._owner(number, use.parent), self._priority)
            if not isinstance(taken, Grant):
                Pass(grants).close()
                return Closed(spec.name, taken, spec.kind == "quota")
            grants.append(taken)
        return Pass(grants)

    def alone(self, what: str) -> Pass | Closed:
        """Take the only one of its kind that the account has; it is given back by `close`."""
        if self._buckets is None:
            return Pass([])
        taken = self._buckets.take(BucketSpec(what, "concurrency", 1), self._account, self._priority)
        return Pass([taken]) if isinstance(taken, Grant) else Closed(what, taken, quota=False)

    def observe(self, use: Use, headers: Mapping[str, str]) -> None:
        """Believe what the answer's headers say of the limits."""
        if self._buckets is None:
            return
        for number in self._applying(use):
            limit = self._limits[number]
            if limit.remaining is None and limit.used is None and limit.maximum is None:
                continue
            maximum = limit.maximum(headers) if limit.maximum else None
            remaining = limit.remaining(headers) if limit.remaining else None
            used = limit.used(headers) if limit.used else None
            if remaining is None and used is None and maximum is None:
                continue
            seen = Seen(remaining=remaining, used=used, maximum=maximum)
            self._buckets.observe(self._specs[number], self._owner(number, use.parent), seen)

    def pause(self, use: Use, seconds: float, *, kind: str, name: str = "") -> float:
        """Nothing more through these limits for a while, for anyone. Gives back how long that is.

        seconds: of a rate. A quota is closed until it starts anew, `seconds` only where that is unknown.
        """
        longest = seconds
        if self._buckets is not None:
            for number in self._applying(use):
                spec = self._specs[number]
                if spec.kind == kind and name in ("", spec.name):
                    longest = max(longest, self._buckets.pause(spec, self._owner(number, use.parent), seconds))
        return longest
