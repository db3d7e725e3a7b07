"""Names, literals and the hidden columns in SQL text. Light to import: nothing here parses SQL."""

from __future__ import annotations

STAMP_FIELDS = ("_key", "_run_id", "_read_at", "_deleted_at", "_changed_at", "_merged_into")
HIDDEN = {"_raw_key": "VARCHAR", "_stamp": "UBIGINT", "_hash": "UBIGINT", "_seq": "BIGINT"}
"""What the entity tables of work.duckdb hold beside the published columns.

`_raw_key`: the raw row it was made from. `_stamp`: that row's system columns, hashed, when it was read.
`_hash`: the published values, hashed, bar when and by which run they were read. `_seq`: the transform that wrote it.
"""


def stamp_sql(alias: str, fields: frozenset[str]) -> str:
    """A raw row's system columns as one number: it differs whenever the loader has touched the row."""
    return f"hash({', '.join(f'{alias}.{name}' for name in STAMP_FIELDS if name in fields)})"


def quote(name: str) -> str:
    """An identifier, quoted for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal for DuckDB."""
    return "'" + text.replace("'", "''") + "'"
