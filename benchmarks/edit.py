"""Gives the first records of a page server a new change time: python -m benchmarks.edit URL COUNT."""

from __future__ import annotations

import sys
from urllib.request import Request, urlopen


def main() -> None:
    url, count = sys.argv[1:]
    with urlopen(Request(f"{url}/edit?records={count}", method="POST")) as answer:
        answer.read()


if __name__ == "__main__":
    main()
