"""What came, went and changed its type between two discoveries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backhaul.discovery.cache import schema_of
from backhaul.discovery.drift import drift_between
from backhaul.protocol.connection import Connection
from backhaul.protocol.schema import Field, ObjectSchema, Schema, Type
from backhaul.sandbox.server import Running
from backhaul.state.schemas import Drift, Schemas

Start = Callable[..., Running]
Connect = Callable[[Running], Connection]
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], tuple[str, str, str]]] = {
    "hubspot": (
        "companies",
        {"name": "score", "type": "number", "fieldType": "number"},
        {"name": "score", "type": "string", "fieldType": "text"},
        ("score", "decimal", "text"),
    ),
    "salesforce": (
        "Account",
        {"name": "Score__c", "type": "double"},
        {"name": "Score__c", "type": "string"},
        ("Score__c", "decimal", "text"),
    ),
    "netsuite": (
        "customer",
        {"name": "custentity_score", "type": "float"},
        {"name": "custentity_score", "type": "text"},
        ("custentity_score", "decimal", "text"),
    ),
}


def schema(**objects: dict[str, Type]) -> Schema:
    made = {
        name: ObjectSchema(name, ("id",), {field: Field(field, kind) for field, kind in fields.items()})
        for name, fields in objects.items()
    }
    return Schema("crm", made, "", "2026-01-01T00:00:00+00:00")


def test_fields_that_came_went_and_changed_are_told_apart() -> None:
    before = schema(deals={"id": "text", "amount": "integer", "gone": "text"})
    after = schema(deals={"id": "text", "amount": "decimal", "new": "date"})
    assert drift_between(before, after, "r2") == [
        Drift("deals", "amount", "retyped", "integer", "decimal", "r2"),
        Drift("deals", "new", "added", "", "date", "r2"),
        Drift("deals", "gone", "removed", "text", "", "r2"),
    ]


def test_an_object_that_is_looked_at_for_the_first_time_is_no_drift() -> None:
    assert drift_between(schema(deals={"id": "text"}), schema(leads={"id": "text"})) == []


def test_labels_and_options_are_no_drift() -> None:
    one, other = schema(deals={"id": "text"}), schema(deals={"id": "text"})
    relabelled = ObjectSchema("deals", ("id",), {"id": Field("id", "text", label="Key", options=("a",))})
    assert drift_between(one, Schema("crm", {"deals": relabelled}, "", other.discovered_at)) == []


@pytest.mark.parametrize("source", CASES)
def test_a_field_added_retyped_and_removed_at_the_vendor_is_recorded_each_time(
    source: str, simulator: Start, connect: Connect, schemas: Schemas
) -> None:
    name, added, retyped, (field, was, became) = CASES[source]
    vendor = simulator(source)
    connection = connect(vendor)

    def look(run: str) -> list[Drift]:
        return schema_of(connection, schemas, [name], run=run, force=True)[1]

    assert look("r1") == []
    vendor.mutate("add_field", name, values=added)
    assert look("r2") == [Drift(name, field, "added", "", was, "r2")]
    vendor.mutate("retype_field", name, values=retyped)
    assert look("r3") == [Drift(name, field, "retyped", was, became, "r3")]
    vendor.mutate("remove_field", name, values={"name": field})
    assert look("r4") == [Drift(name, field, "removed", became, "", "r4")]
    assert look("r5") == []
    assert [(each.change, each.run) for each in schemas.drift("acme", "crm")] == [
        ("removed", "r4"),
        ("retyped", "r3"),
        ("added", "r2"),
    ]
