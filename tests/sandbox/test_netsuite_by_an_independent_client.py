"""The simulator of NetSuite before a client that others wrote: requests with requests-oauthlib."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth1

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build

SUITEQL = "/services/rest/query/v1/suiteql"
RECORD = "/services/rest/record/v1"
COLLECTION = "application/vnd.oracle.resource+json; type=collection"


class Client:
    """What a stranger would write in an afternoon."""

    def __init__(self, base_url: str, **credentials: str) -> None:
        self.base_url = base_url
        self._auth = OAuth1(
            credentials["consumer_key"],
            credentials["consumer_secret"],
            credentials["token_id"],
            credentials["token_secret"],
            realm=credentials.get("realm", "1234567_SB1"),
            signature_method=credentials.get("signature_method", "HMAC-SHA256"),
        )
        self._session = requests.Session()
        self._session.trust_env = False

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith("http") else self.base_url + path
        return self._session.request(method, url, auth=self._auth, timeout=30, **options)

    def query(self, text: str, **params: int) -> requests.Response:
        return self.send("POST", SUITEQL, params=params, json={"q": text}, headers={"Prefer": "transient"})


@pytest.fixture
def netsuite() -> Iterator[Running]:
    with serve(build("netsuite")) as running:
        yield running


@pytest.fixture
def client(netsuite: Running) -> Client:
    return Client(netsuite.base_url, **netsuite.credentials)


def code(response: requests.Response) -> str:
    return str(response.json()["o:errorDetails"][0]["o:errorCode"])


def test_a_signed_query_is_answered(client: Client) -> None:
    answer = client.query("SELECT SESSIONTIMEZONE AS timezone FROM DUAL")
    assert answer.status_code == 200
    assert answer.json()["items"] == [{"links": [], "timezone": "America/Los_Angeles"}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"token_secret": "not the secret"},
        {"consumer_secret": "not the secret"},
        {"token_id": "nobody"},
        {"realm": "1234567-sb1"},
        {"signature_method": "HMAC-SHA1"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_wrong_credential_is_an_invalid_login(netsuite: Running, wrong: dict[str, str]) -> None:
    answer = Client(netsuite.base_url, **{**netsuite.credentials, **wrong}).query("SELECT id FROM customer")
    assert answer.status_code == 401
    assert code(answer) == "INVALID_LOGIN"
    assert answer.headers["WWW-Authenticate"].startswith('OAuth realm="1234567_SB1", error="token_rejected"')


def test_links_lead_through_every_page(client: Client) -> None:
    answer = client.query("SELECT id, email FROM contact ORDER BY id", limit=90)
    pages, ids = 1, [item["id"] for item in answer.json()["items"]]
    while answer.json()["hasMore"]:
        following = next(link["href"] for link in answer.json()["links"] if link["rel"] == "next")
        answer = client.send(
            "POST", following, json={"q": "SELECT id, email FROM contact ORDER BY id"}, headers={"Prefer": "transient"}
        )
        pages += 1
        ids += [item["id"] for item in answer.json()["items"]]
    assert pages == 5
    assert len(ids) == len(set(ids)) == answer.json()["totalResults"] == 400


def test_a_batch_of_100_reports_its_three_failures(client: Client, netsuite: Running) -> None:
    batch: list[dict[str, Any]] = [
        {"externalId": f"push-{n}", "companyName": f"Batch {n}", "subsidiary": {"id": "1"}} for n in range(100)
    ]
    del batch[10]["subsidiary"]
    batch[20]["nickname"] = "Twenty"
    batch[30]["custentity_health_score"] = "high"
    headers = {"Prefer": "respond-async", "Content-Type": COLLECTION, "X-NetSuite-Idempotency-Key": "7a0c1d9e"}
    submitted = client.send("POST", f"{RECORD}/customer", json={"items": batch}, headers=headers)
    assert submitted.status_code == 202
    job = submitted.headers["Location"]
    assert client.send("GET", job).json()["completed"] is False
    while not client.send("GET", job).json()["completed"]:
        time.sleep(0.02)

    tasks = client.send("GET", f"{job}/task").json()["items"]
    results = [client.send("GET", f"{job}/task/{task['id']}/result") for task in tasks]
    failed = {n: code(result) for n, result in enumerate(results) if result.status_code >= 400}
    assert failed == {10: "USER_ERROR", 20: "INVALID_CONTENT", 30: "INVALID_CONTENT"}
    assert [task["progress"] for task in tasks].count("failed") == 3
    created = results[99].headers["Location"]
    assert client.send("GET", created).json()["companyName"] == "Batch 99"
    assert sum(row["externalid"] is not None for row in netsuite.vendor.dump("customer")) == 97

    again = client.send("POST", f"{RECORD}/customer", json={"items": batch}, headers=headers)
    assert (again.status_code, code(again)) == (400, "IDEMPOTENCY_ERROR")
    assert again.headers["Location"] == job


def test_a_refused_write_says_where_it_went_wrong(client: Client) -> None:
    answer = client.send(
        "POST", f"{RECORD}/invoice", json={"entity": {"id": "142"}, "item": {"items": [{"quantity": 2}]}}
    )
    assert (answer.status_code, code(answer)) == (400, "USER_ERROR")
    assert answer.json()["o:errorDetails"][0]["o:errorPath"] == "item.items[0].item"


def test_an_external_id_upserts_once(client: Client) -> None:
    body = {"companyName": "Twice", "subsidiary": {"id": "1"}}
    first = client.send("PUT", f"{RECORD}/customer/eid:acc-1", json=body)
    second = client.send("PUT", f"{RECORD}/customer/eid:acc-1", json={"phone": "+1 555 0100"})
    assert first.status_code == second.status_code == 204
    assert first.headers["Location"] == second.headers["Location"]
    found = client.query("SELECT companyname, phone FROM customer WHERE externalid = 'acc-1'").json()["items"]
    assert found == [{"links": [], "companyname": "Twice", "phone": "+1 555 0100"}]


def test_one_request_too_many_at_a_time_is_blocked(client: Client, netsuite: Running) -> None:
    netsuite.configure(service_ms=400)

    def ask(n: int) -> requests.Response:
        return Client(netsuite.base_url, **netsuite.credentials).query("SELECT id FROM term")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    blocked = [answer for answer in answers if answer.status_code == 429]
    assert len([answer for answer in answers if answer.status_code == 200]) >= 5
    assert blocked
    assert "Retry-After" not in blocked[0].headers
    assert "Concurrent request limit exceeded" in blocked[0].json()["o:errorDetails"][0]["detail"]
