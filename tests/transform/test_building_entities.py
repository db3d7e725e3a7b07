"""Raw rows become entity rows: ids, references, custom fields, missing fields, filters, checks."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from workdb import CONTRACTS, STAGING, Work

from backhaul.errors import ConfigError
from backhaul.transform.models import read_models


def test_a_row_gets_an_id_and_the_common_columns(work: Work) -> None:
    work.put("companies", "7", name="Globex")
    work.transform()
    assert work.row(
        "accounts", "id, customer_id, source, connection_id, source_object, source_id, is_deleted, sync_run_id"
    ) == ("crm:companies:7", "acme", "hub", "crm", "companies", "7", False, "run1")


def test_the_change_time_stands_in_where_staging_names_no_update_time(work: Work) -> None:
    work.put("companies", "7", name="Globex")
    work.transform()
    updated, changed = work.row("accounts", "source_updated_at, (SELECT _changed_at FROM raw.crm__companies)")
    assert updated == changed is not None


def test_a_reference_is_the_id_of_the_row_it_names(work: Work) -> None:
    work.put("owners", "3", id="3", email="jo@example.com", region="north")
    work.put("companies", "7", owner="3")
    result = work.transform()
    assert work.row("accounts", "owner_id, region") == ("crm:owners:3", "north")
    assert [row[0] for row in work.rows("users", "id")] == ["crm:owners:3"]
    assert [warning for entity in result.entities for warning in entity.warnings] == []


def test_an_empty_reference_stays_empty(work: Work) -> None:
    work.put("companies", "7", owner="")
    work.transform()
    assert work.row("accounts", "owner_id") == (None,)


def test_a_reference_held_as_a_decimal_has_no_decimals_in_the_id(work: Work) -> None:
    work.db.execute("ALTER TABLE raw.crm__companies ALTER owner TYPE DECIMAL(38,9)")
    work.put("owners", "300", id="300", region="south")
    work.put("companies", "7", owner=Decimal(300))
    work.transform()
    assert work.row("accounts", "owner_id, region") == ("crm:owners:300", "south")


def test_a_dangling_reference_is_counted(work: Work) -> None:
    work.put("companies", "7", owner="404")
    result = work.transform()
    assert [str(each) for each in result.entities[0].warnings] == [
        "accounts: owner_id names no row of users: 1 rows, such as crm:companies:7"
    ]


def test_a_value_outside_the_enumeration_is_kept_and_counted(work: Work) -> None:
    work.put("companies", "7", state="Dormant")
    result = work.transform()
    assert work.row("accounts", "status") == ("dormant",)
    assert [(each.check, each.rows, each.example) for each in result.entities[0].warnings] == [
        ("status is none of active, inactive", 1, "dormant")
    ]


def test_unmapped_custom_fields_land_in_custom_and_empty_ones_do_not(work: Work) -> None:
    work.put("companies", "7", name="Globex", arr__c="12", tier__c="", order="x")
    work.transform()
    assert json.loads(work.row("accounts", "custom")[0]) == {"arr__c": "12"}


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("DECIMAL(38,9)", Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
        ("DECIMAL(38,9)", Decimal("100"), "100"),
        ("BIGINT", 9007199254740993, "9007199254740993"),
        ("BOOLEAN", True, "true"),
        ("DATE", "2026-03-01", '"2026-03-01"'),
        ("TIMESTAMPTZ", "2026-03-01 10:00:00+02", '"2026-03-01T08:00:00.000000Z"'),
        ("VARCHAR", 'a "quoted"\n\\ word', '"a \\"quoted\\"\\n\\\\ word"'),
    ],
)
def test_custom_holds_each_type_exactly(work: Work, type_: str, value: object, expected: str) -> None:
    work.db.execute(f"ALTER TABLE raw.crm__companies ALTER extra__c TYPE {type_}")
    work.put("companies", "7", extra__c=value)
    work.transform()
    assert work.row("accounts", "custom") == ('{"extra__c":' + expected + "}",)


def test_custom_nests_a_field_that_holds_json(work: Work) -> None:
    work.fields["companies"] = tuple(
        each if each.name != "extra__c" else type(each)("extra__c", "json", True) for each in work.fields["companies"]
    )
    work.put("companies", "7", extra__c='{"a": [1]}')
    work.put("companies", "8", extra__c="not json")
    work.transform()
    assert [json.loads(row[0]) for row in work.rows("accounts", "custom")] == [
        {"extra__c": {"a": [1]}},
        {"extra__c": "not json"},
    ]


def test_a_field_that_the_account_lacks_is_empty_and_reported(work: Work) -> None:
    work.db.execute("ALTER TABLE raw.crm__companies DROP revenue")
    work.put("companies", "7", name="Globex")
    result = work.transform()
    assert work.row("accounts", "annual_revenue, name") == (None, "Globex")
    assert [(each.entity, each.object, each.field) for each in result.missing] == [("accounts", "companies", "revenue")]


def test_a_joined_object_that_is_not_read_leaves_its_columns_empty() -> None:
    work = Work()
    work.table("companies", {"name": "VARCHAR", "owner": "VARCHAR"})
    work.put("companies", "7", name="Globex", owner="3")
    result = work.transform()
    assert work.row("accounts", "name, region, owner_id") == ("Globex", None, "crm:owners:3")
    assert "owners (the whole object)" in {each.field for each in result.missing}


def test_an_entity_without_any_source_is_an_empty_table() -> None:
    work = Work()
    work.transform()
    assert work.rows("accounts") == []


def test_one_raw_row_may_become_several_rows_and_one_without_source_id_none(work: Work) -> None:
    work.put("tasks", "1", a="7", b="8")
    work.put("tasks", "2", a="7")
    work.put("tasks", "3")
    work.put("tasks", "4", a="7", hidden=True)
    work.transform()
    assert work.rows("links", "id, to_id, role") == [
        ("crm:tasks:1:a", "crm:companies:7", "about"),
        ("crm:tasks:1:b", "crm:companies:8", "with"),
        ("crm:tasks:2:a", "crm:companies:7", "about"),
    ]


def test_a_join_that_finds_several_rows_keeps_one_and_counts_the_rest(work: Work) -> None:
    work.put("owners", "b", id="3", region="second")
    work.put("owners", "a", id="3", region="first")
    work.put("companies", "7", owner="3")
    result = work.transform()
    assert work.row("accounts", "region") == ("first",)
    assert [(each.check, each.rows) for each in result.entities[0].warnings if "one id" in each.check] == [
        ("several rows with one id, one is kept", 1)
    ]


def test_a_deleted_record_is_not_joined(work: Work) -> None:
    work.put("owners", "3", id="3", region="north")
    work.put("companies", "7", owner="3")
    work.tombstone("owners", "3", "run1")
    work.transform()
    assert work.row("accounts", "region, owner_id") == (None, "crm:owners:3")


def test_the_contract_words_stand_on_the_table(work: Work) -> None:
    work.transform()
    comments = work.db.execute(
        "SELECT comment FROM duckdb_columns() WHERE schema_name = 'entities' AND table_name = 'accounts'"
        " AND column_name = 'name'"
    ).fetchall()
    assert comments == [("Its name.",)]


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("select src.name as name from companies as src limit 3", "LIMIT"),
        ("with a as (select 1) select src.name as name from companies as src", "WITH"),
        ("select distinct src.name as name from companies as src", "DISTINCT"),
        ("select max(src.name) as name from companies as src", "aggregates"),
        ("select (select 1) as name from companies as src", "a select within"),
        ("select src.name as name from companies as c", 'from "companies" as src'),
        ("select src.name as name from owners as src", 'from "companies" as src'),
        ("select src.name as name from companies as src join owners as o on o.id = src.owner", "left join"),
        ("select * from companies as src", "name each column"),
        ("select src.a as name, src.b as name from companies as src", "filled twice"),
        ("select upper(src.a) from companies as src", "has no name"),
        ("select src.a as nmae from companies as src", "no column nmae"),
        ("select from where", "is not SQL"),
        ("select src.name as name from companies as src -- x\n-- custom: some", "custom: some"),
        ("select 1 as name from companies as src union select 2", "exactly one select"),
    ],
)
def test_a_staging_file_that_breaks_the_rules_is_refused_by_name(sql: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_models(CONTRACTS, {("hub", "accounts.companies"): sql})
    assert problem in str(error.value)
    assert "transforms/staging/hub/accounts.companies.sql" in str(error.value)


def test_a_reference_to_an_entity_of_several_objects_must_say_which(work: Work) -> None:
    staging = {**STAGING, ("hub", "users.tasks"): "select src.a as name from tasks as src"}
    with pytest.raises(ConfigError, match=r"ref\(users, <object>, <key>\); there are: owners, tasks"):
        work.transform(models=read_models(CONTRACTS, staging))


def test_all_problems_of_all_files_are_told_at_once() -> None:
    staging = {("hub", "accounts.companies"): "select", ("hub", "nothing.companies"): "select 1 as a from x as src"}
    with pytest.raises(ConfigError) as error:
        read_models({**CONTRACTS, "users": "entity: users\ncolumns: {a: {type: word}}"}, staging)
    assert len(error.value.problems) >= 3


def test_a_table_that_loses_most_of_its_rows_or_is_stale_warns(work: Work) -> None:
    contract = CONTRACTS["users"].replace("columns:", "checks: [{shrinks: 50%}, {fresh: 30d}], columns:")
    work.models = read_models({**CONTRACTS, "users": contract}, STAGING)
    for key in "1234":
        work.put("owners", key, id=key, email=key)
    work.db.execute("UPDATE raw.crm__owners SET _read_at = now()")
    assert [str(each) for each in work.transform().entities[-1].warnings] == []
    for key in "123":
        work.tombstone("owners", key, "run2")
    shrunk = [str(each) for each in work.transform("run2").entities[-1].warnings]
    assert shrunk == ["users: more than 50% of the live rows left at once: 3 rows, such as 4 before, 1 now"]
    work.db.execute("UPDATE raw.crm__owners SET _read_at = now() - INTERVAL 40 DAY, _run_id = 'run3'")
    work.db.execute("UPDATE raw.crm__owners SET email = 'new'")
    stale = [each.check for each in work.transform("run3").entities[-1].warnings]
    assert stale == ["nothing was read or changed for 30d"]
