"""Errors, sorted by what the reader must do next.

BackhaulError
├── ConfigError        correct a file or an argument             exit 2
├── Reauthorise        give the connection valid credentials     exit 4
├── Wait               come back later: quota, lock, maintenance exit 1
│   └── Busy           another run holds the customer's lease    exit 75
├── FixDefinition      source.yaml and the vendor disagree       exit 1
│   └── WindowLost     a page token died: restart its window     (handled by extract)
├── FixRecord          the vendor refused one record             exit 1
├── VendorDown         the vendor is failing or unreachable      exit 1
├── StorageError       disk full, file locked, file damaged      exit 1
├── ApprovalNeeded     a guard stopped something dangerous       exit 1
└── Bug                ours                                      exit 1

An error carries facts as fields; its text is built from them. Facts that a lower room cannot know
(which customer, which object) are added by `within` on the way up. No secret and no whole record
ever goes into one.
"""

from __future__ import annotations

from typing import ClassVar, Self


class BackhaulError(Exception):
    """What happened, where, and what to do next."""

    exit_code: ClassVar[int] = 1
    default_next: ClassVar[str] = "run the command again with --log-level debug and report what it prints"

    def __init__(
        self,
        what: str,
        *,
        next_step: str | None = None,
        customer: str | None = None,
        connection: str | None = None,
        object: str | None = None,
        record: str | None = None,
        run: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step or self.default_next
        self.customer = customer
        self.connection = connection
        self.object = object
        self.record = record
        self.run = run

    def within(self, **facts: str | None) -> Self:
        """Add the facts that are not yet known and return the same error."""
        for name, value in facts.items():
            if value is not None and getattr(self, name, None) is None:
                setattr(self, name, value)
        return self

    @property
    def where(self) -> str:
        """The place: `customer acme, connection crm, object contacts, record 17, run 0192`."""
        places = ("customer", "connection", "object", "record", "run")
        return ", ".join(f"{place} {value}" for place in places if (value := getattr(self, place)) is not None)

    def __str__(self) -> str:
        where = f"\n  {self.where}" if self.where else ""
        return f"{self.what}{where}\n  Next: {self.next_step}"


class ConfigError(BackhaulError):
    """A file or an argument is wrong. `problems` holds every one found, not the first."""

    exit_code = 2
    default_next = "correct it and run `backhaul validate`"

    def __init__(self, what: str, *, problems: tuple[str, ...] = (), next_step: str | None = None, **where: str | None):
        super().__init__(what, next_step=next_step, **where)
        self.problems = problems

    def __str__(self) -> str:
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        where = f"\n  {self.where}" if self.where else ""
        return f"{self.what}{lines}{where}\n  Next: {self.next_step}"


class Reauthorise(BackhaulError):
    """The vendor no longer accepts the connection's credentials; nothing but new ones helps."""

    exit_code = 4
    default_next = "give the connection valid credentials, then run it again"


class Wait(BackhaulError):
    """The vendor asks us to come back later than a run is willing to wait. `seconds` is how long."""

    default_next = "run it again after that time"

    def __init__(self, what: str, *, seconds: float, next_step: str | None = None, **where: str | None) -> None:
        super().__init__(what, next_step=next_step, **where)
        self.seconds = seconds


class Busy(Wait):
    """Another run holds the customer's write lease."""

    exit_code = 75
    default_next = "wait for that run to end, or see it with `backhaul runs`"


class FixDefinition(BackhaulError):
    """The vendor does not understand a request, or we not its answer: the definition is wrong."""

    default_next = "correct the source definition, or pin the object's fields in the pipeline"


class WindowLost(FixDefinition):
    """A page token is no longer served; the window starts again from its lower bound."""


class FixRecord(BackhaulError):
    """The vendor refused one record; the others are not affected."""

    default_next = "correct the record, then `backhaul push retry`"


class VendorDown(BackhaulError):
    """The vendor is unreachable, failing, or not answering as an API."""

    default_next = "run it again later; what was read so far is kept"


class StorageError(BackhaulError):
    """A file of ours cannot be written or read: disk full, locked, or damaged."""

    default_next = "free the resource named above and run it again; nothing was lost"


class ApprovalNeeded(BackhaulError):
    """A guard stopped something that could destroy data; a person decides."""

    default_next = "check the vendor, then run it again with --approve-deletes"


class Bug(BackhaulError):
    """Our own fault."""

    default_next = "please report it with the log of this run"
