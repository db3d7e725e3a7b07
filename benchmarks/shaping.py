"""What comes after reading: entities, snapshots, pushes; and how long a command takes that does next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Figures, in_turns, page_server, run
from benchmarks.project import CUSTOMER, make_project
from benchmarks.reading import sync
from benchmarks.tables import Row, Table


def shape_and_push(folder: Path, records: int, changed: int) -> Table:
    """Entities and snapshots of everything, then of what changed; then a push compared with all of it."""
    table = Table("shape", f"{records:,} raw rows: transform, publish, push plan")
    place = folder / "shape"

    def command(*words: str) -> Figures:
        return run(["backhaul", "-C", str(place), *words], folder=folder)

    def row(name: str, rows: int, *words: str) -> None:
        table.rows.append(Row(name, in_turns({name: lambda number: command(*words)}, 1)[name], rows))

    with page_server(records) as url:
        make_project(place, url, ["contacts"])
        run(sync(place), folder=folder)
        row("transform, all", records, "transform", CUSTOMER)
        row("publish, all", records, "publish", CUSTOMER)
        run(["-m", "benchmarks.edit", url, str(changed)], folder=folder)
        row(f"sync, {changed:,} changed", changed, "sync", CUSTOMER)
        row(f"transform, {changed:,} changed", changed, "transform", CUSTOMER)
        row(f"publish, {changed:,} changed", changed, "publish", CUSTOMER)
        row("transform, nothing changed", 0, "transform", CUSTOMER)
        row("publish, nothing changed", 0, "publish", CUSTOMER)
        row("push plan, 1% differs", records, "push", "plan", CUSTOMER, "titles")
    return table


def startup(folder: Path, rounds: int) -> Table:
    """Commands that do next to nothing."""
    table = Table("startup", "Commands that do next to nothing")
    place = folder / "startup"
    with page_server(100) as url:
        make_project(place, url, ["contacts"])
        run(["backhaul", "-C", str(place), "run", CUSTOMER], folder=folder)
        commands = {
            "python -c pass": ["-c", "pass"],
            "backhaul --help": ["backhaul", "--help"],
            "backhaul status": ["backhaul", "-C", str(place), "status"],
            "backhaul query": ["backhaul", "-C", str(place), "query", CUSTOMER, "select count(*) from contacts"],
            "backhaul sync, nothing new": sync(place),
        }

        def measured(words: list[str]) -> Callable[[int], Figures]:
            return lambda number: run(words, folder=folder)

        found = in_turns({name: measured(words) for name, words in commands.items()}, rounds)
    table.rows = [Row(name, figures) for name, figures in found.items()]
    return table
