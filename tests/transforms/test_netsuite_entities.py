"""NetSuite's raw tables become these rows; each test holds the odd data that a careless mapping trips over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rawtables import Work


@pytest.fixture
def netsuite(work: Callable[[str], Work]) -> Work:
    made = work("netsuite")
    made.table("currency", "id", "id name symbol", ["1", "US Dollar", "USD"], ["4", "Euro", "EUR"])
    return made


def test_employees_become_users_with_their_departments_name(netsuite: Work) -> None:
    netsuite.table("department", "id", "id name", ["5", "Sales"])
    netsuite.table(
        "employee",
        "id",
        "id entityid firstname lastname email department isinactive:boolean",
        ["-5", "E-5", "Ada", "Lovelace", "a@x.example", "5", False],
        ["12", "E-12", None, None, None, "99", True],
    )
    netsuite.build()
    assert netsuite.rows("users", "id name email is_active team") == [
        ("it:employee:-5", "Ada Lovelace", "a@x.example", True, "Sales"),
        ("it:employee:12", "E-12", None, False, None),
    ]


def test_customers_and_vendors_are_accounts_and_one_that_is_both_is_linked(netsuite: Work) -> None:
    fields = "id entityid companyname altname url phone isinactive:boolean searchstage parent salesrep vatregnumber"
    netsuite.table(
        "customer",
        "id",
        f"{fields} isperson:boolean custentity_tier",
        [
            "10",
            "C-10",
            "Acme",
            None,
            "https://www.acme.example/",
            "+1",
            False,
            "Customer",
            "11",
            "-5",
            "NO123",
            False,
            "Gold",
        ],
        ["11", "C-11", None, "Joe Shmoe", None, None, True, "Lead", None, None, None, True, None],
        ["12", "C-12", None, None, None, None, None, "Prospect", None, None, None, None, None],
        ["13", "C-13", "No stage", None, None, None, False, None, None, None, None, None, None],
        custom=["custentity_tier"],
    )
    netsuite.table(
        "vendor",
        "id",
        "id entityid companyname altname isinactive:boolean",
        ["10", "C-10", "Acme", None, False],
        ["20", "V-20", None, "Ash Ketchum", False],
    )
    netsuite.build()
    assert netsuite.rows("accounts", "id name domain kind status parent_id owner_id tax_number custom") == [
        ("it:customer:10", "Acme", "acme.example", "customer", "active", "it:customer:11", "it:employee:-5", "NO123",
         '{"custentity_tier":"Gold"}'),
        ("it:customer:11", "Joe Shmoe", None, "prospect", "inactive", None, None, None, None),
        ("it:customer:12", "C-12", None, "prospect", "active", None, None, None, None),
        ("it:customer:13", "No stage", None, "customer", "active", None, None, None, None),
        ("it:vendor:10", "Acme", None, "vendor", "active", None, None, None, None),
        ("it:vendor:20", "Ash Ketchum", None, "vendor", "active", None, None, None, None),
    ]  # fmt: skip
    assert netsuite.rows("links", "id from_entity from_id to_entity to_id role confidence") == [
        ("it:vendor:10", "accounts", "it:vendor:10", "accounts", "it:customer:10", "same_as", "1")
    ]


def test_a_vendor_that_becomes_a_customer_is_linked_from_then_on(netsuite: Work) -> None:
    netsuite.table("customer", "id", "id companyname", ["10", "Acme"])
    netsuite.table("vendor", "id", "id companyname", ["20", "Bolts"])
    netsuite.build()
    assert netsuite.rows("links", "id") == []
    netsuite.put("customer", "id", {"id": "20", "companyname": "Bolts"})
    netsuite.build()
    assert netsuite.rows("links", "from_id to_id") == [("it:vendor:20", "it:customer:20")]


def test_a_contacts_company_may_be_a_customer_a_vendor_or_neither(netsuite: Work) -> None:
    netsuite.table("customer", "id", "id", ["10"])
    netsuite.table("vendor", "id", "id", ["20"], ["10"])
    netsuite.table(
        "contact",
        "id",
        "id entityid firstname lastname email phone title company",
        ["31", "Grace Hopper", "Grace", "Hopper", "g@x.example", "+1", "Admiral", "10"],
        ["32", "Bolt seller", None, None, None, None, None, "20"],
        ["33", "Of a partner", None, None, None, None, None, "30"],
    )
    netsuite.build()
    assert netsuite.rows("contacts", "account_id name first_name title") == [
        ("it:customer:10", "Grace Hopper", "Grace", "Admiral"),
        ("it:vendor:20", "Bolt seller", None, None),
        (None, "Of a partner", None, None),
    ]


def test_subtotals_and_discounts_are_items_of_another_kind(netsuite: Work) -> None:
    netsuite.table(
        "item",
        "id",
        "id itemid displayname fullname itemtype baseprice:decimal isinactive:boolean",
        ["1", "HW-1", "Widget", "Parts : HW-1", "InvtPart", "9.5", False],
        ["2", "SRV", None, "SRV", "Service", None, True],
        ["-2", "Subtotal", None, None, "Subtotal", None, False],
        ["4", "KIT", None, None, "Kit", None, None],
    )
    netsuite.build()
    assert netsuite.rows("items", "id name sku type source_type unit_price is_active") == [
        ("it:item:-2", "Subtotal", "Subtotal", "other", "Subtotal", None, True),
        ("it:item:1", "Widget", "HW-1", "inventory", "InvtPart", "9.5", True),
        ("it:item:2", "SRV", "SRV", "service", "Service", None, False),
        ("it:item:4", "KIT", "KIT", "bundle", "Kit", None, True),
    ]


TRANSACTION = (
    "id tranid entity trandate:date duedate:date status currency exchangerate:decimal foreigntotal:decimal"
    " foreignamountunpaid:decimal foreignpaymentamountunused:decimal voided:boolean closedate:date memo"
)


def test_invoices_and_credits_are_positive_and_told_apart(netsuite: Work) -> None:
    netsuite.table(
        "invoice",
        "id",
        TRANSACTION,
        ["100", "INV100", "10", "2026-01-01", "2026-01-31", "A", "4", "1.11289001", "1200.5", "200.5", None, False,
         None, "Thanks"],
        ["101", "INV101", "10", "2026-01-02", "2026-02-01", "CustInvc:B", "1", "1", "50", "0", None, False,
         "2026-01-20", None],
        ["102", "INV102", "10", "2026-01-03", None, "B", "1", "1", "70", "0", None, True, None, "Void"],
        ["103", "INV103", "10", "2026-01-04", None, "D", "77", "1", "5", "5", None, False, None, None],
    )  # fmt: skip
    netsuite.table(
        "creditMemo",
        "id",
        TRANSACTION,
        ["200", "CM200", "10", "2026-02-01", None, "A", "4", "1.1", "-100", None, "-40", False, None, None],
        ["201", "CM201", "10", "2026-02-02", None, "B", "1", "1", "-10", "0", None, False, "2026-02-03", None],
    )
    netsuite.build()
    assert netsuite.rows(
        "invoices", "number doc_type account_id issue_date due_date status source_status currency total balance"
    ) == [
        ("CM200", "credit", "it:customer:10", "2026-02-01", None, "open", "A", "EUR", "100", "40"),
        ("CM201", "credit", "it:customer:10", "2026-02-02", None, "paid", "B", "USD", "10", "0"),
        ("INV100", "standard", "it:customer:10", "2026-01-01", "2026-01-31", "open", "A", "EUR", "1200.5", "200.5"),
        ("INV101", "standard", "it:customer:10", "2026-01-02", "2026-02-01", "paid", "CustInvc:B", "USD", "50", "0"),
        ("INV102", "standard", "it:customer:10", "2026-01-03", None, "void", "B", "USD", "70", "0"),
        ("INV103", "standard", "it:customer:10", "2026-01-04", None, "draft", "D", None, "5", "5"),
    ]
    assert netsuite.rows("invoices", "number total_base balance_base paid_at memo") == [
        ("CM200", "110", "44", None, None),
        ("CM201", "10", "0", "2026-02-03T00:00:00Z", None),
        # The rate has more digits than money: 1200.5 x 1.11289001, rounded once.
        ("INV100", "1336.0245", "223.1344", None, "Thanks"),
        ("INV101", "50", "0", "2026-01-20T00:00:00Z", None),
        ("INV102", "70", "0", None, "Void"),
        ("INV103", "5", "5", None, None),
    ]


LINE = (
    "transaction id linesequencenumber:integer mainline:boolean taxline:boolean iscogs:boolean item expenseaccount memo"
    " quantity:decimal rate:decimal foreignamount:decimal netamount:decimal subsidiary department class location"
)


def test_lines_leave_out_the_main_line_taxes_and_cost_of_goods(netsuite: Work) -> None:
    netsuite.table("invoice", "id", "id currency", ["100", "4"])
    netsuite.table(
        "invoice_lines",
        "transaction:id",
        LINE,
        ["100", "0", 0, True, False, False, None, None, None, None, None, 1100, 1210, "1", None, None, None],
        ["100", "1", 1, False, False, False, "11", None, "Widget", -2, 550, -1100, -1210, "1", "5", "7", "9"],
        ["100", "2", 2, False, False, False, "12", None, "Discount", None, -100, 100, 110, None, None, None, None],
        ["100", "3", 3, False, False, True, "11", None, "Cost", -2, None, 300, 330, "1", None, None, None],
        ["100", "4", 4, False, True, False, None, None, "Tax", None, None, -100, -110, "1", None, None, None],
        ["100", "5", 5, None, None, None, None, "400", None, None, None, -7, None, None, None, None, None],
    )
    netsuite.build()
    assert netsuite.rows(
        "document_lines",
        "source_id document_entity document_id line_no item_id ledger_account_id description quantity unit_price amount"
        " currency amount_base",
    ) == [
        ("100:1", "invoices", "it:invoice:100", 1, "it:item:11", None, "Widget", "2", "550", "1100", "EUR", "1210"),
        ("100:2", "invoices", "it:invoice:100", 2, "it:item:12", None, "Discount", None, "-100", "-100", "EUR", "-110"),
        ("100:5", "invoices", "it:invoice:100", 5, None, "it:account:400", None, None, None, "7", "EUR", None),
    ]
    assert netsuite.rows("document_lines", "dimensions") == [
        ('{"subsidiary":"1","department":"5","class":"7","location":"9"}',),
        (None,),
        (None,),
    ]


@pytest.mark.parametrize(
    ("object_name", "entity", "sign"),
    [
        ("invoice", "invoices", -1),
        ("salesOrder", "orders", -1),
        ("creditMemo", "invoices", 1),
        ("purchaseOrder", "orders", 1),
        ("vendorBill", "bills", 1),
        ("vendorCredit", "bills", -1),
    ],
)
def test_a_line_has_the_sign_it_has_on_the_document(netsuite: Work, object_name: str, entity: str, sign: int) -> None:
    netsuite.table(object_name, "id", "id currency", ["1", "1"])
    netsuite.table(
        f"{object_name}_lines",
        "transaction:id",
        "transaction id memo expenseaccount subsidiary quantity:decimal foreignamount:decimal netamount:decimal"
        " linelastmodifieddate:timestamp",
        ["1", "1", "Widget", "54", "2", 3 * sign, 30 * sign, 33 * sign, "2026-01-01 12:00+00"],
    )
    netsuite.build()
    assert netsuite.rows(
        "document_lines", "document_entity document_id quantity amount currency amount_base description"
    ) == [(entity, f"it:{object_name}:1", "3", "30", "USD", "33", "Widget")]
    assert netsuite.rows("document_lines", "ledger_account_id dimensions source_updated_at") == [
        ("it:account:54", '{"subsidiary":"2","department":null,"class":null,"location":null}', "2026-01-01T12:00:00Z")
    ]


def test_orders_of_both_directions_read_their_letters(netsuite: Work) -> None:
    netsuite.table(
        "salesOrder",
        "id",
        "id tranid entity trandate:date shipdate:date status currency exchangerate:decimal foreigntotal:decimal"
        " voided:boolean",
        ["1", "SO1", "10", "2026-01-01", "2026-01-15", "A", "4", "1.5", "100", False],
        ["2", "SO2", "10", "2026-01-02", None, "SalesOrd:B", "1", "1", "10", False],
        ["3", "SO3", "10", "2026-01-03", None, "C", "1", "1", "10", False],
        ["4", "SO4", "10", "2026-01-04", None, "F", "1", "1", "10", False],
        ["5", "SO5", "10", "2026-01-05", None, "G", "1", "1", "10", False],
        ["6", "SO6", "10", "2026-01-06", None, "H", "1", "1", "10", True],
    )
    netsuite.table(
        "purchaseOrder",
        "id",
        "id tranid entity trandate:date duedate:date status currency exchangerate:decimal foreigntotal:decimal",
        ["7", "PO7", "20", "2026-01-07", "2026-01-20", "B", "1", "1", "-90"],
    )
    netsuite.build()
    assert netsuite.rows(
        "orders", "number type account_id status order_date promised_date total currency total_base"
    ) == [
        ("PO7", "purchase", "it:vendor:20", "open", "2026-01-07", "2026-01-20", "90", "USD", "90"),
        ("SO1", "sales", "it:customer:10", "draft", "2026-01-01", "2026-01-15", "100", "EUR", "150"),
        ("SO2", "sales", "it:customer:10", "open", "2026-01-02", None, "10", "USD", "10"),
        ("SO3", "sales", "it:customer:10", "cancelled", "2026-01-03", None, "10", "USD", "10"),
        ("SO4", "sales", "it:customer:10", "fulfilled", "2026-01-04", None, "10", "USD", "10"),
        ("SO5", "sales", "it:customer:10", "closed", "2026-01-05", None, "10", "USD", "10"),
        ("SO6", "sales", "it:customer:10", "cancelled", "2026-01-06", None, "10", "USD", "10"),
    ]


def test_payments_in_and_out_are_positive_and_voided_ones_say_so(netsuite: Work) -> None:
    fields = (
        "id tranid entity trandate:date status currency exchangerate:decimal foreigntotal:decimal otherrefnum"
        " voided:boolean"
    )
    netsuite.table(
        "customerPayment",
        "id",
        fields,
        ["1", "PAY1", "10", "2026-01-10", "C", "4", "1.2", "-100", "CHQ 77", False],
        ["2", "PAY2", "10", "2026-01-11", "B", "1", "1", "20", None, True],
        ["3", "PAY3", "10", "2026-01-12", "A", "1", "1", "30", None, False],
    )
    netsuite.table(
        "vendorPayment", "id", fields, ["4", "VP4", "20", "2026-01-13", "VendPymt:C", "1", "1", "-40", None, None]
    )
    netsuite.build()
    assert netsuite.rows(
        "payments", "direction account_id paid_on status amount currency fx_rate amount_base reference"
    ) == [
        ("in", "it:customer:10", "2026-01-10", "settled", "100", "EUR", "1.2", "120", "CHQ 77"),
        ("in", "it:customer:10", "2026-01-11", "void", "20", "USD", "1", "20", "PAY2"),
        ("in", "it:customer:10", "2026-01-12", "pending", "30", "USD", "1", "30", "PAY3"),
        ("out", "it:vendor:20", "2026-01-13", "settled", "40", "USD", "1", "40", "VP4"),
    ]


def test_an_invoice_deleted_at_the_vendor_stays_with_its_last_values(netsuite: Work) -> None:
    netsuite.table(
        "invoice", "id", "id tranid status currency _deleted_at:timestamp", ["1", "INV1", "A", "1", "2026-01-01"]
    )
    netsuite.build()
    assert netsuite.rows("invoices", "number status currency is_deleted") == [("INV1", "open", "USD", True)]


def test_an_amount_beyond_money_is_a_reject_and_not_an_error(netsuite: Work) -> None:
    netsuite.table("invoice", "id", TRANSACTION, ["1", "I1", *[None] * 5, "2", "123456789012345678", *[None] * 5])
    result = netsuite.build()
    assert netsuite.rows("invoices", "number total total_base") == [("I1", None, None)]
    assert [each.rejects for each in result.entities if each.name == "invoices"] == [1]
