"""Customers side by side, each apart from the others; what is due, once; watching until stopped."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backhaul.errors import Busy, ConfigError
from backhaul.fleet.outcome import Outcome
from backhaul.fleet.runs import Fleet, Job
from backhaul.fleet.status import status
from backhaul.push.counted import Standouts, standouts
from backhaul.push.ledger import Ledger, Receipt
from backhaul.sandbox.server import Running
from backhaul.telemetry.progress import Event, StageStarted
from tests.conftest import connection_to
from tests.fleet.conftest import Write

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Meeting:
    """Two customers' runs wait for each other here: they only get past it side by side."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties, timeout=60)

    def on(self, event: Event) -> None:
        if isinstance(event, StageStarted) and event.stage == "sync":
            self._barrier.wait()


def by_customer(outcomes: list[Outcome]) -> dict[str, Outcome]:
    return {each.customer: each for each in outcomes}


def test_two_customers_run_side_by_side(fleet: Fleet, write: Write, block: dict[str, Any]) -> None:
    write("acme", crm=block)
    write("globex", crm=block)
    fleet.progress = Meeting(2)
    found = by_customer(list(fleet.run([Job("acme"), Job("globex")])))
    assert {name: each.exit_code for name, each in found.items()} == {"acme": 0, "globex": 0}
    for each in found.values():
        assert each.report is not None
        assert each.report.publish is not None
    assert {path.name for path in (fleet.config.root / "published").glob("*.duckdb")} == {
        "acme.duckdb", "acme.raw.duckdb", "globex.duckdb", "globex.raw.duckdb",
    }  # fmt: skip


def test_one_customers_failure_is_not_anothers(fleet: Fleet, write: Write, block: dict[str, Any]) -> None:
    write("acme", crm=block)
    write("globex", crm={**block, "source": "nowhere"})
    write("initech", crm=block)
    with fleet.state.leases.lease("initech", run="0192"):
        found = by_customer(list(fleet.run([Job("globex"), Job("initech"), Job("acme"), Job("nobody")])))
    assert found["acme"].exit_code == 0
    assert isinstance(found["globex"].error, ConfigError)
    assert isinstance(found["initech"].error, Busy)
    assert found["nobody"].exit_code == 2
    (run,) = fleet.state.runs.latest("globex")
    assert run.status == "failed"


def test_a_bug_met_with_one_customer_stops_no_other(fleet: Fleet, write: Write, block: dict[str, Any]) -> None:
    class Broken:
        def on(self, event: Event) -> None:
            if event.customer == "globex":
                raise ZeroDivisionError("not meant to happen")

    write("acme", crm=block)
    write("globex", crm=block)
    fleet.progress = Broken()
    found = by_customer(list(fleet.run([Job("globex"), Job("acme")])))
    assert found["acme"].exit_code == 0
    assert found["globex"].error is not None
    assert "ZeroDivisionError" in found["globex"].error.what


def test_only_the_due_connections_are_read_and_each_due_time_once(
    fleet: Fleet, write: Write, hubspot: Running, block: dict[str, Any]
) -> None:
    other = connection_to(hubspot, {"pipelines": {}}, schedule="daily at 03:00")
    write("acme", crm=block, erp=other, hand={**other, "schedule": None})
    write("globex", crm={**block, "schedule": None})
    clock = [NOON]
    fleet.now = lambda: clock[0]
    (first,) = fleet.run_due()
    assert sorted(first.connections) == ["crm", "erp"]
    assert list(fleet.run_due()) == []
    clock[0] += timedelta(hours=1)
    (second,) = fleet.run_due()
    assert second.connections == ("crm",)
    assert second.report is not None
    assert second.report.sync is not None
    assert {line.connection for line in second.report.sync.lines.values()} == {"crm"}
    clock[0] = NOON.replace(day=1, month=2, hour=3)
    (third,) = fleet.run_due(["acme"])
    assert sorted(third.connections) == ["crm", "erp"]
    assert list(fleet.run_due(["globex"])) == []


