"""python -m benchmarks [--quick] [--rounds N] [--json FILE] [NAME...]"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import diffing, reading, shaping
from benchmarks.tables import Table, header, machine, printed, written

Benchmark = Callable[[Path, int, bool], Table]

BENCHMARKS: dict[str, Benchmark] = {
    "read": lambda folder, rounds, quick: reading.side_by_side(folder, 2_000 if quick else 200_000, rounds),
    "query": lambda folder, rounds, quick: reading.large_pages(folder, 4_000 if quick else 200_000, rounds),
    "flat": lambda folder, rounds, quick: reading.flatness(folder, 1_000 if quick else 200_000, rounds),
    "again": lambda folder, rounds, quick: reading.again(
        folder, 2_000 if quick else 200_000, rounds, 100 if quick else 2_000
    ),
    "slow": lambda folder, rounds, quick: reading.slow_vendor(
        folder, 200 if quick else 3_000, latency_ms=20 if quick else 200, limit=20
    ),
    "shape": lambda folder, rounds, quick: shaping.shape_and_push(
        folder, 2_000 if quick else 1_000_000, 100 if quick else 10_000
    ),
    "diff": lambda folder, rounds, quick: diffing.diff(folder, 2_000 if quick else 1_000_000),
    "startup": lambda folder, rounds, quick: shaping.startup(folder, rounds),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description="What is measured, side by side with peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)}; without any: all")
    parser.add_argument("--quick", action="store_true", help="everything, small: whether it runs, not how fast")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs, in turns")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    given = parser.parse_args()
    unknown = set(given.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    facts = machine()
    print(header(facts), end="\n\n", flush=True)
    tables = []
    for name in given.names or BENCHMARKS:
        print(f"{name}:", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
            table = BENCHMARKS[name](Path(folder), 1 if given.quick else given.rounds, given.quick)
        tables.append(table)
        print(printed(table), flush=True)
    if given.json:
        written(tables, facts, given.json)


if __name__ == "__main__":
    main()
