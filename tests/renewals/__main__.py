"""`python -m tests.renewals --rounds 200`: the whole harness, once with a vendor that has a grace and once without."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.renewals.rounds import described, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.renewals")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--kill-every", type=int, default=5)
    parser.add_argument("--control", default="", help="the control store's URL; else a file")
    options = parser.parse_args()
    wrong: list[str] = []
    for grace in (True, False):
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="renewals-") as folder:
            found = run(
                Path(folder), options.rounds, grace=grace, kill_every=options.kill_every, control=options.control,
                say=lambda text: print(text, flush=True),
            )  # fmt: skip
        print(described(found, grace), f"{time.monotonic() - began:.0f} s, {len(found.wrong)} wrong")
        wrong += found.wrong
    for text in wrong:
        print(f"  {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
