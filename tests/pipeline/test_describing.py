"""What a published snapshot of real systems says of its tables and columns."""

from __future__ import annotations

from collections.abc import Callable

from tests.conftest import Bench

from backhaul.pipeline.describing import _field
from backhaul.protocol.schema import Field

NAMELESS = (
    "select table_name, column_name from duckdb_columns() where not internal and comment is null"
    " union all select table_name, '*' from duckdb_tables() where not internal and comment is null"
)


def test_no_published_table_or_column_is_without_a_comment(has_run: Callable[..., Bench]) -> None:
    made = has_run(
        crm=("hubspot", {"companies": {}, "deals": {}}),
        erp=("netsuite", {"customer": {}, "invoice": {}, "invoice_lines": {}}),
    )
    assert made.acme.query(NAMELESS).rows == ()
    assert made.acme.query(NAMELESS, raw=True).rows == ()


def test_a_raw_column_has_the_label_and_type_that_discovery_heard(has_run: Callable[..., Bench]) -> None:
    made = has_run(crm=("salesforce", {"Account": {}}))
    found = dict(
        made.acme.query(
            "select column_name, comment from duckdb_columns() where table_name = 'crm__Account'", raw=True
        ).rows
    )
    assert found["ParentId"] == "Parent ID. reference to Account"
    assert found["Type"].startswith("A field of type picklist: one of Customer - ")


def test_words_are_the_label_the_description_and_the_type() -> None:
    told = {
        Field("arr__c", "decimal", "number", label="ARR", description="Yearly revenue.", custom=True):
            "ARR: Yearly revenue. number, their own field",
        Field("tier", "text", "enumeration", label="Tier", options=("b", "a")): "Tier. enumeration: one of a, b",
        Field("x", "text"): "A field of type text.",
        Field("x", "text", label="x", description="Why?"): "Why? text",
    }  # fmt: skip
    for field, words in told.items():
        assert _field(field) == words
    long = _field(Field("x", "text", "string", description="long " * 400))
    assert len(long) < 450
    assert long.endswith("... string")
