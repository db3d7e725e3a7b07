"""A company filled from the shared world: its companies are customers and vendors, its orders become invoices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from backhaul.sandbox.chance import mix, pick
from backhaul.sandbox.sage_intacct.company import CENT, Company
from backhaul.sandbox.sage_intacct.kinds import KINDS, custom_field
from backhaul.sandbox.tables import Row
from backhaul.sandbox.world import EPOCH, Line, Order, World
from backhaul.sandbox.world import Company as Firm

CURRENCIES = {"Germany": ("EUR", "1.0875"), "France": ("EUR", "1.0875"), "United Kingdom": ("GBP", "1.2710")}
CODES = {"United States": "US", "Germany": "DE", "France": "FR", "United Kingdom": "GB"}
ACCOUNTS = (
    ("1000", "Checking", "balancesheet", "debit", "Cash and Cash Equivalents"),
    ("1200", "Accounts Receivable", "balancesheet", "debit", "Accounts Receivable"),
    ("2000", "Accounts Payable", "balancesheet", "credit", "Accounts Payable"),
    ("3000", "Retained Earnings", "balancesheet", "credit", "Retained Earnings"),
    ("4000", "Sales", "incomestatement", "credit", "Sales"),
    ("5000", "Cost of Goods Sold", "incomestatement", "debit", "Cost of Sales"),
    ("6000", "Rent", "incomestatement", "debit", "Rent"),
    ("6100", "Office Supplies", "incomestatement", "debit", "Office Supplies"),
)
CHECKING, RECEIVABLE, PAYABLE, SALES, COSTS, RENT, OFFICE = "1000", "1200", "2000", "4000", "5000", "6000", "6100"
OFFICES = {"Central": "100", "East": "200", "West": "300"}
OPENED = datetime(2022, 1, 3, 17, 0, tzinfo=UTC)
NOTHING = Decimal("0.00")


class Seeder:
    """Fills an empty company. The same world makes the same company, keys included."""

    def __init__(self, company: Company, world: World) -> None:
        self._company = company
        self._world = world
        self._invoices: dict[int, Row] = {}
        self._names = {number: title for number, title, *_ in ACCOUNTS}
        self._keys: dict[str, int] = {}

    def plant(self) -> None:
        self._fields()
        self._lists()
        self._parties()
        self._goods()
        self._sales()
        self._spending()
        self._ledger()
        self._subscriptions()

    def _put(self, name: str, values: Mapping[str, Any], at: datetime = OPENED) -> Row:
        by: dict[str, Any] = {field: 1 for field in ("CREATEDBY", "MODIFIEDBY") if field in KINDS[name].fields}
        return self._company.insert(self._company.kinds[name], {**values, **by}, at=at)

    def _document(self, name: str, values: Mapping[str, Any], lines: list[dict[str, Any]], at: datetime) -> Row:
        row = self._put(name, values, at)
        self._company.replace_lines(self._company.kinds[name], row, lines, at=at)
        return row

    def _fields(self) -> None:
        own = self._company.kinds["CUSTOMER"].fields
        for each in (
            custom_field("HEALTH_SCORE", "decimal", "Health score"),
            custom_field("ARR", "money", "Annual recurring revenue"),
            custom_field("TIER", "text", "Tier", ("Gold", "Silver", "Bronze")),
        ):
            own[each.name] = each
        self._company.kinds["SODOCUMENT"].fields["DELIVERY_WINDOW"] = custom_field("DELIVERY_WINDOW")

    def _lists(self) -> None:
        for number, title, kind, side, category in ACCOUNTS:
            row = self._put("GLACCOUNT", {
                "ACCOUNTNO": number, "TITLE": title, "ACCOUNTTYPE": kind, "NORMALBALANCE": side, "CATEGORY": category,
                "CLOSINGTYPE": "closing account" if kind == "incomestatement" else "non-closing account",
                "TAXABLE": False, "STATUS": "active",
            })  # fmt: skip
            self._keys[number] = int(row.id)
        for office, id in OFFICES.items():
            self._put("LOCATION", {"LOCATIONID": id, "NAME": office, "CURRENCY": "USD", "STATUS": "active"})
        for id, title, above in (("D10", "Sales", None), ("D11", "Field sales", "D10"), ("D20", "Finance", None)):
            self._put("DEPARTMENT", {"DEPARTMENTID": id, "TITLE": title, "PARENTID": above, "STATUS": "active"})
        for id, name in (("HW", "Hardware"), ("FOOD", "Food"), ("SRV", "Services")):
            self._put("CLASS", {"CLASSID": id, "NAME": name, "STATUS": "active"})
        for seller in self._world.sellers:
            name = f"{seller.first} {seller.last}".strip()
            self._put("CONTACT", {
                "CONTACTNAME": f"{name} (E{seller.index:03d})", "PRINTAS": name, "FIRSTNAME": seller.first,
                "LASTNAME": seller.last, "EMAIL1": seller.email, "STATUS": "active", "TAXABLE": True,
            })  # fmt: skip
            self._put("EMPLOYEE", {
                "EMPLOYEEID": f"E{seller.index:03d}", "PERSONALINFO.CONTACTNAME": f"{name} (E{seller.index:03d})",
                "TITLE": "Sales representative" if seller.manager else "Sales manager", "DEPARTMENTID": "D10",
                "LOCATIONID": OFFICES.get(seller.office, "300"), "STARTDATE": date(2021, 1 + seller.index % 12, 1),
                "STATUS": "active", "CONTACTKEY": seller.index + 1,
            })  # fmt: skip

    def _parties(self) -> None:
        for firm in self._world.companies:
            code, _ = CURRENCIES.get(firm.country, ("USD", "1"))
            contact = {
                "CONTACTNAME": f"{firm.name}(C{1000 + firm.index})", "PRINTAS": firm.name, "COMPANYNAME": firm.name,
                "PHONE1": firm.phone, "EMAIL1": f"accounts@{firm.domain}", "URL1": f"https://www.{firm.domain}",
                "MAILADDRESS.ADDRESS1": firm.street, "MAILADDRESS.CITY": firm.city, "MAILADDRESS.STATE": firm.region,
                "MAILADDRESS.ZIP": firm.postal_code, "MAILADDRESS.COUNTRY": firm.country,
                "MAILADDRESS.COUNTRYCODE": CODES.get(firm.country),
            }  # fmt: skip
            shown = {f"DISPLAYCONTACT.{name}": value for name, value in contact.items()}
            party = {
                "NAME": firm.name, "TERMNAME": "N30", "CURRENCY": code, "STATUS": "active", "ONHOLD": False,
                "CREDITLIMIT": (firm.revenue / 100).quantize(CENT), "TOTALDUE": NOTHING, "TAXID": f"T-{firm.index:05d}",
                "COMMENTS": f"{firm.sector} since {firm.founded}", "OBJECTRESTRICTION": "Unrestricted",
            }  # fmt: skip
            self._put("CUSTOMER", {
                "CUSTOMERID": f"C{1000 + firm.index}", **party, **shown,
                "STATUS": "inactive" if firm.index % 17 == 16 else "active",
                "CUSTREPID": f"E{firm.index % len(self._world.sellers):03d}",
                "HEALTH_SCORE": None if firm.index % 4 == 3 else Decimal(firm.index * 7 % 101),
                "ARR": None if firm.index % 5 == 4 else (firm.revenue / 5000).quantize(CENT),
                "TIER": None if firm.index % 7 == 6 else ("Gold", "Silver", "Bronze")[firm.index % 3],
                **self._above(firm),
            }, firm.created_at)  # fmt: skip
            self._put("CONTACT", {**contact, "STATUS": "active", "TAXABLE": True}, firm.created_at)
            if firm.index % 7 == 0:
                self._put("VENDOR", {"VENDORID": f"V{1000 + firm.index}", **party, **shown}, firm.created_at)
        for person in self._world.people:
            name = f"{person.first} {person.last}".strip()
            self._put("CONTACT", {
                "CONTACTNAME": f"{name} {person.index}", "PRINTAS": name, "FIRSTNAME": person.first,
                "LASTNAME": person.last, "COMPANYNAME": person.company.name, "EMAIL1": person.email,
                "PHONE1": person.phone, "STATUS": "active", "TAXABLE": True,
            }, person.created_at)  # fmt: skip

    def _above(self, firm: Firm) -> dict[str, Any]:
        """The group that a customer belongs to."""
        above = next((each for each in self._world.companies if each.name == firm.parent), None)
        return {} if above is None else {
            "PARENTID": f"C{1000 + above.index}", "PARENTKEY": above.index + 1, "PARENTNAME": above.name,
        }  # fmt: skip

    def _goods(self) -> None:
        for product in self._world.products:
            self._put("ITEM", {
                "ITEMID": product.sku[:30], "NAME": product.name, "BASEPRICE": product.price,
                "ITEMTYPE": "Inventory" if product.sku.startswith("HW") else "Non-Inventory",
                "EXTENDED_DESCRIPTION": f"{product.name}, {product.series}", "PRODUCTLINEID": product.series,
                "TAXABLE": True, "STATUS": "inactive" if product.discontinued else "active",
            })  # fmt: skip
        for firm in self._world.companies[::4]:
            self._put("PROJECT", {
                "PROJECTID": f"P{firm.index:04d}", "NAME": f"Rollout at {firm.name}", "PROJECTCATEGORY": "Contract",
                "DESCRIPTION": f"The rollout of {firm.name}", "CUSTOMERID": f"C{1000 + firm.index}",
                "CUSTOMERNAME": firm.name, "CUSTOMERKEY": firm.index + 1, "CURRENCY": "USD", "STATUS": "active",
                "BEGINDATE": date(2025, 1 + firm.index % 12, 1), "BUDGETAMOUNT": Decimal(10_000 + firm.index * 100),
                "PROJECTSTATUS": "In Progress", "LOCATIONID": "100",
            }, firm.created_at)  # fmt: skip

    # -- trade -------------------------------------------------------------------------------------------------------

    def _money(self, firm: Firm) -> tuple[str, Decimal]:
        code, rate = CURRENCIES.get(firm.country, ("USD", "1"))
        return code, Decimal(rate)

    def _head(self, firm: Firm, on: date, due: date, party: str) -> dict[str, Any]:
        code, rate = self._money(firm)
        first = "C" if party == "CUSTOMER" else "V"
        return {
            f"{party}ID": f"{first}{1000 + firm.index}", f"{party}NAME": firm.name,
            "WHENCREATED": on, "WHENPOSTED": on, "WHENDUE": due, "TERMNAME": "N30", "BASECURR": "USD",
            "CURRENCY": code, "EXCHANGE_RATE": rate, "EXCH_RATE_DATE": on, "ONHOLD": False, "STATE": "Posted",
            "RAWSTATE": "A",
        }  # fmt: skip

    def _line(self, firm: Firm, account: str, trx: Decimal, text: str, **more: Any) -> dict[str, Any]:
        code, rate = self._money(firm)
        return {
            "ACCOUNTNO": account, "ACCOUNTKEY": self._keys[account], "ACCOUNTTITLE": self._names[account],
            "AMOUNT": (trx * rate).quantize(CENT), "TRX_AMOUNT": trx, "CURRENCY": code, "BASECURR": "USD",
            "EXCHANGE_RATE": rate, "ENTRYDESCRIPTION": text, "STATE": "Posted", "CREATEDBY": 1, "MODIFIEDBY": 1, **more,
        }  # fmt: skip

    def _sold(self, order: Order, line: Line) -> dict[str, Any]:
        return self._line(
            order.company, SALES, line.amount, line.product.name, ITEMID=line.product.sku[:30],
            CUSTOMERID=f"C{1000 + order.company.index}", LOCATIONID=OFFICES.get(order.seller.office, "300"),
            DEPARTMENTID="D10", CLASSID="HW" if line.product.sku.startswith("HW") else "FOOD",
        )  # fmt: skip

    def _sales(self) -> None:
        for invoice in self._world.invoices:
            order, at = invoice.order, _at(invoice.issued_on, invoice.index)
            head = self._head(order.company, invoice.issued_on, invoice.due_on, "CUSTOMER") | {
                "RECORDID": invoice.number, "RECORDTYPE": "ri", "MODULEKEY": "4.AR", "DOCNUMBER": f"SO{order.number}",
                "DESCRIPTION": f"Order {order.number}",
            }  # fmt: skip
            draft = not invoice.paid and invoice.index % 25 == 4
            head |= {"STATE": "Draft", "RAWSTATE": "D"} if draft else {}
            lines = [self._sold(order, line) for line in order.lines]
            self._invoices[invoice.index] = self._document("ARINVOICE", head, lines, at)
            if order.index % 4 == 0:
                self._order(order)
            if order.index % 10 == 0:
                credit = self._head(order.company, order.required_on, order.required_on, "CUSTOMER") | {
                    "RECORDID": f"CM{order.number}", "RECORDTYPE": "ra", "MODULEKEY": "4.AR",
                    "DESCRIPTION": "Returned goods",
                }  # fmt: skip
                back = [self._line(order.company, SALES, -order.lines[0].amount, "Returned goods")]
                self._document("ARADJUSTMENT", credit, back, _at(order.required_on, order.index))
        for payment in self._world.payments:
            document = self._invoices[payment.invoice.index]
            self._pay("ARPYMT", document, payment.paid_on, payment.amount, payment.number, payment.index)

    def _pay(self, name: str, document: Row, on: date, amount: Decimal, number: str, index: int) -> None:
        rate = document.values["EXCHANGE_RATE"]
        party = "CUSTOMER" if name == "ARPYMT" else "VENDOR"
        head = {
            "RECORDID": number, "STATE": "Complete", "FINANCIALENTITY": "BOA", "PAYMENTMETHOD": "EFT",
            "DOCNUMBER": number, "PAYMENTDATE": on, "WHENPAID": on, "BASECURR": "USD",
            "CURRENCY": document.values["CURRENCY"], "EXCHANGE_RATE": rate, "EXCH_RATE_DATE": on,
            "DESCRIPTION": f"For {document.values['RECORDID']}",
            **{field: document.values[field] for field in (f"{party}ID", f"{party}NAME")},
            **({"RECEIPTDATE": on} if name == "ARPYMT" else {}),
        }  # fmt: skip
        detail = {
            "RECORDKEY": int(document.id), "TRX_PAYMENTAMOUNT": amount, "PAYMENTAMOUNT": (amount * rate).quantize(CENT),
            "CURRENCY": document.values["CURRENCY"], "PAYMENTDATE": on, "STATE": "Complete", "CREATEDBY": 1,
        }  # fmt: skip
        self._document(name, head, [detail], _at(on, index))

    def _order(self, order: Order) -> None:
        firm, on = order.company, order.ordered_on
        code, rate = self._money(firm)
        type = "Sales Order" if order.index % 8 else "Sales Quote"
        head = {
            "DOCNO": f"SO{order.number}", "DOCID": f"{type}-SO{order.number}", "DOCPARID": type,
            "DOCPARCLASS": "Order" if type == "Sales Order" else "Quote", "CUSTVENDID": f"C{1000 + firm.index}",
            "STATE": pick(("Pending", "In Progress", "Converted", "Closed"), self._world.seed, 94, order.index),
            "CUSTVENDNAME": firm.name, "CUSTREC": firm.index + 1, "PONUMBER": f"PO-{order.number}",
            "WHENCREATED": on, "WHENDUE": order.required_on, "CURRENCY": code, "BASECURR": "USD", "EXCHRATE": rate,
            "TRX_SUBTOTAL": order.total, "TRX_TOTAL": order.total, "SUBTOTAL": (order.total * rate).quantize(CENT),
            "TOTAL": (order.total * rate).quantize(CENT), "PRINTED": "No", "DELIVERY_WINDOW": "before noon",
        }  # fmt: skip
        lines = [
            {"DOCHDRID": head["DOCID"], "ITEMID": line.product.sku[:30], "ITEMDESC": line.product.name, "UNIT": "Each",
             "QUANTITY": Decimal(line.quantity), "TRX_PRICE": line.unit_price, "TRX_VALUE": line.amount,
             "PRICE": (line.unit_price * rate).quantize(CENT), "TOTAL": (line.amount * rate).quantize(CENT),
             "CURRENCY": code, "LOCATIONID": OFFICES.get(order.seller.office, "300"), "DEPARTMENTID": "D10"}
            for line in order.lines
        ]  # fmt: skip
        self._document("SODOCUMENT", head, lines, _at(on, order.index))

    def _spending(self) -> None:
        sellers = [firm for firm in self._world.companies if firm.index % 7 == 0]
        for order in self._world.orders[: len(self._world.orders) // 3]:
            firm, on = sellers[order.index % len(sellers)], order.ordered_on
            head = self._head(firm, on, order.required_on, "VENDOR") | {
                "RECORDID": f"B-{order.number}", "RECORDTYPE": "pi", "MODULEKEY": "3.AP",
                "DESCRIPTION": "Supplies of the week",
            }  # fmt: skip
            goods = (order.total * Decimal("0.6")).quantize(CENT)
            lines = [
                self._line(firm, COSTS, goods, "Goods", VENDORID=head["VENDORID"], LOCATIONID="100"),
                self._line(firm, OFFICE, order.freight, "Freight", VENDORID=head["VENDORID"], LOCATIONID="100"),
            ]
            bill = self._document("APBILL", head, lines, _at(on, order.index))
            if order.index % 3:
                owed = bill.values["TRX_TOTALENTERED"]
                self._pay("APPYMT", bill, order.required_on, owed, f"Cheque {5000 + order.index}", order.index)

    def _ledger(self) -> None:
        for month in range(1, 25):
            day = date(2024 + (month - 1) // 12, (month - 1) % 12 + 1, 28)
            amount = Decimal(1000 + mix(self._world.seed, 95, month) % 9000)
            head = {
                "BATCHNO": month, "BATCH_TITLE": f"Accrual of month {month}", "JOURNAL": "GJ", "BATCH_DATE": day,
                "MODULE": "2.GL", "STATE": "Draft" if month == 24 else "Posted", "ADJ": False,
                "REFERENCENO": f"ACC-{month:02d}",
            }  # fmt: skip
            lines = [
                {"ENTRY_DATE": day, "TR_TYPE": side, "ACCOUNTNO": account, "ACCOUNTKEY": self._keys[account],
                 "ACCOUNTTITLE": self._names[account], "AMOUNT": amount, "TRX_AMOUNT": amount, "CURRENCY": "USD",
                 "BASECURR": "USD", "EXCHANGE_RATE": Decimal(1), "DESCRIPTION": f"Rent of month {month}",
                 "STATE": head["STATE"], "LOCATION": "100", "DEPARTMENT": "D20"}
                for account, side in ((RENT, 1), (OFFICE, -1))
            ]  # fmt: skip
            self._document("GLBATCH", head, lines, _at(day, month))

    def _subscriptions(self) -> None:
        for firm in self._world.companies[::3]:
            self._put("MCA_subscription", {
                "name": f"Subscription of {firm.name}", "plan": pick(("team", "business"), 96, firm.index),
                "seats": 5 + firm.index, "monthly_amount": Decimal(50 + firm.index * 3),
                "is_trial": firm.index % 9 == 0, "starts_on": date(2025, 1 + firm.index % 12, 1),
                "RCUSTOMER": firm.index + 1, "createdBy": 1,
                "updatedBy": 1,
            }, firm.created_at)  # fmt: skip


def _at(day: date, i: int) -> datetime:
    """A moment of that day, not after the world ends."""
    at = datetime.combine(day, time(9), UTC) + timedelta(seconds=mix(97, i) % 28_800)
    return min(at, EPOCH - timedelta(seconds=1 + i % 3600))
