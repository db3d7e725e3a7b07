"""The printed tables, and what they were measured on."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import Figures

_PACKAGES = ("backhaul", "dlt", "duckdb", "pyarrow", "httpx", "msgspec")


@dataclass
class Row:
    """One contender. rows: how many it moved; ratio: its wall time in that of the first row and of `ours`."""

    name: str
    figures: Figures
    rows: int | None = None
    note: str = ""


@dataclass
class Table:
    """One benchmark's outcome. floor, ours: the names of the rows that ratios are taken to."""

    name: str
    title: str
    rows: list[Row] = field(default_factory=list)
    floor: str = ""
    ours: str = ""

    def wall(self, name: str) -> float | None:
        return next((row.figures.wall for row in self.rows if row.name == name), None)


def machine() -> dict[str, str]:
    """Where and with what it was measured."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _memory() -> str:
    info = Path("/proc/meminfo")
    if info.exists():
        return f"{int(info.read_text().split()[1]) / 1024 / 1024:.0f} GB"
    return "unknown"


def header(facts: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in facts.items())


def printed(table: Table) -> str:
    """As Markdown, so that it can stand in a document as it was printed."""
    floor, ours = table.wall(table.floor), table.wall(table.ours)
    columns = ["", "wall s", "cpu s", "peak MB"]
    columns += ["rows/s"] if any(row.rows for row in table.rows) else []
    columns += [f"x {table.floor}"] if floor else []
    columns += [f"x {table.ours}"] if ours else []
    columns += ["note"] if any(row.note for row in table.rows) else []
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)]]
    for row in table.rows:
        of = row.figures
        cells = [row.name, f"{of.wall:.2f}", f"{of.cpu:.2f}", f"{of.peak_mb:.0f}"]
        if "rows/s" in columns:
            cells.append(f"{row.rows / of.wall:,.0f}" if row.rows else "")
        cells += [f"{of.wall / base:.1f}" for base in (floor, ours) if base]
        if "note" in columns:
            cells.append(row.note)
        lines.append(cells)
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    body = "\n".join(
        "| " + " | ".join(_cell(cell, widths[column], column) for column, cell in enumerate(line)) + " |"
        for line in lines
    )
    return f"### {table.title}\n\n{body}\n"


def _cell(cell: str, width: int, number: int) -> str:
    if cell.startswith("---"):
        return "-" * width if number == 0 else "-" * (width - 1) + ":"
    return cell.ljust(width) if number == 0 else cell.rjust(width)


def written(tables: Sequence[Table], facts: dict[str, str], path: Path) -> None:
    document = {"machine": facts, "tables": [asdict(table) for table in tables]}
    path.write_text(json.dumps(document, indent=2) + "\n")
    print(f"wrote {path}", file=sys.stderr)
