"""Fills an organisation from the shared world: whoever buys and sells is one contact, its orders became documents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.tables import Row
from backhaul.sandbox.world import CENT, EPOCH, Line, Order, World
from backhaul.sandbox.world import Company as Firm
from backhaul.sandbox.xero.kinds import KINDS
from backhaul.sandbox.xero.organisation import ORGANISATION, Organisation, totals

NAME = "Maven Computing"
ACCOUNTS = (
    ("090", "Checking", "BANK", "ASSET", None),
    ("091", "Savings", "BANK", "ASSET", None),
    ("200", "Sales", "REVENUE", "REVENUE", None),
    ("300", "Purchases", "DIRECTCOSTS", "EXPENSE", None),
    ("400", "Rent", "OVERHEADS", "EXPENSE", None),
    ("425", "Freight & Courier", "EXPENSE", "EXPENSE", None),
    ("453", "Office Expenses", "EXPENSE", "EXPENSE", None),
    ("610", "Accounts Receivable", "CURRENT", "ASSET", "DEBTORS"),
    ("630", "Inventory", "INVENTORY", "ASSET", None),
    ("800", "Accounts Payable", "CURRLIAB", "LIABILITY", "CREDITORS"),
    ("820", "Sales Tax", "CURRLIAB", "LIABILITY", "GST"),
    ("960", "Retained Earnings", "EQUITY", "EQUITY", "RETAINEDEARNINGS"),
)
CHECKING, SAVINGS, SALES, PURCHASES, RENT, FREIGHT, OFFICE, RECEIVABLE, _, PAYABLE, _, _ = (row[0] for row in ACCOUNTS)
# Countries whose customers are billed in another currency than the organisation's own.
# `CurrencyRate` tells units of it for one of the organisation's.
CURRENCIES = {"Germany": ("EUR", "0.925926"), "France": ("EUR", "0.925926"), "United Kingdom": ("GBP", "0.787402")}
NOTHING = Decimal("0.00")


class Seeder:
    def __init__(self, organisation: Organisation, world: World) -> None:
        self._org = organisation
        self._world = world
        self._contacts: dict[int, str] = {}
        self._accounts: dict[str, str] = {}
        self._options: dict[str, dict[str, Any]] = {}
        self._sold: dict[int, Row] = {}

    def plant(self) -> None:
        self._settings()
        self._people()
        self._sales()
        self._spending()
        self._ledger()

    def _put(self, name: str, values: dict[str, Any], at: datetime, id: str = "") -> Row:
        count = len(self._org.tables[name].order)
        changed = min(at + timedelta(hours=mix(self._world.seed, 90, count) % 240), EPOCH)
        return self._org.insert(KINDS[name], values, at=at, changed=changed, id=id)

    def _account(self, code: str) -> dict[str, Any]:
        return {"AccountID": self._accounts[code]}

    def _settings(self) -> None:
        start = EPOCH - timedelta(days=4 * 365)
        self._put(
            "Organisation",
            {
                "Name": NAME, "LegalName": f"{NAME} Inc.", "PaysTax": True, "Version": "US",
                "OrganisationType": "COMPANY",
                "BaseCurrency": "USD", "CountryCode": "US", "IsDemoCompany": False, "OrganisationStatus": "ACTIVE",
                "FinancialYearEndDay": 31, "FinancialYearEndMonth": 12, "Timezone": "PACIFICSTANDARDTIME",
                "ShortCode": "!mVn7x", "OrganisationEntityType": "COMPANY", "Class": "PREMIUM", "Edition": "BUSINESS",
            },
            start, ORGANISATION,
        )  # fmt: skip
        for code, name, kind, class_, system in ACCOUNTS:
            bank = {"BankAccountNumber": f"12-3456-{code}", "CurrencyCode": "USD", "BankAccountType": "BANK"}
            values = {
                "Code": code, "Name": name, "Type": kind, "Class": class_, "SystemAccount": system, "Status": "ACTIVE",
                "TaxType": "NONE", "EnablePaymentsToAccount": kind == "BANK", "ShowInExpenseClaims": False,
                "HasAttachments": False, "AddToWatchlist": False, "Description": f"{name} of {NAME}",
                **(bank if kind == "BANK" else {}),
            }  # fmt: skip
            self._accounts[code] = self._put("Accounts", values, start).id
        for code, name, rate in (
            ("NONE", "Tax Exempt", 0),
            ("OUTPUT", "Tax on Sales", 8.25),
            ("INPUT", "Tax on Purchases", 8.25),
        ):
            percent = Decimal(str(rate))
            taxed = {
                "Name": name,
                "Status": "ACTIVE",
                "ReportTaxType": code,
                "EffectiveRate": percent,
                "DisplayTaxRate": percent,
                "CanApplyToRevenue": True,
                "TaxComponents": [{"Name": name, "Rate": percent, "IsCompound": False}],
            }
            self._put("TaxRates", taxed, start, code)
        for code, name in (("USD", "United States Dollar"), ("EUR", "Euro"), ("GBP", "British Pound")):
            self._put("Currencies", {"Description": name}, start, code)
        self._put("BrandingThemes", {"Name": "Standard", "Type": "INVOICE", "SortOrder": 0}, start)
        offices = list(dict.fromkeys(seller.office for seller in self._world.sellers))
        options = [
            {"TrackingOptionID": self._org.new_id("options"), "Name": name, "Status": "ACTIVE"} for name in offices
        ]
        region = self._put("TrackingCategories", {"Name": "Region", "Status": "ACTIVE", "Options": options}, start)
        for option in options:
            self._options[option["Name"]] = {
                "Name": "Region", "Option": option["Name"], "TrackingCategoryID": region.id,
                "TrackingOptionID": option["TrackingOptionID"],
            }  # fmt: skip
        self._put("TrackingCategories", {"Name": "Season", "Status": "ARCHIVED", "Options": []}, start)
        self._put("ContactGroups", {"Name": "Wholesale", "Status": "ACTIVE"}, start)
        for seller in self._world.sellers:
            values = {"EmailAddress": seller.email, "FirstName": seller.first, "LastName": seller.last,
                      "IsSubscriber": seller.index == 0, "OrganisationRole": "STANDARD"}  # fmt: skip
            self._put("Users", values, start)

    def _people(self) -> None:
        for firm in self._world.companies:
            person = self._world.people[firm.index % len(self._world.people)]
            address = {
                "AddressType": "STREET",
                "AddressLine1": firm.street,
                "City": firm.city,
                "Region": firm.region or "",
                "PostalCode": firm.postal_code or "",
                "Country": firm.country,
            }
            values = {
                "Name": firm.name, "ContactNumber": f"C-{firm.index:04d}", "ContactStatus": "ACTIVE",
                "FirstName": person.first, "LastName": person.last, "EmailAddress": person.email,
                "Addresses": [{**address, "AddressType": "POBOX", "AddressLine1": ""}, address],
                "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": firm.phone, "PhoneAreaCode": "",
                            "PhoneCountryCode": ""}, {"PhoneType": "MOBILE", "PhoneNumber": person.phone}],
                "ContactPersons": [{"FirstName": person.first, "LastName": person.last, "EmailAddress": person.email,
                                    "IncludeInEmails": True}],
                "IsCustomer": True, "IsSupplier": firm.index % 7 == 0, "DefaultCurrency": self._money(firm)[0],
                "Website": f"https://www.{firm.domain}", "HasAttachments": False,
                "Balances": {"AccountsReceivable": {"Outstanding": NOTHING, "Overdue": NOTHING}},
            }  # fmt: skip
            self._contacts[firm.index] = self._put("Contacts", values, firm.created_at).id
        for product in self._world.products:
            values = {
                "Code": product.sku[:30], "Name": product.name[:50], "IsSold": not product.discontinued,
                "IsPurchased": product.sku.startswith("NW"), "Description": f"{product.name}, {product.series}",
                "SalesDetails": {"UnitPrice": product.price, "AccountCode": SALES, "TaxType": "NONE"},
                "PurchaseDetails": {"AccountCode": PURCHASES} if product.sku.startswith("NW") else {},
                "IsTrackedAsInventory": False,
            }  # fmt: skip
            self._put("Items", values, EPOCH - timedelta(days=1300))

    def _money(self, firm: Firm) -> tuple[str, Decimal]:
        code, rate = CURRENCIES.get(firm.country, ("USD", "1"))
        return code, Decimal(rate)

    def _document(self, firm: Firm, on: date, lines: list[dict[str, Any]]) -> dict[str, Any]:
        code, rate = self._money(firm)
        lines = [{"LineItemID": self._org.new_id("LineItems"), **line} for line in lines]
        return {
            "Contact": {"ContactID": self._contacts[firm.index]}, "Date": on.isoformat(), "LineItems": lines,
            "LineAmountTypes": "Exclusive", "CurrencyCode": code, "CurrencyRate": rate, "HasAttachments": False,
            **totals(lines, "Exclusive"),
        }  # fmt: skip

    def _lines(self, order: Order, lines: Iterable[Line]) -> list[dict[str, Any]]:
        return [
            {
                "Description": line.product.name, "Quantity": Decimal(line.quantity),
                "UnitAmount": line.unit_price.quantize(Decimal("0.0001")), "ItemCode": line.product.sku[:30],
                "AccountCode": SALES, "TaxType": "NONE", "TaxAmount": NOTHING, "LineAmount": line.amount,
                "DiscountRate": (line.discount * 100).normalize() + 0, "Tracking": [self._options[order.seller.office]],
            }
            for line in lines
        ]  # fmt: skip

    def _sales(self) -> None:
        for invoice in self._world.invoices:
            order = invoice.order
            state = "PAID" if invoice.paid == invoice.total else "AUTHORISED"
            if not invoice.paid and invoice.index % 25 in (4, 9):
                state = "DRAFT" if invoice.index % 25 == 4 else "VOIDED"
            owed = NOTHING if state == "VOIDED" else invoice.total - invoice.paid
            sale = self._document(order.company, invoice.issued_on, self._lines(order, order.lines)) | {
                "Type": "ACCREC", "InvoiceNumber": invoice.number, "Reference": f"Order {order.number}",
                "DueDate": invoice.due_on.isoformat(), "Status": state, "SentToContact": state != "DRAFT",
                "AmountDue": owed, "AmountPaid": invoice.paid, "AmountCredited": NOTHING, "IsDiscounted": False,
            }  # fmt: skip
            at = _at(invoice.issued_on, invoice.index)
            row = self._sold[invoice.index] = self._put("Invoices", sale, at)
            if state in ("PAID", "AUTHORISED"):
                self._post(row, "ACCREC", invoice.number, invoice.issued_on, RECEIVABLE, SALES, invoice.total)
        for payment in self._world.payments:
            document = self._sold[payment.invoice.index]
            if payment.invoice.paid == payment.invoice.total:
                document.values["FullyPaidOnDate"] = payment.paid_on.isoformat()
            self._pay("Invoice", document, payment.paid_on, payment.amount, payment.number, payment.index)
        for order in self._world.orders[: len(self._world.orders) // 4]:
            self._offer(order)

    def _offer(self, order: Order) -> None:
        firm, at = order.company, _at(order.ordered_on, order.index)
        quote = self._document(firm, order.ordered_on, self._lines(order, order.lines)) | {
            "QuoteNumber": f"QU-{order.number}", "ExpiryDate": order.required_on.isoformat(),
            "Title": "Hardware and food",
            "Status": pick(("SENT", "ACCEPTED", "INVOICED", "DECLINED"), self._world.seed, 91, order.index),
            "Summary": f"As discussed with {order.seller.first}",
        }  # fmt: skip
        self._put("Quotes", quote, at)
        if order.index % 5 == 0:
            lines = [{**line, "Tracking": []} for line in self._lines(order, order.lines[:1])]
            note = self._document(firm, order.required_on, lines)
            invoice = self._sold[order.index]
            used = (note["Total"] / 2).quantize(CENT)
            self._put(
                "CreditNotes",
                note | {
                    "Type": "ACCRECCREDIT", "CreditNoteNumber": f"CN-{order.number}", "Reference": "Returned goods",
                    "Status": "AUTHORISED", "RemainingCredit": note["Total"] - used, "SentToContact": True,
                    "Allocations": [self._allocation(invoice, used, order.required_on)],
                },
                _at(order.required_on, order.index),
            )  # fmt: skip
        if order.index % 20 == 0:
            line = {"Description": "Paid in advance", "Quantity": Decimal(1), "UnitAmount": Decimal("50.0000"),
                    "AccountCode": SALES, "TaxType": "NONE", "TaxAmount": NOTHING, "LineAmount": Decimal("50.00"),
                    "Tracking": []}  # fmt: skip
            credit = self._document(firm, order.ordered_on, [line]) | {
                "Status": "AUTHORISED",
                "Reference": f"PA{order.number}",
            }
            credit |= {"RemainingCredit": Decimal("30.00"), "AppliedAmount": Decimal("20.00")}
            held = [self._allocation(self._sold[order.index], Decimal("20.00"), order.ordered_on)]
            self._put("Prepayments", credit | {"Type": "RECEIVE-PREPAYMENT", "Allocations": held}, at)
            credit["LineItems"] = [{**line, "LineItemID": self._org.new_id("LineItems")}]
            held = [self._allocation(self._sold[order.index + 1], Decimal("20.00"), order.ordered_on)]
            self._put("Overpayments", credit | {"Type": "RECEIVE-OVERPAYMENT", "Allocations": held}, at)

    def _allocation(self, invoice: Row, amount: Decimal, on: date) -> dict[str, Any]:
        return {
            "AllocationID": self._org.new_id("allocations"), "Amount": amount, "Date": _ms(on), "IsDeleted": False,
            "Invoice": {"InvoiceID": invoice.id, "InvoiceNumber": invoice.values["InvoiceNumber"]},
        }  # fmt: skip

    def _pay(self, what: str, document: Row, on: date, amount: Decimal, reference: str, number: int) -> None:
        id = f"{what}ID"
        values = {
            what: {id: document.id}, "Account": self._account(CHECKING), "Date": on.isoformat(), "Amount": amount,
            "BankAmount": amount, "CurrencyRate": document.values["CurrencyRate"], "Reference": reference,
            "Status": "AUTHORISED", "IsReconciled": number % 3 == 0, "HasAccount": True,
            "PaymentType": f"{document.values['Type']}PAYMENT",
        }  # fmt: skip
        row = self._put("Payments", values, _at(on, number))
        other = RECEIVABLE if document.values["Type"] == "ACCREC" else PAYABLE
        sides = (CHECKING, other) if other == RECEIVABLE else (other, CHECKING)
        self._post(row, values["PaymentType"], reference, on, *sides, amount)

    def _post(self, of: Row, type: str, reference: str, on: date, debit: str, credit: str, amount: Decimal) -> None:
        names = {code: name for code, name, *_ in ACCOUNTS}
        lines = [
            {"AccountID": self._accounts[code], "AccountCode": code, "AccountName": names[code],
             "NetAmount": sign * amount, "GrossAmount": sign * amount, "TaxAmount": NOTHING, "Description": reference}
            for code, sign in ((debit, 1), (credit, -1))
        ]  # fmt: skip
        self._org.post(reference, of, type, on.isoformat(), lines, of.created_at)

    def _spending(self) -> None:
        sellers = [firm for firm in self._world.companies if firm.index % 7 == 0]
        for order in self._world.orders[: len(self._world.orders) // 3]:
            firm = sellers[order.index % len(sellers)]
            at, on = _at(order.ordered_on, order.index), order.ordered_on
            goods = (order.total * Decimal("0.6")).quantize(CENT)
            lines = [_plain("Goods", goods, PURCHASES), _plain("Freight", order.freight, FREIGHT)]
            bill = self._document(firm, on, lines)
            paid = order.index % 3 != 0
            bill |= {
                "Type": "ACCPAY", "InvoiceNumber": f"B-{order.number}", "DueDate": order.required_on.isoformat(),
                "Status": "PAID" if paid else "AUTHORISED", "AmountDue": NOTHING if paid else bill["Total"],
                "AmountPaid": bill["Total"] if paid else NOTHING, "AmountCredited": NOTHING, "IsDiscounted": False,
                "FullyPaidOnDate": order.required_on.isoformat() if paid else None, "Reference": "Supplies of the week",
            }  # fmt: skip
            row = self._put("Invoices", bill, at)
            self._post(row, "ACCPAY", bill["InvoiceNumber"], on, PURCHASES, PAYABLE, bill["Total"])
            if paid:
                self._pay("Invoice", row, order.required_on, bill["Total"], f"Cheque {5000 + order.index}", order.index)
            if order.index % 2 == 0:
                wanted = self._document(firm, on, self._lines(order, order.lines)) | {
                    "PurchaseOrderNumber": f"PO-{order.number}", "DeliveryDate": order.required_on.isoformat(),
                    "Status": pick(("AUTHORISED", "BILLED", "SUBMITTED", "DRAFT"), 2, order.index),
                    "Reference": f"For {order.company.name}", "DeliveryInstructions": "Leave it at the back door",
                    "SentToContact": False,
                }  # fmt: skip
                self._put("PurchaseOrders", wanted, at)
            if order.index % 4 == 0:
                spent = self._document(firm, on, [_plain("Paper and pens", order.freight, OFFICE)]) | {
                    "Type": "SPEND", "BankAccount": self._account(CHECKING), "Reference": f"Card {order.number}",
                    "Status": "AUTHORISED", "IsReconciled": False,
                }  # fmt: skip
                self._put("BankTransactions", spent, at)
            if order.index % 16 == 0:
                credit = self._document(firm, on, [_plain("Goods sent back", order.freight, PURCHASES)])
                self._put(
                    "CreditNotes",
                    credit | {"Type": "ACCPAYCREDIT", "CreditNoteNumber": f"VC-{order.number}", "Status": "AUTHORISED",
                              "RemainingCredit": credit["Total"], "Allocations": [], "Reference": "Broken"},
                    at,
                )  # fmt: skip
            if order.index % 40 == 0:
                self._put(
                    "LinkedTransactions",
                    {"SourceTransactionID": row.id, "SourceLineItemID": row.values["LineItems"][0]["LineItemID"],
                     "ContactID": self._contacts[order.company.index], "Status": "APPROVED", "Type": "BILLABLEEXPENSE",
                     "SourceTransactionTypeCode": "ACCPAY"},
                    at,
                )  # fmt: skip

    def _ledger(self) -> None:
        for month in range(1, 25):
            day = date(2024 + (month - 1) // 12, (month - 1) % 12 + 1, 28)
            amount = Decimal(1000 + mix(self._world.seed, 92, month) % 9000)
            lines = [
                {"Description": f"Rent of month {month}", "TaxType": "NONE", "TaxAmount": NOTHING, "Tracking": [],
                 "LineAmount": sign * amount, "AccountCode": code, "AccountID": self._accounts[code], "IsBlank": False}
                for code, sign in ((RENT, 1), (OFFICE, -1))
            ]  # fmt: skip
            entry = {
                "Narration": f"Accrual of month {month}", "Date": day.isoformat(), "LineAmountTypes": "NoTax",
                "Status": "DRAFT" if month == 24 else "POSTED", "ShowOnCashBasisReports": False,
                "HasAttachments": False,
                "JournalLines": lines,
            }  # fmt: skip
            self._put("ManualJournals", entry, _at(day, month))
            moved = {
                "FromBankAccount": self._account(CHECKING), "ToBankAccount": self._account(SAVINGS), "Amount": amount,
                "Date": day.isoformat(), "CurrencyRate": Decimal(1), "Status": "AUTHORISED", "HasAttachments": False,
                "FromIsReconciled": False, "ToIsReconciled": False, "Reference": f"Savings of month {month}",
            }  # fmt: skip
            self._put("BankTransfers", moved, _at(day, month))
        bills = [row for row in self._org.tables["Invoices"].order if row.values["Type"] == "ACCPAY"][:4]
        for n in range(2):
            day = date(2025, 6 + n, 15)
            batch = {
                "Account": self._account(CHECKING), "Date": day.isoformat(), "Type": "PAYBATCH", "Status": "AUTHORISED",
                "TotalAmount": Decimal("10.00"), "IsReconciled": False, "Reference": f"Batch {n + 1}",
                "Payments": [{"Invoice": {"InvoiceID": bills[n].id}, "Amount": Decimal("10.00")}],
            }  # fmt: skip
            self._put("BatchPayments", batch, _at(day, n))
            often = self._document(self._world.companies[n], day, [_plain("Support", Decimal("120.00"), SALES)])
            del often["Date"]
            often |= {"Type": "ACCREC", "Status": "AUTHORISED", "ApprovedForSending": False, "SendCopy": False,
                      "Schedule": {"Period": 1, "Unit": "MONTHLY", "DueDate": 10,
                                   "DueDateType": "OFFOLLOWINGMONTH"}}  # fmt: skip
            self._put("RepeatingInvoices", often, _at(day, n))
        self._put(
            "Budgets", {"Type": "OVERALL", "Description": "Of the year", "Tracking": []}, EPOCH - timedelta(days=200)
        )


def _plain(text: str, amount: Decimal, account: str) -> dict[str, Any]:
    return {
        "Description": text, "Quantity": Decimal(1), "UnitAmount": amount.quantize(Decimal("0.0001")),
        "AccountCode": account, "TaxType": "NONE", "TaxAmount": NOTHING, "LineAmount": amount, "Tracking": [],
    }  # fmt: skip


def _ms(on: date) -> str:
    return f"/Date({int(datetime.combine(on, time(), UTC).timestamp() * 1000)}+0000)/"


def _at(day: date, i: int) -> datetime:
    """A moment of that day, not after the world ends."""
    at = datetime.combine(day, time(9), UTC) + timedelta(seconds=mix(93, i) % 28_800)
    return min(at, EPOCH - timedelta(seconds=1 + i % 3600))
