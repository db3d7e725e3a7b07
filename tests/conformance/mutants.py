"""Seeded edits of a definition, each of which the kit must notice: `python -m tests.conformance.mutants --each 10`.

Each edit is one that means something: of an object that the kit reads, at a place whose value the simulator's data
shows. The definition is edited with its templates put in, so that an edit is of one object.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import Any

import yaml
from pydantic import ValidationError

from backhaul.config.catalog import catalog_root
from backhaul.config.source import Source
from backhaul.config.templates import resolve
from backhaul.conformance.bench import PAGE_ROWS
from backhaul.conformance.kit import check
from backhaul.sandbox.simulators import build

Path = tuple[Any, ...]
Document = dict[str, Any]
GONE = object()
AT_MOST = 3
"""Objects that a point is asked about where an edit is of no single one."""


@dataclass(frozen=True)
class Edit:
    """What is put at a place. point: where it must show. object: the one that it is of; empty: of the whole source."""

    path: Path
    value: Any
    point: str
    object: str = ""


@dataclass(frozen=True)
class Mutant:
    """One edit of one definition, as it is handed to the kit."""

    source: str
    kind: str
    edit: Edit
    written: Document

    @property
    def objects(self) -> tuple[str, ...]:
        return (self.edit.object,) if self.edit.object else ()

    def __str__(self) -> str:
        return f"{self.source}: {self.kind} at {'.'.join(str(part) for part in self.edit.path)}"


@dataclass(frozen=True)
class Known:
    """A definition, the objects that the kit takes of it, and the simulator's live records of them."""

    document: Document
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    traces: Mapping[str, bool]
    """Whether the vendor shows that a record is gone; an object whose records cannot go is not in it."""

    def objects(self) -> Iterator[tuple[str, Path, Document]]:
        for name in self.rows:
            key = name if name in self.document["objects"] else "*"
            yield name, ("objects", key), self.document["objects"][key]

    def own(self) -> Iterator[tuple[str, Path, Document]]:
        """Those that are read by themselves."""
        return ((name, path, each) for name, path, each in self.objects() if not each.get("parent"))

    def reads(self, role: str) -> Iterator[tuple[str, Path, Document]]:
        """The first read of a role, where it is no job."""
        for name, path, definition in self.objects():
            found = definition.get("reads", {}).get(role)
            at = (*path, "reads", role, *((0,) if isinstance(found, list) else ()))
            read = found[0] if isinstance(found, list) and found else found
            if isinstance(read, dict) and "job" not in read and not definition.get("parent", {}).get("at"):
                yield name, at, read

    def writes(self, *modes: str) -> Iterator[tuple[str, str, Path, Document]]:
        for name, path, definition in self.own():
            for mode in modes:
                found = definition.get("writes", {}).get(mode)
                for place, write in enumerate(found if isinstance(found, list) else [found]):
                    if isinstance(write, dict):
                        at = (*path, "writes", mode, *((place,) if isinstance(found, list) else ()))
                        yield name, mode, at, write


# -- kinds of mistakes -------------------------------------------------------------------------------------------------

Kind = Callable[[Known], Iterator[Edit]]
WRITES = ("create", "update", "upsert", "delete")


def wrong_change_field(known: Known) -> Iterator[Edit]:
    for name, path, each in known.own():
        if each.get("changed", {}).get("type") == "field":
            yield Edit((*path, "changed", "field"), "kit_nothing", "incremental", name)


def wrong_boundary(known: Known) -> Iterator[Edit]:
    """Windows begin where they end."""
    for name, path, read in known.reads("changes"):
        for place, text in places(read):
            if isinstance(text, str) and "{since" in text:
                yield Edit((*path, *place), text.replace("{since", "{until"), "incremental", name)


def no_overlap(known: Known) -> Iterator[Edit]:
    for name, path, each in known.own():
        changed = each.get("changed", {})
        if changed.get("type") == "field" and changed.get("overlap") and known.rows[name]:
            yield Edit((*path, "changed", "overlap"), "0s", "late", name)


def wrong_key(known: Known) -> Iterator[Edit]:
    for name, path, each in known.objects():
        if isinstance(each.get("key"), str):
            yield Edit((*path, "key"), "kit_nothing", "first read", name)


