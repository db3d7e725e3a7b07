"""Salesforce's raw tables become these rows; each test holds the odd data that a careless mapping trips over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work


@pytest.fixture
def salesforce(work: Callable[[str], Work]) -> Work:
    return work("salesforce")


def test_users_are_switched_off_and_not_deleted(salesforce: Work) -> None:
    salesforce.table(
        "User",
        "Id",
        "Id Name Email IsActive:boolean Department CreatedDate:timestamp",
        ["005A", "Ada Lovelace", "a@x.example", True, "Sales", "2024-01-01"],
        ["005B", "Old Hand", "b@x.example", False, None, None],
    )
    salesforce.build()
    assert salesforce.rows("users", "id name email is_active team is_deleted source_created_at") == [
        ("it:User:005A", "Ada Lovelace", "a@x.example", True, "Sales", False, "2024-01-01T00:00:00Z"),
        ("it:User:005B", "Old Hand", "b@x.example", False, None, False, None),
    ]


def test_accounts_and_the_ones_merged_away(salesforce: Work) -> None:
    salesforce.table(
        "Account",
        "Id",
        "Id Name Type Industry NumberOfEmployees:integer AnnualRevenue:decimal CurrencyIsoCode Phone Website"
        " BillingStreet"
        " BillingCity BillingState BillingPostalCode BillingCountry ParentId OwnerId Tier__c _deleted_at:timestamp"
        " _merged_into",
        ["001A", "Acme", "Customer - Direct", "Energy", 12, "1000.25", "EUR", "+1",
         "HTTPS://www.Acme.example/about?x=1", "1 Main St", "Oslo", None, None, "Norway", "001P", "005A", "Gold",
         None, None],
        ["001B", "Acme again", "Prospect", None, None, None, None, None, None, None, None, None, None, None, None,
         None, None, "2026-01-01", "001A"],
        custom=["Tier__c"],
    )  # fmt: skip
    salesforce.build()
    assert salesforce.rows(
        "accounts", "id name domain kind employees annual_revenue currency parent_id owner_id custom is_deleted"
    ) == [
        ("it:Account:001A", "Acme", "acme.example", "customer", 12, "1000.25", "EUR", "it:Account:001P", "it:User:005A",
         '{"Tier__c":"Gold"}', False),
        ("it:Account:001B", "Acme again", None, "prospect", None, None, None, None, None, None, True),
    ]  # fmt: skip
    assert salesforce.rows("accounts", "address")[0] == (
        '{"street":"1 Main St","city":"Oslo","region":null,"postal_code":null,"country":"Norway"}',
    )


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("acme.example", "acme.example"),
        ("http://acme.example:8080", "acme.example"),
        ("WWW.ACME.EXAMPLE", "acme.example"),
        ("https://shop.acme.example#top", "shop.acme.example"),
        ("wwwacme.example", "wwwacme.example"),
        ("", None),
        (None, None),
    ],
)
def test_a_domain_is_the_bare_host_of_the_website(salesforce: Work, website: str | None, domain: str | None) -> None:
    salesforce.table("Account", "Id", "Id Website", ["001A", website])
    salesforce.build()
    assert salesforce.rows("accounts", "domain") == [(domain,)]


def test_contacts_keep_refusals_of_mail(salesforce: Work) -> None:
    salesforce.table(
        "Contact",
        "Id",
        "Id AccountId Name FirstName LastName Email Phone Title OwnerId HasOptedOutOfEmail:boolean",
        ["003A", "001A", "Grace Hopper", "Grace", "Hopper", "g@x.example", "+1", "Admiral", "005A", True],
        ["003B", None, "Hopper", None, "Hopper", None, None, None, None, None],
    )
    salesforce.build()
    assert salesforce.rows("contacts", "account_id name first_name last_name title owner_id opted_out") == [
        ("it:Account:001A", "Grace Hopper", "Grace", "Hopper", "Admiral", "it:User:005A", True),
        (None, "Hopper", None, "Hopper", None, None, None),
    ]


def test_a_converted_lead_points_at_what_it_became_and_a_queue_owns_nothing(salesforce: Work) -> None:
    salesforce.table(
        "Lead",
        "Id",
        "Id Name Company Email Status LeadSource OwnerId IsConverted:boolean ConvertedDate:date ConvertedAccountId"
        " ConvertedContactId ConvertedOpportunityId",
        ["00Q1", "A", "A Ltd", "a@x.example", "Qualified", "Web", "005A", True, "2026-01-02", "001A", "003A", "006A"],
        ["00Q2", "B", "B Ltd", None, "Working - Contacted", None, "00G1", False, None, None, None, None],
        ["00Q3", "C", "C Ltd", None, "Closed - Not Converted", None, "005A", False, None, None, None, None],
    )
    salesforce.build()
    assert salesforce.rows(
        "leads",
        "name company status source_status owner_id converted_at converted_account_id converted_contact_id"
        " converted_deal_id",
    ) == [
        ("A", "A Ltd", "converted", "Qualified", "it:User:005A", "2026-01-02T00:00:00Z", "it:Account:001A",
         "it:Contact:003A", "it:Opportunity:006A"),
        ("B", "B Ltd", "open", "Working - Contacted", None, None, None, None, None),
        ("C", "C Ltd", "disqualified", "Closed - Not Converted", "it:User:005A", None, None, None, None),
    ]  # fmt: skip


def stages(salesforce: Work) -> None:
    salesforce.table(
        "OpportunityStage",
        "Id",
        "Id MasterLabel ApiName SortOrder:integer DefaultProbability:decimal IsClosed:boolean IsWon:boolean"
        " _deleted_at:timestamp",
        # The label of the first is the stored name of the second.
        ["01J1", "Proposal", "Prospecting", 1, 10, False, False, None],
        ["01J2", "Offer", "Proposal", 2, "62.5", False, False, None],
        ["01J3", "Won", "Closed Won", 3, 100, True, True, None],
        ["01J4", "Lost", "Closed Lost", 4, 0, True, False, None],
        # Deleted, and made anew under the same name.
        ["01J0", "Won", "Closed Won", 3, 100, True, True, "2025-01-01"],
    )


def test_stages_have_probabilities_from_0_to_1(salesforce: Work) -> None:
    stages(salesforce)
    salesforce.build()
    assert salesforce.rows("stages", "id pipeline name position probability is_closed is_won is_deleted") == [
        ("it:OpportunityStage:01J0", None, "Won", 3, "1", True, True, True),
        ("it:OpportunityStage:01J1", None, "Proposal", 1, "0.1", False, False, False),
        ("it:OpportunityStage:01J2", None, "Offer", 2, "0.625", False, False, False),
        ("it:OpportunityStage:01J3", None, "Won", 3, "1", True, True, False),
        ("it:OpportunityStage:01J4", None, "Lost", 4, "0", True, False, False),
    ]


def test_a_deal_finds_its_stage_by_the_stored_name_and_not_by_the_label(salesforce: Work) -> None:
    stages(salesforce)
    salesforce.table(
        "Opportunity",
        "Id",
        "Id AccountId OwnerId Name StageName Amount:decimal CurrencyIsoCode Probability:decimal CloseDate:date"
        " IsClosed:boolean IsWon:boolean LastStageChangeDate:timestamp",
        ["006A", "001A", "005A", "A", "Proposal", "100.5", "EUR", 65, "2026-05-01", False, False, "2026-01-01"],
        ["006B", None, None, "B", "Closed Won", None, None, 100, "2026-05-02", True, True, "2026-02-01"],
        ["006C", None, None, "C", "Closed Lost", 0, None, 0, "2026-05-03", True, False, "2026-03-01"],
        ["006D", None, None, "D", "Stage of old", None, None, None, None, None, None, None],
    )
    salesforce.build()
    assert salesforce.rows(
        "deals", "name account_id owner_id stage_id status source_status amount currency probability close_date"
        " closed_at"
    ) == [
        ("A", "it:Account:001A", "it:User:005A", "it:OpportunityStage:01J2", "open", "Proposal", "100.5", "EUR", "0.65",
         "2026-05-01", None),
        ("B", None, None, "it:OpportunityStage:01J3", "won", "Closed Won", None, None, "1", "2026-05-02",
         "2026-02-01T00:00:00Z"),
        ("C", None, None, "it:OpportunityStage:01J4", "lost", "Closed Lost", "0", None, "0", "2026-05-03",
         "2026-03-01T00:00:00Z"),
        ("D", None, None, None, None, "Stage of old", None, None, None, None, None),
    ]  # fmt: skip


def test_the_contact_of_a_deal_is_its_own_or_the_primary_role(salesforce: Work) -> None:
    salesforce.table("Opportunity", "Id", "Id ContactId", ["006A", "003X"], ["006B", None], ["006C", None])
    salesforce.table(
        "OpportunityContactRole",
        "Id",
        "Id OpportunityId ContactId Role IsPrimary:boolean _deleted_at:timestamp",
        ["00K1", "006A", "003A", "Decision Maker", True, None],
        ["00K2", "006B", "003B", None, False, None],
        ["00K3", "006B", "003C", "Decision Maker", True, None],
        ["00K4", "006B", "003D", None, True, "2026-01-01"],
        ["00K5", "006C", "003E", "Influencer", False, None],
    )
    salesforce.build()
    assert salesforce.rows("deals", "id contact_id") == [
        ("it:Opportunity:006A", "it:Contact:003X"),
        ("it:Opportunity:006B", "it:Contact:003C"),
        ("it:Opportunity:006C", None),
    ]
    assert salesforce.rows("links", "source_id from_entity from_id to_entity to_id role is_deleted") == [
        ("00K1", "deals", "it:Opportunity:006A", "contacts", "it:Contact:003A", "primary", False),
        ("00K2", "deals", "it:Opportunity:006B", "contacts", "it:Contact:003B", "related", False),
        ("00K3", "deals", "it:Opportunity:006B", "contacts", "it:Contact:003C", "primary", False),
        ("00K4", "deals", "it:Opportunity:006B", "contacts", "it:Contact:003D", "primary", True),
        ("00K5", "deals", "it:Opportunity:006C", "contacts", "it:Contact:003E", "influencer", False),
    ]


TASK = (
    "Id TaskSubtype Subject Status IsClosed:boolean CallType ActivityDate:date CompletedDateTime:timestamp"
    " OwnerId WhatId WhoId"
)


def test_calls_and_mails_logged_as_tasks_are_calls_and_mails(salesforce: Work) -> None:
    salesforce.table(
        "Task",
        "Id",
        TASK,
        ["00T1", "Task", "Send offer", "Not Started", False, None, "2026-01-05", None, "005A", None, None],
        ["00T2", "Call", "Rang", "Completed", True, "Inbound", "2026-01-06", "2026-01-06 09:00+00", "005A", None, None],
        ["00T3", "Email", "Wrote", "Completed", True, None, "2026-01-07", None, "00G1", None, None],
        ["00T4", None, "Old", None, None, None, None, None, None, None, None],
    )
    salesforce.build()
    assert salesforce.rows("activities", "type subject direction status starts_at due_at completed_at owner_id") == [
        ("task", "Send offer", None, "open", None, "2026-01-05T00:00:00Z", None, "it:User:005A"),
        ("call", "Rang", "inbound", "completed", "2026-01-06T00:00:00Z", None, "2026-01-06T09:00:00Z", "it:User:005A"),
        ("email", "Wrote", None, "completed", "2026-01-07T00:00:00Z", None, None, None),
        ("task", "Old", None, None, None, None, None, None),
    ]


def test_the_copies_of_a_group_event_are_not_counted_again(salesforce: Work) -> None:
    salesforce.table(
        "Event",
        "Id",
        "Id Type Subject StartDateTime:timestamp EndDateTime:timestamp ActivityDate:date IsChild:boolean OwnerId"
        " WhatId WhoId",
        ["00U1", "Meeting", "Kick-off", "2026-01-01 10:00+00", "2026-01-01 11:00+00", "2026-01-01", False, "005A",
         "001A", None],
        ["00U2", "Meeting", "Kick-off", "2026-01-01 10:00+00", "2026-01-01 11:00+00", "2026-01-01", True, "005B",
         "001A", None],
        ["00U3", "Call", "All day", None, None, "2026-01-02", False, "023C", None, None],
    )  # fmt: skip
    salesforce.build()
    assert salesforce.rows("activities", "id type subject starts_at ends_at owner_id") == [
        ("it:Event:00U1", "meeting", "Kick-off", "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z", "it:User:005A"),
        ("it:Event:00U3", "call", "All day", "2026-01-02T00:00:00Z", None, None),
    ]
    assert salesforce.rows("links", "id to_id") == [("it:Event:00U1:what", "it:Account:001A")]


def test_a_task_links_to_what_it_is_about_and_to_whom_by_the_kind_of_id(salesforce: Work) -> None:
    salesforce.table(
        "Task",
        "Id",
        TASK,
        ["00T1", *[None] * 8, "006A", "003A"],
        ["00T2", *[None] * 8, "001A", "00Q1"],
        ["00T3", *[None] * 8, "500A", None],
        ["00T4", *[None] * 8, None, "003B"],
        ["00T5", *[None] * 8, "801A", None],
        ["00T6", *[None] * 8, "01tA", None],
    )
    salesforce.build()
    assert salesforce.rows("links", "source_id from_entity from_id to_entity to_id role") == [
        ("00T1:what", "activities", "it:Task:00T1", "deals", "it:Opportunity:006A", "regarding"),
        ("00T1:who", "activities", "it:Task:00T1", "contacts", "it:Contact:003A", "participant"),
        ("00T2:what", "activities", "it:Task:00T2", "accounts", "it:Account:001A", "regarding"),
        ("00T2:who", "activities", "it:Task:00T2", "leads", "it:Lead:00Q1", "participant"),
        ("00T4:who", "activities", "it:Task:00T4", "contacts", "it:Contact:003B", "participant"),
        ("00T5:what", "activities", "it:Task:00T5", "orders", "it:Order:801A", "regarding"),
        ("00T6:what", "activities", "it:Task:00T6", "items", "it:Product2:01tA", "regarding"),
    ]


def test_a_task_that_is_about_something_else_now_leaves_no_old_link(salesforce: Work) -> None:
    salesforce.table("Task", "Id", "Id WhatId WhoId", ["00T1", "006A", "003A"], ["00T2", "001A", None])
    salesforce.build()
    salesforce.put("Task", "Id", {"Id": "00T1", "WhatId": "001B", "WhoId": None})
    result = salesforce.build()
    assert salesforce.rows("links", "source_id to_id") == [
        ("00T1:what", "it:Account:001B"),
        ("00T2:what", "it:Account:001A"),
    ]
    assert [(each.changed, each.removed) for each in result.entities if each.name == "links"] == [(1, 1)]


def test_products_have_no_price_of_their_own(salesforce: Work) -> None:
    salesforce.table("Product2", "Id", "Id Name ProductCode IsActive:boolean", ["01t1", "GTX", "HW-GTX", False])
    salesforce.build()
    assert salesforce.rows("items", "id name sku unit_price is_active") == [
        ("it:Product2:01t1", "GTX", "HW-GTX", None, False)
    ]


def test_lines_of_deals_and_orders_share_one_table(salesforce: Work) -> None:
    salesforce.table(
        "OpportunityLineItem",
        "Id",
        "Id OpportunityId SortOrder:integer Product2Id Name Description Quantity:decimal UnitPrice:decimal"
        " TotalPrice:decimal"
        " CurrencyIsoCode",
        ["00k1", "006A", 2, "01t1", "A GTX", "The big one", 3, "1276.52", "3829.56", "EUR"],
        ["00k2", "006A", None, "01t1", "A GTX", None, 1, 0, 0, None],
    )
    salesforce.table(
        "OrderItem",
        "Id",
        "Id OrderId OrderItemNumber Product2Id Description Quantity:decimal UnitPrice:decimal TotalPrice:decimal",
        ["8021", "801A", "0000000123", "01t1", None, 2, 10, 20],
    )
    salesforce.build()
    assert salesforce.rows(
        "document_lines", "id document_entity document_id line_no item_id description quantity unit_price amount"
        " currency"
    ) == [
        ("it:OpportunityLineItem:00k1", "deals", "it:Opportunity:006A", 2, "it:Product2:01t1", "The big one", "3",
         "1276.52", "3829.56", "EUR"),
        ("it:OpportunityLineItem:00k2", "deals", "it:Opportunity:006A", None, "it:Product2:01t1", "A GTX", "1", "0",
         "0", None),
        ("it:OrderItem:8021", "orders", "it:Order:801A", None, "it:Product2:01t1", None, "2", "10", "20", None),
    ]  # fmt: skip


def test_orders_are_grouped_by_the_vendors_code_where_the_words_are_the_orgs_own(salesforce: Work) -> None:
    salesforce.table(
        "Order",
        "Id",
        "Id AccountId OrderNumber Status StatusCode EffectiveDate:date TotalAmount:decimal CurrencyIsoCode",
        ["8011", "001A", "00000101", "In the works", "Activated", "2026-01-01", "20400", "EUR"],
        ["8012", "001A", "00000102", "Draft", None, "2026-01-02", 0, None],
        ["8013", None, "00000103", "Gone", "Canceled", None, None, None],
        ["8014", None, "00000104", "Our own word", None, None, None, None],
    )
    salesforce.table(
        "Quote",
        "Id",
        "Id AccountId QuoteNumber Status CreatedDate:timestamp ExpirationDate:date TotalPrice:decimal Tax:decimal"
        " GrandTotal:decimal OpportunityId",
        ["0Q01", "001A", "00000001", "Accepted", "2026-01-03 12:00+00", "2026-02-03", 100, "21.5", "121.5", "006A"],
    )
    salesforce.build()
    assert salesforce.rows("orders", "account_id number type status source_status order_date subtotal currency") == [
        ("it:Account:001A", "00000101", "sales", "open", "In the works", "2026-01-01", "20400", "EUR"),
        ("it:Account:001A", "00000102", "sales", "draft", "Draft", "2026-01-02", "0", None),
        (None, "00000103", "sales", "cancelled", "Gone", None, None, None),
        (None, "00000104", "sales", None, "Our own word", None, None, None),
        ("it:Account:001A", "00000001", "quote", "closed", "Accepted", "2026-01-03", "100", None),
    ]
    assert salesforce.rows("orders", "promised_date tax total deal_id")[-1] == (
        "2026-02-03",
        "21.5",
        "121.5",
        "it:Opportunity:006A",
    )
