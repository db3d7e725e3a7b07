"""Which pages a resumed run asked for once more, by the simulator's own journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

PAGE_ROWS = 20
PART_ROWS = 60
EAGER_ROWS = 100
PARENTS = 10
"""Parents in one call for their children."""
AHEAD = 3
"""Pages that are fetched while one is typed and written: a kill loses them with the part they would go to."""

Place = tuple[str, str]


@dataclass
class Served:
    """What the runs since the last one that was not killed were given."""

    seen: dict[Place, set[str]] = field(default_factory=dict)

    def run(self, pages: Iterable[dict[str, Any]]) -> dict[Place, int]:
        """Take a run's pages; tells how many of each read were there before, record by record."""
        now: dict[Place, list[list[str]]] = {}
        for page in pages:
            now.setdefault((page["kind"], page["window"]), []).append(page["keys"])
        twice: dict[Place, int] = {}
        for place, keys in now.items():
            before = self.seen.setdefault(place, set())
            twice[place] = sum(bool(each) and sum(key in before for key in each) > len(each) / 2 for each in keys)
            before.update(key for each in keys for key in each)
        return twice

    def forget(self) -> None:
        self.seen.clear()
