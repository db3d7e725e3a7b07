"""Tokens of a consent: how they are asked for, kept, renewed, and what becomes of them when something is in the way."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from backhaul.auth.consent import begin, exchange, returned
from backhaul.auth.signer import signer_of
from backhaul.auth.specs import ConsentSpec, OAuth2Spec
from backhaul.auth.token_endpoint import TOKEN_RULES
from backhaul.errors import ConfigError, Reauthorise, VendorDown, Wait
from backhaul.http.client import Behaviour, Transport, Who
from backhaul.http.patience import Patience
from backhaul.http.request import Request
from backhaul.http.signing import Signer
from backhaul.vault.tokens import Held, Tokens

ASK = Request("GET", "http://vendor.example/data")
CALLBACK = "http://localhost:8712/callback"


class Clock:
    def __init__(self) -> None:
        self.time = time.time()

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
        self.time += seconds
        return False


class Vendor:
    """A token endpoint that answers what `script` says, then with new tokens; `cut` answers are broken off."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.script: list[tuple[int, Any]] = []
        self.extra: dict[str, Any] = {}
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                vendor.requests.append((dict(self.headers), body))
                number = len(vendor.requests)
                new = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 1000}
                status, answer = vendor.script.pop(0) if vendor.script else (200, {**new, **vendor.extra})
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload) + (100 if answer == "cut" else 0)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *arguments: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/token"

    @property
    def forms(self) -> list[dict[str, str]]:
        return [{name: values[0] for name, values in parse_qs(body.decode()).items()} for _, body in self.requests]


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    vendor = Vendor()
    yield vendor
    vendor.server.shutdown()
    vendor.server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def transport(clock: Clock) -> Iterator[Transport]:
    transport = Transport(
        Who("vendor", "acme", "crm"), behaviour=Behaviour(rules=TOKEN_RULES),
        patience=Patience(tries=3, first_backoff=0.01, longest_wait=20), clock=clock,
    )  # fmt: skip
    yield transport
    transport.close()


@pytest.fixture
def spec(vendor: Vendor) -> OAuth2Spec:
    return OAuth2Spec(
        grant="authorization_code", token_url=vendor.url, client_id="app", client_secret="app-secret",
        consent=ConsentSpec("https://vendor.example/authorize", CALLBACK, pkce=True), scopes=("read", "write"),
    )  # fmt: skip


class Keeper(Held):
    """Remembers what was written, and can be another process's for a while."""

    def __init__(self, clock: Clock, **more: Any) -> None:
        super().__init__(Tokens("access-0", clock.now(), 1000, "refresh-0", **more))
        self.written: list[Tokens] = []
        self.busy = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def write(self, tokens: Tokens) -> None:
        self.written.append(tokens)
        super().write(tokens)

    @contextmanager
    def claim(self) -> Iterator[bool]:
        self.busy -= 1
        if self.busy >= 0:
            self.meanwhile()
        yield self.busy < 0


@pytest.fixture
def keeper(clock: Clock) -> Keeper:
    return Keeper(clock)


def header(signer: Signer) -> str:
    return str(signer.sign(ASK).headers["Authorization"])


def test_a_token_is_used_until_a_fifth_of_its_life_is_left_and_then_renewed_once(
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper
) -> None:
    signer = signer_of(spec, transport, clock, keeper)
    clock.time += 790
    assert header(signer) == "Bearer access-0"
    clock.time += 20
    assert header(signer) == header(signer) == "Bearer access-1"
    assert vendor.forms == [
        {"grant_type": "refresh_token", "refresh_token": "refresh-0", "client_id": "app", "client_secret": "app-secret"}
    ]
    assert keeper.tokens.refresh == "refresh-1"


def test_a_definition_may_say_how_far_ahead(
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper
) -> None:
    signer = signer_of(replace(spec, ahead=60.0), transport, clock, keeper)
    clock.time += 930
    assert header(signer) == "Bearer access-0"
    clock.time += 20
    assert header(signer) == "Bearer access-1"


def test_an_answer_without_a_refresh_token_leaves_the_one_there_is(
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper
) -> None:
    vendor.script = [(200, {"access_token": "new", "expires_in": "1000"})]
    signer = signer_of(spec, transport, clock, keeper)
    assert signer.refresh(signer.sign(ASK))
    assert (keeper.tokens.access, keeper.tokens.refresh) == ("new", "refresh-0")


