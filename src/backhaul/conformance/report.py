"""What the kit says: a cell a point, green only with the requests that proved it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

State = Literal["works", "fails", "cannot"]

POINTS: Mapping[str, str] = MappingProxyType(
    {
        "auth": "credentials are accepted, and wrong ones are told from right ones",
        "probe": "the probe tells whose account it is",
        "discovery": "the objects, and fields for every column that the vendor holds",
        "first read": "every record, every value, as the vendor holds them",
        "jobs": "every record again, by the vendor's asynchronous jobs",
        "resume": "a read that was stopped at a page goes on behind it",
        "incremental": "what changed arrives, ties across pages among it, and little else is asked for",
        "by key": "records read again by their keys",
        "late": "what the vendor's index shows late is found by the overlap",
        "deleted": "what is deleted at the vendor is deleted here, without a census",
        "restored": "what comes back there comes back here",
        "merged": "what is merged away is gone, and points to what is left where the vendor tells",
        "purged": "what leaves no trace is found by a census",
        "limits": "as many requests as the limits let through, side by side, and none is refused",
        "429 storm": "a series of refusals for going too fast is waited out; nothing is lost",
        "failing vendor": "500, 503, a proxy's page and bodies cut short are tried again; nothing is lost",
        "dead token": "a token that expires between two pages is renewed, or a person is asked; then the read goes on",
        "schema change": "a field that goes and a field that comes while pages are read",
        "create": "new records, a bad one among good ones",
        "update": "changed records, one that is not there among good ones",
        "upsert": "records by a unique field, new and known, a bad one among good ones",
        "delete": "records are taken away",
        "written once": "a push that was written sends nothing when it is run again",
        "mirror": "what a push made and gives no more is taken away, and nothing that others made",
        "append": "each row becomes a record once, never again",
        "associate": "two records are linked, once",
        "write limits": "single writes side by side, as many as the limits let through, and none is refused",
    }
)
"""Point -> what its being green says."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One point of one source. requests: their numbers in the simulator's log; none where nothing was proven.

    why: what is wrong, or why the point cannot exist, or what the proof is of.
    """

    point: str
    state: State
    why: str = ""
    requests: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.state == "works" and not self.requests:
            raise ValueError(f"{self.point} cannot be green: no request proves it")


@dataclass(frozen=True, slots=True)
class Report:
    """One source, every point. against: `simulator`, or customer/connection of a real account."""

    source: str
    title: str
    against: str
    objects: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def failed(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.state == "fails")

    def cell(self, point: str) -> Cell:
        return next(cell for cell in self.cells if cell.point == point)

    def as_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "against": self.against,
            "objects": list(self.objects),
            "cells": [
                {"point": each.point, "state": each.state, "why": each.why, "requests": list(each.requests)}
                for each in self.cells
            ],
        }


def spans(numbers: Iterable[int]) -> str:
    """`3-7, 9`."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def in_order(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """As the points stand in POINTS."""
    places = list(POINTS)
    return tuple(sorted(cells, key=lambda cell: places.index(cell.point)))
