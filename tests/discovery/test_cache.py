"""The schema at hand: used while it is young and whole, asked for anew otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from backhaul.discovery import cache
from backhaul.discovery.cache import distrust, known_schema, leave_out, schema_of, with_definition
from backhaul.protocol.connection import Connection
from backhaul.sandbox.server import Running
from backhaul.state.schemas import Schemas

Start = Callable[..., Running]
Connect = Callable[[Running], Connection]


def asked(vendor: Running, since: int = 0) -> int:
    return sum(entry["path"].startswith("/crm/v3/properties") for entry in vendor.received(since))


def test_a_young_schema_is_not_asked_for_again(simulator: Start, connect: Connect, schemas: Schemas) -> None:
    vendor = simulator("hubspot")
    connection = connect(vendor)
    first, _, _ = schema_of(connection, schemas, ["contacts"], run="r1")
    again, drift, _ = schema_of(connection, schemas, ["contacts"], run="r2")
    assert asked(vendor) == 1
    assert (again, drift) == (first, [])
    assert known_schema(schemas, "acme", "crm") == first


def test_an_old_schema_one_that_lacks_an_object_and_a_distrusted_one_are_asked_for(
    simulator: Start, connect: Connect, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = simulator("hubspot")
    connection = connect(vendor)
    schema_of(connection, schemas, ["contacts"], run="r1")
    both, drift, _ = schema_of(connection, schemas, ["contacts", "deals"], run="r2")
    assert set(both.objects) == {"contacts", "deals"}
    assert drift == []
    before = asked(vendor)
    distrust(schemas, "acme", "crm")
    schema_of(connection, schemas, ["contacts"], run="r3")
    assert asked(vendor) == before + 1
    monkeypatch.setattr(cache, "FRESH", timedelta(0))
    schema_of(connection, schemas, ["contacts"], run="r4")
    assert asked(vendor) == before + 2


def test_an_object_that_was_not_asked_for_now_stays_known(simulator: Start, connect: Connect, schemas: Schemas) -> None:
    connection = connect(simulator("hubspot"))
    both, _, _ = schema_of(connection, schemas, ["contacts", "deals"], run="r1")
    after, _, _ = schema_of(connection, schemas, ["contacts"], run="r2", force=True)
    assert after.objects["deals"] == both.objects["deals"]
    assert after.fingerprint == both.fingerprint


def test_an_object_that_is_no_longer_served_leaves_the_schema(
    simulator: Start, connect: Connect, schemas: Schemas
) -> None:
    vendor = simulator("hubspot")
    connection = connect(vendor)
    schema_of(connection, schemas, ["contacts", "deals"], run="r1")
    vendor.configure(missing_scopes=["crm.objects.deals.read"])
    after, _, not_served = schema_of(connection, schemas, ["contacts", "deals"], run="r2", force=True)
    assert set(after.objects) == {"contacts"}
    assert set(not_served) == {"deals"}


def test_refused_fields_are_remembered_until_a_discovery_by_hand(
    simulator: Start, connect: Connect, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connect(simulator("netsuite"))
    schema_of(connection, schemas, ["customer"], run="r1")
    leave_out(schemas, "acme", "crm", "customer", ["email"])
    leave_out(schemas, "acme", "crm", "customer", ["phone"])
    leave_out(schemas, "acme", "crm", "nothing", ["phone"])

    def refused() -> set[str]:
        known = known_schema(schemas, "acme", "crm")
        assert known is not None
        return {name for name, each in known.objects["customer"].fields.items() if not each.readable}

    assert refused() == {"email", "phone"}
    monkeypatch.setattr(cache, "FRESH", timedelta(0))
    _, drift, _ = schema_of(connection, schemas, ["customer"], run="r2")
    assert refused() == {"email", "phone"}
    assert drift == []
    schema_of(connection, schemas, ["customer"], run="r3", force=True)
    assert refused() == set()


@pytest.mark.parametrize(
    ("contract", "by_hand", "marked"),
    [("evolve", False, False), ("freeze", False, True), ("discard", False, True), ("freeze", True, False),
     ("discard", True, True)],
)  # fmt: skip
def test_a_new_field_is_marked_where_the_contract_does_not_simply_take_it(
    contract: str, by_hand: bool, marked: bool, simulator: Start, connect: Connect, schemas: Schemas,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(cache, "FRESH", timedelta(0))
    vendor = simulator("hubspot")
    connection = connect(vendor)
    contracts = {"deals": contract}
    schema_of(connection, schemas, ["deals"], run="r1", contracts=contracts)
    vendor.mutate("add_field", "deals", values={"name": "tier"})
    for run in ("r2", "r3"):
        now, _, _ = schema_of(connection, schemas, ["deals"], run=run, contracts=contracts, force=by_hand)
        assert now.objects["deals"].fields["tier"].new is marked
        assert not now.objects["deals"].fields["amount"].new


def test_an_edited_definition_is_read_into_the_schema_at_hand(
    simulator: Start, connect: Connect, schemas: Schemas
) -> None:
    connection = connect(simulator("hubspot"))
    known, _, _ = schema_of(connection, schemas, ["contacts"], run="r1")
    source = connection.source.model_copy(deep=True)
    contacts = source.objects["contacts"]
    changed = contacts.changed.model_copy(update={"field": "createdate"})
    source.objects["contacts"] = contacts.model_copy(update={"changed": changed})
    assert known.objects["contacts"].change_field == "lastmodifieddate"
    assert with_definition(known, source).objects["contacts"].change_field == "createdate"


def test_a_schema_survives_being_kept(simulator: Start, connect: Connect, schemas: Schemas) -> None:
    found, _, _ = schema_of(connect(simulator("salesforce")), schemas, ["Account", "Task"], run="r1")
    kept = known_schema(schemas, "acme", "crm")
    assert kept == found
    assert msgspec.json.encode(kept) == msgspec.json.encode(found)
    assert datetime.fromisoformat(found.discovered_at) <= datetime.now(UTC)
    assert replace(found, fingerprint="") != found
