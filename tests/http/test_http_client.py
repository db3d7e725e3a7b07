"""One `send` against a real server: what is tried again, what is waited for, what is raised."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backhaul.auth.signer import signer_of
from backhaul.auth.specs import ApiKeySpec, BasicSpec, BearerSpec, OAuth1Spec, Spec
from backhaul.errors import BackhaulError, FixDefinition, Reauthorise, VendorDown, Wait
from backhaul.http.client import Behaviour, Transport, Who
from backhaul.http.patience import Patience
from backhaul.http.refusals import AnswerLost, ErrorFacts, Refused, Stopped
from backhaul.http.request import Request
from backhaul.http.rules import ErrorRule
from backhaul.telemetry import log, redact

Connect = Callable[..., Transport]
PAGE = {"results": [{"id": str(n), "name": "x" * 40} for n in range(100)]}
BODY = json.dumps(PAGE).encode()


def get(vendor: Any, path: str = "/things", **options: Any) -> Request:
    return Request("GET", vendor.url + path, **options)


def create(vendor: Any, **options: Any) -> Request:
    given = {"body": b'{"a":1}', "role": "create", "write": True, "repeatable": False, **options}
    return Request("POST", vendor.url + "/things", **given)


def on_status(status: int) -> Callable[[int, Any, Any], bool]:
    return lambda found, headers, body: found == status


def test_an_answer_comes_with_its_times_and_size(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(body=BODY))
    response = connect().send(get(vendor, params=(("properties", "a,b"), ("after", "x y&z"))))
    assert response.json() == PAGE
    assert response.attempts == 1
    assert response.vendor_time == datetime(2026, 3, 3, 10, tzinfo=UTC)
    assert abs((datetime.now(UTC) - response.sent_at).total_seconds()) < 60
    assert vendor.received[0].target == "/things?properties=a,b&after=x%20y%26z"


def test_one_connection_serves_many_requests(vendor: Any, connect: Connect) -> None:
    transport = connect()
    for _ in range(20):
        transport.send(get(vendor))
    assert vendor.connections == 1


def test_threads_share_the_pool(vendor: Any, connect: Connect) -> None:
    transport = connect()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: transport.send(get(vendor)), range(40)))
    assert len(vendor.received) == 40
    assert vendor.connections <= 4


@pytest.mark.parametrize("chunked", [False, True])
def test_compressed_answers_are_unpacked(vendor: Any, connect: Connect, answers: Any, chunked: bool) -> None:
    vendor.script(answers(body=gzip.compress(BODY), headers={"content-encoding": "gzip"}, chunked=chunked))
    assert connect().send(get(vendor)).json() == PAGE
    assert vendor.received[0].headers["accept-encoding"] == "gzip"


def test_retry_after_in_seconds_is_honoured(vendor: Any, connect: Connect, clock: Any, answers: Any) -> None:
    vendor.script(answers(429, headers={"Retry-After": "7"}), answers(body=BODY))
    response = connect().send(get(vendor))
    assert response.attempts == 2
    assert clock.slept == [7.0]


def test_retry_after_as_a_date_is_measured_against_the_vendors_clock(
    vendor: Any, connect: Connect, clock: Any, answers: Any
) -> None:
    vendor.script(answers(429, headers={"Retry-After": "Tue, 03 Mar 2026 10:00:09 GMT"}), answers())
    connect().send(get(vendor))
    assert clock.slept == [9.0]


def test_waits_without_retry_after_double(vendor: Any, connect: Connect, clock: Any, answers: Any) -> None:
    rule = ErrorRule(when=on_status(429), then="wait", wait=2.0)
    vendor.script(answers(429), answers(429), answers(429), answers())
    connect(behaviour=Behaviour(rules=[rule])).send(get(vendor))
    assert [least <= slept <= least * 1.25 for least, slept in zip((2, 4, 8), clock.slept, strict=True)] == [True] * 3


def test_a_wait_longer_than_the_patience_is_left_to_the_next_run(
    vendor: Any, connect: Connect, clock: Any, answers: Any
) -> None:
    vendor.script(answers(429, headers={"Retry-After": "3600"}))
    with pytest.raises(Wait) as raised:
        connect(who=Who("crmvendor", "acme", "crm")).send(get(vendor, object="contacts"))
    assert raised.value.seconds == 3600
    assert "customer acme, connection crm, object contacts" in str(raised.value)
    assert clock.slept == []


def test_a_vendor_that_says_retry_at_once_for_ever_is_not_obeyed_for_ever(
    vendor: Any, connect: Connect, answers: Any
) -> None:
    vendor.script(answers(429, headers={"Retry-After": "0"}))
    with pytest.raises(Wait):
        connect().send(get(vendor))


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 521])
def test_failures_of_the_vendor_are_tried_again_for_reads(
    vendor: Any, connect: Connect, answers: Any, status: int
) -> None:
    vendor.script(answers(status), answers(status), answers(body=BODY))
    assert connect().send(get(vendor)).attempts == 3


def test_patience_ends(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(500, {"message": "boom", "correlationId": "c-1"}))
    with pytest.raises(VendorDown, match=r"4 tries: 500: boom \(request c-1\)"):
        connect().send(get(vendor))
    assert len(vendor.received) == 4


@pytest.mark.parametrize("status", [408, 500, 503])
def test_a_write_that_may_have_been_applied_is_not_sent_again(
    vendor: Any, connect: Connect, answers: Any, status: int
) -> None:
    vendor.script(answers(status))
    with pytest.raises(AnswerLost):
        connect().send(create(vendor))
    assert len(vendor.received) == 1


def test_a_write_whose_answer_is_lost_is_not_sent_again(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(hang_up=True))
    with pytest.raises(AnswerLost, match="may have been applied"):
        connect().send(create(vendor))
    assert len(vendor.received) == 1


def test_a_write_that_is_refused_for_now_is_sent_again(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(429, headers={"Retry-After": "1"}), answers(201))
    assert connect().send(create(vendor)).status == 201


def test_a_write_that_says_so_is_sent_again(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(hang_up=True), answers(201))
    assert connect().send(create(vendor, repeatable=True)).attempts == 2


def test_a_read_whose_answer_is_lost_is_sent_again(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(hang_up=True), answers(body=BODY))
    assert connect().send(get(vendor)).attempts == 2


def test_what_never_left_is_sent_again_even_if_it_is_a_write(connect: Connect, vendor: Any, clock: Any) -> None:
    vendor.close()
    with pytest.raises(VendorDown, match="cannot be reached") as raised:
        connect().send(create(vendor))
    assert not isinstance(raised.value, AnswerLost)
    assert len(clock.slept) == 3


@pytest.mark.parametrize("chunked", [False, True])
def test_a_cut_body_is_never_taken_for_a_whole_one(vendor: Any, connect: Connect, answers: Any, chunked: bool) -> None:
    vendor.script(answers(body=BODY[:900], cut=len(BODY) - 900, chunked=chunked), answers(body=BODY))
    response = connect().send(get(vendor))
    assert response.json() == PAGE
    assert response.attempts == 2


def test_a_compressed_body_that_ends_early_is_never_taken_for_a_whole_one(
    vendor: Any, connect: Connect, answers: Any
) -> None:
    packed = gzip.compress(BODY)
    encoded = {"content-encoding": "gzip"}
    vendor.script(answers(body=packed[:-20], headers=encoded), answers(body=packed, headers=encoded))
    assert connect().send(get(vendor, expects="any")).attempts == 2


def test_half_a_json_text_is_tried_again_then_the_vendor_counts_as_down(
    vendor: Any, connect: Connect, answers: Any
) -> None:
    vendor.script(answers(body=BODY[: len(BODY) // 2]), answers(body=BODY))
    assert connect().send(get(vendor)).attempts == 2
    vendor.script(answers(body=BODY[: len(BODY) // 2]))
    with pytest.raises(VendorDown, match="not whole JSON"):
        connect().send(get(vendor))


def test_half_an_xml_document_is_tried_again_then_the_vendor_counts_as_down(
    vendor: Any, connect: Connect, answers: Any
) -> None:
    whole, kind = b"<response><a>1</a></response>", {"content-type": "text/xml"}
    vendor.script(answers(body=whole[:-8], headers=kind), answers(body=whole, headers=kind))
    assert connect().send(get(vendor, expects="xml")).attempts == 2
    bombs = b'<!DOCTYPE r [<!ENTITY a "ha">]><r>&a;</r>'
    for body in (whole[:-8], bombs):
        vendor.script(answers(body=body, headers=kind))
        with pytest.raises(VendorDown, match="not whole XML"):
            connect().send(get(vendor, expects="xml"))


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json"])
def test_a_web_page_instead_of_an_answer_means_the_vendor_is_down(
    vendor: Any, connect: Connect, answers: Any, kind: str
) -> None:
    vendor.script(answers(200, body=b"\n<!DOCTYPE html><html>maintenance</html>", type=kind))
    with pytest.raises(VendorDown, match="a web page instead of json"):
        connect().send(get(vendor))


def test_a_write_answered_by_a_web_page_may_have_been_applied(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(200, body=b"<html>hello</html>", type="text/html"))
    with pytest.raises(AnswerLost):
        connect().send(create(vendor))


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_larger_than_allowed_is_not_read_to_its_end(
    vendor: Any, connect: Connect, answers: Any, packed: bool
) -> None:
    body = b'"' + b"x" * 5_000_000 + b'"'
    encoded = {"content-encoding": "gzip"} if packed else {}
    vendor.script(answers(body=gzip.compress(body) if packed else body, headers=encoded))
    with pytest.raises(Refused) as raised:
        connect().send(get(vendor, max_bytes=100_000))
    assert raised.value.outcome == "split"


def test_nothing_for_too_long_counts_as_a_lost_answer(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(delay=1.0), answers(body=BODY))
    assert connect().send(get(vendor, timeout=0.2)).attempts == 2


@pytest.mark.parametrize(
    "outcome", ["skip", "absent", "split", "restart", "resync", "next_read", "drop_field", "follow", "reject"]
)
def test_outcomes_for_the_caller_carry_what_the_vendor_said(
    vendor: Any, connect: Connect, answers: Any, outcome: Any
) -> None:
    def read_error(status: int, headers: Any, body: Any) -> ErrorFacts:
        return ErrorFacts(body["kind"], body["text"], body["at"], headers["x-request"])

    said = {"kind": "NOPE", "text": "not that one", "at": "email"}
    vendor.script(answers(400, said, headers={"X-Request": "r-9", "Location": "/jobs/1"}))
    rule = ErrorRule(when=lambda status, headers, body: body["kind"] == "NOPE", then=outcome)
    with pytest.raises(Refused) as raised:
        connect(behaviour=Behaviour(rules=[rule], read_error=read_error)).send(get(vendor))
    error = raised.value
    assert (error.outcome, error.status, error.location) == (outcome, 400, "/jobs/1")
    assert error.facts == ErrorFacts("NOPE", "not that one", "email", "r-9")
    assert "400 NOPE: not that one (field email) (request r-9)" in str(error)


def test_the_first_rule_that_fits_decides(vendor: Any, connect: Connect, answers: Any) -> None:
    rules = [
        ErrorRule(when=on_status(404), then="absent", only=frozenset({"by_key"})),
        ErrorRule(when=on_status(404), then="skip"),
    ]
    vendor.script(answers(404))
    transport = connect(behaviour=Behaviour(rules=rules))
    outcomes = []
    for role in ("by_key", "all"):
        with pytest.raises(Refused) as raised:
            transport.send(get(vendor, role=role))
        outcomes.append(raised.value.outcome)
    assert outcomes == ["absent", "skip"]


def test_a_failure_dressed_as_a_good_answer_is_seen_where_a_rule_looks(
    vendor: Any, connect: Connect, answers: Any
) -> None:
    rule = ErrorRule(when=lambda status, headers, body: body.get("ok") is False, then="skip", on_success=True)
    vendor.script(answers(200, {"ok": False, "error": "no"}))
    with pytest.raises(Refused, match="200 no"):
        connect(behaviour=Behaviour(rules=[rule])).send(get(vendor))


def test_what_is_refused_without_a_rule_is_the_definitions_fault_or_the_records(
    vendor: Any, connect: Connect, answers: Any
) -> None:
    vendor.script(answers(400, {"message": "no such filter"}))
    with pytest.raises(FixDefinition, match="no such filter"):
        connect().send(get(vendor))
    with pytest.raises(Refused) as raised:
        connect().send(create(vendor))
    assert raised.value.outcome == "reject"
    vendor.script(answers(414))
    with pytest.raises(Refused) as raised:
        connect().send(get(vendor))
    assert raised.value.outcome == "split"


def test_a_move_to_another_address_is_told_not_followed(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(301, headers={"Location": "https://elsewhere.example/v2"}))
    with pytest.raises(FixDefinition, match=r"moved GET /things to https://elsewhere\.example/v2"):
        connect().send(get(vendor))
    assert len(vendor.received) == 1


def test_a_used_up_quota_waits_for_the_next_run(vendor: Any, connect: Connect, answers: Any) -> None:
    rule = ErrorRule(when=on_status(403), then="wait_for_quota")
    vendor.script(answers(403))
    with pytest.raises(Wait):
        connect(behaviour=Behaviour(rules=[rule])).send(get(vendor))


def test_unknown_of_a_write_is_an_answer_lost(vendor: Any, connect: Connect, answers: Any) -> None:
    rule = ErrorRule(when=on_status(524), then="unknown")
    vendor.script(answers(524))
    with pytest.raises(AnswerLost):
        connect(behaviour=Behaviour(rules=[rule])).send(create(vendor))


def test_401_without_anything_newer_asks_for_new_credentials(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(401, {"message": "who are you?"}))
    with pytest.raises(Reauthorise, match="who are you"):
        connect().send(get(vendor))
    assert len(vendor.received) == 1


def test_a_stop_ends_a_wait(vendor: Any, connect: Connect, answers: Any) -> None:
    from backhaul.http.clock import SYSTEM

    stop = threading.Event()
    vendor.script(answers(429, headers={"Retry-After": "100"}))
    transport = connect(clock=SYSTEM, stop=stop)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(transport.send, get(vendor))
        while not vendor.received:
            pass
        stop.set()
        with pytest.raises(Stopped):
            sending.result(timeout=20)
    with pytest.raises(Stopped):
        transport.send(get(vendor))
    assert len(vendor.received) == 1


def test_large_answers_stream(vendor: Any, connect: Connect, answers: Any) -> None:
    rows = b"id,name\n" + b"1,ada\n" * 200_000
    vendor.script(
        answers(503),
        answers(
            body=gzip.compress(rows), type="text/csv", headers={"content-encoding": "gzip", "sforce-locator": "abc"}
        ),
    )
    with connect().stream(get(vendor, expects="csv")) as streaming:
        assert streaming.headers["sforce-locator"] == "abc"
        assert streaming.response.attempts == 2
        assert b"".join(streaming.chunks) == rows


def test_a_stream_that_is_cut_raises_in_the_middle(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(body=b"id\n1\n" * 1000, cut=100, type="text/csv"))
    with (
        pytest.raises(VendorDown, match="cut"),
        connect().stream(get(vendor, expects="csv", object="Account")) as streaming,
    ):
        list(streaming.chunks)


def test_a_stream_refuses_as_a_send_does(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(404, {"message": "gone"}))
    rule = ErrorRule(when=on_status(404), then="restart")
    with (
        pytest.raises(Refused) as raised,
        connect(behaviour=Behaviour(rules=[rule])).stream(get(vendor, expects="csv")),
    ):
        raise AssertionError("there is nothing to read")
    assert raised.value.outcome == "restart"


def test_a_web_page_is_not_streamed(vendor: Any, connect: Connect, answers: Any) -> None:
    vendor.script(answers(body=b"<html></html>", type="text/html"), answers(body=b"id\n", type="text/csv"))
    with connect().stream(get(vendor, expects="csv")) as streaming:
        assert b"".join(streaming.chunks) == b"id\n"


def test_connections_are_given_back_after_every_kind_of_failure(vendor: Any, connect: Connect, answers: Any) -> None:
    transport = connect(connections=2, patience=Patience(tries=1))
    for bad in (answers(hang_up=True), answers(body=BODY, cut=9), answers(500), answers(400), answers(body=b"[1")):
        vendor.script(bad)
        for _ in range(3):
            with pytest.raises((VendorDown, FixDefinition)):
                transport.send(get(vendor, timeout=5.0))
    vendor.script(answers(body=BODY))
    assert transport.send(get(vendor, timeout=5.0)).attempts == 1


def test_a_connection_that_the_vendor_closed_meanwhile_does_not_cost_a_write(
    vendor: Any, connect: Connect, answers: Any
) -> None:
    vendor.script(answers(close=True), answers(201))
    transport = connect()
    transport.send(get(vendor))
    threading.Event().wait(0.2)  # the end of the connection travels to us
    assert transport.send(create(vendor)).attempts == 1
    assert vendor.connections == 2


def test_a_proxy_of_the_environment_is_used(
    vendor: Any, connect: Connect, answers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", vendor.url)
    connect().send(Request("GET", "http://vendor.example/x?a=1"))
    assert vendor.received[0].target == "http://vendor.example/x?a=1"


def test_a_write_that_the_proxy_lets_not_through_has_not_left(
    vendor: Any, connect: Connect, answers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", vendor.url)
    vendor.script(*[answers(403)] * 4)
    with pytest.raises(VendorDown, match="cannot be reached") as raised:
        connect().send(Request("POST", "https://vendor.example/x", body=b"{}", write=True, repeatable=False))
    assert not isinstance(raised.value, AnswerLost)


@pytest.mark.parametrize("url", ["ftp://v.example/x", "no-url-at-all", "http://"])
def test_an_address_that_is_none_is_the_definitions_fault(connect: Connect, url: str) -> None:
    with pytest.raises(FixDefinition):
        connect().send(Request("GET", url))


def test_a_vendor_that_echoes_a_secret_does_not_get_it_into_an_error(
    vendor: Any, connect: Connect, answers: Any
) -> None:
    redact.register("canary-987654321")
    said = {"message": "no such key canary-987654321", "code": "canary-987654321", "correlationId": "canary-987654321"}
    for status, write in ((400, False), (400, True), (401, False), (500, False), (301, False)):
        vendor.script(answers(status, said, headers={"Location": "/x?canary-987654321"}))
        with pytest.raises(BackhaulError) as raised:
            connect().send(Request("POST", vendor.url + "/k/canary-987654321", write=write))
        error: BaseException | None = raised.value
        while error is not None:
            assert "canary" not in f"{error!s} {error!r}"
            error = error.__cause__


def test_secrets_of_each_way_in_never_reach_a_log(vendor: Any, connect: Connect, answers: Any, tmp_path: Path) -> None:
    ways: list[Spec] = [
        BearerSpec("canary-bearer"),
        BasicSpec("me", "canary-basic"),
        ApiKeySpec("key", "canary-param", "param"),
        OAuth1Spec("canary-consumer", "canary-cs", "canary-token", "canary-ts"),
    ]
    log.set_up(log.JsonLines(tmp_path / "logs", log.DEBUG))
    try:
        for way in ways:
            vendor.script(answers(500), answers(hang_up=True), answers())
            connect(signer=signer_of(way, connect())).send(get(vendor))
    finally:
        log.set_up()
    text = "".join(path.read_text() for path in (tmp_path / "logs").iterdir())
    assert text.count('"event":"request"') == 12
    assert "canary" not in text
    assert any("canary" in str(received.headers) + received.target for received in vendor.received)
