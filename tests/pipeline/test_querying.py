"""People's queries are answered, and told where a sum goes over several currencies; agents' are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from handmade import Handmade

from backhaul.agent.asking import Misasked
from backhaul.cli.app import app

DEAL = {"dealname": "VARCHAR", "amount": "DECIMAL(38,9)", "deal_currency_code": "VARCHAR", "bonus__c": "VARCHAR"}
MAPPED = "mappings: {deals: {crm: {bonus: {from: to_decimal(bonus__c), type: money}}}}\n"
WON = "-- One row per currency.\nselect currency, count(*) as deals, sum(amount) as won from deals group by currency"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handmade]:
    """Deals in two currencies, companies in one."""
    found = Handmade(tmp_path_factory.mktemp("querying"))
    found.configure(MAPPED)
    found.mart("won_by_currency", WON)
    found.table("crm__deals", DEAL, [[str(n), f"D{n}", n * 10, ("EUR", "USD")[n % 2], str(n)] for n in range(1, 5)])
    company = {"name": "VARCHAR", "annualrevenue": "DECIMAL(38,9)", "hs_currency_code": "VARCHAR"}
    found.table("crm__companies", company, [["1", "A", 5, None], ["2", "B", 7, None]])
    found.shape()
    yield found
    found.project.close()


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select sum(amount) from deals", "SUM(amount) adds up deals.amount over several currencies"),
        ("select avg(bonus) from deals", "AVG(bonus) adds up deals.bonus over several currencies"),
        ("select sum(won) from won_by_currency", "SUM(won) adds up won_by_currency.won over several currencies"),
    ],
)
def test_a_sum_over_currencies_is_answered_with_a_warning(made: Handmade, sql: str, told: str) -> None:
    result = made.acme.query(sql)
    assert len(result.rows) == 1
    (warning,) = result.warnings
    assert told in warning
    assert "group by" in warning


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(amount_base) from deals",
        "select currency, sum(amount) from deals group by currency",
        "select sum(amount) from deals where currency = 'EUR'",
        "select sum(deals) from won_by_currency",
        "select currency, sum(won) from won_by_currency group by 1",
        # all of them are of one currency, as the data says
        "select sum(annual_revenue) from accounts",
        "select count(*), max(amount) from deals",
        "select 'sum(amount)' as text",
    ],
)
def test_an_honest_sum_is_answered_without_one(made: Handmade, sql: str) -> None:
    assert made.acme.query(sql).warnings == ()


def test_a_sum_of_raw_fields_is_nobodys_contract(made: Handmade) -> None:
    assert made.acme.query("select sum(amount) from crm__deals", raw=True).warnings == ()


@pytest.mark.parametrize("options", [[], ["--format", "csv"]])
def test_the_warning_stands_beside_the_answer(made: Handmade, options: list[str]) -> None:
    sql = "select sum(amount) as total from deals"
    result = CliRunner().invoke(app, ["--project", str(made.root), "query", "acme", sql, *options])
    assert result.exit_code == 0
    assert "100" in result.stdout
    assert "warning:" not in result.stdout
    assert result.stderr.startswith(
        "warning: SUM(amount) adds up deals.amount over several currencies; sum amount_base"
    )


def test_programs_get_the_warning_with_the_rows(made: Handmade) -> None:
    sql = "select sum(amount) as total from deals"
    result = CliRunner().invoke(app, ["--project", str(made.root), "query", "acme", sql, "--format", "json"])
    assert '"warnings"' in result.stdout
    assert "over several currencies" in result.stdout


@pytest.fixture(scope="module")
def reader(made: Handmade) -> Iterator[Any]:
    pytest.importorskip("tantivy")
    found = made.acme.agent()
    yield found
    found.close()


@pytest.mark.parametrize(
    "sql", ["select sum(amount) from deals", "select sum(bonus) from deals", "select avg(won) from won_by_currency"]
)
def test_agents_are_refused_a_sum_over_currencies_and_told_what_to_do(reader: Any, sql: str) -> None:
    with pytest.raises(Misasked, match=r"over several currencies; .*group by \w+.currency"):
        reader.run_sql(sql, 10)


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(amount_base) from deals",
        "select currency, sum(amount) from deals group by currency",
        "select sum(amount) from deals where currency = 'EUR'",
        "select sum(annual_revenue) from accounts",
        "select count(*) from links",
    ],
)
def test_agents_are_answered_honest_sums(reader: Any, sql: str) -> None:
    assert reader.run_sql(sql, 10).rows
