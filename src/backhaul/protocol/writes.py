"""Writes batches: renders them as the definition says, sends them, and tells what became of each row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID, uuid5

from backhaul.config.calls import Values
from backhaul.config.objects import ObjectDefinition
from backhaul.config.writes import Write
from backhaul.errors import BackhaulError, FixDefinition
from backhaul.http.refusals import AnswerLost, Refused
from backhaul.protocol import render
from backhaul.protocol.connection import Connection
from backhaul.protocol.keys import key_bindings
from backhaul.protocol.render import UNBOUND, Bindings, Unspellable
from backhaul.protocol.results import RowAnswer, of_response
from backhaul.protocol.schema import ObjectSchema
from backhaul.protocol.spread import Spreader, spreader_of
from backhaul.protocol.values import spell

Mode = Literal["create", "update", "upsert", "delete"]

PARTS: Mapping[Mode, tuple[Mode, ...]] = {
    "create": ("create",), "update": ("update",), "upsert": ("create", "update"), "delete": ("delete",)
}  # fmt: skip
"""Mode -> what the account must be allowed to do for it."""


@dataclass(frozen=True, slots=True)
class OutRow:
    """One record to write. id: our own, the same when it is sent again. values: by the vendor's field names, typed.

    key: the vendor's key, of updates and deletes; a composite one as raw tables hold it. match: the value of the unique
    field, of upserts. version: what the record just told of its version, for writes that check it.
    """

    id: str
    values: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    match: Any = None
    version: Any = None


class PartlySent(Exception):
    """Some rows of a batch have their answers, then an error came. Of the rows without one nothing is known."""

    def __init__(self, answers: list[RowAnswer], error: BackhaulError) -> None:
        super().__init__(error.what)
        self.answers = answers
        self.error = error


@dataclass(frozen=True)
class Target:
    """What is written, and how. match_field: the unique field of an upsert."""

    schema: ObjectSchema
    definition: ObjectDefinition
    mode: Mode
    write: Write
    match_field: str | None = None


def choose(
    schema: ObjectSchema, definition: ObjectDefinition, mode: Mode, rows: int, match_field: str | None = None, *,
    strict: bool = False,
) -> Target:  # fmt: skip
    """The first of the definition's writes for this mode that is worth it for so many rows.

    strict: one that checks versions, for any number of rows, where there is one. Raises FixDefinition where the object
    cannot be written so.
    """
    if denied := [schema.denied[each] for each in PARTS[mode] if each in schema.denied]:
        raise FixDefinition(
            f"the account may not {mode} {schema.name}: {denied[0]}",
            next_step="let it be granted, then `backhaul discover` to see it, and plan again",
            object=schema.name,
        )
    writes: Sequence[Write] = getattr(definition.writes, mode)
    if strict:
        writes = [*(write for write in writes if write.version is not None), *writes]
    for write in writes:
        if (strict and write.version is not None) or write.at_least <= rows <= (write.at_most or rows):
            return Target(schema, definition, mode, write, match_field)
    modes = [name for name in ("create", "update", "upsert", "delete") if getattr(definition.writes, name)]
    raise FixDefinition(
        f"{schema.name} cannot be written with mode {mode}; it can with {', '.join(modes) or 'none'}",
        next_step="choose another mode in the push, or add the write to the source definition",
        object=schema.name,
    )


def calls_for(target: Target, rows: int) -> int:
    """How many API calls so many rows take, jobs counted with their steps and one poll."""
    full = -(-rows // target.write.batch)
    job = target.write.job
    if job is None:
        return full
    return full * (2 + len(job.results) + sum(step is not None for step in (job.upload, job.start, job.delete)))


def send(
    connection: Connection, target: Target, rows: Sequence[OutRow], *, on_job: Callable[[str], None] = lambda job: None
) -> list[RowAnswer]:
    """Send one batch and say what became of each row, in the rows' order.

    A row that cannot be written as the vendor asks is refused without being sent, the others go. A batch that the
    vendor refuses as a whole is halved until the rows at fault stand alone. A lost answer leaves its rows `unknown`:
    they may have been written. Raises Wait, Reauthorise (nothing was written by the call that raised), FixDefinition,
    VendorDown (it may have been, where the write is repeatable); or PartlySent, where some rows of the batch have their
    answers already.
    """
    try:
        return _sent(connection, target, rows, on_job)
    except (Unspellable, FixDefinition):
        # nothing was sent yet
        at_fault = _unspellable(connection, target, rows)
        if not at_fault:
            raise
        rest = [row for row in rows if row.id not in at_fault]
    try:
        told = {each.id: each for each in (_sent(connection, target, rest, on_job) if rest else [])}
    except PartlySent as partly:
        raise PartlySent([*at_fault.values(), *partly.answers], partly.error) from partly.error
    except BackhaulError as error:
        raise PartlySent([*at_fault.values()], error) from error
    return [(told | at_fault)[row.id] for row in rows]


def _unspellable(connection: Connection, target: Target, rows: Sequence[OutRow]) -> dict[str, RowAnswer]:
    """The rows that hold what the write's request cannot say, by id, refused."""
    found = {}
    for row in rows:
        try:
            job = target.write.job
            connection.render(job.create if job is not None else target.write, bindings(connection, target, [row]))
        except (Unspellable, FixDefinition) as error:
            # of a body that names the row, it is why the request could not be written
            fault = error if isinstance(error, Unspellable) else error.__cause__
            if isinstance(fault, Unspellable):
                found[row.id] = RowAnswer(row.id, "refused", code="UNSPELLABLE", message=str(fault))
    return found