def test_a_token_that_neither_ends_nor_is_renewed_is_not_refreshed(
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper
) -> None:
    keeper.tokens = replace(keeper.tokens, life=None, refresh="")
    signer = signer_of(spec, transport, clock, keeper)
    clock.time += 1e8
    assert header(signer) == "Bearer access-0"
    assert not signer.refresh(signer.sign(ASK))
    assert vendor.requests == []


def test_another_processs_renewal_serves_this_one(
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper
) -> None:
    signer = signer_of(spec, transport, clock, keeper)
    refused = signer.sign(ASK)
    keeper.busy = 3

    def renew() -> None:
        if keeper.busy == 0:
            keeper.tokens = Tokens("of-another", clock.now(), 1000, "refresh-9")

    keeper.meanwhile = renew
    assert signer.refresh(refused)
    assert header(signer) == "Bearer of-another"
    assert vendor.requests == []


def test_another_process_that_takes_too_long_is_told(
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper
) -> None:
    keeper.busy = 1_000_000
    clock.time += 900
    with pytest.raises(Wait, match="another process"):
        header(signer_of(spec, transport, clock, keeper))


def test_a_rotating_token_is_marked_before_it_is_sent_and_the_next_one_kept_after(
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper
) -> None:
    clock.time += 900
    header(signer_of(replace(spec, rotates=True), transport, clock, keeper))
    marked, kept = keeper.written
    assert (marked.refresh, marked.spending_since is None) == ("refresh-0", False)
    assert (kept.refresh, kept.spending_since) == ("refresh-1", None)


@pytest.mark.parametrize(
    ("grace", "later", "sent"),
    [(None, 1.0, 0), (1800.0, 1799.0, 1), (1800.0, 1801.0, 0)],
    ids=["no grace", "within the grace", "after the grace"],
)
def test_a_mark_that_was_left_decides_whether_the_old_token_is_sent_again(
    grace: float | None, later: float, sent: int,
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock,
) -> None:  # fmt: skip
    keeper = Keeper(clock, spending_since=clock.now())
    clock.time += later + 1000 if grace is None else later
    signer = signer_of(replace(spec, rotates=True, grace=grace), transport, clock, keeper)
    if sent:
        assert header(signer) == "Bearer access-1"
    else:
        for _ in range(3):
            with pytest.raises(Reauthorise, match="may be spent"):
                header(signer)
    assert len(vendor.requests) == sent


def test_a_lost_answer_is_in_doubt_at_once_without_a_grace(
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper
) -> None:
    vendor.script = [(200, "cut")]
    clock.time += 900
    signer = signer_of(replace(spec, rotates=True), transport, clock, keeper)
    for _ in range(2):
        with pytest.raises(Reauthorise, match="may be spent"):
            header(signer)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("more", [{"rotates": True, "grace": 1800.0}, {"rotates": False}], ids=["grace", "stays"])
def test_a_lost_answer_is_asked_for_again_where_that_is_safe(
    more: dict[str, Any], vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper
) -> None:
    vendor.script = [(200, "cut"), (200, "cut")]
    clock.time += 900
    assert header(signer_of(replace(spec, **more), transport, clock, keeper)) == "Bearer access-3"
    assert {form["refresh_token"] for form in vendor.forms} == {"refresh-0"}


@pytest.mark.parametrize("status", [500, 503])
def test_a_vendor_that_fails_gives_nothing_and_costs_nobody_a_consent(
    status: int, vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper
) -> None:
    vendor.script = [(status, {})] * 3
    clock.time += 900
    signer = signer_of(replace(spec, rotates=True), transport, clock, keeper)
    with pytest.raises(VendorDown):
        header(signer)
    assert keeper.tokens.spending_since is None
    assert header(signer) == "Bearer access-4"


def test_a_vendor_that_cannot_be_reached_costs_nobody_a_consent(
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper
) -> None:
    clock.time += 900
    nowhere = replace(spec, rotates=True, token_url="http://127.0.0.1:1/token")
    with pytest.raises(VendorDown, match="cannot be reached"):
        header(signer_of(nowhere, transport, clock, keeper))
    assert keeper.tokens.spending_since is None
    assert header(signer_of(replace(spec, rotates=True), transport, clock, keeper)) == "Bearer access-1"


