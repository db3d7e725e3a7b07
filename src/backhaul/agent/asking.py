"""Errors that tell an agent what to do instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from backhaul.agent.contained import NotRun


class Misasked(Exception):
    """The question cannot be answered as it was asked. instead: what to do."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"{what}. {instead}")
        self.what = what
        self.instead = instead


def near(wrong: str, names: Iterable[str], most: int = 4) -> list[str]:
    """The names that a misspelt one most resembles."""
    lower = {name.lower(): name for name in names}
    found = difflib.get_close_matches(wrong.lower(), lower, n=most, cutoff=0.65)
    found += [name for name in lower if wrong.lower() in name and name not in found]
    return [lower[name] for name in found[:most]]


def listed(names: Iterable[str], most: int = 60) -> str:
    every = list(names)
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")


def no_entity(wrong: str, names: Iterable[str]) -> Misasked:
    close = near(wrong, names)
    instead = f"Did you mean {' or '.join(close)}?" if close else f"There are: {listed(names)}."
    return Misasked(
        f"there is no entity {wrong} here: no connection of this customer fills it, or agents may not see it", instead
    )


def no_column(entity: str, wrong: str, names: Iterable[str]) -> Misasked:
    close = near(wrong, names)
    instead = f"Did you mean {' or '.join(close)}?" if close else f"It has: {listed(names)}."
    return Misasked(f"{entity} has no column {wrong} that agents may see", instead)


def not_run(error: NotRun, names: Iterable[str]) -> Misasked:
    """Why a query of an agent's own did not run. names: every table and column that there is."""
    match error.kind:
        case "time":
            return Misasked(
                "the query took longer than it may",
                "Narrow it: filter by id, date or status, aggregate, or use query_records and get_record.",
            )
        case "memory":
            return Misasked(
                "the query needs more memory than it may have",
                "Aggregate before joining, select fewer columns and rows, or use query_records.",
            )
        case "too_long":
            return Misasked(error.what, "Write a shorter query; join with a table instead of listing ids.")
        case "not_one_select":
            return Misasked(
                error.what, "Write one SELECT. describe_entity tells columns; propose_change changes values."
            )
        case "forbidden":
            return Misasked(error.what, "Read the tables that list_entities names.")
    wrong = _unknown(error.what)
    close = near(wrong, names) if wrong else []
    what = " ".join(error.what.split("\n\nLINE")[0].split())
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    return Misasked(what[:600], f"{hint}describe_entity tells an entity's columns; the dialect is DuckDB's.")


_UNKNOWN = re.compile(r'column "([^"]+)" not found|Table with name "?([\w.]+)"? does not exist|"([^"]+)" not found')


def _unknown(text: str) -> str | None:
    found = _UNKNOWN.search(text)
    return next((each for each in found.groups() if each), None) if found else None
