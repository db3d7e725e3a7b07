"""A customer's life: runs that are killed, a vendor that changes meanwhile, and a reckoning when it is quiet again."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from backhaul.project import Project
from backhaul.spool.spool import Spool
from tests.crash.changes import COMPARED, Changes
from tests.crash.project import MID_BODY, MOMENT, Ended, Patient
from tests.crash.served import AHEAD, PAGE_ROWS, PART_ROWS, Place, Served
from tests.crash.simulator import Simulator
from tests.truth import differences

READING = (MID_BODY, "page_read", "part_fsynced", "manifest_torn")
LOADING = ("dlt_extract", "between_tables", "loaded", "publish_rename")
POINTS = (*READING, *LOADING, MOMENT)
FIRST = {MID_BODY: 60, "page_read": 60, "part_fsynced": 60, "manifest_torn": 120, "dlt_extract": 12,
         "between_tables": 16, "loaded": 6, "publish_rename": 3, MOMENT: 1}  # fmt: skip
"""How often a first read passes a point, about; what a run really passes is learnt on the way."""


@dataclass
class Tally:
    """What became of one point's kills."""

    kills: int = 0
    resumes: int = 0
    missed: int = 0
    """Runs that ended before they came to the point."""
    twice: Counter[str] = field(default_factory=Counter)
    """Kind of read -> the most pages of one that a resume was served again."""
    unequal: list[str] = field(default_factory=list)
    reckonings: int = 0


