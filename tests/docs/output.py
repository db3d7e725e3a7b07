"""Whether an output is the one that a page shows, in what is stable of it.

Both are cut into words, so that widths of columns do not count. Run ids, moments, spans of time, counts of requests
and ports differ from run to run and count as equal. Of commands that tell how much was asked and when (`status`,
`runs`, `usage`, `logs`) numbers do not count at all. A line that begins with `...` stands for any lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LOOSE = ("status", "runs", "usage", "logs")
_VARYING = (
    (re.compile(r"\b[0-9a-f]{17,20}\b|\b[0-9a-f]{8}\b(?=  )"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?"), "TIME"),
    (re.compile(r"\b(in )?\d+(\.\d+)? ?(ms|s|min|h|d|days?)\b( ago)?|\bnow\b"), "SPAN"),
    (re.compile(r"\b[\d,]+ requests?\b"), "N requests"),
    (re.compile(r"127\.0\.0\.1:\d+"), "HOST"),
)


def difference(shown: Sequence[str], printed: str, *, loose: bool = False) -> str | None:
    """None where they are the same; else what was expected where."""
    wanted = [line for line in (_words(line, loose) for line in shown) if line]
    found = [line for line in (_words(line, loose) for line in printed.splitlines()) if line]
    at, gap = 0, False
    for line in wanted:
        if line == "...":
            gap = True
            continue
        places = [place for place in range(at, len(found)) if found[place] == line]
        if not places or (places[0] != at and not gap):
            there = found[at] if at < len(found) else "the end"
            return f"the page shows   {line}\nbut there is     {there}"
        at, gap = places[0] + 1, False
    if at < len(found) and not gap:
        return f"the page ends, but there is more: {found[at]}"
    return None


def _words(line: str, loose: bool) -> str:
    if line.strip().startswith("..."):
        return "..."
    for pattern, word in _VARYING:
        line = pattern.sub(word, line)
    if loose:
        line = re.sub(r"[\d.,]+", "N", line)
    return " ".join(line.split())
