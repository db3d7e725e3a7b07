"""Points of reading: the first read, a stop and a resume, what changed, what comes late, what goes and comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backhaul.config.objects import ChangedField, DeleteFlag, ObjectDefinition
from backhaul.conformance.bench import PAGE_ROWS, Bench, CannotExist, NotProven, require
from backhaul.conformance.choosing import live, texts
from backhaul.extract.task import Drift
from backhaul.protocol.schema import Field, ObjectSchema, Schema

CHANGED = "Changed by hand"


@dataclass
class Reading:
    """A bench whose project reads the chosen objects. untold: operations of people that the simulator does not have."""

    bench: Bench
    schema: Schema
    objects: tuple[str, ...]
    few: bool = False
    """Somebody named the objects: whether they hold enough to prove paging is theirs to know."""
    untold: dict[str, str] = field(default_factory=dict)
    traces: dict[str, bool] = field(default_factory=dict)
    """Object -> whether its vendor shows that a record is gone; where it is known."""
    edits: int = 0
    middle: int = 0
    """Requests of the first read until half of its pages were there."""
    pages: list[str] = field(default_factory=list)
    """Those of them that were answered with records."""
    _texts: dict[str, list[Field]] = field(default_factory=dict)

    # -- what there is to work with ----------------------------------------------------------------------------------

    def definition(self, name: str) -> ObjectDefinition:
        return self.bench.source.definition(name) or ObjectDefinition()

    def of(self, name: str) -> ObjectSchema:
        return self.schema.objects[name]

    def own(self) -> list[str]:
        """Objects that are read by themselves, not with their parents."""
        return [name for name in self.objects if self.definition(name).parent is None]

    def tells_change(self) -> list[str]:
        return [
            name
            for name in self.own()
            if self.definition(name).changed.type != "none" and self.of(name).change_field is not None
        ]

    def texts(self, name: str) -> list[Field]:
        """Its fields of free text, as they were before we wrote into them."""
        if name not in self._texts:
            traces = {each.trace for each in self.definition(name).writes.create}
            found = texts(self.of(name), self.bench.truth(self.of(name)))
            self._texts[name] = [each for each in found if each.name not in traces]
        return self._texts[name]

    def change(self, name: str, count: int, skip: int = 0) -> None:
        """Change so many records as people would, at one moment; of those that nobody changes, make so many new ones.

        skip: how many stay as they are before them; from behind, where it is negative.
        """
        truth = self.bench.truth(self.of(name))
        keys = live(truth)
        try:
            self.edit(name, keys[skip:][:count])
        except NotProven:
            values = {field: value for field, value in truth[keys[0]].items() if not field.startswith("_")}
            new = {"op": "create", "object": name, "values": {each: values[each] for each in values if each != "id"}}
            try:
                self.bench.vendor.mutate_all([new] * count)
            except ValueError:
                pass
            else:
                return
            raise

    def edit(self, name: str, keys: Sequence[str]) -> str:
        """Edit a text of these records as a person would, at one moment. Returns the field."""
        self.edits += 1
        refusals = []
        for each in self.texts(name):
            changes = [
                {"op": "update", "object": name, "id": key, "values": {each.name: f"{CHANGED} {self.edits}"}}
                for key in keys
            ]
            try:
                self.bench.vendor.mutate_all(changes)
            except ValueError as error:
                refusals.append(str(error))
                continue
            return each.name
        raise NotProven(f"no text of {name} could be changed: {'; '.join(refusals[:2]) or 'discovery names none'}")

    def do(self, op: str, name: str, values: Mapping[str, Any] | None = None, skip: int = 0) -> str | None:
        """Do something to a record that lets it; its key, or None where none does."""
        keys = live(self.bench.truth(self.of(name)))
        for key in keys[skip : skip + 12]:
            given = dict(values or {})
            if op == "merge":
                given["loser"] = keys[keys.index(key) - 1]
            try:
                told = self.bench.vendor.mutate(op, name, key, given)
            except ValueError as error:
                self.untold[op] = str(error)
            else:
                if "trace" in told:
                    self.traces[name] = told["trace"]
                return key
        return None

    def require_truth(self) -> None:
        """The raw tables hold what the vendor holds."""
        self.bench.require_truth(self.schema, self.objects, winners=self._tells_winners(self.own()))

    # -- points ------------------------------------------------------------------------------------------------------

    def first(self) -> str:
        mark = self.bench.seen
        report = self.bench.good_sync()
        asked = self.bench.since(mark)
        self.pages = _pages(asked)
        self.middle = next(n for n in range(len(asked)) if len(_pages(asked[:n])) >= len(self.pages) // 2)
        self.require_truth()
        rows = sum(len(live(self.bench.truth(self.of(name)))) for name in self.objects)
        require(self.few or rows > 3 * PAGE_ROWS, f"{rows} records are too few to prove paging")
        for line in report.lines.values():
            require(not line.rejected, f"{line.rejected} values of {line.object} could not be read as their type")
            require(
                line.total in (None, len(live(self.bench.truth(self.of(line.object))))),
                f"the vendor's own count of {line.object} is {line.total}, which it has not",
            )
        drift = [f"{each.object}.{each.field} {each.kind}" for _, each in report.drift if self._held(each)]
        require(not drift, f"pages do not hold what discovery said: {', '.join(drift[:3])}")
        return f"{rows} records of {len(self.objects)} objects"

    def _held(self, drift: Drift) -> bool:
        """Not a field that discovery names and that the vendor holds for no reader."""
        return drift.kind != "removed" or any(drift.field in each for each in self.bench.vendor.dump(drift.object))

    def resume(self, fresh: Bench) -> str:
        """Read from nothing, stopped for good at a page; the read that follows does not begin anew."""
        fresh.choose({name: {} for name in self.objects})
        mark = fresh.seen
        fresh.vendor.fault("500", count=None, after=self.middle)
        stopped = fresh.sync()
        fresh.vendor.clear_faults()
        before = _pages(fresh.since(mark))
        require(stopped.failures, "a read went on without an answer")
        mark = fresh.seen
        fresh.good_sync()
        again = _pages(fresh.since(mark))
        require(before, "the read was stopped before its first page")
        require(
            set(before) - set(again),
            f"the read began anew: {len(again)} pages were asked for after {len(before)}, {len(self.pages)} are all",
        )
        # what was on its way when it stopped is asked for again: a page an object, and no more
        most = len(self.pages) - len(before) + len(self.objects)
        require(len(again) <= most, f"{len(again)} pages were asked for after it, and {most} at most were left")
        fresh.require_truth(self.schema, self.objects)
        return f"stopped after {len(before)} pages of {len(self.pages)}, {len(again)} came after it"

    def jobs(self, fresh: Bench) -> str:
        """Read from nothing by jobs, which the definition keeps for many rows. fresh: takes them for a few."""
        names = [name for name in self.own() if any(each.job for each in self.definition(name).reads.all)]
        if not names:
            raise CannotExist("no object of the definition is read by jobs")
        fresh.choose({name: {} for name in names})
        fresh.good_sync()
        fresh.require_truth(self.schema, names)
        return ", ".join(names)

    def incremental(self) -> str:
        """Ties that fill more than a page, then a record a moment before the read, then nothing."""
        bench, names = self.bench, self.tells_change()
        for name in self.own():
            changed = self.definition(name).changed
            told = not isinstance(changed, ChangedField) or self.of(name).change_field is not None
            require(told, f"{name} has no change field: discovery names none of {getattr(changed, 'field', '')}")
        if not names:
            raise CannotExist("no object of the definition tells what changed: all is read and compared")
        bench.settle()
        bench.good_sync()
        edited = {}
        for name in names:
            edited[name] = max(1, min(PAGE_ROWS + 5, len(live(bench.truth(self.of(name)))) - 1))
            self.change(name, edited[name])
        bench.settle()
        report = bench.good_sync()
        self.require_truth()
        for name in names:
            line = report.line("account", name)
            came = line.updated + line.inserted
            require(came >= edited[name], f"{edited[name]} records of {name} changed, {came} were told")
            require(
                line.read < edited[name] + 2 * PAGE_ROWS,
                f"{edited[name]} records of {name} changed, and {line.read} were read",
            )
        # what is too young to be whole in the vendor's index waits for the next window, and is in it
        for name in names:
            self.change(name, 2, skip=-2)
        bench.good_sync()
        bench.settle(self._longest("index_lag") + 5)
        bench.good_sync()
        self.require_truth()
        bench.settle()
        report = bench.good_sync()
        require(report.changed == 0, f"nothing had changed, and {report.changed} rows did")
        return ", ".join(f"{count} of {name}" for name, count in edited.items())

    def _longest(self, what: str) -> float:
        spans = [getattr(self.definition(name).changed, what, None) for name in self.tells_change()]
        return max((each.total_seconds() for each in spans if each is not None), default=0.0)

    def late(self) -> str:
        """The vendor shows a change only when the window that it belongs to was read: the next one overlaps it."""
        bench = self.bench
        names = [name for name in self.tells_change() if isinstance(self.definition(name).changed, ChangedField)]
        if not names:
            raise CannotExist("the vendor keeps the position itself")
        bench.settle()
        # a change just before the read, so that the window ends behind it
        for name in names:
            self.change(name, 1, skip=6)
        bench.settle(self._longest("index_lag") + 30)
        bench.good_sync()
        bench.vendor.configure(index_lag=180.0)
        try:
            # one that is shown by then: a window in which nothing came would be read again whole
            for name in names:
                self.change(name, 1, skip=9)
            bench.settle(200)
            for name in names:
                self.change(name, 2, skip=3)
            bench.settle(120)
            early = bench.good_sync()
            bench.settle(240)
            bench.good_sync()
            self.require_truth()
        finally:
            bench.vendor.configure(index_lag=0.0)
        seen = sum(early.line("account", name).updated for name in names)
        when = "shown three minutes late" if seen <= len(names) else "stamped three minutes before it was shown"
        return f"two records of {', '.join(names)}, {when}"

    # -- what goes and comes back ------------------------------------------------------------------------------------

    def deleted(self) -> str:
        gone = self._each("delete")
        census = self._only_census(gone)
        self.bench.settle()
        self.bench.good_sync(check_deletes=True)
        winners = self._tells_winners(self.own())
        told = [name for name in self.objects if not {name, *self._above(name)} & set(census)]
        found = self.bench.unlike(self.schema, told, winners=winners)
        require(not found, found[0] if found else "")
        if census:
            self.bench.good_sync(census=True)
        self.require_truth()
        self.gone = gone
        kinds = {
            name: []
            if name in census
            else sorted({each.type for each in self.definition(name).deletes} & {"flag", "feed", "scan"})
            for name in gone
        }
        return ", ".join(f"{name} by {' or '.join(kinds[name]) or 'census'}" for name in gone)

    def _above(self, name: str) -> list[str]:
        """What it is a child of, and what that is a child of: it goes with them."""
        parent = self.definition(name).parent
        return [parent.object, *self._above(parent.object)] if parent is not None else []

    def _only_census(self, names: Iterable[str]) -> list[str]:
        """Those of which nothing but a census can find what is gone."""
        kinds = {name: {each.type for each in self.definition(name).deletes} for name in names}
        return [
            name for name, found in kinds.items() if "census" in found and not self.traces.get(name, found > {"census"})
        ]

    def restored(self) -> str:
        back = []
        for name, key in self.gone.items():
            try:
                self.bench.vendor.mutate("restore", name, key)
            except ValueError as error:
                self.untold["restore"] = str(error)
            else:
                back.append(name)
        if not back:
            raise CannotExist(self.untold.get("restore", "nothing was deleted that could come back"))
        self.bench.settle()
        self.bench.good_sync(check_deletes=True)
        self.require_truth()
        return ", ".join(back)

    def merged(self) -> str:
        gone = self._each("merge")
        told = self._tells_winners(gone)
        self.bench.settle()
        self.bench.good_sync(check_deletes=True)
        if self._only_census(gone):
            self.bench.good_sync(census=True)
        self.require_truth()
        return ", ".join(gone) + ("" if told else "; the vendor does not tell into which")

    def purged(self) -> str:
        names = [name for name in self.own() if any(d.type == "census" for d in self.definition(name).deletes)]
        # without one nothing finds them: that is a fault of a definition whose vendor lets records vanish
        gone = self._each("purge", names or self._can_lose())
        self.bench.settle()
        self.bench.good_sync(census=True)
        self.require_truth()
        return ", ".join(gone)

    def _tells_winners(self, names: Iterable[str]) -> bool:
        return any(each.type == "merge" for name in names for each in self.definition(name).deletes)

    gone: dict[str, str] = field(default_factory=dict)

    def _each(self, op: str, names: Sequence[str] = ()) -> dict[str, str]:
        """Do it to a record of every object that lets us: object -> key."""
        done = {name: key for name in names or self._can_lose() if (key := self.do(op, name, skip=7)) is not None}
        if not done:
            raise CannotExist(self.untold.get(op, f"no object of the definition tells that a record is gone ({op})"))
        return done

    def _can_lose(self) -> list[str]:
        """Objects whose records people delete: read by themselves, and written or told gone by the definition."""
        return [
            name
            for name in self.own()
            if self.definition(name).writes.delete
            or any(not isinstance(each, DeleteFlag) for each in self.definition(name).deletes)
            or self.definition(name).deletes
        ]


def _pages(requests: Sequence[Mapping[str, Any]]) -> list[str]:
    """Requests that were answered with records."""
    return [
        f"{each['method']} {each['path']} {re.sub(r'%', ' ', each['query'])} {each['body_sha256']}"
        for each in requests
        if each["status"] is not None and each["status"] < 300 and each["rows"]
    ]
