"""No recording holds a secret, a host of one's own, or more than it needs; and what is written plays as it came."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import vcr
import yaml

from backhaul.http.client import Transport
from backhaul.http.request import Request
from backhaul.sandbox.simulators import build
from tests.cassettes.account import SIMULATED
from tests.cassettes.conftest import RECORDINGS
from tests.cassettes.scrub import PUBLIC, SALESFORCE_LOGIN, SECRET, Scrubber
from tests.cassettes.seam import through

CASSETTES = sorted(RECORDINGS.rglob("*.yaml"))
LARGEST = 60_000


@pytest.mark.parametrize("source", PUBLIC)
def test_every_exchange_is_recorded_and_none_is_left_over(source: str) -> None:
    tests = set(re.findall(r"^def (test_\w+)", (RECORDINGS.parent / f"test_{source}.py").read_text(), re.MULTILINE))
    assert {path.stem for path in CASSETTES if path.parent.name == source} == tests


def test_no_recording_holds_a_credential_of_a_simulator() -> None:
    secrets = {
        str(value)
        for source in SIMULATED
        for name, value in build(source).credentials.items()
        for value in ([value] if name != "private_key" else str(value).splitlines()[1:-1])
    }
    for path in CASSETTES:
        text = path.read_text()
        assert not [secret for secret in secrets if secret in text], path


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_recording_is_small_and_shows_placeholders_alone(path: Path) -> None:
    text = path.read_text()
    assert len(text) < LARGEST
    assert "127.0.0.1" not in text
    assert "localhost" not in text
    assert set(re.findall(r"Bearer (\S+)", text)) <= {SECRET}
    assert not re.search(r"oauth_(signature|nonce|token|consumer_key)", text)
    assert "PRIVATE KEY" not in text
    for exchange in yaml.load(text, yaml.CSafeLoader)["interactions"]:
        request, answer = exchange["request"], exchange["response"]
        assert request["uri"].startswith((*PUBLIC.values(), SALESFORCE_LOGIN))
        assert {name.lower() for name in request["headers"]} <= {"accept", "authorization", "content-type", "prefer"}
        shown = request["headers"].get("authorization", [])
        assert all(re.fullmatch(rf"(Bearer|Basic|OAuth) {SECRET}", value) for value in shown)
        for part in ("client_secret", "assertion"):
            assert set(re.findall(rf"{part}=([^&]*)", request["body"] or "")) <= {SECRET}
        assert set(re.findall(r'"access_token": ?"([^"]*)"', answer["body"]["string"])) <= {SECRET}
        assert "set-cookie" not in answer["headers"]


class _Answers(BaseHTTPRequestHandler):
    """Compressed, with things that must not be kept."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        words = b'{"access_token":"minted-canary","instance_url":"https://own.my.salesforce.com","n":1}'
        body = gzip.compress(words if self.path.startswith("/token") else b"[1.10]")
        self.send_response(200)
        for name, value in {"Content-Type": "application/json", "Content-Encoding": "gzip",
                            "Content-Length": str(len(body)), "Set-Cookie": "session=canary"}.items():  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def compressing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_was_compressed_and_secret_plays_readable_and_hidden(compressing: str, tmp_path: Path) -> None:
    scrubber = Scrubber({compressing: PUBLIC["hubspot"]}, {"sent-canary"})
    options = {
        "decode_compressed_response": True,
        "skip_patchers": ("httpx",),
        "match_on": ["method", "host", "path", "query", "body"],
        "before_record_request": lambda request: scrubber.request(request),
        "before_record_response": lambda response: scrubber.answer(response),
    }
    path = tmp_path / "one.yaml"

    def exchange(origin: str) -> tuple[bytes, bytes, bytes]:
        transport = Transport()
        headers = {"Authorization": "Bearer sent-canary", "Content-Type": "application/json"}
        asked = Request("POST", f"{origin}/numbers?key=sent-canary", headers=headers, body=b'{"a":"sent-canary"}')
        token = Request("POST", f"{origin}/token", headers=headers, body=b"{}")
        try:
            whole = transport.send(asked).body
            with transport.stream(asked) as streamed:
                return whole, b"".join(streamed.chunks), transport.send(token).body
        finally:
            transport.close()

    with vcr.VCR(record_mode="new_episodes").use_cassette(str(path), **options) as cassette, through(cassette):
        live = exchange(compressing)
    assert b"minted-canary" in live[2]
    text = path.read_text()
    assert "canary" not in text
    assert "own.my.salesforce.com" not in text
    with vcr.VCR(record_mode="none").use_cassette(str(path), **options) as cassette, through(cassette):
        played = exchange(PUBLIC["hubspot"])
        assert cassette.all_played
    assert played[:2] == live[:2] == (b"[1.10]", b"[1.10]")