def wrong_next_page(known: Known) -> Iterator[Edit]:
    for name, path, read in known.reads("all"):
        following = read.get("next")
        if isinstance(following, dict) and "from" in following and len(known.rows[name]) > PAGE_ROWS:
            yield Edit((*path, "next", "from"), f"{following['from']}_x", "first read", name)


def wrong_place_of_records(known: Known) -> Iterator[Edit]:
    for role, point in (("all", "first read"), ("by_parent", "first read"), ("by_key", "by key")):
        for name, path, read in known.reads(role):
            if isinstance(read.get("records"), str):
                yield Edit((*path, "records"), f"{read['records']}_x", point, name)


def wrong_path(known: Known) -> Iterator[Edit]:
    for name, path, read in known.reads("all"):
        if isinstance(read.get("get"), str):
            yield Edit((*path, "get"), f"{read['get']}x", "first read", name)


def wrong_type(known: Known) -> Iterator[Edit]:
    for name, path, each in known.objects():
        for field, kind in (each.get("fields") or {}).items():
            held = [row[field] for row in known.rows[name] if row.get(field) not in (None, "", 0, "0")]
            if kind == "decimal" and held:
                yield Edit((*path, "fields", field), "date", "first read", name)


def deletes_forgotten(known: Known) -> Iterator[Edit]:
    """One way of telling that a record is gone, where no other tells the same."""
    for name, path, each in known.own():
        deletes = each.get("deletes") or []
        for place, delete in enumerate(deletes):
            others = {other["type"] for other in deletes if other is not delete} - {"merge"}
            known_by_trace = others <= {"census"} and known.traces.get(name) is True
            last = not others and name in known.traces and bool(each.get("writes", {}).get("delete"))
            if delete["type"] in ("flag", "scan", "feed", "census") and (last or (others and known_by_trace)):
                yield Edit((*path, "deletes", place), GONE, "deleted", name)


def too_large_batch(known: Known) -> Iterator[Edit]:
    for name, mode, path, write in known.writes("create", "update"):
        batch = write.get("batch", 1)
        if 1 < batch < 250 and (mode == "create" or len(known.rows[name]) > batch):
            yield Edit((*path, "batch"), batch + 40, mode, name)


def wrong_matching(known: Known) -> Iterator[Edit]:
    for name, mode, path, write in known.writes("create", "update"):
        for place, value in places(write):
            if place[-1:] == ("records",) and "result" in place:
                yield Edit((*path, *place), f"{value}_x", mode, name)


def wrong_key_in_results(known: Known) -> Iterator[Edit]:
    for name, mode, path, write in known.writes("create"):
        for place, value in places(write):
            if place[-2:] == ("result", "key"):
                wrong = "nothing" if isinstance(value, str) else {**value, "match": "(x+)$"}
                yield Edit((*path, *place), wrong, mode, name)


def dead_tokens_taken_for_failures(known: Known) -> Iterator[Edit]:
    rules = known.document.get("on_error", [])
    wrong = [{**each, "then": "fail"} if each["then"] in ("refresh", "reauthorise") else each for each in rules]
    if wrong != rules:
        yield Edit(("on_error",), wrong, "dead token")


def limit_too_high(known: Known) -> Iterator[Edit]:
    """Where the vendor's headers do not put it right."""
    for place, limit in enumerate(known.document.get("limits", [])):
        few = limit["type"] == "rate" and limit["requests"] <= 10
        reads = not set(limit.get("only", ())) & set(WRITES)
        if "max" not in limit and reads and (few or (limit["type"] == "concurrency" and not limit.get("only"))):
            yield Edit(("limits", place, "requests"), limit["requests"] * 20, "limits")


def write_limit_too_high(known: Known) -> Iterator[Edit]:
    """Of a mode that the kit writes one by one."""
    for place, limit in enumerate(known.document.get("limits", [])):
        modes = {"create", "update"} & set(limit.get("only", ()))
        if limit["type"] == "rate" and "max" not in limit and limit["requests"] <= 50:
            for name, _, each in known.objects():
                if name in limit.get("objects", [name]) and modes & set(each.get("writes") or {}):
                    yield Edit(("limits", place, "requests"), limit["requests"] * 20, "write limits", name)


