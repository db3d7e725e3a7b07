"""What the ledger's rows are, on their way in and out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["planned", "sent", "confirmed", "unknown", "refused"]
Action = Literal["create", "update", "upsert", "delete"]
Texts = Mapping[str, str | None]
Written = Mapping[str, tuple[str | None, datetime]]
"""Field -> what the vendor confirmed last, and when."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One row that is about to be sent. match: the unique field, and its value, that finds it again."""

    row: str
    id: str
    action: Action
    values: Texts
    before: Texts
    vendor_key: str | None = None
    match: tuple[str, str] | None = None
    hash: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one row. made: whether we made the record; None where the answer does not tell."""

    row: str
    state: Literal["planned", "confirmed", "unknown", "refused"]
    vendor_key: str | None = None
    changed: str | None = None
    code: str = ""
    message: str = ""
    field: str = ""
    made: bool | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of one row. values: what the vendor last confirmed; nothing where we deleted it."""

    row: str
    state: State
    attempt: int
    vendor_key: str | None
    values: Written
    confirmed_at: datetime | None
    changed: datetime | None
    """The vendor's change value that came with the receipt."""
    made: bool = False
    """The record is there because we made it."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """A row that was sent, and of which no answer is known. attempt: its place among all attempts."""

    row: str
    id: str
    state: Literal["sent", "unknown"]
    attempt: int
    action: Action
    values: Texts
    before: Texts
    vendor_key: str | None
    match: tuple[str, str] | None
    batch: str
    job: str | None
    message: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row that could not be written. reason: our own check refused it, or the vendor did."""

    connection: str
    object: str
    push: str
    row: str
    reason: Literal["check", "vendor"]
    code: str
    message: str
    field: str
    values: Texts
    retries: int
    run: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Dead:
    """What a plan has to know of a dead letter."""

    hash: int | None
    retries: int
    reason: str
    last_at: datetime


def row_id(customer: str, connection: str, object: str, push: str, row: str) -> str:
    """Our own id of a row, the same however often it is planned: what a vendor is given as trace or external id."""
    text = "\x1f".join((customer, connection, object, push, row))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
