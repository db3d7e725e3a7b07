"""Records of Dynamics 365 become these rows, whatever odd data they hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work

LABELS = "stringmapid objecttypecode attributename attributevalue:integer value displayorder:integer"
MONEY = "transactioncurrencyid isocurrencycode"


@pytest.fixture
def dynamics(work: Callable[[str], Work]) -> Work:
    return work("dynamics365")


def test_a_deal_is_decided_by_its_state_and_worth_what_was_got_for_it(dynamics: Work) -> None:
    dynamics.table("transactioncurrency", "transactioncurrencyid", MONEY, ["eur", "EUR"])
    dynamics.table(
        "stringmap", "stringmapid", LABELS,
        ["s1", "opportunity", "salesstage", 2, "Propose", 3],
        ["s2", "opportunity", "statuscode", 4, "Canceled", 0],
        ["s3", "lead", "salesstage", 2, "of another table", 0],
    )  # fmt: skip
    dynamics.table(
        "opportunity", "opportunityid",
        "opportunityid name statecode:integer statuscode:integer salesstage:integer estimatedvalue:decimal"
        " estimatedvalue_base:decimal actualvalue:decimal actualvalue_base:decimal closeprobability:integer"
        " estimatedclosedate:date actualclosedate:date _transactioncurrencyid_value _parentaccountid_value"
        " _parentcontactid_value _owninguser_value",
        ["1", "Won", 1, 3, 2, 10, 11, "8.5", "9.5", 90, "2026-03-01", "2026-02-03", "eur", "a", None, "u"],
        ["2", "Open", 0, 1, 9, 10, 11, None, None, 30, "2026-03-01", None, "eur", None, "c", None],
        ["3", "Lost", 2, 4, None, None, None, None, None, None, None, "2026-02-03", None, None, None, None],
        ["4", "Odd", 7, 1, 2, 0, 0, None, None, None, None, None, "gone", None, None, None],
    )  # fmt: skip
    dynamics.build()
    assert dynamics.rows("stages", "id name position is_won") == [("it:stringmap:s1", "Propose", 3, False)]
    columns = "status source_status stage_id amount amount_base currency probability close_date closed_at lost_reason"
    assert dynamics.rows("deals", columns) == [
        ("won", None, "it:stringmap:s1", "8.5", "9.5", "EUR", "0.9", "2026-02-03", "2026-02-03T00:00:00Z", None),
        ("open", None, None, "10", "11", "EUR", "0.3", "2026-03-01", None, None),
        ("lost", "Canceled", None, None, None, None, None, "2026-02-03", "2026-02-03T00:00:00Z", "Canceled"),
        (None, None, "it:stringmap:s1", "0", "0", None, None, None, None, None),
    ]
    assert dynamics.rows("deals", "account_id contact_id owner_id")[:2] == [
        ("it:account:a", None, "it:systemuser:u"), (None, "it:contact:c", None),
    ]  # fmt: skip


def test_accounts_have_their_kind_and_contacts_the_account_alone(dynamics: Work) -> None:
    dynamics.table("stringmap", "stringmapid", LABELS, ["s1", "account", "customertypecode", 11, "Vendor", 0])
    dynamics.table(
        "account", "accountid",
        "accountid name websiteurl customertypecode:integer statecode:integer revenue:decimal address1_city",
        ["1", "Acme", "https://www.Acme.example/en", 3, 0, "12.5", "Oslo"],
        ["2", "Seller", None, 11, 1, None, None],
    )  # fmt: skip
    dynamics.table(
        "contact", "contactid",
        "contactid fullname _parentcustomerid_value _accountid_value donotbulkemail:boolean",
        ["c1", "Ada", "1", "1", True], ["c2", "Bo", "c1", None, None],
    )  # fmt: skip
    dynamics.build()
    assert dynamics.rows("accounts", "name domain kind status source_status annual_revenue") == [
        ("Acme", "acme.example", "customer", "active", None, "12.5"),
        ("Seller", None, "vendor", "inactive", "Vendor", None),
    ]
    assert dynamics.rows("contacts", "account_id opted_out") == [("it:account:1", True), (None, None)]


def test_cases_wait_for_others_where_their_status_says_so(dynamics: Work) -> None:
    dynamics.table(
        "incident", "incidentid",
        "incidentid title statecode:integer statuscode:integer prioritycode:integer caseorigincode:integer"
        " _accountid_value _contactid_value _primarycontactid_value",
        ["1", "a", 0, 1, 1, 1, "x", "c", None], ["2", "b", 0, 3, 2, 2483, "x", "c", "p"],
        ["3", "c", 1, 5, None, None, None, None, None],
        ["4", "d", 2, 6, 9, 3, None, None, None],
    )  # fmt: skip
    dynamics.build()
    assert dynamics.rows("tickets", "status priority channel requester_id") == [
        ("open", "high", "phone", "it:contact:c"),
        ("pending", "normal", "other", "it:contact:p"),
        ("solved", None, None, None),
        ("closed", None, "web", None),
    ]


def test_activities_of_four_tables_and_notes_say_what_they_are_about(dynamics: Work) -> None:
    about = "regarding_type _regardingobjectid_value"
    dynamics.table("task", "activityid", f"activityid subject statecode:integer scheduledend:timestamp {about}",
                   ["t", "Do", 0, "2026-01-02 10:00:00+00", "opportunity", "o"])  # fmt: skip
    dynamics.table("phonecall", "activityid", f"activityid subject statecode:integer directioncode:boolean {about}",
                   ["p", "Ring", 1, False, "salesorder", "s"])  # fmt: skip
    dynamics.table("email", "activityid", f"activityid subject directioncode:boolean senton:timestamp {about}",
                   ["e", "Hi", True, "2026-01-03 10:00:00+00", "campaign", "k"])  # fmt: skip
    dynamics.table(
        "appointment", "activityid", f"activityid subject statecode:integer {about}", ["m", "Meet", 3, None, None]
    )
    dynamics.table("annotation", "annotationid",
                   "annotationid notetext isdocument:boolean filename objecttypecode _objectid_value",
                   ["n", "Said", False, None, "incident", "i"], ["f", None, True, "a.pdf", "quote", "q"])  # fmt: skip
    dynamics.build()
    assert dynamics.rows("activities", "id type status direction body") == [
        ("it:annotation:n", "note", None, None, "Said"),
        ("it:appointment:m", "meeting", "open", None, None),
        ("it:email:e", "email", None, "outbound", None),
        ("it:phonecall:p", "call", "completed", "inbound", None),
        ("it:task:t", "task", "open", None, None),
    ]
    assert sorted(dynamics.rows("links", "from_id to_entity to_id")) == [
        ("it:annotation:f", "orders", "it:quote:q"),
        ("it:annotation:n", "tickets", "it:incident:i"),
        ("it:phonecall:p", "orders", "it:salesorder:s"),
        ("it:task:t", "deals", "it:opportunity:o"),
    ]
    assert dynamics.rows("attachments", "entity record_id name") == [("orders", "it:quote:q", "a.pdf")]


def test_documents_keep_their_rate_the_other_way_round_and_lines_leave_the_tax_out(dynamics: Work) -> None:
    dynamics.table("transactioncurrency", "transactioncurrencyid", MONEY, ["eur", "EUR"])
    fields = "statecode:integer totalamount:decimal totaltax:decimal totalamount_base:decimal exchangerate:decimal"
    dynamics.table("invoice", "invoiceid", f"invoiceid {fields} _transactioncurrencyid_value createdon:timestamp",
                   ["1", 2, "110", "10", "137.5", "0.8", "eur", "2026-01-05 10:00:00+00"],
                   ["2", 3, "5", None, "5", "0", "eur", None])  # fmt: skip
    dynamics.table("salesorder", "salesorderid", f"salesorderid {fields}", ["1", 4, "10", None, "10", "1"])
    dynamics.table("quote", "quoteid", f"quoteid {fields}", ["1", 3, "10", None, "10", "1"])
    lines = "lineitemnumber:integer quantity:decimal extendedamount:decimal tax:decimal exchangerate:decimal"
    dynamics.table("invoicedetail", "invoicedetailid", f"invoicedetailid {lines} _invoiceid_value _productid_value",
                   ["9", 1, "2", "110", "10", "0.8", "1", "p"])  # fmt: skip
    dynamics.build()
    assert dynamics.rows("invoices", "status issue_date subtotal total total_base fx_rate currency") == [
        ("paid", "2026-01-05", "100", "110", "137.5", "1.25", "EUR"),
        ("void", None, "5", "5", "5", None, "EUR"),
    ]
    assert dynamics.rows("orders", "type status") == [("quote", "cancelled"), ("sales", "closed")]
    assert dynamics.rows("document_lines", "document_id item_id quantity amount amount_base") == [
        ("it:invoice:1", "it:product:p", "2", "100", "125"),
    ]


def test_leads_that_were_qualified_point_at_what_they_became(dynamics: Work) -> None:
    dynamics.table(
        "lead", "leadid",
        "leadid fullname statecode:integer _parentaccountid_value _qualifyingopportunityid_value",
        ["1", "Ada", 1, "a", "o"], ["2", "Bo", 0, "a", None], ["3", "Cy", 2, None, None],
    )  # fmt: skip
    dynamics.build()
    assert dynamics.rows("leads", "status converted_account_id converted_deal_id") == [
        ("converted", "it:account:a", "it:opportunity:o"), ("open", None, None), ("disqualified", None, None),
    ]  # fmt: skip