def wrong_probe(known: Known) -> Iterator[Edit]:
    for name, reader in known.document["probe"]["keep"].items():
        if isinstance(reader, str) and "{" not in reader:
            yield Edit(("probe", "keep", name), f"{reader}_x", "probe")


KINDS: tuple[Kind, ...] = (
    wrong_change_field, wrong_boundary, no_overlap, wrong_key, wrong_next_page, wrong_place_of_records, wrong_path,
    wrong_type, deletes_forgotten, too_large_batch, wrong_matching, wrong_key_in_results,
    dead_tokens_taken_for_failures,
    limit_too_high, write_limit_too_high, wrong_probe,
)  # fmt: skip


# -- making them -------------------------------------------------------------------------------------------------------


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a document with its path."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*path, name))


@cache
def known_of(source: str) -> Known:
    written = yaml.safe_load((catalog_root() / "sources" / source / "source.yaml").read_text(encoding="utf-8"))
    # by JSON, so that what one anchor stands for in two places is two things
    document = json.loads(json.dumps(resolve(written)))
    vendor = build(source)
    rows, traces = {}, {}
    for name in check(document, points=("discovery",)).objects:
        rows[name] = [each for each in vendor.dump(name) if not each.get("_deleted")]
        for each in rows[name][:5]:
            try:
                told = vendor.mutate("delete", name, str(each.get("id", each.get("Id"))), {})
            except (KeyError, ValueError):
                continue
            traces[name] = told.get("trace") is True
            break
    return Known(document, rows, traces)


def mutants(source: str, each: int, seed: int = 7) -> list[Mutant]:
    """So many edits of a source's definition that validate, of as many kinds as there are; the same for a seed."""
    known = known_of(source)
    chance = random.Random(f"{source} {seed}")
    by_kind = [(kind, list(kind(known))) for kind in KINDS]
    for _, edits in by_kind:
        chance.shuffle(edits)
    chance.shuffle(by_kind)
    found: list[Mutant] = []
    while len(found) < each and any(edits for _, edits in by_kind):
        for kind, edits in by_kind:
            if edits and len(found) < each:
                edit = edits.pop()
                made = _edited(known.document, edit.path, edit.value)
                if _validates(made):
                    found.append(Mutant(source, kind.__name__.replace("_", " "), edit, made))
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


# -- trying them -------------------------------------------------------------------------------------------------------


def red(mutant: Mutant) -> list[str]:
    """The points that notice it, up to the first one."""
    report = check(mutant.written, points=(mutant.edit.point,), names=mutant.objects, objects=AT_MOST, until_red=True)
    return [f"{cell.point}: {cell.why}" for cell in report.failed]


def not_green(source: str, chosen: Sequence[Mutant]) -> list[str]:
    """Points at which the definition itself does not hold: an edit that shows there proves nothing."""
    asked: dict[tuple[str, ...], set[str]] = {}
    for each in chosen:
        asked.setdefault(each.objects, set()).add(each.edit.point)
    found = []
    for names, points in asked.items():
        report = check(known_of(source).document, points=tuple(points), names=names, objects=AT_MOST)
        found += [
            f"{source}: {' '.join(names)} {cell.point} is not green unedited: {cell.why}"
            for cell in report.cells
            if cell.point in points and cell.state != "works"
        ]
    return found


def tried(source: str, each: int) -> tuple[int, int]:
    """How many were killed of how many, each told as it is known."""
    chosen = mutants(source, each)
    faults = not_green(source, chosen)
    for fault in faults:
        print(fault, flush=True)
    killed = 0
    for mutant in chosen:
        found = red(mutant)
        killed += bool(found)
        print(f"{mutant}: {found[0] if found else 'NOTICED BY NOTHING'}", flush=True)
    return killed - len(faults), len(chosen)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--source", action="append", default=[])
    options = parser.parse_args()
    names = options.source or sorted(p.parent.name for p in catalog_root().glob("sources/*/source.yaml"))
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        counts = list(pool.map(tried, names, [options.each] * len(names)))
    for name, (killed, made) in zip(names, counts, strict=True):
        print(f"{name}: {killed} of {made} killed")
    sys.exit(0 if all(killed == made >= options.each for killed, made in counts) else 1)


if __name__ == "__main__":
    main()
