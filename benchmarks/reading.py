"""Reading and loading: ours beside a bare download and dlt's rest_api, over the same pages into the same destination."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Figures, in_turns, page_server, run
from benchmarks.tables import Row, Table

Contender = Callable[[int], Figures]
_CONTENDERS = "benchmarks.contenders"


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _contender(folder: Path, module: str, url: str, *more: str, expect: int | None = None, table: str = "") -> Contender:
    """A contender that starts from nothing each time. expect: the rows that must be in the table afterwards."""

    def measure(number: int) -> Figures:
        place = _fresh(folder / module)
        figures = run(["-m", f"{_CONTENDERS}.{module}", url, str(place), *more], folder=folder)
        if expect is not None:
            _check(folder, place, table, expect)
        shutil.rmtree(place, ignore_errors=True)
        return figures

    return measure


def _check(folder: Path, place: Path, table: str, expect: int) -> None:
    """The destination holds what was to be loaded. Raises Failed. In a process of its own: this one stays small."""
    run(["-m", "benchmarks.check", str(place), table, str(expect)], folder=folder)


def side_by_side(folder: Path, records: int, rounds: int, *, with_default: bool = True) -> Table:
    """Everything there is, into an empty destination."""
    table = Table(
        "read", f"{records:,} records x 20 properties, pages of 100, into an empty DuckDB file", floor="bare", ours="ours"
    )
    with page_server(records) as url:
        contenders: dict[str, Contender] = {
            "bare": _contender(folder, "bare", url),
            "bare, parsed": _contender(folder, "bare", url, "--parse"),
            "ours": _contender(folder, "ours", url, expect=records, table="raw.crm__contacts"),
            "ours, extraction alone": _contender(folder, "ours", url, "--extract"),
            "dlt tuned": _contender(folder, "dlt_tuned", url, expect=records, table="raw.contacts"),
        }
        found = in_turns(contenders, rounds)
        if with_default:
            # it takes minutes: once is enough to see where it stands
            default = _contender(folder, "dlt_default", url, expect=records, table="raw.contacts")
            found |= in_turns({"dlt by default": default}, 1)
    table.rows = [Row(name, figures, records) for name, figures in found.items()]
    return table


def large_pages(folder: Path, records: int, rounds: int) -> Table:
    """Pages of 2000: what is left of the time when requests are few."""
    table = Table("query", f"{records:,} records x 20 properties, pages of 2000", ours="ours")
    with page_server(records, query=True) as url:
        ours = _contender(folder, "ours", url, "--objects", "Contact", expect=records, table="raw.crm__Contact")
        extract = _contender(folder, "ours", url, "--objects", "Contact", "--extract")
        found = in_turns({"ours": ours, "ours, extraction alone": extract}, rounds)
    table.rows = [Row(name, figures, records) for name, figures in found.items()]
    return table


def flatness(folder: Path, records: int, rounds: int) -> Table:
    """Five times the records: time five times, memory the same."""
    table = Table("flat", f"{records:,} and {5 * records:,} records: memory stays flat", ours=f"ours, {records:,}")
    for count in (records, 5 * records):
        with page_server(count) as url:
            ours = _contender(folder, "ours", url, expect=count, table="raw.crm__contacts")
            figures = in_turns({f"ours, {count:,}": ours}, rounds if count == records else 1)
        table.rows += [Row(name, each, count) for name, each in figures.items()]
    return table


def slow_vendor(folder: Path, records: int, rounds: int, *, latency_ms: int, limit: int) -> Table:
    """A far vendor that allows so many requests a second: the limit should be what takes the time."""
    objects = ("contacts", "companies", "deals", "tickets", "leads", "quotes", "notes", "calls")
    pages = -(-records // 100)
    chosen = ["--objects", ",".join(objects)]
    ideal = len(objects) * pages / limit
    table = Table(
        "slow",
        f"{len(objects)} objects of {records:,} records, {latency_ms} ms an answer",
        ours="ours",
    )
    with page_server(records, latency_ms=latency_ms) as url:
        found = in_turns(
            {
                "ours": _contender(folder, "ours", url, *chosen),
                f"ours, {limit} requests/s allowed": _contender(folder, "ours", url, *chosen, "--limit", str(limit)),
                "dlt tuned": _contender(folder, "dlt_tuned", url, *chosen),
            },
            rounds,
        )
    chain = pages * latency_ms / 1000
    for name, figures in found.items():
        bound = f"the limit alone: {ideal:.1f} s" if "allowed" in name else f"one object's pages alone: {chain:.1f} s"
        table.rows.append(Row(name, figures, records * len(objects), bound))
    return table


def again(folder: Path, records: int, rounds: int, changed: int) -> Table:
    """Runs after the first: nothing new, then a few changed."""
    table = Table("again", f"Runs after the first, of {records:,} records", ours="nothing new")
    place = _fresh(folder / "again")
    with page_server(records) as url:
        command = ["-m", f"{_CONTENDERS}.ours", url, str(place)]
        run(command, folder=folder)
        run(command, folder=folder)
        nothing = in_turns({"nothing new": lambda number: run(command, folder=folder)}, rounds)
        run(["-m", "benchmarks.edit", url, str(changed)], folder=folder)
        some = in_turns({f"{changed:,} changed": lambda number: run(command, folder=folder)}, 1)
    shutil.rmtree(place)
    for name, figures in (nothing | some).items():
        table.rows.append(Row(name, figures))
    return table


