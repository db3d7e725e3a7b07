"""Salesforce's main exchanges, by our engine and definition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backhaul.discovery.discover import discover, list_objects
from backhaul.errors import Reauthorise, VendorDown, Wait, WindowLost
from backhaul.http.patience import Patience
from backhaul.protocol.connection import Connection
from backhaul.protocol.reads import NextRead
from backhaul.protocol.schema import Field
from backhaul.protocol.writes import OutRow, Target, send
from tests.cassettes.account import Account, asking, pages, rows, schema_of, writing

SOURCE = "salesforce"
pytestmark = [pytest.mark.vcr, pytest.mark.block_network]
ACCOUNT = schema_of(
    "Account",
    ["Id"],
    "SystemModstamp",
    Name="text",
    AnnualRevenue="decimal",
    NumberOfEmployees="integer",
    IsDeleted="boolean",
    SystemModstamp="timestamp",
)
STAGE = schema_of("OpportunityStage", ["Id"], "SystemModstamp", MasterLabel="text", SystemModstamp="timestamp")


def first_accounts(connection: Connection) -> list[dict[str, Any]]:
    ask = asking(connection, ACCOUNT, "all", which=1)
    return rows(connection, ask, pages(connection, ask, 1))


def test_a_token_is_minted_for_the_clients_own_credentials(account: Account) -> None:
    connection = account.connect(auth="client")
    assert connection.account["id"].startswith("00D")
    assert connection.account["user"].startswith("005")
    assert connection.base_url.endswith("salesforce.com/services/data/v60.0") or account.simulator is not None


def test_a_token_is_minted_for_a_signed_assertion(account: Account) -> None:
    if "private_key" not in account.credentials:
        pytest.skip("the account's private key is not given")
    connection = account.connect(auth="jwt")
    assert connection.account["id"].startswith("00D")


@pytest.mark.simulator
def test_a_session_that_ended_is_replaced(account: Account) -> None:
    connection = account.connect()
    account.trouble("expired_token", path="queryAll")
    ask = asking(connection, STAGE, "all", which=1)
    assert rows(connection, ask, pages(connection, ask))


def test_a_wrong_secret_is_told_as_such(account: Account) -> None:
    account.credentials = {**account.credentials, "client_secret": "of another app"}
    with pytest.raises(Reauthorise, match="does not accept the credentials"):
        account.connect(auth="client")


def test_discovery_types_the_fields_of_a_standard_object(account: Account) -> None:
    schema = discover(account.connect(), ["OpportunityStage"]).schema
    stage = schema.objects["OpportunityStage"]
    assert not stage.custom
    assert stage.fields["DefaultProbability"].type == "decimal"
    assert stage.fields["SystemModstamp"].type == "timestamp"
    assert stage.fields["IsActive"].type == "boolean"
    assert not stage.fields["SystemModstamp"].updatable


def test_discovery_finds_a_custom_object_and_its_fields(account: Account) -> None:
    connection = account.connect()
    own = next(each.name for each in list_objects(connection) if each.custom)
    custom = discover(connection, [own]).schema.objects[own]
    assert custom.custom
    assert custom.key == ("Id",)
    assert custom.change_field == "SystemModstamp"
    assert any(each.custom and each.updatable for each in custom.fields.values())
    assert any(each.references for each in custom.fields.values())


@pytest.mark.simulator
def test_a_full_read_follows_its_links(account: Account) -> None:
    connection = account.connect()
    account.configure(page_size_cap=4)
    ask = asking(connection, ACCOUNT, "all", which=1)
    some = pages(connection, ask, 3)
    assert [page.rows for page in some] == [4, 4, 4]
    assert some[0].total is not None
    assert some[0].total > 12
    found = rows(connection, ask, some)
    assert len({row["Id"] for row in found}) == 12
    stamps = [(row["SystemModstamp"], row["Id"]) for row in found]
    assert stamps == sorted(stamps)
    assert all(isinstance(row["AnnualRevenue"], Decimal | None) for row in found)
    assert all(isinstance(row["NumberOfEmployees"], int | None) for row in found)


@pytest.mark.simulator
def test_a_page_that_is_no_longer_served_starts_the_window_again(account: Account) -> None:
    connection = account.connect()
    account.configure(page_size_cap=2)
    ask = asking(connection, STAGE, "all", which=1)
    first = pages(connection, ask, 1)[0]
    account.configure(max_locators=0)
    assert first.next is not None
    lost = f"{first.next.page}9"
    with pytest.raises(WindowLost, match="no longer serves this page"):
        pages(connection, ask, 1, start=type(first.next)(lost))


def test_changes_lie_within_their_window(account: Account) -> None:
    connection = account.connect()
    stages = asking(connection, STAGE, "all", which=1)
    known = rows(connection, stages, pages(connection, stages))
    since = min(row["SystemModstamp"] for row in known)
    ask = asking(connection, STAGE, "changes", which=1, since=since, until=since + timedelta(seconds=1))
    found = rows(connection, ask, pages(connection, ask))
    assert {row["Id"] for row in known if row["SystemModstamp"] < since + timedelta(seconds=1)} == {
        row["Id"] for row in found
    }


def test_the_vendor_counts_before_it_is_asked(account: Account) -> None:
    connection = account.connect()
    stages = asking(connection, STAGE, "all", which=1)
    known = rows(connection, stages, pages(connection, stages))
    count = asking(connection, STAGE, "count")
    assert pages(connection, count)[0].total == len(known)


def test_records_by_key_come_as_far_as_they_exist(account: Account) -> None:
    connection = account.connect()
    stages = asking(connection, STAGE, "all", which=1)
    known = rows(connection, stages, pages(connection, stages))[:2]
    ask = asking(connection, STAGE, "by_key", keys=[row["Id"] for row in known])
    assert rows(connection, ask, pages(connection, ask)) == known


@pytest.mark.simulator
def test_deleted_and_merged_records_are_flagged(account: Account) -> None:
    connection = account.connect()
    account.configure(page_size_cap=3)
    gone, loser, winner = (row["Id"] for row in first_accounts(connection))
    account.tell("delete", "Account", gone)
    account.tell("merge", "Account", winner, loser=loser)
    account.configure(page_size_cap=None)
    schema = schema_of(
        "Account", ["Id"], "SystemModstamp", IsDeleted="boolean", MasterRecordId="text", SystemModstamp="timestamp"
    )
    ask = asking(connection, schema, "by_key", keys=[gone, loser, winner])
    left = rows(connection, ask, pages(connection, ask))
    assert [row["Id"] for row in left] == [winner]
    at = left[0]["SystemModstamp"]
    changes = asking(
        connection, schema, "changes", which=1, since=at - timedelta(minutes=1), until=at + timedelta(minutes=1)
    )
    found = rows(connection, changes, pages(connection, changes))
    flags = {row["Id"]: (row["IsDeleted"], row["MasterRecordId"]) for row in found}
    assert (flags[gone], flags[loser], flags[winner]) == ((True, None), (True, winner), (False, None))


def test_a_bulk_job_is_created_polled_and_read_in_pages(account: Account) -> None:
    connection = account.connect()
    schema = schema_of("OpportunityStage", ["Id"], "SystemModstamp", MasterLabel="text", DefaultProbability="decimal",
                       IsActive="boolean", SystemModstamp="timestamp")  # fmt: skip
    ask = asking(connection, schema, "all", which=0)
    assert ask.read.job is not None
    small = ask.read.job.results.model_copy(update={"size": 4})
    read = ask.read.model_copy(update={"job": ask.read.job.model_copy(update={"results": small})})
    jobs: list[str] = []
    some = pages(connection, type(ask)(ask.schema, ask.definition, read, "all", ask.fields), on_job=jobs.append)
    assert len(some) > 1
    found = rows(connection, ask, some)
    by_rest = asking(connection, schema, "all", which=1)
    assert sorted(row["Id"] for row in found) == sorted(
        row["Id"] for row in rows(connection, by_rest, pages(connection, by_rest))
    )
    assert all(isinstance(row["DefaultProbability"], Decimal) and isinstance(row["IsActive"], bool) for row in found)
    assert len(jobs) == 1
    again = type(ask)(ask.schema, ask.definition, read, "all", ask.fields, job_id=jobs[0])
    assert rows(connection, again, pages(connection, again)) == found


def test_an_object_that_bulk_does_not_serve_is_read_another_way(account: Account) -> None:
    connection = account.connect()
    schema = schema_of("CaseStatus", ["Id"], MasterLabel="text")
    with pytest.raises(NextRead):
        pages(connection, asking(connection, schema, "all", which=0))


@pytest.mark.writes
def test_a_collection_is_written_and_the_bad_row_named(account: Account) -> None:
    connection = account.connect()
    out = [
        OutRow("recorded-1", {"Name": "Recorded One", "NumberOfEmployees": 7}),
        OutRow("recorded-2", {"NumberOfEmployees": 8}),
        OutRow("recorded-3", {"Name": "Recorded Three", "AnnualRevenue": Decimal("1234.5")}),
    ]
    answers = writing(connection, ACCOUNT, "create", out)
    assert [each.state for each in answers] == ["confirmed", "refused", "confirmed"]
    assert answers[1].code == "REQUIRED_FIELD_MISSING"
    assert answers[1].field == "Name"
    made = [each.key for each in answers if each.key]
    ask = asking(connection, ACCOUNT, "by_key", keys=made)
    found = rows(connection, ask, pages(connection, ask))
    assert [(row["Name"], row["NumberOfEmployees"], row["AnnualRevenue"]) for row in found] == [
        ("Recorded One", 7, None),
        ("Recorded Three", None, Decimal("1234.5")),
    ]
    few = [OutRow("recorded-4", {"NumberOfEmployees": 9}, key=made[0])]
    updated = writing(connection, ACCOUNT, "update", few, many=100)
    assert updated[0].state == "confirmed"
    gone = writing(connection, ACCOUNT, "delete", [OutRow(f"gone-{key}", key=key) for key in made])
    assert [each.state for each in gone] == ["confirmed", "confirmed"]
    since = min(row["SystemModstamp"] for row in found)
    changes = asking(connection, ACCOUNT, "changes", which=1, since=since, until=since + timedelta(hours=1))
    after = {row["Id"]: row["IsDeleted"] for row in rows(connection, changes, pages(connection, changes))}
    assert [after[key] for key in made] == [True, True]


@pytest.mark.writes
def test_an_ingest_job_tells_each_rows_outcome(account: Account) -> None:
    connection = account.connect()
    definition = connection.source.definition("Account")
    assert definition is not None
    out = [OutRow("recorded-5", {"Name": "Recorded, Five"}), OutRow("recorded-6", {"Name": ""})]
    target = Target(ACCOUNT, definition, "create", definition.writes.create[0])
    assert target.write.job is not None
    answers = send(connection, target, out)
    assert [each.state for each in answers] == ["confirmed", "refused"]
    assert answers[0].created is True
    assert answers[1].code == "REQUIRED_FIELD_MISSING"
    writing(connection, ACCOUNT, "delete", [OutRow("gone", key=answers[0].key)])


def test_a_field_that_is_not_there_is_left_out(account: Account) -> None:
    connection = account.connect()
    schema = schema_of("OpportunityStage", ["Id"], "SystemModstamp", MasterLabel="text", Gone__c="text")
    dropped: list[Field] = []
    ask = asking(connection, schema, "all", which=1)
    found = rows(connection, ask, pages(connection, ask, on_dropped=dropped.append))
    assert [each.name for each in dropped] == ["Gone__c"]
    assert found
    assert all("Gone__c" not in row for row in found)


@pytest.mark.simulator
def test_a_used_up_day_is_not_waited_for(account: Account) -> None:
    connection = account.connect(patience=Patience(longest_wait=5.0))
    account.trouble("429")
    with pytest.raises(Wait) as raised:
        pages(connection, asking(connection, STAGE, "all", which=1), 1)
    assert raised.value.object == "OpportunityStage"
    assert raised.value.seconds > 60


@pytest.mark.simulator
def test_a_failing_vendor_is_given_up_after_the_tries(account: Account) -> None:
    connection = account.connect()
    account.trouble("500", count=None, path="queryAll")
    with pytest.raises(VendorDown, match="failed after 2 tries"):
        pages(connection, asking(connection, STAGE, "all", which=1), 1)


def test_a_window_without_records_is_one_empty_page(account: Account) -> None:
    connection = account.connect()
    ask = asking(connection, STAGE, "changes", which=1, since=datetime(1999, 1, 1, tzinfo=UTC),
                 until=datetime(1999, 1, 2, tzinfo=UTC))  # fmt: skip
    some = pages(connection, ask)
    assert [(page.rows, page.total, page.next) for page in some] == [(0, 0, None)]