def _sent(
    connection: Connection, target: Target, rows: Sequence[OutRow], on_job: Callable[[str], None]
) -> list[RowAnswer]:
    """As `send`. Raises Unspellable before anything is sent, where a row is at fault."""
    if target.write.job is not None:
        from backhaul.protocol.write_jobs import run_write_job

        return run_write_job(connection, target, rows, on_job)
    try:
        response = connection.call(
            target.write,
            bindings(connection, target, rows),
            role=target.mode,
            object=target.schema.name,
            repeatable=target.write.repeatable,
        )
    except AnswerLost as lost:
        return [RowAnswer(row.id, "unknown", message=lost.what) for row in rows]
    except Refused as refused:
        if len(rows) > 1 and refused.outcome in ("split", "reject", "conflict"):
            return _halved(connection, target, rows)
        if refused.outcome == "conflict" and len(rows) == 1:
            return [RowAnswer(rows[0].id, "conflict", code=refused.facts.code, message=refused.facts.message)]
        if refused.outcome in ("split", "reject", "absent"):
            facts = refused.facts
            said = facts.message or refused.what
            return [RowAnswer(row.id, "refused", code=facts.code, message=said, field=facts.field) for row in rows]
        raise
    return of_response(connection, target.write, rows, response, target.match_field)


def _halved(connection: Connection, target: Target, rows: Sequence[OutRow]) -> list[RowAnswer]:
    middle = len(rows) // 2
    answers: list[RowAnswer] = []
    for half in (rows[:middle], rows[middle:]):
        try:
            answers += send(connection, target, half)
        except PartlySent as partly:
            raise PartlySent([*answers, *partly.answers], partly.error) from partly.error
        except BackhaulError as error:
            if not answers:
                raise
            raise PartlySent(answers, error) from error
    return answers


def bindings(connection: Connection, target: Target, rows: Sequence[OutRow]) -> Bindings:
    """What a write's request may use: of one row where rows go one by one, of the batch where they go together."""
    values = target.write.values or connection.source.values
    base = connection.bindings(target.schema, target.definition)
    base = base.reading((), values, connection.zone_of(values)).with_(
        operation=_OPERATIONS[target.mode], match__field=target.match_field
    )
    base = base.with_(batch__id=str(uuid5(_BATCHES, " ".join(row.id for row in rows))))
    spread = spreader_of(target.definition)
    each = [_of_row(base, target, row, values, spread) for row in rows]
    bound = base.with_(keys=[row.key for row in rows if row.key is not None], match__values=[row.match for row in rows])
    if target.write.item is not None:
        bound = bound.with_(items=[_item(target, one) for one in each])
    return Bindings({**bound.names, **each[0].names}, (), bound.values, bound.zone) if len(rows) == 1 else bound


_BATCHES = UUID("6f1d3c0a-5a0e-4d0f-9c53-0b7a1f2e8d11")
"""The namespace of `{batch.id}`."""
_OPERATIONS = {"create": "insert", "update": "update", "upsert": "upsert", "delete": "delete"}


def _of_row(base: Bindings, target: Target, row: OutRow, values: Values, spread: Spreader | None) -> Bindings:
    empty = values.empty
    fields = target.schema.fields
    spelt: dict[str, Any] = {}
    for name, value in row.values.items():
        if name == target.match_field and row.match is not None:
            continue
        field = fields.get(name)
        text = empty if value is None else spell(value, values, base.zone)
        if field is not None and field.spelt and value is not None:
            text = field.spelt.replace("{}", str(text))
        spelt[name if field is None else field.written or name] = text
    if spread is not None:
        spelt = spread.gathered(spelt, frozenset(target.definition.fields or ()))
    if target.write.nest is not None:
        spelt = nested(spelt, target.write.nest)
    version = row.version
    if target.write.version is not None and version is None:
        raise FixDefinition(
            f"{target.schema.name} is written with a check of its version, and the row brings none",
            next_step="give the object a read `by_key`, from which the version is taken",
            object=target.schema.name,
        )
    if target.write.version is not None and target.write.version.timestamp is not None and version is not None:
        version = spell(version, Values(timestamp=target.write.version.timestamp), base.zone)
    one = base.with_(item__id=row.id, key=row.key, values=spelt, match__value=row.match, version=version)
    if row.key is None or len(target.schema.key) == 1:
        return one
    parts = key_bindings(row.key, target.schema.key)
    return Bindings({**one.names, **parts}, one.fields, one.values, one.zone)


def nested(values: Mapping[str, Any], parted_by: str) -> dict[str, Any]:
    """Values whose names hold paths, as maps within maps: `a.b` is b within a, beside what a itself brings.

    A path through a value that is no map has no place: it keeps its name, and the vendor says what it thinks of it.
    """
    made: dict[str, Any] = {}
    for name in sorted(values, key=lambda each: each.count(parted_by)):  # what is nearer comes first, and is not lost
        *path, last = name.split(parted_by)
        inner = made
        for step in path:
            there = inner.get(step, {})
            if not isinstance(there, Mapping):
                inner, last = made, name
                break
            inner[step] = inner = dict(there)
        inner[last] = values[name]
    return made


def _item(target: Target, one: Bindings) -> Any:
    item = render.body(target.write.item, one)
    return {} if item is UNBOUND else item


def csv_of(items: Sequence[Mapping[str, Any]], empty: str) -> bytes:
    """A batch as CSV, its columns those of all rows. A missing value is left alone, an empty one is cleared."""
    columns = list(dict.fromkeys(name for item in items for name in item))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for item in items:
        writer.writerow([_cell(item[name], empty) if name in item else "" for name in columns])
    return text.getvalue().encode()


def _cell(value: Any, empty: str) -> str:
    if value is None:
        return empty
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
