"""Seeded edits of a definition, each of which the kit must notice: `python -m tests.conformance.mutants --each 10`."""

from __future__ import annotations

import argparse
import copy
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from backhaul.config.catalog import catalog_root
from backhaul.config.source import Source
from backhaul.config.templates import resolve
from backhaul.conformance.kit import check

Path = tuple[Any, ...]
Document = dict[str, Any]


@dataclass(frozen=True)
class Mutant:
    """One edit. points: where it should show first; the others are asked when it does not."""

    source: str
    kind: str
    place: str
    written: Document
    points: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.source}: {self.kind} at {self.place}"


@dataclass(frozen=True)
class Kind:
    """A kind of mistake: where in a definition it can be made, and what it makes of what stands there."""

    name: str
    fits: Callable[[Path, Any], bool]
    edit: Callable[[Any], Any]
    points: tuple[str, ...]


GONE = object()


def _within(path: Path, *names: str) -> bool:
    return all(name in path for name in names)


def _ends(path: Path, *names: str) -> bool:
    return path[-len(names) :] == names


WRITES = ("create", "update", "upsert", "delete")
KINDS = (
    Kind("wrong change field", lambda p, v: _ends(p, "changed", "field"), lambda v: "kit_nothing", ("incremental",)),
    Kind("no overlap", lambda p, v: _ends(p, "changed", "overlap"), lambda v: "0s", ("late",)),
    Kind("wrong key", lambda p, v: _ends(p, "key") and len(p) == 3 and isinstance(v, str),
         lambda v: "kit_nothing", ("first read",)),
    Kind("wrong path of the next page", lambda p, v: _ends(p, "next", "from"), lambda v: f"{v}_x",
         ("first read", "incremental")),
    Kind("another end of pages", lambda p, v: _ends(p, "next") and isinstance(v, dict)
         and "until" in v and v.get("type") == "keyset",
         lambda v: {**v, "until": {"nothing": "else"}}, ("first read", "incremental")),
    Kind("one way of deleting forgotten", lambda p, v: "deletes" in p[-2:-1] and isinstance(v, dict)
         and v.get("type") != "merge", lambda v: GONE, ("deleted", "purged")),
    Kind("merges forgotten", lambda p, v: "deletes" in p[-2:-1] and isinstance(v, dict) and v.get("type") == "merge",
         lambda v: GONE, ("merged",)),
    Kind("too large a batch", lambda p, v: _ends(p, "batch") and isinstance(v, int) and 1 < v < 250 and len(p) == 3,
         lambda v: v + 40, ("create", "update")),
    Kind("wrong matching of results", lambda p, v: _ends(p, "result") and isinstance(v, dict)
         and v.get("type") in ("id", "order"),
         lambda v: {**v, "type": "order" if v["type"] == "id" else "key", "records": v.get("records", ".") + "_x"},
         ("create", "update", "upsert")),
    Kind("wrong key in results", lambda p, v: _ends(p, "result", "key"),
         lambda v: "nothing" if isinstance(v, str) else {**v, "match": "(x+)$"}, ("create", "update", "written once")),
    Kind("an error rule forgotten", lambda p, v: p[:1] == ("on_error",) and len(p) == 2
         and v["then"] in ("split", "refresh", "drop_field") , lambda v: GONE,
         ("create", "update", "dead token", "schema change", "first read")),
    Kind("limit too high", lambda p, v: p[:1] == ("limits",) and _ends(p, "requests") and v <= 10,
         lambda v: v * 20, ("limits",)),
    Kind("wrong place of records", lambda p, v: _ends(p, "records") and p[:1] == ("templates",) and "reads" in p,
         lambda v: f"{v}_x", ("first read", "incremental", "by key", "purged")),
    Kind("wrong account of the probe", lambda p, v: p == ("probe", "keep", "id") and "{" not in v,
         lambda v: f"{v}_x", ("probe",)),
    Kind("wrong type of fields", lambda p, v: p[:2] == ("discovery", "types") and v == "decimal",
         lambda v: "date", ("first read",)),
)  # fmt: skip


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a document with its path."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*path, name))


def mutants(source: str, each: int, seed: int = 7) -> list[Mutant]:
    """So many edits of a source's definition that validate, of as many kinds as there are; the same for a seed."""
    written = yaml.safe_load((catalog_root() / "sources" / source / "source.yaml").read_text(encoding="utf-8"))
    chance = random.Random(f"{source} {seed}")
    found: list[Mutant] = []
    by_kind = []
    for kind in KINDS:
        fitting = [(path, value) for path, value in places(written) if path and kind.fits(path, value)]
        chance.shuffle(fitting)
        by_kind.append((kind, fitting))
    chance.shuffle(by_kind)
    while len(found) < each and any(fitting for _, fitting in by_kind):
        for kind, fitting in by_kind:
            if fitting and len(found) < each:
                path, value = fitting.pop()
                made = _edited(written, path, kind.edit(value))
                if _validates(made):
                    place = ".".join(str(part) for part in path)
                    found.append(Mutant(source, kind.name, place, made, kind.points))
    return found


def _edited(written: Document, path: Path, value: Any) -> Document:
    made = copy.deepcopy(written)
    at: Any = made
    for part in path[:-1]:
        at = at[part]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return made


def _validates(written: Document) -> bool:
    try:
        Source.model_validate(resolve(written))
    except (ValidationError, ValueError):
        return False
    return True


def red(mutant: Mutant) -> list[str]:
    """The points that notice it, up to the first one."""
    for points in (mutant.points, ()):
        report = check(mutant.written, points=points, until_red=True)
        if report.failed:
            return [f"{cell.point}: {cell.why}" for cell in report.failed]
    return []


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--source", action="append", default=[])
    options = parser.parse_args()
    names = options.source or sorted(p.parent.name for p in catalog_root().glob("sources/*/source.yaml"))
    unnoticed = 0
    for name in names:
        for mutant in mutants(name, options.each):
            found = red(mutant)
            unnoticed += not found
            print(f"{mutant}: {found[0] if found else 'NOTICED BY NOTHING'}", flush=True)
    sys.exit(1 if unnoticed else 0)


if __name__ == "__main__":
    main()
