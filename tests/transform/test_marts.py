"""Marts are tables made of entities and of each other: in order, written by what differs, and told as entities are."""

from __future__ import annotations

import pytest
from workdb import CONTRACTS, STAGING, Work

from backhaul.errors import ConfigError
from backhaul.transform.models import read_models

BY_OWNER = """
-- One row per owner with accounts.
-- columns:
--   id: The owner.
--   accounts: How many accounts
--     the owner has.
select a.owner_id as id, min(a.region) as region, count(*) as accounts
from accounts as a
where not a.is_deleted and a.owner_id is not null
group by a.owner_id
"""
BUSY = "-- Owners with several accounts.\nselect id, accounts from by_owner where accounts > 1"
NAMES = "-- Names.\nselect a.name, count(*) as rows from accounts as a group by a.name"


def with_marts(work: Work, **marts: str) -> Work:
    work.models = read_models(CONTRACTS, STAGING, marts)
    return work


def fill(work: Work) -> None:
    for key, owner in (("1", "7"), ("2", "7"), ("3", "8")):
        work.put("companies", key, name=f"N{key}", owner=owner)


def written(work: Work, run: str, **options: object) -> dict[str, tuple[int, int]]:
    result = work.transform(run, **options)  # type: ignore[arg-type]  # as transform has them
    return {each.name: (each.changed, each.removed) for each in result.entities if each.changed or each.removed}


def test_a_mart_reads_entities_and_other_marts_whatever_the_order_of_their_names(work: Work) -> None:
    with_marts(work, a_busy=BUSY.replace("by_owner", "z_owner"), z_owner=BY_OWNER)
    fill(work)
    work.transform()
    assert work.rows("z_owner", "id, accounts") == [("crm:owners:7", 2), ("crm:owners:8", 1)]
    assert work.rows("a_busy", "id, accounts") == [("crm:owners:7", 2)]


def test_only_the_rows_that_differ_are_written_and_nothing_where_no_input_changed(work: Work) -> None:
    with_marts(work, by_owner=BY_OWNER, busy=BUSY)
    fill(work)
    work.transform()
    assert written(work, "run2") == {}
    work.put("owners", "7", run="run3", id="7", email="x", region="north")
    assert written(work, "run3") == {"users": (1, 0), "accounts": (2, 0), "by_owner": (1, 0)}
    work.drop("companies", "2")
    assert written(work, "run4") == {"accounts": (0, 1), "by_owner": (1, 0), "busy": (0, 1)}


def test_a_mart_without_an_id_is_replaced_when_its_rows_differ(work: Work) -> None:
    with_marts(work, names=NAMES)
    fill(work)
    work.transform()
    work.put("companies", "1", run="run2", name="N1", owner="8")
    assert written(work, "run2") == {"accounts": (1, 0)}
    work.put("companies", "1", run="run3", name="N2", owner="8")
    assert written(work, "run3") == {"accounts": (1, 0), "names": (2, 1)}


def test_a_mart_tells_what_it_is_in_its_own_words_or_in_those_of_the_column_it_passes_on(work: Work) -> None:
    with_marts(work, by_owner=BY_OWNER, names=NAMES)
    work.transform()
    comments = work.db.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'entities'"
        " AND table_name IN ('by_owner', 'names') AND comment <> ''"
    ).fetchall()
    assert set(comments) == {
        ("by_owner", "id", "The owner."),
        ("by_owner", "accounts", "How many accounts the owner has."),
        ("names", "name", "Its name."),
    }
    tables = work.db.execute("SELECT table_name, comment FROM duckdb_tables() WHERE table_name = 'names'").fetchall()
    assert tables == [("names", "Names.")]


def test_a_mart_that_is_no_more_is_dropped(work: Work) -> None:
    with_marts(work, by_owner=BY_OWNER)
    work.transform()
    with_marts(work).transform("run2")
    assert work.db.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'by_owner'").fetchall() == []


