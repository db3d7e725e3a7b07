"""The simulators' framework, seen by a real client over real connections: faults, control API, log, processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from backhaul.sandbox.clock import Clock
from backhaul.sandbox.serve import serve_all
from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import simulator
from backhaul.sandbox.tables import Table
from backhaul.sandbox.vendor import Refused, Vendor, served
from backhaul.sandbox.world import World


class Toy(Vendor):
    """The smallest vendor: one object, read whole, written a record at a time."""

    source = "toy"
    VARIANTS = {"mood": ("calm", "cross")}

    def __init__(self, world: World, **options: Any) -> None:
        super().__init__(world, **options)
        self.tables["things"] = Table("things")
        self.credentials = {"token": "t"}

    def routes(self) -> list[BaseRoute]:
        return [Route("/things", self.things, methods=["GET", "POST"])]

    async def things(self, request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer t":
            raise Refused(JSONResponse({"error": "who are you"}, 401))
        if request.method == "POST":
            body = await request.json()
            return JSONResponse(self.mutate("create", "things", body["id"], body), 201)
        rows = [row.values for row in self.tables["things"].live()]
        served(request, len(rows))
        return JSONResponse({"rows": rows})

    def mutate(self, op: str, object: str, id: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if op != "create":
            raise ValueError(f"a toy cannot {op}")
        if id is None:
            raise ValueError("a thing needs an id")
        self.tables[object].insert(values, id=id, at=self.clock.now())
        return {"id": id}

    def dump(self, object: str) -> list[dict[str, Any]]:
        return [{**row.values, "_deleted": not row.live} for row in self.tables[object].order]

    def too_many(self, options: Mapping[str, Any]) -> Response:
        return JSONResponse({"policy": options.get("policy", "short")}, 429, {"Retry-After": "7"})

    async def not_found(self, request: Request) -> Response:
        return JSONResponse({"error": f"no {request.url.path}"}, 404)


@pytest.fixture(scope="module")
def world() -> World:
    return World.load()


@pytest.fixture
def toy(world: World) -> Iterator[Running]:
    with serve(Toy(world)) as running:
        yield running


@pytest.fixture
def client(toy: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=toy.base_url, headers={"Authorization": "Bearer t"}, verify=False) as client:
        yield client


def test_a_request_reaches_the_vendor_and_a_refusal_comes_back_as_the_vendor_words_it(client: httpx.Client) -> None:
    assert client.get("/things").json() == {"rows": []}
    refused = client.get("/things", headers={"Authorization": "Bearer wrong"})
    assert (refused.status_code, refused.json()) == (401, {"error": "who are you"})
    assert client.get("/nothing").json() == {"error": "no /nothing"}


def test_a_429_carries_the_vendors_own_headers_and_the_options_of_the_fault(toy: Running, client: httpx.Client) -> None:
    toy.fault("429", count=2, policy="daily")
    first, second, third = (client.get("/things") for _ in range(3))
    assert [answer.status_code for answer in (first, second, third)] == [429, 429, 200]
    assert first.headers["retry-after"] == "7"
    assert second.json() == {"policy": "daily"}


@pytest.mark.parametrize("kind", ["500", "503"])
def test_the_vendor_can_break(toy: Running, client: httpx.Client, kind: str) -> None:
    toy.fault(kind, retry_after=3)
    broken = client.get("/things")
    assert broken.status_code == int(kind)
    assert broken.headers["retry-after"] == "3"
    assert client.get("/things").status_code == 200


@pytest.mark.parametrize("status", [200, 502])
def test_html_may_stand_where_json_should(toy: Running, client: httpx.Client, status: int) -> None:
    toy.fault("html", status=status)
    answer = client.get("/things")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<html>")


def test_a_cut_body_ends_before_its_promised_length(toy: Running, client: httpx.Client) -> None:
    toy.mutate("create", "things", "1", {"name": "x" * 500})
    toy.fault("cut_body")
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/things")
    assert len(client.get("/things").json()["rows"]) == 1


def test_truncated_json_is_a_whole_answer_with_half_a_document(toy: Running, client: httpx.Client) -> None:
    toy.fault("truncated_json")
    answer = client.get("/things")
    assert answer.status_code == 200
    assert answer.text == '{"row'
    assert answer.headers["content-length"] == "5"


def test_a_slow_answer_outlasts_an_impatient_client(toy: Running, client: httpx.Client) -> None:
    toy.fault("slow", seconds=0.5)
    with pytest.raises(httpx.ReadTimeout):
        client.get("/things", timeout=0.1)
    toy.fault("slow", seconds=0.01)
    assert client.get("/things").status_code == 200


def test_latency_delays_every_request_until_cleared(toy: Running, client: httpx.Client) -> None:
    toy.fault("latency", ms=150)
    for _ in range(2):
        with pytest.raises(httpx.ReadTimeout):
            client.get("/things", timeout=0.05)
    toy.clear_faults()
    assert client.get("/things", timeout=5).status_code == 200


def test_a_lost_answer_leaves_the_write_done_and_the_client_ignorant(toy: Running, client: httpx.Client) -> None:
    toy.fault("lost_answer", method="post")
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/things", json={"id": "1"})
    assert client.get("/things").json() == {"rows": [{"id": "1"}]}
    lost = toy.received()[0]
    assert (lost["method"], lost["status"], lost["fault"]) == ("POST", None, "lost_answer")


@pytest.mark.parametrize("kind", ["expired_token", "revoked_token"])
def test_a_token_can_die(toy: Running, client: httpx.Client, kind: str) -> None:
    toy.fault(kind, count=None)
    assert [client.get("/things").status_code for _ in range(3)] == [401, 401, 401]
    toy.clear_faults()
    assert client.get("/things").status_code == 200


def test_a_fault_waits_for_its_turn_and_strikes_only_what_it_matches(toy: Running, client: httpx.Client) -> None:
    toy.fault("500", path="^/things$", method="GET", after=2)
    toy.fault("503", body='"id":"7"')
    assert [client.get("/things").status_code for _ in range(4)] == [200, 200, 500, 200]
    assert client.post("/things", json={"id": "6"}).status_code == 201
    assert client.post("/things", json={"id": "7"}).status_code == 503
    assert [fault["hits"] for fault in toy.faults()] == [1, 1]


def test_what_was_received_is_logged_without_the_secret(toy: Running, client: httpx.Client) -> None:
    toy.mutate_all([{"op": "create", "object": "things", "id": str(n), "values": {"id": str(n)}} for n in range(3)])
    client.get("/things", params={"q": "a b"})
    client.post("/things", content=b'{"id": "9"}')
    read, write = toy.received()
    assert (read["n"], read["method"], read["path"], read["query"]) == (1, "GET", "/things", "q=a+b")
    assert (read["status"], read["rows"], read["authorization"]) == (200, 3, "Bearer ***")
    assert (write["status"], write["rows"], write["n"]) == (201, None, 2)
    assert write["body_sha256"] != read["body_sha256"]
    assert toy.received(since=1) == [write]


def test_the_control_api_shows_and_changes_the_state(toy: Running, client: httpx.Client) -> None:
    assert toy.health()["variants"] == {"mood": "calm"}
    assert toy.mutate("create", "things", "1", {"id": "1"}) == {"id": "1"}
    assert toy.objects() == {"things": 1}
    assert toy.dump("things") == [{"id": "1", "_deleted": False}]
    assert toy.configure(index_lag=3)["index_lag"] == 3
    before = toy.vendor.clock.now()
    toy.advance(3600)
    assert (toy.vendor.clock.now() - before).total_seconds() >= 3600
    dated = parsedate_to_datetime(client.get("/things").headers["date"])
    assert (dated - before).total_seconds() >= 3599


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda toy: toy.fault("earthquake"), "earthquake"),
        (lambda toy: toy.mutate("explode", "things"), "explode"),
        (lambda toy: toy.mutate("merge", "things"), "cannot merge"),
        (lambda toy: toy.mutate("create", "nothings", "1"), "nothings"),
        (lambda toy: toy.configure(weather="fine"), "weather"),
        (lambda toy: toy.dump("nothings"), "nothings"),
    ],
)
def test_the_control_api_says_what_was_wrong(toy: Running, call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(toy)


def test_a_variant_that_does_not_exist_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="mood"):
        Toy(world, variants={"mood": "sad"})
    with pytest.raises(ValueError, match="weather"):
        Toy(world, variants={"weather": "fine"})
    with pytest.raises(ValueError, match="hubspot"):
        simulator("hubspots")


def test_a_table_keeps_order_deletes_merges_and_restores() -> None:
    table, clock = Table("things"), Clock()
    for id in ("a", "b", "c"):
        table.insert({"name": id}, id=id, at=clock.now())
    table.delete("a", clock.now())
    table.merge("c", "b", clock.now())
    assert [row.id for row in table.live()] == ["b"]
    assert table.rows["c"].merged_into == "b"
    table.restore("a", clock.now())
    table.purge("b")
    assert [row.id for row in table.live()] == ["a"]
    assert table.get("b") is None
    assert [row.id for row in table.after(0)] == ["b", "c"]
    with pytest.raises(KeyError, match="things b"):
        table.update("b", {}, clock.now())


def test_a_stamp_never_goes_back() -> None:
    table, clock = Table("things"), Clock()
    later = clock.now()
    clock.advance(-60)
    table.insert({}, id="1", at=later)
    assert table.update("1", {"x": 1}, clock.now()).changed_at == later


def test_the_world_is_the_same_for_the_same_seed_and_no_other() -> None:
    assert World.load(7).people[:50] == World.load(7).people[:50]
    assert World.load(7).people[:50] != World.load(8).people[:50]


def test_a_larger_world_keeps_the_smaller_one_and_repeats_no_address() -> None:
    small, large = World.load(7, 1), World.load(7, 20)
    assert large.people[: len(small.people)] == list(small.people)
    assert large.orders[-1].number != small.orders[-1].number
    addresses = [person.email for person in large.people]
    assert len(set(addresses)) == len(addresses) == 20 * len(small.people)


def test_the_worlds_money_adds_up(world: World) -> None:
    for payment in world.payments:
        assert payment.amount == payment.invoice.paid > 0
        assert payment.amount <= payment.invoice.total == payment.invoice.order.total


def test_each_source_is_served_by_a_process_that_ends_with_the_block() -> None:
    with serve_all(["hubspot"], scale=1, seed=3) as (hubspot,):
        health = httpx.get(f"{hubspot.control_url}/health", trust_env=False).json()
        assert (health["source"], health["seed"]) == ("hubspot", 3)
        assert hubspot.credentials["token"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(hubspot.base_url, trust_env=False)


def test_a_kept_process_outlives_the_block_and_holds_none_of_its_streams(tmp_path: Path) -> None:
    starter = (
        "import pathlib, sys\n"
        "from backhaul.sandbox.serve import serve_all\n"
        "with serve_all(['hubspot'], keep=pathlib.Path(sys.argv[1])) as (one,): print(one.pid, one.base_url)"
    )
    # its streams are read to their end: a process that held them would keep this waiting
    told = subprocess.run(
        [sys.executable, "-c", starter, str(tmp_path / "words")], capture_output=True, text=True, timeout=60, check=True
    )
    pid, base_url = told.stdout.split()
    try:
        assert httpx.get(f"{base_url}/account-info/v3/details", trust_env=False).status_code == 401
        assert (tmp_path / "words").exists()
    finally:
        os.kill(int(pid), 15)


def test_a_kept_process_ends_when_it_is_told_to(tmp_path: Path) -> None:
    with serve_all(["hubspot"], keep=tmp_path / "words") as (hubspot,):
        pass
    try:
        assert httpx.get(f"{hubspot.control_url}/health", trust_env=False).status_code == 200
    finally:
        os.kill(hubspot.pid, 15)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx.get(hubspot.base_url, trust_env=False)
        except httpx.TransportError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the process did not end")


def test_an_unknown_source_is_refused_before_anything_starts() -> None:
    with pytest.raises(ValueError, match="hubspots"), serve_all(["hubspots"]):
        pass