@pytest.mark.parametrize(
    ("status", "answer", "error", "what"),
    [
        (400, {"error": "invalid_grant"}, Reauthorise, "does not accept"),
        (200, {"ok": False, "error": "invalid_refresh_token"}, Reauthorise, "invalid_refresh_token"),
        (401, {"error": "invalid_client"}, ConfigError, "does not know the app"),
        (400, {"error": "invalid_client_id"}, ConfigError, "apps: vendor"),
        (200, {"ok": False, "error": "bad_client_secret"}, ConfigError, "does not know the app"),
        (429, {}, Wait, "asks to wait"),
    ],
)
def test_a_refusal_is_the_consents_or_the_apps(
    status: int, answer: dict[str, Any], error: type[Exception], what: str,
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock, keeper: Keeper,
) -> None:  # fmt: skip
    vendor.script = [(status, answer)] * 60
    clock.time += 900
    with pytest.raises(error, match=what):
        header(signer_of(spec, transport, clock, keeper))


def proof(spec: OAuth2Spec, vendor: Vendor, transport: Transport, clock: Clock) -> tuple[dict[str, str], bytes]:
    consent = begin(spec)
    exchange(spec, consent, {"code": "the-code", "state": consent.state}, transport, clock)
    return vendor.requests[-1]


def test_the_client_proves_itself_as_the_vendor_wants(
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock
) -> None:
    headers, body = proof(replace(spec, client_auth="form"), vendor, transport, clock)
    assert parse_qs(body.decode())["client_secret"] == ["app-secret"]
    headers, body = proof(replace(spec, client_auth="json", form={"expires_in": 172800}), vendor, transport, clock)
    sent = json.loads(body)
    assert headers["Content-Type"] == "application/json"
    assert (sent["client_id"], sent["client_secret"], sent["expires_in"]) == ("app", "app-secret", 172800)
    assert (sent["grant_type"], sent["code"], sent["redirect_uri"]) == ("authorization_code", "the-code", CALLBACK)
    headers, body = proof(replace(spec, client_auth="basic"), vendor, transport, clock)
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"app:app-secret"
    assert "client_secret" not in parse_qs(body.decode())
    headers, body = proof(replace(spec, client_auth="none", client_secret=""), vendor, transport, clock)
    sent = dict(parse_qsl(body.decode()))
    assert ("client_secret" in sent, sent["client_id"], "Authorization" in headers) == (False, "app", False)
    assert len(sent["code_verifier"]) >= 43


def test_a_code_is_never_sent_twice(vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock) -> None:
    vendor.script = [(200, "cut")]
    with pytest.raises(VendorDown):
        proof(spec, vendor, transport, clock)
    assert len(vendor.requests) == 1


def test_the_page_is_asked_for_what_the_definition_says(spec: OAuth2Spec, vendor: Vendor) -> None:
    page = ConsentSpec(
        "https://vendor.example/authorize?tenant=7", CALLBACK, params={"audience": "api", "prompt": "consent"}
    )
    url = urlsplit(begin(replace(spec, scope_separator=",", consent=page)).url)
    sent = dict(parse_qsl(url.query))
    assert sent["scope"] == "read,write"
    assert (sent["tenant"], sent["audience"], sent["prompt"]) == ("7", "api", "consent")
    assert "code_challenge" not in sent, "only where the definition says pkce"


def test_what_the_redirect_tells_is_kept_with_the_tokens(
    vendor: Vendor, spec: OAuth2Spec, transport: Transport, clock: Clock
) -> None:
    vendor.extra = {"instance": "https://eu.vendor.example"}
    spec = replace(
        spec,
        consent=ConsentSpec("https://vendor.example/authorize", CALLBACK, keep={"realm": "realmId"}),
        keep=lambda answer: {"instance": answer["instance"]} if "instance" in answer else {},
    )
    consent = begin(spec)
    parameters = returned(consent, f"{CALLBACK}?code=c&state={consent.state}&realmId=4711")
    tokens = exchange(spec, consent, parameters, transport, clock)
    assert tokens.facts == {"instance": "https://eu.vendor.example", "realm": "4711"}
    assert tokens.scopes == ("read", "write"), "an answer that tells no scopes grants all"
    vendor.extra = {}
    held = Held(tokens)
    clock.time += 900
    assert signer_of(spec, transport, clock, held).facts == tokens.facts, "a renewal forgets none of it"


def test_no_text_shows_a_token(clock: Clock) -> None:
    tokens = Tokens("canary-access", clock.now(), 10, "canary-refresh")
    assert "canary" not in repr(tokens)