def test_marts_that_read_each_other_in_a_circle_are_told(work: Work) -> None:
    with pytest.raises(ConfigError, match="circle") as error:
        with_marts(work, one="-- One.\nselect * from two", two="-- Two.\nselect * from one")
    assert "one" in str(error.value)
    assert "two" in str(error.value)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("-- X.\nselect * from acounts", "there is no entity or mart acounts; did you mean accounts?"),
        ("-- X.\nselect * from raw.crm__companies", "which stand in no schema"),
        ("select * from accounts", "its first comment line must say what a row is"),
        ("-- X.\nselect 1; select 2", "must hold exactly one select"),
        ("-- X.\nselect from where", "is not SQL"),
        ("-- X.\nselect random() from accounts", "chance is not possible"),
        ("-- X.\n-- part: accounts.id\nselect id from accounts", "must hold exactly one select, or `-- part"),
        ("-- X.\n-- part: users.id\nselect id from accounts; select id from changed_accounts", "part: users.id"),
        ("-- X.\n-- part: accounts.id\nselect id from accounts; select id from accounts", "look at changed_accounts"),
        (
            "-- X.\n-- part: accounts.id\nselect id from accounts; select a.id from changed_accounts a, users",
            "reads users",
        ),
        ("-- X.\n-- part: accounts.id\nselect name from accounts; select id from changed_accounts", "give a column id"),
    ],
)
def test_a_wrong_mart_is_told_before_anything_runs(work: Work, sql: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        with_marts(work, x=sql)
    assert said in str(error.value)


def test_a_mart_called_as_an_entity_is_refused(work: Work) -> None:
    with pytest.raises(ConfigError, match="there is an entity accounts already"):
        with_marts(work, accounts="-- X.\nselect 1 as id")


def test_a_mart_that_does_not_run_is_named_and_leaves_the_entities(work: Work) -> None:
    with_marts(work, x="-- X.\nselect no_such_column from accounts")
    fill(work)
    with pytest.raises(ConfigError, match=r"transforms/marts/x.sql does not run: .*no_such_column"):
        work.transform()
    assert len(work.rows("accounts")) == 3


def test_a_mart_that_adds_up_several_currencies_is_refused(work: Work) -> None:
    with_marts(work, x="-- X.\nselect sum(annual_revenue) as s from accounts")
    with pytest.raises(ConfigError, match="over several currencies"):
        work.transform()


def test_select_builds_what_is_named_with_what_reads_it_or_what_it_reads(work: Work) -> None:
    with_marts(work, by_owner=BY_OWNER, busy=BUSY, names=NAMES)
    work.transform()
    fill(work)
    work.put("owners", "7", id="7", email="e")
    assert written(work, "run2", select=["accounts"]) == {"accounts": (3, 0)}
    assert written(work, "run3", select=["by_owner+"]) == {"by_owner": (2, 0), "busy": (1, 0)}
    assert written(work, "run4", select=["+names"]) == {"names": (3, 0)}
    assert written(work, "run5") == {"users": (1, 0)}
    with pytest.raises(ConfigError, match="did you mean by_owner"):
        work.transform("run6", select=["by_ownr+"])


IN_PART = """
-- One row per owner with accounts.
-- part: accounts.owner_id
select owner_id as id, count(*) as accounts from accounts where owner_id is not null group by owner_id;

select owner_id as id from changed_accounts
"""


def test_a_mart_made_in_part_looks_only_at_the_rows_that_changes_concern(work: Work) -> None:
    with_marts(work, by_owner=IN_PART)
    fill(work)
    work.transform()
    work.db.execute("UPDATE entities.by_owner SET accounts = 99 WHERE id = 'crm:owners:7'")
    work.put("companies", "3", run="run2", name="N3", owner="9")
    assert written(work, "run2") == {"accounts": (1, 0), "by_owner": (1, 1)}
    assert work.rows("by_owner", "id, accounts") == [("crm:owners:7", 99), ("crm:owners:9", 1)]
    work.db.execute("UPDATE entities.by_owner SET _hash = 0")
    work.transform("run4", full=True)
    assert work.rows("by_owner", "id, accounts") == [("crm:owners:7", 2), ("crm:owners:9", 1)]
