"""The contained process: one read-only file, one statement at a time, nothing else within its reach.

It is started by `contained.py` with an empty environment. What it may not do was found by attacking it: see the corpus
in tests/agent/attacks.py and docs/decisions/0020-contained-sql.md. It imports nothing of the engine but `wire`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

import duckdb
import msgspec

from backhaul.agent.wire import ASKS, Ask, Refusal, Reply, Told, receive, send

LONGEST = 64 * 1024
"""Bytes of a statement at most."""
ADDRESS_SPACE = 2 << 30

_LOCKED_DOWN: dict[str, str | int | bool] = {
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "allow_community_extensions": False,
    "allow_unsigned_extensions": False,
    "allow_persistent_secrets": False,
    "python_enable_replacements": False,
    "memory_limit": "256MB",
    "threads": 1,
    "temp_directory": "",
}

_SOURCES = frozenset(
    {
        "SEQ_SCAN", "TABLE_SCAN", "INDEX_SCAN", "DUMMY_SCAN", "COLUMN_DATA_SCAN", "EXPRESSION_SCAN", "EMPTY_RESULT",
        "CTE_SCAN", "REC_CTE_SCAN", "RECURSIVE_CTE_SCAN", "DELIM_SCAN", "CHUNK_SCAN",
    }
)  # fmt: skip
"""What may stand at the bottom of a plan beside the functions."""
_FUNCTIONS = frozenset(
    {
        "SEQ_SCAN", "RANGE", "GENERATE_SERIES", "UNNEST", "REPEAT", "REPEAT_ROW", "JSON_EACH", "JSON_TREE", "SUMMARY",
        "DUCKDB_TABLES", "DUCKDB_COLUMNS", "DUCKDB_VIEWS", "DUCKDB_CONSTRAINTS", "DUCKDB_TYPES", "DUCKDB_SCHEMAS",
        "DUCKDB_FUNCTIONS", "DUCKDB_KEYWORDS", "DUCKDB_INDEXES",
    }
)  # fmt: skip
"""Functions that make rows, of nothing or of the catalogue of this one file."""
_NEVER = frozenset({"current_setting", "query", "query_table", "json_execute_serialized_sql", "write_log", "sleep_ms"})
"""Functions that are gone from the plan or say nothing in it: they read settings (where the file is, among them), or
run other text than the one that is looked at."""


class Refused(Exception):
    """A statement is not run, or failed."""

    def __init__(self, kind: str, what: str, *, spent: bool = False) -> None:
        super().__init__(what)
        self.refusal = Refusal(kind, what, spent)


def confine() -> None:
    """No file may be written, whoever we run as; memory is bounded; a crash leaves no core."""
    for what, most in (
        (resource.RLIMIT_AS, ADDRESS_SPACE),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        if what == resource.RLIMIT_AS and sys.platform == "darwin":
            continue  # not to be had there; DuckDB's own limit and the killing of what takes too long remain
        resource.setrlimit(what, (most, most))


def open_locked(path: str, milliseconds: int) -> duckdb.DuckDBPyConnection:
    """The file, read-only, with every way out shut and the settings locked."""
    connection = duckdb.connect(path, read_only=True, config=cast("dict[str, Any]", _LOCKED_DOWN))
    for statement in (
        "SET TimeZone = 'UTC'",
        # else a bar is drawn on standard output
        "SET enable_progress_bar = false",
        f"SET max_execution_time = {milliseconds}",
        # after opening: a database's own file may be read and overwritten otherwise
        "SET disabled_filesystems = 'LocalFileSystem'",
        "SET lock_configuration = true",
    ):
        connection.execute(statement)
    return connection


def checked(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, tuple[str, ...]]:
    """The one select that the text is, and the tables that it reads.

    Raises Refused for anything else, before anything of it has run.
    """
    if len(sql.encode("utf-8", "replace")) > LONGEST:
        raise Refused("too_long", f"the statement is longer than {LONGEST // 1024} kB")
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise Refused("not_one_select", f"there are {len(statements)} statements; one SELECT is taken")
    (statement,) = statements
    if statement.type != duckdb.StatementType.SELECT:
        kind = str(statement.type).rpartition(".")[2]
        raise Refused("not_one_select", f"this is a {kind} statement; only SELECT is taken")
    text = str(statement.query)
    serialized = connection.execute("SELECT json_serialize_sql(?)", [text]).fetchall()[0][0]
    for key, value in _nodes(json.loads(serialized)):
        if key == "function_name" and str(value).lower() in _NEVER:
            raise Refused("forbidden", f"the function {value} is not open to agents")
        if (key, value) in (("type", "SHOW_REF"), ("error", True)):
            raise Refused("not_one_select", "only SELECT is taken, no SHOW, DESCRIBE or SUMMARIZE")
    found = connection.execute(f"EXPLAIN (FORMAT JSON) {text}").fetchall()
    database = connection.execute("SELECT current_database()").fetchall()[0][0]
    read: set[str] = set()
    for name, function, table in _operators(json.loads(found[0][1])):
        if function is not None and function.upper() not in _FUNCTIONS:
            raise Refused("forbidden", f"the function {function.lower()} is not open to agents")
        if table is not None:
            table = table.replace('"', "")
            if not table.startswith(f"{database}.main."):
                raise Refused("forbidden", f"the table {table} is not open to agents")
            read.add(table.removeprefix(f"{database}.main."))
        if name is not None and name not in _SOURCES | _FUNCTIONS:
            raise Refused("forbidden", f"{name.lower()} is not open to agents")
    return text, tuple(sorted(read))


def _nodes(tree: Any) -> Iterator[tuple[str, Any]]:
    """Every name and plain value of a parsed statement."""
    if isinstance(tree, list):
        for each in tree:
            yield from _nodes(each)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            if isinstance(value, dict | list):
                yield from _nodes(value)
            else:
                yield name, value


def _operators(node: Any) -> Iterator[tuple[str | None, str | None, str | None]]:
    """Of each operator: its name where it is a source of rows, the function that it calls, the table that it reads."""
    for each in node if isinstance(node, list) else [node]:
        children = each.get("children") or []
        info = each.get("extra_info") or {}
        yield (None if children else each["name"].strip(), info.get("Function"), info.get("Table"))
        yield from _operators(children)


def told(cursor: duckdb.DuckDBPyConnection, ask: Ask, tables: tuple[str, ...] = ()) -> Told:
    described = cursor.description or []
    types = tuple(str(each[1]) for each in described)
    rows: list[tuple[Any, ...]] = []
    cut, used = 0, 0
    truncated = False

    def shorten(text: str) -> str:
        nonlocal cut
        if len(text) <= ask.cell:
            return text
        cut += 1
        return text[: ask.cell] + "…"

    # few at a time: a row may be large, and what does not fit need not be made
    while not truncated and (some := cursor.fetchmany(min(ask.rows + 1 - len(rows), 50))):
        for each in some:
            row = tuple(plain(cell, shorten) for cell in each)
            used += len(msgspec.json.encode(row)) + 1
            if len(rows) == ask.rows or (rows and used > ask.room):
                truncated = True
                break
            rows.append(row)
    return Told(tuple(str(each[0]) for each in described), types, tuple(rows), truncated, cut, tables)


def plain(value: Any, shorten: Callable[[str], str]) -> Any:
    """A cell as JSON holds it: exact, or as text."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < 1 << 53 else str(value)
        case str():
            return shorten(value)
        case float():
            return value if value == value and abs(value) != float("inf") else str(value)
        case Decimal():
            return _number(value)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case bytes() | bytearray():
            return shorten(value.hex())
        case list() | tuple():
            return [plain(each, shorten) for each in value[:200]]
        case dict():
            return {str(key): plain(each, shorten) for key, each in list(value.items())[:200]}
        case _:
            return shorten(str(value))


