"""The ledger's attempts, to be asked: who wrote what, where, when, over what, and what the vendor said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from backhaul.push.entries import Texts
from backhaul.push.ledger_file import LedgerFile

_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row sent once. before: as far as it was known. last: nothing of that row was sent after it."""

    seq: int
    push: str
    connection: str
    object: str
    row: str
    key: str | None
    action: str
    values: Texts
    before: Texts
    state: str
    code: str
    message: str
    field: str
    who: str
    run: str
    intended_at: datetime
    receipt_at: datetime | None
    changed: str | None
    made: bool
    last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """Which attempts. Every part that is given must hold. key: the vendor's, or the row's name."""

    push: str | None = None
    object: str | None = None
    key: str | None = None
    run: str | None = None
    state: str | None = None
    who: str | None = None
    since: datetime | None = None


class Audit:
    """The attempts of one customer's pushes."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def newest(self, query: Query, limit: int) -> list[Attempt]:
        """The newest first."""
        where, values = _where(query)
        return [_attempt(each) for each in self._file.read(f"{_SELECT} where {where} order by a.seq desc limit ?",
                                                           (*values, limit))]  # fmt: skip

    def count(self, query: Query) -> int:
        where, values = _where(query)
        return int(self._file.read(f"select count(*) as n {_FROM} where {where}", values)[0]["n"])

    def of_run(self, run: str) -> list[Attempt]:
        """What one run sent, in the order it was sent."""
        return [_attempt(each) for each in self._file.read(f"{_SELECT} where a.run = ? order by a.seq", (run,))]

    def of(self, seqs: Sequence[int]) -> list[Attempt]:
        marks = ", ".join(str(int(each)) for each in seqs)
        return [_attempt(each) for each in self._file.read(f"{_SELECT} where a.seq in ({marks}) order by a.seq")]

    def after(self, seq: int) -> Iterator[list[Attempt]]:
        """Attempts above that number, in pages, oldest first."""
        while True:
            rows = self._file.read(f"{_SELECT} where a.seq > ? order by a.seq limit ?", (seq, _PAGE))
            if not rows:
                return
            found = [_attempt(each) for each in rows]
            yield found
            seq = found[-1].seq


_FROM = "from attempts a join targets t on t.id = a.target join rows r on r.target = a.target and r.row = a.row"
_SELECT = (
    "select a.*, t.push, t.connection, t.object, coalesce(a.vendor_key, r.vendor_key) as key_,"
    f" r.attempt = a.seq as is_last {_FROM}"
)


def _where(query: Query) -> tuple[str, tuple[Any, ...]]:
    place = None if query.object is None else query.object.split(".", 1)
    parts: Mapping[str, tuple[Any, ...]] = {
        "t.push = ?": (query.push,),
        "t.connection = ?": (place[0] if place else None,),
        "t.object = ?": (place[1] if place and len(place) > 1 else None,),
        "(a.vendor_key = ? or a.row = ?)": (query.key, query.key),
        "a.run = ?": (query.run,),
        "a.state = ?": (query.state,),
        "a.who = ?": (query.who,),
        "a.intent_at >= ?": (query.since.timestamp() if query.since else None,),
    }
    held = {text: values for text, values in parts.items() if values[0] is not None}
    return " and ".join(held) or "true", tuple(value for values in held.values() for value in values)


def _attempt(each: Any) -> Attempt:
    return Attempt(
        seq=each["seq"], push=each["push"], connection=each["connection"], object=each["object"], row=each["row"],
        key=each["key_"], action=each["action"], values=msgspec.json.decode(each["values_"]),
        before=msgspec.json.decode(each["before_"]), state=each["state"], code=each["code"], message=each["message"],
        field=each["field"], who=each["who"], run=each["run"],
        intended_at=datetime.fromtimestamp(each["intent_at"], UTC),
        receipt_at=None if each["receipt_at"] is None else datetime.fromtimestamp(each["receipt_at"], UTC),
        changed=each["changed"], made=bool(each["made"]), last=bool(each["is_last"]),
    )  # fmt: skip