class Life:
    """One project from its first read to its last."""

    def __init__(
        self, folder: Path, simulators: Mapping[str, Simulator], chance: random.Random, tallies: dict[str, Tally], *,
        bulk: bool = False, say: Callable[[str], None] = lambda text: None,
    ) -> None:  # fmt: skip
        self.patient = Patient(folder, simulators, bulk=bulk, pushes={})
        self.chance = chance
        self._say = say
        self._tallies = tallies
        self._simulators = simulators
        self._changes = {name: Changes(each, chance) for name, each in simulators.items()}
        self._served = {name: Served() for name in simulators}
        self._passings = dict(FIRST)
        self._longest = 6.0
        self._seconds: dict[bool, float] = {}
        for each in simulators.values():
            each.pages()
            limits = {"limit_10s": 10**9, "limit_search": 10**9} if each.source == "hubspot" else {}
            if each.source != "netsuite":  # its definition asks for small pages: a short one ends a read
                each.configure(page_size_cap=PAGE_ROWS, **limits)

    def round(self, kills: int, *, first: bool) -> list[str]:
        """Kill, change and resume, so many times; then two quiet runs. Returns what is wrong then."""
        points: list[str] = []
        self._change()
        while len(points) < kills:
            point = self._next_point(len(points), first=first)
            ended = self._kill(point)
            self._twice(points[-1] if points else None)
            if ended.killed:
                points.append(point)
                self._tallies[point].kills += 1
                self._tallies[point].resumes += 1
                self._change()
            else:
                self._tallies[point].missed += 1
                self._forget()
                problems = [f"a run said: {each}" for each in ended.told["failures"]] if ended.told else []
                if problems:
                    return problems
                if not points:
                    self._change(more=True)
                else:
                    break
        problems = self._reckon(points[-1] if points else None)
        for point in dict.fromkeys(points):
            self._tallies[point].reckonings += 1
            self._tallies[point].unequal += problems
        return problems

    # -- kills -------------------------------------------------------------------------------------------------------

    def _next_point(self, before: int, *, first: bool) -> str:
        """Of those that were had least; on a read that is going on, sooner the points of reading."""
        least = min(self._tallies[each].kills for each in POINTS)
        wanted = [each for each in POINTS if self._tallies[each].kills <= least + 1]
        return self.chance.choice(wanted)

    def _kill(self, point: str) -> Ended:
        most = max(1, self._passings[point])
        passing = self.chance.randint(1, most)
        after = self.chance.uniform(0.8, self._longest)
        census = self.chance.random() < 0.3
        ended = self.patient.run(
            point, passing, check_deletes=self.chance.random() < 0.7, census=census, after=after
        )  # fmt: skip
        where = f"after {after:.1f} s" if point == MOMENT else f"passing {passing}"
        self._say(f"    {point}, {where}: {'killed' if ended.killed else 'ended by itself'} in {ended.seconds:.1f} s")
        if not ended.killed:
            self._passings[point] = max(1, passing - 1 if passing < most else most // 2)
            self._longest = max(2.0, ended.seconds)
        return ended

    def _change(self, *, more: bool = False) -> None:
        for name, each in self._simulators.items():
            self._changes[name].some(8 if more else 2, 25 if more else 12)
            each.advance(self.chance.choice((1, 30, 400, 3600, 7200)))

    def _forget(self) -> None:
        for each in self._served.values():
            each.forget()

    def _twice(self, point: str | None) -> list[str]:
        """Take what was served to the run that just ended. point: where the one before it was killed, if it was."""
        problems = []
        for name, each in self._simulators.items():
            twice = self._served[name].run(each.pages())
            if point is None:
                continue
            for place, pages in twice.items():
                tally = self._tallies[point].twice
                tally[place[0]] = max(tally[place[0]], pages)
                problems += _too_often(place, pages)
        for each_problem in problems:
            self._tallies[point or MOMENT].unequal.append(each_problem)
            self._say(f"    {each_problem}")
        return problems

    # -- the reckoning -----------------------------------------------------------------------------------------------

    def _reckon(self, point: str | None) -> list[str]:
        problems: list[str] = []
        for number in range(2):
            for each in self._simulators.values():
                each.advance(7200)
            ended = self.patient.run(census=True)
            assert ended.told is not None
            self._longest = max(2.0, ended.seconds)
            problems += [f"a quiet run said: {each}" for each in ended.told["failures"]]
            problems += self._twice(point if number == 0 else None)
            self._forget()
        changed = {name: count for name, count in ended.told["changed"].items() if count}
        if changed or ended.told["new_version"]:
            problems.append(f"the second quiet run changed {changed}, new version: {ended.told['new_version']}")
        return problems + list(self.wrong())

    def wrong(self) -> Iterator[str]:
        """What is not as it must be when nothing is under way."""
        layout = self.patient.layout
        work = layout.work("acme")
        for name, each in self._simulators.items():
            dumps = {one: each.dump(one) for one in COMPARED[each.source]}
            yield from differences(work, name, dumps, winners=each.source != "netsuite", all_seen=False)
        yield from twice_there(work)
        yield from unlike_snapshot(work, layout.raw_snapshot("acme"), "raw")
        yield from unlike_snapshot(work, layout.snapshot("acme"), "entities")
        for state in Spool(layout.spool("acme")).windows():
            yield f"the spool still holds {state.window}"

    def end(self) -> list[str]:
        """The last look: entities made from nothing are what they have become step by step."""
        work = self.patient.layout.work("acme")
        before = _entities(work)
        with Project(self.patient.root) as project:
            project.customer("acme").transform(full=True)
        after = _entities(work)
        shutil.rmtree(self.patient.root)
        return [f"{name} made from nothing differs" for name in after if before.get(name) != after[name]]


def _too_often(place: Place, pages: int) -> list[str]:
    """Of records at most one part's pages. Lists of keys are repeated whole, by design: half a census counts nobody."""
    kind, window = place
    if kind == "rows" and pages > -(-PART_ROWS // PAGE_ROWS) + AHEAD:
        return [f"{pages} pages of {kind} {window[:100]} were served twice"]
    return []


def twice_there(work: Path) -> Iterator[str]:
    """Keys that come twice in a table."""
    with duckdb.connect(str(work), read_only=True) as connection:
        for schema, table, key in connection.execute(
            "select schema_name, table_name, case schema_name when 'raw' then '_key' else 'id' end from duckdb_tables()"
            " where schema_name = 'entities' or (schema_name = 'raw' and table_name not like '\\_%' escape '\\')"
        ).fetchall():
            found = connection.execute(
                f'select {key} from {schema}."{table}" group by 1 having count(*) > 1'
            ).fetchall()
            if found:
                yield f"{schema}.{table} has {len(found)} keys twice, {found[0][0]} among them"


_TELLING = ("_key", "_parent_key", "_changed_at", "_deleted_at", "_merged_into")


def unlike_snapshot(work: Path, snapshot: Path, schema: str) -> Iterator[str]:
    """Tables of a snapshot that are not as in work.duckdb, columns that tell only of the reading aside."""
    with duckdb.connect(str(work), read_only=True) as connection:
        connection.execute(f"attach '{snapshot}' as snapshot (read_only)")
        names = connection.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns() where schema_name = ?"
            " and database_name = 'work' group by 1",
            [schema],
        ).fetchall()
        for table, columns in names:
            if table.startswith("_") or (schema == "raw" and "_key" not in columns):
                continue
            listed = ", ".join(f'"{each}"' for each in columns if each in _TELLING or not each.startswith("_"))
            here, there = f'select {listed} from {schema}."{table}"', f'select {listed} from snapshot.main."{table}"'
            for one, other in ((here, there), (there, here)):
                found = connection.execute(f"select count(*) from ({one} except all {other})").fetchone()
                if found and found[0]:
                    yield f"{schema}.{table}: {found[0]} rows are not alike in the snapshot and in work.duckdb"
                    break


def _entities(work: Path) -> dict[str, list[Any]]:
    with duckdb.connect(str(work), read_only=True) as connection:
        found = {}
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'entities'"
        ).fetchall():
            rows = connection.execute(
                f"select columns(lambda c: c not in ('_seq', 'synced_at', 'sync_run_id')) from entities.\"{name}\""
                " order by id"
            ).fetchall()
            found[str(name)] = rows
        return found
