"""A push over many rows that were all written before: what it costs to find the few that differ."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contenders import push_diff
from benchmarks.measure import Figures, run
from benchmarks.tables import Row, Table


def diff(folder: Path, rows: int) -> Table:
    """Thirty columns under a key of two parts: decimals, dates, moments, choices of several, nothing at all."""
    place = folder / "diff"
    place.mkdir()
    run(["-m", "benchmarks.contenders.push_diff", "fill", str(place), str(rows)], folder=folder)
    table = Table("diff", f"{rows:,} wanted rows of {push_diff.COLUMNS} columns against as many in the ledger")

    def plan(what: str) -> Figures:
        return run(["-m", "benchmarks.contenders.push_diff", what, str(place), str(rows)], folder=folder)

    for name, what in (("nothing changed", "same"), ("1% changed: exactly those are planned", "changed")):
        table.rows.append(Row(name, plan(what), rows))
    return table
