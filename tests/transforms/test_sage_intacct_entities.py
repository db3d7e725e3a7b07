"""Intacct's raw tables become these rows; each test holds the odd data that a careless mapping trips over."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from rawtables import Work

FROM_DOCUMENT = "TRX_TOTALENTERED:decimal TOTALENTERED:decimal TRX_TOTALDUE:decimal TOTALDUE:decimal"
DOCUMENT = f"RECORDNO RECORDID STATE WHENCREATED:date WHENDUE:date WHENPAID:date CURRENCY EXCHANGE_RATE:decimal {FROM_DOCUMENT}"  # noqa: E501
DAYS = ["2026-01-02", "2026-02-01"]


@pytest.fixture
def intacct(work: Callable[[str], Work]) -> Work:
    it = work("sage_intacct")
    it.table("CUSTOMER", "RECORDNO", "RECORDNO CUSTOMERID NAME", ["7", "C7", "Buyer"])
    it.table("VENDOR", "RECORDNO", "RECORDNO VENDORID NAME", ["7", "V7", "Seller"])
    it.table("ITEM", "RECORDNO", "RECORDNO ITEMID NAME", ["3", "HW", "Hammer"])
    return it


def test_customers_and_vendors_are_accounts_with_the_facts_of_their_display_contact(
    work: Callable[[str], Work],
) -> None:
    it = work("sage_intacct")
    contact = "DISPLAYCONTACT.PHONE1 DISPLAYCONTACT.URL1 DISPLAYCONTACT.MAILADDRESS.ADDRESS1 DISPLAYCONTACT.MAILADDRESS.CITY DISPLAYCONTACT.MAILADDRESS.COUNTRY"  # noqa: E501
    it.table(
        "CUSTOMER", "RECORDNO", f"RECORDNO CUSTOMERID NAME PARENTKEY CUSTREPID STATUS TAXID {contact}",
        ["1", "C1", "Group", None, "E1", "active", "T1", "555", "https://www.Group.example/x",
         "1 Main St", "Oslo", "NO"],
        ["2", "C2", "Shop", "1", "E9", "inactive", None, None, "shop.example", None, None, None],
    )  # fmt: skip
    it.table(
        "VENDOR", "RECORDNO", f"RECORDNO VENDORID NAME STATUS {contact}",
        ["1", "V1", "Supplier", "active", None, None, None, "Bergen", "NO"],
    )  # fmt: skip
    it.table("EMPLOYEE", "RECORDNO", "RECORDNO EMPLOYEEID PERSONALINFO.CONTACTNAME DEPARTMENTID STATUS",
             ["5", "E1", "Ada Lovelace(E1)", "D1", "active"], ["6", "E2", None, None, "inactive"])  # fmt: skip
    it.table("CONTACT", "RECORDNO", "RECORDNO CONTACTNAME PRINTAS FIRSTNAME LASTNAME EMAIL1",
             ["8", "Ada Lovelace(E1)", "Ms Ada", "Ada", "Lovelace", "ada@maven.example"],
             ["9", "Front desk", "Front desk", None, None, None])  # fmt: skip
    it.table("DEPARTMENT", "RECORDNO", "RECORDNO DEPARTMENTID TITLE", ["1", "D1", "Sales"])
    it.build()
    assert it.rows("accounts", "id name domain kind phone parent_id owner_id tax_number status") == [
        ("it:CUSTOMER:1", "Group", "group.example", "customer", "555", None, "it:EMPLOYEE:5", "T1", "active"),
        ("it:CUSTOMER:2", "Shop", "shop.example", "customer", None, "it:CUSTOMER:1", None, None, "inactive"),
        ("it:VENDOR:1", "Supplier", None, "vendor", None, None, None, None, "active"),
    ]
    cities = [row[0] and json.loads(row[0])["city"] for row in it.rows("accounts", "address")]
    assert cities == ["Oslo", None, "Bergen"]
    assert it.rows("users", "source_id name email is_active team") == [
        ("5", "Ada Lovelace", "ada@maven.example", True, "Sales"),
        ("6", "E2", None, False, None),
    ]
    assert it.rows("contacts", "source_id name email") == [
        ("8", "Ada Lovelace", "ada@maven.example"),
        ("9", "Front desk", None),
    ]


def test_documents_name_their_party_by_an_id_and_are_dated_by_their_own_day(intacct: Work) -> None:
    intacct.table(
        "ARINVOICE", "RECORDNO", f"{DOCUMENT} CUSTOMERID AUWHENCREATED:timestamp",
        ["1", "INV-1", "Posted", *DAYS, None, "EUR", 1.25, 48, 60, 24, 30, "C7", "2026-03-01T10:00:00Z"],
        ["2", "INV-2", "Paid", *DAYS, "2026-01-20", "USD", 1, 10, 10, 0, 0, "C7", "2026-03-01T10:00:00Z"],
        ["3", "INV-3", "Draft", *DAYS, None, "USD", 1, 5, 5, 5, 5, "unknown", None],
        ["4", "INV-4", "Reversed", *DAYS, "2026-01-20", "USD", 1, 5, 5, 0, 0, "C7", None],
    )  # fmt: skip
    intacct.table(
        "ARADJUSTMENT", "RECORDNO", f"{DOCUMENT} CUSTOMERID",
        ["5", "CM-1", "Posted", *DAYS, None, "EUR", 1.25, -8, -10, -4, -5, "C7"],
        ["6", "DM-1", "Partially Paid", *DAYS, None, "USD", 1, 3, 3, 1, 1, "C7"],
    )  # fmt: skip
    intacct.table(
        "APBILL", "RECORDNO", f"{DOCUMENT} VENDORID",
        ["7", "B-1", "Selected", *DAYS, None, "USD", 1, 3, 3, 3, 3, "V7"],
    )  # fmt: skip
    intacct.build()
    columns = "id account_id number doc_type status total total_base balance_base"
    assert intacct.rows("invoices", columns) == [
        ("it:ARADJUSTMENT:5", "it:CUSTOMER:7", "CM-1", "credit", "open", "8", "10", "5"),
        ("it:ARADJUSTMENT:6", "it:CUSTOMER:7", "DM-1", "standard", "open", "3", "3", "1"),
        ("it:ARINVOICE:1", "it:CUSTOMER:7", "INV-1", "standard", "open", "48", "60", "30"),
        ("it:ARINVOICE:2", "it:CUSTOMER:7", "INV-2", "standard", "paid", "10", "10", "0"),
        ("it:ARINVOICE:3", None, "INV-3", "standard", "draft", "5", "5", "5"),
        ("it:ARINVOICE:4", "it:CUSTOMER:7", "INV-4", "standard", "void", "5", "5", "0"),
    ]
    assert intacct.rows("bills", columns) == [("it:APBILL:7", "it:VENDOR:7", "B-1", "standard", "open", "3", "3", "3")]
    assert [str(row[0]) for row in intacct.rows("invoices", "issue_date")] == [DAYS[0]] * 6
    assert [row[0] is None for row in intacct.rows("invoices", "due_date")] == [True, *[False] * 5]
    assert [row[0] is None for row in intacct.rows("invoices", "paid_at")] == [True, True, True, False, True, True]


def test_lines_of_credits_have_the_sign_of_their_document(intacct: Work) -> None:
    line = "RECORDNO RECORDKEY LINE_NO:integer ITEMID ACCOUNTKEY ENTRYDESCRIPTION TRX_AMOUNT:decimal AMOUNT:decimal CURRENCY DEPARTMENTID LOCATIONID"  # noqa: E501
    intacct.table("ARADJUSTMENT", "RECORDNO", f"{DOCUMENT} CUSTOMERID",
                  ["5", "CM-1", "Posted", *DAYS, None, "EUR", 1.25, -8, -10, -4, -5, "C7"],
                  ["6", "DM-1", "Posted", *DAYS, None, "USD", 1, 3, 3, 1, 1, "C7"])  # fmt: skip
    intacct.table("ARADJUSTMENTITEM", "RECORDNO", line,
                  ["11", "5", 1, "HW", "4", "Back", -8, -10, "EUR", "D1", None],
                  ["12", "6", 1, None, "4", "More", 3, 3, "USD", None, None])  # fmt: skip
    intacct.table("ARINVOICEITEM", "RECORDNO", line, ["13", "1", 2, "HW", "4", "Sold", 5, 6, "EUR", None, "100"])
    intacct.table("APBILLITEM", "RECORDNO", line, ["14", "2", 1, "gone", None, "Bought", 5, 5, "USD", None, None])
    intacct.build()
    columns = "id document_id line_no item_id ledger_account_id amount amount_base"
    assert intacct.rows("document_lines", columns) == [
        ("it:APBILLITEM:14", "it:APBILL:2", 1, None, None, "5", "5"),
        ("it:ARADJUSTMENTITEM:11", "it:ARADJUSTMENT:5", 1, "it:ITEM:3", "it:GLACCOUNT:4", "8", "10"),
        ("it:ARADJUSTMENTITEM:12", "it:ARADJUSTMENT:6", 1, None, "it:GLACCOUNT:4", "3", "3"),
        ("it:ARINVOICEITEM:13", "it:ARINVOICE:1", 2, "it:ITEM:3", "it:GLACCOUNT:4", "5", "6"),
    ]
    dimensions = [row[0] and json.loads(row[0]) for row in intacct.rows("document_lines", "dimensions")]
    assert [each and (each["department"], each["location"]) for each in dimensions] == [
        None, ("D1", None), None, (None, "100"),
    ]  # fmt: skip


def test_payments_and_what_they_pay(intacct: Work) -> None:
    paid = f"RECORDNO RECORDID STATE PAYMENTMETHOD PAYMENTDATE:date CURRENCY {FROM_DOCUMENT}"
    intacct.table("ARINVOICE", "RECORDNO", f"{DOCUMENT} CUSTOMERID",
                  ["1", "INV-1", "Paid", *DAYS, None, "USD", 1, 5, 5, 0, 0, "C7"])  # fmt: skip
    intacct.table("ARADJUSTMENT", "RECORDNO", f"{DOCUMENT} CUSTOMERID",
                  ["2", "DM-1", "Paid", *DAYS, None, "USD", 1, 5, 5, 0, 0, "C7"])  # fmt: skip
    intacct.table("ARPYMT", "RECORDNO", f"{paid} CUSTOMERID",
                  ["21", "P-1", "Complete", "EFT", DAYS[0], "USD", 10, 10, 0, 0, "C7"],
                  ["22", "P-2", "Draft", "Cash", DAYS[0], "USD", 1, 1, 0, 0, None])  # fmt: skip
    intacct.table("APPYMT", "RECORDNO", f"{paid} VENDORID",
                  ["23", "P-3", "Voided", "Check", DAYS[0], "EUR", 4, 5, 0, 0, "V7"])  # fmt: skip
    detail = "RECORDNO PAYMENTKEY RECORDKEY TRX_PAYMENTAMOUNT:decimal CURRENCY"
    intacct.table("ARPYMTDETAIL", "RECORDNO", detail, ["31", "21", "1", 5, "USD"], ["32", "21", "2", 5, "USD"],
                  ["33", "22", "99", 1, "USD"])  # fmt: skip
    intacct.table("APPYMTDETAIL", "RECORDNO", detail, ["34", "23", "7", 4, "EUR"])
    intacct.build()
    assert intacct.rows("payments", "id direction account_id status amount amount_base method reference") == [
        ("it:APPYMT:23", "out", "it:VENDOR:7", "void", "4", "5", "Check", "P-3"),
        ("it:ARPYMT:21", "in", "it:CUSTOMER:7", "settled", "10", "10", "EFT", "P-1"),
        ("it:ARPYMT:22", "in", None, "pending", "1", "1", "Cash", "P-2"),
    ]
    assert intacct.rows("links", "from_id to_entity to_id amount currency") == [
        ("it:APPYMT:23", "bills", "it:APBILL:7", "4", "EUR"),
        ("it:ARPYMT:21", "invoices", "it:ARINVOICE:1", "5", "USD"),
        ("it:ARPYMT:21", "invoices", "it:ARADJUSTMENT:2", "5", "USD"),
    ]


def test_orders_and_quotes_are_told_by_the_class_of_their_definition(intacct: Work) -> None:
    fields = (
        "RECORDNO DOCNO DOCPARID DOCPARCLASS STATE CUSTVENDID WHENCREATED:date CURRENCY TRX_TOTAL:decimal TOTAL:decimal"
    )
    intacct.table(
        "SODOCUMENT", "RECORDNO", fields,
        ["1", "SO1", "Bestellung", "Order", "In Progress", "C7", DAYS[0], "EUR", 8, 10],
        ["2", "SO2", "Angebot", "Quote", "Converted", "C7", DAYS[0], "USD", 8, 8],
        ["3", "SI1", "Rechnung", "Invoice", "Closed", "C7", DAYS[0], "USD", 8, 8],
    )  # fmt: skip
    entry = "RECORDNO DOCHDRNO LINE_NO:integer ITEMID ITEMDESC QUANTITY:decimal TRX_PRICE:decimal TRX_VALUE:decimal TOTAL:decimal CURRENCY"  # noqa: E501
    intacct.table("SODOCUMENTENTRY", "RECORDNO", entry, ["11", "1", 1, "HW", "Hammer", 2, 4, 8, 10, "EUR"],
                  ["12", "3", 1, "HW", "Hammer", 2, 4, 8, 8, "USD"])  # fmt: skip
    intacct.build()
    assert intacct.rows("orders", "id account_id number type status total total_base") == [
        ("it:SODOCUMENT:1", "it:CUSTOMER:7", "SO1", "sales", "open", "8", "10"),
        ("it:SODOCUMENT:2", "it:CUSTOMER:7", "SO2", "quote", "closed", "8", "8"),
    ]
    assert intacct.rows("document_lines", "id document_id item_id quantity unit_price amount amount_base") == [
        ("it:SODOCUMENTENTRY:11", "it:SODOCUMENT:1", "it:ITEM:3", "2", "4", "8", "10")
    ]


def test_journal_entries_are_those_that_somebody_made_in_the_ledger(intacct: Work) -> None:
    intacct.table("GLBATCH", "RECORDNO", "RECORDNO BATCHNO:integer BATCH_TITLE BATCH_DATE:date MODULE STATE",
                  ["1", 249, "Accrual", DAYS[0], "2.GL", "Posted"], ["2", 3, "Bills", DAYS[0], "3.AP", "Posted"],
                  ["3", 250, "Later", DAYS[0], "2.GL", "Draft"])  # fmt: skip
    fields = (
        "RECORDNO BATCHNO LINE_NO:integer TR_TYPE:integer ACCOUNTKEY AMOUNT:decimal BASECURR DESCRIPTION CUSTOMERID"
    )
    intacct.table("GLENTRY", "RECORDNO", fields,
                  ["11", "1", 1, 1, "4", 10.5, "USD", "Rent", None], ["12", "1", 2, -1, "5", 10.5, "USD", None, "C7"],
                  ["13", "2", 1, 1, "4", 1, "USD", None, None],
                  ["14", "3", 1, 1, "4", -2, "USD", None, None])  # fmt: skip
    intacct.table("GLACCOUNT", "RECORDNO", "RECORDNO ACCOUNTNO TITLE ACCOUNTTYPE NORMALBALANCE CATEGORY STATUS",
                  ["4", "0600", "Rent", "incomestatement", "debit", "Rent", "active"],
                  ["5", "2000", "Payable", "balancesheet", "credit", "Accounts Payable", "active"],
                  ["6", "1900", "Depreciation", "balancesheet", "credit", "Accumulated Depreciation", "inactive"],
                  ["7", "3000", "Retained", "balancesheet", "credit", "Retained Earnings", "active"])  # fmt: skip
    intacct.build()
    assert intacct.rows("journal_lines", "source_id journal_id number debit credit account_id memo status") == [
        ("11", "it:GLENTRY:1", "249", "10.5", None, None, "Rent", "posted"),
        ("12", "it:GLENTRY:1", "249", None, "10.5", "it:CUSTOMER:7", "Accrual", "posted"),
        ("14", "it:GLENTRY:3", "250", "-2", None, None, "Later", "draft"),
    ]
    assert intacct.rows("ledger_accounts", "code class is_active") == [
        ("0600", "expense", True), ("2000", "liability", True), ("1900", None, False), ("3000", "equity", True),
    ]  # fmt: skip
