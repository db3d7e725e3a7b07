"""Which row of a batch got which answer. A row that no answer can be given to is `unknown`, never assumed."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from backhaul.config import paths
from backhaul.config.paths import MISSING, Answer
from backhaul.config.writes import Result, Write
from backhaul.errors import FixDefinition
from backhaul.http.request import Response
from backhaul.protocol.conditions import holds
from backhaul.protocol.connection import Connection
from backhaul.protocol.keys import join_key
from backhaul.protocol.read_answer import read, read_error
from backhaul.protocol.values import spell

if TYPE_CHECKING:
    from backhaul.protocol.writes import OutRow

State = Literal["confirmed", "refused", "unknown", "planned", "conflict"]


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What became of one row. key: the vendor's, where the answer tells. changed: its new change value, as written.

    planned: the vendor did not get to it; it may be sent again. conflict: the record was no longer of the version that
    was told, and nothing was written. confirmed with the code NOT_KEPT: written, but for a field that the vendor left
    as it was, or made otherwise.
    """

    id: str
    state: State
    key: str | None = None
    created: bool | None = None
    changed: str | None = None
    code: str = ""
    message: str = ""
    field: str = ""


def of_response(
    connection: Connection, write: Write, rows: Sequence[OutRow], response: Response, match_field: str | None
) -> list[RowAnswer]:
    """The answers to one batch, in the rows' order. match_field: the unique field of an upsert."""
    if write.result is None:
        raise FixDefinition("the write does not say which row got which answer")
    return of_answer(connection, write, write.result, rows, connection.answer(response), match_field)


def of_answer(
    connection: Connection,
    write: Write,
    result: Result,
    rows: Sequence[OutRow],
    answer: Answer,
    match_field: str | None,
) -> list[RowAnswer]:
    """As `of_response`, of an answer that is read already: a job's results."""
    sent: Mapping[str, Mapping[str, Any]] = {}
    if result.type == "id" or result.kept is not None:
        values = write.values or connection.source.values
        zone = connection.zone_of(values)
        sent = {
            row.id: {name: spell(value, values, zone) for name, value in _sent(row, match_field).items()}
            for row in rows
        }
    match result.type:
        case "all" | "status":
            made = _key(result, answer)
            told = [RowAnswer(row.id, "confirmed", made or row.key, _created(result, answer)) for row in rows]
            return [_as_kept(each, result, answer, sent.get(each.id, {})) for each in told]
        case "order":
            return _by_order(result, rows, answer)
        case "id":
            return _by_id(result, rows, answer, sent)
        case "key":
            return _by_key(result, rows, answer)
        case "echo":
            raise FixDefinition("results of type echo are files of a job: give them `format: csv`")


def _by_order(result: Result, rows: Sequence[OutRow], answer: Answer) -> list[RowAnswer]:
    records = _records(result, answer)
    if result.id is not None:
        return _by_place(result, rows, records)
    if len(records) != len(rows):
        return [RowAnswer(row.id, "unknown", message="the answer has another number of rows") for row in rows]
    return [_told(result, row, record) for row, record in zip(rows, records, strict=True)]


def _records(result: Result, answer: Answer) -> list[Answer]:
    """The rows' answers, each with the one that it packs in its place."""
    records = paths.each(result.records or ".", answer)
    return records if result.unpack is None else [_unpacked(result.unpack, each) for each in records]


def _unpacked(name: str, record: Answer) -> Answer:
    packed = record.body.get(name) if isinstance(record.body, Mapping) else None
    if not isinstance(packed, str):
        return record
    text = packed.encode()
    with contextlib.suppress(binascii.Error):
        text = base64.b64decode(text, validate=True)
    with contextlib.suppress(msgspec.DecodeError):
        return replace(record, body={**record.body, name: msgspec.json.decode(text)})
    return record  # no JSON, or nothing: an answer without a body


def _left(result: Result, answer: Answer) -> dict[str, RowAnswer]:
    """Rows that the vendor did not get to."""
    ids = paths.first(result.left, answer) if result.left is not None else MISSING
    return {str(each): RowAnswer(str(each), "planned") for each in (ids if isinstance(ids, list) else ())}


def _by_place(result: Result, rows: Sequence[OutRow], records: Sequence[Answer]) -> list[RowAnswer]:
    """By the place, from 0, that each answer tells."""
    found: dict[int, RowAnswer] = {}
    for record in records:
        place = read(result.id or ".", record)
        with contextlib.suppress(TypeError, ValueError):
            # an answer that tells no place is nobody's
            if 0 <= (number := int(place)) < len(rows):
                found[number] = _told(result, rows[number], record)
    nobodys = "the answer does not name its place"
    return [found.get(number) or RowAnswer(row.id, "unknown", message=nobodys) for number, row in enumerate(rows)]


def _sent(row: OutRow, match_field: str | None) -> dict[str, Any]:
    return {**row.values, **({} if match_field is None or row.match is None else {match_field: row.match})}


def _by_id(
    result: Result, rows: Sequence[OutRow], answer: Answer, sent: Mapping[str, Mapping[str, Any]]
) -> list[RowAnswer]:
    found = _left(result, answer) | _refused(result, answer, {row.id: row.id for row in rows})
    nameless: list[Answer] = []
    for record in _records(result, answer):
        name = read(result.id or ".", record)
        if name is None:
            nameless.append(record)
        else:
            row = next((each for each in rows if each.id == str(name)), None)
            if row is not None:
                found[row.id] = _as_kept(_told(result, row, record), result, record, sent[row.id])
    left = [row for row in rows if row.id not in found]
    for row, matched in _by_values(result, left, nameless, sent):
        found[row.id] = _told(result, row, matched)
    return [found.get(row.id) or RowAnswer(row.id, "unknown", message="the answer does not name it") for row in rows]


