"""Questions to a snapshot: typed answers, cut at a limit, with what they rest on; mistakes explained."""

from __future__ import annotations

import duckdb
import pytest
from warehouse import EARLY, Warehouse

from backhaul.errors import ConfigError, StorageError
from backhaul.publish.query import QueryResult, open_snapshot, query


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    for key in "12345":
        warehouse.put(key, f"N{key}", int(key))
    warehouse.run()
    return warehouse


def ask(warehouse: Warehouse, sql: str, limit: int | None = 1000) -> QueryResult:
    return query(warehouse.layout, "acme", sql, limit)


def test_an_answer_has_types_rows_and_what_it_rests_on(filled: Warehouse) -> None:
    answer = ask(filled, "SELECT name, size FROM accounts ORDER BY id")
    assert [(each.name, each.type) for each in answer.columns] == [("name", "VARCHAR"), ("size", "BIGINT")]
    assert answer.rows[0] == ("N1", 1)
    assert (answer.version, answer.truncated, answer.as_of) == (1, False, {"crm": {"companies": EARLY}})


@pytest.mark.parametrize(("limit", "rows", "truncated"), [(4, 4, True), (5, 5, False), (0, 0, True), (None, 5, False)])
def test_an_answer_is_cut_at_the_limit_and_says_so(
    filled: Warehouse, limit: int | None, rows: int, truncated: bool
) -> None:
    answer = ask(filled, "SELECT * FROM accounts", limit)
    assert (len(answer.rows), answer.truncated) == (rows, truncated)


def test_raw_tables_are_asked_with_raw(filled: Warehouse) -> None:
    assert query(filled.layout, "acme", "SELECT count(*) FROM crm__companies", raw=True).rows == ((5,),)


def test_a_mistake_in_the_query_names_what_is_near(filled: Warehouse) -> None:
    with pytest.raises(ConfigError, match="nmae") as error:
        ask(filled, "SELECT nmae FROM accounts")
    assert '"name"' in str(error.value)
    assert error.value.customer == "acme"


@pytest.mark.parametrize("sql", ["DELETE FROM accounts", "DROP TABLE accounts", "CREATE TABLE x AS SELECT 1 AS a"])
def test_a_snapshot_is_not_changed_by_a_query(filled: Warehouse, sql: str) -> None:
    with pytest.raises(ConfigError, match="read-only"):
        ask(filled, sql)
    assert ask(filled, "SELECT count(*) FROM accounts").rows == ((5,),)


def test_a_customer_without_snapshots_is_told_what_to_run(filled: Warehouse) -> None:
    with pytest.raises(ConfigError, match="nothing is published yet"):
        query(filled.layout, "other", "SELECT 1")


def test_a_name_that_leads_out_of_the_folder_is_refused(filled: Warehouse) -> None:
    with pytest.raises(ConfigError, match=r"not a customer.s name"):
        query(filled.layout, "../acme", "SELECT 1")


def test_a_damaged_snapshot_is_told(filled: Warehouse) -> None:
    path = filled.layout.snapshot("acme").resolve()
    path.chmod(0o644)
    path.write_bytes(b"no database")
    with pytest.raises(StorageError, match=r"entities-v00001\.duckdb cannot be opened"):
        ask(filled, "SELECT 1")


def test_moments_are_told_in_utc(filled: Warehouse) -> None:
    with open_snapshot(filled.layout, "acme") as connection:
        assert connection.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_the_stable_paths_open_with_duckdb_alone(filled: Warehouse) -> None:
    for path, table in (
        (filled.layout.snapshot("acme"), "accounts"),
        (filled.layout.raw_snapshot("acme"), "crm__companies"),
    ):
        with duckdb.connect(str(path), read_only=True) as plain:
            assert plain.execute(f"SELECT count(*) FROM {table}").fetchall() == [(5,)]
