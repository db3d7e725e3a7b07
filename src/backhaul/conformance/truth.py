"""What a simulator holds against what the raw tables hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

Rows = Mapping[str, Mapping[str, Any]]


def raw_rows(work: Path, table: str) -> dict[str, dict[str, Any]]:
    """Rows of a raw table by key, straight from work.duckdb; none where there is no such table."""
    if not work.exists():
        return {}
    with duckdb.connect(str(work), read_only=True) as connection:
        try:
            found = connection.execute(f'select * from raw."{table}" order by _key')
        except duckdb.CatalogException:
            return {}
        names = [column[0] for column in found.description]
        return {row["_key"]: row for row in (dict(zip(names, each, strict=True)) for each in found.fetchall())}


def differences(name: str, rows: Rows, truth: Rows, *, winners: bool = True, all_seen: bool = False) -> Iterator[str]:
    """What the raw table holds otherwise than the simulator: every record, every column, every deletion.

    truth: records by key, deleted ones with `_deleted`. They must be deleted here; a purged one, which left no trace at
    the vendor, must not be live here. winners: the vendor tells into which record another was merged. all_seen: every
    record was read before it was deleted; else one that came and went unseen need not be here.
    """
    live = {key for key, row in rows.items() if row["_deleted_at"] is None}
    live_there = {key for key, each in truth.items() if not each.get("_deleted")}
    for key in sorted(live_there - live):
        yield f"{name} {key} is live at the vendor, and here {'deleted' if key in rows else 'not there'}"
    for key in sorted(live - live_there):
        yield f"{name} {key} is live here, and at the vendor {'deleted' if key in truth else 'not there'}"
    for key in sorted(set(truth) - live_there - set(rows)) if all_seen else ():
        yield f"{name} {key} is deleted at the vendor, and here not there"
    for key in sorted(set(truth) & set(rows)):
        row, record = rows[key], truth[key]
        if winners and record.get("_merged_into") and row["_merged_into"] != str(record["_merged_into"]):
            yield f"{name} {key} was merged into {record['_merged_into']}, and here into {row['_merged_into']}"
        if record.get("_deleted") or row["_deleted_at"] is not None:
            continue  # the values that a record had when it was deleted are not served by every vendor
        for column, value in row.items():
            if column.startswith("_") or column not in record:
                continue
            theirs = record[column]
            alike = type(value) is str and type(theirs) is str and value == theirs
            if not alike and plain(value) != plain(theirs):
                yield f"{name} {key} {column} is {theirs!r} at the vendor, and here {value!r}"


def plain(value: Any) -> Any:
    """The same value, however a store spells it."""
    if value in (None, ""):
        return None
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | float | Decimal):
        return format(Decimal(str(value)).normalize(), "f")
    if isinstance(value, datetime):
        return value.astimezone().timestamp()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True)
    return _plain_text(str(value))


@lru_cache(maxsize=1 << 16)
def _plain_text(text: str) -> Any:
    if text[:1] in ("[", "{"):
        return json.dumps(json.loads(text), sort_keys=True)
    if text.lower() in ("true", "false", "t", "f"):
        return text[0].lower()
    if not (text[:1].isdigit() or text[:1] == "-"):
        return text
    if "-" in text[1:] and len(text) == 10:
        return text
    for read in (lambda: format(Decimal(text).normalize(), "f"), lambda: datetime.fromisoformat(text).timestamp()):
        try:
            return read()
        except (ArithmeticError, ValueError):
            continue
    return text