def _by_values(
    result: Result, rows: Sequence[OutRow], records: Sequence[Answer], sent: Mapping[str, Mapping[str, Any]]
) -> list[tuple[OutRow, Answer]]:
    """Answers without the row's id belong to the one row whose sent values they hold; to none where two would fit."""
    if result.values is None:
        return []
    pairs: list[tuple[OutRow, Answer]] = []
    free = list(rows)
    for record in records:
        written = paths.first(result.values, record)
        fitting = [row for row in free if isinstance(written, Mapping) and _holds_values(written, sent[row.id])]
        if len(fitting) == 1 or (fitting and all(sent[each.id] == sent[fitting[0].id] for each in fitting)):
            pairs.append((fitting[0], record))
            free.remove(fitting[0])
    return pairs


def _holds_values(written: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    told = {name: value for name, value in sent.items() if name in written}
    return bool(told) and all(_same(written[name], value) for name, value in told.items())


def _same(written: Any, sent: Any) -> bool:
    if written in (None, "") or sent in (None, ""):
        return written in (None, "") and sent in (None, "")
    if str(written).lower() == str(sent).lower():
        return True
    if isinstance(sent, int | float) and not isinstance(sent, bool):
        with contextlib.suppress(InvalidOperation):
            return Decimal(str(written)) == Decimal(str(sent))
    return False


def _by_key(result: Result, rows: Sequence[OutRow], answer: Answer) -> list[RowAnswer]:
    # an error may name the row's own id, or the record's key
    named = {row.key: row.id for row in rows if row.key is not None} | {row.id: row.id for row in rows}
    found = _refused(result, answer, named)
    by_key = {row.key: row for row in rows}
    for record in _records(result, answer):
        key = _key(result, record)
        row = by_key.get(key)
        if row is not None:
            found[row.id] = _told(result, row, record)
    return [found.get(row.id) or RowAnswer(row.id, "unknown", message="the answer does not name it") for row in rows]


def _refused(result: Result, answer: Answer, named: Mapping[str, str]) -> dict[str, RowAnswer]:
    """Rows named by an error in a list of errors of its own. named: what an error may call a row -> its id."""
    at = result.error
    found: dict[str, RowAnswer] = {}
    if at is None or at.records is None or at.id is None:
        return found
    for error in paths.each(at.records, answer):
        name = paths.first(at.id, error)
        for each in name if isinstance(name, list) else [name]:
            row_id = named.get(str(each))
            if row_id is not None:
                facts = read_error(at, error)
                code, message, field = (facts.get(part, "") for part in ("code", "message", "field"))
                found[row_id] = RowAnswer(row_id, "refused", code=code, message=message, field=field)
    return found


def _told(result: Result, row: OutRow, record: Answer) -> RowAnswer:
    if result.ok is not None and not holds(result.ok, record):
        facts = read_error(result.error, record) if result.error is not None else {}
        code, message, named = (facts.get(part, "") for part in ("code", "message", "field"))
        moved = result.conflict is not None and holds(result.conflict, record)
        return RowAnswer(row.id, "conflict" if moved else "refused", code=code, message=message, field=named)
    changed = paths.first(result.changed, record) if result.changed else MISSING
    return RowAnswer(
        row.id,
        "confirmed",
        _key(result, record) or row.key,
        _created(result, record),
        None if changed in (MISSING, None) else str(changed),
    )


def _as_kept(told: RowAnswer, result: Result, record: Answer, sent: Mapping[str, Any]) -> RowAnswer:
    """A written row, with the first field that the record does not hold as it was sent."""
    held = paths.first(result.kept, record) if result.kept is not None else MISSING
    if told.state != "confirmed" or not isinstance(held, Mapping):
        return told
    lost = next((name for name, value in sent.items() if not _same(held.get(name), value)), None)
    if lost is None:
        return told
    said = f"the vendor keeps {lost} as {str(held.get(lost))[:60]!r}, not as {str(sent[lost])[:60]!r}"
    return replace(told, code="NOT_KEPT", message=said, field=lost)


def _key(result: Result, record: Answer) -> str | None:
    if isinstance(result.key, list):
        parts = [read(each, record) for each in result.key]
        return None if any(part in (None, "") for part in parts) else join_key(parts)
    value = read(result.key, record) if result.key is not None else None
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value in (None, "") else str(value)


def _created(result: Result, record: Answer) -> bool | None:
    value = paths.first(result.created, record) if result.created else MISSING
    return None if value in (MISSING, None) else str(value).lower() == "true"


def echoed(
    result: Result, sent: Mapping[str, Mapping[str, str]], records: Sequence[Mapping[str, str | None]]
) -> dict[str, RowAnswer]:
    """Answers of a result file that repeats the columns that were sent. Equal rows are told apart by their number only.

    sent: row id -> its cells as they were sent.
    """
    places: dict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
    for row_id, cells in sent.items():
        places[_cells(cells)].append(row_id)
    found: dict[str, RowAnswer] = {}
    for record in records:
        own = {name: value or "" for name, value in record.items() if not name.startswith("sf__")}
        waiting = places.get(_cells(own))
        if not waiting:
            continue
        row_id = waiting.pop(0)
        answer = Answer(dict(record))
        facts = read_error(result.error, answer) if result.error is not None else {}
        found[row_id] = RowAnswer(
            row_id,
            result.outcome or "unknown",
            _key(result, answer),
            _created(result, answer),
            code=facts.get("code", ""),
            message=facts.get("message", ""),
        )
    return found


def _cells(cells: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in cells.items() if value != ""))
