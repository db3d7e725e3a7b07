"""QuickBooks' raw tables become these rows; each test holds the odd data that a careless mapping trips over."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from rawtables import Work

USD, EUR = '{"value":"USD","name":"US Dollar"}', '{"value":"EUR"}'


@pytest.fixture
def quickbooks(work: Callable[[str], Work]) -> Work:
    return work("quickbooks")


def reference(id: str) -> str:
    return json.dumps({"value": id, "name": "Somebody"})


LINES = "Document Id LineNum:integer Amount:decimal DetailType Description SalesItemLineDetail ItemBasedExpenseLineDetail AccountBasedExpenseLineDetail DiscountLineDetail"  # noqa: E501


def sold(item: str, quantity: float, price: float) -> str:
    return json.dumps({"ItemRef": {"value": item}, "Qty": quantity, "UnitPrice": price, "ClassRef": {"value": "3"}})


def test_customers_and_vendors_are_accounts_and_their_people_are_contacts(quickbooks: Work) -> None:
    fields = (
        "Id DisplayName CompanyName GivenName FamilyName PrimaryEmailAddr PrimaryPhone WebAddr BillAddr Active:boolean"
    )
    quickbooks.table(
        "Customer",
        "Id",
        f"{fields} ParentRef PrimaryTaxIdentifier",
        [
            "1",
            "Acme",
            "Acme Inc.",
            "Ada",
            "Lovelace",
            '{"Address":"ada@acme.example"}',
            '{"FreeFormNumber":"+1 555"}',
            '{"URI":"https://www.Acme.example/x"}',
            '{"Line1":"1 Main St","City":"Oslo","Country":"Norway"}',
            True,
            None,
            "NO1",
        ],
        ["2", "Acme:Job", None, None, None, None, None, None, "no json", True, reference("1"), None],
        [
            "3",
            "Gone (deleted)",
            None,
            None,
            "Only Family",
            None,
            None,
            '{"URI":"acme.example"}',
            None,
            False,
            None,
            None,
        ],
    )
    quickbooks.table(
        "Vendor",
        "Id",
        f"{fields} TaxIdentifier",
        ["1", "Acme (supplier)", None, None, None, '{"Address":"sales@acme.example"}', None, None, None, None, "T1"],
    )
    quickbooks.build()
    assert quickbooks.rows("accounts", "id name domain kind phone parent_id tax_number status") == [
        ("it:Customer:1", "Acme", "acme.example", "customer", "+1 555", None, "NO1", "active"),
        ("it:Customer:2", "Acme:Job", None, "customer", None, "it:Customer:1", None, "active"),
        ("it:Customer:3", "Gone (deleted)", "acme.example", "customer", None, None, None, "inactive"),
        ("it:Vendor:1", "Acme (supplier)", None, "vendor", None, None, "T1", None),
    ]
    addresses = [row[0] and json.loads(row[0]) for row in quickbooks.rows("accounts", "address")]
    assert addresses[0]["city"] == "Oslo"
    assert addresses[1:] == [None, None, None]
    assert quickbooks.rows("contacts", "id account_id name first_name email") == [
        ("it:Customer:1", "it:Customer:1", "Ada Lovelace", "Ada", "ada@acme.example"),
        ("it:Customer:3", "it:Customer:3", "Only Family", None, None),
        ("it:Vendor:1", "it:Vendor:1", "sales@acme.example", None, "sales@acme.example"),
    ]


def test_an_invoice_is_open_until_nothing_is_owed_and_void_where_its_note_says_so(quickbooks: Work) -> None:
    fields = "Id DocNumber CustomerRef TxnDate:date DueDate:date TotalAmt:decimal Balance:decimal CurrencyRef ExchangeRate:decimal TxnTaxDetail PrivateNote CustomerMemo"  # noqa: E501
    row = ["2026-01-01", "2026-01-31"]
    quickbooks.table(
        "Invoice",
        "Id",
        fields,
        ["1", "A-1", reference("7"), *row, 110, 110, EUR, 1.1, '{"TotalTax":10}', None, '{"value":"Thanks"}'],
        ["2", "A-2", reference("7"), *row, 100, 0, USD, None, None, "Voided? no, a note", None],
        ["3", "A-3", reference("7"), *row, 0, 0, USD, 1, None, "Voided", None],
        ["4", "A-4", reference("7"), *row, 0, 0, USD, 1, None, None, None],
        ["5", None, None, None, None, None, None, None, None, None, None, None],
    )
    quickbooks.table("CreditMemo", "Id", fields, ["1", "C-1", reference("7"), *row, 30, 5, USD, 1, None, None, None])
    quickbooks.table("SalesReceipt", "Id", fields, ["9", "S-1", reference("7"), *row, 12, 0, USD, 1, None, None, None])
    quickbooks.table("RefundReceipt", "Id", fields, ["8", "R-1", reference("7"), *row, 3, 0, USD, 1, None, None, None])
    quickbooks.build()
    columns = "id account_id doc_type status subtotal tax total total_base balance balance_base currency memo"
    account = "it:Customer:7"
    assert quickbooks.rows("invoices", columns) == [
        ("it:CreditMemo:1", account, "credit", "open", "30", None, "30", "30", "5", "5", "USD", None),
        ("it:Invoice:1", account, "standard", "open", "100", "10", "110", "121", "110", "121", "EUR", "Thanks"),
        ("it:Invoice:2", account, "standard", "paid", "100", None, "100", "100", "0", "0", "USD", None),
        ("it:Invoice:3", account, "standard", "void", "0", None, "0", "0", "0", "0", "USD", None),
        ("it:Invoice:4", account, "standard", "paid", "0", None, "0", "0", "0", "0", "USD", None),
        ("it:Invoice:5", None, "standard", "open", None, None, None, None, None, None, None, None),
        ("it:RefundReceipt:8", account, "credit", "paid", "3", None, "3", "3", "0", "0", "USD", None),
        ("it:SalesReceipt:9", account, "standard", "paid", "12", None, "12", "12", "0", "0", "USD", None),
    ]


def test_lines_are_of_their_document_and_a_discount_takes_away(quickbooks: Work) -> None:
    quickbooks.table("Invoice", "Id", "Id CurrencyRef", ["1", USD])
    quickbooks.table(
        "Invoice_lines",
        "Document:Id",
        LINES,
        ["1", "1", 1, 20, "SalesItemLineDetail", "Desk", sold("4", 2, 10), None, None, None],
        ["1", "2", 2, None, "DescriptionOnly", "As agreed", None, None, None, None],
        ["1", "3", 3, 3, "DiscountLineDetail", None, None, None, None, "{}"],
        ["1", "4", 4, 7, "SalesItemLineDetail", None, "garbage", None, None, None],
        ["99", "1", 1, 1, "SalesItemLineDetail", None, None, None, None, None],
    )
    quickbooks.build()
    columns = "id document_id line_no item_id quantity unit_price amount currency dimensions"
    assert quickbooks.rows("document_lines", columns) == [
        ("it:Invoice_lines:1:1", "it:Invoice:1", 1, "it:Item:4", "2", "10", "20", "USD", '{"class":"3"}'),
        ("it:Invoice_lines:1:3", "it:Invoice:1", 3, None, None, None, "-3", "USD", None),
        ("it:Invoice_lines:1:4", "it:Invoice:1", 4, None, None, None, "7", "USD", None),
        ("it:Invoice_lines:99:1", "it:Invoice:99", 1, None, None, None, "1", None, None),
    ]


def test_payments_tell_what_they_pay(quickbooks: Work) -> None:
    quickbooks.table("PaymentMethod", "Id", "Id Name", ["2", "Check"])
    quickbooks.table(
        "Payment",
        "Id",
        "Id CustomerRef TxnDate:date TotalAmt:decimal CurrencyRef ExchangeRate:decimal PaymentMethodRef PaymentRefNum "
        "PrivateNote",
        ["1", reference("7"), "2026-02-01", 100, EUR, 1.5, reference("2"), "0815", None],
        ["2", reference("7"), "2026-02-01", 0, USD, None, reference("99"), None, "Voided"],
    )
    quickbooks.table(
        "Payment_lines",
        "Document:TxnId",
        "Document TxnId TxnType Amount:decimal",
        ["1", "11", "Invoice", 60],
        ["1", "12", "Invoice", 40],
        ["1", "13", "CreditMemo", 10],
    )
    quickbooks.table(
        "BillPayment",
        "Id",
        "Id VendorRef TxnDate:date TotalAmt:decimal CurrencyRef PayType DocNumber",
        ["3", reference("4"), "2026-02-03", 80, USD, "Check", "5001"],
    )
    quickbooks.build()
    assert quickbooks.rows(
        "payments", "id direction account_id status amount amount_base currency method reference"
    ) == [
        ("it:BillPayment:3", "out", "it:Vendor:4", "settled", "80", "80", "USD", "Check", "5001"),
        ("it:Payment:1", "in", "it:Customer:7", "settled", "100", "150", "EUR", "Check", "0815"),
        ("it:Payment:2", "in", "it:Customer:7", "void", "0", "0", "USD", None, None),
    ]
    assert quickbooks.rows("links", "from_id to_entity to_id role amount currency") == [
        ("it:Payment:1", "invoices", "it:Invoice:11", "allocation", "60", "EUR"),
        ("it:Payment:1", "invoices", "it:Invoice:12", "allocation", "40", "EUR"),
    ]


def test_estimates_are_quotes_and_purchase_orders_are_purchases(quickbooks: Work) -> None:
    common = "Id DocNumber TxnDate:date TotalAmt:decimal CurrencyRef"
    quickbooks.table(
        "Estimate",
        "Id",
        f"{common} CustomerRef TxnStatus ExpirationDate:date",
        ["1", "E1", "2026-01-02", 10, USD, reference("7"), "Rejected", "2026-02-02"],
        ["2", "E2", "2026-01-02", 10, USD, reference("7"), "A word of its own", None],
    )
    quickbooks.table(
        "PurchaseOrder",
        "Id",
        f"{common} VendorRef POStatus DueDate:date",
        ["1", "P1", "2026-01-02", 9, USD, reference("4"), "Open", "2026-03-02"],
    )
    expense = '{"AccountRef":{"value":"10"}}'
    quickbooks.table(
        "PurchaseOrder_lines",
        "Document:Id",
        LINES,
        ["1", "1", 1, 9, "AccountBasedExpenseLineDetail", None, None, None, expense, None],
    )
    quickbooks.build()
    assert quickbooks.rows("orders", "id account_id type status source_status promised_date total") == [
        ("it:Estimate:1", "it:Customer:7", "quote", "cancelled", "Rejected", "2026-02-02", "10"),
        ("it:Estimate:2", "it:Customer:7", "quote", None, "A word of its own", None, "10"),
        ("it:PurchaseOrder:1", "it:Vendor:4", "purchase", "open", "Open", "2026-03-02", "9"),
    ]
    assert quickbooks.rows("document_lines", "document_id item_id amount") == [("it:PurchaseOrder:1", None, "9")]


def test_items_keep_their_kind_and_categories_are_none(quickbooks: Work) -> None:
    quickbooks.table(
        "Item",
        "Id",
        "Id Name Sku Type UnitPrice:decimal Active:boolean",
        ["1", "Desk", "D-1", "Inventory", 100, True],
        ["2", "Hours", None, "Service", None, True],
        ["3", "Furniture", None, "Category", None, True],
        ["4", "Set", None, "Group", 9.99, False],
    )
    quickbooks.build()
    assert quickbooks.rows("items", "id name sku type source_type unit_price is_active") == [
        ("it:Item:1", "Desk", "D-1", "inventory", "Inventory", "100", True),
        ("it:Item:2", "Hours", None, "service", "Service", None, True),
        ("it:Item:4", "Set", None, "bundle", "Group", "9.99", False),
    ]


def test_bills_are_owed_and_vendor_credits_take_away(quickbooks: Work) -> None:
    fields = (
        "Id DocNumber VendorRef TxnDate:date DueDate:date TotalAmt:decimal Balance:decimal CurrencyRef "
        "ExchangeRate:decimal PrivateNote"
    )
    row = ["2026-01-01", "2026-01-31"]
    quickbooks.table(
        "Bill",
        "Id",
        fields,
        ["1", "B-1", reference("4"), *row, 100, 40, EUR, 2, "Goods"],
        ["2", "B-2", reference("4"), *row, 100, 0, USD, None, None],
    )
    quickbooks.table("VendorCredit", "Id", fields, ["1", None, reference("4"), *row, 30, 30, USD, None, None])
    expense = '{"AccountRef":{"value":"10"}}'
    quickbooks.table(
        "Bill_lines",
        "Document:Id",
        LINES,
        ["1", "1", 1, 100, "AccountBasedExpenseLineDetail", "Goods", None, None, expense, None],
    )
    quickbooks.table(
        "BillPayment_lines", "Document:TxnId", "Document TxnId TxnType Amount:decimal", ["7", "1", "Bill", 60]
    )
    quickbooks.build()
    assert quickbooks.rows("bills", "id account_id doc_type status total total_base balance balance_base") == [
        ("it:Bill:1", "it:Vendor:4", "standard", "open", "100", "200", "40", "80"),
        ("it:Bill:2", "it:Vendor:4", "standard", "paid", "100", "100", "0", "0"),
        ("it:VendorCredit:1", "it:Vendor:4", "credit", "open", "30", "30", "30", "30"),
    ]
    assert quickbooks.rows("document_lines", "document_entity document_id ledger_account_id amount") == [
        ("bills", "it:Bill:1", "it:Account:10", "100")
    ]
    assert quickbooks.rows("links", "from_id to_entity to_id amount") == [
        ("it:BillPayment:7", "bills", "it:Bill:1", "60")
    ]


def test_the_chart_of_accounts_has_its_five_classes(quickbooks: Work) -> None:
    quickbooks.table(
        "Account",
        "Id",
        "Id Name FullyQualifiedName AcctNum Classification AccountType ParentRef CurrencyRef Active:boolean",
        ["1", "Checking", "Bank:Checking", "1000", "Asset", "Bank", reference("9"), EUR, True],
        ["2", "Odd", None, "007", "A word of its own", "Other", None, None, False],
    )
    quickbooks.build()
    assert quickbooks.rows("ledger_accounts", "id code name class type parent_id currency is_active") == [
        ("it:Account:1", "1000", "Bank:Checking", "asset", "Bank", "it:Account:9", "EUR", True),
        ("it:Account:2", "007", "Odd", None, "Other", None, None, False),
    ]


def test_a_journal_entry_balances_in_the_home_currency(quickbooks: Work) -> None:
    quickbooks.table(
        "JournalEntry",
        "Id",
        "Id DocNumber TxnDate:date CurrencyRef ExchangeRate:decimal PrivateNote",
        ["1", "J1", "2026-01-31", EUR, 2, "Rent"],
        ["2", "J2", "2026-02-28", USD, None, None],
    )

    def posting(kind: str, account: str, **more: object) -> str:
        return json.dumps({"PostingType": kind, "AccountRef": {"value": account}, **more})

    concerned = {"Entity": {"Type": "Customer", "EntityRef": {"value": "7"}}}
    quickbooks.table(
        "JournalEntry_lines",
        "Document:Id",
        "Document Id LineNum:integer Amount:decimal DetailType Description JournalEntryLineDetail",
        ["1", "0", 1, 10, "JournalEntryLineDetail", "Office", posting("Debit", "12", **concerned)],
        ["1", "1", 2, 10, "JournalEntryLineDetail", None, posting("Credit", "1")],
        ["1", "2", 3, None, "DescriptionOnly", "A remark", None],
        ["2", "0", 1, 5, "JournalEntryLineDetail", None, posting("Debit", "12")],
    )
    quickbooks.build()
    columns = "journal_id number line_no ledger_account_id account_id debit credit currency memo"
    assert quickbooks.rows("journal_lines", columns) == [
        ("it:JournalEntry_lines:1", "J1", 1, "it:Account:12", "it:Customer:7", "20", None, None, "Office"),
        ("it:JournalEntry_lines:1", "J1", 2, "it:Account:1", None, None, "20", None, "Rent"),
        ("it:JournalEntry_lines:2", "J2", 1, "it:Account:12", None, "5", None, "USD", None),
    ]
