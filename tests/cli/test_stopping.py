"""A run that is stopped keeps what it read, says so, and the next one goes on from there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backhaul.sandbox.server import Running
from tests.cli.conftest import Call
from tests.conftest import connection_to


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "backhaul", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read its error stream until a line holds the words."""
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if words in line:
            return seen
    raise AssertionError(f"{words!r} was never said: {seen}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_stops_at_the_signal_and_the_next_one_goes_on(
    backhaul: Call, hubspot: Running, customer: Callable[..., Path], number: signal.Signals
) -> None:
    customer("acme", crm=connection_to(hubspot, {"contacts": {}, "owners": {}}))
    hubspot.fault("latency", path="/objects/contacts", ms=600)
    with start("run", "acme", "--json") as process:
        while not any(each["path"].endswith("/objects/contacts") for each in hubspot.received()):
            assert process.poll() is None
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    hubspot.clear_faults()
    assert process.returncode == 130, err
    assert "Traceback" not in out + err
    assert "Stopping." in err
    assert json.loads(out)["status"] == "stopped"
    (run,) = backhaul("runs", "--json").json["runs"]
    assert (run["status"], run["error"]) == ("partial", "stopped by its user")
    after = backhaul("run", "acme", "--json").json
    assert after["status"] == "done"
    counted = backhaul("query", "acme", "select count(*) from crm__contacts", "--raw", "--json").json["rows"]
    assert counted == [[hubspot.objects()["contacts"]]]


def test_watching_ends_cleanly(backhaul: Call, acme: Running) -> None:
    with start("run", "--watch") as process:
        wait_for(process, "publish done")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in out + err
    assert "snapshot    v1" in out


def test_following_the_log_shows_what_is_written_from_now_on(backhaul: Call, acme: Running) -> None:
    backhaul("status")
    with start("logs", "--follow", "--json", "--limit", "1") as process:
        assert process.stdout is not None
        backhaul("sync", "acme", "--object", "owners")
        line = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert line["event"]
    assert process.returncode == 130
    assert "Traceback" not in err


def test_who_stops_the_demo_stops_all_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with start("demo", str(folder)) as process:
        wait_for(process, "acme: sync begins")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    subprocess.run([sys.executable, "-m", "backhaul", "demo", "--stop", str(folder)], check=True)
    assert process.returncode == 130
    assert "backhaul run globex" not in out


def test_the_sandbox_tells_where_it_is_and_ends_at_the_signal() -> None:
    import httpx

    with start("sandbox", "serve", "--source", "hubspot", "--json") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["source"] == "hubspot"
        assert httpx.get(f"{told['control_url']}/health").json()["source"] == "hubspot"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err


def test_the_sandbox_tells_people_what_a_connection_needs() -> None:
    with start("sandbox", "serve", "--source", "netsuite") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "netsuite\n"
        names = [process.stdout.readline().split()[0] for _ in range(9)]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert names == [
        "base_url", "account", "consumer_key", "consumer_secret", "token_id", "token_secret", "client_id",
        "certificate_id", "control_url",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--source", "hubspott"), "no simulator of 'hubspott'"),
        (("--variant", "nonsense"), "is not SOURCE.NAME=VALUE"),
        (("--variant", "nonesuch.fact=1"), "no simulator of 'nonesuch'"),
    ],
)
def test_the_sandbox_refuses_names_it_does_not_know(backhaul: Call, arguments: tuple[str, ...], words: str) -> None:
    said = backhaul("sandbox", "serve", *arguments)
    assert said.code == 2
    assert words in said.err


def test_a_reader_that_goes_away_is_no_error(backhaul: Call, acme: Running) -> None:
    backhaul("run", "acme")
    with start("query", "acme", "select * from range(200000)", "--format", "csv", "--limit", "0") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
