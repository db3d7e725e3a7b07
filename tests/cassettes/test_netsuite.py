"""NetSuite's main exchanges, by our engine and definition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backhaul.config.objects import DeleteFeed
from backhaul.discovery.discover import discover, list_objects
from backhaul.errors import ConfigError, FixDefinition, Reauthorise, VendorDown, Wait
from backhaul.http.patience import Patience
from backhaul.protocol.connection import Connection
from backhaul.protocol.reads import Ask, NotServed
from backhaul.protocol.schema import Field
from backhaul.protocol.values import read_timestamp
from backhaul.protocol.writes import OutRow
from tests.cassettes.account import Account, asking, pages, rows, schema_of, writing

SOURCE = "netsuite"
pytestmark = [pytest.mark.vcr, pytest.mark.block_network]
CUSTOMER = schema_of(
    "customer",
    ["id"],
    "lastmodifieddate",
    entityid="text",
    companyname="text",
    isinactive="boolean",
    lastmodifieddate="timestamp",
)
INVOICE = schema_of(
    "invoice",
    ["id"],
    "lastmodifieddate",
    tranid="text",
    trandate="date",
    foreigntotal="decimal",
    lastmodifieddate="timestamp",
)
LINES = schema_of(
    "invoice_lines", ["transaction", "id"], item="text", quantity="decimal", rate="decimal", mainline="boolean"
)


def some_customers(connection: Connection, count: int = 3) -> list[dict[str, Any]]:
    ask = asking(connection, CUSTOMER, "all", size=count)
    return rows(connection, ask, pages(connection, ask, 1))


def test_the_probe_is_signed_and_learns_the_sessions_zone(account: Account) -> None:
    connection = account.connect()
    assert connection.account["id"] == account.settings["account"]
    assert "/" in connection.account["time_zone"]


def test_discovery_types_the_columns_of_a_record(account: Account) -> None:
    connection = account.connect()
    schema = discover(connection, ["customer"]).schema.objects["customer"]
    assert schema.key == ("id",)
    assert schema.change_field == "lastmodifieddate"
    assert schema.fields["lastmodifieddate"].type == "timestamp"
    assert schema.fields["companyname"].type == "text"
    assert schema.fields["companyname"].written == "companyName"
    assert schema.fields["isinactive"].type == "boolean"
    if account.simulated(connection):
        assert any(each.custom for each in schema.fields.values())


@pytest.mark.simulator
def test_discovery_finds_a_custom_record_and_its_fields(account: Account) -> None:
    connection = account.connect()
    own = next(each.name for each in list_objects(connection) if each.custom)
    schema = discover(connection, [own]).schema.objects[own]
    assert schema.custom
    assert any(name.startswith("custrecord") for name in schema.fields)


def test_a_record_that_is_not_there_is_named_with_its_nearest(account: Account) -> None:
    with pytest.raises(ConfigError, match="no object custmer") as raised:
        discover(account.connect(), ["custmer"])
    assert "customer" in str(raised.value)


def test_a_full_read_goes_on_behind_the_last_key(account: Account) -> None:
    connection = account.connect()
    ask = asking(connection, CUSTOMER, "all", size=4)
    some = pages(connection, ask, 3)
    assert [page.rows for page in some] == [4, 4, 4]
    found = rows(connection, ask, some)
    assert some[0].next is not None
    assert some[0].next.last_key == found[3]["id"]
    keys = [int(row["id"]) for row in found]
    assert keys == sorted(set(keys))
    assert {type(row["isinactive"]) for row in found} == {bool}
    assert all(row["lastmodifieddate"].tzinfo is not None for row in found)


def test_transactions_have_dates_and_exact_amounts(account: Account) -> None:
    connection = account.connect()
    ask = asking(connection, INVOICE, "all", size=5)
    found = rows(connection, ask, pages(connection, ask, 1))
    assert found
    assert all(isinstance(row["foreigntotal"], Decimal) and row["trandate"] is not None for row in found)


def test_changes_lie_within_their_window(account: Account) -> None:
    connection = account.connect()
    known = some_customers(connection, 5)
    since = min(row["lastmodifieddate"] for row in known)
    until = max(row["lastmodifieddate"] for row in known) + timedelta(seconds=1)
    ask = asking(connection, CUSTOMER, "changes", size=50, since=since, until=until)
    found = rows(connection, ask, pages(connection, ask, 1))
    assert all(since <= row["lastmodifieddate"] < until for row in found)
    if account.simulated(connection):
        assert {row["id"] for row in known} <= {row["id"] for row in found}


def test_records_by_key_come_as_far_as_they_exist(account: Account) -> None:
    connection = account.connect()
    known = some_customers(connection)
    ask = asking(connection, CUSTOMER, "by_key", keys=[*(row["id"] for row in known), "999999999"])
    found = rows(connection, ask, pages(connection, ask))
    assert sorted(found, key=lambda row: int(row["id"])) == known


def test_lines_are_asked_for_a_batch_of_parents(account: Account) -> None:
    connection = account.connect()
    first = asking(connection, INVOICE, "all", size=2)
    keys = [row["id"] for row in rows(connection, first, pages(connection, first, 1))]
    ask = asking(connection, LINES, "by_parent", size=50, parents=keys, extra={"_parent": "transaction"})
    some = pages(connection, ask)
    found = rows(connection, ask, some)
    assert {row["transaction"] for row in found} == set(keys)
    assert [str(each) for page in some for each in page.columns["_parent"]] == [row["transaction"] for row in found]
    assert any(row["mainline"] for row in found)
    assert any(isinstance(row["quantity"], Decimal) for row in found)


@pytest.mark.simulator
def test_the_feed_of_deletions_tells_what_went_and_when(account: Account) -> None:
    connection = account.connect()
    definition = connection.source.definition("customer")
    assert definition is not None
    feed = next(each for each in definition.deletes if isinstance(each, DeleteFeed))
    known = some_customers(connection, 1)[0]
    account.tell("delete", "customer", known["id"])
    extra = {"_gone": feed.key, "_at": feed.at or ""}
    since = datetime(2020, 1, 1, tzinfo=UTC)
    ask = Ask(CUSTOMER, definition, feed, "deleted", (), {"since": since}, extra)
    page = pages(connection, ask)[0]
    assert [str(each) for each in page.columns["_gone"]] == [known["id"]]
    values = feed.values or connection.source.values
    at = read_timestamp(page.columns["_at"][0], values, connection.zone_of(values))
    assert at >= known["lastmodifieddate"]


@pytest.mark.writes
def test_records_are_written_one_by_one_and_the_bad_one_named(account: Account) -> None:
    connection = account.connect()
    good = {"companyName": "Recorded One", "subsidiary": {"id": "1"}}
    made = writing(connection, CUSTOMER, "create", [OutRow("recorded-1", good)])[0]
    assert made.state == "confirmed"
    assert made.key is not None
    assert made.key.isdigit()
    bad = writing(connection, CUSTOMER, "create", [OutRow("recorded-2", {"email": "no address"})])[0]
    assert bad.state == "refused"
    assert bad.message
    changed = writing(connection, CUSTOMER, "update", [OutRow("recorded-3", {"companyName": "Again"}, key=made.key)])[0]
    assert changed.state == "confirmed"
    ask = asking(connection, CUSTOMER, "by_key", keys=[made.key])
    assert rows(connection, ask, pages(connection, ask))[0]["companyname"] == "Again"
    gone = writing(connection, CUSTOMER, "delete", [OutRow("recorded-4", key=made.key)])[0]
    assert gone.state == "confirmed"
    assert pages(connection, ask)[0].rows == 0
    twice = writing(connection, CUSTOMER, "delete", [OutRow("recorded-5", key=made.key)])[0]
    assert (twice.state, twice.code) == ("refused", "NONEXISTENT_ID")


@pytest.mark.writes
def test_an_upsert_by_our_own_id_writes_one_record(account: Account) -> None:
    connection = account.connect()
    out = [OutRow("recorded-6", {"companyName": "Recorded Six", "subsidiary": {"id": "1"}}, match="recorded-6")]
    first = writing(connection, CUSTOMER, "upsert", out, "externalid")[0]
    second = writing(connection, CUSTOMER, "upsert", out, "externalid")[0]
    assert first.state == second.state == "confirmed"
    assert first.key == second.key
    writing(connection, CUSTOMER, "delete", [OutRow("gone", key=first.key)])


@pytest.mark.simulator
def test_a_full_pool_is_waited_for_and_the_request_sent_again(account: Account) -> None:
    connection = account.connect()
    account.trouble("429")
    assert len(some_customers(connection, 1)) == 1
    assert len(account.clock.waits) == 1
    assert account.clock.waits[0] >= 1.0


@pytest.mark.simulator
def test_a_pool_that_stays_full_ends_the_run_with_wait(account: Account) -> None:
    connection = account.connect(patience=Patience(longest_wait=2.0))
    account.trouble("429", count=None)
    with pytest.raises(Wait) as raised:
        some_customers(connection, 1)
    assert raised.value.object == "customer"


@pytest.mark.simulator
def test_a_revoked_token_asks_for_another(account: Account) -> None:
    account.trouble("revoked_token", count=None)
    with pytest.raises(Reauthorise, match="does not accept the credentials"):
        account.connect()


def test_a_column_that_is_not_there_is_left_out(account: Account) -> None:
    connection = account.connect()
    schema = schema_of("customer", ["id"], "lastmodifieddate", entityid="text", custentity_gone="text")
    dropped: list[Field] = []
    ask = asking(connection, schema, "all", size=2)
    found = rows(connection, ask, pages(connection, ask, 1, on_dropped=dropped.append))
    assert [each.name for each in dropped] == ["custentity_gone"]
    assert [sorted(row) for row in found] == [["entityid", "id"]] * 2


@pytest.mark.simulator
def test_a_record_that_the_role_may_not_see_is_left_out(account: Account) -> None:
    connection = account.connect()
    account.configure(denied=["vendor"])
    with pytest.raises(NotServed):
        pages(connection, asking(connection, schema_of("vendor", ["id"], entityid="text"), "all", size=1), 1)


def test_a_query_that_the_vendor_does_not_understand_is_the_definitions_fault(account: Account) -> None:
    connection = account.connect()
    ask = asking(connection, CUSTOMER, "by_key", keys=["1"])
    query = ask.read.query
    assert query is not None
    wrong = ask.read.model_copy(update={"query": query.model_copy(update={"text": "SELEC {fields} FROM customer"})})
    with pytest.raises(FixDefinition):
        pages(connection, Ask(ask.schema, ask.definition, wrong, "by_key", ask.fields, ask.bindings))


@pytest.mark.simulator
def test_a_failing_vendor_is_given_up_after_the_tries(account: Account) -> None:
    connection = account.connect()
    account.trouble("503", count=None)
    with pytest.raises(VendorDown, match="failed after 2 tries"):
        some_customers(connection, 1)
