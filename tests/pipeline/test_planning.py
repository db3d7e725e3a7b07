"""What `plan` counts is what the next snapshot differs in, whatever is edited; nothing is done before it is applied."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from handmade import Handmade

from backhaul.errors import ConfigError

EDITS = int(os.environ.get("BACKHAUL_PLANS", "4"))
COMPANY = {
    "id": "VARCHAR", "name": "VARCHAR", "domain": "VARCHAR", "annualrevenue": "DECIMAL(38,9)", "arr__c": "VARCHAR",
    "tier__c": "VARCHAR", "hubspot_owner_id": "VARCHAR", "founded_year": "VARCHAR", "is_vip": "BOOLEAN",
}  # fmt: skip
UNCOUNTED = ("synced_at", "sync_run_id", "id")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Handmade]:
    found = Handmade(tmp_path)
    rows = [
        [str(n), str(n), f"Company {n}", f"c{n}.example" if n % 3 else None, n * 10 if n % 2 else None,
         (f"{n}00", "x", None)[n % 3], ("Gold", "Silver", "Tin", None)[n % 4], str(n % 2), str(1990 + n), n % 2 == 0]
        for n in range(1, 13)
    ]  # fmt: skip
    found.table("crm__companies", COMPANY, rows)
    found.table("crm__owners", {"id": "VARCHAR", "email": "VARCHAR"}, [["1", "1", "a@x.example"], ["0", "0", None]])
    erp = [[str(n), f"Company {n}", f"https://c{n}.example"] for n in range(1, 5)]
    found.table("erp__customer", {"companyname": "VARCHAR", "url": "VARCHAR"}, erp)
    found.shape()
    yield found
    found.project.close()


def tables(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Table -> id -> column -> value as text, read row by row."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    with duckdb.connect(str(path), read_only=True) as db:
        names = [name for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        for name in names:
            if name.startswith("_"):
                continue
            cursor = db.execute(f'SELECT * FROM "{name}"')
            columns = [each[0] for each in cursor.description]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            found[name] = {row["id"]: row for row in rows}
    return found


def spelt(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def difference(before: Path, after: Path) -> dict[str, tuple[int, int, int, int]]:
    """Table -> rows added, removed, changed, and cells; none of ours: two files, cell by cell."""
    old, new = tables(before), tables(after)
    found = {}
    for name in {*old, *new}:
        was, now = old.get(name, {}), new.get(name, {})
        cells = [
            sum(
                spelt(was[id].get(column)) != spelt(now[id].get(column))
                for column in {*was[id], *now[id]} - set(UNCOUNTED)
            )
            for id in {*was} & {*now}
        ]
        counts = (len({*now} - {*was}), len({*was} - {*now}), sum(each > 0 for each in cells), sum(cells))
        if any(counts):
            found[name] = counts
    return found


def edit(chance: random.Random) -> dict[str, Any]:
    """A configuration that someone might write."""
    accounts: dict[str, Any] = {}
    for column, ways in {
        "annual_revenue": ["to_decimal(arr__c)", "annualrevenue", {"from": "arr__c", "default": 7}],
        "industry": ["tier__c", "upper(src.name)", {"from": "tier__c", "values": {"Gold": "g", "Silver": "s"}}],
        "employees": ["founded_year", "to_decimal(founded_year)"],
        "tier": [{"from": "tier__c", "type": "text"}, {"from": "tier__c", "type": "text", "values": {"Gold": "gold"}}],
        "vip": [{"from": "is_vip", "type": "boolean"}, {"from": "is_vip", "type": "text"}],
        "status": [{"from": "tier__c", "values": {"Tin": "inactive"}, "default": "active"}],
        "phone": ["coalesce(src.arr__c, src.name)"],
    }.items():
        if chance.random() < 0.4:
            accounts[column] = chance.choice(ways)
    more: dict[str, Any] = {"mappings": {"accounts": {"crm": accounts}}} if accounts else {}
    if chance.random() < 0.4:
        pair = [f"crm:companies:{chance.randint(1, 4)}", f"erp:customer:{chance.randint(1, 4)}"]
        more["identity"] = {"accounts": {chance.choice(["confirm", "deny"]): [pair]}}
    return more


@pytest.mark.parametrize("seed", range(EDITS))
def test_a_plan_counts_what_the_next_snapshot_differs_in(made: Handmade, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(1 + seed % 2):
        before = made.snapshot()
        made.configure(yaml.safe_dump(edit(chance)))
        if chance.random() < 0.3:
            made.mart("by_tier", f"-- By tier.\nselect coalesce(industry, '') as id, {chance.randint(1, 3)} as n"
                      " from accounts group by 1")  # fmt: skip
        plan = made.acme.plan()
        assert made.snapshot() == before
        made.shape()
        counted = {e.entity: (e.added, e.removed, e.changed, sum(e.cells.values())) for e in plan.effects}
        assert {name: each for name, each in counted.items() if any(each)} == difference(before, made.snapshot())
        assert made.acme.plan().is_nothing


def test_a_plan_shows_files_columns_and_samples(made: Handmade) -> None:
    made.configure("mappings: {accounts: {crm: {tier: {from: tier__c, type: text}}}}")
    plan = made.acme.plan()
    accounts = next(each for each in plan.effects if each.entity == "accounts")
    assert plan.files == ("mappings.accounts",)
    assert (accounts.gained, accounts.cells) == (("tier",), {"tier": 9})
    assert [(each.id, each.column, each.before, each.after) for each in accounts.samples[:1]] == [
        ("crm:companies:1", "tier", None, "Silver")
    ]
    made.acme.apply_plan(plan.hash)
    made.configure("mappings: {accounts: {crm: {tier: {from: founded_year, type: integer}}}}")
    retyped = next(each for each in made.acme.plan().effects if each.entity == "accounts")
    assert retyped.retyped == ("tier: VARCHAR to BIGINT",)
    made.configure("")
    assert next(each for each in made.acme.plan().effects if each.entity == "accounts").lost == ("tier",)


def test_only_the_plan_that_was_looked_at_is_applied(made: Handmade) -> None:
    before = made.snapshot()
    made.configure("mappings: {accounts: {crm: {phone: tier__c}}}")
    seen = made.acme.plan().hash
    made.configure("mappings: {accounts: {crm: {phone: name}}}")
    with pytest.raises(ConfigError, match=f"not {seen}"):
        made.acme.apply_plan(seen)
    assert made.snapshot() == before
    made.acme.apply_plan(made.acme.plan().hash)
    assert made.read("select distinct phone from accounts where id = 'crm:companies:1'") == [("Company 1",)]
    assert made.acme.plan().is_nothing


def test_a_wrong_mapping_fails_in_the_plan_with_the_type_and_the_closest_names(made: Handmade) -> None:
    made.configure("mappings: {accounts: {crm: {annual_revenue: anualrevenue}}}")
    with pytest.raises(ConfigError) as error:
        made.acme.plan()
    assert "there is no field anualrevenue; closest: annualrevenue (DECIMAL(38,9))" in str(error.value)


def test_an_object_that_comes_or_goes_is_shown(made: Handmade) -> None:
    text = (made.root / "pipelines" / "acme.yaml").read_text(encoding="utf-8")
    changed = text.replace("objects: {companies: {}, owners: {}}", "objects: {companies: {fields: [name]}, deals: {}}")
    (made.root / "pipelines" / "acme.yaml").write_text(changed, encoding="utf-8")
    shown = [(each.connection, each.object, each.change, each.rows) for each in made.acme.plan().objects]
    assert shown == [
        ("crm", "companies", "is read with other fields", None),
        ("crm", "deals", "is read from its beginning", None),
        ("crm", "owners", "is read no more; its raw table stays", None),
    ]
