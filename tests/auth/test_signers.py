"""Each way to authenticate, checked by somebody else's code where there is any."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from oauthlib.oauth1 import RequestValidator, ResourceEndpoint
from requests_oauthlib import OAuth1Session

from backhaul.auth.signer import signer_of
from backhaul.auth.specs import ApiKeySpec, AssertionSpec, BasicSpec, BearerSpec, OAuth1Spec, OAuth2Spec, Spec
from backhaul.auth.token_endpoint import TOKEN_RULES
from backhaul.errors import ConfigError, Reauthorise, VendorDown, Wait
from backhaul.http.client import Behaviour, Transport, Who
from backhaul.http.patience import Patience
from backhaul.http.request import Request
from backhaul.http.signing import Signer
from backhaul.telemetry import redact

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


class Clock:
    def __init__(self) -> None:
        self.time = time.time()

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
        self.time += seconds
        return False


class Vendor:
    """Gives tokens at /token and serves /data to those who hold one it has not revoked."""

    def __init__(self) -> None:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status: int, body: dict[str, Any]) -> None:
                payload = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with vendor.lock:
                    vendor.token_requests.append((dict(self.headers), {k: v[0] for k, v in parse_qs(body).items()}))
                    number = len(vendor.token_requests)
                    script = vendor.token_script.pop(0) if vendor.token_script else None
                    if script is None:
                        vendor.valid.add(f"minted-token-{number}")
                time.sleep(vendor.slowness)
                if script is not None:
                    self.answer(*script)
                else:
                    self.answer(200, {"access_token": f"minted-token-{number}", **vendor.extra})

            def do_GET(self) -> None:
                given = self.headers.get("Authorization", "")
                with vendor.lock:
                    vendor.served.append(given)
                    good = given.removeprefix("Bearer ") in vendor.valid
                self.answer(200 if good else 401, {"ok": good, "message": "expired"})

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self.lock = threading.Lock()
        self.token_requests: list[tuple[dict[str, str], dict[str, str]]] = []
        self.token_script: list[tuple[int, dict[str, Any]]] = []
        self.extra: dict[str, Any] = {"token_type": "bearer", "expires_in": "1800"}
        self.valid: set[str] = set()
        self.served: list[str] = []
        self.slowness = 0.0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    running = Vendor()
    yield running
    running.server.shutdown()
    running.server.server_close()


def client_credentials(vendor: Vendor, **options: Any) -> OAuth2Spec:
    given = {"client_id": "the client", "client_secret": "its/secret", **options}
    return OAuth2Spec("client_credentials", vendor.url + "/token", **given)


def opened(spec: Spec, clock: Clock | None = None) -> tuple[Transport, Signer]:
    clock = clock or Clock()
    tokens = Transport(Who("v"), behaviour=Behaviour(rules=TOKEN_RULES), clock=clock, patience=Patience(tries=3))
    signer = signer_of(spec, tokens, clock)
    return Transport(Who("v"), signer=signer, clock=clock), signer


def signed(spec: Spec, request: Request) -> Request:
    return opened(spec)[1].sign(request)


def test_bearer_basic_and_api_keys_are_sent_as_the_vendor_wants_them() -> None:
    request = Request("GET", "https://v.example/x", params=(("a", "1"),))
    assert signed(BearerSpec("tok-123"), request).headers == {"Authorization": "Bearer tok-123"}
    basic = signed(BasicSpec("me@x.example/token", "p:w"), request).headers["Authorization"]
    assert base64.b64decode(basic.removeprefix("Basic ")) == b"me@x.example/token:p:w"
    assert signed(ApiKeySpec("X-Key", "k-123"), request).headers == {"X-Key": "k-123"}
    assert signed(ApiKeySpec("apikey", "k&1", "param"), request).full_url == "https://v.example/x?a=1&apikey=k%261"


def test_a_vendor_that_asks_for_two_keys_gets_both_and_neither_is_written_down() -> None:
    spec = ApiKeySpec("X-Key", "the-key-of-a-user", more={"X-Application": "the-key-of-an-app"})
    sent = signed(spec, Request("GET", "https://v.example/x")).headers
    assert sent == {"X-Key": "the-key-of-a-user", "X-Application": "the-key-of-an-app"}
    assert "the-key-of" not in redact.text(f"sent {sent}") + repr(spec)


def test_client_credentials_by_form_and_by_basic(vendor: Vendor) -> None:
    opened(client_credentials(vendor, scopes=("read", "write")))[0].send(Request("GET", vendor.url + "/data"))
    headers, form = vendor.token_requests[0]
    assert form == {
        "grant_type": "client_credentials",
        "client_id": "the client",
        "client_secret": "its/secret",
        "scope": "read write",
    }
    assert "Authorization" not in headers
    opened(client_credentials(vendor, client_auth="basic"))[0].send(Request("GET", vendor.url + "/data"))
    headers, form = vendor.token_requests[1]
    assert form == {"grant_type": "client_credentials"}
    pair = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == f"{quote('the client')}:{quote('its/secret', safe='')}"


def test_a_password_stands_for_consent_and_is_written_nowhere(vendor: Vendor) -> None:
    person = BasicSpec("ada", "the-password-of-ada")
    spec = OAuth2Spec("password", vendor.url + "/token", "the client", "its/secret", user=person)
    opened(spec)[0].send(Request("GET", vendor.url + "/data"))
    _, form = vendor.token_requests[0]
    asked = {name: form[name] for name in ("grant_type", "username", "password", "client_id")}
    assert asked == {
        "grant_type": "password", "username": "ada", "password": "the-password-of-ada", "client_id": "the client",
    }  # fmt: skip
    assert "the-password-of" not in redact.text(f"sent {form}") + repr(spec)


@pytest.mark.parametrize("how", [{"grant": "password"}, {"grant": "client_credentials", "user": BasicSpec("a", "b")}])
def test_a_password_belongs_to_its_grant_alone(how: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="grant password"):
        OAuth2Spec(token_url="https://v.example/token", **how)


def test_the_jwt_is_signed_with_the_private_key_and_short_lived(vendor: Vendor) -> None:
    claims = {"iss": "consumer", "sub": "user@x.example", "aud": "https://login.example"}
    spec = OAuth2Spec("jwt_bearer", vendor.url + "/token", assertion=AssertionSpec(PEM, claims))
    opened(spec)[0].send(Request("GET", vendor.url + "/data"))
    _, form = vendor.token_requests[0]
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    found = jwt.decode(form["assertion"], KEY.public_key(), algorithms=["RS256"], audience="https://login.example")
    assert (found["iss"], found["sub"]) == ("consumer", "user@x.example")
    assert found["exp"] - found["iat"] == 180
    assert len(form) == 2


def test_a_client_may_prove_itself_by_assertion(vendor: Vendor) -> None:
    assertion = AssertionSpec(PEM, {"iss": "c", "aud": "a"}, algorithm="PS256", headers={"kid": "cert-1"})
    opened(client_credentials(vendor, client_auth="assertion", assertion=assertion))[0].send(
        Request("GET", vendor.url + "/data")
    )
    _, form = vendor.token_requests[0]
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert jwt.get_unverified_header(form["client_assertion"])["kid"] == "cert-1"
    assert jwt.decode(form["client_assertion"], KEY.public_key(), algorithms=["PS256"], audience="a")["iss"] == "c"
    assert "client_secret" not in form


def test_a_key_that_is_none_says_so_without_showing_it(vendor: Vendor) -> None:
    spec = OAuth2Spec("jwt_bearer", vendor.url + "/token", assertion=AssertionSpec("c4nary not a key", {"iss": "x"}))
    with pytest.raises(Reauthorise, match="not a PEM key") as raised:
        opened(spec)[0].send(Request("GET", vendor.url + "/data"))
    assert "c4nary" not in str(raised.value)


def test_an_assertion_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(ConfigError):
        OAuth2Spec("jwt_bearer", "https://v.example/token")


def test_one_token_serves_until_four_fifths_of_its_life(vendor: Vendor) -> None:
    clock = Clock()
    transport, _ = opened(client_credentials(vendor), clock)
    for seconds in (0, 1000, 430):
        clock.time += seconds
        transport.send(Request("GET", vendor.url + "/data"))
    assert len(vendor.token_requests) == 1
    clock.time += 20
    transport.send(Request("GET", vendor.url + "/data"))
    assert len(vendor.token_requests) == 2


def test_a_life_that_the_answer_does_not_tell_is_the_definitions(vendor: Vendor) -> None:
    vendor.extra = {}
    clock = Clock()
    transport, _ = opened(client_credentials(vendor, expires=100.0), clock)
    transport.send(Request("GET", vendor.url + "/data"))
    clock.time += 81
    transport.send(Request("GET", vendor.url + "/data"))
    assert len(vendor.token_requests) == 2


def test_one_refresh_serves_all_threads(vendor: Vendor) -> None:
    transport, _ = opened(client_credentials(vendor))
    transport.send(Request("GET", vendor.url + "/data"))
    vendor.valid.clear()
    vendor.slowness = 0.1
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: transport.send(Request("GET", vendor.url + "/data")), range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert len(vendor.token_requests) == 2


def test_a_token_that_is_refused_right_after_a_refresh_asks_for_new_credentials(vendor: Vendor) -> None:
    transport, _ = opened(client_credentials(vendor))
    vendor.token_script = [(200, {"access_token": "never-accepted-1"}), (200, {"access_token": "never-accepted-2"})]
    with pytest.raises(Reauthorise, match="expired"):
        transport.send(Request("GET", vendor.url + "/data"))
    assert vendor.served == ["Bearer never-accepted-1", "Bearer never-accepted-2"]


@pytest.mark.parametrize(
    ("status", "code"), [(400, "invalid_grant"), (401, "invalid_client"), (400, "inactive_user"), (403, "denied")]
)
def test_a_refused_grant_asks_for_new_credentials(vendor: Vendor, status: int, code: str) -> None:
    vendor.token_script = [(status, {"error": code, "error_description": "user hasn't approved this consumer"})]
    with pytest.raises(Reauthorise, match=f"{code}: user hasn't approved"):
        opened(client_credentials(vendor))[0].send(Request("GET", vendor.url + "/data"))
    assert len(vendor.token_requests) == 1


def test_a_token_endpoint_that_is_busy_is_asked_again(vendor: Vendor) -> None:
    vendor.token_script = [
        (503, {}),
        (429, {}),
        (400, {"error": "invalid_grant", "error_description": "login rate exceeded"}),
    ]
    opened(client_credentials(vendor))[0].send(Request("GET", vendor.url + "/data"))
    assert len(vendor.token_requests) == 4
    vendor.token_script = [(503, {})] * 3
    with pytest.raises(VendorDown):
        opened(client_credentials(vendor))[0].send(Request("GET", vendor.url + "/data"))
    vendor.token_script = [(429, {})] * 30
    with pytest.raises(Wait):
        opened(client_credentials(vendor))[0].send(Request("GET", vendor.url + "/data"))


def test_an_answer_without_a_token_asks_for_new_credentials(vendor: Vendor) -> None:
    vendor.token_script = [(200, {"hello": "world"})]
    with pytest.raises(Reauthorise, match="without an access_token"):
        opened(client_credentials(vendor))[0].send(Request("GET", vendor.url + "/data"))


def test_facts_of_the_token_answer_are_kept(vendor: Vendor) -> None:
    vendor.extra["instance_url"] = "https://acme.my.example"
    spec = client_credentials(vendor, keep=lambda answer: {"instance_url": answer["instance_url"]})
    assert opened(spec)[1].facts == {"instance_url": "https://acme.my.example"}


def test_minted_tokens_and_given_secrets_are_never_shown(vendor: Vendor) -> None:
    spec = client_credentials(vendor)
    transport, _ = opened(spec)
    transport.send(Request("GET", vendor.url + "/data"))
    assert redact.text("x minted-token-1 y its/secret z") == "x *** y *** z"
    for shown in (spec, AssertionSpec(PEM, {}), BearerSpec("canary-1"), OAuth1Spec("ck", "canary-2", "t", "canary-3")):
        assert not any(secret in repr(shown) for secret in ("its/secret", "PRIVATE", "canary"))


class _Accounts(RequestValidator):
    """The vendor's side of OAuth 1, as the library wants it; the library checks the signature."""

    enforce_ssl = False
    client_key_length = access_token_length = (2, 80)
    nonce_length = (6, 64)
    dummy_client = "nobody"

    def __init__(self) -> None:
        super().__init__()
        self.nonces: set[str] = set()

    @property
    def allowed_signature_methods(self) -> tuple[str, ...]:
        return ("HMAC-SHA256",)

    def check_client_key(self, client_key: str) -> bool:
        return True

    def check_access_token(self, request_token: str) -> bool:
        return True

    def check_nonce(self, nonce: str) -> bool:
        return 6 <= len(nonce) <= 64 and nonce.isalnum()

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == "ck-1"

    def validate_timestamp_and_nonce(
        self,
        client_key: str,
        timestamp: str,
        nonce: str,
        request: Any,
        request_token: str | None = None,
        access_token: str | None = None,
    ) -> bool:
        fresh = nonce not in self.nonces
        self.nonces.add(nonce)
        return fresh and abs(int(timestamp) - time.time()) < 300

    def validate_access_token(self, client_key: str, token: str, request: Any) -> bool:
        return token == "tk-1"

    def validate_realms(
        self, client_key: str, token: str, request: Any, uri: str | None = None, realms: Any = None
    ) -> bool:
        return True

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return "c&secret"

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        return "t/secret"


