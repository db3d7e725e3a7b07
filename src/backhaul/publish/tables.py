"""Tables of the databases at hand: their columns and comments, and the words of SQL about them."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

SYSTEM_FIELDS = ("_key", "_run_id", "_read_at", "_deleted_at", "_changed_at", "_merged_into")


def quote(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Table:
    """A table's name, the types of its columns in order, and what the contract says of them."""

    name: str
    columns: dict[str, str]
    comment: str | None
    comments: dict[str, str]

    @property
    def names(self) -> str:
        return ", ".join(quote(name) for name in self.columns)

    def stamp(self, alias: str) -> str:
        """A raw row's system columns as one number: it differs whenever the loader has touched the row."""
        return f"hash({', '.join(f'{alias}.{name}' for name in SYSTEM_FIELDS if name in self.columns)})"

    def state(self, one: str, other: str) -> str:
        """The condition that two raw rows are of the same moment at the vendor."""
        fields = [name for name in ("_changed_at", "_deleted_at", "_merged_into") if name in self.columns]
        return " AND ".join(f"{one}.{name} IS NOT DISTINCT FROM {other}.{name}" for name in fields) or "true"

    def content(self, alias: str) -> str:
        """A raw row's values as one number, bar when and by which run they were read."""
        return f"hash({', '.join(f'{alias}.{quote(n)}' for n in self.columns if n not in ('_read_at', '_run_id'))})"


def tables(
    connection: duckdb.DuckDBPyConnection, database: str, schema: str, *, hidden: bool = False
) -> dict[str, Table]:
    """Every table of a schema by name. hidden: with the columns that start with an underscore."""
    comments = dict(
        connection.execute(
            "SELECT table_name, comment FROM duckdb_tables() WHERE database_name = ? AND schema_name = ?",
            [database, schema],
        ).fetchall()
    )
    found = {str(name): Table(str(name), {}, comment, {}) for name, comment in comments.items()}
    rows = connection.execute(
        "SELECT table_name, column_name, data_type, comment FROM duckdb_columns()"
        " WHERE database_name = ? AND schema_name = ? ORDER BY table_name, column_index",
        [database, schema],
    ).fetchall()
    for table, column, type_, comment in rows:
        if table in found and (hidden or not column.startswith("_")):
            found[table].columns[column] = type_
            if comment:
                found[table].comments[column] = comment
    return found


def comment_on(connection: duckdb.DuckDBPyConnection, place: str, table: Table) -> None:
    """Write the contract's words onto a published table, all at once: each alone would be flushed to the disk."""
    connection.begin()
    if table.comment:
        connection.execute(f"COMMENT ON TABLE {place} IS {literal(table.comment)}")
    for column, text in table.comments.items():
        connection.execute(f"COMMENT ON COLUMN {place}.{quote(column)} IS {literal(text)}")
    connection.commit()


def database_name(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute("SELECT current_database()").fetchone()
    return str(row[0]) if row else ""


def count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """The one number that a query gives."""
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
