"""No secret leaves in a log line, an error text or a URL."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backhaul.telemetry import log, redact

CANARY = 'c4nary+/="quoted"\\ £ value'


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Path]:
    log.set_up(log.JsonLines(tmp_path, log.DEBUG))
    yield tmp_path
    log.set_up()


def written(folder: Path) -> str:
    return "".join(path.read_text() for path in sorted(folder.glob("*.jsonl")))


def test_a_registered_secret_is_blanked_in_every_spelling() -> None:
    redact.register(CANARY)
    for spelt in (
        CANARY,
        quote(CANARY, safe=""),
        quote_plus(CANARY),
        json.dumps(CANARY),
        repr(CANARY),
        base64.b64encode(CANARY.encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode(),
    ):
        clean = redact.text(f"before {spelt} after")
        assert spelt not in clean
        assert redact.MASK in clean
        assert clean.startswith("before ")
        assert clean.endswith(" after")


@given(st.text(min_size=4, max_size=40), st.text(max_size=20))
@example("a.b*c", "")
@example("****", "")
def test_any_text_can_be_a_secret(secret: str, around: str) -> None:
    redact.register(f"§{secret}§")
    assert f"§{secret}§" not in redact.text(f"{around}§{secret}§{around}")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET https://api.example/x?access_token=s3cr3tvalue&limit=1", "s3cr3tvalue"),
        ("https://user:hunter22@host/path", "hunter22"),
        ("Authorization: Bearer abcdef123456", "abcdef123456"),
        ('{"refresh_token": "r3fr3sh", "ok": true}', "r3fr3sh"),
        ("client_secret=abc%2Fdef; next", "abc%2Fdef"),
        ("grant_type=x&assertion=eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl", "eyJpc3MiOi"),
        ("a loose jwt eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.abc_def-g in a text", "eyJpc3MiOiJhIn0"),
        ('OAuth realm="1", oauth_token="tok123", oauth_signature="sig%3D"', "tok123"),
        ('OAuth realm="1", oauth_token="tok123", oauth_signature="sig%3D"', "sig%3D"),
        ("password: hunter22", "hunter22"),
        ("hapikey=11111111-2222", "11111111-2222"),
    ],
)
def test_names_that_hold_secrets_lose_their_value_unregistered(text: str, secret: str) -> None:
    assert secret not in redact.text(text)


@pytest.mark.parametrize(
    "text",
    [
        "read 100 rows of contacts, page token 12",
        "https://api.example/crm/v3/objects/contacts?limit=100&after=200",
        "400 VALIDATION_ERROR: property tier__c does not exist",
        "basic plan: the account's limit",
    ],
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert redact.text(text) == text


def test_a_log_line_holds_no_secret_wherever_it_stood(lines: Path) -> None:
    redact.register("canary-0123456789")
    logger = log.Logger("test")
    logger.info(
        "sent canary-0123456789",
        url="https://x.example/?key=canary-0123456789",
        headers={"Authorization": "Bearer other", "X-Api-Key": "plain"},
        nested=[{"deep": ("canary-0123456789",)}],
        raw=b"canary-0123456789",
        client_secret="not registered at all",
    )
    logger.error("it broke", error=ValueError("failed with canary-0123456789"))
    logging.getLogger("some.library").warning("library says canary-0123456789")
    text = written(lines)
    assert text.count("\n") == 3
    for secret in ("canary-0123456789", "Bearer other", "plain", "not registered"):
        assert secret not in text
    assert "it broke" in text
    assert "library says ***" in text


def test_the_console_holds_no_secret_either() -> None:
    stream = io.StringIO()
    redact.register("canary-0123456789")
    log.set_up(log.Console(log.DEBUG, stream))
    log.Logger("test").error("broke", error=ValueError("with canary-0123456789"))
    log.set_up()
    assert "broke" in stream.getvalue()
    assert "canary-0123456789" not in stream.getvalue()
