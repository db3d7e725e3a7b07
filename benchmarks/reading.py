"""Reading and loading: ours, a bare download and dlt's rest_api, over the same pages into the same destination."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.measure import Figures, in_turns, page_server, run
from benchmarks.project import CUSTOMER, make_project
from benchmarks.tables import Row, Table

Contender = Callable[[int], Figures]
_CONTENDERS = "benchmarks.contenders"
_SLOW_OBJECTS = ("contacts", "companies", "deals", "tickets", "leads", "quotes", "notes", "calls")


def sync(place: Path) -> list[str]:
    return ["backhaul", "-C", str(place), "sync", CUSTOMER]


def _ours(
    folder: Path, url: str, expect: int | None, objects: Sequence[str] = ("contacts",), *, limit: int | None = None
) -> Contender:
    """`backhaul sync` of a project that has never been synced."""

    def measure(number: int) -> Figures:
        place = folder / "ours"
        make_project(place, url, objects, limit=limit)
        figures = run(sync(place), folder=folder)
        for name in objects if expect is not None else ():
            check(folder, place, f"raw.crm__{name}", expect or 0)
        shutil.rmtree(place)
        return figures

    return measure


def _extraction(folder: Path, url: str, objects: Sequence[str] = ("contacts",)) -> Contender:
    def measure(number: int) -> Figures:
        place = folder / "extraction"
        make_project(place, url, objects)
        figures = run(["-m", f"{_CONTENDERS}.extraction", str(place)], folder=folder)
        shutil.rmtree(place)
        return figures

    return measure


def _bare(folder: Path, url: str, *more: str) -> Contender:
    return lambda number: run(["-m", f"{_CONTENDERS}.bare", url, *more], folder=folder)


def _dlt(folder: Path, url: str, module: str, expect: int, objects: Sequence[str] = ("contacts",)) -> Contender:
    """A pipeline that has never run, into a file that is not there yet."""

    def measure(number: int) -> Figures:
        place = folder / module
        chosen = ["--objects", ",".join(objects)]
        figures = run(["-m", f"{_CONTENDERS}.{module}", url, str(place), *chosen], folder=folder)
        for name in objects:
            check(folder, place, f"raw.{name}", expect)
        shutil.rmtree(place)
        return figures

    return measure


def check(folder: Path, place: Path, table: str, expect: int) -> None:
    """The destination holds what was to be loaded. Raises Failed. In a process of its own: this one stays small."""
    run(["-m", "benchmarks.check", str(place), table, str(expect)], folder=folder)


def side_by_side(folder: Path, records: int, rounds: int) -> Table:
    """Everything there is, into an empty destination."""
    title = f"{records:,} records x 20 properties, pages of 100, into an empty DuckDB file"
    table = Table("read", title, floor="bare", ours="ours")
    with page_server(records) as url:
        contenders = {
            "bare": _bare(folder, url),
            "bare, parsed": _bare(folder, url, "--parse"),
            "ours": _ours(folder, url, records),
            "ours, extraction alone": _extraction(folder, url),
            "dlt tuned": _dlt(folder, url, "dlt_tuned", records),
        }
        found = in_turns(contenders, rounds)
        # it takes minutes: once is enough to see where it stands
        found |= in_turns({"dlt by default": _dlt(folder, url, "dlt_default", records)}, 1)
    table.rows = [Row(name, figures, records) for name, figures in found.items()]
    return table


def large_pages(folder: Path, records: int, rounds: int) -> Table:
    """Pages of 2000: what is left of the time when requests are few."""
    table = Table("query", f"{records:,} records x 20 properties, pages of 2000", ours="ours")
    with page_server(records, query=True) as url:
        contenders = {
            "ours": _ours(folder, url, records, ("Contact",)),
            "ours, extraction alone": _extraction(folder, url, ("Contact",)),
        }
        found = in_turns(contenders, rounds)
    table.rows = [Row(name, figures, records) for name, figures in found.items()]
    return table


def flatness(folder: Path, records: int, rounds: int) -> Table:
    """Five times the records: time five times, memory the same."""
    table = Table("flat", f"{records:,} and {5 * records:,} records: memory stays flat", ours=f"ours, {records:,}")
    for count in (records, 5 * records):
        with page_server(count) as url:
            name = f"ours, {count:,}"
            figures = in_turns({name: _ours(folder, url, count)}, rounds if count == records else 1)
        table.rows.append(Row(name, figures[name], count))
    return table


def slow_vendor(folder: Path, records: int, *, latency_ms: int, limit: int) -> Table:
    """A far vendor that allows so many requests a second: the limit should be what takes the time."""
    objects = _SLOW_OBJECTS
    pages = -(-records // 100)
    ideal, chain = len(objects) * pages / limit, pages * latency_ms / 1000
    table = Table("slow", f"{len(objects)} objects of {records:,} records, {latency_ms} ms an answer", ours="ours")
    limited = f"ours, {limit} requests/s allowed"
    with page_server(records, latency_ms=latency_ms) as url:
        contenders = {
            "ours": _ours(folder, url, records, objects),
            limited: _ours(folder, url, records, objects, limit=limit),
            "dlt tuned": _dlt(folder, url, "dlt_tuned", records, objects),
        }
        found = in_turns(contenders, 1)
    for name, figures in found.items():
        bound = f"the limit alone: {ideal:.1f} s" if name == limited else f"one object's pages alone: {chain:.1f} s"
        table.rows.append(Row(name, figures, records * len(objects), bound))
    return table


def again(folder: Path, records: int, rounds: int, changed: int) -> Table:
    """Runs after the first: nothing new, then a few changed."""
    table = Table("again", f"Runs after the first, of {records:,} records", ours="nothing new")
    place = folder / "again"
    with page_server(records) as url:
        make_project(place, url, ["contacts"])
        run(sync(place), folder=folder)
        run(sync(place), folder=folder)
        found = in_turns({"nothing new": lambda number: run(sync(place), folder=folder)}, rounds)
        run(["-m", "benchmarks.edit", url, str(changed)], folder=folder)
        found |= in_turns({f"{changed:,} changed": lambda number: run(sync(place), folder=folder)}, 1)
    table.rows = [Row(name, figures) for name, figures in found.items()]
    return table
