"""`python -m tests.crash --kills 200 --seed 7`: the whole harness, and its table."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.crash.harness import harness, table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--case", action="append", default=[], help="only these of the cases")
    parser.add_argument("--keep", type=Path, help="work in this folder, and leave everything there")
    options = parser.parse_args()
    began = time.monotonic()
    with ExitStack() as held:
        folder = options.keep or Path(held.enter_context(tempfile.TemporaryDirectory(prefix="crash-")))
        folder.mkdir(exist_ok=True)
        found = harness(folder, options.kills, options.seed, options.case, say=lambda text: print(text, flush=True))
    print(table(found))
    kills = sum(each.kills for each in found.values())
    wrong = [text for each in found.values() for text in each.unequal]
    print(f"{kills} kills, seed {options.seed}, {time.monotonic() - began:.0f} s; {len(wrong)} faults")
    for text in dict.fromkeys(wrong):
        print(f"  {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
