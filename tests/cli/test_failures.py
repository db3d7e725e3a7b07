"""Whatever goes wrong: a stable exit code, what happened, where, what next; never a traceback."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from backhaul.project import Project
from backhaul.sandbox.server import Running
from tests.cli.conftest import SMALL, Call
from tests.conftest import connection_to


def test_outside_of_a_project_the_way_in_is_told(backhaul: Call) -> None:
    said = backhaul("status")
    assert said.code == 2
    assert "is no project" in said.err
    assert "backhaul init" in said.err


def test_an_error_for_programs_is_json_on_the_output(backhaul: Call, acme: Running) -> None:
    said = backhaul("sync", "acmee", "--json")
    assert said.code == 2
    error = said.json["error"]
    assert (error["type"], error["exit_code"]) == ("ConfigError", 2)
    assert "did you mean acme?" in error["what"]
    assert error["next"]


def test_usage_errors_are_json_too(backhaul: Call) -> None:
    said = backhaul("sync", "--json")
    assert said.code == 2
    assert "CUSTOMER" in said.json["error"]["what"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("sync", "acmee"),
        ("run", "acmee"),
        ("run", "acme", "acmee"),
        ("run", "--due", "acmee"),
        ("status", "acmee"),
        ("runs", "acmee"),
        ("logs", "acmee"),
        ("usage", "acmee"),
        ("rejects", "acmee"),
        ("discover", "acmee"),
        ("validate", "acmee"),
        ("query", "acmee", "select 1"),
        ("push", "plan", "acmee", "health"),
    ],
)
def test_an_unknown_customer_gets_the_nearest_one(backhaul: Call, acme: Running, arguments: tuple[str, ...]) -> None:
    said = backhaul(*arguments)
    assert said.code == 2
    assert "did you mean acme?" in said.err


def test_an_unknown_object_gets_the_nearest_one_and_is_no_failed_run(backhaul: Call, acme: Running) -> None:
    said = backhaul("sync", "acme", "--object", "crm.compnies")
    assert said.code == 2
    assert "did you mean crm.companies?" in said.err
    assert "did you mean companies?" in backhaul("refetch", "acme", "crm", "compnies", "1").err
    assert "did you mean crm?" in backhaul("discover", "acme", "crmm").err
    assert backhaul("runs", "--json").json["runs"] == []


def test_malformed_yaml_is_told_with_its_line(backhaul: Call, acme: Running, root: Path) -> None:
    (root / "pipelines" / "acme.yaml").write_text("customer: acme\nconnections: [1,\n")
    for command in (("run", "acme"), ("validate", "acme"), ("discover", "acme")):
        said = backhaul(*command)
        assert said.code == 2
        assert "pipelines/acme.yaml:3:1: not YAML" in said.err + said.out
    assert "broken" in backhaul("status").out


def test_a_wrong_token_asks_for_a_new_one(backhaul: Call, acme: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_HUBSPOT_TOKEN", "pat-na1-this-is-not-the-token")
    said = backhaul("run", "acme")
    assert said.code == 4
    assert "does not accept the credentials" in said.out
    assert "Next: put valid credentials into ${BENCH_HUBSPOT_TOKEN} and run it again" in said.out
    assert backhaul("discover", "acme", "crm").code == 4
    (state,) = backhaul("status", "--json").json["connections"]
    assert state["state"] == "needs_reauth"
    assert "no access since" in backhaul("status").out


def test_a_missing_secret_is_named(backhaul: Call, acme: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENCH_HUBSPOT_TOKEN")
    said = backhaul("run", "acme")
    assert said.code == 2
    assert "BENCH_HUBSPOT_TOKEN" in said.out


def test_one_connections_failure_is_listed_and_the_others_land(
    backhaul: Call, hubspot: Running, customer: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_TOKEN", "pat-na1-nobody-knows-it")
    good = connection_to(hubspot, {"owners": {}})
    bad = {**good, "credentials": {"token": "${OTHER_TOKEN}"}}
    customer("acme", crm=good, other=bad)
    said = backhaul("run", "acme", "--json")
    assert said.code == 4
    assert said.json["status"] == "partial"
    assert [each["connection"] for each in said.json["failures"]] == ["other"]
    assert said.json["objects"][0]["inserted"] > 0
    assert said.json["snapshot"]["version"] == 1


def test_a_vendor_that_asks_to_wait_for_hours_is_a_failure_with_its_reason(backhaul: Call, acme: Running) -> None:
    acme.fault("429", count=None, path="/crm/v3/objects/companies", policy="DAILY")
    said = backhaul("sync", "acme")
    acme.clear_faults()
    assert said.code == 1
    assert "crm.companies:" in said.out
    assert "owners" in said.out


@pytest.mark.slow
def test_a_vendor_that_is_down_is_told_after_some_tries(
    backhaul: Call, hubspot: Running, customer: Callable[..., Path]
) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound and never listened to: nobody answers there
        block = connection_to(hubspot, SMALL) | {"base_url": f"http://127.0.0.1:{taken.getsockname()[1]}"}
        customer("acme", crm=block)
        said = backhaul("sync", "acme")
    assert said.code == 1
    assert "failed after 6 tries" in said.out
    assert "Next: run it again later" in said.out


def test_another_run_that_holds_the_lease_is_waited_for_and_named(backhaul: Call, acme: Running, root: Path) -> None:
    with Project(root) as other, other.state.leases.lease("acme", run="0192"):
        said = backhaul("sync", "acme", "--wait", "0")
        for_programs = backhaul("transform", "acme", "--wait", "0", "--json")
    assert said.code == 75
    assert "run 0192 is writing customer acme" in said.err
    assert for_programs.code == 75
    assert for_programs.json["error"]["type"] == "Busy"
    assert backhaul("sync", "acme").code == 0


@contextmanager
def held_open(path: Path) -> Iterator[None]:
    """The file, open for writing in another process, as by somebody's own tool."""
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        yield
        holder.terminate()


def test_a_work_file_that_somebody_has_open_is_named(backhaul: Call, acme: Running, root: Path) -> None:
    assert backhaul("sync", "acme").code == 0
    with held_open(root / ".backhaul" / "work" / "acme" / "work.duckdb"):
        said = backhaul("sync", "acme", "--full")
    assert said.code == 1
    assert "work.duckdb" in said.err
    assert "Next:" in said.err
    assert backhaul("sync", "acme", "--full").code == 0


def test_sql_that_does_not_run_is_told_with_its_place(backhaul: Call, acme: Running) -> None:
    assert "nothing is published yet" in backhaul("query", "acme", "select 1").err
    backhaul("run", "acme")
    said = backhaul("query", "acme", "select nam from accounts")
    assert said.code == 2
    assert "nam" in said.err
    assert backhaul("query", "acme", "drop table accounts").code == 2


def test_a_bug_is_one_line_and_its_traceback_is_in_the_log(
    backhaul: Call, acme: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backhaul.cli.commands import usage

    def broken(*_: object, **__: object) -> None:
        with Project(".") as project:
            project.usage("acme")[99]

    monkeypatch.setattr(usage.usage, "callback", broken)
    backhaul("status")
    said = backhaul("usage", "--json")
    assert said.code == 1
    assert said.json["error"]["type"] == "Bug"
    assert "IndexError" in said.err
    assert "the traceback is in" in said.err


def test_approval_of_deletes_is_for_one_named_customer(backhaul: Call, acme: Running) -> None:
    assert backhaul("run", "--approve-deletes").code == 2
    assert backhaul("run", "acme", "--due", "--approve-deletes").code == 2
