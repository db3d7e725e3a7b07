"""A plan: what a push would write, field by field, and what it would not and why. It is a file that can be reviewed.

The hash in it is of all the rest: a plan is applied as it was made or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from backhaul.config.push import Mode, WriteWhen
from backhaul.errors import ConfigError
from backhaul.push.target import Conflict, NewField

FORMAT = 2
LISTED = 10_000
"""Refused rows that a plan lists; more are counted."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: what it holds as far as is known, and what it is to hold. None is empty.

    seen: `before` is known. conflict: the vendor's value is no longer what we last wrote. write: when it may be
    written, where that hangs on the record as it is then.
    """

    field: str
    before: str | None
    after: str | None
    seen: bool = True
    conflict: bool = False
    write: WriteWhen = "always"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One record to write, or to take away. row: its name in the ledger. key: the vendor's, where it is known.

    write: the vendor's write that does it. match: the unique field and value that find it. attempt: the ledger's last
    attempt when it was planned.
    """

    id: str
    action: Literal["create", "update", "delete"]
    row: str
    changes: tuple[FieldChange, ...]
    write: Literal["create", "update", "upsert", "delete"]
    key: str | None = None
    match: tuple[str, str] | None = None
    hash: int | None = None
    """Of all that is wanted of the row; None where only some of it is written."""
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Untouched:
    """A row, or some fields of one, that would not be written, and why."""

    row: str | None
    reason: str
    code: str
    field: str = ""
    changes: tuple[FieldChange, ...] = ()
    hash: int = 0
    values: Mapping[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of the select end how."""

    wanted: int = 0
    create: int = 0
    update: int = 0
    delete: int = 0
    skip: int = 0
    """They are as they should be."""
    kept: int = 0
    """Written once, wanted no more, and not ours to take away."""
    conflict: int = 0
    refused: int = 0
    in_flight: int = 0
    """Sent earlier with no answer known: they are read back first."""
    dead: int = 0
    """Refused earlier by the vendor and not changed since: `push retry` sends them again."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def as_map(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    """What would be written to one object. calls: API calls for it, reading before writing included."""

    connection: str
    object: str
    scheme: str
    counts: Counts
    calls: int
    share: float | None = None
    """The part of a day's calls; None where the vendor has no such number."""
    new_fields: tuple[NewField, ...] = ()
    """Fields of our own that the object lacks: made before anything is written."""
    rows: tuple[PlanRow, ...] = ()
    conflicts: tuple[Untouched, ...] = ()
    refused: tuple[Untouched, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.connection}.{self.object}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one push would do to one version of a customer's data."""

    customer: str
    push: str
    mode: Mode
    conflict: Conflict
    version: int
    """The snapshot that it was made from."""
    definition: str
    """A fingerprint of the push as it is configured."""
    made_at: str
    objects: tuple[ObjectPlan, ...]
    refused: tuple[Untouched, ...] = ()
    """Rows that lead to no object at all."""
    lost: int = 0
    """How many of those there are."""
    stops: tuple[str, ...] = ()
    """Why it is not applied without approval."""
    undoes: str = ""
    """The run that it takes back."""
    format: int = FORMAT
    hash: str = ""

    @property
    def counts(self) -> Counts:
        total = Counts(wanted=self.lost, refused=self.lost)
        for each in self.objects:
            total = total + each.counts
        return total

    @property
    def calls(self) -> int:
        return sum(each.calls for each in self.objects)

    @property
    def rows(self) -> int:
        return sum(len(each.rows) for each in self.objects)

    def sealed(self) -> Plan:
        return replace(self, hash=_hash(self))

    def to_json(self) -> str:
        """The plan as a file, made to be read and compared."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1).decode() + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Plan:
        """Raises ConfigError where it is no plan, or not as it was made."""
        try:
            plan = msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise ConfigError(f"this is not a plan: {error}", next_step="make one with `backhaul push plan`") from error
        if plan.format != FORMAT or plan.hash != _hash(plan):
            raise ConfigError(
                "the plan was changed after it was made", next_step="make it anew with `backhaul push plan`"
            )
        return plan


def _hash(plan: Plan) -> str:
    return hashlib.sha256(msgspec.json.encode(replace(plan, hash=""))).hexdigest()
