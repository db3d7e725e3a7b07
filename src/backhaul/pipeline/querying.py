"""Queries of people: a select on a snapshot, and what is doubtful about its sums."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from pydantic import TypeAdapter

from backhaul.config.layout import Layout
from backhaul.config.pipeline import Mapped
from backhaul.pipeline.configuration import read_configuration
from backhaul.publish.query import QueryResult, current_snapshot, open_snapshot, query

_ADDS_UP = re.compile(r"sum|avg|mean", re.IGNORECASE)
_MAPPINGS = TypeAdapter(dict[str, dict[str, dict[str, str | Mapped]]])


def query_snapshot(
    layout: Layout, customer: str, sql: str, limit: int | None, *, as_of: datetime | None = None, raw: bool = False
) -> QueryResult:
    """The rows, and in `warnings` each sum over several currencies. Raises ConfigError for SQL that does not run."""
    result = query(layout, customer, sql, limit, as_of=as_of, raw=raw)
    if raw or not _ADDS_UP.search(sql):
        return result
    return replace(result, warnings=_mixtures(layout, customer, sql, as_of))


def _mixtures(layout: Layout, customer: str, sql: str, as_of: datetime | None) -> tuple[str, ...]:
    money = _own_money(layout, customer, sql, as_of)
    if not money:
        return ()
    # parsing SQL takes longer to import than most queries last
    from backhaul.money import found_in

    with open_snapshot(layout, customer, as_of) as connection:
        tables: dict[str, list[str]] = {}
        for table, column in connection.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall():
            tables.setdefault(table, []).append(column)

        def alike(select: str) -> bool:
            return connection.execute(select).fetchone() == (True,)

        return tuple(str(each) for each in found_in(sql, money, tables, alike))


def _own_money(layout: Layout, customer: str, sql: str, as_of: datetime | None) -> Mapping[str, frozenset[str]]:
    """Of the configuration that the snapshot was made with: only the marts that are asked are parsed."""
    manifest = current_snapshot(layout, customer, as_of)
    configuration = read_configuration(layout, customer, manifest.configuration)
    if configuration is None:
        return {}
    from backhaul.transform.contracts import parse_contract
    from backhaul.transform.mappings import customer_columns
    from backhaul.transform.marts import in_order, own_money, parse_mart

    contracts = {name: parse_contract(name, text) for name, text in configuration["contracts"].items()}
    marts = {name: parse_mart(name, text) for name, text in _named(configuration["marts"], sql).items()}
    mappings = _MAPPINGS.validate_python(configuration["pipeline"].get("mappings", {}))
    return own_money(in_order(marts.values(), contracts), customer_columns(contracts, mappings))


def _named(marts: Mapping[str, str], sql: str) -> dict[str, str]:
    """The marts whose names stand in the query, and those that these read."""
    found: dict[str, str] = {}
    texts = [sql.lower()]
    while texts:
        text = texts.pop()
        for name in marts:
            if name not in found and name.lower() in text:
                found[name] = marts[name]
                texts.append(marts[name].lower())
    return found
