"""The census: every key at the vendor against every row here, with its guard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.conftest import Bench

OBJECTS = {"hubspot": "companies", "salesforce": "Account", "netsuite": "customer"}
KEYS = {"hubspot": "id", "salesforce": "Id", "netsuite": "id"}


def live(made: Bench, name: str) -> set[str]:
    return {key for key, gone in made.raw(f"crm__{name}", "_key, _deleted_at") if gone is None}


@pytest.mark.parametrize("source", list(OBJECTS))
def test_what_left_without_a_trace_is_found_by_the_census_alone(source: str, bench: Callable[..., Bench]) -> None:
    name = OBJECTS[source]
    made = bench(crm=(source, {name: {}}))
    vendor = made.simulators["crm"]
    assert made.acme.sync().exit_code == 0
    ids = sorted(str(each[KEYS[source]]) for each in vendor.dump(name) if not each.get("_deleted"))
    vendor.mutate("purge", name, ids[7])
    vendor.advance(3600)
    assert made.acme.sync(check_deletes=True).exit_code == 0
    if source != "netsuite":  # there deletedrecord may tell of it
        assert ids[7] in live(made, name)
    report = made.acme.sync(census=True)
    assert report.exit_code == 0, report.all_failures
    assert live(made, name) == set(ids) - {ids[7]}


def test_a_census_that_would_delete_much_stops_for_a_person(bench: Callable[..., Bench]) -> None:
    made = bench(crm=("salesforce", {"Account": {}}))
    vendor = made.simulators["crm"]
    made.acme.sync()
    ids = sorted(str(each["Id"]) for each in vendor.dump("Account"))
    vendor.mutate_all([{"op": "purge", "object": "Account", "id": key, "values": {}} for key in ids[:30]])
    vendor.advance(3600)
    report = made.acme.sync(census=True)
    (failure,) = report.all_failures
    assert failure.object == "Account"
    assert "30 of 176" in failure.what
    assert "--approve-deletes" in failure.next_step
    assert len(live(made, "Account")) == 176
    report = made.acme.sync(census=True, approve_deletes=True)
    assert report.exit_code == 0, report.all_failures
    assert live(made, "Account") == set(ids[30:])
