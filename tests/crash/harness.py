"""Lives of customers, one after the other, until there were kills enough at every point."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.crash.scenario import POINTS, Life, Tally
from tests.crash.simulator import simulators

CASES: dict[str, dict[str, str]] = {
    "hubspot": {"crm": "hubspot"},
    "netsuite": {"erp": "netsuite"},
    "salesforce": {"crm": "salesforce"},
    "both": {"crm": "hubspot", "erp": "netsuite"},
    "bulk": {"crm": "salesforce"},
}
"""Case -> connection -> source. `bulk`: Salesforce by bulk jobs."""
ROUNDS = 3
"""Of one life: the first begins with nothing read."""
MOST_FAULTY = 3
"""Lives with faults after which it is no use to go on."""


def harness(
    folder: Path, kills: int, seed: int, cases: Sequence[str] = (), *, say: Callable[[str], None] = lambda text: None
) -> dict[str, Tally]:
    """Kill so often; what became of each point's kills comes back. The same seed makes the same choices."""
    chance = random.Random(seed)
    tallies = {point: Tally() for point in POINTS}
    names = list(cases) or list(CASES)
    number = 0
    faulty = 0
    while (done := sum(each.kills for each in tallies.values())) < kills and faulty < MOST_FAULTY:
        name = names[number % len(names)]
        number += 1
        sources = CASES[name]
        with ExitStack() as held:
            place = folder / f"{number:03d}-{name}"
            place.mkdir()
            running = held.enter_context(simulators(sorted(set(sources.values())), place, seed=7))
            served = {connection: running[source] for connection, source in sources.items()}
            life = Life(place / "project", served, chance, tallies, bulk=name == "bulk", say=say)
            problems: list[str] = []
            for round_ in range(ROUNDS):
                left = kills - sum(each.kills for each in tallies.values())
                if left <= 0:
                    break
                problems = life.round(min(left, chance.randint(2, 4)), first=round_ == 0)
                if problems:
                    break
            problems = problems or life.end()
            faulty += bool(problems)
        after = sum(each.kills for each in tallies.values())
        say(f"{number:3d} {name:10s} kills {done + 1}-{after}: {problems[:5] or 'equal'}")
    return tallies


def table(tallies: dict[str, Tally]) -> str:
    lines = [
        f"{'point':16s} {'kills':>5s} {'resumes':>7s} {'missed':>6s}  {'pages served twice (max)':40s} dumps equal"
    ]
    for point, each in tallies.items():
        twice = ", ".join(f"{kind} {pages}" for kind, pages in sorted(each.twice.items()))
        equal = f"{each.reckonings} of {each.reckonings}" if not each.unequal else f"no: {len(each.unequal)} faults"
        lines.append(f"{point:16s} {each.kills:5d} {each.resumes:7d} {each.missed:6d}  {twice:40s} {equal}")
    return "\n".join(lines)
