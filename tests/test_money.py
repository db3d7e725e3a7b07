"""Sums over several currencies are found wherever they hide, and honest ones are left alone."""

from __future__ import annotations

import pytest
import sqlglot

from backhaul.money import mixtures, money_of

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
        "select mean(amount), name from deals group by name",
        "select sum(distinct amount) from deals",
        "select sum(coalesce(amount, 0) * 2)::bigint from deals",
        "select sum(case when name = 'x' then amount else 0 end) from deals",
        "select sum(amount) from deals group by rollup(currency)",
        "select sum(sum(amount)) over (partition by name) from deals group by currency, name",
        "select sum(amount) from deals where currency in ('EUR', 'USD')",
        "select sum(amount) from deals where currency = 'EUR' or name = 'A'",
        "select sum(amount) from deals where currency <> 'EUR'",
        "select sum(d.amount) from deals d join lines l on l.currency = d.currency",
        "from deals select sum(amount)",
        "select a.name, (select sum(d.amount) from deals d where d.name = a.name) from deals a",
        "with t as (select amount as x from deals), u as (select max(x) as x from t) select sum(x) from u",
        "select name, sum(amount) as currency from deals group by name",
        "select sum(amount) over w from deals window w as (partition by name)",
        "select l.id, sum(d.amount) from deals d join lines l on l.name = d.name group by l.id",
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
        "select sum(amount) from (select * from deals where currency = 'EUR')",
        "with eur as (select d.* from deals d where d.currency = 'EUR') select sum(amount) from eur",
        "select cur, sum(x) from (select amount as x, currency as cur from deals) group by cur",
        "select cur, sum(x) from (select *, amount as x, coalesce(currency, '?') as cur from deals) group by 1",
        "select sum(case currency when 'EUR' then amount when 'USD' then amount * 0.9 end) from deals",
        "select sum(amount * case when currency = 'USD' then 0.9 else 1 end) from deals",
        "select sum(case when amount > 1000 then 1 else 0 end) from deals",
        "select sum((amount > 1000)::int), avg(if(amount is null, 1, 0)) from deals",
        "select avg(amount / (amount + 1)), sum(amount / nullif(amount, 0)) from deals",
        "select sum(n) from (select name, count(amount) as n from deals group by name)",
        "select sum(big) from (select (amount > 5)::int as big from deals)",
        "select sum(amount) over w from deals window w as (partition by currency)",
        "select sum(sum(amount)) over (partition by currency) from deals group by currency, name",
        "select sum(amount) from deals where currency in ('EUR')",
        "select sum(amount) from deals where 'EUR' = upper(currency)",
        "select sum(amount) from deals where currency = (select currency from lines limit 1)",
        "select l.id, (select sum(d.amount) from deals d where d.currency = l.currency) from lines l",
        "select sum(d.amount * r.rate) from deals d join rates r on r.code = d.currency",
        "select d.id, sum(d.amount) from deals d join lines l on l.deal_id = d.id group by d.id",
        "select id, sum(amount) from deals group by all",
        "select sum(l.amount) from lines l join deals d on d.id = l.deal_id where d.currency = 'EUR'",
        "select d.currency, sum(l.amount) from lines l join deals d on d.id = l.deal_id group by d.currency",
        "select currency, sum(amount) from deals group by currency, rollup(name)",
        "with deals as (select 1 as amount) select sum(amount) from deals",
        "select sum(amount) from budget",
        "select sum(rank) from (select rank() over (order by amount) as rank from deals)",
    ],
)
def test_a_sum_within_one_currency_is_left_alone(sql: str) -> None:
    assert found(sql) == []


def test_a_query_that_traces_in_circles_or_in_many_ways_is_looked_through_at_once() -> None:
    steps = [f"t{n} as (select x + x + x as x from t{n - 1})" for n in range(1, 60)]
    assert found(f"with t0 as (select name as x from deals), {', '.join(steps)} select sum(x) from t59") == []
    assert len(found(f"with t0 as (select amount as x from deals), {', '.join(steps)} select sum(x) from t59")) == 1
    loop = "with recursive t as (select amount as x from deals union all select x + 1 as x from t where x < 9)"
    assert len(found(f"{loop} select sum(x) from t")) == 1


def test_money_goes_through_a_select_that_tells_its_currency_beside_it() -> None:
    def of(sql: str) -> list[str]:
        return [
            name for name, is_money in money_of(sqlglot.parse_one(sql, dialect="duckdb"), MONEY).items() if is_money
        ]

    assert of("select name, currency, sum(amount) as won, sum(amount_base) as b from deals group by all") == ["won"]
    assert of("select currency, amount * 2 as twice, name from deals") == ["twice"]
    assert of("select currency, amount as a from deals where currency = 'EUR'") == []
    assert of("select name, amount from deals") == []


def test_the_reason_names_the_column_to_sum_instead() -> None:
    assert found("select sum(amount) from deals") == [
        "SUM(amount) adds up deals.amount over several currencies; sum amount_base instead, group by deals.currency,"
        " or keep one currency with a where"
    ]
    assert "instead" not in found("select sum(amount) from lines")[0]
    (hidden,) = mixtures(sqlglot.parse_one("select sum(amount) from t"), {"t": {"amount": True}})
    assert str(hidden).endswith("its currencies are not to be seen here")
