"""The kit's comparison of raw tables with simulators, for tests that have no schema to make keys by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from backhaul.conformance import truth

Records = Iterable[Mapping[str, Any]]
TIES = {"contact_companies": "company_id", "contact_tags": "tag_id", "contact_segments": "segment_id"}
"""Of objects that tie contacts to something: to what."""


def differences(
    work: Path, connection: str, dumps: Mapping[str, Records], *, winners: bool = True, all_seen: bool = True
) -> Iterator[str]:
    """What a connection's raw tables hold otherwise than these dumps, by object."""
    for name, records in dumps.items():
        held = {key_of(each, name): each for each in records}
        rows = truth.raw_rows(work, f"{connection}__{name}")
        yield from truth.differences(name, rows, held, winners=winners, all_seen=all_seen)


def key_of(record: Mapping[str, Any], name: str) -> str:
    """The `_key` of a record as a simulator tells it."""
    if name in TIES:
        return f"{record['contact_id']}:{record[TIES[name]]}"
    for fields in (
        ("RECORDNO",),
        ("from_id", "to_id"),
        ("channel_id", "ts"),
        ("channel_id", "user_id"),
        ("transaction", "id"),
        ("Document", "Id"),
        ("Document", "TxnId"),
        ("LineItemID",),
        ("AllocationID",),
        ("JournalLineID",),
        ("ManualJournalID", "Place"),
        (f"{name[:-1]}ID",),
        ("TaxType",),
        ("TrackingCategoryID",),
        ("Id",),
        ("id",),
        ("display_id",),
        (f"{name}id",),
        ("activityid",),
        ("user_id",),
        ("sys_id",),
    ):
        if all(field in record for field in fields) and ("lines" in name or fields != ("transaction", "id")):
            return ":".join(str(record[field]) for field in fields)
    raise AssertionError(record)
