"""The truth comparison: what a simulator holds, against the raw tables that were read from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

Records = Iterable[Mapping[str, Any]]


def differences(
    work: Path, connection: str, dumps: Mapping[str, Records], *, winners: bool = True, all_seen: bool = True
) -> Iterator[str]:
    """What the raw tables hold otherwise than the simulator: every record, every column asked for, every deletion.

    dumps: each object's records as the simulator tells them. Deleted ones must be deleted here; a purged one, which
    left no trace at the vendor, must not be live here. winners: the vendor tells into which record another was merged.
    all_seen: every record was read before it was deleted; else one that came and went unseen need not be here.
    """
    read = tables(work, [f"{connection}__{name}" for name in dumps])
    for (name, records), table in zip(dumps.items(), read, strict=True):
        truth = {key_of(each, name): each for each in records}
        rows = {row["_key"]: row for row in table}
        live = {key for key, row in rows.items() if row["_deleted_at"] is None}
        live_truth = {key for key, each in truth.items() if not each.get("_deleted")}
        for key in sorted(live_truth - live):
            yield f"{name} {key} is live at the vendor, and here {'deleted' if key in rows else 'not there'}"
        for key in sorted(live - live_truth):
            yield f"{name} {key} is live here, and at the vendor {'deleted' if key in truth else 'not there'}"
        for key in sorted(set(truth) - live_truth - set(rows)) if all_seen else ():
            yield f"{name} {key} is deleted at the vendor, and here not there"
        for key in sorted(set(truth) & set(rows)):
            if winners:
                yield from _of_winner(name, key, rows[key], truth[key])
            yield from _of_record(name, key, rows[key], truth[key])


def _of_winner(name: str, key: str, row: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[str]:
    if record.get("_merged_into") and row["_merged_into"] != str(record["_merged_into"]):
        yield f"{name} {key} was merged into {record['_merged_into']}, and here into {row['_merged_into']}"


def _of_record(name: str, key: str, row: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[str]:
    if record.get("_deleted") or row["_deleted_at"] is not None:
        return  # the values that a record had when it was deleted are not served by every vendor
    for column, value in row.items():
        if column.startswith("_") or column not in record:
            continue
        theirs = record[column]
        alike = type(value) is str and type(theirs) is str and value == theirs
        if not alike and plain(value) != plain(theirs):
            yield f"{name} {key} {column} is {theirs!r} at the vendor, and here {value!r}"


def raw_rows(work: Path, table: str) -> list[dict[str, Any]]:
    """Rows of a raw table, straight from work.duckdb."""
    return tables(work, [table])[0]


def tables(work: Path, names: Iterable[str]) -> list[list[dict[str, Any]]]:
    """The rows of each of these raw tables."""
    read: list[list[dict[str, Any]]] = []
    with duckdb.connect(str(work), read_only=True) as connection:
        for name in names:
            found = connection.execute(f'select * from raw."{name}" order by _key')
            columns = [column[0] for column in found.description]
            read.append([dict(zip(columns, row, strict=True)) for row in found.fetchall()])
    return read


def key_of(record: Mapping[str, Any], name: str) -> str:
    """The `_key` of a record as a simulator tells it."""
    for fields in (
        ("from_id", "to_id"),
        ("transaction", "id"),
        ("Document", "Id"),
        ("Document", "TxnId"),
        ("Id",),
        ("id",),
        (f"{name}id",),
        ("activityid",),
    ):
        if all(field in record for field in fields) and ("lines" in name or fields != ("transaction", "id")):
            return ":".join(str(record[field]) for field in fields)
    raise AssertionError(record)


def plain(value: Any) -> Any:
    """The same value, however a store spells it."""
    if value in (None, ""):
        return None
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | float | Decimal):
        return format(Decimal(str(value)).normalize(), "f")
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True)
    return _plain_text(str(value))


# The shared world's values come again in every comparison.
@lru_cache(maxsize=1 << 17)
def _plain_text(text: str) -> Any:
    if text[:1] in "[{":
        return json.dumps(json.loads(text), sort_keys=True)
    if text.lower() in ("true", "false", "t", "f"):
        return text[0].lower()
    for read in (lambda: format(Decimal(text).normalize(), "f"), lambda: datetime.fromisoformat(text).timestamp()):
        try:
            if text[:1].isdigit() or text[:1] == "-":
                if "-" in text[1:] and len(text) == 10:
                    return text
                return read()
        except (ArithmeticError, ValueError):
            continue
    return text
