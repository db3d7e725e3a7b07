"""Pages become batches: keys, flags, merges, what is private, what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhaul.config.calls import Values
from backhaul.config.objects import ObjectDefinition
from backhaul.config.pipeline import ObjectChoice
from backhaul.extract.batches import (
    Batch,
    Shape,
    batch_of,
    batch_of_pages,
    can_join,
    deletes_table,
)
from backhaul.extract.privacy import kept_fields
from backhaul.extract.task import Task
from backhaul.protocol.keys import escape, join_key, unescape
from backhaul.protocol.reads import Page
from backhaul.protocol.schema import Field, ObjectSchema, Type

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 6, 1, 13, tzinfo=UTC)
HASH_KEY = b"k" * 32


def page(columns: Mapping[str, Any], exact: Mapping[str, Any] | None = None) -> Page:
    rows = len(next(iter(columns.values())))
    return Page(columns, rows, None, None, AT, None, 0, lambda: exact or columns, dict)


def task_of(
    fields: dict[str, Type],
    *,
    key: tuple[str, ...] = ("id",),
    change_field: str | None = None,
    deletes: list[dict[str, Any]] | None = None,
    private: dict[str, str] | None = None,
) -> tuple[Task, Shape]:
    made = {name: Field(name, kind) for name, kind in fields.items()}
    schema = ObjectSchema("things", key, made, change_field=change_field)
    definition = ObjectDefinition.model_validate({"key": list(key), "deletes": deletes or []})
    choice = ObjectChoice.model_validate({"private": private or {}})
    task = Task(schema, definition, choice, tuple(made.values()))
    shape = Shape(
        connection="crm",
        object="things",
        fields=kept_fields(task.fields, choice.private),
        key=key,
        change_field=change_field,
        private=choice.private,
        hash_key=HASH_KEY,
        values=Values(),
        zone="UTC",
        run_id="r1",
        child=False,
    )
    return task, shape


def batch(columns: Mapping[str, Any], task: Task, shape: Shape, **more: Any) -> Batch:
    return batch_of(page(columns), shape, task, read_at=AT, **more)


def column(made: Batch, name: str) -> list[Any]:
    return list(made.rows.column(name).to_pylist())


PARTS = st.text(st.sampled_from("a:\\b"), max_size=4)


@given(st.lists(PARTS, min_size=1, max_size=3), st.lists(PARTS, min_size=1, max_size=3))
def test_joined_keys_are_the_same_only_where_their_parts_are(one: list[str], other: list[str]) -> None:
    assert (join_key(one) == join_key(other)) == (one == other)


@given(PARTS)
def test_an_escaped_part_comes_back(part: str) -> None:
    assert unescape(escape(part)) == part


def test_a_row_has_its_fields_and_the_systems_columns() -> None:
    task, shape = task_of({"id": "text", "amount": "decimal", "at": "timestamp"}, change_field="at")
    made = batch({"id": ["7"], "amount": [1.5], "at": ["2026-05-01T00:00:00Z"]}, task, shape)
    assert made.rows.to_pylist() == [
        {
            "id": "7",
            "amount": Decimal("1.5"),
            "at": datetime(2026, 5, 1, tzinfo=UTC),
            "_key": "7",
            "_changed_at": datetime(2026, 5, 1, tzinfo=UTC),
            "_read_at": AT,
            "_deleted_at": None,
            "_merged_into": None,
            "_run_id": "r1",
        }
    ]
    assert made.rejects is None
    assert made.deletes is None


def test_keys_of_several_parts_are_joined_and_escaped() -> None:
    task, shape = task_of({"type": "text", "id": "text"}, key=("type", "id"))
    made = batch({"type": ["a:b", "c"], "id": ["1", "d\\e"]}, task, shape)
    assert column(made, "_key") == ["a\\:b:1", "c:d\\\\e"]


def test_a_single_key_is_escaped_too() -> None:
    task, shape = task_of({"id": "text"})
    assert column(batch({"id": ["1", "a:b"]}, task, shape), "_key") == ["1", "a\\:b"]
    assert column(batch({"id": [17, "18"]}, task, shape), "_key") == ["17", "18"]


def test_a_record_without_its_key_is_a_reject_and_the_others_land() -> None:
    task, shape = task_of({"type": "text", "id": "text"}, key=("type", "id"))
    made = batch({"type": ["a", "b", "c"], "id": ["1", None, "3"]}, task, shape)
    assert column(made, "_key") == ["a:1", "c:3"]
    assert made.rejects is not None
    assert [(row["key"], row["field"], row["reason"]) for row in made.rejects.to_pylist()] == [
        (None, "type,id", "the record has no key")
    ]


def test_a_value_that_does_not_fit_is_a_reject_and_its_record_lands() -> None:
    task, shape = task_of({"id": "text", "count": "integer"})
    made = batch({"id": ["1", "2"], "count": ["7", "many"]}, task, shape)
    assert column(made, "count") == [7, None]
    assert made.rejects is not None
    assert made.rejects.to_pylist() == [
        {
            "connection": "crm",
            "object": "things",
            "key": "2",
            "field": "count",
            "raw_text": "many",
            "reason": "is no integer",
            "run_id": "r1",
            "rejected_at": AT,
        }
    ]


def test_a_field_that_the_page_lacks_is_null() -> None:
    task, shape = task_of({"id": "text", "tier": "text"})
    assert column(batch({"id": ["1"]}, task, shape), "tier") == [None]


def test_numbers_that_floats_do_not_keep_are_taken_from_the_exact_page() -> None:
    task, shape = task_of({"id": "text", "amount": "decimal"})
    loose = {"id": ["1"], "amount": [12345678901234567.0]}
    exact = {"id": ["1"], "amount": [Decimal("12345678901234567.25")]}
    made = batch_of(page(loose, exact), shape, task, read_at=AT)
    assert column(made, "amount") == [Decimal("12345678901234567.25")]


def test_pages_that_are_typed_together_keep_their_own_times() -> None:
    task, shape = task_of({"id": "text", "tier": "text"})
    pages = [page({"id": ["1", "2"], "tier": ["a", "b"]}), page({"id": ["3"]})]
    made = batch_of_pages(pages, [AT, LATER], shape, task)
    assert column(made, "_key") == ["1", "2", "3"]
    assert column(made, "_read_at") == [AT, AT, LATER]
    assert column(made, "tier") == ["a", "b", None]
    assert can_join(pages[0])
    assert not can_join(page({"id": pa.chunked_array([pa.array(["1"])])}))


FLAGS = [
    {"type": "merge", "loser": "id", "winner": "master", "when": {"deleted": True, "master": {"not": None}}},
    {"type": "flag", "when": {"deleted": True}},
]


@pytest.mark.parametrize("csv", [False, True])
def test_a_records_own_flags_say_that_it_is_deleted_and_into_what_it_was_merged(csv: bool) -> None:
    task, shape = task_of({"id": "text", "name": "text", "at": "timestamp"}, change_field="at", deletes=FLAGS)
    times = ["2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z", None]
    columns: dict[str, Any] = {"id": ["1", "2", "3"], "name": ["a", "b", "c"], "at": times}
    columns |= {"deleted": [True, False, True], "master": ["a:b", None, None]}
    if csv:
        # as CSV spells it
        texts = {**columns, "deleted": ["true", "false", "true"]}
        columns = {name: pa.chunked_array([pa.array(values, pa.string())]) for name, values in texts.items()}
        task, shape = task_of(
            {"id": "text", "name": "text", "at": "timestamp"},
            change_field="at",
            deletes=[
                {**FLAGS[0], "when": {"deleted": "true", "master": {"not": None}}},
                {"type": "flag", "when": {"deleted": "true"}},
            ],
        )
    made = batch(columns, task, shape)
    assert column(made, "_deleted_at") == [datetime(2026, 5, 1, tzinfo=UTC), None, AT]
    assert column(made, "_merged_into") == ["a\\:b", None, None]


def test_csvs_spelling_of_true_meets_a_condition_on_true() -> None:
    task, shape = task_of({"id": "text", "name": "text"}, deletes=[{"type": "flag", "when": {"deleted": True}}])
    columns = {
        "id": pa.chunked_array([pa.array(["1", "2"])]),
        "name": pa.chunked_array([pa.array(["a", "b"])]),
        "deleted": pa.chunked_array([pa.array(["true", "false"])]),
    }
    assert column(batch(columns, task, shape), "_deleted_at") == [AT, None]


def test_a_flag_may_say_when() -> None:
    task, shape = task_of(
        {"id": "text", "name": "text"}, deletes=[{"type": "flag", "when": {"gone": True}, "at": "gone_at"}]
    )
    made = batch({"id": ["1"], "name": ["a"], "gone": [True], "gone_at": ["2026-04-01T00:00:00Z"]}, task, shape)
    assert column(made, "_deleted_at") == [datetime(2026, 4, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("keys", "gone", "names", "rows", "tombstones"),
    [
        (["1", "2"], [True, None], [None, "b"], ["2"], ["1"]),
        (["1", "1"], [True, None], [None, "a"], ["1"], []),
        (["1", "1"], [None, True], ["a", None], ["1"], ["1"]),
        (["1", "2"], [True, True], ["a", None], ["1"], ["2"]),
    ],
)
def test_a_deleted_record_that_brings_nothing_but_its_key_is_a_tombstone(
    keys: list[str], gone: list[bool | None], names: list[str | None], rows: list[str], tombstones: list[str]
) -> None:
    task, shape = task_of({"id": "text", "name": "text"}, deletes=[{"type": "flag", "when": {"gone": {"not": None}}}])
    made = batch({"id": keys, "name": names, "gone": gone}, task, shape)
    assert column(made, "_key") == rows
    assert (
        [row["_key"] for row in made.deletes.to_pylist()] == tombstones if made.deletes is not None else not tombstones
    )


def test_a_deletion_may_name_its_record_elsewhere_than_records_do() -> None:
    flag = {"type": "flag", "when": {"reason": "deleted"}, "key": "gone"}
    task, shape = task_of({"thing_id": "text", "name": "text"}, key=("thing_id",), deletes=[flag])
    columns = {"thing_id": ["1", None], "name": ["a", None], "reason": [None, "deleted"], "gone": ["x", "2"]}
    made = batch(columns, task, shape)
    assert column(made, "_key") == ["1"], "a record's own key is never replaced"
    assert made.deletes is not None
    assert [row["_key"] for row in made.deletes.to_pylist()] == ["2"]
    assert made.rejects is None
    bare = batch({"name": [None], "reason": ["deleted"], "gone": ["3"]}, task, shape)
    assert bare.deletes is not None, "the page has no column for the key at all"


@pytest.mark.parametrize(
    ("split", "named", "losers"),
    [(";", "2; 3;", ["2", "3"]), (None, "2", ["2"]), (";", "1;4", ["4"]), (";", "", []), (";", None, [])],
)
def test_a_winner_that_names_its_losers_leaves_tombstones(
    split: str | None, named: str | None, losers: list[str]
) -> None:
    merge = {"type": "merge", "winner": "id", "loser": "merged", "split": split}
    task, shape = task_of({"id": "text", "merged": "text"}, deletes=[merge])
    made = batch({"id": ["1", "9"], "merged": [named, None]}, task, shape)
    assert column(made, "_deleted_at") == [None, None]
    found = made.deletes.to_pylist() if made.deletes is not None else []
    assert [(row["_key"], row["_merged_into"], row["_deleted_at"]) for row in found] == [
        (loser, "1", AT) for loser in losers
    ]


def test_a_dropped_field_is_not_asked_for_and_leaves_no_column() -> None:
    task, shape = task_of({"id": "text", "phone": "text"}, private={"phone": "drop"})
    assert [each.name for each in shape.fields] == ["id"]
    made = batch({"id": ["1"], "phone": ["+44 20 7946"]}, task, shape)
    assert "phone" not in made.rows.schema.names


def test_hashed_values_stay_equal_to_their_like_and_hang_on_the_key() -> None:
    private = {"email": "hash", "amount": "hash"}
    task, shape = task_of({"id": "text", "email": "text", "amount": "decimal"}, private=private)
    columns = {"id": ["1", "2", "3"], "email": ["a@b.example", "a@b.example", None], "amount": [7, 8, None]}
    made = batch(columns, task, shape)
    first, second, none = column(made, "email")
    assert first == second != none
    assert len(first) == 64
    assert none is None
    assert len(set(column(made, "amount"))) == 3
    other = Shape(**{**{name: getattr(shape, name) for name in Shape.__dataclass_fields__}, "hash_key": b"x" * 32})
    assert column(batch(columns, task, other), "email")[0] != first
    assert "example" not in str(made.rows.to_pylist())


def test_masked_values_show_little() -> None:
    task, shape = task_of({"id": "text", "email": "text"}, private={"email": "mask"})
    made = batch({"id": ["1", "2", "3", "4"], "email": ["anna@acme.example", "+44 20", "", None]}, task, shape)
    assert column(made, "email") == ["a***@acme.example", "+***", "", None]


@pytest.mark.parametrize("how", ["hash", "mask"])
def test_a_private_value_stands_in_no_reject_either(how: str) -> None:
    task, shape = task_of({"id": "text", "born": "date", "n": "integer"}, private={"born": how})
    made = batch({"id": ["1"], "born": [["canary"]], "n": ["x"]}, task, shape)
    kept = [made.rows.to_pylist(), made.rejects.to_pylist() if made.rejects is not None else []]
    assert "canary" not in str(kept)
    assert [row["field"] for row in kept[1]] == ["n"]


def test_tombstones_hold_their_times() -> None:
    table = deletes_table(["1", "2"], [AT, LATER], LATER, "r1", ["9", None])
    assert table.to_pylist() == [
        {"_key": "1", "_deleted_at": AT, "_read_at": LATER, "_merged_into": "9", "_run_id": "r1"},
        {"_key": "2", "_deleted_at": LATER, "_read_at": LATER, "_merged_into": None, "_run_id": "r1"},
    ]