def test_a_failed_run_waits_for_its_next_time_and_a_busy_one_does_not(
    fleet: Fleet, write: Write, block: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("acme", crm=block)
    with fleet.state.leases.lease("acme", run="0192"):
        (busy,) = fleet.run_due()
    assert isinstance(busy.error, Busy)
    (again,) = fleet.run_due()
    assert again.exit_code == 0
    clock = [datetime.now(UTC) + timedelta(hours=2)]
    fleet.now = lambda: clock[0]
    write("acme", crm={**block, "source": "nowhere"})
    (failed,) = fleet.run_due()
    assert failed.exit_code == 2
    assert list(fleet.run_due()) == []


def test_a_customer_that_cannot_be_read_is_an_outcome(fleet: Fleet, write: Write, block: dict[str, Any]) -> None:
    write("acme", crm=block)
    write("globex", "connections: [1,\n")
    found = by_customer(list(fleet.run_due()))
    assert found["acme"].exit_code == 0
    assert found["globex"].exit_code == 2
    states = {each.customer: each.state for each in status(fleet.config, fleet.state)}
    assert states == {"acme": "ok", "globex": "broken"}


def test_a_stopped_fleet_starts_nothing_and_serves_nothing(fleet: Fleet, write: Write, block: dict[str, Any]) -> None:
    write("acme", crm=block)
    fleet.stop.set()
    (outcome,) = fleet.run_due()
    assert (outcome.report, outcome.error) == (None, None)
    assert fleet.state.connections.last_due("acme", "crm") is None


def test_watching_runs_what_comes_due_and_notices_new_files(
    fleet: Fleet, write: Write, block: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backhaul.fleet.runs._LOOK_AGAIN", 0.2)
    write("acme", crm=block)
    write("globex", "connections: [1,\n")
    ahead = [timedelta()]
    fleet.now = lambda: datetime.now(UTC) + ahead[0]
    seen: list[str] = []
    for outcome in fleet.watch():
        seen.append(outcome.customer)
        if seen.count("acme") == 1 and "globex" in seen and ahead[0] == timedelta():
            write("globex", crm=block)  # mended: it is due at once
            ahead[0] = timedelta(hours=1)  # and acme once more
        if seen.count("acme") == 2 and seen.count("globex") == 2:
            fleet.stop.set()
    assert sorted(seen) == ["acme", "acme", "globex", "globex"]


def test_watching_looks_again_at_a_busy_customer_only_later(
    fleet: Fleet, write: Write, block: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backhaul.fleet.runs._LOOK_AGAIN", 0.1)
    write("acme", crm=block)
    write("globex", crm={**block, "schedule": "every 10s"})
    ahead = [timedelta()]
    fleet.now = lambda: datetime.now(UTC) + ahead[0]
    seen: list[Outcome] = []
    lease = fleet.state.leases.lease("acme", run="0192")
    for outcome in fleet.watch():
        seen.append(outcome)
        if outcome.customer == "globex":
            ahead[0] += timedelta(seconds=10)
        if len([each for each in seen if each.customer == "globex"]) == 2:
            fleet.stop.set()
    lease.release()
    assert len([each for each in seen if each.customer == "acme"]) == 1
    assert fleet.state.connections.last_due("acme", "crm") is None


def test_a_scheduled_push_follows_the_read_of_the_same_run_and_is_due_by_itself(
    fleet: Fleet, write: Write, hubspot: Running
) -> None:
    select = "select source_id as hs_object_id, 'by the fleet' as description from accounts order by 1 limit 2"
    push = {"words": {"to": "crm.companies", "select": select, "key": "hs_object_id", "schedule": "every 1h"}}
    crm = connection_to(hubspot, {"companies": {}}, schedule="every 6h")
    write("acme", crm=crm, extra={"push": push})
    (first,) = fleet.run_due()
    assert first.exit_code == 0
    assert [each.updated for each in first.pushes] == [2]
    assert sum(each.get("description") == "by the fleet" for each in hubspot.dump("companies")) == 2
    fleet.now = lambda: datetime.now(UTC) + timedelta(hours=1)
    (second,) = fleet.run_due()
    assert second.report is None
    assert [(each.written, each.skipped) for each in second.pushes] == [(0, 2)]
    assert list(fleet.run_due()) == []


def test_a_push_that_fails_is_told_to_the_hook(fleet: Fleet, write: Write, hubspot: Running) -> None:
    push = {"words": {"to": "crm.companies", "select": "select nonesuch from accounts", "schedule": "every 1h"}}
    crm = connection_to(hubspot, {"companies": {}}, schedule="every 6h")
    command = [sys.executable, "-c", "import sys, pathlib; pathlib.Path('heard').write_text(sys.stdin.read())"]
    write("acme", crm=crm, extra={"push": push, "on_failure": {"command": command}})
    (outcome,) = fleet.run_due()
    assert outcome.report is not None
    assert outcome.report.exit_code == 0
    assert outcome.exit_code == 2
    assert "nonesuch" in (fleet.config.root / "heard").read_text()
    assert list(fleet.run_due()) == []


def test_status_tells_what_is_known_without_asking_anybody(
    fleet: Fleet, write: Write, hubspot: Running, block: dict[str, Any]
) -> None:
    write("acme", crm=block)
    (before,) = status(fleet.config, fleet.state)
    assert (before.state, before.rows, before.last_status) == ("new", 0, "")
    assert before.next_due is not None
    list(fleet.run_due())
    asked = len(hubspot.received())
    fleet.state.usage.flush()
    (after,) = status(fleet.config, fleet.state, ["acme"])
    assert (after.state, after.last_status) == ("ok", "done")
    assert after.rows == len(hubspot.dump("owners"))
    assert after.requests_today == asked
    assert after.data_as_of is not None
    assert after.next_due is not None
    assert after.next_due > datetime.now(UTC) + timedelta(minutes=59)
    assert len(hubspot.received()) == asked
    with pytest.raises(ConfigError, match="did you mean acme"):
        status(fleet.config, fleet.state, ["acmee"])


def test_what_stands_out_in_a_ledger_is_told_without_disturbing_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    assert standouts(path) == Standouts()
    refused = Receipt("row-1", "refused", message="no such field")
    with Ledger(path) as ledger:
        target = ledger.target("crm", "companies", "health")
        ledger.dead.keep(target, "0192", [(refused, {"name": "x"}, 1)], "scheme")
        ledger.standing.pause("health", "ann", "")
        assert standouts(path) == Standouts({"crm": 1}, {}, frozenset({"health"}))
    path.write_bytes(b"no ledger at all")
    assert standouts(path) == Standouts()
