"""A problem is one thing wrong in a file: where, what, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backhaul.errors import ConfigError

KeyPath = tuple[str | int, ...]
"""The way to a value: `("connections", "crm", "objects", "deals", "fields", 0)`."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A spot in a file, counted from 1; line 0 is the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. Its text never holds a secret."""

    place: Place
    path: str
    what: str
    suggestion: str | None = None

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{self.place}: {path}{self.what}{hint}"


def spell(path: Iterable[str | int]) -> str:
    """`connections.crm.objects.deals.fields[0]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def closest(wrong: object, allowed: Iterable[str]) -> str | None:
    """The allowed name that `wrong` most resembles, whatever its case; None where none is near."""
    by_lower = {name.lower(): name for name in allowed}
    near = difflib.get_close_matches(str(wrong).lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None


def listed(names: Iterable[str], most: int = 12) -> str:
    """`a, b, c`, cut where there are many; `none` where there are none."""
    names = sorted(names)
    if not names:
        return "none"
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def error(what: str, problems: Sequence[Problem], *, customer: str | None = None) -> ConfigError:
    """The exception that carries all of them, in the order of files and lines, each once."""
    ordered = sorted(set(problems), key=lambda problem: (problem.place, problem.path, problem.what))
    return ConfigError(what, problems=tuple(str(problem) for problem in ordered), customer=customer)
