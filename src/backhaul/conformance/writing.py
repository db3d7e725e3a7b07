"""Points of writing: each mode by each way that the definition has, with a bad row among good ones."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from backhaul.config.writes import Write
from backhaul.conformance.bench import CONNECTION, CannotExist, require
from backhaul.conformance.choosing import live
from backhaul.conformance.reading import Reading
from backhaul.conformance.truth import plain
from backhaul.protocol import render, writes
from backhaul.protocol.connection import Connection
from backhaul.protocol.results import RowAnswer
from backhaul.protocol.schema import Field, ObjectSchema
from backhaul.protocol.writes import Mode, OutRow, Target
from backhaul.push.readback import Reader
from backhaul.push.target import Object
from backhaul.push.values import typed

MOST_ROWS = 250
"""Rows of one batch; a job, which takes more, gets as many."""
MOST_TRIED = 12
"""Records after which a new one is modelled, until the vendor takes it."""


@dataclass
class Writing:
    """Writes to the objects that a reading reads."""

    reading: Reading
    made: dict[str, list[str]] = field(default_factory=dict)
    """Keys of what was created, by object."""
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Values of a new record that the vendor takes, by object."""
    let_go: list[str] = field(default_factory=list)
    """Objects whose records could be taken away again."""
    number: int = 0

    def create(self) -> str:
        return self._each("create", self._create)

    def update(self) -> str:
        return self._each("update", self._update)

    def upsert(self) -> str:
        return self._each("upsert", self._upsert)

    def delete(self) -> str:
        return self._each("delete", self._delete)

    def _each(self, mode: Mode, prove: Any) -> str:
        """Every way of the mode, of every object that has it and that a record can be made of."""
        reading = self.reading
        able = [name for name in reading.own() if getattr(reading.definition(name).writes, mode)]
        if not able:
            raise CannotExist(f"no object of the definition has the write {mode}")
        done, refusals = [], []
        with reading.bench.opened() as connection:
            for name in able:
                for write in getattr(reading.definition(name).writes, mode):
                    target = Target(reading.of(name), reading.definition(name), mode, write)
                    try:
                        done.append(f"{name} ({prove(connection, target)})")
                    except CannotExist as reason:
                        refusals.append(f"{name}: {reason}")
        require(done, f"no record could be written: {'; '.join(refusals[:3])}")
        return "; ".join([", ".join(done), *(f"not {reason}" for reason in refusals)])

    # -- modes -------------------------------------------------------------------------------------------------------

    def _create(self, connection: Connection, target: Target) -> str:
        values = self.accepted(connection, target)
        good = [OutRow(self.row_id(), self.own(target.schema, values)) for _ in range(_rows(target.write))]
        return self._prove(connection, target, good, self._bad_values(target.schema, values))

    def accepted(self, connection: Connection, target: Target) -> dict[str, Any]:
        """Values of a new record, after one that is there and points at nothing that is gone meanwhile."""
        count = len(live(self._truth(target.schema)))
        places = range(0, max(count, 1), max(count // MOST_TRIED, 1))
        # some vendors need no field of all, but one by which a record is known
        for known, place in [(known, place) for known in (False, True) for place in places]:
            values = self.values(target.schema, place, known=known)
            row = OutRow(self.row_id(), self.own(target.schema, values))
            (answer,) = self._send(connection, target, [row])
            if answer.state != "refused":
                self.taken[target.schema.name] = values
                return values
        raise CannotExist(f"the vendor takes none of our records: {answer.message}")

    def _update(self, connection: Connection, target: Target) -> str:
        text = self.text(target.schema)
        names = [each.name for each in target.schema.fields.values() if _names(each) and each.updatable]
        if text is None and not names:
            raise CannotExist("it has no text to change")
        truth = self._truth(target.schema)
        keys = [key for key in live(truth) if not truth[key].get("_locked")][: _rows(target.write)]
        values = {text: "Written"} if text is not None else {names[0]: "kit"}
        good = [OutRow(self.row_id(), self.own(target.schema, values), key=key) for key in keys]
        elsewhere = _elsewhere(keys, self._truth(target.schema))
        gone = OutRow(self.row_id(), self.own(target.schema, values), key=elsewhere)
        return self._prove(connection, target, good, gone)

    def _upsert(self, connection: Connection, target: Target) -> str:
        match = target.write.match or next((e.name for e in target.schema.fields.values() if _matches(e)), None)
        if match is None:
            raise CannotExist("it has no unique field")
        if self.text(target.schema, new=True) is None:
            raise CannotExist("it has no text to write")
        target = replace(target, match_field=match)
        values = self.values(target.schema)
        values.pop(match, None)
        good = []
        for _ in range(min(_rows(target.write), 20)):
            number = self.row_id()
            good.append(OutRow(number, self.own(target.schema, values), match=f"{number}@kit.example"))
        first = self._prove(connection, target, good, None)
        text = next(iter(self.own(target.schema, values)))
        again = [replace(row, id=self.row_id(), values={**row.values, text: f"Again {row.id}"}) for row in good[:3]]
        bad = self._bad_values(target.schema, values)
        self._prove(connection, target, again, replace(bad, match="bad@kit.example") if bad is not None else None)
        return first

    def _delete(self, connection: Connection, target: Target) -> str:
        there = set(live(self._truth(target.schema)))  # an earlier way may have taken some
        keys = [each for each in self.made.get(target.schema.name, []) if each in there][:3]
        if not keys:
            raise CannotExist("no record of it was made that could be taken away")
        rows = [OutRow(self.row_id(), key=key) for key in keys[: target.write.batch]]
        answers = self._send(connection, target, rows)
        if all(answer.state == "refused" for answer in answers):
            raise CannotExist(f"the vendor lets none go: {answers[0].message}")
        self._none_but(answers, {})
        truth = self._truth(target.schema)
        left = [key for key in keys[: target.write.batch] if key in truth and not truth[key].get("_deleted")]
        require(not left, f"{target.schema.name} {left[0] if left else ''} is still there")
        self.let_go.append(target.schema.name)
        return f"{len(answers)} rows"

    # -- proofs ------------------------------------------------------------------------------------------------------

    def _prove(self, connection: Connection, target: Target, good: Sequence[OutRow], bad: OutRow | None) -> str:
        """Good rows alone: each is written, none of the requests is refused. Then a bad one among a few of them."""
        mark = self.reading.bench.seen
        answers = self._send(connection, target, good)
        refused = [each for each in self.reading.bench.since(mark) if (each["status"] or 0) >= 400]
        if refused and all(answer.state == "refused" for answer in answers):
            raise CannotExist(f"the vendor takes none of our records: {answers[0].message}")
        name = target.schema.name
        require(
            not refused,
            f"{target.mode} of {name}: of {len(good)} good rows a request was refused: "
            f"{refused[0]['method'] if refused else ''} {refused[0]['path'] if refused else ''} "
            f"{next((each.message for each in answers if each.state != 'confirmed'), '')}",
        )
        self._none_but(answers, {})
        self._holds(target, good, answers)
        if target.write.version is not None:
            self._old_version(connection, target, good[0])
        if bad is None:
            return f"{len(good)} rows"
        few = [replace(row, id=self.row_id(), values=self._again(row)) for row in good[:3]]
        if target.mode == "create":
            few = [replace(row, values=self.own(target.schema, row.values)) for row in few]
        mixed = [few[0], bad, *few[1:]]
        answers = self._send(connection, target, mixed)
        dropped = next((each for each in answers if each.id == bad.id and each.code == "NOT_KEPT"), None)
        self._none_but(answers, {bad.id: "refused"} if dropped is None else {})
        self._holds(target, few, [answer for answer in answers if answer.id != bad.id])
        said = "one bad" if dropped is None else f"one of which {dropped.field} was dropped, and said so,"
        return f"{len(good)} rows, {said} among {len(mixed)}"

    def _send(self, connection: Connection, target: Target, rows: Sequence[OutRow]) -> list[RowAnswer]:
        """In batches; with the versions that the records have now, where the vendor checks them."""
        rows = self.with_versions(connection, target, rows)
        return [answer for batch in _batches(rows, target.write) for answer in writes.send(connection, target, batch)]

    def with_versions(self, connection: Connection, target: Target, rows: Sequence[OutRow]) -> Sequence[OutRow]:
        """Read as a push reads them. A record that is not there has none: its row brings another's."""
        if target.write.version is None:
            return rows
        object = Object(CONNECTION, target.schema, target.definition)
        name = str(render.text(target.write.version.field, connection.bindings(target.schema, target.definition)))
        # where a version is a time, that moment must be over: a second change in it would show the same version
        self.reading.bench.settle(5)
        found = Reader(connection, object).by_key([row.key for row in rows if row.key is not None], [name])
        versions = {key: typed(each.values.get(name), object.field(name)) for key, each in found.items()}
        known = next((each for each in versions.values() if each is not None), None)
        require(known is not None, f"records of {target.schema.name}, read by key, tell no {name}")
        return [replace(row, version=versions.get(str(row.key), known)) for row in rows]

    def _old_version(self, connection: Connection, target: Target, row: OutRow) -> None:
        """Somebody else writes after the record was read: our row is refused as a conflict, and not written."""
        (old,) = self.with_versions(connection, target, [replace(row, id=self.row_id(), values=self._again(row))])
        self.reading.edit(target.schema.name, [str(row.key)])
        (answer,) = writes.send(connection, target, [old])
        require(
            answer.state == "conflict",
            f"{target.schema.name} {row.key} was changed since it was read, and our row is {answer.state} "
            f"{answer.code}: {answer.message}",
        )

    def _again(self, row: OutRow) -> dict[str, Any]:
        return {name: f"{value} again" if isinstance(value, str) and value.startswith("Written") else value
                for name, value in row.values.items()}  # fmt: skip

    def _none_but(self, answers: Sequence[RowAnswer], states: Mapping[str, str]) -> None:
        for answer in answers:
            wanted = states.get(answer.id, "confirmed")
            require(answer.state == wanted, f"a row is {answer.state}, not {wanted}: {answer.message or answer.code}")
            if wanted == "refused":
                require(answer.message or answer.code, "a row was refused without a word")

    def _holds(self, target: Target, rows: Sequence[OutRow], answers: Sequence[RowAnswer]) -> None:
        """What the vendor holds is what was sent, under the key that the answer told."""
        truth = self._truth(target.schema)
        told = {answer.id: answer for answer in answers}
        for row in rows:
            key = told[row.id].key or row.key
            require(
                key is not None or target.mode != "create" or not _tells_key(target.write),
                f"an answer to a create of {target.schema.name} does not tell the key of what was made",
            )
            if key is None:
                key = next((k for k, each in truth.items() if _same(each, row, target.match_field)), None)
            require(key in truth, f"{target.schema.name}: the answer names the record {key}, which is not there")
            record = truth[str(key)]
            for name, value in row.values.items():
                if isinstance(value, list | dict):
                    continue  # the vendor numbers and completes what stands within
                require(
                    name not in record or plain(record[name]) == plain(value),
                    f"{target.schema.name} {key} {name} is {record.get(name)!r}, and {value!r} was written",
                )
            if target.mode == "create":
                self.made.setdefault(target.schema.name, []).append(str(key))

    # -- rows --------------------------------------------------------------------------------------------------------

    def row_id(self) -> str:
        self.number += 1
        return f"kit{self.number}"

    def _truth(self, schema: ObjectSchema) -> dict[str, dict[str, Any]]:
        return self.reading.bench.truth(schema)

    def values(self, schema: ObjectSchema, place: int = 0, *, known: bool = False) -> dict[str, Any]:
        """Of an existing record, what a new one must have; and a text of our own. known: what must be unique, too."""
        truth = self._truth(schema)
        keys = live(truth)
        record = truth[keys[place]] if keys else {}
        needed = [
            each for each in schema.fields.values() if each.creatable and (each.required or (known and _names(each)))
        ]
        values = {
            each.name: _day(record[each.name], each) for each in needed if record.get(each.name) not in (None, "")
        }
        text = self.text(schema, new=True)
        if text is not None:
            return {**values, text: "Written"}
        if not any(_names(schema.fields[name]) for name in values):
            raise CannotExist("it has no text to write")
        return values

    def text(self, schema: ObjectSchema, *, new: bool = False) -> str | None:
        """The text that we write; None where it has none but names, of which each record has its own. new: one that a
        record can be made with."""
        found = self.reading.texts(schema.name)
        return next((each.name for each in found if each.creatable or not new), None)

    def own(self, schema: ObjectSchema, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of one record: its text is its own, and so is what must be unique."""
        self.number += 1
        made = {
            name: f"Written {self.number}" if str(value).startswith("Written") else value
            for name, value in values.items()
        }
        for each in schema.fields.values():
            if each.unique and each.name in made:
                made[each.name] = f"kit{self.number}{'@kit.example' if '@' in str(made[each.name]) else ''}"
        return made

    def _bad_values(self, schema: ObjectSchema, values: Mapping[str, Any]) -> OutRow | None:
        """A row that a vendor refuses: words where a number or a day belongs."""
        numbers = [
            each.name
            for kind in (("integer", "decimal", "float"), ("date", "timestamp"))
            for each in schema.fields.values()
            if each.type in kind and each.creatable and each.updatable and each.name not in schema.key
        ]
        return OutRow(self.row_id(), {**values, numbers[0]: "no number"}) if numbers else None


def _day(value: Any, field: Field) -> Any:
    """A day as one, for vendors that spell it otherwise than the simulator tells it."""
    if field.type == "date" and isinstance(value, str):
        with contextlib.suppress(ValueError):
            return typed(value, field)
    return value


def _names(field: Field) -> bool:
    """A text of which each record has its own."""
    return field.unique and field.type == "text" and field.creatable


def _tells_key(write: Write) -> bool:
    results = [write.result, *(each.result for each in (write.job.results if write.job is not None else ()))]
    return any(each is not None and each.key is not None for each in results)


def _rows(write: Write) -> int:
    """Enough for a full batch and one more, where that is not too many."""
    return write.batch + 1 if write.batch < MOST_ROWS else MOST_ROWS


def _batches(rows: Sequence[OutRow], write: Write) -> Iterator[Sequence[OutRow]]:
    for start in range(0, len(rows), write.batch):
        yield rows[start : start + write.batch]


def _elsewhere(keys: Sequence[str], truth: Mapping[str, Any]) -> str:
    """A key like these that is no record's."""
    last = max(keys)
    digits = len(last) - len(last.rstrip("0123456789"))
    if digits:
        return next(
            made for n in range(900, 1000) if (made := f"{last[:-digits]}{int(last[-digits:]) + n}") not in truth
        )
    return next(made for n in range(999, 0, -1) if (made := f"{last[:-6]}{n:03d}{last[-3:]}") not in truth)


def _matches(field: Field) -> bool:
    return field.unique and field.creatable and field.type == "text"


def _same(record: Mapping[str, Any], row: OutRow, match: str | None) -> bool:
    if match is not None and row.match is not None:
        return bool(plain(record.get(match)) == plain(row.match))
    return bool(row.values) and all(plain(record.get(name)) == plain(value) for name, value in row.values.items())
