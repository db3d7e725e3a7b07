"""Fills a company from the shared world: its companies buy, some of them sell too, its orders became documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.quickbooks.company import Company, numbered
from backhaul.sandbox.quickbooks.entities import ENTITIES
from backhaul.sandbox.world import CENT, EPOCH, Line, World
from backhaul.sandbox.world import Company as Firm

ACCOUNTS = (
    ("Checking", "Bank", "Checking", "Asset", "1000"),
    ("Savings", "Bank", "Savings", "Asset", "1010"),
    ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", "Asset", "1200"),
    ("Inventory Asset", "Other Current Asset", "Inventory", "Asset", "1300"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds", "Asset", "1400"),
    ("Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", "Liability", "2000"),
    ("Visa", "Credit Card", "CreditCard", "Liability", "2100"),
    ("Retained Earnings", "Equity", "RetainedEarnings", "Equity", "3000"),
    ("Sales of Product Income", "Income", "SalesOfProductIncome", "Revenue", "4000"),
    ("Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs", "Expense", "5000"),
    ("Freight & Delivery", "Expense", "ShippingFreightDelivery", "Expense", "6000"),
    ("Office Supplies", "Expense", "OfficeGeneralAdministrativeExpenses", "Expense", "6100"),
)
CHECKING, SAVINGS, RECEIVABLE, INVENTORY, UNDEPOSITED, PAYABLE, VISA, _, INCOME, COGS, FREIGHT, SUPPLIES = map(
    str, range(1, 13)
)
# Countries whose customers are billed in another currency than the company's own.
CURRENCIES = {
    "Germany": ("EUR", "Euro", "1.08"),
    "France": ("EUR", "Euro", "1.08"),
    "United Kingdom": ("GBP", "British Pound Sterling", "1.27"),
}
USD = {"value": "USD", "name": "United States Dollar"}


class Seeder:
    def __init__(self, company: Company, world: World) -> None:
        self._company = company
        self._world = world
        self._customers: dict[int, str] = {}
        self._vendors: dict[int, str] = {}

    def plant(self) -> None:
        self._lists()
        self._names()
        self._sales()
        self._spending()
        self._ledger()

    def _put(self, name: str, values: dict[str, Any], at: datetime, id: str = "") -> str:
        of = ENTITIES[name]
        if "Line" in values:
            values["Line"] = numbered(values["Line"], [], plain=name in ("Payment", "BillPayment"))
        if "FullyQualifiedName" in of.fields:
            values.setdefault("FullyQualifiedName", values[of.named_by])
        changed = min(
            at + timedelta(hours=mix(self._world.seed, 80, len(self._company.tables[name].order)) % 240), EPOCH
        )
        return self._company.insert(of, values, at=at, changed=changed, id=id).id

    def _lists(self) -> None:
        start = EPOCH - timedelta(days=4 * 365)
        for name, kind, detail, classification, number in ACCOUNTS:
            values = {
                "Name": name,
                "AccountType": kind,
                "AccountSubType": detail,
                "Classification": classification,
                "AcctNum": number,
                "SubAccount": False,
                "CurrentBalance": Decimal("0.00"),
                "CurrencyRef": USD,
            }
            self._put("Account", values, start)
        for code, name in (("USD", "United States Dollar"), ("EUR", "Euro"), ("GBP", "British Pound Sterling")):
            self._put("CompanyCurrency", {"Code": code, "Name": name}, start)
        for name, days in (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60)):
            self._put("Term", {"Name": name, "Type": "STANDARD", "DueDays": Decimal(days)}, start)
        for name, kind in (("Cash", "NON_CREDIT_CARD"), ("Check", "NON_CREDIT_CARD"), ("Visa", "CREDIT_CARD")):
            self._put("PaymentMethod", {"Name": name, "Type": kind}, start)
        for name in ("Hardware", "Food", "Services"):
            self._put("Class", {"Name": name, "SubClass": False}, start)
        for name in dict.fromkeys(seller.office for seller in self._world.sellers):
            self._put("Department", {"Name": name, "SubDepartment": False}, start)
        self._put("TaxAgency", {"DisplayName": "California Department of Tax", "TaxTrackedOnSales": True}, start)
        self._put("TaxRate", {"Name": "California", "RateValue": Decimal("8.25"), "AgencyRef": {"value": "1"}}, start)
        # codes that are built in have words for ids
        self._put(
            "TaxCode", {"Name": "TAX", "Description": "Taxable", "Taxable": True, "TaxGroup": False}, start, "TAX"
        )
        self._put(
            "TaxCode", {"Name": "NON", "Description": "Not taxable", "Taxable": False, "TaxGroup": False}, start, "NON"
        )
        self._put("TaxCode", {"Name": "California", "Taxable": True, "TaxGroup": True}, start)

    def _names(self) -> None:
        for firm in self._world.companies:
            self._customers[firm.index] = self._put("Customer", self._customer(firm), firm.created_at)
            if firm.index % 7 == 0:
                # whoever buys and sells is two records, and the names must differ
                values = {
                    "DisplayName": f"{firm.name} (supplier)",
                    "CompanyName": firm.name,
                    "Balance": Decimal("0.00"),
                    "PrimaryPhone": {"FreeFormNumber": firm.phone},
                    "Vendor1099": False,
                    "CurrencyRef": USD,
                    "BillAddr": _address(firm),
                    "TermRef": {"value": "3"},
                }
                self._vendors[firm.index] = self._put("Vendor", values, firm.created_at)
        for seller in self._world.sellers:
            values = {
                "DisplayName": f"{seller.first} {seller.last}",
                "GivenName": seller.first,
                "FamilyName": seller.last,
                "PrimaryEmailAddr": {"Address": seller.email},
                "BillableTime": False,
            }
            self._put("Employee", values, EPOCH - timedelta(days=1200))
        for product in self._world.products:
            values = {
                "Name": product.name,
                "Sku": product.sku,
                "Type": "Inventory" if product.sku.startswith("NW") else "Service",
                "UnitPrice": product.price,
                "Taxable": False,
                "TrackQtyOnHand": product.sku.startswith("NW"),
                "IncomeAccountRef": {"value": INCOME},
                "Active": not product.discontinued,
                "Description": f"{product.name}, {product.series}",
            }
            self._put("Item", values, EPOCH - timedelta(days=1300))

    def _customer(self, firm: Firm) -> dict[str, Any]:
        person = self._world.people[firm.index % len(self._world.people)]
        code, name, _ = CURRENCIES.get(firm.country, ("USD", "United States Dollar", "1"))
        return {
            "DisplayName": firm.name,
            "CompanyName": firm.name,
            "GivenName": person.first,
            "FamilyName": person.last,
            "PrimaryEmailAddr": {"Address": person.email},
            "PrimaryPhone": {"FreeFormNumber": firm.phone},
            "WebAddr": {"URI": f"https://www.{firm.domain}"},
            "BillAddr": _address(firm),
            "Taxable": False,
            "Job": False,
            "Balance": Decimal("0.00"),
            "BalanceWithJobs": Decimal("0.00"),
            "PreferredDeliveryMethod": "Email",
            "SalesTermRef": {"value": "3"},
            "CurrencyRef": {"value": code, "name": name},
        }

    def _sales(self) -> None:
        paid: dict[int, tuple[str, dict[str, Any]]] = {}
        for invoice in self._world.invoices:
            order = invoice.order
            sale = self._sale(order.company, list(_sold(order.lines, self._item)))
            sale |= {
                "DocNumber": invoice.number,
                "TxnDate": invoice.issued_on.isoformat(),
                "DueDate": invoice.due_on.isoformat(),
                "Balance": invoice.total - invoice.paid,
                "SalesTermRef": {"value": "3"},
                "DepartmentRef": {"value": str(1 + order.seller.index % len(self._company.tables["Department"].order))},
                "CustomField": [
                    {"DefinitionId": "1", "Name": "Crew", "Type": "StringType", "StringValue": order.seller.last}
                ],
            }
            paid[invoice.index] = (self._put("Invoice", sale, _at(invoice.issued_on, invoice.index)), sale)
        for payment in self._world.payments:
            id, sale = paid[payment.invoice.index]
            values = {
                "CustomerRef": sale["CustomerRef"],
                "TxnDate": payment.paid_on.isoformat(),
                "TotalAmt": payment.amount,
                "UnappliedAmt": Decimal("0.00"),
                "PaymentRefNum": payment.number,
                "PaymentMethodRef": {"value": str(1 + payment.index % 3)},
                "DepositToAccountRef": {"value": UNDEPOSITED},
                "CurrencyRef": sale["CurrencyRef"],
                "ExchangeRate": sale["ExchangeRate"],
                "Line": [{"Amount": payment.amount, "LinkedTxn": [{"TxnId": id, "TxnType": "Invoice"}]}],
            }
            self._put("Payment", values, _at(payment.paid_on, payment.index))
        for order in self._world.orders[: len(self._world.orders) // 4]:
            estimate = self._sale(order.company, list(_sold(order.lines, self._item)))
            estimate |= {
                "DocNumber": f"EST{order.number}",
                "TxnDate": order.ordered_on.isoformat(),
                "ExpirationDate": order.required_on.isoformat(),
                "TxnStatus": pick(("Pending", "Accepted", "Closed", "Rejected"), self._world.seed, 81, order.index),
            }
            self._put("Estimate", estimate, _at(order.ordered_on, order.index))
            if order.index % 5 == 0:
                memo = self._sale(order.company, list(_sold(order.lines[:1], self._item)))
                memo |= {
                    "DocNumber": f"CM{order.number}",
                    "TxnDate": order.required_on.isoformat(),
                    "Balance": memo["TotalAmt"],
                    "RemainingCredit": memo["TotalAmt"],
                }
                self._put("CreditMemo", memo, _at(order.required_on, order.index))
            if order.index % 6 == 0:
                receipt = self._sale(order.company, list(_sold(order.lines[:2], self._item)))
                receipt |= {
                    "DocNumber": f"SR{order.number}",
                    "TxnDate": order.ordered_on.isoformat(),
                    "DepositToAccountRef": {"value": UNDEPOSITED},
                    "Balance": Decimal("0.00"),
                }
                self._put("SalesReceipt", receipt, _at(order.ordered_on, order.index))

    def _sale(self, firm: Firm, lines: list[dict[str, Any]]) -> dict[str, Any]:
        code, name, rate = CURRENCIES.get(firm.country, ("USD", "United States Dollar", "1"))
        total = self._company.total(lines)
        return {
            "CustomerRef": {"value": self._customers[firm.index]},
            "CurrencyRef": {"value": code, "name": name},
            "ExchangeRate": Decimal(rate),
            "BillAddr": _address(firm),
            "Line": [*lines, {"Amount": total, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}],
            "TotalAmt": total,
            "TxnTaxDetail": {"TotalTax": Decimal("0.00")},
        }

    def _item(self, line: Line) -> str:
        return str(line.product.index + 1)

    def _spending(self) -> None:
        sellers = list(self._vendors.items())
        for order in self._world.orders[: len(self._world.orders) // 3]:
            _, vendor = sellers[order.index % len(sellers)]
            amount = (order.total * Decimal("0.6")).quantize(CENT)
            lines: list[dict[str, Any]] = [
                {
                    "Amount": amount,
                    "DetailType": "AccountBasedExpenseLineDetail",
                    "Description": "Goods",
                    "AccountBasedExpenseLineDetail": {"AccountRef": {"value": COGS}},
                },
                {
                    "Amount": order.freight,
                    "DetailType": "AccountBasedExpenseLineDetail",
                    "Description": "Freight",
                    "AccountBasedExpenseLineDetail": {"AccountRef": {"value": FREIGHT}},
                },
            ]
            total = amount + order.freight
            open_ = order.index % 3 == 0
            bill = {
                "VendorRef": {"value": vendor},
                "DocNumber": f"B-{order.number}",
                "TxnDate": order.ordered_on.isoformat(),
                "DueDate": order.required_on.isoformat(),
                "CurrencyRef": USD,
                "ExchangeRate": Decimal(1),
                "Line": lines,
                "TotalAmt": total,
                "Balance": total if open_ else Decimal("0.00"),
                "APAccountRef": {"value": PAYABLE},
                "SalesTermRef": {"value": "3"},
            }
            id = self._put("Bill", bill, _at(order.ordered_on, order.index))
            if not open_:
                paid = {
                    "VendorRef": {"value": vendor},
                    "TxnDate": order.required_on.isoformat(),
                    "TotalAmt": total,
                    "PayType": "Check",
                    "CheckPayment": {"BankAccountRef": {"value": CHECKING}},
                    "CurrencyRef": USD,
                    "DocNumber": str(5000 + order.index),
                    "Line": [{"Amount": total, "LinkedTxn": [{"TxnId": id, "TxnType": "Bill"}]}],
                }
                self._put("BillPayment", paid, _at(order.required_on, order.index))
            if order.index % 4 == 0:
                line: dict[str, Any] = {
                    "Amount": order.freight,
                    "DetailType": "AccountBasedExpenseLineDetail",
                    "AccountBasedExpenseLineDetail": {"AccountRef": {"value": SUPPLIES}},
                }
                common = {"TxnDate": order.ordered_on.isoformat(), "TotalAmt": order.freight, "CurrencyRef": USD}
                credit = {"VendorRef": {"value": vendor}, "Line": [dict(line)], "Balance": order.freight, **common}
                self._put("VendorCredit", credit, _at(order.ordered_on, order.index))
                purchase = {
                    "PaymentType": "CreditCard",
                    "AccountRef": {"value": VISA},
                    "Line": [dict(line)],
                    "EntityRef": {"value": vendor, "type": "Vendor"},
                    **common,
                }
                self._put("Purchase", purchase, _at(order.ordered_on, order.index))
                bought = [
                    {
                        "Amount": each.amount,
                        "DetailType": "ItemBasedExpenseLineDetail",
                        "ItemBasedExpenseLineDetail": {
                            "ItemRef": {"value": self._item(each)},
                            "Qty": Decimal(each.quantity),
                            "UnitPrice": each.unit_price,
                        },
                    }
                    for each in order.lines
                ]
                wanted = {
                    "VendorRef": {"value": vendor},
                    "Line": bought,
                    "POStatus": pick(("Open", "Closed"), 1, order.index),
                    "DocNumber": f"PO{order.number}",
                    "TxnDate": order.ordered_on.isoformat(),
                    "CurrencyRef": USD,
                    "TotalAmt": self._company.total(bought),
                    "APAccountRef": {"value": PAYABLE},
                }
                self._put("PurchaseOrder", wanted, _at(order.ordered_on, order.index))

    def _ledger(self) -> None:
        for month in range(1, 13):
            day = date(2025, month, 28)
            amount = Decimal(1000 + mix(self._world.seed, 82, month) % 9000)
            entry = {
                "DocNumber": f"JE{month}",
                "TxnDate": day.isoformat(),
                "TotalAmt": amount,
                "CurrencyRef": USD,
                "Adjustment": month == 12,
                "Line": [
                    {
                        "Amount": amount,
                        "Description": "Monthly rent",
                        "DetailType": "JournalEntryLineDetail",
                        "JournalEntryLineDetail": {"PostingType": kind, "AccountRef": {"value": account}},
                    }
                    for kind, account in (("Debit", SUPPLIES), ("Credit", CHECKING))
                ],
            }
            self._put("JournalEntry", entry, _at(day, month))
            moved = {
                "Amount": amount,
                "TxnDate": day.isoformat(),
                "FromAccountRef": {"value": CHECKING},
                "ToAccountRef": {"value": SAVINGS},
            }
            self._put("Transfer", moved, _at(day, month))
            paid = {
                "Amount": amount,
                "TxnDate": day.isoformat(),
                "BankAccountRef": {"value": CHECKING},
                "CreditCardAccountRef": {"value": VISA},
            }
            self._put("CreditCardPayment", paid, _at(day, month))
            line: dict[str, Any] = {
                "Amount": amount,
                "DetailType": "DepositLineDetail",
                "DepositLineDetail": {"AccountRef": {"value": INCOME}},
            }
            banked = {
                "TxnDate": day.isoformat(),
                "TotalAmt": amount,
                "DepositToAccountRef": {"value": CHECKING},
                "CurrencyRef": USD,
                "Line": [line],
            }
            self._put("Deposit", banked, _at(day, month))
            worked = {
                "NameOf": "Employee",
                "EmployeeRef": {"value": str(month)},
                "TxnDate": day.isoformat(),
                "Hours": Decimal(8),
                "Minutes": Decimal(0),
                "BillableStatus": "NotBillable",
            }
            self._put("TimeActivity", worked, _at(day, month))


def _address(firm: Firm) -> dict[str, Any]:
    parts = {
        "Line1": firm.street,
        "City": firm.city,
        "CountrySubDivisionCode": firm.region,
        "PostalCode": firm.postal_code,
        "Country": firm.country,
    }
    return {name: value for name, value in parts.items() if value}


def _sold(lines: tuple[Line, ...], item: Any) -> Iterator[dict[str, Any]]:
    off = Decimal(0)
    for line in lines:
        full = (line.unit_price * line.quantity).quantize(CENT)
        off += full - line.amount
        yield {
            "Amount": full,
            "Description": line.product.name,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {
                "ItemRef": {"value": item(line), "name": line.product.name},
                "Qty": Decimal(line.quantity),
                "UnitPrice": line.unit_price,
                "TaxCodeRef": {"value": "NON"},
            },
        }
    if off:
        yield {"Amount": off, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}}


def _at(day: date, i: int) -> datetime:
    """A moment of that day, not after the world ends."""
    at = datetime.combine(day, time(9), UTC) + timedelta(seconds=mix(83, i) % 28_800)
    return min(at, EPOCH - timedelta(seconds=1 + i % 3600))
