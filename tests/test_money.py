"""Sums over several currencies are found wherever they hide, and honest ones are left alone."""

from __future__ import annotations

import pytest
import sqlglot

from backhaul.money import mixtures

MONEY = {
    "deals": {"amount": True, "amount_base": False, "name": False, "currency": False},
    "lines": {"amount": True, "fx_rate": False, "currency": False},
}


def found(sql: str) -> list[str]:
    return [str(each) for each in mixtures(sqlglot.parse_one(sql, dialect="duckdb"), MONEY)]


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(amount) from deals",
        "select 1 + sum(d.amount * 2) from deals d",
        "select name, avg(amount) from deals group by name",
        "select sum(x) from (select amount as x from deals)",
        "with t as (select * from deals) select sum(t.amount) from t",
        "select sum(s) from (select currency, sum(amount) s from deals group by currency)",
        "select sum(amount) over (partition by name) from deals",
        "select name from deals where amount > (select avg(amount) from deals)",
        "select sum(amount) from (select amount from deals union all select amount from lines)",
        "select sum(amount) from deals where name = 'EUR'",
    ],
)
def test_a_sum_over_currencies_is_found(sql: str) -> None:
    assert len(found(sql)) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(amount_base) from deals",
        "select currency, sum(amount) from deals group by currency",
        "select coalesce(currency, 'USD') as c, sum(amount) from deals group by c",
        "select currency, sum(amount) from deals group by all",
        "select currency, sum(amount) from deals group by 1",
        "select sum(amount) from deals where currency = 'EUR' and name like 'A%'",
        "select sum(amount) filter (where currency = 'EUR') from deals",
        "select sum(case when currency = 'EUR' then amount end) from deals",
        "select sum(amount) over (partition by currency) from deals",
        "select sum(amount * fx_rate) from lines",
        "select max(amount), count(amount) from deals",
        "select sum(x) from (select amount as x from deals where currency = 'EUR')",
    ],
)
def test_a_sum_within_one_currency_is_left_alone(sql: str) -> None:
    assert found(sql) == []


def test_the_reason_names_the_column_to_sum_instead() -> None:
    assert found("select sum(amount) from deals") == [
        "SUM(amount) adds up deals.amount over several currencies; sum amount_base instead, or group by deals.currency,"
        " or keep one currency with a where"
    ]
    assert "instead" not in found("select sum(amount) from lines")[0]
