"""Points of pushes, by the engine's front door: what is written once, mirrored, appended, linked, and how fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any

from backhaul.conformance.bench import CONNECTION, Bench, CannotExist, NotProven, require
from backhaul.conformance.choosing import families, live, records_of
from backhaul.conformance.reading import Reading
from backhaul.conformance.troubles import AT_ONCE, BURST, keeps_pace
from backhaul.conformance.writing import Writing
from backhaul.discovery.discover import discover
from backhaul.protocol import writes
from backhaul.protocol.connection import Connection
from backhaul.protocol.schema import ObjectSchema
from backhaul.protocol.writes import Mode, OutRow, Target
from backhaul.push.report import PushReport
from backhaul.push.sql import literal, quote
from backhaul.push.values import text_of

ROW = "kit_row"
"""The column that names the rows of a mirror and of what is appended."""
MOST_TRIED = 4
"""Objects that are tried for a mode that few objects are made for."""
MOST_WRITES = 120
"""Single writes that are sent to see whether a limit holds."""
OVER = 10
"""So many more than the limit allows, where that is not too many."""
Row = Mapping[str, Any]


@dataclass
class Pushing:
    """Pushes to objects that a vendor was seen to take records of."""

    writing: Writing
    published: bool = False
    added_to: str | None = None
    """The object that was appended to."""

    @property
    def reading(self) -> Reading:
        return self.writing.reading

    @property
    def bench(self) -> Bench:
        return self.reading.bench

    # -- points ------------------------------------------------------------------------------------------------------

    def once(self) -> str:
        """A push is planned and written; then the same push sends no write."""
        able = [each for each in self.reading.own() if self.reading.definition(each).writes.update]
        if not able:
            raise CannotExist("no object of the definition has the write update")
        name = next((each for each in able if self.reading.texts(each)), None)
        if name is None:
            raise CannotExist(f"{', '.join(able)}: no text to change")
        schema = self.reading.of(name)
        text = self.reading.texts(name)[0].name
        keys = live(self.bench.truth(schema))[:4]
        rows = [{schema.key[0]: key, text: f"Pushed {place}"} for place, key in enumerate(keys)]
        push = {"key": schema.key[0], "mode": "update"}
        first = self._push(name, push, rows)
        told = "; ".join(each.message for each in first.notes)
        require(first.written == len(keys), f"{first.written} of {len(keys)} rows were written {told}".strip())
        after = self.bench.truth(schema)
        for place, key in enumerate(keys):
            require(after[key][text] == f"Pushed {place}", f"{name} {key} {text} is {after[key][text]!r}")
        self._sends_no_more(name, push, rows)
        return f"{len(keys)} rows of {name}"

    def mirror(self) -> str:
        refusals = []
        for name in self.reading.own():
            ways = self.reading.definition(name).writes
            if ways.create and ways.update and ways.delete:
                try:
                    return self._mirrored(name)
                except CannotExist as reason:
                    refusals.append(f"{name}: {reason}")
        raise CannotExist("; ".join(refusals) or "no object of the definition has the writes create, update and delete")

    def append(self) -> str:
        refusals = []
        for name in self._appendable():
            try:
                return self._appended(name)
            except CannotExist as reason:
                refusals.append(f"{name}: {reason}")
        raise CannotExist("; ".join(refusals) or "no object of the definition has the write create")

    def associate(self) -> str:
        refusals = []
        for name, definition in self.bench.source.objects.items():
            if definition.link is not None and definition.writes.create and records_of(self.bench.vendor, name):
                try:
                    return self._associated(name, definition.link.source, definition.link.to)
                except CannotExist as reason:
                    refusals.append(f"{name}: {reason}")
        raise CannotExist("; ".join(refusals) or "no object of the definition links two records")

    def pace(self) -> str:
        """Rows one by one and side by side, more than the tightest limit lets through in its span."""
        done = []
        updated, added = self._updatable(), self.added_to
        if updated is not None:
            done.append(self._paced(self._target(self._schema(updated), "update")))
        if added is not None:
            schema = self._schema(added)
            before = set(live(self.bench.truth(schema)))
            done.append(self._paced(self._target(schema, "create")))
            made = [key for key in live(self.bench.truth(schema)) if key not in before]
            if added != updated and self.reading.definition(added).writes.update and self.reading.texts(added):
                done.append(self._paced(self._target(schema, "update"), made))
        if not done:
            raise CannotExist("no object of the definition is written")
        return ", ".join(done)

    # -- mirror ------------------------------------------------------------------------------------------------------

    def _mirrored(self, name: str) -> str:
        """Three records are made; then one is changed, and one wanted no more."""
        schema = self.reading.of(name)
        text = self.writing.text(schema)
        values = self.writing.taken.get(name)
        if text is None:
            raise CannotExist("it has no text to change")
        if values is None or name not in self.writing.let_go:
            raise CannotExist("no record of it could be made and taken away")
        push = {"mode": "mirror", "key": ROW}
        before = self.bench.truth(schema)
        rows = self._rows(schema, values, 3)
        first = self._push(name, push, rows)
        made = [key for key in live(self.bench.truth(schema)) if key not in before]
        require(first.created == len(made) == 3, f"{name}: of 3 rows {first.created} were made {_notes(first)}")
        changed = {**rows[0], text: f"{rows[0][text]} anew"}
        second = self._push(name, push, [changed, rows[1]])
        counts = (second.created, second.updated, second.deleted)
        require(
            counts == (0, 1, 1), f"{name}: {counts} were made, changed and taken away, not (0, 1, 1) {_notes(second)}"
        )
        after = self.bench.truth(schema)
        kept = set(live(after))
        lost = [key for key in live(before) if key not in kept]
        require(not lost, f"{name} {lost[0] if lost else ''}, which others made, is gone")
        held = sorted(str(after[key][text]) for key in made if key in kept)
        wanted = sorted(str(each[text]) for each in (changed, rows[1]))
        require(held == wanted, f"{name}: what is left of ours holds {held}, not {wanted}")
        return f"{name} (3 rows, one changed and one taken away, beside {len(live(before))} of others)"

    # -- append ------------------------------------------------------------------------------------------------------

    def _appendable(self) -> Iterator[str]:
        """First what belongs to another record, as comments and messages do; then what is never changed; then the rest.

        Objects that are read already come before those that must be discovered first.
        """

        def makes(name: str) -> bool:
            definition = self.reading.definition(name)
            return bool(definition.writes.create) and definition.link is None

        chosen = [name for name in self.reading.objects if makes(name)]
        listed = [] if self.reading.few else [name for name in self.bench.source.objects if name not in chosen]
        others = [name for name in listed if makes(name) and self.reading.definition(name).parent is not None]

        def rank(name: str) -> tuple[bool, bool]:
            definition = self.reading.definition(name)
            return definition.parent is None, bool(definition.writes.update)

        for name in sorted([*chosen, *others], key=rank)[:MOST_TRIED]:
            if records_of(self.bench.vendor, name):
                yield name

    def _appended(self, name: str) -> str:
        schema = self._schema(name)
        values = self.writing.taken.get(name)
        if values is None:
            with self.bench.opened() as connection:
                values = self.writing.accepted(connection, self._target(schema, "create"))
        push = {"mode": "append", "key": ROW}
        rows = self._rows(schema, values, 2)
        before = len(live(self.bench.truth(schema)))
        first = self._push(name, push, rows)
        require(first.created == 2, f"{name}: of 2 rows {first.created} were made {_notes(first)}")
        self._sends_no_more(name, push, rows)
        now = len(live(self.bench.truth(schema)))
        require(now == before + 2, f"{name}: {now - before} records came of 2 rows")
        self.added_to = name
        return f"2 rows of {name}"

    # -- associate ---------------------------------------------------------------------------------------------------

    def _associated(self, name: str, one: str, other: str) -> str:
        """Two records that are linked to others, and not to each other."""
        schema = self._schema(name)
        truth = self.bench.truth(schema)
        links = [(str(truth[key][one]), str(truth[key][other])) for key in live(truth) if truth[key].get(one)
                 and truth[key].get(other)]  # fmt: skip
        ends = ((a, b) for a, _ in links for _, b in reversed(links))
        pair = next((each for each in ends if each not in set(links)), None)
        if pair is None:
            raise CannotExist("each of its records is linked to each other one")
        needed = [each.name for each in schema.fields.values() if each.required and each.creatable]
        record = truth[live(truth)[0]]
        more = {each: record[each] for each in needed if each not in (one, other) and record.get(each) is not None}
        rows = [{one: pair[0], other: pair[1], **more}]
        first = self._push(name, {"mode": "associate"}, rows)
        require(first.created == 1, f"{name}: the link was not made {_notes(first)}")
        after = self.bench.truth(schema)
        there = [key for key in live(after) if (str(after[key][one]), str(after[key][other])) == pair]
        require(len(there) == 1, f"{name}: {pair[0]} and {pair[1]} are linked {len(there)} times")
        self._sends_no_more(name, {"mode": "associate"}, rows)
        return f"one link of {name}"

    # -- pace --------------------------------------------------------------------------------------------------------

    def _updatable(self) -> str | None:
        able = [each for each in self.reading.own() if self.reading.definition(each).writes.update]
        return next((each for each in able if self.reading.texts(each)), None)

    def _paced(self, target: Target, keys: Sequence[str] | None = None) -> str:
        """keys: of the records that an update changes; without them, of any that may be changed."""
        name = target.schema.name
        count = self._enough(target)
        sent = 0

        def work() -> None:
            nonlocal sent
            with self.bench.opened() as connection, ThreadPoolExecutor(AT_ONCE) as pool:
                rows = self._single(connection, target, count, keys)
                sent = len(rows)
                answers = [each for found in pool.map(lambda row: writes.send(connection, target, [row]), rows)
                           for each in found]  # fmt: skip
            wrong = next((each for each in answers if each.state != "confirmed"), None)
            require(wrong is None, f"{name}: a row is {wrong.state}: {wrong.message}" if wrong is not None else "")

        keeps_pace(self.bench, work)
        return f"{sent} of {target.mode} {name}"

    def _enough(self, target: Target) -> int:
        """More than the tightest of the limits that count these writes, as far as the kit goes; of jobs, which are
        asked about again and again, as many as run side by side."""
        if target.write.job is not None:
            return BURST
        counts = [
            limit.requests
            for limit in self.bench.source.limits
            if limit.type == "rate"
            and (not limit.only or target.mode in limit.only)
            and (not limit.objects or target.schema.name in limit.objects)
        ]
        return min(min(counts, default=BURST) + OVER, MOST_WRITES)

    def _single(
        self, connection: Connection, target: Target, count: int, keys: Sequence[str] | None
    ) -> Sequence[OutRow]:
        writing, schema = self.writing, target.schema
        if target.mode == "create":
            return [OutRow(writing.row_id(), writing.own(schema, writing.taken[schema.name])) for _ in range(count)]
        if keys is None:
            truth = self.bench.truth(schema)
            keys = [key for key in live(truth) if not truth[key].get("_locked")]
        if target.write.version is None:
            keys = list(islice(cycle(keys), count))  # some of them more than once
        keys = keys[:count]
        text = self.reading.texts(schema.name)[0].name
        rows = [OutRow(writing.row_id(), {text: f"Paced {n}"}, key=key) for n, key in enumerate(keys)]
        return writing.with_versions(connection, target, rows)

    # -- pieces ------------------------------------------------------------------------------------------------------

    def _push(self, name: str, push: Mapping[str, Any], rows: Sequence[Row]) -> PushReport:
        """Plan the push over a snapshot, and write it."""
        columns = list(rows[0])
        values = ", ".join(f"({', '.join(_literal(each[column]) for column in columns)})" for each in rows)
        names = ", ".join(quote(each) for each in columns)
        select = f"select * from (values {values}) as wanted({names})"
        objects: dict[str, Any] = {each: {} for each in (*self.reading.objects, *families(self.bench.source, (name,)))}
        self.bench.choose(objects, {push["mode"]: {"to": f"{CONNECTION}.{name}", "select": select, **push}})
        self.bench.settle(60)
        try:
            with self.bench.customer() as customer:
                if not self.published:
                    self.bench.settle()
                    customer.run()
                    self.published = True
                if name not in self.reading.objects:
                    customer.discover(CONNECTION)
                report = customer.push(push["mode"])
        finally:
            self.bench.choose({each: {} for each in self.reading.objects})
        for trouble in report.troubles:
            raise NotProven(trouble.what)
        return report

    def _sends_no_more(self, name: str, push: Mapping[str, Any], rows: Sequence[Row]) -> None:
        mark = self.bench.seen
        again = self._push(name, push, rows)
        paths = [each["path"] for each in self.bench.since(mark) if each["method"] in ("PUT", "PATCH", "DELETE")]
        require(again.written == 0 and not paths, f"the second push wrote {again.written} rows: {paths[:2]}")

    def _schema(self, name: str) -> ObjectSchema:
        if name in self.reading.objects:
            return self.reading.of(name)
        with self.bench.opened() as connection:
            found = discover(connection, families(self.bench.source, (name,))).schema
        self.reading.schema = replace(self.reading.schema, objects={**found.objects, **self.reading.schema.objects})
        return found.objects[name]

    def _target(self, schema: ObjectSchema, mode: Mode) -> Target:
        definition = self.reading.definition(schema.name)
        return Target(schema, definition, mode, getattr(definition.writes, mode)[0])

    def _rows(self, schema: ObjectSchema, values: Row, count: int) -> list[dict[str, Any]]:
        """New records, each under a name of ours."""
        if any(isinstance(each, list | dict) for each in values.values()):
            raise CannotExist("its records have parts, which the kit's select does not give")
        return [{ROW: f"{schema.name} {n}", **self.writing.own(schema, values)} for n in range(count)]


def _literal(value: Any) -> str:
    text = text_of(value)
    return "NULL" if text is None else literal(text)


def _notes(report: PushReport) -> str:
    return "; ".join(each.message for each in report.notes[:3])
