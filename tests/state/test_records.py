"""What the store remembers: runs, usage, connections, schemas."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backhaul.state.connections import Connections
from backhaul.state.runs import Runs, new_run_id
from backhaul.state.schemas import Drift, Schemas
from backhaul.state.store import ControlStore
from backhaul.state.usage import Usage, UsageDay


@pytest.fixture
def store(place: Path | str) -> Iterator[ControlStore]:
    with ControlStore(place) as opened:
        yield opened


def test_a_run_is_listed_with_its_figures_and_end(store: ControlStore) -> None:
    runs = Runs(store)
    first = runs.start("acme", "sync")
    runs.note(first, {"crm.contacts": {"read": 10}})
    second = runs.start("globex", "push")
    running = runs.get(first)
    assert running is not None
    assert (running.status, running.figures, running.finished_at) == ("running", {"crm.contacts": {"read": 10}}, None)
    runs.finish(first, "partial", {"crm.contacts": {"read": 12}}, error="one object failed")
    runs.finish(second, "done")
    assert [run.id for run in runs.latest()] == [second, first]
    (found,) = runs.latest("acme", kind="sync")
    assert (found.status, found.figures, found.error) == (
        "partial",
        {"crm.contacts": {"read": 12}},
        "one object failed",
    )
    assert found.finished_at is not None
    assert runs.latest("nobody") == []
    assert runs.get("none") is None


def test_run_ids_sort_by_time_and_never_repeat() -> None:
    assert len({new_run_id(5.0) for _ in range(100)}) == 100
    assert new_run_id(1.0) < new_run_id(1.002) < new_run_id(2_000_000_000.0)


def test_usage_of_many_threads_adds_up(store: ControlStore) -> None:
    usage = Usage(store, lambda: datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())

    def work(_: int) -> None:
        meter = usage.meter("acme", "crm")
        meter.count(requests=1, bytes=100)
        meter.count(retries=1, throttled=1, waited=0.5)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(200)))
        usage.flush()
        list(pool.map(work, range(200)))
    usage.meter("globex", "crm").count(requests=1)
    usage.flush()
    usage.flush()
    assert usage.days("acme") == [UsageDay("2026-03-01", "acme", "crm", 400, 40_000, 400, 400, 200.0)]
    assert [day.customer for day in usage.days()] == ["acme", "globex"]
    assert usage.days(since="2026-03-02") == []


def test_closing_the_store_writes_what_was_counted(place: Path | str) -> None:
    with ControlStore(place) as store:
        Usage(store).meter("acme", "crm").count(requests=3)
    with ControlStore(place) as store:
        assert [day.requests for day in Usage(store).days()] == [3]


def test_a_connections_state_follows_probes_and_refusals(store: ControlStore) -> None:
    time = [1000.0]
    connections = Connections(store, lambda: time[0])
    assert connections.get("acme", "crm") is None
    connections.probed("acme", "crm", "123", {"time_zone": "Europe/Berlin"})
    time[0] = 2000.0
    connections.probed("acme", "crm", "123", {"time_zone": "Europe/Paris"})
    state = connections.get("acme", "crm")
    assert state is not None
    assert (state.status, state.account, state.facts) == ("ok", "123", {"time_zone": "Europe/Paris"})
    assert state.since.timestamp() == 1000.0
    assert state.probed_at is not None
    assert state.probed_at.timestamp() == 2000.0
    time[0] = 3000.0
    connections.needs_reauth("acme", "crm", "token revoked")
    state = connections.get("acme", "crm")
    assert state is not None
    assert (state.status, state.since.timestamp(), state.reason, state.account) == (
        "needs_reauth",
        3000.0,
        "token revoked",
        "123",
    )
    connections.needs_reauth("globex", "crm", "never worked")
    assert [state.customer for state in connections.all()] == ["acme", "globex"]
    assert [state.customer for state in connections.all("acme")] == ["acme"]


def test_an_older_due_time_never_takes_a_newers_place(store: ControlStore) -> None:
    connections = Connections(store)
    assert connections.last_due("acme", "crm") is None
    later, earlier = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    connections.served("acme", "crm", later)
    connections.served("acme", "crm", earlier)
    assert connections.last_due("acme", "crm") == later


def test_schemas_are_kept_by_fingerprint_with_their_drift(store: ControlStore) -> None:
    time = [1000.0]
    schemas = Schemas(store, lambda: time[0])
    assert schemas.latest("acme", "crm") is None
    schemas.put("acme", "crm", "f1", "{}")
    time[0] = 2000.0
    drift = (
        Drift("contacts", "tier__c", "added", after="text", run="r1"),
        Drift("contacts", "age", "retyped", before="integer", after="text", run="r1"),
    )
    schemas.put("acme", "crm", "f2", '{"a":1}', drift)
    latest = schemas.latest("acme", "crm")
    assert latest is not None
    assert (latest.fingerprint, latest.body) == ("f2", '{"a":1}')
    time[0] = 3000.0
    schemas.note_drift("acme", "crm", [Drift("deals", "", "removed")])
    found = schemas.drift("acme", "crm")
    assert [(each.object, each.field, each.change) for each in found] == [
        ("deals", "", "removed"),
        ("contacts", "age", "retyped"),
        ("contacts", "tier__c", "added"),
    ]
    assert [each.object for each in schemas.drift("acme", "crm", datetime.fromtimestamp(2500, UTC))] == ["deals"]
    time[0] = 4000.0
    schemas.put("acme", "crm", "f1", "{}")
    latest = schemas.latest("acme", "crm")
    assert latest is not None
    assert latest.fingerprint == "f1"
