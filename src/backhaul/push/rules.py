"""What guards a push: when each field may be written, how much may be written at once, how often it is tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal

from backhaul.config.push import Guard, Push, WriteWhen

Gone = Literal["delete", "keep"] | Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class FieldRule:
    """When a field is written, and what stands in for nothing. why: told where it is never written by policy."""

    write: WriteWhen = "always"
    default: str | None = None
    why: str = ""


ALWAYS = FieldRule()


@dataclass(frozen=True, slots=True)
class Rules:
    """What a push says of itself beside its select."""

    fields: Mapping[str, FieldRule] = field(default_factory=dict)
    """By the select's columns."""
    gone: Gone = "keep"
    strict: bool = False
    trace: str | None = None
    max_rows: int = 100_000
    max_deletes: int = 100
    max_quota: float = 0.5
    min_share: float = 0.5
    retries: int = 5
    retry_after: timedelta = timedelta(hours=1)

    @classmethod
    def of(cls, push: Push) -> Rules:
        gone = push.when_gone()
        return cls(
            fields={name: _rule(each) for name, each in push.fields.items()},
            gone=gone if isinstance(gone, str) else {name: _text(value) for name, value in gone.items()},
            strict=push.strict,
            trace=push.trace,
            max_rows=push.max_rows,
            max_deletes=push.max_deletes,
            max_quota=_share(push.max_quota),
            min_share=_share(push.min_share),
            retries=push.retries.most,
            retry_after=push.retries.after,
        )


def guards_for(
    guards: Mapping[str, WriteWhen | Guard],
    source: str,
    object: str,
    fields: Iterable[str],
    own: Mapping[str, str] | None = None,
) -> dict[str, FieldRule]:
    """Of these fields, those that the pipeline guards: the strictest of all guards that name one.

    own: what a push calls a field -> its name; a guard may name it so, too.
    """
    spoken = [*((name, name) for name in fields), *(own or {}).items()]
    found: dict[str, FieldRule] = {}
    for pattern, given in guards.items():
        guard = given if isinstance(given, Guard) else Guard(write=given)
        for said, name in spoken:
            if fnmatchcase(f"{source}.{object}.{said}".lower(), pattern.lower()):
                held = found.get(name, ALWAYS)
                write = stricter(held.write, guard.write)
                found[name] = FieldRule(write, why=guard.why if write == guard.write else held.why)
    return found


def stricter(one: WriteWhen, other: WriteWhen) -> WriteWhen:
    """When both allow it. Only into new records and only into old ones: never."""
    if one == other or other == "always":
        return one
    if one == "always":
        return other
    if "never" in (one, other) or {one, other} == {"create", "update"}:
        return "never"
    # `empty` and one of create, update: a new record is empty, an old one must be
    return "create" if "create" in (one, other) else "empty"


def _rule(given: Any) -> FieldRule:
    if isinstance(given, str):
        return FieldRule(given)  # type: ignore[arg-type]  # one of the words: the model checked it
    return FieldRule(given.write, _text(given.default))


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _share(text: str) -> float:
    return int(text.removesuffix("%")) / 100
