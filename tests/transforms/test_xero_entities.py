"""Xero's raw tables become these rows; each test holds the odd data that a careless mapping trips over."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from rawtables import Work


@pytest.fixture
def xero(work: Callable[[str], Work]) -> Work:
    return work("xero")


def of(id: str) -> str:
    return json.dumps({"ContactID": id, "Name": "Somebody"})


STREET = {"AddressType": "STREET", "AddressLine1": "1 Main St", "City": "Oslo", "Country": "Norway"}
POSTAL = {"AddressType": "POBOX", "AddressLine1": "", "City": "", "Region": "", "PostalCode": "", "Country": ""}


def test_one_contact_is_customer_and_supplier_and_its_person_is_a_contact(xero: Work) -> None:
    fields = "ContactID Name FirstName LastName EmailAddress IsCustomer:boolean IsSupplier:boolean ContactStatus Website Phones Addresses TaxNumber"  # noqa: E501
    phones = [{"PhoneType": "DDI", "PhoneNumber": "9"}, {"PhoneType": "DEFAULT", "PhoneNumber": "555"}]
    xero.table(
        "Contacts", "ContactID", fields,
        ["1", "Both", "Ada", "Lovelace", "ada@both.example", True, True, "ACTIVE", "https://www.Both.example/x",
         json.dumps(phones), json.dumps([POSTAL, STREET]), "NO1"],
        ["2", "Buyer", None, None, None, True, False, "ACTIVE", None, "[]", json.dumps([STREET, POSTAL]), None],
        ["3", "Seller", None, "Only", None, False, True, "ARCHIVED", None, "no json", None, None],
        ["4", "Neither", None, None, "x@neither.example", None, None, None, None, None, json.dumps([POSTAL]), None],
    )  # fmt: skip
    xero.build()
    assert xero.rows("accounts", "source_id name domain kind phone tax_number status") == [
        ("1", "Both", "both.example", "both", "555", "NO1", "active"),
        ("2", "Buyer", None, "customer", None, None, "active"),
        ("3", "Seller", None, "vendor", None, None, "inactive"),
        ("4", "Neither", None, None, None, None, None),
    ]
    cities = [row[0] and json.loads(row[0])["city"] for row in xero.rows("accounts", "address")]
    assert cities == ["Oslo", "Oslo", None, None]
    assert xero.rows("contacts", "source_id account_id name email") == [
        ("1", "it:Contacts:1", "Ada Lovelace", "ada@both.example"),
        ("3", "it:Contacts:3", "Only", None),
        ("4", "it:Contacts:4", "x@neither.example", "x@neither.example"),
    ]


INVOICE = "InvoiceID Type Contact InvoiceNumber Date:date DueDate:date Status CurrencyCode CurrencyRate:decimal SubTotal:decimal TotalTax:decimal Total:decimal AmountDue:decimal FullyPaidOnDate:date LineAmountTypes"  # noqa: E501
DAYS = ["2026-01-02", "2026-02-01"]


def test_one_list_is_invoices_and_bills_and_base_amounts_are_divided_by_the_rate(xero: Work) -> None:
    xero.table(
        "Invoices", "InvoiceID", INVOICE,
        ["1", "ACCREC", of("7"), "INV-1", *DAYS, "AUTHORISED", "EUR", 0.8, 40, 8, 48, 24, None, "Exclusive"],
        ["2", "ACCREC", of("7"), "INV-2", *DAYS, "PAID", "USD", 1, 10, 0, 10, 0, "2026-01-20", "Exclusive"],
        ["3", "ACCPAY", of("8"), "B-1", *DAYS, "SUBMITTED", "USD", 1, 5, 0, 5, 5, None, "Exclusive"],
        ["4", "ACCPAY", of("8"), "B-1", *DAYS, "VOIDED", "USD", 0, 5, 0, 5, 0, None, "Exclusive"],
    )  # fmt: skip
    credit = "CreditNoteID Type Contact CreditNoteNumber Date:date Status CurrencyCode CurrencyRate:decimal Total:decimal RemainingCredit:decimal"  # noqa: E501
    xero.table(
        "CreditNotes", "CreditNoteID", credit,
        ["5", "ACCRECCREDIT", of("7"), "CN-1", DAYS[0], "AUTHORISED", "EUR", 0.8, 8, 4],
        ["6", "ACCPAYCREDIT", of("8"), "VC-1", DAYS[0], "PAID", "USD", 1, 3, 0],
    )  # fmt: skip
    xero.build()
    columns = "id account_id number doc_type status total total_base balance_base"
    assert xero.rows("invoices", columns) == [
        ("it:CreditNotes:5", "it:Contacts:7", "CN-1", "credit", "open", "8", "10", "5"),
        ("it:Invoices:1", "it:Contacts:7", "INV-1", "standard", "open", "48", "60", "30"),
        ("it:Invoices:2", "it:Contacts:7", "INV-2", "standard", "paid", "10", "10", "0"),
    ]
    assert xero.rows("bills", columns) == [
        ("it:CreditNotes:6", "it:Contacts:8", "VC-1", "credit", "paid", "3", "3", "0"),
        ("it:Invoices:3", "it:Contacts:8", "B-1", "standard", "draft", "5", "5", "5"),
        ("it:Invoices:4", "it:Contacts:8", "B-1", "standard", "void", "5", "5", "0"),
    ]
    assert [row[0] for row in xero.rows("invoices", "fx_rate")] == ["1.25", "1.25", "1"]


def test_lines_name_items_and_accounts_by_their_codes_and_lose_the_tax_that_is_within(xero: Work) -> None:
    xero.table(
        "Invoices", "InvoiceID", INVOICE,
        ["1", "ACCREC", of("7"), "INV-1", *DAYS, "PAID", "EUR", 0.5, 0, 0, 0, 0, None, "Inclusive"],
        ["2", "ACCPAY", of("7"), "B-1", *DAYS, "PAID", "USD", 1, 0, 0, 0, 0, None, "NoTax"],
    )  # fmt: skip
    xero.table("Items", "ItemID", "ItemID Code Name", ["i9", "CUP", "Cup"])
    xero.table("Accounts", "AccountID", "AccountID Code Name", ["a2", "200", "Sales"])
    region = json.dumps([{"TrackingOptionID": "t1", "Name": "Region", "Option": "West"}])
    fields = "LineItemID InvoiceID Place:integer Description Quantity:decimal UnitAmount:decimal ItemCode AccountCode TaxAmount:decimal LineAmount:decimal Tracking"  # noqa: E501
    xero.table(
        "Invoices_lines", "LineItemID", fields,
        ["l1", "1", 1, "Cups", 2, 6, "CUP", "200", 2, 12, region],
        ["l2", "1", 2, "A word, and no amount", None, None, None, None, None, None, "[]"],
        ["l3", "2", 1, "Paper", 1, 4, "GONE", "999", 1, 4, None],
    )  # fmt: skip
    xero.build()
    columns = "source_id document_entity document_id line_no item_id ledger_account_id amount amount_base"
    assert xero.rows("document_lines", columns) == [
        ("l1", "invoices", "it:Invoices:1", 1, "it:Items:i9", "it:Accounts:a2", "10", "20"),
        ("l2", "invoices", "it:Invoices:1", 2, None, None, None, None),
        ("l3", "bills", "it:Invoices:2", 1, None, None, "4", "4"),
    ]
    dimensions = [row[0] and json.loads(row[0])["tracking_1"] for row in xero.rows("document_lines", "dimensions")]
    assert dimensions == ["t1", None, None]


def test_payments_go_in_or_out_and_tell_what_they_pay(xero: Work) -> None:
    xero.table(
        "Invoices", "InvoiceID", INVOICE,
        ["1", "ACCREC", of("7"), "INV-1", *DAYS, "PAID", "EUR", 0.8, 0, 0, 0, 0, None, "Exclusive"],
        ["2", "ACCPAY", of("8"), "B-1", *DAYS, "PAID", "USD", 1, 0, 0, 0, 0, None, "Exclusive"],
    )  # fmt: skip
    xero.table("CreditNotes", "CreditNoteID", "CreditNoteID Type Contact CurrencyCode",
               ["5", "ACCRECCREDIT", of("7"), "EUR"])  # fmt: skip
    xero.table("CreditNotes_allocations", "AllocationID",
               "AllocationID CreditNoteID Amount:decimal Invoice IsDeleted:boolean",
               ["c1", "5", 3, '{"InvoiceID":"1"}', False], ["c2", "5", 1, '{"InvoiceID":"1"}', True])  # fmt: skip
    fields = "PaymentID PaymentType Invoice CreditNote Date:date Amount:decimal CurrencyRate:decimal Status Account Reference"  # noqa: E501
    xero.table("Accounts", "AccountID", "AccountID Code Name", ["a1", "090", "Checking"])
    bank = '{"AccountID":"a1"}'
    xero.table(
        "Payments", "PaymentID", fields,
        ["p1", "ACCRECPAYMENT", '{"InvoiceID":"1"}', None, DAYS[0], 8, 0.8, "AUTHORISED", bank, "R1"],
        ["p2", "ACCPAYPAYMENT", '{"InvoiceID":"2"}', None, DAYS[0], 5, 1, "DELETED", None, None],
        ["p3", "ARCREDITPAYMENT", None, '{"CreditNoteID":"5"}', DAYS[0], 4, 0.8, "AUTHORISED", bank, None],
    )  # fmt: skip
    xero.table("Prepayments", "PrepaymentID",
               "PrepaymentID Type Contact Status Total:decimal CurrencyCode CurrencyRate:decimal",
               ["q1", "RECEIVE-PREPAYMENT", of("7"), "AUTHORISED", 50, "USD", 1])  # fmt: skip
    xero.table("Prepayments_allocations", "AllocationID", "AllocationID PrepaymentID Amount:decimal Invoice",
               ["d1", "q1", 20, '{"InvoiceID":"1"}'], ["d2", "q1", 1, '{"InvoiceID":"unread"}'])  # fmt: skip
    xero.table(
        "BankTransactions", "BankTransactionID",
        "BankTransactionID Type Contact Status Total:decimal CurrencyCode CurrencyRate:decimal",
        ["b1", "SPEND", of("8"), "AUTHORISED", 9, "USD", 1],
        ["b2", "SPEND-PREPAYMENT", of("8"), "AUTHORISED", 9, "USD", 1],
    )  # fmt: skip
    xero.build()
    assert xero.rows("payments", "source_id direction account_id status amount amount_base currency method") == [
        ("b1", "out", "it:Contacts:8", "settled", "9", "9", "USD", None),
        ("p1", "in", "it:Contacts:7", "settled", "8", "10", "EUR", "Checking"),
        ("p2", "out", "it:Contacts:8", "void", "5", "5", "USD", None),
        ("p3", "out", "it:Contacts:7", "settled", "4", "5", "EUR", "Checking"),
        ("q1", "in", "it:Contacts:7", "settled", "50", "50", "USD", None),
    ]
    assert xero.rows("links", "from_id to_entity to_id role amount currency") == [
        ("it:CreditNotes:5", "invoices", "it:Invoices:1", "allocation", "3", "EUR"),
        ("it:Payments:p1", "invoices", "it:Invoices:1", "allocation", "8", "EUR"),
        ("it:Payments:p2", "bills", "it:Invoices:2", "allocation", "5", "USD"),
        ("it:Payments:p3", "invoices", "it:CreditNotes:5", "allocation", "4", "EUR"),
        ("it:Prepayments:q1", "invoices", "it:Invoices:1", "allocation", "20", "USD"),
    ]


def test_quotes_and_purchase_orders_are_orders_and_journals_balance(xero: Work) -> None:
    xero.table("Quotes", "QuoteID",
               "QuoteID QuoteNumber Contact Status ExpiryDate:date Total:decimal CurrencyRate:decimal",
               ["1", "QU-1", of("7"), "SENT", DAYS[1], 8, 0.8],
               ["2", "QU-2", of("7"), "DECLINED", None, 8, None])  # fmt: skip
    xero.table("PurchaseOrders", "PurchaseOrderID",
               "PurchaseOrderID PurchaseOrderNumber Contact Status DeliveryDate:date ExpectedArrivalDate:date",
               ["3", "PO-1", of("8"), "BILLED", DAYS[0], DAYS[1]])  # fmt: skip
    xero.table("ManualJournals", "ManualJournalID", "ManualJournalID Narration Date:date Status",
               ["j1", "Accrual", DAYS[0], "POSTED"])  # fmt: skip
    xero.table("Accounts", "AccountID", "AccountID Code Name Class Status", ["a4", "400", "Rent", "EXPENSE", "ACTIVE"])
    xero.table(
        "ManualJournals_lines", "ManualJournalID:Place",
        "ManualJournalID Place LineAmount:decimal AccountCode Description",
        ["j1", "1", 100, "400", "Rent"], ["j1", "2", -100, "400", None],
    )  # fmt: skip
    xero.build()
    assert xero.rows("orders", "id account_id type status promised_date total_base") == [
        ("it:PurchaseOrders:3", "it:Contacts:8", "purchase", "closed", "2026-02-01", None),
        ("it:Quotes:1", "it:Contacts:7", "quote", "open", "2026-02-01", "10"),
        ("it:Quotes:2", "it:Contacts:7", "quote", "cancelled", None, "8"),
    ]
    columns = "journal_id line_no ledger_account_id debit credit memo status"
    assert xero.rows("journal_lines", columns) == [
        ("it:ManualJournals_lines:j1", 1, "it:Accounts:a4", "100", None, "Rent", "posted"),
        ("it:ManualJournals_lines:j1", 2, "it:Accounts:a4", None, "100", "Accrual", "posted"),
    ]
    assert xero.rows("ledger_accounts", "code class is_active") == [("400", "expense", True)]