def _number(value: Decimal) -> int | float | str:
    """The JSON number where it is exactly this one, else its digits."""
    if value == value.to_integral_value():
        return int(value) if abs(value) < 1 << 53 else f"{value:f}"
    near = float(value)
    return near if Decimal(repr(near)) == value.normalize() else f"{value:f}"


def run(connection: duckdb.DuckDBPyConnection, asks: tuple[Ask, ...]) -> Reply:
    done: list[Told] = []
    try:
        for ask in asks:
            text, tables = checked(connection, ask.sql) if ask.free else (ask.sql, ())
            cursor = connection.execute(text, list(ask.parameters) or None)
            done.append(told(cursor, ask, tables))
    except Refused as refused:
        return Reply(tuple(done), refused.refusal)
    except (duckdb.OutOfMemoryException, MemoryError):
        # DuckDB went on failing after it had run out of memory once
        return Reply(tuple(done), Refusal("memory", "the query needs more memory than it may have", True))
    except duckdb.InterruptException:
        return Reply(tuple(done), Refusal("time", "the query took longer than it may", True))
    except duckdb.Error as error:
        text = str(error)
        if "max_execution_time" in text or "timeout" in text.lower() or "timed out" in text.lower():
            return Reply(tuple(done), Refusal("time", "the query took longer than it may", True))
        fatal = isinstance(error, duckdb.FatalException | duckdb.InternalException)
        return Reply(tuple(done), Refusal("sql", text, fatal))
    except (ValueError, OverflowError, UnicodeError) as error:
        # a value that Python has no type for: a year of 290000, text that is no UTF-8
        return Reply(tuple(done), Refusal("value", f"a value of the result cannot be shown: {error}"))
    return Reply(tuple(done))


def main() -> None:
    path, milliseconds = sys.argv[1], int(sys.argv[2])
    answers = os.dup(1)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    connection = open_locked(path, milliseconds)
    confine()
    send(answers, "ready")
    while True:
        try:
            size = int.from_bytes(receive(0, 4), "big")
            asks = ASKS.decode(receive(0, size))
        except EOFError:
            return
        send(answers, run(connection, asks))


if __name__ == "__main__":
    main()