OAUTH1 = OAuth1Spec("ck-1", "c&secret", "tk-1", "t/secret", realm="1234567_SB1")


@pytest.mark.parametrize(
    ("url", "params"),
    [
        ("http://v.example/record/v1/customer", ()),
        ("http://v.example:8080/query/v1/suiteql", (("limit", "1000"), ("offset", "2000"))),
        ("http://v.example/x?limit=5&offset=10", (("q", "email CONTAIN 'a b&c=d+é'"), ("empty", ""))),
        ("http://v.example/x?fields=a,b,c&where=id%20%3E%203", (("z", "1"), ("a", "2"), ("a", "1"))),
        ('http://v.example/x?filter=["name"]|x', ()),
    ],
)
def test_an_oauth1_signature_is_what_an_independent_client_would_send(
    url: str, params: tuple[tuple[str, str], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = signed(OAUTH1, Request("GET", url, params=params))
    header = dict(
        part.strip().split("=", 1) for part in ours.headers["Authorization"].removeprefix("OAuth ").split(",")
    )
    assert header["realm"] == '"1234567_SB1"'

    theirs = OAuth1Session("ck-1", "c&secret", "tk-1", "t/secret", realm="1234567_SB1", signature_method="HMAC-SHA256")
    theirs.auth.client.nonce = header["oauth_nonce"].strip('"')
    theirs.auth.client.timestamp = header["oauth_timestamp"].strip('"')
    from requests import Request as TheirRequest

    sent = theirs.prepare_request(TheirRequest("GET", ours.full_url))
    expected = sent.headers["Authorization"]
    expected = expected.decode() if isinstance(expected, bytes) else expected
    assert f"oauth_signature={header['oauth_signature']}" in expected


def test_the_base_string_follows_the_rfc() -> None:
    """Computed by hand from RFC 5849 section 3.4, no library on the checking side."""
    import hashlib
    import hmac

    request = signed(
        OAUTH1, Request("post", "http://V.example:80/r%20v/~x", params=(("b5", "=%3D"), ("a3", "a"), ("c@", "")))
    )
    header = request.headers["Authorization"].removeprefix("OAuth ")
    pairs = [part.strip().split("=", 1) for part in header.split(",")]
    given = {name: value.strip('"') for name, value in pairs}
    signature = given.pop("oauth_signature")
    given.pop("realm")

    def enc(text: str) -> str:
        return quote(text, safe="-._~")

    query = [("b5", "=%3D"), ("a3", "a"), ("c@", "")]
    parameters = sorted((enc(name), enc(value)) for name, value in [*query, *given.items()])
    joined = "&".join(f"{name}={value}" for name, value in parameters)
    base = "&".join(("POST", enc("http://v.example/r%20v/~x"), enc(joined)))
    digest = hmac.new(b"c%26secret&t%2Fsecret", base.encode(), hashlib.sha256).digest()
    assert signature == enc(base64.b64encode(digest).decode())


def test_each_try_has_a_fresh_nonce_and_the_sent_url_is_the_signed_one() -> None:
    request = Request("GET", "http://v.example/x", params=(("q", "a b,c"),))
    _, signer = opened(OAUTH1)
    first, second = signer.sign(request), signer.sign(request)
    assert first.headers["Authorization"] != second.headers["Authorization"]
    assert first.full_url == request.full_url
    assert urlsplit(first.url).query == "q=a%20b,c"
    assert signer.refresh(first) is False


def test_a_server_side_library_accepts_the_request_and_refuses_it_tampered_or_replayed() -> None:
    endpoint = ResourceEndpoint(_Accounts())
    _, signer = opened(OAUTH1)
    for tamper, accepted in (("", True), ("0", False)):
        request = signer.sign(Request("GET", "https://v.example/x?limit=1"))
        url = request.full_url + tamper
        assert endpoint.validate_protected_resource_request(url, "GET", None, dict(request.headers))[0] is accepted
    replayed = dict(request.headers)
    assert not endpoint.validate_protected_resource_request(request.full_url, "GET", None, replayed)[0]
