"""What is owed and booked in NetSuite: bills, vendor credits, the chart of accounts, journals, what a payment pays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work


@pytest.fixture
def netsuite(work: Callable[[str], Work]) -> Work:
    made = work("netsuite")
    made.table("currency", "id", "id name symbol", ["1", "US Dollar", "USD"], ["4", "Euro", "EUR"])
    return made


BILL = (
    "id tranid entity trandate:date duedate:date status currency exchangerate:decimal foreigntotal:decimal"
    " foreignamountunpaid:decimal foreignpaymentamountunused:decimal voided:boolean closedate:date memo"
)


def test_the_ledger_shows_a_bill_below_zero_and_the_entity_does_not(netsuite: Work) -> None:
    netsuite.table(
        "vendorBill",
        "id",
        BILL,
        ["1", "B1", "20", "2026-01-01", "2026-01-31", "A", "4", "1.1", "-100", "100", None, False, None, "Restock"],
        ["2", "B2", "20", "2026-01-02", None, "VendBill:B", "1", "1", "-50", "0", None, False, "2026-01-20", None],
        ["3", "B3", "20", "2026-01-03", None, "D", "1", "1", "-5", "5", None, False, None, None],
        ["4", "B4", "20", "2026-01-04", None, "A", "1", "1", "-6", "6", None, True, None, None],
    )
    netsuite.table(
        "vendorCredit",
        "id",
        BILL,
        ["9", "C9", "20", "2026-01-05", None, "A", "4", "1.1", "30", None, "12", False, None, None],
    )
    netsuite.build()
    assert netsuite.rows(
        "bills", "id account_id doc_type status currency total total_base balance balance_base paid_at"
    ) == [
        ("it:vendorBill:1", "it:vendor:20", "standard", "open", "EUR", "100", "110", "100", "110", None),
        ("it:vendorBill:2", "it:vendor:20", "standard", "paid", "USD", "50", "50", "0", "0", "2026-01-20T00:00:00Z"),
        ("it:vendorBill:3", "it:vendor:20", "standard", "draft", "USD", "5", "5", "5", "5", None),
        ("it:vendorBill:4", "it:vendor:20", "standard", "void", "USD", "6", "6", "6", "6", None),
        ("it:vendorCredit:9", "it:vendor:20", "credit", "open", "EUR", "30", "33", "12", "13.2", None),
    ]


def test_a_code_keeps_its_leading_zeros_and_a_type_without_a_class_has_none(netsuite: Work) -> None:
    netsuite.table(
        "account",
        "id",
        "id acctnumber acctname accttype parent currency isinactive:boolean",
        ["1", "0100", "Checking", "Bank", None, "4", False],
        ["2", "1200", "Receivable", "AcctRec", None, None, None],
        ["3", "4000", "Sales", "Income", None, None, False],
        ["4", "4010", "Sales abroad", "Income", "3", None, True],
        ["5", "9000", "Head count", "Stat", None, None, False],
        ["6", "5000", "Goods", "COGS", None, None, False],
    )
    netsuite.build()
    assert netsuite.rows("ledger_accounts", "code name class type parent_id currency is_active") == [
        ("0100", "Checking", "asset", "Bank", None, "EUR", True),
        ("1200", "Receivable", "asset", "AcctRec", None, None, True),
        ("4000", "Sales", "revenue", "Income", None, None, True),
        ("4010", "Sales abroad", "revenue", "Income", "it:account:3", None, False),
        ("9000", "Head count", None, "Stat", None, None, True),
        ("5000", "Goods", "expense", "COGS", None, None, True),
    ]


def test_a_journal_is_booked_once_though_a_second_book_repeats_it(netsuite: Work) -> None:
    netsuite.table("account", "id", "id acctname", ["58", "Bank charges"], ["1", "Checking"])
    netsuite.table("subsidiary", "id", "id currency", ["2", "4"])
    netsuite.table("customer", "id", "id companyname", ["10", "Acme"])
    netsuite.table(
        "journalEntry",
        "id",
        "id tranid trandate:date status voided:boolean memo subsidiary",
        ["7", "JE7", "2026-02-01", "B", False, "Charges", "2"],
    )
    netsuite.table(
        "journalEntry_lines",
        "transaction:id",
        "transaction id linesequencenumber:integer memo entity department subsidiary",
        ["7", "0", 0, "For Acme", "10", "5", "2"],
        ["7", "1", 1, None, None, None, "2"],
    )
    netsuite.table(
        "journalEntry_postings",
        "transaction:transactionline:accountingbook",
        "transaction transactionline accountingbook account debit:decimal credit:decimal",
        ["7", "0", "1", "58", "120", None],
        ["7", "1", "1", "1", None, "120"],
        ["7", "0", "2", "58", "131", None],
        ["7", "1", "2", "1", None, "131"],
    )
    netsuite.build()
    assert netsuite.rows(
        "journal_lines", "journal_id number posted_on line_no ledger_account_id account_id debit credit currency status"
    ) == [
        ("it:journalEntry_postings:7", "JE7", "2026-02-01", 0, "it:account:58", "it:customer:10", "120", None, "EUR",
         "posted"),
        ("it:journalEntry_postings:7", "JE7", "2026-02-01", 1, "it:account:1", None, None, "120", "EUR", "posted"),
    ]  # fmt: skip
    assert netsuite.rows("journal_lines", "memo dimensions") == [
        ("For Acme", '{"subsidiary":"2","department":"5","class":null,"location":null}'),
        ("Charges", '{"subsidiary":"2","department":null,"class":null,"location":null}'),
    ]


@pytest.mark.parametrize(
    ("who", "document", "code", "entity"),
    [("customer", "invoice", "CustInvc", "invoices"), ("vendor", "vendorBill", "VendBill", "bills")],
)
def test_a_payment_names_each_document_it_pays_and_how_much_of_it(
    netsuite: Work, who: str, document: str, code: str, entity: str
) -> None:
    netsuite.table(document, "id", "id currency", ["1", "4"], ["2", "1"])
    netsuite.table(
        f"{who}Payment_applied",
        "previousdoc:previousline:nextdoc:nextline:linktype",
        "previousdoc previousline previoustype nextdoc nextline linktype foreignamount:decimal",
        ["1", "0", code, "50", "0", "Payment", "70"],
        ["2", "0", code, "50", "0", "Payment", "-30"],
        ["3", "0", "Journal", "50", "0", "Payment", "5"],
    )
    netsuite.build()
    assert netsuite.rows("links", "from_entity from_id to_entity to_id role amount currency") == [
        ("payments", f"it:{who}Payment:50", entity, f"it:{document}:1", "allocation", "70", "EUR"),
        ("payments", f"it:{who}Payment:50", entity, f"it:{document}:2", "allocation", "30", "USD"),
    ]
