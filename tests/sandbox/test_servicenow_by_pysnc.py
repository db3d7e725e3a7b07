"""The simulator of ServiceNow before a client that others wrote: pysnc, with only its host changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from pysnc import ServiceNowClient
from pysnc.auth import ServiceNowClientCredentialsFlow, ServiceNowPasswordGrantFlow
from pysnc.exceptions import AuthenticationException, NotFoundException, RequestException, RoleException

from backhaul.sandbox.server import Running, serve
from backhaul.sandbox.simulators import build


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    # it takes no host but one of https
    monkeypatch.setattr("pysnc.client.get_instance", lambda instance: instance)
    with serve(build("servicenow")) as running:
        yield running


@pytest.fixture
def client(vendor: Running) -> ServiceNowClient:
    return ServiceNowClient(vendor.base_url, (vendor.credentials["user"], vendor.credentials["password"]))


def test_ways_in(vendor: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    app = vendor.credentials["client_id"], vendor.credentials["client_secret"]
    person = vendor.credentials["user"], vendor.credentials["password"]
    for way in (person, ServiceNowClientCredentialsFlow(*app), ServiceNowPasswordGrantFlow(*person, *app)):
        record = ServiceNowClient(vendor.base_url, way).GlideRecord("sys_user")
        assert record.get("user_name", "integration.user")
    with pytest.raises(AuthenticationException):
        ServiceNowClient(vendor.base_url, (person[0], "wrong")).GlideRecord("sys_user").get("x" * 32)
    with pytest.raises(AuthenticationException):
        ServiceNowClientCredentialsFlow(app[0], "wrong").authenticate(vendor.base_url)


def test_more_than_three_pages(client: ServiceNowClient, vendor: Running) -> None:
    record = client.GlideRecord("incident", batch_size=50)
    record.add_query("active", "true")
    record.fields = "number,caller_id,state,caller_id.email"
    record.query()
    found = [
        (each.number.get_value(), each.caller_id.get_value(), each.get_value("caller_id.email")) for each in record
    ]
    held = {each["number"]: each["caller_id"] for each in vendor.dump("incident") if each["active"] == "true"}
    mails = {each["sys_id"]: each["email"] for each in vendor.dump("customer_contact")}
    assert len(record) == len(found) == len(held) > 100
    assert {number: (caller, mails[caller]) for number, caller in held.items()} == {n: (c, m) for n, c, m in found}
    assert sum("/incident" in each["path"] for each in vendor.received()) >= 3


def test_labels_and_conditions(client: ServiceNowClient) -> None:
    record = client.GlideRecord("incident")
    record.add_query("state", "1").add_or_condition("state", "6")
    record.add_not_null_query("u_severity_score")
    record.order_by_desc("number")
    record.query()
    found = [(each.get_display_value("state"), each.number.get_value()) for each in record]
    assert {state for state, _ in found} == {"New", "Resolved"}
    assert found == sorted(found, key=lambda each: each[1], reverse=True)


def test_a_record_is_made_changed_and_deleted(client: ServiceNowClient, vendor: Running) -> None:
    record = client.GlideRecord("u_subscription")
    record.initialize()
    record.u_name, record.u_code, record.u_seats = "By a client", "C-1", 5
    key = record.insert()
    assert key
    assert record.get(key)
    record.u_seats = 6
    assert record.update()
    held = {each["sys_id"]: each for each in vendor.dump("u_subscription")}
    assert (held[key]["u_seats"], held[key]["sys_mod_count"]) == ("6", "1")
    twin = client.GlideRecord("u_subscription")
    twin.initialize()
    twin.u_name, twin.u_code = "Twin", "C-1"
    with pytest.raises(RoleException, match="Unique Key violation"):
        client.table_api.post(twin)
    assert record.delete()
    assert not client.GlideRecord("u_subscription").get(key)
    with pytest.raises(NotFoundException):
        client.table_api.get(client.GlideRecord("u_subscription"), key)


def test_a_batch_with_failures_and_with_what_it_did_not_get_to(client: ServiceNowClient, vendor: Running) -> None:
    vendor.configure(batch_serves=3)
    made: list[requests.Response] = []
    for name, code in (("Alpha", "A-1"), ("Twin", "A-1"), ("", "A-3"), ("Delta", "A-4"), ("Epsilon", "A-5")):
        record = client.GlideRecord("u_subscription")
        record.initialize()
        record.u_name, record.u_code = name, code
        client.batch_api.post(record, made.append)
    client.batch_api.execute()
    assert [each.status_code for each in made] == [201, 403, 403, 201, 201]
    assert "Unique Key violation" in made[1].json()["error"]["detail"]
    assert "mandatory" in made[2].json()["error"]["detail"]
    codes = [each["u_code"] for each in vendor.dump("u_subscription")]
    assert [code for code in codes if code.startswith("A-")] == ["A-1", "A-4", "A-5"]


def test_a_429_is_waited_for_as_it_says(client: ServiceNowClient, vendor: Running) -> None:
    vendor.fault("429", count=1, path="/table/u_reading$")
    record = client.GlideRecord("u_reading")
    record.query()
    assert len(record) == 30
    assert [each["status"] for each in vendor.received()] == [429, 200]
    vendor.fault("429", count=None, path="/table/u_reading$")
    plain = ServiceNowClient(
        vendor.base_url, (vendor.credentials["user"], vendor.credentials["password"]), auto_retry=False
    )
    with pytest.raises(RequestException, match="Rate limit exceeded"):
        plain.GlideRecord("u_reading").query()
