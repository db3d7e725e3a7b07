"""HubSpot's main exchanges, by our engine and definition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from backhaul.discovery.discover import discover, list_objects
from backhaul.errors import ConfigError, FixDefinition, Reauthorise, VendorDown, Wait
from backhaul.http.patience import Patience
from backhaul.protocol.reads import NotServed
from backhaul.protocol.writes import OutRow
from tests.cassettes.account import Account, asking, pages, rows, schema_of, writing

SOURCE = "hubspot"
pytestmark = [pytest.mark.vcr, pytest.mark.block_network]
CONTACT = schema_of(
    "contacts", ["id"], "lastmodifieddate", email="text", createdate="timestamp", lastmodifieddate="timestamp"
)
COMPANY = schema_of("companies", ["id"], "hs_lastmodifieddate", name="text", annualrevenue="decimal")


def test_the_probe_tells_whose_account_it_is(account: Account) -> None:
    connection = account.connect()
    assert connection.account["id"].isdigit()
    assert "/" in connection.account["time_zone"]
    assert len(connection.account["currency"]) == 3


def test_discovery_types_the_fields_of_a_standard_and_a_custom_object(account: Account) -> None:
    connection = account.connect()
    found = {each.name: each for each in list_objects(connection)}
    assert not found["contacts"].custom
    own = next(name for name, each in found.items() if each.custom)
    schema = discover(connection, ["products", own]).schema
    products = schema.objects["products"]
    assert products.key == ("id",)
    assert products.change_field == "hs_lastmodifieddate"
    assert products.fields["price"].type == "decimal"
    assert products.fields["hs_lastmodifieddate"].type == "timestamp"
    assert not products.fields["hs_lastmodifieddate"].updatable
    assert schema.objects[own].custom
    assert any(each.custom for each in schema.objects[own].fields.values())
    assert any(each.options for each in schema.objects[own].fields.values())


def test_an_object_that_is_not_there_is_named_with_its_nearest(account: Account) -> None:
    with pytest.raises(ConfigError, match="no object contcts") as raised:
        discover(account.connect(), ["contcts"])
    assert "contacts" in str(raised.value)


def test_a_full_read_follows_its_pages(account: Account) -> None:
    connection = account.connect()
    ask = asking(connection, CONTACT, "all", size=4)
    some = pages(connection, ask, 3)
    assert [page.rows for page in some] == [4, 4, 4]
    assert all(page.next is not None and page.next.page for page in some)
    found = rows(connection, ask, some)
    assert len({row["id"] for row in found}) == 12
    assert all(row["createdate"].tzinfo is not None and row["createdate"] <= row["lastmodifieddate"] for row in found)


def test_numbers_stay_exact(account: Account) -> None:
    connection = account.connect()
    ask = asking(connection, COMPANY, "all", size=20)
    revenues = [row["annualrevenue"] for row in rows(connection, ask, pages(connection, ask, 1))]
    assert all(each is None or isinstance(each, Decimal) for each in revenues)
    if account.simulated(connection):
        assert any(revenues)


def test_changes_are_asked_for_by_time_and_come_by_key(account: Account) -> None:
    connection = account.connect()
    first = asking(connection, CONTACT, "all", size=5)
    known = rows(connection, first, pages(connection, first, 1))
    since, until = min(row["lastmodifieddate"] for row in known), max(row["lastmodifieddate"] for row in known)
    ask = asking(connection, CONTACT, "changes", size=3, since=since, until=until)
    some = pages(connection, ask, 2)
    found = rows(connection, ask, some)
    assert some[0].total is not None
    assert some[0].total >= len(found) > 0
    assert all(since <= row["lastmodifieddate"] < until for row in found)
    keys = [int(row["id"]) for row in found]
    assert keys == sorted(keys)


def test_records_by_key_come_as_far_as_they_exist(account: Account) -> None:
    connection = account.connect()
    first = asking(connection, CONTACT, "all", size=2)
    keys = [row["id"] for row in rows(connection, first, pages(connection, first, 1))]
    ask = asking(connection, CONTACT, "by_key", items=[{"id": key} for key in [*keys, "999999999999"]])
    found = rows(connection, ask, pages(connection, ask))
    assert sorted(row["id"] for row in found) == sorted(keys)


def test_the_scan_of_archived_records_tells_when_they_went(account: Account) -> None:
    connection = account.connect()
    first = asking(connection, CONTACT, "all", size=1)
    key = rows(connection, first, pages(connection, first, 1))[0]["id"]
    account.tell("delete", "contacts", key)
    ask = asking(connection, schema_of("contacts", ["id"]), "deleted", size=5, extra={"_at": "archivedAt"})
    page = pages(connection, ask, 1)[0]
    moments = [datetime.fromisoformat(each) for each in page.columns["_at"]]
    assert all(each.tzinfo is not None for each in moments)
    if account.simulated(connection):
        assert page.columns["id"] == [key]


def test_associations_are_asked_for_a_batch_of_parents(account: Account) -> None:
    connection = account.connect()
    first = asking(connection, CONTACT, "all", size=3)
    keys = [row["id"] for row in rows(connection, first, pages(connection, first, 1))]
    pairs = schema_of("contacts_companies", ["from_id", "to_id"], associationTypes="json")
    ask = asking(connection, pairs, "by_parent", items=[{"id": key} for key in keys])
    found = rows(connection, ask, pages(connection, ask))
    assert {row["from_id"] for row in found} <= set(keys)
    if account.simulated(connection):
        assert found
    assert all(row["to_id"].isdigit() and "category" in row["associationTypes"] for row in found)


def test_owners_have_declared_fields(account: Account) -> None:
    connection = account.connect()
    schema = schema_of("owners", ["id"], email="text", archived="boolean", createdAt="timestamp", teams="json")
    ask = asking(connection, schema, "all", size=3, each="false")
    found = rows(connection, ask, pages(connection, ask, 1))
    assert all(row["archived"] is False and row["createdAt"].tzinfo is not None for row in found)


@pytest.mark.writes
def test_a_batch_is_written_changed_and_archived(account: Account) -> None:
    connection = account.connect()
    out = [
        OutRow("recorded-1", {"email": "recorded-1@backhaul.example", "firstname": "Ada"}),
        OutRow("recorded-2", {"email": "no address", "firstname": "Bad"}),
        OutRow("recorded-3", {"email": "recorded-3@backhaul.example", "firstname": "Grace"}),
    ]
    answers = writing(connection, CONTACT, "create", out)
    assert [each.state for each in answers] == ["confirmed", "refused", "confirmed"]
    assert answers[1].code == "VALIDATION_ERROR"
    assert "email" in answers[1].message.lower()
    made = [each.key for each in answers if each.key]
    changes = [
        OutRow("recorded-4", {"firstname": "Ada L."}, key=made[0]),
        OutRow("recorded-5", {"firstname": "?"}, key="999999999999"),
    ]
    again = writing(connection, CONTACT, "update", changes)
    assert [each.state for each in again] == ["confirmed", "refused"]
    assert again[0].changed is not None
    at = datetime.fromisoformat(again[0].changed)
    ask = asking(connection, CONTACT, "by_key", items=[{"id": key} for key in made])
    by_key = {row["id"]: row for row in rows(connection, ask, pages(connection, ask))}
    assert by_key[made[0]]["lastmodifieddate"] == at.astimezone(UTC)
    gone = writing(connection, CONTACT, "delete", [OutRow(f"gone-{key}", key=key) for key in made])
    assert [each.state for each in gone] == ["confirmed", "confirmed"]
    assert pages(connection, ask)[0].rows == 0


@pytest.mark.writes
def test_an_upsert_tells_what_it_made(account: Account) -> None:
    connection = account.connect()
    out = [OutRow("recorded-6", {"firstname": "Mary"}, match="recorded-6@backhaul.example")]
    first = writing(connection, CONTACT, "upsert", out, match="email")
    second = writing(connection, CONTACT, "upsert", out, match="email")
    assert (first[0].created, second[0].created) == (True, False)
    assert first[0].key == second[0].key
    writing(connection, CONTACT, "delete", [OutRow("gone", key=first[0].key)])


@pytest.mark.simulator
def test_a_limit_is_waited_for_and_the_request_sent_again(account: Account) -> None:
    connection = account.connect()
    account.trouble("429", policy="SECONDLY")
    ask = asking(connection, CONTACT, "all", size=1)
    assert pages(connection, ask, 1)[0].rows == 1
    assert len(account.clock.waits) == 1
    assert 1.0 <= account.clock.waits[0] <= 1.25


@pytest.mark.simulator
def test_a_used_up_day_is_not_waited_for(account: Account) -> None:
    connection = account.connect(patience=Patience(longest_wait=5.0))
    account.trouble("429", policy="DAILY")
    with pytest.raises(Wait) as raised:
        pages(connection, asking(connection, CONTACT, "all", size=1), 1)
    assert raised.value.seconds > 60
    assert raised.value.connection == "crm"
    assert raised.value.object == "contacts"


@pytest.mark.simulator
def test_a_revoked_token_asks_for_another(account: Account) -> None:
    account.trouble("revoked_token", count=None)
    with pytest.raises(Reauthorise, match="does not accept the credentials"):
        account.connect()


@pytest.mark.simulator
def test_a_missing_scope_leaves_the_object_out(account: Account) -> None:
    connection = account.connect()
    account.configure(missing_scopes=["crm.objects.contacts.read"])
    found = discover(connection, ["contacts"])
    assert found.schema.objects == {}
    assert "scope" in found.not_served["contacts"]
    with pytest.raises(NotServed):
        pages(connection, asking(connection, CONTACT, "all", size=1), 1)


def test_a_request_that_the_vendor_does_not_understand_is_the_definitions_fault(account: Account) -> None:
    connection = account.connect()
    ask = asking(connection, CONTACT, "changes", size=500, since=datetime(2024, 1, 1, tzinfo=UTC))
    with pytest.raises(FixDefinition) as raised:
        pages(connection, ask, 1)
    assert raised.value.object == "contacts"


@pytest.mark.simulator
def test_a_failing_vendor_is_given_up_after_the_tries(account: Account) -> None:
    connection = account.connect()
    account.trouble("500", count=None)
    with pytest.raises(VendorDown, match="failed after 2 tries"):
        pages(connection, asking(connection, CONTACT, "all", size=1), 1)


@pytest.mark.simulator
def test_a_proxys_page_is_no_answer(account: Account) -> None:
    connection = account.connect()
    account.trouble("html", status=200)
    assert pages(connection, asking(connection, CONTACT, "all", size=1), 1)[0].rows == 1
    assert len(account.clock.waits) == 1


def test_a_window_may_be_one_instant(account: Account) -> None:
    connection = account.connect()
    first = asking(connection, CONTACT, "all", size=1)
    known = rows(connection, first, pages(connection, first, 1))[0]
    at = known["lastmodifieddate"]
    ask = asking(connection, CONTACT, "changes", size=100, since=at, until=at + timedelta(milliseconds=1))
    assert known["id"] in {row["id"] for row in rows(connection, ask, pages(connection, ask))}
