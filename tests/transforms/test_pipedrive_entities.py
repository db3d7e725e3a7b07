"""Pipedrive's records become these rows, whatever odd data they hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work


@pytest.fixture
def pipedrive(work: Callable[[str], Work]) -> Work:
    return work("pipedrive")


def test_a_deal_is_decided_by_its_own_status_never_by_its_stage(pipedrive: Work) -> None:
    pipedrive.table("pipelines", "id", "id name", ["1", "Sales"])
    pipedrive.table(
        "stages", "id", "id name pipeline_id order_nr:integer deal_probability:decimal", ["5", "Demo", "1", 2, 60]
    )
    pipedrive.table(
        "deals",
        "id",
        "id title status stage_id value:decimal currency probability:decimal org_id person_id owner_id"
        " close_time:timestamp expected_close_date:date lost_reason",
        ["1", "Won", "won", "5", "10.5", "EUR", None, "100", "200", "7", "2026-02-03 10:00:00+00", "2026-03-01", None],
        ["2", "Open", "open", "5", "0", "EUR", 25, None, None, None, None, "2026-03-01", "left over"],
        ["3", "Lost", "lost", "9", None, None, None, None, None, None, "2026-02-03 10:00:00+00", None, "Price"],
        ["4", "Odd", "paused", None, None, None, None, None, None, None, None, None, None],
    )
    pipedrive.build()
    assert pipedrive.rows("stages", "name pipeline position probability is_closed") == [
        ("Demo", "Sales", 2, "0.6", False)
    ]
    assert pipedrive.rows("deals", "status source_status amount probability close_date closed_at lost_reason") == [
        ("won", "Demo", "10.5", "0.6", "2026-02-03", "2026-02-03T10:00:00Z", None),
        ("open", "Demo", "0", "0.25", "2026-03-01", None, None),
        ("lost", "9", None, None, "2026-02-03", "2026-02-03T10:00:00Z", "Price"),
        (None, None, None, None, None, None, None),
    ]
    assert pipedrive.rows("deals", "account_id contact_id owner_id stage_id")[0] == (
        "it:organizations:100", "it:persons:200", "it:users:7", "it:stages:5",
    )  # fmt: skip


def test_the_first_address_of_a_person_and_the_parts_of_an_organizations(pipedrive: Work) -> None:
    emails = '[{"value": "a@x.example", "primary": true}, {"value": "b@x.example"}]'
    pipedrive.table("persons", "id", "id name emails phones", ["1", "Ada", emails, "[]"], ["2", "Bo", "no json", None])
    pipedrive.table(
        "organizations",
        "id",
        "id name website address",
        [
            "100",
            "Acme",
            "https://www.Acme.example/en",
            '{"value": "Main 1, Oslo", "route": "Main", "locality": "Oslo"}',
        ],
        ["101", "Bare", None, None],
    )
    pipedrive.build()
    assert pipedrive.rows("contacts", "name email phone") == [("Ada", "a@x.example", None), ("Bo", None, None)]
    (first, second) = pipedrive.rows("accounts", "domain address")
    assert first[0] == "acme.example"
    assert '"city":"Oslo"' in str(first[1]).replace(" ", "")
    assert second == (None, None)


def test_activities_and_notes_share_one_table_and_say_what_they_are_about(pipedrive: Work) -> None:
    pipedrive.table(
        "activities",
        "id",
        "id subject type done:boolean due_date:date due_time deal_id person_id org_id",
        ["1", "Ring", "call", True, "2026-01-02", "10:30", "50", "200", None],
        ["2", "Offer", "deadline", False, "2026-01-03", None, None, None, None],
        ["3", "Eat", "lunch", False, None, "12:00:00", None, None, "100"],
    )
    pipedrive.table("notes", "id", "id content person_id add_time:timestamp", ["9", "<p>x</p>", "200", "2026-01-04"])
    pipedrive.build()
    assert pipedrive.rows("activities", "id type status source_status starts_at due_at body") == [
        ("it:activities:1", "call", "completed", "call", "2026-01-02T10:30:00Z", None, None),
        ("it:activities:2", "task", "open", "deadline", None, "2026-01-03T00:00:00Z", None),
        ("it:activities:3", "meeting", "open", "lunch", None, None, None),
        ("it:notes:9", "note", None, None, "2026-01-04T00:00:00Z", None, "<p>x</p>"),
    ]
    assert pipedrive.rows("links", "from_id to_id") == [
        ("it:activities:1", "it:deals:50"),
        ("it:activities:1", "it:persons:200"),
        ("it:activities:3", "it:organizations:100"),
        ("it:notes:9", "it:persons:200"),
    ]


def test_products_of_deals_are_lines_and_leads_name_whom_they_are_about(pipedrive: Work) -> None:
    pipedrive.table("products", "id", "id name code prices", ["5", "Box", "B-1", '[{"price": 9.5, "currency": "EUR"}]'],
                    ["6", "Free", None, "[]"])  # fmt: skip
    pipedrive.table(
        "deal_products", "id", "id deal_id product_id quantity:decimal item_price:decimal sum:decimal currency",
        ["1", "50", "5", 2, "9.5", "19", "EUR"],
    )  # fmt: skip
    pipedrive.table("persons", "id", "id emails", ["200", '[{"value": "a@x.example"}]'])
    pipedrive.table("organizations", "id", "id name", ["100", "Acme"])
    pipedrive.table(
        "leads", "id", "id title person_id organization_id is_archived:boolean",
        ["u-1", "New", "200", "100", False], ["u-2", "Old", None, None, True],
    )  # fmt: skip
    pipedrive.build()
    assert pipedrive.rows("items", "sku unit_price currency") == [("B-1", "9.5", "EUR"), (None, None, None)]
    assert pipedrive.rows("document_lines", "document_entity document_id item_id quantity amount currency") == [
        ("deals", "it:deals:50", "it:products:5", "2", "19", "EUR")
    ]
    assert pipedrive.rows("leads", "name company email status") == [
        ("New", "Acme", "a@x.example", "open"),
        ("Old", None, None, "disqualified"),
    ]
