"""What published tables and columns say of themselves: DuckDB comments, written where they are missing or differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from backhaul.publish.tables import literal, quote, tables


@dataclass(frozen=True, slots=True)
class Words:
    """A table's comment, and its columns'."""

    table: str
    columns: Mapping[str, str] = field(default_factory=dict)


RAW_COLUMNS = {
    "_key": "The record's key at the vendor; several fields are joined.",
    "_parent_key": "The key of the record that it is a part of.",
    "_changed_at": "When it changed, as the vendor tells.",
    "_read_at": "When it was read.",
    "_deleted_at": "When it was found deleted at the vendor; NULL while it is there.",
    "_merged_into": "The key of the record that it became a part of.",
    "_run_id": "The run that read it.",
}
UNKNOWN_TABLE = "An object that no discovery describes any more, in the vendor's shape."
UNKNOWN_COLUMN = "A field that discovery does not describe; the vendor's value."

_VERSION = {
    "version": "Number of the snapshot; it only grows.",
    "published_at": "When it was published.",
    "run_id": "The run that published it.",
    "configuration": "Fingerprint of the configuration in force.",
    "as_of": "JSON: connection to object to the moment up to which changes are in.",
    "changes_after": "_changes is complete for versions after this one.",
}
_REJECTED = {
    "entity": "The entity whose column it was for.",
    "connection": "The connection that it came from.",
    "object": "The vendor's object.",
    "key": "The record's key at the vendor.",
    "column": "The entity's column that is NULL for it.",
    "field": "The vendor's field.",
    "raw_text": "The value, as text.",
    "reason": "Why it did not fit.",
    "run_id": "The run that found it.",
    "rejected_at": "When it was found.",
}
OWN = {
    "_snapshot": Words("What this file is: one row.", _VERSION),
    "_changes": Words(
        "What each version changed.",
        {
            "entity": "The table.",
            "id": "The row.",
            "op": "insert, update, or delete (is_deleted became true, or the row left).",
            "columns": "Those whose values changed; empty for insert and delete.",
            "version": "The snapshot that it came with.",
        },
    ),
    "_rejects": Words("Values that could not be read as their type: NULL in their row, kept here.", _REJECTED),
    "ledger": Words(
        "What pushes wrote to vendors: a row for each field of each record sent.",
        {
            "seq": "Order of the attempts.",
            "id": "The entity row's id.",
            "push": "The push that wrote it.",
            "connection_id": "The connection that it went to.",
            "source_object": "The vendor's object.",
            "source_id": "The record's key at the vendor; NULL until it has one.",
            "row_name": "The pushed row, as the push names it.",
            "action": "create, update, upsert or delete.",
            "field": "The vendor's field; NULL where a record was deleted.",
            "before": "Its value before; NULL where it was empty, or where before_known is false.",
            "after": "The value sent.",
            "before_known": "Whether the value before is known.",
            "state": "confirmed by the vendor, refused, or unknown where no answer is known.",
            "code": "The vendor's code for a refusal.",
            "message": "What the vendor said of it.",
            "who": "On whose behalf it was written.",
            "run_id": "The run that wrote it.",
            "intended_at": "When it was about to be sent.",
            "receipt_at": "When the answer came.",
        },
    ),
}


def describe(connection: duckdb.DuckDBPyConnection, words: Mapping[str, Words]) -> None:
    """Write onto `target`, which is attached, what of this its tables do not say yet.

    One transaction: each comment alone would be flushed to the disk. A comment that stands is not written again.
    """
    statements = []
    for name, table in tables(connection, "target", "main", hidden=True).items():
        wanted = words.get(name)
        if wanted is None:
            continue
        place = f"target.main.{quote(name)}"
        if table.comment != wanted.table:
            statements.append(f"COMMENT ON TABLE {place} IS {literal(wanted.table)}")
        statements += [
            f"COMMENT ON COLUMN {place}.{quote(column)} IS {literal(wanted.columns[column])}"
            for column in table.columns
            if column in wanted.columns and table.comments.get(column) != wanted.columns[column]
        ]
    if statements:
        connection.execute(";\n".join(["BEGIN", *statements, "COMMIT"]))


def of_raw(connection: duckdb.DuckDBPyConnection, told: Mapping[str, Words]) -> dict[str, Words]:
    """The words of every raw table in `target`: what discovery told, and of the rest that it did not."""
    found = dict(OWN)
    for name, table in tables(connection, "target", "main", hidden=True).items():
        if name not in OWN:
            known = told.get(name, Words(UNKNOWN_TABLE))
            said = {**known.columns, **RAW_COLUMNS}
            found[name] = Words(known.table, {each: said.get(each, UNKNOWN_COLUMN) for each in table.columns})
    return found
