"""HubSpot's raw tables become these rows; each test holds the odd data that a careless mapping trips over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work

PRIMARY = '[{"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"}]'
PLAIN = '[{"category": "HUBSPOT_DEFINED", "typeId": 341, "label": null}]'


@pytest.fixture
def hubspot(work: Callable[[str], Work]) -> Work:
    return work("hubspot")


def test_owners_become_users_and_archived_ones_are_inactive(hubspot: Work) -> None:
    hubspot.table(
        "owners",
        "id",
        "id email firstName lastName archived:boolean teams createdAt:timestamp updatedAt:timestamp"
        " _deleted_at:timestamp",
        [
            "7",
            "a@x.example",
            "Ada",
            "Lovelace",
            False,
            '[{"id": "1", "name": "West"}]',
            "2024-01-01",
            "2024-02-01",
            None,
        ],
        ["8", "b@x.example", None, "Babbage", True, "[]", None, None, "2026-01-01"],
        ["9", "team@x.example", "", "", None, None, None, None, None],
    )
    hubspot.build()
    assert hubspot.rows("users", "id name email is_active team is_deleted source_created_at source_updated_at") == [
        (
            "it:owners:7",
            "Ada Lovelace",
            "a@x.example",
            True,
            "West",
            False,
            "2024-01-01T00:00:00Z",
            "2024-02-01T00:00:00Z",
        ),
        ("it:owners:8", "Babbage", "b@x.example", False, None, True, None, None),
        ("it:owners:9", None, "team@x.example", True, None, False, None, None),
    ]


def test_companies_become_accounts(hubspot: Work) -> None:
    hubspot.table(
        "companies",
        "id",
        "id name domain lifecyclestage type industry numberofemployees:decimal annualrevenue:decimal phone website"
        " address"
        " city state zip country hs_parent_company_id:decimal hubspot_owner_id createdate:timestamp tier__c",
        ["100", "Group", "group.example", "customer", None, "RETAIL", 1200, "10000000.5", "+1", "group.example",
         "1 Main St", "Oslo", None, "0150", "Norway", None, "7", "2023-05-06 07:08:09+00", "Gold"],
        ["101", "Part", None, "opportunity", "PROSPECT", None, None, None, None, None, None, None, None, None, None,
         100, None, None, None],
        custom=["tier__c"],
    )  # fmt: skip
    hubspot.build()
    assert hubspot.rows(
        "accounts", "id name domain kind employees annual_revenue currency parent_id owner_id source_status custom"
    ) == [
        ("it:companies:100", "Group", "group.example", "customer", 1200, "10000000.5", None, None, "it:owners:7",
         "customer", '{"tier__c":"Gold"}'),
        ("it:companies:101", "Part", None, "prospect", None, None, None, "it:companies:100", None, "opportunity", None),
    ]  # fmt: skip
    assert hubspot.rows("accounts", "address source_created_at") == [
        (
            '{"street":"1 Main St","city":"Oslo","region":null,"postal_code":"0150","country":"Norway"}',
            "2023-05-06T07:08:09Z",
        ),
        (None, None),
    ]


@pytest.mark.parametrize(
    ("stage", "type_", "kind"),
    [
        ("customer", "VENDOR", "both"),
        ("evangelist", None, "customer"),
        ("lead", "VENDOR", "vendor"),
        (None, "PROSPECT", "prospect"),
        ("salesqualifiedlead", "PARTNER", "prospect"),
        ("other", "RESELLER", None),
        (None, None, None),
    ],
)
def test_a_company_may_be_customer_and_vendor_and_is_nothing_by_guess(
    hubspot: Work, stage: str | None, type_: str | None, kind: str | None
) -> None:
    hubspot.table("companies", "id", "id lifecyclestage type", ["1", stage, type_])
    hubspot.build()
    assert hubspot.rows("accounts", "kind") == [(kind,)]


def test_contacts_point_at_their_primary_company_although_it_is_a_number(hubspot: Work) -> None:
    hubspot.table(
        "contacts",
        "id",
        "id firstname lastname email phone jobtitle associatedcompanyid:decimal hubspot_owner_id"
        " hs_email_optout:boolean"
        " createdate:timestamp",
        [
            "201",
            "Grace",
            "Hopper",
            "g@x.example",
            "+1 555",
            "Admiral",
            "4004000100",
            "7",
            True,
            "2024-01-02 03:04:05+00",
        ],
        ["202", None, None, "nobody@x.example", None, None, None, None, None, None],
    )
    hubspot.build()
    assert hubspot.rows("contacts", "id account_id name first_name last_name email title owner_id opted_out") == [
        ("it:contacts:201", "it:companies:4004000100", "Grace Hopper", "Grace", "Hopper", "g@x.example", "Admiral",
         "it:owners:7", True),
        ("it:contacts:202", None, None, None, None, "nobody@x.example", None, None, None),
    ]  # fmt: skip


def test_leads_keep_the_vendors_stage_beside_the_status(hubspot: Work) -> None:
    hubspot.table(
        "leads",
        "id",
        "id hs_lead_name hs_pipeline_stage hubspot_owner_id",
        ["1", "Jane Doe", "attempting-stage-id", "7"],
        ["2", "John Doe", "unqualified-stage-id", None],
        ["3", "Jim Doe", "qualified-stage-id", None],
    )
    hubspot.build()
    assert hubspot.rows("leads", "name status source_status owner_id") == [
        ("Jane Doe", "open", "attempting-stage-id", "it:owners:7"),
        ("John Doe", "disqualified", "unqualified-stage-id", None),
        ("Jim Doe", "converted", "qualified-stage-id", None),
    ]


def pipelines(hubspot: Work) -> None:
    hubspot.table(
        "pipelines",
        "object_type:id",
        "object_type id label",
        ["deals", "default", "Sales"],
        ["deals", "p2", "Renewals"],
        ["tickets", "0", "Support"],
    )
    hubspot.table(
        "pipeline_stages",
        "object_type:pipeline_id:id",
        "object_type pipeline_id id label displayOrder:integer metadata",
        ["deals", "default", "s1", "Engaging", 0, '{"isClosed": "false", "probability": "0.2"}'],
        ["deals", "default", "closedwon", "Won", 1, '{"isClosed": "true", "probability": "1.0"}'],
        ["deals", "default", "closedlost", "Lost", 2, '{"isClosed": "true", "probability": "0.0"}'],
        ["deals", "p2", "s1", "Asked", 0, '{"isClosed": "false", "probability": "0.7"}'],
        ["tickets", "0", "1", "New", 0, '{"isClosed": "false", "ticketState": "OPEN"}'],
    )


def test_stages_are_those_of_deals_with_their_pipelines_name(hubspot: Work) -> None:
    pipelines(hubspot)
    hubspot.build()
    assert hubspot.rows("stages", "id pipeline name position probability is_closed is_won") == [
        ("it:pipeline_stages:deals:default:closedlost", "Sales", "Lost", 2, "0", True, False),
        ("it:pipeline_stages:deals:default:closedwon", "Sales", "Won", 1, "1", True, True),
        ("it:pipeline_stages:deals:default:s1", "Sales", "Engaging", 0, "0.2", False, False),
        ("it:pipeline_stages:deals:p2:s1", "Renewals", "Asked", 0, "0.7", False, False),
    ]


DEALS = (
    "id dealname pipeline dealstage amount:decimal deal_currency_code amount_in_home_currency:decimal"
    " hs_deal_stage_probability:decimal closedate:timestamp hs_is_closed:boolean hs_is_closed_won:boolean"
    " closed_lost_reason"
    " hs_primary_associated_company:decimal hubspot_owner_id"
)


def test_deals_find_their_stage_within_their_own_pipeline(hubspot: Work) -> None:
    pipelines(hubspot)
    hubspot.table(
        "deals",
        "id",
        DEALS,
        [
            "1",
            "A",
            "default",
            "s1",
            "99.5",
            "EUR",
            "110",
            "0.2",
            "2026-05-01 22:30:00+00",
            False,
            False,
            None,
            100,
            "7",
        ],
        ["2", "B", "p2", "s1", None, None, None, "0.7", None, False, False, None, None, None],
        ["3", "C", "default", "closedwon", 0, "USD", 0, 1, "2026-01-31 23:59:59.999+00", True, True, None, None, None],
        ["4", "D", "default", "closedlost", 5, "USD", 5, 0, "2026-02-01 00:00:00+00", True, False, "price", None, None],
    )
    hubspot.build()
    assert hubspot.rows(
        "deals", "name account_id owner_id stage_id status amount currency amount_base probability"
    ) == [
        (
            "A",
            "it:companies:100",
            "it:owners:7",
            "it:pipeline_stages:deals:default:s1",
            "open",
            "99.5",
            "EUR",
            "110",
            "0.2",
        ),
        ("B", None, None, "it:pipeline_stages:deals:p2:s1", "open", None, None, None, "0.7"),
        ("C", None, None, "it:pipeline_stages:deals:default:closedwon", "won", "0", "USD", "0", "1"),
        ("D", None, None, "it:pipeline_stages:deals:default:closedlost", "lost", "5", "USD", "5", "0"),
    ]
    assert hubspot.rows("deals", "close_date closed_at lost_reason source_status") == [
        ("2026-05-01", None, None, "s1"),
        (None, None, None, "s1"),
        ("2026-01-31", "2026-01-31T23:59:59.999000Z", None, "closedwon"),
        ("2026-02-01", "2026-02-01T00:00:00Z", "price", "closedlost"),
    ]


def test_a_deal_read_without_its_flags_takes_its_status_from_the_stage(hubspot: Work) -> None:
    pipelines(hubspot)
    hubspot.table(
        "deals",
        "id",
        "id pipeline dealstage closedate:timestamp",
        ["1", "default", "s1", "2026-05-01"],
        ["2", "default", "closedwon", "2026-05-01"],
        ["3", "default", "closedlost", "2026-05-01"],
        ["4", "default", "a stage that is gone", "2026-05-01"],
    )
    hubspot.build()
    assert hubspot.rows("deals", "status closed_at") == [
        ("open", None),
        ("won", "2026-05-01T00:00:00Z"),
        ("lost", "2026-05-01T00:00:00Z"),
        (None, None),
    ]


def test_a_deal_without_the_property_takes_the_company_that_is_labelled_primary(hubspot: Work) -> None:
    hubspot.table("deals", "id", "id", ["1"], ["2"], ["3"])
    hubspot.table(
        "deals_companies",
        "from_id:to_id",
        "from_id to_id associationTypes _deleted_at:timestamp",
        ["1", "100", PLAIN, None],
        ["1", "101", PRIMARY, None],
        ["2", "100", PLAIN, None],
        ["3", "102", PRIMARY, "2026-01-01"],
        ["3", "103", PRIMARY, None],
    )
    hubspot.build()
    assert hubspot.rows("deals", "id account_id") == [
        ("it:deals:1", "it:companies:101"),
        ("it:deals:2", None),
        ("it:deals:3", "it:companies:103"),
    ]


def test_a_renamed_stage_reaches_the_deals_and_the_stages(hubspot: Work) -> None:
    pipelines(hubspot)
    hubspot.table("deals", "id", "id pipeline dealstage", ["1", "default", "s1"], ["2", "p2", "s1"])
    hubspot.build()
    won = {"object_type": "deals", "pipeline_id": "default", "id": "s1", "label": "Signed"}
    won["metadata"] = '{"isClosed": "true", "probability": "1.0"}'
    hubspot.put("pipeline_stages", "object_type:pipeline_id:id", won)
    result = hubspot.build()
    assert hubspot.rows("deals", "id status") == [("it:deals:1", "won"), ("it:deals:2", "open")]
    assert {each.name: each.changed for each in result.entities if each.changed} == {"deals": 1, "stages": 1}


def test_products_become_items(hubspot: Work) -> None:
    hubspot.table(
        "products",
        "id",
        "id name hs_sku hs_product_type price:decimal hs_status",
        ["1", "GTX", "HW-GTX", "inventory", "550.25", "active"],
        ["2", "Old", None, "rental", None, "inactive"],
        ["3", "Plain", None, None, None, None],
    )
    hubspot.build()
    assert hubspot.rows("items", "name sku type source_type unit_price is_active") == [
        ("GTX", "HW-GTX", "inventory", "inventory", "550.25", True),
        ("Old", None, "other", "rental", None, False),
        ("Plain", None, None, None, None, True),
    ]


def test_a_line_item_is_a_line_of_the_deal_it_still_belongs_to(hubspot: Work) -> None:
    hubspot.table(
        "line_items",
        "id",
        "id name hs_product_id:decimal quantity:decimal price:decimal amount:decimal hs_position_on_quote:decimal"
        " hs_line_item_currency_code",
        ["1", "GTX", 11, 2, "550.25", "1000", 0, "EUR"],
        ["2", "Of a quote", None, 1, 1, 1, None, None],
        ["3", "Moved", None, 1, 1, 1, None, None],
    )
    hubspot.table(
        "deals_line_items",
        "from_id:to_id",
        "from_id to_id _deleted_at:timestamp",
        ["100", "1", None],
        ["100", "3", "2026-01-01"],
        ["200", "3", None],
    )
    hubspot.build()
    assert hubspot.rows(
        "document_lines",
        "id document_entity document_id line_no item_id description quantity unit_price amount currency",
    ) == [
        ("it:line_items:1", "deals", "it:deals:100", 0, "it:products:11", "GTX", "2", "550.25", "1000", "EUR"),
        ("it:line_items:2", None, None, None, None, "Of a quote", "1", "1", "1", None),
        ("it:line_items:3", "deals", "it:deals:200", None, None, "Moved", "1", "1", "1", None),
    ]


def test_a_line_item_that_two_deals_claim_stays_one_row(hubspot: Work) -> None:
    hubspot.table("line_items", "id", "id", ["1"])
    hubspot.table("deals_line_items", "from_id:to_id", "from_id to_id", ["100", "1"], ["200", "1"])
    hubspot.build()
    assert hubspot.rows("document_lines", "id document_id") == [("it:line_items:1", "it:deals:100")]


def test_quotes_become_orders_of_type_quote(hubspot: Work) -> None:
    hubspot.table(
        "quotes",
        "id",
        "id hs_quote_number hs_status hs_quote_amount:decimal hs_currency hs_createdate:timestamp"
        " hs_expiration_date:timestamp",
        ["1", "Q-1", "APPROVAL_NOT_NEEDED", "120.5", "EUR", "2026-01-01 08:00+00", "2026-02-01 08:00+00"],
        ["2", "Q-2", "REJECTED", None, None, None, None],
    )
    hubspot.build()
    assert hubspot.rows("orders", "number type status source_status order_date promised_date total currency") == [
        ("Q-1", "quote", "open", "APPROVAL_NOT_NEEDED", "2026-01-01", "2026-02-01", "120.5", "EUR"),
        ("Q-2", "quote", "cancelled", "REJECTED", None, None, None, None),
    ]


def test_a_number_in_text_that_is_none_is_a_reject_and_the_record_stays(hubspot: Work) -> None:
    hubspot.table("deals", "id", "id dealname amount", ["1", "A", "about ten"], ["2", "B", "10.5"])
    result = hubspot.build()
    assert hubspot.rows("deals", "name amount") == [("A", None), ("B", "10.5")]
    assert [each.rejects for each in result.entities if each.name == "deals"] == [1]
