"""However raw tables change between transforms, the entities are what a build from nothing gives; and cheap."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from workdb import CONTRACTS, STAGING, Work

from backhaul.transform.models import Models, read_models

MUTATIONS = int(os.environ.get("BACKHAUL_MUTATIONS", "15"))
ENTITIES = ("accounts", "users", "links")
KEYS = st.sampled_from("12345")
RUNS = st.sampled_from(["run1", "run2", "run3"])
VALUES = {
    "companies": st.fixed_dictionaries(
        {
            "name": st.sampled_from(["A", "B"]),
            "owner": st.one_of(st.none(), KEYS),
            "headcount": st.sampled_from(["1", "2", "x"]),
            "arr__c": st.one_of(st.none(), st.sampled_from(["1", "y"])),
        }
    ),
    # two owners may share an id: the join then finds several rows
    "owners": st.fixed_dictionaries(
        {"id": st.sampled_from(["1", "2"]), "email": st.sampled_from(["a", "b"]), "region": st.sampled_from(["n", "s"])}
    ),
    "tasks": st.fixed_dictionaries(
        {"a": st.one_of(st.none(), KEYS), "b": st.one_of(st.none(), KEYS), "hidden": st.booleans()}
    ),
}
# several raw rows may claim one id: one of them is kept, and always the same one
RIVALS = {
    ("hub", "users.owners"): "select src.id as source_id, src.email as name, src.email as email from owners as src"
}
TABLES = st.sampled_from(sorted(VALUES))


def state(work: Work) -> dict[str, Any]:
    rejects = work.db.execute(
        'SELECT entity, object, key, "column", raw_text FROM meta.rejects ORDER BY ALL'
    ).fetchall()
    return {"rejects": rejects, **{entity: work.dump(entity) for entity in ENTITIES}}


def from_nothing(work: Work) -> dict[str, Any]:
    work.db.execute("BEGIN; DROP SCHEMA entities CASCADE; DROP SCHEMA meta CASCADE")
    work.db.execute("COMMIT")
    work.transform()
    return state(work)


class Customer(RuleBasedStateMachine):
    """Edits in any order, by new and by old runs, with transforms in between."""

    def __init__(self) -> None:
        super().__init__()
        self.work = Work().standard()

    @initialize(rivals=st.booleans())
    def choose_models(self, rivals: bool) -> None:
        if rivals:
            self.work.models = read_models(CONTRACTS, {**STAGING, **RIVALS})

    @rule(table=TABLES, key=KEYS, run=RUNS, data=st.data())
    def load(self, table: str, key: str, run: str, data: st.DataObject) -> None:
        self.work.put(table, key, run=run, **data.draw(VALUES[table]))

    @rule(table=TABLES, key=KEYS, run=RUNS)
    def read_again(self, table: str, key: str, run: str) -> None:
        self.work.read_again(table, key, run)

    @rule(table=TABLES, key=KEYS, run=RUNS)
    def delete_at_the_vendor(self, table: str, key: str, run: str) -> None:
        self.work.tombstone(table, key, run)

    @rule(table=TABLES, key=KEYS)
    def drop_the_raw_row(self, table: str, key: str) -> None:
        self.work.drop(table, key)

    @rule(how=st.sampled_from([None, "to_decimal(arr__c)", "revenue"]))
    def change_the_mapping(self, how: str | None) -> None:
        self.work.mappings = {"accounts": {"crm": {"annual_revenue": how}}} if how else {}

    @rule(run=RUNS)
    def transform(self, run: str) -> None:
        self.work.transform(run)

    @precondition(lambda self: self.work.db.execute("SELECT count(*) FROM duckdb_schemas() WHERE schema_name = 'meta'"
                                                    ).fetchone() != (0,))  # fmt: skip
    @invariant()
    def ids_are_unique(self) -> None:
        for entity in ENTITIES:
            ids = [row[0] for row in self.work.rows(entity, "id")]
            assert len(ids) == len(set(ids))

    def teardown(self) -> None:
        self.work.transform("last")
        incremental = state(self.work)
        assert incremental == from_nothing(self.work)
        self.work.db.close()


# `make shape` asks for 200, in fewer examples
Customer.TestCase.settings = settings(
    max_examples=20 if MUTATIONS < 100 else 4,
    stateful_step_count=MUTATIONS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestIncrementalIsFull = Customer.TestCase


@pytest.fixture
def filled(work: Work) -> Work:
    for key in "123":
        work.put("owners", key, id=key, email=f"{key}@example.com", region="north")
        work.put("companies", key, name=f"N{key}", owner=key)
    work.transform()
    return work


def written(work: Work, run: str = "run2", **options: Any) -> dict[str, tuple[int, int]]:
    return {
        each.name: (each.changed, each.removed)
        for each in work.transform(run, **options).entities
        if each.changed or each.removed
    }


def test_nothing_new_writes_nothing(filled: Work) -> None:
    before = filled.db.execute("SELECT seq FROM meta.work").fetchall()
    assert written(filled) == {}
    assert filled.db.execute("SELECT seq FROM meta.work").fetchall() == before


def test_only_the_row_that_changed_is_written(filled: Work) -> None:
    filled.put("companies", "2", run="run2", name="Other", owner="2")
    assert written(filled) == {"accounts": (1, 0)}


def test_a_row_read_again_unchanged_is_not_written(filled: Work) -> None:
    filled.put("companies", "2", run="run2", name="N2", owner="2")
    updated = filled.rows("accounts", "source_updated_at")
    filled.read_again("companies", "1", "run2")
    assert written(filled) == {"accounts": (1, 0)}, "only company 2, whose change time moved"
    assert filled.rows("accounts", "source_updated_at") != updated
    assert written(filled, "run3") == {}


def test_a_late_part_of_an_old_run_is_seen(filled: Work) -> None:
    filled.put("companies", "9", run="run1", name="Late")
    assert written(filled) == {"accounts": (1, 0)}


def test_a_deleted_record_stays_with_its_values_and_comes_back_when_restored(filled: Work) -> None:
    filled.tombstone("companies", "2", "run2")
    assert written(filled) == {"accounts": (1, 0)}
    assert filled.rows("accounts", "name, is_deleted")[1] == ("N2", True)
    filled.put("companies", "2", run="run3", name="N2", owner="2")
    assert written(filled, "run3") == {"accounts": (1, 0)}
    assert filled.rows("accounts", "name, is_deleted")[1] == ("N2", False)


def test_a_raw_row_that_is_gone_takes_its_row_along(filled: Work) -> None:
    filled.drop("companies", "2")
    assert written(filled) == {"accounts": (0, 1)}
    assert filled.db.execute("SELECT entity, id FROM meta.removed").fetchall() == [("accounts", "crm:companies:2")]


def test_a_change_in_a_joined_object_reaches_the_rows_that_join_it_and_no_others(filled: Work) -> None:
    filled.put("owners", "2", run="run2", id="2", email="2@example.com", region="south")
    assert written(filled)["accounts"] == (1, 0)
    assert [row[0] for row in filled.rows("accounts", "region")] == ["north", "south", "north"]


def test_a_changed_mapping_derives_all_rows_again_and_a_taken_back_one_too(filled: Work) -> None:
    for key in "123":
        filled.put("companies", key, run="run2", name=f"N{key}", owner=key, arr__c=f"{key}00", revenue=1)
    filled.transform("run2")
    before = filled.dump("accounts")
    filled.mappings = {"accounts": {"crm": {"annual_revenue": "to_decimal(arr__c)"}}}
    assert written(filled, "run3") == {"accounts": (3, 0)}
    assert [int(row[0]) for row in filled.rows("accounts", "annual_revenue")] == [100, 200, 300]
    filled.mappings = {}
    assert written(filled, "run4") == {"accounts": (3, 0)}
    assert filled.dump("accounts") == before


def test_a_new_raw_column_that_changes_no_value_writes_nothing(filled: Work) -> None:
    filled.db.execute('ALTER TABLE raw."crm__companies" ADD COLUMN new__c VARCHAR')
    filled.fields["companies"] += (type(filled.fields["companies"][0])("new__c", "text", True),)
    assert written(filled) == {}
    filled.put("companies", "1", run="run3", name="N1", owner="1", new__c="x")
    filled.transform("run3")
    assert filled.rows("accounts", "custom")[0] == ('{"new__c":"x"}',)


def test_a_full_transform_looks_at_everything_and_writes_what_differs(filled: Work) -> None:
    filled.db.execute("UPDATE entities.accounts SET name = 'spoilt', _hash = 0 WHERE source_id = '1'")
    assert written(filled) == {}
    assert written(filled, full=True) == {"accounts": (1, 0)}
    assert filled.rows("accounts", "name")[0] == ("N1",)


def test_a_connection_that_left_the_pipeline_takes_its_rows_along(filled: Work) -> None:
    filled.fields = {}
    filled.db.execute('DROP TABLE raw."crm__companies"')
    assert written(filled) == {"accounts": (0, 3)}
    assert filled.rows("accounts") == []


def test_a_failing_slice_leaves_the_entities_as_they_were(filled: Work) -> None:
    before = filled.dump("accounts")
    filled.put("companies", "1", run="run2", name="Changed", owner="1")
    filled.mappings = {"accounts": {"crm": {"region": "chr(-5 - length(name))"}}}
    with pytest.raises(Exception, match="accounts"):
        filled.transform("run2")
    assert filled.dump("accounts") == before
    filled.mappings = {}
    assert written(filled, "run3") == {"accounts": (1, 0)}


def test_a_transform_with_nothing_new_parses_no_model_and_tells_the_same(filled: Work) -> None:
    filled.db.execute('ALTER TABLE raw."crm__companies" DROP revenue')
    first = filled.transform("run2")
    models = Models(CONTRACTS, STAGING)
    again = filled.transform("run3", models=models)
    assert "_parsed" not in vars(models)
    assert [(each.name, each.rows) for each in again.entities] == sorted((e.name, e.rows) for e in first.entities)
    assert again.missing == first.missing != ()
    filled.put("tasks", "1", run="run4", a="1")
    assert {each.name: each.changed for each in filled.transform("run4", models=models).entities}["links"] == 1
