"""The failure hook: a webhook on a real server, a command, and what happens when the hook itself fails."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from backhaul.config.project import ProjectConfig
from backhaul.errors import Reauthorise
from backhaul.fleet.hook import tell
from backhaul.fleet.outcome import Outcome, summary
from backhaul.fleet.runs import Fleet
from tests.fleet.conftest import Write


class Listener:
    """A server that keeps what it was sent."""

    def __init__(self) -> None:
        listener = self
        self.received: list[tuple[str, Any]] = []
        self.status = 200
        self.slow = threading.Event()
        self.slow.set()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.received.append((self.headers["Content-Type"], json.loads(body)))
                listener.slow.wait(20)
                self.send_response(listener.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/CANARY-of-the-webhook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.slow.set()
    listener.server.shutdown()
    listener.server.server_close()


def project(root: Path, listener: Listener) -> ProjectConfig:
    return ProjectConfig.open(root, environ={"HOOK": listener.url})


WEBHOOK = {"on_failure": {"webhook": "${HOOK}", "timeout": "1s"}}


def test_a_webhook_gets_the_summary_as_json(root: Path, write: Write, listener: Listener) -> None:
    write("acme", extra=WEBHOOK)
    told = tell(project(root, listener), "acme", {"event": "run_failed", "customer": "acme"})
    assert told is not None
    assert told.trouble == ""
    assert listener.received == [("application/json", {"event": "run_failed", "customer": "acme"})]


def test_a_command_gets_it_on_standard_input(root: Path, write: Write, tmp_path: Path) -> None:
    program = "import sys, pathlib; pathlib.Path('heard.json').write_text(sys.stdin.read())"
    write("acme", extra={"on_failure": {"command": [sys.executable, "-c", program]}})
    told = tell(ProjectConfig.open(root), "acme", {"customer": "acme"})
    assert told is not None
    assert told.trouble == ""
    assert json.loads((root / "heard.json").read_text()) == {"customer": "acme"}


def test_a_hook_that_fails_is_told_and_fails_nothing(root: Path, write: Write, listener: Listener) -> None:
    write("acme", extra=WEBHOOK)
    listener.status = 500
    config = project(root, listener)
    told = tell(config, "acme", {})
    assert told is not None
    assert told.trouble == "it answers 500"
    listener.slow.clear()
    told = tell(config, "acme", {})
    assert told is not None
    assert "Timeout" in told.trouble
    nobody = tell(ProjectConfig.open(root, environ={"HOOK": "http://127.0.0.1:1/CANARY-of-the-webhook"}), "acme", {})
    assert nobody is not None
    assert nobody.trouble
    assert "CANARY" not in told.trouble + nobody.trouble
    missing = tell(ProjectConfig.open(root, environ={}), "acme", {})
    assert missing is not None
    assert "HOOK" in missing.trouble


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/nonexistent/program"], "No such file"),
        ([sys.executable, "-c", "import sys; sys.exit('cannot ring')"], "it ended with 1: cannot ring"),
        ([sys.executable, "-c", "import time; time.sleep(30)"], "it took longer than 1 s"),
        ([], "index out of range"),
    ],
)
def test_a_command_that_fails_is_told(root: Path, write: Write, command: list[str], words: str) -> None:
    write("acme", extra={"on_failure": {"command": command, "timeout": "1s"}})
    told = tell(ProjectConfig.open(root), "acme", {})
    assert told is not None
    assert words in told.trouble


def test_without_a_hook_nothing_is_called(root: Path, write: Write) -> None:
    write("acme")
    assert tell(ProjectConfig.open(root), "acme", {}) is None


def test_a_file_that_is_no_yaml_is_told_to_the_hook_of_the_base(root: Path, write: Write, listener: Listener) -> None:
    write("base", "on_failure: {webhook: '${HOOK}'}")
    write("acme", "connections: [1,\n")
    told = tell(project(root, listener), "acme", {"customer": "acme"})
    assert told is not None
    assert told.trouble == ""
    assert len(listener.received) == 1


def test_the_summary_tells_what_failed_and_what_to_do() -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 1, 31, tzinfo=UTC)
    error = Reauthorise("the token was revoked", connection="crm")
    found = summary(Outcome("acme", ("crm",), None, error), "0192", now, now)
    assert (found["status"], found["exit_code"], found["run"]) == ("failed", 4, "0192")
    assert found["failures"] == [
        {"connection": "crm", "object": "", "what": "the token was revoked", "next": error.next_step}
    ]


def test_an_unattended_run_that_fails_calls_the_hook_and_one_by_hand_does_not(
    fleet: Fleet, write: Write, block: dict[str, Any], listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backhaul.fleet.runs import Job

    monkeypatch.setenv("BENCH_HUBSPOT_TOKEN", "pat-na1-CANARY-not-the-token")
    monkeypatch.setenv("HOOK", listener.url)
    write("acme", crm=block, extra=WEBHOOK)
    again = Fleet(ProjectConfig.open(fleet.config.root), fleet.state, lease_wait=0.0)
    (by_hand,) = again.run([Job("acme")])
    assert (by_hand.exit_code, by_hand.told) == (4, None)
    (due,) = again.run_due()
    assert due.exit_code == 4
    assert due.told is not None
    ((_, body),) = listener.received
    assert (body["customer"], body["connections"], body["exit_code"]) == ("acme", ["crm"], 4)
    assert body["failures"][0]["connection"] == "crm"
    assert "CANARY" not in json.dumps(body)
