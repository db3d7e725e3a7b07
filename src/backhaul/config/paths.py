"""Paths read answers: `paging.next.after`, `results[].to[]`, `header:Location`, `a | b`.

Steps: `name`; `[o:errorCode]` a name as it stands; `[0]` an index; `[]` each of a list; `*` each entry of a map
(`~` is its name); `.` the whole; `^` up to the record around the innermost `[]`. A path starts with `header:` to
read a header, or is `status`: of an answer as a whole HTTP's, of a record its own field of that name (`[status]` is
always a field). Alternatives are parted by ` | `: the first that is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

_STEP = re.compile(r"\[\]|\[(-?\d+)\]|\[([^\]]+)\]|\*|~|\^|@?[^.\[\]*~^|\s]+")


class Element(dict[str, Any]):
    """An XML element that holds more than text: its elements, its attributes as `@x`, its text as `#text`."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()
"""What a path that leads nowhere gives; a JSON null is None."""

EACH, ENTRIES, NAME, UP = "[]", "*", "~", "^"


@dataclass(frozen=True, slots=True)
class Path:
    """One alternative: where it looks (`body`, `header`, `status`) and the steps it takes there."""

    place: str
    steps: tuple[str | int, ...]

    @property
    def plain(self) -> tuple[str, ...] | None:
        """The names to follow, where the path is nothing but names."""
        if self.place == "body" and all(isinstance(s, str) and s not in (EACH, ENTRIES, NAME, UP) for s in self.steps):
            return tuple(str(s).removeprefix("=") for s in self.steps)
        return None


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[Path, ...]:
    """Raise ValueError where the text is no path."""
    return tuple(_parse_one(alternative.strip()) for alternative in text.split(" | "))


def _parse_one(text: str) -> Path:
    if text.startswith("header:"):
        return Path("header", (text.removeprefix("header:").strip().lower(),))
    if text == "status":
        return Path("status", ("status",))
    if text == ".":
        return Path("body", ())
    steps: list[str | int] = []
    rest = text
    while rest:
        match = _STEP.match(rest)
        if match is None:
            raise ValueError(f"{text!r} is not a path: it stops at {rest!r}")
        if match[1] is not None:
            steps.append(int(match[1]))
        elif match[2] is not None:
            # `=` marks a name that must not be taken for a step of its own
            steps.append(f"={match[2]}")
        else:
            steps.append(match[0])
        rest = rest[match.end() :]
        rest = rest[1:] if rest.startswith(".") and len(rest) > 1 else rest
    return Path("body", tuple(steps))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a path may look at: the decoded body (or a part of it), headers, status, and what lies around."""

    body: Any
    headers: Mapping[str, str] | None = None
    status: int | None = 200
    """HTTP's; None of a record, for which `status` is a name like any other."""
    name: str | None = None
    """The name of the map entry, for `~`."""
    above: Answer | None = None
    """The record around, for `^`."""


def first(text: str, answer: Answer) -> Any:
    """The value at the path, or MISSING. With `[]` or `*` in the path: the list of what is found."""
    for path in parse(text):
        if path.place == "status" and answer.status is not None:
            return answer.status
        if path.place == "header":
            value = (answer.headers or {}).get(str(path.steps[0]))
            if value is not None:
                return value
            continue
        if EACH in path.steps or ENTRIES in path.steps:
            found = [text_of(each.body) for each in _walk(path.steps, answer)]
            if found:
                return found
            continue
        for each in _walk(path.steps, answer):
            return text_of(each.body)
    return MISSING


def text_of(value: Any) -> Any:
    """The text of an XML element that also has attributes."""
    return value["#text"] if isinstance(value, Element) and "#text" in value else value


def each(text: str, answer: Answer) -> list[Answer]:
    """The records at the path: a list is entered, one thing is a list of one, nothing is an empty list."""
    for path in parse(text):
        found = list(_walk(path.steps, answer))
        if len(found) == 1 and isinstance(found[0].body, list) and EACH not in path.steps[-1:]:
            return [Answer(item, answer.headers, None, None, found[0]) for item in found[0].body]
        found = [replace(record, status=None) for record in found if record.body is not None]
        if found:
            return found
    return []


def _walk(steps: tuple[str | int, ...], at: Answer) -> Iterator[Answer]:
    if not steps:
        yield at
        return
    step, rest = steps[0], steps[1:]
    body = at.body
    if step == UP:
        if at.above is not None:
            yield from _walk(rest, at.above)
    elif step == EACH:
        for item in body if isinstance(body, list) else [] if body is None else [body]:
            yield from _walk(rest, Answer(item, at.headers, at.status, at.name, at.above))
    elif step == ENTRIES:
        if isinstance(body, Mapping):
            for name, item in body.items():
                if not isinstance(body, Element):
                    yield from _walk(rest, Answer(item, at.headers, at.status, str(name), at))
                elif not name.startswith(("@", "#")):
                    # of XML: the child elements, whether or not there are several of one name
                    for one in item if isinstance(item, list) else [item]:
                        yield from _walk(rest, Answer(one, at.headers, at.status, name, at))
    elif step == NAME:
        if at.name is not None:
            yield from _walk(rest, Answer(at.name, at.headers, at.status, at.name, at.above))
    elif isinstance(step, int):
        if isinstance(body, str | Element) and step in (0, -1):
            # in XML one thing and a list of one look the same
            yield from _walk(rest, at)
        elif isinstance(body, list) and -len(body) <= step < len(body):
            yield from _walk(rest, Answer(body[step], at.headers, at.status, at.name, at.above))
    elif isinstance(body, Mapping):
        name = step.removeprefix("=")
        if name in body:
            # what `[]` enters below this map is a record of it: `^` leads back here
            above = at if rest and rest[0] == EACH else at.above
            yield from _walk(rest, Answer(body[name], at.headers, at.status, at.name, above))
