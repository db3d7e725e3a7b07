"""What `send` raises beside the errors of `backhaul.errors`: outcomes that the caller acts on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backhaul.errors import BackhaulError, VendorDown

Outcome = Literal[
    "retry",
    "wait",
    "wait_for_quota",
    "refresh",
    "reauthorise",
    "skip",
    "absent",
    "split",
    "restart",
    "resync",
    "next_read",
    "drop_field",
    "follow",
    "unknown",
    "conflict",
    "reject",
    "fail",
]


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """What the vendor says of a refusal, found by the definition's `error:` paths."""

    code: str = ""
    message: str = ""
    field: str = ""
    request_id: str = ""


class Refused(BackhaulError):
    """The vendor refused a request in a way its caller may know how to handle: see `outcome`.

    skip: not readable by this account. absent: no such record. split: ask for less at once.
    restart: the page token died. resync: the delta position died. next_read: this read cannot serve it.
    drop_field: `facts.field` is not there (any more).
    follow: the answer is elsewhere (`location`). conflict: the record is no longer of the version that was told.
    reject: the record is at fault.
    """

    default_next = "correct the source definition, or leave the object out of the pipeline"

    def __init__(
        self,
        what: str,
        *,
        outcome: Outcome,
        status: int,
        facts: ErrorFacts,
        location: str = "",
        body: bytes = b"",
        next_step: str | None = None,
    ) -> None:
        super().__init__(what, next_step=next_step)
        self.outcome: Outcome = outcome
        self.status = status
        self.facts = facts
        self.location = location
        self.body = body
        """The answer as it came, for callers that read refusals record by record. Never shown or logged."""


class AnswerLost(VendorDown):
    """A write was sent and its answer is lost or says nothing: it may have been applied; read back first.

    `status`: of an answer that came and does not say whether it was done; 0 where none came.
    """

    default_next = "run it again: what the vendor holds is read back before anything is sent a second time"

    def __init__(self, what: str, *, status: int = 0) -> None:
        super().__init__(what)
        self.status = status


class Stopped(BackhaulError):
    """The run was asked to stop while a request waited."""

    default_next = "run it again; it goes on from the last part on disk"
